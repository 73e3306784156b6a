"""Numerical companions of the chapter "Forward process and posterior"."""

from __future__ import annotations

import math
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Generator, Tensor

from companion import style
from diffcore.denoisers import Denoiser
from diffcore.losses import noise_like
from diffcore.samplers import ancestral
from diffcore.schedules import Cosine, LinearBeta, RectifiedFlow, Schedule, VarianceExploding
from diffcore.targets import Target, X, convert

SCHEDULES: dict[str, Schedule] = {
    "cosine": Cosine(),
    "linear beta": LinearBeta(),
    "rectified flow": RectifiedFlow(),
    "variance exploding": VarianceExploding(),
}


LOG_SNR = (-6.0, 6.0)
"""Where the replayed chains start and end, in nats."""


class KnowsTheAnswer(Denoiser):
    """A denoiser that was told x, and that writes down the latents it is asked about."""

    def __init__(self, x: Tensor, schedule: Schedule) -> None:
        self.x, self.schedule = x, schedule
        self.seen: list[tuple[Tensor, Tensor]] = []

    def predict(self, z: Tensor, t: Tensor, target: Target = X) -> Tensor:
        """The target that belongs to the known x and to ``z``."""
        if target is X:  # asked once at every step
            self.seen.append((z, t))
        return convert(self.x, z, t.expand(z.shape[0]), self.schedule, X, target)


def replayed_steps(chains: int, steps: int, seed: int) -> pd.DataFrame:
    """The sampler's own random numbers, recovered from its chain by the derived mean and deviation.

    Returns:
        A row for each schedule: how many numbers, and the largest difference to a replay of them.
    """
    rows = []
    for name, schedule in SCHEDULES.items():
        generator, replay = Generator().manual_seed(seed), Generator().manual_seed(seed)
        x = torch.randn(chains, generator=generator, dtype=torch.float64)
        denoiser = KnowsTheAnswer(x, schedule)
        ancestral(denoiser, (chains,), steps, generator, LOG_SNR, torch.float64)
        noise_like(x, replay), noise_like(x, replay)  # the data and the start of the chain
        gaps = [
            (_standardise(earlier, later, x, schedule) - noise_like(x, replay)).abs().max()
            for later, earlier in pairwise(denoiser.seen)
        ]
        rows.append(
            {
                "schedule": name,
                "steps": len(gaps),
                "numbers": chains * len(gaps),
                "largest difference": f"{max(gaps).item():.0e}",
            }
        )
    return pd.DataFrame(rows)


def _standardise(
    earlier: tuple[Tensor, Tensor], later: tuple[Tensor, Tensor], x: Tensor, schedule: Schedule
) -> Tensor:
    """(z_s - mu_Q) / sigma_Q, by the formulas of the chapter."""
    (z_s, s), (z_t, t) = earlier, later
    alpha_s, sigma_s = schedule.alpha(s), schedule.sigma(s)
    alpha_t, sigma_t = schedule.alpha(t), schedule.sigma(t)
    step = alpha_t / alpha_s
    step_variance = sigma_t**2 - step**2 * sigma_s**2
    mean = step * sigma_s**2 / sigma_t**2 * z_t + alpha_s * step_variance / sigma_t**2 * x
    return (z_s - mean) / (step_variance.sqrt() * sigma_s / sigma_t)


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
