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
# # At full length
#
# **Question.** What does the study's recipe reach at its full length, and how soon could the same have been reached? And do the short runs of this book end where long ones do?
#
# **Assumed.** The study's protocol for 2-D data ([](18_as_published)), and the excess of a network over the exact floor, in nats between log-SNRs of $-12$ and $12$ ([](19_equal_footing)).
#
# **Method.** The recipe is written out anew, in plain torch; its training shares nothing with `diffcore` but the data: seven ReLU layers of 512, Adam at $10^{-3}$, 100 epochs of 80,000 points, guards of $10^{-2}$. So it is a second opinion on the engine that trains all other networks of this book, too. It takes a core some quarter of an hour a network.
# Of the study's 96 networks eight were chosen before one of them was trained: each target under each objective once, each data set twice, one seed each. Those that have been trained by now are shown. The study's split, in which training and test points overlap ([](17_data_sets)), is left out: all points are drawn anew. No build repeats this. The tables were made once, by the commands named below, and are read here only if their checksums are right.

# %% tags=["parameters"]
profile = "standard"

# %%
import torch
from IPython.display import Markdown

from companion.chapters.full_length import claims, figures, measured, results, sentences
from companion.evidence import style
from companion.evidence.artifacts import Artifacts

torch.set_num_threads(1)  # the same sums in the same order, whatever the machine is doing
style.use()
artifacts = Artifacts("23_full_length", profile)

# %%
Markdown("\n".join(f"- `{name}`: {measured.source(name)}" for name in measured.FILES))

# %% [markdown]
# ## Does it end where the study's networks ended?

# %%
ours, published = measured.table("recipe_epochs.csv"), results.published_epochs()
artifacts.figure(
    figures.curves(ours, published), "full_length_epochs", **figures.curves_shown(ours), seeds=[]
)

# %%
losses = results.against_published(ours)
artifacts.table(losses, "full_length_losses", **results.AGAINST_SHOWN, seeds=[])

# %%
Markdown(sentences.against(losses))

# %% [markdown]
# ## How far from the floor?
#
# The losses above have guards and units of their own. On one scale, at the points of a held-out set:

# %%
levels = measured.table("recipe_levels.csv")
artifacts.figure(
    figures.by_level(levels), "full_length_levels", **figures.by_level_shown(levels), seeds=[7]
)

# %%
scatter = results.scatter(measured.table("recipe_late.csv"))
Markdown(f"{sentences.quality(results.excess(levels))} {sentences.late(scatter)}")

# %% [markdown]
# ## How much sooner?
#
# Two plans, both fixed before one of these networks was trained; but large networks were to have two seeds, and were cut to one when the first cells had taken too long (the column *seeds* says which). One seed passes more easily than the worse of two. *Own*: the recipe's network and target without a guard, the bound as weight, levels even in the log-SNR, batches of 256, a rate that falls from $10^{-3}$ to 0, and averaged weights. *Free*: the small network of $v$ of [](19_equal_footing), whatever the recipe's target. Why averaged?
# If the weights of late steps scatter around one point, independently and with variance $c$, their running mean with decay $\beta$ scatters less:

# %% tags=["derivation"]
import sympy as sp

from companion.derivation import Between, Derivation
from companion.derivation.vocabulary import symbol

d = Derivation("full-length", title="At full length")
beta, c = symbol("beta", r"\beta"), symbol("c", positive=True)
N = symbol("N", integer=True, positive=True)
i = symbol("i", integer=True, nonnegative=True)

d.chain(
    "averaged",
    sp.Sum(((1 - beta) * beta**i) ** 2 * c, (i, 0, N)),
    (
        (1 - beta) / (1 + beta) * (1 - beta ** (2 * N + 2)) * c,
        "a geometric series; the first factor, all that is left after many steps, is a two-hundredth for "
        "$\\beta = 0.99$",
    ),
    domain=Between(beta, 0, 1),
)

# %% [markdown]
# The recipe does not average, and its rate is constant: its last weights are one draw of that scatter. A rate that falls to 0 makes the scatter itself small.

# %%
tried = measured.table("time_to_quality.csv")
sooner = results.sooner(tried)
artifacts.table(sooner, "full_length_sooner", **results.SOONER_SHOWN, seeds=results.SEEDS)

# %%
artifacts.figure(
    figures.times(sooner), "full_length_times", **figures.times_shown(sooner), seeds=results.SEEDS
)

# %%
Markdown(f"{sentences.timed(sooner, claims.PLANNED)} {sentences.sooner(sooner)}")

# %% [markdown]
# ## And the short runs of this book?
#
# The networks of [](19_equal_footing) are small, and trained for a short time. One seed of each of its eight objectives was trained ten times as long, with all else equal, on both data sets.

# %%
networks = measured.table("tenfold.csv")
change = results.turned(networks)
artifacts.figure(
    figures.tenfold(networks),
    "full_length_tenfold",
    **figures.tenfold_shown(networks, change),
    seeds=[100],
)

# %%
Markdown(sentences.longer(change))

# %% [markdown]
# ## And half of the bits?
#
# Products in bfloat16 can be faster, on processors that have them. Weights and optimiser stay in float32. Does a network end elsewhere?

# %%
halved = results.by_precision(measured.table("bfloat16.csv"))
artifacts.table(halved, "full_length_bfloat16", **results.PRECISION_SHOWN, seeds=[100, 101, 102])

# %%
Markdown(sentences.precision(halved))

# %% [markdown]
# ## What the rules say

# %%
judged = {"full_length_losses": losses, "full_length_sooner": sooner}
Markdown(claims.verdicts(judged))

# %% [markdown]
# :::{admonition} Trap: faster than what?
# :class: warning
# A method is as many times faster as its baseline is slow. Here the baseline is a recipe that was not made to be fast by this measure: its losses weigh noise levels otherwise, by their guards or on purpose, and the excess of the bound asks about levels that they hardly see. So a large factor says that the question was another one, and only the factor of its own network and target, where the loss is all that was changed but for the plan, comes near to saying how much of the time was spent.
# :::
#
# ## What this does and does not show
#
# - One network in each cell; the study trained three in each of 32. What differs between seeds is taken from the study.
# - Times are of one kind of machine, one thread, without an accelerator. On another, small networks gain less.
# - That ours are sooner is a statement about the excess of the bound. Samples are another matter ([](19_equal_footing)).
# - Losses are training losses, on points that are met a hundred times.
#
# ## Sources
#
# The recipe is that of {cite:t}`kumar2025`, as its published code has it. Averages of weights are those of {cite:t}`polyak1992`.
