"""The figure and the table of what weights asked of training, and what came of it."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from companion import study
from companion.chapters.weightings_from_kernels import rules, words
from companion.chapters.weightings_from_kernels.results import CELL
from companion.evidence import style
from companion.runs.plane import BOUND

ASKED = {
    "seen": "the loss that\nit was trained on",
    "moved": r"$\int k\,e\,d\lambda$" + "\n",
    "sliced": "sliced $W_2$\nof samples",
    "excess": "excess\n",
}
"""Columns that are drawn over the bound's, and their titles."""


def over_bound(networks: pd.DataFrame) -> pd.DataFrame:
    """Derived cells over the bound with the same target: geometric means of paired ratios over seeds.

    Args:
        networks: columns dataset, target, weighting, seed and those of `ASKED`.
    """
    rows = []
    logs = networks.set_index([*CELL, "seed"])[list(ASKED)].apply(np.log).sort_index()
    logs["seen"] = logs["seen"].where(logs.index.get_level_values("weighting") != BOUND, 0.0)
    kept = networks[networks["weighting"].isin(rules.NAMES)]
    for cell in dict.fromkeys(zip(*(kept[c] for c in CELL), strict=True)):
        ratio = logs.loc[cell] - logs.loc[(*cell[:2], BOUND)]
        rows.append(dict(zip(CELL, cell, strict=True)) | np.exp(ratio.mean()).to_dict())
    return pd.DataFrame(rows)


def asked(ratios: pd.DataFrame) -> Figure:
    """What each derived weighting asked of training, and what came of it: factors over the bound.

    Args:
        ratios: as `over_bound` gives them.
    """
    names = [n for n in rules.NAMES if n in set(ratios["weighting"])]
    sets = list(dict.fromkeys(ratios["dataset"]))
    figure, axes = plt.subplots(1, len(ASKED), sharey=True, figsize=(style.WIDTH, 4.0))
    for axis, (column, title) in zip(axes, ASKED.items(), strict=True):
        for row in ratios.itertuples():
            tone = style.OKABE_ITO[sets.index(row.dataset)]
            place = float(len(names) - 1 - names.index(row.weighting))
            place += 0.12 * (1 if row.target == "eps" else -1) + 0.2 * (
                0.5 - sets.index(row.dataset)
            )
            axis.plot(
                getattr(row, column), place, style.TARGETS[str(row.target)]["marker"], color=tone,
                markersize=5, markerfacecolor=tone if row.dataset == sets[0] else "white",
            )  # fmt: skip
        axis.axvline(1, color="#000000", linewidth=1)
        axis.set(xscale="log", title=title)
        axis.xaxis.set_major_locator(LogLocator(subs=(1.0, 3.0), numticks=5))
        axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.xaxis.set_minor_formatter(NullFormatter())
    axes[0].set_yticks(range(len(names)), [words.weighting(n) for n in reversed(names)])
    handles = [
        Line2D(
            [], [], color=style.OKABE_ITO[i], marker="o", linestyle="none",
            markerfacecolor=style.OKABE_ITO[i] if i == 0 else "white", label=study.TITLES[name],
        )
        for i, name in enumerate(sets)
    ]  # fmt: skip
    handles += [
        Line2D(
            [], [], color="0.3", marker=style.TARGETS[t]["marker"], linestyle="none",
            label=style.SYMBOLS[t],
        )
        for t in dict.fromkeys(ratios["target"])
    ]  # fmt: skip
    figure.legend(handles=handles, loc="outside upper center", ncols=4)
    figure.supxlabel("factor over the bound, same target", fontsize=10)
    return figure


def asked_shown(ratios: pd.DataFrame, seeds: int) -> dict[str, Any]:
    """Caption and alt text of `asked`."""
    read = "; ".join(
        f"{r.dataset} {r.target} {r.weighting}: "
        + ", ".join(f"{column} {getattr(r, column):.2g}" for column in ASKED)
        for r in ratios.itertuples()
    )
    return {
        "caption": "What training under each derived weighting did, over the bound with the same target, "
        f"geometric means of {seeds} seeds, logarithmic. First: the excess under the weighting itself (the "
        "last of them, where it changes), which is what it was trained to lower. Then what bounds the "
        "distance of samples, the distance, and the excess of the bound.",
        "alt": f"Four panels of points, a row a weighting, a line at one. {read}.",
    }


ELASTICITY_SHOWN: dict[str, Any] = {
    "caption": "How errors answer to weights: slope of the logarithm of a level's squared error, over that "
    "under the bound, against the logarithm of its weight, and the share of its variance that the line "
    "explains; means over seeds. -1: the squared error is inversely proportional to the weight; 0: no "
    "answer.",
    "words": style.CELLS | {"dataset": study.TITLES, "weighting": words.WEIGHTINGS},
    "columns": {
        "dataset": "data set",
        "target": "predicts",
        "weighting": "weighting",
        "slope": "slope",
        "r2": "$R^2$",
    },
    "digits": {"slope": ".2f", "r2": ".2f"},
}
"""How `results.elasticity` is shown."""
