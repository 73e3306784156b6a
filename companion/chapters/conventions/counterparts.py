"""What `diffcore` computes where the chapter "Conventions" derives it: (n,) everywhere."""

from __future__ import annotations

from torch import Tensor

from diffcore.schedules import Cosine
from diffcore.schedules.pointwise import ANY_TIME, Pointwise
from diffcore.targets import VELOCITY, V, X, convert


def share_of_signal(alpha_t: Tensor, sigma_t: Tensor) -> Tensor:
    """alpha^2 of a variance-preserving schedule, from diffcore's log-SNR."""
    return Pointwise(alpha_t, sigma_t).log_snr(ANY_TIME).sigmoid()


def velocity_on_the_circle(eps: Tensor, t: Tensor, x: Tensor) -> Tensor:
    """diffcore's flow velocity on the cosine schedule."""
    return VELOCITY.of(x, eps, t, Cosine())


def read_off(alpha_t: Tensor, sigma_t: Tensor, x: Tensor) -> Tensor:
    """x from v and z, by diffcore's conversion, times alpha^2 + sigma^2."""
    at, eps = Pointwise(alpha_t, sigma_t), 0.37  # which cancels
    a, b = V.row(at, ANY_TIME)
    z = alpha_t * x + sigma_t * eps
    return (alpha_t**2 + sigma_t**2) * convert(a * x + b * eps, z, ANY_TIME, at, V, X)
