"""Means of a few seeds: how far their intervals reach, and what so few could see at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import optimize, stats

CONFIDENCE = 0.95
"""Of all intervals, or of all verdicts, that are read together."""

POWER = 0.8
"""How often a test is to see an effect for it to be called one that the test can see."""


def students_t(runs: int, confidence: float = 0.95) -> float:
    """How many standard errors the interval of the mean of a few runs reaches to each side."""
    return float(stats.t.ppf((1 + confidence) / 2, runs - 1))


class Interval(NamedTuple):
    """The mean of a few seeds, and how far its interval reaches to each side."""

    mean: float
    reach: float

    @property
    def has_zero(self) -> bool:
        """Whether zero is inside."""
        return not abs(self.mean) > self.reach


def interval(values: pd.Series, cases: int = 1) -> Interval:
    """Student's t interval of the mean; of ``cases`` together, by Bonferroni."""
    each = 1 - (1 - CONFIDENCE) / cases
    error = values.std(ddof=1) / len(values) ** 0.5
    return Interval(float(values.mean()), float(students_t(len(values), each) * error))


def as_factors(found: Interval) -> tuple[float, float, float]:
    """An interval of logarithms as a factor: its value, least and most."""
    ends = found.mean, found.mean - found.reach, found.mean + found.reach
    value, least, most = np.exp(ends)
    return float(value), float(least), float(most)


def in_words(found: Interval) -> str:
    """An interval of logarithms as a factor, in words."""
    value, least, most = as_factors(found)
    return f"{value:.3g} ({least:.3g} to {most:.3g})"


def satterthwaite(variances: Sequence[Any], freedoms: Sequence[Any]) -> Any:
    """Degrees of freedom of a sum of independent variances of means (Welch, Satterthwaite), elementwise."""
    each = zip(variances, freedoms, strict=True)
    return sum(variances) ** 2 / sum(variance**2 / freedom for variance, freedom in each)


def p_value(values: pd.Series) -> float:
    """Of Student's t test that the mean is zero, both sides; 1 where the values are all zero."""
    if not values.any():
        return 1.0
    return float(stats.ttest_1samp(values, 0.0).pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """P values adjusted for being read together (Holm, 1979): below 5 % each, below 5 % together."""
    order = np.argsort(p_values, kind="stable")
    raised = (len(p_values) - np.arange(len(p_values))) * np.asarray(p_values, float)[order]
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(np.maximum.accumulate(raised), 1.0)
    return [float(p) for p in adjusted]


def smallest_seen(sd: float, runs: int, cases: int = 1) -> float:
    """The least mean that a t test sees in `POWER` of all trials, by the noncentral t distribution.

    Args:
        sd: of one value.
        runs: values behind the mean.
        cases: tests that are read together; the strictest of Holm's levels counts.
    """
    edge = students_t(runs, 1 - (1 - CONFIDENCE) / cases)

    def missed(effect: float) -> float:
        seen = stats.nct.sf(edge, runs - 1, effect * runs**0.5)
        return float(seen - POWER)

    return float(sd * optimize.brentq(missed, 1e-6, 1e3))
