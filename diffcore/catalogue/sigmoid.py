"""Sigmoid weighting."""

from dataclasses import dataclass

import torch
from torch import Tensor

from diffcore.schedules.base import Schedule
from diffcore.weightings import Weighting


@dataclass(frozen=True)
class Sigmoid(Weighting):
    """w = sigmoid(bias - log_snr) (Kingma & Gao, 2023)."""

    source = "Kingma & Gao (2023)"

    bias: float = 2.0

    @property
    def name(self) -> str:
        """See :attr:`Weighting.name`."""
        return f"sigmoid({self.bias:g})"

    def __call__(self, log_snr: Tensor, schedule: Schedule) -> Tensor:
        """See :meth:`Weighting.__call__`."""
        return torch.sigmoid(self.bias - log_snr)
