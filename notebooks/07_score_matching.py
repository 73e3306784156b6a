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
# # Score matching and the likelihood
#
# **Question.** A network that removes noise has learned the score of the noisy data. The squared errors that it makes at all noise levels add up to a likelihood. Why both?
#
# **Assumed.** The noisy data are $z = \alpha_t x + \sigma_t \epsilon$ with $\epsilon \sim \N(0, 1)$ and any positive $\alpha_t, \sigma_t$. The data have any density $p(x)$ that falls at least as fast as a Gaussian (bounded data, or mixtures of Gaussians); $q(z)$ is that of the noisy data. The *score* of a density is the slope of its logarithm. Derivations are for one
# dimension, unless $d$ is named; what changes is said where it does. From [](04_four_targets) we take Tweedie's formula.

# %% tags=["parameters"]
profile = "standard"

# %% tags=["derivation"]
import sympy as sp

from companion.derivation import KL, Abbreviation, Between, Density, Derivation, Expectation, Normal
from companion.derivation.vocabulary import alpha, function, sigma, symbol, t, x

d = Derivation("score", title="Score matching and the likelihood", rests_on=["targets/tweedie"])

# %% [markdown]
# ## Tweedie's formula, to second order
#
# Write $q(x, z) = p(x)\, q(z|x)$ for the joint density. The kernel $q(z|x) = \N(z;\, \alpha_t x, \sigma_t^2)$ has the slope $-\epsilon/\sigma_t$ times itself. So the mean noise behind a point $z$ is the score there. Divided by $q(z)$, the line below is $\E[\epsilon|z] = -\sigma_t\, \partial_z \log q(z)$.

# %% tags=["derivation"]
z, p = symbol("z"), function("p", positive=True)
a, variance = alpha(t), sigma(t) ** 2
kernel, over_x, any_data = Normal(z, a * x, variance), (x, -sp.oo, sp.oo), Density(p)
noise = Abbreviation(r"\epsilon", (z - a * x) / sigma(t))
joint = Abbreviation("q(x, z)", p(x) * kernel)
q = Abbreviation("q", sp.Integral(joint, over_x), positive=True)
d.chain(
    "score-is-noise",
    sp.Integral(noise * joint, over_x),
    (-sigma(t) * sp.Derivative(q, z), "the slope of the kernel, under the integral sign"),
    domain=any_data,
    cites="Vincent (2011)",
    rests_on=["targets/under-the-integral"],
)

# %% [markdown]
# With $x\, p(x)$ in the place of $p(x)$ the same rule gives the second moment:

# %% tags=["derivation"]
first_moment = sp.Integral(x * joint, over_x)
d.chain(
    "second-moment",
    a * sp.Integral(x**2 * joint, over_x),
    (z * first_moment + variance * sp.Derivative(first_moment, z), "Tweedie's formula once more"),
    domain=any_data,
    rests_on=["targets/under-the-integral"],
)

# %% [markdown]
# Now write $\hat x = \E[x|z] = (z + \sigma_t^2\, \partial_z \log q)/\alpha_t$, so that the first moment is $\hat x q$. The posterior variance $\E[x^2|z] - \hat x^2$ is the slope of the denoiser: where a small step in $z$ moves the guess far, the guess is unsure.

# %% tags=["derivation"]
Q = function("q", positive=True)
log_q = sp.log(Q(z))
mean_x = Abbreviation(r"\hat{x}", (z + variance * sp.Derivative(log_q, z)) / a)
d.chain(
    "variance",
    (z * mean_x * Q(z) + variance * sp.Derivative(mean_x * Q(z), z)) / (a * Q(z)) - mean_x**2,
    (variance / a * sp.Derivative(mean_x, z), "the product rule; then $\\hat x^2$ cancels"),
    (variance / a**2 * (1 + variance * sp.Derivative(log_q, z, 2)), "insert $\\hat x$"),
    rests_on=["score/second-moment"],
    cites="Efron (2011), for the mean and the variance",
)

# %% tags=["derivation"]
(x_1, x_2), (z_1, z_2) = map(symbol, ("x_1", "x_2")), map(symbol, ("z_1", "z_2"))
both = Normal(z_1, a * x_1, variance) * Normal(z_2, a * x_2, variance)
noise_1 = Abbreviation(r"\epsilon_1", (z_1 - a * x_1) / sigma(t))
noise_2 = Abbreviation(r"\epsilon_2", (z_2 - a * x_2) / sigma(t))
d.chain(
    "two-coordinates",
    variance * sp.Derivative(both, z_1, z_2),
    (noise_1 * noise_2 * both, "one slope for each coordinate"),
)

# %% tags=["derivation"]
d.prose(
    "covariance",
    "In $d$ dimensions $\\mathrm{Cov}[x|z] = \\frac{\\sigma_t^2}{\\alpha_t^2} (I + \\sigma_t^2 \\nabla^2 \\log q)$. This is $\\frac{\\sigma_t^2}{\\alpha_t} \\nabla \\E[x|z]$, and "
    "$\\mathrm{Cov}[\\epsilon|z] = \\frac{\\alpha_t^2}{\\sigma_t^2} \\mathrm{Cov}[x|z]$.",
    "The diagonal is the line above, for one coordinate with the others held fixed. Off the diagonal, average the last line over $p(x)$: "
    "$\\E[\\epsilon_1 \\epsilon_2|z]\\, q = \\sigma_t^2\\, \\partial_1 \\partial_2 q$, and take away the product of the means. Given $z$, $\\epsilon$ is $-\\frac{\\alpha_t}{\\sigma_t} x$ and a constant.",
    rests_on=["score/score-is-noise", "score/variance", "score/two-coordinates"],
)

# %% [markdown]
# ## For a mixture, in closed form
#
# This is what makes the book's data exact. Of a mixture of Gaussians $\N(m_k, c_k)$, the noisy component $k$ has variance $S_k = \alpha_t^2 c_k + \sigma_t^2$, density $N_k$ and score $-P_k = -(z - \alpha_t m_k)/S_k$. One component alone:

# %% tags=["derivation"]
(m_1, m_2), c_1, c_2 = map(symbol, ("m_1", "m_2")), *(symbol(f"c_{k}", positive=True) for k in "12")
S_1, S_2 = (Abbreviation(f"S_{k}", a**2 * c + variance) for k, c in ((1, c_1), (2, c_2)))
P_1, P_2 = (Abbreviation(f"P_{k}", (z - a * m) / S) for k, m, S in ((1, m_1, S_1), (2, m_2, S_2)))
N_1 = Normal(z, a * m_1, S_1)
d.chain(
    "component",
    N_1 + variance * sp.Derivative(N_1, z, 2),
    ((a**2 * c_1 / S_1 + variance * P_1**2) * N_1, "times $1/N_1$: variance and squared mean"),
    rests_on=["score/variance"],
    torch="companion.chapters.score_matching.counterparts.component_moment",
)

# %% [markdown]
# Let $\omega_k$ be the posterior probability of component $k$, and $W = \sum_k \omega_k\, \alpha_t^2 c_k/S_k$ the average variance within. Averaged with these weights, and less the squared mean, $\mathrm{Var}[\epsilon|z]$ is a sum of positive terms. That is how `diffcore` computes it: nothing cancels where it is small.

# %% tags=["derivation"]
omega = symbol("omega_1", r"\omega_1", positive=True)
within = Abbreviation("W", omega * a**2 * c_1 / S_1 + (1 - omega) * a**2 * c_2 / S_2)
mean_square, mean_noise = omega * P_1**2 + (1 - omega) * P_2**2, omega * P_1 + (1 - omega) * P_2
d.chain(
    "mixture-variance",
    within + variance * mean_square - variance * mean_noise**2,
    (within + omega * (1 - omega) * variance * (P_1 - P_2) ** 2, "within, and between"),
    domain=Between(omega, 0.05, 0.95),
    rests_on=["score/component"],
    torch="companion.chapters.score_matching.counterparts.mixture_variance",
)

# %% [markdown]
# ## Four ways to match a score
#
# Let $s(z)$ be a model of the score. *Explicit* score matching minimises $\E\,(s - \partial_z \log q)^2$ over the noisy data, the *Fisher divergence*. It cannot be computed: $q$ is not known. Three other losses have the same minimum. The first rests on one fact, for anything hidden, $y$, and any guess $s$ of it. Given $z$ it has the mean $\bar y = \E[y|z]$.

# %% tags=["derivation"]
from companion.derivation.vectors import AnyLaw, VectorMean, norm2, vector

y, mean_y, guess = vector("y"), vector("mean_y", r"\bar{y}"), vector("s")
given_z = AnyLaw(y, mean_y)
d.chain(
    "orthogonality",
    VectorMean(norm2(y - guess), given_z),
    (
        norm2(guess - mean_y) + VectorMean(norm2(y - mean_y), given_z),
        "the mixed product averages to 0",
    ),
)

# %% [markdown]
# So a squared error is the distance from the posterior mean, plus what nobody can know. Take for $y$ the score of the kernel, $s_x = \partial_z \log q(z|x) = -\epsilon/\sigma_t$. Its posterior mean is the score. This is *denoising* score matching:

# %% tags=["derivation"]
target = Abbreviation("s_x", -(z - a * x) / variance)
s, score = symbol("s"), sp.Derivative(sp.log(q), z)
explicit = q * (s - score) ** 2
without_s = sp.Integral(target**2 * joint, over_x) - q * score**2
d.chain(
    "denoising",
    sp.Integral((s - target) ** 2 * joint, over_x),
    (explicit + without_s, "explicit score matching at $z$, and two terms without $s$"),
    domain=any_data,
    cites="Vincent (2011)",
    rests_on=["score/orthogonality", "score/score-is-noise"],
)

# %% [markdown]
# The third way needs no hidden $x$ at all. Multiply out the square, and write the product $2 s\, \partial_z q$ as a slope less $2 q\, s'$:

# %% tags=["derivation"]
model = function("s")
loss = model(z) ** 2 + 2 * sp.Derivative(model(z), z)
end_values = sp.Derivative(Q(z) * model(z), z)
d.chain(
    "implicit",
    Q(z) * (model(z) - sp.Derivative(log_q, z)) ** 2,
    (Q(z) * (loss + sp.Derivative(log_q, z) ** 2) - 2 * end_values, "the product rule"),
    cites="Hyvärinen (2005)",
)

# %% [markdown]
# The divergence $\nabla \cdot s$ is the trace of the Jacobian $A$ of $s$: $d$ backward passes. *Sliced* score matching takes random directions $\xi$ instead, isotropic ones: $\E\,\xi \xi^{\mathsf T} = I$. One pass
# gives $\xi^{\mathsf T} A\, \xi$, which is right on average:

# %% tags=["derivation"]
from companion.derivation.vectors import Isotropic, dim, matrix, quadratic, trace

A, xi = matrix("A"), vector("xi", r"\xi")
d.chain(
    "trace",
    VectorMean(quadratic(A, xi), Isotropic(xi)),
    (trace(A), "$\\E\\,\\xi_i \\xi_j$ is 1 for $i = j$, and 0 for all others"),
    cites="Hutchinson (1989); Song, Garg, Shi & Ermon (2019)",
)

# %% [markdown]
# So directions also carry implicit score matching to $d$ dimensions. Let $g = \nabla \log q$. A short way $r$ along $\xi$ the density is $q\,(1 + r \langle g, \xi \rangle)$ and the model $s + r A\, \xi$. What flows out, averaged over Gaussian $\xi$ and divided by $r$, is the divergence of $q s$:

# %% tags=["derivation"]
from companion.derivation.vectors import act, dot

r, q_here = symbol("r", positive=True), symbol("q", positive=True)
s_vector, g = vector("s"), vector("g")
square = q_here * (norm2(s_vector) + norm2(g) + 2 * trace(A))
flow = q_here * (1 + r * dot(g, xi)) * dot(xi, s_vector + r * act(A, xi))
d.chain(
    "implicit-in-d",
    q_here * norm2(s_vector - g),
    (square - 2 * q_here * (dot(g, s_vector) + trace(A)), "a trace added, and taken away"),
    (square - 2 / r * VectorMean(flow, xi), "the last term is a divergence, for every $r$"),
    rests_on=["score/trace"],
    cites="Hyvärinen (2005)",
)

# %% tags=["derivation"]
d.prose(
    "same-minimum",
    "Explicit, denoising and *implicit* score matching differ by constants: with $J = \\E\\,\\|\\nabla \\log q\\|^2$, the denoising loss is the explicit one $+\\, d/\\sigma_t^2 - J$, and the implicit "
    "loss $\\E[\\|s\\|^2 + 2 \\nabla \\cdot s]$ is the explicit one $-\\, J$.",
    "Integrate both chains over $z$. In the first, $\\E \\epsilon^2/\\sigma_t^2 = 1/\\sigma_t^2$. In the second the slope integrates to the values of $q s$ at both ends, which vanish if $q$ falls "
    "faster than $s$ grows; so it does, for data that fall as a Gaussian does. In $d$ dimensions it is a divergence, whose integral is what flows out through a far sphere: nothing.",
    rests_on=["score/denoising", "score/implicit", "score/implicit-in-d"],
)

# %% [markdown]
# ## The error of the best denoiser is a Fisher information
#
# The slope of the score, averaged, is minus the score's mean square $J$, the *Fisher information* of the noisy data: $q'$ vanishes at both ends.

# %% tags=["derivation"]
q_slope, q_bend = sp.Derivative(Q(z), z), sp.Derivative(Q(z), z, 2)
d.chain(
    "fisher",
    Q(z) * sp.Derivative(log_q, z) ** 2,
    (-Q(z) * sp.Derivative(log_q, z, 2) + q_bend, "differentiate $\\log q$ twice"),
)

# %% tags=["derivation"]
d.prose(
    "duality",
    "Let $\\mathrm{mmse}_\\epsilon = \\E\\,\\|\\epsilon - \\E[\\epsilon|z]\\|^2$ be the error of the exact denoiser. Then $\\sigma_t^2 J = d - \\mathrm{mmse}_\\epsilon$. So $J$ is never above $d/\\sigma_t^2$.",
    "By the second-order formula $\\mathrm{Var}[\\epsilon|z] = 1 + \\sigma_t^2\\, \\partial_z^2 \\log q$. Average over $z$, with the chain above; add up the coordinates.",
    rests_on=["score/covariance", "score/fisher"],
)

# %% tags=["derivation"]
d.prose(
    "ends",
    "At low noise $\\mathrm{mmse}_\\epsilon = d - \\sigma_t^2 J$ with the Fisher information $J$ of the data themselves, where their density is smooth; a jump from zero takes away a term of order $\\sigma_t$. At high noise the "
    "error of $x$ is $\\mathrm{tr}\\, C - \\gamma\\, \\mathrm{tr}\\, C^2$ to first order in $\\gamma = \\SNR$, with the covariance $C$ of the data.",
    "Let $\\alpha_t \\to 1$: the noisy score tends to that of the data; near a jump of height $h$, $q \\approx h\\, \\Phi(z/\\sigma_t)$, so $J \\approx \\frac{h}{\\sigma_t} \\int \\varphi^2/\\Phi$. "
    "Under strong noise the posterior is $p(x)\\,(1 + \\sqrt\\gamma\\, x\\, \\epsilon + \\dots)$ for centred data, and its mean $\\sqrt\\gamma\\, C \\epsilon$.",
    rests_on=["score/duality"],
)

# %% [markdown]
# ## How fast entropies and divergences change
#
# Let $\alpha = 1$, and let $\nu = \sigma^2$ be the variance of the noise. Densities spread like heat:

# %% tags=["derivation"]
nu = symbol("nu", r"\nu", positive=True)
spread = Abbreviation(r"{q}_\nu", sp.Integral(p(x) * Normal(z, x, nu), over_x), positive=True)
d.chain(
    "heat",
    sp.Derivative(spread, nu),
    (sp.Derivative(spread, z, 2) / 2, "true of the kernel, so of every mixture of kernels"),
    domain=any_data,
)

# %% [markdown]
# Let $\hat q$ be the noisy density of other data, those of a model, and $\ell = \log q/\hat q$. By heat, $q \ell$ changes at the rate on the left.

# %% tags=["derivation"]
Q_hat = function("q_hat", r"\hat{q}", positive=True)
log_ratio = Abbreviation(r"\ell", sp.log(Q(z) / Q_hat(z)))
fisher_divergence = Q(z) * sp.Derivative(log_ratio, z) ** 2
end_values = sp.Derivative(q_slope * (log_ratio + 1) - Q(z) * sp.Derivative(sp.log(Q_hat(z)), z), z)
d.chain(
    "rate",
    q_bend / 2 * (log_ratio + 1) - Q(z) / Q_hat(z) * sp.Derivative(Q_hat(z), z, 2) / 2,
    (end_values / 2 - fisher_divergence / 2, "a slope, and a squared difference of scores"),
    rests_on=["score/heat"],
)

# %% tags=["derivation"]
d.prose(
    "de-bruijn",
    "$\\frac{d}{d\\nu} \\KL(q \\,\\|\\, \\hat q) = -\\frac12 \\E\\,\\|\\nabla \\log q - \\nabla \\log \\hat q\\|^2$. With $1$ for $\\hat q$, de Bruijn's identity: the entropy of $q$ grows at the rate $\\frac12 J$.",
    "Integrate over $z$: the slope vanishes at both ends. The step never uses that $\\hat q$ has a finite integral, so it may be $1$, and $\\E\\,\\ell$ is then minus the entropy.",
    cites="Stam (1959), for de Bruijn's identity",
    rests_on=["score/rate"],
)

# %% [markdown]
# Noise of variance $\nu$ at $\alpha = 1$ has the SNR $\gamma = 1/\nu$. What $z$ tells of $x$, the mutual information $I$, is the entropy of $z$ less that of the noise, $\frac12 \log 2\pi e \nu$. It grows with the SNR at half the error of $x$, $\nu\, \mathrm{mmse}_\epsilon$:

# %% tags=["derivation"]
gamma, J = symbol("gamma", r"\gamma", positive=True), symbol("J", positive=True)
d.chain(
    "i-mmse",
    (J / 2 - gamma / 2) * sp.Derivative(1 / gamma, gamma),
    ((1 / gamma - J / gamma**2) / 2, "$dI/d\\gamma$ is $\\nu\\, \\mathrm{mmse}_\\epsilon / 2$"),
    cites="Guo, Shamai & Verdú (2005)",
    rests_on=["score/de-bruijn", "score/duality"],
)

# %% [markdown]
# In the log-SNR the same rate is half the error of $\epsilon$, the integrand of every loss in this book:

# %% tags=["derivation"]
lam, below = symbol("lam", r"\lambda"), symbol("gamma_below", r"\gamma'")
mmse = function("mmse", r"\mathrm{mmse}", positive=True)
d.chain(
    "information-in-log-snr",
    sp.Derivative(sp.Integral(mmse(below), (below, 0, sp.exp(lam))) / 2, lam),
    (
        sp.exp(lam) / 2 * mmse(sp.exp(lam)),
        "$e^\\lambda$ times the error of $x$ is that of $\\epsilon$",
    ),
    rests_on=["score/i-mmse", "targets/error-eps"],
)

# %% [markdown]
# ## The likelihood is an integral of errors
#
# Add up from no signal to an SNR of $\gamma$, for any data, in $d$ dimensions. The error is twice the slope of the information $I(\gamma)$. The entropy of $x$ with noise of variance $1/\gamma$ is the information and the entropy of the noise. It becomes that of $x$ as $\gamma \to \infty$, and $\log(1 + 1/\gamma)$ vanishes.

# %% tags=["derivation"]
told = function("I")
error = Abbreviation(r"\mathrm{mmse}(\gamma')", 2 * sp.Derivative(told(below), below))
of_noise, unit_data = (dim / 2 * sp.log(2 * sp.pi * sp.E * c) for c in (1 / gamma, 1))
deficit = sp.Integral(dim / (1 + below) - error, (below, 0, gamma))
d.chain(
    "entropy",
    told(gamma) + of_noise,
    (
        told(0) + unit_data + dim / 2 * sp.log(1 + 1 / gamma) - deficit / 2,
        "the integral of a slope; $d/(1 + \\gamma')$: for $\\N(0, I)$",
    ),
    rests_on=["score/i-mmse"],
    cites="Kong, Brekelmans & Ver Steeg (2023)",
)

# %% [markdown]
# Without a signal nothing is told, $I(0) = 0$. For two points $x_1$ and $x_2$ the kernels are ever less apart, and mixtures of kernels are no further from each other than kernels are on average:

# %% tags=["derivation"]
from companion.derivation.vectors import VectorKL, VectorNormal

point_1, point_2, latent = vector("x_1"), vector("x_2"), vector("z")
d.chain(
    "no-signal",
    VectorKL(*(VectorNormal(latent, point, 1 / gamma) for point in (point_1, point_2))),
    (gamma / 2 * norm2(point_1 - point_2), "equal variances: it vanishes with $\\gamma$"),
    rests_on=["nelbo-x/gaussian-kl"],
)

# %% [markdown]
# ## A divergence is an integral of excess errors
#
# Now let a model denoise with $\hat x$, from here on the posterior mean of *its* data, of density $\hat p$. Its *excess* is its squared error less that of the exact denoiser $\bar x$. By Tweedie $\bar x = z + g/\gamma$ and $\hat x = z + \hat g/\gamma$, with the scores $g$ and $\hat g$. So at a point the rate of the divergence is half the excess:

# %% tags=["derivation"]
g_hat = vector("g_hat", r"\hat{g}")
exact, guessed = (
    Abbreviation(name, latent + of / gamma) for name, of in ((r"\bar{x}", g), (r"\hat{x}", g_hat))
)
d.chain(
    "excess-rate",
    -norm2(g - g_hat) / 2 * sp.Derivative(1 / gamma, gamma),
    (norm2(exact - guessed) / 2, "$d\\nu = -\\nu^2 d\\gamma$, and $\\nu = 1/\\gamma$"),
    rests_on=["score/de-bruijn", "targets/tweedie"],
    torch="companion.chapters.score_matching.counterparts.half_excess",
)

# %% [markdown]
# Let $D(\gamma)$ be the divergence. Then $\mathrm{mse} = 2 I' + 2 D'$ is the squared error of $\hat x$, by orthogonality, and:

# %% tags=["derivation"]
apart = function("D")
of_model = 2 * sp.Derivative(told(below) + apart(below), below)
shortfall = sp.Integral(
    dim / (1 + below) - Abbreviation(r"\mathrm{mse}(\gamma')", of_model), (below, 0, gamma)
)
d.chain(
    "cross-entropy",
    told(gamma) + apart(gamma) + of_noise,
    (
        told(0) + apart(0) + unit_data + dim / 2 * sp.log(1 + 1 / gamma) - shortfall / 2,
        "the integral of both slopes",
    ),
    rests_on=["score/entropy", "score/excess-rate", "score/orthogonality"],
    cites="Verdú (2010); Kong, Brekelmans & Ver Steeg (2023)",
)

# %% tags=["derivation"]
d.prose(
    "excess",
    "$\\KL(p \\,\\|\\, \\hat p)$ is half the integral of the excess over all SNRs $\\gamma$, and "
    "$\\E[-\\log \\hat p(x)] = \\frac d2 \\log 2\\pi e - \\frac12 \\int_0^\\infty \\Big(\\frac{d}{1 + \\gamma} - \\E\\,\\|x - \\hat x\\|^2\\Big)\\, d\\gamma$.",
    "At $\\gamma = 0$ both $I$ and $D$ are zero: a divergence of two mixtures is at most the mean of that of their kernels, by Jensen, and that is of order $\\gamma$. As $\\gamma \\to \\infty$ the left side of the last chain becomes the entropy of $x$ and $\\KL(p \\,\\|\\, \\hat p)$: as noise is taken away entropies only fall and divergences only rise, and neither passes that of the data, for a divergence, that from a Gaussian too, is never above its limit along densities that converge.",
    cites="Verdú (2010)",
    rests_on=["score/cross-entropy", "score/no-signal"],
)

# %% [markdown]
# For $x \sim \N(0, c)$ and a model with $\N(0, b)$ the errors are fractions, and SymPy can do the integral:

# %% tags=["derivation"]
b, c = symbol("b", positive=True), symbol("c", positive=True)
excess = (c + b**2 * below) / (1 + b * below) ** 2 - c / (1 + c * below)
d.chain(
    "gaussian-divergence",
    KL(Normal(z, 0, c + 1 / gamma), Normal(z, 0, b + 1 / gamma)),
    (sp.Integral(excess, (below, 0, gamma)) / 2, "of $\\hat x = b z/(b + \\nu)$, less the least"),
    rests_on=["score/excess", "nelbo-x/gaussian-kl"],
)

# %% tags=["derivation"]
d.prose(
    "no-slack",
    "A denoiser that is exact for *some* density $\\hat p$ has no slack in its bound: over all SNRs its NELBO is $\\E[-\\log \\hat p(x)]$.",
    "In the bound of [](03_nelbo_in_x), $L_\\infty$ is half the integral of $\\E\\,\\|x - \\hat x\\|^2$ up to the largest SNR $\\gamma$, which is $I + D$, and the decoder costs $\\frac d2 \\log 2\\pi e/\\gamma$. That is the left side of the last chain. "
    "The prior term vanishes with the SNR at the noisy end. What remains is the expression of the last statement.",
    cites="Kong, Brekelmans & Ver Steeg (2023)",
    rests_on=["score/excess", "nelbo-x/gaussian-decoder", "nelbo-x/three-averages"],
)

# %% [markdown]
# ## The torch check
#
# The book's four 2-D data sets have exact scores and denoisers. So each identity can be measured by two routes that share no random number. The wrong model is the same data set with its own noise 1.5 times as wide.

# %%
from IPython.display import Markdown

from companion import profiles
from companion.chapters.score_matching import figures, results
from companion.evidence import style
from companion.evidence.artifacts import Artifacts

style.use()
artifacts = Artifacts("07_score_matching", profile)
sizes = profiles.get(profile).pick(quick=(32, 4), standard=(256, 8), paper=(4096, 16))
budget = results.Budget(*sizes)
levels = results.spectrum(budget)
nats = results.likelihood(levels, budget)
drawing = figures.likelihood_figure(levels, nats)
artifacts.figure(drawing, "error_to_likelihood", **figures.shown(budget))

# %%
artifacts.table(nats, "likelihood_identities", **figures.likelihood_shown(budget))

# %%
fisher = results.fisher(budget)
artifacts.table(fisher, "fisher_identities", **figures.fisher_shown(budget))

# %%
artifacts.table(results.ends(budget), "mmse_ends", **figures.ends_shown(budget))

# %%
Markdown(results.agreement(fisher, nats))

# %% [markdown]
# Standard errors come from a few scrambles, which seldom meet a rare point: they are themselves uncertain, and too small more often than too large. Distances of several of them are
# therefore no evidence against an identity, and the agreement is none beyond that size.

# %% [markdown]
# :::{admonition} Trap: one sign, and the data sit on a hill
# :class: warning
# A library for energy-based models trains $\nabla E$, which is *minus* the score. Its denoising loss compared it with $-\epsilon/\sigma$, which is *plus* the score of the kernel. Every shape was right, and the energy was
# highest where the data are ([torchebm 318](https://github.com/soran-ghaderi/torchebm/issues/318)). The mend ([PR 333](https://github.com/soran-ghaderi/torchebm/pull/333)) came with the test that matters: on Gaussian data explicit, denoising and sliced losses must push a quadratic energy the same way.
# :::
#
# The chain for denoising score matching is that test too. With the sign exchanged it is refuted:

# %%
d.refute(
    "exchanged-sign",
    sp.Integral((s + target) ** 2 * joint, over_x),
    explicit + without_s,
    "$\\epsilon/\\sigma_t$ for $-\\epsilon/\\sigma_t$",
    domain=any_data,
)

# %% [markdown]
# ## Exercises
#
# **1.** How does the size of the score change as $\sigma_t \to 0$? Take $\alpha_t = 1$ and $x \sim \N(0, c)$; then let all data sit on one point, $c = 0$.

# %% tags=["derivation", "solution"]
d.chain(
    "score-size",
    Expectation((z / (c + nu)) ** 2, Normal(z, 0, c + nu)),
    (1 / (c + nu), "below $1/c$; for one point $1/\\sigma_t^2$, the most there can be"),
    rests_on=["score/duality"],
)

# %% [markdown]
# **2.** Code for sliced score matching may scale its directions to length 1. What does it then estimate? And what is learned if the other term is not $(\xi^{\mathsf T} s)^2$, which shrinks as well, but the exact $\|s\|^2$?

# %% tags=["derivation", "solution"]
d.chain(
    "unit-directions",
    VectorMean(quadratic(A, xi / sp.sqrt(dim)), Isotropic(xi)),
    (
        trace(A) / dim,
        "no direction is preferred, so $\\sqrt d$ times one of length 1 is isotropic; beside the exact $\\|s\\|^2$ one learns $1/d$ of the score",
    ),
    rests_on=["score/trace"],
)

# %% [markdown]
# **3.** What is the variance of $\xi^{\mathsf T} A\,\xi$ with Gaussian directions, and what with random signs?

# %% tags=["derivation", "solution"]
from companion.derivation.vectors import Frobenius, OverCoordinates, Signs, symmetric_part

away = (quadratic(A, xi) - trace(A)) ** 2
d.chain(
    "direction-variance",
    VectorMean(away, xi),
    (
        2 * Frobenius(symmetric_part(A)),
        "moments of four coordinates: twice the squared entries of the symmetric part",
    ),
    (
        VectorMean(away, Signs(xi)) + 2 * OverCoordinates(A, A),
        "signs do not pay for the diagonal: $\\xi_i^2$ never varies",
    ),
    rests_on=["score/trace"],
    torch="companion.chapters.score_matching.counterparts.variance_over_signs",
)

# %% [markdown]
# The Jacobian $H$ of a score is symmetric: it is the matrix of second derivatives of $\log q$. With signs only its entries off the diagonal are paid for.

# %% tags=["derivation", "solution"]
from companion.derivation.vectors import symmetric

H = symmetric("H")
d.chain(
    "symmetric-variance",
    VectorMean((quadratic(H, xi) - trace(H)) ** 2, Signs(xi)),
    (2 * (Frobenius(H) - OverCoordinates(H, H)), "the symmetric part is $H$ itself"),
    rests_on=["score/direction-variance"],
)

# %% [markdown]
# ## Sources
#
# Denoising score matching is {cite:t}`vincent2011`, implicit {cite:t}`hyvarinen2005`, sliced {cite:t}`song2019sliced`; Tweedie's formula is told by {cite:t}`efron2011`. The error as a slope of the information is {cite:t}`guo2005`, the excess {cite:t}`verdu2010`, and both
# in the words of diffusion {cite:t}`kong2023`. We know these papers from summaries, so no equation is cited by number. The derivations are our own.
