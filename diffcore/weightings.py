r"""Weightings: every published loss is one function of the log-SNR.

All Gaussian diffusion losses are
:math:`L_w = \frac12 \int w(\lambda)\, E\|\epsilon - \hat\epsilon\|^2 d\lambda` (Kingma & Gao, 2023);
:math:`w = 1` is the diffusion part of the ELBO. A loss defined natively as
:math:`E_{t \sim p(t)}[\omega(t) \|y - \hat y\|^2]` has
:math:`w(\lambda) = 2\, p(\lambda)\, \omega\, c_T`, where :math:`p(\lambda) = p(t) / |\lambda'_t|` and
:math:`c_T` is the squared error scale of its target. Where a weighting is defined by uniform times it
depends on the schedule, so a weighting is a function of both.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from diffcore.choice import Choice
from diffcore.schedules.base import Schedule
from diffcore.targets import Target, error_scale


@dataclass(frozen=True)
class Weighting(Choice, ABC):
    """A weighting of the log-SNR integral.

    Attributes:
        source: where it was published.
    """

    source: ClassVar[str]

    @property
    @abstractmethod
    def name(self) -> str:
        """What the literature calls it, with its parameters."""

    @abstractmethod
    def __call__(self, log_snr: Tensor, schedule: Schedule) -> Tensor:
        """The weight w at ``log_snr``, elementwise, dimensionless."""


@dataclass(frozen=True)
class Elbo(Weighting):
    """w = 1: the diffusion part of the negative ELBO, in nats (Kingma et al., 2021)."""

    source = "Kingma et al. (2021)"

    @property
    def name(self) -> str:
        """See :attr:`Weighting.name`."""
        return "ELBO"

    def __call__(self, log_snr: Tensor, schedule: Schedule) -> Tensor:
        """One at every log-SNR."""
        return torch.ones_like(log_snr)


@dataclass(frozen=True)
class Native(Weighting):
    r"""The weighting of the plain :math:`E_{t \sim U(0,1)} \|y - \hat y\|^2`: the study's "weighted" loss.

    Attributes:
        target: y.
    """

    source = "rule R1 of the book"

    target: Target

    @property
    def name(self) -> str:
        """See :attr:`Weighting.name`."""
        return f"{self.target.name}-MSE"

    def __call__(self, log_snr: Tensor, schedule: Schedule) -> Tensor:
        r""":math:`2\, p(\lambda)\, c_T`, with p the density of the log-SNR at uniform times."""
        t = schedule.time_of(log_snr)
        density = 1 / schedule.log_snr_prime(t).abs()
        scale = error_scale(schedule, t, self.target)
        return 2 * density * scale**2
