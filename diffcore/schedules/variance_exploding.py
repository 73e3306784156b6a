"""The variance-exploding schedule."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from diffcore import checks
from diffcore.schedules.base import Schedule


@dataclass(frozen=True)
class VarianceExploding(Schedule):
    r"""Variance exploding: :math:`\alpha_t = 1`, :math:`\sigma_t = \sigma_0 (\sigma_1/\sigma_0)^t`
    (Song et al., 2021, section 3.4 and appendix C). The log-SNR is linear in time.
    """

    sigma_min: float = 0.01
    sigma_max: float = 50.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require(0 < self.sigma_min < self.sigma_max, "0 < sigma_min < sigma_max")
        for name in ("sigma_min", "sigma_max"):
            checks.log_snr(f"VarianceExploding.{name}", -2 * math.log(getattr(self, name)))

    def _rate(self) -> float:
        return math.log(self.sigma_max / self.sigma_min)

    def alpha(self, t: Tensor) -> Tensor:
        return torch.ones_like(t)

    def sigma(self, t: Tensor) -> Tensor:
        return self.sigma_min * torch.exp(self._rate() * t)

    def alpha_prime(self, t: Tensor) -> Tensor:
        return torch.zeros_like(t)

    def sigma_prime(self, t: Tensor) -> Tensor:
        return self._rate() * self.sigma(t)

    def log_snr(self, t: Tensor) -> Tensor:
        return -2 * (math.log(self.sigma_min) + self._rate() * t)

    def log_snr_prime(self, t: Tensor) -> Tensor:
        return torch.full_like(t, -2 * self._rate())

    def time_of(self, log_snr: Tensor) -> Tensor:
        return (-log_snr / 2 - math.log(self.sigma_min)) / self._rate()
