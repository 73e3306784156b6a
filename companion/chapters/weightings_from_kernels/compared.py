"""Is a cell below others on both axes at once? And which of two weightings is better, target by target?

A cell is a target and a weighting. Ratios are paired by seed, and tested by Student's t on their logarithms.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from companion import study
from companion.chapters.weightings_from_kernels import words
from companion.chapters.weightings_from_kernels.results import AXES
from companion.chapters.weightings_from_kernels.rules import NAMES
from companion.evidence import paired, style
from companion.evidence.claims import Verdict
from companion.evidence.intervals import CONFIDENCE, holm, p_value, smallest_seen
from companion.evidence.paired import judged, tested
from companion.runs.plane import BOUND, OWN_OF, TARGETS

Cell = tuple[str, str]
"""Predicted target, weighting."""

EIGHT: tuple[Cell, ...] = tuple((t, w) for t in TARGETS for w in (BOUND, OWN_OF[t]))
"""The study's objectives, without guards."""

LIMIT = 1 - CONFIDENCE

PAIRS = {
    "kernel": ("kernel", BOUND, "sliced"),
    "over-error": ("over-error", "kernel", "sliced"),
    "over-noise": ("over-noise", "kernel", "sliced"),
    "staged": ("staged", "over-error", "sliced"),
    "curriculum": ("curriculum", "both", "product"),
    "both": ("both", BOUND, "product"),
    "moved": ("over-error", BOUND, "moved"),
}
"""Questions: is the first weighting's column below the second's, with the same target?"""

TOGETHER = (
    ("kernel",),
    ("over-error", "over-noise"),
    ("staged", "curriculum"),
    ("both",),
    ("moved",),
)
"""Questions whose cases are tested together: those of one claim."""


def logs(frame: pd.DataFrame, dataset: str, cell: Cell, column: str) -> pd.Series:
    """Logarithms of a column by seed."""
    chosen = (
        (frame["dataset"] == dataset)
        & (frame["target"] == cell[0])
        & (frame["weighting"] == cell[1])
    )
    return np.log(frame[chosen].set_index("seed")[column].sort_index())


def one_sided(ratios: pd.Series, below: bool) -> float:
    """The two-sided p value if the mean has the sign that is asked for, else 1."""
    right = float(ratios.mean()) < 0 if below else float(ratios.mean()) > 0
    return p_value(ratios) if right else 1.0


def against(frame: pd.DataFrame, cell: Cell, others: Sequence[Cell]) -> dict[str, float]:
    """A cell against others on both axes and all data sets.

    Returns:
        ``below``, a p value of *not below each of them on each axis of each data set*: the largest of all
        tests (intersection and union: it needs no correction). ``above``, a p value of *above none of them on
        any*: the smallest, times the number of tests (Bonferroni). ``excess`` and ``sliced``: the factor over
        the best of the others, on the data set where it is largest.
    """
    names = list(dict.fromkeys(frame["dataset"]))
    own = {key: logs(frame, key[0], cell, key[1]) for key in product(names, AXES)}
    others_of = {key: [logs(frame, key[0], other, key[1]) for other in others] for key in own}
    ratios = [own[key] - other for key, every in others_of.items() for other in every]
    worst = {
        axis: max(
            float(own[name, axis].mean() - min(o.mean() for o in others_of[name, axis]))
            for name in names
        )
        for axis in AXES
    }
    above = min(one_sided(ratio, below=False) for ratio in ratios)
    return {
        "below": max(one_sided(ratio, below=True) for ratio in ratios),
        "above": min(1.0, len(ratios) * above),
    } | {axis: float(np.exp(value)) for axis, value in worst.items()}


def dominance(frame: pd.DataFrame) -> pd.DataFrame:
    """Each derived cell against the eight, and against the two of its own target.

    Returns:
        Columns ``scope`` (eight, or own), target, weighting, and those of `against`; ``below`` is adjusted
        for all cells of a scope, of *own* for all of a target (Holm).
    """
    rows = []
    for scope in ("eight", "own"):
        for target, weighting in _cells(frame):
            others = [c for c in EIGHT if scope == "eight" or c[0] == target]
            found = against(frame, (target, weighting), others)
            rows.append({"scope": scope, "target": target, "weighting": weighting} | found)
    table = pd.DataFrame(rows)
    groups = table["scope"] + table["target"].where(table["scope"] == "own", "")
    for _, block in table.groupby(groups, sort=False):
        table.loc[block.index, "below"] = holm(block["below"].tolist())
    return table


def _cells(frame: pd.DataFrame) -> list[Cell]:
    own = frame[frame["weighting"].isin(NAMES)]
    return list(dict.fromkeys(zip(own["target"], own["weighting"], strict=True)))


def both_axes(table: pd.DataFrame) -> Verdict:
    """Of the cells that are tried, whether one is below on both axes everywhere.

    Holds if one is, does not hold if each is above another somewhere, else undecided.
    """
    if (table["below"] < LIMIT).any():
        return Verdict.HOLDS
    return Verdict.FAILS if (table["above"] < LIMIT).all() else Verdict.UNDECIDED


def pairs(frame: pd.DataFrame) -> pd.DataFrame:
    """`PAIRS`, for each data set and target, Holm over all cases of questions that stand `TOGETHER`.

    Args:
        frame: `results.networks`, with the columns of `results.mechanism`.

    Returns:
        Columns of :func:`companion.evidence.paired.tested`; the case is data set and target, factors are of
        the first weighting over the second.
    """
    cells = list(
        dict.fromkeys((d, t) for d in dict.fromkeys(frame["dataset"]) for t, _ in _cells(frame))
    )
    blocks = []
    for questions in TOGETHER:
        cases_of = {question: _ratios(frame, cells, *PAIRS[question]) for question in questions}
        ratios = [ratio for cases in cases_of.values() for ratio in cases.values()]
        adjusted = iter(holm([p_value(ratio) for ratio in ratios]))
        for question, cases in cases_of.items():
            found = tested(question, {"all": cases}, PAIRS[question][2])
            found["p"] = [next(adjusted) for _ in cases]
            verdicts = [judged(*row) for row in zip(found["value"], found["p"], strict=True)]
            blocks.append(found.assign(verdict=verdicts))
    return pd.concat(blocks, ignore_index=True).drop(columns="dataset")


def _ratios(
    frame: pd.DataFrame, cells: Sequence[Cell], first: str, second: str, column: str
) -> Mapping[str, pd.Series]:
    """Logarithms of a column under the first weighting over that under the second, by data set and target."""
    return {
        f"{name}/{target}": logs(frame, name, (target, first), column)
        - logs(frame, name, (target, second), column)
        for name, target in cells
    }


def power(frame: pd.DataFrame) -> dict[str, float]:
    """The smallest factor between two cells that is told, by axis, at the strictest of Holm's levels.

    From the pooled spread of paired logarithms of derived cells over each of the eight.
    """
    found = {}
    cells = _cells(frame)
    for axis in AXES:
        spreads = [
            (logs(frame, name, cell, axis) - logs(frame, name, other, axis)).var(ddof=1)
            for name in dict.fromkeys(frame["dataset"])
            for cell in cells
            for other in EIGHT
        ]
        pooled = float(np.sqrt(np.mean(spreads)))
        found[axis] = float(np.exp(smallest_seen(pooled, frame["seed"].nunique(), len(cells))))
    return found


SCOPES = {"eight": "all eight", "own": "the two of its target"}
"""How scopes of `dominance` are written."""

DOMINANCE_SHOWN: dict[str, Any] = {
    "caption": "Each derived weighting against the study's eight objectives, and against the two of its own "
    "target. Excess and sliced $W_2$: its factor over the best of these, on the data set where it is "
    "largest. $p$ below: of not being below each of them on both axes everywhere (the largest of all "
    "tests, Holm over cells); $p$ above: of being above none of them anywhere (the smallest, Bonferroni).",
    "words": style.CELLS
    | {"dataset": study.TITLES, "weighting": words.WEIGHTINGS, "scope": SCOPES},
    "columns": {
        "scope": "against",
        "target": "predicts",
        "weighting": "weighting",
        "excess": "excess",
        "sliced": "sliced $W_2$",
        "below": "$p$ below",
        "above": "$p$ above",
    },
    "digits": {"excess": ".2f", "sliced": ".2f", "below": ".2g", "above": ".1e"},
}
"""How `dominance` is shown."""

COLUMNS = {
    "sliced": "sliced $W_2$",
    "product": "excess, times sliced $W_2$ squared",
    "moved": r"$\int k\,e\,d\lambda$",
}
"""How columns of `pairs` are written."""

ABOVE = {Verdict.HOLDS: "yes", Verdict.FAILS: "no", Verdict.UNDECIDED: "undecided"}
"""Whether a factor is above 1."""


def pairs_in_words(table: pd.DataFrame) -> pd.DataFrame:
    """`pairs`, with what a reader sees in columns of its own."""
    parts = [str(case).split("/") for case in table["case"]]
    return table.assign(
        first=[words.weighting(PAIRS[q][0]) for q in table["question"]],
        second=[words.weighting(PAIRS[q][1]) for q in table["question"]],
        dataset=[study.TITLES[name] for name, _ in parts],
        target=[style.SYMBOLS[target] for _, target in parts],
        of=table["column"].map(COLUMNS),
        above=[ABOVE[Verdict(verdict)] for verdict in table["verdict"]],
    )


PAIRS_SHOWN: dict[str, Any] = {
    "columns": {
        "first": "first",
        "second": "second",
        "dataset": "data set",
        "target": "predicts",
        "of": "factor of",
        "value": "factor (95 %)",
        "p": "$p$, Holm",
        "above": "above 1?",
    },
    "ends": {"value": ("least", "most")},
    "digits": paired.SHOWN["digits"],
}
"""How `pairs_in_words` are shown."""
