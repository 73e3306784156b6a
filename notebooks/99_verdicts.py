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
# # Verdicts
#
# **Question.** Which claims of the study hold?
#
# **Assumed.** Each claim is put in our words, with who says it and where. *Summary* means a public summary of the paper,
# since only its abstract and introduction were available; *README* is that of its published code. A few statements are the
# study's only by implication, and are marked *nobody*: they are what a reader takes from a table, or a
# question of ours on other data.
#
# **Method.** Each claim has a rule: what is measured, and which outcome gives which verdict. The verdict is computed by that
# rule from the tables that the chapters saved and from the study's published ones. A claim about several data sets or targets is
# judged case by case, and its verdict counts the cases. *Undecided* means that chance, or something other than what the claim
# is about, can explain the numbers. The rules are ours, and were revised when a first version of this page was known: that version
# had no *undecided*, took no notice of samplers, and had dropped an upper limit of 130 % on the guard's share.
#
# Three things decide what these numbers can show.
#
# - *Guard.* A difference is *an effect of the guard* if a perfect denoiser, put into the published losses, shows most of it (the claim says how much):
#   learning is not needed to explain it. Where it shows more than all of it, learning changed the difference with the opposite sign:
#   the networks made it smaller. That is still the guard's difference, and no evidence for what was learnt.
# - *Samplers.* The study draws samples of $v$ by a deterministic rule, of $x$ and $\epsilon$ by ancestral steps, of $s$ by Langevin-like
#   steps. Samples of two such targets differ in two things at once, so they decide nothing about targets. [](15_sampling_steps) puts
#   perfect networks into these samplers.
# - *Chance.* Moment distances of 2,000 samples are not zero for exact samples either ([](05_published_numbers) measures by how much).
#   FIDs are one run each.

# %% tags=["parameters"]
profile = "standard"

# %%
from functools import partial

from IPython.display import Markdown

from companion import study
from companion.discovery import discover
from companion.evidence.artifacts import Artifacts, load_table
from companion.evidence.claims import decide_all

artifacts = Artifacts("99_verdicts", profile)
claims = [c for module in discover("companion.chapters.*.claims") for c in module.CLAIMS]
verdicts = decide_all(claims, partial(load_table, profile=profile), study.table)

# %% [markdown]
# ## The verdicts

# %%
artifacts.table(
    verdicts,
    "verdicts",
    caption="Every claim that the chapters so far can judge. How each is measured, and what was measured, follows below.",
    columns={"statement": "claim", "stated": "said by", "verdict": "verdict"},
)

# %% [markdown]
# ## How each was decided


# %%
def described(row):
    read = [f"`{name}`" for name in row.tables.split()]
    read += [f"the study's `{name}`" for name in row.published.split()]
    return (
        f"**{row.statement}**\n: *Said by:* {row.stated}.\n\n  *Measure:* {row.measure}\n\n"
        f"  *Rule:* {row.threshold}.\n\n  *Measured:* {row.measured}.\n\n"
        f"  *Verdict:* **{row.verdict}**. From: {', '.join(read)}."
    )


Markdown("\n\n".join(described(row) for row in verdicts.itertuples()))

# %% [markdown]
# ## What these verdicts leave open
#
# The study's claims on stability in training and on convergence are judged on its saved curves and on networks of ours under its protocol, in the profile `standard` with smaller ones
# ([](18_as_published)). Its claims on its own samples are decided only where two sets were drawn by one sampler. Its 2-D networks are judged on a
# common unguarded scale in [](13_one_scale), as they were trained, under guards; what networks would be under others, or none, is judged in [](14_exchanged_guards) and [](19_equal_footing) for networks of our own. The verdict on the likelihood of images is for small digits, and is none on CIFAR-10.
#
# :::{admonition} Trap: a verdict that cannot change
# :class: warning
# A table of verdicts that is typed agrees with its author for ever. Here the thresholds are data, and the tests
# hand each rule tables just inside and just outside each of them, and check each outcome: for the two claims on samples by giving all
# targets one sampler, which the study does not, so that no number in its table could decide the claim on $v$. In the first
# version of this page *holds in part* stood for 0 of 8 cases and for 15 of 16.
# :::
#
# ## Sources
#
# {cite:t}`kumar2025`, and its published code and saved results as [](05_published_numbers) lists them.
