"""Distances between sets of samples, of one size and of none, and the exact log-density of samples."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from diffcore.exact.mixtures import Mixture

DIRECTIONS = 64
"""On which samples are projected, evenly spread."""

BROKEN = 1.0
"""A sliced distance from which on nothing of the shape is left: the data have a root mean square size of 1.4.

A chain that ends farther than this from where it should, even with the exact denoiser, says nothing of
networks.
"""


def projections(x: Tensor) -> Tensor:
    """A set (..., n, 2) on each of the `DIRECTIONS`, sorted, (..., n, directions)."""
    angle = torch.arange(DIRECTIONS, dtype=torch.float64) * math.pi / DIRECTIONS
    across = torch.stack([angle.cos(), angle.sin()], 1) @ x.mT
    # NumPy sorts the values alone; torch their places as well, ten times slower
    return torch.from_numpy(np.sort(across.numpy())).mT


def sliced(first: Tensor, second: Tensor) -> float:
    """Sliced Wasserstein-2 distance of two sets (n, 2) of one size: sorted projections are matched."""
    return float(between(projections(first), projections(second)))


def between(first: Tensor, second: Tensor) -> Tensor:
    """The same from the `projections` of sets, (..., n, directions): (...)."""
    return (first - second).square().mean((-1, -2)).sqrt()


def apart(first: Tensor, second: Tensor) -> Tensor:
    """Euclidean distances between points (n, D) and (m, D), (n, m): zero between equal points, to the bit."""
    return torch.cdist(first, second, compute_mode="donot_use_mm_for_euclid_dist")


def energy(first: Tensor, second: Tensor) -> float:
    """The root of the energy distance 2 E|X - Y| - E|X - X'| - E|Y - Y'| of two sets (Székely & Rizzo, 2013).

    Every pair counts, a point with itself too, so that it is never negative, and zero for equal sets.

    Args:
        first: (n, D), float64.
        second: (m, D), float64.
    """
    return energy_of(apart(first, first), apart(second, second), apart(first, second))


def energy_of(first: Tensor, second: Tensor, across: Tensor) -> float:
    """`energy`, from the distances within each set and across."""
    return math.sqrt(max(float(2 * across.mean() - first.mean() - second.mean()), 0.0))


def log_density(mixture: Mixture, x: Tensor, noise: float = 0.0) -> Tensor:
    """The exact log-density of data with noise of deviation ``noise``, at x (n, D), nats, (n,)."""
    one = torch.ones((), dtype=torch.float64)
    return mixture.log_prob(x, one, noise * one)
