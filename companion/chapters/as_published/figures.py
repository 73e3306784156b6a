"""Figures of the chapter "As published": losses. Those of samples are in `pictures`."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter

from companion import study
from companion.chapters.as_published.results import LAST
from companion.evidence import style

WHOSE = ("published", "ours")
ROW_HEIGHT = 1.75
EVERY = 3
"""Epochs from one corner of a band of spread to the next."""

SHADES = (0.35, 0.65, 1.0)
"""How dark the curves of the three epochs are, first to last."""


def _target_handles() -> list[Line2D]:
    return [Line2D([], [], **style.TARGETS[t], label=style.SYMBOLS[t]) for t in study.TARGETS]


def _log_axis(axis: Axes, ticks: tuple[int, ...]) -> None:
    """A logarithmic axis with plain numbers at these multiples of powers of 10."""
    axis.set_yscale("log")
    axis.yaxis.set_major_locator(LogLocator(subs=ticks))
    axis.yaxis.set_major_formatter("{x:g}")
    axis.yaxis.set_minor_formatter(NullFormatter())


def above_floor(table: pd.DataFrame) -> Figure:
    """How far published and our levels are above the exact floor: a panel for each data set.

    Args:
        table: as :func:`companion.chapters.as_published.results.side_by_side` returns it.
    """
    figure, axes = plt.subplots(2, 2, sharex=True, sharey=True, figsize=(style.WIDTH, 5.4))
    kinds = [(o, t) for o in study.OBJECTIVES for t in study.TARGETS]
    for axis, name in zip(axes.flat, study.DATASETS, strict=True):
        rows = table[table["dataset"] == name].set_index(["objective", "target"])
        for k, kind in enumerate(kinds):
            look = style.TARGETS[kind[1]]
            for whose, offset in zip(WHOSE, (0.16, -0.16), strict=True):
                row = rows.loc[kind]
                spread = 100 * row[f"{whose}_sd"] / row["floor"]
                axis.errorbar(
                    row[f"{whose}_above"],
                    len(kinds) - 1 - k + offset,
                    xerr=0 if np.isnan(spread) else spread,
                    color=look["color"],
                    marker=look["marker"],
                    markersize=5,
                    markerfacecolor=look["color"] if whose == "ours" else "white",
                    linewidth=1.2,
                    capsize=2,
                )
        axis.axvline(0, color="#000000", linewidth=1)
        axis.set_title(study.TITLES[name])
        axis.set_yticks(
            range(len(kinds)),
            [f"{study.OBJECTIVE_TITLES[o]} {style.SYMBOLS[t]}" for o, t in reversed(kinds)],
        )
    figure.supxlabel("above the exact floor, %", fontsize=10)
    handles = [
        Line2D(
            [], [], color="#000000", marker="o", linestyle="none", markerfacecolor=face, label=whose
        )
        for whose, face in zip(WHOSE, ("white", "#000000"), strict=True)
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=2)
    return figure


def above_floor_shown(table: pd.DataFrame) -> dict[str, Any]:
    """Caption and alt text of `above_floor`."""
    words = "; ".join(
        f"{study.OBJECTIVE_TITLES[str(o)]} {t}: published {rows['published_above'].min():.1f} to "
        f"{rows['published_above'].max():.1f}, ours {rows['ours_above'].min():.1f} to "
        f"{rows['ours_above'].max():.1f}"
        for (o, t), rows in table.groupby(["objective", "target"], sort=False)
    )
    return {
        "caption": "How far networks are above the exact floor of their own loss, percent: the study's "
        f"(open) and ours (filled), training loss, mean of the last {LAST} epochs and spread of executions.",
        "alt": "Four panels, one a data set, of points on a percent axis, eight rows for the losses, two "
        f"points each. Over the data sets, in percent. {words}.",
    }


def by_epoch(curves: dict[str, pd.DataFrame], floor: pd.DataFrame, objective: str) -> Figure:
    """Losses against epochs: a row for each data set, the study's on the left and ours on the right.

    Args:
        curves: as :func:`companion.chapters.as_published.curves.by_epoch` returns them, by whose they are.
        floor: as :func:`companion.chapters.as_published.results.floors` returns it.
        objective: nelbo or weighted.
    """
    figure, axes = plt.subplots(
        len(study.DATASETS), 2, sharex=True, sharey="row",
        figsize=(style.WIDTH, 1 + ROW_HEIGHT * len(study.DATASETS)),
    )  # fmt: skip
    least = floor.set_index(["dataset", "target", "objective"])["floor"]
    for row, name in zip(axes, study.DATASETS, strict=True):
        for axis, whose in zip(row, WHOSE, strict=True):
            frame = curves[whose]
            frame = frame[(frame["dataset"] == name) & (frame["objective"] == objective)]
            for target, block in frame.groupby("target", sort=False):
                color = style.TARGETS[str(target)]["color"]
                epoch = block["epoch"] + 1
                axis.plot(
                    epoch, block["mean"], color=color, linewidth=1.4,
                    linestyle=style.TARGETS[str(target)]["linestyle"],
                )  # fmt: skip
                low = (block["mean"] - block["sd"]).clip(lower=0.5 * block["mean"])
                some = slice(None, None, EVERY)
                axis.fill_between(
                    epoch[some], low[some], (block["mean"] + block["sd"])[some],
                    color=color, alpha=0.25, linewidth=0,
                )  # fmt: skip
                axis.axhline(least[name, str(target), objective], color=color, linewidth=0.7)
            _log_axis(axis, (1, 2, 5))
            axis.set_title(f"{study.TITLES[name]}, {whose}")
        row[0].set_ylabel("loss")
    for axis in axes[-1]:
        axis.set_xlabel("epoch")
    handles = [
        Line2D([], [], color=look["color"], linestyle=look["linestyle"], label=style.SYMBOLS[t])
        for t, look in ((t, style.TARGETS[t]) for t in study.TARGETS)
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=4)
    return figure


def by_epoch_shown(curves: dict[str, pd.DataFrame], objective: str) -> dict[str, Any]:
    """Caption and alt text of `by_epoch`."""
    words = []
    for whose, frame in curves.items():
        frame = frame[frame["objective"] == objective]
        at = frame.groupby(["target", "epoch"])["mean"].mean()
        last = frame["epoch"].max()
        each = ", ".join(
            f"{t} {at[t, 0]:.3g}, {at[t, 10]:.3g}, {at[t, last]:.3g}" for t in study.TARGETS
        )
        words.append(f"{whose}: {each}")
    title = study.OBJECTIVE_TITLES[objective]
    return {
        "caption": f"Training loss against epoch, {title}, code units: mean and spread of the executions. "
        "Thin horizontal lines: the exact floors.",
        "alt": "Eight panels, a row for each data set, the study's curves on the left and ours on the right, "
        "four curves each on a logarithmic axis, and a level line for each floor. Means over data "
        f"sets in epochs 1, 11 and {last + 1}. {'; '.join(words)}.",
    }


def by_time(
    published: pd.DataFrame, ours: pd.DataFrame, floor: pd.DataFrame, name: str, objective: str
) -> Figure:
    """Losses against time at three epochs: a row for each target, the study's on the left, ours right.

    Args:
        published: :func:`companion.study.bins_at_epochs`.
        ours: as :func:`companion.chapters.as_published.curves.at_epochs` returns it.
        floor: as :func:`companion.chapters.as_published.curves.floors_by_time` returns it.
        name: the data set.
        objective: nelbo or weighted.
    """
    figure, axes = plt.subplots(
        len(study.TARGETS), 2, sharex=True, sharey="row",
        figsize=(style.WIDTH, 1 + ROW_HEIGHT * len(study.TARGETS)),
    )  # fmt: skip

    def chosen(frame: pd.DataFrame, target: str) -> pd.DataFrame:
        same = (frame["dataset"] == name) & (frame["objective"] == objective)
        return frame[same & (frame["target"] == target)].sort_values("bin")

    for row, target in zip(axes, study.TARGETS, strict=True):
        for axis, whose, frame in zip(row, WHOSE, (published, ours), strict=True):
            rows, exact = chosen(frame, target), chosen(floor, target)
            for epoch, shade in zip(study.BINNED_EPOCHS, SHADES, strict=True):
                curve = rows[rows["epoch"] == epoch]
                axis.plot(
                    (curve["bin"] + 0.5) / study.BINS, curve["loss"],
                    color=style.TARGETS[target]["color"], alpha=shade, linewidth=0.7 + shade,
                )  # fmt: skip
            axis.plot(
                (exact["bin"] + 0.5) / study.BINS, exact["floor"], color="#000000", linewidth=0.9,
                linestyle=(0, (2, 1)),
            )  # fmt: skip
            low, high = axis.get_ylim()
            _log_axis(axis, (1,) if high > 10 * max(low, 0) else (1, 7, 8, 9))
            axis.set_title(f"{style.SYMBOLS[target]}, {whose}")
        row[0].set_ylabel("loss")
    for axis in axes[-1]:
        axis.set_xlabel("time $t$")
    handles = [
        Line2D(
            [], [], color="#555555", alpha=shade, linewidth=0.7 + shade, label=f"epoch {epoch + 1}"
        )
        for epoch, shade in zip(study.BINNED_EPOCHS, SHADES, strict=True)
    ]
    exact_line = Line2D(
        [], [], color="#000000", linewidth=0.9, linestyle=(0, (2, 1)), label="floor"
    )
    figure.legend(handles=[*handles, exact_line], loc="outside upper center", ncols=4)
    return figure


def by_time_shown(
    published: pd.DataFrame, ours: pd.DataFrame, name: str, objective: str, executions: int
) -> dict[str, Any]:
    """Caption and alt text of `by_time`."""
    words = []
    for whose, frame in zip(WHOSE, (published, ours), strict=True):
        same = (frame["dataset"] == name) & (frame["objective"] == objective)
        last = frame[same & (frame["epoch"] == study.BINNED_EPOCHS[-1])]
        each = []
        for target in study.TARGETS:
            loss = last[last["target"] == target].set_index("bin")["loss"]
            each.append(f"{target} {loss.iloc[0]:.3g}, {loss.iloc[50]:.3g}, {loss.iloc[-1]:.3g}")
        words.append(f"{whose}: {', '.join(each)}")
    title = study.OBJECTIVE_TITLES[objective]
    return {
        "caption": f"Training loss against time, {title}, {study.TITLES[name]}, code units, at three epochs: "
        f"the study's first execution, and ours, mean of {executions}; dashed: the exact floor of each bin.",
        "alt": "Eight panels, a row for each target, the study's curves on the left and ours on the right, "
        "on a logarithmic axis: three epochs and the floor. Read at the last of them, in the first, the "
        f"middle and the last bin. {'; '.join(words)}.",
    }


LINES: dict[str, dict[str, Any]] = {
    "exact": {"color": "#000000", "linestyle": "-", "label": "one draw, exact denoiser"},
    "network": {"color": style.OKABE_ITO[5], "linestyle": "--", "label": "one draw, our network"},
    "ours": {"color": style.OKABE_ITO[1], "linestyle": "-", "label": "over epochs, ours"},
    "published": {"color": style.OKABE_ITO[0], "linestyle": "-", "label": "over epochs, published"},
    "published_noise": {
        "color": style.OKABE_ITO[4],
        "linestyle": (0, (2, 1)),
        "label": "over epochs, draws alone, published",
    },
}
"""How the variances are drawn."""

LOWEST = 1e-6
"""Where their axes begin: smaller ones play no part in what is recorded."""


def variances(table: pd.DataFrame, name: str) -> Figure:
    """The variances of the weighted loss against time, a panel for each target.

    Args:
        table: as :func:`companion.chapters.as_published.variances.variances` returns it.
        name: the data set.
    """
    figure, axes = plt.subplots(2, 2, sharex=True, figsize=(style.WIDTH, 5.8))
    for axis, target in zip(axes.flat, study.TARGETS, strict=True):
        rows = table[(table["dataset"] == name) & (table["target"] == target)].sort_values("bin")
        for column, look in LINES.items():
            axis.plot((rows["bin"] + 0.5) / study.BINS, rows[column], linewidth=1.2, **look)
        axis.set_yscale("log")
        axis.set_ylim(bottom=LOWEST)
        axis.set_title(f"{style.SYMBOLS[target]}, {study.TITLES[name]}")
    for axis in axes[-1]:
        axis.set_xlabel("time $t$")
    for axis in axes[:, 0]:
        axis.set_ylabel("variance")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2)
    return figure


def variances_shown(table: pd.DataFrame, name: str, draws: int) -> dict[str, Any]:
    """Caption and alt text of `variances`; ``draws`` are those of a bin."""
    rows = table[table["dataset"] == name]
    parts = {"first": rows["bin"] < 20, "last": rows["bin"] >= 80}
    words = "; ".join(
        f"{target}: "
        + ", ".join(
            f"{column} {means['first']:.2g} and {means['last']:.2g}"
            for column in LINES
            for means in [
                {
                    end: rows.loc[inside & (rows["target"] == target), column].mean()
                    for end, inside in parts.items()
                }
            ]
        )
        for target in study.TARGETS
    )
    return {
        "caption": f"What the study calls the variance of the weighted loss ({study.TITLES[name]}): over the "
        "epochs, of the mean of a bin; and what the words say: of one draw at that time, over points and "
        f"noise ({draws} draws a bin). Dashed: what draws alone make the study's vary by. Squares of "
        "code units.",
        "alt": "Four panels, one a target, with five curves against time on a logarithmic axis. Means over "
        f"the first fifth of the times and the last. {words}.",
    }
