"""Figures of the chapter "The data, and how noise destroys them"."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from companion import study
from companion.chapters.data_sets.measures import Array
from companion.evidence import style

LOOKS: dict[str, dict[str, Any]] = {
    "clusters": {"color": style.OKABE_ITO[4], "marker": "o", "linestyle": "-"},
    "rings": {"color": style.OKABE_ITO[1], "marker": "s", "linestyle": "--"},
    "swiss_roll": {"color": style.OKABE_ITO[2], "marker": "^", "linestyle": "-."},
    "waves": {"color": style.OKABE_ITO[0], "marker": "D", "linestyle": ":"},
}
"""How the data sets are drawn."""

BAR_TITLES = {
    "hellinger": "pooled Hellinger (the study's)",
    "w1": "pooled Wasserstein-1 (the study's)",
    "sliced": "sliced Wasserstein-2 (the study's)",
    "joint": "Hellinger of the joint density, exact",
}
"""The panels of bars."""


def _legend(figure: Figure, ncols: int = 4, lines: bool = True) -> None:
    handles = [
        Line2D(
            [],
            [],
            color=look["color"],
            linestyle=look["linestyle"] if lines else "none",
            marker=look["marker"] if lines else "s",
            label=study.TITLES[name],
        )
        for name, look in LOOKS.items()
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=ncols)


def points(drawn: dict[str, Array]) -> Figure:
    """The data sets, a panel each.

    Args:
        drawn: points (n, 2) by data set.
    """
    figure, axes = plt.subplots(2, 2, sharex=True, sharey=True, figsize=(style.WIDTH, 6.4))
    for axis, (name, x) in zip(axes.flat, drawn.items(), strict=True):
        axis.plot(*x.T, "o", color=LOOKS[name]["color"], markersize=1.6, markeredgewidth=0)
        axis.set_title(study.TITLES[name])
        axis.set_aspect("equal")
    figure.supxlabel("first coordinate, standard deviations", fontsize=10)
    figure.supylabel("second coordinate, standard deviations", fontsize=10)
    return figure


def forward(
    drawn: dict[str, dict[float, Array]], divergence: dict[tuple[str, float], float]
) -> Figure:
    """Noisy data, a row for each data set and a column for each time.

    Args:
        drawn: points (n, 2) by data set and time.
        divergence: of the exact distribution from N(0, I), nats, by data set and time.
    """
    times = list(next(iter(drawn.values())))
    figure, axes = plt.subplots(
        len(drawn), len(times), sharex=True, sharey=True, figsize=(style.WIDTH, 5.8)
    )
    for row, (name, by_time) in zip(axes, drawn.items(), strict=True):
        for axis, (t, z) in zip(row, by_time.items(), strict=True):
            axis.plot(*z.T, "o", color=LOOKS[name]["color"], markersize=1.4, markeredgewidth=0)
            axis.set(xlim=(-3, 3), ylim=(-3, 3), xticks=[], yticks=[], aspect="equal")
            axis.set_xlabel(nats(divergence[name, t]), fontsize=10, labelpad=2)
        row[0].set_ylabel(study.TITLES[name])
    for axis, t in zip(axes[0], times, strict=True):
        axis.set_title(f"$t = {t:.2g}$")
    return figure


def nats(value: float) -> str:
    """A divergence as the panels print it."""
    return f"{value:.3g}" if value >= 1e-3 else "< 0.001"


def bars(table: pd.DataFrame) -> Figure:
    """The study's bars on repeated draws, what they are of the distributions, and the joint density's.

    Args:
        table: as :func:`companion.chapters.data_sets.results.bars` returns it.
    """
    figure, axes = plt.subplots(len(BAR_TITLES), 1, figsize=(style.WIDTH, 9.4))
    palette = {name: look["color"] for name, look in LOOKS.items()}
    for axis, (measure, title) in zip(axes, BAR_TITLES.items(), strict=True):
        rows = table[table["measure"] == measure]
        own = rows[rows["draw"] >= 0] if measure != "joint" else rows
        sns.barplot(
            data=own,
            x="range",
            y="bar",
            hue="dataset",
            hue_order=list(LOOKS),
            palette=palette,
            errorbar="sd",
            err_kws={"linewidth": 1.0, "color": "#444444"},
            saturation=1,
            ax=axis,
            legend=False,
        )
        if measure != "joint":
            _exact_marks(axis, rows[rows["draw"] < 0])
        axis.set_title(title)
        axis.set(xlabel="", ylabel="size of a bar")
        axis.set_xticks(
            range(own["range"].nunique()), _range_labels(measure, own["range"].nunique())
        )
    axes[-1].set_xlabel("range of $t$ (begins at)")
    _legend(figure, lines=False)
    return figure


def _range_labels(measure: str, count: int) -> list[str]:
    first = 0.01 if measure == "sliced" else 0.0
    return [f"{first + k / 10:.2g}" for k in range(count)]


def _exact_marks(axis: Axes, rows: pd.DataFrame) -> None:
    """The distribution's own bars, as short black lines across those of its samples."""
    width = 0.8 / len(LOOKS)
    for index, name in enumerate(LOOKS):
        block = rows[rows["dataset"] == name].sort_values("range")
        centre = block["range"].to_numpy() - 0.4 + (index + 0.5) * width
        axis.hlines(
            block["bar"], centre - width / 2, centre + width / 2, color="#000000", linewidth=1.6
        )


def distances(exactly: pd.DataFrame, samples: pd.DataFrame) -> Figure:
    """Hellinger distances from noise against time: joint, pooled, of shuffled data, and the study's.

    Args:
        exactly: as :func:`companion.chapters.data_sets.results.distributions` returns it.
        samples: as :func:`companion.chapters.data_sets.results.published` returns it.
    """
    figure, axes = plt.subplots(2, 2, sharex=True, sharey=True, figsize=(style.WIDTH, 5.6))
    own = samples[samples["measure"] == "hellinger"]
    for axis, name in zip(axes.flat, LOOKS, strict=True):
        rows = exactly[exactly["dataset"] == name]
        colors = style.OKABE_ITO
        axis.plot(rows["t"], rows["joint"], "-", color=colors[0], label="joint, exact")
        axis.plot(rows["t"], rows["shuffled"], ":", color=colors[1], label="coordinates shuffled")
        axis.plot(rows["t"], rows["hellinger"], "--", color=colors[2], label="pooled, exact")
        mean = own[own["dataset"] == name].groupby("t")["distance"].mean()
        axis.plot(
            mean.index, mean, "o", color="#000000", markersize=3, label="pooled, histograms (study)"
        )
        axis.set_title(study.TITLES[name])
        axis.set_ylim(0, None)
    figure.supxlabel("time $t$", fontsize=10)
    figure.supylabel("Hellinger distance from noise", fontsize=10)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2)
    return figure


def rates(table: pd.DataFrame) -> Figure:
    """How fast noise takes information, by log-SNR, and structure, by log-SNR and by time.

    Args:
        table: as :func:`companion.chapters.data_sets.results.rates` returns it.
    """
    figure, axes = plt.subplots(3, 1, figsize=(style.WIDTH, 8.0))
    for name, look in LOOKS.items():
        rows = table[table["dataset"] == name]
        shown = look | {"markersize": 4}
        axes[0].plot(rows["log_snr"], rows["information"], **shown)
        axes[1].plot(rows["log_snr"], rows["structure"], **shown)
        axes[2].plot(rows["t"], rows["in_time"], **shown)
    gaussian = table[table["dataset"] == table["dataset"].iloc[0]]
    axes[0].plot(gaussian["log_snr"], gaussian["gaussian"], color="#000000", linewidth=1)
    axes[0].text(-1.2, 0.42, r"$\mathcal{N}(0, I)$", ha="right")
    axes[0].set_title("information that a unit of log-SNR takes, nats")
    axes[1].set_title(r"distance from $\mathcal{N}(0, I)$ that it takes, nats")
    axes[2].set_title(r"the same for a unit of the study's time, nats")
    for axis in axes[:2]:
        axis.set_xlabel(r"log-SNR $\lambda$ (data on the right)")
    axes[2].set_xlabel("time $t$ (data on the left)")
    _legend(figure)
    return figure


def entropies(known: pd.DataFrame, estimates: pd.DataFrame) -> Figure:
    """The exact entropy of each data set, and the study's estimates of it.

    Args:
        known: columns dataset, entropy.
        estimates: columns dataset, components, estimate.
    """
    figure, axis = plt.subplots(figsize=(style.WIDTH, 3.4))
    places = np.arange(len(LOOKS))
    exactly = known.set_index("dataset").loc[list(LOOKS), "entropy"]
    axis.hlines(exactly, places - 0.3, places + 0.3, color="#000000", linewidth=2, label="exact")
    for components, marker, color, shift in ((5, "o", 1, -0.12), (50, "^", 0, 0.12)):
        rows = estimates[estimates["components"] == components]
        at = [list(LOOKS).index(name) + shift for name in rows["dataset"]]
        axis.plot(
            at,
            rows["estimate"],
            marker,
            color=style.OKABE_ITO[color],
            label=f"fit of {components} Gaussians",
        )
    axis.set_xticks(places, [study.TITLES[name] for name in LOOKS])
    axis.set_ylabel("entropy, nats")
    axis.set_ylim(0, None)
    figure.legend(loc="outside upper center", ncols=3)
    return figure


def schedules(curves: pd.DataFrame) -> Figure:
    """The log-SNR of schedules against time, within the study's limits of the axis.

    Args:
        curves: columns schedule, t, log_snr.
    """
    figure, axis = plt.subplots(figsize=(style.WIDTH, 3.8))
    lines = ("-", "--", "-.", ":")
    for (name, rows), line in zip(curves.groupby("schedule", sort=False), lines, strict=True):
        axis.plot(rows["t"], rows["log_snr"], line, label=name)
    axis.set(xlabel="time $t$", ylabel=r"log-SNR $\lambda_t$, nats", ylim=(-10, 10))
    figure.legend(loc="outside upper center", ncols=2)
    return figure
