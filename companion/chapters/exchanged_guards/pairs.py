"""Two cells of the experiment, compared seed by seed, and how far the mean of a few seeds reaches."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from companion.chapters.exchanged_guards.grid import ENDS
from companion.chapters.exchanged_guards.results import INSIDE
from companion.evidence.claims import students_t

RANGES = {"excess": ENDS[1], "inside": INSIDE}
"""Columns of excess, and the largest absolute log-SNR that each counts."""

CONFIDENCE = 0.95
"""Of all intervals that are read together (Bonferroni)."""

Cell = tuple[str, str]
"""Predicted target, weight."""


class Interval(NamedTuple):
    """The mean of a few seeds, and how far its interval reaches to each side."""

    mean: float
    reach: float

    @property
    def has_zero(self) -> bool:
        """Whether zero is inside."""
        return not abs(self.mean) > self.reach


def of_cell(networks: pd.DataFrame, cell: Cell, column: str) -> pd.Series:
    """A column of the networks of one cell, by seed; the networks are of one data set."""
    chosen = (networks["target"] == cell[0]) & (networks["weight"] == cell[1])
    return networks[chosen].set_index("seed")[column].sort_index()


def gaps(networks: pd.DataFrame, first: Cell, second: Cell, column: str = "excess") -> pd.Series:
    """The second cell less the first, nats, seed by seed."""
    return of_cell(networks, second, column) - of_cell(networks, first, column)


def log_ratios(
    networks: pd.DataFrame, first: Cell, second: Cell, column: str = "excess"
) -> pd.Series:
    """The logarithm of the second cell over the first, seed by seed."""
    logs = np.log(of_cell(networks, second, column)) - np.log(of_cell(networks, first, column))
    return logs


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
