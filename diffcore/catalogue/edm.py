"""The objective of EDM."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from diffcore.choice import Positive
from diffcore.schedules.base import Schedule
from diffcore.weightings import Weighting


@dataclass(frozen=True)
class EDM(Weighting):
    r""":math:`2 N(\lambda; -2m, 4s^2) (e^{-\lambda} + \sigma_d^2) / \sigma_d^2`, for any schedule
    (Karras et al., 2022).

    Attributes:
        sigma_data: :math:`\sigma_d`, the standard deviation of the data.
        mean: m, of the training noise levels :math:`\log(\sigma/\alpha)`.
        std: s, of the same.
    """

    source = "Karras et al. (2022)"

    sigma_data: Positive = 0.5
    mean: float = -1.2
    std: Positive = 1.2

    @property
    def name(self) -> str:
        """See :attr:`Weighting.name`."""
        return f"EDM({self.sigma_data:g}, {self.mean:g}, {self.std:g})"

    def __call__(self, log_snr: Tensor, schedule: Schedule) -> Tensor:
        """See :meth:`Weighting.__call__`."""
        n = (log_snr + 2 * self.mean) / (2 * self.std)
        density = torch.exp(-(n**2) / 2) / (math.sqrt(2 * math.pi) * 2 * self.std)
        return 2 * density * (torch.exp(-log_snr) + self.sigma_data**2) / self.sigma_data**2
