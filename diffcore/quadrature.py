r"""Numerical integration in float64: Gauss-Legendre panels that find peaks, and scrambled Sobol points.

A posterior along a curve has the width of the noise: :math:`\int_0^1 e^{-\varphi(u)} du` with
:math:`\varphi \sim 1/\sigma^2`. A fixed grid is exact only while the peak is wide. :func:`adapt` halves
panels where the peak is, for a whole batch at once, until :math:`\varphi` varies by a few nats inside
each panel, and drops what is too small to count; Gauss-Legendre inside is then exact to rounding at any
:math:`\sigma`.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

CUTOFF = 36.0
"""Panels whose largest value is this many nats below the peak are dropped: e^-36 = 2e-16."""
SPAN = 8.0
"""A panel is halved until the exponent varies by less than this many nats from end to end ..."""
BEND = 4.0
"""... and its second difference is below this: a Gaussian peak is then within two deviations."""


class Estimate(NamedTuple):
    """A number and how far it may be off (one standard error, or the change under refinement)."""

    value: Tensor
    error: Tensor


@lru_cache
def _gauss_legendre(nodes: int) -> tuple[Tensor, Tensor]:
    points, weights = np.polynomial.legendre.leggauss(nodes)
    return torch.from_numpy((1 + points) / 2), torch.from_numpy(weights / 2)


def gauss_legendre(nodes: int, low: float = 0.0, high: float = 1.0) -> tuple[Tensor, Tensor]:
    """Points and weights, each (nodes,) in float64, of the Gauss-Legendre rule on [low, high]."""
    points, weights = _gauss_legendre(nodes)
    return low + (high - low) * points, (high - low) * weights


class Nodes(NamedTuple):
    """Quadrature nodes of a batch of integrals, flattened: node i belongs to integral ``row[i]``."""

    row: Tensor
    branch: Tensor
    u: Tensor
    log_weight: Tensor


Exponent = Callable[[Tensor, Tensor, Tensor], Tensor]
r"""(row, branch, u) -> :math:`\varphi`, all of one shape."""


def adapt(
    exponent: Exponent, rows: int, branches: int, panels: int, nodes: int, cutoff: float = CUTOFF
) -> Nodes:
    r"""Nodes for :math:`\sum_b \int_0^1 e^{-\varphi_r(b, u)}\,(\ldots)\,du`, one integral for each row.

    Starts from ``panels`` equal panels on each branch; they must be fine enough to show the shape of
    the curve, not the width of the peak. From :math:`\varphi` at both ends and the middle of a panel,
    its smallest value inside is at least the smallest of the three less their second difference
    (eight times the bound for a parabola). Panels whose bound lies :data:`CUTOFF` above the smallest
    value seen in the row are dropped; the others are halved until they vary by less than :data:`SPAN`
    and bend by less than :data:`BEND`.

    Args:
        exponent: evaluates the exponent; called without gradients.
        rows: number of integrals.
        branches: number of curves that each integral runs over.
        panels: panels to start from on each branch.
        nodes: Gauss-Legendre nodes in each final panel.
        cutoff: what to drop, in nats.
    """
    row = torch.arange(rows).repeat_interleave(branches * panels)
    branch = torch.arange(branches).repeat_interleave(panels).repeat(rows)
    left = (torch.arange(panels, dtype=torch.float64) / panels).repeat(rows * branches)
    width = 1.0 / panels
    best = torch.full((rows,), torch.inf, dtype=torch.float64)
    done: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []
    floors: list[Tensor] = []
    while row.numel():
        with torch.no_grad():
            at = torch.stack([exponent(row, branch, left + width * f) for f in (0.0, 0.5, 1.0)])
        low, high = at.amin(0), at.amax(0)
        best = best.scatter_reduce(0, row, low, "amin")
        bend = (at[0] - 2 * at[1] + at[2]).abs()
        floor = low - bend
        alive = floor <= best[row] + cutoff
        final = alive & (high - low <= SPAN) & (bend <= BEND)
        done.append((row[final], branch[final], left[final], torch.full_like(left[final], width)))
        floors.append(floor[final])
        split = alive & ~final
        width /= 2
        row, branch = row[split].repeat(2), branch[split].repeat(2)
        left = torch.cat([left[split], left[split] + width])
    done.append(
        (row, branch, left, torch.full_like(left, width))
    )  # empty; there may be no rows at all
    row, branch, left, widths = (torch.cat(part) for part in zip(*done, strict=True))
    keep = torch.cat([*floors, left[:0]]) <= best[row] + cutoff
    points, weights = gauss_legendre(nodes)
    u = left[keep, None] + widths[keep, None] * points
    return Nodes(
        row[keep].repeat_interleave(nodes),
        branch[keep].repeat_interleave(nodes),
        u.reshape(-1),
        (widths[keep, None] * weights).log().reshape(-1),
    )


def sobol(points: int, dim: int, seed: int) -> Tensor:
    """Scrambled Sobol points in the open unit cube, (points, dim), float64.

    The engine's points are multiples of 2^-30; half a step is added so that none is 0 and the normal
    quantile of each is finite.
    """
    engine = torch.quasirandom.SobolEngine(dim, scramble=True, seed=seed)
    return engine.draw(points, dtype=torch.float64) + 2.0**-31


def mean_of(estimates: Tensor) -> Estimate:
    """The mean of independent unbiased estimates (n, ...) and its standard error, each (...).

    Raises:
        ValueError: with fewer than two of them there is no error estimate.
    """
    if len(estimates) < 2:
        raise ValueError(f"an error estimate needs at least 2 scrambles, got {len(estimates)}")
    return Estimate(estimates.mean(0), estimates.std(0) / len(estimates) ** 0.5)
