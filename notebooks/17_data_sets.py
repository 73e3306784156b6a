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
# # The data, and how noise destroys them
#
# **Question.** What are the study's four 2-D data sets, and how fast does noise destroy them? The study's toolbox answers with histograms of samples. The densities are known, so here both answers stand side by side.
#
# **Assumed.** The study's cosine schedule, $\alpha_t^2 + \sigma_t^2 = 1$. Its data sets as exact mixtures of Gaussians, standardised: mean 0 and variance 1 in each coordinate. Nothing is trained here.
#
# **Method.** Each measure of the study is computed by its definition on fresh draws, as many points as it uses, and again. Beside it stands what its label promises: the same distance between the distributions themselves, of both coordinates together.

# %% tags=["parameters"]
profile = "standard"

# %%
import torch
from IPython.display import Markdown

from companion import profiles
from companion.chapters.data_sets import captions, entropy, figures, results, schedules, sentences
from companion.evidence import style
from companion.evidence.artifacts import Artifacts

torch.set_num_threads(1)  # the same sums in the same order, whatever the machine is doing
style.use()
artifacts = Artifacts("17_data_sets", profile)
budget = profiles.get(profile).pick(
    quick=results.QUICK, standard=results.STANDARD, paper=results.PAPER
)

# %% tags=["derivation"]
import sympy as sp

from companion.derivation import (
    KL,
    Abbreviation,
    Between,
    Derivation,
    Expectation,
    Normal,
    VariancePreserving,
    Where,
)
from companion.derivation.vectors import dim
from companion.derivation.vocabulary import alpha, eps, function, sigma, symbol, t, x

d = Derivation("corruption", title="The data, and how noise destroys them", rests_on=["score"])

# %% [markdown]
# ## Four data sets

# %%
known, estimates = results.entropies(budget)
drawn = {name: entropy.draw(name, budget.shown, 0).numpy() for name in figures.LOOKS}
artifacts.figure(figures.points(drawn), "data_points", **captions.points(drawn))

# %%
artifacts.table(known, "data_sets", **sentences.known_shown(budget))

# %% [markdown]
# The differential entropy is $-\E \log p(x)$, for data with density $p$. Of all data with these means and variances, $\N(0, I)$ has the most. The exact values are averages of the exact $\log p$. The next column knows no density: it uses the distances to near neighbours alone, whose bias falls slowly with the number of points.

# %%
Markdown(sentences.entropies_agree(known))

# %% [markdown]
# ## Noise

# %%
count = budget.shown // 4
grid = results.grid(budget, results.SHOWN_TIMES, count)
artifacts.figure(
    figures.forward(*grid), "data_with_noise", **captions.forward(grid.divergence, count)
)

# %% [markdown]
# Under each panel stands the Kullback–Leibler divergence $\KL(q_t \,\|\, \N(0, I))$ of the exact density $q_t$ of the noisy data. How it falls follows from what the book has proved. The variance stays 1, so the divergence is the entropy of $\N(0, I)$ less that of $z_t$, and the latter is the information $I$ that $z_t$ has about $x$, and the entropy of the noise:

# %% tags=["derivation"]
lam, told = symbol("lam", r"\lambda"), function("I")
mmse = Abbreviation(r"\mathrm{mmse}_\epsilon", 2 * sp.Derivative(told(lam), lam))
per_unit = 2 * sp.pi * sp.E
share = Abbreviation(r"\alpha^2", sp.exp(lam) / (1 + sp.exp(lam)), positive=True)
of_z = told(lam) + dim / 2 * sp.log(per_unit * (1 - share))
d.chain(
    "rate",
    sp.Derivative(dim / 2 * sp.log(per_unit) - of_z, lam),
    (
        (dim * share - mmse) / 2,
        "$\\alpha^2 = e^\\lambda/(1 + e^\\lambda)$; the information grows at half the error of $\\epsilon$",
    ),
    rests_on=["score/information-in-log-snr"],
)

# %% [markdown]
# In $d$ dimensions, $d\, \alpha^2$ is the least error of $\epsilon$ for $\N(0, I)$. So per unit of log-SNR noise takes from the divergence half of what the data's error falls short of a Gaussian's. That is an exact *rate of corruption*:

# %%
rates = results.rates(budget)
artifacts.figure(figures.rates(rates), "corruption_exact", **captions.rates(rates, budget))

# %%
Markdown(sentences.where_structure_goes(rates))

# %% [markdown]
# ## The study's measures
#
# Its toolbox compares 10,000 noisy points with Gaussian draws, at a hundred times. Two of its measures *pool* both coordinates: 10,000 points become 20,000 numbers. One is the Hellinger distance $H$ of two histograms of 100 bins, the other the Wasserstein distance $W_1$. Its bars are for ranges of ten times each. A third, the sliced Wasserstein distance with 50 random directions, sees both coordinates; it has ten times, and its bars are the changes between neighbours.
#
# The functions are in `code/utils.py` of the study's repository, lines 277 to 374 for the two pooled measures and 411 to 492 for the sliced one. The notebooks there do not call them, and the former look for a data set under a name that the notebooks spell otherwise, so that as shipped they would stop with a `KeyError`.

# %% tags=["derivation"]
d.prose(
    "pooled",
    "The pooled numbers of many points have the density $\\frac12 (q_1 + q_2)$, the average of those of both coordinates. No measure of them can tell data from the same data with their coordinates shuffled.",
    "Half of the numbers are first coordinates, half second ones. Shuffled coordinates are the same numbers.",
)

# %% tags=["derivation"]
d.prose(
    "ends",
    "A bar of ten neighbouring times is the last distance less the first, without its sign, over ten. The eight between do not enter, and neither does what happens between the last time of a range and the first of the next.",
    "The code adds up differences of neighbours, which cancel, before it takes the sign away.",
)

# %% [markdown]
# Two closed forms are what the code of this chapter is tested against. Of $\N(0, b^2)$ and $\N(0, 1)$ the overlap $1 - H^2$ is

# %% tags=["derivation"]
z, b = symbol("z"), symbol("b", positive=True)
d.chain(
    "hellinger",
    sp.Integral(sp.sqrt(Normal(z, 0, b**2) * Normal(z, 0, 1)), (z, -sp.oo, sp.oo)),
    (sp.sqrt(2 * b / (1 + b**2)), "a Gaussian integral: precisions are averaged"),
)

# %% [markdown]
# and for $b < 1$ their distance $W_1$ is, with numbers matched in their order, which here means $bz$ with $z$:

# %% tags=["derivation"]
d.chain(
    "in-order",
    2 * sp.Integral((1 - b) * z * Normal(z, 0, 1), (z, 0, sp.oo)),
    ((1 - b) * sp.sqrt(2 / sp.pi), "both halves alike"),
)

# %% [markdown]
# How much pooling loses is easy to see on Gaussian data that are no noise at all. Let both coordinates be $\N(0, 1)$, with correlation $\rho$. Every pooled measure is zero, at every time, and so the bars say that nothing is left to destroy. The divergence of the first coordinate, given the second, is there all the same:

# %% tags=["derivation"]
z_1, z_2, rho = symbol("z_1"), symbol("z_2"), symbol("rho", r"\rho")
given = Normal(z_1, rho * z_2, 1 - rho**2)
d.chain(
    "unseen",
    Expectation(KL(given, Normal(z_1, 0, 1)), Normal(z_2, 0, 1)),
    (-sp.log(1 - rho**2) / 2, "nats that no measure of pooled coordinates sees"),
    domain=Between(rho, -1, 1),
    rests_on=["corruption/pooled"],
)

# %% [markdown]
# For any data it splits in that way: with $q_1$ and $q_2$ for the densities of the coordinates, and $n_1$, $n_2$ for those of the noise,

# %% tags=["derivation"]
q, q_1, q_2, n_1, n_2 = (symbol(name, positive=True) for name in ("q", "q_1", "q_2", "n_1", "n_2"))
d.chain(
    "split",
    sp.log(q / (n_1 * n_2)),
    (
        sp.log(q / (q_1 * q_2)) + sp.log(q_1 / n_1) + sp.log(q_2 / n_2),
        "averaged over $q$: what one coordinate tells of the other, and what each is from noise",
    ),
)

# %%
samples = results.published(budget)
exactly = results.distributions(budget)
artifacts.figure(
    figures.distances(exactly, samples),
    "corruption_distances_drawn",
    **captions.distances(exactly, samples, budget),
)

# %% [markdown]
# What is left if the coordinates are shuffled?

# %%
artifacts.table(
    results.shuffled(exactly), "corruption_shuffled", **sentences.shuffled_shown(budget)
)

# %%
Markdown(f"{sentences.unseen(exactly)}\n\n{sentences.histograms(exactly, samples)}")

# %% [markdown]
# ## The bars

# %%
bars = results.bars(samples, exactly, results.sliced())
saved = artifacts.table(bars, "corruption_bars", **sentences.bars_table_shown(budget))
artifacts.figure(figures.bars(bars), "corruption_bars_drawn", **captions.bars(bars, budget))

# %%
Markdown(f"{sentences.first_range(bars)}\n\n{sentences.told_apart(bars)}")

# %% [markdown]
# *Undecided* says that these draws do not tell. Their number was set by running time, when results were known, and fewer draws tell fewer pairs apart.
#
# The sliced distance does see the joint density: a distribution in the plane is known from its projections. But it is a distance in space. It is small wherever little has to move, however sharp the structure that is lost, and the noise of 10,000 points hides it early. Between it and the distance $W_2$ of the joint densities stands a factor of at least $\sqrt 2$:

# %% tags=["derivation"]
d.prose(
    "slices",
    "In $d$ dimensions $\\sqrt d$ times the sliced distance is never above $W_2$.",
    "Pair the points as is best for $W_2$. Projected, these pairs cost no less than the best pairs of that projection, and over all directions a squared length is $d$ times the mean of its squared projections.",
    rests_on=["weightings/independent-strata"],
)

# %% [markdown]
# and above both stands what the process itself does, which pairs $z_t$ with the noise that is in it. In each dimension that costs

# %% tags=["derivation"]
a, c = alpha(t), sigma(t)
d.chain(
    "pairing",
    Expectation((a * x + c * eps - eps) ** 2, Normal(x, 0, 1), eps),
    (2 * (1 - c), "only the variance of $x$ enters, so it is so for all standardised data"),
    domain=VariancePreserving(alpha, sigma),
)

# %% [markdown]
# ## Entropy
#
# The toolbox fits a mixture of Gaussians with scikit-learn, 5 of them where it compares data sets and 50 by default, and sums $-p \log p$ of the fit over a grid of 1,000 by 1,000 points on the box of the data. Its error has three parts, which add up: the fit, what lies outside the box, and the spacing. The last is exact: each side $r$ of the box is divided by $m$, and the grid has $m - 1$ gaps.

# %% tags=["derivation"]
r_1, r_2 = (symbol(name, positive=True) for name in ("r_1", "r_2"))
m = symbol("m", positive=True)
d.chain(
    "spacing",
    r_1 / m * r_2 / m,
    (
        (1 - 1 / m) ** 2 * (r_1 / (m - 1)) * (r_2 / (m - 1)),
        "so the sum is too small by this factor",
    ),
    domain=Where(sp.Gt(m, 2)),
)

# %%
artifacts.table(estimates, "entropy_estimates", **sentences.estimates_shown(budget))

# %%
artifacts.figure(
    figures.entropies(known, estimates),
    "entropy",
    **captions.entropies(known, estimates, budget),
)

# %%
Markdown(sentences.entropy_errors(known, estimates))

# %% [markdown]
# Five Gaussians are enough for four clusters. They cannot follow a curve, and lay wide blobs over it, whose entropy is that of the blobs.
#
# ## Schedules
#
# One more figure of the study needs no training: the log-SNR of three schedules, $\beta$ linear in time, the cosine with the offset of improved DDPM {cite:p}`nichol2021`, and one that lets the variance explode. Here they are with the one that its networks are trained with, the cosine without an offset.

# %%
artifacts.figure(figures.schedules(schedules.log_snrs()), "schedules", **captions.schedules())

# %%
Markdown(sentences.schedules(schedules.summed_beta()))

# %% [markdown]
# The rows of one integral do not care: in the log-SNR all of these are the same process ([](08_weightings)). What a schedule decides is how much time is spent at each noise level.
#
# :::{admonition} Trap: a bar chart without a zero
# :class: warning
# A distance between two samples of the same distribution is not zero. A rate that is made of such distances, with its sign taken away, is never negative, so it looks like a small rate where there is none. Draw the data again, and draw noise in their place: what remains is the zero of the chart.
# :::
#
# ## What this does and does not show
#
# - The study states nothing about corruption rates or entropies that we know of, and its notebooks do not call these functions. What is judged in [](99_verdicts) is what a reader of such figures would take from them.
# - The rates are of the study's schedule. In the log-SNR they belong to the data.
# - The Hellinger distance, the divergence and the Wasserstein distance ask different questions of the same density. None of them is *the* rate of corruption; the rate of the divergence is the one that enters the likelihood.
# - The data are the exact mixtures, standardised by their own moments, drawn afresh. The study's are one draw, standardised by its sample; its split into train and test, which repeats points, is the subject of [](05_published_numbers).
# - The code was read, not run: its definitions are written anew here.
#
# :::{admonition} Exercise: a data set for which the bars are empty
# :class: dropdown
# Find data that are far from $\N(0, I)$ at every time below 1, of which the two pooled measures say nothing. Which of the study's measures notices?
#
# *Solution.* Correlated coordinates, each $\N(0, 1)$, as above. The noise takes the correlation from $\rho$ to $\rho\, \alpha_t^2$, so the divergence is $-\frac12 \log(1 - \rho^2 \alpha_t^4)$. The sliced distance notices: along the diagonal the variance is $1 + \rho\, \alpha_t^2$, not 1.
# :::
#
# ## Sources
#
# The definitions are those of the published code of {cite:t}`kumar2025`. The rate of information is {cite:t}`guo2005`, as proved in [](07_score_matching). The entropy by near neighbours is an estimate of Kozachenko and Leonenko (1987), known to us from SciPy's and other libraries' documentation.
