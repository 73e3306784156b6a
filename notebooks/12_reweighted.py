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
# # What a reweighted loss bounds
#
# **Question.** Most losses in use weigh noise levels otherwise than the NELBO does. Do they still bound a likelihood, and whose?
#
# **Assumed.** From [](08_weightings): every loss is $\frac12 \int w(\lambda)\, \E(\epsilon - \hat\epsilon)^2\, d\lambda$, from the noisy end $\lambda_1$ to the clean end $\lambda_0$, and a weighting that never rises is a mixture of bounds, there by the product rule and in words. From
# [](07_score_matching): a divergence is an integral of excess errors. From [](11_bounds): Jensen's inequality and its case of equality. Derivations are for one dimension.

# %% tags=["parameters"]
profile = "standard"

# %% tags=["derivation"]
import sympy as sp

from companion.derivation import (
    Abbreviation,
    Between,
    Derivation,
    Domain,
    Falling,
    at_least,
    at_most,
)
from companion.derivation.operators import ByParts
from companion.derivation.vocabulary import alpha, function, log_snr, sigma, snr, symbol, t

d = Derivation("reweighted", title="What a reweighted loss bounds")

# %% [markdown]
# ## A weight that never rises
#
# Take any weight that falls. At each level it is what is left of it at the clean end, and all that it loses on the way there: a sum of steps. With a weight that is 1 up to a level $\lambda'$ and 0 above, the loss is that up to $\lambda'$.

# %% tags=["derivation"]
lam, lam_2 = symbol("lam", r"\lambda"), symbol("lam_2", r"\lambda'")
low, high = symbol("low", r"\lambda_1"), symbol("high", r"\lambda_0")
w, L, e = (function(name, positive=True) for name in "wLe")

d.chain(
    "steps",
    w(lam),
    (
        w(high) + sp.Integral(-sp.Derivative(w(lam_2), lam_2), (lam_2, lam, high)),
        "what it loses; for a falling $w$ no term is negative",
    ),
    domain=Domain(where=(sp.Gt(high, lam),), words=("$\\lambda < \\lambda_0$",)),
)

# %% [markdown]
# Let $L(\lambda)$ be the loss with $w = 1$ from the noisy end up to $\lambda$. So $L(\lambda_1) = 0$, and $L'$ is half the squared error of $\epsilon$.

# %% tags=["derivation"]
span = Domain(where=(sp.Gt(high, low),), words=("$\\lambda_1 < \\lambda_0$",))

d.chain(
    "by-parts",
    ByParts(w(lam) * sp.Derivative(L(lam), lam), (lam, low, high)),
    (
        w(high) * L(high)
        - w(low) * L(low)
        + sp.Integral(-sp.Derivative(w(lam), lam) * L(lam), (lam, low, high)),
        "by parts: a combination of $L(\\lambda)$, with coefficients $-w'$ and $w(\\lambda_0)$",
    ),
    domain=span,
    rests_on=["reweighted/steps", "weightings/mixture"],
    cites="Kingma & Gao (2023); Shi & Titsias (2025)",
)

# %% [markdown]
# The schedule does not enter. From the clean end to the time $t$ the loss is $\int_{\lambda_t}^{\lambda_0} w\, e\, d\lambda$ with $e$ half the squared error of $\epsilon$ at a level, and grows with $t$ at the rate that an integral over time has as its integrand:

# %% tags=["derivation"]
d.chain(
    "along-the-schedule",
    sp.Derivative(sp.Integral(w(lam_2) * e(lam_2), (lam_2, log_snr(t), high)), t),
    (-sp.Derivative(log_snr(t), t) * w(log_snr(t)) * e(log_snr(t)), "only the lower end moves"),
    domain=Domain(where=(sp.Gt(high, log_snr(t)),), words=("$\\lambda_t < \\lambda_0$",)),
    rests_on=["weightings/rule"],
    cites="Kingma et al. (2021)",
)

# %% [markdown]
# Let $F(t)$ be that loss and $G(t)$ the integral over time, each from where it is 0. They have one slope and one start. Then they are one, for their difference is that at the start and the integral of its slope. This is the change of variable, without a schedule in it:

# %% tags=["derivation"]
from companion.derivation import Ordered
from companion.derivation.vocabulary import s

F, G, tau = function("F"), function("over_time", "G"), symbol("tau", r"\tau")
slope = sp.Derivative(F(tau) - G(tau), tau)

d.chain(
    "one-slope-one-start",
    F(t) - G(t),
    (
        F(s) - G(s) + sp.Integral(slope, (tau, s, t)),
        "the fundamental theorem of calculus: nothing, and an integral of nothing",
    ),
    domain=Ordered(s, t),
    rests_on=["reweighted/along-the-schedule"],
)

# %% [markdown]
# The coefficients add up to $w(\lambda_1)$, the weight at the noisy end. Divided by it, a falling weight is an average over bounds. For any positive $e(\lambda)$, its average is neither above the whole integral, nor below $w(\lambda_0)/w(\lambda_1)$ of it:

# %% tags=["derivation"]
reweighted = sp.Integral(w(lam) * e(lam), (lam, low, high))
whole = sp.Integral(e(lam), (lam, low, high))

d.chain(
    "at-most-the-whole",
    reweighted,
    (at_most(w(low) * whole), "$w(\\lambda) < w(\\lambda_1)$ inside"),
    domain=span & Falling(w),
    rests_on=["reweighted/by-parts"],
)

# %% tags=["derivation"]
d.chain(
    "at-least-its-share",
    reweighted,
    (at_least(w(high) * whole), "$w(\\lambda) > w(\\lambda_0)$ inside"),
    domain=span & Falling(w),
    rests_on=["reweighted/by-parts"],
)

# %% [markdown]
# ## Two readings of $L(\lambda)$
#
# *Noisy data* {cite:p}`kingma2023`. Stop the chain at $\lambda$, and let the model generate the noisy $z_\lambda$ only. Then $L(\lambda)$ and the prior bound the likelihood of $z_\lambda$, up to the entropy of its noise. For $x \sim \N(0, c)$, whose bounds have no slack, the sum is the entropy of $z_\lambda$, here at the time $t$:

# %% tags=["derivation"]
c = symbol("c", positive=True)

d.chain(
    "noisy-gaussian",
    sp.log(1 + c * sp.exp(low)) / 2
    + sp.log((1 + c * snr(t)) / (1 + c * sp.exp(low))) / 2
    + sp.log(2 * sp.pi * sp.E * sigma(t) ** 2) / 2,
    (
        sp.log(2 * sp.pi * sp.E * (alpha(t) ** 2 * c + sigma(t) ** 2)) / 2,
        "prior, $L(\\lambda_t)$ and the entropy of the noise",
    ),
    rests_on=["nelbo-x/gaussian-prior", "nelbo-x/gaussian-diffusion"],
)

# %% tags=["derivation"]
d.prose(
    "noisy-data",
    "For every model $\\E[-\\log p(z_\\lambda)|x]$ is at most the prior term, $L(\\lambda)$ and the entropy of $q(z_\\lambda|x)$, which knows neither the model nor $x$. A falling weight is an average bound for data with noise added.",
    "Cut the telescoping sum of chapter 3 at $\\lambda$: what remains is $\\log q(z_\\lambda|x)$ in the place of the decoder. Then Jensen.",
    rests_on=[
        "nelbo-x/telescope",
        "nelbo-x/three-averages",
        "bounds/jensen",
        "reweighted/by-parts",
    ],
    cites="Kingma & Gao (2023)",
)

# %% [markdown]
# *Optimal decoders* {cite:p}`shi2025`. Keep the data clean, and replace the model's steps above $\lambda$ by the best there are. Given $z_t$, let $x$ have two values, of probabilities $\omega_1$ and $\omega_2$; let $b_1$ and $b_2$ be the densities of the step back for each, and $\bar b = \omega_1 b_1 + \omega_2 b_2$.

# %% tags=["derivation"]
omega_1, omega_2, b_1, b_2 = (
    symbol(name, latex, positive=True)
    for name, latex in (
        ("omega_1", r"\omega_1"),
        ("omega_2", r"\omega_2"),
        ("b_1", "b_1"),
        ("b_2", "b_2"),
    )
)
p = symbol("p", positive=True)
b_bar = Abbreviation(r"\bar{b}", omega_1 * b_1 + omega_2 * b_2, positive=True)

d.chain(
    "compensation",
    omega_1 * b_1 * sp.log(b_1 / p) + omega_2 * b_2 * sp.log(b_2 / p),
    (
        omega_1 * b_1 * sp.log(b_1 / b_bar)
        + omega_2 * b_2 * sp.log(b_2 / b_bar)
        + b_bar * sp.log(b_bar / p),
        "through $\\bar b$: what no step can save, and the divergence of $\\bar b$ from the model's step",
    ),
)

# %% tags=["derivation"]
d.prose(
    "cascade",
    "With optimal decoders above $\\lambda$, the bound on $-\\log p(x)$ of the data exceeds their entropy by the divergences of the steps below $\\lambda$ alone: in continuous time, half the integral of the excess error from $\\lambda_1$ to $\\lambda$, and the prior's. The "
    "lower $\\lambda$, the tighter. The bound is $L(\\lambda)$ plus what does not depend on the model.",
    "Integrated, the last term is a divergence, zero only for the model's step $p = \\bar b = q(z_s|z_t)$: the optimal decoder, by Jensen. It leaves the prior and the first terms: the entropy. In continuous time a step's excess is that of its squared error, by orthogonality.",
    rests_on=["reweighted/compensation", "bounds/jensen", "score/excess", "score/orthogonality"],
    cites="Shi & Titsias (2025), for the cascade; the argument is ours",
)

# %% [markdown]
# So a falling weight, divided by $w(\lambda_1)$, is a bound on the likelihood of the data, and by {eq}`eq-reweighted-at-most-the-whole` with $e$ half the excess no looser than the NELBO of the same denoiser. It is not that of the sampler which one has: nobody
# can draw from the optimal decoders.
#
# ## What is no such mixture
#
# The truncated weight of {cite:t}`salimans2022` is one: for $x$ it is $\max(\SNR, 1)$, for $\epsilon$ $\max(1, e^{-\lambda})$, which falls until it is 1. They chose it for another reason. It is the larger of two errors:

# %% tags=["derivation"]
from companion.derivation.vocabulary import eps, x, x_hat

eps_hat = Abbreviation(r"\hat\epsilon", (alpha(t) * (x - x_hat) + sigma(t) * eps) / sigma(t))
d.chain(
    "truncated",
    sp.Max(snr(t), 1) * (x - x_hat) ** 2,
    (sp.Max(snr(t) * (x - x_hat) ** 2, (x - x_hat) ** 2), "a factor that is not negative"),
    (
        sp.Max((eps - eps_hat) ** 2, (x - x_hat) ** 2),
        "$\\hat\\epsilon = (z_t - \\alpha_t \\hat x)/\\sigma_t$",
    ),
    rests_on=["targets/error-eps", "weightings/translate"],
    cites="Salimans & Ho (2022)",
)

# %% [markdown]
# Where a weight rises, $-w' < 0$: a bound with a negative coefficient, and minus an upper bound is no upper bound. The plain loss of $\epsilon$ has the density of noise levels as its weight; on the cosine schedule that is a hyperbolic secant.

# %% tags=["derivation"]
ends = sp.exp(lam / 2) + sp.exp(-lam / 2)
sech = Abbreviation(r"\mathrm{sech}(\lambda/2)", 2 / ends, positive=True)

d.chain(
    "secant",
    sp.Derivative(sech / sp.pi, lam),
    (
        sech / (2 * sp.pi) * (1 - sp.exp(lam)) / (1 + sp.exp(lam)),
        "above zero for $\\lambda < 0$: the measure is negative there",
    ),
    rests_on=["weightings/cosine-density"],
)

# %% [markdown]
# No schedule that covers the line escapes. Let its density $\pi(\lambda)$ fall. Then the share of levels in a range is more than its width times the density at its clean end:

# %% tags=["derivation"]
density = function("density", r"\pi", positive=True)

d.chain(
    "falling-density",
    sp.Integral(density(lam), (lam, low, high)),
    (at_least((high - low) * density(high)), "the least density of the range is at its end"),
    domain=span & Falling(density),
)

# %% tags=["derivation"]
d.prose(
    "whole-line",
    "On a schedule whose log-SNR covers the line, the plain loss of $\\epsilon$ is no mixture of bounds.",
    "The share is at most 1, so $\\pi(\\lambda_0) \\le 1/(\\lambda_0 - \\lambda_1)$ for every $\\lambda_1$. Let $\\lambda_1 \\to -\\infty$: a density that never rises would be zero everywhere.",
    rests_on=["reweighted/falling-density", "weightings/rule"],
)

# %% [markdown]
# ## Masked data
#
# Let each token be hidden with probability $m$, and let $C(m)$ be the mean cost of the hidden tokens, the sum of $-\log p(x_i|z)$ over them. The NELBO is $\int_0^1 C(m)\, dm/m$ for every schedule. A loss with a weight is $\int_0^1 \hat w(m)\, C(m)\, dm/m$. Let $L(m)$ be the part
# above $m$ of the NELBO: the bound of data that are masked already, with probability $m$. So $L' = -C/m$ and $L(1) = 0$.

# %% tags=["derivation"]
m, w_hat, L_m = symbol("m", positive=True), function("w_hat", r"\hat{w}"), function("L")

d.chain(
    "masked",
    ByParts(-w_hat(m) * sp.Derivative(L_m(m), m), (m, 0, 1)),
    (
        w_hat(0) * L_m(0)
        - w_hat(1) * L_m(1)
        + sp.Integral(sp.Derivative(w_hat(m), m) * L_m(m), (m, 0, 1)),
        "by parts: a mixture of bounds if $\\hat w$ never falls as more is masked",
    ),
    rests_on=["reweighted/by-parts"],
    cites="Shi & Titsias (2025), for masked diffusion",
)

# %% tags=["derivation"]
d.chain(
    "plain-cross-entropy",
    ByParts(-m * sp.Derivative(L_m(m), m), (m, 0, 1)),
    (
        sp.Integral(L_m(m), (m, 0, 1)) - L_m(1),
        "$\\hat w = m$, the unweighted cost where $m$ is uniform: every bound counts the same",
    ),
    rests_on=["reweighted/masked"],
)

# %% [markdown]
# So with $m$ uniform the unweighted loss is a mixture of bounds for masked data, and the unweighted loss of $\epsilon$ is none for Gaussian noise: $m$ has a finite range, $\lambda$ has not.
#
# ## Exactly, on the clusters
#
# For the exact denoiser every bound is tight, and what an objective consists of can be computed. Here are the study's eight losses, as published with their guards.

# %%
from IPython.display import Markdown

from companion import profiles
from companion.chapters.reweighted import figures, results
from companion.chapters.reweighted.levels import Budget
from companion.evidence import style
from companion.evidence.artifacts import Artifacts

style.use()
artifacts = Artifacts("12_reweighted", profile)
budget = Budget(*profiles.get(profile).pick(quick=(64, 4), standard=(512, 8), paper=(4096, 16)))
drawn = {"n": budget.points * budget.scrambles, "seeds": [0]}
known = results.spectrum(budget)
shown = figures.shares_figure(known)
artifacts.figure(shown, "bounds_in_losses", **figures.SHARES_SHOWN, **drawn)

# %%
made_of = results.table(known)
artifacts.table(made_of, "bounds_in_objectives", **results.SHARES_SHOWN, **drawn)

# %%
Markdown(results.of_published(made_of))

# %% [markdown]
# A guard is a weight (chapter 5). Those of $x$ and $v$ take away from the clean end only, and turn the NELBO into a mixture of bounds for noisier data. Those of $\epsilon$ and $s$ take away from both ends.
#
# To see bounds that are not tight, take a wrong model: its clusters are too wide.

# %%
gaps = results.sandwich(known)
artifacts.table(gaps, "reweighted_bounds", **results.SANDWICH_SHOWN, **drawn)

# %%
Markdown(results.agreement(gaps))

# %%
words = figures.cascade_shown(budget.points)
artifacts.figure(figures.cascade_figure(known), "cascade_of_bounds", **words, **drawn)

# %% [markdown]
# The weights of $x$ and $v$ grow without end at the noisy end. Their gaps, divided by $w(\lambda_1)$, are the smaller the further a range reaches: nearly all of such an average are bounds of almost pure noise. A small gap here is no praise of a loss.

# %% [markdown]
# :::{admonition} Trap: a weight that undoes a target
# :class: warning
# The example for unconditional images in diffusers multiplies the squared error of $x$ by the SNR. In
# [diffusers 1733](https://github.com/huggingface/diffusers/issues/1733) a reader calls that weight wrong: it should be large where the SNR is small. The thread does not settle it. The squared error of $x$ is that of $\epsilon$ divided by
# the SNR, so this is the plain loss of $\epsilon$. With uniform times on the cosine schedule the plain loss of $x$ is a mixture of bounds, and with this weight it is none. Who changes the target for the sake of the bound has changed nothing. The cell below claims that the weight still falls, and the ledger refutes it.
# :::

# %%
plain = sech / sp.pi * sp.exp(-lam)
d.refute(
    "snr-times-x",
    sp.Derivative(plain * sp.exp(lam), lam),
    at_most(0),
    "$e^{-\\lambda}$ for the target, $e^{\\lambda}$ for the weight: it rises for $\\lambda < 0$",
)

# %% [markdown]
# ## Exercises
#
# **1.** Is the plain loss of $x$, with uniform times on the cosine schedule, a mixture of bounds?

# %% tags=["derivation", "solution"]
d.chain(
    "plain-x",
    sp.Derivative(sp.log(sech / sp.pi * sp.exp(-lam)), lam),
    (
        -(1 + 3 * sp.exp(lam)) / (2 * (1 + sp.exp(lam))),
        "the weight of $x$ is $e^{-\\lambda}$ times that of $\\epsilon$",
    ),
    (at_most(-sp.Rational(1, 2)), "it falls everywhere, at least as fast as $e^{-\\lambda/2}$"),
    rests_on=["weightings/cosine-density"],
)

# %% [markdown]
# **2.** For masked data, is the weight $\sqrt{m/(1 - m)}$ that of a mixture of bounds? Is $2 \sqrt{m (1 - m)}$?

# %% tags=["derivation", "solution"]
odds, bell = sp.log(m / (1 - m)) / 2, sp.log(2 * sp.sqrt(m * (1 - m)))
d.chain(
    "two-weights",
    sp.Derivative(bell, m),
    (
        (1 - 2 * m) * sp.Derivative(odds, m),
        "the slopes of the logarithms: the first is positive, the second only for $m < \\frac12$",
    ),
    domain=Between(m, 0, 1),
    rests_on=["reweighted/masked"],
)

# %% [markdown]
# ## Sources
#
# Falling weights as bounds of noisy data are from {cite:t}`kingma2023`, the cascade of optimal decoders from {cite:t}`shi2025`, of whom we could read the abstract and summaries only: the constructions here are our reading of them, and their tables are not quoted. The
# bound of masked data that needs no schedule is that of {cite:t}`shi2024` and {cite:t}`sahoo2024`. No equation is cited by number. The derivations are our own.
