"""P2 weighting."""

from dataclasses import dataclass

import torch
from torch import Tensor

from diffcore.choice import NonNegative, Positive
from diffcore.schedules.base import Schedule
from diffcore.targets import EPS
from diffcore.weightings import Native, Weighting


@dataclass(frozen=True)
class P2(Weighting):
    """(k + SNR)^-gamma on the eps-MSE, t uniform (Choi et al., 2022)."""

    source = "Choi et al. (2022)"

    gamma: NonNegative = 1.0
    k: Positive = 1.0

    @property
    def name(self) -> str:
        """See :attr:`Weighting.name`."""
        return f"P2({self.gamma:g}, {self.k:g})"

    def __call__(self, log_snr: Tensor, schedule: Schedule) -> Tensor:
        """See :meth:`Weighting.__call__`."""
        return Native(EPS)(log_snr, schedule) * (self.k + torch.exp(log_snr)) ** -self.gamma
