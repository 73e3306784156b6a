"""Claims on the recipe at full length; all rules were written before one of its networks had ended."""

from __future__ import annotations

import numpy as np
import pandas as pd

from companion.chapters.full_length.results import ASKED, FALSE_ALARM, FREE, OWN
from companion.evidence.claims import Claim, Decision, Tables, Verdict, exceeds, listed
from companion.evidence.intervals import CONFIDENCE, POWER, in_words, interval

PLANNED = 8
"""Cells; while fewer are timed, how soon they are reached is undecided."""

EQUAL = 10.0
"""Percent: a test that could not see so small a difference leaves equality undecided."""


def as_the_study_saved(tables: Tables) -> Decision:
    """Cell by cell, whether the recipe ends where the study's executions end."""
    table = tables["full_length_losses"]
    cases = []
    for row in table.itertuples():
        if row.p < FALSE_ALARM:
            cases.append(Verdict.FAILS)
        else:
            cases.append(Verdict.HOLDS if row.least <= EQUAL else Verdict.UNDECIDED)
    words = ", ".join(
        f"{r.dataset} {r.target} {r.objective} {r.ratio:.3f}" for r in table.itertuples()
    )
    return Decision(f"ours over published: {words}", cases)


def as_much_sooner(table: pd.DataFrame, kind: str) -> Decision:
    """Whether the geometric mean over cells is what was asked; a cell that was never reached fails it."""
    ratios = table.loc[(table["kind"] == kind) & table["ended"], "ratio"]
    if len(ratios) < PLANNED:
        known = ratios.dropna()
        sizes = in_words(interval(np.log(known))) if len(known) > 1 else "no interval"
        words = f"{len(ratios)} of {PLANNED} cells are timed, {len(known)} reached: {sizes}"
        return Decision(words, [Verdict.UNDECIDED])
    if ratios.isna().any():
        missed = int(ratios.isna().sum())
        return Decision(f"not reached in {missed} of {len(ratios)} cells", [Verdict.FAILS])
    found = interval(np.log(ratios))
    case = exceeds(found.mean - float(np.log(ASKED[kind])), found.reach)
    words = f"times sooner, geometric mean of {len(ratios)} cells: {in_words(found)}"
    return Decision(f"{words}; least {ratios.min():.3g}", [case])


RULE = (
    f"by the {CONFIDENCE:.0%} interval of the mean logarithm over cells (Student's t), all of it on one side "
    f"of it; undecided where it is inside, and while fewer than {PLANNED} cells are timed; a cell "
    f"that is not "
    "reached fails it; fixed before one network of the recipe had ended, but that large networks "
    "were then cut "
    "from two seeds to one, which is easier to pass, when the first cells had been timed"
)

MEASURE = (
    "CPU time of the recipe's steps over that of ours, one network alone on one thread, up to the first of "
    "doubled budgets whose worst seed is as near to the exact floor (excess of the bound between log-SNRs of "
    "-12 and 12, same points); planned are eight cells, each target under each objective once"
)

CLAIMS: tuple[Claim, ...] = (
    Claim(
        name="recipe-ends-where-the-study-does",
        statement="The study's recipe, written out anew and trained at its full length, ends with the "
        "training losses that the study saved.",
        stated="nobody: it is what its saved results and its recipe have in common, if both are read rightly",
        measure="Mean training loss of the last epochs, one network in each of eight cells, against three "
        "executions of the study, as logarithms.",
        threshold=f"does not hold where Student's t test with the study's pooled spread rejects equality "
        f"({FALSE_ALARM:.0%} for all cells, Holm); holds where it does not and would see {EQUAL:g} % with a "
        f"chance of {POWER:.0%}, else undecided; fixed before one network had ended",
        tables=("full_length_losses",),
        decide=as_the_study_saved,
    ),
    Claim(
        name="own-network-sooner",
        statement="With the recipe's own network and target, but with the bound as weight, levels "
        "even in the "
        f"log-SNR, smaller batches, a falling rate and averaged weights, its final quality is reached in "
        f"1/{ASKED[OWN]:g} of its time.",
        stated="nobody: it is a goal of this project",
        measure=MEASURE,
        threshold=f"holds if the ratio is above {ASKED[OWN]:g}, {RULE}",
        tables=("full_length_sooner",),
        decide=lambda tables: as_much_sooner(tables["full_length_sooner"], OWN),
    ),
    Claim(
        name="free-network-sooner",
        statement="With a small network of $v$ under the bound, the recipe's final quality is reached in "
        f"1/{ASKED[FREE]:g} of its time.",
        stated="nobody: it is a goal of this project",
        measure=MEASURE,
        threshold=f"holds if the ratio is above {ASKED[FREE]:g}, {RULE}",
        tables=("full_length_sooner",),
        decide=lambda tables: as_much_sooner(tables["full_length_sooner"], FREE),
    ),
)


def verdicts(tables: Tables) -> str:
    """Every claim and its verdict, as a list; of the tables that the claims read, by name."""
    return listed(CLAIMS, tables)
