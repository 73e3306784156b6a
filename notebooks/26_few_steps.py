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
# **Method.** First derive what a step makes of an error. Then measure: all targets, six samplers, three grids, at equal numbers of network *evaluations*, from the same noise. The exact denoiser walks every chain too. So what the step count does is told apart from what the network does.
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
# The numerator is the same for all targets. The determinant is not. For $v$ on a variance-preserving schedule it is 1, and the step shrinks the error:

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
turning = sp.cos(angle) * sp.Derivative(sp.sin(angle), s) - sp.sin(angle) * sp.Derivative(
    sp.cos(angle), s
)
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
