"""Figures of the chapter "Equal footing" on why: gradients by level, changed networks, few steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from scipy.stats import gmean
from torch import Tensor

from companion import study
from companion.chapters.equal_footing.figures import read, target_handles
from companion.chapters.equal_footing.gradients import FIRST, LAST
from companion.chapters.equal_footing.grid import EQUALISED, PLAIN, SKIP
from companion.evidence import style
from companion.runs.plane import TARGETS

MOMENTS = {FIRST: "before training", LAST: "at its end"}
"""When gradients are measured."""

VARIANTS = {PLAIN: "plain", EQUALISED: "levels equalised", SKIP: "best linear\nguess taken off"}
"""What is changed in networks that are compared."""


def shares(gradients: pd.DataFrame) -> pd.DataFrame:
    """Columns added: ``ratio``, signal to noise of one example's gradient; ``share`` of the mean square.

    A signal that is estimated as negative is zero within its error: its ratio is left out.

    Args:
        gradients: as :func:`companion.chapters.equal_footing.gradients.by_level` returns it.
    """
    size = gradients["signal"] + gradients["noise"]
    total = size.groupby([gradients[c] for c in ("dataset", "target", "seed", "moment")]).transform(
        "sum"
    )
    ratio = np.sqrt(gradients["signal"].where(gradients["signal"] > 0) / gradients["noise"])
    return gradients.assign(ratio=ratio, share=size / total)


def of_gradients(gradients: pd.DataFrame) -> Figure:
    """Signal to noise, and share of the gradient's mean square, by level: before and after training.

    Args:
        gradients: `shares` of one data set.
    """
    figure, axes = plt.subplots(2, 2, sharex=True, sharey="row", figsize=(style.WIDTH, 5.0))
    labels = {"ratio": "signal to noise,\none example", "share": "share of the\nmean square"}
    for row, (column, words) in zip(axes, labels.items(), strict=True):
        for axis, (moment, when) in zip(row, MOMENTS.items(), strict=True):
            mean = curves(gradients, column)
            for target in TARGETS:
                curve = mean[moment, target]
                axis.plot(curve.index, curve, **style.TARGETS[target], markersize=4, linewidth=1.3)
            axis.set_yscale("log")
            if column == "ratio":
                axis.set_title(when)
        row[0].set_ylabel(words)
    figure.supxlabel(r"log-SNR $\lambda$", fontsize=10)
    figure.legend(handles=target_handles(), loc="outside upper center", ncols=4, title="predicts")
    return figure


def curves(gradients: pd.DataFrame, column: str) -> pd.Series:
    """Geometric mean over seeds of a column of `shares`, by moment, target and log-SNR."""
    logs = np.log(gradients.set_index(["moment", "target", "log_snr"])[column])
    return np.exp(logs.groupby(level=["moment", "target", "log_snr"]).mean())


def of_gradients_shown(gradients: pd.DataFrame) -> dict[str, Any]:
    """Caption and alt text of `of_gradients`."""
    cells = [(moment, target) for moment in MOMENTS for target in TARGETS]
    words = ". ".join(
        f"{column}: {read(curves(gradients, column), cells)}" for column in ("ratio", "share")
    )
    name = study.TITLES[gradients["dataset"].iloc[0]]
    return {
        "caption": f"The gradient under the bound, level by level ({name}, geometric mean of "
        f"{gradients['seed'].nunique()} seeds). Above: norm of its mean over its standard deviation, one "
        "example. Below: which share of the mean square of all levels' gradients each level has.",
        "alt": "Four panels on logarithmic axes, before training and at its end; a curve for each target. "
        f"{words}.",
    }


def of_variants(networks: pd.DataFrame) -> Figure:
    """Excess of the four targets under the bound, plain and changed: a panel a data set.

    Args:
        networks: excess of each network, of the variants `VARIANTS`.
    """
    names = list(dict.fromkeys(networks["dataset"]))
    figure, axes = plt.subplots(
        len(names), 1, sharex=True, squeeze=False, figsize=(style.WIDTH, 0.6 + 2.4 * len(names))
    )
    for axis, name in zip(axes[:, 0], names, strict=True):
        shared: dict[str, Any] = {
            "data": networks[networks["dataset"] == name],
            "x": "variant",
            "y": "excess",
            "hue": "target",
            "order": list(VARIANTS),
            "hue_order": list(TARGETS),
            "palette": {target: style.TARGETS[target]["color"] for target in TARGETS},
            "ax": axis,
            "legend": False,
        }
        sns.stripplot(**shared, dodge=True, jitter=False, size=3.5, alpha=0.6)
        sns.pointplot(
            **shared,
            markers=[style.TARGETS[target]["marker"] for target in TARGETS],
            dodge=0.6,
            linestyle="none",
            estimator=gmean,
            errorbar=None,
            markersize=5,
        )
        axis.set_yscale("log")
        axis.set_title(study.TITLES[name])
        axis.set_ylabel("excess, nats")
        axis.set_xlabel("")
    axes[-1, 0].set_xticks(range(len(VARIANTS)), list(VARIANTS.values()))
    handles = target_handles(linestyle="none")
    figure.legend(handles=handles, loc="outside upper center", ncols=4, title="predicts")
    return figure


def of_variants_shown(networks: pd.DataFrame) -> dict[str, Any]:
    """Caption and alt text of `of_variants`."""
    mean = networks.groupby(["dataset", "variant", "target"], sort=False)["excess"].agg(gmean)
    words = "; ".join(f"{' '.join(cell)} {value:.3g}" for cell, value in mean.items())
    return {
        "caption": "Excess of the four targets under the bound, nats: plain; with the slope of the loss "
        "in the "
        "output made of one size at all noise levels; with the best linear guess taken off what is "
        "predicted (few seeds; $v$ is "
        "its own residual). Small dots: seeds; large marks: their geometric mean.",
        "alt": f"Points on a logarithmic axis, a panel for each data set. Geometric means. {words}.",
    }


SHOWN = 500
"""Samples in a panel, at most."""


def after_steps(samples: Mapping[tuple[str, int], Tensor], exact: Tensor) -> Figure:
    """Samples after few steps: a row a target, a column a number of steps, exact samples in grey.

    Args:
        samples: (n, 2), by target and steps.
        exact: (n, 2).
    """
    targets = list(dict.fromkeys(target for target, _ in samples))
    steps = list(dict.fromkeys(count for _, count in samples))
    figure, axes = plt.subplots(
        len(targets),
        len(steps),
        sharex=True,
        sharey=True,
        squeeze=False,
        figsize=(style.WIDTH, 2.3 * len(targets)),
    )
    for row, target in zip(axes, targets, strict=True):
        for axis, count in zip(row, steps, strict=True):
            axis.plot(*exact[:SHOWN].T, ".", color="#999999", markersize=1.6)
            axis.plot(
                *samples[target, count][:SHOWN].T,
                ".",
                color=style.TARGETS[target]["color"],
                markersize=2.4,
            )
            axis.set_aspect("equal")
            axis.set_xlim(-2.6, 2.6)
            axis.set_ylim(-2.6, 2.6)
            axis.grid(visible=False)
            axis.set_title(f"{style.SYMBOLS[target]}, {count} steps")
    return figure


def after_steps_shown(table: pd.DataFrame, n: int) -> dict[str, Any]:
    """Caption and alt text of `after_steps`.

    Args:
        table: columns dataset, target, steps, sliced, of what is drawn.
        n: samples.
    """
    words = "; ".join(f"{r.target} {r.steps} steps {r.sliced:.2g}" for r in table.itertuples())
    name = study.TITLES[table["dataset"].iloc[0]]
    return {
        "caption": f"{min(n, SHOWN):,} samples after few steps of DDIM, equal in time, from the same noise "
        f"({name}; one network each, trained on the bound); grey: the exact denoiser in many steps.",
        "alt": f"Scatter plots in rows of targets and columns of steps. Sliced distance: {words}.",
    }
