"""Figures of the chapter "What a reweighted loss bounds"."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure

from companion.chapters.reweighted.levels import WINDOW, levels, running
from companion.chapters.reweighted.objectives import PUBLISHED
from companion.chapters.reweighted.results import WIDER, Spectrum, shares
from companion.evidence import style
from diffcore.exact.quadrature import mean_of

SHARES_SHOWN: dict[str, str] = {
    "caption": r"Of which bounds the study's eight losses are made: the share of the loss, per unit of "
    r"log-SNR, that $-w'(\lambda)\, L(\lambda)$ has; clusters, exact denoiser, guards as published. "
    "Left: mixtures. Right: losses in which some bounds have negative coefficients. What is missing from "
    "an area of 1 is the share of the clean end.",
    "alt": "Two panels over the log-SNR from minus 8 to 12. Left, four humps, none below zero: weighted x "
    "just below 0, weighted v near 1, NELBO of x near 3, and NELBO of v, low and wide, still high at 12. "
    "Right: weighted s goes far below zero near 2 and has a high hump near 5; weighted epsilon dips "
    "slightly below zero near minus 1; the NELBOs of epsilon and s are hardly ever below zero.",
}
"""What `shares_figure` shows, for readers and for those who cannot see it."""


def shares_figure(known: Spectrum) -> Figure:
    """The share of each bound in the study's losses: mixtures beside those that are none."""
    lam, width = levels()
    figure, panels = plt.subplots(1, 2, figsize=(style.WIDTH, 4.2), sharey=True)
    for objective in PUBLISHED:
        axes = panels[0 if objective.never_rises else 1]
        look = style.TARGETS[objective.target]
        share = shares(objective, known)[:-1] / width
        line = "-" if objective.name.startswith("NELBO") else "--"
        axes.plot(lam, share, **{**look, "linestyle": line}, markevery=8, label=objective.name)
    for axes, title in zip(panels, ("mixtures of bounds", "no mixtures"), strict=True):
        axes.axhline(0, color="black", linewidth=0.8)
        axes.set(title=title, xlabel=r"log-SNR $\lambda$ (nats)", xlim=WINDOW)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=2)
    panels[0].set_ylabel("share of the loss per nat")
    return figure


def cascade_shown(points: int) -> dict[str, Any]:
    """What `cascade_figure` shows, for so many points a level."""
    return {
        "caption": r"How far the bounds of the cascade are above the entropy of the clusters, for a model "
        rf"of clusters {WIDER:g} times as wide, if the decoder is optimal above $\lambda$. Line: half "
        r"the integral of the excess error up to $\lambda$. Markers: the divergence of noisy data, from "
        "densities, with two standard errors. Dashed: the NELBO. What the prior adds is left out. "
        f"{points:,} points for each level.",
        "alt": "A line over the log-SNR from minus 8 to 12 that is zero up to 0, rises steeply around 4 and "
        "levels off at a dashed line from 8 on, with markers on it.",
    }


def cascade_figure(known: Spectrum) -> Figure:
    """The gap of each bound of the cascade, by errors and by densities."""
    figure, axes = plt.subplots(figsize=(4.8, 3.2))
    lam = torch.cat([levels()[0], torch.tensor(WINDOW[1:], dtype=torch.float64)])
    gap, density = running(known.excess.mean(0)) / 2, mean_of(known.divergence)
    axes.plot(lam, gap, color=style.OKABE_ITO[0], label="by errors")
    axes.errorbar(
        lam[::8], density.value[::8], 2 * density.error[::8],
        color=style.OKABE_ITO[1], marker="s", linestyle="", capsize=3, label="by densities",
    )  # fmt: skip
    axes.axhline(float(gap[-1]), color="black", linestyle="--", linewidth=1, label="NELBO")
    axes.set(xlabel=r"log-SNR $\lambda$ (nats)", ylabel="gap (nats)")
    axes.legend()
    return figure
