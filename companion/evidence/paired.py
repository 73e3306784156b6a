"""Paired tests of logarithms of ratios, seed by seed, read together by Holm's rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from companion.evidence.claims import Verdict
from companion.evidence.intervals import CONFIDENCE, as_factors, holm, interval, p_value

TESTED = ["dataset", "question", "case", "column", "value", "least", "most", "p", "verdict"]


def tested(
    question: str, cases: Mapping[str, Mapping[str, pd.Series]], column: str
) -> pd.DataFrame:
    """Paired tests of logarithms, Holm over the cases of a data set: columns `TESTED`.

    Args:
        question: what is asked.
        cases: logarithms of ratios by seed, by data set and case: are they positive?
        column: what was compared.

    Returns:
        ``value``, the factor, ``least`` and ``most``, its interval, each for itself; ``p``, adjusted;
        ``verdict``, whether the factor is above 1.
    """
    rows = []
    for name, logs in cases.items():
        adjusted = holm([p_value(log) for log in logs.values()])
        for (case, log), p in zip(logs.items(), adjusted, strict=True):
            ends = as_factors(interval(log))
            rows.append([name, question, case, column, *ends, p, judged(ends[0], p)])
    return pd.DataFrame(rows, columns=TESTED)


def judged(factor: float, p: float) -> Verdict:
    """Whether a factor is above 1, by its adjusted p value."""
    if not p < 1 - CONFIDENCE:
        return Verdict.UNDECIDED
    return Verdict.HOLDS if factor > 1 else Verdict.FAILS


SHOWN: dict[str, dict[str, str]] = {
    "columns": {
        "question": "question",
        "case": "case",
        "column": "of",
        "value": "factor",
        "least": "from",
        "most": "to",
        "p": "$p$, Holm",
        "verdict": "above 1?",
    },
    "digits": {"value": ".3g", "least": ".3g", "most": ".3g", "p": ".2g"},
}
"""How `tested` is shown, of one data set or with cases that name it."""


def told(tests: pd.DataFrame, above: str, below: str, word: Callable[[Any], str] = str) -> str:
    """Cases with their factors, by what was told of them, in words.

    Args:
        tests: rows of `tested`, of one question and data set.
        above: what a factor above 1 means.
        below: what one below 1 means.
        word: a case, as a reader knows it.
    """
    groups = {Verdict.HOLDS: above, Verdict.FAILS: below, Verdict.UNDECIDED: "not told"}
    parts = []
    for verdict, what in groups.items():
        some = tests[tests["verdict"] == verdict]
        if len(some):
            listed = ", ".join(f"{word(r.case)} {r.value:.2g}" for r in some.itertuples())
            parts.append(f"{what}: {listed}")
    found = "; ".join(parts)
    return f"{found[0].upper()}{found[1:]}."


def means(networks: pd.DataFrame, by: Sequence[str], columns: Sequence[str]) -> pd.DataFrame:
    """Geometric means over seeds with their intervals: ``column``, ``column_least``, ``column_most``."""
    rows = []
    for cell, block in networks.groupby(list(by), sort=False):
        row = dict(zip(by, cell, strict=True))
        for column in columns:
            value, least, most = as_factors(interval(np.log(block[column])))
            row |= {column: value, f"{column}_least": least, f"{column}_most": most}
        rows.append(row | {"seeds": len(block)})
    return pd.DataFrame(rows)
