"""The figure of the chapter "Likelihood and samples"."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from companion.evidence import perturbed, style

SPREAD = perturbed.SIZE * perturbed.WIDTH * np.sqrt(2 * np.pi)
"""A bump of error, integrated over the log-SNR."""


def shown(samples: dict[str, int], points: int) -> dict[str, Any]:
    """What `kernels_figure` shows, for readers and for those who cannot see it."""
    drawn = " and ".join(f"{n:,} of the {name}" for name, n in samples.items())
    return {
        "caption": "What one error, the same at every $z$, does, by the log-SNR at which it is made: a bump "
        f"of {perturbed.WIDTH:g} nats that adds {perturbed.EXCESS:g} nats to the bound wherever it is. Left: "
        f"distance by which it moves samples, {drawn}; lines derived to first order, points measured; "
        "grey: $e^{-\\lambda/2}$. Right: nats, for the clusters: the bound, and the exact likelihood of the "
        f"flow ({points:,} points, mean over both signs of the error). Seed 0.",
        "alt": "Two panels with logarithmic vertical axes over the log-SNR from -4 to 12. Left, points lie "
        "on lines that are level up to about 0 and then fall along a grey straight line; the root mean "
        "square of the clusters alone lies far above its points below 2. Right, the bound is level, and the "
        "likelihood falls by more than three orders of magnitude.",
    }


def kernels_figure(moved: dict[str, pd.DataFrame], nats: pd.DataFrame) -> Figure:
    """Displacements by data set, as `displacements` gives them, and the costs of `nats`."""
    drawing, (left, right) = plt.subplots(1, 2, figsize=(style.WIDTH, 3.6))
    levels = np.array(perturbed.LEVELS)
    high = levels[levels >= 4]
    left.semilogy(high, SPREAD * np.exp(-high / 2) / 2, color="0.7", linewidth=4, zorder=0)
    for color, (name, table) in zip(style.OKABE_ITO, moved.items(), strict=False):
        for suffix, line, marker, words in (
            ("", "-", "o", "median"),
            ("_rms", "--", "s", "r.m.s."),
        ):
            left.semilogy(table["level"], table["derived" + suffix], line, color=color)
            left.semilogy(
                table["level"], table["measured" + suffix], marker, markersize=3.5, color=color,
                label=f"{name}, {words}", fillstyle="full" if suffix == "" else "none",
            )  # fmt: skip
    left.set_ylabel("distance")
    right.semilogy(nats["level"], nats["bound"], "-o", markersize=3.5, color=style.OKABE_ITO[2],
                   label="bound")  # fmt: skip
    right.semilogy(nats["level"], nats["flow"], "-s", markersize=3.5, color=style.OKABE_ITO[3],
                   label="likelihood of the flow")  # fmt: skip
    right.set_ylabel("nats")
    for axes in (left, right):
        axes.set_xlabel("log-SNR of the error")
        axes.legend(fontsize="small")
    return drawing
