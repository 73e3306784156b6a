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
# # What a loss weighs
#
# **Question.** Papers differ in the target that is predicted, in the schedule, in the weight and in the density of noise levels. Which of these choices change the objective, and which only change its name?
#
# **Assumed.** The forward process $z_t = \alpha_t x + \sigma_t \epsilon$ with log-SNR $\lambda_t = \log(\alpha_t^2/\sigma_t^2)$ that falls with $t$, and from [](04_four_targets) the errors of all targets in terms of $(\epsilon - \hat\epsilon)^2$. Derivatives by time carry a prime.

# %% tags=["parameters"]
profile = "standard"

# %% tags=["derivation"]
import sympy as sp

from companion.derivation import Abbreviation, Derivation, VariancePreserving, Where
from companion.derivation.vocabulary import alpha, eps, eps_hat, log_snr, sigma, symbol, t

d = Derivation("weightings", title="What a loss weighs", rests_on=["targets"])

# %% [markdown]
# ## Four choices, one product
#
# Let times be drawn with density $f(t)$, and let the loss weigh the squared error of a target $y$ by $\omega(t)$. With $(y - \hat y)^2 = \kappa\, (\epsilon - \hat\epsilon)^2$ its integrand is the left side below. The density of the log-SNR is $p(\lambda_t) = f(t)/|\lambda_t'|$: the share of draws between two times is the share between two log-SNRs.

# %% tags=["derivation"]
log_snr_prime = sp.Derivative(log_snr(t), t)
f, omega, kappa = (
    symbol(name, latex, positive=True)
    for name, latex in (("f_t", "f(t)"), ("omega_t", r"\omega(t)"), ("kappa", r"\kappa"))
)
density = Abbreviation(r"p(\lambda_t)", -f / log_snr_prime)
w = Abbreviation("w", 2 * density * omega * kappa)

d.chain(
    "rule",
    f * omega * kappa * (eps - eps_hat) ** 2,
    (
        -log_snr_prime / 2 * w * (eps - eps_hat) ** 2,
        "with $w = 2\\, p(\\lambda_t)\\, \\omega\\, \\kappa$; and $-\\lambda_t'\\, dt = d\\lambda$ from the noisy to the clean end",
    ),
    rests_on=["targets/nelbo-eps"],
    cites="Kingma & Gao (2023)",
)

# %% [markdown]
# The objective is $\frac12 \int w(\lambda)\, \E(\epsilon - \hat\epsilon)^2\, d\lambda$, and only the product $w$ enters it. The target enters through $\kappa$, the density and the schedule through $p$. Three consequences:
#
# - Another density of times, with $\omega$ divided by as much, is the same objective. What changes is the variance of its estimates.
# - Another schedule with the same end points, and the same weight *as a function of* $\lambda$, is the same objective, for denoisers that are functions of $z_t/\alpha_t$ and $\lambda_t$.
# - A weight is not carried from one target to another as it stands: $\omega\, \kappa$ must be kept.
#
# The third is where code goes wrong. For a variance-preserving schedule, let $M$ be any weight of the error of $x$. Min-SNR {cite:p}`hang2023` is $M = \min(\SNR, \gamma)$.

# %% tags=["derivation"]
from companion.derivation.vocabulary import snr, x, x_hat

M = symbol("M", positive=True)
z = Abbreviation("z_t", alpha(t) * x + sigma(t) * eps)
eps_of_x = Abbreviation(r"\hat\epsilon", (z - alpha(t) * x_hat) / sigma(t))
v = Abbreviation("v", alpha(t) * eps - sigma(t) * x)
v_hat = Abbreviation(r"\hat v", alpha(t) * eps_of_x - sigma(t) * x_hat)

d.chain(
    "translate",
    M * (x - x_hat) ** 2,
    (M / snr(t) * (eps - eps_of_x) ** 2, "the weight of the error of $\\epsilon$"),
    (
        M / (snr(t) + 1) * (v - v_hat) ** 2,
        "the weight of the error of $v$: the sum $\\alpha_t^2 + \\sigma_t^2$ is 1",
    ),
    domain=VariancePreserving(alpha, sigma),
    rests_on=["targets/error-eps", "targets/error-v"],
    cites="Hang et al. (2023)",
)

# %% [markdown]
# ## Where uniform times put their log-SNRs
#
# With $f = 1$ the density is $-1/\lambda_t'$, a function of $\lambda$ that belongs to the schedule. On the cosine schedule it is a hyperbolic secant.

# %% tags=["derivation"]
inside = Where(sp.Gt(1 - t, sp.Rational(1, 50)), sp.Gt(t, sp.Rational(1, 50)))
angle = sp.pi * t / 2
lam = Abbreviation(r"\lambda_t", 2 * sp.log(sp.cos(angle) / sp.sin(angle)))

d.chain(
    "cosine-density",
    -1 / sp.Derivative(lam, t),
    (
        1 / (sp.pi * (sp.exp(lam / 2) + sp.exp(-lam / 2))),
        "$\\alpha_t \\sigma_t/\\pi$, with $\\alpha_t/\\sigma_t = e^{\\lambda_t/2}$: it is $\\mathrm{sech}(\\lambda_t/2)/2\\pi$",
    ),
    domain=inside,
    rests_on=["targets/cosine-slope"],
    torch="companion.chapters.weightings.rows.cosine_density",
)

# %% [markdown]
# On the straight lines of rectified flow, $\alpha_t = 1 - t$ and $\sigma_t = t$ {cite:p}`liu2023`, it is that of a logistic variable.

# %% tags=["derivation"]
lam = Abbreviation(r"\lambda_t", 2 * sp.log((1 - t) / t))

d.chain(
    "flow-density",
    -1 / sp.Derivative(lam, t),
    (
        1 / (2 * (sp.exp(lam / 4) + sp.exp(-lam / 4)) ** 2),
        "$t\\,(1 - t)/2$, with $(1 - t)/t = e^{\\lambda_t/2}$: it is $\\mathrm{sech}^2(\\lambda_t/4)/8$",
    ),
    domain=inside,
    torch="companion.chapters.weightings.rows.flow_density",
)

# %% [markdown]
# Noise that grows geometrically, $\alpha_t = 1$ and $\sigma_t = \sigma_0 (\sigma_1/\sigma_0)^t$ {cite:p}`song2021sde`, has every log-SNR equally often. Its plain $\epsilon$-loss is therefore the NELBO, up to a constant.

# %% tags=["derivation"]
least, most = symbol("sigma_0", positive=True), symbol("sigma_1", positive=True)
lam = Abbreviation(r"\lambda_t", -2 * sp.log(least * (most / least) ** t))

d.chain(
    "geometric-density",
    -1 / sp.Derivative(lam, t),
    (1 / (2 * sp.log(most / least)), "$\\lambda_t$ is linear in time"),
    domain=Where(sp.Gt(most, least)),
)

# %% [markdown]
# DDPM's noise rate is linear in time {cite:p}`ho2020`. In continuous time {cite:p}`song2021sde` it is $\beta_t = \beta_0 + (\beta_1 - \beta_0)\, t$, with $\alpha_t^2 = e^{-B_t}$ and $B_t$ its integral. Then $\lambda_t = -\log(e^{B_t} - 1)$. The rate can be written in the log-SNR, since $B_t = \log(1 + e^{-\lambda_t})$.

# %% tags=["derivation"]
beta_0, beta_1 = symbol("beta_0", positive=True), symbol("beta_1", positive=True)
spent = Abbreviation("B_t", beta_0 * t + (beta_1 - beta_0) * t**2 / 2)
lam = Abbreviation(r"\lambda_t", -sp.log(sp.exp(spent) - 1))
growing = Where(sp.Gt(beta_1, beta_0))

d.chain(
    "linear-density",
    -1 / sp.Derivative(lam, t),
    (
        1 / ((1 + sp.exp(lam)) * sp.Derivative(spent, t)),
        "the logistic function of $-\\lambda_t$, over the rate",
    ),
    domain=growing,
)

# %% tags=["derivation"]
d.chain(
    "linear-rate",
    sp.Derivative(spent, t) ** 2,
    (
        beta_0**2 + 2 * (beta_1 - beta_0) * sp.log(1 + sp.exp(-lam)),
        "complete the square of $B_t$",
    ),
    domain=growing,
)

# %% [markdown]
# ## What a velocity weighs
#
# The flow's velocity $u = \alpha_t' x + \sigma_t' \epsilon$ has $\kappa = \sigma_t^2 \lambda_t'^2/4$. With uniform times one of the two slopes cancels, and what is left is a Wronskian, $W_t = \alpha_t \sigma_t' - \sigma_t \alpha_t'$.

# %% tags=["derivation"]
alpha_prime, sigma_prime = sp.Derivative(alpha(t), t), sp.Derivative(sigma(t), t)
uniform = Abbreviation(r"p(\lambda_t)", -1 / log_snr_prime)
factor = Abbreviation(r"\kappa", sigma(t) ** 2 * log_snr_prime**2 / 4)

d.chain(
    "velocity",
    2 * factor * uniform,
    (-(sigma(t) ** 2) * log_snr_prime / 2, "one slope cancels: half the squared noise rate"),
    (
        sigma(t) / alpha(t) * (alpha(t) * sigma_prime - sigma(t) * alpha_prime),
        "$-\\lambda_t' = 2 W_t/(\\alpha_t \\sigma_t)$, and $\\sigma_t/\\alpha_t = e^{-\\lambda_t/2}$: $w = W_t\\, e^{-\\lambda_t/2}$",
    ),
    rests_on=["weightings/rule", "targets/error-velocity"],
)

# %% [markdown]
# So a flow-matching loss has the weighting $e^{-\lambda/2}$ exactly where $W_t$ is constant. It is on straight lines, and it stays so when the noise does not start at zero but at a small $\sigma_0$ {cite:p}`lipman2023`.

# %% tags=["derivation"]
line = least + (1 - least) * t

d.chain(
    "straight-lines",
    (1 - t) * sp.Derivative(line, t) - line * sp.Derivative(1 - t, t),
    (1, "$(1 - t)(1 - \\sigma_0) + \\sigma_0 + (1 - \\sigma_0)\\, t$"),
    rests_on=["weightings/velocity"],
)

# %% [markdown]
# On a circle, $\alpha_t = \cos \frac{\pi t}{2}$ and $\sigma_t = \sin \frac{\pi t}{2}$, it is constant too. There $u = \frac\pi2 v$, and the plain loss in $v$ has the same weighting as rectified flow, up to a factor: the two train the same objective on other schedules.

# %% tags=["derivation"]
d.chain(
    "circle",
    sp.cos(angle) * sp.Derivative(sp.sin(angle), t)
    - sp.sin(angle) * sp.Derivative(sp.cos(angle), t),
    (sp.pi / 2, "the squares of sine and cosine add up to 1"),
    rests_on=["weightings/velocity"],
)

# %% [markdown]
# ## EDM: a weight that undoes a scale
#
# EDM {cite:p}`karras2022` adds noise of size $\sigma$ to data of standard deviation $\sigma_d$, with $\alpha = 1$. Its network $F$ is scaled: $\hat x$ is a multiple of $z$ plus $c_{\mathrm{out}} F$. So the error of $x$ is $c_{\mathrm{out}}^2$ times that of $F$, and the weight of EDM is the inverse: the network sees a plain squared error.

# %% tags=["derivation"]
sigma_d, noise = symbol("sigma_d", positive=True), symbol("sigma_n", r"\sigma", positive=True)
c_out = Abbreviation(
    r"c_{\mathrm{out}}", noise * sigma_d / sp.sqrt(noise**2 + sigma_d**2), positive=True
)

d.chain(
    "edm-scale",
    (noise**2 + sigma_d**2) / (noise * sigma_d) ** 2 * c_out**2,
    (1, "by the definition of $c_{\\mathrm{out}}$"),
    cites="Karras et al. (2022)",
)

# %% [markdown]
# EDM draws $\log \sigma$ from a normal with mean $P_{\mathrm{mean}}$ and deviation $P_{\mathrm{std}}$. Then $\lambda = -2 \log \sigma$ is normal with mean $-2 P_{\mathrm{mean}}$ and deviation $2 P_{\mathrm{std}}$, and the weight follows from $\kappa = e^{-\lambda}$ for the error of $x$.

# %% tags=["derivation"]
level = symbol("lambda", r"\lambda")
P_m, P_s = symbol("P_m", r"P_{\mathrm{mean}}"), symbol("P_s", r"P_{\mathrm{std}}", positive=True)
log_sigma = Abbreviation(r"\log\sigma", -level / 2)
normal = Abbreviation(
    r"\N(\lambda; -2 P_{\mathrm{mean}}, 4 P_{\mathrm{std}}^2)",
    sp.exp(-((level + 2 * P_m) ** 2) / (8 * P_s**2)) / sp.sqrt(8 * sp.pi * P_s**2),
    positive=True,
)

d.chain(
    "edm-density",
    sp.exp(-((log_sigma - P_m) ** 2) / (2 * P_s**2)) / sp.sqrt(2 * sp.pi * P_s**2) / 2,
    (normal, "half the density of $\\log \\sigma$, since $d\\lambda = -2\\, d\\log\\sigma$"),
)

# %% tags=["derivation"]
squared = Abbreviation(r"\sigma^2", sp.exp(-level), positive=True)

d.chain(
    "edm-weight",
    2 * normal * (squared + sigma_d**2) / (squared * sigma_d**2) * squared,
    (2 * normal * (1 + sp.exp(-level) / sigma_d**2), "one factor $\\sigma^2$ cancels"),
    rests_on=["weightings/rule", "weightings/edm-scale", "weightings/edm-density"],
)

# %% [markdown]
# ## One family of sigmoids
#
# The sigmoid weighting is $\mathrm{sig}(b - \lambda)$ with $\mathrm{sig}(y) = 1/(1 + e^{-y})$ {cite:p}`kingma2023`. Weights that were proposed on other grounds are members of it. A soft version of Min-SNR multiplies the error of $\epsilon$ by $\gamma/(\gamma + \SNR)$: with log-SNRs drawn uniformly, that is the sigmoid with $b = \log\gamma$.

# %% tags=["derivation"]
gamma, b = symbol("gamma", r"\gamma", positive=True), symbol("b")


def sig(y: sp.Expr) -> sp.Expr:
    """The logistic function, by its name."""
    return Abbreviation(rf"\mathrm{{sig}}({sp.latex(y)})", 1 / (1 + sp.exp(-y)), positive=True)


d.chain(
    "soft-min-snr",
    gamma / (gamma + sp.exp(level)),
    (sig(sp.log(gamma) - level), "divide by $\\gamma$"),
)

# %% [markdown]
# A weight $\SNR^{-1/2}$ on the error of $\epsilon$, with uniform times on the cosine schedule, is the sigmoid with $b = 0$.

# %% tags=["derivation"]
sech = Abbreviation(
    r"\mathrm{sech}(\lambda/2)", 2 / (sp.exp(level / 2) + sp.exp(-level / 2)), positive=True
)

d.chain(
    "debiased",
    sech / sp.pi * sp.exp(-level / 2),
    (2 / sp.pi * sig(-level), "multiply above and below by $e^{-\\lambda/2}$"),
    rests_on=["weightings/rule", "weightings/cosine-density"],
    torch="companion.chapters.weightings.rows.debiased_weight",
)

# %% [markdown]
# And a sigmoid in the error of $x$, which has $\kappa = e^{-\lambda}$, is one in the error of $\epsilon$: the bias changes sides.

# %% tags=["derivation"]
d.chain(
    "sigmoid-in-x",
    sp.exp(b) * sig(level - b) * sp.exp(-level),
    (sig(b - level), "multiply above and below by $e^{b - \\lambda}$"),
    rests_on=["weightings/rule"],
)

# %% [markdown]
# ## The catalogue

# %%
from IPython.display import Markdown

from companion.chapters.weightings import figures, results, rows
from companion.evidence import style
from companion.evidence.artifacts import Artifacts

style.use()
artifacts = Artifacts("08_weightings", profile)
artifacts.table(rows.catalogue(), "weights", **rows.CATALOGUE_SHOWN, negligible=1e-12)

# %%
artifacts.figure(figures.weights_figure(), "weights_on_one_scale", **figures.WEIGHTS_SHOWN)

# %% [markdown]
# Where a weight has its peak follows from its slope. P2 {cite:p}`choi2022` multiplies the plain $\epsilon$-loss by $(k + \SNR)^{-g}$; here $k = 1$. On the cosine schedule the peak is at $e^\lambda = 1/(1 + 2 g)$; for $g = 0$, the plain loss, at $\lambda = 0$.

# %% tags=["derivation"]
g = symbol("g", positive=True)

d.chain(
    "p2-slope",
    sp.Derivative(sp.log(sech / sp.pi * (1 + sp.exp(level)) ** (-g)), level),
    (
        (1 - (1 + 2 * g) * sp.exp(level)) / (2 * (1 + sp.exp(level))),
        "zero where $e^\\lambda = 1/(1 + 2 g)$, above zero before, below after",
    ),
    rests_on=["weightings/cosine-density"],
)

# %% [markdown]
# ## Weights that never rise
#
# Let $L(\lambda) = \frac12 \int_{\lambda_0}^{\lambda} \E(\epsilon - \hat\epsilon)^2\, d\lambda$, from the noisiest level $\lambda_0$ up to $\lambda$. It is the diffusion part of a bound on the likelihood of the noisy data $z_\lambda$.

# %% tags=["derivation"]
from companion.derivation.vocabulary import function

w_of, L_of = function("w"), function("L")

d.chain(
    "by-parts",
    sp.Derivative(w_of(level) * L_of(level), level),
    (
        w_of(level) * sp.Derivative(L_of(level), level)
        + sp.Derivative(w_of(level), level) * L_of(level),
        "the product rule",
    ),
)

# %% tags=["derivation"]
d.prose(
    "mixture",
    "A smooth weighting that never rises is a mixture of bounds: with $\\lambda_1$ the cleanest level, $\\frac12 \\int w\\, \\E(\\epsilon - \\hat\\epsilon)^2\\, d\\lambda = "
    "w(\\lambda_1)\\, L(\\lambda_1) + \\int (-w'(\\lambda))\\, L(\\lambda)\\, d\\lambda$, and no coefficient is negative.",
    "Integrate the product rule from $\\lambda_0$ to $\\lambda_1$. The left side gives $w(\\lambda_1)\\, L(\\lambda_1)$, for $L(\\lambda_0) = 0$; and $L'$ is half the "
    "error. A weight that rises somewhere has a bound with a negative coefficient in the same identity.",
    rests_on=["weightings/by-parts"],
    cites="Kingma & Gao (2023)",
)

# %% [markdown]
# The identity can be seen in numbers by two routes, which share the quadrature alone. For the exact denoiser of the clusters the bounds are tight, and then $L(\lambda)$ is the information that $z_\lambda$ has about $x$, beyond that of $z_{\lambda_0}$. Information is a difference of entropies, so it follows from densities; the direct loss follows from posterior variances.

# %%
from companion import profiles

active = profiles.get(profile)
points = active.pick(quick=64, standard=512, paper=2048)
artifacts.table(
    results.mixtures(points), "mixtures_of_bounds", **results.MIXTURE_SHOWN, seeds=[0], n=points
)

# %% [markdown]
# ## Which density of noise levels
#
# The objective fixes $w$; the density $p$ is free. One example costs $a(\lambda)/p(\lambda)$ on average over its noise, where $a = \frac12 w\, \E\ell$ and $\ell$ is its squared error. Let $A = \int a\, d\lambda$ be the loss. The noise-free part of the variance of such an estimate is a square.

# %% tags=["derivation"]
a, A, p = symbol("a", positive=True), symbol("A", positive=True), symbol("p", positive=True)

d.chain(
    "variance",
    p * (a / p - A) ** 2,
    (a**2 / p - 2 * A * a + A**2 * p, "expand"),
)

# %% tags=["derivation"]
d.prose(
    "best-density",
    "The second moment $\\int a^2/p\\, d\\lambda$ is at least $A^2$, and equal only where $p = a/A$. With the noise counted, $a^2$ becomes $\\frac14 w^2\\, \\E\\ell^2$, "
    "and the best density is proportional to $w \\sqrt{\\E\\ell^2}$.",
    "Integrate the last line: $p$ has integral 1, so $\\int a^2/p\\, d\\lambda - A^2$ is the integral of $p\\, (a/p - A)^2$, which is no less than zero. The "
    "second moment is least by the same argument with $\\frac12 w \\sqrt{\\E\\ell^2}$ in the place of $a$.",
    rests_on=["weightings/variance"],
    cites="Kingma & Gao (2023), for densities proportional to $w\\, \\E\\ell$",
)

# %% [markdown]
# Draws need not be independent. Let one example's cost be $a(t) = a_0 + a_1 t + a_2 t^2$, and let $n$ draws share one uniform offset $\xi$: $t_i = (i - 1 + \xi)/n$. Or let each have its own $\xi$, in a stratum of its own. Both are right on average. The first line is the error of the shared offset; then both variances:

# %% tags=["derivation"]
from companion.derivation.vocabulary import i

draws, xi = symbol("n", positive=True, integer=True), symbol("xi", r"\xi", positive=True)
a_0, a_1, a_2 = (symbol(f"a_{k}") for k in range(3))
drawn = a_0 + a_1 * (i - 1 + xi) / draws + a_2 * ((i - 1 + xi) / draws) ** 2
error = (a_1 + a_2) / draws * (xi - sp.Rational(1, 2)) + a_2 / draws**2 * (
    xi**2 - xi + sp.Rational(1, 6)
)
d.chain(
    "shared-offset",
    sp.Sum(drawn, (i, 1, draws)) / draws - sp.Integral(a_0 + a_1 * t + a_2 * t**2, (t, 0, 1)),
    (error, "what is left has no mean: Bernoulli's polynomials of $\\xi$"),
    cites="Kingma et al. (2021), for the shared offset",
)

# %% tags=["derivation"]
d.chain(
    "offset-variance",
    sp.Integral(error**2, (xi, 0, 1)),
    (
        (a_1 + a_2) ** 2 / (12 * draws**2) + a_2**2 / (180 * draws**4),
        "$(a(1) - a(0))^2/12 n^2$ to first order",
    ),
    rests_on=["weightings/shared-offset"],
)

# %% tags=["derivation"]
d.chain(
    "strata-variance",
    sp.Sum(sp.Integral(drawn**2, (xi, 0, 1)) - sp.Integral(drawn, (xi, 0, 1)) ** 2, (i, 1, draws))
    / draws**2,
    (
        sp.Integral((a_1 + 2 * a_2 * t) ** 2, (t, 0, 1)) / (12 * draws**3)
        - a_2**2 / (45 * draws**5),
        "the mean of $a'^2$ over $12 n^3$, to first order",
    ),
)

# %% [markdown]
# For any other smooth cost $a$ the leading order is the same. Look at one stratum, of width $h = 1/n$ from $\tau$ on. What a shared offset misses there is $(\xi - \frac12)\, h$ times the rise of $a$, and a term of third order, of which $n$ add up to second:

# %% tags=["derivation"]
a, h, tau, y = function("a"), symbol("h", positive=True), symbol("tau", r"\tau"), symbol("y")
at, slope = a(tau + h * xi), sp.Derivative(a(tau), tau)
rise = (xi - sp.Rational(1, 2)) * h * (a(tau + h) - a(tau))
d.chain(
    "offset-in-a-stratum",
    sp.Limit((h * at - sp.Integral(a(y), (y, tau, tau + h)) - rise) / h**3, h, 0),
    (
        (xi**2 - xi + sp.Rational(1, 6)) / 2 * sp.Derivative(a(tau), (tau, 2)),
        "Taylor's theorem, and Bernoulli's polynomials again",
    ),
)

# %% tags=["derivation"]
d.chain(
    "strata-add-up",
    sp.Sum((xi - sp.Rational(1, 2)) / draws * (a(i / draws) - a((i - 1) / draws)), (i, 1, draws)),
    ((xi - sp.Rational(1, 2)) * (a(1) - a(0)) / draws, "of all rises the last and the first stay"),
    rests_on=["weightings/offset-in-a-stratum"],
)

# %% [markdown]
# The square of this has the mean $(a(1) - a(0))^2/12 n^2$. With an offset for each stratum, its variance is

# %% tags=["derivation"]
d.chain(
    "variance-in-a-stratum",
    sp.Limit((sp.Integral(at**2, (xi, 0, 1)) - sp.Integral(at, (xi, 0, 1)) ** 2) / h**2, h, 0),
    (slope**2 / 12, "that of a uniform number is $\\frac{1}{12}$"),
)

# %% [markdown]
# Offsets of different strata are independent, so their errors do not correlate. Let $e$ hold the size of each, one coordinate a stratum, and let the errors be $e_i \zeta_i$:

# %% tags=["derivation"]
from companion.derivation.vectors import Isotropic, VectorMean, dot, norm2, vector

e, zeta = vector("e"), vector("zeta", r"\zeta")
d.chain(
    "independent-strata",
    VectorMean(dot(e, zeta) ** 2, Isotropic(zeta)),
    (norm2(e), "$n$ terms of $h^4$ times the last line: $h^3$ times a Riemann sum of $a'^2/12$"),
    rests_on=["weightings/variance-in-a-stratum"],
)

# %%
n = active.pick(quick=64, standard=1024, paper=8192)
deviations = results.variances(n)
artifacts.table(
    deviations, "sampling_densities", **results.VARIANCE_SHOWN, seeds=list(range(8)), n=n
)

# %%
Markdown(results.of_uniform_times(deviations))

# %% [markdown]
# :::{admonition} Trap: a square that moved
# :class: warning
# The supplement of AlphaFold 3 writes the weight of its loss with $(\sigma + \sigma_d)^2$ where EDM has $(\sigma\, \sigma_d)^2$, as [lucidrains/alphafold3-pytorch#68](https://github.com/lucidrains/alphafold3-pytorch/issues/68) quotes it. The thread leaves open which is meant. In [SeonghwanSeo/kfold#17](https://github.com/SeonghwanSeo/kfold/pull/17) the sum gives way to the product, as in three other programs. No shape tells the two apart. The chain above does: with the sum, the network's loss is no plain squared error. The cell below claims that it is, and the ledger refutes it.
# :::

# %%
d.refute(
    "a-sum-for-a-product",
    (noise**2 + sigma_d**2) / (noise + sigma_d) ** 2 * c_out**2,
    1,
    "the weight does not undo the scale of the network",
)

# %% [markdown]
# :::{admonition} Exercise: a schedule that is learned
# :class: dropdown
# A summary of the study says that the equivalence of the four losses breaks if the noise schedule is learned. Does it?
#
# *Solution.* Not for the NELBO. By the rule above a schedule enters $\frac12 \int w\, \E(\epsilon - \hat\epsilon)^2\, d\lambda$ through $p$ and the end points only, and with $w = 1$ through the end points alone, whatever the target. A learned schedule changes the variance of estimates, and the end points if these are learned. It does change every loss whose weight is given as a function of *time*, for that is another function of $\lambda$ on another schedule.
# :::
#
# ## Sources
#
# The common form of all losses, and that weights which never rise are mixtures of bounds, are from {cite:t}`kingma2023`. Weights are those of {cite:t}`hang2023`, {cite:t}`choi2022`, {cite:t}`karras2022` and {cite:t}`ho2020`; velocities those of {cite:t}`lipman2023` and {cite:t}`liu2023`. The soft version of Min-SNR and the weight $\SNR^{-1/2}$ are known to us from public code only, the transported densities are derived here.
