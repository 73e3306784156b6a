"""A schedule made of numbers: what a checked step needs to call ``diffcore``.

A step speaks of alpha_t and sigma_t as numbers, ``diffcore`` of a schedule and a time. This is the
schedule that returns given tensors, whatever the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

import torch
from torch import Tensor

from diffcore.schedules import Schedule

ANY_TIME = torch.zeros((), dtype=torch.float64)
"""A time to pass where a pointwise schedule ignores it."""


@dataclass(frozen=True)
class Pointwise(Schedule):
    """alpha, sigma and, where needed, their time derivatives, as given."""

    alpha_t: Tensor
    sigma_t: Tensor
    alpha_prime_t: Tensor = ANY_TIME
    sigma_prime_t: Tensor = ANY_TIME

    def alpha(self, t: Tensor) -> Tensor:
        """The given alpha."""
        return self.alpha_t

    def sigma(self, t: Tensor) -> Tensor:
        """The given sigma."""
        return self.sigma_t

    def alpha_prime(self, t: Tensor) -> Tensor:
        """The given derivative of alpha."""
        return self.alpha_prime_t

    def sigma_prime(self, t: Tensor) -> Tensor:
        """The given derivative of sigma."""
        return self.sigma_prime_t

    def log_snr(self, t: Tensor) -> Tensor:
        """2 log(alpha / sigma)."""
        return 2 * (self.alpha_t.log() - self.sigma_t.log())

    def log_snr_prime(self, t: Tensor) -> Tensor:
        """2 (alpha' / alpha - sigma' / sigma)."""
        return 2 * (self.alpha_prime_t / self.alpha_t - self.sigma_prime_t / self.sigma_t)

    def time_of(self, log_snr: Tensor) -> NoReturn:
        """Not defined: one point has no inverse.

        Raises:
            TypeError: always.
        """
        raise TypeError("a pointwise schedule has no times: use a schedule of diffcore.schedules")
