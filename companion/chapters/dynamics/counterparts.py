"""What `diffcore` computes where the chapter "One law, many paths" derives it: (n,) everywhere."""

from __future__ import annotations

import torch
from torch import Tensor

from diffcore.exact import GaussianMixture
from diffcore.samplers import DDIM, Chain, Euler, Level, Predicted
from diffcore.schedules import RectifiedFlow
from diffcore.schedules.pointwise import ANY_TIME, Pointwise
from diffcore.targets import VELOCITY

ANY_NUMBER = 0.37
"""For a prediction that must cancel."""


def noise_rate(
    alpha_t: Tensor, alpha_prime_t: Tensor, sigma_t: Tensor, sigma_prime_t: Tensor
) -> Tensor:
    """The squared noise rate at one point, by diffcore's slope of the log-SNR."""
    at = Pointwise(alpha_t, sigma_t, alpha_prime_t, sigma_prime_t)
    return -(sigma_t**2) * at.log_snr_prime(ANY_TIME)


def in_units_of_noise(
    alpha_t: Tensor, alpha_prime_t: Tensor, sigma_t: Tensor, sigma_prime_t: Tensor, x_hat: Tensor
) -> Tensor:
    """Slope of z / sigma along diffcore's flow velocity."""
    at = Pointwise(alpha_t, sigma_t, alpha_prime_t, sigma_prime_t)
    return _slope(at, x_hat, torch.full_like(x_hat, ANY_NUMBER), sigma_t, sigma_prime_t)


def in_units_of_signal(
    alpha_t: Tensor, alpha_prime_t: Tensor, sigma_t: Tensor, sigma_prime_t: Tensor, eps_hat: Tensor
) -> Tensor:
    """Slope of z / alpha along diffcore's flow velocity."""
    at = Pointwise(alpha_t, sigma_t, alpha_prime_t, sigma_prime_t)
    return _slope(at, torch.full_like(eps_hat, ANY_NUMBER), eps_hat, alpha_t, alpha_prime_t)


def ancestral_mean(
    alpha_s: Tensor, alpha_t: Tensor, sigma_s: Tensor, sigma_t: Tensor, eps_hat: Tensor,
    x_hat: Tensor,
) -> Tensor:  # fmt: skip
    """Mean of diffcore's ancestral step."""
    here = Level(Pointwise(alpha_t, sigma_t), ANY_TIME)
    z = alpha_t * x_hat + sigma_t * eps_hat
    there = Level(Pointwise(alpha_s, sigma_s), ANY_TIME)
    return DDIM(eta=1).law(Predicted(here, z, x_hat, eps_hat), there)[0]


def gaussian_velocity(
    alpha_t: Tensor, alpha_prime_t: Tensor, c: Tensor, sigma_t: Tensor, sigma_prime_t: Tensor,
    z: Tensor,
) -> Tensor:  # fmt: skip
    """diffcore's flow velocity for data N(0, c), by the posterior of each point's own Gaussian."""
    each = []
    for a, s, variance, at in zip(alpha_t, sigma_t, c, z, strict=True):
        gaussian = GaussianMixture(
            torch.ones_like(at)[None], torch.zeros_like(at)[None, None], variance[None, None, None]
        )
        each.append(gaussian.posterior(at[None, None], a, s))
    x_hat, eps_hat = (torch.cat(part).squeeze(1) for part in zip(*each, strict=True))
    at = Pointwise(alpha_t, sigma_t, alpha_prime_t, sigma_prime_t)
    return _velocity(at, x_hat, eps_hat)


def euler_on_straight_lines(eps_hat: Tensor, s: Tensor, x_hat: Tensor) -> Tensor:
    """diffcore's Euler step on the rectified flow, from the middle between s and 1."""
    schedule, t = RectifiedFlow(), (1 + s) / 2
    here = Predicted(Level(schedule, t), (1 - t) * x_hat + t * eps_hat, x_hat, eps_hat)

    def asked_once(z: Tensor, level: Level) -> Predicted:
        raise AssertionError("Euler's step asks once")

    return Euler().step(here, Level(schedule, s), Chain(asked_once, torch.Generator()))


def _slope(
    at: Pointwise, x_hat: Tensor, eps_hat: Tensor, unit: Tensor, unit_prime: Tensor
) -> Tensor:
    """Slope of z over a unit that changes, along the flow."""
    z = at.alpha_t * x_hat + at.sigma_t * eps_hat
    return _velocity(at, x_hat, eps_hat) / unit - z * unit_prime / unit**2


def _velocity(at: Pointwise, x_hat: Tensor, eps_hat: Tensor) -> Tensor:
    a, b = VELOCITY.row(at, ANY_TIME)
    return a * x_hat + b * eps_hat
