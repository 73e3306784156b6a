"""Families of targets after few steps, from paired tests of two each."""

from __future__ import annotations

import numpy as np
import pandas as pd

from companion import study
from companion.chapters.what_to_use.families import (
    COMPARED_WITH,
    EVIDENCE,
    FEW,
    KEYS,
    TARGET,
    UNITS,
)
from companion.chapters.what_to_use.rules import Status
from companion.evidence import style
from companion.evidence.distances import BROKEN
from companion.evidence.intervals import CONFIDENCE

PAIRS = {"eps over v": ("v", "eps"), "eps over x": ("x", "eps"), "x over v by Heun": ("v", "x")}
"""Of which targets the questions of ``few_tests`` are, the one below the line first."""


def broken(chains: pd.DataFrame) -> set[tuple[str, str]]:
    """Data set and chain, as ``few_tests`` calls it, of those in ``few_at_nine`` that are `BROKEN`."""
    far = chains[chains["exact"] > BROKEN]
    return {(str(row.dataset), f"{row.solver}, {row.grid}") for row in far.itertuples()}


def compared(tests: pd.DataFrame, by_solver: pd.DataFrame, chains: pd.DataFrame) -> pd.DataFrame:
    """The paired tests that are read, with ``how`` the samples were made and the ``chapter``.

    Args:
        tests: ``equal_tests``, of which those of v and eps after few steps.
        by_solver: ``few_tests``, of which those of two targets by chains that are not `broken`.
        chains: ``few_at_nine``.
    """
    few = tests[tests["question"] == "few steps"]
    how = COMPARED_WITH + ", " + few["case"].astype(str) + " steps"
    few = few.assign(question="eps over v", how=how, chapter="19_equal_footing")
    far = broken(chains)
    sound = np.array([(row.dataset, row.case) not in far for row in by_solver.itertuples()], bool)
    more = by_solver[by_solver["question"].isin(list(PAIRS)) & sound]
    how = more["case"].where(~more["question"].str.endswith("by Heun"), "Heun, " + more["case"])
    return pd.concat([few, more.assign(how=how, chapter="26_few_steps")], ignore_index=True)


def of_few(
    tests: pd.DataFrame, by_solver: pd.DataFrame, chains: pd.DataFrame
) -> list[pd.DataFrame]:
    """After few steps, two targets under the bound: a family a paired test that is `compared`."""
    families = []
    for row in compared(tests, by_solver, chains).itertuples():
        names, ends = [*PAIRS[str(row.question)]], [row.value, row.least, row.most]
        if row.value < 1:
            names, ends = names[::-1], [1 / row.value, 1 / row.most, 1 / row.least]
        told = row.p < 1 - CONFIDENCE
        found = pd.DataFrame(
            [
                [names[0], 1.0, 1.0, 1.0, 1.0, Status.USE.value],
                [names[1], *ends, row.p, (Status.WORSE if told else Status.USE).value],
            ],
            columns=["candidate", "over", "over_least", "over_most", "p", "status"],
        )
        both = " and ".join(style.SYMBOLS[name] for name in sorted(names))
        seen = f"{study.TITLES[str(row.dataset)]}, {both} by {row.how}"
        keys = dict(zip(KEYS, [FEW, TARGET, seen, row.chapter, UNITS["sliced"]], strict=True))
        families.append(found.assign(value=np.nan, **keys)[EVIDENCE])
    return families
