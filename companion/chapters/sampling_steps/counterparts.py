"""What `diffcore` computes where the chapter "How good is a step?" derives it: (n,) everywhere."""

from __future__ import annotations

from torch import Tensor

from diffcore.published import GuardedScore
from diffcore.schedules.pointwise import ANY_TIME, Pointwise


def guarded_pull(g: Tensor, sigma_t: Tensor, z: Tensor) -> Tensor:
    """What a step of the study's walk leaves of z, around a single point, by diffcore's guarded target."""
    _, on_eps = GuardedScore(g).row(Pointwise(sigma_t, sigma_t), ANY_TIME)
    return z + sigma_t**2 * on_eps * z / sigma_t
