"""The study's measures of how far noisy data are from noise, by the definitions of its published code.

All of them compare samples with samples. The first two pool both coordinates: 10,000 points become 20,000
numbers, of which it is forgotten which two belong together.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Generator, Tensor

from diffcore.losses import noise_like
from diffcore.schedules import Cosine

Array = npt.NDArray[np.float64]

SCHEDULE = Cosine()
"""The study's."""

POINTS = 10_000
"""The study's: the first of each data set."""

LEVELS, RANGES = 100, 10
"""Times at which a data set is compared with noise, evenly from 0 to 1; ranges of ten neighbouring ones."""

BINS = 100
"""Of the histograms."""

SLICED_TIMES = tuple(0.01 + k / 10 for k in range(10))
"""Times of the sliced distance."""

PROJECTIONS = 50
"""Random directions of the sliced distance, new ones at each time."""


def range_ends() -> tuple[list[int], list[float]]:
    """The first and the last of the study's times of each range, (2 `RANGES`,): their numbers, and they."""
    number = np.arange(LEVELS).reshape(RANGES, -1)[:, [0, -1]].reshape(-1)
    return number.tolist(), np.linspace(0, 1, LEVELS)[number].tolist()


def noisy(x: Tensor, t: float, generator: Generator) -> Array:
    """Data (n, 2) with fresh noise of time ``t``."""
    at = torch.tensor(t, dtype=torch.float64)
    z = SCHEDULE.alpha(at) * x + SCHEDULE.sigma(at) * noise_like(x, generator)
    return np.asarray(z.numpy())


def reference(n: int, generator: Generator) -> Array:
    """What the study compares with: ``n`` fresh draws of N(0, 1)."""
    return np.asarray(torch.randn(n, generator=generator, dtype=torch.float64).numpy())


def hellinger(p: Array, q: Array) -> float:
    """Distance of two lists of probabilities, between 0 and 1."""
    return float(np.sqrt(np.square(np.sqrt(p) - np.sqrt(q)).sum() / 2))


def histogram_hellinger(pooled: Array, normal: Array, bins: int = BINS) -> float:
    """Hellinger distance of two histograms on common bins, each divided by what it has in them.

    Args:
        pooled: numbers (n,).
        normal: what they are compared with, (m,).
        bins: how many, of one width, from the least of ``pooled`` to its largest. What of ``normal`` lies
            outside is not counted.
    """
    ends = float(pooled.min()), float(pooled.max())
    counts, others = (np.histogram(values, bins, range=ends)[0] for values in (pooled, normal))
    return hellinger(counts / counts.sum(), others / others.sum())


def outside(pooled: Array, normal: Array) -> float:
    """The share of ``normal`` outside of the range of ``pooled``."""
    return float(((normal < pooled.min()) | (normal > pooled.max())).mean())


def w1(pooled: Array, normal: Array) -> float:
    """Wasserstein-1 distance of two lists of as many numbers: sorted, they are matched.

    What the study takes from SciPy, in a tenth of the time.
    """
    return float(np.abs(np.sort(pooled) - np.sort(normal)).mean())


def directions(n: int, generator: Generator) -> Array:
    """Random unit vectors, (2, n)."""
    normal = torch.randn(2, n, generator=generator, dtype=torch.float64)
    return np.asarray((normal / normal.norm(dim=0)).numpy())


def even_directions(n: int) -> Array:
    """Unit vectors evenly spread over half a circle, (2, n); the other half adds nothing."""
    angle = np.pi * np.arange(n) / n
    return np.stack([np.cos(angle), np.sin(angle)])


def sliced(first: Array, second: Array, along: Array) -> float:
    """Sliced Wasserstein-2 distance of two sets (n, 2) of one size: sorted projections are matched.

    Args:
        first: a set.
        second: another.
        along: unit vectors (2, k) to project on.
    """
    one, other = (np.sort(along.T @ points.T, axis=1) for points in (first, second))
    return float(np.sqrt(np.square(one - other).mean()))


def bars(ends: Array) -> Array:
    """The study's "rate of corruption" of each range, from distances at its ends: (..., 2 n) to (..., n).

    It adds up the differences of ten neighbouring distances, which is the last less the first, takes the
    sign away and divides by ten.
    """
    each = ends.reshape(*ends.shape[:-1], -1, 2)
    return np.asarray(np.abs(each[..., 1] - each[..., 0]) / (LEVELS // RANGES))
