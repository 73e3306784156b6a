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
# # Likelihood and samples
#
# **Question.** The probability flow gives a denoiser samples, and an exact likelihood as well. What does an error at one noise level do to either, and why do the two part company?
#
# **Assumed.** The probability flow of [](09_dynamics), the second-order formula of [](07_score_matching), both in one dimension; the best denoiser of the data, to which errors are added.

# %% tags=["parameters"]
profile = "standard"

# %% tags=["derivation"]
import sympy as sp

from companion.derivation import KL, Abbreviation, Derivation, Expectation, Normal, at_most
from companion.derivation.vocabulary import eps_hat, function, symbol, x_hat

d = Derivation("flow", title="Likelihood and samples", rests_on=["dynamics", "score"])

# %% [markdown]
# ## The flow in the log-SNR
#
# Let $y = z_t/\alpha_t$ and $\rho = \sigma_t/\alpha_t = e^{-\lambda/2}$. The flow is $dy = \hat\epsilon\, d\rho$ ([](09_dynamics)), so that $dy/d\lambda = -\frac12 \rho\, \hat\epsilon$: no schedule is left in it. But $y$ is huge at the noisy end. With $a^2 = 1/(1 + e^{-\lambda})$ and $b^2 = 1/(1 + e^{\lambda})$ the latent $a y$ keeps the size of the data, and of the noise:

# %% tags=["derivation"]
lam = symbol("lam", r"\lambda")
a = Abbreviation("a", 1 / sp.sqrt(1 + sp.exp(-lam)), positive=True)
b = Abbreviation("b", 1 / sp.sqrt(1 + sp.exp(lam)), positive=True)
rho = Abbreviation(r"\rho", sp.exp(-lam / 2), positive=True)

d.chain(
    "in-the-log-snr",
    sp.Derivative(a, lam) * (x_hat + rho * eps_hat) - a * rho / 2 * eps_hat,
    (
        -a * b / 2 * (a * eps_hat - b * x_hat),
        "$y = \\hat x + \\rho\\, \\hat\\epsilon$; what is left is the prediction of $v$, times at most $\\frac14$",
    ),
    torch="companion.chapters.likelihood_and_samples.counterparts.slope",
    rests_on=["dynamics/in-units-of-signal"],
)

# %% [markdown]
# ## The density along a path
#
# A velocity $f$ moves a density $q$ at the rate $-\partial_y (f q)$. Who moves along sees it change by that, and by the slope that is passed, so that $\log q$ changes by $-\partial_y f$:

# %% tags=["derivation"]
y = symbol("y")
q, f = function("q", positive=True), function("f")

d.chain(
    "along-a-path",
    -sp.Derivative(f(y) * q(y), y) + f(y) * sp.Derivative(q(y), y),
    (-q(y) * sp.Derivative(f(y), y), "the slope of $q$ cancels; what spreads is thinned"),
    rests_on=["dynamics/probability-flow"],
    cites="Chen et al. (2018), the instantaneous change of variables",
)

# %% [markdown]
# So any denoiser has an exact likelihood: follow the flow from $x$ to the noise, whose density is known, and add up the divergence on the way {cite:p}`song2021sde`. For the best denoiser $\hat\epsilon = -\rho\, \partial_y \log q$, and the sum is one of variances, $\mathrm{Var}[\epsilon|y] = 1 + \rho^2\, \partial_y^2 \log q$:

# %% tags=["derivation"]
log_q = sp.log(q(y))
spread = Abbreviation(r"\mathrm{Var}", 1 + rho**2 * sp.Derivative(log_q, (y, 2)))
best = Abbreviation(r"\hat\epsilon", -rho * sp.Derivative(log_q, y))

d.chain(
    "explained",
    sp.Derivative(rho / 2 * best, y),
    (
        (1 - spread) / 2,
        "half the share of the noise that $y$ explains: what $\\log q$ gains per unit of log-SNR",
    ),
    rests_on=["flow/along-a-path", "score/variance", "score/score-is-noise"],
)

# %% tags=["derivation"]
d.prose(
    "two-integrals",
    "For the best denoiser in $d$ dimensions, with noise between $\\lambda_1$ and $\\lambda_0$, $-\\log q_{\\lambda_0}(x) = -\\log q_{\\lambda_1}(y_1) + \\frac12 \\int_{\\lambda_1}^{\\lambda_0} (\\mathrm{tr\\,Cov}[\\epsilon|y_\\lambda] - d)\\, d\\lambda$ along the path from $x$ to $y_1$. Averaged over data with the noise of $\\lambda_0$, and with $\\lambda_1 \\to -\\infty$, it is their NELBO.",
    "Integrate the last chain along the path, and add up the coordinates. Data that are moved by the flow have the law of noised data at every level. So the average of the variance is the least error, which is the NELBO's integrand; and its bound has no slack for the best denoiser.",
    rests_on=["flow/explained", "score/covariance", "score/no-slack"],
)

# %% [markdown]
# Two integrals of one quantity: the bound averages it over noise, the flow takes it on one path. For a single point they differ. For a wrong denoiser they do on average too ([](09_dynamics)), and the sign of the difference is not known in advance.
#
# In $d$ dimensions the divergence costs $d$ backward passes; random directions cost one, and are right on average ([](07_score_matching)). Does it work? Of the book's data the density is known.

# %%
from companion import profiles
from companion.chapters.likelihood_and_samples import results
from companion.evidence import style
from companion.evidence.artifacts import Artifacts

style.use()
artifacts = Artifacts("16_likelihood_and_samples", profile)
active = profiles.get(profile)
points = active.pick(quick=20, standard=1_000, paper=10_000)
found = results.likelihoods(points)
artifacts.table(found, "flow_likelihoods", **results.LIKELIHOODS_SHOWN, seeds=[0], n=points)

# %% [markdown]
# :::{admonition} Trap: a density at the last noise level
# :class: warning
# The flow ends at some $\lambda_0$, and what it gives is the density of data with noise of variance $e^{-\lambda_0}$. Where the data have a density of their own, as here, that is a small difference. Pixels have none: with $\mathrm{Var} \to 0$ the log-density grows by $\frac12$ per nat and dimension without end, and says nothing but where one stopped. The noise must be paid for, by $\E[\log q(z_0|x)]$. One repository's code left the entropy of that noise out, $-7.92$ bits per dimension at its last level, for which an offset of 7 stood in ([Soft-Truncation#2](https://github.com/Kim-Dongjun/Soft-Truncation/issues/2)): the reported bits per dimension were 0.92 too low, and the code was corrected.
# :::
#
# The peak of the noise around a single clean point, $\N(x;\, x, \rho^2)$, grows as fast:

# %% tags=["derivation"]
d.chain(
    "last-level",
    sp.Derivative(-sp.log(2 * sp.pi * rho**2) / 2, lam),
    (
        sp.Rational(1, 2),
        "half a nat for each nat of log-SNR; half a bit for each doubling of the SNR",
    ),
    rests_on=["flow/two-integrals"],
)

# %% [markdown]
# ## What an error moves
#
# Now let the prediction be wrong: $\hat\epsilon + \delta_\lambda$ for the best $\hat\epsilon$. A sample is moved by $-\frac12 \rho\, \delta_\lambda\, d\lambda$ at each level, and the rest of the flow carries the displacement on. To first order it grows at the slope of the velocity, $-\frac12 (1 - \mathrm{Var})$: it shrinks where the noise is explained, and grows between modes, where $\mathrm{Var} > 1$. Let $F(\lambda)$ be by what a small displacement has been multiplied from the noisy end to $\lambda$. The displacement is then the integral below, for it obeys the flow's equation with the error in it:

# %% tags=["derivation"]
tau, low = symbol("tau", r"\tau"), symbol("lam_1", r"\lambda_1")
F, delta = function("F", positive=True), function("delta", r"\delta")
pushed = sp.exp(-tau / 2) * delta(tau) / F(tau)
moved = Abbreviation(r"\xi", -F(lam) / 2 * sp.Integral(pushed, (tau, low, lam)))

d.chain(
    "displacement",
    sp.Derivative(moved, lam),
    (
        sp.Derivative(sp.log(F(lam)), lam) * moved - rho / 2 * delta(lam),
        "carried on as $F$ is, and pushed by the error of this level",
    ),
    rests_on=["flow/explained", "flow/in-the-log-snr"],
    cites="variation of constants, to first order",
)

# %% [markdown]
# The *kernel* of the samples is what an error of one unit per nat moves in the end: $k(\lambda) = \frac12 \rho\, F(\infty)/F(\lambda)$. For Gaussian data it is known. What is left of the flow multiplies by $R = \sqrt{c/(c + \rho^2)}$:

# %% tags=["derivation"]
c = symbol("c", positive=True)
rest = Abbreviation("R", sp.sqrt(c / (c + rho**2)), positive=True)
of_gaussian = Abbreviation(r"\mathrm{Var}", c / (c + rho**2))

d.chain(
    "gaussian-rest",
    sp.Derivative(rest, lam),
    (
        (1 - of_gaussian) / 2 * rest,
        "what has been passed no longer shrinks; $R = 1$ at the end",
    ),
    rests_on=["flow/displacement"],
)

# %% tags=["derivation"]
kernel = Abbreviation("k", rho * rest / 2, positive=True)
d.chain(
    "gaussian-kernel",
    kernel**2,
    (1 / (1 / c + sp.exp(lam)) / 4, "a quarter of the least squared error of $x$ at this level"),
    rests_on=["flow/gaussian-rest"],
)

# %% [markdown]
# Towards the data this kernel falls as $\frac12 e^{-\lambda/2}$. So it does for all data whose log-density has bounded second derivatives, for there $F$ settles; for pixels, which have no density, $F$ goes to 0, and of an error nothing is left. Towards the noise the kernel of a Gaussian levels off:

# %% tags=["derivation"]
d.chain(
    "kernel-at-the-data",
    sp.Limit(sp.exp(lam / 2) * rho * rest / 2, lam, sp.oo),
    (sp.Rational(1, 2), "nothing is left that could shrink an error"),
    rests_on=["flow/gaussian-kernel"],
)

# %% tags=["derivation"]
d.chain(
    "kernel-at-the-noise",
    sp.Limit(1 / sp.sqrt(1 / c + sp.exp(lam)) / 2, lam, -sp.oo),
    (sp.sqrt(c) / 2, "noise of any size is shrunk to the width of the data"),
    rests_on=["flow/gaussian-kernel"],
)

# %% [markdown]
# ## The same error, in nats
#
# The bound adds up $\frac12 \E\,(\epsilon - \hat\epsilon - \delta)^2$ over $\lambda$. By orthogonality ([](07_score_matching)) an error adds $\frac12 \delta^2$, at every level alike: *the kernel of the bound is flat in the log-SNR*, for all data. The flow's own likelihood is another matter. Gaussian samples that are shifted by $\xi$ cost

# %% tags=["derivation"]
shift = symbol("xi", r"\xi")
d.chain(
    "shift",
    KL(Normal(y, 0, c), Normal(y, shift, c)),
    (
        shift**2 / (2 * c),
        "with $\\xi = k\\, \\delta$ per nat: as the square of the kernel, $e^{-\\lambda}$ in the end",
    ),
    rests_on=["flow/gaussian-kernel"],
)

# %% [markdown]
# So if an error is the same at every $z$, the bound punishes it near the data, where neither samples nor the flow's own likelihood notice. An error that varies over the width of the noise is another matter: it changes the divergence by as much as itself, $\frac12 \rho\, \partial_y \delta$, and that the flow's likelihood adds up at every level. And systematic errors of different levels add up before they are squared in samples, but after it in the bound.
#
# What if the error is drawn anew at every call? Let a range of levels be passed in $n$ steps, each of which moves a sample by $r/n$ times an independent error of variance $v$:

# %% tags=["derivation"]
n, i = symbol("n", positive=True, integer=True), symbol("i", positive=True, integer=True)
r, v = symbol("r", positive=True), symbol("v", positive=True)
d.chain(
    "drawn-anew",
    sp.Sum((r / n) ** 2 * v, (i, 1, n)),
    (r**2 * v / n, "a systematic error of the same size has $r^2 v$: steps average what is random"),
    rests_on=["flow/displacement"],
)

# %% [markdown]
# Is it so, for data that are not Gaussian? The exact denoiser is given an error $\delta_\lambda$ along all axes, around one level after the other. Its kernel follows from the slope of the exact flow along each path.

# %%
from IPython.display import Markdown

from companion.chapters.likelihood_and_samples import figures, kernels, metrics, sentences

sizes = active.pick(
    quick={"clusters": 40, "rings": 10},
    standard={"clusters": 1_000, "rings": 120},
    paper={"clusters": 20_000, "rings": 4_000},
)
few = active.pick(quick=10, standard=200, paper=5_000)
tried = {name: kernels.displacements(name, size) for name, size in sizes.items()}
moves = {name: table for name, (table, _) in tried.items()}
costs = kernels.nats(few)
artifacts.figure(
    figures.kernels_figure(moves, costs), "error_kernels", **figures.shown(sizes, few), seeds=[0]
)

# %%
Markdown(sentences.decoupled(moves["clusters"], costs) + "\n\n" + sentences.agreement(moves))

# %%
artifacts.table(
    kernels.random_errors(few), "random_errors", **kernels.RANDOM_SHOWN, seeds=[0], n=few
)

# %% [markdown]
# With four times the steps, an error that is drawn anew does about half the harm, at equal cost to the bound.
#
# ## Which weighting bounds samples best?
#
# Let $e(\lambda)$ be the root mean square error of $\hat\epsilon$. The samples of exact and wrong flow, from the same noise, are at most $\int k\, e\, d\lambda$ apart in root mean square, and with it their $W_2$, to first order, with $k$ the largest kernel of all paths and directions. A loss with the weight $w$ sees $\int w\, e^2 d\lambda$. With two levels, Cauchy and Schwarz say

# %% tags=["derivation"]
k_1, k_2, e_1, e_2, w_1, w_2 = (
    symbol(f"{name}_{k}", positive=True) for name in "kew" for k in (1, 2)
)
seen = w_1 * e_1**2 + w_2 * e_2**2
d.chain(
    "by-a-loss",
    (k_1 * e_1 + k_2 * e_2) ** 2,
    (
        at_most((k_1**2 / w_1 + k_2**2 / w_2) * seen, equality={w_1: k_1 / e_1, w_2: k_2 / e_2}),
        "least where $w = k/e$, up to a factor",
    ),
    rests_on=["flow/displacement"],
    cites="Kwon, Fan & Lee (2022), for a bound on $W_2$ by a score matching loss",
)

# %% [markdown]
# The best weight depends on the errors that training leaves. If these are alike at every level, it is the kernel itself. At high SNR that is $e^{-\lambda/2}$, the weight of flow matching, and of $v$ on the cosine schedule ([](08_weightings)); below the SNR of the data's width it is flat for Gaussian data, as the NELBO's is. That is a bound, for errors that are small and of one size: no network's errors are promised to be.
#
# ## Who would notice?
#
# Metrics of samples have a noise of their own: two sets of exact samples differ. The same error, at one level after the other, as five metrics see it:

# %%
found = metrics.seen(tried["rings"][1], active.pick(quick=2, standard=100, paper=400))
artifacts.table(
    found, "metrics_of_an_error", **metrics.shown(sizes["rings"]), seeds=[0], n=sizes["rings"]
)

# %%
Markdown(sentences.floors(found))

# %% [markdown]
# ## Exercises
#
# **1.** Data $\N(0, c)$. What does the flow make of $y$, and is its likelihood the right one?

# %% tags=["derivation", "solution"]
wide = Abbreviation("V", c + rho**2, positive=True)

d.chain(
    "gaussian",
    sp.Derivative(-sp.log(wide) / 2, lam),
    (
        (1 - Abbreviation(r"\mathrm{Var}", c / wide)) / 2,
        "$y/\\sqrt{V}$ is kept, so $\\log \\N(y; 0, V)$ changes by $-\\frac12 \\log V$ alone: at the rate of the flow",
    ),
    rests_on=["flow/explained"],
)

# %% [markdown]
# **2.** Random directions leave the logarithm of a likelihood unbiased. Is its exponential? Let the estimate be $\N(m, v)$.

# %% tags=["derivation", "solution"]
m, ell = symbol("m"), symbol("ell", r"\ell")

d.chain(
    "exponential",
    Expectation(sp.exp(ell), Normal(ell, m, v)),
    (sp.exp(m + v / 2), "too large, by $e^{v/2}$: an average of densities wants exact divergences"),
    rests_on=["score/trace"],
)

# %% [markdown]
# ## Sources
#
# The likelihood of the flow is that of {cite:t}`song2021sde`, its change of variables that of {cite:t}`chen2018`; random directions are of {cite:t}`hutchinson1989`. That a score matching loss bounds $W_2$ was shown by {cite:t}`kwon2022`.
