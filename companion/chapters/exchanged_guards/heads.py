r"""Heads: what turns a network's output F into its prediction of x, each as a row of the target algebra.

EDM (Karras et al., 2022) has a network that sees :math:`z/\alpha = x + n \epsilon`, with the noise
:math:`n = \sigma/\alpha`, predict :math:`\hat x = c_{skip}\, z/\alpha + c_{out} F`. So F is the target

.. math:: F = (x - c_{skip}\, (x + n \epsilon)) / c_{out}
            = \big((1 - c_{skip})\, x - c_{skip}\, n\, \epsilon\big) / c_{out} .

Its scaled input, :math:`z/\alpha` over :math:`\sqrt{1 + n^2}` for data of variance 1, is z itself where
:math:`\alpha^2 + \sigma^2 = 1`: the network sees what all others see. Each half of the head can be had alone.
With the skip alone, :math:`c_{out} = 1`, the network need not give back z, but its errors are those of x.
With the scale alone, :math:`c_{skip} = 0`, its errors are level, but it must give back z, in units of c_out.
"""

from __future__ import annotations

from dataclasses import dataclass

from diffcore.choice import Scalar
from diffcore.targets import Scales, Target

DATA_SCALE = 1.0
"""Standard deviation of the study's data: they are standardised."""


def scale(noise: Scalar) -> Scalar:
    """EDM's c_out at a noise."""
    return noise * DATA_SCALE / (noise**2 + DATA_SCALE**2) ** 0.5


def skip(noise: Scalar) -> tuple[Scalar, Scalar]:
    """EDM's c_skip and 1 - c_skip at a noise; the second without a difference that would cancel."""
    total = noise**2 + DATA_SCALE**2
    return DATA_SCALE**2 / total, noise**2 / total


@dataclass(frozen=True)
class Skip(Target):
    r"""F of :math:`\hat x = c_{skip}\, z/\alpha + F`."""

    name = "x_skip"
    symbol = "F_1"

    def row(self, scales: Scales, t: Scalar) -> tuple[Scalar, Scalar]:
        """(1 - c_skip, -c_skip n)."""
        noise = scales.sigma(t) / scales.alpha(t)
        kept, rest = skip(noise)
        return rest, -kept * noise


@dataclass(frozen=True)
class Scale(Target):
    r"""F of :math:`\hat x = c_{out} F`."""

    name = "x_scale"
    symbol = "F_2"

    def row(self, scales: Scales, t: Scalar) -> tuple[Scalar, Scalar]:
        """(1 / c_out, 0)."""
        return 1 / scale(scales.sigma(t) / scales.alpha(t)), 0


@dataclass(frozen=True)
class Edm(Target):
    r"""F of :math:`\hat x = c_{skip}\, z/\alpha + c_{out} F`."""

    name = "x_edm"
    symbol = "F"

    def row(self, scales: Scales, t: Scalar) -> tuple[Scalar, Scalar]:
        """The row of `Skip` over c_out."""
        c_out = scale(scales.sigma(t) / scales.alpha(t))
        a, b = Skip().row(scales, t)
        return a / c_out, b / c_out
