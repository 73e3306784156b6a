"""Perfect networks, sampled as the study samples its own: how far are the moments of what they draw?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Generator, Tensor

from companion import study
from companion.evidence import drawn_samples, style
from companion.evidence import moments as metric
from companion.evidence.drawn_samples import MARGIN, OWN, SAMPLES, SCHEDULE, STEPS, Rule
from diffcore.exact.data2d import DATASETS
from diffcore.exact.floors import lean
from diffcore.exact.mixtures import Mixture
from diffcore.published import ScoreWalk


@dataclass(frozen=True)
class Sampled:
    """A target and how its samples are drawn.

    Attributes:
        target: as the study names it.
        rule: of the steps.
        words: what it is called.
    """

    target: str
    rule: Rule
    words: str


WALK = Sampled("score", OWN["score"], "the study's, guarded target")
TRUE = Sampled("score", replace(OWN["score"], solver=ScoreWalk(0)), "the study's, true score")
SAMPLERS = (
    Sampled("x", OWN["x"], "the study's: ancestral"),
    Sampled("v", OWN["v"], "the study's: deterministic"),
    WALK,
    TRUE,
    Sampled("score", OWN["x"], "ancestral"),
)
"""The study draws x and eps in one way, and a perfect network of either draws the same samples."""


def draw(mixture: Mixture, sampled: Sampled, n: int, steps: int, seed: int) -> Tensor:
    """``n`` samples of a perfect network, (n, 2), by the study's loop: the latents where it ends."""
    generator = Generator().manual_seed(seed)
    return drawn_samples.draw(
        mixture.denoiser(SCHEDULE), sampled.rule, n, steps, generator, torch.float64
    )


AT_ONCE = 8_000
"""Samples that walk together, and share what a noise level asks for: their latents are some 70 MB."""


def draw_sets(
    mixture: Mixture, sampled: Sampled, sets: int, n: int, steps: int, seed: int
) -> Tensor:
    """Sets of ``n`` samples of a perfect network, (sets, n, 2)."""
    together = max(1, AT_ONCE // n)
    parts = [
        draw(mixture, sampled, min(together, sets - first) * n, steps, seed + first)
        for first in range(0, sets, together)
    ]
    return torch.cat(parts).unflatten(0, (sets, n))


@cache
def covariance(name: str) -> Tensor:
    """The exact covariance of a data set, (2, 2)."""
    return metric.covariance(DATASETS[name]())


def distances(samples: Tensor, name: str) -> tuple[Tensor, Tensor]:
    """The study's two, of sets of samples (..., n, 2) from a data set, each (...).

    Its data, 100,000 points, are taken as the population: standardised, so of mean 0.
    """
    return metric.distances(samples, samples.new_zeros(2), covariance(name))


def covariance_error(samples: Tensor, name: str, draws: int = 500, seed: int = 0) -> float:
    """Standard error of the covariance distance, by bootstrap over the samples (n, 2)."""
    n = len(samples)
    picked = torch.from_numpy(np.random.default_rng(seed).integers(n, size=(draws, n)))
    return float(distances(samples[picked], name)[1].std())


@dataclass(frozen=True)
class Budget:
    """How much is drawn.

    Attributes:
        sets: sets of `SAMPLES` samples of the clusters, whose denoiser is cheap, for each of `SAMPLERS`.
        others: sets of each of the three other data sets, for the study's sampler of s alone.
        samples: in each of these.
        steps: of a chain.
        everywhere: whether all of `SAMPLERS` are tried on all data sets.
    """

    sets: int
    others: int
    samples: int = SAMPLES
    steps: int = STEPS
    everywhere: bool = False


QUICK = Budget(sets=2, others=1, samples=100, steps=64)
STANDARD = Budget(sets=20, others=6)
PAPER = Budget(sets=200, others=40, everywhere=True)

NODES, CUTOFF = 5, 12.0
"""Of a panel of a curve, and what is left out of a posterior, nats: less than half of what is kept elsewhere.

The predicted noise moves by less than 1e-3.
"""


def mixture(name: str) -> Mixture:
    """The data set, a curve with `NODES` nodes a panel and `CUTOFF`."""
    return lean(DATASETS[name](), NODES, CUTOFF)


SHOWN: dict[str, Any] = {
    "caption": "Perfect networks put into the study's samplers: distances of the *mean* and the *covariance* "
    f"of {SAMPLES:,} samples from those of the data, {STEPS} steps (means over the *sets*). *Error*: "
    "standard error of the covariance distance of one set, by bootstrap over the samples of the first. "
    "*NELBO* and *Weighted*: the covariance distances that the study prints for its networks, trained on "
    "either. *Exact*: that of exact samples.",
    "digits": {"mean": 3, "cov": 3, "error": 3, "nelbo": 3, "weighted": 3, "exact": 3},
    "words": {"dataset": study.TITLES} | style.CELLS,
    "columns": {
        "dataset": "data set",
        "target": "target",
        "sampler": "sampler",
        "sets": "sets",
        "mean": "mean",
        "cov": "covariance",
        "error": "error",
        "nelbo": "NELBO",
        "weighted": "Weighted",
        "exact": "exact",
    },
}
"""How `moments` is shown."""


def moments(budget: Budget, seed: int = 0) -> pd.DataFrame:
    """The study's two distances for samples of perfect networks, and the printed ones beside them.

    Returns:
        A row for each data set and sampler: ``mean``, ``cov``, averaged over ``sets``; ``error`` of one
        ``cov``; the printed covariance distances ``nelbo`` and ``weighted``; ``exact``, of exact samples.
    """
    printed = study.moments().pivot_table(
        index=["dataset", "target"], columns="objective", values="cov_distance"
    )
    rows = []
    for name in study.DATASETS:
        cheap, law = name == "clusters", mixture(name)
        n, sets = (SAMPLES, budget.sets) if cheap else (budget.samples, budget.others)
        exact = torch.stack(
            [law.sample(n, Generator().manual_seed(seed + k), torch.float64) for k in range(50)]
        )
        samples_of: dict[Rule, Tensor] = {}  # two targets with one rule have the same
        for sampled in SAMPLERS if cheap or budget.everywhere else (WALK,):
            if sampled.rule not in samples_of:
                samples_of[sampled.rule] = draw_sets(law, sampled, sets, n, budget.steps, seed)
            drawn = samples_of[sampled.rule]
            mean, cov = (float(found.mean()) for found in distances(drawn, name))
            rows.append(
                {
                    "dataset": name,
                    "target": sampled.target,
                    "sampler": sampled.words,
                    "sets": sets,
                    "mean": mean,
                    "cov": cov,
                    "error": covariance_error(drawn[0], name),
                    **printed.loc[name, sampled.target],
                    "exact": float(distances(exact, name)[1].mean()),
                }
            )
    return pd.DataFrame(rows)


def residual(steps: int, guard: float, variance: float = 0.0) -> float:
    """Deviation of the walk's samples of a Gaussian, of a perfect network: exact.

    Args:
        steps: of the study's loop.
        guard: of the target.
        variance: of the data; 0 for a single clean point.
    """
    t = torch.linspace(1 - MARGIN, MARGIN, steps + 1, dtype=torch.float64)[:-2]
    found = 1.0
    for a, s in zip(SCHEDULE.alpha(t).tolist(), SCHEDULE.sigma(t).tolist(), strict=True):
        slope = -(s**2) / ((s**2 + guard) * (a**2 * variance + s**2))  # of the target
        found = (1 + s**2 * slope) ** 2 * found + 2 * s**2
    return found**0.5
