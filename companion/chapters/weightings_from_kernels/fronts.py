"""The plane of likelihood and samples: confidence ellipses, and who is on the Pareto front how often."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from companion import study
from companion.chapters.weightings_from_kernels import words
from companion.chapters.weightings_from_kernels.results import AXES, CELL
from companion.evidence import style
from companion.evidence.intervals import CONFIDENCE
from companion.evidence.paired import means


class Spread(NamedTuple):
    """How the logarithms of the `AXES` vary between seeds, of one data set.

    Attributes:
        covariance: within cells, pooled, (2, 2).
        freedom: its degrees of freedom.
        runs: seeds of each cell.
        least: the smallest standard deviation of a cell, by axis, over the pooled one.
        most: the largest.
        p: of Bartlett's test that all cells have one variance, by axis.
    """

    covariance: np.ndarray
    freedom: int
    runs: int
    least: dict[str, float]
    most: dict[str, float]
    p: dict[str, float]


def spread(frame: pd.DataFrame) -> Spread:
    """The pooled covariance within cells, and how far it is from being one for all.

    Args:
        frame: networks of one data set, columns target, weighting, seed and `AXES`.
    """
    logs = np.log(frame.set_index(CELL[1:])[list(AXES)])
    groups = [block.to_numpy() for _, block in logs.groupby(level=CELL[1:], sort=False)]
    freedom = sum(len(group) - 1 for group in groups)
    scatter = sum((len(group) - 1) * np.cov(group.T) for group in groups)
    covariance = np.asarray(scatter) / freedom
    pooled = np.sqrt(np.diag(covariance))
    over = np.array([group.std(0, ddof=1) for group in groups]) / pooled
    tests = [stats.bartlett(*(group[:, i] for group in groups)).pvalue for i in range(len(AXES))]
    return Spread(
        covariance,
        freedom,
        len(groups[0]),
        dict(zip(AXES, over.min(0).tolist(), strict=True)),
        dict(zip(AXES, over.max(0).tolist(), strict=True)),
        dict(zip(AXES, map(float, tests), strict=True)),
    )


def radius(freedom: int, runs: int, confidence: float = CONFIDENCE) -> float:
    r"""How far an ellipse of a mean of two numbers reaches, in standard deviations of one run.

    Hotelling's: with p = 2 and a pooled covariance of :math:`\nu` degrees of freedom its square is
    :math:`\frac{p \nu}{\nu - p + 1} F_{p, \nu - p + 1} / n`.
    """
    quantile = stats.f.ppf(confidence, 2, freedom - 1)
    return float(np.sqrt(2 * freedom / (freedom - 1) * quantile / runs))


def ellipse(mean: np.ndarray, found: Spread, points: int = 97) -> np.ndarray:
    """Points of the confidence ellipse around the mean of a cell's logarithms (2,), (points, 2)."""
    angle = np.linspace(0, 2 * np.pi, points)
    circle = np.stack([np.cos(angle), np.sin(angle)], -1)
    root = np.linalg.cholesky(found.covariance)
    return np.asarray(mean + radius(found.freedom, found.runs) * circle @ root.T)


def front(values: np.ndarray) -> np.ndarray:
    """Which points (..., n, 2) are on the front: no other is at most as large on both axes, and less on one.

    Returns:
        (..., n), truth values.
    """
    one, other = values[..., :, None, :], values[..., None, :, :]
    beaten = (other <= one).all(-1) & (other < one).any(-1)
    return np.asarray(~beaten.any(-1))


def shares(frame: pd.DataFrame, draws: int, seed: int = 0) -> pd.DataFrame:
    """How often each cell is on the front when seeds are drawn anew, the same for all cells.

    Args:
        frame: networks of one data set; every cell has the same seeds.
        draws: of the bootstrap.
        seed: of it.

    Returns:
        Columns target, weighting; ``front``, whether the geometric mean is on it; ``share`` of draws.
    """
    wide = np.log(frame.set_index([*CELL[1:], "seed"])[list(AXES)]).unstack("seed")
    runs = frame["seed"].nunique()
    table = wide.to_numpy().reshape(len(wide), len(AXES), runs)
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(runs, np.full(runs, 1 / runs), size=draws) / runs
    drawn = np.einsum("cas,ds->dca", table, counts)
    held = front(table.mean(-1))
    rows = wide.index.to_frame(index=False)
    return rows.assign(front=held, share=front(drawn).mean(0))


def cells(networks: pd.DataFrame, draws: int) -> pd.DataFrame:
    """Every cell: geometric means over seeds with their intervals, and whether it is on the front.

    Returns:
        Columns `CELL`; ``excess``, ``sliced``, each with ``_least`` and ``_most``; ``energy``; ``front``,
        ``share``.
    """
    blocks = []
    for _, block in networks.groupby("dataset", sort=False):
        found = means(block, CELL, [*AXES, "energy"])
        found = found.drop(columns=["energy_least", "energy_most", "seeds"])
        blocks.append(found.merge(shares(block, draws), on=CELL[1:], validate="one_to_one"))
    return pd.concat(blocks, ignore_index=True)


def spreads(networks: pd.DataFrame) -> Mapping[str, Spread]:
    """`spread`, by data set."""
    return {str(name): spread(block) for name, block in networks.groupby("dataset", sort=False)}


CELLS_SHOWN: dict[str, Any] = {
    "words": style.CELLS | {"dataset": study.TITLES, "weighting": words.WEIGHTINGS},
    "columns": {
        "dataset": "data set",
        "target": "predicts",
        "weighting": "weighting",
        "excess": "excess (95 %)",
        "sliced": "sliced $W_2$ (95 %)",
        "energy": "energy",
        "share": "on the front",
    },
    "digits": {
        "excess": ".3f",
        "sliced": ".3f",
        "energy": ".3f",
        "share": ".2f",
    },
    "ends": {name: (f"{name}_least", f"{name}_most") for name in ("excess", "sliced")},
}
"""How `cells` are shown."""
