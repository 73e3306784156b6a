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
# # How good is a step?
#
# **Question.** A sampler goes from noise to data in steps. What does a step miss, and which steps miss less? And whose fault are bad samples: the network's, or the step's?
#
# **Assumed.** The probability flow and the reverse SDE of [](09_dynamics), in one dimension. A prediction $\hat\epsilon$ or $\hat x$ is smooth in the latent and in the log-SNR. Where something is measured, the denoiser is exact and nothing is trained.

# %% tags=["parameters"]
profile = "standard"

# %% tags=["derivation"]
import sympy as sp

from companion.derivation import (
    Abbreviation,
    Between,
    Derivation,
    Ordered,
    VariancePreserving,
    at_most,
)
from companion.derivation.vocabulary import (
    alpha,
    eps_hat,
    function,
    log_snr,
    s,
    sigma,
    symbol,
    t,
    x_hat,
    z,
    z_t,
)

d = Derivation("steps", title="How good is a step?", rests_on=["dynamics"])

# %% [markdown]
# ## What a step misses
#
# In the units of signal the flow moves by $\hat\epsilon\, d\rho$, with $\rho = \sigma_t/\alpha_t = e^{-\lambda_t/2}$. Let $\hat\epsilon(\lambda)$ be the prediction along the exact path. A step $\delta$ of the log-SNR moves it by the integral below; DDIM holds $\hat\epsilon$ from its start. What is missed is of second order, so over a whole path of the first.

# %% tags=["derivation"]
lam, y = symbol("lam", r"\lambda"), symbol("y")
delta = symbol("delta", r"\delta", positive=True)
e = function("eps_hat_at", r"\hat\epsilon")
slope, bend = sp.Derivative(e(lam), lam), sp.Derivative(e(lam), (lam, 2))
moved = -sp.Integral(sp.exp(-y / 2) * e(y), (y, lam, lam + delta)) / 2
held = (sp.exp(-(lam + delta) / 2) - sp.exp(-lam / 2)) * e(lam)

d.chain(
    "first-order",
    sp.Limit((moved - held) / delta**2, delta, 0),
    (
        -sp.exp(-lam / 2) / 4 * slope,
        "half the slope of $\\hat\\epsilon$ in $\\rho$, times the square of the step in $\\rho$: zero if held",
    ),
    rests_on=["dynamics/in-units-of-signal"],
)

# %% [markdown]
# DPM-Solver-2 takes a step of DDIM to the middle, and holds the prediction that it gets there. It is off the exact path by what DDIM misses in half a step, and its prediction by $\kappa$ times that, with $\kappa$ the slope of $\hat\epsilon$ in $z_t/\alpha_t$. Let $\Delta$ be the integral above, and $r_{1/2}$ what DDIM misses of half a step. One order more is gone:

# %% tags=["derivation"]
kappa = symbol("kappa", r"\kappa")
missed = Abbreviation(r"r_{1/2}", (moved - held).subs(delta, delta / 2))
step = Abbreviation(r"\Delta", moved)
at_middle = e(lam + delta / 2) - kappa * missed

d.chain(
    "second-order",
    sp.Limit((step - held / e(lam) * at_middle) / delta**3, delta, 0),
    (
        sp.exp(-lam / 2) / 48 * (slope - bend) + kappa * sp.exp(-lam) / 32 * slope,
        "what the middle misses, and what it inherits",
    ),
    rests_on=["steps/first-order"],
    cites="Lu et al. (2022), DPM-Solver",
)

# %% [markdown]
# Heun's step, in the same units, first takes a step of DDIM to the end. Then it starts again, and moves by the mean of the predictions at both ends. Of these, the second inherits $\kappa$ times $r_1$, what DDIM missed:

# %% tags=["derivation"]
all_missed = Abbreviation("r_1", moved - held)
at_end = e(lam + delta) - kappa * all_missed

d.chain(
    "heun",
    sp.Limit((step - held / e(lam) * (e(lam) + at_end) / 2) / delta**3, delta, 0),
    (
        sp.exp(-lam / 2) / 48 * (slope + 2 * bend) + kappa * sp.exp(-lam) / 16 * slope,
        "twice the curvature of the midpoint, with the other sign, and twice what is inherited",
    ),
    rests_on=["steps/first-order"],
    cites="Karras et al. (2022), algorithm 1, without noise",
)

# %% [markdown]
# DPM-Solver++(2M) asks once. In the units of noise the flow moves by $\hat x\, d(\alpha_t/\sigma_t)$. It extends $\hat x$ from the last two predictions, along a line in the log-SNR, to the middle of the step. With steps of equal length:

# %% tags=["derivation"]
guess = function("x_hat_at", r"\hat x")
slope_x, bend_x = sp.Derivative(guess(lam), lam), sp.Derivative(guess(lam), (lam, 2))
moved_x = sp.Integral(sp.exp(y / 2) * guess(y), (y, lam, lam + delta)) / 2
length = sp.exp((lam + delta) / 2) - sp.exp(lam / 2)

d.chain(
    "multistep",
    sp.Limit((moved_x - length * (3 * guess(lam) - guess(lam - delta)) / 2) / delta**3, delta, 0),
    (
        sp.exp(lam / 2) / 48 * (slope_x + 10 * bend_x),
        "one evaluation a step, and ten times the curvature: its line is extended, not bracketed",
    ),
    rests_on=["dynamics/in-units-of-noise"],
    cites="Lu et al. (2022b), DPM-Solver++",
)

# %% [markdown]
# Limits say what is missed to leading order. What is of higher order? A prediction leaves its line by the integral of what its slope has risen:

# %% tags=["derivation"]
d.chain(
    "off-the-line",
    e(lam + delta) - e(lam) - delta * slope,
    (
        sp.Integral(sp.Derivative(e(y), y) - slope, (y, lam, lam + delta)),
        "the fundamental theorem of calculus",
    ),
    domain=Between(delta, 0, 1),
)

# %% [markdown]
# Let its second derivative be at most $M$. Over a distance $y$ the slope has then risen by less than $M y$; by $\psi(y)$ less, say. With $-\hat\epsilon$ in the place of $\hat\epsilon$ the same bounds it from below.

# %% tags=["derivation"]
M, less = symbol("M", positive=True), function("less", r"\psi", positive=True)
d.chain(
    "near-the-line",
    sp.Integral(M * y - less(y), (y, 0, delta)),
    (at_most(M * delta**2 / 2), "so $\\hat\\epsilon$ is off its line by at most $M \\delta^2/2$"),
    rests_on=["steps/off-the-line"],
)

# %% [markdown]
# Do the errors of $n$ steps add up? Let a step miss at most $C \delta^{m+1}$, and let it enlarge the error $e_n$ that it starts from by a factor of at most $1 + K \delta$, as it does where the prediction is Lipschitz. Then $e_{n+1} \le (1 + K \delta)\, e_n + C \delta^{m+1}$ with $e_0 = 0$, and $e_n \le B_n$ by induction:

# %% tags=["derivation"]
C, K = symbol("C", positive=True), symbol("K", positive=True)
m, n = (symbol(name, positive=True, integer=True) for name in "mn")
worst = {v: C * delta**m * ((1 + K * delta) ** v - 1) / K for v in (n, n + 1)}
d.chain(
    "errors-add-up",
    (1 + K * delta) * Abbreviation("B_n", worst[n]) + C * delta ** (m + 1),
    (worst[n + 1], "the bound after one step more; that of no step is 0"),
    cites="Gronwall's lemma, for steps",
)

# %% tags=["derivation"]
d.chain(
    "errors-stay-bounded",
    sp.log(1 + K * delta),
    (at_most(K * delta), "so $(1 + K \\delta)^n < e^{K n \\delta}$, with $n \\delta$ the range"),
)

# %% tags=["derivation"]
d.prose(
    "orders",
    "Over a range of log-SNRs cut into equal steps the error of DDIM is of order $\\delta$, that of DPM-Solver-2, Heun and DPM-Solver++(2M) of order $\\delta^2$.",
    "DDIM: let $M$ bound the slope of $\\hat\\epsilon$; then what it misses is at most half the integral above, times $e^{-\\lambda/2}$ at the start of the step. The others: of the line they miss what the limits say, of third order. Of what $\\hat\\epsilon$ is off its line, at most $M \\delta^2/2$, the flow and a step are integrals or multiples, over a way of order $\\delta$: third order again. And $\\hat\\epsilon$ off the path, by what DDIM misses, is off by at most a constant times that, if it is Lipschitz in $z$. "
    "With $m = 1$ and $m = 2$ the errors add up to at most $C \\delta^m (e^{K n \\delta} - 1)/K$, and the range $n \\delta$ is fixed. For DPM-Solver++(2M), which looks back, let $e_n$ be the larger of the last two errors, from what its first step, of DDIM, misses once: $\\delta^2$.",
    rests_on=[
        "steps/first-order",
        "steps/second-order",
        "steps/heun",
        "steps/multistep",
        "steps/near-the-line",
        "steps/errors-add-up",
        "steps/errors-stay-bounded",
    ],
)

# %% [markdown]
# Is it so? Euler's and Heun's steps along $dz/dt$ are the textbook's, of orders 1 and 2; here they are only measured. On Gaussian data the flow is known ([](09_dynamics)), so a sampler's width can be held against the exact one.

# %%
from IPython.display import Markdown

from companion import profiles
from companion.chapters.sampling_steps import claims, figures, perfect, results, sentences
from companion.evidence import style
from companion.evidence.artifacts import Artifacts
from diffcore.published import GUARD

style.use()
artifacts = Artifacts("15_sampling_steps", profile)
active = profiles.get(profile)
errors = results.width_errors()
artifacts.table(results.orders(errors), "solver_orders", **results.ORDERS_SHOWN, seeds=[0])

# %%
artifacts.figure(figures.widths_figure(errors), "solver_widths", **figures.WIDTHS_SHOWN, seeds=[0])

# %%
Markdown(sentences.widths(errors))

# %% [markdown]
# An order is a promise about the limit. On this one Gaussian the first-order errors of Euler nearly cancel where steps are equal in log-SNR, and it looks better than it is.
#
# ## Steps of the reverse SDE
#
# A step can also be exact for the reverse SDE, $dz = (f z - g^2 \partial_z \log q)\, dt + g\, d\bar w$, where a prediction is held. Which one is held makes two samplers. Hold $\hat x$: the score is $-(z - \alpha_t \hat x)/\sigma_t^2$, and a Gaussian that starts in $z_t$ has, at $s < t$, the mean $\mu_s$ and the variance $v_s$ of the ancestral step. Both obey the equations of a linear SDE, with $f = \alpha_s'/\alpha_s$ and $g^2 = -\lambda_s' \sigma_s^2$, run backwards:

# %% tags=["derivation"]
drift = sp.Derivative(alpha(s), s) / alpha(s)
rate = -sp.Derivative(log_snr(s), s) * sigma(s) ** 2
ratio = alpha(t) * sigma(s) / (alpha(s) * sigma(t))
m_x = Abbreviation(
    r"\mu_s", alpha(s) * x_hat + ratio * sigma(s) / sigma(t) * (z_t - alpha(t) * x_hat)
)
v_x = Abbreviation("v_s", sigma(s) ** 2 * (1 - ratio**2))

d.chain(
    "ancestral-mean",
    sp.Derivative(m_x, s),
    (
        drift * m_x + rate * (m_x - alpha(s) * x_hat) / sigma(s) ** 2,
        "the drift, with $\\hat x$ held",
    ),
    rests_on=["forward/mean", "dynamics/rate"],
)

# %% tags=["derivation"]
d.chain(
    "ancestral-variance",
    sp.Derivative(v_x, s),
    (
        2 * (drift + rate / sigma(s) ** 2) * v_x - rate,
        "twice the slope of the drift; the noise, which time backwards adds",
    ),
    rests_on=["forward/variance", "dynamics/rate"],
)

# %% [markdown]
# At $s = t$ both are as they should be: $\mu_t = z_t$, $v_t = 0$. So the ancestral step is no approximation but for holding $\hat x$. Hold $\hat\epsilon$ instead, and the score is $-\hat\epsilon/\sigma_s$:

# %% tags=["derivation"]
e_ratio = alpha(s) * sigma(t) / (sigma(s) * alpha(t))
m_eps = Abbreviation(
    r"\bar\mu_s", alpha(s) / alpha(t) * z_t - 2 * sigma(s) * (e_ratio - 1) * eps_hat
)
v_eps = Abbreviation(r"\bar v_s", sigma(s) ** 2 * (e_ratio**2 - 1))

d.chain(
    "held-noise-mean",
    sp.Derivative(m_eps, s),
    (drift * m_eps + rate * eps_hat / sigma(s), "the drift, with $\\hat\\epsilon$ held"),
    rests_on=["dynamics/rate"],
    cites="Lu et al. (2022b), SDE-DPM-Solver-1",
)

# %% tags=["derivation"]
d.chain(
    "held-noise-variance",
    sp.Derivative(v_eps, s),
    (2 * drift * v_eps - rate, "the same, with nothing that pulls towards $\\hat x$"),
    rests_on=["steps/held-noise-mean"],
)

# %% [markdown]
# Its noise is not bounded: $\bar v_s = \sigma_s^2 (e^{\lambda_s - \lambda_t} - 1)$ grows with the step, where $v_s < \sigma_s^2$.
#
# What do few steps get wrong? Four clusters, each a Gaussian, have a width and a share:

# %%
size = active.pick(quick=500, standard=4_000, paper=40_000)
few = results.few_steps(size)
limit, error = results.shares_limit(size), results.width_error(size)
shown = results.few_shown(size, limit, error)
artifacts.table(few, "few_steps", **shown, seeds=[0], n=size)

# %%
Markdown(sentences.few(few, limit, error))

# %% [markdown]
# ## A step at one level
#
# Langevin's step stays at its noise level and needs no other: $z \leftarrow z + \tau\, \partial_z \log q + \sqrt{2\tau}\, \epsilon$, with a fresh $\epsilon \sim \N(0, 1)$. Let $\tau = \beta \sigma_t^2$. Around a single clean point the score is $-z/\sigma_t^2$, with $z$ measured from there, and the step is $(1 - \beta) z + \sqrt{2\beta}\, \sigma_t \epsilon$. Which variance does it keep?

# %% tags=["derivation"]
beta = symbol("beta", r"\beta", positive=True)
kept = Abbreviation("V", sigma(t) ** 2 / (1 - beta / 2))

d.chain(
    "langevin",
    (1 - beta) ** 2 * kept + 2 * beta * sigma(t) ** 2,
    (kept, "variances add; for $\\beta < 2$, beyond which nothing is kept"),
    rests_on=["dynamics/rate"],
)

# %% [markdown]
# Too much, by $1/(1 - \beta/2)$. Steps of $\beta = 1$ forget where they were, and keep twice the variance of the level.
#
# :::{admonition} Trap: a guarded target is not a score
# :class: warning
# The study's code draws samples of $s$ by one such step at each level, with $\beta = 1$: $z \leftarrow z + \sigma_t^2 \hat s + \sqrt2\, \sigma_t \epsilon$ ([`code/sampling.py`, lines 72 to 91](https://github.com/dibyanshu100/Master_thesis_code/blob/a37ca19357a75d9e67d669740309c96c63b96fbf/code/sampling.py#L72-L91)). With the true score that leaves twice the variance of its last level, which is small. But its networks learn a guarded target, $-\sigma_t \epsilon/(\sigma_t^2 + g)$, which is the score times $\sigma_t^2/(\sigma_t^2 + g)$. Where $\sigma_t^2$ is well below $g$ it pulls too weakly to balance the noise that the same steps add, and the samples grow wider.
# :::

# %% tags=["derivation"]
g = symbol("g", positive=True)

d.chain(
    "guarded-pull",
    z + sigma(t) ** 2 * (-z / (sigma(t) ** 2 + g)),
    (
        g / (sigma(t) ** 2 + g) * z,
        "around a single point: with $g = 0$ nothing is left of $z$, with a guard nearly all where $\\sigma_t^2$ is much less than $g$",
    ),
    torch="companion.chapters.sampling_steps.counterparts.guarded_pull",
    rests_on=["steps/langevin"],
)

# %%
Markdown(sentences.residuals(GUARD))

# %% [markdown]
# ## Perfect networks in the study's samplers
#
# As in [](05_published_numbers) a perfect network takes the place of the study's. This time it is sampled, as the study samples its own: 2,000 points, 512 steps uniform in time between $1 - 10^{-4}$ and $10^{-4}$, another rule for each target. What of the printed distance is then the sampler's?

# %%
budget = active.pick(quick=perfect.QUICK, standard=perfect.STANDARD, paper=perfect.PAPER)
table = perfect.moments(budget)
artifacts.table(table, "perfect_samples", **perfect.SHOWN, seeds=[0])

# %%
walks = figures.walks(budget.steps)
artifacts.figure(
    figures.walks_figure(walks), "score_walks", **figures.walks_shown(walks, budget.steps)
)

# %%
decision = claims.by_networks({"perfect_samples": table})
Markdown(
    f"{sentences.whose(table)}\n\nThe claim `{claims.CLAIMS[0].name}` of [](99_verdicts): **{decision.label}**."
)

# %% [markdown]
# A perfect network is one end of what is possible. Where it does hardly better, the target and the sampler suffice for most of the printed *covariance* distance; that does not show that the study's networks were good. For $x$ it is the other way round: a perfect network's samples are as good as exact ones, and what is printed is the networks'. Two cautions. A shift of the mean lowers a covariance, so that an agreement can be partly chance. And where the walk is wider than the noisy data, a network is asked where it was not trained, and may answer otherwise than a perfect one.
#
# ## Exercises
#
# **1.** Data $x \sim \N(0, 1)$ on a variance-preserving schedule keep their width at every level, and the best predictions are $\hat x = \alpha_t z_t$ and $\hat\epsilon = \sigma_t z_t$. What does a step of DDIM make of the width?

# %% tags=["derivation", "solution"]
d.chain(
    "narrower",
    (alpha(s) * alpha(t) + sigma(s) * sigma(t)) ** 2,
    (
        1 - (alpha(s) * sigma(t) - alpha(t) * sigma(s)) ** 2,
        "the variance after a step from $1$: less, by the square of the sine of the angle between the two levels",
    ),
    domain=Ordered(s, t) & VariancePreserving(alpha, sigma),
    rests_on=["dynamics/ddim"],
)

# %% [markdown]
# **2.** How long may Langevin's step be, if the variance may be too large by a share $\zeta$?

# %% tags=["derivation", "solution"]
zeta = symbol("zeta", r"\zeta", positive=True)

d.chain(
    "step-length",
    1 / (1 - Abbreviation(r"\beta", 2 * zeta / (1 + zeta)) / 2),
    (1 + zeta, "up to $\\beta = 2\\zeta/(1 + \\zeta)$"),
    rests_on=["steps/langevin"],
)

# %% [markdown]
# ## Sources
#
# DDIM: {cite:t}`song2021ddim`; the ancestral step: {cite:t}`ho2020`. DPM-Solver-2 is of {cite:t}`lu2022`, DPM-Solver++(2M) and SDE-DPM-Solver-1 of {cite:t}`lu2022plus`, Heun's method in $\sigma/\alpha$ and the third grid of {cite:t}`karras2022`; Langevin steps in diffusion models of {cite:t}`song2021sde`. The study's samplers are read from its published code {cite:p}`kumar2025`. `tests/peers` holds our steps against those of azula and diffusers, number by number.
