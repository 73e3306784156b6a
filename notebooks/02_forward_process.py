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
# # Forward process and posterior
#
# **Question.** Noise is added in small steps. You are shown a noisy $z_t$ and the clean $x$ that it came from.
# Where was the process a moment earlier?
#
# **Assumed.** For every time $t \in (0, 1)$ the noisy data are $z_t = \alpha_t x + \sigma_t \epsilon$ with
# $\epsilon \sim \N(0, 1)$, so $q(z_t|x) = \N(z_t;\, \alpha_t x,\, \sigma_t^2)$. The scales $\alpha_t, \sigma_t$ are positive
# and smooth, and $\SNR(t) = \alpha_t^2/\sigma_t^2 = e^{\lambda_t}$ falls with $t$. The process is Markov: given $z_s$, what comes
# later does not depend on $x$. Nothing more; in particular $\alpha_t^2 + \sigma_t^2$ need not be 1.
#
# Everything is written for one dimension.

# %% tags=["parameters"]
profile = "standard"

# %% tags=["derivation"]
import sympy as sp

from companion.derivation import (
    Abbreviation,
    Between,
    Derivation,
    Expectation,
    Normal,
    Ordered,
    VariancePreserving,
)
from companion.derivation.vocabulary import (
    alpha,
    alpha_step,
    eps,
    eps_hat,
    log_snr,
    marginal,
    mean_q,
    posterior,
    s,
    sigma,
    snr,
    t,
    transition,
    u,
    var_q,
    var_step,
    x,
    z_s,
    z_t,
    z_u,
)

d = Derivation("forward", title="Forward process and posterior")
line = (-sp.oo, sp.oo)

# %% tags=["derivation"]
d.prose(
    "each-dimension",
    "In $d$ dimensions every formula of this chapter holds for each dimension, with the same coefficients. Squares become squared norms in what follows.",
    "Given $x$, the noise of one dimension is independent of that of the others. So densities multiply, their logarithms and divergences add, and none of "
    "the scales depends on the dimension.",
)

# %% [markdown]
# ## One step of noise
#
# For $s < t$, write $\alpha_{t|s} = \alpha_t/\alpha_s$ and $\sigma_{t|s}^2 = \sigma_t^2 - \alpha_{t|s}^2 \sigma_s^2$. We claim that one step is
# $q(z_t|z_s) = \N(z_t;\, \alpha_{t|s} z_s,\, \sigma_{t|s}^2)$: averaged over $z_s$, it must give $q(z_t|x)$ back.

# %% tags=["derivation"]
d.chain(
    "one-step",
    sp.Integral(transition() * marginal(z_s, s), (z_s, *line)),
    (
        Normal(z_t, alpha_step() * alpha(s) * x, alpha_step() ** 2 * sigma(s) ** 2 + var_step()),
        "a Gaussian mean of a Gaussian: scales multiply, variances add",
    ),
    (marginal(), "the two definitions"),
    domain=Ordered(s, t),
    cites="Kingma et al. (2021), for a variance-preserving schedule",
)

# %% [markdown]
# So this step agrees with what was assumed. Is it the only one that does? It is, and that is an argument in words:

# %% tags=["derivation"]
d.prose(
    "only-one-step",
    "No other step, whatever its shape, gives $q(z_t|x)$ back for every $x$.",
    "Let two steps do so, and let $f(z_s)$ be the difference of the probabilities that they give to one set of values of $z_t$, "
    "a function between $-1$ and $1$. Its average over $\\N(z_s;\\, \\alpha_s x,\\, \\sigma_s^2)$ is zero for every $x$: $f$ convolved with a "
    "Gaussian is zero, since $\\alpha_s x$ takes every value. The Fourier transform turns this into a product, and that of a Gaussian is "
    "nowhere zero. So $f = 0$, almost everywhere. In the language of statistics, a Gaussian location family is *complete*.",
    rests_on=["forward/one-step"],
)

# %% [markdown]
# Is $\sigma_{t|s}^2$ a variance? It is positive exactly because the SNR falls.

# %% tags=["derivation"]
d.chain(
    "step-variance",
    var_step(),
    (sigma(t) ** 2 * (1 - snr(t) / snr(s)), "take $\\sigma_t^2$ out"),
    (sigma(t) ** 2 * (1 - sp.exp(log_snr(t) - log_snr(s))), "$\\lambda_t = \\log \\SNR(t)$"),
    domain=Ordered(s, t),
)

# %% [markdown]
# ## Steps compose
#
# Going from $s$ to $u$ at once, or by way of $t$, is the same process. So a chain may be cut into any number of
# steps, one cut after the other, and the marginals stay what they are.

# %% tags=["derivation"]
d.chain(
    "semigroup",
    sp.Integral(transition(z_u, z_t, u, t) * transition(), (z_t, *line)),
    (transition(z_u, z_s, u, s), "average over where the process was at $t$"),
    domain=Ordered(s, t, u),
)

# %% tags=["derivation"]
d.chain(
    "variances-add",
    alpha_step(u, t) ** 2 * var_step() + var_step(u, t),
    (var_step(u, s), "the variance part of the line above"),
    domain=Ordered(s, t, u),
)

# %% [markdown]
# ## A step backwards: complete the square
#
# By Bayes, $q(z_s|z_t, x)$ is $q(z_t|z_s)\, q(z_s|x)\, /\, q(z_t|x)$. The numerator's exponent is a quadratic in $z_s$. Collect its powers and
# complete the square: the coefficient of $z_s^2$ is minus half a precision $P$, and the square sits at $m/P$.

# %% tags=["derivation"]
P = Abbreviation("P", 1 / sigma(s) ** 2 + alpha_step() ** 2 / var_step(), positive=True)
m = Abbreviation("m", alpha(s) * x / sigma(s) ** 2 + alpha_step() * z_t / var_step())
rest = Abbreviation("c", z_t**2 / (2 * var_step()) + alpha(s) ** 2 * x**2 / (2 * sigma(s) ** 2))

d.chain(
    "square",
    -((z_t - alpha_step() * z_s) ** 2) / (2 * var_step())
    - (z_s - alpha(s) * x) ** 2 / (2 * sigma(s) ** 2),
    (-P * z_s**2 / 2 + m * z_s - rest, "collect powers of $z_s$"),
    (-P * (z_s - m / P) ** 2 / 2 + m**2 / (2 * P) - rest, "complete the square"),
    domain=Ordered(s, t),
)

# %% [markdown]
# Here $P = 1/\sigma_s^2 + \alpha_{t|s}^2/\sigma_{t|s}^2$, $m = \alpha_s x/\sigma_s^2 + \alpha_{t|s} z_t/\sigma_{t|s}^2$, and $c$ does not contain $z_s$. So **precisions add**: what $x$
# says about $z_s$, plus what $z_t$ says about it. The inverse of $P$ is the posterior variance.

# %% tags=["derivation"]
d.chain(
    "variance",
    1 / P,
    (var_q(), "common denominator; $\\sigma_Q^2 = \\sigma_{t|s}^2 \\sigma_s^2 / \\sigma_t^2$"),
    (
        sigma(s) ** 2 * (1 - sp.exp(log_snr(t) - log_snr(s))),
        "insert $\\sigma_{t|s}^2$: below $\\sigma_s^2$, whatever the schedule",
    ),
    domain=Ordered(s, t),
    rests_on=["forward/square", "forward/step-variance"],
)

# %% tags=["derivation"]
d.chain(
    "mean",
    m / P,
    (
        alpha_step() * sigma(s) ** 2 / sigma(t) ** 2 * z_t
        + alpha(s) * var_step() / sigma(t) ** 2 * x,
        "multiply by $\\sigma_Q^2$; this is $\\mu_Q(z_t, x)$",
    ),
    domain=Ordered(s, t),
    rests_on=["forward/square", "forward/variance"],
    cites="Ho et al. (2020), eq. (7), for their schedule",
)

# %% [markdown]
# What is left over, $m^2/2P - c$, and the normalising constants must be $q(z_t|x)$. They are: Bayes' quotient is a density, with nothing missing.

# %% tags=["derivation"]
d.chain(
    "posterior",
    transition() * marginal(z_s, s) / marginal(),
    (posterior(), "Bayes; normalised on both sides"),
    domain=Ordered(s, t),
    rests_on=["forward/one-step", "forward/variance", "forward/mean"],
)

# %% [markdown]
# ## Two forms that code uses
#
# Insert $\hat x = (z_t - \sigma_t \hat\epsilon)/\alpha_t$ for $x$, and the mean is the line that samplers compute. Here $\hat\epsilon$ is the noise in $z_t$, known or predicted.

# %% tags=["derivation"]
x_of_eps = Abbreviation(r"\hat{x}", (z_t - sigma(t) * eps_hat) / alpha(t))

d.chain(
    "mean-in-eps",
    mean_q(x_of_eps),
    (
        alpha(s) / alpha(t) * (z_t - sigma(t) * (1 - sp.exp(log_snr(t) - log_snr(s))) * eps_hat),
        "eliminate $x$; the leading factor is $\\alpha_s/\\alpha_t > \\alpha_{t|s}$ where $\\alpha$ falls",
    ),
    (
        alpha(s) * x_of_eps + sigma(s) * sp.exp((log_snr(t) - log_snr(s)) / 2) * eps_hat,
        "the form in `diffcore.samplers`: clean part, and the share of the old noise that is kept",
    ),
    domain=Ordered(s, t),
    rests_on=["forward/mean"],
    cites="Kingma et al. (2021), for a variance-preserving schedule",
)

# %% [markdown]
# ## The torch check
#
# The ancestral sampler of `diffcore` should draw from exactly this posterior, $z_s = \mu_Q + \sigma_Q n$ with $n \sim \N(0, 1)$. We give it a
# denoiser that knows $x$, write down the chain that it walks, and solve each step for $n$. If mean and variance are
# right, we recover the very random numbers that the sampler drew.

# %%
from companion import profiles
from companion.chapters.forward_process import figures, results
from companion.evidence import style
from companion.evidence.artifacts import Artifacts

style.use()
artifacts = Artifacts("02_forward_process", profile)
chains = profiles.get(profile).pick(quick=100, standard=1_000, paper=1_000)

artifacts.table(
    results.replayed_steps(chains=chains, steps=50, seed=0),
    "posterior_replayed",
    caption="$(z_s - \\mu_Q)/\\sigma_Q$ along the chains of `DDIM(eta=1)`, against a replay of the sampler's random numbers "
    f"({chains:,} chains of 50 steps from log-SNR -6 to 6, float64, seed 0).",
    n=50 * chains,
    seeds=[0],
)

# %% [markdown]
# ## Precisions add, in one picture

# %%
artifacts.figure(
    figures.posterior_figure(),
    "posterior",
    caption="Left: $q(z_s|x)$, what $z_t$ says about $z_s$ (its likelihood, normalised), and their product, the posterior, which is "
    "narrower than both (cosine schedule, $s = 0.3$, $t = 0.5$, $x = 1$, $z_t = 0.2$). Right: the posterior variance as a share of the step variance, "
    "$\\sigma_Q^2/\\sigma_{t|s}^2 = \\sigma_s^2/\\sigma_t^2$, for chains of $T$ uniform steps from 0 to 1. At the data's end it is zero.",
    alt="Left, three bell curves; the posterior lies between the two others and is the narrowest. Right, a ratio that rises from 0 at the "
    "first step to 1 at the last, for 10, 100 and 1000 steps.",
)

# %% [markdown]
# :::{admonition} Trap: two variances that look alike
# :class: warning
# $\sigma_{t|s}^2$ is the noise that a step *adds*. $\sigma_Q^2$ is the uncertainty about where the step *came from*, given $x$. In DDPM's notation they are
# $\beta_t$ and $\tilde\beta_t$. A sampler in
# [PhysicsInformedDiffusionModels](https://github.com/jhbastek/PhysicsInformedDiffusionModels/issues/4) used `betas` where its paper has the
# posterior variance. The issue was confirmed there; a small effect is expected, since DDPM reports
# similar samples for both.
# :::
#
# In the bound they are not interchangeable. The ledger refutes the exchange:

# %%
d.refute(
    "exchanged-variance",
    transition() * marginal(z_s, s) / marginal(),
    Normal(z_s, mean_q(x), var_step()),
    "the step's variance for the posterior's",
    domain=Ordered(s, t),
)

# %% [markdown]
# Then why do samplers get away with it? Without $x$, the reverse step is wider: to $\sigma_Q^2$ it adds what $z_t$ leaves
# unknown about $x$. Take data $x \sim \N(0, 1)$. By Bayes once more:

# %% tags=["derivation"]
total = alpha(t) ** 2 + sigma(t) ** 2
mean_x = Abbreviation(r"\bar{x}", alpha(t) * z_t / total)
var_x = Abbreviation(r"\bar{\sigma}^2", sigma(t) ** 2 / total, positive=True)
x_given_z = Normal(x, mean_x, var_x)

d.chain(
    "unit-data",
    marginal() * Normal(x, 0, 1) / Normal(z_t, 0, total),
    (Normal(x, mean_x.definition, var_x.definition), "the same square, completed in $x$"),
    domain=Between(t, 0, 1),
)

# %% [markdown]
# The first line below is the variance of the reverse step: of $z_s$ given $z_t$, with $x$ averaged over: write $\bar x$ and $\bar\sigma^2$ for
# the mean and variance just found. On a variance-preserving schedule it is exactly the step
# variance, as {cite:t}`ho2020` say where they choose between the two. The last line is the one step of this chapter that needs $\alpha_t^2 + \sigma_t^2 = 1$.

# %% tags=["derivation"]
share = alpha(s) * var_step() / sigma(t) ** 2

d.chain(
    "reverse-variance",
    Expectation((z_s - mean_q(mean_x)) ** 2, posterior(), x_given_z),
    (
        var_q() + share**2 * sigma(t) ** 2 / total,
        "variances add: the mean $\\mu_Q$ moves by $\\alpha_s \\sigma_{t|s}^2/\\sigma_t^2$ for each unit of $x$",
    ),
    (var_step(), "with $\\alpha_t^2 + \\sigma_t^2 = 1$, and only then"),
    domain=Ordered(s, t) & VariancePreserving(alpha, sigma),
    rests_on=["forward/unit-data", "forward/variance"],
    cites="Ho et al. (2020), on the two choices of variance",
)

# %% [markdown]
# A second trap is notation. In
# [denoising-diffusion-pytorch 173](https://github.com/lucidrains/denoising-diffusion-pytorch/issues/173) a user takes the factor $\alpha_s/\alpha_t$ of
# the mean for its inverse, because the code's `alpha_next` belongs to the *earlier* time $s$. The code was right. Named
# times, as in $\alpha_{t|s}$, leave no room for the question, and a test would have answered it: the inverse factor is refuted below.

# %%
d.refute(
    "inverted-factor",
    mean_q(x_of_eps),
    alpha_step() * (z_t - sigma(t) * (1 - sp.exp(log_snr(t) - log_snr(s))) * eps_hat),
    "$\\alpha_t/\\alpha_s$ for $\\alpha_s/\\alpha_t$",
    domain=Ordered(s, t),
)

# %% [markdown]
# ## Exercise
#
# As $t \to 1$ the SNR falls. Does the task of the network become harder? Take $x \sim \N(0, 1)$, and let it guess $\epsilon$ or $x$ by the posterior mean.

# %% tags=["derivation", "solution"]
noisy = Abbreviation("z_t", alpha(t) * x + sigma(t) * eps)
d.chain(
    "difficulty",
    Expectation((eps - sigma(t) * noisy / total) ** 2, Normal(x, 0, 1), eps),
    (
        snr(t) / (1 + snr(t)),
        "it falls with the SNR: the more noise there is, the easier it is to guess",
    ),
    (
        1 - Expectation((x - alpha(t) * noisy / total) ** 2, Normal(x, 0, 1), eps),
        "the error of $x$ is $1/(1 + \\SNR(t))$: the data become harder to guess, the noise easier",
    ),
    domain=Between(t, 0, 1),
    rests_on=["forward/unit-data"],
)

# %% [markdown]
# ## Sources
#
# The transition and the posterior are in {cite:t}`ho2020` for one schedule and in {cite:t}`kingma2021` for a general variance-preserving one; the study
# {cite:p}`kumar2025` uses the latter's notation. The derivations above are our own and hold for every positive schedule whose SNR
# falls. Only the study's introduction and public summaries
# were available, so its equations are cited without numbers. Equation (7) of {cite:t}`ho2020` is known to us from the comments of
# `diffusers`.
