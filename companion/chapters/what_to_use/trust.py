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
    WEIGHTING,
    Tables,
)
from companion.chapters.what_to_use.results import rows_of
from companion.chapters.what_to_use.rules import Status
from companion.evidence.intervals import CONFIDENCE


def paired(tables: Tables, found: pd.DataFrame) -> str:
    """Whether the paired tests of chapter 19 contradict the unpaired ones of this page."""
    tests = tables["equal_tests"]
    goals = {"excess": LIKELIHOOD, "sliced": SAMPLES}
    agreed = alone = against = 0
    for row in tests[tests["question"] == "weightings"].itertuples():
        of = found[
            (found["goal"] == goals[str(row.column)])
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
