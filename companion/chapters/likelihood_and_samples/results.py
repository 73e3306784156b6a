"""What the chapter "Likelihood and samples" measures of likelihoods: the flows of exact denoisers."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import torch
from torch import Generator, Tensor

from companion.evidence.distances import log_density
from diffcore import exact
from diffcore.exact.floors import lean
from diffcore.likelihood import RungeKutta, log_likelihood
from diffcore.schedules import Cosine

SCHEDULE = Cosine()
WINDOW = (-8.0, 14.0)
"""Log-SNRs between which flows are followed, nats."""

STEPS, FINE_STEPS = 48, 96
"""Of the fourth-order method, over `WINDOW`."""

NEAR = 5.0
"""Deviations of the last noise within which a point is near the end of a wave."""


def near_an_end(name: str, x: Tensor) -> Tensor:
    """Which points (n, 2) are so near the end of a wave that the last noise blurs it, (n,)."""
    mixture = exact.DATASETS[name]()
    if not isinstance(mixture, exact.data2d.Waves):
        return torch.zeros(len(x), dtype=torch.bool)
    reach = NEAR * math.exp(-WINDOW[1] / 2)
    first, last = mixture.standardise(torch.tensor([[0.0, 1.0], [0.0, 0.0]], dtype=x.dtype))[0]
    return (x[:, 0] - first < reach) | (last - x[:, 0] < reach)


LIKELIHOODS_SHOWN: dict[str, Any] = {
    "caption": "The log-likelihood of the flow of the exact denoiser against the density of the data, "
    f"which is known, at points drawn from it. Log-SNR from {WINDOW[0]:.0f} to {WINDOW[1]:.0f}, {FINE_STEPS} "
    "steps of order 4, exact divergence. *Mean error*, *mean size* of an error and the *largest*, nats. "
    f"*Apart*: points within {NEAR:.0f} standard deviations of the last noise of the ends of the waves, "
    "where the density jumps; they are left out.",
    "digits": {"entropy": 3, "error": ".1e", "size": ".1e", "largest": ".1e"},
    "columns": {
        "dataset": "data set",
        "points": "points",
        "apart": "apart",
        "entropy": r"mean of $-\log p$",
        "error": "mean error",
        "size": "mean size",
        "largest": "largest",
    },
}
"""How `likelihoods` is shown."""


def likelihoods(points: int, seed: int = 0) -> pd.DataFrame:
    """The likelihood by the flow, against the exact density, at ``points`` of each data set.

    Returns:
        A row for each data set: ``points`` that are judged and ``apart``, those near the ends of waves, that
        are not; ``entropy``, the mean of -log p; the mean ``error`` of the flow's log-likelihood, the mean of
        its ``size``, the ``largest``.
    """
    rows = []
    for name, make in exact.DATASETS.items():
        mixture = make()
        x = mixture.sample(points, Generator().manual_seed(seed), torch.float64)
        denoiser = lean(mixture).denoiser(SCHEDULE)
        apart = near_an_end(name, x)
        found = log_likelihood(denoiser, x, method=RungeKutta(FINE_STEPS), log_snr=WINDOW)
        known = log_density(mixture, x)
        error = (found - known)[~apart]
        rows.append(
            {
                "dataset": name,
                "points": len(error),
                "apart": int(apart.sum()),
                "entropy": -float(known.mean()),
                "error": float(error.mean()),
                "size": float(error.abs().mean()),
                "largest": float(error.abs().max()),
            }
        )
    return pd.DataFrame(rows)
