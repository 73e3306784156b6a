"""Figures of the chapter "Exchanged guards"."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from companion import study
from companion.chapters.exchanged_guards.grid import NONE, TARGETS, WEIGHTS
from companion.evidence import style

LOOKS: dict[str, dict[str, Any]] = {
    NONE: {"color": "#000000", "marker": "x", "linestyle": "-"},
    **{name: style.TARGETS[name] for name in TARGETS},
}
"""How each weight is drawn: that of a target as the target."""

WEIGHT_LABELS = {NONE: "none", **{name: style.SYMBOLS[name] for name in TARGETS}}
"""How weights are written."""


def totals(networks: pd.DataFrame) -> Figure:
    """Every network's excess, by weight, the targets side by side; a panel for each data set.

    Args:
        networks: as :func:`companion.chapters.exchanged_guards.results.per_network` returns it.
    """
    names = list(dict.fromkeys(networks["dataset"]))
    figure, axes = plt.subplots(
        len(names), 1, sharex=True, squeeze=False, figsize=(style.WIDTH, 0.6 + 2.6 * len(names))
    )
    for axis, name in zip(axes[:, 0], names, strict=True):
        shared: dict[str, Any] = {
            "data": networks[networks["dataset"] == name],
            "x": "weight",
            "y": "excess",
            "hue": "target",
            "order": WEIGHTS,
            "hue_order": list(TARGETS),
            "palette": {target: style.TARGETS[target]["color"] for target in TARGETS},
            "ax": axis,
            "legend": False,
        }
        sns.pointplot(
            **shared,
            markers=[style.TARGETS[target]["marker"] for target in TARGETS],
            dodge=0.6,
            linestyle="none",
            estimator="mean",
            errorbar=None,
            markersize=4.5,
        )
        sns.stripplot(**shared, dodge=True, jitter=False, size=3.5, alpha=0.6)
        axis.set_yscale("log")
        axis.set_title(study.TITLES[name])
        axis.set_ylabel("excess, nats")
        axis.set_xlabel("")
    axes[-1, 0].set_xticks(range(len(WEIGHTS)), [WEIGHT_LABELS[w] for w in WEIGHTS])
    axes[-1, 0].set_xlabel("trained under the guard of")
    handles = [
        Line2D([], [], **style.TARGETS[t] | {"linestyle": "none"}, label=style.SYMBOLS[t])
        for t in TARGETS
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=4, title="predicts")
    return figure


def totals_shown(table: pd.DataFrame) -> dict[str, Any]:
    """Caption and alt text of `totals`.

    Args:
        table: as :func:`companion.chapters.exchanged_guards.results.side_by_side` returns it.
    """
    mean = table.groupby(["weight", "target"], sort=False)["excess"].mean()
    words = "; ".join(
        f"{weight}: " + ", ".join(f"{t} {mean[weight, t]:.3g}" for t in TARGETS)
        for weight in WEIGHTS
    )
    return {
        "caption": "Excess of every network over the exact floor, in nats (small dots: seeds; large marks: "
        "their mean), by the guard that it was trained under and the target that it predicts.",
        "alt": f"Points on a logarithmic axis, five groups of four. Mean excess in nats, by weight. {words}.",
    }


def _over_seeds(levels: pd.DataFrame) -> pd.Series:
    """Mean excess by target, weight and log-SNR."""
    return levels.groupby(["target", "weight", "log_snr"])["excess"].mean()


def by_weight(levels: pd.DataFrame) -> Figure:
    """Excess per nat of log-SNR: a panel for each predicted target, a curve for each weight.

    Args:
        levels: as :func:`companion.chapters.exchanged_guards.results.by_level` returns it, of one data set.
    """
    figure, axes = plt.subplots(2, 2, sharex=True, sharey=True, figsize=(style.WIDTH, 4.8))
    width = levels["log_snr"].drop_duplicates().diff().median()
    mean = _over_seeds(levels) / width
    for axis, target in zip(axes.flat, TARGETS, strict=True):
        for weight in WEIGHTS:
            curve = mean[target, weight]
            look = LOOKS[weight]
            axis.plot(curve.index, curve, **look, markersize=3, linewidth=1.2)
        axis.set_yscale("log")
        axis.set_title(f"predicts {style.SYMBOLS[target]}")
    figure.supxlabel(r"log-SNR $\lambda$", fontsize=10)
    figure.supylabel("excess, nats per unit", fontsize=10)
    handles = [Line2D([], [], **LOOKS[w], markersize=4, label=WEIGHT_LABELS[w]) for w in WEIGHTS]
    figure.legend(
        handles=handles, loc="outside upper center", ncols=5, title="trained under the guard of"
    )
    return figure


def by_weight_shown(levels: pd.DataFrame) -> dict[str, Any]:
    """Caption and alt text of `by_weight`."""
    name = study.TITLES[levels["dataset"].iloc[0]]
    mean = _over_seeds(levels)
    clean = levels["log_snr"].max()
    words = "; ".join(
        f"predicts {t}: " + ", ".join(f"{w} {mean[t, w, clean]:.1e}" for w in WEIGHTS)
        for t in TARGETS
    )
    return {
        "caption": f"Where the excess lies ({name}, mean of all seeds): noise on the left, clean data on "
        "the right. A guard takes weight from the cleanest levels; what a network then does there is left "
        "to its target.",
        "alt": "Four panels of excess per unit of log-SNR on a logarithmic axis, one for each predicted "
        f"target. Excess in nats in the slice of the cleanest data, by weight. {words}.",
    }
