"""The cosine schedule of improved DDPM."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from diffcore.choice import NonNegative
from diffcore.schedules.base import Schedule


@dataclass(frozen=True)
class OffsetCosine(Schedule):
    r"""Variance preserving: :math:`\alpha_t = \cos a(t + s) / \cos a s`, with :math:`a = \pi / (2 (1 + s))`.

    The cosine schedule with an offset s (Nichol & Dhariwal, 2021, equation 17, for continuous times and
    without their limit on the last steps). The offset makes the noise variance begin with a slope: near
    the data it is of the order of t, where that of :class:`Cosine`, s = 0, is of the order of t squared.

    Attributes:
        offset: s, from 0 to 1.
    """

    offset: NonNegative = 0.008

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require(self.offset <= 1, "0 <= offset <= 1")

    # With a = pi / (2 (1 + s)) the angle a (t + s) and a (1 - t) add up to a right angle. Every scale is
    # written in sines of a t, a (1 - t), a (t + s) and a (t + 2 s), none of which cancels at either end.

    def _rate(self) -> float:
        return math.pi / (2 * (1 + self.offset))

    def _start(self) -> tuple[float, float]:
        """Sine and cosine of the angle at t = 0."""
        angle = self._rate() * self.offset
        return math.sin(angle), math.cos(angle)

    def _sines(self, t: Tensor) -> tuple[Tensor, Tensor]:
        """sin a (1 - t), and sin(a t) sin(a (t + 2 s)): the squared noise, times cos^2(a s)."""
        a = self._rate()
        noise = torch.sin(a * t) * torch.sin(a * (t + 2 * self.offset))
        return torch.sin(a * (1 - t)), noise

    def log_snr(self, t: Tensor) -> Tensor:
        a = self._rate()
        early, late = torch.sin(a * t), torch.sin(a * (t + 2 * self.offset))
        return 2 * torch.sin(a * (1 - t)).log() - early.log() - late.log()

    def log_snr_prime(self, t: Tensor) -> Tensor:
        a, (_, cosine) = self._rate(), self._start()
        signal, noise = self._sines(t)
        return -2 * a * cosine**2 * torch.sin(a * (t + self.offset)) / (signal * noise)

    def alpha(self, t: Tensor) -> Tensor:
        return self._sines(t)[0] / self._start()[1]

    def sigma(self, t: Tensor) -> Tensor:
        return self._sines(t)[1].sqrt() / self._start()[1]

    def alpha_prime(self, t: Tensor) -> Tensor:
        a, (_, cosine) = self._rate(), self._start()
        return -a * torch.sin(a * (t + self.offset)) / cosine

    def sigma_prime(self, t: Tensor) -> Tensor:
        a, (_, cosine) = self._rate(), self._start()
        signal, noise = self._sines(t)
        return a * signal * torch.sin(a * (t + self.offset)) / (cosine * noise.sqrt())

    def time_of(self, log_snr: Tensor) -> Tensor:
        # The angle's squared sine is sin^2(a s) and that much more; a t is the difference of two angles.
        a, (sine, cosine) = self._rate(), self._start()
        more = cosine**2 * torch.sigmoid(-log_snr)
        there = cosine * torch.sigmoid(log_snr).sqrt()
        sine_there = (sine**2 + more).sqrt()
        across = more / (sine_there * cosine + there * sine)
        return torch.atan2(across, there * cosine + sine_there * sine) / a
