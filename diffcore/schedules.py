r"""Noise schedules: how much signal and how much noise, at every time.

A schedule fixes the forward process :math:`z_t = \alpha_t x + \sigma_t \epsilon` on
:math:`t \in [0, 1]`, with data at :math:`t = 0`. The log-signal-to-noise ratio
:math:`\lambda_t = \log(\alpha_t^2 / \sigma_t^2)` decreases strictly in :math:`t`
(Kingma et al., 2021, section 3.1).

Every method is elementwise: it takes a tensor of times of any shape and dtype and returns a tensor of
the same shape and dtype, differentiable by autograd. Nothing is clipped. Every formula is written so
that it keeps its full relative accuracy down to both ends (``1 - t`` is exact in floating point for
``t >= 1/2``, ``expm1`` replaces ``exp(.) - 1``); at the very ends ``log_snr`` is infinite where the
mathematics says so.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid, softplus


class Schedule(ABC):
    r"""A forward process :math:`q(z_t | x) = N(\alpha_t x, \sigma_t^2 I)`."""

    @abstractmethod
    def alpha(self, t: Tensor) -> Tensor:
        r"""Signal scale :math:`\alpha_t`."""

    @abstractmethod
    def sigma(self, t: Tensor) -> Tensor:
        r"""Noise scale :math:`\sigma_t`."""

    @abstractmethod
    def alpha_prime(self, t: Tensor) -> Tensor:
        r"""Time derivative :math:`d\alpha_t / dt`."""

    @abstractmethod
    def sigma_prime(self, t: Tensor) -> Tensor:
        r"""Time derivative :math:`d\sigma_t / dt`."""

    @abstractmethod
    def log_snr(self, t: Tensor) -> Tensor:
        r"""Log-signal-to-noise ratio :math:`\lambda_t`, in nats."""

    @abstractmethod
    def log_snr_prime(self, t: Tensor) -> Tensor:
        r"""Time derivative :math:`d\lambda_t / dt < 0`."""

    @abstractmethod
    def time_of(self, log_snr: Tensor) -> Tensor:
        r"""The time at which the log-SNR is ``log_snr``: the inverse of :meth:`log_snr`.

        A schedule may reach only part of the line (variance exploding, linear beta); outside that part
        the formula's continuation is returned, a time outside [0, 1].
        """


@dataclass(frozen=True)
class Cosine(Schedule):
    r"""Variance-preserving cosine: :math:`\alpha_t = \cos(\pi t / 2)`, :math:`\sigma_t = \sin(\pi t / 2)`.

    The schedule of the study (Kumar et al., 2025). With ``shift`` the log-SNR moves by a constant,
    :math:`\lambda_t = -2 \log\tan(\pi t/2) + \mathrm{shift}` (Hoogeboom et al., 2023, section 3.1, with
    shift = 2 log(noise resolution / image resolution)).
    """

    shift: float = 0.0

    def log_snr(self, t: Tensor) -> Tensor:
        half_pi = math.pi / 2
        return 2 * (torch.sin(half_pi * (1 - t)).log() - torch.sin(half_pi * t).log()) + self.shift

    def log_snr_prime(self, t: Tensor) -> Tensor:
        half_pi = math.pi / 2
        return -math.pi / (torch.sin(half_pi * (1 - t)) * torch.sin(half_pi * t))

    def _norm(self, t: Tensor) -> Tensor:
        # alpha^2 + sigma^2 = 1 fixes both scales from tan(pi t / 2) * exp(-shift / 2).
        half_pi, r = math.pi / 2, math.exp(self.shift / 2)
        return torch.hypot(r * torch.sin(half_pi * (1 - t)), torch.sin(half_pi * t))

    def alpha(self, t: Tensor) -> Tensor:
        r = math.exp(self.shift / 2)
        return r * torch.sin(math.pi / 2 * (1 - t)) / self._norm(t)

    def sigma(self, t: Tensor) -> Tensor:
        return torch.sin(math.pi / 2 * t) / self._norm(t)

    def alpha_prime(self, t: Tensor) -> Tensor:
        # alpha' = alpha sigma^2 lambda' / 2 with the sines cancelled: finite at both ends.
        r = math.exp(self.shift / 2)
        return -math.pi / 2 * r * torch.sin(math.pi / 2 * t) / self._norm(t) ** 3

    def sigma_prime(self, t: Tensor) -> Tensor:
        r = math.exp(self.shift / 2)
        return math.pi / 2 * r**2 * torch.sin(math.pi / 2 * (1 - t)) / self._norm(t) ** 3

    def time_of(self, log_snr: Tensor) -> Tensor:
        return 2 / math.pi * torch.atan(torch.exp(-(log_snr - self.shift) / 2))


@dataclass(frozen=True)
class LinearBeta(Schedule):
    r"""Variance preserving with :math:`\beta(t)` linear: :math:`\alpha_t^2 = e^{-B_t}`,
    :math:`B_t = \beta_0 t + (\beta_1 - \beta_0) t^2 / 2`.

    The continuous limit of DDPM's schedule (Song et al., 2021, appendix B; Ho et al., 2020).
    """

    beta_min: float = 0.1
    beta_max: float = 20.0

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


@dataclass(frozen=True)
class SubVP(LinearBeta):
    r"""Sub-variance-preserving: :math:`\alpha_t = e^{-B_t/2}`, :math:`\sigma_t = 1 - e^{-B_t}`
    (Song et al., 2021, section 3.4).
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


@dataclass(frozen=True)
class VarianceExploding(Schedule):
    r"""Variance exploding: :math:`\alpha_t = 1`, :math:`\sigma_t = \sigma_0 (\sigma_1/\sigma_0)^t`
    (Song et al., 2021, section 3.4). The log-SNR is linear in time.
    """

    sigma_min: float = 0.01
    sigma_max: float = 50.0

    def _rate(self) -> float:
        return math.log(self.sigma_max / self.sigma_min)

    def alpha(self, t: Tensor) -> Tensor:
        return torch.ones_like(t)

    def sigma(self, t: Tensor) -> Tensor:
        return self.sigma_min * torch.exp(self._rate() * t)

    def alpha_prime(self, t: Tensor) -> Tensor:
        return torch.zeros_like(t)

    def sigma_prime(self, t: Tensor) -> Tensor:
        return self._rate() * self.sigma(t)

    def log_snr(self, t: Tensor) -> Tensor:
        return -2 * (math.log(self.sigma_min) + self._rate() * t)

    def log_snr_prime(self, t: Tensor) -> Tensor:
        return torch.full_like(t, -2 * self._rate())

    def time_of(self, log_snr: Tensor) -> Tensor:
        return (-log_snr / 2 - math.log(self.sigma_min)) / self._rate()


@dataclass(frozen=True)
class RectifiedFlow(Schedule):
    r"""Straight lines: :math:`\alpha_t = 1 - t`, :math:`\sigma_t = t` (Liu et al., 2022;
    Lipman et al., 2022, with time reversed so that data sit at 0).
    """

    def alpha(self, t: Tensor) -> Tensor:
        return 1 - t

    def sigma(self, t: Tensor) -> Tensor:
        return t.clone()

    def alpha_prime(self, t: Tensor) -> Tensor:
        return torch.full_like(t, -1.0)

    def sigma_prime(self, t: Tensor) -> Tensor:
        return torch.ones_like(t)

    def log_snr(self, t: Tensor) -> Tensor:
        return 2 * (torch.log1p(-t) - torch.log(t))

    def log_snr_prime(self, t: Tensor) -> Tensor:
        return -2 / (t * (1 - t))

    def time_of(self, log_snr: Tensor) -> Tensor:
        return torch.exp(logsigmoid(-log_snr / 2))


SCHEDULES: dict[str, Schedule] = {
    "cosine": Cosine(),
    "linear_beta": LinearBeta(),
    "sub_vp": SubVP(),
    "variance_exploding": VarianceExploding(),
    "rectified_flow": RectifiedFlow(),
}
"""The schedules by name, each with its published constants."""


def by_name(name: str) -> Schedule:
    """The schedule of that name, with its published constants.

    Raises:
        ValueError: if no schedule has that name; the message lists those that exist.
    """
    if name not in SCHEDULES:
        raise ValueError(f"unknown schedule {name!r}: expected one of {', '.join(SCHEDULES)}")
    return SCHEDULES[name]
