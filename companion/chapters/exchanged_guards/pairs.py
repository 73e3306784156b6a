"""Two cells of the experiment, compared seed by seed, and how far the mean of a few seeds reaches."""

from __future__ import annotations

import numpy as np
import pandas as pd

from companion.evidence.excess import INSIDE
from companion.runs.plane import ENDS

RANGES = {"excess": ENDS[1], "inside": INSIDE}
"""Columns of excess, and the largest absolute log-SNR that each counts."""

Cell = tuple[str, str]
"""Predicted target, weight."""


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
