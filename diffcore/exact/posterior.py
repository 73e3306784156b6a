"""Posterior moments: averages over a mixture's labels, weighed by how well each explains ``z``.

Labels come in two forms: `shared`, the same for every column of ``z``, and `listed`, each with its column.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from diffcore.exact.components import Components, log_density, rotate


class Moments(NamedTuple):
    r"""What the posterior at ``z`` says, for each row of a batch.

    Attributes:
        log_prob: :math:`\log q(z)` in nats, (batch,).
        x_hat: :math:`E[x|z]`, (batch, D).
        eps_hat: :math:`E[\epsilon|z]`, (batch, D).
        score: :math:`\nabla_z \log q(z)`, (batch, D).
        eps_variance: :math:`\mathrm{tr\,Cov}[\epsilon|z]`, (batch,); a sum of squares, exact when small.
    """

    log_prob: Tensor
    x_hat: Tensor
    eps_hat: Tensor
    score: Tensor
    eps_variance: Tensor


class _Sums(NamedTuple):
    """How labels belong to columns: reductions to (..., batch), and the way back.

    Where columns share labels, these are the last axis but one, so that sums run over long contiguous rows.
    """

    largest: Callable[[Tensor], Tensor]
    total: Callable[[Tensor], Tensor]
    spread: Callable[[Tensor], Tensor]


def shared(
    z: Tensor, alpha: Tensor, sigma: Tensor, component: Components, log_weight: Tensor
) -> Moments:
    """The moments, coordinates first, from n labels that every column shares.

    Args:
        z: (D, batch).
        alpha: (batch,), or (1,) where all columns have one.
        sigma: like ``alpha``.
        component: n of them.
        log_weight: (n,).
    """
    sums = _Sums(
        lambda value: value.amax(-2), lambda value: value.sum(-2), lambda value: value.unsqueeze(-2)
    )
    alone = Components(*(part.unsqueeze(-1) for part in component))
    return _moments(z, alpha, sigma, alone, log_weight.unsqueeze(-1), sums)


def listed(
    z: Tensor,
    alpha: Tensor,
    sigma: Tensor,
    column: Tensor,
    component: Components,
    log_weight: Tensor,
) -> Moments:
    """The moments, coordinates first, from n labels, each of the column that ``column`` (n,) says."""
    zeros = z.new_zeros(len(alpha))

    def total(value: Tensor) -> Tensor:
        return zeros.expand(*value.shape[:-1], -1).index_add(-1, column, value)

    sums = _Sums(
        lambda value: (zeros - torch.inf).scatter_reduce(0, column, value, "amax"),
        total,
        lambda value: value[..., column],
    )
    return _moments(z, alpha, sigma, component, log_weight, sums)


def _moments(
    z: Tensor, alpha: Tensor, sigma: Tensor, component: Components, log_weight: Tensor, sums: _Sums
) -> Moments:
    a, s = sums.spread(alpha), sums.spread(sigma)
    log_p, residual = log_density(sums.spread(z), a, s, component)
    joint = log_p + log_weight
    peak = sums.largest(joint.detach())
    mass = torch.exp(joint - sums.spread(peak))
    total = sums.total(mass)

    def average(value: Tensor) -> Tensor:
        return sums.total(mass * value) / total

    signal = a.square() * component.variance
    p = rotate(component.basis, residual)
    shift = rotate(component.basis, a * component.variance * residual)
    p_hat = average(p)
    within = (signal / (signal + s.square())).sum(0)
    between = (s * (p - sums.spread(p_hat))).square().sum(0)
    x_hat, variance = average(component.mean + shift), average(within + between)
    return Moments(peak + total.log(), x_hat, sigma * p_hat, -p_hat, variance)
