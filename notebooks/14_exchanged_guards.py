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
# # Exchanged guards
#
# **Question.** The study's own networks of $x$ are not the nearest to the best denoiser ([](13_one_scale)), although their printed NELBO is the
# lowest ([](05_published_numbers)). Is that because they predict $x$, or because of the guard that they were trained under? Only an experiment can
# tell: train each target under each target's guard, and under none.
#
# **Assumed.** The study's cosine schedule and 2-D data, here as many points as the study trained on, drawn once from the exact mixtures. The published NELBO of a target, with its guard, is a weight
# $w(\lambda)$ on the error of $\epsilon$ ([](05_published_numbers)); without guards it is constant, the same bound for all targets. A weight can be given to a network that
# predicts any target.
#
# **Method.** All is equal but two choices, the predicted target and the weight: network, first weights, points, noise, noise levels, optimiser, steps.
# What a network is worth is read on one scale, the nats that its bound is above the exact floor between two ends of the log-SNR: those that it was trained between, which lie farther out
# than those of [](13_one_scale), and, *inside*, about the latter.

# %% tags=["parameters"]
profile = "standard"

# %%
import pandas as pd
import torch
from IPython.display import Markdown

from companion import profiles, runs
from companion.chapters.exchanged_guards import claims, figures, grid, pairs, results, sentences
from companion.evidence import style
from companion.evidence.artifacts import Artifacts
from companion.evidence.excess import SAME
from companion.runs import plane

torch.set_num_threads(1)  # the same sums in the same order, whatever the machine is doing
style.use()
artifacts = Artifacts("14_exchanged_guards", profile)
budget = profiles.get(profile)
measure = budget.pick(quick=results.QUICK, standard=results.STANDARD, paper=results.PAPER)

# %% tags=["derivation"]
import sympy as sp

from companion.derivation import Abbreviation, Derivation, VariancePreserving
from companion.derivation.vocabulary import alpha, eps, sigma, t, x

d = Derivation("exchanged", title="Exchanged guards", rests_on=["guards", "targets"])

# %% [markdown]
# ## What could differ, and what could not

# %% tags=["derivation"]
d.prose(
    "same-best",
    r"A positive weight does not change which denoiser is best, and neither does the predicted target.",
    r"At each noise level the error is that of the best denoiser plus a squared distance from it, and each target is affine in $\epsilon$, given $z_t$.",
    rests_on=["score/orthogonality"],
)

# %% [markdown]
# So a network without limits, trained for ever on endless data, would end at the floor in all twenty cases. What is measured here is how far networks with limits get: what a weight
# makes them attend to, and what a target makes easy for them.
#
# ## The networks

# %%
wanted = grid.grid(budget)
trained = runs.get(wanted)
plan, seeds = plane.plan(budget), grid.seeds(budget)
Markdown(sentences.budget(plan.steps, plan.batch, len(seeds), measure.points))


# %%
def measured(keys, multiple=1.0):
    """The excess of networks of the grid, level by level."""
    found = {key: trained[grid.name(key, multiple)].denoiser for key in keys}
    return results.by_level(found, measure)


levels = measured(grid.keys(budget))
networks = results.per_network(levels)
table = results.side_by_side(networks)
provenance = {"seeds": [*seeds], "n": measure.slices * measure.points, "tolerance": SAME}
saved = artifacts.table(networks, "exchanged_networks", **results.NETWORKS_SHOWN, **provenance)

# %% [markdown]
# The table `exchanged_networks` has every network; the next one their means.

# %%
artifacts.table(table, "trained_under_guards", **results.TABLE_SHOWN, **provenance)

# %%
artifacts.figure(
    figures.totals(networks), "exchanged_totals", **figures.totals_shown(table), **provenance
)

# %%
Markdown(
    f"{sentences.what_decides(networks)}\n\n{sentences.orders(networks)} {sentences.noise(networks)}"
)

# %% [markdown]
# *Seen* in the table is what the training loss itself sees of the excess. A network under a strong guard looks good to its own loss, since the guard takes
# away the weight of the levels at which it is bad. But to compare targets, the guard of $x$ may choose the levels:

# %%
Markdown(sentences.seen_by_x(networks))

# %% [markdown]
# ## Where a guard acts

# %%
first = levels[levels["dataset"] == levels["dataset"].iloc[0]]
artifacts.figure(
    figures.by_weight(first), "exchanged_by_level", **figures.by_weight_shown(first), **provenance
)

# %%
each = [sentences.own_guard_of(networks, target) for target in plane.TARGETS]
Markdown("\n\n".join([sentences.own_guards(table), " ".join(each)]))

# %% [markdown]
# ## Two rules, and new seeds
#
# Does a guard cost its own target anything, and is $x$ best without one? Both questions had a rule, the mean paired difference
# in nats, $|\lambda| < 12$ (its words were narrowed later). It could not decide $x$ under its own guard, although every seed said the same, by a large factor: the interval in nats is wider than
# the mean. A rule on the logarithm of the ratio could, and the narrower range says something else of $x$ than the wider. To choose a rule when its outcome is known is no test. So the old
# verdicts stand. The new rule, in both ranges, was written down and committed first, and then judged on networks that were trained after that: their seeds, how many, and a second data set
# were named with it. The data points, and those that the excess is measured on, are the same for all.

# %%
fresh = results.per_network(measured(grid.fresh_keys(budget)))
new = provenance | {"seeds": [*grid.fresh(budget)]}
saved = artifacts.table(fresh, "exchanged_fresh", **results.FRESH_SHOWN, **new)

# %%
judged = claims.judged(networks, fresh)
both = provenance | {"seeds": [*seeds, *grid.fresh(budget)]}
artifacts.table(judged, "exchanged_judged", **claims.JUDGED_SHOWN, **both)

# %%
ends = {claims.RATIO_RULES[column]: end for column, end in pairs.RANGES.items()}
shown = figures.ratios_shown(judged, ends, len(grid.fresh(budget)))
artifacts.figure(figures.ratios(judged, ends), "exchanged_ratios", **shown, **new)

# %%
Markdown(sentences.two_rules(judged))

# %% [markdown]
# ## The target, or the output?
#
# The study attributes the differences between its losses to how each scales with the SNR, far too steeply at early times (section 4.2, as public summaries report it). That
# explanation and the guard are not rivals. In $x$ the unguarded bound puts the factor $\SNR/2$ on the squared error, so that the cleanest levels have nearly all of the
# gradient at first. A guard takes that from them, so that the others count for more.
#
# But a network of $x$ also has to give back $z_t/\alpha_t$ almost exactly where data are clean, and a plain network is not made for that. To tell the two apart, change the output and
# nothing else. EDM {cite:p}`karras2022` predicts $\hat x = c_{\mathrm{skip}} z_t/\alpha_t + c_{\mathrm{out}} F$: a skip does the giving back, and a scale makes the rest of one size. Here is what
# the output $F$ must be, for data of variance 1:

# %% tags=["derivation"]
a, b = alpha(t), sigma(t)
z = Abbreviation("z_t", a * x + b * eps)
v = Abbreviation("v", a * eps - b * x)
c_skip = Abbreviation(r"c_{\mathrm{skip}}", 1 / (1 + b**2 / a**2), positive=True)
c_out = Abbreviation(r"c_{\mathrm{out}}", b / a / sp.sqrt(1 + b**2 / a**2), positive=True)
d.chain(
    "skip-head",
    x - c_skip * z / a,
    (-b * v, "$\\alpha_t^2 + \\sigma_t^2 = 1$, so $c_{\\mathrm{skip}} = \\alpha_t^2$"),
    domain=VariancePreserving(alpha, sigma),
    cites="Karras et al. (2022)",
)

# %% tags=["derivation"]
d.chain(
    "edm-head",
    (x - c_skip * z / a) / c_out,
    (-v, "$c_{\\mathrm{out}} = \\sigma_t$"),
    domain=VariancePreserving(alpha, sigma),
    rests_on=["exchanged/skip-head"],
)

# %% tags=["derivation"]
d.prose(
    "edm-is-v",
    r"A network of $x$ with EDM's head is a network of $v$ with its sign turned, under any weight.",
    r"Its output is $-v$ by the last chain, and a weight on the error of $\epsilon$ costs the same in all targets.",
    rests_on=["exchanged/edm-head", "targets/error"],
)

# %% [markdown]
# So that control has been in the table all along: as $v$. What $x$ lacks against $v$ are two things, and each can be had alone. With the skip alone the output is
# $-\sigma_t v$. It need not hold $z_t$, but the factor on its squared error is still $\SNR/2$. With the scale alone that factor is $\alpha_t^2/2$, level where data are clean, but the output is $x/\sigma_t$ and has to
# hold $z_t$. All three are trained, without a guard and under that of $x$: EDM's head too, though it is $-v$, as a check, since its first weights mean another network of $v$.

# %%
head_levels = measured(grid.head_keys(budget))
compared = [key for key in grid.keys(budget) if key[1] in ("x", "v") and key[2] in (grid.NONE, "x")]
every = pd.concat([results.of_keys(levels, compared), head_levels], ignore_index=True)
with_heads = results.per_network(every)
artifacts.table(
    results.side_by_side(with_heads), "exchanged_heads", **results.HEADS_SHOWN, **provenance
)

# %%
first = every[every["dataset"] == every["dataset"].iloc[0]]
artifacts.figure(
    figures.heads(first), "exchanged_heads_by_level", **figures.heads_shown(first), **provenance
)

# %%
Markdown(f"{sentences.heads(with_heads)}\n\n{sentences.halves(with_heads)}")

# %% [markdown]
# The scale changes neither the bound nor the best denoiser, only how hard each noise level pulls and how large an output is. So this is also a test of the statement, made in public summaries, that
# targets differ by the implicit weighting of noise levels in gradient descent. Steepness has a part, though on $x$, where summaries of the study see it hurt $\epsilon$ and $v$: under the guard of $x$, which takes the steep factor away, bare networks of $x$ come
# much nearer to those of $v$ at the middle levels. It is not the whole: the scale, which levels the factor and lets go of no level, helps where the skip is there and harms where it is not.
# Neither explains the difference alone.

# %% [markdown]
# ## Longer, and shorter
#
# Is the order an effect of short training? Networks of two seeds are trained for a quarter of the steps and for four times as many as well: all targets without a guard, and $x$ under its own.

# %%
others = {
    plane.plan(budget, multiple).steps: results.per_network(
        measured(grid.other_keys(budget), multiple)
    )
    for multiple in grid.MULTIPLES
}
steps = results.against_steps({plan.steps: networks, **others})
artifacts.table(
    results.by_budget(steps), "exchanged_by_budget", **results.STEPS_SHOWN, **provenance
)

# %%
Markdown(f"{sentences.longer(steps)} {sentences.own_guard_by_budget(steps)}")

# %% [markdown]
# :::{admonition} Trap: comparing losses that differ in two things
# :class: warning
# To compare $x$ with its loss and $\epsilon$ with its own changes two things at once, the target and the weight. Of four cells only the diagonal is seen, and
# the diagonal cannot say which of the two made the difference. The table has all of them.
# :::
#
# ## What this does and does not show
#
# - These are networks of ours: small, told the log-SNR, trained for a short time, with noise levels drawn evenly in the log-SNR and not in time. It isolates the guard as a
#   weight. It does not repeat the study's training, and no verdict here is on the study's own losses or networks.
# - Drawing the levels evenly bounds the factor on the error of $\epsilon$. On an error of $x$ it is still $\SNR/2$ where no guard acts, so the gradient of such a network varies much more. That is not measured here.
# - The scale alone changes the factor and the size of the output together: which of them a plain network minds is not told apart.
# - A constant factor on a weight does nothing, but for the small number that Adam adds to a denominator.
# - $s$ is predicted without the guard of the study's score target; the weight of its NELBO includes that guard.
# - Sizes depend on steps, as shown, and on the learning rate, which was not varied.
# - The data are the clusters, in the tables of both rules the rings too. *Undecided* on the rings in the narrower range does not say that the guard does nothing there: what it gains at the middle levels it may lose near the end of the range.
# - The seeds are few: what differs less than their spread is undecided, and [](99_verdicts) says so case by case.
#
# :::{admonition} Exercise: why does a guard not move the best denoiser?
# :class: dropdown
# The guard changes the weight of each noise level, and the floor that is printed. Why not the denoiser that attains the floor?
#
# *Solution.* A network that is told the noise level can answer at each level on its own. A positive weight on a level leaves its minimiser where it is, the posterior mean. Only if one
# level's error has to be paid for by another's, as in a small network, does the weight decide.
# :::
#
# ## Sources
#
# The guards are those of the published code of {cite:t}`kumar2025`. That one objective may be paired with any parametrisation, and that the two are
# often confused: {cite:t}`kingma2023`.
