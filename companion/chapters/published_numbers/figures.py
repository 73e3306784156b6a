"""Figures of the chapter "What the published numbers measure"."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from companion import study
from companion.evidence import style
from diffcore import published

ORDER = ("x", "score", "eps", "v")
"""Targets as the figures set them side by side: the two groups next to each other."""


def floors_vs_published(frame: pd.DataFrame) -> Figure:
    """The NELBO column of the study's 2-D table beside what a perfect denoiser scores.

    Args:
        frame: as :func:`companion.chapters.published_numbers.results.against_published` returns it.
    """
    nelbo = frame[frame["objective"] == "nelbo"].set_index(["dataset", "target"])
    figure, axes = plt.subplots(1, 4, sharey=True, figsize=(style.WIDTH, 3.4))
    for axis, name in zip(axes, study.DATASETS, strict=True):
        rows = nelbo.loc[name].loc[list(ORDER)]
        colors = [style.TARGETS[target]["color"] for target in ORDER]
        axis.bar(range(4), rows["floor"], width=0.72, color=colors, alpha=0.55)
        axis.errorbar(
            range(4),
            rows["published"],
            yerr=rows["published_sd"],
            fmt="o",
            color="black",
            markersize=4.5,
            capsize=3,
            linewidth=1.2,
        )
        axis.set_title(study.TITLES[name])
        axis.set_xticks(range(4), [style.SYMBOLS[target] for target in ORDER])
        axis.tick_params(axis="x", length=0, labelsize=12)
        axis.grid(visible=False, axis="x")
    axes[0].set_ylabel("NELBO, code units")
    handles = [
        Patch(color="#777777", alpha=0.55, label="a perfect denoiser, put into each loss"),
        Line2D([], [], marker="o", color="black", linestyle="", label="published (3 runs, ± sd)"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
    return figure


def coefficients() -> Figure:
    """The study's Figure 4: NELBO coefficients against time, with the guard and without it."""
    t = torch.linspace(0, 1, 1000, dtype=torch.float64)
    figure, axes = plt.subplots(1, 2, sharey=True, figsize=(style.WIDTH, 3.2))
    for axis, guarded in zip(axes, (True, False), strict=True):
        for target in study.TARGETS:
            loss = published.Published("nelbo", target)
            loss = loss if guarded else loss.unguarded()
            inside = t if guarded else t[1:-1]
            look = {k: v for k, v in style.TARGETS[target].items() if k != "marker"}
            axis.plot(inside, loss.coefficient_at(inside), **look, label=style.SYMBOLS[target])
        axis.set_yscale("log")
        axis.set_ylim(1e-3, 1e5)
        axis.set_xlabel("time $t$ (0 = data)")
        axis.axhline(1 / published.GUARD, color="black", linewidth=0.8, linestyle=(0, (1, 2)))
    axes[0].set_title(f"as published, guard {published.GUARD:g}")
    axes[1].set_title("without guard")
    axes[0].set_ylabel("coefficient of the squared error")
    axes[0].text(0.5, 1.25 / published.GUARD, "1 / guard", ha="center", va="bottom", fontsize=9)
    axes[1].legend(title="target", loc="upper center", ncols=2)
    return figure


def effective_weights() -> Figure:
    """The weighting of the ELBO that each guarded NELBO implies."""
    log_snr = torch.linspace(-12, 12, 481, dtype=torch.float64)
    figure, axis = plt.subplots(figsize=(style.WIDTH, 3.2))
    for target in study.TARGETS:
        look = {k: v for k, v in style.TARGETS[target].items() if k != "marker"}
        weight = published.Published("nelbo", target).effective_weight(log_snr)
        axis.plot(log_snr, weight, **look, label=f"guarded NELBO in {style.SYMBOLS[target]}")
    axis.axhline(1, color="black", linewidth=1, label="ELBO")
    axis.set_xlabel(r"log-SNR $\lambda$ (nats); noise on the left, data on the right")
    axis.set_ylabel(r"weight $\hat w(\lambda)$")
    axis.set_ylim(0, 1.08)
    axis.set_xticks(np.arange(-12, 13, 4))
    axis.legend(loc="lower left", bbox_to_anchor=(0.26, 0.03))
    return figure
