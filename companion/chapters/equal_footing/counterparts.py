"""What the chapter's torch code computes where its derivations say it: (n,) everywhere."""

from __future__ import annotations

from torch import Tensor

from companion.chapters.equal_footing.residuals import Residual
from diffcore.schedules.pointwise import ANY_TIME, Pointwise
from diffcore.targets import Row


def residual(
    a: Tensor, alpha_t: Tensor, b: Tensor, eps: Tensor, sigma_t: Tensor, x: Tensor
) -> Tensor:
    """The residual of the row (a, b), as networks are asked for it."""
    on_x, on_eps = Residual(Row(a, b)).row(Pointwise(alpha_t, sigma_t), ANY_TIME)
    return on_x * x + on_eps * eps
