"""Figures of the chapter "The study's networks on one scale"."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from companion import study
from companion.chapters.one_scale.results import RANGES, SCHEDULE
from companion.evidence import style

FOLDED = 3
"""Neighbouring bins that are drawn as one point away from the ends, where noise is largest."""


def by_level(by_bin: pd.DataFrame) -> pd.DataFrame:
    """Excess per unit of log-SNR of each loss, mean of three networks; bins with an end are left out.

    Columns: dataset, objective, target; ``log_snr``, the middle of the bins that are taken together, one
    each up to t = 0.1 and `FOLDED` beyond; low, middle, high and ``noise``, nats per unit of log-SNR.
    """
    inside = by_bin[by_bin["bin"].between(*RANGES["all"])]
    group = inside["bin"].where(inside["bin"] < 10, 10 + (inside["bin"] - 10) // FOLDED * FOLDED)
    inside = inside.assign(group=group, noise=inside["noise_middle"] ** 2)
    keys = ["dataset", "objective", "target", "group"]
    sums = inside.groupby(keys, sort=False)
    frame = sums[["low", "middle", "high", "noise"]].sum()
    networks = inside["execution"].nunique()
    frame["noise"] **= 0.5
    first, last = sums["bin"].min(), sums["bin"].max() + 1
    ends = [
        SCHEDULE.log_snr(torch.tensor(edge.to_numpy() / study.BINS, dtype=torch.float64)).numpy()
        for edge in (first, last)
    ]
    for column in ("low", "middle", "high", "noise"):
        frame[column] /= networks * (ends[0] - ends[1])
    frame["log_snr"] = (ends[0] + ends[1]) / 2
    return frame.reset_index()


def _clear(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["middle"] > 2 * rows["noise"]].sort_values("log_snr")


def excess_by_level(levels: pd.DataFrame) -> Figure:
    """Excess against log-SNR, a row of panels for each objective.

    Args:
        levels: as :func:`by_level` returns it.
    """
    figure, axes = plt.subplots(
        2, 4, sharex=True, sharey=True, figsize=(style.WIDTH, 4.8), squeeze=False
    )
    for row, objective in zip(axes, study.OBJECTIVE_TITLES, strict=True):
        for axis, name in zip(row, study.DATASETS, strict=True):
            _panel(axis, levels[(levels["dataset"] == name) & (levels["objective"] == objective)])
    for axis, name in zip(axes[0], study.DATASETS, strict=True):
        axis.set_title(study.TITLES[name])
    for row, label in zip(axes, study.OBJECTIVE_TITLES.values(), strict=True):
        row[0].set_ylabel(f"{label}: nats per unit")
    figure.supxlabel(r"log-SNR $\lambda$", fontsize=10)
    handles = [
        Line2D([], [], **style.TARGETS[target], markersize=4, label=style.SYMBOLS[target])
        for target in study.TARGETS
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=4)
    return figure


def _panel(axis: Axes, rows: pd.DataFrame) -> None:
    axis.set_yscale("log")
    axis.set_ylim(1e-5, 50)
    for target in study.TARGETS:
        shown = _clear(rows[rows["target"] == target])
        look = style.TARGETS[target]
        axis.fill_between(
            shown["log_snr"],
            shown["low"],
            shown["high"],
            color=look["color"],
            alpha=0.25,
            linewidth=0,
        )
        axis.plot(shown["log_snr"], shown["middle"], **look, markersize=2.5, linewidth=1.2)
    axis.set_xticks([-6, 0, 6])


def by_level_shown(levels: pd.DataFrame) -> dict[str, Any]:
    """What `excess_by_level` shows."""
    hidden = 1 - len(_clear(levels)) / len(levels)
    clean = levels[levels["log_snr"] > 6].groupby("target")["middle"].median()
    return {
        "caption": "What the study's own networks add to the bound above the exact floor, by noise level: "
        "nats per unit of log-SNR, mean of three networks. Clean data are on the right. Bands: all that "
        "a bin allows; lines: as if its excess were even. Points within two standard errors of zero are "
        f"left out ({hidden:.0%}).",
        "alt": "Eight panels, a row for each objective and a column for each data set; four curves in "
        "each, on a logarithmic axis. Above a log-SNR of 6 the medians are "
        + ", ".join(f"{target} {clean[target]:.2g}" for target in study.TARGETS)
        + " nats per unit.",
    }


def totals(table: pd.DataFrame) -> Figure:
    """The range of what each loss's networks add to the bound, over all bins but those at the ends.

    Args:
        table: as :func:`companion.chapters.one_scale.results.side_by_side` returns it.
    """
    table = table.set_index(["dataset", "objective", "target"])
    figure, axes = plt.subplots(1, 4, sharex=True, sharey=True, figsize=(style.WIDTH, 3.3))
    places = [
        (objective, target) for objective in study.OBJECTIVE_TITLES for target in study.TARGETS
    ]
    for axis, name in zip(axes, study.DATASETS, strict=True):
        for height, (objective, target) in enumerate(places):
            row, look = table.loc[(name, objective, target)], style.TARGETS[target]
            reach = row["low"] - row["reach_low"], row["high"] + row["reach_high"]
            axis.plot(
                [max(reach[0], 1e-3), reach[1]], [height] * 2, color=look["color"], linewidth=1
            )
            axis.plot([row["low"], row["high"]], [height] * 2, color=look["color"], linewidth=5)
            axis.plot(row["middle"], height, look["marker"], color="black", markersize=3.5)
        axis.set_xscale("log")
        axis.set_xlim(0.02, 100)
        axis.set_title(study.TITLES[name])
        axis.axhline(3.5, color="#888888", linewidth=0.6)
        axis.grid(visible=False, axis="y")
    axes[0].set_yticks(
        range(8), [f"{study.OBJECTIVE_TITLES[o]} {style.SYMBOLS[t]}" for o, t in places]
    )
    axes[0].invert_yaxis()
    figure.supxlabel("nats above the exact floor", fontsize=10)
    return figure


def totals_shown(table: pd.DataFrame) -> dict[str, Any]:
    """What `totals` shows."""
    table = table[table["objective"] == "nelbo"]
    of_x, others = table[table["target"] == "x"], table[table["target"] != "x"]
    return {
        "caption": "Excess over the exact floor of the bound, for $t$ in $[0.01, 0.99)$. Thick: between "
        "the least and the most that the bins allow, mean of three networks. Thin: with what may be "
        "noise. Marks: as if the excess were even in each bin.",
        "alt": "Four panels, a row for each of eight losses, on a logarithmic axis. Networks of the "
        f"NELBO in x have at least {of_x['low'].min():.2f} nats, those of other targets at most "
        f"{others['high'].max():.2f}.",
    }
