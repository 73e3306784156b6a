"""Intervals, Holm's rule and power: against SciPy, a definition written anew, and simulation."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from companion.evidence import intervals

VALUES = pd.Series([0.3, -0.1, 0.4, 0.25, 0.05])


@pytest.mark.parametrize("cases", [1, 7])
def test_an_interval_is_students(cases: int) -> None:
    found = intervals.interval(VALUES, cases)
    wanted = stats.ttest_1samp(VALUES, 0).confidence_interval(1 - 0.05 / cases)
    assert found.mean - found.reach == pytest.approx(wanted.low)
    assert found.mean + found.reach == pytest.approx(wanted.high)
    assert intervals.as_factors(found)[1:] == pytest.approx(
        (math.exp(wanted.low), math.exp(wanted.high))
    )


def test_zero_is_inside_exactly_where_the_test_is_not_significant() -> None:
    edge = stats.t.ppf(0.975, 4) * VALUES.std(ddof=1) / math.sqrt(5)
    for centre in (0.999 * edge, 1.001 * edge):
        moved = VALUES - VALUES.mean() + centre
        assert intervals.interval(moved).has_zero is bool(intervals.p_value(moved) > 0.05)
    assert intervals.p_value(VALUES) == pytest.approx(stats.ttest_1samp(VALUES, 0).pvalue)
    assert intervals.p_value(0 * VALUES) == 1


def stepwise(p_values: list[float], level: float) -> list[bool]:
    """Holm's procedure as he states it: reject the least at level / n, the next at level / (n - 1), ..."""
    rejected, left = [False] * len(p_values), len(p_values)
    for index in sorted(range(len(p_values)), key=lambda i: p_values[i]):
        if p_values[index] > level / left:
            break
        rejected[index], left = True, left - 1
    return rejected


def test_holm_rejects_what_the_stepwise_procedure_rejects() -> None:
    drawn = np.random.default_rng(0)
    for _ in range(200):
        p_values = list(drawn.beta(0.3, 4, size=drawn.integers(1, 9)))
        adjusted = intervals.holm(p_values)
        for level in (0.01, 0.05, 0.3):
            assert [p <= level for p in adjusted] == stepwise(p_values, level)
    assert intervals.holm([0.01, 0.04, 0.03, 0.6]) == pytest.approx([0.04, 0.09, 0.09, 0.6])
    assert intervals.holm([0.7, 0.8]) == [1.0, 1.0]


def test_the_smallest_effect_is_seen_in_four_of_five_trials() -> None:
    effect = intervals.smallest_seen(0.3, runs=5, cases=4)
    drawn = np.random.default_rng(1).normal(effect, 0.3, size=(20_000, 5))
    p_values = stats.ttest_1samp(drawn, 0, axis=1).pvalue
    assert np.mean(p_values < 0.05 / 4) == pytest.approx(0.8, abs=0.012)
    assert intervals.smallest_seen(0.6, 5, 4) == pytest.approx(2 * effect)
