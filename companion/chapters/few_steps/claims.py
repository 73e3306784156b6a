"""Claims on samples after few evaluations, by target and sampler.

All rules were written, and committed, before a sample of these networks was drawn by any sampler but those of
chapters 18 and 19: in chapter 19 the same networks of eps and v were seen at 10, 20 and 50 steps of DDIM,
equal in time. The claim on Heun's steps was derived before it was measured. When the rules had been applied
once, to 500 samples of each network, their number was cut to 300 to save time, and nothing else changed: of
58 cases two that had been undecided were decided then.
"""

from __future__ import annotations

from companion.chapters.few_steps.comparisons import (
    AGAINST_V,
    AGAINST_X,
    BY_HEUN,
    MENDED,
    OTHER_SOLVERS,
    TWO_GRIDS,
)
from companion.chapters.few_steps.grid import datasets
from companion.chapters.few_steps.results import FEW
from companion.evidence.claims import Claim, Decision, Tables, Verdict, listed
from companion.evidence.intervals import CONFIDENCE
from companion.profiles import STANDARD


def of_question(tables: Tables, question: str) -> Decision:
    """The cases of a question, in words."""
    table = tables["few_tests"]
    rows = table[table["question"] == question]
    words = []
    for name, block in rows.groupby("dataset", sort=False):
        listed = "; ".join(
            f"{r.case} {r.value:.3g} ({r.least:.3g} to {r.most:.3g})" for r in block.itertuples()
        )
        words.append(f"{name}: {listed}")
    return Decision(
        f"factors (with the {CONFIDENCE:.0%} interval of each alone). {'. '.join(words)}",
        [Verdict(verdict) for verdict in rows["verdict"]],
    )


DATA = f"(data: {', '.join(datasets(STANDARD))})"

OURS = "on networks of ours under the bound, without guards, all else equal"

HOLM = (
    "by Student's t test of the mean paired logarithm over seeds, "
    f"{1 - CONFIDENCE:.0%} for all cases of a data set together (Holm); undecided where it is not "
    "significant; fixed before a sample was drawn by these samplers, but the same networks of $\\epsilon$ "
    "and $v$ had been seen in 10 to 50 steps of DDIM (chapter 19). When the rule had been applied once, the "
    "samples of each network were cut from 500 to 300, to save time: two of all 58 cases, undecided before, "
    "were decided then"
)

SAMPLERS = f"{', '.join(OTHER_SOLVERS)}; steps equal in {' and in '.join(TWO_GRIDS)}"

EACH = (
    f"by {', '.join(OTHER_SOLVERS[:-1])} and {OTHER_SOLVERS[-1]}, with steps equal in "
    f"{' and in '.join(TWO_GRIDS)}, each"
)
"""DDIM and the third grid are left out: see `sentences.left_out`."""

CLAIMS: tuple[Claim, ...] = (
    Claim(
        name="eps-poorer-than-v-by-every-sampler",
        statement=f"With {FEW} evaluations samples of networks of $\\epsilon$ are farther from exact ones "
        f"than those of $v$, {EACH} {DATA}.",
        stated="nobody: public summaries of the study say that $\\epsilon$ is poor at few steps and that $v$ "
        f"keeps structure; chapters 18 and 19 judge it for the study's samplers and for DDIM; this asks for "
        f"the others, {OURS}",
        measure="sliced distance to samples of the exact denoiser in many steps from the same noise, "
        f"$\\epsilon$ over $v$, paired by seed; {SAMPLERS}",
        threshold=f"holds where a ratio is above 1, does not hold where it is below, {HOLM}",
        tables=("few_tests",),
        decide=lambda tables: of_question(tables, AGAINST_V),
    ),
    Claim(
        name="eps-poorer-than-x-by-every-sampler",
        statement=f"With {FEW} evaluations samples of networks of $\\epsilon$ are farther from exact ones "
        f"than those of $x$, {EACH} {DATA}.",
        stated="nobody: public summaries of the study say that $\\epsilon$ is poor at few steps and that $x$ "
        f"and $v$ keep structure; {OURS}",
        measure=f"as for `eps-poorer-than-v-by-every-sampler`, over $x$; {SAMPLERS}",
        threshold=f"holds where a ratio is above 1, does not hold where it is below, {HOLM}",
        tables=("few_tests",),
        decide=lambda tables: of_question(tables, AGAINST_X),
    ),
    Claim(
        name="x-breaks-by-heun-in-time",
        statement="By few of Heun's steps equal in time samples of networks of $x$ are farther from exact "
        f"ones than those of $v$ {DATA}.",
        stated="nobody: it follows from the division by $\\sigma$ at the clean end, as the failure of "
        f"$\\epsilon$ does from that by $\\alpha$ at the noisy one; {OURS}",
        measure=f"sliced distance as above, $x$ over $v$, paired by seed; up to {FEW} evaluations",
        threshold=f"holds where a ratio is above 1, does not hold where it is below, {HOLM}",
        tables=("few_tests",),
        decide=lambda tables: of_question(tables, BY_HEUN),
    ),
    Claim(
        name="eps-poor-by-its-first-step",
        statement="More than half of what $\\epsilon$ is poorer than $v$ (of the logarithm of the "
        "ratio of distances), with few steps equal in time, is "
        f"made by the first prediction of $x$, for which networks of $\\epsilon$ divide by $\\alpha$ {DATA}.",
        stated="nobody: the study, in a note of its notebook and public summaries, only says that it is "
        f"poor; {OURS}",
        measure="sliced distance from the exact denoiser's samples by the same chain, $\\epsilon$ over $v$, "
        "with the mean of the data for the first prediction of $x$, in both; the square root of the ratio "
        f"without, over that with, paired by seed; each sampler, {FEW} evaluations",
        threshold="holds where that is above 1, does not hold where it is below, undecided where $\\epsilon$ "
        f"is not poorer in the mean; {HOLM}",
        tables=("few_tests",),
        decide=lambda tables: of_question(tables, MENDED),
    ),
)


def verdicts(tables: Tables) -> str:
    """Every claim and its verdict, as a list.

    Args:
        tables: those that the claims read, by name.
    """
    return listed(CLAIMS, tables, f" {DATA}")
