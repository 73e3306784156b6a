"""How well metrics are predicted on a data set that was left out, and what is left over."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from companion.chapters.errors_to_samples.pushed import METRICS
from companion.chapters.errors_to_samples.results import MODEL, PREDICTORS

OBJECTIVE = ["target", "objective"]
"""What is drawn anew: all networks of one of the eight, on every data set. They are the same eight on all,
and what a line leaves over of one objective is alike on them."""

MIDDLE = 95
"""Per cent of bootstrap draws that an interval holds."""

TARGET = 0.9
"""The R squared that is asked for."""


def left_out(
    x: np.ndarray, y: np.ndarray, sets: np.ndarray, weights: np.ndarray | None = None
) -> np.ndarray:
    """Predictions of ``y`` from lines fitted to the other sets.

    Args:
        x: what is predicted from, (n,).
        y: what is predicted, (n,).
        sets: which of the sets each is in, (n,).
        weights: how often each counts, (..., n); once by default.

    Returns:
        (..., n).
    """
    weights = np.ones_like(y) if weights is None else weights
    found = np.empty(weights.shape)
    for one in np.unique(sets):
        out = sets == one
        slope, start = line(x[~out], y[~out], weights[..., ~out])
        found[..., out] = start[..., None] + slope[..., None] * x[out]
    return found


def line(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slope and intercept of weighted least squares, (...,) each, for weights (..., n)."""
    total = weights.sum(-1)
    mean_x, mean_y = weights @ x / total, weights @ y / total
    slope = (weights @ (x * y) / total - mean_x * mean_y) / (weights @ x**2 / total - mean_x**2)
    return slope, mean_y - slope * mean_x


def r_squared(y: np.ndarray, predicted: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """1 less the squared residuals over the squared deviations from the mean, (...,) for (..., n)."""
    mean = (weights @ y / weights.sum(-1))[..., None]
    return 1 - (weights * (y - predicted) ** 2).sum(-1) / (weights * (y - mean) ** 2).sum(-1)


def objective_counts(frame: pd.DataFrame, draws: int, seed: int) -> np.ndarray:
    """How often each network counts in each bootstrap draw: as its objective does on all sets, (draws, n)."""
    of_each = frame.groupby(OBJECTIVE, sort=False).ngroup().to_numpy()
    number = of_each.max() + 1
    rng = np.random.default_rng(seed)
    times = rng.multinomial(number, np.full(number, 1 / number), size=draws)
    return times[:, of_each].astype(float)


def scores(networks: pd.DataFrame, draws: int, seed: int = 0) -> pd.DataFrame:
    """The R squared of each predictor and metric, in logarithms, leaving one data set out.

    Args:
        networks: columns dataset, target, objective, seed, ``metric``, ``value`` and `PREDICTORS`.
        draws: of the bootstrap over objectives, the same on all data sets; the fits are made again in each.
        seed: of it.

    Returns:
        Columns ``metric``, ``predictor``; ``all``, of all left-out networks together, and the ends of its
        interval, ``low`` and ``high``; a column for each data set, about its own mean; ``slope``, of the fit
        to all; ``gain``, over the total excess, and the ends of its interval, ``gain_low``, ``gain_high``.
    """
    rows: list[dict[str, Any]] = []
    for metric in METRICS:
        block = networks[networks["metric"] == metric].reset_index(drop=True)
        counts, once = objective_counts(block, draws, seed), np.ones(len(block))
        y, sets = np.log(block["value"].to_numpy()), block["dataset"].to_numpy()
        base: tuple[float, np.ndarray] | None = None
        for predictor in PREDICTORS:
            x = np.log(block[predictor].to_numpy())
            held = left_out(x, y, sets)
            drawn = r_squared(y, left_out(x, y, sets, counts), counts)
            value = float(r_squared(y, held, once))
            base = base or (value, drawn)
            row = {"metric": metric, "predictor": predictor, "all": value}
            row |= dict(zip(("low", "high"), _ends(drawn), strict=True))
            for one in block["dataset"].unique():
                own = sets == one
                row[one] = float(r_squared(y[own], held[own], once[own]))
            row |= {"slope": float(line(x, y, once)[0]), "gain": value - base[0]}
            row |= dict(zip(("gain_low", "gain_high"), _ends(drawn - base[1]), strict=True))
            rows.append(row)
    return pd.DataFrame(rows)


def _ends(values: np.ndarray) -> list[float]:
    edge = (100 - MIDDLE) / 2
    return [float(v) for v in np.percentile(values, [edge, 100 - edge])]


PARTS = {
    "value/whole": "errors are met off the exact path",
    "whole/first": "the flow bends, and quadrature",
    "value/first": "both",
}
"""Ratios of what was measured, or predicted, and what makes them differ from one."""

RATIOS = {
    "value/whole": "samples over whole flow",
    "whole/first": "whole flow over first order",
    "value/first": "samples over first order",
}
"""How they are written."""


def parts(networks: pd.DataFrame) -> pd.DataFrame:
    """By which factor predictions are off, in root mean square, for the networks moved least and most.

    Returns:
        Columns ``metric``, ``part`` of `PARTS` and its ``cause``; ``less`` and ``more``, the
        factors for networks whose median displacement is below, or not, the median of all.
    """
    moved = networks[networks["metric"] == "median"].set_index(MODEL)
    far = moved["value"] >= moved["value"].median()
    rows = []
    for metric in METRICS:
        block = networks[networks["metric"] == metric].set_index(MODEL)
        for part in PARTS:
            above, below = part.split("/")
            off = np.log(block[above] / block[below]) ** 2
            groups = {"less": off[~far], "more": off[far]}
            sizes = {k: float(np.exp(np.sqrt(g.mean()))) for k, g in groups.items()}
            rows.append({"metric": metric, "part": part, "cause": PARTS[part]} | sizes)
    return pd.DataFrame(rows)
