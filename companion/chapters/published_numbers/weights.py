"""The weight of each published NELBO on the ELBO's integrand, at one point: what the ledger compares with."""

from __future__ import annotations

from torch import Tensor

from diffcore.published import Published
from diffcore.schedules.pointwise import ANY_TIME, Pointwise


def _weight(target: str, alpha_t: Tensor, sigma_t: Tensor, g: Tensor) -> Tensor:
    loss = Published("nelbo", target, guard=g)
    return loss.eps_factor(ANY_TIME, Pointwise(alpha_t, sigma_t)) * alpha_t * sigma_t


def x(sigma_t: Tensor, g: Tensor) -> Tensor:
    """That of x; it is the same whatever alpha_t."""
    return _weight("x", ANY_TIME + 0.6, sigma_t, g)


def eps(alpha_t: Tensor, sigma_t: Tensor, g: Tensor) -> Tensor:
    """That of eps."""
    return _weight("eps", alpha_t, sigma_t, g)


def v(sigma_t: Tensor, g: Tensor) -> Tensor:
    """That of v, where alpha_t^2 + sigma_t^2 = 1."""
    return _weight("v", (1 - sigma_t**2).sqrt(), sigma_t, g)


def score(alpha_t: Tensor, sigma_t: Tensor, g: Tensor) -> Tensor:
    """That of the score."""
    return _weight("score", alpha_t, sigma_t, g)
