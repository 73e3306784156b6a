"""What `diffcore` computes where the chapter "Forward process and posterior" derives it: (n,) everywhere."""

from __future__ import annotations

from torch import Tensor

from diffcore.samplers import DDIM, Level, Predicted
from diffcore.schedules.pointwise import ANY_TIME, Pointwise

ANCESTRAL = DDIM(eta=1)


def mean_of_x(
    alpha_s: Tensor, alpha_t: Tensor, sigma_s: Tensor, sigma_t: Tensor, x: Tensor, z_t: Tensor
) -> Tensor:
    """Mean of diffcore's ancestral step, by a denoiser that knows x."""
    here, there = _levels(alpha_s, alpha_t, sigma_s, sigma_t)
    return ANCESTRAL.law(Predicted(here, z_t, x, (z_t - alpha_t * x) / sigma_t), there)[0]


def mean_of_eps(
    alpha_s: Tensor, alpha_t: Tensor, sigma_s: Tensor, sigma_t: Tensor, eps_hat: Tensor, z_t: Tensor
) -> Tensor:
    """The same, by a denoiser that predicts the noise."""
    here, there = _levels(alpha_s, alpha_t, sigma_s, sigma_t)
    return ANCESTRAL.law(Predicted(here, z_t, (z_t - sigma_t * eps_hat) / alpha_t, eps_hat), there)[
        0
    ]


def variance(alpha_s: Tensor, alpha_t: Tensor, sigma_s: Tensor, sigma_t: Tensor) -> Tensor:
    """Variance of that step."""
    here, there = _levels(alpha_s, alpha_t, sigma_s, sigma_t)
    _, deviation = ANCESTRAL.law(Predicted(here, sigma_t, sigma_t, sigma_t), there)
    assert deviation is not None
    return deviation**2


def _levels(
    alpha_s: Tensor, alpha_t: Tensor, sigma_s: Tensor, sigma_t: Tensor
) -> tuple[Level, Level]:
    return (
        Level(Pointwise(alpha_t, sigma_t), ANY_TIME),
        Level(Pointwise(alpha_s, sigma_s), ANY_TIME),
    )
