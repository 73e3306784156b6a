"""Targets compared seed by seed after few evaluations, and what such a comparison could see."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from companion.chapters.few_steps.results import (
    FEW,
    GRIDS,
    KARRAS,
    MEAN,
    PLAIN,
    SOLVERS,
    TIME,
)
from companion.evidence.intervals import smallest_seen
from companion.evidence.paired import tested
from companion.runs.plane import BOUND

OTHER_SOLVERS = tuple(solver for solver in SOLVERS if solver != "DDIM")
"""Those by which no other chapter compares targets."""

TWO_GRIDS = tuple(unit for unit in GRIDS if unit != KARRAS)
"""On which all solvers walk."""

AGAINST_V, AGAINST_X, BY_HEUN, MENDED = "eps over v", "eps over x", "x over v by Heun", "the start"
"""What is asked."""

Cases = Mapping[str, Mapping[str, pd.Series]]
"""Logarithms by seed, by data set and case."""


def logs(
    found: pd.DataFrame,
    target: str,
    solver: str,
    unit: str,
    evaluations: int = FEW,
    start: str = PLAIN,
    column: str = "total",
) -> pd.Series:
    """Logarithms of a column of the networks of one target under the bound, by seed; of one data set."""
    chosen = (
        (found["target"] == target)
        & (found["objective"] == BOUND)
        & (found["solver"] == solver)
        & (found["grid"] == unit)
        & (found["evaluations"] == evaluations)
        & (found["start"] == start)
    )
    return np.log(found[chosen].set_index("seed")[column].sort_index())


def poorer(found: pd.DataFrame, than: str) -> dict[str, pd.Series]:
    """How much farther eps is than another target, by solver and grid."""
    return {
        f"{solver}, {unit}": logs(found, "eps", solver, unit) - logs(found, than, solver, unit)
        for unit in TWO_GRIDS
        for solver in OTHER_SOLVERS
    }


def by_heun(found: pd.DataFrame) -> dict[str, pd.Series]:
    """How much farther x is than v by Heun's steps equal in time, by evaluations from `FEW` down."""
    counts = sorted(n for n in found["evaluations"].unique() if n <= FEW)
    return {
        f"{n} evaluations": logs(found, "x", "Heun", TIME, n) - logs(found, "v", "Heun", TIME, n)
        for n in counts
    }


def from_v(found: pd.DataFrame, solver: str, how: str) -> pd.Series:
    """How much farther eps is than v with steps equal in time and a start, of the network's part.

    That is the distance from the exact denoiser by the same chain.
    """
    one, two = (
        logs(found, target, solver, TIME, start=how, column="network") for target in ("eps", "v")
    )
    return one - two


def start(found: pd.DataFrame) -> dict[str, pd.Series]:
    """Half of how much farther eps is than v, less what is left of it when the start is mended, by solver.

    All zero, which no test tells from zero, where eps is no farther in the mean: there is nothing to mend.
    """
    plain = {solver: from_v(found, solver, PLAIN) for solver in SOLVERS}
    return {
        solver: farther / 2 - from_v(found, solver, MEAN) if farther.mean() > 0 else 0 * farther
        for solver, farther in plain.items()
    }


def asked(cells: pd.DataFrame) -> dict[str, Cases]:
    """Every question, with its cases."""
    of = {str(name): block for name, block in cells.groupby("dataset", sort=False)}
    return {
        AGAINST_V: {name: poorer(block, "v") for name, block in of.items()},
        AGAINST_X: {name: poorer(block, "x") for name, block in of.items()},
        BY_HEUN: {name: by_heun(block) for name, block in of.items()},
        MENDED: {name: start(block) for name, block in of.items()},
    }


def tests(cells: pd.DataFrame) -> pd.DataFrame:
    """Paired t tests of every question, Holm over its cases on a data set: columns of `tested`, but the
    one of what was compared, which is a distance in all.
    """
    blocks = [
        tested(question, cases, "total").drop(columns="column")
        for question, cases in asked(cells).items()
    ]
    return pd.concat(blocks, ignore_index=True)


def power(cells: pd.DataFrame, question: str) -> float:
    """The smallest factor that the tests of a question would see, each by its own spread: their median."""
    every = asked(cells)[question]
    seen = [
        smallest_seen(values.std(ddof=1), len(values), len(of))
        for of in every.values()
        for values in of.values()
    ]
    return float(np.exp(np.median(seen)))
