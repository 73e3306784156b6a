"""The figures of the chapter on the cost of a likelihood."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from companion.chapters.estimates.grid import NAME
from companion.chapters.estimates.results import (
    EVEN,
    FIXED,
    INDEPENDENT,
    NAIVE,
    NET,
    PILOT,
    SOBOL,
    STRATIFIED,
    pilot_of,
)
from companion.chapters.estimates.spectrum import LINEAR, NOISE, NONE, Model, Spectrum, density
from companion.evidence import style

CURVES = (
    (NAIVE, INDEPENDENT, NONE, "uniform $t$, independent"),
    (EVEN, STRATIFIED, NONE, r"uniform $\lambda$, strata"),
    (EVEN, STRATIFIED, LINEAR, "less the linear guess's"),
    (PILOT, STRATIFIED, LINEAR, "and a pilot's times"),
)
"""Methods whose variance is drawn level by level."""

STYLES: tuple[Any, ...] = ("-", "--", "-.", (0, (1, 1)))

STEPS = (
    (NAIVE, STRATIFIED, NONE, "uniform $t$, strata"),
    (EVEN, INDEPENDENT, NONE, r"uniform $\lambda$, independent"),
    (EVEN, STRATIFIED, NONE, r"uniform $\lambda$, strata"),
    (EVEN, STRATIFIED, NOISE, "less the noise's square"),
    (EVEN, STRATIFIED, LINEAR, "less the linear guess's error"),
    (PILOT, STRATIFIED, LINEAR, "and a pilot's times"),
    (PILOT, SOBOL, LINEAR, "and Sobol points"),
)
"""Methods from one to the next."""

MARKERS = ("o", "s", "^", "D", "v")


def by_level(of: Mapping[str, Model], found: Mapping[str, Spectrum]) -> Figure:
    """Where the variance of one evaluation comes from, per nat of the log-SNR: exact denoiser and network.

    Args:
        of: the models by name.
        found: their spectra.
    """
    figure, axes = plt.subplots(1, 2, figsize=(style.WIDTH, 3.5), sharey=True)
    for axis, name in zip(axes, (NAME, NET), strict=True):
        one = found[name]
        for number, (times, points, subtracted, label) in enumerate(CURVES):
            strata = points == STRATIFIED
            sampler = pilot_of(of[name], subtracted, strata) if times == PILOT else FIXED[times]
            squares = (one.deviation if strata else one.square)[subtracted].mean(0)
            per_nat = squares / density(sampler, one.log_snr)
            axis.plot(one.log_snr, per_nat, ls=STYLES[number], label=label)
        title = "exact denoiser" if name == NAME else "network"
        axis.set(yscale="log", ylim=(1e-5, 3e3), xlabel=r"log-SNR $\lambda$ (nats)", title=title)
    axes[0].set_ylabel("variance per nat (nats$^2$)")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return figure


BY_LEVEL_SHOWN: dict[str, Any] = {
    "caption": "Where the variance of one evaluation comes from, by log-SNR, on the rings. Uniform times put "
    "it at the clean end. Even log-SNRs leave what the noise alone makes there, and subtracting the error of "
    "the best linear guess takes that away. A pilot looks most often where most is left.",
    "alt": "Two panels of four curves over the log-SNR, on a logarithmic axis. The first rises without bend "
    "towards clean data; the second is level there; the third and the fourth have a hump in the middle and "
    "fall on both sides, the fourth lower at the hump and higher at the sides.",
}


def steps(found: pd.DataFrame) -> Figure:
    """How many times fewer evaluations methods need than the naive one: a row a method, a mark a model.

    Args:
        found: as :func:`companion.chapters.estimates.results.factors` returns it.
    """
    figure, axis = plt.subplots(figsize=(style.WIDTH, 4.2))
    names = list(dict.fromkeys(found["model"]))
    rows = found.set_index(["times", "points", "subtracted", "model"])
    for number, name in enumerate(names):
        for height, (*method, _) in enumerate(STEPS):
            row = rows.loc[(*method, name)]
            at = -height + 0.12 * (len(names) / 2 - number)
            colour = style.OKABE_ITO[number]
            axis.plot(row["factor"], at, MARKERS[number], color=colour)
            axis.plot([row["least"], row["most"]], [at, at], color=colour, lw=1.2)
    axis.set(
        xscale="log",
        xlabel="times fewer evaluations than the naive estimator",
        yticks=[-height for height in range(len(STEPS))],
    )
    axis.set_yticklabels([label for *_, label in STEPS])
    marks = [
        Line2D(
            [], [], color=style.OKABE_ITO[n], marker=MARKERS[n], ls="", label=name.replace("_", " ")
        )
        for n, name in enumerate(names)
    ]
    figure.legend(handles=marks, loc="outside lower center", ncols=3)
    return figure


def steps_shown(found: pd.DataFrame) -> dict[str, Any]:
    """What `steps` shows; argument as there."""
    last = found[(found["times"] == PILOT) & (found["points"] == SOBOL)]
    best = last[last["subtracted"] == LINEAR]["factor"]
    return {
        "caption": "Methods of the table, from one to the next: each changes one choice of the row above it, "
        "but the second, which changes the times of the naive estimator. Bars: 95 % intervals, where a "
        "variance is measured. A pilot is counted there, and not by quadrature.",
        "alt": f"Five marks on each of {len(STEPS)} rows, further right from row to row, from about two to "
        f"between {best.min():.0f} and {best.max():.0f} on a logarithmic axis.",
    }
