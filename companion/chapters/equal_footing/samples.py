"""Samples of trained networks, all by one sampler from the same initial noise, and what metrics see."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd
import torch
from torch import Generator, Tensor

from companion import study
from companion.chapters.equal_footing.grid import Key
from companion.chapters.equal_footing.results import MODEL, Budget
from companion.evidence import exact_paths, moments, style
from companion.evidence.distances import energy, log_density, sliced
from companion.runs.plane import ENDS, SCHEDULE
from diffcore.denoisers import Denoiser
from diffcore.exact.data2d import DATASETS
from diffcore.exact.floors import lean
from diffcore.exact.mixtures import Mixture
from diffcore.samplers import DDIM, sample

METRICS = ("sliced", "energy", "mean", "covariance", "density", "off")
"""Columns of `compared`; all are zero for equal sets, and of the last two the sign counts."""

NOISE = math.exp(-ENDS[1] / 2)
"""The noise that is left in samples, relative to the data."""

UNLIKELY = 0.01
"""A point whose log-density is below that of all but this share of exact samples is *off*."""

MOST = 0.95
"""The share of exact sets that a noise floor is not exceeded by."""


def drawn(denoiser: Denoiser, n: int, steps: int, seed: int = 0) -> Tensor:
    """Samples (n, 2) by the deterministic second-order solver, float64; steps equal in the log-SNR."""
    return exact_paths.drawn(denoiser, n, steps, ENDS, seed)


class Reference:
    """What samples of one data set are compared with.

    Args:
        mixture: the data.
        samples: of the exact denoiser, from the same noise and by the same sampler, (n, 2).
        exact: independent draws from the data, (m, 2): they say which densities are unlikely.
    """

    def __init__(self, mixture: Mixture, samples: Tensor, exact: Tensor) -> None:
        self.mixture, self.samples = mixture, samples
        self.known = lean(mixture)
        self.limit = self.log_density(exact).quantile(UNLIKELY)
        self.mean, self.covariance = samples.mean(0), torch.cov(samples.T)
        density = self.log_density(samples)
        self.density, self.off = density.mean(), (density < self.limit).double().mean()

    def log_density(self, x: Tensor) -> Tensor:
        """Of data with the noise that is left in samples, at x (n, 2), nats, (n,)."""
        return log_density(self.known, x, NOISE)

    def compared(self, samples: Tensor) -> dict[str, float]:
        """The `METRICS` of samples (n, 2): distances; the mean log-density less that of the reference,
        nats; the share that is off less that of the reference.
        """
        centre, spread = moments.distances(samples, self.mean, self.covariance)
        density = self.log_density(samples)
        off = (density < self.limit).double().mean()
        return {
            "sliced": sliced(samples, self.samples),
            "energy": energy(samples, self.samples),
            "mean": float(centre),
            "covariance": float(spread),
            "density": float(density.mean() - self.density),
            "off": float(off - self.off),
        }


def references(names: Iterable[str], budget: Budget, seed: int = 0) -> dict[str, Reference]:
    """By data set: the exact denoiser's samples, from the noise that the networks start from."""
    found = {}
    for name in names:
        mixture = DATASETS[name]()
        exact = mixture.sample(10 * budget.samples, Generator().manual_seed(1_000), torch.float64)
        oracle = lean(mixture).denoiser(SCHEDULE)
        samples = drawn(oracle, budget.samples, budget.steps, seed)
        found[name] = Reference(mixture, samples, exact)
    return found


def of_networks(
    denoisers: Mapping[Key, Denoiser],
    known: Mapping[str, Reference],
    budget: Budget,
    seed: int = 0,
) -> pd.DataFrame:
    """The metrics of every network's samples: columns `MODEL` and `METRICS`.

    Args:
        denoisers: the networks.
        known: `references` of their data sets, from the same seed.
        budget: samples and steps.
        seed: of the noise.
    """
    rows = []
    for key, denoiser in denoisers.items():
        found = drawn(denoiser, budget.samples, budget.steps, seed)
        rows.append(dict(zip(MODEL, key, strict=True)) | known[key[0]].compared(found))
    return pd.DataFrame(rows)


def floors(known: Mapping[str, Reference], budget: Budget) -> pd.DataFrame:
    """What `MOST` of the sets of independent exact samples stay below in size: a row a data set."""
    rows = []
    for name, one in known.items():
        generator = Generator().manual_seed(7)
        sets = pd.DataFrame(
            one.compared(one.mixture.sample(budget.samples, generator, torch.float64))
            for _ in range(budget.exact_sets)
        )
        rows.append({"dataset": name} | sets.abs().quantile(MOST).to_dict())
    return pd.DataFrame(rows)


def floors_shown(budget: Budget) -> dict[str, Any]:
    """How `floors` are shown."""
    return {
        "caption": f"Noise floors: what {MOST:.0%} of {budget.exact_sets:,} sets of {budget.samples:,} "
        "independent exact samples stay below in size, against the exact denoiser's samples.",
        "words": {"dataset": study.TITLES} | style.CELLS,
        "columns": {
            "dataset": "data set",
            "sliced": "sliced $W_2$",
            "energy": "energy",
            "mean": "mean",
            "covariance": "covariance",
            "density": "log-density",
            "off": "off",
        },
        "digits": 3,
    }


FEW_STEPS = (10, 20, 50)
"""Steps of the reader's third experiment."""


def after_few_steps(
    denoisers: Mapping[Key, Denoiser],
    known: Mapping[str, Reference],
    steps: tuple[int, ...] = FEW_STEPS,
    seed: int = 0,
) -> pd.DataFrame:
    """Samples after few steps of DDIM, in time, against the exact denoiser's after many.

    Args:
        denoisers: the networks.
        known: `references` of their data sets, from the same seed.
        steps: how many.
        seed: of the noise.

    Returns:
        Columns `MODEL`, ``steps``, and ``sliced`` and ``off`` of `METRICS`.
    """
    rows = []
    for key, denoiser in denoisers.items():
        one = known[key[0]]
        for count in steps:
            found = one.compared(few(denoiser, len(one.samples), count, seed))
            row = dict(zip(MODEL, key, strict=True)) | {"steps": count}
            rows.append(row | {column: found[column] for column in ("sliced", "off")})
    return pd.DataFrame(rows)


def few(denoiser: Denoiser, n: int, steps: int, seed: int = 0) -> Tensor:
    """Samples (n, 2) by as many steps of DDIM, equal in time, float64."""
    generator = Generator().manual_seed(seed)
    return sample(denoiser, (n, 2), steps, generator, DDIM(), log_snr=ENDS).double()
