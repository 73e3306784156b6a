"""Straight lines from data to noise."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from diffcore.schedules.base import Schedule


@dataclass(frozen=True)
class RectifiedFlow(Schedule):
    r"""Straight lines: :math:`\alpha_t = 1 - t`, :math:`\sigma_t = t` (Liu et al., 2022;
    Lipman et al., 2022, with time reversed so that data sit at 0).
    """

    def alpha(self, t: Tensor) -> Tensor:
        return 1 - t

    def sigma(self, t: Tensor) -> Tensor:
        return t.clone()

    def alpha_prime(self, t: Tensor) -> Tensor:
        return torch.full_like(t, -1.0)

    def sigma_prime(self, t: Tensor) -> Tensor:
        return torch.ones_like(t)

    def log_snr(self, t: Tensor) -> Tensor:
        return 2 * (torch.log1p(-t) - torch.log(t))

    def log_snr_prime(self, t: Tensor) -> Tensor:
        return -2 / (t * (1 - t))

    def time_of(self, log_snr: Tensor) -> Tensor:
        return torch.exp(logsigmoid(-log_snr / 2))
