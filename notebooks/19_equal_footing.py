# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Equal footing
#
# **Question.** Which target and which weighting learn the best density, and which the best samples, at equal cost? And why do they differ, if they do?
#
# **Assumed.** The study's 2-D data and cosine schedule. Any target is a row $y = a x + b \epsilon$ ([](04_four_targets)). Any loss is a weight $w(\lambda)$ on the squared error of $\epsilon$ at the log-SNR $\lambda$, and $w = 1$ is
# the bound, the NELBO without guards ([](08_weightings)). What a guard does to a network is told in [](14_exchanged_guards): there is none here.
#
# **Method.** All is equal but what is compared: data, network, first weights, noise levels, noise, optimiser, steps, and one sampler for all, from the same noise. Likelihood is one
# number, the nats that the bound is above the exact floor between log-SNRs of $-12$ and $12$, the *excess*. Objectives are compared seed by seed. Nothing is called better without a test: Student's $t$ on the logarithm of the ratio,
# 5 % for all cases of a data set together by Holm's rule {cite:p}`holm1979`. All rules were committed before a network of this chapter was measured; four of the eight objectives are the bound, whose networks, and their order, were known from [](14_exchanged_guards), which judges some of the same cases.

# %% tags=["parameters"]
profile = "standard"

# %%
import pandas as pd
import torch
from IPython.display import Markdown

from companion import profiles, runs
from companion.chapters.equal_footing import (
    answers,
    answers_figure,
    captions,
    claims,
    comparisons,
    experiments,
    figures,
    gradients,
    grid,
    mechanism,
    mechanism_figures,
    results,
    samples,
    sentences,
    two_axes,
    variants,
)
from companion.evidence import style
from companion.evidence.artifacts import Artifacts
from companion.evidence.excess import SAME

torch.set_num_threads(1)  # the same sums in the same order, whatever the machine is doing
style.use()
artifacts = Artifacts("19_equal_footing", profile)
budget = profiles.get(profile)
measure = budget.pick(quick=results.QUICK, standard=results.STANDARD, paper=results.PAPER)

# %% tags=["derivation"]
from companion.derivation import Abbreviation, Derivation, Expectation, Normal
from companion.derivation.vocabulary import alpha, eps, sigma, symbol, t, x

d = Derivation("equal", title="Equal footing", rests_on=["targets", "exchanged"])

# %% [markdown]
# ## The networks
#
# First the study's eight objectives without guards: four targets, each trained on the bound and on the plain squared error of what it predicts, its *own*. Then networks of $v$ under weightings of the catalogue. A constant factor on a
# weight does nothing to Adam. All noise levels are drawn evenly in the log-SNR, which is the study's own squared error, at uniform times, as a weight on these levels.

# %%
trained = runs.get(grid.grid(budget))
of_key = {key: trained[grid.name(key)] for key in grid.keys(budget)}
plan, seeds = grid.plan(budget), grid.seeds(budget)
Markdown(
    sentences.budget(
        plan.steps, plan.batch, len(seeds), measure.points, grid.weights(), len(of_key)
    )
)

# %%
levels = results.by_level({key: one.denoiser for key, one in of_key.items()}, measure)
every = results.per_network(levels).merge(results.fluctuations(of_key), on=results.MODEL)
points = {"n": measure.slices * measure.points, "tolerance": SAME}
networks, provenance = every[every["seed"].isin(seeds)], points | {"seeds": [*seeds]}

# %% [markdown]
# ## Eight objectives

# %%
eight = results.of_keys(levels, grid.eight_keys(budget))
artifacts.figure(
    figures.of_targets(eight), "equal_by_level", **figures.of_targets_shown(eight), **provenance
)

# %%
plain = networks[networks["variant"] == grid.PLAIN]
Markdown(
    f"{sentences.reading()} {sentences.orders(plain, 'eight')} {sentences.resolution(networks)}"
)

# %% [markdown]
# ## One target, many weightings

# %%
of_v = results.of_keys(levels, grid.weighting_keys(budget))
artifacts.figure(
    figures.of_weightings(of_v),
    "equal_weightings",
    **figures.of_weightings_shown(of_v),
    **provenance,
)

# %%
Markdown(f"{sentences.reading()} {sentences.orders(plain, 'v')}")

# %% [markdown]
# ## Likelihood against samples
#
# One sampler for all: DPM-Solver++(2M) {cite:p}`lu2022plus`, steps equal in the log-SNR, from the same noise. The exact denoiser walks the same way from the same noise, and its samples are what networks are compared with. So the sampler's own error cancels, and a
# perfect network has distance zero. Metrics: the sliced $W_2$ distance, the energy distance, the study's two distances of mean and covariance, the mean of the exact log-density less that of
# the exact denoiser's samples, and the share of samples that are *off*, less likely than 99 % of exact ones, less the same share there.

# %%
chosen = dict.fromkeys([*grid.eight_keys(budget), *grid.weighting_keys(budget)])
known = samples.references(grid.datasets(budget), measure)
drawn = samples.of_networks({key: of_key[key].denoiser for key in chosen}, known, measure)
limits = samples.floors(known, measure)
table = comparisons.summary(networks, drawn)
sampled = provenance | {"n": measure.samples}
caption = captions.summary_caption(len(seeds), measure.samples, measure.steps)
artifacts.table(table, "equal_totals", caption=caption, **comparisons.SUMMARY_SHOWN, **sampled)

# %%
artifacts.table(limits, "equal_floors", **samples.floors_shown(measure), **sampled)

# %%
artifacts.figure(
    figures.against_samples(table, limits),
    "equal_two_axes",
    **figures.against_samples_shown(table),
    **sampled,
)

# %%
both = plain.merge(drawn, on=results.MODEL)
ranks, orders = two_axes.ranks(both), two_axes.orders(both)
saved = artifacts.table(ranks, "equal_ranks", **two_axes.RANKS_SHOWN, **sampled)
saved = artifacts.table(orders, "equal_orders", **two_axes.ORDERS_SHOWN, **sampled)
Markdown(
    f"{sentences.floors(table, limits)} {sentences.two_axes(ranks, orders)}\n\n{sentences.opposite(orders)}"
)

# %% [markdown]
# The tables `equal_ranks` and `equal_orders` have every seed and every pair.
#
# ## The study's questions, test by test

# %%
first_two = [key for key in grid.bound_keys(budget, grid.PLAIN) if key[1] in ("v", "eps")]
after = samples.after_few_steps({key: of_key[key].denoiser for key in first_two}, known)
tests = comparisons.every_test(networks, drawn, after)
caption = captions.tests_caption(len(seeds))
saved = artifacts.table(tests, "equal_tests", caption=caption, **comparisons.TESTS_SHOWN, **sampled)

# %%
shown = answers_figure.of_tests_shown(tests)
artifacts.figure(answers_figure.of_tests(tests), "equal_answers", **shown, **sampled)

# %%
Markdown(answers.answers(tests))

# %% [markdown]
# The numbers are factors. The table `equal_tests` has all intervals and $p$ values.

# %% [markdown]
# ## Why? The gradient, level by level
#
# In $\frac12 \int \E \|\epsilon - \hat\epsilon\|^2\, d\lambda$ the squared error of a target $y$ has the factor $\alpha_t^2/(2 D^2)$, with $D = \alpha_t b - \sigma_t a$: that is $\SNR/2$ for $x$ and $1/2$ for $\epsilon$. A factor changes how hard a level
# pulls. At which size? Begin with a network that gives the best linear guess.

# %% tags=["derivation"]
a, b, c = symbol("a"), symbol("b"), symbol("c")
z = Abbreviation("z_t", alpha(t) * x + sigma(t) * eps)
y = Abbreviation("y", a * x + b * eps)
D = Abbreviation("D", alpha(t) * b - sigma(t) * a)
total = alpha(t) ** 2 + sigma(t) ** 2
best = (a * alpha(t) + b * sigma(t)) / total

d.chain(
    "linear-guess",
    Expectation((y - c * z) ** 2, Normal(x, 0, 1), eps),
    (
        D**2 / total + total * (c - best) ** 2,
        "data of mean 0 and variance 1; complete the square in $c$: the second term vanishes at the best $c$",
    ),
)

# %% tags=["derivation"]
d.chain(
    "slope",
    Expectation((alpha(t) ** 2 / D**2 * (y - best * z)) ** 2, Normal(x, 0, 1), eps),
    (
        alpha(t) ** 4 / (D**2 * total),
        "the mean square of the bound's slope in the network's output, at the best linear guess",
    ),
    rests_on=["equal/linear-guess", "targets/error"],
)

# %% [markdown]
# Where data are clean, $D^2$ is $\sigma_t^2$ for $x$, about 1 for $\epsilon$ and $v$, and $1/\sigma_t^2$ for $s$. So the slope grows without limit towards clean data in $x$, is level in $\epsilon$ and $v$, and vanishes in $s$. Now measure it, with respect to the
# weights. At each level the gradient of one example is a random vector: its mean is signal, the rest noise.

# %% tags=["derivation"]
d.prose(
    "ratio",
    "A factor on the loss of a level does not change the ratio of signal to noise at that level. It changes how much of the noise of all levels together is that level's.",
    "It multiplies the mean and the standard deviation of the level's gradient alike.",
    rests_on=["equal/slope"],
)

# %%
bound = {key: of_key[key] for key in grid.bound_keys(budget, grid.PLAIN)}
steep, ratios = gradients.by_level(bound, measure.examples)
steep = mechanism_figures.shares(steep)
counted = provenance | {"n": gradients.LEVELS * measure.examples}
last = steep[steep["dataset"] == steep["dataset"].iloc[-1]]
shown = mechanism_figures.of_gradients_shown(last)
artifacts.figure(mechanism_figures.of_gradients(last), "equal_gradients", **shown, **counted)

# %%
concordance = mechanism.concordance(ratios, plain[plain["weighting"] == "bound"])
saved = artifacts.table(concordance, "equal_concordance", **mechanism.CONCORDANCE_SHOWN, **counted)
by_slice = mechanism.concordance(steep, mechanism.in_slices(eight, gradients.LEVELS))
Markdown(
    f"{sentences.clean_share(steep)}\n\n{sentences.ratios(ratios, plan.batch)} "
    f"{sentences.agreement(concordance, 'all levels together, against the excess')} "
    f"{sentences.agreement(by_slice, 'level by level, against the excess of the level')}"
)

# %% [markdown]
# ## Two interventions
#
# To measure is not to intervene. So make the levels equal: divide the loss of each example by the running size of the slope in the output at its level, so that every level pulls alike. And take the steepness of the start away in another
# way: let a network predict what is left of its target when the best linear guess is taken off.

# %% tags=["derivation"]
v = Abbreviation("v", alpha(t) * eps - sigma(t) * x)
d.chain(
    "residual",
    y - best * z,
    (D / total * v, "what is left of any target is a multiple of $v$"),
    rests_on=["equal/linear-guess"],
    torch="companion.chapters.equal_footing.counterparts.residual",
)

# %% tags=["derivation"]
d.prose(
    "one-network",
    "If each residual is also divided by its standard deviation, all four targets are one, but for the sign: $v$. With that preconditioning nothing can be left of their differences.",
    "By the last chain a residual is a multiple of $v$ at each level, and a weight on the error of $\\epsilon$ costs the same in all targets.",
    rests_on=["equal/residual", "exchanged/edm-is-v"],
)

# %% tags=["derivation"]
d.prose(
    "equalised",
    "Levels that pull alike are not one objective for all targets: the squared error of $\\epsilon$ is weighed with $|D|/\\alpha_t$ over its root mean square.",
    "The slope in the output is the factor $\\alpha_t^2/D^2$ times the error of $y$, which is $|D|/\\alpha_t$ times that of $\\epsilon$; the loss is divided by the root mean square of this slope.",
    rests_on=["equal/slope", "targets/error"],
)

# %% [markdown]
# So only the skip is left to ask about: the residual, not divided by anything. For $v$ it is $v$ itself.

# %%
under_bound = networks[(networks["weighting"] == "bound") & (networks["variant"] != grid.QUARTER)]
changed = mechanism.with_own_residual(under_bound)
artifacts.figure(
    mechanism_figures.of_variants(changed),
    "equal_interventions",
    **mechanism_figures.of_variants_shown(changed),
    **provenance,
)

# %%
left = {variant: mechanism.spreads(changed, variant) for variant in (grid.EQUALISED, grid.SKIP)}
spreads = pd.concat(left.values(), ignore_index=True)
saved = artifacts.table(spreads, "equal_spreads", **mechanism.SPREADS_SHOWN, **provenance)
Markdown(
    f"{sentences.left(left[grid.EQUALISED], 'with levels that pull alike')} "
    f"{sentences.left(left[grid.SKIP], 'with the best linear guess taken off')}"
)

# %% [markdown]
# ## Is the order an effect of short training?

# %%
others = grid.other_cells(budget)
by_variant = variants.in_variants(every, others)
artifacts.table(
    by_variant,
    "equal_variants",
    **variants.VARIANTS_SHOWN,
    **points,
    seeds=sorted({key[4] for key in others}),
)

# %%
Markdown(variants.words(by_variant))

# %% [markdown]
# ## Three first experiments
#
# Summaries of the study tell a reader to begin with three experiments. Each is one cell here, to be changed and run again.
#
# **1. $x$ and $\epsilon$ on the rings.** The NELBOs are said to differ, the rescaled losses to match. Set `guard` to 0: the exact denoiser then has one NELBO and one rescaled loss in both targets, since the losses are one loss, while those of the networks differ by
# what they have learnt. That NELBO is of the points drawn, since without a guard it has no limit.

# %%
guard = 0.01  # the published code's
dataset = grid.datasets(budget)[-1]  # the rings, in the profile standard
two = {
    target: of_key[dataset, target, "bound", grid.PLAIN, seeds[0]].denoiser
    for target in ("x", "eps")
}
losses = experiments.two_losses(two, dataset, guard, points=20 * measure.points)
artifacts.table(
    losses, "equal_two_losses", **experiments.TWO_SHOWN, n=20 * measure.points, seeds=seeds[:1],
    tolerance=SAME,
)  # fmt: skip

# %%
Markdown(answers.two_losses(losses, guard))

# %% [markdown]
# **2. Weighted $\epsilon$ against the NELBO of $x$ on images.** [](06_small_images) trains both on small images.
#
# **3. $v$ against $\epsilon$ at 10 to 50 steps.** $v$ is said to keep structure. For the exact denoiser the target makes no difference, whatever the steps: so what is seen here is how errors of networks are carried on. Change `steps`, the targets, or the seed.

# %%
steps = samples.FEW_STEPS
pair = {
    target: of_key[dataset, target, "bound", grid.PLAIN, seeds[0]].denoiser
    for target in ("eps", "v")
}
clouds = {
    (target, count): samples.few(denoiser, measure.samples, count)
    for target, denoiser in pair.items()
    for count in steps
}
here = after[(after["dataset"] == dataset) & (after["seed"] == seeds[0])]
artifacts.figure(
    mechanism_figures.after_steps(clouds, known[dataset].samples),
    "equal_few_steps",
    **mechanism_figures.after_steps_shown(here, measure.samples),
    seeds=seeds[:1], n=measure.samples, tolerance=SAME,
)  # fmt: skip

# %%
Markdown(answers.few_steps(tests, after))

# %% [markdown]
# ## In which unit?

# %%
Markdown(f"{sentences.units(table)} {sentences.thin(table)}")

# %% [markdown]
# ## What the rules say
#
# Case by case over data sets, targets or weightings; [](99_verdicts) has rules, numbers and intervals.

# %%
judged = {
    "equal_tests": tests,
    "equal_ranks": ranks,
    "equal_orders": orders,
    "equal_concordance": concordance,
    "equal_spreads": spreads,
}
Markdown(claims.verdicts(judged))

# %% [markdown]
# :::{admonition} Trap: one order for all
# :class: warning
# "Which objective is best?" has no answer before it is said in which unit, and between which noise levels. A loss that ignores a level is not wrong about it: it was not asked.
# :::
#
# ## What this does and does not show
#
# - These are small networks of ours, told the log-SNR, on 2-D data, trained for a short time. The order of objectives at this size says nothing certain of others.
# - The likelihood is the bound of the networks between two ends. A network under a weight that vanishes at an end is judged there too: that is the point of one functional, and the reason why the ends matter.
# - All draw their levels evenly in the log-SNR. Drawing them evenly in time, as the study does, is a row of the last table, for the bound alone.
# - Samples are compared by distances in the plane, of a deterministic sampler with many steps. What is seen in images is another question.
# - The sample axis compares with an exact denoiser that starts from the same noise: differences below the floor of independent samples are real differences between networks, but a study with independent samples could not see them.
# - The signal of a gradient is small at the end of training. Two earlier estimates had fewer examples, 256 and 128 in a slice: in the profile `standard` the first gave the same verdicts, the second left two more cases undecided. No rule was changed.
# - Signal to noise is that of plain gradients. Adam divides by its own running size for each weight, which no measure here includes.
# - To equalise the slope in the output also changes the objective ({eq}`eq-equal-slope`), in another way for each target. So it tests whether *this* cure helps, not every cure.
# - The learning rate was one for all, and not tuned for any.
#
# :::{admonition} Exercise: which target is easiest where data are clean?
# :class: dropdown
# At the clean end, which of the four has to be predicted to which relative accuracy, to be within one tenth of the best $\hat\epsilon$?
#
# *Solution.* Errors differ by $D/\alpha_t$. For $x$ it is $-\sigma_t/\alpha_t$, so $\hat x$ must be within $\sigma_t/10$: nearly exact, though $x$ itself is of size 1, and $z_t$ almost tells it. For $\epsilon$ and $v$ it is near 1: a tenth of their size. For $s$ it is $-1/\sigma_t$: a distance of $0.1/\sigma_t$
# from the best $\hat s$ is allowed, more than the size of the best $\hat s$ itself, which stays bounded. So clean levels are easy for $s$, and hardest for $x$.
# :::
#
# ## Sources
#
# The objectives are those of {cite:t}`kumar2025`, without their guards, and of the catalogue of [](08_weightings); the weighting of flows with logit-normal times is that of {cite:t}`esser2024`. The skip is that of {cite:t}`karras2022`; a weight that makes levels equal is close to
# the uncertainty weighting of {cite:t}`karras2024`.
