"""Figures of the chapter "Weightings from the kernels"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from companion import study
from companion.chapters.weightings_from_kernels import rules, words
from companion.chapters.weightings_from_kernels.fronts import Spread, ellipse
from companion.chapters.weightings_from_kernels.measured import ERRORS
from companion.chapters.weightings_from_kernels.pilots import MULTIPLES, SEEDS
from companion.chapters.weightings_from_kernels.results import AXES, weight
from companion.evidence import style
from companion.runs.plane import BOUND, OWN_OF

DASHES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)))

BESIDE: dict[str, Any] = {"edm": "--", "sigmoid-3": "-.", "v-mse": ":"}
"""Weightings of the catalogue that are drawn in grey, and their lines."""

TONES = (*style.OKABE_ITO, "#882255")
"""Of derived weightings; the last is of Tol's palette, which the colour-blind tell apart too."""

LEAST = 1e-4
"""The least weight that is drawn, over the largest."""


def constants() -> list[str]:
    """The derived weightings that do not change during training."""
    return [name for name in rules.NAMES if name not in rules.TIMED]


def colour(name: str) -> str:
    """Of a derived weighting; one that changes during training has that of another."""
    return TONES[rules.NAMES.index(name)]


def over_levels(names: Sequence[str]) -> Figure:
    """The derived weightings over the log-SNR, over their largest value; those of the catalogue in grey.

    Args:
        names: the data sets, a panel each.
    """
    figure, axes = plt.subplots(
        len(names), 1, sharex=True, squeeze=False, figsize=(style.WIDTH, 0.9 + 2.6 * len(names))
    )
    at = np.linspace(-12, 12, 193)
    for axis, name in zip(axes[:, 0], names, strict=True):
        for beside, line in BESIDE.items():
            w = weight(name, beside, at)
            axis.plot(at, w / w.max(), color="0.6", linestyle=line, linewidth=1.3)
        for derived, line in zip(constants(), DASHES, strict=True):
            w = weight(name, derived, at)
            axis.plot(at, w / w.max(), color=colour(derived), linestyle=line)
        axis.set(yscale="log", ylim=(LEAST, 1.5), xlim=(-12, 12))
        axis.set_title(study.TITLES[name])
    handles = [
        Line2D([], [], color=colour(n), linestyle=line, label=words.weighting(n))
        for n, line in zip(constants(), DASHES, strict=True)
    ]
    handles += [
        Line2D([], [], color="0.6", linestyle=line, linewidth=1.3, label=words.weighting(n))
        for n, line in BESIDE.items()
    ]
    figure.supxlabel(r"log-SNR $\lambda$", fontsize=10)
    figure.supylabel("weight over its maximum", fontsize=10)
    figure.legend(handles=handles, loc="outside upper center", ncols=3)
    return figure


def over_levels_shown(names: Sequence[str]) -> dict[str, Any]:
    """Caption and alt text of `over_levels`."""
    at = np.array([-8.0, 0.0, 4.0, 8.0])
    read = []
    for name in names:
        for derived in constants():
            w = weight(name, derived, at) / weight(name, derived, np.linspace(-12, 12, 193)).max()
            listed = ", ".join(f"{v:.1e} at {a:+.0f}" for v, a in zip(w, at, strict=True))
            read.append(f"{name} {derived}: {listed}")
    return {
        "caption": "The weightings that are derived, each over its maximum, logarithmic: $k$ is the kernel "
        "of samples, $e$ the error of pilots, $\\ell$ the loss they are left with. Grey: three of the "
        "catalogue's. Noise on the left, clean data on the right.",
        "alt": f"Curves of weight against log-SNR, a panel a data set. {'; '.join(read)}.",
    }


def of_pilots(table: pd.DataFrame) -> Figure:
    """Root mean square error of pilots after each share of the steps, beside the least error.

    Args:
        table: the committed one.
    """
    names = list(dict.fromkeys(table["dataset"]))
    figure, axes = plt.subplots(
        1, len(names), sharey=True, squeeze=False, figsize=(style.WIDTH, 3.2)
    )
    for axis, name in zip(axes[0], names, strict=True):
        own = table[table["dataset"] == name]
        axis.plot(own["log_snr"], np.sqrt(own["mmse"]), color="0.6", linewidth=1.3)
        for i, column in enumerate(ERRORS):
            axis.plot(own["log_snr"], own[column], color=style.OKABE_ITO[i], linestyle=DASHES[i])
        axis.set(yscale="log", xlabel=r"log-SNR $\lambda$", title=study.TITLES[name])
    axes[0, 0].set_ylabel(r"r.m.s. error of $\hat\epsilon$")
    handles = [
        Line2D(
            [], [], color=style.OKABE_ITO[i], linestyle=DASHES[i], label=f"{part:.0%} of the steps"
        )
        for i, part in enumerate(MULTIPLES)
    ]
    handles.append(Line2D([], [], color="0.6", linewidth=1.3, label="least loss, its root"))
    figure.legend(handles=handles, loc="outside upper center", ncols=4)
    return figure


def of_pilots_shown(table: pd.DataFrame) -> dict[str, Any]:
    """Caption and alt text of `of_pilots`."""
    read = []
    for name, block in table.groupby("dataset", sort=False):
        rows = block.set_index("log_snr")
        listed = ", ".join(
            f"at {at:+.0f} " + " then ".join(f"{rows.loc[at, c]:.2g}" for c in ERRORS)
            for at in (-8.0, 0.0, 4.0, 10.0)
        )
        read.append(f"{name}: {listed}")
    return {
        "caption": "Error of pilots, networks of $v$ under the bound, after a quarter, a half and all of the "
        f"steps, each trained to the end of its own rates; {len(SEEDS)} seeds. It is the root of the excess. "
        "Grey, for scale: the root of the least loss, which the excess is added to.",
        "alt": f"Curves of error against log-SNR on a logarithmic axis. {'; '.join(read)}.",
    }


def _ticks(axis: Axes, subs: tuple[float, ...]) -> None:
    """Ticks of both logarithmic axes at these multiples of powers of ten, written out."""
    for one in (axis.xaxis, axis.yaxis):
        one.set_major_locator(LogLocator(subs=subs))
        one.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        one.set_minor_formatter(NullFormatter())


NEAR = {"excess": 4.0, "sliced": 3.2}
"""How far the near view of the plane reaches, times the least mean."""


def is_near(cells: pd.DataFrame) -> pd.Series:
    """Which cells the near view shows; of one data set."""
    inside = [cells[axis] < reach * cells[axis].min() for axis, reach in NEAR.items()]
    return inside[0] & inside[1]


def plane(cells: pd.DataFrame, found: Mapping[str, Spread], near: bool) -> Figure:
    """Excess against sliced distance, a panel a data set: every cell with its confidence ellipse.

    Args:
        cells: as :func:`companion.chapters.weightings_from_kernels.fronts.cells` gives them.
        found: the spread within cells, by data set.
        near: only those near the front, in panels below each other; else all, in panels side by side.
    """
    if near:
        figure, axes = plt.subplots(
            len(found), 1, squeeze=False, figsize=(style.WIDTH, 1.2 + 4.1 * len(found))
        )
    else:
        figure, axes = plt.subplots(
            1, len(found), squeeze=False, sharey=True, figsize=(style.WIDTH, 3.4)
        )
    size = 6.0 if near else 3.5
    for axis, (name, one) in zip(axes.flat, found.items(), strict=True):
        own = cells[cells["dataset"] == name]
        on = own[own["front"]].sort_values(AXES[0])
        axis.step(on["excess"], on["sliced"], where="post", color="0.2", linewidth=1, zorder=1)
        for row in (own[is_near(own)] if near else own).itertuples():
            derived = row.weighting in rules.NAMES
            tone = colour(row.weighting) if derived else "0.55"
            line = np.exp(ellipse(np.log([row.excess, row.sliced]), one))
            axis.plot(line[:, 0], line[:, 1], color=tone, linewidth=0.8, alpha=0.6, zorder=2)
            filled = tone if derived or _of_eight(row.target, row.weighting) else "white"
            if row.weighting in rules.TIMED:
                filled = "white"
            axis.plot(
                row.excess, row.sliced, style.TARGETS[str(row.target)]["marker"], color=tone,
                markersize=size, markerfacecolor=filled, markeredgewidth=1.2, zorder=3,
            )  # fmt: skip
            if near and not derived and row.front:
                first = row.excess == on["excess"].iloc[0]  # nothing is to its left
                axis.annotate(
                    words.cell(row.target, row.weighting), (row.excess, row.sliced),
                    xytext=(-6, 7) if first else (7, -11), ha="right" if first else "left",
                    textcoords="offset points", fontsize=8, color="0.3",
                )  # fmt: skip
        axis.set(xscale="log", yscale="log", title=study.TITLES[name], xlabel="excess, nats")
        _ticks(axis, (1.0, 1.5, 2.0, 3.0, 5.0, 7.0) if near else (1.0,))
        if not near:
            axis.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    for axis in axes[:, 0]:
        axis.set_ylabel("sliced $W_2$ of samples")
    if near:
        figure.legend(handles=_plane_handles(cells), loc="outside upper center", ncols=4)
    return figure


def _of_eight(target: str, name: str) -> bool:
    return name in (BOUND, OWN_OF[target])


def _plane_handles(cells: pd.DataFrame) -> list[Line2D]:
    handles = [
        Line2D(
            [], [], color=colour(name), marker="o", label=words.weighting(name),
            markerfacecolor="white" if name in rules.TIMED else colour(name), linewidth=0.8,
        )
        for name in rules.NAMES
    ]  # fmt: skip
    handles += [
        Line2D([], [], color="0.55", marker="o", linewidth=0.8, label="the eight"),
        Line2D(
            [], [], color="0.55", marker="o", markerfacecolor="white", linewidth=0.8,
            label="catalogue",
        ),
    ]  # fmt: skip
    handles += [
        Line2D(
            [], [], color="0.3", marker=style.TARGETS[t]["marker"], linestyle="none",
            label=style.SYMBOLS[t],
        )
        for t in dict.fromkeys(cells["target"])
    ]  # fmt: skip
    return [*handles, Line2D([], [], color="0.2", linewidth=1, label="front of means")]


def plane_shown(cells: pd.DataFrame, seeds: int) -> dict[str, Any]:
    """Caption and alt text of the near view of `plane`."""
    read, beyond = [], []
    for name, block in cells.groupby("dataset", sort=False):
        on = block[block["front"]].sort_values(AXES[0])
        listed = ", ".join(
            f"{r.target} {r.weighting} ({r.excess:.2g}, {r.sliced:.2g})" for r in on.itertuples()
        )
        read.append(f"{name}, on the front: {listed}")
        beyond.append(f"{(~is_near(block)).sum()} of {len(block)} ({study.TITLES[str(name)]})")
    return {
        "caption": "Likelihood against samples near the front, both the less the better: geometric means "
        f"of {seeds} seeds with ellipses (Hotelling's, covariance pooled over the cells of a panel: 95 % "
        "confidence if spreads were equal, see below). Colour: derived weightings; white inside "
        "where they change during training. Grey: the "
        "study's eight objectives, filled, and other weightings of $v$, white; named if on the front. "
        "Marker: what is predicted. Line: the front of the means. Not in view, farther than "
        f"{NEAR['excess']:g} times the least excess or {NEAR['sliced']:g} times the least distance: "
        f"{', '.join(beyond)} cells.",
        "alt": f"Points with ellipses on two logarithmic axes, a panel a data set. {'; '.join(read)}.",
    }


def whole_shown(cells: pd.DataFrame) -> dict[str, Any]:
    """Caption and alt text of the whole `plane`."""
    far = [
        f"{words.cell(r.target, r.weighting)} {r.excess:,.0f} nats on {study.TITLES[str(r.dataset)]}"
        for r in cells.sort_values("excess", ascending=False).head(2).itertuples()
    ]
    ends = "; ".join(
        f"{name}: excess {block['excess'].min():.2g} to {block['excess'].max():.2g}, sliced distance "
        f"{block['sliced'].min():.2g} to {block['sliced'].max():.2g}"
        for name, block in cells.groupby("dataset", sort=False)
    )
    return {
        "caption": "The whole plane; colours, markers and ellipses as before. Farthest to the right: "
        f"{' and '.join(far)}.",
        "alt": f"Points with ellipses on two logarithmic axes, a panel a data set. {ends}.",
    }
