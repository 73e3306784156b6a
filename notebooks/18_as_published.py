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
# # As published
#
# **Question.** What comes out if the study's 2-D protocol is run again? Its losses, its curves and its samples are published. Here stand, side by side, the study's numbers, numbers of networks of
# ours that were trained in the same way, and the exact answer. What is a result of learning, what of the loss that is measured, and what of the sampler?
#
# **Assumed.** The study's four targets, two objectives and four data sets, with its guards, as [](05_published_numbers) reads them in its published code: $\alpha_t = \cos\frac{\pi t}{2}$, $\sigma_t = \sin\frac{\pi t}{2}$.
# The data are drawn once from the exact mixtures, 80,000 points a set, as many rows as the study trains on. The copies that its split makes of some rows are left out; [](05_published_numbers) says what they do.
#
# **Method.** Each of the 32 losses is trained several times. The networks of one execution have one seed: they begin with the same weights, whatever their target, objective and data, and on one
# data set they see the same points, times and noise. Losses are in the code's units; each has its exact floor, the loss of the best possible denoiser. The rules on losses were written, and committed,
# before one network was trained, but for one: that our levels equal the study's was given up after a pilot, of other seeds, since smaller networks cannot show it. Those on samples were mended after that pilot had shown that they decide little. All networks shown here were trained after
# that. Each claim in [](99_verdicts) says which.

# %% tags=["parameters"]
profile = "standard"

# %%
import torch
from IPython.display import Markdown

from companion import profiles, runs, study
from companion.chapters.as_published import (
    claims,
    curves,
    figures,
    grid,
    pictures,
    results,
    samples,
    sentences,
    variances,
)
from companion.evidence import style
from companion.evidence.artifacts import Artifacts

torch.set_num_threads(1)  # the same sums in the same order, whatever the machine is doing
style.use()
artifacts = Artifacts("18_as_published", profile)
budget = profiles.get(profile)
measure = budget.pick(quick=results.QUICK, standard=results.STANDARD, paper=results.PAPER)
used = grid.protocol(budget)
Markdown(sentences.protocol(used))

# %% tags=["derivation"]
import sympy as sp

from companion.derivation import Abbreviation, Derivation, Expectation, Normal, VariancePreserving
from companion.derivation.vocabulary import alpha, eps, eps_hat, sigma, symbol, t, x

d = Derivation("as-published", title="As published", rests_on=["guards", "targets"])

# %%
trained = runs.get(grid.grid(budget))
networks = {key: trained[grid.name(key)] for key in grid.keys(budget)}
provenance = {
    "seeds": [grid.FIRST_SEED + n for n in range(1, used.executions + 1)],
    "n": used.draws,
    "tolerance": results.SAME,
    "negligible": results.NEGLIGIBLE,
}
published = study.epochs()
ours = results.ours_by_epoch({key: run.metrics for key, run in networks.items()})
by_time = {key: run.by_time for key, run in networks.items() if run.by_time is not None}
times = results.ours_by_time(by_time)
denoisers = {key: run.denoiser for key, run in networks.items()}

# %% [markdown]
# ## The table of losses again
#
# The study prints the test loss after its last epoch. One such value has the noise of one epoch's draws, so what is compared here is a mean over the last epochs, and the same of both: the *training* loss. The test, fixed beforehand,
# is of all cells at once. It compares logarithms, takes the spread of executions from all four data sets of a loss, and allows one false alarm in twenty for the whole table.

# %%
floor = results.floors(measure)
table = results.side_by_side(results.levels(published), results.levels(ours), floor)
artifacts.table(table, "as_published_losses", **results.TABLE_SHOWN, **provenance)

# %%
artifacts.figure(
    figures.above_floor(table),
    "as_published_above_floor",
    **figures.above_floor_shown(table),
    **provenance,
)

# %%
Markdown(
    f"{sentences.tested(table)}\n\n{sentences.reading(table, used)}\n\n{sentences.spread_of_floors(table)}"
)

# %% [markdown]
# The executions of ours share their seeds over the data sets, so that the four spreads that are pooled are not quite independent. Holm's correction needs no independence between cells.
#
# ## Loss against epoch
#
# The study's figure of loss against epoch shows test losses. Here are the training losses that it saved, and ours. Bands: the spread of executions.

# %%
by_epoch = {
    "published": curves.by_epoch(published.rename(columns={"test": "unused"})),
    "ours": curves.by_epoch(ours),
}
artifacts.figure(
    figures.by_epoch(by_epoch, floor, "nelbo"),
    "as_published_epochs_nelbo",
    **figures.by_epoch_shown(by_epoch, "nelbo"),
    **provenance,
)

# %%
artifacts.figure(
    figures.by_epoch(by_epoch, floor, "weighted"),
    "as_published_epochs_weighted",
    **figures.by_epoch_shown(by_epoch, "weighted"),
    **provenance,
)

# %% [markdown]
# The study says of the weighted losses that they stabilise training and converge faster (section 4.2, as public summaries report it). Steadiness has a part that no network can help: each epoch has its own draws.

# %%
steady = {"published": curves.steadiness(published), "ours": curves.steadiness(ours)}
alone = curves.draws_alone(
    floor, {"published": grid.PROTOCOL.draws, "ours": used.draws}, measure.test
)
saved = artifacts.table(
    curves.of_networks(steady, alone),
    "as_published_steadiness",
    **curves.NETWORKS_SHOWN,
    **provenance,
)
means = curves.steady_table(steady, alone)
artifacts.table(means, "as_published_steady_means", **curves.STEADY_SHOWN, **provenance)

# %%
Markdown(f"{sentences.steadiness(means)}\n\n{sentences.steadier_by_draws(means)}")

# %% [markdown]
# ## Loss against time
#
# The study shows the rings for the NELBO and the waves for the weighted loss, at three epochs. An epoch of ours has fewer draws in a bin where the networks are scaled, so that its curves are rougher.

# %%
bin_floor = curves.floors_by_time(measure)
at_epochs = curves.at_epochs(times)
artifacts.figure(
    figures.by_time(study.bins_at_epochs(), at_epochs, bin_floor, "rings", "nelbo"),
    "as_published_times_nelbo",
    **figures.by_time_shown(study.bins_at_epochs(), at_epochs, "rings", "nelbo", used.executions),
    **provenance,
)

# %%
artifacts.figure(
    figures.by_time(study.bins_at_epochs(), at_epochs, bin_floor, "waves", "weighted"),
    "as_published_times_weighted",
    **figures.by_time_shown(
        study.bins_at_epochs(), at_epochs, "waves", "weighted", used.executions
    ),
    **provenance,
)

# %%
late = {
    "published": study.bins().rename(columns={"mean": "loss"}),
    "ours": curves.late_by_time(times),
}
peaks = curves.all_peaks(late, bin_floor)
saved = artifacts.table(peaks, "as_published_peaks", **curves.PEAKS_SHOWN, **provenance)
Markdown(sentences.peaks(peaks))

# %% [markdown]
# ## A variance of what?
#
# The study's figure "variance of the weighted loss" shows, for each bin of time, the variance *over epochs* of the mean loss of an epoch. Let $m_e$ be the expected loss of epoch $e$ in a bin, $V$ the variance of the loss of one draw there, and $n$ the number of draws. By the
# central limit theorem the recorded mean is about $m_e + \sqrt{V/n}\,\xi$ with $\xi \sim \N(0, 1)$. Its square is on average

# %% tags=["derivation"]
m, xi = symbol("m_e", "m_e"), symbol("xi", r"\xi")
V, n = symbol("V", positive=True), symbol("n", positive=True, integer=True)
d.chain(
    "recorded-square",
    Expectation((m + sp.sqrt(V / n) * xi) ** 2, Normal(xi, 0, 1)),
    (m**2 + V / n, "the mixed term is zero on average, and $\\E\\,\\xi^2 = 1$"),
)

# %% tags=["derivation"]
d.prose(
    "over-epochs",
    r"The variance over epochs is on average that of $m_e$ over epochs, and $V/n$ times $1 - 1/E$ with $E$ epochs.",
    r"Take the mean of the squares over epochs, and subtract the square of the mean over epochs, in which independent draws leave $V/(nE)$.",
    rests_on=["as-published/recorded-square"],
)

# %% [markdown]
# So it is not the variance of the loss, $V$, but a small part of that, and how far the loss moves: the fall in the first epochs, and what the weights do later. The words on the figure ask for $V$. Both are computed here: the study's definition, for its networks and ours; and $V$, for the exact denoiser and
# for a network of ours.

# %%
estimator = variances.estimator_variances(denoisers, measure)
spread = variances.variances(
    variances.variances_over_epochs(times), estimator, used.draws, grid.PROTOCOL.points
)
saved = artifacts.table(spread, "as_published_variances", **variances.SHOWN, **provenance)
artifacts.figure(
    figures.variances(spread, "rings"),
    "as_published_variances_rings",
    **figures.variances_shown(spread, "rings", measure.draws),
    **provenance,
)

# %%
settled = variances.settled_share(times, curves.SETTLED)
Markdown(sentences.variances(spread, settled, grid.PROTOCOL.points / study.BINS))

# %% [markdown]
# ## The rescaled losses
#
# The study's figure of rescaled losses "against epoch" is no training curve. Its code puts a new network at epoch 0, and at each later epoch evaluates the *same* final network of the weighted loss, with new times and noise. So one evaluation says it all, up to its own noise.

# %%
rescaled = curves.rescaled(denoisers, floor, measure)
artifacts.table(rescaled, "as_published_rescaled", **curves.RESCALED_SHOWN, **provenance)

# %%
Markdown(sentences.rescaled(rescaled))

# %% [markdown]
# ## Samples: four targets, and four samplers
#
# The study draws samples of $x$ and $\epsilon$ ancestrally, of $v$ by the deterministic rule, of $s$ by a walk of its own ([](15_sampling_steps)). A comparison of its samples compares a target and a sampler together. Here every network is sampled twice: by the study's sampler of its target, and by the deterministic one for all, with even steps of the log-SNR. On the rings a third rule stands
# between the two: the deterministic one at the study's times.

# %%
steps_of = {"own": measure.steps, "even": measure.even_steps}
sets = [
    (rule, n, samples.drawn(denoisers, rule, n, measure.samples)) for rule, n in steps_of.items()
]
rings = {key: denoiser for key, denoiser in denoisers.items() if key[0] == "rings"}
few = [
    (rule, n, samples.drawn(rings, rule, n, measure.samples))
    for rule in samples.RULES
    for n in samples.FEW
    if n != steps_of.get(rule)
]
shown = {key: denoiser for key, denoiser in rings.items() if key[2:] == ("nelbo", 1)}
many = [
    ("own", n, samples.drawn(shown, "own", n, measure.samples))
    for n in samples.STEPS
    if n > samples.FEW[-1] and n != steps_of["own"]
]
drawn = samples.table([*sets, *few, *many])
noise = samples.noise(measure)
from_samples = provenance | {"n": measure.samples, "tolerance": results.SAME_SAMPLES}
saved = artifacts.table(drawn, "as_published_samples", **samples.SETS_SHOWN, **from_samples)
artifacts.table(noise, "as_published_noise", **samples.noise_shown(measure.samples), **from_samples)

# %%
beside = samples.beside_printed(drawn, steps_of)
artifacts.table(
    beside,
    "as_published_moments",
    **samples.moments_shown(steps_of, measure.samples),
    **from_samples,
)

# %%
artifacts.figure(
    pictures.models(sets[0][2]),
    "as_published_samples_of_all",
    **pictures.models_shown(drawn, measure.steps, measure.samples),
    **from_samples,
)

# %%
swings = samples.swings(denoisers)
artifacts.table(swings, "as_published_swings", **samples.SWINGS_SHOWN, **from_samples)

# %%
Markdown(
    f"{sentences.same_sampler(drawn)}\n\n{sentences.away(drawn, swings)}\n\n"
    f"{sentences.within(beside, noise)}"
)

# %% [markdown]
# ### Few steps
#
# Where there is little signal a prediction of $\epsilon$ has to be divided by $\alpha_t$ to give one of $x$. After one step to the end the sample *is* about $\hat x$, so that its error is that of the network, times

# %% tags=["derivation"]
z = Abbreviation("z_t", alpha(t) * x + sigma(t) * eps)
d.chain(
    "one-step-eps",
    (z - sigma(t) * eps_hat) / alpha(t) - x,
    (sigma(t) / alpha(t) * (eps - eps_hat), "$x$ cancels"),
)

# %% tags=["derivation"]
v = Abbreviation("v", alpha(t) * eps - sigma(t) * x)
v_hat = symbol("v_hat", r"\hat v")
d.chain(
    "one-step-v",
    alpha(t) * z - sigma(t) * v_hat - x,
    (
        sigma(t) * (v - v_hat),
        "$x = \\alpha_t z_t - \\sigma_t v$, as $\\alpha_t^2 + \\sigma_t^2 = 1$",
    ),
    domain=VariancePreserving(alpha, sigma),
)

# %% tags=["derivation"]
delta = symbol("delta", r"\delta", positive=True)
d.chain(
    "amplified",
    sp.Limit(delta * sp.cos(sp.pi * delta / 2) / sp.sin(sp.pi * delta / 2), delta, 0),
    (
        2 / sp.pi,
        "at $t = 1 - \\delta$ the factor is $\\cot(\\pi\\delta/2)$, about $2/(\\pi\\delta)$",
    ),
    rests_on=["as-published/one-step-eps"],
)

# %%
Markdown(f"{sentences.amplified()} On the error of $v$ it is less than 1.")

# %%
of_steps = {n: found for rule, n, found in [*few, *many, *sets] if rule == "own"}
artifacts.figure(
    pictures.few_steps(of_steps),
    "as_published_few_steps",
    **pictures.few_steps_shown(of_steps),
    **from_samples,
)

# %%
artifacts.figure(
    pictures.against_steps(drawn, noise),
    "as_published_against_steps",
    **pictures.against_steps_shown(drawn),
    **from_samples,
)

# %%
Markdown(sentences.few(drawn))

# %% [markdown]
# ## The claims
#
# What the tables say of each claim, case by case. The words of the claims and their rules are in [](99_verdicts).

# %%
saved_tables = {name: artifacts.load(name) for claim in claims.CLAIMS for name in claim.tables}
Markdown(sentences.verdicts(claims.CLAIMS, saved_tables))

# %% [markdown]
# :::{admonition} Trap: a curve that is steady because it is averaged
# :class: warning
# A curve of losses varies from epoch to epoch by what an epoch draws. A loss that is nearly constant from draw to draw, or an epoch with more draws, gives a steadier curve for the same network. Whoever reads steadiness off a curve should first
# put a perfect denoiser in the place of the network: it is as steady as a curve of that loss can be expected to be.
# :::
#
# ## What this does and does not show
#
# - In the profile `standard` the networks are smaller than the study's and see fewer points; the first paragraph says by how much. What is alike was not put in by hand; what differs may be the scaling's.
# - The floors are for endless data. Our networks see 80,000 points, some of them several times.
# - A test that finds no difference does not show that there is none: the table says what each cell could have shown.
# - Executions are few. Their spread is of seeds alone: the data are the same.
# - Moments of samples say little where exact samples are as far from the data. The energy distance and the coverage see more, and are not the study's.
# - The values of the rescaled losses are read off a picture.
# - Our networks of $s$ are trained on the study's guarded target. One sampler for all takes that into account: it knows the guard, and the study's walk does not.
#
# :::{admonition} Exercise: one step
# :class: dropdown
# What does a perfect network give in the study's sampler of $s$ with one step, and in the deterministic one?
#
# *Solution.* The loop of $s$ makes one update fewer than it has steps, so with one step it makes none: the sample is the noise that it began with. The deterministic rule makes one step, to $\alpha_s \hat x + \sigma_s \hat\epsilon$ at the last time: about $\hat x$, and at the first time the best
# $\hat x$ is nearly the mean of the data. All samples are nearly one point: *collapse* is the right answer to the question that one step asks.
# :::
#
# ## Sources
#
# Protocol, losses and samplers are those of the published code of {cite:t}`kumar2025`. Ancestral and deterministic samplers: {cite:t}`ho2020` and {cite:t}`song2021ddim`. The correction for many cells at once is that of {cite:t}`holm1979`, the energy distance that of {cite:t}`szekely2013`, coverage that of {cite:t}`naeem2020`.
