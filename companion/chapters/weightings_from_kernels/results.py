"""What the chapter tabulates of networks: both axes, and what the errors of each level add up to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from companion.chapters.weightings_from_kernels.grid import CATALOGUE, Key, derived
from companion.chapters.weightings_from_kernels.measured import PATHS, POINTS, STEPS
from companion.evidence import exact_paths, excess
from companion.evidence.distances import apart, energy_of, sliced
from companion.runs.plane import BOUND, ENDS, SCHEDULE
from diffcore.denoisers import Denoiser
from diffcore.exact.data2d import DATASETS
from diffcore.exact.floors import lean

MODEL = ["dataset", "target", "weighting", "seed"]
"""What names a network: a `Key`."""

CELL = MODEL[:3]
"""What networks of all seeds share."""

AXES = ("excess", "sliced")
"""Of likelihood, nats, and of samples: the less the better, on both."""


@dataclass(frozen=True)
class Budget:
    """How finely networks are measured; in the profile ``standard`` as in chapter 19.

    Attributes:
        slices: of the log-SNR, equal.
        points: held-out points in each slice.
        samples: drawn from each network.
        steps: of the sampler.
        draws: of the bootstrap.
        paths: exact paths behind a kernel that is made again.
        walk: steps of each.
        held_out: points behind the error of a pilot at a log-SNR.
        knots: at each how-manieth log-SNR of the committed table its numbers are made again.
    """

    slices: int
    points: int
    samples: int
    steps: int
    draws: int
    paths: int
    walk: int
    held_out: int
    knots: int


_AS_KEPT = {"paths": PATHS, "walk": STEPS, "held_out": POINTS, "knots": 1}

QUICK = Budget(
    slices=6, points=50, samples=60, steps=6, draws=40, paths=10, walk=24, held_out=100, knots=12
)
STANDARD = Budget(slices=24, points=500, samples=1_000, steps=64, draws=4_000, **_AS_KEPT)
PAPER = Budget(slices=48, points=20_000, samples=10_000, steps=128, draws=20_000, **_AS_KEPT)


def by_level(denoisers: Mapping[Key, Denoiser], budget: Budget, seed: int = 1) -> pd.DataFrame:
    """The excess of each network in each slice of the log-SNR, all at the same held-out points."""
    return excess.by_level(denoisers, MODEL, SCHEDULE, ENDS, budget.slices, budget.points, seed)


def of_samples(denoisers: Mapping[Key, Denoiser], budget: Budget, seed: int = 0) -> pd.DataFrame:
    """Distances of each network's samples from the exact denoiser's, from the same noise.

    Returns:
        Columns `MODEL`; ``sliced``, the sliced W2 distance; ``energy``, the root of the energy distance.
    """
    walk = (budget.samples, budget.steps, ENDS, seed)
    exact, within = {}, {}
    for name in dict.fromkeys(key[0] for key in denoisers):
        exact[name] = exact_paths.drawn(lean(DATASETS[name]()).denoiser(SCHEDULE), *walk)
        within[name] = apart(exact[name], exact[name])
    rows = []
    for key, denoiser in denoisers.items():
        found, wanted = exact_paths.drawn(denoiser, *walk), exact[key[0]]
        beside = energy_of(apart(found, found), within[key[0]], apart(found, wanted))
        row = dict(zip(MODEL, key, strict=True))
        rows.append(row | {"sliced": sliced(found, wanted), "energy": beside})
    return pd.DataFrame(rows)


def networks(levels: pd.DataFrame, samples: pd.DataFrame) -> pd.DataFrame:
    """Both axes of every network: ``excess`` and its ``error``, ``inside``; ``sliced``, ``energy``; and
    ``product``, the excess times the squared sliced distance.
    """
    both = excess.per_network(levels, MODEL).merge(samples, on=MODEL, validate="one_to_one")
    return both.assign(product=both["excess"] * both["sliced"] ** 2)


def weights(levels: pd.DataFrame) -> pd.DataFrame:
    """The weight of each weighting at the middles of slices, the last where it changes during training.

    Args:
        levels: as `by_level` gives them: it says which data sets, weightings and log-SNRs there are.

    Returns:
        Columns dataset, weighting, ``log_snr``, ``weight``.
    """
    blocks = []
    for (name, weighting), block in levels.groupby(["dataset", "weighting"], sort=False):
        at = np.sort(block["log_snr"].unique())
        w = weight(str(name), str(weighting), at)
        blocks.append(
            pd.DataFrame({"dataset": name, "weighting": weighting, "log_snr": at, "weight": w})
        )
    return pd.concat(blocks, ignore_index=True)


def weight(dataset: str, weighting: str, log_snr: np.ndarray) -> np.ndarray:
    """The weight at these log-SNRs (levels,), up to a factor; where it changes during training the last."""
    of = CATALOGUE.get(weighting) or derived(dataset)[weighting]
    return of(torch.tensor(log_snr, dtype=torch.float64), SCHEDULE).numpy()


def kernel_at(table: pd.DataFrame, dataset: str, log_snr: np.ndarray) -> np.ndarray:
    """The kernel of the committed table at these log-SNRs (levels,), its logarithm linear in between."""
    own = table[table["dataset"] == dataset]
    found = np.interp(log_snr, own["log_snr"], np.log(own["kernel"]))
    return np.asarray(np.exp(found))


def width(levels: pd.DataFrame) -> float:
    """Of a slice of the log-SNR, nats; the slices are equal."""
    return float(np.diff(np.sort(levels["log_snr"].unique()))[0])


def squared_errors(levels: pd.DataFrame) -> pd.Series:
    """The mean squared error of the noise in each slice: twice the excess per nat."""
    return 2 * levels["excess"] / width(levels)


def mechanism(levels: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    r"""What each network's errors add up to, and to what they do in the network under the bound.

    With e the root mean square error of the noise at a level.

    Args:
        levels: of all networks, those under the bound among them.
        table: the committed one.

    Returns:
        Columns `MODEL`; ``moved``, :math:`\int k e\, d\lambda`; ``apart``, the root of
        :math:`\int k^2 e^2 d\lambda`; ``seen``, :math:`\int w e^2 d\lambda` under the network's own (last)
        weight, over what the network of the same target and seed under the bound has under this weight.
    """
    step, named = width(levels), levels.assign(squared=squared_errors(levels))
    of = {key: block.sort_values("log_snr") for key, block in named.groupby(MODEL, sort=False)}
    rows = []
    for key, block in of.items():
        dataset, target, weighting, seed = key
        at = block["log_snr"].to_numpy()
        squared = block["squared"].to_numpy()
        k = kernel_at(table, str(dataset), at)
        row = dict(zip(MODEL, key, strict=True))
        row |= {"moved": step * float((k * np.sqrt(squared)).sum())}
        row |= {"apart": float(np.sqrt(step * (k**2 * squared).sum()))}
        w = weight(str(dataset), str(weighting), at)
        under_bound = of[dataset, target, BOUND, seed]["excess"].to_numpy()
        row |= {"seen": float((w * block["excess"].to_numpy()).sum() / (w * under_bound).sum())}
        rows.append(row)
    return pd.DataFrame(rows)


def elasticity(levels: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    """How the error of a level answers to its weight: a line through the logarithms, level by level.

    The squared error over that under the bound, same target and seed, against the weight; a slope of -1 is
    an error inversely proportional to its weight, 0 is no answer.

    Args:
        levels: of all networks, those under the bound among them.
        names: the weightings that are looked at, none of them the bound.

    Returns:
        Columns dataset, target, weighting; ``slope``, and ``r2``, of the mean over seeds.
    """
    logs = levels.assign(log=np.log(levels["excess"]))
    mean = logs.groupby([*CELL, "log_snr"])["log"].mean()
    rows = []
    for cell in dict.fromkeys(zip(*(levels[c] for c in CELL), strict=True)):
        dataset, target, weighting = cell
        if weighting not in names:
            continue
        change = mean[cell] - mean[dataset, target, BOUND]
        pull = np.log(weight(dataset, weighting, change.index.to_numpy()))
        slope, start = np.polyfit(pull, change, 1)
        left = change - start - slope * pull
        r2 = 1 - float((left**2).sum() / ((change - change.mean()) ** 2).sum())
        rows.append([*cell, float(slope), r2])
    return pd.DataFrame(rows, columns=[*CELL, "slope", "r2"])
