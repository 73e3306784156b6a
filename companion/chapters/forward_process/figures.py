"""Figures of the chapter "Forward process and posterior"."""

from __future__ import annotations

import math

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from companion.evidence import style
from diffcore.schedules import Cosine


def posterior_figure() -> Figure:
    """Three densities of z_s, and the ratio of the two variances along a chain."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(style.WIDTH, 2.9))
    _draw_densities(left)
    _draw_ratio(right)
    return figure


def _draw_densities(axes: Axes, s: float = 0.3, t: float = 0.5) -> None:
    schedule, x, z_t = Cosine(), 1.0, 0.2
    times = torch.tensor([s, t], dtype=torch.float64)
    (alpha_s, alpha_t), (sigma_s, sigma_t) = (
        values.tolist() for values in (schedule.alpha(times), schedule.sigma(times))
    )
    step = alpha_t / alpha_s
    step_variance = sigma_t**2 - step**2 * sigma_s**2
    precision = 1 / sigma_s**2 + step**2 / step_variance
    mean = (alpha_s * x / sigma_s**2 + step * z_t / step_variance) / precision
    grid = np.linspace(-1.6, 2.4, 400)
    for label, centre, variance, line in (
        ("$q(z_s|x)$", alpha_s * x, sigma_s**2, "--"),
        ("likelihood of $z_t$", z_t / step, step_variance / step**2, ":"),
        ("posterior", mean, 1 / precision, "-"),
    ):
        density = np.exp(-((grid - centre) ** 2) / (2 * variance)) / math.sqrt(
            2 * math.pi * variance
        )
        axes.plot(grid, density, line, label=label)
    axes.set(xlabel="$z_s$", ylabel="density", ylim=(0, None))
    axes.legend(loc="upper left", handlelength=1.6)


def _draw_ratio(axes: Axes) -> None:
    for steps, line in ((10, "-"), (100, "--"), (1000, ":")):
        t = torch.arange(1, steps + 1, dtype=torch.float64) / steps
        schedule = Cosine()
        ratio = (schedule.sigma(t - 1 / steps) / schedule.sigma(t)) ** 2
        marker = "o" if steps == 10 else ""
        axes.plot(t, ratio, line, marker=marker, label=f"$T = {steps}$")
    axes.set(xlabel="$t$", ylabel=r"$\sigma_Q^2 \,/\, \sigma_{t|s}^2$", ylim=(0, 1.03))
    axes.legend(loc="lower right")
