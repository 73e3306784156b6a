"""A schedule at one point: what a checked step needs to call ``diffcore``.

A step speaks of alpha_t and sigma_t as numbers or symbols, ``diffcore`` of a schedule and a time. This is
the schedule that returns what it is given, whatever the time.
"""

from dataclasses import dataclass
from typing import NoReturn

import torch
from torch import Tensor

from diffcore.choice import Scalar
from diffcore.schedules.base import Schedule

ANY_TIME = torch.zeros((), dtype=torch.float64)
"""A time to pass where a pointwise schedule ignores it."""


@dataclass(frozen=True)
class Pointwise(Schedule, any_time=True):
    """alpha, sigma and, where needed, their time derivatives, as given: tensors, or symbols for a row."""

    alpha_t: Scalar
    sigma_t: Scalar
    alpha_prime_t: Scalar = ANY_TIME
    sigma_prime_t: Scalar = ANY_TIME

    def alpha(self, t: Tensor) -> Scalar:
        """The given alpha."""
        return self.alpha_t

    def sigma(self, t: Tensor) -> Scalar:
        """The given sigma."""
        return self.sigma_t

    def alpha_prime(self, t: Tensor) -> Scalar:
        """The given derivative of alpha."""
        return self.alpha_prime_t

    def sigma_prime(self, t: Tensor) -> Scalar:
        """The given derivative of sigma."""
        return self.sigma_prime_t

    def log_snr(self, t: Tensor) -> Scalar:
        """2 log(alpha / sigma)."""
        return 2 * (self.alpha_t.log() - self.sigma_t.log())

    def log_snr_prime(self, t: Tensor) -> Scalar:
        """2 (alpha' / alpha - sigma' / sigma)."""
        return 2 * (self.alpha_prime_t / self.alpha_t - self.sigma_prime_t / self.sigma_t)

    def time_of(self, log_snr: Tensor) -> NoReturn:
        """Not defined: one point has no inverse.

        Raises:
            TypeError: always.
        """
        raise TypeError("a pointwise schedule has no times: use a schedule of diffcore.schedules")

    @property
    def log_snr_range(self) -> NoReturn:
        """Not defined: one point is no range.

        Raises:
            TypeError: always.
        """
        raise TypeError("a pointwise schedule has no range: use a schedule of diffcore.schedules")
