"""The same distances of the distributions themselves: no samples, no histogram, both coordinates together.

Of the joint density: Kullback-Leibler divergence and Hellinger distance to N(0, I), by scrambled Sobol points
at which the exact density is known. Of each coordinate alone, and of both pooled: by exact probabilities of
narrow bins, and so of the projections of the sliced distance.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from scipy.special import ndtr, xlogy
from torch import Tensor

from companion.chapters.data_sets.measures import SCHEDULE, Array, even_directions, hellinger
from diffcore.exact.floors import lean
from diffcore.exact.mixtures import Mixture
from diffcore.exact.quadrature import Estimate, mean_of, sobol

NODES = 1024
"""Labels, evenly spread, by which a coordinate's distribution is averaged."""

CLEAN_POINTS = 2**18
"""Sobol points by which it is counted where there is no noise."""

SLICES = 16
"""Directions of the sliced distance, evenly spread."""


def bin_edges(reach: float = 6.0, bins: int = 1200) -> Array:
    """Ends of narrow bins from ``-reach`` to ``reach``, and beyond: (bins + 3,)."""
    return np.concatenate([[-np.inf], np.linspace(-reach, reach, bins + 1), [np.inf]])


EDGES = bin_edges()


class Joint(NamedTuple):
    """Distances of q(z_t) from N(0, I) in two dimensions, each with its standard error.

    Attributes:
        divergence: KL(q || N), nats.
        square: H^2, the squared Hellinger distance.
        eps_mmse: least mean squared error of the noise, summed over dimensions.
    """

    divergence: Estimate
    square: Estimate
    eps_mmse: Estimate


def scales(t: float) -> tuple[Tensor, Tensor]:
    """(alpha, sigma) of the study's schedule at a time."""
    at = torch.tensor(t, dtype=torch.float64)
    return SCHEDULE.alpha(at), SCHEDULE.sigma(at)


def joint(mixture: Mixture, t: float, points: int, scrambles: int, seed: int) -> Joint:
    r"""Distances of the joint distribution at time ``t`` from pure noise.

    With the density n of noise, half the points of :math:`m = (q + n)/2` are data and half noise. The squared
    Hellinger distance is half the mean of :math:`(\sqrt q - \sqrt n)^2 / m`, the divergence that of
    :math:`(q \log(q/n) - q + n) / m`. Both are nowhere negative, and zero where the densities agree, so that
    a little distance is a sum of little terms.

    Args:
        mixture: the data.
        t: the time.
        points: Sobol points in each scramble, of the data and of noise each.
        scrambles: independent scrambles, at least 2.
        seed: of the first.
    """
    mixture, (alpha, sigma) = lean(mixture), scales(t)
    found = []
    for number in range(seed, seed + scrambles):
        z = mixture.noised(sobol(points, 1 + mixture.dim, number), alpha, sigma)
        noise = torch.special.ndtri(sobol(points, mixture.dim, number))
        both = torch.cat([z, noise])
        moments = mixture.moments(both, alpha, sigma)
        log_ratio = moments.log_prob + both.square().sum(1) / 2 + math.log(2 * math.pi)
        data, other = torch.sigmoid(log_ratio), torch.sigmoid(-log_ratio)  # q and n, over q + n
        square = (data.sqrt() - other.sqrt()).square()
        excess = torch.where(data > 0, data * log_ratio, 0) - data + other
        parts = 2 * excess, square, moments.eps_variance[:points]
        found.append(torch.stack([part.mean() for part in parts]))
    return Joint(*(Estimate(*each) for each in zip(*mean_of(torch.stack(found)), strict=True)))


def root(square: Estimate) -> Estimate:
    """The root of a square; near zero its error is the root of that of the square."""
    value, error = square
    far, distance = value > error, value.sqrt()
    return Estimate(distance, torch.where(far, error / (2 * distance), error.sqrt()))


def of_axes(mixture: Mixture, t: float, edges: Array = EDGES) -> Array:
    """The exact probability of each bin, of each coordinate of z_t: (2, bins)."""
    if t == 0:
        return _counted(mixture, edges)
    return np.asarray(np.diff(below(mixture, t, np.eye(2), edges), axis=1))


def below(mixture: Mixture, t: float, along: Array, at: Array, nodes: int = NODES) -> Array:
    """The probability that a projection of z_t is below a number, t > 0: (k, n).

    Args:
        mixture: the data.
        t: the time.
        along: unit vectors to project on, (2, k).
        at: the numbers, (n,).
        nodes: labels that stand for all.
    """
    alpha, sigma = (float(scale) for scale in scales(t))
    label = (torch.arange(nodes, dtype=torch.float64) + 0.5) / nodes
    mean, basis, variance = (part.numpy() for part in mixture.component_at(label))
    centre = alpha * along.T @ mean
    turned = np.einsum(
        "ik,ijn->kjn", along, basis
    )  # components of a direction along the eigenvectors
    deviation = np.sqrt(alpha**2 * (turned**2 * variance).sum(1) + sigma**2)
    return np.stack(
        [ndtr((at[:, None] - c) / d).mean(1) for c, d in zip(centre, deviation, strict=True)]
    )


def _counted(mixture: Mixture, edges: Array) -> Array:
    """The same of clean data, whose coordinates may have no density: by counting Sobol points."""
    x = mixture.noised(sobol(CLEAN_POINTS, 1 + mixture.dim, 0), *scales(0.0)).numpy()
    counts = [np.diff(np.searchsorted(np.sort(column), edges)) for column in x.T]
    return np.stack(counts) / CLEAN_POINTS


def of_noise(edges: Array = EDGES) -> Array:
    """The same of N(0, 1): (bins,)."""
    upper = ndtr(-edges[:-1]) - ndtr(-edges[1:])  # precise above zero, as the other is below
    return np.asarray(np.where(edges[:-1] > 0, upper, np.diff(ndtr(edges))))


def divergence(p: Array, q: Array) -> float:
    """KL(p || q) of two lists of probabilities, nats."""
    return float((xlogy(p, p) - xlogy(p, q)).sum())


def w1_of(p: Array, q: Array, edges: Array = EDGES) -> float:
    """Wasserstein-1 distance of two distributions by their probabilities in narrow bins."""
    gap = np.abs(np.cumsum(p - q)[:-1])
    return float(np.trapezoid(gap, edges[1:-1]))


class Pooled(NamedTuple):
    """What can be said of z_t without knowing which two coordinates belong together.

    Attributes:
        hellinger: distance of the pooled coordinates from N(0, 1).
        w1: their Wasserstein-1 distance.
        apart: KL of the data whose coordinates are shuffled, the sum of both axes', nats.
        shuffled: Hellinger distance of these data from N(0, I), in two dimensions.
    """

    hellinger: float
    w1: float
    apart: float
    shuffled: float


def pooled(mixture: Mixture, t: float) -> Pooled:
    """The exact distances of coordinates, pooled and each for itself, at time ``t``."""
    axes, noise = of_axes(mixture, t), of_noise()
    overlap = math.prod(1 - hellinger(axis, noise) ** 2 for axis in axes)
    both = axes.mean(0)
    return Pooled(
        hellinger(both, noise),
        w1_of(both, noise),
        sum(divergence(axis, noise) for axis in axes),
        math.sqrt(max(0.0, 1 - overlap)),
    )


def sliced(mixture: Mixture, t: float, slices: int = SLICES) -> Estimate:
    """Sliced Wasserstein-2 distance of the distribution at a time t > 0 from N(0, I).

    Along each of ``slices`` directions, evenly spread, the quantile function is that of the exact
    probabilities of narrow bins. The error is what every second direction alone would change.
    """
    at = EDGES[1:-1:2]
    normal = np.diff(ndtr(at))
    squares = []
    for cumulative in below(mixture, t, even_directions(slices), at, NODES // 2):
        quantile = np.interp(ndtr(at), cumulative, at)
        gap = np.square(quantile - at)
        squares.append(float((normal * (gap[1:] + gap[:-1]) / 2).sum()))
    both, half = math.sqrt(np.mean(squares)), math.sqrt(np.mean(squares[::2]))
    return Estimate(*(torch.tensor(each) for each in (both, abs(both - half))))
