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
# # What to use
#
# **Question.** Which target, which weighting, which noise levels, which sampler and how many steps: for likelihood, for samples, for few steps, and for likelihood and samples both?
#
# **Assumed.** What the other chapters measured. Nothing is trained here, and nothing measured: this page reads their tables.
#
# **Method.** Advice by rule. A *family* is what was measured alike: the targets under one weighting, say, on one data set. In a family a candidate is *told to be worse* if any other is better by Welch's test {cite:p}`welch1947` at 5 %, all pairs of the family together by Holm's rule {cite:p}`holm1979`.
# The page advises whatever no family calls worse, and names no winner among those. What is told to be worse is shown by unit (corrected after a review, when the results were known: factors of bits per pixel and of nats had been compared with each other). Change a table, and the advice changes. The tables were known when the rules were written: so this is a reading of the evidence, and no new test of it. Claims are judged in [](99_verdicts).

# %% tags=["parameters"]
profile = "standard"

# %%
from IPython.display import Markdown

from companion import profiles
from companion.chapters.what_to_use import families, figures, results, rules, sentences, trust
from companion.evidence import style
from companion.evidence.artifacts import Artifacts
from companion.evidence.manifest import read_manifest

style.use()
artifacts = Artifacts("24_what_to_use", profile)
tables = {
    "equal_totals": artifacts.load("equal_totals"),
    "equal_tests": artifacts.load("equal_tests"),
    "equal_floors": artifacts.load("equal_floors"),
    "equal_variants": artifacts.load("equal_variants"),
    "digits_nelbo": artifacts.load("digits_nelbo"),
    "digits_by_budget": artifacts.load("digits_by_budget"),
    "sampling_densities": artifacts.load("sampling_densities"),
    "solver_orders": artifacts.load("solver_orders"),
    "few_steps": artifacts.load("few_steps"),
    "few_tests": artifacts.load("few_tests"),
    "few_at_nine": artifacts.load("few_at_nine"),
    "nelbo_gaps": artifacts.load("nelbo_gaps"),
    "flow_likelihoods": artifacts.load("flow_likelihoods"),
}
made = read_manifest(profile)
found = results.evidence(
    tables,
    samples=made["few_steps"]["n"],
    seeds=len(made["sampling_densities"]["seeds"]),
)

# %% [markdown]
# ## The advice

# %%
advice, shown = results.advice(found), results.ADVICE_SHOWN
caption = results.advice_caption(tables["equal_totals"], tables["digits_nelbo"])
artifacts.table(advice, "what_to_use", caption=caption, **shown, tolerance=0.05)

# %% [markdown]
# *Bound*: weight 1 on the squared error of $\epsilon$ in the log-SNR, the NELBO. *$y$-MSE*: the plain squared error of $y$ at uniform times on the cosine schedule; that of $v$ is also the loss of rectified flow on straight lines ([](08_weightings)).

# %%
Markdown(f"{sentences.counted(found)} {sentences.seen_at_all(tables)}")

# %%
seeds, images = made["equal_totals"]["seeds"], tables["digits_nelbo"]["seed"].nunique()
artifacts.figure(
    figures.candidates(found),
    "what_to_use_candidates",
    **figures.candidates_shown(found, len(seeds), images),
    seeds=seeds,
    n=made["equal_totals"]["n"],
    tolerance=0.05,
)

# %% [markdown]
# ## For likelihood

# %%
Markdown(sentences.goal(found, families.LIKELIHOOD))

# %%
Markdown(f"{sentences.longer(tables)} {sentences.in_time(tables)} {sentences.single(tables)}")

# %% [markdown]
# ## For samples

# %%
Markdown(sentences.goal(found, families.SAMPLES))

# %%
Markdown(f"{sentences.floors(tables)} {sentences.by_energy(tables, found)} {sentences.within()}")

# %% [markdown]
# ## For few steps
#
# Corrected after a review, when the results were known. The page had advised samplers and 64 steps or more by the width of exact clusters alone, and had named another sampler than the one that [](19_equal_footing) compares targets with at few steps. Now the page looks at no more steps than targets were compared at, and advises nothing by that width. The tests of [](26_few_steps) were added later, when they were known.

# %%
Markdown(sentences.compared(tables))

# %%
Markdown(sentences.goal(found, families.FEW))

# %%
Markdown(sentences.measured(found))

# %% [markdown]
# Two grids put their steps in different places. On the cosine schedule:

# %% tags=["derivation"]
import sympy as sp

from companion.derivation import Abbreviation, Derivation
from companion.derivation.vocabulary import symbol

d = Derivation("what-to-use", title="What to use")
lam = symbol("lam", r"\lambda")
at = Abbreviation(r"t_\lambda", 2 / sp.pi * sp.atan(sp.exp(-lam / 2)))

d.chain(
    "time-of-level",
    2 * sp.log(sp.cos(sp.pi * at / 2) / sp.sin(sp.pi * at / 2)),
    (lam, "the tangent of $\\frac{\\pi}{2} t_\\lambda$ is $e^{-\\lambda/2}$"),
)

# %% [markdown]
# So of steps even in time the share $t_\lambda$ lies above the log-SNR $\lambda$, where it falls like $\frac2\pi e^{-\lambda/2}$; of steps even in the log-SNR between $-12$ and $12$ it is $(12 - \lambda)/24$. Where data are clean a grid in time has hardly a step left. A grid in the log-SNR spends most of its steps at both ends, and few steps are then long in between.
#
# ## For both

# %%
Markdown(f"{sentences.both(found)}\n\n{trust.pairs(tables, found)}")

# %% [markdown]
# ## In code
#
# The loss for likelihood: change one line for another target, weighting or density of levels. Two steps of training, the bound, and samples:

# %%
import torch

import diffcore as dc

schedule = dc.schedules.Cosine()
even = dc.times.Stratified(dc.times.UniformLogSNR(-12.0, 12.0))  # levels even in the log-SNR
loss = dc.Loss(schedule, target=dc.EPS, weighting=dc.weightings.Elbo(), times=even)

generator = torch.Generator().manual_seed(0)
layer = torch.nn.Linear(3, 2)  # your network, called as net(z, t)
net = lambda z, t: layer(torch.cat([z, t[:, None]], 1))  # noqa: E731
optimiser = torch.optim.Adam(layer.parameters(), lr=1e-3)
x = torch.randn(256, 2, generator=generator)  # your data, (batch, ...)
for _ in range(2):
    terms = loss(net, x, generator)  # (batch,), nats
    optimiser.zero_grad()
    terms.mean().backward()
    optimiser.step()

with torch.no_grad():
    denoiser = dc.NetDenoiser(net, schedule, dc.EPS)
    bound = dc.nelbo(denoiser, x, generator)  # prior, reconstruction, diffusion, each (batch,)
    solver, grid = dc.samplers.DPMSolver2M(), dc.samplers.UniformLogSNR()
    samples = dc.sample(denoiser, (8, 2), 32, generator, solver, grid)
assert bound.total.shape == (256,)
assert samples.shape == (8, 2)

# %%
Markdown(
    sentences.chosen(found, "eps", "bound", families.IN_LOG_SNR, "DPM-Solver++(2M), log-SNR", 32)
)

# %% [markdown]
# For $v$ and the flow weighting, levels even in time: `dc.Loss(schedule, dc.V, dc.weightings.Native(dc.V), dc.times.Stratified(dc.times.Uniform()))`. For EDM's weighting: `dc.catalogue.EDM()`.
#
# ## How far the rule can be trusted

# %%
candidates, runs = 10, len(seeds)
trials = profiles.get(profile).pick(quick=200, standard=2_000, paper=20_000)
asked = trust.together(found)
alarms = rules.false_alarms(candidates, runs, trials, families=max(asked.values()))
Markdown(f"{trust.paired(tables, found)} {sentences.pilot(tables)}")

# %% [markdown]
# :::{admonition} Trap: tests against the winner
# :class: warning
# It is tempting to test each candidate against the one whose mean is least. But the data chose that one, for its luck too: even among equals the least mean looks better than most. The rule here tests all pairs at once, so it may choose whom it likes.
# :::

# %%
Markdown(trust.alarms(alarms, candidates, runs, asked))

# %% [markdown]
# ## What is not known
#
# - **Size.** The networks are small, their training is short, and the digits have few pixels. What is told here may be untrue of larger ones. What longer training changes on the 2-D data is in [](23_full_length).
# - **Targets and weightings together.** Targets are compared under the bound, weightings with $v$. The best of each need not be the best pair, and where pairs were trained some are told to be worse: those are named under *both*.
# - **Levels and weightings together.** All of those networks drew their levels evenly in the log-SNR. The page advises other levels for some weightings, since these need fewer examples; that networks then learn better was tried for the bound alone.
# - **Few steps.** The rule reads paired tests of two of $x$, $\epsilon$ and $v$ under the bound; $x$ and $v$ were compared by Heun's method in time alone. No test of $s$, of other weightings or of two samplers was made: [](26_few_steps) shows what they do, without a test, and names the chains that are left out. Samplers were compared on clusters and a Gaussian, for which a solver's error can cancel by luck ([](15_sampling_steps)).
# - **Samples.** They are distances in the plane. Of images nobody here has measured a sample: no FID, no eye.
# - **Likelihood.** It is that of held-out points between two log-SNRs, or of digits. Overfitting, which stops long training on small data, is its own subject ([](06_small_images)).
# - **Schedules.** All networks have the cosine schedule. Under the bound a learned schedule changes the variance and the ends alone ([](08_weightings)), but it was not trained.
# - **Not tried at all:** guidance, conditioning, latent spaces, text, distillation, consistency models, other architectures, a learning rate tuned for each objective.
# - **Weightings for a purpose.** Those of the page were published for other reasons. Such as are derived from what errors do to samples, and such as change in training, are in [](25_weightings_from_kernels); the rule does not read them.
# - **Guards.** Nothing here is for losses with a constant in a denominator: [](14_exchanged_guards).
#
# :::{admonition} Exercise: a third distance
# :class: dropdown
# `equal_totals` also has the study's distance of covariances. What does the rule advise for samples, if they are judged by it? Then make up a purpose of your own, say the mean rank of three metrics: what do you have to know beside its mean?
#
# *Solution.* Replace `"sliced"` by `"covariance"` in `families.of_networks(tables["equal_totals"], "samples", "covariance")`, and ask `results.advised` of it. For a purpose of your own, its value for each seed: the table has means and intervals of single metrics, and these do not say how the metrics of one seed go together.
# :::

# %% tags=["solution"]
import pandas as pd

other = families.of_networks(tables["equal_totals"], families.SAMPLES, "covariance")
judged = pd.concat(other, ignore_index=True)
lines = [sentences.bullet(judged, families.SAMPLES, choice) for choice in ("target", "weighting")]
Markdown("\n".join(lines))

# %% [markdown]
# ## Sources
#
# The evidence is that of the chapters that are linked. The weightings are of {cite:t}`kingma2023` (sigmoid), {cite:t}`hang2023` (Min-SNR), {cite:t}`karras2022` (EDM) and {cite:t}`esser2024` (flow with logit-normal times), the samplers of {cite:t}`song2021ddim`, {cite:t}`lu2022plus` and {cite:t}`karras2022`; the objectives without guards are those of {cite:t}`kumar2025`.
