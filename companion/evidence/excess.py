r"""The excess of denoisers over the exact floor, slice by slice of the log-SNR.

The excess is :math:`\frac12 \int E\|\hat\epsilon - \epsilon^*\|^2 d\lambda`, in nats, with
:math:`\epsilon^*` the exact posterior mean: by the orthogonality of conditional means, what a bound is above
the best possible one. All denoisers are measured at the same points.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from itertools import pairwise
from typing import TypeVar

import pandas as pd
import torch
from torch import Generator, Tensor

from diffcore.denoisers import Denoiser
from diffcore.exact.data2d import DATASETS
from diffcore.losses import noise_like, noised, squared_norm
from diffcore.schedules.base import Schedule
from diffcore.targets import EPS

K = TypeVar("K", bound=Sequence[Hashable])

INSIDE = 8.0
"""Log-SNRs within this of 0 are the *inside*: about the times at which the study's bins can be read."""

SAME = 1e-2
"""What two machines' values may differ by, relatively: training in float32 amplifies the order of sums."""


def by_level(
    denoisers: Mapping[K, Denoiser],
    model: Sequence[str],
    schedule: Schedule,
    ends: tuple[float, float],
    slices: int,
    points: int,
    seed: int = 1,
    weight: Callable[[K, Tensor], Tensor] | None = None,
) -> pd.DataFrame:
    """The excess of denoisers, which work in float32, in equal slices of the log-SNR.

    Args:
        denoisers: by what names them; the data set comes first.
        model: what the parts of such a name are called.
        schedule: the forward process of all of them.
        ends: the log-SNRs between which they are measured, nats.
        slices: how many.
        points: held-out points in each.
        seed: of the points, their noise levels and their noise; the same for all denoisers.
        weight: of a denoiser, at log-SNRs (points,), to measure its excess under as well.

    Returns:
        Columns: ``model``; ``log_snr``, the middle of the slice; ``excess``, nats; ``error``, its standard
        error over points; with a weight ``seen``, the excess under it.
    """
    edges = torch.linspace(*ends, slices + 1, dtype=torch.float64).tolist()
    rows = []
    for name in dict.fromkeys(key[0] for key in denoisers):
        mixture, generator = DATASETS[str(name)](), Generator().manual_seed(seed)
        oracle = mixture.denoiser(schedule)
        for low, high in pairwise(edges):
            x = mixture.sample(points, generator)
            part = torch.rand(points, generator=generator, dtype=torch.float64)
            log_snr = low + (high - low) * (torch.arange(points) + part) / points
            t = schedule.time_of(log_snr)
            z = noised(x, noise_like(x, generator), t, schedule)
            best = oracle.predict(z, t, EPS)
            for key in (key for key in denoisers if key[0] == name):
                found = denoisers[key].predict(z.float(), t.float(), EPS).double()
                nats = (high - low) / 2 * squared_norm(found - best)
                row = dict(zip(model, key, strict=True)) | {
                    "log_snr": (low + high) / 2,
                    "excess": float(nats.mean()),
                    "error": float(nats.std() / points**0.5),
                }
                seen = {"seen": float((nats * weight(key, log_snr)).mean())} if weight else {}
                rows.append(row | seen)
    return pd.DataFrame(rows)


def per_network(levels: pd.DataFrame, model: Sequence[str]) -> pd.DataFrame:
    """The sums over slices of what `by_level` measured, and ``inside``, the excess at `INSIDE`; nats."""
    inside = levels["excess"].where(levels["log_snr"].abs() < INSIDE, 0.0)
    squared = levels.assign(error=levels["error"] ** 2, inside=inside)
    total = squared.drop(columns="log_snr").groupby(list(model), sort=False).sum().reset_index()
    total["error"] **= 0.5
    return total
