"""Figures of the chapter "What the published numbers measure"."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from companion import study
from companion.chapters.published_numbers.tables import nelbo_by_target
from companion.evidence import style
from diffcore import published

ORDER = ("x", "score", "eps", "v")
"""Targets as the figures set them side by side: the two groups next to each other."""


def floors_vs_published_shown(frame: pd.DataFrame) -> dict[str, Any]:
    """What `floors_vs_published` shows of the same table."""
    nelbo = nelbo_by_target(frame)
    groups = {
        name: nelbo["floor"][list(name.split(" and "))] for name in ("x and score", "eps and v")
    }
    heights = "; ".join(
        f"{name} {g.min(axis=None):.2f} to {g.max(axis=None):.2f}" for name, g in groups.items()
    )
    largest = math.ceil(nelbo["excess_percent"].abs().max(axis=None))
    return {
        "caption": "Bars: one perfect denoiser, put into the four published NELBO losses of the "
        "2-D data. It knows all there is to know, and still scores far lower in $x$ and $s$ "
        rf"than in $\epsilon$ and $v$. Dots: the study's published values, all within {largest} % "
        "of the bars. Almost all of what separates the two groups is left when nothing is left to learn.",
        "alt": f"Four panels, one for each data set, with a bar for each target: {heights}. A dot "
        "with an error bar, the published value, lies near the top of each bar.",
    }


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


COEFFICIENTS_SHOWN: dict[str, Any] = {
    "caption": "The study's Figure 4, regenerated: NELBO coefficients against time. Left, as "
    "published: every curve is cut off at $1/g$, each at its own place. Right, without guard: "
    r"they have poles at $t = 0$ ($x$, $\epsilon$, $v$) and $t = 1$ ($\epsilon$, $s$).",
    "alt": "Two panels of four curves on a logarithmic axis. On the left each coefficient stops "
    "at one over the guard; that of x is flat near t = 0. On the right the coefficients of x, "
    "epsilon and v grow without bound as t goes to 0.",
}
"""What `coefficients` shows, for readers and for those who cannot see it."""


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


def effective_weights_shown(half_weight: Mapping[str, float]) -> dict[str, Any]:
    """What `effective_weights` shows.

    Args:
        half_weight: of each target, the log-SNR at which its weight has fallen to one half, in nats.
    """
    half = {target: f"{log_snr:.1f}" for target, log_snr in half_weight.items()}
    return {
        "caption": "The weight on the ELBO that each guarded NELBO implies, against the log-SNR "
        r"(by `diffcore.published`). On the clean side it falls to one half at $\lambda = "
        rf"{half['x']}$ for $x$, {half['score']} for $s$, {half['eps']} for $\epsilon$ and "
        rf"{half['v']} for $v$. The guards of $\epsilon$ and $s$ act at the noisy end too.",
        "alt": "Four curves below a line at 1, over the log-SNR from noise to data. The curves of "
        "x and score fall to zero early on the data side, those of epsilon and v much later. "
        "Those of epsilon and score also fall towards the noise.",
    }


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
