"""Samples of our networks, drawn by the study's four samplers, and by one sampler for all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Generator, Tensor

from companion import study
from companion.chapters.as_published.grid import Key
from companion.chapters.as_published.results import NETWORK, Budget
from companion.evidence import moments
from companion.evidence.distances import apart, energy
from companion.evidence.drawn_samples import OWN, SAMPLES, Rule, draw
from diffcore.denoisers import Denoiser
from diffcore.exact.data2d import DATASETS
from diffcore.published import GUARD, GuardedScore
from diffcore.samplers import DDIM, UniformLogSNR

STEPS = tuple(int(2**power) for power in np.linspace(0, 9, 9))
"""The study's nine step counts."""

ONE = Rule(DDIM())
"""One sampler for all targets: the deterministic one at the study's times, which it gives to v alone."""

EVEN = Rule(DDIM(), grid=UniformLogSNR(), window=(-12.0, 12.0))
"""The same with even steps of the log-SNR: at the study's times the first step is a leap."""

RULES = {"own": OWN} | {
    name: dict.fromkeys(study.TARGETS, rule) for name, rule in (("one", ONE), ("even", EVEN))
}
"""The study's sampler of each target, and two that are one for all."""

CALLED = {
    "own": "the study's samplers",
    "one": "one sampler, the study's times",
    "even": "one sampler, even log-SNR",
}
"""What the rules are called."""

FOR_ALL = ("own", "even")
"""The rules by which every network is sampled; the other one is tried on the rings."""

AWAY = 5.0
"""A sample whose norm is larger has left the data, whose largest is about half of that."""

METRICS = ("mean", "cov", "energy", "coverage")
"""The study's two distances, the energy distance, and the share of the data near a sample."""

NEIGHBOURS = 5
"""A data point is covered if a sample is nearer to it than its fifth neighbour in the data."""

FEW = tuple(n for n in STEPS if n < 50)
"""Few steps."""

DATA_SIZE = 2**0.5
"""Root mean square of the norm of standardised data in two dimensions."""

FAR, DIRECTIONS, SWING_TIMES = 10.0, 360, (0.05, 0.2, 0.5, 0.8)
"""How far out, in how many directions and at which times a step of the walk is looked at."""

DRAWN_BY = [*NETWORK, "rule", "steps"]
"""What names a set of samples."""


REFERENCE = 1_000
"""Exact samples that stand for a data set."""


@cache
def reference(name: str) -> Tensor:
    """The exact samples that a set is held against, (`REFERENCE`, 2)."""
    return DATASETS[name]().sample(REFERENCE, Generator().manual_seed(11), torch.float64)


@cache
def _covariance(name: str) -> Tensor:
    return moments.covariance(DATASETS[name]())


@cache
def _radius(name: str) -> Tensor:
    """Distance of each point of the reference to its fifth neighbour, (`REFERENCE`,)."""
    within = apart(reference(name), reference(name))
    return within.kthvalue(NEIGHBOURS + 1, dim=1).values  # itself is one


def judged(samples: Tensor, name: str) -> dict[str, float]:
    r"""What the metrics say of samples (n, 2) of a data set.

    ``mean`` and ``cov``: the study's distances, from the exact moments. ``energy``: the energy distance
    :math:`(2 E|X-Y| - E|X-X'| - E|Y-Y'|)^{1/2}` from the reference, in units of the data (Szekely and Rizzo,
    2013). ``coverage``: the share of the reference's points that have a sample nearer than their fifth
    neighbour (Naeem et al., 2020). ``size``: root mean square norm; ``away``: the share with a norm over
    `AWAY`.
    """
    samples = samples.double()
    mean, cov = moments.distances(samples, samples.new_zeros(2), _covariance(name))
    nearest = apart(samples, reference(name)).amin(0)
    return {
        "mean": float(mean),
        "cov": float(cov),
        "energy": energy(samples[:REFERENCE], reference(name)),
        "coverage": float((nearest < _radius(name)).double().mean()),
        "size": float(samples.square().sum(1).mean().sqrt()),
        "away": float((samples.norm(dim=1) > AWAY).double().mean()),
    }


def drawn(
    denoisers: Mapping[Key, Denoiser], rule: str, steps: int, n: int = SAMPLES
) -> dict[Key, Tensor]:
    """Samples (n, 2) of each network; those of one execution begin at the same latents.

    Args:
        denoisers: the networks.
        rule: of `RULES`.
        steps: of the sampler.
        n: samples of each.
    """
    return {
        key: draw(denoiser, RULES[rule][key[1]], n, steps, Generator().manual_seed(key[3]))
        for key, denoiser in denoisers.items()
    }


def table(sets: Iterable[tuple[str, int, Mapping[Key, Tensor]]]) -> pd.DataFrame:
    """The metrics of sets of samples.

    Args:
        sets: rule, steps, and the samples that :func:`drawn` returns.

    Returns:
        Columns `DRAWN_BY`, `METRICS`, size, away.
    """
    rows = [
        dict(zip(NETWORK, key, strict=True))
        | {"rule": rule, "steps": steps}
        | judged(found, key[0])
        for rule, steps, samples in sets
        for key, found in samples.items()
    ]
    return pd.DataFrame(rows)


def swings(denoisers: Mapping[Key, Denoiser], times: Sequence[float] = SWING_TIMES) -> pd.DataFrame:
    r"""What one step of the walk of s does to points that are `FAR` out: columns `NETWORK`, ``swing``.

    A step without its noise takes z to :math:`z + \sigma_t^2 \hat s`. ``swing`` is the least of the new z's
    part along the old, over directions and times, as a multiple of it: with the true score from 0 to 1; below
    -1 the walk swings from side to side, farther each time.
    """
    angle = torch.linspace(0, 2 * torch.pi, DIRECTIONS + 1)[:-1]
    z = FAR * torch.stack([angle.cos(), angle.sin()], 1)
    rows = []
    for key, denoiser in denoisers.items():
        if key[1] == "score":
            each = []
            for t in torch.tensor(times):
                score = denoiser.predict(z, t, GuardedScore(GUARD))
                pull = denoiser.schedule.sigma(t) ** 2 * (score * z).sum(1) / FAR**2
                each.append(float(1 + pull.min()))
            rows.append((*key, min(each)))
    return pd.DataFrame(rows, columns=[*NETWORK, "swing"])


def noise(budget: Budget, seed: int = 100) -> pd.DataFrame:
    """What the metrics say of exact samples: columns dataset, metric, typical, limit.

    ``typical`` is the mean over sets; ``limit`` what 95 % of them stay on the good side of: below it for a
    distance, above it for the coverage.
    """
    rows = []
    for number, name in enumerate(study.DATASETS):
        generator, mixture = Generator().manual_seed(seed + number), DATASETS[name]()
        found = pd.DataFrame(
            judged(mixture.sample(budget.samples, generator, torch.float64), name)
            for _ in range(budget.sets)
        )
        for metric in METRICS:
            limit = found[metric].quantile(0.05 if metric == "coverage" else 0.95)
            rows.append((name, metric, found[metric].mean(), limit))
    return pd.DataFrame(rows, columns=["dataset", "metric", "typical", "limit"])


def beside_printed(every: pd.DataFrame, steps: Mapping[str, int]) -> pd.DataFrame:
    """The study's two distances, as printed and ours: medians of executions, one row a loss of the table.

    Args:
        every: as :func:`table` returns it.
        steps: the sets with so many are shown, by rule.

    Returns:
        Columns dataset, target, objective; ``printed_mean``, ``own_mean``, ``even_mean`` and the same of the
        other metrics.
    """
    keys = ["dataset", "target", "objective"]
    found = study.moments()[[*keys, "mean_distance", "cov_distance"]]
    found = found.rename(columns={"mean_distance": "printed_mean", "cov_distance": "printed_cov"})
    for rule in FOR_ALL:
        rows = every[(every["rule"] == rule) & (every["steps"] == steps[rule])]
        of_rule = rows.groupby(keys)[[*METRICS]].median()
        found = found.merge(of_rule.add_prefix(f"{rule}_").reset_index(), on=keys, validate="1:1")
    return found


def moments_shown(steps: Mapping[str, int], n: int) -> dict[str, Any]:
    """How `beside_printed` of sets of ``n`` samples is shown."""
    return {
        "caption": f"Distances of the moments of {n:,} samples from those of the data: as printed (512 "
        "steps, the study's sampler of each target), and of our networks, medians of executions: by the same "
        f"samplers, *own* ({steps['own']} steps), and all by the deterministic one with even steps of the "
        f"log-SNR, *even* ({steps['even']} steps); with the energy distance and the coverage of the latter "
        "two.",
        "columns": {
            "dataset": "data set",
            "target": "target",
            "objective": "objective",
            "printed_mean": "mean, printed",
            "own_mean": "own",
            "even_mean": "even",
            "printed_cov": "cov., printed",
            "own_cov": "own ",
            "even_cov": "even ",
            "own_energy": "energy, own",
            "even_energy": "even  ",
            "own_coverage": "coverage, own",
            "even_coverage": "even   ",
        },
        "digits": dict.fromkeys(
            [f"{a}_{b}" for a in ("printed", *FOR_ALL) for b in METRICS], ".2g"
        ),
    }


SWINGS_SHOWN: dict[str, Any] = {
    "caption": f"Networks of $s$, points at a distance of {FAR:g} from the middle: the least factor by which "
    f"one step of the study's walk, without its noise, multiplies it, over {DIRECTIONS} directions and times "
    f"{', '.join(f'{t:g}' for t in SWING_TIMES)}. Negative: to the other side.",
    "digits": 2,
}
"""How `swings` is shown."""

SETS_SHOWN: dict[str, Any] = {
    "caption": "Every set of samples of our networks: how it was drawn, and what the metrics say.",
    "digits": dict.fromkeys(("mean", "cov", "energy", "coverage", "size", "away"), ".3g"),
}
"""How `table` is shown."""


def noise_shown(n: int) -> dict[str, Any]:
    """How `noise` of sets of ``n`` samples is shown."""
    return {
        "caption": f"The same metrics of exact samples, {n:,} a set: their mean, and the limit that 95 % of "
        "sets stay within.",
        "digits": {"typical": 3, "limit": 3},
        "columns": {"dataset": "data set", "metric": "metric", "typical": "mean", "limit": "limit"},
    }
