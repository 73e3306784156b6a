"""The figures of the chapter on metrics."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
import torch
from matplotlib.figure import Figure
from torch import Generator

from companion import study
from companion.chapters.metrics.defects import DEFECTS
from companion.chapters.metrics.measures import LABELS
from companion.evidence import style

COLOUR = style.OKABE_ITO[0]


def fraction(strength: float) -> str:
    """A strength as a fraction."""
    return str(Fraction(strength))


def seen(weak: pd.DataFrame) -> Figure:
    """From which strength on each metric sees each defect: a panel for each data set.

    Args:
        weak: as :func:`companion.chapters.metrics.results.weakest` returns it.
    """
    names = list(weak["dataset"].unique())
    figure, axes = plt.subplots(
        1, len(names), figsize=(style.WIDTH, 4.6), sharey=True, squeeze=False
    )
    for axis, name in zip(axes[0], names, strict=True):
        part = weak[weak["dataset"] == name].pivot(
            index="metric", columns="defect", values="strength"
        )
        part = part.loc[list(LABELS), list(DEFECTS)]
        # How many times the strength could be halved from the greatest tried: one scale for all defects.
        greatest = pd.Series({d: max(made.strengths) for d, made in DEFECTS.items()})
        halvings = np.log2(greatest / part)
        sns.heatmap(
            halvings,
            ax=axis,
            annot=part.map(fraction, na_action="ignore"),
            fmt="",
            cmap="Blues",
            vmin=-1.5,
            vmax=7,
            cbar=False,
            linewidths=0.5,
            annot_kws={"fontsize": 8},
        )
        axis.set(xlabel="", ylabel="", title=study.TITLES[str(name)])
        axis.set_yticklabels([LABELS[m] for m in part.index], fontsize=9)
        axis.set_xticklabels(list(part.columns), rotation=45, ha="right", fontsize=9)
        axis.grid(visible=False)
    return figure


def seen_shown(weak: pd.DataFrame) -> dict[str, Any]:
    """What `seen` shows; argument as there."""
    none = weak[weak["strength"].isna()].groupby("metric")["defect"].count()
    most = none.sort_values(ascending=False).head(3)
    words = ", ".join(f"{LABELS[str(metric)]} ({count})" for metric, count in most.items())
    kinds = len(DEFECTS) * weak["dataset"].nunique()
    return {
        "caption": "The weakest defect that each metric sees, as in the table below: the darker, the "
        "weaker, from the "
        "greatest strength that was tried (lightest) down. Empty: not seen at any.",
        "alt": f"Two grids of metrics by defects with a strength in each cell. Most empty cells of "
        f"{kinds} have: "
        f"{words or 'none'}.",
    }


def defects(strength: float, seed: int = 3, n: int = 500) -> Figure:
    """Samples of the rings with each defect, (n, 2) each, at its greatest strength times ``strength``."""
    figure, axes = plt.subplots(2, 3, figsize=(style.WIDTH, 3.9), sharex=True, sharey=True)
    for axis, (name, made) in zip(axes.flat, DEFECTS.items(), strict=True):
        one = strength * max(made.strengths)
        x = made.samples("rings", n, one, Generator().manual_seed(seed))
        # Copies lie on top of each other: more of the area, where there are more.
        _, rows, counts = np.unique(x.numpy(), axis=0, return_index=True, return_counts=True)
        for count in np.unique(counts):  # one size at a time: a point is then one mark, used again
            some = x[torch.from_numpy(rows[counts == count])]
            axis.scatter(*some.T, s=2.0 * count, color=COLOUR, linewidths=0, alpha=0.7)
        axis.set(
            title=f"{name}, {fraction(one)}", aspect="equal", xlim=(-2.6, 2.6), ylim=(-2.6, 2.6)
        )
    return figure


def defects_shown(strength: float) -> dict[str, Any]:
    """What `defects` shows; argument as there."""
    return {
        "caption": "Samples of the rings with each defect, at a strength that is named: "
        + "; ".join(f"*{name}*: {made.words}" for name, made in DEFECTS.items())
        + ". Lengths are in standard deviations of the data. The area of a point grows with its copies.",
        "alt": "Six scatter plots of two rings: moved to the right, with wider lines, with thinner lines, "
        "with a "
        "sparse left ring, with large repeated points, and with points scattered over the square, each at "
        f"{fraction(strength)} of the greatest strength.",
    }
