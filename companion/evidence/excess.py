r"""The excess of denoisers over the exact floor, slice by slice of the log-SNR.

The excess is :math:`\frac12 \int E\|\hat\epsilon - \epsilon^*\|^2 d\lambda`, in nats, with
:math:`\epsilon^*` the exact posterior mean: by the orthogonality of conditional means, what a bound is above
the best possible one. All denoisers are measured at the same points.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Generic, TypeVar

import torch
from torch import Generator, Tensor

from diffcore.denoisers import Denoiser
from diffcore.exact.mixtures import Mixture
from diffcore.losses import noise_like, noised, squared_norm
from diffcore.schedules.base import Schedule
from diffcore.targets import EPS

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True)
class Slice(Generic[K]):
    """One slice of the log-SNR.

    Attributes:
        middle: of the slice, nats.
        log_snr: of its points, (points,).
        nats: what each point adds to the excess of the slice, (points,), by denoiser; their mean is it.
    """

    middle: float
    log_snr: Tensor
    nats: dict[K, Tensor]


def slices(
    mixture: Mixture,
    denoisers: Mapping[K, Denoiser],
    schedule: Schedule,
    ends: tuple[float, float],
    count: int,
    points: int,
    seed: int = 1,
) -> Iterator[Slice[K]]:
    """Measure denoisers, which work in float32, in equal slices of the log-SNR.

    Args:
        mixture: the distribution of the data.
        denoisers: by any name.
        schedule: the forward process of all of them.
        ends: the log-SNRs between which they are measured, nats.
        count: slices.
        points: held-out points in each.
        seed: of the points, their noise levels and their noise; the same for all denoisers.
    """
    generator, oracle = Generator().manual_seed(seed), mixture.denoiser(schedule)
    edges = torch.linspace(*ends, count + 1, dtype=torch.float64).tolist()
    for low, high in pairwise(edges):
        x = mixture.sample(points, generator)
        part = torch.rand(points, generator=generator, dtype=torch.float64)
        log_snr = low + (high - low) * (torch.arange(points) + part) / points
        t = schedule.time_of(log_snr)
        z = noised(x, noise_like(x, generator), t, schedule)
        best = oracle.predict(z, t, EPS)
        nats = {}
        for key, denoiser in denoisers.items():
            found = denoiser.predict(z.float(), t.float(), EPS).double()
            nats[key] = (high - low) / 2 * squared_norm(found - best)
        yield Slice((low + high) / 2, log_snr, nats)
