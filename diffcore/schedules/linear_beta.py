"""The linear-beta schedule of DDPM."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import softplus

from diffcore import checks
from diffcore.schedules.base import Schedule


@dataclass(frozen=True)
class LinearBeta(Schedule):
    r"""Variance preserving with :math:`\beta(t)` linear: :math:`\alpha_t^2 = e^{-B_t}`,
    :math:`B_t = \beta_0 t + (\beta_1 - \beta_0) t^2 / 2`.

    The continuous limit of DDPM's schedule (Song et al., 2021, appendix C; Ho et al., 2020).
    """

    beta_min: float = 0.1
    beta_max: float = 20.0

    def __post_init__(self) -> None:
        super().__post_init__()
        # Both zero would add no noise at all.
        self._require(
            0 <= self.beta_min <= self.beta_max > 0, "0 <= beta_min <= beta_max, not both 0"
        )
        # The log-SNR at t = 1 is -B_1 and a little less.
        checks.log_snr("LinearBeta: (beta_min + beta_max) / 2", (self.beta_min + self.beta_max) / 2)

    def beta(self, t: Tensor) -> Tensor:
        r"""The noising rate :math:`\beta(t) = dB/dt`, per unit time."""
        return self.beta_min + (self.beta_max - self.beta_min) * t

    def integrated_beta(self, t: Tensor) -> Tensor:
        r"""The integral :math:`B_t = \int_0^t \beta(u)\,du`."""
        return (self.beta_min + (self.beta_max - self.beta_min) * t / 2) * t

    def _time_of_integrated_beta(self, b: Tensor) -> Tensor:
        # The root of a quadratic in the form that does not cancel as b -> 0.
        slope = self.beta_max - self.beta_min
        return 2 * b / (self.beta_min + torch.sqrt(self.beta_min**2 + 2 * slope * b))

    def alpha(self, t: Tensor) -> Tensor:
        return torch.exp(-self.integrated_beta(t) / 2)

    def sigma(self, t: Tensor) -> Tensor:
        return torch.sqrt(-torch.expm1(-self.integrated_beta(t)))

    def alpha_prime(self, t: Tensor) -> Tensor:
        return -self.beta(t) * self.alpha(t) / 2

    def sigma_prime(self, t: Tensor) -> Tensor:
        return self.beta(t) * self.alpha(t) ** 2 / (2 * self.sigma(t))

    def log_snr(self, t: Tensor) -> Tensor:
        return -torch.log(torch.expm1(self.integrated_beta(t)))

    def log_snr_prime(self, t: Tensor) -> Tensor:
        return self.beta(t) / torch.expm1(-self.integrated_beta(t))

    def time_of(self, log_snr: Tensor) -> Tensor:
        return self._time_of_integrated_beta(softplus(-log_snr, threshold=1e3))
