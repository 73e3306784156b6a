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
# # What the published numbers measure
#
# **Question.** In the study's 2-D table the NELBO of $x$ and $s$ is less than half of that of $\epsilon$ and $v$, on every data
# set. In theory the four are one loss. Which part of the gap did the networks learn, and which part did the code put there?
#
# **Assumed.** The study's cosine schedule, $\alpha_t = \cos(\pi t/2)$ and $\sigma_t = \sin(\pi t/2)$, and $z_t = \alpha_t x + \sigma_t \epsilon$.
# From [](04_four_targets): all targets are one prediction read in different ways. Each 2-D data set is an exact mixture of
# Gaussians, so the best possible denoiser is known: in closed form for the clusters, by quadrature along a curve for the others.
#
# **Evidence.** Everything said here is about one commit of the published code and the results saved with it. The paper's own runs may
# have used another. The table opens each line that this book rests on.

# %% tags=["parameters"]
profile = "standard"

# %%
from IPython.display import Markdown

from companion import profiles, study
from companion.chapters.published_numbers import sentences

Markdown(study.evidence())

# %% tags=["derivation"]
import sympy as sp

from companion.derivation import Abbreviation, Between, Derivation, Expectation, Normal
from companion.derivation.vocabulary import alpha, eps, sigma, snr, symbol, t, x

d = Derivation("guards", title="What the published numbers measure", rests_on=["targets"])

# %% [markdown]
# ## What the code computes
#
# The published code takes one time $t$ and one noise $\epsilon$ for each example, and multiplies the squared error by a
# coefficient $c(t)$. It adds a *guard* $g$ to each denominator, so that nothing is divided by zero.
#
# The weighted losses have $c = 1$; for $s$ the guard stays in the target. All of this lives in one place,
# `diffcore.published`; nothing else in the package has a guard. The table is printed from its rows, and the numbers are
# computed with them. The derivations below state the rows again, and each result is compared with the row in torch.

# %%
from companion.chapters.published_numbers import controls, figures, rescaled, resolution, results
from companion.evidence import style
from companion.evidence.artifacts import Artifacts
from diffcore.exact import data2d

style.use()
artifacts = Artifacts("05_published_numbers", profile)
budget = profiles.get(profile).pick(
    quick=results.QUICK, standard=results.STANDARD, paper=results.PAPER
)
provenance = {"seeds": [0], "n": budget.points * budget.scrambles}
Markdown(f"{results.coefficient_table()}\n\n{sentences.code_units()}")

# %% [markdown]
# For $s$ the code at that commit says $c = \sigma^2$, which is no ELBO coefficient. The table above has $\sigma/(\alpha + g)$, which the
# code also holds, as a comment. The saved losses tell which one made the published numbers.

# %%
Markdown(sentences.score_coefficient(controls.untrained_score(), study.losses()))

# %%
artifacts.figure(figures.coefficients(), "nelbo_coefficients", **figures.COEFFICIENTS_SHOWN)

# %% [markdown]
# ## What each guard weighs
#
# Multiply $c(t)$ by the factor $\kappa(t)$ from the squared error of $\epsilon$ to that of the target, and divide by the unguarded
# $\epsilon$ coefficient $c_0 = 1/(\alpha\sigma)$. Without guard the result is 1 for every target: one loss. With guard it is the
# weight $\hat w$ that the code puts on the ELBO's integrand.

# %% tags=["derivation"]
WEIGHTS = "companion.chapters.published_numbers.weights."

g = symbol("g", positive=True)
a, b = alpha(t), sigma(t)


def published(index, coefficient, factor):
    """The coefficient c of a published NELBO and the factor kappa."""
    c = Abbreviation(f"c_{{{index}}}", coefficient)
    return c, Abbreviation(rf"\kappa_{{{index}}}", factor)


c_0 = Abbreviation("c_0", 1 / (a * b))
CODE = "the published code of Kumar et al. (2025), loss functions"

# %% tags=["derivation"]
c_x, kappa_x = published("x", a / (b**3 + g), b**2 / a**2)
d.chain(
    "weight-x",
    c_x * kappa_x / c_0,
    (1 / (1 + g / b**3), "the guard acts where $\\sigma^3$ is small against $g$"),
    torch=WEIGHTS + "x",
    cites=CODE,
)

# %% tags=["derivation"]
c_eps, kappa_eps = published(r"\epsilon", 1 / (a * b + g), 1)
d.chain(
    "weight-eps",
    c_eps * kappa_eps / c_0,
    (1 / (1 + g / (a * b)), "$\\kappa_\\epsilon = 1$; the guard acts at both ends"),
    torch=WEIGHTS + "eps",
    cites=CODE,
)

# %% tags=["derivation"]
from companion.derivation import VariancePreserving

square = a**2 + b**2
c_v, kappa_v = published("v", a / (b * square + g), square**2 / a**2)
d.chain(
    "weight-v",
    c_v * kappa_v / c_0,
    (1 / (1 + g / b), "$\\alpha^2 + \\sigma^2 = 1$; the guard acts where $\\sigma$ is small"),
    domain=VariancePreserving(alpha, sigma),
    torch=WEIGHTS + "v",
    cites=CODE,
)

# %% tags=["derivation"]
c_s, kappa_s = published("s", b / (a + g), b**2 / (b**2 + g) ** 2)
d.chain(
    "weight-score",
    c_s * kappa_s / c_0,
    (
        a / (a + g) * (b**2 / (b**2 + g)) ** 2,
        "two guards: in the coefficient near $t = 1$, in the target near $t = 0$",
    ),
    torch=WEIGHTS + "score",
    cites=CODE,
)

# %%
half = {target: controls.half_weight(target) for target in study.TARGETS}
shown = figures.effective_weights_shown(half)
artifacts.figure(figures.effective_weights(), "guard_weights", **shown)

# %%
Markdown(sentences.monotone([target for target in study.TARGETS if controls.never_rises(target)]))

# %% [markdown]
# ## One perfect denoiser in eight losses

# %% tags=["derivation"]
d.prose(
    "floor",
    r"Each loss has a *floor* that no network can go below, and one denoiser reaches all: $\int_0^1 c(t)\, \kappa(t)\, m(t)\, dt$, where $m(t)$ is the "
    r"smallest mean squared error of $\epsilon$ per dimension.",
    "At each time the loss is a positive factor times the squared error of $\\epsilon$, whichever the target, and the posterior mean has the least.",
    rests_on=["targets/error"],
)

# %% [markdown]
# The floor is computed from the exact mixtures, and once more by plain Monte Carlo.

# %%
frame = results.against_published(budget)
artifacts.table(frame, "floors", **results.FLOORS_SHOWN, **provenance)

# %%
shown = figures.floors_vs_published_shown(frame)
artifacts.figure(figures.floors_vs_published(frame), "floors_vs_published", **shown, **provenance)

# %%
Markdown(sentences.share_of_the_gap(frame, budget))

# %% [markdown]
# ## How close the networks came
#
# A published value is a mean of three runs, each measured once on the test split, with one time and one noise for each point.
# That alone makes a value uncertain, whatever the network. The standard errors use the larger of two numbers: the spread of
# the three runs, and the spread that a perfect denoiser would have in such a measurement, as if its test points were independent.
# The saved results also hold the losses of the last 20 epochs. Their mean is of 60 measurements instead of three: the steadier number,
# of networks that are nearly the final ones.

# %%
Markdown(f"{sentences.how_close(frame)}\n\n{sentences.excess_by_target(frame)}")

# %% [markdown]
# What is a test point? The published code shuffles a data set before it splits it, and its shuffle copies rows over each other. The cell
# repeats that shuffle on row numbers.

# %%
points = budget.monte_carlo // 10
shared = resolution.shared_by_copies(points)
Markdown(sentences.held_out(resolution.published_split(), shared, points))

# %% [markdown]
# ## Exchange the guards
#
# If the guard makes the difference, then one target under another's guard must take the other's value. It must, for any
# denoiser, perfect or not: by {eq}`eq-targets-error` the squared errors of two targets differ by a factor of time alone, and the unguarded
# coefficients undo it. So there is one value for each guard, and none for a target. The cell asserts this on common draws, target by
# target, guard by guard. {numref}`tab-exchanged-guards` shows what a perfect denoiser scores under each guard, *whichever target it
# predicts*.

# %%
t_min = 1e-2
exchanged = controls.exchanged_guards(data2d.rings(), n=2000, t_min=t_min)
values = exchanged.drop(columns="target")
assert (values.max() / values.min() - 1).max() < 1e-9
truncation = controls.truncation([1e-1, t_min, 1e-3, 1e-4, 1e-5], budget)  # shown further down
table = controls.one_value_per_guard(frame, truncation, t_min)
artifacts.table(table, "exchanged_guards", **controls.guards_shown(t_min, budget), seeds=[0])

# %% [markdown]
# The control on the side of learning, networks trained under exchanged guards, is in [](14_exchanged_guards).
#
# The study's *rescaled* losses are equal across targets on paper, as the NELBO losses are. Its code guards them too: it divides by
# $\alpha^2 + g$ for $\epsilon$ and $s$, and by $\alpha^2 + \sigma^2 + g$ for $v$.

# %%
n = budget.points // 4 * budget.scrambles
table = rescaled.rescaled_floors(budget)
artifacts.table(table, "rescaled_floors", **rescaled.RESCALED_SHOWN, seeds=[0], n=n)

# %% [markdown]
# ## Without a guard: a logarithm
#
# Without guard all four targets give $L(t_{\min}) = \int_{t_{\min}}^1 m(t)/(\alpha_t\sigma_t)\, dt$. With the signal-to-noise ratio $\gamma = \cot^2(\pi t/2)$ as the
# variable, $L = \frac1\pi \int_0^{\gamma_0} m(\gamma)\, d\gamma/\gamma$:

# %% tags=["derivation"]
cosine, sine = sp.cos(sp.pi * t / 2), sp.sin(sp.pi * t / 2)
ratio = Abbreviation(r"\gamma", cosine**2 / sine**2, positive=True)
inside = Between(t, 0.02, 0.98)
d.chain(
    "in-snr",
    1 / (cosine * sine),
    (
        -sp.Derivative(ratio, t) / ratio / sp.pi,
        "so $dt/(\\alpha_t\\sigma_t) = -d\\gamma/(\\pi\\gamma)$",
    ),
    domain=inside,
)

# %% [markdown]
# How does $m$ behave? Let a component of the data be Gaussian with mean $\mu$ and variance $\tau^2$ (in each direction; else
# $\tau^2$ is the smallest). If it were known which component
# $x$ is from, the best guess of $\epsilon$ would be linear in $z_t$, by {eq}`eq-nelbo-x-gaussian-posterior`.

# %% tags=["derivation"]
tau, mu = symbol("tau", r"\tau", positive=True), symbol("mu", r"\mu")
z = Abbreviation("z_t", a * x + b * eps)
linear = Abbreviation(r"\hat\epsilon", b * (z - a * mu) / (a**2 * tau**2 + b**2))
d.chain(
    "linear-error",
    Expectation((eps - linear) ** 2, Normal(x, mu, tau**2), eps),
    (
        a**2 * tau**2 / (a**2 * tau**2 + b**2),
        "$\\hat\\epsilon = \\sigma_t (z_t - \\alpha_t\\mu)/(\\alpha_t^2 \\tau^2 + \\sigma_t^2)$; second moments",
    ),
    (tau**2 / (tau**2 + 1 / snr(t)), "divide by $\\alpha_t^2$"),
    rests_on=["nelbo-x/gaussian-posterior"],
)

# %% tags=["derivation"]
d.prose(
    "two-bounds",
    r"For standardised data $\frac{\tau^2\gamma}{1 + \tau^2\gamma} \le m(\gamma) \le \frac{\gamma}{1 + \gamma}$. Both sides can be integrated.",
    r"Not knowing the component can only make the error larger. The best *linear* guess is the same formula with $\mu = 0$, $\tau = 1$, "
    "and the best guess of all is no worse than that.",
    rests_on=["guards/linear-error"],
)

# %% tags=["derivation"]
gamma = symbol("gamma", r"\gamma", positive=True)
gamma_0 = symbol("gamma_0", r"\gamma_0", positive=True)
d.chain(
    "bound",
    sp.Integral(tau**2 / (1 + tau**2 * gamma), (gamma, 0, gamma_0)) / sp.pi,
    (sp.log(1 + tau**2 * gamma_0) / sp.pi, "$m/\\gamma$, with $m$ at its bound"),
    rests_on=["guards/two-bounds", "guards/in-snr"],
)

# %% tags=["derivation"]
d.chain(
    "logarithm",
    sp.Limit(sp.log((1 + tau**2 * gamma_0) / gamma_0), gamma_0, sp.oo),
    (
        2 * sp.log(tau),
        "so both bounds are $(\\log\\gamma_0)/\\pi$ plus a constant: $L$ grows without end",
    ),
    rests_on=["guards/bound"],
)

# %% tags=["derivation"]
t_0 = symbol("t_0", r"t_{\min}", positive=True)
d.chain(
    "decade",
    sp.Limit(2 / sp.pi * sp.log(sp.tan(sp.pi * t_0 / 2) / sp.tan(sp.pi * t_0 / 20)), t_0, 0),
    (
        2 / sp.pi * sp.log(10),
        "each factor of ten in $t_{\\min}$ adds the same amount to $(\\log\\gamma_0)/\\pi$",
    ),
    rests_on=["guards/logarithm"],
)

# %% tags=["derivation"]
d.prose(
    "slope",
    r"The slope $dL/d\log\gamma_0$ tends to $1/\pi$ where the components spread in all directions, as those of the clusters and the roll do.",
    r"It is $m(\gamma_0)/\pi$, and the two bounds squeeze $m$ to 1. On the rings and waves $\tau = 0$ in one direction: there it is not proved; "
    "the data as a whole have a density, and the numbers agree.",
    rests_on=["guards/two-bounds"],
)

# %%
shown = controls.truncation_shown(truncation)
n = results.points_behind(truncation["t_min"], budget)  # the last row's
artifacts.table(truncation, "unguarded_truncation", **shown, seeds=[0], n=n)

# %%
Markdown(sentences.slope_per_decade(truncation))

# %% [markdown]
# ## Why uniform times cannot estimate it
#
# One draw of the estimator is $\ell = (\epsilon - \hat\epsilon)^2/(\alpha_t\sigma_t)$. Take Gaussian data of variance 1, where the best guess is
# $\hat\epsilon = \sigma_t z_t$. The second moment of $\ell$ decides whether an average of draws settles: first at one time, then with $t$ uniform on $(t_{\min}, 1)$.

# %% tags=["derivation"]
on_circle = Abbreviation("z_t", cosine * x + sine * eps)
d.chain(
    "second-moment",
    Expectation((eps - sine * on_circle) ** 4, x, eps) / (cosine * sine) ** 2,
    (
        3 * cosine**4 / (cosine * sine) ** 2,
        "$\\epsilon - \\sigma_t z_t = \\alpha_t (\\alpha_t\\epsilon - \\sigma_t x)$, a Gaussian of variance $\\alpha_t^2$",
    ),
    (3 / sine**2 - 3, "$\\cos^2 = 1 - \\sin^2$"),
    domain=inside,
)

# %% tags=["derivation"]
d.chain(
    "uniform-times",
    sp.Integral(3 / sine**2 - 3, (t, t_0, 1)),
    (6 / sp.pi * sp.cot(sp.pi * t_0 / 2) - 3 * (1 - t_0), "$\\cot' = -1/\\sin^2$"),
    domain=Between(t_0, 0.02, 0.98),
    rests_on=["guards/second-moment"],
)

# %% tags=["derivation"]
d.chain(
    "uniform-times-limit",
    sp.Limit(t_0 * (6 / sp.pi * sp.cot(sp.pi * t_0 / 2) - 3 * (1 - t_0)), t_0, 0),
    (
        12 / sp.pi**2,
        "it grows like $1/t_{\\min}$: infinite as $t_{\\min} \\to 0$, while the mean grows like a logarithm",
    ),
    rests_on=["guards/uniform-times"],
)

# %% [markdown]
# With the log-SNR uniform on a range of width $\Lambda$ that ends at $\log\gamma_0$, one draw is $\frac{\Lambda}{\pi} (\epsilon - \hat\epsilon)^2$, without $1/(\alpha_t\sigma_t)$.

# %% tags=["derivation"]
d.prose(
    "uniform-log-snr-moments",
    "Let the range begin at $-k$, and $y = \\log(1 + \\gamma_0)$. The second moment over the square of the mean is less than what tends to 3 below.",
    "With $\\alpha_t^2 = \\gamma/(1 + \\gamma)$, the second moment is at most $\\frac{3\\Lambda}{\\pi^2}$ times the next integral, and $\\Lambda < y + k$. By the bound "
    "above with $\\tau = 1$ the mean is $\\frac1\\pi (y - \\log(1 + e^{-k}))$, more than $\\frac1\\pi (y - e^{-k})$.",
)

# %% tags=["derivation"]
d.chain(
    "uniform-log-snr",
    sp.Integral(gamma / (1 + gamma) ** 2, (gamma, 0, gamma_0)),
    (
        sp.log(1 + gamma_0) - gamma_0 / (1 + gamma_0),
        "$\\alpha_t^4\\, d\\lambda = \\alpha_t^4\\, d\\gamma/\\gamma$; it grows like $\\log\\gamma_0$",
    ),
    rests_on=["guards/second-moment"],
)

# %% tags=["derivation"]
y, k = symbol("y", positive=True), symbol("k", positive=True)
d.chain(
    "relative-error",
    sp.Limit(3 * (y + k) * (y - 1 + sp.exp(-y)) / (y - sp.exp(-k)) ** 2, y, sp.oo),
    (sp.Integer(3), "$\\gamma_0/(1 + \\gamma_0) = 1 - e^{-y}$"),
    rests_on=["guards/uniform-log-snr", "guards/bound"],
)

# %%
table = controls.estimator_variances(budget.draws, t_min=1e-6)
artifacts.table(table, "estimator_variances", **controls.ESTIMATORS_SHOWN, seeds=[0, 1])

# %% [markdown]
# ## What the sample metric can resolve
#
# The study also measures samples: the distance of their mean, and of their covariance, from the data's. It draws 2,000 samples. Even
# *exact* samples are at some distance then. {numref}`tab-moment-noise` measures it by drawing such sets from the exact mixtures.

# %%
noise = resolution.moment_noise(budget.sets)
shown = resolution.moment_noise_shown(budget.sets)
artifacts.table(noise, "moment_noise", **shown, seeds=[0], n=budget.sets)

# %%
Markdown(sentences.within_noise(noise))

# %% [markdown]
# :::{admonition} Trap: a guard is a weighting
# :class: warning
# A small number in a denominator, or a clip, looks like numerical hygiene. Near a pole it is a different loss. In `azula`,
# `SimpleDenoiser.loss` documents the weight $(\alpha_t^2 + \sigma_t^2)/\sigma_t^2$ and clips it at `max_weight=1e4`, an argument that its docstring does not
# mention ([source](https://github.com/probabilists/azula)). Its default schedule starts well above that. Writing down the effective weight, as
# above, shows such a thing at once: it must be 1.
# :::

# %%
clipped = controls.azula_weights([1e-4, 1e-3, 2e-3, 5e-3, 1e-2])
artifacts.table(clipped, "azula_clip", **controls.azula_shown())

# %% [markdown]
# ## What this does and does not show
#
# - The gap between the published NELBOs of $x$, $s$ and of $\epsilon$, $v$ is almost all the guards'. It does not say which target learns best.
# - It does not show that the targets learn equally well. That needs one common scale: [](13_one_scale) reads
#   the study's own networks on it, [](06_small_images) trains on it.
# - Floors are for endless data. The study's test split is finite, mostly seen in training, and standardised by its sample's
#   moments; the recorded loss is measured before the last epoch's update.
# - The waves of the study lie on a fixed grid of their first coordinate, taken here as uniform.

# %% [markdown]
# ## Exercises
#
# **1.** Near $t = 0$, $m$ tends to 1 where the data spread in all directions. So the unguarded loss grows there like $\frac2\pi \int d\sigma/\sigma$. What does the guard of $x$ leave of $\int_0^1 d\sigma/\sigma$, and those of $\epsilon$ and $v$?

# %% tags=["derivation", "solution"]
noise = symbol("noise", r"\sigma", positive=True)
d.chain(
    "left-of-x",
    sp.Integral(noise**2 / (noise**3 + g), (noise, 0, 1)),
    (
        sp.log(1 + 1 / g) / 3,
        "$\\hat w/\\sigma$; a third of $\\int_0^1 d\\sigma/(\\sigma + g) = \\log(1 + 1/g)$, which is what $v$ keeps, and near $t = 0$ also $\\epsilon$",
    ),
    rests_on=["guards/weight-x", "guards/weight-v", "guards/weight-eps"],
)

# %% [markdown]
# **2.** And what does the guard in the target of $s$ leave?

# %% tags=["derivation", "solution"]
d.chain(
    "left-of-score",
    sp.Integral(noise**3 / (noise**2 + g) ** 2, (noise, 0, 1)),
    (
        sp.log(1 + 1 / g) / 2 - 1 / (2 * (1 + g)),
        "of what $v$ keeps near $t = 0$, $s$ keeps less than half, and $x$ a third",
    ),
    rests_on=["guards/weight-score"],
)

# %% [markdown]
# ## Sources
#
# {cite:t}`kumar2025`, its published code (loss functions, saved results) and its table of 2-D results. The common weighting is that of
# {cite:t}`kingma2023`; improved bounds are those of {cite:t}`shi2025`. That the diffusion loss depends on its end points alone is in
# {cite:t}`kingma2021`; the information-theoretic reading of $m(\lambda)$ is that of {cite:t}`guo2005` and {cite:t}`kong2023`.
