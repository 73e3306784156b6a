"""Figures of the chapter on conventions."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from companion.chapters.conventions.results import Dial, scalar
from companion.evidence import style
from diffcore.schedules import Cosine, RectifiedFlow, Schedule
from diffcore.targets import TARGETS


def target_planes(t: float = 0.6) -> tuple[Figure, float]:
    """The five targets as arrows in the plane of (x, eps) on two schedules at one log-SNR, returned too."""
    cosine = Cosine()
    log_snr = cosine.log_snr(scalar(t))
    same_noise = float(RectifiedFlow().time_of(log_snr))
    figure, axes = plt.subplots(1, 2, figsize=(style.WIDTH, 4.5), sharex=True, sharey=True)
    _plane(axes[0], cosine, t, rf"cosine, $t = {t:.2f}$")
    _plane(axes[1], RectifiedFlow(), same_noise, rf"straight lines, $t = {same_noise:.2f}$")
    axes[0].set_ylabel(r"coefficient of $\epsilon$")
    return figure, float(log_snr)


def _plane(axes: Axes, schedule: Schedule, t: float, title: str) -> None:
    path = torch.linspace(0, 1, 201, dtype=torch.float64)
    axes.plot(schedule.alpha(path), schedule.sigma(path), color="#999999", linewidth=1.2, zorder=1)
    tip = (float(schedule.alpha(scalar(t))), float(schedule.sigma(scalar(t))))
    _arrow(axes, (0, 0), tip, "black", "$z$", (0.06 - tip[0] / 2, -0.12 - tip[1] / 2))
    labels = {
        "velocity": (-0.02, 0.08),  # first and widest: on the circle v lies on top of it
        "x": (-0.13, -0.2),
        "eps": (-0.19, -0.45),
        "v": (-0.2, -0.15),
        "score": (0.09, 0.0),
    }
    for name, offset in labels.items():
        a, b = (float(part) for part in TARGETS[name].row(schedule, scalar(t)))
        start = (0.0, 0.0) if name in ("x", "eps") else tip
        width = 4.0 if name == "velocity" else 1.9
        _arrow(
            axes, start, (a, b), style.TARGETS[name]["color"], style.SYMBOLS[name], offset, width
        )
    axes.set(title=title, xlabel="coefficient of $x$", xlim=(-0.95, 1.25), ylim=(-1.3, 2.0))
    axes.set_aspect("equal")


def _arrow(
    axes: Axes,
    start: tuple[float, float],
    vector: tuple[float, float],
    color: str,
    label: str,
    offset: tuple[float, float],
    width: float = 1.9,
) -> None:
    end = (start[0] + vector[0], start[1] + vector[1])
    axes.annotate(
        "",
        end,
        start,
        arrowprops={"arrowstyle": "-|>", "color": color, "lw": width, "shrinkA": 0, "shrinkB": 0},
    )
    axes.text(end[0] + offset[0], end[1] + offset[1], label, color=color, fontsize=13)


def dial_figure(rulers: Sequence[Dial]) -> Figure:
    """One axis of log-SNR; a ruler for each name, ticked in its own unit."""
    figure, axes = plt.subplots(figsize=(style.WIDTH, 4.2))
    for row, dial in enumerate(rulers):
        height = len(rulers) - row
        axes.plot([-10, 10], [height, height], color="#bbbbbb", linewidth=1, zorder=1)
        inside = [(tick, at) for tick, at in zip(dial.ticks, dial.at, strict=True) if abs(at) <= 10]
        for tick, at in inside:
            axes.plot([at, at], [height - 0.1, height + 0.1], color="black", linewidth=1)
            axes.text(
                at,
                height + 0.2,
                tick,
                ha="center",
                va="bottom",
                fontsize=8,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
            )
    for lam in (-4, 0, 4):
        axes.axvline(lam, color=style.OKABE_ITO[1], linewidth=0.9, linestyle="--", zorder=0)
    axes.set_yticks(range(len(rulers), 0, -1), [dial.label for dial in rulers])
    axes.set(
        xlabel=r"log-SNR $\lambda$  (noise on the left, data on the right)", xlim=(-10.4, 10.4)
    )
    axes.set_xticks(range(-10, 11, 2))
    axes.set_ylim(0.5, len(rulers) + 0.8)
    axes.grid(visible=False)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    return figure
