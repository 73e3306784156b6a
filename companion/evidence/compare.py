"""How well two sets of figures and tables agree: by their numbers, within the tolerance that each states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ROUNDING = 1e-12
"""Differences this small, by themselves or beside the largest number of their column, are rounding."""


class Outcome(StrEnum):
    """How one figure or table compares with the record."""

    SAME = "same numbers"
    WITHIN = "within tolerance"
    OUT = "out of tolerance"
    OTHER = "other words or shape"
    MISSING = "not made"
    NEW = "not in the record"

    @property
    def agrees(self) -> bool:
        """Whether the record is reproduced."""
        return self in (Outcome.SAME, Outcome.WITHIN)


@dataclass(frozen=True)
class Comparison:
    """One figure or table beside the record.

    Attributes:
        name: of the figure or table.
        entry: its manifest entry, of what was built where there is one, else of the record.
        outcome: how it compares.
        difference: largest relative difference; NaN where there is none to give.
        detail: where the largest difference is, or what else differs.
    """

    name: str
    entry: Mapping[str, Any]
    outcome: Outcome
    difference: float
    detail: str

    @property
    def words(self) -> str:
        """One line for people."""
        size = (
            ""
            if np.isnan(self.difference)
            else f", largest relative difference {self.difference:.1e}"
        )
        size += f" (tolerance {self.entry['tolerance']:.0e})" if size else ""
        return f"{self.name}: {self.outcome}{size}{': ' if self.detail else ''}{self.detail}"


def compare(
    record: Path, recorded: Mapping[str, Any], built: Path, made: Mapping[str, Any]
) -> list[Comparison]:
    """Every figure and table of either folder, by name.

    Args:
        record: the folder of the record.
        recorded: its manifest: name -> entry. The tolerance is the record's, so that a new build cannot
            loosen what it is judged by.
        built: the other folder.
        made: its manifest.
    """
    found = []
    for name in sorted({*recorded, *made}):
        entry = recorded.get(name) or made[name]
        if name not in made:
            found.append(Comparison(name, entry, Outcome.MISSING, np.nan, ""))
        elif name not in recorded:
            found.append(Comparison(name, entry, Outcome.NEW, np.nan, ""))
        else:
            file = f"{name}.{'csv' if entry['kind'] == 'table' else 'drawn.csv'}"
            found.append(_compared(name, entry, record / file, built / file))
    return found


def _compared(name: str, entry: Mapping[str, Any], old: Path, new: Path) -> Comparison:
    for path, whose in ((old, "record"), (new, "build")):
        if not path.is_file():
            return Comparison(
                name, entry, Outcome.MISSING, np.nan, f"no {path.name} in the {whose}"
            )
    if old.read_bytes() == new.read_bytes():
        return Comparison(name, entry, Outcome.SAME, 0.0, "")
    one, two = (pd.read_csv(path, keep_default_na=False, na_values=[""]) for path in (old, new))
    if list(one.columns) != list(two.columns) or len(one) != len(two):
        return Comparison(name, entry, Outcome.OTHER, np.nan, "other rows or columns")
    worst, where = 0.0, ""
    for column in one.columns:
        if not all(pd.api.types.is_numeric_dtype(frame[column]) for frame in (one, two)):
            if not one[column].equals(two[column]):
                return Comparison(name, entry, Outcome.OTHER, np.nan, f"other words in {column!r}")
            continue
        size = difference(one[column].to_numpy(float), two[column].to_numpy(float))
        if size > worst:
            worst, where = size, f"in {column!r}"
    outcome = Outcome.WITHIN if worst <= entry["tolerance"] else Outcome.OUT
    return Comparison(name, entry, outcome, worst, where)


def difference(old: np.ndarray, new: np.ndarray) -> float:
    """The largest relative difference of two columns; infinite where only one has a number."""
    if not np.array_equal(np.isfinite(old), np.isfinite(new)):
        return float("inf")
    if not np.array_equal(old[~np.isfinite(old)], new[~np.isfinite(new)], equal_nan=True):
        return float("inf")
    old, new = old[np.isfinite(old)], new[np.isfinite(new)]
    size = np.maximum(np.abs(old), np.abs(new))
    gap = np.abs(old - new)
    gap[gap <= ROUNDING * max(1.0, size.max(initial=0))] = 0
    return float(np.divide(gap, size, out=np.zeros_like(gap), where=gap > 0).max(initial=0))
