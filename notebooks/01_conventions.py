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
# # Conventions
#
# **Question.** The papers and libraries of this field agree on the mathematics and disagree on the words.
# Which words does this book use, and what do the words of others mean?
#
# **Assumed.** Nothing but the normal distribution.
#
# ## One process, a handful of letters
#
# Clean data $x$ are mixed with noise $\epsilon \sim \N(0, I)$:
#
# $$z_t = \alpha_t\, x + \sigma_t\, \epsilon, \qquad 0 \le t \le 1.$$
#
# | letter | meaning |
# | :-- | :-- |
# | $t$; $s < t$ | time; data at 0, noise at 1. $s$ is always the earlier, cleaner one |
# | $\alpha_t$, $\sigma_t$ | signal scale and noise scale: a *schedule* |
# | $\mathrm{SNR}(t)$, $\lambda_t$ | signal-to-noise ratio $\alpha_t^2 / \sigma_t^2$, and its natural logarithm |
# | $q$ | a density of the forward process, which is given |
# | $p$ | a density of the model, which is learned |
# | $\hat x$, $\hat\epsilon$, ... | a prediction from $z_t$ and $t$ |
# | $w(\lambda)$ | the weight of a noise level in a loss |
#
# A prime is a derivative, in $t$ unless another argument is shown. A square of a vector is the sum over its dimensions. Losses are in nats. One letter
# has two uses: $s$ as a time, as in $z_s$ and $\sigma_s$, is the earlier one; $s$ alone is the score, below. [](notation) lists every symbol.

# %% tags=["parameters"]
profile = "standard"

# %% tags=["derivation"]
import sympy as sp

from companion.derivation import (
    Abbreviation,
    Between,
    Derivation,
    VariancePreserving,
    Where,
    at_most,
)
from companion.derivation.vocabulary import alpha, eps, sigma, snr, t, x

d = Derivation("conventions", title="Conventions")

# %% [markdown]
# ## How to read a checked step
#
# Many schedules keep the variance: $\alpha_t^2 + \sigma_t^2 = 1$. For those the log-SNR fixes both
# scales. Here is that small fact, as every fact in this book is written.

# %% tags=["derivation"]
d.chain(
    "scales-from-snr",
    alpha(t) ** 2,
    (
        alpha(t) ** 2 / (alpha(t) ** 2 + sigma(t) ** 2),
        "the denominator is 1: variance preserving",
    ),
    (snr(t) / (1 + snr(t)), "divide both by $\\sigma_t^2$"),
    domain=VariancePreserving(alpha, sigma),
    torch="companion.chapters.conventions.counterparts.share_of_signal",
)

# %% [markdown]
# The lines under the equation say how each link was checked, in the notebook's own run: a proof by SymPy;
# agreement to forty digits at random points, with schedules drawn at random; and wrong variants of
# the same claim, made on purpose, which the same checks must reject. A link that fails stops the book.
# [](how_to_check) shows how to check one link yourself.
#
# ## Five targets
#
# A network can be asked for any mixture $y = a\, x + b\, \epsilon$. Five are in use.
#
# | target | | $a$ | $b$ | asked for by |
# | :-- | :-- | :-- | :-- | :-- |
# | clean data | $x$ | $1$ | $0$ | |
# | noise | $\epsilon$ | $0$ | $1$ | {cite:t}`ho2020` |
# | "v" | $v$ | $-\sigma_t$ | $\alpha_t$ | {cite:t}`salimans2022` |
# | score | $s$ | $0$ | $-1/\sigma_t$ | {cite:t}`vincent2011` |
# | velocity | $u$ | $\alpha_t'$ | $\sigma_t'$ | {cite:t}`lipman2023` |
#
# In the plane of $(x, \epsilon)$, $v$ is perpendicular to $z$ and as long: with $z$ it keeps every length, up to one factor.

# %% tags=["derivation"]
z = Abbreviation("z_t", alpha(t) * x + sigma(t) * eps)
v = Abbreviation("v", alpha(t) * eps - sigma(t) * x)

d.chain(
    "v-and-z",
    z**2 + v**2,
    (
        (alpha(t) ** 2 + sigma(t) ** 2) * (x**2 + eps**2),
        "the products of $x$ and $\\epsilon$ cancel",
    ),
)

# %% [markdown]
# The plane shows what the targets are. As time runs, $z$ walks from $x$ to $\epsilon$.

# %%
from companion.chapters.conventions import figures, results
from companion.evidence import style
from companion.evidence.artifacts import Artifacts

style.use()
artifacts = Artifacts("01_conventions", profile)
planes, level = figures.target_planes()
artifacts.figure(
    planes,
    "target_planes",
    caption=f"The five targets at $\\lambda = {level:.2f}$ on two schedules. "
    "Grey: the path of $z$. $u$ is the velocity along that path; $v$ is "
    "perpendicular to $z$ and as long. On the circle the two point the same "
    "way, on the straight line they do not. $s$ points against the noise.",
    alt="Two panels with arrows in the plane of x and epsilon. Left, a "
    "quarter circle: v lies on top of the longer arrow u. Right, a "
    "straight line: v and u point in different directions.",
)

# %% [markdown]
# "v" and velocity are different things with similar names. On the cosine schedule
# $\alpha_t = \cos(\pi t/2)$, $\sigma_t = \sin(\pi t/2)$ they differ by a constant, so code tested on that schedule
# alone cannot tell them apart.

# %% tags=["derivation"]
angle = sp.pi * t / 2
x_part = sp.Derivative(sp.cos(angle), t) * x
eps_part = sp.Derivative(sp.sin(angle), t) * eps
cosine_v = Abbreviation("v", sp.cos(angle) * eps - sp.sin(angle) * x)

d.chain(
    "velocity-on-the-circle",
    x_part + eps_part,
    (sp.pi / 2 * cosine_v, "$\\pi/2$ is the speed along the quarter circle"),
    domain=Where(sp.Lt(t, 1)),
    torch="companion.chapters.conventions.counterparts.velocity_on_the_circle",
)

# %% [markdown]
# ## The Rosetta table
#
# What other libraries write, and what it is here. A number in the last column means that this notebook
# has called the library, computed the same thing with `diffcore`, and found that largest difference
# ($10^{-16}$ is double precision, $10^{-7}$ the single precision of the library's own tables).

# %%
from companion.peers import rosetta

names = rosetta.table()
called = names.evidence != rosetta.READ
artifacts.table(
    names[called],
    "rosetta",
    caption="Names in other libraries, checked. *Difference*: the largest "
    "between what the library computes and what `diffcore` computes for the "
    "meaning given here, relative where the value exceeds 1.",
    negligible=names["tolerance"].max(),  # what is shown is rounding, which no two machines share
    columns={
        "library": "library",
        "theirs": "they write",
        "ours": "here",
        "evidence": "difference",
    },
)

# %% [markdown]
# Some libraries are not installed beside this book. Their source was read, not run.

# %%
artifacts.table(
    names[~called],
    "rosetta_read",
    caption="Names in other libraries, read but not checked.",
    columns={
        "library": "library",
        "theirs": "they write",
        "ours": "here",
        "source": "read in",
    },
)

# %% [markdown]
# Three words need care. *Time* runs from data to noise here and from noise to data in `flow_matching`, which
# also turns the velocity's sign. *SNR* is a ratio of variances in some libraries and of scales in others.
# *Sigma* may be the noise scale, or the noise scale over the signal scale.
#
# The log-SNR has none of these troubles. It is the one axis on which every schedule and every library can be
# drawn together, so this book uses it wherever schedules are compared.

# %%
artifacts.figure(
    figures.dial_figure(results.dials()),
    "noise_level_rulers",
    caption="One noise level, eight names. Each ruler is ticked in its own "
    "unit. Dashed: $\\lambda = -4, 0, 4$.",
    alt="Eight horizontal rulers under each other on a common axis of "
    "log-SNR from -10 to 10. The ticks of some rise from left to right, "
    "those of others fall.",
)

# %% [markdown]
# ## Trap: a perfect network, read with the wrong dictionary
#
# None of these words is checked by a compiler: every mix-up below has the right shape and runs. In
# [primepake/splitmeanflow#2](https://github.com/primepake/splitmeanflow/issues/2), the teacher was trained on the
# velocity $x - \epsilon$ and the student on $\epsilon - x$. In
# [NVIDIA/physicsnemo#1931](https://github.com/NVIDIA/physicsnemo/pull/1931), a reviewer warns that "velocity"
# will be confused with "v", and writes $v$ with the sign opposite to {cite:t}`salimans2022`.
#
# What does a mix-up cost? Take a network that is exactly right, misread its answer, and measure the error of $\hat x$.

# %%
cost = results.mix_up_table()
artifacts.table(
    cost,
    "mix_ups",
    caption="Root mean square error of $\\hat x$ from a perfect prediction "
    "that is misread, for $x$ and $\\epsilon$ of unit variance. Guessing the "
    "mean would cost 1. Exact: every reading is linear.",
    digits=2,
    columns={
        "mistake": "mistake",
        "cosine_0.25": "cosine, $t = 0.25$",
        "cosine_0.5": "cosine, $t = 0.5$",
        "flow_0.25": "lines, $t = 0.25$",
        "flow_0.5": "lines, $t = 0.5$",
    },
)

# %%
from IPython.display import Markdown

Markdown(results.unseen_at_half(cost))

# %% [markdown]
# So the tests of `diffcore` convert every ordered pair of targets on every schedule of the package, those that do not
# preserve variance among them, from $t = 10^{-6}$ to $1 - 10^{-6}$.
#
# A related case, measured in the tests: the SD3 and Flux training recipe in `diffusers` draws `u` from a
# logit-normal and looks up `timesteps[1000 * u]`. By the table above that is time 1 − `u`. With the
# default mean of 0 this is harmless, by symmetry: sorted, the times are the same. With a mean of 1 they are mirrored:

# %%
import torch

from diffcore.schedules import RectifiedFlow
from diffcore.times import LogitNormal

shares = (torch.arange(10_000, dtype=torch.float64) + 0.5) / 10_000
for mean in (0.0, 1.0):
    meant = LogitNormal(mean).quantile(shares, RectifiedFlow()).t
    trained = (1 - meant).flip(0)
    gap = (meant - trained).abs().max()
    print(
        f"logit mean {mean:g}: mean time {meant.mean():.3f} meant, {trained.mean():.3f} trained on; "
        f"sorted times differ by up to {gap:.3f}"
    )

# %% [markdown]
# ## Exercises
#
# **1.** Does the SNR rise or fall as $t \to 1$, and how fast? Take straight lines, $\alpha_t = 1 - t$ and $\sigma_t = t$.

# %% tags=["derivation", "solution"]
d.chain(
    "snr-on-lines",
    sp.Derivative(sp.log((1 - t) ** 2 / t**2), t),
    (-2 / (t * (1 - t)), "it falls, from $\\infty$ at the data to 0 at the noise"),
    (
        at_most(-8, equality={t: sp.Rational(1, 2)}),
        "slowest in the middle; at both ends the log-SNR falls without bound",
    ),
    domain=Between(t, 0, 1),
)

# %% [markdown]
# **2.** How are $x$ and $\epsilon$ read off $z_t$ and $v$ if $\alpha_t^2 + \sigma_t^2 = 1$? And if it is not?

# %% tags=["derivation", "solution"]
d.chain(
    "read-off",
    alpha(t) * z - sigma(t) * v,
    (
        (alpha(t) ** 2 + sigma(t) ** 2) * x,
        "the products $\\alpha_t \\sigma_t \\epsilon$ cancel: this is $x$ if the sum is 1, else divide by it; "
        "$\\epsilon$ is $\\sigma_t z_t + \\alpha_t v$, by the same rule",
    ),
    torch="companion.chapters.conventions.counterparts.read_off",
)

# %% [markdown]
# ## Sources
#
# Notation follows {cite:t}`kingma2021` and the study {cite:p}`kumar2025`; the weighting $w(\lambda)$ is that of
# {cite:t}`kingma2023`. The cosine schedule without offset is the study's; straight lines are
# {cite:t}`liu2023` and {cite:t}`lipman2023` with time reversed; the logit-normal is {cite:t}`esser2024`.
# Libraries: azula, flow_matching and diffusers, in the versions of the lock file. The recipe that reads
# `timesteps` backwards is discussed in
# [huggingface/diffusers#9056](https://github.com/huggingface/diffusers/issues/9056) for other differences
# from its paper.
