"""Figures of the chapter "Equal footing": excess by level and in total, and likelihood against samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from companion import study
from companion.chapters.equal_footing.results import objective_of
from companion.evidence import style
from companion.runs.plane import BOUND, OWN, OWN_OF, TARGETS

KINDS = {BOUND: "under the bound", OWN: "under their own squared error"}
"""The two objectives of each target."""


def per_unit(levels: pd.DataFrame, by: list[str]) -> pd.Series:
    """Excess per unit of log-SNR, geometric mean over seeds, by these columns and the log-SNR."""
    width = levels["log_snr"].drop_duplicates().diff().median()
    logs = np.log(levels.set_index([*by, "log_snr"])["excess"] / width)
    return np.exp(logs.groupby(level=[*by, "log_snr"]).mean())


def of_targets(levels: pd.DataFrame) -> Figure:
    """Excess per unit of log-SNR: a row a data set, a column an objective, a curve a target.

    Args:
        levels: of the eight objectives, as :func:`companion.chapters.equal_footing.results.by_level` has it.
    """
    names = list(dict.fromkeys(levels["dataset"]))
    mean = per_unit(levels.assign(kind=objective_of(levels)), ["dataset", "kind", "target"])
    figure, axes = plt.subplots(
        len(names),
        2,
        sharex=True,
        sharey=True,
        squeeze=False,
        figsize=(style.WIDTH, 0.6 + 2.3 * len(names)),
    )
    for row, name in zip(axes, names, strict=True):
        for axis, (kind, words) in zip(row, KINDS.items(), strict=True):
            for target in TARGETS:
                curve = mean[name, kind, target]
                axis.plot(curve.index, curve, **style.TARGETS[target], markersize=3, linewidth=1.3)
            axis.set_yscale("log")
            axis.set_title(f"{study.TITLES[name]}, {words}", fontsize=9)
    figure.supxlabel(r"log-SNR $\lambda$", fontsize=10)
    figure.supylabel("excess, nats per unit", fontsize=10)
    figure.legend(handles=target_handles(), loc="outside upper center", ncols=4, title="predicts")
    return figure


def target_handles(**changed: Any) -> list[Line2D]:
    """A legend's handle for each target."""
    return [Line2D([], [], **(style.TARGETS[t] | changed), label=style.SYMBOLS[t]) for t in TARGETS]


def read(mean: pd.Series, cells: Sequence[tuple[str, ...]]) -> str:
    """What curves read at both ends and in the middle, in words."""
    words = []
    for cell in cells:
        curve = mean[cell]
        at = [curve.index[0], curve.index[len(curve) // 2], curve.index[-1]]
        read_off = ", ".join(f"{curve[level]:.1e} at {level:+.3g}" for level in at)
        words.append(f"{' '.join(cell)}: {read_off}")
    return "; ".join(words)


def of_targets_shown(levels: pd.DataFrame) -> dict[str, Any]:
    """Caption and alt text of `of_targets`."""
    kinds = levels.assign(kind=objective_of(levels))
    mean = per_unit(kinds, ["dataset", "kind", "target"])
    cells = list(dict.fromkeys(zip(kinds["dataset"], kinds["kind"], kinds["target"], strict=True)))
    return {
        "caption": "Where the excess lies, nats per unit of log-SNR, geometric mean of "
        f"{levels['seed'].nunique()} seeds: noise on the left, clean data on the right. Left column: "
        "networks that were trained on the bound; right column: on the squared error of what they predict.",
        "alt": "Curves of excess against log-SNR on a logarithmic axis, a panel for each data set and "
        f"objective, four targets each. {read(mean, cells)}.",
    }


def of_weightings(levels: pd.DataFrame) -> Figure:
    """Excess of networks of v by level, over that under the bound: a panel a data set, a row a weighting.

    Args:
        levels: of networks of v under every weighting, the bound among them.
    """
    names = list(dict.fromkeys(levels["dataset"]))
    count = levels["weighting"].nunique() - 1
    figure, axes = plt.subplots(
        len(names), 1, squeeze=False, figsize=(style.WIDTH, len(names) * (0.7 + 0.27 * count))
    )
    table = over_bound(levels)
    reach = float(table.abs().to_numpy().max())
    for axis, name in zip(axes[:, 0], names, strict=True):
        part = table.loc[name]
        sns.heatmap(
            part,
            ax=axis,
            cmap="PuOr_r",
            center=0,
            vmin=-reach,
            vmax=reach,
            cbar_kws={"label": "factor, powers of 10"},
            xticklabels=False,
            yticklabels=[style.WEIGHTINGS[w] for w in part.index],
            rasterized=False,
            linewidths=0,
        )
        axis.set_title(study.TITLES[name])
        axis.set_ylabel("")
        axis.set_xlabel("")
        every = max(1, len(part.columns) // 6)
        at = range(0, len(part.columns), every)
        axis.set_xticks([i + 0.5 for i in at], [f"{part.columns[i]:g}" for i in at], rotation=0)
        axis.tick_params(length=0)
    axes[-1, 0].set_xlabel(r"log-SNR $\lambda$, middle of the slice")
    return figure


def over_bound(levels: pd.DataFrame) -> pd.DataFrame:
    """The decimal logarithm of excess over that under the bound: rows dataset, weighting; columns log-SNR."""
    mean = np.log10(per_unit(levels, ["dataset", "weighting"])).unstack("log_snr")
    order = list(dict.fromkeys(levels["weighting"]))
    rows = {
        (name, w): mean.loc[name, w] - mean.loc[name, BOUND]
        for name in dict.fromkeys(levels["dataset"])
        for w in order
        if w != BOUND
    }
    return pd.DataFrame(rows).T


def of_weightings_shown(levels: pd.DataFrame) -> dict[str, Any]:
    """Caption and alt text of `of_weightings`."""
    table = over_bound(levels)
    words = "; ".join(
        f"{name} {w}: from {10 ** row.min():.2g} at {row.idxmin():g} "
        f"to {10 ** row.max():.2g} at {row.idxmax():g}"
        for (name, w), row in table.iterrows()
    )
    return {
        "caption": "Networks of $v$ under other weightings: excess in each slice of the log-SNR, as a factor "
        "of that under the bound (purple: less, orange: more; geometric means of "
        f"{levels['seed'].nunique()} seeds).",
        "alt": "A map for each data set, a row for each weighting, a column for each slice of the log-SNR. "
        f"Least and largest factor of each row. {words}.",
    }


def cells_of(frame: pd.DataFrame) -> list[tuple[str, str]]:
    """Targets and weightings of a frame, in order."""
    return list(dict.fromkeys(zip(frame["target"], frame["weighting"], strict=True)))


def look(target: str, weighting: str) -> dict[str, Any]:
    """How a point of one objective is drawn: filled under the bound, white under the own error."""
    own = weighting == OWN_OF[target]
    if not own and weighting != BOUND:
        return {"color": "#000000"}
    given = {k: v for k, v in style.TARGETS[target].items() if k != "linestyle"}
    return given | {"markersize": 6.5, "markerfacecolor": "white" if own else given["color"]}


def against_samples(means: pd.DataFrame, floors: pd.DataFrame) -> Figure:
    """Excess against the sliced distance of samples, with intervals: a panel a data set.

    Args:
        means: as :func:`companion.evidence.paired.means` gives it, of both columns.
        floors: what independent exact samples stay below: columns dataset, sliced.
    """
    names = list(dict.fromkeys(means["dataset"]))
    figure, axes = plt.subplots(
        len(names), 1, squeeze=False, figsize=(style.WIDTH, 0.7 + 3.1 * len(names))
    )
    others = numbered(means)
    for axis, name in zip(axes[:, 0], names, strict=True):
        for row in means[means["dataset"] == name].itertuples():
            given = look(row.target, row.weighting)
            if (number := others.get(row.weighting)) and row.target == "v":
                given = given | {"marker": f"${number}$", "markersize": 6.5, "markeredgewidth": 0.4}
            axis.errorbar(
                row.excess,
                row.sliced,
                xerr=[[row.excess - row.excess_least], [row.excess_most - row.excess]],
                yerr=[[row.sliced - row.sliced_least], [row.sliced_most - row.sliced]],
                elinewidth=0.8,
                ecolor="#aaaaaa" if number and row.target == "v" else given["color"],
                **given,
            )
        floor = float(floors.set_index("dataset").loc[name, "sliced"])
        axis.axhline(floor, color="#666666", linewidth=1, linestyle=(0, (2, 2)))
        axis.set_xscale("log")
        axis.set_yscale("log")
        axis.set_title(study.TITLES[name])
        axis.set_ylabel("sliced $W_2$ of samples")
        plain_ticks(axis.yaxis, fine=True)
    axes[-1, 0].set_xlabel("excess of the bound, nats")
    marks = target_handles(linestyle="none", markersize=6)
    words = "$v$, other weighting"
    marks.append(Line2D([], [], color="#000000", marker="$1$", linestyle="none", label=words))
    figure.legend(handles=marks, loc="outside upper center", ncols=5)
    return figure


def plain_ticks(axis: Axis, fine: bool) -> None:
    """Plain numbers along a logarithmic axis: at 1, 2 and 5, or at powers of ten alone."""
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if fine else (1.0,)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def numbered(means: pd.DataFrame) -> dict[str, int]:
    """Numbers for the weightings of v that are neither the bound nor its own error."""
    found = [w for t, w in cells_of(means) if t == "v" and w not in (BOUND, OWN_OF["v"])]
    return {w: i + 1 for i, w in enumerate(found)}


def against_samples_shown(means: pd.DataFrame) -> dict[str, Any]:
    """Caption and alt text of `against_samples`."""
    key = ", ".join(f"{i} {style.WEIGHTINGS[w]}" for w, i in numbered(means).items())
    words = "; ".join(
        f"{row.dataset} {row.target} {row.weighting}: {row.excess:.2g} nats, {row.sliced:.2g}"
        for row in means.itertuples()
    )
    return {
        "caption": "Likelihood against samples, one sampler for all: geometric means and 95 % intervals of "
        f"{means['seeds'].max()} seeds; both axes are better towards the lower left. Filled: under the "
        f"bound; white: under the own squared error. Numbers, networks of $v$: {key}. Dashed: what 95 % of "
        "sets of independent exact samples of this size stay below; networks start from the noise of the "
        "samples that they are compared with, so they can be below it.",
        "alt": f"Points with error bars on logarithmic axes, a panel for each data set. {words}.",
    }
