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
# # One law, many paths
#
# **Question.** The forward process says how data turn into noise. Which processes turn noise into data, and what do they share?
#
# **Assumed.** $z_t = \alpha_t x + \sigma_t \epsilon$ with a log-SNR $\lambda_t$ that falls with $t$, its step back from [](02_forward_process), and the score $\partial_z \log q_t$ of the density $q_t$ of $z_t$ from [](04_four_targets). Everything is for one dimension.

# %% tags=["parameters"]
profile = "standard"

# %% tags=["derivation"]
import sympy as sp

from companion.derivation import (
    Abbreviation,
    Between,
    Density,
    Derivation,
    Normal,
    Ordered,
)
from companion.derivation.vocabulary import alpha, eps_hat, log_snr, sigma, symbol, t, x, x_hat, z

d = Derivation("dynamics", title="One law, many paths", rests_on=["forward", "targets"])

# %% [markdown]
# ## The forward process as a differential equation
#
# Let a linear equation $dz = f_t z\, dt + g_t\, dW$ move the latent, with $W$ a Brownian motion. Given $x$, its mean grows at the rate $f_t$ times itself, and its variance at $2 f_t$ times itself plus $g_t^2$. Two choices make them $\alpha_t x$ and $\sigma_t^2$.

# %% tags=["derivation"]
alpha_prime, sigma_prime = sp.Derivative(alpha(t), t), sp.Derivative(sigma(t), t)
f = Abbreviation("f_t", alpha_prime / alpha(t))
g_squared = Abbreviation("g_t^2", 2 * sigma(t) * sigma_prime - 2 * f * sigma(t) ** 2)

d.chain(
    "mean",
    sp.Derivative(alpha(t) * x, t),
    (f * alpha(t) * x, "$f_t = \\alpha_t'/\\alpha_t$, the rate at which the signal shrinks"),
    cites="Kingma et al. (2021)",
)

# %% tags=["derivation"]
d.chain(
    "variance",
    sp.Derivative(sigma(t) ** 2, t),
    (
        2 * f * sigma(t) ** 2 + g_squared,
        "$g_t^2 = (\\sigma_t^2)' - 2 f_t \\sigma_t^2$: the noise that must be added to what has shrunk",
    ),
    rests_on=["targets/noise-rate"],
)

# %% tags=["derivation"]
d.chain(
    "rate",
    g_squared,
    (
        -(sigma(t) ** 2) * sp.Derivative(log_snr(t), t),
        "$\\lambda_t' = 2 \\alpha_t'/\\alpha_t - 2 \\sigma_t'/\\sigma_t$: noise is added where the log-SNR falls",
    ),
    torch="companion.chapters.dynamics.counterparts.noise_rate",
)

# %% [markdown]
# Such a process moves densities by the Fokker-Planck equation, and the Gaussian $q(z_t|x)$ solves it. The equation is linear in the density, so an average over $x$ solves it too: $q_t$ does.

# %% tags=["derivation"]
gaussian = Normal(z, alpha(t) * x, sigma(t) ** 2)

d.chain(
    "fokker-planck",
    sp.Derivative(gaussian, t),
    (
        -sp.Derivative(f * z * gaussian, z) + g_squared / 2 * sp.Derivative(gaussian, (z, 2)),
        "carried along by the drift, spread by the noise",
    ),
    rests_on=["dynamics/mean", "dynamics/variance"],
)

# %% [markdown]
# ## Other processes with the same densities
#
# Now take any density $q$ on the line. The noise term can be moved into the drift, since $q' = (\log q)'\, q$. What is left is a process without noise, the *probability flow* {cite:p}`song2021sde`.

# %% tags=["derivation"]
from companion.derivation.vocabulary import function

q = function("q", positive=True)
rate, drift = symbol("G", "g^2", positive=True), symbol("f")
eta = symbol("eta", r"\eta")
score = sp.Derivative(sp.log(q(z)), z)

d.chain(
    "probability-flow",
    -sp.Derivative(drift * z * q(z), z) + rate / 2 * sp.Derivative(q(z), (z, 2)),
    (
        -sp.Derivative((drift * z - rate / 2 * score) * q(z), z),
        "$q'' = ((\\log q)'\\, q)'$: one velocity moves the density as drift and noise do",
    ),
    rests_on=["dynamics/fokker-planck"],
    cites="Song et al. (2021), score-based generative modelling through SDEs",
)

# %% [markdown]
# Run this flow backwards, and let it draw noise again. Backwards the density changes by the opposite of the line above. A process in backward time with noise $\eta\, g$ and drift $-f z + \frac{1 + \eta^2}{2} g^2 (\log q)'$ changes it by as much, for every $\eta$. At $\eta = 1$ it is the reverse SDE, at $\eta = 0$ the flow.

# %% tags=["derivation"]
d.chain(
    "family",
    sp.Derivative((drift * z - rate / 2 * score) * q(z), z),
    (
        -sp.Derivative((-drift * z + (1 + eta**2) / 2 * rate * score) * q(z), z)
        + eta**2 * rate / 2 * sp.Derivative(q(z), (z, 2)),
        "noise $\\eta^2 g^2$ spreads what the drift with $\\frac12 \\eta^2 g^2$ gathers",
    ),
    rests_on=["dynamics/probability-flow"],
    cites="Anderson (1982) for the reverse SDE",
)

# %% tags=["derivation"]
d.prose(
    "one-law",
    "All these processes, started from $q_{t_1}$ at a time $t_1$ with $\\alpha_{t_1} > 0$, have the density $q_t$ at every time $0 < t < t_1$. What they differ in is how a latent at one time depends on one at another.",
    "Their densities solve the same equation from the same start, by the two lines above. Between these times its solution is unique: the drift is smooth and grows at most "
    "linearly where the data are bounded or Gaussian.",
    rests_on=["dynamics/family"],
)

# %% [markdown]
# ## The velocity is an average
#
# Let $\hat x$ and $\hat\epsilon$ be the posterior means, so that $z = \alpha_t \hat x + \sigma_t \hat\epsilon$; the score is $-\hat\epsilon/\sigma_t$. The velocity of the flow is that of flow matching, $u = \alpha_t' x + \sigma_t' \epsilon$ {cite:p}`lipman2023`, averaged over what $z$ may have come from.

# %% tags=["derivation"]
z_t = Abbreviation("z_t", alpha(t) * x_hat + sigma(t) * eps_hat)

d.chain(
    "velocity",
    alpha_prime * x_hat + sigma_prime * eps_hat,
    (f * z_t - g_squared / 2 * (-eps_hat / sigma(t)), "the same velocity, in the score"),
    rests_on=["targets/tweedie", "dynamics/probability-flow"],
)

# %% [markdown]
# A network cannot be compared with this average, which nobody knows. Flow matching compares it with the velocity of the path that $z$ was drawn on, where $\epsilon = (z - \alpha_t x)/\sigma_t$: by the same line that is $u_x = f z + \frac{g^2}{2 \sigma_t^2} (z - \alpha_t x)$. Let $\bar u$ be the velocity of the flow.

# %% tags=["derivation"]
u_model = symbol("u_model", r"\hat u")
joint, over_x = q(x) * gaussian, (x, -sp.oo, sp.oo)
noisy = Abbreviation("q_t", sp.Integral(joint, over_x), positive=True)
u_path = Abbreviation("u_x", drift * z + rate / 2 * (z - alpha(t) * x) / sigma(t) ** 2)
u_bar = Abbreviation(r"\bar u", drift * z - rate / 2 * sp.Derivative(sp.log(noisy), z))

d.chain(
    "flow-matching",
    sp.Integral((u_model - u_path) ** 2 * joint, over_x),
    (
        (u_model - u_bar) ** 2 * noisy + sp.Integral(u_path**2 * joint, over_x) - u_bar**2 * noisy,
        "the error against the flow, and two terms without the model: equal gradients",
    ),
    domain=Density(q),
    rests_on=["score/orthogonality", "dynamics/velocity"],
    cites="Lipman et al. (2023), for equal gradients",
)

# %% [markdown]
# ## What a wrong flow costs
#
# Two densities $q$ and $p$ are moved by two velocities $u$ and $\hat u$. Let $\ell = \log q/p$. A velocity changes a density at the rate $-(u q)'$, minus the slope of what flows. So $q \ell$ changes at the rate on the left:

# %% tags=["derivation"]
p_of = function("p", positive=True)
u_of, u_hat_of = function("u"), function("u_hat_of", r"\hat u")
ell = Abbreviation(r"\ell", sp.log(q(z) / p_of(z)))
carried = q(z) * (u_hat_of(z) - u_of(z) * (ell + 1))

d.chain(
    "two-flows",
    -sp.Derivative(u_of(z) * q(z), z) * (ell + 1)
    + q(z) / p_of(z) * sp.Derivative(u_hat_of(z) * p_of(z), z),
    (
        sp.Derivative(carried, z) + q(z) * (u_of(z) - u_hat_of(z)) * sp.Derivative(ell, z),
        "a slope, and the velocities' difference against that of the scores",
    ),
)

# %% [markdown]
# In $d$ dimensions the slope is a divergence, for volumes grow: over a short time $h$ the map of a flow has the Jacobian $I + h A$, with $A$ that of $u$. Of its determinant take the part for some coordinates, with the matrix $B$, and add a coordinate: $1 + h a$ on the diagonal, a column $h b$, a row $h c$. Less the mixture $h B^{-1} b$ of the other columns, the new one is 0 but for its last entry, $1 + h a - h^2 R$ with $R = c^{\mathsf T} B^{-1} b$, which is smooth in $h$. By so much the determinant is multiplied:

# %% tags=["derivation"]
from companion.derivation.vocabulary import h

entry, rest = symbol("a"), function("rest", "R")
d.chain(
    "one-coordinate-more",
    sp.Limit(sp.log(1 + h * entry - h**2 * rest(h)) / h, h, 0),
    (
        entry,
        "one entry of the diagonal for each coordinate: $\\log\\det$ grows at the rate $\\mathrm{tr}\\, A$",
    ),
    cites="Jacobi's formula, coordinate by coordinate",
)

# %% [markdown]
# So $\log p$ falls along a flow at the rate $\mathrm{tr}\, A = \nabla \cdot u$. The other way to see it: at a fixed place it changes by minus the divergence of $p u$, over $p$, and what moves gains $\langle \psi, u \rangle$, with $\psi = \nabla \log p$. The divergence is what flows out over a short way $r$, averaged over Gaussian directions:

# %% tags=["derivation"]
from companion.derivation.vectors import VectorMean, act, dot, matrix, trace, vector

A, u_here, psi, xi = matrix("A"), vector("u"), vector("psi", r"\psi"), vector("xi", r"\xi")
r = symbol("r", positive=True)
outflow = (1 + r * dot(psi, xi)) * dot(xi, u_here + r * act(A, xi))
d.chain(
    "along-the-flow",
    dot(psi, u_here) - VectorMean(outflow, xi) / r,
    (-trace(A), "the mixed term is what moving gains; for every $r$"),
    rests_on=["dynamics/one-coordinate-more", "score/implicit-in-d"],
    cites="Chen et al. (2018), for the instantaneous change of variables",
)

# %% [markdown]
# The forward process moves any density by $f z - \frac12 g^2 \times$ its score. The flow of a model has the model's score $-\hat\epsilon/\sigma$ in its place, which need not be that of the densities $p$ which it makes:

# %% tags=["derivation"]
scale = symbol("sigma_n", r"\sigma", positive=True)
p_score, net = sp.Derivative(sp.log(p_of(z)), z), -eps_hat / scale
u_q = Abbreviation("u", drift * z - rate / 2 * score)
u_net = Abbreviation(r"\hat u", drift * z - rate / 2 * net)

d.chain(
    "model-flow",
    (u_q - u_net) * sp.Derivative(ell, z),
    (
        -rate / 2 * ((score - net) ** 2 + (score - net) * (net - p_score)),
        "through the model's score; where that is the score of $p$, the last term is zero",
    ),
    rests_on=["dynamics/two-flows", "dynamics/probability-flow"],
)

# %% tags=["derivation"]
d.prose(
    "divergence-in-time",
    "If $p$ is noised as $q$ is, $\\KL(q_0 \\,\\|\\, p_0) = \\KL(q_1 \\,\\|\\, p_1) + \\frac12 \\int_0^1 g_t^2\\, \\E\\,\\|\\nabla \\log q_t - \\nabla \\log p_t\\|^2\\, dt$.",
    "Then the model's score is that of $p$. Integrate over $z$ and $t$: the slope vanishes at both ends, if the densities fall fast enough for their velocities. In $d$ dimensions the slope is a divergence, and the product one of vectors.",
    rests_on=["dynamics/model-flow"],
    cites="Song, Durkan, Murray & Ermon (2021)",
)

# %% tags=["derivation"]
d.prose(
    "flow-and-bound",
    "Let the flow of a model start from $p_1$, and end in $p_0$. With $\\hat s$ the model's score, its bound exceeds $\\E[-\\log p_0(x)]$ by $\\frac12 \\int_0^1 g_t^2\\, \\E\\,(\\nabla \\log q_t - \\hat s) \\cdot (\\nabla \\log p_t - \\hat s)\\, dt$. That is zero if $\\hat s$ is the "
    "score of the flow's own densities. Otherwise its sign is not known: the error of the score alone does not bound the flow's likelihood.",
    "Integrate the last chain. $\\E[-\\log p_0(x)]$ is the entropy of the data and $\\KL(q_0 \\,\\|\\, p_0)$; the bound is that entropy, $\\KL(q_1 \\,\\|\\, p_1)$ and the integral of the first term, as it has no slack for the exact score, and squared errors "
    "are above the least by a squared difference of scores. Continuous time, all noise levels.",
    rests_on=[
        "dynamics/model-flow",
        "score/no-slack",
        "score/orthogonality",
        "targets/nelbo-score",
    ],
    cites="Lu et al. (2022), who bound the difference by scores of higher order",
)

# %% [markdown]
# ## DDIM: exact where its prediction is held
#
# In the units $z_t/\sigma_t$ the flow moves by $\hat x$ alone; in the units $z_t/\alpha_t$ by $\hat\epsilon$ alone. The linear part is gone.

# %% tags=["derivation"]
velocity = Abbreviation(r"\hat u", alpha_prime * x_hat + sigma_prime * eps_hat)

d.chain(
    "in-units-of-noise",
    velocity / sigma(t) - z_t * sigma_prime / sigma(t) ** 2,
    (
        sp.Derivative(alpha(t) / sigma(t), t) * x_hat,
        "the left side is the slope of $z_t/\\sigma_t$; $\\hat\\epsilon$ cancels",
    ),
    torch="companion.chapters.dynamics.counterparts.in_units_of_noise",
    rests_on=["dynamics/velocity"],
)

# %% tags=["derivation"]
d.chain(
    "in-units-of-signal",
    velocity / alpha(t) - z_t * alpha_prime / alpha(t) ** 2,
    (
        sp.Derivative(sigma(t) / alpha(t), t) * eps_hat,
        "the left side is the slope of $z_t/\\alpha_t$; $\\hat x$ cancels",
    ),
    torch="companion.chapters.dynamics.counterparts.in_units_of_signal",
    rests_on=["dynamics/velocity"],
)

# %% [markdown]
# Hold $\hat x$ over a step from $t$ to $s < t$, and integrate the first: $z_s/\sigma_s = z_t/\sigma_t + (\alpha_s/\sigma_s - \alpha_t/\sigma_t)\, \hat x$. Hold $\hat\epsilon$ and integrate the second. Both are one step of DDIM {cite:p}`song2021ddim`.

# %% tags=["derivation"]
from companion.derivation.vocabulary import s

d.chain(
    "ddim",
    sigma(s) / sigma(t) * z_t + sigma(s) * (alpha(s) / sigma(s) - alpha(t) / sigma(t)) * x_hat,
    (alpha(s) * x_hat + sigma(s) * eps_hat, "clean part and noise, mixed for the earlier time"),
    (
        alpha(s) / alpha(t) * z_t
        + alpha(s) * (sigma(s) / alpha(s) - sigma(t) / alpha(t)) * eps_hat,
        "the same from $\\hat\\epsilon$ held",
    ),
    rests_on=["dynamics/in-units-of-noise", "dynamics/in-units-of-signal"],
    cites="Song, Meng & Ermon (2021)",
)

# %% [markdown]
# ## The ancestral sampler has the noise of the reverse SDE
#
# The step back of [](02_forward_process) adds fresh noise of variance $\sigma_Q^2$. What remains of $\sigma_s^2$ is the square of the factor that the old noise keeps.

# %% tags=["derivation"]
from companion.derivation.vocabulary import alpha_step, var_q, var_step

d.chain(
    "kept-noise",
    sigma(s) ** 2 - var_q(),
    ((alpha_step() * sigma(s) ** 2 / sigma(t)) ** 2, "put in $\\sigma_Q^2$ and $\\sigma_{t|s}^2$"),
    domain=Ordered(s, t),
    rests_on=["forward/variance"],
)

# %% tags=["derivation"]
d.chain(
    "ancestral-mean",
    alpha_step() * sigma(s) ** 2 / sigma(t) ** 2 * z_t
    + alpha(s) * var_step() / sigma(t) ** 2 * x_hat,
    (
        alpha(s) * x_hat + alpha_step() * sigma(s) ** 2 / sigma(t) * eps_hat,
        "$\\mu_Q(z_t, \\hat x)$ is a step of DDIM with $\\sqrt{\\sigma_s^2 - \\sigma_Q^2}$ for $\\sigma_s$",
    ),
    domain=Ordered(s, t),
    torch="companion.chapters.dynamics.counterparts.ancestral_mean",
    rests_on=["forward/mean", "dynamics/kept-noise", "dynamics/ddim"],
)

# %% [markdown]
# In the limit of short steps the mean moves by the drift of the reverse SDE, and the fresh noise has the rate of the forward process: that of $\eta = 1$.

# %% tags=["derivation"]
x_part = alpha(t - h) * x_hat
eps_part = alpha(t) * sigma(t - h) ** 2 / (alpha(t - h) * sigma(t)) * eps_hat

d.chain(
    "ancestral-drift",
    sp.Limit((x_part + eps_part - z_t) / h, h, 0),
    (
        -f * z_t + g_squared * (-eps_hat / sigma(t)),
        "$\\mu_Q(z_t, \\hat x) - z_t$ with $s = t - h$, per unit of time; the score is $-\\hat\\epsilon/\\sigma_t$",
    ),
    domain=Between(t, 0.1, 0.9),
    rests_on=["dynamics/ancestral-mean", "dynamics/family"],
)


# %% tags=["derivation"]
fresh = (1 - (alpha(t) * sigma(t - h) / (alpha(t - h) * sigma(t))) ** 2) * sigma(t - h) ** 2

d.chain(
    "fresh-noise",
    sp.Limit(fresh / h, h, 0),
    (
        g_squared,
        "$\\sigma_Q^2 = \\sigma_s^2 (1 - e^{\\lambda_t - \\lambda_s})$ with $s = t - h$, per unit of time",
    ),
    domain=Between(t, 0.1, 0.9),
    rests_on=["forward/variance", "dynamics/rate"],
)

# %%
from companion import profiles
from companion.chapters.dynamics import figures, results
from companion.evidence import style
from companion.evidence.artifacts import Artifacts

style.use()
artifacts = Artifacts("09_dynamics", profile)
artifacts.figure(
    figures.paths_figure(), "paths", **figures.PATHS_SHOWN, seeds=[0], n=figures.CHAINS
)

# %% [markdown]
# Is it one law? Kolmogorov's distance between the chains and the exact law says how far they are apart. On the line the flow keeps the order of its latents, and with it the distance of the noise that it started from. The reverse SDE forgets where it started.

# %%
active = profiles.get(profile)
chains = active.pick(quick=500, standard=4000, paper=100_000)
steps = active.pick(quick=32, standard=128, paper=1024)
artifacts.table(
    results.marginals(chains, steps), "marginals", **results.MARGINALS_SHOWN, seeds=[0], n=chains
)

# %% [markdown]
# ## Where the flow can be solved
#
# On Gaussian data of variance $c$ it can. The score is $-z/V_t$ with $V_t = \alpha_t^2 c + \sigma_t^2$, and the velocity is a logarithmic slope, so $z_t/\sqrt{V_t}$ does not move.

# %% tags=["derivation"]
c = symbol("c", positive=True)
V = Abbreviation("V_t", alpha(t) ** 2 * c + sigma(t) ** 2, positive=True)

d.chain(
    "gaussian-flow",
    f * z - g_squared / 2 * (-z / V),
    (sp.Derivative(sp.log(V), t) / 2 * z, "$V_t' = 2 f_t V_t + g_t^2$, as for every variance"),
    torch="companion.chapters.dynamics.counterparts.gaussian_velocity",
    rests_on=["dynamics/variance", "dynamics/probability-flow"],
)

# %% [markdown]
# :::{admonition} Trap: a mistake that one target hides
# :class: warning
# A second-order step of `diffusers` used the wrong noise level twice: to turn a prediction into $\hat x$, and to divide $z - \hat x$ by. [PR 1512](https://github.com/huggingface/diffusers/pull/1512) mends both, and reports that $\epsilon$-prediction was not affected but $v$-prediction gave noisy images. In the units of that code $\alpha = 1$. Let $k$ be the wrong level. With a predicted $\epsilon$ it cancels, whatever it is.
# :::

# %% tags=["derivation"]
from companion.derivation.vocabulary import eps

k, right = symbol("k", positive=True), symbol("sigma_n", r"\sigma", positive=True)
x_of_eps = Abbreviation(r"\hat x", z - k * eps)

d.chain(
    "hidden",
    (z - x_of_eps) / k,
    (eps, "multiplied by $k$, then divided by it"),
    (
        sp.Derivative(x + right * eps, right),
        "the velocity that is wanted: the slope of $z$ in $\\sigma$",
    ),
)

# %% [markdown]
# With a predicted $v$ it does not. In these units $\hat x = z/(1 + k^2) - v\, k/\sqrt{1 + k^2}$, and the ledger refutes that the level is of no account.

# %%
v_given = symbol("v_given", "v")
x_of_v = Abbreviation(r"\hat x", z / (1 + k**2) - v_given * k / sp.sqrt(1 + k**2))
x_right = z / (1 + right**2) - v_given * right / sp.sqrt(1 + right**2)

d.refute(
    "seen-by-v",
    (z - x_of_v) / k,
    (z - x_right) / right,
    "another level gives another velocity",
)

# %% [markdown]
# ## Exercises
#
# **1.** The rectified flow has $\alpha_t = 1 - t$ and $\sigma_t = t$: each noisy point is made on a straight line. Are the paths of its probability flow straight? Take $x \sim \N(0, c)$.

# %% tags=["derivation", "solution"]
d.chain(
    "bent",
    sp.Derivative(sp.sqrt((1 - t) ** 2 * c + t**2), (t, 2)),
    (
        c / ((1 - t) ** 2 * c + t**2) ** sp.Rational(3, 2),
        "$z_t/\\sqrt{V_t}$ does not move, so a path bends as $\\sqrt{V_t}$ does: straight only for a point mass",
    ),
    domain=Between(t, 0, 1),
    rests_on=["dynamics/gaussian-flow"],
)

# %% [markdown]
# **2.** There, what is the difference between a step of DDIM and one of Euler along the flow, both from $t$ to $s$?

# %% tags=["derivation", "solution"]
d.chain(
    "euler-is-ddim",
    (1 - t) * x_hat + t * eps_hat + (s - t) * (eps_hat - x_hat),
    (
        (1 - s) * x_hat + s * eps_hat,
        "none: the velocity is $\\hat\\epsilon - \\hat x$, and DDIM mixes as the line does",
    ),
    domain=Ordered(s, t),
    torch="companion.chapters.dynamics.counterparts.euler_on_straight_lines",
    rests_on=["dynamics/ddim", "dynamics/velocity"],
)

# %% [markdown]
# ## Sources
#
# The reverse SDE is Anderson's (1982), put to this use with the probability flow by {cite:t}`song2021sde`, DDIM from {cite:t}`song2021ddim`, the ancestral sampler from {cite:t}`ho2020`, the velocity as an average from {cite:t}`lipman2023`.
