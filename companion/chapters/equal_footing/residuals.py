r"""What is left of a target when the best linear guess of it is taken off: a row of the target algebra.

For data of mean 0 and variance 1 in each coordinate, the best linear guess of :math:`y = a x + b \epsilon`
from :math:`z = \alpha x + \sigma \epsilon` is :math:`c z`, with
:math:`c = (a \alpha + b \sigma) / (\alpha^2 + \sigma^2)`. A network that predicts the residual
:math:`y - c z` and returns zero is then the best linear denoiser, whatever its target. EDM's skip (Karras et
al., 2022) is this for x.
"""

from __future__ import annotations

from dataclasses import dataclass

from diffcore.choice import Scalar
from diffcore.targets import Scales, Target


@dataclass(frozen=True)
class Residual(Target):
    """A target less the best linear guess of it.

    Attributes:
        of_target: whose residual it is.
    """

    name = "residual"
    symbol = "r"

    of_target: Target

    def row(self, scales: Scales, t: Scalar) -> tuple[Scalar, Scalar]:
        r"""(a - c alpha, b - c sigma), written as a multiple of v's row so that nothing cancels."""
        alpha, sigma = scales.alpha(t), scales.sigma(t)
        a, b = self.of_target.row(scales, t)
        along = (alpha * b - sigma * a) / (alpha**2 + sigma**2)
        return -along * sigma, along * alpha
