"""The cosine schedule."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from diffcore import checks
from diffcore.schedules.base import Schedule


@dataclass(frozen=True)
class Cosine(Schedule):
    r"""Variance-preserving cosine: :math:`\alpha_t = \cos(\pi t / 2)`, :math:`\sigma_t = \sin(\pi t / 2)`.

    The schedule of the study (Kumar et al., 2025). With ``shift`` the log-SNR moves by a constant,
    :math:`\lambda_t = -2 \log\tan(\pi t/2) + \mathrm{shift}` (Hoogeboom et al., 2023, section 3.1, with
    shift = 2 log(noise resolution / image resolution)).
    """

    shift: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.log_snr("Cosine.shift", self.shift)

    def log_snr(self, t: Tensor) -> Tensor:
        half_pi = math.pi / 2
        return 2 * (torch.sin(half_pi * (1 - t)).log() - torch.sin(half_pi * t).log()) + self.shift

    def log_snr_prime(self, t: Tensor) -> Tensor:
        half_pi = math.pi / 2
        return -math.pi / (torch.sin(half_pi * (1 - t)) * torch.sin(half_pi * t))

    def _norm(self, t: Tensor) -> Tensor:
        # alpha^2 + sigma^2 = 1 fixes both scales from tan(pi t / 2) * exp(-shift / 2).
        half_pi, r = math.pi / 2, math.exp(self.shift / 2)
        return torch.hypot(r * torch.sin(half_pi * (1 - t)), torch.sin(half_pi * t))

    def alpha(self, t: Tensor) -> Tensor:
        r = math.exp(self.shift / 2)
        return r * torch.sin(math.pi / 2 * (1 - t)) / self._norm(t)

    def sigma(self, t: Tensor) -> Tensor:
        return torch.sin(math.pi / 2 * t) / self._norm(t)

    def alpha_prime(self, t: Tensor) -> Tensor:
        # alpha' = alpha sigma^2 lambda' / 2 with the sines cancelled: finite at both ends.
        r = math.exp(self.shift / 2)
        return -math.pi / 2 * r * torch.sin(math.pi / 2 * t) / self._norm(t) ** 3

    def sigma_prime(self, t: Tensor) -> Tensor:
        r = math.exp(self.shift / 2)
        return math.pi / 2 * r**2 * torch.sin(math.pi / 2 * (1 - t)) / self._norm(t) ** 3

    def time_of(self, log_snr: Tensor) -> Tensor:
        return 2 / math.pi * torch.atan(torch.exp(-(log_snr - self.shift) / 2))
