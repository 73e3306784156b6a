"""Min-SNR weighting."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from diffcore.choice import Positive
from diffcore.schedules.base import Schedule
from diffcore.targets import EPS
from diffcore.weightings import Native, Weighting


@dataclass(frozen=True)
class MinSNR(Weighting):
    """min(1, gamma / SNR) on the eps-MSE, t uniform (Hang et al., 2023)."""

    source = "Hang et al. (2023)"

    gamma: Positive = 5.0

    @property
    def name(self) -> str:
        """See :attr:`Weighting.name`."""
        return f"min-SNR({self.gamma:g})"

    def __call__(self, log_snr: Tensor, schedule: Schedule) -> Tensor:
        """See :meth:`Weighting.__call__`."""
        limit = torch.exp(torch.clamp(math.log(self.gamma) - log_snr, max=0.0))
        return Native(EPS)(log_snr, schedule) * limit
