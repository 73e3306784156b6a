"""What the chapter "From errors to samples" tabulates of networks: metrics, measured and predicted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Generator

from companion.chapters.errors_to_samples.grid import Key
from companion.chapters.errors_to_samples.pushed import Pushed, bounded, coherence, compared
from companion.evidence import excess
from companion.evidence.exact_paths import Paths, drawn, paths
from companion.runs.plane import ENDS, SCHEDULE
from diffcore.denoisers import Denoiser
from diffcore.exact.data2d import DATASETS
from diffcore.exact.floors import lean

MODEL = ["dataset", "target", "objective", "seed"]
"""What names a network: a `Key`."""


@dataclass(frozen=True)
class Budget:
    """How finely networks are measured.

    Attributes:
        samples: paths, and samples of each network.
        steps: of the sampler.
        slices: of the log-SNR, equal.
        points: held-out points in each slice.
        exact_sets: of exact samples, behind a noise floor.
        draws: of the bootstrap.
        fine: points at which a fine error is tried.
    """

    samples: int
    steps: int
    slices: int
    points: int
    exact_sets: int
    draws: int
    fine: int


QUICK = Budget(samples=20, steps=10, slices=6, points=30, exact_sets=8, draws=40, fine=20)
STANDARD = Budget(
    samples=250, steps=32, slices=24, points=300, exact_sets=60, draws=2_000, fine=400
)
PAPER = Budget(
    samples=4_000, steps=128, slices=48, points=20_000, exact_sets=400, draws=10_000, fine=10_000
)

SEED = 0
"""Of the noise that all samples begin with."""


def walks(names: Iterable[str], budget: Budget) -> dict[str, Paths]:
    """The exact paths of each data set."""
    return {name: paths(_oracle(name), budget.samples, budget.steps, ENDS, SEED) for name in names}


def _oracle(name: str) -> Denoiser:
    return lean(DATASETS[name]()).denoiser(SCHEDULE)


def by_level(denoisers: Mapping[Key, Denoiser], budget: Budget, seed: int = 1) -> pd.DataFrame:
    """The excess of each network in each slice of the log-SNR, at held-out points of data, nats."""
    return excess.by_level(denoisers, MODEL, SCHEDULE, ENDS, budget.slices, budget.points, seed)


def from_levels(levels: pd.DataFrame, kernel: pd.DataFrame) -> pd.DataFrame:
    r"""What the excess of each level says of samples, once squared kernels weigh it.

    Args:
        levels: as `by_level` gives them.
        kernel: as `kernels` gives them, at the same log-SNRs.

    Returns:
        Columns `MODEL`; ``total``, the root of the total excess; ``median`` and ``rms``, the roots of
        :math:`\int k^2 e^2 d\lambda` with the median and the mean squared kernel; :math:`\frac12 e^2` is the
        excess per nat.
    """
    joined = levels.merge(kernel, on=["dataset", "log_snr"], validate="many_to_one")
    weighed = joined[MODEL].assign(
        total=joined["excess"],
        median=2 * joined["excess"] * joined["median"],
        rms=2 * joined["excess"] * joined["rms"],
    )
    summed = weighed.groupby(MODEL, sort=False).sum().reset_index()
    columns = ["total", "median", "rms"]
    summed[columns] = np.sqrt(summed[columns])
    return summed


KERNEL_OF = {"median": "median", "rms": "rms", "sliced": "rms", "energy": "rms"}
"""Which kernel weighs the levels for which metric: the median for a median, else the mean of squares."""

PREDICTORS = {
    "total": "total excess",
    "levels": "excess by level, kernel",
    "first": "errors on exact paths, first order",
    "whole": "errors on exact paths, whole flow",
}
"""What metrics are predicted from, the coarsest first."""


def measured(
    denoisers: Mapping[Key, Denoiser], walked: Mapping[str, Paths], budget: Budget
) -> pd.DataFrame:
    """The metrics of every network, and of its errors along exact paths.

    Returns:
        Columns `MODEL`, ``metric``; ``value``, of the network's own samples; ``first`` and ``whole`` of
        `PREDICTORS`; ``coherence``, nats.
    """
    rows = []
    for key, denoiser in denoisers.items():
        one = walked[key[0]]
        errors = one.errors(denoiser)
        pushed = Pushed(_oracle(key[0]), one.t, errors)
        sets = {
            "value": drawn(denoiser, budget.samples, budget.steps, ENDS, SEED),
            "first": one.samples + bounded(one.moved(errors)),
            "whole": drawn(pushed, budget.samples, budget.steps, ENDS, SEED),
        }
        found = pd.DataFrame({kind: compared(x, one.samples) for kind, x in sets.items()})
        found = found.rename_axis("metric").reset_index()
        names = dict(zip(MODEL, key, strict=True))
        rows.append(found.assign(**names, coherence=coherence(one, errors)))
    table = pd.concat(rows, ignore_index=True)
    return table[[*MODEL, "metric", "value", "first", "whole", "coherence"]]


def joined(samples: pd.DataFrame, summed: pd.DataFrame) -> pd.DataFrame:
    """`measured`, with ``total`` and ``levels`` of `from_levels`, the kernel by metric."""
    both = samples.merge(summed, on=MODEL, validate="many_to_one")
    both["levels"] = [row[KERNEL_OF[row["metric"]]] for _, row in both.iterrows()]
    return both[[*MODEL, "metric", "value", *PREDICTORS, "coherence"]]


def floors(
    walked: Mapping[str, Paths], networks: pd.DataFrame, budget: Budget, share: float = 0.95
) -> pd.DataFrame:
    """What ``share`` of sets of independent exact samples stay below, and the share of networks above it.

    Args:
        walked: exact paths by data set.
        networks: as `measured` gives them.
        budget: of the sets.
        share: of sets.

    Returns:
        Columns dataset; sliced, ``sliced_above``, energy, ``energy_above``.
    """
    rows = []
    for name, one in walked.items():
        generator, mixture = Generator().manual_seed(7), DATASETS[name]()
        sets = pd.DataFrame(
            compared(mixture.sample(budget.samples, generator, torch.float64), one.samples)
            for _ in range(budget.exact_sets)
        )
        row: dict[str, float | str] = {"dataset": name}
        for metric in ("sliced", "energy"):
            own = networks[(networks["dataset"] == name) & (networks["metric"] == metric)]["value"]
            limit = float(sets[metric].quantile(share))
            row |= {metric: limit, f"{metric}_above": float((own > limit).mean())}
        rows.append(row)
    return pd.DataFrame(rows)
