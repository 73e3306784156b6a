"""How chains begin: at which level, and with whose first prediction."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from companion.runs.plane import ENDS, SCHEDULE
from diffcore.denoisers import Denoiser, ExactDenoiser
from diffcore.samplers import Grid
from diffcore.schedules import Schedule
from diffcore.targets import Target, X, like


@dataclass(frozen=True)
class FromPureNoise(Grid):
    """Equal steps of time from the time 1 on, where no log-SNR is finite: the low end is not looked at."""

    def _times(self, schedule: Schedule, low: float, high: float, share: Tensor) -> Tensor:
        last = float(schedule.time_of(torch.tensor(high, dtype=torch.float64)))
        return torch.linspace(1, last, len(share), dtype=torch.float64)


@dataclass(frozen=True, eq=False)
class Starting(Denoiser):
    """A denoiser that leaves its first levels to another.

    Attributes:
        other: asked at the log-SNR ``level`` and below, nats.
        rest: asked above it.
        level: the last log-SNR of the other's.
    """

    other: Denoiser
    rest: Denoiser
    level: float

    @property
    def schedule(self) -> Schedule:  # type: ignore[override]
        """The forward process, that of the rest."""
        return self.rest.schedule

    def _asked(self, t: Tensor) -> Denoiser:
        return self.other if bool((self.schedule.log_snr(t) <= self.level).all()) else self.rest

    def predict(self, z: Tensor, t: Tensor, target: Target = X) -> Tensor:
        """See :meth:`Denoiser.predict`."""
        return self._asked(t).predict(z, t, target)

    def predict_pair(self, z: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """See :meth:`Denoiser.predict_pair`."""
        return self._asked(t).predict_pair(z, t)


def _middle(z: Tensor, alpha: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
    return torch.zeros_like(z), z / like(sigma, z)


AT_THE_MEAN = ExactDenoiser(_middle, SCHEDULE)
"""Predicts the mean of the data, 0 since they are standardised, and the noise that belongs to it."""

NEAR = 1e-6
"""How far a log-SNR may be from where its time is, in nats: far less than a step."""


def begun_by(other: Denoiser, denoiser: Denoiser, first: float = ENDS[0]) -> Denoiser:
    """A denoiser whose chain, from the log-SNR ``first`` on, begins with the other's prediction."""
    return Starting(other, denoiser, max(first, ENDS[0]) + NEAR)
