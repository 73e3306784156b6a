"""What the chapter on conventions draws and tabulates."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import matplotlib.pyplot as plt
import pandas as pd
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

import diffcore as dc
from companion import peers, style
from diffcore.schedules import Cosine, RectifiedFlow, Schedule
from diffcore.targets import TARGETS, Target


def scalar(value: float) -> Tensor:
    """A float64 tensor without axes."""
    return torch.tensor(value, dtype=torch.float64)


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


@dataclass(frozen=True)
class Dial:
    """One library's name for the noise level: its value at a log-SNR is ``ticks[k]`` at ``at[k]``."""

    label: str
    ticks: list[str]
    at: list[float]


def _dial(label: str, values: list[float], log_snr: Callable[[Tensor], Tensor]) -> Dial:
    at = log_snr(torch.tensor(values, dtype=torch.float64))
    return Dial(
        label, [f"{v:g}".replace("-", "\N{MINUS SIGN}") for v in values], [float(lam) for lam in at]
    )


def dials() -> list[Dial]:
    """What the libraries call the same noise levels."""
    fractions = [0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99]
    flow = RectifiedFlow()
    return [
        _dial("$t$, cosine (here)", fractions, Cosine().log_snr),
        _dial("$t$, straight lines (here)", fractions, flow.log_snr),
        _dial("t, flow_matching", fractions[::-1], lambda t: flow.log_snr(1 - t)),
        _dial(
            "timestep, diffusers flow",
            [10, 100, 300, 500, 700, 900, 990],
            lambda t: flow.log_snr(t / 1000),
        ),
        _dial("timestep, diffusers DDPM", [0, 20, 100, 250, 400, 600, 900], peers.ddpm_log_snr),
        _dial("sigma, EDM", [0.01, 0.1, 0.3, 1, 3, 10, 80], lambda s: -2 * s.log()),
        _dial("network time, azula", [-4, -2, 0, 2, 4], lambda c: -2 * c),
        _dial("gamma, VDM", [-8, -4, 0, 4, 8], lambda g: -g),
    ]


def dial_figure() -> Figure:
    """One axis of log-SNR; a ruler for each name, ticked in its own unit."""
    rulers = dials()
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


@dataclass(frozen=True)
class MixUp:
    """A perfect prediction, read with the wrong dictionary.

    Attributes:
        name: the mistake.
        read: ``(z, t, schedule, truth) -> x_hat``, where ``truth(target)`` is the exact prediction.
    """

    name: str
    read: Callable[[Tensor, Tensor, Schedule, Callable[[Target], Tensor]], Tensor]


MIX_UPS = (
    MixUp(
        "none",
        lambda z, t, schedule, truth: dc.convert(truth(dc.V), z, t, schedule, dc.V, dc.X),
    ),
    MixUp(
        "$u$ with its sign turned",
        lambda z, t, schedule, truth: dc.convert(
            -truth(dc.VELOCITY), z, t, schedule, dc.VELOCITY, dc.X
        ),
    ),
    MixUp(
        "$v$ with its sign turned",
        lambda z, t, schedule, truth: dc.convert(-truth(dc.V), z, t, schedule, dc.V, dc.X),
    ),
    MixUp(
        "$u$ read as $v$",
        lambda z, t, schedule, truth: dc.convert(truth(dc.VELOCITY), z, t, schedule, dc.V, dc.X),
    ),
    MixUp(
        "$t$ read as $1 - t$",
        lambda z, t, schedule, truth: dc.convert(truth(dc.EPS), z, 1 - t, schedule, dc.EPS, dc.X),
    ),
    MixUp(
        r"$\alpha/\sigma$ read as SNR",
        lambda z, t, schedule, truth: dc.convert(
            truth(dc.EPS), z, schedule.time_of(schedule.log_snr(t) / 2), schedule, dc.EPS, dc.X
        ),
    ),
)
"""Mistakes about names, with a network that makes no other."""


def mix_up_error(mix_up: MixUp, schedule: Schedule, t: float) -> float:
    """RMS error of x_hat over x and eps of unit variance: exact, since every reading is linear.

    x and eps are taken as the two unit vectors; the error is the norm of what is left.
    """
    x, eps = torch.eye(2, dtype=torch.float64)[:, None, :]
    time = scalar(t)
    z = dc.losses.noised(x, eps, time, schedule)
    x_hat = mix_up.read(z, time, schedule, lambda target: target.of(x, eps, time, schedule))
    return math.sqrt(float((x_hat - x).square().sum()))


def mix_up_table(times: tuple[float, ...] = (0.25, 0.5)) -> pd.DataFrame:
    """One row for each mistake: the RMS error of x_hat on two schedules at each time."""
    schedules = {"cosine": Cosine(), "flow": RectifiedFlow()}
    return pd.DataFrame(
        {"mistake": mix_up.name}
        | {
            f"{name}_{t:g}": mix_up_error(mix_up, schedule, t)
            for name, schedule in schedules.items()
            for t in times
        }
        for mix_up in MIX_UPS
    )
