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
# # How tight is a bound?
#
# **Question.** A loss that bounds the likelihood can be far from it. Where does the slack come from, and what makes it smaller?
#
# **Assumed.** The bound of [](03_nelbo_in_x): prior, reconstruction, and for each of $T$ steps a divergence of Gaussians, the diffusion loss $L_T$. Its limit for infinitely many steps is $L_\infty$, half the integral of the error of $\hat x$ over the SNR.
# Derivations are for one dimension, unless $d$ is named.

# %% tags=["parameters"]
profile = "standard"

# %% tags=["derivation"]
import sympy as sp

from companion.derivation import (
    KL,
    Abbreviation,
    Between,
    Density,
    Derivation,
    Domain,
    Expectation,
    Falling,
    Normal,
    Ordered,
    at_least,
    at_most,
)
from companion.derivation.vocabulary import eps, function, i, s, sigma, symbol, t, x, z_s

d = Derivation("bounds", title="How tight is a bound?")

# %% [markdown]
# ## One inequality
#
# All bounds of this chapter come from one fact: the logarithm lies below its tangents, and meets each of them at one point only. For positive numbers $p$ and $q$:

# %% tags=["derivation"]
p, q = symbol("p", positive=True), symbol("q", positive=True)

d.chain(
    "tangent",
    q * sp.log(p / q),
    (at_most(p - q, equality={p: q}), "the tangent of $q \\log p$ at $p = q$"),
)

# %% tags=["derivation"]
d.prose(
    "jensen",
    "Jensen: $\\E \\log y \\le \\log \\E y$ for a positive random $y$, with equality only if $y$ does not vary. And $\\E_q \\log \\frac pq \\le 0$ for two densities, with equality only if they are one.",
    "For the first take $p = y$ and $q = \\E y$, divide by $q$ and average. For the second take the densities at a point, and integrate: the right side gives $1 - 1$. "
    "The gap is positive wherever $p \\ne q$, so it averages to zero only if they agree almost everywhere.",
    rests_on=["bounds/tangent"],
)

# %% [markdown]
# So the NELBO equals $-\log p(x)$ only if $q(z_{0:T}|x)$ is the model's own posterior. For a $y$ with two values, of probabilities $\omega$ and $1 - \omega$, Jensen's inequality can be checked as it stands:

# %% tags=["derivation"]
omega = symbol("omega", r"\omega", positive=True)
a_1, a_2 = symbol("a_1", positive=True), symbol("a_2", positive=True)

d.chain(
    "two-values",
    omega * sp.log(a_1) + (1 - omega) * sp.log(a_2),
    (
        at_most(sp.log(omega * a_1 + (1 - omega) * a_2), equality={a_1: a_2}),
        "the gap falls until $a_1 = a_2$, and rises from there",
    ),
    domain=Between(omega, 0, 1),
    rests_on=["bounds/jensen"],
)

# %% [markdown]
# ## The variance of a step
#
# The step back from $z_t$ to $z_s$ was given the variance $\sigma_Q^2$ of the posterior. Is that the best constant? Let it be $e^u$ instead, with any real $u$:

# %% tags=["derivation"]
from companion.derivation import vectors
from companion.derivation.vectors import VectorKL, VectorNormal, dim, mean_q, norm2
from companion.derivation.vocabulary import snr, var_q

u = symbol("log_variance", "u")
paid = (snr(s) - snr(t)) * norm2(vectors.x - vectors.x_hat) / dim
of_model = VectorNormal(vectors.z_s, mean_q(vectors.x_hat), sp.exp(u))

d.chain(
    "free-variance",
    VectorKL(vectors.posterior(), of_model),
    (
        dim / 2 * ((1 + paid) * var_q() * sp.exp(-u) + u - sp.log(var_q()) - 1),
        "unequal variances; the squared distance of means is $\\sigma_Q^2 (\\SNR(s) - \\SNR(t)) \\|x - \\hat x\\|^2$",
    ),
    domain=Ordered(s, t),
    rests_on=["nelbo-x/gaussian-kl", "nelbo-x/step"],
    torch="companion.chapters.bounds.results.divergence_of_step",
)

# %% [markdown]
# DDPM fixes a variance $v$ from the start, for which it names two candidates. In its letters $\beta_t = \sigma_{t|s}^2$ is the variance that a step adds, $\alpha_{t|s}^2 = 1 - \beta_t$ and $\sigma_t^2 = 1 - \bar\alpha_t$. The line below is the weight that it drops from its loss; with $v = \sigma_Q^2$ it is that of chapter 3.

# %% tags=["derivation"]
from companion.derivation.vocabulary import alpha, alpha_step, log_snr, var_step, z_t

fixed = symbol("fixed_variance", "v", positive=True)
noise, guess = (
    Abbreviation(latex, (vectors.z_t - alpha(t) * clean) / sigma(t))
    for latex, clean in ((r"\epsilon", vectors.x), (r"\hat{\epsilon}", vectors.x_hat))
)

d.chain(
    "ddpm-weight",
    norm2(mean_q() - mean_q(vectors.x_hat)) / (2 * fixed),
    (
        var_step() ** 2 / (2 * fixed * alpha_step() ** 2 * sigma(t) ** 2) * norm2(noise - guess),
        "$\\beta_t^2/(2 v\\, \\alpha_{t|s}^2 (1 - \\bar\\alpha_t))$ times the squared error",
    ),
    domain=Ordered(s, t),
    rests_on=["forward/mean", "targets/error-eps"],
    cites="Ho et al. (2020)",
)

# %% tags=["derivation"]
d.chain(
    "ddpm-weight-at-posterior",
    var_step() ** 2 / (2 * var_q() * alpha_step() ** 2 * sigma(t) ** 2),
    ((sp.exp(log_snr(s) - log_snr(t)) - 1) / 2, "put in $\\sigma_Q^2$: the weight of the bound"),
    domain=Ordered(s, t),
    rests_on=["bounds/ddpm-weight", "nelbo-x/step-in-eps"],
)

# %% [markdown]
# A scale $e^u$ that is chosen freely turns a loss $\ell$ into its logarithm. Losses of several tasks, or of several noise levels, are balanced by the same line {cite:p}`kendall2018,karras2024`.

# %% tags=["derivation"]
ell = symbol("ell", r"\ell", positive=True)

d.chain(
    "free-scale",
    sp.exp(-u) * ell + u,
    (at_least(1 + sp.log(ell), equality={u: sp.log(ell)}), "convex in $u$"),
    cites="Kendall, Gal & Cipolla (2018); Karras et al. (2024)",
)

# %% [markdown]
# Average over the data: $\|x - \hat x\|^2$ becomes its mean $r$, since the line is linear in it. With $\rho = (\SNR(s) - \SNR(t))\, r$, twice the cost of the step in chapter 3, and one variance for all $d$ dimensions:

# %% tags=["derivation"]
rho = symbol("rho", r"\rho", positive=True)
variance = symbol("var_Q", r"\sigma_Q^2", positive=True)

d.chain(
    "best-variance",
    dim / 2 * ((1 + rho / dim) * variance * sp.exp(-u) + u - sp.log(variance) - 1),
    (
        at_least(dim / 2 * sp.log(1 + rho / dim), equality={u: sp.log((1 + rho / dim) * variance)}),
        "the variance of the posterior, and the spread of its mean",
    ),
    rests_on=["bounds/free-variance", "bounds/free-scale"],
    cites="Bao et al. (2022), for the best variance",
)

# %% tags=["derivation"]
d.chain(
    "saving",
    dim * sp.log(1 + rho / dim),
    (
        at_most(rho, equality={rho: 0}),
        "less than $\\sigma_Q^2$ costs; as much, in the limit of small steps",
    ),
    rests_on=["bounds/tangent"],
)

# %% [markdown]
# For $x \sim \N(0, c)$ the error of the exact denoiser at the SNR $\gamma_1$ is $c/(1 + c \gamma_1)$, and a step from there to $\gamma_2$ costs

# %% tags=["derivation"]
c = symbol("c", positive=True)
gamma_1, gamma_2, gamma_3 = (symbol(f"gamma_{k}", rf"\gamma_{k}", positive=True) for k in (1, 2, 3))
rising = Domain(where=(sp.Gt(gamma_2, gamma_1),), words=("$\\gamma_1 < \\gamma_2$",))

d.chain(
    "gaussian-step",
    sp.log(1 + (gamma_2 - gamma_1) * c / (1 + c * gamma_1)) / 2,
    (
        sp.log((1 + c * gamma_2) / (1 + c * gamma_1)) / 2,
        "steps telescope: their sum is $L_\\infty$, for any number of steps",
    ),
    domain=rising,
    rests_on=["bounds/best-variance", "nelbo-x/gaussian-diffusion"],
    torch="companion.chapters.bounds.results.best_gaussian_step",
)

# %% [markdown]
# So for Gaussian data one step with the best variance is as good as infinitely many: its step back is Gaussian. For other data both bounds stay above $L_\infty$, the least that any step back can cost: by {eq}`eq-reweighted-compensation` a part of each divergence cannot be saved.
#
# ## Fewer steps, larger bound
#
# The error of the exact denoiser falls as the SNR rises (chapter 3, in words). How fast? Let $\alpha = 1$, and let $\nu = 1/\gamma$ be the variance of the noise. By [](07_score_matching) the error is $\nu - \nu^2 J$, and $x$ has the variance $\nu\, (1 + \nu\, \partial_z^2 \log q_\nu)$ given $z$, for any density $q(x)$ of the data.

# %% tags=["derivation"]
from companion.derivation.vocabulary import z

nu, data = symbol("nu", r"\nu", positive=True), function("q", positive=True)
spread = sp.Integral(data(x) * Normal(z, x, nu), (x, -sp.oo, sp.oo))
noisy = Abbreviation(r"{q}_\nu", spread, positive=True)
log_noisy, (first, second) = sp.log(noisy), (sp.Derivative(noisy, (z, k)) for k in (1, 2))
unsure = Abbreviation(r"\mathrm{Var}(x|z)", nu * (1 + nu * sp.Derivative(log_noisy, z, 2)))
ends = 3 * nu * first / 2 + nu**2 * (first * second / noisy - first**3 / (2 * noisy**2))

d.chain(
    "error-falls",
    sp.Derivative(nu * noisy - nu**2 * first**2 / noisy, nu),
    (
        unsure**2 / nu**2 * noisy - sp.Derivative(ends, z),
        "the variance in $z$ spreads like heat; what is left is a slope",
    ),
    domain=Density(data),
    rests_on=["score/heat", "score/variance", "score/duality"],
)

# %% [markdown]
# In $d$ dimensions the Fisher information is a sum over coordinates, and heat a sum over coordinates in which $q$ spreads. Take one of each, two different ones, all others held. Let $\psi = \partial_1 \log q$. As $q$ spreads along $z_2$ alone, $q \psi^2$ changes at the rate on the left:

# %% tags=["derivation"]
z_1, z_2 = symbol("z_1"), symbol("z_2")
noisy_at = function("noisy_at", r"{q}_\nu", positive=True)
q_two = Abbreviation("q", noisy_at(z_1, z_2), positive=True)
psi = Abbreviation(r"\psi", sp.Derivative(sp.log(q_two), z_1))
d.chain(
    "two-coordinates",
    psi * sp.Derivative(q_two, z_1, (z_2, 2)) - psi**2 / 2 * sp.Derivative(q_two, (z_2, 2)),
    (
        sp.Derivative(q_two * psi**2, (z_2, 2)) / 2 - q_two * sp.Derivative(psi, z_2) ** 2,
        "a slope, and minus the square of one entry of the second derivatives of $\\log q$",
    ),
    rests_on=["score/heat"],
)

# %% tags=["derivation"]
H = vectors.symmetric("H")
d.chain(
    "squared-covariance",
    vectors.Frobenius(nu * (sp.Identity(dim) + nu * H)) / nu**2,
    (
        dim + 2 * nu * vectors.trace(H) + nu**2 * vectors.Frobenius(H),
        "for the covariance $\\nu\\, (I + \\nu H)$ of $x$ given $z$, with $H$ the second derivatives of $\\log q$",
    ),
    rests_on=["score/covariance"],
)

# %% tags=["derivation"]
d.prose(
    "slope-of-the-error",
    "$\\frac{d}{d\\gamma} \\mathrm{mmse} = -\\E\\, \\|\\mathrm{Cov}(x|z)\\|_F^2$ for all data, in any dimension; on the line it is $-\\E\\, \\mathrm{Var}(x|z)^2$. The error stops falling only where nothing is left to guess.",
    "Integrate over $z$; slopes vanish at both ends. On the line the left side is $\\mathrm{mmse}'(\\nu)$. In $d$ dimensions add up all pairs of coordinates, those of one with itself as on the line: $J' = -\\E\\, \\|H\\|_F^2$. And $\\E\\, \\mathrm{tr}\\, H = -J$, so that "
    "the average of the last line is $d - 2 \\nu J - \\nu^2 J'$, the slope of $d \\nu - \\nu^2 J$, the error. At last $d\\nu = -\\nu^2 d\\gamma$.",
    rests_on=[
        "bounds/error-falls",
        "bounds/two-coordinates",
        "bounds/squared-covariance",
        "score/fisher",
    ],
    cites="Guo, Wu, Shamai & Verdú (2011)",
)

# %% [markdown]
# Let $r(\gamma)$ be that error. A step from $\gamma_1$ up to $\gamma_2$ takes it at the noisy end, where it is largest. So $L_T$ is an upper
# Riemann sum of $L_\infty$, and a cut in two lowers it. Neither is ever an equality, unless there is nothing to guess.

# %% tags=["derivation"]
r, gamma = function("r", positive=True), symbol("gamma", r"\gamma", positive=True)

d.chain(
    "upper-sum",
    (gamma_2 - gamma_1) / 2 * r(gamma_1),
    (
        at_least(sp.Integral(r(gamma), (gamma, gamma_1, gamma_2)) / 2),
        "$r(\\gamma_1) > r(\\gamma)$ everywhere in the step",
    ),
    domain=rising & Falling(r),
    rests_on=["nelbo-x/exact-error-grows"],
    cites="Guo, Shamai & Verdú (2005), for the error that falls",
)

# %% tags=["derivation"]
three = Domain(
    where=(sp.Gt(gamma_3, gamma_2), sp.Gt(gamma_2, gamma_1)),
    words=("$\\gamma_1 < \\gamma_2$", "$\\gamma_2 < \\gamma_3$"),
)

d.chain(
    "refined",
    (gamma_3 - gamma_1) / 2 * r(gamma_1),
    (
        at_least((gamma_3 - gamma_2) / 2 * r(gamma_2) + (gamma_2 - gamma_1) / 2 * r(gamma_1)),
        "the cleaner part takes the smaller error",
    ),
    domain=three & Falling(r),
    rests_on=["nelbo-x/exact-error-grows"],
)

# %%
from IPython.display import Markdown

from companion import profiles
from companion.chapters.bounds import figures, results
from companion.evidence import style
from companion.evidence.artifacts import Artifacts

style.use()
artifacts = Artifacts("11_bounds", profile)
active = profiles.get(profile)
budget = results.Budget(*active.pick(quick=(64, 4), standard=(512, 8), paper=(4096, 16)))
drawn = {"n": budget.points * budget.scrambles, "seeds": [0]}
in_steps = results.steps(budget)
artifacts.table(in_steps, "steps_and_variances", **results.STEPS_SHOWN, **drawn)

# %% [markdown]
# ## The slack is a divergence of paths
#
# In continuous time run the reverse SDE of [](09_dynamics) for the forward process given $x$, whose score is $-\epsilon/\sigma_t$, and for a model. In a step of width $h$ with the drift held, from $z_t$ to $z_s$, both are Gaussian:

# %% tags=["derivation"]
from companion.derivation.vocabulary import eps_hat, h

drift, rate = symbol("f"), symbol("G", "g^2", positive=True)
given, model = (
    Abbreviation(latex, z_t - h * (drift * z_t - rate * (-of / sigma(t))))
    for latex, of in (("m", eps), (r"\hat m", eps_hat))
)

d.chain(
    "step-of-paths",
    KL(Normal(z_s, given, h * rate), Normal(z_s, model, h * rate)),
    (
        h * rate / 2 * (eps_hat / sigma(t) - eps / sigma(t)) ** 2,
        "equal variances: the squared difference of the scores",
    ),
    (
        h * rate / (2 * sigma(t) ** 2) * (eps - eps_hat) ** 2,
        "$g_t^2 = -\\lambda_t' \\sigma_t^2$: for every $h$, the integrand of $L_\\infty$ times $h$",
    ),
    rests_on=["nelbo-x/gaussian-kl", "dynamics/family", "dynamics/rate", "targets/nelbo-eps"],
)

# %% tags=["derivation"]
d.prose(
    "girsanov",
    "$L_\\infty$ is the divergence of the path of the process given $x$ from that of the model's reverse SDE. Averaged over the data, the slack of the bound is the divergence of the path of the process itself from the model's.",
    "Divergences of a Markov chain's steps add up, so for chains of such steps the first is exact. In the limit of short steps it is Girsanov's theorem, where Novikov's condition holds: $\\E \\exp \\frac12 \\int g_t^2 (s - \\hat s)^2\\, dt$ is finite. "
    "For the second take the score of $q_t$ in the place of $-\\epsilon/\\sigma_t$: by orthogonality the squared error falls by that of the exact denoiser, whose bound has no slack.",
    rests_on=["bounds/step-of-paths", "score/orthogonality", "score/no-slack"],
    cites="Song, Durkan, Murray & Ermon (2021); Huang, Lim & Courville (2021)",
)

# %% [markdown]
# ## Data on levels
#
# Pixels have 256 levels. The decoder then is a choice among them, $p(x|z_0) \propto \N(z_0; \alpha_0 x, \sigma_0^2)$ {cite:p}`kingma2021`, and costs $\log(1 + \sum_k \xi_k^2)$, one term for each other level. Its
# $\xi_k^2$ is the ratio of two densities, $e^{-\delta^2/2 - \delta \epsilon}$, if the two levels are $\delta$ apart in units of the noise.

# %% tags=["derivation"]
xi, delta = (symbol(name, rf"\{name}", positive=True) for name in ("xi", "delta"))

d.chain(
    "square-root",
    sp.log(1 + xi**2),
    (at_most(xi, equality={xi: 0}), "the slope of the gap is $(1 - \\xi)^2/(1 + \\xi^2)$"),
)

# %% tags=["derivation"]
d.chain(
    "rival-cost",
    Expectation(sp.exp((-(delta**2) / 2 - delta * eps) / 2), eps),
    (sp.exp(-(delta**2) / 8), "a Gaussian integral: the mean square root of the ratio"),
    torch="companion.chapters.bounds.results.rival",
)

# %% [markdown]
# With one rival, that is what the decoder costs at most. With one more, let $1 + S$ be the sum so far: its logarithm grows by no more than $\log(1 + \xi^2) \le \xi$.

# %% tags=["derivation"]
so_far = symbol("so_far", "S", positive=True)
d.chain(
    "one-level-more",
    1 + so_far + xi**2,
    (at_most((1 + so_far) * (1 + xi**2), equality={xi: 0}), "the product has a term more"),
    rests_on=["bounds/square-root"],
)

# %% tags=["derivation"]
d.prose(
    "decoder",
    "Decoding costs at most $\\sum e^{-\\delta^2/8}$ over all other levels, and $\\delta^2$ is $\\SNR$ times a squared distance. So it vanishes as the clean end becomes cleaner.",
    "By induction over the levels $\\log(1 + \\sum_k \\xi_k^2) \\le \\sum_k \\xi_k$. Average over the noise: the mean of a sum is the sum of the means, and the levels are finitely many.",
    rests_on=["bounds/rival-cost", "bounds/one-level-more"],
)

# %%
n = active.pick(quick=20_000, standard=200_000, paper=1_000_000)
artifacts.table(results.decoder(n), "decoder_bits", **results.DECODER_SHOWN, n=n)

# %% [markdown]
# ## Several samples
#
# Write $a = p(x, z)/q(z|x)$ for the weight of one sample; its mean is $p(x)$. The bound of $K$ samples is $L_K = \E \log \frac1K \sum_k a_k$ {cite:p}`burda2016`, below $\log p(x)$ by Jensen. For $K = 1$ it is minus the NELBO. Two samples are never worse:

# %% tags=["derivation"]
d.chain(
    "two-samples",
    (sp.log(a_1) + sp.log(a_2)) / 2,
    (at_most(sp.log((a_1 + a_2) / 2), equality={a_1: a_2}), "averaged: $L_1 \\le L_2$"),
    rests_on=["bounds/two-values"],
    cites="Burda, Grosse & Salakhutdinov (2016)",
    torch="companion.chapters.bounds.results.two_samples",
)

# %% tags=["derivation"]
K = symbol("K", positive=True, integer=True)
a = function("weight_of", "a", subscript=True, positive=True)
total = Abbreviation("S", sp.Sum(a(i), (i, 1, K + 1)))

d.chain(
    "leave-one-out",
    sp.Sum((total - a(i)) / K, (i, 1, K + 1)) / (K + 1),
    (total / (K + 1), "each $a_i$ is left out once"),
)

# %% tags=["derivation"]
d.prose(
    "more-samples",
    "$L_K \\le L_{K+1} \\le \\log p(x)$.",
    "The mean of $K + 1$ weights is the average of the $K + 1$ means that leave one out. Its logarithm is at least the average of their logarithms, by Jensen over which is left out, and each of them averages to $L_K$.",
    rests_on=["bounds/leave-one-out", "bounds/jensen"],
    cites="Burda, Grosse & Salakhutdinov (2016)",
)

# %% [markdown]
# How much is missing? Let $y$ be the mean weight over $p(x)$. It has mean 1, variance $V/K$ and third central moment $\kappa/K^2$, with $V$ and $\kappa$ those of one weight.

# %% tags=["derivation"]
y = symbol("y", positive=True)

d.chain(
    "third-order",
    sp.log(y),
    (
        at_most((y - 1) - (y - 1) ** 2 / 2 + (y - 1) ** 3 / 3, equality={y: 1}),
        "three terms of the series; averaged: $\\log p(x) - L_K \\ge V/2K - \\kappa/3K^2$",
    ),
)

# %% [markdown]
# The series is exact to third order, so the gap is $V/2K$ to first order, for weights that stay away from zero. With many samples it vanishes for any weights, if they and their logarithms have finite variances. Let $b$ be the mean logarithm of the $K$ weights over $p(x)$: by Jensen $b \le \log y$. First let $y \ge \frac12$, so that $y = (1 + \beta)/2$ with $\beta \ge 0$:

# %% tags=["derivation"]
beta = symbol("beta", r"\beta", positive=True)
above_half = Abbreviation("y", (1 + beta) / 2)
d.chain(
    "many-samples",
    sp.log(above_half),
    (
        at_least((above_half - 1) - 2 * (above_half - 1) ** 2, equality={beta: 1}),
        "the gap falls until $y = 1$, and rises from there; $y - 1$ has mean 0, and its square $V/K$",
    ),
    rests_on=["bounds/jensen"],
)

# %% [markdown]
# Where $y < \frac12$, the right side is below zero, and $-\log y \le -b \le 2\, |b\, (y - 1)|$. So everywhere $-\log y$ is at most the two terms above, with the other sign, and this one. For every $\eta > 0$, and either sign of $b$:

# %% tags=["derivation"]
b, eta = symbol("b"), symbol("eta", r"\eta", positive=True)
d.chain(
    "small-weights",
    -2 * b * (y - 1),
    (
        at_most(eta * b**2 + (y - 1) ** 2 / eta, equality={b: -(y - 1) / eta}),
        "a square is not negative",
    ),
    rests_on=["bounds/many-samples"],
)

# %% tags=["derivation"]
d.prose(
    "limit-of-samples",
    "$L_K \\to \\log p(x)$ as $K \\to \\infty$: with $B$ the mean square of the logarithm of one weight over $p(x)$, $\\log p(x) - L_K \\le \\frac{2V}{K} + \\eta B + \\frac{V}{\\eta K}$ for every $\\eta > 0$.",
    "Average: $\\E\\, b^2 \\le B$, for the square of a mean is at most the mean of the squares. Given any $\\eta$, the two other terms vanish with many samples; and $\\eta$ may be as small as one likes.",
    rests_on=["bounds/many-samples", "bounds/small-weights"],
)

# %%
examples = active.pick(quick=64, standard=512, paper=2048)
several = results.samples(examples)
shown = figures.tightness_shown(budget.points, examples)
artifacts.figure(figures.tightness_figure(in_steps, several), "tighter_bounds", **shown, **drawn)

# %%
artifacts.table(several, "several_samples", **results.SAMPLES_SHOWN, n=examples, seeds=[0])

# %%
Markdown(results.of_samples(several))

# %% [markdown]
# :::{admonition} Trap: weights that learn
# :class: warning
# Code for the bound of several samples often minimises $-\sum_k \omega_k \log a_k$, with $\omega_k = a_k/\sum_j a_j$. If $\omega_k$ is held fixed, its gradient is that of $-L_K$. In
# [PyTorch-VAE 34](https://github.com/AntixK/PyTorch-VAE/issues/34) (open) readers found that it is not held fixed; [PR 53](https://github.com/AntixK/PyTorch-VAE/pull/53) says which term that adds. Every shape is right, and the loss falls. But the gradient is another,
# and the value is no bound: it exceeds $\log \frac1K \sum_k a_k$ unless all weights are equal. The cells below make both claims, and the ledger refutes them.
# :::

# %%
theta = symbol("theta", r"\theta")
A_1, A_2 = (function(f"a_{k}", positive=True)(theta) for k in (1, 2))
share = Abbreviation(r"\omega", A_1 / (A_1 + A_2))
softened = share * sp.log(A_1) + (1 - share) * sp.log(A_2)
gradient = sp.Derivative(sp.log((A_1 + A_2) / 2), theta)
d.refute(
    "weights-that-learn", sp.Derivative(softened, theta), gradient, "a term of $\\omega'$ too many"
)

# %%
d.refute("no-bound", softened, at_most(sp.log((A_1 + A_2) / 2)), "it is above, not below")

# %% [markdown]
# ## Exercises
#
# **1.** A bound of $-\log_2 p(x)$ is known for pixels scaled to $[-1, 1]$. What is it for levels 0 to 255, if $p$ hardly varies within a level of width $\Delta$?

# %% tags=["derivation", "solution"]
width = symbol("width", r"\Delta", positive=True)
d.chain(
    "bits",
    -sp.log(p * width) / sp.log(2),
    (
        -sp.log(p) / sp.log(2) - sp.log(width) / sp.log(2),
        "with $\\Delta = 2/255$ each dimension costs $\\log_2 \\frac{255}{2}$ bits more",
    ),
)

# %% [markdown]
# **2.** The losses of all noise levels are multiplied by constants $k$. What changes in the minimum over $u$ of $e^{-u} k \ell(\theta) + u$, and in its gradient?

# %% tags=["derivation", "solution"]
k, theta = symbol("k", positive=True), symbol("theta", r"\theta")
loss = function("ell", r"\ell", positive=True)
d.chain(
    "scale-free",
    sp.Derivative(1 + sp.log(k * loss(theta)), theta),
    (
        sp.Derivative(loss(theta), theta) / loss(theta),
        "nothing in the gradient: such a loss has no weight $w(\\lambda)$ of its own",
    ),
    rests_on=["bounds/free-scale"],
)

# %% [markdown]
# ## Sources
#
# The best variance of a step is that of {cite:t}`bao2022`, bounds by several samples that of {cite:t}`burda2016`. {cite:t}`kendall2018` and {cite:t}`karras2024` balance losses by a free scale. That the error of the exact denoiser falls with the SNR is in
# {cite:t}`guo2005`; the decoder over levels in {cite:t}`kingma2021`. No equation is cited by number. The derivations are our own.
