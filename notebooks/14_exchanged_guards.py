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
# # Exchanged guards
#
# **Question.** The study's own networks of $x$ are not the nearest to the best denoiser ([](13_one_scale)), although their printed NELBO is the
# lowest ([](05_published_numbers)). Is that because they predict $x$, or because of the guard that they were trained under? Only an experiment can
# tell: train each target under each target's guard, and under none.
#
# **Assumed.** The study's cosine schedule and 2-D data, here as many points as the study trained on, drawn once from the exact mixtures. The published NELBO of a target, with its guard, is a weight
# $w(\lambda)$ on the error of $\epsilon$ ([](05_published_numbers)); without guards it is constant, the same bound for all targets. A weight can be given to a network that
# predicts any target.
#
# **Method.** All is equal but two choices, the predicted target and the weight: network, first weights, points, noise, noise levels, optimiser, steps.
# What a network is worth is read on one scale, the nats that its bound is above the exact floor between two ends of the log-SNR, which lie farther out than those of [](13_one_scale).

# %% tags=["parameters"]
profile = "standard"

# %%
import torch
from IPython.display import Markdown

from companion import profiles, runs
from companion.chapters.exchanged_guards import figures, grid, results, sentences
from companion.evidence import style
from companion.evidence.artifacts import Artifacts

torch.set_num_threads(1)  # the same sums in the same order, whatever the machine is doing
style.use()
artifacts = Artifacts("14_exchanged_guards", profile)
budget = profiles.get(profile)
measure = budget.pick(quick=results.QUICK, standard=results.STANDARD, paper=results.PAPER)

# %% tags=["derivation"]
from companion.derivation import Derivation

d = Derivation("exchanged", title="Exchanged guards", rests_on=["guards"])

# %% [markdown]
# ## What could differ, and what could not

# %% tags=["derivation"]
d.prose(
    "same-best",
    r"A positive weight does not change which denoiser is best, and neither does the predicted target.",
    r"At each noise level the error is that of the best denoiser plus a squared distance from it, and each target is affine in $\epsilon$, given $z_t$.",
    rests_on=["score/orthogonality"],
)

# %% [markdown]
# So a network without limits, trained for ever on endless data, would end at the floor in all twenty cases. What is measured here is how far networks with limits get: what a weight
# makes them attend to, and what a target makes easy for them.
#
# ## The networks

# %%
wanted = grid.grid(budget)
trained = runs.get(wanted)
plan, seeds = grid.plan(budget), grid.seeds(budget)
Markdown(sentences.budget(plan.steps, plan.batch, len(seeds), measure.points))

# %%
denoisers = {key: trained[grid.name(key)].denoiser for key in grid.keys(budget)}
levels = results.by_level(denoisers, measure)
networks = results.per_network(levels)
table = results.side_by_side(networks)
provenance = {"seeds": [*seeds], "n": measure.slices * measure.points, "tolerance": results.SAME}
saved = artifacts.table(networks, "exchanged_networks", **results.NETWORKS_SHOWN, **provenance)

# %% [markdown]
# The table `exchanged_networks` has every network; the next one their means.

# %%
artifacts.table(table, "trained_under_guards", **results.TABLE_SHOWN, **provenance)

# %%
artifacts.figure(
    figures.totals(networks), "exchanged_totals", **figures.totals_shown(table), **provenance
)

# %%
Markdown(
    f"{sentences.what_decides(networks)} {sentences.orders(table)} {sentences.noise(networks)}"
)

# %% [markdown]
# *Seen* in the table is what the training loss itself sees of the excess. A network under a strong guard looks good to its own loss, since the guard takes
# away the weight of the levels at which it is bad.
#
# ## Where a guard acts

# %%
first = levels[levels["dataset"] == levels["dataset"].iloc[0]]
artifacts.figure(
    figures.by_weight(first), "exchanged_by_level", **figures.by_weight_shown(first), **provenance
)

# %%
each = [sentences.own_guard_of(networks, target) for target in grid.TARGETS]
Markdown("\n\n".join([sentences.own_guards(table), " ".join(each)]))

# %% [markdown]
# The study attributes the differences between its losses to how each scales with the SNR, far too steeply at early times (section 4.2, as public summaries report it). That
# explanation and the guard are not rivals. In $x$ the unguarded bound puts the factor $\SNR/2$ on the squared error, so that the cleanest levels have nearly all of the
# gradient at first. A guard takes that from them, so that the others count for more: what networks gain inside and lose outside, if they do, is what the changed weight
# does to these networks. That scaling slows learning is one reading of it; a network's capacity and the optimiser's memory are others, and are not told apart here. The guard also lowers the
# printed value, of any network and of the perfect one. No verdict here is on the study's own losses or networks.

# %% [markdown]
# ## Longer, and shorter
#
# Is the order an effect of short training? Networks of two seeds, without a guard, are trained for a quarter of the steps and for four times as many as well.

# %%
others = {
    grid.plan(budget, multiple).steps: results.per_network(
        results.by_level(
            {key: trained[grid.name(key, multiple)].denoiser for key in grid.other_keys(budget)},
            measure,
        )
    )
    for multiple in grid.MULTIPLES
}
steps = results.against_steps({plan.steps: networks, **others})
artifacts.table(
    results.by_budget(steps), "exchanged_by_budget", **results.STEPS_SHOWN, **provenance
)

# %%
Markdown(sentences.longer(steps))

# %% [markdown]
# :::{admonition} Trap: comparing losses that differ in two things
# :class: warning
# To compare $x$ with its loss and $\epsilon$ with its own changes two things at once, the target and the weight. Of four cells only the diagonal is seen, and
# the diagonal cannot say which of the two made the difference. The table has all of them.
# :::
#
# ## What this does and does not show
#
# - These are networks of ours: small, told the log-SNR, trained for a short time, with noise levels drawn evenly in the log-SNR and not in time. It isolates the guard as a
#   weight. It does not repeat the study's training.
# - Drawing the levels evenly bounds the factor on the error of $\epsilon$. On an error of $x$ it is still $\SNR/2$ where no guard acts, so the gradient of such a network varies much more. That is not measured here.
# - A constant factor on a weight does nothing, but for the small number that Adam adds to a denominator.
# - $s$ is predicted without the guard of the study's score target; the weight of its NELBO includes that guard.
# - Sizes depend on steps and learning rate. Those of guarded networks were not varied.
# - All networks predict a target bare. A skip connection from $z$ to the output might change the place of $x$.
# - The split of the variance is of these twenty cells, in which $x$ is far from the rest. It would be another for other targets, weights or ends.
# - The seeds are few: what differs less than their spread is undecided, and [](99_verdicts) says so case by case, by differences in nats. Orders by means say nothing of such neighbours.
#
# :::{admonition} Exercise: why does a guard not move the best denoiser?
# :class: dropdown
# The guard changes the weight of each noise level, and the floor that is printed. Why not the denoiser that attains the floor?
#
# *Solution.* A network that is told the noise level can answer at each level on its own. A positive weight on a level leaves its minimiser where it is, the posterior mean. Only if one
# level's error has to be paid for by another's, as in a small network, does the weight decide.
# :::
#
# ## Sources
#
# The guards are those of the published code of {cite:t}`kumar2025`. That one objective may be paired with any parametrisation, and that the two are
# often confused: {cite:t}`kingma2023`.
