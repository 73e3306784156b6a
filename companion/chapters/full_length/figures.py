"""Figures of the chapter "At full length"."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullFormatter, ScalarFormatter

from companion import study
from companion.chapters.full_length.results import BOUND, CELL, FREE, OWN, TENFOLD
from companion.evidence import style

OBJECTIVES = {"nelbo": "NELBO", "weighted": "weighted"}
"""How objectives are written."""

OURS: dict[str, dict[str, Any]] = {
    OWN: {"color": style.OKABE_ITO[0], "marker": "o", "label": "ours, its network and target"},
    FREE: {"color": style.OKABE_ITO[1], "marker": "^", "label": "ours, free"},
}
RECIPE: dict[str, Any] = {"color": "#000000", "marker": "s", "label": "recipe"}


def title(dataset: str, target: str, objective: str) -> str:
    """A cell in words."""
    return f"{study.TITLES[dataset]}, {style.SYMBOLS[target]}, {OBJECTIVES[objective]}"


def curves(ours: pd.DataFrame, published: pd.DataFrame) -> Figure:
    """Training loss by epoch, a panel a cell: the study's executions, and the recipe's network.

    Args:
        ours: columns `CELL`, ``epoch``, ``loss``.
        published: the same, and ``execution``.
    """
    cells = list(ours.groupby(CELL, sort=False))
    figure, axes = plt.subplots(
        -(-len(cells) // 2), 2, figsize=(style.WIDTH, 1.55 * -(-len(cells) // 2)), sharex=True
    )
    for axis, (cell, one) in zip(axes.flat, cells, strict=False):
        same = (published[CELL] == list(cell)).all(axis=1)
        for _, execution in published[same].groupby("execution"):
            axis.plot("epoch", "loss", data=execution, color="#999999", linewidth=0.9)
        axis.plot("epoch", "loss", data=one, color=style.OKABE_ITO[0], linewidth=1.2)
        axis.set_title(title(*cell), fontsize=9)
        late = one["loss"][one["epoch"] > 10]
        axis.set_ylim(0.97 * late.min(), 1.06 * late.max())
    for axis in axes.flat[len(cells) :]:
        axis.set_axis_off()
    for axis in axes.flat[max(len(cells) - 2, 0) : len(cells)]:
        axis.set_xlabel("epoch")
        axis.tick_params(labelbottom=True)
    for axis in axes[:, 0]:
        axis.set_ylabel("loss")
    handles = [
        Line2D([], [], color="#999999", linewidth=0.9, label="published, three executions"),
        Line2D([], [], color=style.OKABE_ITO[0], linewidth=1.2, label="the recipe, one network"),
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=2)
    return figure


def curves_shown(ours: pd.DataFrame) -> dict[str, Any]:
    """What `curves` shows; argument as there."""
    cells = ours[CELL].drop_duplicates()
    return {
        "caption": "Training loss by epoch at the full length, code units, of the study's three executions "
        f"and of one network of the recipe written out anew, in {len(cells)} cells. The first epochs run out "
        "of the panels.",
        "alt": f"{len(cells)} panels of loss against 100 epochs: in each, three grey curves and a blue one "
        "that runs among them or beside them.",
    }


def times(table: pd.DataFrame) -> Figure:
    """Time to the recipe's quality, cell by cell: the recipe's and ours.

    Args:
        table: as :func:`companion.chapters.full_length.results.sooner` returns it.
    """
    cells = list(dict.fromkeys(table[CELL].itertuples(index=False, name=None)))
    figure, axis = plt.subplots(figsize=(style.WIDTH, 0.9 + 0.33 * len(cells)))
    place = {cell: len(cells) - k for k, cell in enumerate(cells)}
    rows = [place[cell] for cell in table[CELL].itertuples(index=False, name=None)]
    placed = table.assign(row=rows)
    whole = placed.groupby("row")["recipe_s"].median()
    for row, seconds in whole.items():
        least = placed.loc[placed["row"] == row, "seconds"].min()
        axis.plot([least, seconds], [row, row], color="#bbbbbb", linewidth=1, zorder=1)
    axis.plot(whole, whole.index, linestyle="none", **RECIPE)
    for kind, look in OURS.items():
        of = placed[placed["kind"] == kind]
        axis.plot(of["seconds"], of["row"], linestyle="none", **look)
    axis.set_xscale("log")
    axis.xaxis.set_major_formatter(ScalarFormatter())
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.set_yticks(list(place.values()), [title(*cell) for cell in cells])
    axis.set_xlabel("CPU seconds of training, one network alone")
    axis.grid(visible=False, axis="y")
    figure.legend(loc="outside upper center", ncols=3)
    return figure


def times_shown(table: pd.DataFrame) -> dict[str, Any]:
    """What `times` shows; argument as there."""
    cells = len(table[CELL].drop_duplicates())
    missed = table.loc[table["ratio"].isna() & table["ended"], "kind"].value_counts()
    without = "".join(f" Not reached by *{kind}* in {n}." for kind, n in missed.items())
    return {
        "caption": "CPU seconds of the recipe's training, and of ours until it is as near to the "
        "exact floor; "
        f"{cells} cells.{without}",
        "alt": f"{cells} rows of a square at the right, for the recipe, and to the left of it a "
        f"circle for its "
        "own network and target trained otherwise, and a triangle for a small network, on a "
        "logarithmic axis.",
    }


def by_level(levels: pd.DataFrame) -> Figure:
    """The excess of the recipe's networks in slices of the log-SNR, nats, a panel an objective.

    Args:
        levels: columns `CELL`, ``log_snr``, ``excess``.
    """
    figure, axes = plt.subplots(1, 2, figsize=(style.WIDTH, 2.9), sharey=True)
    for axis, (objective, block) in zip(axes, levels.groupby("objective", sort=False), strict=True):
        for (dataset, target), one in block.groupby(["dataset", "target"], sort=False):
            label = f"{style.SYMBOLS[target]}, {study.TITLES[dataset].lower()}"
            look = style.TARGETS[target] | {"markersize": 3, "linewidth": 1.3}
            axis.plot("log_snr", "excess", data=one, label=label, **look)
        axis.set_yscale("log")
        axis.set_title(OBJECTIVES[objective])
        axis.set_xlabel("log-SNR, nats")
        axis.legend(fontsize=8)
    axes[0].set_ylabel("excess in a slice, nats")
    return figure


def by_level_shown(levels: pd.DataFrame) -> dict[str, Any]:
    """What `by_level` shows; argument as there."""
    share = (
        levels["excess"]
        .where(levels["log_snr"] > 4, 0)
        .groupby([levels["target"], levels["objective"]])
        .sum()
        / levels.groupby(["target", "objective"])["excess"].sum()
    )
    return {
        "caption": "What the recipe's networks are above the exact floor, slice by slice of the "
        "log-SNR, after "
        "100 epochs; the data set of each is named in the legend.",
        "alt": "Two panels of excess against log-SNR on a logarithmic axis, four lines each. Of the whole, "
        f"{share.min():.0%} to {share.max():.0%} lies above a log-SNR of 4.",
    }


def tenfold(networks: pd.DataFrame) -> Figure:
    """The excess of networks after the steps of this book, and after ten times as many, nats.

    Args:
        networks: columns dataset, target, weighting, ``plain``, ``tenfold``, ``steps``.
    """
    names = list(dict.fromkeys(networks["dataset"]))
    steps = int(networks["steps"].iloc[0])
    figure, axes = plt.subplots(
        1, len(names), figsize=(style.WIDTH, 3.2), sharey=True, squeeze=False
    )
    for axis, name in zip(axes[0], names, strict=True):
        block = networks[networks["dataset"] == name]
        for row in block.itertuples():
            look = style.TARGETS[str(row.target)]
            bound = row.weighting == BOUND
            axis.plot(
                [steps, TENFOLD * steps],
                [row.plain, row.tenfold],
                color=look["color"],
                marker=look["marker"],
                linestyle="-" if bound else ":",
                markerfacecolor=look["color"] if bound else "white",
            )
        axis.set(xscale="log", yscale="log", title=study.TITLES[name], xlabel="steps")
        axis.set_xticks([steps, TENFOLD * steps], [f"{steps:,}", f"{TENFOLD * steps:,}"])
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.set_xlim(0.7 * steps, 1.4 * TENFOLD * steps)
    axes[0, 0].set_ylabel("excess, nats")
    handles = [
        Line2D(
            [], [], **{k: style.TARGETS[t][k] for k in ("color", "marker")}, label=style.SYMBOLS[t]
        )
        for t in study.TARGETS
    ]
    handles += [
        Line2D([], [], color="#555555", linestyle="-", label="bound"),
        Line2D([], [], color="#555555", linestyle=":", label="own squared error"),
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=6, columnspacing=1.2)
    return figure


def tenfold_shown(networks: pd.DataFrame, table: pd.DataFrame) -> dict[str, Any]:
    """What `tenfold` shows; arguments as there, and as of `companion.chapters.full_length.results.turned`."""
    words = "; ".join(
        f"{r.dataset}: {r.turned} of {r.pairs} pairs of lines cross" for r in table.itertuples()
    )
    return {
        "caption": "Excess of the eight objectives of [](19_equal_footing) after the steps of the profile "
        f"`standard`, and after {TENFOLD} times as many; {len(networks)} networks, one seed.",
        "alt": f"A panel for each data set with eight lines that fall from left to right. {words}.",
    }
