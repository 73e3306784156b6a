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
# # A weighting for both?
#
# **Question.** Can one weighting of noise levels be best in likelihood and in samples at once? If the kernels say what each level's error does, do they say how to weigh it?
#
# **Assumed.** A loss is $\frac12 \int w\, \E \|\epsilon - \hat\epsilon\|^2 d\lambda$, and $w = 1$ is the bound ([](08_weightings)). The kernel $k(\lambda)$ of samples: what an error of one unit per nat moves them; with the largest kernel $w = k/e$ bounds their distance best ([](16_likelihood_and_samples), [](21_errors_to_samples)). The networks of [](19_equal_footing).
#
# **Method.** Weightings are derived, from kernels of exact paths and from the errors of *pilots*, networks that were trained first and are compared with nothing. Then networks of $\epsilon$ and of $v$ are trained under each. Weightings, runs and rules were committed before a network was trained under one of them; the study's eight objectives, and the catalogue's weightings of $v$, were known from [](19_equal_footing), whose runs they are.

# %% tags=["parameters"]
profile = "standard"

# %% tags=["derivation"]
import sympy as sp

from companion.derivation import Abbreviation, Derivation, Expectation, at_least, at_most
from companion.derivation.vocabulary import eps, symbol

d = Derivation("one-for-both", title="Weightings from the kernels", rests_on=["flow"])

# %% [markdown]
# ## From a wish to a weight
#
# Let $e(\lambda)$ be the root mean square error of $\hat\epsilon$. A wish for likelihood is to lower $\int e^2 d\lambda$: the bound, $w = 1$. A wish for samples is to lower $\int k\, e\, d\lambda$. With the largest kernel of all paths and directions it bounds how far they are moved ([](16_likelihood_and_samples)). Ours is the root mean square over paths and directions, no path counted for more than 2 ([](21_errors_to_samples)): an estimate, and no bound. The integral is no loss of that form. But let $e_0$ be an error that was measured:

# %% tags=["derivation"]
k, e, e_0 = symbol("k", positive=True), symbol("e", positive=True), symbol("e_0", positive=True)
d.chain(
    "from-above",
    k * e,
    (
        at_most(k / 2 * (e**2 / e_0 + e_0), equality={e: e_0}),
        "the difference is $k (e - e_0)^2/(2 e_0)$",
    ),
    rests_on=["flow/by-a-loss"],
)

# %% tags=["derivation"]
d.prose(
    "a-loss-that-lowers-it",
    "If training lowers $\\int \\frac{k}{e_0}\\, e^2 d\\lambda$ below what it is at $e_0$, it lowers $\\int k\\, e\\, d\\lambda$ too.",
    "Integrate the last chain: the right side is the loss, up to a constant, and at $e = e_0$ both sides are equal.",
    rests_on=["one-for-both/from-above"],
)

# %% [markdown]
# So the weight is $k/e_0$: *over-error*. Errors change while a network learns. With the errors after a quarter, a half and all of the steps, one after the other, the weighting changes too: *in stages*. A *curriculum* wishes for one after the other: half of the steps under the bound, for likelihood, then half under $k/e_0$, for samples.
#
# That bound takes all errors to push one way. If levels push independently, squares add up, and the weight is $k^2$:

# %% tags=["derivation"]
k_1, k_2, e_1, e_2 = (symbol(f"{name}_{n}", positive=True) for name in "ke" for n in (1, 2))
other = symbol("eps_o", r"\epsilon'")
d.chain(
    "independent",
    Expectation((k_1 * e_1 * eps + k_2 * e_2 * other) ** 2, eps, other),
    (k_1**2 * e_1**2 + k_2**2 * e_2**2, "the mean of the mixed term is zero"),
    rests_on=["carried/two-levels"],
)

# %% [markdown]
# And for both at once? Likelihood and samples have different units, so add up logarithms, $\log \int e^2 + 2 \log \int k\, e$: the logarithm of the product of the excess and the squared bound on the distance. A logarithm is below each of its tangents:

# %% tags=["derivation"]
u, u_0 = symbol("u", positive=True), symbol("u_0", positive=True)
d.chain(
    "tangent",
    sp.log(u),
    (at_most(sp.log(u_0) + (u - u_0) / u_0, equality={u: u_0}), "it is concave"),
)

# %% [markdown]
# Both terms are concave in the squared errors $u = e^2$, so again a loss lies above them that touches them at the pilots' errors. Its weight is the slope, here with two levels:

# %% tags=["derivation"]
u_1, u_2 = symbol("u_1", positive=True), symbol("u_2", positive=True)
moved = k_1 * sp.sqrt(u_1) + k_2 * sp.sqrt(u_2)
d.chain(
    "both",
    sp.Derivative(sp.log(u_1 + u_2) + 2 * sp.log(moved), u_1),
    (
        1 / (u_1 + u_2) + k_1 / (sp.sqrt(u_1) * moved),
        "a share of the bound, and a share of $k/e$, each over its own sum",
    ),
    rests_on=["one-for-both/tangent", "one-for-both/a-loss-that-lowers-it"],
)

# %% [markdown]
# It is the middle, $\beta = \frac12$, of the family $(1 - \beta)/\int e^2 + \beta\, k/(e \int k\, e)$, whose ends are the bound and over-error. *Both at once* in the figures.
#
# ## From the noise to a weight
#
# Two more look at the size of the loss that is left at a level, $\ell = \E \|\epsilon - \hat\epsilon\|^2$: the least, which is known, and the squared error of pilots. Learned uncertainty {cite:p}`kendall2018,karras2024` divides the loss by a learned $e^s$, and pays $s$:

# %% tags=["derivation"]
ell, s = symbol("ell", r"\ell", positive=True), symbol("s", real=True)
d.chain(
    "uncertainty",
    ell * sp.exp(-s) + s,
    (at_least(1 + sp.log(ell), equality={s: sp.log(ell)}), "least at $e^{-s} = 1/\\ell$"),
    cites="Kendall et al. (2018), without the halves",
)

# %% [markdown]
# So the weight that it learns is $1/\ell$, whatever the target: of another target $\ell$ has another factor, which $s$ takes up. Any weight that is put before it is taken up as well. And it has no wish: neither likelihood nor samples are in it.
#
# Last, the noise of the gradient. The loss of a level pulls at $\hat\epsilon$ with $w (\hat\epsilon - \epsilon)$ (at the output of a network of $v$, with $\alpha$ times that), which is noise, but for what can be learnt. Let its size be the kernel's, that is, $w = k/\sqrt\ell$:

# %% tags=["derivation"]
w = Abbreviation("w", k / sp.sqrt(ell), positive=True)
d.chain(
    "pull",
    Expectation((w * sp.sqrt(ell) * eps) ** 2, eps),
    (k**2, "the mean square of the pull: that of the kernel, at every level"),
)

# %% [markdown]
# For Gaussian data and the exact denoiser it has a name:

# %% tags=["derivation"]
lam, c = symbol("lam", r"\lambda"), symbol("c", positive=True)
rho = Abbreviation(r"\rho", sp.exp(-lam / 2), positive=True)
rest = Abbreviation("R", sp.sqrt(c / (c + rho**2)), positive=True)
variance = Abbreviation(r"\mathrm{Var}", c / (c + rho**2), positive=True)
kernel = Abbreviation("k", rho * rest / 2, positive=True)
d.chain(
    "over-noise-of-a-gaussian",
    kernel / sp.sqrt(variance),
    (
        rho / 2,
        "$e^{-\\lambda/2}$ at every level, up to a factor",
    ),
    rests_on=["flow/gaussian-kernel", "one-for-both/pull", "weightings/circle"],
)

# %% [markdown]
# On the cosine schedule that is the plain squared error of $v$, and on straight lines flow matching, at uniform times ([](08_weightings)): with it every level's noise pulls at $\hat\epsilon$ as its kernel. That this helps samples is a guess.

# %% [markdown]
# ## The weightings

# %%
import torch
from IPython.display import Markdown

from companion import profiles, runs
from companion.chapters.weightings_from_kernels import (
    answers,
    asked,
    claims,
    compared,
    figures,
    fronts,
    grid,
    measured,
    pilots,
    results,
    sentences,
)
from companion.evidence import style
from companion.evidence.artifacts import Artifacts
from companion.evidence.excess import SAME
from companion.runs import plane

torch.set_num_threads(1)  # the same sums in the same order, whatever the machine is doing
style.use()
artifacts = Artifacts("25_weightings_from_kernels", profile)
active = profiles.get(profile)
budget = active.pick(quick=results.QUICK, standard=results.STANDARD, paper=results.PAPER)

# %%
levels_of = measured.table()
used = levels_of[levels_of["dataset"].isin(grid.datasets(active))]
artifacts.figure(
    figures.of_pilots(used),
    "kernel_weightings_pilots",
    **figures.of_pilots_shown(used),
    seeds=pilots.SEEDS, n=measured.POINTS,
)  # fmt: skip

# %%
artifacts.figure(
    figures.over_levels(grid.datasets(active)),
    "kernel_weightings_levels",
    **figures.over_levels_shown(grid.datasets(active)),
    seeds=pilots.SEEDS, n=measured.PATHS,
)  # fmt: skip

# %%
Markdown(sentences.shapes(grid.datasets(active)))

# %% [markdown]
# Which runs there are must be known before one is trained, so the numbers behind the weights are kept with the book, pinned by their checksum, and made again here, from exact paths and the same pilots:

# %%
trained = runs.get(grid.grid(active))
again = measured.made(
    {pilot: trained[grid.pilot_name(pilot)].denoiser for pilot in grid.pilot_keys(active)},
    paths=budget.paths,
    steps=budget.walk,
    points=budget.held_out,
    knots=measured.KNOTS[:: budget.knots],
)
off = measured.deviations(levels_of, again)
artifacts.table(
    off,
    "kernel_weightings_kept",
    **measured.DEVIATIONS_SHOWN,
    seeds=pilots.SEEDS, n=budget.held_out, tolerance=SAME, negligible=SAME,
)  # fmt: skip

# %%
Markdown(
    f"{sentences.kept(off, profile)} {sentences.uncertain(again, budget.paths)} {sentences.cap(again)}"
)

# %% [markdown]
# ## Both axes
#
# Networks, data, steps, noise levels and sampler are those of [](19_equal_footing); only the weight differs. Excess is the nats that the bound is above the exact floor, whatever the network was trained on; samples are compared with those of the exact denoiser from the same noise.

# %%
denoisers = {key: trained[grid.name(key)].denoiser for key in grid.keys(active)}
levels = results.by_level(denoisers, budget)
networks = results.networks(levels, results.of_samples(denoisers, budget)).merge(
    results.mechanism(levels, levels_of), on=results.MODEL
)
seeds = grid.seeds(active)
provenance = {"seeds": [*seeds], "n": budget.samples, "tolerance": SAME}
Markdown(
    sentences.population(
        networks, plane.plan(active).steps, budget.points, budget.samples, budget.steps
    )
)

# %%
cells, spreads = fronts.cells(networks, budget.draws), fronts.spreads(networks)
artifacts.figure(
    figures.plane(cells, spreads, near=True),
    "kernel_weightings_plane",
    **figures.plane_shown(cells, len(seeds)),
    **provenance,
)

# %%
artifacts.figure(
    figures.plane(cells, spreads, near=False),
    "kernel_weightings_whole",
    **figures.whole_shown(cells),
    **provenance,
)

# %%
Markdown(f"{sentences.fronts(cells)}\n\n{sentences.ellipses(spreads)}")

# %%
artifacts.table(
    cells,
    "kernel_weightings_cells",
    caption=sentences.cells_caption(len(seeds), budget.samples, budget.steps, budget.draws),
    **fronts.CELLS_SHOWN,
    **provenance,
)

# %% [markdown]
# ## Does one weighting win both?
#
# A cell, a target with a weighting, is below all eight on both axes only if it is below each of them on each axis of each data set: the largest of the $p$ values counts, and nothing has to be chosen. To compare with a *best of eight* that was chosen on the same seeds would be another test: its luck in being chosen would make *below* harder to show, and *above* too easy.

# %%
dominance = compared.dominance(networks)
artifacts.table(
    dominance,
    "kernel_weightings_dominance",
    **compared.DOMINANCE_SHOWN,
    **provenance,
)

# %%
Markdown(sentences.winners(dominance, compared.power(networks)))

# %% [markdown]
# ## What each derivation promised

# %%
pairs = compared.pairs(networks)
artifacts.table(
    compared.pairs_in_words(pairs),
    "kernel_weightings_pairs",
    caption=sentences.pairs_caption(len(seeds)),
    **compared.PAIRS_SHOWN,
    **provenance,
)

# %% [markdown]
# The theory has a premise: training can lower the error of one level at the cost of others. Did it? First, is the loss under a weight lower in the network that was trained on it than in the one trained on the bound? For $k/e$, and only if networks under the bound have the pilots' errors, does $\int k\, e$ then have to be lower; for other weights nothing says so. And only if first order is right do samples have to follow.

# %%
ratios = asked.over_bound(networks)
artifacts.figure(
    asked.asked(ratios),
    "kernel_weightings_asked",
    **asked.asked_shown(ratios, len(seeds)),
    **provenance,
)

# %%
slopes = results.elasticity(levels, [n for n in grid.weightings(active) if n != plane.BOUND])
where = answers.shifted(levels, levels_of, "v")
Markdown(
    f"{answers.premise(networks)}\n\n{answers.followed(networks)} {where}\n\n{answers.noisy_end(levels, levels_of)}"
)

# %%
artifacts.table(slopes, "kernel_weightings_elasticity", **asked.ELASTICITY_SHOWN, **provenance)

# %%
Markdown(answers.elastic(slopes))

# %% [markdown]
# ## What the rules say
#
# Case by case; [](99_verdicts) has rules, numbers and intervals.

# %%
Markdown(
    claims.verdicts({"kernel_weightings_dominance": dominance, "kernel_weightings_pairs": pairs})
)

# %% [markdown]
# :::{admonition} Trap: a loss that falls below zero
# :class: warning
# Under learned uncertainty a training loss can become, and stay, negative; a user of one repository asked whether that is normal ([mtan#51](https://github.com/lorenmt/mtan/issues/51)). It is: at its least it is $1 + \log \ell$ ({eq}`eq-one-for-both-uncertainty`), and has no floor. It says nothing of which network is better, and cannot be compared between weightings. The excess can.
# :::
#
# ## What this does and does not show
#
# - Small networks, in the plane, trained for a short time, at one rate that was tuned for none of the weightings. A weighting is judged with its effect on optimisation, not apart from it.
# - Kernels of other data need an exact denoiser, which nobody has for images. Of Gaussian data they are in closed form, and towards clean data $k$ tends to $\frac12 e^{-\lambda/2}$ wherever the log-density has bounded second derivatives ([](16_likelihood_and_samples)).
# - Errors of pilots are those of networks of $v$ under the bound, at the end of a training of their own length. Networks of $\epsilon$ were given the same weights; a weight from their own errors was not tried, nor a second round of pilots.
# - The uncertainty weighting is the fixed point that pilots point to, given from the start, and not learned along the way.
# - Levels are drawn evenly in the log-SNR, so a weight changes the size of a level's gradient and not how often it is seen. To draw levels as often as they weigh is the same objective with other noise ([](22_estimates)).
# - Ellipses take the seeds of a cell as a sample of trainings. Cells share seeds, hence data and first weights: paired tests see more than ellipses that overlap.
#
# ## Exercises
#
# **1.** Data $\N(0, c)$ and an exact denoiser. Levels push independently, so the weight is $k^2$, and it is to be combined with uncertainty: $k^2/\ell$. Which loss is that?

# %% tags=["derivation", "solution"]
d.chain(
    "squared-over-loss",
    kernel**2 / variance,
    (
        rho**2 / 4,
        "$e^{-\\lambda}$: the plain squared error of $x$, at levels that are even in the log-SNR",
    ),
    rests_on=["flow/gaussian-kernel", "one-for-both/independent", "one-for-both/uncertainty"],
)

# %% [markdown]
# ## Sources
#
# Learned uncertainty is that of {cite:t}`kendall2018`, for noise levels that of {cite:t}`karras2024`; that a score matching loss bounds $W_2$ was shown by {cite:t}`kwon2022`. The objectives that weightings are compared with are those of {cite:t}`kumar2025`, without their guards. That losses above a function that touch it can be lowered in its place is an old device of statistics, *majorise and minimise*.
