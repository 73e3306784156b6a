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
# # Few steps, by target
#
# **Question.** A sampler may ask a network only a few times. Which target should the network predict then, and by which sampler? Where does each target break, and why?
#
# **Assumed.** Any target is a row $y = a x + b \epsilon$, and any prediction gives $\hat x$ and $\hat\epsilon$ by division by $D = \alpha_t b - \sigma_t a$ ([](04_four_targets)). Samplers are those of [](15_sampling_steps). The networks are the eight of [](19_equal_footing), on its first two data sets.
#
# **Method.** First derive what a step makes of an error. Then measure: all targets, six samplers, three grids, at equal numbers of network *evaluations*, from the same noise. The exact denoiser walks every chain too. So what few steps do to an exact prediction is told apart from what they make of a wrong one.
# Rules were committed before these samplers drew a sample. Two targets had been seen before: $\epsilon$ and $v$, in 10 to 50 steps of DDIM ([](19_equal_footing)).

# %% tags=["parameters"]
profile = "standard"

# %% tags=["derivation"]
import sympy as sp

from companion.derivation import (
    Abbreviation,
    Derivation,
    Expectation,
    Normal,
    Ordered,
    VariancePreserving,
    at_most,
)
from companion.derivation.vocabulary import alpha, s, sigma, symbol, t, x, z_t

d = Derivation("few", title="Few steps, by target", rests_on=["targets", "dynamics"])

# %% [markdown]
# ## What a step makes of an error
#
# Let a network predict $y + \delta$ where $y$ would be right. Then $\hat x = (b z_t - \sigma_t \hat y)/D$ and $\hat\epsilon = (\alpha_t \hat y - a z_t)/D$ are off, and a step of DDIM from $t$ to $s$ mixes them:

# %% tags=["derivation"]
a, b, y = symbol("a"), symbol("b"), symbol("y")
delta = symbol("delta", r"\delta")
D = Abbreviation("D", alpha(t) * b - sigma(t) * a)


def mixed(predicted):
    """What a step of DDIM makes of a predicted row."""
    x_hat, eps_hat = (b * z_t - sigma(t) * predicted) / D, (alpha(t) * predicted - a * z_t) / D
    return alpha(s) * x_hat + sigma(s) * eps_hat


moved = alpha(t) * sigma(s) - alpha(s) * sigma(t)
d.chain(
    "one-step",
    mixed(y + delta) - mixed(y),
    (moved / D * delta, "$z_t$ and $y$ cancel; what is left is linear in the error"),
    rests_on=["targets/convert", "dynamics/ddim"],
    torch="companion.chapters.few_steps.counterparts.one_step",
)

# %% [markdown]
# The numerator is the same for all targets. The determinant is not. For $v$ on a variance-preserving schedule it is 1, and the step moves $z$ by less than the error:

# %% tags=["derivation"]
d.chain(
    "of-v",
    (moved / (alpha(t) ** 2 + sigma(t) ** 2)) ** 2,
    (
        1 - (alpha(s) * alpha(t) + sigma(s) * sigma(t)) ** 2,
        "less than 1, whatever the step: the sine of the angle between the two levels",
    ),
    domain=Ordered(s, t) & VariancePreserving(alpha, sigma),
    rests_on=["few/one-step"],
)

# %% [markdown]
# For $\epsilon$ it is $\alpha_t$. As $\alpha_t \to 0$ the step moves the sample without limit, unless it is short as well:

# %% tags=["derivation"]
d.chain(
    "of-eps",
    moved / alpha(t),
    (
        sigma(s) - alpha(s) * sigma(t) / alpha(t),
        "$\\sigma_t/\\alpha_t = e^{-\\lambda_t/2}$, times the signal that the step arrives at",
    ),
    rests_on=["few/one-step"],
)

# %% tags=["derivation"]
d.chain(
    "of-s",
    moved / (-alpha(t) / sigma(t)),
    (
        sigma(t) * (alpha(s) * sigma(t) / alpha(t) - sigma(s)),
        "$-\\sigma_t$ times that of $\\epsilon$: no better at the noisy end",
    ),
    rests_on=["few/of-eps"],
)

# %% tags=["derivation"]
d.chain(
    "of-x",
    moved / (-sigma(t)),
    (
        alpha(s) - alpha(t) * sigma(s) / sigma(t),
        "between 0 and $\\alpha_s$, since $\\sigma_s/\\alpha_s$ is less than $\\sigma_t/\\alpha_t$",
    ),
    rests_on=["few/one-step"],
)

# %% [markdown]
# So by DDIM the step from pure noise is lost to $\epsilon$ and $s$, and harmless to $x$ and $v$. On steps equal in the log-SNR it is short, $\alpha_s/\alpha_t = e^{\Delta/2}$ with $\Delta$ the step in nats, near the noisy end. On steps equal in time $\alpha_s$ is large at once.
#
# Does $x$ break nowhere, then? Its determinant vanishes at the clean end. Euler's step in time, $(s - t)(\alpha_t' \hat x + \sigma_t' \hat\epsilon)$, divides by it too:

# %% tags=["derivation"]
alpha_prime, sigma_prime = sp.Derivative(alpha(t), t), sp.Derivative(sigma(t), t)
d.chain(
    "euler",
    (s - t) * (alpha_prime * (-sigma(t) / D) + sigma_prime * alpha(t) / D) * delta,
    (
        (s - t) * (alpha(t) * sigma_prime - sigma(t) * alpha_prime) / D * delta,
        "the determinant of the velocity over that of the target",
    ),
    rests_on=["few/one-step", "dynamics/velocity"],
)

# %% [markdown]
# Euler and DDIM ask at the start of a step, where $\sigma_t$ is not yet small. Heun asks again at its end, and goes half of the step by what it hears there. On the cosine schedule, with $D = -\sigma_s$ at that end:

# %% tags=["derivation"]
angle = sp.pi * s / 2
turned = sp.cos(angle) * sp.Derivative(sp.sin(angle), s)
turned -= sp.sin(angle) * sp.Derivative(sp.cos(angle), s)
turning = Abbreviation(r"\Omega", turned)
d.chain(
    "heun-of-x",
    sp.Limit(s * (t - s) / 2 * turning / sp.sin(angle), s, 0),
    (
        t / 2,
        "so half of a last step from $t$ to a small $s$ makes $t/(2 s)$ of an error in $x$",
    ),
    domain=Ordered(s, t),
    rests_on=["few/euler"],
)

# %% tags=["derivation"]
d.prose(
    "where",
    "A target breaks where its determinant vanishes and the step from there is not short: $\\epsilon$ and $s$ at the noisy end, $x$ at the clean one, in samplers that ask there and go on. $v$ breaks nowhere on a variance-preserving schedule.",
    "The numerators of both steps do not depend on the target, and determinants are $\\alpha_t$, $-\\alpha_t/\\sigma_t$, $-\\sigma_t$ and 1.",
    rests_on=["few/one-step", "few/of-v", "few/euler", "few/heun-of-x"],
)

# %% [markdown]
# How is it mended? By the first level, which need not be pure noise. Latents drawn from $\N(0, 1)$ there are not quite those of the data; the price is the prior term of the bound. For data of variance 1:

# %% tags=["derivation"]
kl = (alpha(t) ** 2 * x**2 + sigma(t) ** 2 - 1) / 2 - sp.log(sigma(t))
d.chain(
    "late-start",
    Expectation(kl, Normal(x, 0, 1)),
    (-sp.log(sigma(t)), "the KL divergence of $q(z_t|x)$ from $\\N(0, 1)$, in the mean over data"),
    domain=VariancePreserving(alpha, sigma),
)

# %% [markdown]
# With the SNR $\gamma$ there, $1/\sigma_t^2$ is $1 + \gamma$, and that is next to nothing:

# %% tags=["derivation"]
gamma = symbol("gamma", r"\gamma", positive=True)
d.chain(
    "late-start-costs",
    sp.log(1 + gamma) / 2,
    (at_most(gamma / 2), "half of the SNR, in nats for each dimension"),
    rests_on=["few/late-start"],
)

# %% [markdown]
# Or by the first prediction: where nothing of the data is left in $z_t$, the exact $\hat x$ is their mean, which needs no network; and a network of $v$ or $x$ can be asked for it. Both mends are known: {cite:t}`salimans2022` and {cite:t}`lin2024` predict $v$ where the SNR starts at zero.

# %% [markdown]
# ## The networks, and the floor

# %%
import torch
from IPython.display import Markdown

from companion import profiles, runs
from companion.chapters.few_steps import (
    claims,
    comparisons,
    figures,
    grid,
    results,
    sentences,
    starts,
    tables,
)
from companion.evidence import style
from companion.evidence.artifacts import Artifacts
from companion.evidence.excess import SAME

torch.set_num_threads(1)  # the same sums in the same order, whatever the machine is doing
style.use()
artifacts = Artifacts("26_few_steps", profile)
active = profiles.get(profile)
budget = active.pick(quick=results.QUICK, standard=results.STANDARD, paper=results.PAPER)

# %%
trained = runs.get(grid.grid(active))
denoisers = {key: trained[grid.name(key)].denoiser for key in grid.keys(active)}
seeds = grid.seeds(active)
Markdown(sentences.networks(len(denoisers), len(seeds), budget.samples, budget.steps))

# %%
known = {name: results.known(name, budget) for name in grid.datasets(active)}
perfect = results.perfect(known, budget)
exact = results.of_exact(perfect, known)
cells = results.cells(denoisers, known, perfect, budget)
limits = results.floors(known, budget)
last = grid.datasets(active)[-1]  # the rings, in the profile standard
provenance = {"seeds": [*seeds], "n": budget.samples, "tolerance": SAME}

# %% [markdown]
# ## Quality against evaluations

# %%
shown = figures.curves_shown(cells, last, results.TIME, len(seeds), budget.samples)
artifacts.figure(
    figures.curves(cells, exact, last, results.TIME), "few_in_time", **shown, **provenance
)

# %%
Markdown(sentences.parts(cells))

# %%
shown = figures.curves_shown(cells, last, results.LOG_SNR, len(seeds), budget.samples)
artifacts.figure(
    figures.curves(cells, exact, last, results.LOG_SNR), "few_in_log_snr", **shown, **provenance
)

# %%
table = tables.at_few(cells, exact)
artifacts.table(table, "few_at_nine", **tables.at_few_shown(len(seeds), limits), **provenance)

# %%
Markdown(f"{sentences.best(table)}\n\n{sentences.broken(exact)} {sentences.thrown()}")

# %% [markdown]
# ## Is $\epsilon$ poorer?

# %%
tests = comparisons.tests(cells)
caption = "All paired tests: factors with the 95 % interval of each alone, and p by Holm's rule."
saved = artifacts.table(tests, "few_tests", caption=caption, **provenance)
Markdown(
    f"{sentences.left_out()}\n\n"
    f"**Over $v$.** {sentences.told(tests, comparisons.AGAINST_V, 'farther', 'nearer')}\n\n"
    f"**Over $x$.** {sentences.told(tests, comparisons.AGAINST_X, 'farther', 'nearer')}\n\n"
    f"{sentences.resolution(cells)}"
)

# %%
Markdown(f"{sentences.own(cells)}\n\n{sentences.of_x(cells)}")

# %% [markdown]
# ## The division by $\alpha$, and its mend

# %%
begun = starts.starts(denoisers, known, budget)
shown = figures.starts_shown(begun, last, len(seeds), budget.samples)
artifacts.figure(figures.starts_figure(begun, last), "few_starts", **shown, **provenance)

# %%
Markdown(f"{sentences.first_steps(begun)}\n\n{sentences.at_one(begun)}")

# %% [markdown]
# Networks of $x$ are no better at the noisy end. The bound weighs their error by the SNR, so that they hardly learn it there. But a step of DDIM multiplies it by less than 1.
#
# Is it the first step alone? Give both targets, in all solvers, the mean of the data for their first prediction of $x$. The factor is the square root of $\epsilon$ over $v$ as it comes, over the same ratio with the mend: above 1, more than half of the logarithm was the start's.

# %%
Markdown(
    f"{sentences.told(tests, comparisons.MENDED, 'more than half', 'less')}\n\n"
    f"**Networks of $x$ by Heun, over $v$.** {sentences.told(tests, comparisons.BY_HEUN, 'farther', 'nearer')} "
    f"{sentences.by_heun(cells)}"
)

# %%
seed = seeds[0]
asked = {**figures.BREAKS, **figures.MENDS}
clouds = {
    title: results.one_of(denoisers, known, last, target, seed, chain, budget)
    for title, (target, chain) in asked.items()
}
artifacts.figure(
    figures.clouds(clouds, known[last].reference.samples), "few_breaks",
    **figures.clouds_shown(last, budget.samples), seeds=[seed], n=budget.samples, tolerance=SAME,
)  # fmt: skip

# %% [markdown]
# ## The claims

# %%
Markdown(f"{claims.verdicts({'few_tests': tests})}\n\n{sentences.from_broken(tests, exact)}")

# %% [markdown]
# :::{admonition} Trap: a schedule that ends in pure noise
# :class: warning
# A sampler that starts at $t = 1$ of a schedule with $\alpha_1 = 0$ asks networks of $\epsilon$ and $s$ for $\hat x$ by a division by zero. A start at $1 - 10^{-4}$, as in the study's code, is finite: it multiplies the error of $\hat\epsilon$ by $1/\alpha$, some thousands, in $\hat x$, and in $z$ by as much times the share of the noise that the first step takes off: the fewer the steps, the more. Start at the log-SNR down to which the network was trained, with short steps there; or put in the mean; or predict $v$.
# :::
#
# ## What this does and does not show
#
# - The rules had been applied once to more samples of each network, before their number was cut to save time. Two cases that were undecided then are decided here.
# - Networks are small, data are in two dimensions, five seeds. Where a target breaks its seeds differ widely: factors there say *how badly*, within wide intervals.
# - Networks were trained to the log-SNR $-12$. From earlier levels they are asked where they were not trained, beside the division.
# - On steps equal in the log-SNR the first step is short only if there are enough of them: with two or four of them it is long there too. Once its break is avoided, which sampler is best at few evaluations is a matter of the sampler and the grid more than of the target, but for $x$.
# - The sliced distance is blind to some of what is wrong: samples that are too wide may make up for a sampler that leaves them too thin. Read it with the widths in the table.
# - The mean of the data is the right first prediction only at pure noise. Its price at a cleaner first level was not measured.
#
# ## Exercise
#
# A network of $\epsilon$ is off by $\delta > 0$ near the noisy end, and its first step arrives where $\alpha_s$ is nearly 1. From which log-SNR $\lambda$ on does it move no sample by more than $r$?

# %% tags=["derivation", "solution"]
r, error = symbol("r", positive=True), symbol("delta", r"\delta", positive=True)
d.chain(
    "how-late",
    sp.exp(-Abbreviation(r"\lambda", 2 * sp.log(error / r)) / 2) * error,
    (
        r,
        "from $\\lambda = 2 \\log(\\delta/r)$ on: each halving of the error allows 1.4 nats more noise",
    ),
    rests_on=["few/of-eps"],
)

# %% [markdown]
# ## Sources
#
# DDIM: {cite:t}`song2021ddim`; DPM-Solver++(2M) and the reverse SDE with $\hat\epsilon$ held: {cite:t}`lu2022plus`; Heun and the third grid: {cite:t}`karras2022`. That $\epsilon$ cannot be predicted where the SNR is zero, and that $v$ can: {cite:t}`salimans2022`, {cite:t}`lin2024`. What public summaries say of few steps is of {cite:t}`kumar2025`.
