"""Figures of the chapter "What a loss weighs"."""

from __future__ import annotations

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from companion.chapters.weightings.rows import FALLING, ROWS, Row
from companion.evidence import style

WEIGHTS_SHOWN = {
    "caption": r"Published losses on one scale. Each weight is divided by its value at $\lambda = "
    "0$, since a constant changes no minimum. Left: those that never rise with the log-SNR, and so "
    "are mixtures of bounds. Right: those that rise somewhere. Closed forms of the table above.",
    "alt": "Two panels over the log-SNR from minus 7 to 7 on a logarithmic axis. Left, six curves "
    "that are flat or fall, the steepest that of x. Right, five that rise and then fall, with their "
    "peaks between minus 3.3 and 0, and one, of the score, that rises throughout.",
}
"""What `weights_figure` shows, for readers and for those who cannot see it."""

LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)))


def weights_figure() -> Figure:
    """The weightings of `ROWS` on one scale: those that never rise beside those that do."""
    drawing, panels = plt.subplots(1, 2, figsize=(style.WIDTH, 4.4), sharey=True)
    rising = tuple(row for row in ROWS if row not in FALLING)
    for axes, rows, title in zip(
        panels, (FALLING, rising), ("never rise", "rise somewhere"), strict=True
    ):
        _draw(axes, rows)
        axes.set_title(title)
    panels[0].set_ylabel(r"weight $w(\lambda)/w(0)$")
    return drawing


def _draw(axes: Axes, rows: tuple[Row, ...]) -> None:
    lam = torch.linspace(-7, 7, 281, dtype=torch.float64)
    middle = len(lam) // 2
    for row, line in zip(rows, LINES, strict=True):
        weight = row.closed(lam)
        axes.plot(lam, weight / weight[middle], linestyle=line, label=row.name)
    axes.set_yscale("log")
    axes.set_ylim(1e-3, 1e3)
    axes.set_xlabel(r"log-SNR $\lambda$ (nats)")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.17), ncols=1)
