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
# # The study's networks on one scale
#
# **Question.** [](05_published_numbers) shows that the printed NELBO values differ because of guards. They do not say which
# networks are good. Which of the study's own 96 networks on the 2-D data are nearest to the best possible denoiser, and at which noise levels?
#
# **Assumed.** The study's cosine schedule and its published losses, as in [](05_published_numbers). The data are exact mixtures, so the
# least possible error is known at each noise level. Nothing is trained here.
#
# **Evidence.** The study saved, for each of its networks, the training loss in a hundred bins of time. The table that comes with this
# book holds their means over the last 20 of 100 epochs: 4 data sets, 4 targets, 2 objectives, 3 networks each, 100 bins.

# %% tags=["parameters"]
profile = "standard"

# %%
from IPython.display import Markdown

from companion import profiles, study
from companion.chapters.one_scale import claims, figures, results, sentences
from companion.evidence import style
from companion.evidence.artifacts import Artifacts

style.use()
artifacts = Artifacts("13_one_scale", profile)
budget = profiles.get(profile).pick(
    quick=results.QUICK, standard=results.STANDARD, paper=results.PAPER
)
provenance = {"seeds": [0], "n": budget.points * budget.scrambles}
Markdown(f"*The table:* {study.source('bins')}")

# %% tags=["derivation"]
import sympy as sp

from companion.derivation import Abbreviation, Derivation
from companion.derivation.vocabulary import alpha, sigma, symbol, t

d = Derivation("one-scale", title="The study's networks on one scale", rests_on=["guards"])

# %% [markdown]
# ## From a recorded loss to the bound
#
# In a bin $B$ of times a recorded loss is the mean of $f(t)\, \E(\epsilon - \hat\epsilon)^2$, with a known factor $f = c\, \kappa$: the code's coefficient times the
# factor from the squared error of $\epsilon$ to that of the target. For $s$ the network is read as what it was trained to
# predict, the guarded score. Subtract the floor of the bin, and what is left is the mean of $f(t)\, e(t)$.

# %% tags=["derivation"]
d.prose(
    "excess",
    r"The excess $e(t) = \E(\epsilon - \hat\epsilon)^2 - \E(\epsilon - \E[\epsilon|z_t])^2$ is nowhere negative.",
    r"It is $\E(\E[\epsilon|z_t] - \hat\epsilon)^2$, the squared distance from the best denoiser.",
    rests_on=["score/orthogonality"],
)

# %% tags=["derivation"]
d.prose(
    "bracket",
    r"Let $r = \frac12 |\lambda_t'|/f$. The bin adds $\int_B r f e\, dt$ to the bound, which lies between the least and the largest value of $r$ "
    r"in the bin, times $\int_B f e\, dt$.",
    "Both factors of the recorded integrand are nowhere negative.",
    rests_on=["one-scale/excess"],
)

# %% [markdown]
# For unguarded losses $r$ would not depend on the time, and there would be nothing to know. With the guard $g$ of $x$ it does:

# %% tags=["derivation"]
g = symbol("g", positive=True)
a, b = alpha(t), sigma(t)
c_x = Abbreviation("c_x", a / (b**3 + g))
kappa_x = Abbreviation(r"\kappa_x", b**2 / a**2)
d.chain(
    "quotient",
    1 / (a * b) / (c_x * kappa_x),
    (1 + g / b**3, "the bound puts $1/(\\alpha_t\\sigma_t)$ on $e$, up to a constant"),
    rests_on=["guards/weight-x"],
)

# %% tags=["derivation"]
sine = sp.sin(sp.pi * t / 2)
d.chain(
    "steep",
    sp.Limit(t**3 * (1 + g / sine**3), t, 0),
    (
        8 * g / sp.pi**3,
        "$\\sigma_t = \\sin(\\pi t/2)$: towards clean data $r$ grows like $1/t^3$, eightfold from $2t$ to $t$",
    ),
    rests_on=["one-scale/quotient"],
)

# %% [markdown]
# So the bins say little about $x$ at the smallest times, and much about $\epsilon$ and $v$, whose guards act later. The first and the last bin are left
# out everywhere: in them $r$ has no upper limit. What is compared is the bound over $t$ in $[0.01, 0.99)$, in nats, summed over both dimensions.
#
# ## A control
#
# Does this reading find an excess where there is none? The floor of each bin is computed by quasi-Monte Carlo, as in [](05_published_numbers). Then
# the perfect denoiser takes the place of a network: random points, times and noises, its losses sorted into the same bins. This tests floors and noise. The
# factor $f$ is in both, and is tested by a known excess, with factors typed anew, in `tests/chapters/test_one_scale.py`.

# %%
floor = results.floors_by_bin(budget)
by_bin = results.excess_by_bin(floor)
Markdown(sentences.control(results.perfect(budget, floor), by_bin))

# %% [markdown]
# ## All 96 networks

# %%
networks = results.per_network(by_bin)
losses = results.per_loss(networks)
table = results.side_by_side(claims.with_reach(losses))
artifacts.table(table, "excess_per_loss", **results.SHOWN, **provenance)

# %%
artifacts.figure(
    figures.totals(table), "excess_totals", **figures.totals_shown(table), **provenance
)

# %%
Markdown(f"{sentences.turned_round(table)} {sentences.where_x_loses(by_bin)}")

# %% [markdown]
# There is no contradiction in this. The guard lowers what is printed, and it takes weight from small $t$, where a small error in $x$ is a large one in $\epsilon$: the
# factor between the squares is $\SNR$. Networks that were asked for little accuracy there would look like these. But that may not be all: the weighted
# loss of $x$ has no guard, and puts as little weight there. What networks of $x$ learn without a guard is the question of [](14_exchanged_guards).

# %%
levels = figures.by_level(by_bin)
shown = figures.by_level_shown(levels)
artifacts.figure(figures.excess_by_level(levels), "excess_by_level", **shown, **provenance)

# %%
Markdown(sentences.at_high_noise(levels))

# %% [markdown]
# ## Which differences are decided
#
# One loss is *nearer* than another on a data set if the most that its networks can have is less than the least that the other's can have, both widened by
# what may be noise: 95 % by Student's t for three networks, or two standard errors of the recorded losses and the floor, whichever is wider. If neither is nearer, it
# is undecided. The *middle* is $t$ in $[0.1, 0.9)$, where bins hide almost nothing.

# %%
artifacts.table(sentences.pairs(losses), "excess_pairs", **results.PAIRS_SHOWN, **provenance)

# %%
Markdown(sentences.one_execution_apart(networks))

# %% [markdown]
# :::{admonition} Trap: an average inside a bin
# :class: warning
# To divide a bin's mean loss by the mean of its coefficient looks harmless. For the second bin of $x$ the two ends of the answer are a factor of
# eight apart, and the division gives one number, without a warning. A quotient of averages is an average of quotients only where the weight is even.
# :::
#
# ## What this does and does not show
#
# - It judges the saved losses of networks trained under guards, by one functional. Networks trained without guards, or under another's, are another
#   question: [](14_exchanged_guards).
# - It leaves out $t < 0.01$ and $t \ge 0.99$, where the saved bins have no upper limit. An excess there only adds to what is shown.
# - The losses are of training points, of which many are copies ([](05_published_numbers)), and of the last 20 epochs, while the networks still changed: what is
#   called a network here is an average over them.
#   A network that knows its training points can be below the floor; the control says how often any was.
# - The data are taken as the exact mixtures. The study's were standardised by the moments of its sample, which shifts the exact excess
#   of all losses of a data set alike, and what the bins allow nearly so.
# - The rows of the NELBO in $s$ take its coefficient to be $\sigma/(\alpha + g)$, as [](05_published_numbers) infers; the code at that commit has $\sigma^2$.
# - Three networks for each loss: most small differences are undecided.
#
# :::{admonition} Exercise: what would the printed order have to be?
# :class: dropdown
# Suppose that all four targets' NELBO networks were perfect. What would the code print, and what would this chapter find?
#
# *Solution.* It would print the four floors of [](05_published_numbers), $x$ lowest, and here every excess would be zero: the perfect denoiser of the control is that
# case. So the order of the printed values carries no information on the order found here.
# :::
#
# ## Sources
#
# The saved results and code of {cite:t}`kumar2025`. That the excess is a squared distance from the posterior mean is the orthogonality of
# [](07_score_matching). One scale for all weightings: {cite:t}`kingma2023`.
