"""Differential entropy of the data sets: the study's estimate, its parts, and two exact routes.

The study fits a Gaussian mixture, sums -p log p of the fit over a grid on the box of the data, and multiplies
by the range over the number of grid points, where the spacing is the range over one less. Its error has three
parts, which add up: that of the fit, of the box, and of the spacing.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.spatial import cKDTree
from scipy.special import digamma
from sklearn.mixture import GaussianMixture
from torch import Generator, Tensor

from companion import study
from companion.chapters.data_sets.measures import Array
from diffcore import exact
from diffcore.exact.quadrature import Estimate, mean_of

NEIGHBOUR = 4
"""Which nearest neighbour's distance is used."""

COMPONENTS = (5, 50)
"""Of the fit: what the study compares data sets with, and the default of its function."""


def fitted(x: Array, components: int) -> GaussianMixture:
    """The study's fit of points (n, 2): full covariances, its seed."""
    return GaussianMixture(components, covariance_type="full", random_state=42).fit(x)


def on_box(fit: GaussianMixture, x: Array, grid: int) -> tuple[float, float]:
    """The study's entropy of a fit, nats: with its spacing, and with that of the grid.

    Args:
        fit: the fit.
        x: the points (n, 2), whose box is used.
        grid: points along each side.
    """
    low, high = x.min(0), x.max(0)
    sides = [np.linspace(low[i], high[i], grid) for i in (0, 1)]
    total = 0.0
    for rows in np.array_split(sides[1], max(1, grid // 8)):  # what a cache holds
        at = np.stack(np.meshgrid(sides[0], rows), -1).reshape(-1, 2)
        log_p = fit.score_samples(at)
        total -= float((np.exp(log_p) * log_p).sum())
    area = float(np.prod(high - low))
    return total * area / grid**2, total * area / (grid - 1) ** 2


def of_fit(fit: GaussianMixture, points: int, scrambles: int) -> Estimate:
    """The entropy of a fit on the whole plane, nats."""
    weights, means, covariances = (
        torch.from_numpy(part) for part in (fit.weights_, fit.means_, fit.covariances_)
    )
    mixture = exact.GaussianMixture(
        weights / weights.sum(), means, (covariances + covariances.mT) / 2
    )
    return mixture.entropy(points, scrambles)


def by_neighbours(x: Array, neighbour: int = NEIGHBOUR) -> float:
    """Entropy of points (n, 2) by the distances of near neighbours, nats (Kozachenko & Leonenko, 1987).

    Args:
        x: independent points.
        neighbour: which one, counted from 1.
    """
    distance = cKDTree(x).query(x, k=[neighbour + 1])[0][:, 0]  # the first is the point itself
    volume = math.log(math.pi) + 2 * np.log(distance).mean()
    return float(digamma(len(x)) - digamma(neighbour) + volume)


def draw(name: str, n: int, seed: int) -> Tensor:
    """Independent points of a data set, (n, 2), float64."""
    return exact.DATASETS[name]().sample(n, Generator().manual_seed(seed), torch.float64)


def known(points: int, scrambles: int, neighbours: int, repeats: int, seed: int) -> pd.DataFrame:
    """The exact entropies and, apart from it, those by near neighbours; one row a data set, nats.

    Args:
        points: Sobol points of each scramble.
        scrambles: independent scrambles.
        neighbours: points of each estimate by near neighbours.
        repeats: such estimates.
        seed: of the first.

    Returns:
        Columns: dataset, entropy, error, neighbours, neighbours_error; below: how far the entropy is below
        that of N(0, I).
    """
    rows = []
    for name in study.DATASETS:
        mixture = exact.DATASETS[name]()
        value = mixture.entropy(points, scrambles, seed)
        each = [by_neighbours(draw(name, neighbours, seed + k).numpy()) for k in range(repeats)]
        near = mean_of(torch.tensor(each, dtype=torch.float64))
        rows.append(
            {
                "dataset": name,
                "entropy": float(value.value),
                "error": float(value.error),
                "neighbours": float(near.value),
                "neighbours_error": float(near.error),
                "below": math.log(2 * math.pi * math.e) - float(value.value),
            }
        )
    return pd.DataFrame(rows)


def published(
    exactly: pd.DataFrame,
    points: int,
    grid: int,
    repeats: tuple[int, int],
    sobol: tuple[int, int],
    seed: int,
) -> pd.DataFrame:
    """The study's estimate on fresh data sets and what its error is made of, nats.

    Args:
        exactly: as :func:`known` returns it.
        points: of each data set; the study has 100,000.
        grid: points along each side; the study has 1,000.
        repeats: data sets drawn, for each of `COMPONENTS`.
        sobol: points and scrambles for the entropy of the fit.
        seed: of the first data set.

    Returns:
        A row for each data set, number of components and draw. Columns: dataset, components, draw; estimate;
        error = estimate - exact = fit + box + spacing; ``divergence`` of the data from the fit.
    """
    truth = exactly.set_index("dataset")["entropy"]
    rows: list[dict[str, Any]] = []
    for name in study.DATASETS:
        fresh = draw(name, points, seed - 1).numpy()
        for components, draws in zip(COMPONENTS, repeats, strict=True):
            for number in range(draws):
                x = draw(name, points, seed + number).numpy()
                fit = fitted(x, components)
                estimate, spaced = on_box(fit, x, grid)
                whole = float(of_fit(fit, *sobol).value)
                rows.append(
                    {
                        "dataset": name,
                        "components": components,
                        "draw": number,
                        "estimate": estimate,
                        "error": estimate - truth[name],
                        "fit": whole - truth[name],
                        "box": spaced - whole,
                        "spacing": estimate - spaced,
                        "divergence": -float(fit.score(fresh)) - truth[name],
                    }
                )
    return pd.DataFrame(rows)
