"""The sub-variance-preserving schedule."""

from dataclasses import dataclass

import torch
from torch import Tensor

from diffcore.schedules.linear_beta import LinearBeta


@dataclass(frozen=True)
class SubVP(LinearBeta):
    r"""Sub-variance-preserving: :math:`\alpha_t = e^{-B_t/2}`, :math:`\sigma_t = 1 - e^{-B_t}`
    (Song et al., 2021, section 3.4 and appendix B).
    """

    def sigma(self, t: Tensor) -> Tensor:
        return -torch.expm1(-self.integrated_beta(t))

    def sigma_prime(self, t: Tensor) -> Tensor:
        return self.beta(t) * self.alpha(t) ** 2

    def log_snr(self, t: Tensor) -> Tensor:
        b = self.integrated_beta(t)
        return -b - 2 * torch.log(-torch.expm1(-b))

    def log_snr_prime(self, t: Tensor) -> Tensor:
        return -self.beta(t) / torch.tanh(self.integrated_beta(t) / 2)

    def time_of(self, log_snr: Tensor) -> Tensor:
        # exp(-lambda/2) = 2 sinh(B/2).
        return self._time_of_integrated_beta(2 * torch.asinh(torch.exp(-log_snr / 2) / 2))
