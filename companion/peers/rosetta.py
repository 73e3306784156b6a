"""The Rosetta table: how other libraries name the same things.

A row says what a library writes and what that is in this book's notation. Where the library can be
installed beside this book, the row carries a check from :mod:`companion.peers` that calls it; the
others are marked "read, not run", with the file that was read.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.util import find_spec

import pandas as pd

from companion.discovery import discover

#: Largest difference allowed: where the library computes in double, and where its tables are single.
DOUBLE, SINGLE = 1e-13, 3e-6

#: What stands for a difference where the library was only read.
READ = "read, not run"


@dataclass(frozen=True)
class Row:
    """One name, in one library.

    Attributes:
        library: its import name.
        theirs: what its code or documentation writes.
        ours: what that is here.
        source: what was called, or the file that was read.
        check: returns the largest difference; None if the row was only read.
        tolerance: what the difference may be.
    """

    library: str
    theirs: str
    ours: str
    source: str
    check: Callable[[], float] | None = None
    tolerance: float = DOUBLE

    def measure(self) -> float | None:
        """The largest difference; None if the row was only read or its library is not installed."""
        if self.check is None or find_spec(self.library) is None:
            return None
        with warnings.catch_warnings():
            # The libraries import tqdm's notebook bar, which this environment does not use.
            warnings.filterwarnings("ignore", message="IProgress not found")
            return self.check()

    def evidence(self, error: float | None) -> str:
        """What the table shows: the difference, or why there is none."""
        if self.check is None:
            return READ
        if error is None:
            return "not installed"
        return f"{error:.0e}" if error <= self.tolerance else f"{error:.0e}, **differs**"


def rows() -> list[Row]:
    """The rows of every library, in the order of the files in `companion.peers`."""
    return [row for peer in discover("companion.peers.*") for row in getattr(peer, "ROWS", ())]


def table(chosen: Iterable[Row] | None = None) -> pd.DataFrame:
    """Every row, measured: library, theirs, ours, evidence, max_difference, tolerance, source."""
    measured = [(row, row.measure()) for row in (rows() if chosen is None else chosen)]
    return pd.DataFrame(
        {
            "library": row.library,
            "theirs": row.theirs,
            "ours": row.ours,
            "evidence": row.evidence(error),
            "max_difference": error,
            "tolerance": None if row.check is None else row.tolerance,
            "source": row.source,
        }
        for row, error in measured
    )
