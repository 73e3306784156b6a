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
# # What metrics of samples see
#
# **Question.** A set of samples is judged by a number. Which defects does that number see, and from which strength on? And how large is it
# for samples without any?
#
# **Assumed.** The study's clusters and rings as exact mixtures, so that perfect samples can be drawn, and so that each defect can be made on purpose and of any
# strength. The data have mean 0 and variance 1 in each coordinate.
#
# **Method.** Draw many sets of exact samples: what they score is the *noise floor*. Give samples one defect, and count how often a metric leaves its floor: that is its
# *power*. The study judges its 2-D samples by two distances, of the mean and of the covariance. They stand beside twelve others.

# %% tags=["parameters"]
profile = "standard"

# %%
import torch
from IPython.display import Markdown

from companion import profiles
from companion.chapters.metrics import figures, results, sentences
from companion.evidence import style
from companion.evidence.artifacts import Artifacts

torch.set_num_threads(1)  # the same sums in the same order, whatever the machine is doing
style.use()
artifacts = Artifacts("20_metrics", profile)
active = profiles.get(profile)
budget = active.pick(quick=results.QUICK, standard=results.STANDARD, paper=results.PAPER)

# %% tags=["derivation"]
from companion.derivation import Derivation, Expectation, Normal
from companion.derivation.vocabulary import eps, symbol, x

d = Derivation("metrics", title="What metrics of samples see")

# %% [markdown]
# ## Two numbers cannot tell laws apart
#
# Blur data of mean 0 by noise of deviation $r$, and their variance grows by its square:

# %% tags=["derivation"]
tau, r = symbol("tau", r"\tau", positive=True), symbol("r", positive=True)
d.chain(
    "blur",
    Expectation((x + r * eps) ** 2, Normal(x, 0, tau**2), eps),
    (tau**2 + r**2, "the noise is independent of the data"),
)

# %% [markdown]
# So a covariance sees $r^2$, and a blur of a tenth changes it by a hundredth. Worse, some defects leave both moments as they are. Here are two laws of mean 0 and variance
# $\tau^2$, a Gaussian and two points at $\pm\tau$. They share the first two moments, and the third; the fourth tells them apart:

# %% tags=["derivation"]
d.chain(
    "fourth-moment",
    Expectation(x**4, Normal(x, 0, tau**2)) - tau**4,
    (
        2 * tau**4,
        "the fourth moment of a Gaussian is $3\\tau^4$, that of two points at $\\pm\\tau$ is $\\tau^4$",
    ),
)

# %% [markdown]
# ## The defects
#
# Six things that may be wrong with samples. Each has a strength, and strengths are halved step by step.

# %%
strength = 0.5
artifacts.figure(
    figures.defects(strength),
    "metrics_defects",
    **figures.defects_shown(strength),
    seeds=[3],
    n=500,
)

# %% [markdown]
# ## The metrics, and their floors
#
# - *Mean* and *covariance*: the study's two distances, from the moments of 200,000 exact samples, as are the shares and levels below.
# - *Sliced* and *exact $W_2$*, *energy distance*, *MMD* (maximum mean discrepancy, Gaussian kernel): distances of whole laws. They are zero for equal laws only.
# - *Jensen-Shannon*: of the histogram, against the exact shares of its cells.
# - *Precision*, *recall*, *density*, *coverage*: by balls around data or samples that reach to a near neighbour.
# - *Mode weights*: the largest error of the share of a mode.
# - *Mean log-density* and *off-manifold mass*: of samples under the exact law, which only a book with exact laws can have.
#
# A metric is not zero for perfect samples:

# %%
exact_of = {name: results.exact_sets(name, budget) for name in results.DATASETS}
floor = results.floors(exact_of)
provenance = {"seeds": [0, 1], "n": budget.samples}
artifacts.table(floor, "metrics_floors", **results.floors_shown(budget), **provenance)

# %% [markdown]
# ## What each sees

# %%
powers = results.power(floor, budget)
weak = results.weakest(powers)
saved = artifacts.table(weak, "metrics_weakest", caption="Weakest strengths seen.", **provenance)
artifacts.figure(figures.seen(weak), "metrics_seen", **figures.seen_shown(weak), **provenance)

# %%
artifacts.table(
    results.side_by_side(weak),
    "metrics_side_by_side",
    **results.seen_shown(budget),
    **provenance,
)

# %%
Markdown(sentences.how_sure(budget.sets))

# %%
Markdown(sentences.first_to_see(weak))

# %%
Markdown(sentences.blind(weak))

# %% [markdown]
# ## The study's table, read with its floor

# %%
sets = active.pick(quick=20, standard=400, paper=4_000)
cells = results.printed_cells(sets)
shown = results.cells_shown(sets)
artifacts.table(cells, "metrics_printed", **shown, seeds=[2], n=results.SAMPLES)

# %%
Markdown(sentences.printed(cells))

# %% [markdown]
# :::{admonition} Trap: the smallest number wins
# :class: warning
# Of several sets of perfect samples one has the smallest distance, and it is no better than the others. A ranking by a metric whose values are within its floor ranks noise.
# :::
#
# ## What this does and does not show
#
# - Power depends on how many samples are judged: it is of the number in the captions. With more of them floors fall and weaker defects are seen. The study judges more samples than are judged here,
#   but in the last table, whose floors are for its number.
# - The bandwidth of the kernel, the number of neighbours, the cells of the histogram are one choice each. Others see other scales.
# - Each defect comes alone. Samples of networks have several at once, and not these exactly.
# - A metric that sees a defect sooner is not better for all purposes: a person may not mind what it sees.
#
# :::{admonition} Exercise: which defect has no effect on the mean, whatever its strength?
# :class: dropdown
# On the clusters, which of the six defects leave the mean of the law as it is? Which of these leave its covariance too?
#
# *Solution.* Blurred (the noise has mean 0), thinned (each mode keeps its centre) and strays (the box is symmetric, and so are the clusters) leave the mean, and so do copies, each of which is from the same law. Only copies leave the covariance too. A blur adds $r^2$ to each variance, as above. Thinning takes from the spread within modes. Strays in a box that reaches $b$ to each side have variance $b^2/3$, and the $b$ of the figure makes that more than the 1 of the data. (A shift leaves the covariance, but not the mean.) Copies leave the law: but of few originals the covariance of a set is smaller on
# average, none of one, and the scatter of both moments grows, since fewer points are independent.
# :::
#
# ## Sources
#
# Precision and recall by neighbours: {cite:t}`kynkaanniemi2019`; density and coverage: {cite:t}`naeem2020`; the energy distance: {cite:t}`szekely2013`; the maximum mean discrepancy:
# {cite:t}`gretton2012`. The printed distances are those of {cite:t}`kumar2025`.
