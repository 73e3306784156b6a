r"""Posterior moments where all columns have one noise level, by products of matrices.

With one alpha and sigma, the residual of ``z`` under a label is affine in ``z``, with coefficients that
are the label's alone. Whitened, its squares give the log density; and sums over labels of what is affine
are a table of coefficients times the weights of the labels. But for rounding, results are those of
:func:`diffcore.exact.posterior.shared`, which computes everything for each label and each column.
"""

import math
from typing import NamedTuple, Self

import torch
from torch import Tensor

from diffcore.exact.components import Components, whitening
from diffcore.exact.posterior import Moments

LEAST = -700.0
"""Nats below the peak at which a label's share is taken for that of one there, 1e-304: far below rounding,
and just above the numbers with which processors are slow."""


def with_one(z: Tensor) -> Tensor:
    """What affine coefficients multiply: z (D, batch) and a row of ones."""
    return torch.cat([z, torch.ones_like(z[:1])])


class Densities(NamedTuple):
    """Log densities of n labels, as functions of ``z``.

    Attributes:
        half: coefficients of the whitened residual over the square root of 2, (D, n, D + 1).
        constant: what it is subtracted from, (n,).
    """

    half: Tensor
    constant: Tensor

    @classmethod
    def of(
        cls,
        alpha: Tensor,
        sigma: Tensor,
        component: Components,
        log_weight: Tensor | float = 0.0,
    ) -> Self:
        """Those of components at one noise level, scales (1,); a log weight (n,), or one number, is added."""
        return cls._whitened(*whitening(alpha, sigma, component), log_weight)

    @classmethod
    def _whitened(
        cls, frame: Tensor, along: Tensor, total: Tensor, log_weight: Tensor | float
    ) -> Self:
        """Those of what `whitening` gives."""
        norm = total.log().sum(0) + len(total) * math.log(2 * math.pi)
        return cls(math.sqrt(0.5) * _rows(frame, -along), log_weight - 0.5 * norm)

    def some(self, which: Tensor) -> Self:
        """Those of some labels."""
        return type(self)(self.half[:, which], self.constant[which])

    def at(self, given: Tensor) -> Tensor:
        """Log densities, (n, batch), at `with_one` (D + 1, batch)."""
        found = self.constant.unsqueeze(-1)
        for row in self.half:
            half = row @ given
            found = torch.addcmul(found, half, half, value=-1)
        return found


class Labels(NamedTuple):
    """n labels at one noise level.

    Attributes:
        densities: with the log weights of the labels.
        residual: coefficients of p = S^-1 (z - alpha mean), (D, n, D + 1).
        table: what is averaged over labels, (rows, n): one, the variance of eps given the label, and the
            coefficients of E[x | z, label] and of the residual, D (D + 1) of each.
    """

    densities: Densities
    residual: Tensor
    table: Tensor

    @classmethod
    def of(cls, alpha: Tensor, sigma: Tensor, component: Components, log_weight: Tensor) -> Self:
        """Those of components at one noise level, scales (1,), with log weights (n,)."""
        mean, basis, variance = component
        frame, along, total = whitening(alpha, sigma, component)
        residual = _rows((frame.unsqueeze(1) * frame).sum(2), -(frame * along).sum(1))
        share = variance / total
        gain = alpha * (basis.unsqueeze(1) * basis * share).sum(2)
        x_hat = _rows(gain, mean - alpha * (gain * mean).sum(1))
        within = alpha.square() * share.sum(0)
        affine = torch.stack([x_hat, residual]).movedim(2, -1).flatten(0, 2)
        table = torch.cat([torch.ones_like(within)[None], within[None], affine])
        return cls(Densities._whitened(frame, along, total, log_weight), residual, table)

    def some(self, which: Tensor) -> Self:
        """Some of them."""
        chosen = self.densities.some(which), self.residual[:, which], self.table[:, which]
        return type(self)(*chosen)

    def moments(self, z: Tensor, sigma: Tensor, spread: bool) -> Moments:
        """The moments of columns z (D, batch), coordinates first; without ``spread`` the variance is nan."""
        given = with_one(z)
        joint = self.densities.at(given)
        peak = joint.detach().amax(0)
        weight = torch.exp((joint - peak).clamp(LEAST))
        sums = self.table @ weight
        mass, means = sums[0], sums[1:] / sums[0]
        within, affine = means[0], means[1:].unflatten(0, (2, len(z), len(z) + 1))
        x_hat, p_hat = (affine * given).sum(2)
        log_prob, eps_variance = peak + mass.log(), torch.full_like(mass, torch.nan)
        if spread:
            between = torch.zeros_like(mass)
            for row, middle in zip(self.residual, p_hat, strict=True):
                away = row @ given - middle
                between = between + (weight * away * away).sum(0)
            eps_variance = within + sigma.square() * between / mass
        return Moments(log_prob, x_hat, sigma * p_hat, -p_hat, eps_variance)


def _rows(linear: Tensor, constant: Tensor) -> Tensor:
    """The coefficients of linear^T z + constant, (D, ..., n) and (..., n), as (..., n, D + 1)."""
    return torch.cat([linear.movedim(0, -1), constant.unsqueeze(-1)], -1)
