"""What the chapter on conventions draws and tabulates."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
import torch
from torch import Tensor

import diffcore as dc
from companion.peers.diffusers import ddpm_log_snr
from diffcore.schedules import Cosine, RectifiedFlow, Schedule
from diffcore.targets import Target


def scalar(value: float) -> Tensor:
    """A float64 tensor without axes."""
    return torch.tensor(value, dtype=torch.float64)


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
        _dial("timestep, diffusers DDPM", [0, 20, 100, 250, 400, 600, 900], ddpm_log_snr),
        _dial("sigma, EDM", [0.01, 0.1, 0.3, 1, 3, 10, 80], lambda s: -2 * s.log()),
        _dial("network time, azula", [-4, -2, 0, 2, 4], lambda c: -2 * c),
        _dial("gamma, VDM", [-8, -4, 0, 4, 8], lambda g: -g),
    ]


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


def unseen_at_half(costs: pd.DataFrame) -> str:
    """How many mistakes cost nothing at t = 1/2, whatever they cost at t = 1/4.

    Args:
        costs: as `mix_up_table` returns it.
    """
    mistakes = costs[costs["mistake"] != "none"]
    at = {t: mistakes[[f"cosine_{t:g}", f"flow_{t:g}"]] for t in (0.25, 0.5)}
    unseen = (at[0.5] < 1e-12).all(axis=1) & (at[0.25] > 0.1).all(axis=1)
    return (
        f"{int(unseen.sum())} of the {len(mistakes)} mistakes cost nothing at $t = \\frac12$, where "
        "signal and noise are equal, on either schedule. A test at that one point would pass."
    )


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
