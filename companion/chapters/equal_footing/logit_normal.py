"""The weighting of a rectified flow whose times are drawn from a logit-normal distribution."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from diffcore.schedules.base import Schedule
from diffcore.weightings import Weighting


@dataclass(frozen=True)
class LogitNormalFlow(Weighting):
    r"""The velocity's squared error on the rectified flow, logit(t) ~ N(0, 1) (Esser et al., 2024).

    By rule R1 :math:`2 N(\lambda; 0, 4) (1 + e^{-\lambda/2})^2`, since :math:`\lambda = -2 logit(t)` there
    and the velocity's squared error is :math:`(1 + e^{-\lambda/2})^2` times that of the noise.
    """

    source = "Esser et al. (2024)"

    @property
    def name(self) -> str:
        """See :attr:`Weighting.name`."""
        return "flow, logit-normal times"

    def __call__(self, log_snr: Tensor, schedule: Schedule) -> Tensor:
        """See :meth:`Weighting.__call__`."""
        density = torch.exp(-log_snr.square() / 8) / math.sqrt(8 * math.pi)
        return 2 * density * (1 + torch.exp(-log_snr / 2)).square()
