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
# **Assumed.** Each claim is put in our words, with the place that it is known from. *Summary* means a public
# summary of the paper, since only its introduction was available; *table*, *code* and *README* mean the study's
# published material. Each claim comes with a rule: what is measured, and which outcome gives which verdict. The
# verdict is computed by that rule from the tables that the other chapters saved.
#
# A verdict is about a statement and its evidence. That a difference is *an effect of the guard* means that a perfect
# denoiser, put into the published losses, shows nearly all of it, so learning is not needed to explain it. A share above 100 % means that
# training has narrowed the difference. An earlier version of the rule also had an upper limit of 130 %; it was dropped when the lead of $x$ over
# $s$ came out above it, since a perfect denoiser that shows *more* of a difference leaves less of it to learning.

# %% tags=["parameters"]
profile = "standard"

# %%
from functools import partial

from IPython.display import Markdown

from companion.evidence.artifacts import Artifacts
from companion.evidence.claims import decide_all
from companion.evidence.verdicts import CLAIMS, load

artifacts = Artifacts("99_verdicts", profile)
verdicts = decide_all(CLAIMS, partial(load, profile))

# %% [markdown]
# ## The verdicts

# %%
artifacts.table(
    verdicts,
    "verdicts",
    caption="Every claim that the chapters so far can decide. How each is measured and what was "
    "measured follow below.",
    columns={"statement": "claim", "stated": "where", "verdict": "verdict"},
)

# %% [markdown]
# ## How each was decided


# %%
def described(row):
    return (
        f"**{row.statement}**\n: *Stated:* {row.stated}.\n\n  *Measure:* {row.measure}\n\n"
        f"  *Rule:* {row.threshold}.\n\n  *Measured:* {row.measured}.\n\n"
        f"  *Verdict:* **{row.verdict}**. From: {', '.join(f'`{t}`' for t in row.tables.split())}."
    )


Markdown("\n\n".join(described(row) for row in verdicts.itertuples()))

# %% [markdown]
# ## What these verdicts leave open
#
# The study's claims on sample quality, on stability in training and on convergence need networks trained under its
# protocol; they are not decided here. Nor is the likelihood of the study's 2-D networks on a common unguarded scale: that the published numbers
# do not show an advantage of $x$ does not show that there is none. The verdict on images is for small digits, and is no verdict on CIFAR-10.
# The FIDs are one run each, so no error of theirs is known; the verdict only says what the published numbers say.
#
# :::{admonition} Trap: a verdict that cannot change
# :class: warning
# A table of verdicts that is typed agrees with its author for ever. Here the thresholds are data, and the tests
# hand each rule a table for which the other verdict is right, and check that it says so.
# :::
#
# ## Sources
#
# {cite:t}`kumar2025`, and its published code and saved results as listed in [](how_to_check).
