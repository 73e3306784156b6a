"""Figures of the chapter "One algebra, four targets"."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure

from companion.chapters.four_targets.results import SCHEDULE
from companion.evidence import style
from diffcore.targets import TARGETS
from diffcore.weightings import Native

WEIGHTINGS_SHOWN = {
    "caption": r"What each plain squared error weighs on the cosine schedule: $w(\lambda)$ "
    "against the log-SNR, clean data on the right. The NELBO is flat. The score's error puts its "
    r"weight at the clean end, those of $x$ and $v$ at the noisy end, that of $\epsilon$ in the "
    "middle: four different objectives. Lines: `diffcore.weightings`; markers: the closed forms "
    "derived above.",
    "alt": "Four curves and a flat line on a logarithmic axis over the log-SNR from minus 10 to "
    "10: the weight of the score rises, that of x and v falls, that of epsilon peaks at zero.",
}
"""What `weighting_figure` shows, for readers and for those who cannot see it."""


def weighting_figure() -> Figure:
    """w(lambda) of the four plain squared errors on the cosine schedule, and of the NELBO."""
    lam = torch.linspace(-10, 10, 401, dtype=torch.float64)
    marks = lam[::50]
    closed = {
        "x": lambda v: np.exp(-v) / np.cosh(v / 2) / np.pi,
        "eps": lambda v: 1 / np.cosh(v / 2) / np.pi,
        "v": lambda v: 2 / np.pi * np.exp(-v / 2),
        "score": lambda v: 2 / np.pi * np.exp(v / 2),
    }
    figure, axis = plt.subplots()
    for name, form in closed.items():
        look = style.TARGETS[name]
        weight = Native(TARGETS[name])(lam, SCHEDULE)
        axis.plot(lam, weight, color=look["color"], linestyle=look["linestyle"])
        axis.plot(marks, form(marks.numpy()), look["marker"], color=look["color"])
        axis.plot([], [], **look, label=f"plain error in {style.SYMBOLS[name]}")
    axis.axhline(1, color="black", label="NELBO")
    axis.set_yscale("log")
    axis.set_ylim(1e-3, 1e3)
    axis.set_xlabel(r"log-SNR $\lambda$ (nats); noise on the left, data on the right")
    axis.set_ylabel(r"weight $w(\lambda)$")
    axis.legend(ncols=2, loc="upper center")
    return figure
