"""How well two sets of figures and tables agree: by their numbers, within the tolerance that each states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

FLOAT = r"|-?(\d+\.\d*(e[+-]?\d+)?|\d+e[+-]?\d+|inf)"
"""What is compared within a tolerance: a number written as a float, or a missing one.

Counts, names and truth values are the same or are not.
"""

TOLD = ("kind", "caption", "alt", "n", "seeds", "tolerance", "negligible")
"""What a manifest entry tells the reader of a figure or table, beside the numbers."""

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
    def tolerated(self) -> str:
        """What the figure or table tolerates, in words: relative, and absolute where it says so."""
        negligible = self.entry.get("negligible", 0)
        return f"{self.entry['tolerance']:.0e}" + (
            f", {negligible:.0e} absolute" if negligible else ""
        )

    @property
    def words(self) -> str:
        """One line for people."""
        size = (
            ""
            if np.isnan(self.difference)
            else f", largest relative difference {self.difference:.1e}"
        )
        size += f" (tolerance {self.tolerated})" if size else ""
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
            comparison = _compared(name, entry, record / file, built / file)
            told = _shown_otherwise(record / f"{name}.md", entry, built / f"{name}.md", made[name])
            if comparison.outcome.agrees and told:
                comparison = replace(comparison, outcome=Outcome.OTHER, detail=told)
            found.append(comparison)
    return found


def _compared(name: str, entry: Mapping[str, Any], old: Path, new: Path) -> Comparison:
    for path, whose in ((old, "record"), (new, "build")):
        if not path.is_file():
            return Comparison(
                name, entry, Outcome.MISSING, np.nan, f"no {path.name} in the {whose}"
            )
    if old.read_bytes() == new.read_bytes():
        return Comparison(name, entry, Outcome.SAME, 0.0, "")
    one, two = (pd.read_csv(path, dtype=str, keep_default_na=False) for path in (old, new))
    if list(one.columns) != list(two.columns) or len(one) != len(two):
        return Comparison(name, entry, Outcome.OTHER, np.nan, "other rows or columns")
    worst, where = 0.0, ""
    for column in one.columns:
        measured = one[column].str.fullmatch(FLOAT) & two[column].str.fullmatch(FLOAT)
        if not one[column][~measured].equals(two[column][~measured]):
            return Comparison(name, entry, Outcome.OTHER, np.nan, f"other words in {column!r}")
        before, now = (
            pd.to_numeric(frame[column][measured]).to_numpy(float) for frame in (one, two)
        )
        size = difference(before, now, entry.get("negligible", 0.0))
        if size > worst:
            worst, where = size, f"in {column!r}"
    outcome = Outcome.WITHIN if worst <= entry["tolerance"] else Outcome.OUT
    return Comparison(name, entry, outcome, worst, where)


def _shown_otherwise(
    old: Path, recorded: Mapping[str, Any], new: Path, made: Mapping[str, Any]
) -> str:
    """What a reader is told otherwise: of its manifest entry, or a table's headings; empty if nothing."""
    for key in TOLD:
        if recorded.get(key) != made.get(key):
            return f"another {key}"
    if recorded["kind"] == "table" and _headings(old) != _headings(new):
        return "other headings"
    return ""


def _headings(path: Path) -> list[str]:
    """The headings of a table in Markdown."""
    first = path.read_text(encoding="utf-8").partition("\n")[0] if path.is_file() else ""
    return [cell.strip() for cell in first.split("|")]


def difference(old: np.ndarray, new: np.ndarray, negligible: float = 0.0) -> float:
    """The largest relative difference of two columns; infinite where only one has a number.

    Differences of at most ``negligible``, or of rounding, count as none.
    """
    if not np.array_equal(np.isfinite(old), np.isfinite(new)):
        return float("inf")
    if not np.array_equal(old[~np.isfinite(old)], new[~np.isfinite(new)], equal_nan=True):
        return float("inf")
    old, new = old[np.isfinite(old)], new[np.isfinite(new)]
    size = np.maximum(np.abs(old), np.abs(new))
    gap = np.abs(old - new)
    gap[gap <= max(negligible, ROUNDING * max(1.0, size.max(initial=0)))] = 0
    return float(np.divide(gap, size, out=np.zeros_like(gap), where=gap > 0).max(initial=0))
