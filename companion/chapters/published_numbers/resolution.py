"""How finely the study's own measurements can tell things apart: its moment metric and its test split."""

from __future__ import annotations

import random
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import torch

from companion import study
from companion.chapters.published_numbers.results import losses_at
from companion.evidence import moments
from diffcore.exact.data2d import DATASETS
from diffcore.exact.floors import lean
from diffcore.published import Published

SAMPLES = 2_000
"""Samples behind each of the study's moment distances."""

ROWS = 100_000
"""Points in each of the study's 2-D data sets, train and test together."""


def moment_noise_shown(sets: int) -> dict[str, Any]:
    """How `moment_noise` is shown."""
    return {
        "caption": f"The study's two moment distances for {SAMPLES:,} exact samples, against "
        f"{ROWS:,} data points: mean and 95 % point over {sets:,} sets.",
        "columns": {
            "dataset": "data set",
            "mean_mean": "mean distance",
            "mean_95": "95 %",
            "cov_mean": "covariance distance",
            "cov_95": "95 % ",
        },
    }


def moment_noise(sets: int, seed: int = 0) -> pd.DataFrame:
    """The study's two moment distances between its data and *exact* samples, over many sets of samples.

    :func:`companion.evidence.moments.distances` of `SAMPLES` samples from all `ROWS` data points.

    Returns:
        A row for each data set: ``points``, ``sets``; the mean and the 95 % point of both distances
        (``mean_mean``, ``mean_95``, ``cov_mean``, ``cov_95``).
    """
    rows = []
    for number, name in enumerate(study.DATASETS):
        generator = torch.Generator().manual_seed(seed + number)
        mixture = DATASETS[name]()
        data = mixture.sample(ROWS, generator, torch.float64)
        drawn = mixture.sample(sets * SAMPLES, generator, torch.float64).reshape(sets, SAMPLES, 2)
        found = moments.distances(drawn, data.mean(0), torch.cov(data.T))
        row: dict[str, str | int | float] = {"dataset": name, "points": SAMPLES, "sets": sets}
        for metric, value in zip(("mean", "cov"), found, strict=True):
            row[f"{metric}_mean"] = value.mean().item()
            row[f"{metric}_95"] = value.quantile(0.95).item()
        rows.append(row)
    return pd.DataFrame(rows)


def published_split(rows: int = ROWS, seed: int = 0) -> dict[str, float]:
    """What the study's split of a data set into train and test holds, by row numbers.

    Its code shuffles a two-dimensional array with ``random.shuffle`` (code/utils.py, line 40). A row of an
    array is a view, so an exchange of two rows copies one onto the other, and rows are lost. The first fifth
    is the test set.

    Returns:
        ``distinct``: the share of rows that survive; ``test_distinct``: the share of test rows that are not a
        copy of another; ``test_in_train``: the share of test rows that are in train as well; ``test_pairs``:
        of how many test rows a test row is one, on average, that are the same point.
    """
    shuffled = np.arange(rows).reshape(rows, 1)
    random.Random(seed).shuffle(shuffled)  # type: ignore[arg-type] # as published
    test, train = shuffled[: rows // 5, 0], shuffled[rows // 5 :, 0]
    counts = np.unique(test, return_counts=True)[1]
    return {
        "distinct": len(np.unique(shuffled)) / rows,
        "test_distinct": len(counts) / len(test),
        "test_in_train": float(np.isin(test, train).mean()),
        "test_pairs": float((counts**2).sum() / len(test)),
    }


def shared_by_copies(points: int, seed: int = 0) -> float:
    """The largest correlation of two losses of one point with times and noise of their own.

    Of the exact denoiser in each published loss, over the data sets. Of copies of a test point it says how
    much of their loss they share.

    Args:
        points: of each data set; the correlations' standard error is at most 1 / sqrt(points).
        seed: of the first data set.
    """
    losses = [Published(*key) for key in product(study.OBJECTIVES, study.TARGETS)]
    largest = 0.0
    for number, name in enumerate(study.DATASETS):
        generator = torch.Generator().manual_seed(seed + number)
        mixture = lean(DATASETS[name]())
        x = mixture.sample(points, generator, torch.float64)
        first, second = (losses_at(mixture, losses, x, generator) for _ in range(2))
        for pair in zip(first, second, strict=True):
            largest = max(largest, torch.corrcoef(torch.stack(pair))[0, 1].item())
    return largest
