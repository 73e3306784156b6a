"""Figures of the chapter "NELBO in x"."""

from __future__ import annotations

import math

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from companion.evidence import style

GAP_SHOWN = {
    "caption": "Left: $L_T$ is an upper sum. Each step pays for its fall in SNR with the error at "
    r"its noisy end; the area under the curve is $2 L_\infty$ ($x \sim \N(0, 1)$, $0.02 \le \SNR "
    r"\le 4$, six equal steps in log-SNR). Right: the gap against the number of steps. Markers "
    "are `diffcore.nelbo` with two standard errors, circles the exact sum; the line is the "
    "derived correction, slope $-1$, nothing fitted.",
    "alt": "Left, a falling curve of the error over the SNR with six rectangles that stand above "
    "it. Right, on logarithmic axes, the gap falls as the number of steps doubles, and comes "
    "down to a straight line of slope minus one.",
}
"""What `gap_figure` shows, for readers and for those who cannot see it."""


def gap_figure(gap: pd.DataFrame) -> Figure:
    """The upper sum, and the gap against the number of steps."""
    drawing, (left, right) = plt.subplots(1, 2, figsize=(style.WIDTH, 3.0))
    _draw_upper_sum(left)
    _draw_gap(right, gap)
    return drawing


def _draw_upper_sum(axes: Axes) -> None:
    snr = np.linspace(0.02, 4, 400)
    axes.plot(snr, 1 / (1 + snr), color=style.OKABE_ITO[0], label="error $e$ of $x$")
    edges = np.exp(np.linspace(math.log(0.02), math.log(4), 7))
    axes.bar(
        edges[:-1], 1 / (1 + edges[:-1]), np.diff(edges), align="edge",
        facecolor="#56B4E944", edgecolor=style.OKABE_ITO[0], linewidth=0.8, label="steps of $2 L_T$",
    )  # fmt: skip
    axes.set(xlabel="SNR", ylabel="squared error", xlim=(0, 4), ylim=(0, 1.05))
    axes.legend()


def _draw_gap(axes: Axes, gap: pd.DataFrame) -> None:
    axes.loglog(
        gap["T"], gap["predicted"], "-", color=style.OKABE_ITO[0], label="predicted, slope $-1$"
    )
    axes.loglog(
        gap["T"], gap["exact"], "o", mfc="none", color=style.OKABE_ITO[6], ms=8, label="exact sum"
    )
    axes.errorbar(
        gap["T"], gap["diffcore"], 2 * gap["se"], fmt="s", ms=4,
        color=style.OKABE_ITO[1], label="diffcore.nelbo",
    )  # fmt: skip
    axes.set(xlabel="number of steps $T$", ylabel="$L_T - L_\\infty$ (nats)")
    axes.legend()
