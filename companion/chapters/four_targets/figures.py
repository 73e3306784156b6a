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
