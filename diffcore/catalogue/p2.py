"""P2 weighting."""

from dataclasses import dataclass

import torch
from torch import Tensor

from diffcore.schedules.base import Schedule
from diffcore.targets import EPS
from diffcore.weightings import Native, Weighting


@dataclass(frozen=True)
class P2(Weighting):
    """(k + SNR)^-gamma on the eps-MSE, t uniform (Choi et al., 2022)."""

    source = "Choi et al. (2022)"

    gamma: float = 1.0
    k: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require(self.gamma >= 0 and self.k > 0, "gamma >= 0 and k > 0")

    @property
    def name(self) -> str:
        """See :attr:`Weighting.name`."""
        return f"P2({self.gamma:g}, {self.k:g})"

    def __call__(self, log_snr: Tensor, schedule: Schedule) -> Tensor:
        """See :meth:`Weighting.__call__`."""
        return Native(EPS)(log_snr, schedule) * (self.k + torch.exp(log_snr)) ** -self.gamma
