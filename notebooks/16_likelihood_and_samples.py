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
# # Likelihood and samples
#
# **Question.** The probability flow gives a denoiser samples, and an exact likelihood as well. What does an error at one noise level do to either, and why do the two part company?
#
# **Assumed.** The probability flow of [](09_dynamics), the second-order formula of [](07_score_matching), both in one dimension; the best denoiser of the data, to which errors are added.

# %% tags=["parameters"]
profile = "standard"

# %% tags=["derivation"]
import sympy as sp

from companion.derivation import Abbreviation, Derivation
from companion.derivation.vocabulary import eps_hat, function, symbol, x_hat

d = Derivation("flow", title="Likelihood and samples", rests_on=["dynamics", "score"])

# %% [markdown]
# ## The flow in the log-SNR
#
# Let $y = z_t/\alpha_t$ and $\rho = \sigma_t/\alpha_t = e^{-\lambda/2}$. The flow is $dy = \hat\epsilon\, d\rho$ ([](09_dynamics)), so that $dy/d\lambda = -\frac12 \rho\, \hat\epsilon$: no schedule is left in it. But $y$ is huge at the noisy end. With $a^2 = 1/(1 + e^{-\lambda})$ and $b^2 = 1/(1 + e^{\lambda})$ the latent $a y$ keeps the size of the data, and of the noise:

# %% tags=["derivation"]
lam = symbol("lam", r"\lambda")
a = Abbreviation("a", 1 / sp.sqrt(1 + sp.exp(-lam)), positive=True)
b = Abbreviation("b", 1 / sp.sqrt(1 + sp.exp(lam)), positive=True)
rho = Abbreviation(r"\rho", sp.exp(-lam / 2), positive=True)

d.chain(
    "in-the-log-snr",
    sp.Derivative(a, lam) * (x_hat + rho * eps_hat) - a * rho / 2 * eps_hat,
    (
        -a * b / 2 * (a * eps_hat - b * x_hat),
        "$y = \\hat x + \\rho\\, \\hat\\epsilon$; what is left is the prediction of $v$, times at most $\\frac14$",
    ),
    torch="companion.chapters.likelihood_and_samples.counterparts.slope",
    rests_on=["dynamics/in-units-of-signal"],
)

# %% [markdown]
# ## The density along a path
#
# A velocity $f$ moves a density $q$ at the rate $-\partial_y (f q)$. Who moves along sees its logarithm change by that, and by the slope that is passed:

# %% tags=["derivation"]
y = symbol("y")
q, f = function("q", positive=True), function("f")

d.chain(
    "along-a-path",
    -sp.Derivative(f(y) * q(y), y) / q(y) + f(y) * sp.Derivative(sp.log(q(y)), y),
    (-sp.Derivative(f(y), y), "the slope of $q$ cancels; what spreads is thinned"),
    rests_on=["dynamics/probability-flow"],
    cites="Chen et al. (2018), the instantaneous change of variables",
)

# %% [markdown]
# So any denoiser has an exact likelihood: follow the flow from $x$ to the noise, whose density is known, and add up the divergence on the way {cite:p}`song2021sde`. For the best denoiser $\hat\epsilon = -\rho\, \partial_y \log q$, and the sum is one of variances, $\mathrm{Var}[\epsilon|y] = 1 + \rho^2\, \partial_y^2 \log q$:

# %% tags=["derivation"]
log_q = sp.log(q(y))
spread = Abbreviation(r"\mathrm{Var}", 1 + rho**2 * sp.Derivative(log_q, (y, 2)))
best = Abbreviation(r"\hat\epsilon", -rho * sp.Derivative(log_q, y))

d.chain(
    "explained",
    sp.Derivative(rho / 2 * best, y),
    (
        (1 - spread) / 2,
        "half the share of the noise that $y$ explains: what $\\log q$ gains per unit of log-SNR",
    ),
    rests_on=["flow/along-a-path", "score/variance", "score/score-is-noise"],
)

# %% tags=["derivation"]
d.prose(
    "two-integrals",
    "For the best denoiser in $d$ dimensions, with noise between $\\lambda_1$ and $\\lambda_0$, $-\\log q_{\\lambda_0}(x) = -\\log q_{\\lambda_1}(y_1) + \\frac12 \\int_{\\lambda_1}^{\\lambda_0} (\\mathrm{tr\\,Cov}[\\epsilon|y_\\lambda] - d)\\, d\\lambda$ along the path from $x$ to $y_1$. Averaged over the data it is the NELBO.",
    "Integrate the last chain along the path, and add up the coordinates. Data that are moved by the flow have the law of noised data at every level. So the average of the variance is the least error, which is the NELBO's integrand; and its bound has no slack for the best denoiser.",
    rests_on=["flow/explained", "score/covariance", "score/no-slack"],
)

# %% [markdown]
# Two integrals of one quantity: the bound averages it over noise, the flow takes it on one path. For a single point they differ. For a wrong denoiser they do on average too ([](09_dynamics)), and nobody knows the sign in advance.
#
# In $d$ dimensions the divergence costs $d$ backward passes; random directions cost one, and are right on average ([](07_score_matching)). Does it work? Of the book's data the density is known.

# %%
from companion import profiles
from companion.chapters.likelihood_and_samples import results
from companion.evidence import style
from companion.evidence.artifacts import Artifacts

style.use()
artifacts = Artifacts("16_likelihood_and_samples", profile)
active = profiles.get(profile)
points = active.pick(quick=20, standard=1_000, paper=10_000)
found = results.likelihoods(points)
artifacts.table(found, "flow_likelihoods", **results.LIKELIHOODS_SHOWN, seeds=[0], n=points)

# %% [markdown]
# :::{admonition} Trap: a density at the last noise level
# :class: warning
# The flow ends at some $\lambda_0$, and what it gives is the density of data with noise of variance $e^{-\lambda_0}$. Where the data have a density of their own, as here, that is a small difference. Pixels have none: with $\mathrm{Var} \to 0$ the log-density grows by $\frac12$ per nat and dimension without end, and says nothing but where one stopped. The noise must be paid for, by $\E[\log q(z_0|x)]$. One repository reported bits per dimension without that term; when [a reader asked](https://github.com/Kim-Dongjun/Soft-Truncation/issues/2), it was worth 0.92 of them, and the record was taken back.
# :::
#
# The peak of the noise around a single clean point, $\N(x;\, x, \rho^2)$, grows as fast:

# %% tags=["derivation"]
d.chain(
    "last-level",
    sp.Derivative(-sp.log(2 * sp.pi * rho**2) / 2, lam),
    (
        sp.Rational(1, 2),
        "half a nat for each nat of log-SNR; half a bit for each doubling of the SNR",
    ),
    rests_on=["flow/two-integrals"],
)

# %% [markdown]
# ## Exercises
#
# **1.** Data $\N(0, c)$. What does the flow make of $y$, and is its likelihood the right one?

# %% tags=["derivation", "solution"]
c = symbol("c", positive=True)
wide = Abbreviation("V", c + rho**2, positive=True)

d.chain(
    "gaussian",
    sp.Derivative(-sp.log(wide) / 2, lam),
    (
        (1 - Abbreviation(r"\mathrm{Var}", c / wide)) / 2,
        "$y/\\sqrt{V}$ is kept, so $\\log \\N(y; 0, V)$ changes by $-\\frac12 \\log V$ alone: at the rate of the flow",
    ),
    rests_on=["flow/explained"],
)

# %% [markdown]
# **2.** Random directions leave the logarithm of a likelihood unbiased. Is its exponential? Let the estimate be $\N(m, v)$.

# %% tags=["derivation", "solution"]
from companion.derivation import Expectation, Normal

m, v, ell = symbol("m"), symbol("v", positive=True), symbol("ell", r"\ell")

d.chain(
    "exponential",
    Expectation(sp.exp(ell), Normal(ell, m, v)),
    (sp.exp(m + v / 2), "too large, by $e^{v/2}$: an average of densities wants exact divergences"),
    rests_on=["score/trace"],
)

# %% [markdown]
# ## Sources
#
# The likelihood of the flow is that of {cite:t}`song2021sde`, its change of variables that of {cite:t}`chen2018`; random directions are of {cite:t}`hutchinson1989`.
