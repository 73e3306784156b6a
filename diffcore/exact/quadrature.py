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


def panel_grid(panels: int) -> Tensor:
    """The ends and the middles of equal panels on [0, 1], (2 panels + 1,): where `adapt` looks first."""
    return torch.arange(2 * panels + 1, dtype=torch.float64) / (2 * panels)


def _judged(left: Tensor, middle: Tensor, right: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Which panels are narrow enough, the least that is seen of each, and a bound on the least inside.

    From the exponent at their left ends, middles and right ends, of one shape.
    """
    low = torch.minimum(torch.minimum(left, right), middle)
    high = torch.maximum(torch.maximum(left, right), middle)
    bend = (left - 2 * middle + right).abs()
    return (high - low <= SPAN) & (bend <= BEND), low, low - bend


def of_panels(values: Tensor) -> Tensor:
    """Values on the `panel_grid`, (rows, branches, 2 panels + 1), as :func:`judged` takes them."""
    at = values[..., :-1:2], values[..., 1::2], values[..., 2::2]
    return torch.stack(at).flatten(2).mT


def settled(values: Tensor, cutoff: float = CUTOFF) -> Tensor:
    """In which rows equal panels will do as they are, (rows,): `adapt` would halve none of them.

    Args:
        values: the exponent on the `panel_grid`, (rows, branches, 2 panels + 1).
        cutoff: what is too small to count, in nats.
    """
    return judged(of_panels(values), cutoff)[0]


def judged(at: Tensor, cutoff: float = CUTOFF) -> tuple[Tensor, Tensor]:
    """Which columns' panels will do as they are, (columns,), and which count in each, (panels, columns).

    Args:
        at: the exponent at the left ends, middles and right ends of panels, (3, panels, columns).
        cutoff: what is too small to count, in nats.
    """
    narrow, low, bound = _judged(*at)
    counts = bound <= low.amin(0) + cutoff
    return (narrow | ~counts).all(0), counts


@torch.no_grad()
def adapt(exponent: Exponent, values: Tensor, nodes: int, cutoff: float = CUTOFF) -> Nodes:
    r"""Nodes for :math:`\sum_b \int_0^1 e^{-\varphi_r(b, u)}\,(\ldots)\,du`, one integral for each row.

    Starts from equal panels on each branch; they must be fine enough to show the shape of
    the curve, not the width of the peak. From :math:`\varphi` at both ends and the middle of a panel,
    its smallest value inside is at least the smallest of the three less their second difference
    (eight times the bound for a parabola). Panels whose bound lies ``cutoff`` above the smallest
    value seen in the row are dropped; the others are halved until they vary by less than :data:`SPAN`
    and bend by less than :data:`BEND`. A half inherits three of its values; only its middle is new.

    Args:
        exponent: evaluates the exponent; called without gradients.
        values: the exponent on the `panel_grid`, (rows, branches, 2 panels + 1).
        nodes: Gauss-Legendre nodes in each final panel.
        cutoff: what to drop, in nats.
    """
    rows, branches, size = values.shape
    panels, device = size // 2, values.device
    at = of_panels(values).mT.reshape(3, -1)
    index = torch.arange(rows * branches, device=device).repeat_interleave(panels)
    row, branch = index // branches, index % branches
    left = panel_grid(panels)[:-1:2].to(device).repeat(rows * branches)
    best = torch.full((rows,), torch.inf, dtype=torch.float64, device=device)
    width = 1.0 / panels
    done: list[tuple[Tensor, ...]] = []
    while True:
        narrow, low, bound = _judged(*at)
        best = best.scatter_reduce(0, row, low, "amin")
        alive = bound <= best[row] + cutoff
        final = alive & narrow
        widths = torch.full_like(low, width)
        done.append(tuple(v[final] for v in (row, branch, left, widths, bound)))
        split = alive & ~narrow
        if not split.any():
            break
        width /= 2
        row, branch = row[split].repeat(2), branch[split].repeat(2)
        left = torch.cat([left[split], left[split] + width])
        outer = at[:, split]
        middle = exponent(row, branch, left + width / 2)
        at = torch.stack([outer[:2].reshape(-1), middle, outer[1:].reshape(-1)])
    row, branch, left, widths, bound = (torch.cat(part) for part in zip(*done, strict=True))
    keep = bound <= best[row] + cutoff
    row, branch, left, widths = (part[keep] for part in (row, branch, left, widths))
    points, weights = (part.to(left.device) for part in gauss_legendre(nodes))
    return Nodes(
        row.repeat_interleave(nodes),
        branch.repeat_interleave(nodes),
        (left[:, None] + widths[:, None] * points).reshape(-1),
        (widths[:, None] * weights).log().reshape(-1),
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
