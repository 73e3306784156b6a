r"""Metrics of a set of samples against a set of data of the same size, or against the exact law.

Precision and recall are those of Kynkäänniemi et al. (2019), density and coverage those of Naeem et al.
(2020), all with the balls that reach to the k-th neighbour.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

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


def judge(name: str, samples: Tensor, data: Tensor) -> dict[str, float]:
    """Every metric of ``samples`` of a data set, beside as many ``data``, both (n, 2) float64.

    Returns:
        By name, in the order of `LABELS`. Lengths are in standard deviations of the data, divergences and
        log-densities in nats, the others shares.
    """
    known = law(name)
    centre, spread = moments.distances(samples, known.mean, known.covariance)
    within, own, across = (
        distances.apart(a, b) for a, b in ((data, data), (samples, samples), (data, samples))
    )
    matched = linear_sum_assignment(across.square().numpy())
    of_data, of_samples = (  # itself is the first neighbour
        square.kthvalue(NEIGHBOUR + 1, dim=1).values for square in (within, own)
    )
    inside = across <= of_data[:, None]
    shares = torch.bincount(centres(name, samples)[0], minlength=len(known.weights)) / len(samples)
    found = distances.log_density(known.mixture, samples)
    return {
        "mean": float(centre),
        "covariance": float(spread),
        "sliced": distances.sliced(samples, data),
        "exact": float(across.square()[matched].mean().sqrt()),
        "energy": distances.energy_of(within, own, across),
        "mmd": math.sqrt(max(float(_kernel(within) + _kernel(own) - 2 * _kernel(across)), 0.0)),
        "jensen": float(jensenshannon(histogram(samples), known.cells) ** 2),
        "precision": float(inside.any(0).double().mean()),
        "recall": float((across <= of_samples).any(1).double().mean()),
        "density": float(inside.double().sum(0).mean() / NEIGHBOUR),
        "coverage": float(inside.any(1).double().mean()),
        "modes": float((shares - known.weights).abs().max()),
        "likelihood": float(found.mean()) - known.mean_log_density,
        "off": float((found < known.rare).double().mean()) - RARE,
    }


def _kernel(apart: Tensor) -> Tensor:
    return torch.exp(-apart.square() / (2 * BANDWIDTH**2)).mean()
