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

    parts = ("_legs", "_norm")

    shift: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.log_snr("Cosine.shift", self.shift)

    # alpha : sigma = exp(shift / 2) sin(pi (1 - t) / 2) : sin(pi t / 2), and alpha^2 + sigma^2 = 1.

    def _legs(self, t: Tensor) -> tuple[Tensor, Tensor]:
        """Signal and noise, before they are scaled to the circle."""
        half_pi = math.pi / 2
        signal, noise = torch.sin(half_pi * (1 - t)), torch.sin(half_pi * t)
        return (math.exp(self.shift / 2) * signal if self.shift else signal), noise

    def _norm(self, t: Tensor) -> Tensor:
        return torch.hypot(*self._legs(t))

    def log_snr(self, t: Tensor) -> Tensor:
        signal, noise = self._legs(t)
        return 2 * (signal.log() - noise.log())

    def log_snr_prime(self, t: Tensor) -> Tensor:
        signal, noise = self._legs(t)
        return -math.pi * math.exp(self.shift / 2) / (signal * noise)

    def alpha(self, t: Tensor) -> Tensor:
        return self._legs(t)[0] / self._norm(t)

    def sigma(self, t: Tensor) -> Tensor:
        return self._legs(t)[1] / self._norm(t)

    def alpha_prime(self, t: Tensor) -> Tensor:
        # alpha' = alpha sigma^2 lambda' / 2 with the sines cancelled: finite at both ends.
        rate = -math.pi / 2 * math.exp(self.shift / 2)
        return rate * self._legs(t)[1] / self._norm(t) ** 3

    def sigma_prime(self, t: Tensor) -> Tensor:
        rate = math.pi / 2 * math.exp(self.shift / 2)
        return rate * self._legs(t)[0] / self._norm(t) ** 3

    def time_of(self, log_snr: Tensor) -> Tensor:
        return 2 / math.pi * torch.atan(torch.exp(-(log_snr - self.shift) / 2))
