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
# # One algebra, four targets
#
# **Question.** A network may be asked for the clean data $x$, the noise $\epsilon$, the mixture $v$ or
# the score $s$. When are these four losses the same loss, and when are they not?
#
# **Assumed.** The forward process $z_t = \alpha_t x + \sigma_t \epsilon$ with $\epsilon \sim \N(0, 1)$, for
# any positive $\alpha_t, \sigma_t$ whose signal-to-noise ratio
# $\SNR(t) = \alpha_t^2 / \sigma_t^2$ falls with time. From [](03_nelbo_in_x) we take the diffusion loss
# in $x$-space, $-\frac12 \E[\SNR'(t)\, \|x - \hat x\|^2]$. Data and noise are vectors of any dimension, but in Tweedie's
# formula, which is derived for one.

# %% tags=["parameters"]
profile = "standard"

# %% tags=["derivation"]
import sympy as sp

from companion.derivation import Abbreviation, Between, Density, Derivation, Normal, Where
from companion.derivation.vectors import eps, norm2, vector, x, x_hat
from companion.derivation.vocabulary import alpha, h, log_snr, sigma, snr, symbol, t

d = Derivation("targets", title="One algebra, four targets", rests_on=["nelbo-x"])

# %% [markdown]
# ## The algebra
#
# Every target is a row $y = a x + b \epsilon$: $x$ is $(1, 0)$, $\epsilon$ is $(0, 1)$,
# $v = \alpha_t \epsilon - \sigma_t x$ is $(-\sigma_t, \alpha_t)$ {cite:p}`salimans2022`,
# $s = -\epsilon / \sigma_t$ is $(0, -1/\sigma_t)$ {cite:p}`vincent2011`, and the flow's velocity
# $u = \alpha_t' x + \sigma_t' \epsilon$ is $(\alpha_t', \sigma_t')$ {cite:p}`lipman2023`. Together with
# $z_t$ a row is a linear system of two equations in two unknowns. Its determinant is
# $D = \alpha_t b - \sigma_t a$. It must not be zero: a multiple of $z_t$ tells nothing new.

# %% tags=["derivation"]
a, b = symbol("a"), symbol("b")
z = Abbreviation("z_t", alpha(t) * x + sigma(t) * eps)
y = Abbreviation("y", a * x + b * eps)
D = Abbreviation("D", alpha(t) * b - sigma(t) * a)

d.chain(
    "solve-for-x",
    x,
    (
        (b * z - sigma(t) * y) / D,
        "multiply $z_t$ by $b$ and $y$ by $\\sigma_t$: $\\epsilon$ cancels",
    ),
)

# %% tags=["derivation"]
d.chain(
    "solve-for-eps",
    eps,
    ((alpha(t) * y - a * z) / D, "multiply $y$ by $\\alpha_t$ and $z_t$ by $a$: $x$ cancels"),
)

# %% [markdown]
# So one predicted target gives every other. If a network predicts the row $(a, b)$, the row $(\tilde a, \tilde b)$ is
# $\tilde a x + \tilde b \epsilon$ with {eq}`eq-targets-solve-for-x` and {eq}`eq-targets-solve-for-eps` in it: the only conversion in `diffcore`.

# %% tags=["derivation"]
a_to, b_to = symbol("a_to", r"\tilde a"), symbol("b_to", r"\tilde b")
given_z, given_y = vector("z_t"), vector("y")

d.chain(
    "convert",
    a_to * (b * given_z - sigma(t) * given_y) / D + b_to * (alpha(t) * given_y - a * given_z) / D,
    (
        ((b * a_to - a * b_to) * given_z + (alpha(t) * b_to - sigma(t) * a_to) * given_y) / D,
        "collect $z_t$ and $y$",
    ),
    rests_on=["targets/solve-for-x", "targets/solve-for-eps"],
    torch="companion.chapters.four_targets.results.convert_row",
)

# %% [markdown]
# Guidance mixes two predictions, $(1 + \zeta)\, y_1 - \zeta\, y_2$ with a scale $\zeta$. The shares add up to 1, so it does not matter in which target they are mixed:

# %% tags=["derivation"]
y_1, y_2, zeta = vector("y_1"), vector("y_2"), symbol("zeta", r"\zeta")
from_z, from_y = (b * a_to - a * b_to) / D, (alpha(t) * b_to - sigma(t) * a_to) / D
d.chain(
    "guidance",
    (1 + zeta) * (from_z * given_z + from_y * y_1) - zeta * (from_z * given_z + from_y * y_2),
    (
        from_z * given_z + from_y * ((1 + zeta) * y_1 - zeta * y_2),
        "convert, then mix; mix, then convert",
    ),
    rests_on=["targets/convert"],
)

# %% [markdown]
# ## The error of any target
#
# A prediction $\hat y$ belongs to a pair $(\hat x, \hat\epsilon)$ that mixes to the same $z_t$:
# $\hat\epsilon = (z_t - \alpha_t \hat x)/\sigma_t$. So the errors of two targets differ by a factor that
# depends on time alone.

# %% tags=["derivation"]
eps_hat = Abbreviation(r"\hat\epsilon", (z - alpha(t) * x_hat) / sigma(t))
y_hat = Abbreviation(r"\hat y", a * x_hat + b * eps_hat)
error = norm2(x - x_hat)

d.chain(
    "error",
    norm2(y - y_hat),
    (
        D**2 / alpha(t) ** 2 * norm2(eps - eps_hat),
        "$z_t$ cancels: $x - \\hat x$ is $-\\sigma_t/\\alpha_t$ times $\\epsilon - \\hat\\epsilon$",
    ),
    (D**2 / sigma(t) ** 2 * error, "the same in $x$"),
    torch="companion.chapters.four_targets.results.squared_error_in_y",
    cites="the book's rule; for each target separately, Kumar et al. (2025), section 3",
)

# %% [markdown]
# The four other targets are four rows. Nothing below uses $\alpha_t^2 + \sigma_t^2 = 1$.

# %% tags=["derivation"]
d.chain(
    "error-eps",
    norm2(eps - eps_hat),
    (snr(t) * error, "the row $(0, 1)$ has $D = \\alpha_t$"),
    rests_on=["targets/error"],
)

# %% tags=["derivation"]
v = Abbreviation("v", alpha(t) * eps - sigma(t) * x)
v_hat = Abbreviation(r"\hat v", alpha(t) * eps_hat - sigma(t) * x_hat)

d.chain(
    "error-v",
    norm2(v - v_hat),
    (
        (alpha(t) ** 2 + sigma(t) ** 2) ** 2 / sigma(t) ** 2 * error,
        "the row $(-\\sigma_t, \\alpha_t)$ has $D = \\alpha_t^2 + \\sigma_t^2$",
    ),
    rests_on=["targets/error"],
)

# %% tags=["derivation"]
score = Abbreviation("s", -eps / sigma(t))
score_hat = Abbreviation(r"\hat s", -eps_hat / sigma(t))

d.chain(
    "error-score",
    norm2(score - score_hat),
    (
        alpha(t) ** 2 / sigma(t) ** 4 * error,
        "the row $(0, -1/\\sigma_t)$ has $D = -\\alpha_t/\\sigma_t$",
    ),
    rests_on=["targets/error"],
)

# %% tags=["derivation"]
alpha_prime, sigma_prime = sp.Derivative(alpha(t), t), sp.Derivative(sigma(t), t)
log_snr_prime = sp.Derivative(log_snr(t), t)
u = Abbreviation("u", alpha_prime * x + sigma_prime * eps)
u_hat = Abbreviation(r"\hat u", alpha_prime * x_hat + sigma_prime * eps_hat)

d.chain(
    "error-velocity",
    norm2(u - u_hat),
    (
        (alpha(t) * sigma_prime - sigma(t) * alpha_prime) ** 2 / sigma(t) ** 2 * error,
        "the row $(\\alpha_t', \\sigma_t')$ has $D = \\alpha_t \\sigma_t' - \\sigma_t \\alpha_t'$",
    ),
    (
        alpha(t) ** 2 / 4 * log_snr_prime**2 * error,
        "$D = -\\alpha_t \\sigma_t \\lambda_t' / 2$",
    ),
    rests_on=["targets/error"],
)

# %% [markdown]
# ## Four NELBO losses that are one
#
# Divide the diffusion loss by the factors in {eq}`eq-targets-error-eps` to {eq}`eq-targets-error-velocity`. The integrand does not change; only its name does. In
# the noise it becomes simplest: the weight is the rate at which $\lambda_t = \log\SNR(t)$ falls.

# %% tags=["derivation"]
snr_prime = sp.Derivative(snr(t), t)
diffusion_loss = -snr_prime / 2 * error
STUDY = "Kumar et al. (2025), section 3: one subsection for each target, from their eq. (7)"

d.chain(
    "nelbo-eps",
    diffusion_loss,
    (-snr_prime / snr(t) / 2 * norm2(eps - eps_hat), "replace $\\|x - \\hat x\\|^2$"),
    (-log_snr_prime / 2 * norm2(eps - eps_hat), "a logarithmic derivative"),
    cites=STUDY + "; Kingma et al. (2021), section 5",
    rests_on=["targets/error-eps"],
)

# %% tags=["derivation"]
d.chain(
    "nelbo-v",
    diffusion_loss,
    (
        -(sigma(t) ** 2) / (alpha(t) ** 2 + sigma(t) ** 2) ** 2 * snr_prime / 2 * norm2(v - v_hat),
        "replace $\\|x - \\hat x\\|^2$; the sum of squares is squared",
    ),
    cites=STUDY,
    rests_on=["targets/error-v"],
)

# %% tags=["derivation"]
g_squared = Abbreviation(
    "g_t^2", 2 * sigma(t) * sigma_prime - 2 * alpha_prime / alpha(t) * sigma(t) ** 2
)

d.chain(
    "noise-rate",
    sp.Limit((sigma(t + h) ** 2 - (alpha(t + h) / alpha(t)) ** 2 * sigma(t) ** 2) / h, h, 0),
    (
        g_squared,
        "the variance $\\sigma_{t+h|t}^2$ that a step adds, per unit of time: the squared noise rate",
    ),
    domain=Between(t, 0.1, 0.9),
    rests_on=["forward/one-step"],
)

# %% tags=["derivation"]
d.chain(
    "nelbo-score",
    diffusion_loss,
    (
        -(sigma(t) ** 4) / alpha(t) ** 2 * snr_prime / 2 * norm2(score - score_hat),
        "replace $\\|x - \\hat x\\|^2$",
    ),
    (
        g_squared / 2 * norm2(score - score_hat),
        "$g_t^2 = (\\sigma_t^2)' - 2 (\\alpha_t'/\\alpha_t)\\, \\sigma_t^2$, the squared noise rate",
    ),
    cites=STUDY + "; the likelihood weighting of Song, Durkan, Murray & Ermon (2021)",
    rests_on=["targets/error-score", "targets/noise-rate"],
)

# %% tags=["derivation"]
d.chain(
    "nelbo-velocity",
    diffusion_loss,
    (
        -2 / (sigma(t) ** 2 * log_snr_prime) * norm2(u - u_hat),
        "replace $\\|x - \\hat x\\|^2$: the slope of $\\lambda_t$ moves to the denominator",
    ),
    rests_on=["targets/error-velocity"],
)

# %% [markdown]
# ## Tweedie's formula
#
# Why can a score be used to denoise at all? In one dimension, for *any* density $q(x)$ of the data, let
# $q(z) = \int q(x)\, \N(z; \alpha_t x, \sigma_t^2)\, dx$ be the density of the noisy data. Its score gives the
# posterior mean of $x$ {cite:p}`efron2011`. Divided by $\alpha_t\, q(z)$, {eq}`eq-targets-tweedie` is
#
# $$\E[x \mid z] = \frac{z + \sigma_t^2\, \partial_z \log q(z)}{\alpha_t}.$$

# %% tags=["derivation"]
from companion.derivation.vocabulary import function, x, z

data = function("q", positive=True)
kernel = Normal(z, alpha(t) * x, sigma(t) ** 2)
over_x = (x, -sp.oo, sp.oo)
q = Abbreviation("q(z)", sp.Integral(data(x) * kernel, over_x), positive=True)

d.chain(
    "tweedie",
    alpha(t) * sp.Integral(x * data(x) * kernel, over_x),
    (
        z * q + sigma(t) ** 2 * sp.Derivative(q, z),
        "under the integral, the kernel's derivative is $-(z - \\alpha_t x)/\\sigma_t^2$ times the kernel",
    ),
    domain=Density(data),
    cites="Efron (2011); Kumar et al. (2025), section 3",
)

# %% tags=["derivation"]
d.prose(
    "under-the-integral",
    "For any density $q(x)$ the integral over $x$ may be differentiated under its sign, as this step does.",
    "For $z$ in a bounded range, the kernel's derivative in $z$ is at most one constant, whatever $x$: a Gaussian falls faster than its argument grows. A "
    "constant times $q(x)$ has a finite integral, so convergence is dominated.",
)

# %% [markdown]
# ## The study's table, regenerated
#
# The table below is printed by SymPy from the rows and the one error factor. The last two columns say by which constant our NELBO
# differs from the study's table of losses and from the study's published code, on its cosine schedule $\alpha_t = \cos(\pi t/2)$, $\sigma_t = \sin(\pi t/2)$. The table leaves out
# $\frac12$; the code leaves out $\frac12$ and the $\pi$ of $\SNR'(t)$. Such a constant changes no minimum. It does
# change the unit: the code's values are not nats.

# %%
from companion.chapters.four_targets import figures, results
from companion.evidence import style
from companion.evidence.artifacts import Artifacts

style.use()
artifacts = Artifacts("04_four_targets", profile)
artifacts.table(results.loss_table(), "loss_table", **results.LOSS_TABLE_SHOWN)

# %% [markdown]
# The study's table prints $\sigma_t^2/(\alpha_t^2 + \sigma_t^2)$ for $v$; in general the denominator is squared, as proved
# above. With $\alpha_t^2 + \sigma_t^2 = 1$ the two agree, so no number of the study depends on it.
#
# ## The torch check
#
# An untrained network (random weights) is taken as a prediction of $x$ and converted to every target. Each of
# the three kinds of loss is then evaluated with the same data, noise and times.

# %%
losses = results.losses_of_one_network(n=4096, seed=0)
artifacts.table(losses, "loss_equivalence", **results.LOSSES_SHOWN, seeds=[0], n=4096)

# %% [markdown]
# The NELBO losses are equal and the rescaled losses are equal, to rounding. The weighted losses are not:
# they are different objectives, and their values cannot be compared with each other.
#
# ## What the weighted losses are
#
# Every loss is a weighting $w(\lambda)$ of the same integral over the log-SNR,
# $\frac12 \int w(\lambda)\, \E\,\|\epsilon - \hat\epsilon\|^2\, d\lambda$, and $w = 1$ is the NELBO {cite:p}`kingma2023`. A plain squared
# error with $t$ uniform has $w = 2\, \kappa\; p(\lambda)$, where $\kappa$ is the factor from $\|\epsilon - \hat\epsilon\|^2$ to its own error
# and $p(\lambda_t) = -1/\lambda_t'$ is the density of the log-SNR: of uniform times a share $t$ has a log-SNR above $\lambda_t$.

# %% tags=["derivation"]
density = Abbreviation(r"p(\lambda_t)", -1 / log_snr_prime)
kappa = symbol("kappa", r"\kappa")

d.chain(
    "plain-error",
    kappa * norm2(eps - eps_hat),
    (
        -log_snr_prime / 2 * (2 * kappa * density) * norm2(eps - eps_hat),
        "so $w = 2\\, \\kappa\\; p(\\lambda_t)$",
    ),
    rests_on=["targets/nelbo-eps"],
)

# %% [markdown]
# On the cosine schedule, $p(\lambda_t) = \alpha_t \sigma_t/\pi$.

# %% tags=["derivation"]
angle = sp.pi * t / 2
cosine_log_snr = Abbreviation(r"\lambda_t", 2 * sp.log(sp.cos(angle) / sp.sin(angle)))
inside = Where(sp.Gt(1 - t, sp.Rational(1, 50)), sp.Gt(t, sp.Rational(1, 50)))

d.chain(
    "cosine-slope",
    -sp.Derivative(cosine_log_snr, t),
    (
        sp.pi / (sp.cos(angle) * sp.sin(angle)),
        "the cosine schedule, $0.02 < t < 0.98$ for the random points",
    ),
    domain=inside,
)

# %% [markdown]
# A variance-preserving schedule is known from the ratio $\rho = \alpha_t/\sigma_t = e^{\lambda_t/2}$ alone:
# $\alpha_t = \rho/\sqrt{1 + \rho^2}$ and $\sigma_t = 1/\sqrt{1 + \rho^2}$.

# %% tags=["derivation"]
rho = symbol("rho", r"\rho", positive=True)
lam = Abbreviation(r"\lambda_t", 2 * sp.log(rho))
density = Abbreviation(r"p(\lambda_t)", rho / (1 + rho**2) / sp.pi)
sech = Abbreviation(r"\mathrm{sech}(\lambda_t/2)", 2 / (sp.exp(lam / 2) + sp.exp(-lam / 2)))
bell = sech / sp.pi

d.chain(
    "weight-eps",
    2 * density,
    (bell, "$2 \\alpha_t \\sigma_t = 2/(\\rho + 1/\\rho)$; it falls on both sides"),
    rests_on=["targets/cosine-slope"],
    cites="Kingma & Gao (2023)",
)

# %% tags=["derivation"]
d.chain(
    "weight-x",
    2 * density * sp.exp(-lam),
    (bell * sp.exp(-lam), "the error of $x$ is $e^{-\\lambda}$ times that of $\\epsilon$"),
    (2 / (sp.exp(3 * lam / 2) + sp.exp(lam / 2)) / sp.pi, "falls with $\\lambda$"),
    rests_on=["targets/weight-eps"],
)

# %% tags=["derivation"]
d.chain(
    "weight-v",
    2 * density * (1 + sp.exp(-lam)),
    (2 / sp.pi * sp.exp(-lam / 2), "the factor is $1 + e^{-\\lambda}$: falls with $\\lambda$"),
    rests_on=["targets/cosine-slope", "targets/error-v"],
)

# %% tags=["derivation"]
d.chain(
    "weight-score",
    2 * density * (1 + sp.exp(lam)),
    (
        2 / sp.pi * sp.exp(lam / 2),
        "the factor is $1/\\sigma^2 = 1 + e^{\\lambda}$: *rises* with $\\lambda$",
    ),
    rests_on=["targets/cosine-slope", "targets/error-score"],
)

# %%
artifacts.figure(figures.weighting_figure(), "weightings", **figures.WEIGHTINGS_SHOWN)

# %% tags=["derivation"]
d.prose(
    "monotone-weightings",
    "A weighting that never rises with $\\lambda$ is a mixture of bounds: on the likelihood of noisy data, or, read another way, of improved bounds on that of "
    "the data themselves. By the formulas above the plain errors in $x$ and $v$ have such weightings, and those in $\\epsilon$ and $s$ have not.",
    "Such a weight never falls with time, so it is a mixture, over $t_0$, of weights that are 1 from $t_0$ on and 0 before. The loss from $t_0$ on bounds the "
    "likelihood of $z_{t_0}$; and that of the data, if the steps before $t_0$ are undone by the best decoder there is.",
    cites="Kingma & Gao (2023); Shi & Titsias (2025), as we reconstruct it from the abstract and summaries",
)

# %% [markdown]
# :::{admonition} Trap: a check that cannot see
# :class: warning
# On the cosine schedule $\alpha_t^2 + \sigma_t^2 = 1$, and the flow's velocity is $\frac{\pi}{2} v$. A test on this schedule alone
# cannot notice a lost square of $\alpha_t^2 + \sigma_t^2$, nor a $v$ taken for a velocity. The cell below claims the $v$ row without the
# square, and the ledger refutes it with a random schedule.
# :::

# %%
d.refute(
    "a-lost-square",
    diffusion_loss,
    -(sigma(t) ** 2) / (alpha(t) ** 2 + sigma(t) ** 2) * snr_prime / 2 * norm2(v - v_hat),
    "the sum of squares must be squared",
)

# %% [markdown]
# To carry a weighting from one target to another is the same algebra, and it is easily got wrong. Min-SNR weighting {cite:p}`hang2023` limits
# the weight of the $\epsilon$-error to $\min(1, \gamma/\SNR)$. Carried over to $v$ it must be divided by the factor of $v$. The example scripts of
# `diffusers` have had three formulas for $v$. The table sets each beside the weight that the algebra gives.
#
# 1. $\min(\SNR, \gamma)/\SNR + 1$: the weight of $\epsilon$ with 1 added.
# 2. $\min(\SNR + 1, \gamma)/(\SNR + 1)$, since [PR 5238](https://github.com/huggingface/diffusers/pull/5238), whose title says that it corrects
#    the fix "by adding 1 to SNR rather than the resulting loss weights".
# 3. $\min(\SNR, \gamma)/(\SNR + 1)$, since [PR 6307](https://github.com/huggingface/diffusers/pull/6307), "only adding 1 to SNR on the denominator".
#    It settles [issue 5654](https://github.com/huggingface/diffusers/issues/5654), which derives it.

# %%
artifacts.table(results.min_snr_in_v(), "min_snr_in_v", **results.MIN_SNR_SHOWN)

# %% [markdown]
# ## Exercise
#
# Few steps are said to favour $v$. What does an error of $v$ say about the errors of $x$ and of $\epsilon$?

# %% tags=["derivation", "solution"]
d.chain(
    "error-v-is-both",
    norm2(v - v_hat),
    (
        (alpha(t) ** 2 + sigma(t) ** 2) * (error + norm2(eps - eps_hat)),
        "their sum, if $\\alpha_t^2 + \\sigma_t^2 = 1$: it limits both at every noise level. A small error of $\\epsilon$ alone says little of $x$ as "
        "$t \\to 1$, and one of $x$ little of $\\epsilon$ as $t \\to 0$, since $x - \\hat x = -(\\sigma_t/\\alpha_t)(\\epsilon - \\hat\\epsilon)$",
    ),
    rests_on=["targets/error-v", "targets/error-eps"],
)

# %% [markdown]
# ## Sources
#
# The study {cite:p}`kumar2025` states the four NELBO losses, their weighted and rescaled forms, and that the
# first and the last are equivalent across targets. Its formulas (the table in its README) are proved above up to the $\frac12$ that it leaves out, those of $v$ where $\alpha_t^2 + \sigma_t^2 = 1$, the others for every schedule; its own
# derivations could not be read, since only its abstract, introduction and public summaries were available. The common form is that of
# {cite:t}`kingma2023`. That the score's NELBO has the squared noise rate as its weight is the likelihood weighting of {cite:t}`song2021ml`.
