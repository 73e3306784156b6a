# ---
# jupyter:
#   jupytext:
#     cell_metadata_filter: tags,-all
#     notebook_metadata_filter: kernelspec,jupytext,-jupytext.text_representation.jupytext_version
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Small images
#
# **Question.** On paper the four targets are one loss in four disguises. On small images, handwritten digits of 8 x 8 pixels, does it
# matter which one a network predicts, and does that change with longer training?
#
# **Assumed.** The cosine schedule of the study, $z = \alpha x + \sigma\epsilon$ with $\lambda = \log(\alpha^2/\sigma^2)$. A network
# that sees $z$ and $\lambda$ and predicts one target: $x$, $\epsilon$, $v = \alpha\epsilon - \sigma x$ or
# $s = -\epsilon/\sigma$. [](04_four_targets) showed that any of them gives all others.
#
# **Method.** Everything is equal but the target: network, initial weights, images, noise, noise levels, steps,
# sampler. Held-out images are then scored on one scale, with no guard: the negative ELBO in bits per pixel.

# %% tags=["parameters"]
profile = "standard"

# %%
from functools import partial

import pandas as pd
import torch
from IPython.display import Markdown

import diffcore as dc
from companion import profiles, runs
from companion.chapters.small_images import figures, grid, results, sentences
from companion.datasets import digits
from companion.evidence import style
from companion.evidence.artifacts import Artifacts
from companion.evidence.intervals import CONFIDENCE
from diffcore.exact.gaussian import EmpiricalGaussian
from diffcore.exact.levels import IndependentLevels

torch.set_num_threads(1)  # the same sums in the same order, whatever the machine is doing
style.use()
artifacts = Artifacts("06_small_images", profile)
budget = profiles.get(profile)
schedule = grid.SCHEDULE

# %% [markdown]
# ## The images
#
# scikit-learn comes with the handwritten digits that {cite:t}`alpaydin1998` collected,
# small enough to train on in a minute.

# %%
train, test = digits.load().train, digits.load().test
everything = torch.cat([train, test]).flatten(1)
nearest = torch.cdist(8 * test.flatten(1), 8 * train.flatten(1)).min()
Markdown(
    f"{len(everything):,} images of {train.shape[1]} x {train.shape[2]} pixels on {len(digits.LEVELS)} grey levels, "
    f"scaled to $[-1, 1]$. {len(test)} are held out, a fifth of each class. "
    f"{len(everything) - len(everything.unique(dim=0))} images occur twice, and the nearest held-out and training images "
    f"are {nearest:.1f} grey levels apart (Euclidean), so the held-out set is one."
)

# %% [markdown]
# ## The scale
#
# The bound has three terms. Between the ends $\lambda_{min}$ and $\lambda_{max}$, and with $d$ pixels,
#
# $$
# -\log p(x) \le \text{prior}(\lambda_{min}) + \text{reconstruction}(\lambda_{max})
# + \frac12 \int_{\lambda_{min}}^{\lambda_{max}} E\|\epsilon - \hat\epsilon\|^2 \, d\lambda .
# $$
#
# Divided by $d \log 2$ it is in bits per pixel. The first two terms do not depend on the network. The ends are chosen
# so that both are small, and are the same for all. The integral is cut into slices, which add up.

# %%
edges = torch.linspace(*grid.ENDS, budget.pick(quick=17, standard=33, paper=65))
score = partial(
    results.bits, images=test, edges=edges, draws=budget.pick(quick=1, standard=2, paper=8), seed=0
)
exact_draws = budget.pick(quick=2, standard=8, paper=32)
pixels = IndependentLevels.fitted(train, digits.LEVELS)
by_pixels = results.bits(pixels.denoiser(schedule), test, edges, draws=exact_draws, seed=0)
gaussian = EmpiricalGaussian(train).denoiser(schedule)
by_gaussian = results.bits(gaussian, test, edges, draws=exact_draws, seed=0)
Markdown(
    f"From $\\lambda = {edges[0]:.0f}$ to ${edges[-1]:.0f}$ the prior costs {by_pixels.prior.mean():.4f} and the "
    f"reconstruction {by_pixels.reconstruction.mean():.4f} bits per pixel."
)

# %% [markdown]
# Three models need no training, and say what a bit per pixel means here.
#
# - *Uniform*: each of the 17 levels is as likely as any other.
# - *Gaussian*: its mean and covariance are those of the training images. Its exact denoiser is linear in $z$, at every
#   noise level ([](03_nelbo_in_x)).
# - *Independent pixels*: how often each pixel took each level, with a small count added, chosen by leave-one-out. Its
#   exact denoiser knows nothing of shapes, but that there are 17 levels.

# %%
exact = pixels.bits_per_dim(test)
uniform = torch.full_like(exact, len(digits.LEVELS)).log2()
known = {
    ("uniform", "exact"): uniform,
    ("independent pixels", "exact"): exact,
    ("independent pixels", "diffusion bound"): by_pixels.total,
    ("Gaussian", "diffusion bound"): by_gaussian.total,
}
baselines = pd.DataFrame(
    [
        {
            "model": model,
            "how": how,
            "bits_per_dim": float(b.mean()),
            "se_images": float(b.std() / len(b) ** 0.5),
        }
        for (model, how), b in known.items()
    ]
)
artifacts.table(
    baselines,
    "digits_baselines",
    caption="Held-out bits per pixel of models that need no training, with the standard error over the held-out images.",
    columns={
        "model": "model",
        "how": "computed as",
        "bits_per_dim": "bits per pixel",
        "se_images": "standard error",
    },
    n=len(test),
    seeds=[0],
)

# %% [markdown]
# Two of these rows are the same number by two roads. For an exact denoiser the bound is tight, so the integral
# over all noise levels must give the logarithm of a table of counts. In the mean over images:

# %%
gap = by_pixels.total - exact
error = gap.std() / len(gap) ** 0.5
assert abs(gap.mean()) < 4 * error < 0.1, (gap.mean(), error)
Markdown(
    f"Bound minus exact cost: {gap.mean():+.4f} ± {error:.4f} bits per pixel (mean and standard error over "
    f"{len(gap)} images)."
)

# %% [markdown]
# ## Two objectives
#
# - **NELBO**: the integral above, as it stands. $\lambda$ is drawn uniformly, so the error of $\epsilon$ weighs the same at all levels.
# - **Weighted**: each target's own squared error $E_t\|y - \hat y\|^2$ with $t$ uniform in $[0, 1]$, as the study calls it.
#   For the score this expectation is infinite, for any network whose error in $\epsilon$ does not vanish as $t \to 0$:

# %% tags=["derivation"]
import sympy as sp

from companion.derivation import Derivation, Expectation, VariancePreserving, at_most
from companion.derivation.vocabulary import alpha, eps, function, sigma, snr, symbol, t, x

d = Derivation("images", title="Small images", rests_on=["targets"])
d.chain(
    "score-weight",
    sp.Limit(t**2 / sp.sin(sp.pi * t / 2) ** 2, t, 0),
    (
        4 / sp.pi**2,
        "the error of $s$ is $1/\\sigma_t^2$ times that of $\\epsilon$: like $4/(\\pi t)^2$, whose integral is infinite",
    ),
    rests_on=["targets/error-score"],
)

# %% [markdown]
# The study's code adds a constant to $\sigma^2$. We do not. We restrict all four targets to the window of $\lambda$ above, which leaves out
# the same few times at both ends for all, and draw $\lambda$ uniformly with the weight that uniform $t$ implies.
#
# Under the first objective the four targets are one and the same number, under the second they are not. The cell checks
# both on one prediction, read as each target.


# %%
def read_as(target, objective):
    def net(z, t):
        return dc.convert(0.3 * z, z, t, schedule, dc.V, target)  # v_hat = 0.3 z

    return grid.loss(objective, target)(net, test.double(), torch.Generator().manual_seed(0))


values = {
    objective: torch.stack([read_as(target, objective) for target in grid.TARGETS])
    for objective in grid.OBJECTIVES
}
spread = {name: float(((v - v[0]).abs() / v[0]).max()) for name, v in values.items()}
assert spread["nelbo"] < 1e-10 < 0.1 < spread["weighted"]
left_out = 1 - float(schedule.time_of(edges[0]) - schedule.time_of(edges[-1]))
Markdown(
    f"Largest relative difference between targets, image by image: {spread['nelbo']:.0e} for the NELBO, "
    f"{spread['weighted']:.1g} for the weighted losses. The window leaves out {left_out:.1%} of the times."
)

# %% [markdown]
# ## Training
#
# One network for all: an MLP with residual blocks that sees $\lambda$, with no preconditioning of inputs or outputs. Models of one
# seed start from the same weights and see the same images, noise and noise levels, so differences between targets
# are paired. `companion/chapters/small_images/grid.py` declares all of them.

# %%
seeds, budgets = grid.seeds(budget), grid.budgets(budget)
plan, most = grid.plan(budgets[-1]), budgets[-1]
named = runs.get(grid.grid(budget))
kinds = grid.keys(budget)
trained = {key: named[grid.name(*key, most)] for key in kinds}
weights = sum(value.numel() for value in next(iter(trained.values())).weights.values())
Markdown(
    f"{len(kinds)} models of {weights:,} weights, each trained anew for {' and for '.join(f'{n:,}' for n in budgets)} steps of "
    f"{plan.batch} images. What follows is of the last of these, if nothing else is said."
)

# %% [markdown]
# ## What it costs to predict each target

# %%
seen = partial(results.bits, images=train, edges=edges, draws=1, seed=0)
every = {
    steps: {key: named[grid.name(*key, steps)].denoiser for key in found}
    for steps, found in grid.keys_by_steps(budget).items()
}
scored = {
    steps: {key: score(denoiser) for key, denoiser in found.items()}
    for steps, found in every.items()
}
models = pd.concat(
    [
        results.per_model(
            scored[steps],
            steps,
            {key: float(seen(denoiser).total.mean()) for key, denoiser in found.items()},
        )
        for steps, found in every.items()
    ],
    ignore_index=True,
)
scores, nelbo = scored[most], models[models["steps"] == most].reset_index(drop=True)
provenance = {"seeds": list(seeds), "n": len(test), "runs": [one.run.id for one in named.values()]}
per_model = artifacts.table(
    nelbo,
    "digits_nelbo",
    caption=f"Held-out bits per pixel of every network after {most:,} steps, and those of the images that it was trained on.",
    tolerance=results.SAME_COST,
    **provenance,
)

# %%
mean_over_seeds = {
    (objective, target.name): torch.stack(
        [scores[objective, target, seed].total for seed in seeds]
    ).mean(0)
    for objective in grid.OBJECTIVES
    for target in grid.TARGETS
}
of_gaussian = float(by_gaussian.total.mean())
by_budget = results.against_steps(models, of_gaussian)
last = by_budget[by_budget["steps"] == most]
artifacts.table(
    results.with_image_errors(last, mean_over_seeds),
    "digits_summary",
    caption=f"Held-out bits per pixel after {most:,} steps: mean and standard deviation over {len(seeds)} seeds, the same of the training "
    "images, and how far above the models that predict $v$, paired by seed, image and noise, with the half-width of its "
    f"{CONFIDENCE:.0%} interval over seeds and its standard error over images. A gap is left out where one of the two is no better than the Gaussian.",
    digits=3,
    columns={
        "objective": "trained on",
        "target": "target",
        "bits_per_dim": "bits per pixel",
        "sd": "sd over seeds",
        "trained_on": "of the training images",
        "above_v": "above v",
        "reach": "±",
        "se_images": "its se, images",
    },
    tolerance=results.SAME_GAP,
    **provenance,
)

# %%
best = nelbo.loc[nelbo["bits_per_dim"].idxmin()]
Markdown(
    "Trained on the NELBO, one objective for all, the targets need not end at the same place. "
    f"{sentences.gaps(last, of_gaussian)} "
    f"The best of all {len(nelbo)} networks predicts {style.SYMBOLS[best.target]} and costs {best.bits_per_dim:.2f}. "
    f"Independent pixels cost {exact.mean():.2f}: less than "
    f"{int((nelbo['bits_per_dim'] > float(exact.mean())).sum())} of the {len(nelbo)} networks."
)

# %% [markdown]
# ## Does it change with training?
#
# A gap after few steps may be a gap in speed. So each network is trained anew on smaller budgets, with the same decay of the learning rate to zero at the end. Four
# networks, one of each target, are trained on the NELBO for longer as well: are the budgets of all others enough?

# %%
artifacts.figure(
    figures.against_steps(by_budget, models, of_gaussian),
    "digits_against_steps",
    **figures.against_steps_shown(by_budget, of_gaussian),
    tolerance=results.SAME_COST,
    **provenance,
)

# %%
artifacts.table(
    by_budget,
    "digits_by_budget",
    caption="The same by budget: held-out bits per pixel and, where both beat the Gaussian, how far above $v$ (mean and half-width of its "
    f"{CONFIDENCE:.0%} interval over {len(seeds)} seeds).",
    digits=3,
    columns={
        "objective": "trained on",
        "steps": "steps",
        "target": "target",
        "bits_per_dim": "bits per pixel",
        "above_v": "above v",
        "reach": "±",
    },
    tolerance=results.SAME_GAP,
    **provenance,
)

# %%
passes = most * plan.batch / len(train)
shared = by_budget[by_budget["steps"] <= most]
Markdown(f"{sentences.longer(by_budget)}\n\n{sentences.seen_too_often(shared, passes)}")

# %% [markdown]
# ## Where the bits go
#
# The integrand says at which noise levels they are spent. The grey line is the cost of predicting no noise
# at all, $\hat\epsilon = 0$: $1/(2 \log 2)$ bits per pixel for every nat of log-SNR.

# %%
curves = results.curves(scores)
untrained = {"gaussian": by_gaussian.per_nat, "marginals": by_pixels.per_nat}
artifacts.figure(
    figures.cost_curves(curves, untrained, edges),
    "digits_cost_curves",
    **figures.cost_curves_shown(curves, len(seeds)),
    tolerance=results.SAME_COST,
    **provenance,
)


# %%
def spent(objective, target, low, high):
    """Bits per pixel that models spend between two log-SNRs, mean over seeds."""
    slices = (edges[:-1] >= low) & (edges[1:] <= high)
    return float(
        sum(scores[objective, target, seed].diffusion[:, slices].sum(1).mean() for seed in seeds)
        / len(seeds)
    )


clean = {
    key: spent(*key, 5, 8)
    for key in [(o, target) for o in grid.OBJECTIVES for target in (dc.X, dc.V)]
}
noisy = {target.name: spent("weighted", target, -8, 0) for target in grid.TARGETS}
order = sorted(noisy, key=lambda name: noisy[name])
of_x = {
    o: torch.stack([scores[o, dc.X, seed].per_nat for seed in seeds]).mean(0)
    for o in grid.OBJECTIVES
}
loud = edges[1:] <= 0
worse = int((of_x["nelbo"] > of_x["weighted"])[loud].sum())
Markdown(
    f"Between $\\lambda = 5$ and $8$, three nats of hardly visible noise, models that predict $x$ spend {clean['nelbo', dc.X]:.1f} bits per "
    f"pixel if trained on the NELBO and {clean['weighted', dc.X]:.1f} if trained on the error of $x$; models that predict $v$ spend "
    f"{clean['nelbo', dc.V]:.1f} and {clean['weighted', dc.V]:.1f}. Below $\\lambda = 0$, where noise is louder than the image, the models "
    f"trained on their own error spend: {', '.join(f'{style.SYMBOLS[name]} {noisy[name]:.3f}' for name in order)}. Of the two models "
    f"that predict $x$, the one trained on the NELBO spends more in {worse} of the {int(loud.sum())} slices there."
)

# %% [markdown]
# One factor explains the right-hand ends: $\|\epsilon - \hat\epsilon\|^2 = e^{\lambda} \|x - \hat x\|^2$. A network that returns zero
# pays the grey line if it predicts $\epsilon$ or $s$. If it predicts $x$ or $v$, a pixel costs

# %% tags=["derivation"]
z = alpha(t) * x + sigma(t) * eps
d.chain(
    "zero-for-x",
    Expectation((eps - z / sigma(t)) ** 2, eps),
    (
        snr(t) * x**2,
        "$\\hat x = 0$ means $\\hat\\epsilon = z/\\sigma$: the image, times $e^\\lambda$",
    ),
)

# %% tags=["derivation"]
d.chain(
    "zero-for-v",
    Expectation((eps - sigma(t) * z) ** 2, eps),
    (
        alpha(t) ** 2 * (alpha(t) ** 2 + sigma(t) ** 2 * x**2),
        "$\\hat v = 0$ means $\\hat\\epsilon = \\sigma z$: less than the 1 of the grey line, since $x^2 \\le 1$",
    ),
    domain=VariancePreserving(alpha, sigma),
)

# %% [markdown]
# And where nothing but noise is left? Let the exact denoiser have the mean squared error $M(\gamma)$ at the SNR $\gamma$; $M(0)$ is the variance of the image. The loss of $\epsilon$ is $\gamma M$, that of $v$ is $(1 + \gamma) M$. The share of the first in the second, below, vanishes with the signal. The second does not.

# %% tags=["derivation"]
gamma, M = symbol("gamma", r"\gamma", positive=True), function("M", positive=True)
d.chain(
    "share-of-eps",
    gamma / (1 + gamma),
    (at_most(gamma), "it goes to 0 with the SNR"),
    rests_on=["targets/error-v"],
)

# %% tags=["derivation"]
d.chain(
    "left-for-v",
    sp.Limit((1 + gamma) * M(gamma), gamma, 0),
    (M(0), "all that there is to know"),
    rests_on=["targets/error-v"],
)

# %% [markdown]
# To pay less, a network that predicts $x$ must copy its input ever more exactly. Its own squared error hardly asks for that: on the clean side, as a
# weighting of the NELBO, it falls faster than $e^{-\lambda}$ ([](04_four_targets)). The NELBO does ask. Do the noise levels that ask most drown the
# others? Then the $x$-model trained on the NELBO is the worse of the two where noise is loud: in how many slices it is, is counted above.
#
# ## What one sees
#
# Samples by DDIM from the same noise, with the same steps. Nothing here measures how good they are: that is for the reader's
# eye. Set it against the bounds above, where a model may pay most for noise that nobody sees.

# %%
steps = budget.pick(quick=8, standard=50, paper=250)


def drawn(denoiser):
    ends = (float(edges[0]), float(edges[-1]))
    return dc.sample(denoiser, (8, 8, 8), steps, torch.Generator().manual_seed(0), log_snr=ends)


rows = [("held out", test[:8], "Gaussian", drawn(gaussian))]
for target in grid.TARGETS:
    pair = [drawn(trained[objective, target, 0].denoiser) for objective in grid.OBJECTIVES]
    letter = style.SYMBOLS[target.name]
    rows.append((f"{letter}, NELBO", pair[0], f"{letter}, weighted", pair[1]))
artifacts.figure(
    figures.sample_grid(rows),
    "digits_samples",
    caption=f"Top: held-out images, and samples of the Gaussian. Below: samples of each target (seed 0), trained on the NELBO (left) and "
    f"on its own squared error (right). DDIM, {steps} steps, the same starting noise in every strip.",
    alt="Strips of eight small grey images: held-out digits, Gaussian samples, and samples of the eight trained models.",
    n=8,
    seeds=[0],
    negligible=figures.SAME_GREY,
    runs=[
        trained[objective, target, 0].run.id
        for objective in grid.OBJECTIVES
        for target in grid.TARGETS
    ],
)

# %% [markdown]
# :::{admonition} Trap: every weight meets every error
# :class: warning
# An objective is a mean of (weight times error), one pair for each image. If the weights have shape $(B, 1)$ and the errors
# $(B,)$, the product has shape $(B, B)$. Every weight meets every error, and the mean is (mean weight) times (mean error): a
# plausible number that falls in training, with a gradient in which the weighting is gone. It happened in
# [bayesflow 787](https://github.com/bayesflow-org/bayesflow/issues/787), and in the first draft of this book's `diffcore.losses`. There a
# test caught it that asks for losses of shape $(B,)$. The cell makes the mistake on purpose.
# :::

# %%
nelbo_in_x = grid.loss("nelbo", dc.X)
predicts_x = trained["nelbo", dc.X, 0].net
right, times = nelbo_in_x.terms(predicts_x, test, torch.Generator().manual_seed(0))
weight = nelbo_in_x.factor(times).float()
squared_error = right / weight
wrong = weight[:, None] * squared_error
assert wrong.shape == (len(test), len(test))
assert torch.isclose(wrong.mean(), weight.mean() * squared_error.mean())
Markdown(
    f"Right: {right.mean():.4g} nats, shape {tuple(right.shape)}. Wrong: {wrong.mean():.4g} nats, shape {tuple(wrong.shape)}."
)

# %% [markdown]
# ## Exercise
#
# Let $\hat x$ miss every pixel by half a grey level, $\frac1{16}$, a 32nd of the way from black to white: then $(\epsilon - \hat\epsilon)^2 = e^\lambda/16^2$. What does that cost in bits per pixel between $\lambda_1$ and $\lambda_0$?

# %% tags=["derivation", "solution"]
lam, low, high = sp.symbols("lambda lambda_1 lambda_0", real=True)
bits = (sp.exp(high) - sp.exp(low)) / (512 * sp.log(2))
d.chain(
    "half-a-level",
    sp.Integral(sp.exp(lam) / 512, (lam, low, high)) / sp.log(2),
    (bits, f"{float(bits.subs({low: 5, high: 8})):.1f} bits from $\\lambda = 5$ to $8$"),
    rests_on=["targets/error-eps"],
)

# %% [markdown]
# ## What this does and does not show
#
# The bound is for one small network with one learning rate, on few and small images, without anything against learning them by heart. It says nothing about CIFAR-10. Nor is it
# the study's objective: there the guard takes away the noise levels at which $x$ pays here ([](05_published_numbers)). Where $x$ is behind,
# the remedy in use is to precondition: to let the network predict a mixture of $x$ and $\epsilon$ that changes with the noise level
# {cite:p}`karras2022`, which $v$ is one form of {cite:p}`salimans2022`. The study's image network differs in one more way: its
# published code turns the time, a number in $[0, 1)$, into an integer (`code/model.py`; [](05_published_numbers) opens the line), so that the network is
# never told the noise level.
# Independent pixels, which know nothing of shapes, know that grey is counted in 17 steps, which a network has to learn from the
# images with the least noise (how many networks they beat is counted above).
#
# ## Sources
#
# The objectives and the four targets are those of the study {cite:p}`kumar2025`. The bound on images, its
# three terms and its form in the log-SNR are from {cite:t}`kingma2021`; that an exact denoiser makes it tight is
# {cite:t}`kong2023`.
