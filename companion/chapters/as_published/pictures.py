"""Figures of the chapter "As published": samples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from torch import Tensor

from companion import study
from companion.chapters.as_published import samples
from companion.chapters.as_published.grid import Key
from companion.evidence import style

SHOWN = 200
"""Points drawn of each set."""

HALF = 3.0
"""Half the width of a panel, in standard deviations of the data."""

PLATE = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.0}
"""Behind words on points."""

PICTURED = (1, 4, 22, 512)
"""Step counts whose samples are drawn."""


def _scatter(axis: Any, points: Tensor, target: str) -> None:
    first, second = points[:SHOWN].T.tolist()
    axis.scatter(
        first, second, s=2.2, color=style.TARGETS[target]["color"], alpha=0.6, linewidths=0
    )
    axis.set_xlim(-HALF, HALF)
    axis.set_ylim(-HALF, HALF)
    axis.set_aspect("equal")
    axis.set_xticks([])
    axis.set_yticks([])
    axis.grid(visible=False)


def models(drawn: Mapping[Key, Tensor]) -> Figure:
    """Samples of one execution of every loss: a row for each data set and objective, a column a target."""
    kinds = [(name, objective) for name in study.DATASETS for objective in study.OBJECTIVES]
    figure, axes = plt.subplots(
        len(kinds), len(study.TARGETS), figsize=(style.WIDTH, 1.62 * len(kinds) + 0.3)
    )
    for row, (name, objective) in zip(axes, kinds, strict=True):
        for axis, target in zip(row, study.TARGETS, strict=True):
            _scatter(axis, drawn[name, target, objective, 1], target)
        row[0].set_ylabel(f"{study.TITLES[name]},\n{study.OBJECTIVE_TITLES[objective]}", fontsize=9)
    for axis, target in zip(axes[0], study.TARGETS, strict=True):
        axis.set_title(style.SYMBOLS[target])
    return figure


def models_shown(table: pd.DataFrame, steps: int, n: int) -> dict[str, Any]:
    """Caption and alt text of `models`.

    Args:
        table: the metrics of all sets, by the study's samplers and with so many steps.
        steps: of the samplers.
        n: samples in a set.
    """
    first = table[(table["execution"] == 1) & (table["rule"] == "own") & (table["steps"] == steps)]
    words = "; ".join(
        f"{name} {study.OBJECTIVE_TITLES[str(objective)]} "
        + ", ".join(
            f"{row.target} {row.energy:.3f} and {row.coverage:.2f}" for row in rows.itertuples()
        )
        for (name, objective), rows in first.groupby(["dataset", "objective"], sort=False)
    )
    return {
        "caption": f"Samples of our networks, first execution, by the study's sampler of each target, "
        f"{steps} steps: {SHOWN} of {n:,} points, axes to {HALF:g} standard deviations.",
        "alt": "Thirty-two scatter plots, a row for each data set and objective, a column for each target. "
        f"Energy distance from the data, and share of the data covered: {words}.",
    }


def few_steps(drawn: Mapping[int, Mapping[Key, Tensor]], objective: str = "nelbo") -> Figure:
    """Samples of the rings: a row for each step count of `PICTURED`, a column for each target."""
    figure, axes = plt.subplots(
        len(PICTURED), len(study.TARGETS), figsize=(style.WIDTH, 1.75 * len(PICTURED) + 0.3)
    )
    for row, steps in zip(axes, PICTURED, strict=True):
        for axis, target in zip(row, study.TARGETS, strict=True):
            points = drawn[steps]["rings", target, objective, 1]
            _scatter(axis, points, target)
            out = outside(points)
            if out >= 0.005:
                axis.text(
                    0.5,
                    0.03,
                    f"{out:.0%} outside",
                    transform=axis.transAxes,
                    ha="center",
                    fontsize=8,
                )
        row[0].set_ylabel(f"{steps} step{'s' if steps > 1 else ''}", fontsize=9)
    for axis, target in zip(axes[0], study.TARGETS, strict=True):
        axis.set_title(style.SYMBOLS[target])
    return figure


def outside(points: Tensor) -> float:
    """The share of samples outside of a panel."""
    return float((points.abs() > HALF).any(1).double().mean())


def few_steps_shown(
    drawn: Mapping[int, Mapping[Key, Tensor]], objective: str = "nelbo"
) -> dict[str, Any]:
    """Caption and alt text of `few_steps`."""
    n = len(drawn[PICTURED[0]]["rings", "x", objective, 1])
    words = "; ".join(
        f"{steps}: "
        + ", ".join(
            f"{target} {float(points.double().square().sum(1).mean().sqrt()):.3g} and {outside(points):.0%}"
            for target in study.TARGETS
            for points in [drawn[steps]["rings", target, objective, 1]]
        )
        for steps in PICTURED
    )
    return {
        "caption": f"The rings, {study.OBJECTIVE_TITLES[objective]}, by the study's samplers and numbers of "
        f"steps, first execution: {SHOWN} of {n:,} points, axes to {HALF:g} standard "
        "deviations, with the share of points that are outside.",
        "alt": "Sixteen scatter plots, a row for each number of steps, a column for each target. Root mean "
        f"square norm of the samples (of the data: {samples.DATA_SIZE:.2f}), and share outside of the panel: "
        f"{words}.",
    }


def against_steps(table: pd.DataFrame, noise: pd.DataFrame) -> Figure:
    """Energy distance of samples of the rings against steps: rows are samplers, columns objectives.

    Args:
        table: as :func:`companion.chapters.as_published.samples.table` returns it.
        noise: as :func:`companion.chapters.as_published.samples.noise` returns it.
    """
    rings = table[table["dataset"] == "rings"]
    chosen = noise[(noise["dataset"] == "rings") & (noise["metric"] == "energy")]
    figure, axes = plt.subplots(3, 2, sharex=True, sharey=True, figsize=(style.WIDTH, 7.4))
    for row, rule in zip(axes, samples.RULES, strict=True):
        for axis, objective in zip(row, study.OBJECTIVES, strict=True):
            rows = rings[(rings["objective"] == objective) & (rings["rule"] == rule)]
            for target, block in rows.groupby("target", sort=False):
                sns.lineplot(
                    data=block, x="steps", y="energy", ax=axis, errorbar=("pi", 100),
                    markersize=5, linewidth=1.3, **style.TARGETS[str(target)],
                )  # fmt: skip
            axis.axhspan(1e-3, float(chosen["limit"].iloc[0]), color="#dddddd", zorder=0)
            axis.set_xscale("log", base=2)
            axis.set_yscale("log")
            axis.set_ylim(bottom=0.015)
            axis.set_title(
                f"{study.OBJECTIVE_TITLES[objective]}, {samples.CALLED[rule]}", fontsize=9
            )
            axis.set_xlabel("steps")
            axis.set_ylabel("energy distance")
    handles = [
        Line2D([], [], **style.TARGETS[target], label=style.SYMBOLS[target])
        for target in study.TARGETS
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=4)
    return figure


def against_steps_shown(table: pd.DataFrame) -> dict[str, Any]:
    """Caption and alt text of `against_steps`."""
    rings = table[table["dataset"] == "rings"]
    mean = rings.groupby(["objective", "rule", "target", "steps"])["energy"].mean()
    words = "; ".join(
        f"{study.OBJECTIVE_TITLES[objective]}, {samples.CALLED[rule]}: "
        + ", ".join(
            f"{target} " + " ".join(f"{mean[objective, rule, target, n]:.2g}" for n in samples.FEW)
            for target in study.TARGETS
        )
        for objective in study.OBJECTIVES
        for rule in samples.RULES
    )
    return {
        "caption": "Energy distance between samples of the rings and exact ones against the number of steps: "
        f"means and ranges of executions (at more than {samples.FEW[-1]} steps of fewer of them, where one "
        "mark stands for one network). Grey: what 95 % of exact sets stay within.",
        "alt": "Six panels, by sampler and objective, of four curves on logarithmic axes. Energy distance "
        f"at {', '.join(map(str, samples.FEW))} steps: {words}.",
    }
