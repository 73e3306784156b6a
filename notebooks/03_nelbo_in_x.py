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
# # NELBO in x
#
# **Question.** A model that undoes noise step by step has a likelihood. Why is its bound a plain squared error of
# $\hat x$, and what does it cost to use finitely many steps?
#
# **Assumed.** The forward process of [](02_forward_process), on a grid $0 = t_0 < t_1 < \dots < t_T = 1$ with $z_i = z_{t_i}$. The model runs backwards. It
# draws $z_T$ from a prior $p(z_T)$, steps with $p(z_{i-1}|z_i)$, and decodes with $p(x|z_0)$. Logarithms are natural, so bounds are in
# nats. The data are vectors of any dimension $d$, with independent noise in each coordinate; the Gaussian data that are solved for have one. The SNR is finite at both ends: the study's cosine, with noise-free data at $t = 0$, is cut off shortly before.

# %% tags=["parameters"]
profile = "standard"

# %% tags=["derivation"]
import sympy as sp

from companion.derivation import KL, Abbreviation, Derivation, Expectation, Normal, Ordered
from companion.derivation.vocabulary import T, function, h, i, s, symbol, t, u

d = Derivation("nelbo-x", title="NELBO in x", rests_on=["forward"])

# %% [markdown]
# ## The bound
#
# Write $z_{0:T}$ for the whole chain $z_0, \dots, z_T$. By the definition of a conditional density $p(x, z_{0:T}) = p(x)\, p(z_{0:T}|x)$, and so, for every chain,

# %% tags=["derivation"]
q_z, p_x, p_z, prior, decoder = (
    symbol(f"density_{k}", latex, positive=True)
    for k, latex in enumerate(["q(z_{0:T}|x)", "p(x)", "p(z_{0:T}|x)", "p(z_T)", "p(x|z_0)"])
)

d.chain(
    "evidence",
    sp.log(q_z / (p_x * p_z)),
    (-sp.log(p_x) + sp.log(q_z / p_z), "the logarithm of a product"),
)

# %% tags=["derivation"]
d.prose(
    "slack",
    "$\\E_q \\log \\frac{q(z_{0:T}|x)}{p(x, z_{0:T})}$ is an upper bound of $-\\log p(x)$: the NELBO. The slack is the divergence of "
    "$q(z_{0:T}|x)$ from $p(z_{0:T}|x)$, no more and no less.",
    "Average over $q(z_{0:T}|x)$: an average of a sum is the sum of the averages. And since $\\log y \\le y - 1$, "
    "$\\E_q \\log \\frac{p(z_{0:T}|x)}{q(z_{0:T}|x)} \\le \\E_q \\frac{p(z_{0:T}|x)}{q(z_{0:T}|x)} - 1 \\le 0$.",
    rests_on=["nelbo-x/evidence"],
)

# %% [markdown]
# Now split it into steps. By Bayes each forward step is $q(z_i|z_{i-1}) = q(z_{i-1}|z_i, x)\, q(z_i|x)\, /\, q(z_{i-1}|x)$, proved as {eq}`eq-forward-posterior`. Write
# $b_i = q(z_{i-1}|z_i, x)$ for the step back and $q_i = q(z_i|x)$ for the marginal. Along a chain the marginals telescope. Then divide by the model's chain,
# $p(x|z_0)\, p(z_T) \prod_i p_i$ with $p_i = p(z_{i-1}|z_i)$.

# %% tags=["derivation"]
back = function("back", "b", subscript=True, positive=True)
model = function("model", "p", subscript=True, positive=True)
q_i = function("q_i", "q", subscript=True, positive=True)
over_steps = (i, 1, T)

d.chain(
    "telescope",
    sp.log(q_i(0)) + sp.Sum(sp.log(back(i) * q_i(i) / q_i(i - 1)), over_steps),
    (
        sp.log(q_i(T)) + sp.Sum(sp.log(back(i)), over_steps),
        "of $\\log q_i - \\log q_{i-1}$ only the last and the first are left",
    ),
)

# %% tags=["derivation"]
steps_back, steps_of_model = (sp.Product(of(i), over_steps) for of in (back, model))

d.chain(
    "bound",
    sp.log(q_i(T) * steps_back / (decoder * prior * steps_of_model)),
    (
        sp.log(q_i(T) / prior) - sp.log(decoder) + sp.Sum(sp.log(back(i) / model(i)), over_steps),
        "prior, reconstruction, and one term for each step",
    ),
    rests_on=["nelbo-x/telescope", "nelbo-x/evidence"],
    cites="Kumar et al. (2025), section 3; Kingma et al. (2021), section 3.5",
)

# %% tags=["derivation"]
d.prose(
    "three-averages",
    "The bound is the divergence of $q(z_T|x)$ from the prior, plus the reconstruction error $\\E_{q(z_0|x)}[-\\log p(x|z_0)]$, plus, summed over "
    "steps, $\\E_{q(z_t|x)}$ of the divergence of $q(z_s|z_t, x)$ from $p(z_s|z_t)$, with $s = t_{i-1}$ and $t = t_i$.",
    "Average the last line over $q$. The average of a sum is the sum of the averages, and each term contains one or two latents of the chain. A "
    "term with two is averaged over $z_s$ first, given $z_t$ and $x$: that average is the divergence, by definition. Then over $z_t$.",
    rests_on=["nelbo-x/bound", "nelbo-x/slack"],
)

# %% [markdown]
# ## The divergence of two Gaussians, integrated

# %% tags=["derivation"]
from companion.derivation.vectors import VectorKL, VectorMean, VectorNormal, dim, eps, norm2, vector

m_1, m_2, z = map(vector, ("m_1", "m_2", "z"))
v_1, v_2 = symbol("v_1", positive=True), symbol("v_2", positive=True)
drawn = m_1 + sp.sqrt(v_1) * eps
log_ratio = norm2(drawn - m_2) / (2 * v_2) - norm2(drawn - m_1) / (2 * v_1)

d.chain(
    "gaussian-kl",
    VectorKL(VectorNormal(z, m_1, v_1), VectorNormal(z, m_2, v_2)),
    (
        VectorMean(log_ratio + dim / 2 * sp.log(v_2 / v_1), eps),
        "the definition, with $z = m_1 + \\sqrt{v_1}\\, \\epsilon$; the $2\\pi$ cancel",
    ),
    (
        norm2(m_1 - m_2) / (2 * v_2) + dim / 2 * (v_1 / v_2 - 1 + sp.log(v_2 / v_1)),
        "the moments $\\E\\, \\epsilon = 0$ and $\\E\\, \\|\\epsilon\\|^2 = d$",
    ),
    torch="companion.chapters.nelbo_in_x.results.gaussian_divergence",
)

# %% [markdown]
# The model knows the noise process, and it predicts the data: it takes the posterior {eq}`eq-forward-posterior` and puts its guess $\hat x = \hat x(z_t, t)$ where $x$ stood,
# $p(z_s|z_t) = q(z_s|z_t, x = \hat x)$. Both variances are then $\sigma_Q^2$, and all but the means cancels. Then $z_t$ cancels too.

# %% tags=["derivation"]
from companion.derivation.vectors import mean_q, posterior, x, x_hat, z_t
from companion.derivation.vocabulary import alpha, sigma, snr, var_q, var_step

of_step, error = VectorKL(posterior(x), posterior(x_hat)), norm2(x - x_hat)
d.chain(
    "step",
    of_step,
    (norm2(mean_q(x) - mean_q(x_hat)) / (2 * var_q()), "equal variances"),
    (
        (alpha(s) * var_step() / sigma(t) ** 2) ** 2 / (2 * var_q()) * error,
        "both means have the same $z_t$",
    ),
    (
        alpha(s) ** 2 * var_step() / (2 * sigma(s) ** 2 * sigma(t) ** 2) * error,
        "insert $\\sigma_Q^2 = \\sigma_{t|s}^2 \\sigma_s^2/\\sigma_t^2$",
    ),
    ((snr(s) - snr(t)) / 2 * error, "insert $\\sigma_{t|s}^2$: a difference of SNRs"),
    domain=Ordered(s, t),
    rests_on=["nelbo-x/gaussian-kl"],
    cites="Kumar et al. (2025), on the way to eq. (7); Kingma et al. (2021), section 4",
    torch="companion.chapters.nelbo_in_x.results.step_term",
)

# %% [markdown]
# Line (4) is the whole content of a diffusion loss: the model pays for its error in $x$, at the price by which the SNR falls in that step. No
# schedule, and not $\alpha_t^2 + \sigma_t^2 = 1$, was assumed. In the noise, the same term is a function of $\lambda_s - \lambda_t$ alone:

# %% tags=["derivation"]
from companion.derivation.vocabulary import log_snr

eps_of_x = Abbreviation(r"\epsilon", (z_t - alpha(t) * x) / sigma(t))
eps_of_x_hat = Abbreviation(r"\hat{\epsilon}", (z_t - alpha(t) * x_hat) / sigma(t))

d.chain(
    "step-in-eps",
    (snr(s) - snr(t)) / 2 * error,
    (
        (sp.exp(log_snr(s) - log_snr(t)) - 1) / 2 * norm2(eps_of_x - eps_of_x_hat),
        "with $\\epsilon = (z_t - \\alpha_t x)/\\sigma_t$, and $\\hat\\epsilon$ from $\\hat x$",
    ),
    domain=Ordered(s, t),
    rests_on=["nelbo-x/step"],
    cites="Kingma et al. (2021), section 4",
)

# %% [markdown]
# ## Infinitely many steps
#
# Let $r(t) = \E\,\|x - \hat x(z_t, t)\|^2$ be the mean squared error at time $t$, the risk, and $S(t) = \SNR(t)$. With $T$ equal steps of width $h = 1/T$ the diffusion loss is
# $L_T = \sum_i \frac12 (S(t_i - h) - S(t_i))\, r(t_i)$. One step, divided by its width, tends to the integrand of $L_\infty$:

# %% tags=["derivation"]
from companion.derivation import Between, Domain, Falling, at_most

S, r = function("S", positive=True), function("r", positive=True)
tau = symbol("tau", r"\tau")
S_prime, r_prime = sp.Derivative(S(t), t), sp.Derivative(r(t), t)
one_step = (S(t - h) - S(t)) / 2 * r(t)
its_share = -sp.Integral(sp.Derivative(S(tau), tau) * r(tau), (tau, t - h, t)) / 2
inside = Between(t, 0.1, 0.9) & Falling(S)

d.chain(
    "continuous",
    sp.Limit(one_step / h, h, 0),
    (-S_prime * r(t) / 2, "a derivative; smooth $S$ and $r$"),
    domain=inside,
    rests_on=["nelbo-x/step"],
    cites="Kumar et al. (2025), eq. (7), the parent diffusion loss; Kingma et al. (2021), section 5",
)

# %% [markdown]
# Summed, that is $L_\infty = -\frac12 \int_0^1 S'(t)\, r(t)\, dt$, or $-\frac12 \E_{t, \epsilon}[\SNR'(t)\, \|x - \hat x\|^2]$ with $t$ uniform: the parent of all losses
# in this book. How far is $L_T$ from it? One step differs from its share of the integral by a term of second order in $h$. There are $1/h$ steps, so the
# gap is of order $1/T$. For $S(t) = S_1 t + S_2 t^2$ and $r(t) = r_0 + r_1 t + r_2 t^2$ the sum can be counted out, and nothing is neglected.

# %% tags=["derivation"]
d.chain(
    "correction",
    sp.Limit((one_step - its_share) / h**2, h, 0),
    (-S_prime * r_prime / 4, "Taylor's theorem for $S$ and $r$"),
    domain=inside,
    rests_on=["nelbo-x/continuous"],
)

# %% tags=["derivation"]
(s_1, s_2), (r_0, r_1, r_2) = (map(symbol, names.split()) for names in ("S_1 S_2", "r_0 r_1 r_2"))
where = {r"\tau": tau, r"\tfrac{i}{T}": i / T, r"\tfrac{i-1}{T}": (i - 1) / T}
S_t, S_i, S_before = (Abbreviation(f"S({at})", s_1 * v + s_2 * v**2) for at, v in where.items())
r_t, r_i, _ = (Abbreviation(f"r({at})", r_0 + r_1 * v + r_2 * v**2) for at, v in where.items())
slope_S, slope_r = sp.Derivative(S_t, tau), sp.Derivative(r_t, tau)
d.chain(
    "quadratic",
    sp.Sum((S_before - S_i) / 2 * r_i, (i, 1, T)) + sp.Integral(slope_S * r_t, (tau, 0, 1)) / 2,
    (
        -sp.Integral(slope_S * slope_r, (tau, 0, 1)) / (4 * T)
        + (r_1 * s_2 - r_2 * s_1 + r_2 * s_2 / T) / (12 * T**2),
        "$L_T - L_\\infty$; a constant in $S$ drops out",
    ),
)

# %% [markdown]
# None of this needs a smooth denoiser to begin with. Let $r$ be a function of the SNR $\gamma$, and let it fall by less than $\omega$ within a step from $\gamma_1$ up to $\gamma_2$: there it is above $r(\gamma_1) - \omega$, by $\psi(\gamma)$. Then the step costs no more than this beyond its share:

# %% tags=["derivation"]
gamma, omega = symbol("gamma", r"\gamma", positive=True), symbol("omega", r"\omega", positive=True)
noisy, clean = (symbol(f"gamma_{k}", rf"\gamma_{k}", positive=True) for k in (1, 2))
above = r(noisy) - omega + function("above", r"\psi", positive=True)(gamma)
d.chain(
    "within-a-step",
    (clean - noisy) / 2 * r(noisy) - sp.Integral(above, (gamma, noisy, clean)) / 2,
    (at_most((clean - noisy) / 2 * omega), "summed over steps: $\\omega$ times half the range"),
    domain=Domain(where=(sp.Gt(clean, noisy),), words=("$\\gamma_1 < \\gamma_2$",)),
    rests_on=["nelbo-x/step"],
)

# %% tags=["derivation"]
d.prose(
    "expansion",
    "Where the error is continuous in the SNR, $L_T \\to L_\\infty$. For any smooth $S$ and $r$, $L_T - L_\\infty = -\\frac{1}{4T} \\int_0^1 S'(t)\\, r'(t)\\, dt + O(1/T^2)$.",
    "The last chain bounds the gap from above, and with the signs exchanged from below; on a closed range a continuous error has an $\\omega$ that vanishes with the steps. With three bounded derivatives, Taylor's remainder is at most a constant times $h^3$, the same constant for every step. The $1/h$ leading terms "
    "$-\\frac{h^2}{4} S' r'$ are $h$ times a Riemann sum, which is within $O(h)$ of its integral.",
    rests_on=["nelbo-x/within-a-step", "nelbo-x/continuous", "nelbo-x/correction"],
)

# %% [markdown]
# ## Is the sum above the integral?
#
# Cut one step, from $s$ to $u$, in two at $t$. Each step takes the error at its noisier end, so only the cleaner half changes:

# %% tags=["derivation"]
d.chain(
    "cut-in-two",
    (S(s) - S(u)) / 2 * r(u) - ((S(s) - S(t)) / 2 * r(t) + (S(t) - S(u)) / 2 * r(u)),
    ((S(s) - S(t)) / 2 * (r(u) - r(t)), "what the cut takes away; the first factor is positive"),
    domain=Ordered(s, t, u) & Falling(S),
)

# %% tags=["derivation"]
d.prose(
    "sum-above-integral",
    "If the error $r$ never falls as noise is added, $L_T \\ge L_\\infty$. For networks in general it may be the smaller one.",
    "A cut then never raises the sum. Cut every step in two, again and again: the sums tend to $L_\\infty$ from above. If the error falls with the noise, "
    "every sign is the other one: steps, which use it at their noisier ends, look better than the integral. Both stay bounds, each of its own model.",
    rests_on=["nelbo-x/cut-in-two", "nelbo-x/expansion"],
)

# %% tags=["derivation"]
d.prose(
    "exact-error-grows",
    "The error $r(t)$ of the posterior mean $\\E[x|z_t]$ never falls as noise is added, whatever the data. So for it $L_T \\ge L_\\infty$.",
    "By one step of noise, $z_t$ is made from $z_s$ and fresh noise that knows nothing of $x$. Whatever can be guessed from $z_t$ can so be guessed "
    "from $z_s$: draw the noise, step to $z_t$, guess. The posterior mean is the guess of least error, so its error at $s$ is not above that at $t$.",
    cites="Guo, Shamai & Verdú (2005), who give the derivative",
    rests_on=["forward/one-step", "nelbo-x/sum-above-integral"],
)

# %% [markdown]
# On a grid of equal steps $\delta$ in the log-SNR, which `diffcore` uses, write $f(\lambda) = \frac12 \E\,\|\epsilon - \hat\epsilon\|^2$. A step costs $(e^\delta - 1)\, f(\lambda)$, with $f$ at its lower end.

# %% tags=["derivation"]
lam, y = symbol("lam", r"\lambda"), symbol("y")
low, high = symbol("low", r"\lambda_1"), symbol("high", r"\lambda_0")
delta = symbol("delta", r"\delta", positive=True)
f = function("f")
f_prime = sp.Derivative(f(lam), lam)
beyond = (sp.exp(delta) - 1) * f(lam) - sp.Integral(f(y), (y, lam, lam + delta))

d.chain(
    "correction-in-log-snr",
    sp.Limit(beyond / delta**2, delta, 0),
    ((f(lam) - f_prime) / 2, "Taylor's theorem for $f$"),
    rests_on=["nelbo-x/step-in-eps"],
)

# %% tags=["derivation"]
d.chain(
    "total-correction",
    sp.Integral((f(y) - sp.Derivative(f(y), y)) / 2, (y, low, high)),
    (
        sp.Integral(f(y), (y, low, high)) / 2 - (f(high) - f(low)) / 2,
        "summed over steps, as before: between two log-SNRs $L_T - L_\\infty = \\delta$ times this $+\\, O(\\delta^2)$",
    ),
    rests_on=["nelbo-x/correction-in-log-snr", "nelbo-x/expansion"],
)

# %% [markdown]
# ## A case that can be solved
#
# Let $x \sim \N(0, c)$. The best guess is linear in $z_t$, its error a simple fraction, and $L_\infty$ an integral that SymPy can do.

# %% tags=["derivation"]
from companion.derivation.vocabulary import marginal, x, z_s, z_t

c = symbol("c", positive=True)
spread = alpha(t) ** 2 * c + sigma(t) ** 2
own_marginal, shrink = Normal(z_t, 0, spread), alpha(t) * c / spread

d.chain(
    "gaussian-posterior",
    marginal() * Normal(x, 0, c) / own_marginal,
    (
        Normal(x, shrink * z_t, c / (1 + c * snr(t))),
        "Bayes; the mean is the best guess, the variance its error $r(t)$",
    ),
    domain=Between(t, 0, 1),
)

# %% tags=["derivation"]
d.chain(
    "gaussian-error-falls",
    sp.Derivative(c / (1 + c * gamma), gamma),
    (-(c**2) / (1 + c * gamma) ** 2, "$\\gamma = \\SNR$; so here $r(t)$ grows with the noise"),
    rests_on=["nelbo-x/gaussian-posterior"],
    cites="Guo, Shamai & Verdú (2005), for all data",
)

# %% tags=["derivation"]
span = Domain(where=(sp.Gt(high, low),), words=("$\\lambda_1 < \\lambda_0$",))
diffusion = sp.Integral(sp.exp(y) / 2 * c / (1 + c * sp.exp(y)), (y, low, high))

d.chain(
    "gaussian-diffusion",
    diffusion,
    (
        sp.log((1 + c * sp.exp(high)) / (1 + c * sp.exp(low))) / 2,
        "$L_\\infty$ between two log-SNRs",
    ),
    domain=span,
    rests_on=["nelbo-x/gaussian-posterior"],
)

# %% [markdown]
# The two other terms, averaged over the data as well. The prior is the marginal of the data's own $z_t$ at the noisy end; the decoder is
# $\N(x;\, z_t/\alpha_t,\, \sigma_t^2/\alpha_t^2)$ at the clean end. Their sum with $L_\infty$, between $\lambda_1$ at the noisy and $\lambda_0$ at the clean end, comes last.

# %% tags=["derivation"]
d.chain(
    "gaussian-prior",
    Expectation(sp.log(marginal()) - sp.log(own_marginal), marginal(), Normal(x, 0, c)),
    (sp.log(1 + c * snr(t)) / 2, "logarithms of Gaussians are quadratic; moments"),
    domain=Between(t, 0, 1),
)

# %% tags=["derivation"]
decoded = Normal(x, z_t / alpha(t), sigma(t) ** 2 / alpha(t) ** 2)

d.chain(
    "gaussian-decoder",
    Expectation(-sp.log(decoded), marginal()),
    ((sp.log(2 * sp.pi) + 1 - log_snr(t)) / 2, "the same for every $x$"),
    domain=Between(t, 0, 1),
)

# %% tags=["derivation"]
d.chain(
    "gaussian-bound",
    sp.log(1 + c * sp.exp(low)) / 2 + (sp.log(2 * sp.pi) + 1 - high) / 2 + diffusion,
    (
        (sp.log(2 * sp.pi) + 1 + sp.log(c + sp.exp(-high))) / 2,
        "the entropy of $x$ with noise of variance $e^{-\\lambda_0}$ added",
    ),
    domain=span,
    rests_on=[
        "nelbo-x/gaussian-prior",
        "nelbo-x/gaussian-decoder",
        "nelbo-x/gaussian-diffusion",
        "nelbo-x/three-averages",
    ],
)

# %% [markdown]
# With less and less noise left {eq}`eq-nelbo-x-gaussian-bound` is the entropy of the data, which no model can beat (a divergence is never negative): it has no slack here.

# %% tags=["derivation"]
d.chain(
    "gaussian-entropy",
    sp.Limit((sp.log(2 * sp.pi) + 1 + sp.log(c + sp.exp(-high))) / 2, high, sp.oo),
    (sp.log(2 * sp.pi * sp.E * c) / 2, "what is left above it is the noise that is never removed"),
    rests_on=["nelbo-x/gaussian-bound"],
)

# %% [markdown]
# ## The torch check
#
# `diffcore.nelbo` on Gaussian data with the exact denoiser, against these closed forms.

# %%
from IPython.display import Markdown

from companion import profiles
from companion.chapters.nelbo_in_x import figures, results
from companion.evidence import style
from companion.evidence.artifacts import Artifacts

style.use()
artifacts = Artifacts("03_nelbo_in_x", profile)
n = profiles.get(profile).pick(quick=20_000, standard=200_000, paper=1_000_000)

gaps = results.gaps(n=n, seed=0)
provenance = {"n": n, "seeds": list(range(len(gaps)))}
artifacts.table(gaps, "nelbo_gaps", caption=results.gaps_caption(n), **provenance)

# %%
artifacts.figure(figures.gap_figure(gaps), "nelbo_gap", **figures.GAP_SHOWN, **provenance)

# %%
entropy = results.bound_against_entropy(n=n, seed=1)
artifacts.table(entropy, "nelbo_entropy", caption=results.entropy_caption(n), n=n, seeds=[1])

# %%
Markdown(results.comparison(gaps, entropy))

# %% [markdown]
# :::{admonition} Trap: a sign that makes the loss negative
# :class: warning
# Some code counts with $g_t = -\lambda_t$, often called gamma, which *rises* with time, and writes the step's weight as $\frac12 (e^{g_t - g_s} - 1)$. Read with
# $\lambda$ in mind, the two times look exchanged. An issue of the VDM repository ([vdm 7](https://github.com/google-research/vdm/issues/7),
# open, without an answer) asks why a formula of the authors' example has the opposite sign to the paper's. We do not know which formula was meant, and the repository's own `model_vdm.py` has the sign derived here.
# :::
#
# The answer needs no author: for $s < t$ the term is a divergence, so its weight is positive. With the times exchanged a worse model gets a better "bound". It is refuted:

# %%
d.refute(
    "exchanged-times",
    (snr(s) - snr(t)) / 2 * error,
    (sp.exp(log_snr(t) - log_snr(s)) - 1) / 2 * norm2(eps_of_x - eps_of_x_hat),
    "$\\lambda$ where $g = -\\lambda$ was meant",
    domain=Ordered(s, t),
)

# %% [markdown]
# ## Exercises
#
# **1.** The model should learn $q(z_s|z_t)$. Why may the bound hold the divergence from $q(z_s|z_t, x)$ instead, and what is won? Suppose that over the $x$ that may lie behind $z_t$, the mean $\mu_Q$ of the step back is $\N(m_1, v_1)$, as for Gaussian data; let the model's step be any $\N(m_2, v_2)$.

# %% tags=["derivation", "solution"]
m_1, m_2 = symbol("m_1"), symbol("m_2")
mu, var = symbol("mu_Q", r"\mu_Q"), symbol("var_Q", r"\sigma_Q^2", positive=True)
d.chain(
    "without-x",
    Expectation(KL(Normal(z_s, mu, var), Normal(z_s, m_2, v_2)), Normal(mu, m_1, v_1)),
    (
        KL(Normal(z_s, m_1, var + v_1), Normal(z_s, m_2, v_2)) + sp.log(1 + v_1 / var) / 2,
        "First the divergence from $q(z_s|z_t)$, then what no parameter changes: equal gradients. But only $q(z_s|z_t, x)$ is known, and Gaussian, for any data",
    ),
)

# %% [markdown]
# **2.** A note on *the* diffusion loss calls $\E\,\|\epsilon - \hat\epsilon\|^2$ "reconstruction" and adds $\beta$ times the divergence of a step from the model's, written without $x$. A prior term is only mentioned. Judge each term.

# %% tags=["derivation", "solution"]
beta = symbol("beta", r"\beta", positive=True)
d.chain(
    "counted-twice",
    norm2(eps_of_x - eps_of_x_hat) + beta * of_step,
    (
        (1 + beta * (sp.exp(log_snr(s) - log_snr(t)) - 1) / 2) * norm2(eps_of_x - eps_of_x_hat),
        "one error, counted twice: $\\beta$ only shifts weight between steps. Reconstruction is $\\E[-\\log p(x|z_0)]$; a step needs $x$ (exercise 1); the prior has no parameter",
    ),
    domain=Ordered(s, t),
    rests_on=["nelbo-x/step-in-eps"],
)

# %% [markdown]
# ## Sources
#
# The study {cite:p}`kumar2025` starts from this bound; its equation (7) is known to us only as "the parent diffusion loss", which we take to be
# $L_\infty$. The derivation follows {cite:t}`kingma2021`, cited by section: its equation numbers could not be checked. That the error of the exact denoiser
# falls with the SNR is in {cite:t}`guo2005`. The divergence is integrated here, not quoted, and the $1/T$ correction is our own.
