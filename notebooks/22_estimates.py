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
# # What a likelihood costs
#
# **Question.** The bound is an average over data, noise and noise levels. How many evaluations of a network does it take to know it, and what makes them fewer?
#
# **Assumed.** The diffusion term $L_\infty = \frac12 \int \E \|\epsilon - \hat\epsilon\|^2\, d\lambda$ between log-SNRs of $-12$ and $12$ ([](03_nelbo_in_x)), the study's four data sets with their exact denoisers, and one network of $v$, trained on the bound of the rings, from [](19_equal_footing).
#
# **Method.** Four choices change the variance of an estimate and not its mean: at which noise levels, how evenly points are spread, what of known mean is subtracted, and how one knows the error. The *naive* estimator draws uniform times and independent points, and subtracts
# nothing. Two estimators are compared by the evaluations that they need for the same standard error, that is, by the variance of one evaluation.

# %% tags=["parameters"]
profile = "standard"

# %%
import pandas as pd
import torch
from IPython.display import Markdown

from companion import profiles, runs
from companion.chapters.estimates import captions, figures, grid, results, sentences
from companion.evidence import style
from companion.evidence.artifacts import Artifacts
from companion.evidence.excess import SAME

torch.set_num_threads(1)  # the same sums in the same order, whatever the machine is doing
style.use()
artifacts = Artifacts("22_estimates", profile)
active = profiles.get(profile)
budget = active.pick(quick=results.QUICK, standard=results.STANDARD, paper=results.PAPER)

# %% tags=["derivation"]
import sympy as sp

from companion.derivation import (
    Abbreviation,
    Between,
    Derivation,
    Expectation,
    at_least,
)
from companion.derivation.vocabulary import alpha, eps, function, sigma, symbol, t, x

d = Derivation("estimates", title="What a likelihood costs")

# %% [markdown]
# ## Any density will do
#
# Draw the log-SNR from a density $p(\lambda) > 0$ and divide what is found there by it. Let $f(\lambda)$ be the mean of $\frac12 \|\epsilon - \hat\epsilon\|^2$ at a level, and $g = f/p$. The mean of the estimate is the integral from $a$ to $b$, whatever $p$ is:

# %% tags=["derivation"]
lam = symbol("lam", r"\lambda")
a, b = symbol("a"), symbol("b")
f, p = function("f", positive=True), function("p", positive=True)
estimate = Abbreviation("g", f(lam) / p(lam), positive=True)
d.chain(
    "unbiased",
    sp.Integral(p(lam) * estimate, (lam, a, b)),
    (sp.Integral(f(lam), (lam, a, b)), "the density cancels: it must be positive, and known"),
)

# %% [markdown]
# ## Uniform times meet the clean end
#
# On the cosine schedule $t$ changes with $\lambda$ at the rate $1/(2\pi \cosh(\lambda/2))$, so that is the density of the log-SNR at uniform times ([](08_weightings)). Squared and averaged, an estimate has $m(\lambda)/p(\lambda)$ in it, where $m$ is the mean square of $\frac12\|\epsilon - \hat\epsilon\|^2$.
# Near clean data no denoiser can tell the noise: $\hat\epsilon \approx 0$, and $m$ is the constant $\frac14 \E \|\epsilon\|^4 = d\,(d + 2)/4$. From there up to $\lambda = \ell$:

# %% tags=["derivation"]
m, ell = symbol("m", positive=True), symbol("ell", r"\ell", positive=True)
d.chain(
    "second-moment",
    sp.Integral(2 * sp.pi * sp.cosh(lam / 2) * m, (lam, 0, ell)),
    (
        4 * sp.pi * m * sp.sinh(ell / 2),
        "it grows as $e^{\\ell/2}$: without an end, the variance is infinite",
    ),
)

# %% [markdown]
# The error of a *sample variance* depends on the fourth moment, $n/p^3$ with the mean fourth power $n$:

# %% tags=["derivation"]
n = symbol("n", positive=True)
d.chain(
    "fourth-moment",
    sp.Integral((2 * sp.pi * sp.cosh(lam / 2)) ** 3 * n, (lam, 0, ell)),
    (
        16 * sp.pi**3 * n * (sp.sinh(ell / 2) + sp.sinh(ell / 2) ** 3 / 3),
        "it grows as $e^{3\\ell/2}$, faster than the square of the second moment",
    ),
)

# %%
trained = runs.get(grid.grid(active))
of_model = results.models(trained[grid.NAME].denoiser)
spectra = results.spectra(of_model, budget)
base = results.naive(spectra)
by_level = {"n": budget.points * budget.scrambles, "seeds": [0], "tolerance": SAME}
artifacts.table(base, "estimates_naive", **captions.naive_shown(budget), **by_level)

# %%
Markdown(sentences.settles(base))

# %% [markdown]
# ## The best density
#
# Which density has the least variance? Take two strata of levels, with shares $\omega$ and $1 - \omega$ of the points, and write $s_1$ and $s_2$ for the standard deviation in each, times its width. The variance of the estimate, times the number of points, is the left side below:

# %% tags=["derivation"]
omega = symbol("omega", r"\omega", positive=True)
s_1, s_2 = symbol("s_1", positive=True), symbol("s_2", positive=True)
d.chain(
    "two-strata",
    s_1**2 / omega + s_2**2 / (1 - omega),
    (
        at_least((s_1 + s_2) ** 2, equality={omega: s_1 / (s_1 + s_2)}),
        "the gap is a square, $(s_1 - \\omega (s_1 + s_2))^2$ over $\\omega (1 - \\omega)$",
    ),
    domain=Between(omega, 0, 1),
    cites="Neyman (1934)",
)

# %% tags=["derivation"]
d.prose(
    "best-density",
    "Of points in narrow strata the density of least variance is in proportion to the standard deviation of the integrand at a level. Of independent points it is in proportion to the root of its mean square.",
    "With many narrow strata the variance is $\\int s^2/p\\, d\\lambda$ with the deviation $s$ at a level, and by the inequality of Cauchy and Schwarz $(\\int s\\, d\\lambda)^2 \\le \\int s^2/p\\, d\\lambda \\int p\\, d\\lambda$, with equality where "
    "$s/p$ is constant. Two strata are the case above. Independent points have $\\int m/p\\, d\\lambda$, less a constant: the same with $\\sqrt m$ in the place of $s$.",
    rests_on=["estimates/two-strata"],
    cites="Neyman (1934)",
)

# %% [markdown]
# Neither is known beforehand, so a *pilot* looks: a few evaluations at each of some equally spaced levels. The density is linear between them, so its quantile function is exact. A tenth of it is uniform, so that no level is left out because a few points happened to agree there: no weight is more than ten times that of even levels
# {cite:p}`hesterberg1995`. Its points are not used again, and the estimate stays unbiased.
#
# ## Subtract what is known
#
# The best linear guess of the noise, for data of mean 0 and variance 1, is $\sigma_t z_t/(\alpha_t^2 + \sigma_t^2)$. Its error at one $x$, averaged over the noise, has a closed form. In one dimension:

# %% tags=["derivation"]
total = alpha(t) ** 2 + sigma(t) ** 2
z = Abbreviation("z_t", alpha(t) * x + sigma(t) * eps)
d.chain(
    "linear-guess",
    Expectation((eps - sigma(t) * z / total) ** 2, eps),
    (
        alpha(t) ** 2 * (alpha(t) ** 2 + sigma(t) ** 2 * x**2) / total**2,
        "the guess leaves $\\alpha_t (\\alpha_t \\epsilon - \\sigma_t x)$ over $\\alpha_t^2 + \\sigma_t^2$",
    ),
    torch="companion.chapters.estimates.counterparts.mean_linear_error",
)

# %% [markdown]
# The error less this mean averages to zero for every $x$, whatever the data. Near clean data it is nearly all that the error of a good denoiser varies by, and near pure noise too. `diffcore.nelbo` subtracts $\alpha_t^2 (\|\epsilon\|^2 - d)$, a multiple of its first part $\alpha_t^4 (\|\epsilon\|^2 - d)$.
#
# ## Spread points evenly
#
# An evaluation on 2-D data takes six uniform numbers: the quantile of the level, three of the data (which mode or where on a curve, and two of the spread about it), two of the noise. Independent points leave gaps and make heaps. *Strata* put one point into each of equal intervals of the first number, a *Latin hypercube* {cite:p}`mckay1979` of every number. *Sobol* points are even in all boxes at once, and
# a random scramble makes each of them uniform {cite:p}`owen1997`. The one of PyTorch is a random linear scramble with a random digital shift {cite:p}`matousek1998`:

# %% tags=["derivation"]
d.prose(
    "scrambled",
    "The mean over scrambled points is unbiased, and the spread of independent scrambles is an honest measure of its error.",
    "Each point is uniform in the cube, so each term of the mean has the integral as its expectation, however the points depend on each other. Means over independent scrambles are independent and have one law. So their average has the standard error that the spread of $R$ of them shows: "
    "the square of that is unbiased.",
    rests_on=["estimates/unbiased"],
    cites="Owen (1997)",
)

# %%
artifacts.figure(
    figures.by_level(of_model, spectra), "estimates_by_level", **figures.BY_LEVEL_SHOWN, **by_level
)

# %% [markdown]
# ## What each choice brings

# %%
variances = pd.concat(
    [results.by_quadrature(of_model, spectra), results.measured(of_model, budget)]
)
found = results.factors(variances, base)
of_pilots = budget.pilots * budget.replicates
provenance = by_level | {"n": budget.n * of_pilots, "seeds": [0, 1, 2]}
caption = "Variance of one evaluation (nats squared) and factor, with intervals, of every method."
saved = artifacts.table(found, "estimates_factors", caption=caption, **provenance)
artifacts.figure(
    figures.steps(found), "estimates_steps", **figures.steps_shown(found), **provenance
)

# %%
table = results.side_by_side(found)
artifacts.table(
    table, "estimates_side_by_side", **captions.shown(budget, list(of_model)), **provenance
)

# %%
Markdown(f"{sentences.gains(found)}\n\n{sentences.sobol_alone(found)}")

# %%
Markdown(sentences.trained_density(found))

# %%
Markdown(sentences.oracle(found))

# %% [markdown]
# In code, times, points and what is subtracted are the default, and the law of the data is given by its quantiles. Value and standard error are in nats:

# %%
import diffcore as dc

rings = dc.exact.rings()
one, zero = torch.ones((), dtype=torch.float64), torch.zeros((), dtype=torch.float64)
data = dc.estimates.Data(lambda u: rings.noised(u, one, zero).float(), 1 + rings.dim, (rings.dim,))
whole = dc.mean_nelbo(trained[grid.NAME].denoiser, data, torch.Generator().manual_seed(0))
whole

# %%
Markdown(sentences.whole_bound(base, float(whole.value)))

# %%
of_rows = results.factors(results.over_rows(of_model[results.NET], budget), base)
Markdown(sentences.of_rows(found, of_rows, results.ROWS))

# %% [markdown]
# :::{admonition} Trap: a small sample error of a heavy tail
# :class: warning
# The naive estimator often reports a small standard error. Few large values near clean data carry its variance, and a short sample has none of them. The mean is then too small as well: a bound that looks better than it is.
# :::
#
# ## What this does and does not show
#
# - Factors are for 2-D data. What subtraction and a pilot bring does not rest on that; what Sobol points bring falls with the number of dimensions that matter.
# - They are for the bound between these ends. With a wider range the naive estimator gets worse without end.
# - The gain of Sobol points grows with the number of points. Factors are for the number in the captions.
# - A pilot is drawn at random too. Intervals of measured factors are over independent pilots, by Student's *t*; a single one has a factor of its own. The intervals were corrected after a review, when the results were known: before, they were of one pilot, by chi-squared.
# - Factors of the table are for data that are drawn by their quantiles, not for the rows of a tensor.
# - These are evaluations, not seconds. One takes the same time in all methods but the last row's.
#
# :::{admonition} Exercise: is it better to use the pilot's points as well?
# :class: dropdown
# The pilot has evaluated the integrand. Why not add its points to the estimate?
#
# *Solution.* The density depends on them. Where the pilot happened to find little variation few points are put, so that its own values and the weights of the others are no longer independent. A separate estimate from the pilot alone is unbiased, and could be averaged in by a weight that was fixed before: here its share of the
# evaluations is small, and so is what there is to win.
# :::
#
# ## Sources
#
# Allocation by standard deviations: {cite:t}`neyman1934`; densities mixed with a safe one: {cite:t}`hesterberg1995`; Latin hypercubes: {cite:t}`mckay1979`; scrambled points and their error: {cite:t}`owen1997`; the linear scramble and shift: {cite:t}`matousek1998`; log-SNRs, low-discrepancy times and the invariance to the density: {cite:t}`kingma2021`. The
# derivations are our own.
