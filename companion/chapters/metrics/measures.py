r"""Metrics of a set of samples against a set of data of the same size, or against the exact law.

Precision and recall are those of Kynkäänniemi et al. (2019), density and coverage those of Naeem et al.
(2020), all with the balls that reach to the k-th neighbour.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import jensenshannon
from torch import Generator, Tensor

from companion.chapters.metrics.defects import BOX
from companion.evidence import distances, moments
from companion.evidence.middles import centres
from diffcore import exact
from diffcore.exact.mixtures import Mixture

NEIGHBOUR = 5
"""Balls reach to this neighbour."""

BANDWIDTH = 0.25
"""Of the Gaussian kernel of the maximum mean discrepancy, in standard deviations of the data."""

CELLS = 16
"""Of the histogram, along each axis of the box; what lies outside is one cell more."""

RARE = 0.01
"""The share of data in the region of lowest density that counts as off the manifold."""

MANY = 200_000
"""Exact samples behind what is not known in closed form of a law."""

LABELS = {
    "mean": "mean (study)",
    "covariance": "covariance (study)",
    "sliced": r"sliced $W_2$",
    "exact": r"exact $W_2$",
    "energy": "energy distance",
    "mmd": "MMD",
    "jensen": "Jensen-Shannon",
    "precision": "precision",
    "recall": "recall",
    "density": "density",
    "coverage": "coverage",
    "modes": "mode weights",
    "likelihood": "mean log-density",
    "off": "off-manifold mass",
}
"""Every metric, as shown; the first two are the study's."""

STUDY = ("mean", "covariance")


@dataclass(frozen=True)
class Law:
    """What is known of a data set beforehand.

    Attributes:
        mixture: its exact law.
        mean: (2,).
        covariance: (2, 2).
        cells: probabilities of the cells of the histogram, (CELLS^2 + 1,).
        weights: of the modes, (modes,).
        mean_log_density: of the data, nats.
        rare: the log-density that a share `RARE` of the data stays below, nats.
    """

    mixture: Mixture
    mean: Tensor
    covariance: Tensor
    cells: np.ndarray
    weights: Tensor
    mean_log_density: float
    rare: float


@cache
def law(name: str) -> Law:
    """The law of a data set: from `MANY` exact samples, of one fixed seed."""
    mixture = exact.DATASETS[name]()
    x = mixture.sample(MANY, Generator().manual_seed(99), torch.float64)
    found = distances.log_density(mixture, x)
    mode = centres(name, x)[0]
    return Law(
        mixture,
        x.mean(0),
        torch.cov(x.T),
        histogram(x),
        mode.bincount() / len(x),
        float(found.mean()),
        float(found.quantile(RARE)),
    )


def histogram(x: Tensor) -> np.ndarray:
    """Shares of samples (n, 2) in the cells of the box, and outside it last, (CELLS^2 + 1,)."""
    edges = np.linspace(-BOX, BOX, CELLS + 1)
    first, second = x.T.numpy()
    counts, *_ = np.histogram2d(first, second, bins=(edges, edges))
    return np.append(counts.ravel(), len(x) - counts.sum()) / len(x)


def judge(
    name: str, samples: Tensor, data: Tensor, metrics: Iterable[str] = tuple(LABELS)
) -> dict[str, float]:
    """Metrics of ``samples`` of a data set, beside as many ``data``, both (n, 2) float64.

    Args:
        name: of the data set.
        samples: what is judged.
        data: what it is judged by.
        metrics: which, of `LABELS`.

    Returns:
        By name, in their order. Lengths are in standard deviations of the data, divergences and
        log-densities in nats, the others shares.
    """
    pair = Pair(law(name), name, samples, data)
    return {metric: float(MEASURES[metric](pair)) for metric in metrics}


@dataclass(frozen=True, eq=False)
class Pair:
    """Samples, the data beside them, both (n, 2) float64, and what several metrics ask of them."""

    law: Law
    name: str
    samples: Tensor
    data: Tensor

    @cached_property
    def moved(self) -> tuple[Tensor, Tensor]:
        """The study's two distances."""
        return moments.distances(self.samples, self.law.mean, self.law.covariance)

    @cached_property
    def within(self) -> Tensor:
        """Distances between data, (n, n)."""
        return distances.apart(self.data, self.data)

    @cached_property
    def own(self) -> Tensor:
        """Distances between samples, (n, n)."""
        return distances.apart(self.samples, self.samples)

    @cached_property
    def across(self) -> Tensor:
        """Distances of data, in rows, from samples, (n, n)."""
        return distances.apart(self.data, self.samples)

    @cached_property
    def inside(self) -> Tensor:
        """Which samples are in the ball of which datum, (n, n)."""
        return self.across <= _reach(self.within)[:, None]

    @cached_property
    def log_density(self) -> Tensor:
        """Of the samples, under the exact law, nats, (n,)."""
        return distances.log_density(self.law.mixture, self.samples)

    @property
    def exact(self) -> Tensor:
        """Exact Wasserstein-2 distance: by the best matching."""
        squares = self.across.square()
        return squares[linear_sum_assignment(squares.numpy())].mean().sqrt()

    @property
    def mmd(self) -> float:
        """Maximum mean discrepancy."""
        square = _kernel(self.within) + _kernel(self.own) - 2 * _kernel(self.across)
        return math.sqrt(max(float(square), 0.0))

    @property
    def modes(self) -> Tensor:
        """The largest error of the share of a mode."""
        counts = torch.bincount(
            centres(self.name, self.samples)[0], minlength=len(self.law.weights)
        )
        return (counts / len(self.samples) - self.law.weights).abs().max()


MEASURES: dict[str, Callable[[Pair], Tensor | float]] = {
    "mean": lambda of: of.moved[0],
    "covariance": lambda of: of.moved[1],
    "sliced": lambda of: distances.sliced(of.samples, of.data),
    "exact": lambda of: of.exact,
    "energy": lambda of: distances.energy_of(of.within, of.own, of.across),
    "mmd": lambda of: of.mmd,
    "jensen": lambda of: jensenshannon(histogram(of.samples), of.law.cells) ** 2,
    "precision": lambda of: of.inside.any(0).double().mean(),
    "recall": lambda of: (of.across <= _reach(of.own)).any(1).double().mean(),
    "density": lambda of: of.inside.double().sum(0).mean() / NEIGHBOUR,
    "coverage": lambda of: of.inside.any(1).double().mean(),
    "modes": lambda of: of.modes,
    "likelihood": lambda of: of.log_density.mean() - of.law.mean_log_density,
    "off": lambda of: (of.log_density < of.law.rare).double().mean() - RARE,
}
"""How each of `LABELS` is measured."""


def _reach(apart: Tensor) -> Tensor:
    """The distance of each point from its neighbour number `NEIGHBOUR`, (n,); the first is itself."""
    return apart.topk(NEIGHBOUR + 1, largest=False).values[:, -1]


def _kernel(apart: Tensor) -> Tensor:
    return torch.exp(-apart.square() / (2 * BANDWIDTH**2)).mean()
