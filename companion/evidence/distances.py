"""Distances between sets of samples: of one size, and of none."""

from __future__ import annotations

import math

import torch
from torch import Tensor

DIRECTIONS = 64
"""On which samples are projected, evenly spread."""


def sliced(first: Tensor, second: Tensor) -> float:
    """Sliced Wasserstein-2 distance of two sets (n, 2) of one size: sorted projections are matched."""
    angle = torch.arange(DIRECTIONS, dtype=torch.float64) * math.pi / DIRECTIONS
    on = torch.stack([angle.cos(), angle.sin()])
    apart = (first @ on).sort(0).values - (second @ on).sort(0).values
    return float(apart.square().mean().sqrt())


def apart(first: Tensor, second: Tensor) -> Tensor:
    """Euclidean distances between points (n, D) and (m, D), (n, m): zero between equal points, to the bit."""
    return torch.cdist(first, second, compute_mode="donot_use_mm_for_euclid_dist")


def mean_distance(first: Tensor, second: Tensor) -> float:
    """The mean Euclidean distance between points of two sets, (n, D) and (m, D)."""
    return float(apart(first, second).mean())


def energy(first: Tensor, second: Tensor) -> float:
    """The root of the energy distance 2 E|X - Y| - E|X - X'| - E|Y - Y'| of two sets (Székely & Rizzo, 2013).

    Every pair counts, a point with itself too, so that it is never negative, and zero for equal sets.

    Args:
        first: (n, D), float64.
        second: (m, D), float64.
    """
    within = mean_distance(first, first) + mean_distance(second, second)
    return math.sqrt(max(2 * mean_distance(first, second) - within, 0.0))
