r"""Weightings: every published loss is one function of the log-SNR.

All Gaussian diffusion losses are
:math:`L_w = \frac12 \int w(\lambda)\, E\|\epsilon - \hat\epsilon\|^2 d\lambda` (Kingma & Gao, 2023);
:math:`w = 1` is the diffusion part of the ELBO. A loss defined natively as
:math:`E_{t \sim p(t)}[\omega(t) \|y - \hat y\|^2]` has
:math:`w(\lambda) = 2\, p(\lambda)\, \omega\, c_T`, where :math:`p(\lambda) = p(t) / |\lambda'_t|` and
:math:`c_T` is the squared error scale of its target. Where a weighting is defined by uniform times it
depends on the schedule, so a weighting is a function of both.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from diffcore.schedules import Schedule
from diffcore.targets import EPS, Target, error_scale


@dataclass(frozen=True)
class Weighting:
    """A weighting of the log-SNR integral.

    Attributes:
        name: what the literature calls it.
        source: where it was published.
        w: ``(log_snr, schedule) -> w``, elementwise, dimensionless.
    """

    name: str
    source: str
    w: Callable[[Tensor, Schedule], Tensor] = field(repr=False, compare=False)

    def __call__(self, log_snr: Tensor, schedule: Schedule) -> Tensor:
        """The weight at ``log_snr``, any shape."""
        return self.w(log_snr, schedule)


def elbo() -> Weighting:
    """w = 1: the diffusion part of the negative ELBO, in nats (Kingma et al., 2021, eq. 18)."""
    return Weighting("ELBO", "Kingma et al. (2021)", lambda log_snr, _: torch.ones_like(log_snr))


def sigmoid(bias: float = 2.0) -> Weighting:
    """Sigmoid weighting, w = sigmoid(bias - log_snr) (Kingma & Gao, 2023)."""
    return Weighting(
        f"sigmoid({bias:g})",
        "Kingma & Gao (2023)",
        lambda log_snr, _: torch.sigmoid(bias - log_snr),
    )


def native(
    target: Target,
    omega: Callable[[Tensor], Tensor] = torch.ones_like,
    name: str | None = None,
    source: str = "rule R1 of the book",
) -> Weighting:
    r"""The weighting of :math:`E_{t \sim U(0,1)}[\omega(\lambda_t) \|y - \hat y\|^2]`.

    With ``omega`` = 1 this is the plain mean squared error of ``target``, the study's "weighted"
    loss.
    """

    def w(log_snr: Tensor, schedule: Schedule) -> Tensor:
        t = schedule.time_of(log_snr)
        density = 1 / schedule.log_snr_prime(t).abs()
        return 2 * density * omega(log_snr) * error_scale(schedule, t, target) ** 2

    return Weighting(name or f"{target.name}-MSE", source, w)


def min_snr(gamma: float = 5.0) -> Weighting:
    """min(1, gamma / SNR) on the eps-MSE, t uniform (Hang et al., 2023, eq. 5)."""
    return native(
        EPS,
        lambda log_snr: torch.exp(torch.clamp(math.log(gamma) - log_snr, max=0.0)),
        name=f"min-SNR({gamma:g})",
        source="Hang et al. (2023)",
    )


def p2(gamma: float = 1.0, k: float = 1.0) -> Weighting:
    """(k + SNR)^-gamma on the eps-MSE, t uniform (Choi et al., 2022, eq. 8)."""
    return native(
        EPS,
        lambda log_snr: (k + torch.exp(log_snr)) ** -gamma,
        name=f"P2({gamma:g}, {k:g})",
        source="Choi et al. (2022)",
    )


def edm(sigma_data: float = 0.5, mean: float = -1.2, std: float = 1.2) -> Weighting:
    r"""EDM: :math:`2 N(\lambda; -2m, 4s^2) (e^{-\lambda} + \sigma_d^2) / \sigma_d^2`
    (Karras et al., 2022, table 1), for any schedule.
    """

    def w(log_snr: Tensor, _: Schedule) -> Tensor:
        n = (log_snr + 2 * mean) / (2 * std)
        density = torch.exp(-(n**2) / 2) / (math.sqrt(2 * math.pi) * 2 * std)
        return 2 * density * (torch.exp(-log_snr) + sigma_data**2) / sigma_data**2

    return Weighting("EDM", "Karras et al. (2022)", w)
