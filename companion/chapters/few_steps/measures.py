"""What is measured of samples after few steps: distances in two parts, what is off, and the width."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor

from companion.evidence.distances import between, log_density, projections
from companion.evidence.middles import centres
from diffcore.exact.data2d import DATASETS

UNLIKELY = 0.01
"""A point whose log-density is below that of all but this share of exact samples is *off*."""

PARTS = ("total", "steps", "network")
"""Distances: from the exact denoiser in many steps to a network in few; to the exact denoiser in as few; and
from there to the network."""

METRICS = (*PARTS, "off", "width")
"""Columns of :meth:`Reference.measured`."""


class Reference:
    """What samples of one data set are held against.

    Args:
        name: the data set.
        samples: of the exact denoiser in many steps, (n, 2) float64.
        draws: independent exact ones, which say what is unlikely and how wide the data are.
        seed: of these.
    """

    def __init__(self, name: str, samples: Tensor, draws: int, seed: int = 1_000) -> None:
        self.name, self.samples, self.mixture = name, samples, DATASETS[name]()
        exact = self.mixture.sample(draws, Generator().manual_seed(seed), torch.float64)
        self.limit = log_density(self.mixture, exact).quantile(UNLIKELY)
        self.middle = self._from_middle(exact).median()
        self.projected = projections(samples)

    def _from_middle(self, x: Tensor) -> Tensor:
        """Distances of points (m, 2) from the middle of their mode, (m,)."""
        return (x - centres(self.name, x)[1]).norm(dim=1)

    def off(self, x: Tensor) -> Tensor:
        """The shares of sets (..., n, 2) that are off, (...)."""
        flat = log_density(self.mixture, x.reshape(-1, 2)).reshape(x.shape[:-1])
        return (flat < self.limit).double().mean(-1)

    def width(self, x: Tensor) -> Tensor:
        """Median distances from the middle of a mode over that of exact ones, of sets (..., n, 2), (...)."""
        flat = self._from_middle(x.reshape(-1, 2)).reshape(x.shape[:-1])
        return flat.median(-1).values / self.middle

    def measured(self, found: Tensor, there: Tensor) -> dict[str, float]:
        """The `METRICS` of samples; infinite, and all off, where one is not finite.

        Args:
            found: of a network, (n, 2) float64.
            there: the `projections` of the exact denoiser's by the same chain.
        """
        steps = float(between(there, self.projected))
        if not found.isfinite().all():
            broken = {"total": math.inf, "steps": steps, "network": math.inf}
            return broken | {"off": 1.0, "width": math.inf}
        here = projections(found)
        return {
            "total": float(between(here, self.projected)),
            "steps": steps,
            "network": float(between(here, there)),
            "off": float(self.off(found)),
            "width": float(self.width(found)),
        }
