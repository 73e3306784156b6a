"""What is read off the saved table `floors`, by claims, sentences and figures alike; it needs no torch."""

from __future__ import annotations

import pandas as pd

from companion import study


def nelbo_by_target(floors: pd.DataFrame) -> pd.DataFrame:
    """The NELBO rows of `floors`; rows: data sets; columns: (what, target)."""
    return floors[floors["objective"] == "nelbo"].pivot(index="dataset", columns="target")


def gap_between_groups(floors: pd.DataFrame, column: str) -> pd.Series:
    """How far the mean NELBO of eps and v is above that of x and s, for each data set, in code units.

    Args:
        floors: the table.
        column: ``floor``, ``published`` or ``last20``.
    """
    nelbo = nelbo_by_target(floors)[column]
    high, low = (nelbo[list(group)].mean(axis=1) for group in study.GROUPS)
    return high - low
