"""What metrics of samples see of an error at one noise level, and of none: their noise floors."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import torch
from torch import Generator, Tensor

from companion.evidence import moments
from companion.evidence.distances import log_density, sliced
from diffcore import exact

STUDY = 2_000
"""Samples in the study's 2-D evaluation."""

MOST = 0.95
"""The share of pairs of exact sets that a noise floor is not exceeded by."""

SHOWN: dict[str, Any] = {
    "digits": {"sliced": 4, "mean": 4, "covariance": 4, "width": 4, "density": 4},
    "columns": {
        "level": "log-SNR of the error",
        "sliced": "sliced $W_2$",
        "mean": "mean distance",
        "covariance": "covariance distance",
        "width": "relative width",
        "density": "log-density",
    },
}
"""How the columns of `seen` are shown."""


def shown(n: int) -> dict[str, Any]:
    """How `seen` of ``n`` samples is shown."""
    return SHOWN | {
        "caption": f"The same error at one noise level after the other, {n:,} samples of the rings from the "
        "same latents; their sampling error is not shown. Against the samples without it: sliced $W_2$, the "
        "distances of the mean and of the covariance, the relative change of the width of the rings, and "
        "that of the mean of the exact log-density, nats. Last row, the noise floor: what "
        f"{MOST:.0%} of pairs of exact sets of {STUDY:,} samples, as many as the study draws, stay below in "
        "size.",
    }


def off_the_rings(samples: Tensor) -> Tensor:
    """Distance of samples (n, 2) from the nearest ring, in raw units, (n,)."""
    rings = exact.rings()
    raw = rings.unstandardise(samples.T)
    each = [
        torch.hypot(raw[0] - rings.distance * k, raw[1]) - rings.radius
        for k in range(rings.branches)
    ]
    return torch.stack(each).abs().amin(0)


def compared(first: Tensor, second: Tensor) -> dict[str, float]:
    """What the metrics say of two sets of samples of the rings, (n, 2): how one differs from the other.

    Args:
        first: those that are judged.
        second: those without an error.
    """
    centre, spread = moments.distances(first, second.mean(0), torch.cov(second.T))
    widths = [float(off_the_rings(x).square().mean().sqrt()) for x in (first, second)]
    densities = [float(log_density(exact.rings(), x).mean()) for x in (first, second)]
    return {
        "sliced": sliced(first, second),
        "mean": float(centre),
        "covariance": float(spread),
        "width": widths[0] / widths[1] - 1,
        "density": densities[0] - densities[1],
    }


def seen(samples: dict[float, Tensor], pairs: int, seed: int = 0) -> pd.DataFrame:
    """The metrics of samples of the rings with an error, by its level, and of ``pairs`` of exact sets.

    Args:
        samples: sets (n, 2) from the same latents by the level of the error, infinity for none.
        pairs: of two exact sets.
        seed: of these.

    Returns:
        A row for each level, and one for exact samples: there of each metric the size that
            `MOST` pairs stay below.
    """
    rings, generator = exact.rings(), Generator().manual_seed(seed)
    right = samples[math.inf]
    rows: list[dict[str, Any]] = [
        {"level": f"{level:.0f}"} | compared(found, right)
        for level, found in samples.items()
        if level < math.inf
    ]
    floors = pd.DataFrame(
        compared(*(rings.sample(STUDY, generator, torch.float64) for _ in range(2)))
        for _ in range(pairs)
    )
    return pd.DataFrame([*rows, {"level": "exact samples"} | floors.abs().quantile(MOST).to_dict()])
