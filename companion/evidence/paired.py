"""Paired tests of logarithms of ratios, seed by seed, read together by Holm's rule."""

from __future__ import annotations

from collections.abc import Mapping

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
