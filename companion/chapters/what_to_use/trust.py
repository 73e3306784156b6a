"""How far the rule of the chapter "What to use" can be trusted, in computed sentences."""

from __future__ import annotations

from typing import Any

import pandas as pd

from companion import study
from companion.chapters.what_to_use.families import (
    BOTH,
    LIKELIHOOD,
    SAMPLES,
    TARGET,
    UNITS,
    WEIGHTING,
    Tables,
)
from companion.chapters.what_to_use.results import advised, rows_of
from companion.chapters.what_to_use.rules import Status
from companion.evidence import style
from companion.evidence.intervals import CONFIDENCE
from companion.runs.plane import OWN_OF

GOALS = {"excess": LIKELIHOOD, "sliced": SAMPLES}
"""For which goal a column of chapter 19's tests counts."""


def paired(tables: Tables, found: pd.DataFrame) -> str:
    """Whether the paired tests of chapter 19 contradict the unpaired ones of this page."""
    tests = tables["equal_tests"]
    agreed = alone = against = 0
    for row in tests[tests["question"] == "weightings"].itertuples():
        of = found[
            (found["goal"] == GOALS[str(row.column)])
            & (found["choice"] == WEIGHTING)
            & (found["seen"] == study.TITLES[str(row.dataset)])
        ].set_index("candidate")
        if not row.p < 1 - CONFIDENCE:
            continue
        worse, better = (row.case, "bound") if row.value > 1 else ("bound", row.case)
        reverse = of.loc[better, "status"] == Status.WORSE and of.loc[worse, "status"] == Status.USE
        same = of.loc[worse, "status"] == Status.WORSE
        against, agreed, alone = (
            against + reverse,
            agreed + same,
            alone + (not same and not reverse),
        )
    total = agreed + alone + against
    return (
        "The seeds of two candidates are the same, which Welch's test does not use. Chapter 19 has paired "
        f"tests of each weighting against the bound. Of the {total} factors that they tell, the worse one is "
        f"out here in {agreed}, not told in {alone}, and the better one is out instead in {against}."
    )


def pairs(tables: Tables, found: pd.DataFrame) -> str:
    """Which pairs of an advised target and an advised weighting chapter 19 tells to be worse."""
    tests = tables["equal_tests"]
    tests = tests[tests["question"] == "own error"]
    told = tests[(tests["p"] < 1 - CONFIDENCE) & (tests["value"] > 1)]
    warned = []
    for goal in (LIKELIHOOD, SAMPLES, BOTH):
        columns = [column for column, of in GOALS.items() if goal in (of, BOTH)]
        targets, weightings = (advised(found, goal, choice) for choice in (TARGET, WEIGHTING))
        for target, own in OWN_OF.items():
            rows = told[(told["case"] == target) & told["column"].isin(columns)]
            if target in targets and own in weightings and not rows.empty:
                factors = "; ".join(
                    f"{study.TITLES[row.dataset]}, {row.value:.3g} ({row.least:.3g} to {row.most:.3g}) "
                    f"{UNITS[row.column]}"
                    for row in rows.itertuples()
                )
                pair = f"{style.SYMBOLS[target]} with {style.WEIGHTINGS[own]}"
                warned.append(f"{pair}, advised for *{goal}*: {factors}")
    start = (
        "**Rows of the table need not combine.** Targets are compared under the bound, weightings with $v$. "
        "Of a target with its own squared error chapter 19 has a paired test against the same target under "
        "the bound. "
    )
    if not warned:
        return f"{start}It tells none to be worse of which both are advised."
    return f"{start}It tells these to be worse, so do not combine them. {'. '.join(warned)}."


def together(found: pd.DataFrame) -> dict[tuple[str, str], int]:
    """By goal and choice, of how many families the advice on targets and weightings asks each."""
    return {
        (name, choice): rows_of(found, name, choice).groupby(["goal", "seen"]).ngroups
        for name in (LIKELIHOOD, SAMPLES, BOTH)
        for choice in (TARGET, WEIGHTING)
    }


def alarms(
    of: dict[str, Any], candidates: int, seeds: int, asked: dict[tuple[str, str], int]
) -> str:
    """How often equal candidates are called unequal, by this page's rule and by a hasty one.

    Args:
        of: as :func:`rules.false_alarms` returns it, for as many families as are asked at most.
        candidates: of each family.
        seeds: of each candidate.
        asked: as `together` returns it.
    """
    parts: dict[int, list[str]] = {}
    for (goal, choice), count in asked.items():
        parts.setdefault(count, []).append(f"{goal}, {choice}")
    words = "; ".join(
        f"{of['together'][count]:.1%} for {count} ({'; '.join(names)})"
        for count, names in sorted(parts.items())
    )
    return (
        f"Tried on {of['trials']:,} families of {candidates} candidates that are all equal, {seeds} seeds "
        "each, normal values: testing each "
        f"against the least mean at 5 % calls at least one worse in {of['naive']:.0%}; the rule of this page "
        f"in {of['ours']:.1%}. That is of one family. The advice leaves what none of its families calls "
        f"worse, so it loses one of equal candidates more often: in {words}, families that are independent. "
        "Added after a review, when the results were known; the rule is the same."
    )
