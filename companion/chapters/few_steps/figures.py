"""The figures of the chapter "Few steps, by target"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import gmean
from torch import Tensor

from companion import study
from companion.chapters.few_steps.results import (
    FEW,
    LOG_SNR,
    MEAN,
    PLAIN,
    SOLVERS,
    TIME,
    Chain,
)
from companion.evidence import style
from companion.evidence.intervals import as_factors, interval
from companion.runs.plane import BOUND, ENDS, TARGETS

TALLEST = 30.0
"""Distances are drawn up to here: the data have a size of about 1.4."""

EXACT = {"color": "#555555", "marker": "x", "linestyle": "-", "linewidth": 1.2}
"""The exact denoiser."""

SHOWN = 300
"""Samples in a scatter plot, at most."""


def chosen(
    cells: pd.DataFrame, name: str, solver: str, unit: str, start: str = PLAIN
) -> pd.DataFrame:
    """Networks of the bound on a data set, by one solver on one grid."""
    return cells[
        (cells["dataset"] == name)
        & (cells["objective"] == BOUND)
        & (cells["solver"] == solver)
        & (cells["grid"] == unit)
        & (cells["start"] == start)
    ]


def curves(cells: pd.DataFrame, exact: pd.DataFrame, name: str, unit: str) -> Figure:
    """Distances by evaluations, a panel a solver: four targets with intervals, and the exact denoiser."""
    drawing, grid = plt.subplots(3, 2, figsize=(style.WIDTH, 7.4), sharex=True, sharey=True)
    for axes, solver in zip(grid.flat, SOLVERS, strict=True):
        for target in TARGETS:
            rows = chosen(cells, name, solver, unit)
            _line(axes, rows[rows["target"] == target], "evaluations", "total", target)
        here = exact[
            (exact["dataset"] == name) & (exact["solver"] == solver) & (exact["grid"] == unit)
        ]
        axes.plot(here["evaluations"], here["steps"], **EXACT, label="exact")
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.set_ylim(0.01, TALLEST)
        axes.minorticks_off()
        counts = sorted(exact["evaluations"].unique())
        axes.set_xticks(counts, [str(n) for n in counts])
        axes.set_title(solver)
    for axes in grid[-1]:
        axes.set_xlabel("network evaluations")
    for axes in grid[:, 0]:
        axes.set_ylabel("sliced $W_2$")
    drawing.suptitle(f"steps equal in {unit}", fontsize=10)
    handles, labels = grid.flat[0].get_legend_handles_labels()
    drawing.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    return drawing


def _line(axes: Axes, rows: pd.DataFrame, x: str, column: str, target: str, **kwargs: Any) -> None:
    """Geometric means over seeds with their intervals."""
    by = rows.groupby(x)[column]
    at = np.array([float(n) for n, _ in by])
    ends = np.array([as_factors(interval(np.log(values))) for _, values in by])
    if not len(ends):
        return
    value, least, most = ends.T
    reach = np.nan_to_num(np.stack([value - least, most - value]), posinf=0.0)
    look = style.TARGETS[target] | kwargs
    axes.errorbar(
        at,
        value,
        reach,
        label=style.SYMBOLS[target],
        markersize=4,
        capsize=2,
        elinewidth=0.8,
        **look,
    )


def curves_shown(cells: pd.DataFrame, name: str, unit: str, seeds: int, n: int) -> dict[str, Any]:
    """Caption and alt text of `curves`."""
    words = []
    for solver in SOLVERS:
        rows = chosen(cells, name, solver, unit)
        at = rows[rows["evaluations"] == FEW].groupby("target")["total"].agg(gmean)
        words.append(f"{solver}: " + ", ".join(f"{t} {at[t]:.2g}" for t in TARGETS))
    return {
        "caption": f"Samples of the {study.TITLES[name]} against the exact denoiser's after many steps from "
        f"the same noise, by evaluations of the network; steps equal in {unit}, log-SNR from {ENDS[0]:g} to "
        f"{ENDS[1]:g}. Networks of four targets under the bound: geometric means over {seeds} seeds with "
        f"95 % intervals of each alone, {n:,} samples. Crosses: the exact denoiser by the "
        "same chain, so what the step count does.",
        "alt": "Six panels, a solver each, logarithmic axes. Geometric mean distance with "
        f"{FEW} evaluations. {'; '.join(words)}.",
    }


def starts_figure(table: pd.DataFrame, name: str) -> Figure:
    """What the first step moves, and where the chain ends, by the first level; crosses on top: not finite."""
    rows = table[table["dataset"] == name]
    first = sorted(rows["first"].unique(), reverse=True)
    place = {low: k for k, low in enumerate(first)}
    drawing, panels = plt.subplots(1, 2, figsize=(style.WIDTH, 3.6))
    top = 2_000.0
    for axes, column in zip(panels, ("moved", "total"), strict=True):
        for target in TARGETS:
            of = rows[rows["target"] == target].assign(at=rows["first"].map(place))
            look = style.TARGETS[target]
            finite = of[np.isfinite(of[column])]
            _line(axes, finite, "at", column, target)
            if len(finite) < len(of):
                gone = of[~np.isfinite(of[column])]["at"].iloc[0]
                shift = 0.12 * (target == "score")
                axes.plot([gone + shift], [top], marker="X", color=look["color"], markersize=8)
            if column == "total":
                mended = of[of[MEAN].notna()]
                _line(
                    axes,
                    mended,
                    "at",
                    MEAN,
                    target,
                    markerfacecolor="white",
                    alpha=0.7,
                    linewidth=0.8,
                )
        axes.set_yscale("log")
        axes.minorticks_off()
        axes.set_ylim(1e-3 if column == "moved" else 2e-2, 2 * top)
        axes.set_xticks(range(len(first)), [_level(low) for low in first])
        axes.set_xlabel("log-SNR of the first level")
    panels[0].set_title("first step: moved by")
    panels[1].set_title(f"{FEW} evaluations: sliced $W_2$")
    handles, labels = panels[0].get_legend_handles_labels()
    drawing.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    return drawing


def _level(low: float) -> str:
    return f"{low:.3g}" if np.isfinite(low) else "$t = 1$"


def starts_shown(table: pd.DataFrame, name: str, seeds: int, n: int) -> dict[str, Any]:
    """Caption and alt text of `starts_figure`."""
    rows = table[table["dataset"] == name]
    last = rows[rows["first"] == ENDS[0]].groupby("target")[["moved", "total"]].agg(gmean)
    words = "; ".join(
        f"{t} moved {last.loc[t, 'moved']:.2g}, distance {last.loc[t, 'total']:.2g}"
        for t in TARGETS
    )
    return {
        "caption": f"DDIM with {FEW} evaluations, steps equal in time, by the log-SNR of its first level "
        f"({study.TITLES[name]}; networks under the bound; {seeds} seeds, geometric means with 95 % "
        f"intervals; {n:,} samples). Left: the first step against the exact denoiser's, root mean square. "
        "Right: where the chain ends; open marks: with the mean of the data for the first prediction of $x$. "
        f"Crosses on top: not finite, a division by zero. Networks were trained down to {ENDS[0]:g}.",
        "alt": f"Two panels, logarithmic. From right to left the first level is cleaner. At {ENDS[0]:g}, "
        f"geometric means: {words}. At t = 1 there are crosses for eps and s.",
    }


BREAKS: dict[str, tuple[str, Chain]] = {
    r"$\epsilon$, DDIM": ("eps", ("DDIM", TIME, FEW, PLAIN)),
    "$s$, Heun": ("score", ("Heun", TIME, FEW, PLAIN)),
    "$x$, Heun": ("x", ("Heun", TIME, FEW, PLAIN)),
    "exact, reverse SDE": ("exact", ("reverse SDE", LOG_SNR, FEW, PLAIN)),
}
"""Where each breaks: what is asked, and the chain."""

MENDS: dict[str, tuple[str, Chain]] = {
    r"first $\hat x$ the mean": ("eps", ("DDIM", TIME, FEW, MEAN)),
    r"first $\hat x$ the mean ": ("score", ("Heun", TIME, FEW, MEAN)),
    "even in log-SNR": ("x", ("Heun", LOG_SNR, FEW, PLAIN)),
    "ancestral": ("exact", ("ancestral", LOG_SNR, FEW, PLAIN)),
}
"""What mends each."""


def clouds(samples: Mapping[str, Tensor], exact: Tensor) -> Figure:
    """Samples where targets break, and below each how it is mended; the exact denoiser's in grey.

    Args:
        samples: (n, 2), by the titles of `BREAKS` and `MENDS`.
        exact: (n, 2), after many steps.
    """
    drawing, grid = plt.subplots(2, 4, figsize=(style.WIDTH, 3.9), sharex=True, sharey=True)
    asked = {**BREAKS, **MENDS}
    for axes, title in zip(grid.flat, asked, strict=True):
        colour = style.TARGETS.get(asked[title][0], EXACT)["color"]
        axes.plot(*exact[:SHOWN].T, ".", color="#bbbbbb", markersize=2)
        axes.plot(*samples[title][:SHOWN].T, ".", color=colour, markersize=2.4)
        axes.set_aspect("equal")
        axes.set_xlim(-3, 3)
        axes.set_ylim(-3, 3)
        axes.set_xticks([-2, 0, 2])
        axes.grid(visible=False)
        axes.set_title(title.strip(), fontsize=9)
    return drawing


def clouds_shown(name: str, n: int) -> dict[str, Any]:
    """Caption and alt text of `clouds`."""
    return {
        "caption": f"{min(n, SHOWN):,} samples of the {study.TITLES[name]} with {FEW} evaluations, one "
        "network each, the same noise. Top: where each breaks; $\\epsilon$, $s$ and $x$ with steps equal in "
        "time, the exact denoiser by the reverse SDE with steps equal in the log-SNR. Bottom: without the "
        "break, the last by another sampler. Grey: the exact denoiser in many steps. Samples out of "
        "the frame are not shown.",
        "alt": "Eight scatter plots in two rows. On top points leave the grey shape, below they are of "
        "its size.",
    }
