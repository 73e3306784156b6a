"""Exact denoisers that are wrong on purpose, and bumps of error around one noise level."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from diffcore.denoisers import Denoiser
from diffcore.schedules import Schedule
from diffcore.targets import Target, X

WIDTH = 0.5
"""Standard deviation of a bump of error in the log-SNR, nats."""

EXCESS = 1e-3
"""What every bump adds to the NELBO, nats."""

SIZE = math.sqrt(2 * EXCESS / (math.sqrt(math.pi) * WIDTH))
"""Root mean square error of the noise at the top of a bump: half its square, integrated, is `EXCESS`."""

LEVELS = tuple(float(level) for level in range(-4, 13, 2))
"""Where bumps are tried, nats."""


def bump(log_snr: Tensor, level: float | Tensor) -> Tensor:
    """Size of the error at these log-SNRs, for a bump at ``level``."""
    return SIZE * torch.exp(-(((log_snr - level) / WIDTH) ** 2) / 2)


@dataclass(frozen=True, eq=False)
class Perturbed(Denoiser):
    """An exact denoiser, off by a known error.

    Attributes:
        oracle: the exact denoiser.
    """

    oracle: Denoiser

    @property
    def schedule(self) -> Schedule:  # type: ignore[override]
        """The forward process, that of the oracle."""
        return self.oracle.schedule

    @abstractmethod
    def errors(self, z: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """By how much x and the noise are off at ``z`` (n, 2): (e, -e alpha / sigma), each (n, 2)."""

    def predict_pair(self, z: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """See :meth:`Denoiser.predict_pair`."""
        x_hat, eps_hat = self.oracle.predict_pair(z, t)
        of_x, of_eps = self.errors(z, t)
        return x_hat + of_x, eps_hat + of_eps

    def predict(self, z: Tensor, t: Tensor, target: Target = X) -> Tensor:
        """See :meth:`Denoiser.predict`."""
        x_hat, eps_hat = self.predict_pair(z, t)
        return target.of(x_hat, eps_hat, t, self.schedule)
