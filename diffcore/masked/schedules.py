r"""Masking schedules: with what probability :math:`\alpha_t` a token is kept until time :math:`t`.

:math:`\alpha_t` falls from 1 at :math:`t = 0`, the data, to 0 at :math:`t = 1`, where every token is masked
(Austin et al., 2021; Shi et al., 2024). Methods are elementwise in times of any shape and dtype.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from diffcore import checks
from diffcore.choice import Choice, Positive


def unmask_share(alpha_s: Tensor, alpha_t: Tensor) -> Tensor:
    r"""Probability that what is masked at t was visible at s: :math:`(\alpha_s - \alpha_t)/(1 - \alpha_t)`.

    Args:
        alpha_s: probabilities of being kept until s.
        alpha_t: until t, below 1; of a shape that broadcasts.

    Raises:
        TypeError: if one is no tensor of floating-point numbers.
        ValueError: if a number is not a probability.
    """
    checks.times(alpha_s, "alpha_s")
    checks.times(alpha_t, "alpha_t")
    return (alpha_s - alpha_t) / (1 - alpha_t)


def cross_entropy_rate(alpha_t: Tensor, alpha_prime_t: Tensor) -> Tensor:
    r"""The bound's weight of the cross-entropy of masked tokens, :math:`-\alpha_t'/(1 - \alpha_t)`.

    Args:
        alpha_t: probabilities of being kept, below 1.
        alpha_prime_t: their slopes in time, of a shape that broadcasts.

    Raises:
        TypeError: if one is no tensor of floating-point numbers.
        ValueError: if ``alpha_t`` is not a probability.
    """
    checks.floating("alpha_prime_t", alpha_prime_t)
    return -alpha_prime_t / (1 - checks.times(alpha_t, "alpha_t"))


@dataclass(frozen=True)
class Masking(Choice, ABC):
    r"""A process that masks every token by itself, and never unmasks one."""

    @abstractmethod
    def kept(self, t: Tensor) -> Tensor:
        r""":math:`\alpha_t`, from 1 to 0.

        Raises:
            TypeError: if ``t`` is no tensor of floating-point numbers.
            ValueError: if a time lies outside [0, 1].
        """

    @abstractmethod
    def kept_prime(self, t: Tensor) -> Tensor:
        r"""Its slope :math:`d\alpha_t/dt`; raises as :meth:`kept`."""


@dataclass(frozen=True)
class PowerMasking(Masking):
    r""":math:`\alpha_t = 1 - t^n` (Shi et al., 2024); the weight of the cross-entropy is :math:`n/t`."""

    power: Positive = 2.0

    def kept(self, t: Tensor) -> Tensor:
        """See :meth:`Masking.kept`."""
        return 1 - checks.times(t) ** self.power

    def kept_prime(self, t: Tensor) -> Tensor:
        """See :meth:`Masking.kept_prime`."""
        return -self.power * checks.times(t) ** (self.power - 1)


@dataclass(frozen=True)
class LinearMasking(Masking):
    r""":math:`\alpha_t = 1 - t`: the absorbing process of Austin et al. (2021) in continuous time."""

    def kept(self, t: Tensor) -> Tensor:
        """See :meth:`Masking.kept`."""
        return 1 - checks.times(t)

    def kept_prime(self, t: Tensor) -> Tensor:
        """See :meth:`Masking.kept_prime`."""
        return torch.full_like(checks.times(t), -1.0)


@dataclass(frozen=True)
class CosineMasking(Masking):
    r""":math:`\alpha_t = 1 - \cos\frac{\pi (1 - t)}{2}` (Shi et al., 2024)."""

    def kept(self, t: Tensor) -> Tensor:
        """See :meth:`Masking.kept`."""
        return 2 * torch.sin(math.pi / 4 * (1 - checks.times(t))).square()  # 1 - cos, in full

    def kept_prime(self, t: Tensor) -> Tensor:
        """See :meth:`Masking.kept_prime`."""
        return -math.pi / 2 * torch.sin(math.pi / 2 * (1 - checks.times(t)))
