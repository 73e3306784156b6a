"""What few evaluations of a network leave wrong, by target, sampler, grid and first level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Generator, Tensor

from companion.chapters.few_steps.grid import Key
from companion.chapters.few_steps.measures import METRICS, Reference
from companion.chapters.few_steps.walks import AT_THE_MEAN, FromPureNoise, begun_by
from companion.evidence.distances import between, projections
from companion.evidence.drawn_samples import WINDOW
from companion.runs.plane import BOUND, ENDS, SCHEDULE
from diffcore.denoisers import Denoiser
from diffcore.exact.data2d import DATASETS
from diffcore.exact.floors import lean
from diffcore.samplers import (
    DDIM,
    DPMSolver2M,
    Euler,
    ExponentialSDE,
    Grid,
    Heun,
    Karras,
    Level,
    Solver,
    UniformLogSNR,
    UniformTime,
    sample,
)

SOLVERS: dict[str, Solver] = {
    "DDIM": DDIM(),
    "Euler": Euler(),
    "Heun": Heun(),
    "DPM-Solver++(2M)": DPMSolver2M(),
    "ancestral": DDIM(eta=1),
    "reverse SDE": ExponentialSDE(),
}
"""By name; the last holds the predicted noise."""

ASKS_TWICE = ("Heun",)
"""Those that ask the denoiser twice in a step; the others do it once."""

TIME, LOG_SNR, KARRAS = "time", "log-SNR", "Karras"
GRIDS: dict[str, Grid] = {TIME: UniformTime(), LOG_SNR: UniformLogSNR(), KARRAS: Karras()}
"""What the steps of a grid are equal in; the last in (sigma/alpha)^(1/7)."""

ON_KARRAS = ("DDIM", "DPM-Solver++(2M)")
"""Solvers that walk on all three grids; the others on the first two."""

CHAINS = [
    (solver, unit) for unit in GRIDS for solver in SOLVERS if unit != KARRAS or solver in ON_KARRAS
]
"""Solvers and grids that are tried."""

EVALUATIONS = (3, 5, 9, 17)
"""Of the denoiser in a chain, that of the prediction at its end included; odd, for solvers that ask twice."""

FEW = 9
"""Where targets are compared."""

CHAIN = ["solver", "grid", "evaluations", "start"]
MODEL = ["dataset", "target", "objective", "seed"]
"""What names a network: a `Key`."""

PLAIN, MEAN, BY_V = "plain", "mean", "v"
"""How a chain begins: as it comes; with the mean of the data for the first prediction of x, which is exact
where nothing of the data is left in z; or with the first prediction of a network of v."""

STUDY_START = WINDOW[0]
"""The log-SNR at the study's first time, 1 - 1e-4, nats."""

STARTS = (-3.0, -6.0, -9.0, ENDS[0], STUDY_START, -np.inf)
"""Log-SNRs of the first level, nats; the last is the time 1."""

UNREACHED = -50.0
"""In the place of minus infinity, where a grid does not look at it."""


@dataclass(frozen=True)
class Budget:
    """How finely samples are measured.

    Attributes:
        samples: of each network, from the same noise.
        steps: of the exact denoiser, where they are many.
        draws: exact ones, behind what is unlikely and how wide the data are.
        sets: of exact samples, behind a noise floor.
        evaluations: of the chains.
        starts: log-SNRs that chains begin at.
    """

    samples: int
    steps: int
    draws: int
    sets: int
    evaluations: tuple[int, ...] = EVALUATIONS
    starts: tuple[float, ...] = STARTS


QUICK = Budget(
    samples=40, steps=12, draws=400, sets=8, evaluations=(3, FEW), starts=(ENDS[0], -np.inf)
)
STANDARD = Budget(samples=300, steps=64, draws=20_000, sets=200)
PAPER = Budget(
    samples=5_000, steps=128, draws=200_000, sets=1_000, evaluations=(*EVALUATIONS, 33, 65)
)


def steps_of(solver: str, evaluations: int) -> int:
    """How many steps of a solver ask a denoiser so many times, the prediction at the end included."""
    return (evaluations - 1) // 2 if solver in ASKS_TWICE else evaluations - 1


def grid_of(unit: str, first: float = ENDS[0]) -> Grid:
    """The grid of a unit; in time and from the time 1 on where ``first``, a log-SNR, is minus infinity."""
    return FromPureNoise() if first == -np.inf else GRIDS[unit]


def drawn(
    denoiser: Denoiser,
    n: int,
    chain: tuple[str, str, int],
    first: float = ENDS[0],
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """Samples of a chain, (n, 2) float64; all infinite where a step leaves what is not finite.

    Args:
        denoiser: what is asked.
        n: how many; chains from one seed, the only one, start from the same noise.
        chain: the solver, what its steps are equal in, and how many.
        first: the log-SNR of the first level, nats.
        dtype: that is walked in.
    """
    solver, unit, steps = chain
    ends = (max(first, UNREACHED), ENDS[1])
    arguments = (SOLVERS[solver], grid_of(unit, first), ends, dtype)
    try:
        return sample(denoiser, (n, 2), steps, noise(), *arguments).double()
    except ValueError as error:
        if "finite" not in str(error):
            raise
        return torch.full((n, 2), torch.inf, dtype=torch.float64)


def noise() -> Generator:
    """The noise that all chains start from, and that those which draw more draw after it."""
    return Generator().manual_seed(0)


def levels(unit: str, steps: int, first: float = ENDS[0]) -> list[Level]:
    """The noise levels of a chain, from the log-SNR ``first`` on."""
    ends = (max(first, UNREACHED), ENDS[1])
    return [Level(SCHEDULE, t) for t in grid_of(unit, first).times(SCHEDULE, ends, steps)]


class Known(NamedTuple):
    """What is known of a data set without any network.

    Attributes:
        oracle: the exact denoiser.
        reference: its samples after many steps, and what is measured against them.
    """

    oracle: Denoiser
    reference: Reference


def known(name: str, budget: Budget) -> Known:
    """The exact denoiser of a data set, and its samples after many steps."""
    oracle = lean(DATASETS[name]()).denoiser(SCHEDULE)
    samples = drawn(oracle, budget.samples, ("DPM-Solver++(2M)", LOG_SNR, budget.steps))
    return Known(oracle, Reference(name, samples, budget.draws))


Chain = tuple[str, str, int, str]
"""Solver, what its steps are equal in, evaluations, and how it begins."""


def chains(objective: str, budget: Budget) -> list[Chain]:
    """The chains that networks of an objective walk.

    Up to `FEW` evaluations on the grids in time and in log-SNR, more in time or by `ON_KARRAS`, `FEW` on the
    third grid, and at `FEW` in time also with a mended start. Networks of their own error: in time, `FEW`.
    """
    if objective != BOUND:
        return [(solver, TIME, FEW, PLAIN) for solver in SOLVERS]
    found = [
        (solver, unit, n, PLAIN)
        for (solver, unit), n in product(CHAINS, budget.evaluations)
        if n == FEW
        or (unit != KARRAS and n < FEW)
        or unit == TIME
        or (unit == LOG_SNR and solver in ON_KARRAS)
    ]
    return found + [(solver, TIME, FEW, MEAN) for solver in SOLVERS]


Perfect = Mapping[tuple[str, Chain], Tensor]
"""Samples of the exact denoiser, (n, 2), by data set and chain."""


def perfect(of: Mapping[str, Known], budget: Budget) -> dict[tuple[str, Chain], Tensor]:
    """What the exact denoiser draws by every chain that begins as it comes."""
    return {
        (name, chain): drawn(one.oracle, budget.samples, walked(chain))
        for name, one in of.items()
        for chain in chains(BOUND, budget)
        if chain[3] == PLAIN
    }


def walked(chain: Chain) -> tuple[str, str, int]:
    """What `drawn` is to be told of a chain."""
    solver, unit, evaluations, _ = chain
    return solver, unit, steps_of(solver, evaluations)


def of_exact(exact: Perfect, of: Mapping[str, Known]) -> pd.DataFrame:
    """What the step count alone does: dataset, solver, grid, evaluations, start, ``steps``, off, width."""
    rows = []
    for (name, chain), samples in exact.items():
        reference = of[name].reference
        found = reference.measured(samples, projections(samples))
        rows.append([name, *chain, found["steps"], found["off"], found["width"]])
    return pd.DataFrame(rows, columns=["dataset", *CHAIN, "steps", "off", "width"])


def cells(
    denoisers: Mapping[Key, Denoiser], of: Mapping[str, Known], exact: Perfect, budget: Budget
) -> pd.DataFrame:
    """Samples of every network by every one of its `chains`.

    Returns:
        Columns `MODEL`, ``solver``, ``grid``, ``evaluations``, ``start`` and the metrics of
        :meth:`Reference.measured`.
    """
    there = {of_chain: projections(samples) for of_chain, samples in exact.items()}
    rows = []
    for key, denoiser in denoisers.items():
        for chain in chains(key[2], budget):
            asked = denoiser if chain[3] == PLAIN else begun_by(AT_THE_MEAN, denoiser)
            samples = drawn(asked, budget.samples, walked(chain))
            found = of[key[0]].reference.measured(samples, there[key[0], (*chain[:3], PLAIN)])
            rows.append([*key, *chain, *found.values()])
    return pd.DataFrame(rows, columns=[*MODEL, *CHAIN, *METRICS])


def one_of(
    denoisers: Mapping[Key, Denoiser],
    of: Mapping[str, Known],
    name: str,
    target: str,
    seed: int,
    chain: Chain,
    budget: Budget,
) -> Tensor:
    """Samples of one network of the bound by one chain, (n, 2); ``exact`` stands for the exact denoiser."""
    asked = of[name].oracle if target == "exact" else denoisers[name, target, BOUND, seed]
    if chain[3] != PLAIN:
        asked = begun_by(AT_THE_MEAN, asked)
    return drawn(asked, budget.samples, walked(chain))


def floors(of: Mapping[str, Known], budget: Budget, most: float = 0.95) -> pd.DataFrame:
    """What all but a few sets of independent exact samples show: columns dataset, total, off, width.

    Returns:
        The sliced distance and the share off that the share ``most`` of them stay below, and how far off 1
        their width is.
    """
    rows = []
    for name, (_, reference) in of.items():
        generator = Generator().manual_seed(7)
        sets = torch.stack(
            [
                reference.mixture.sample(budget.samples, generator, torch.float64)
                for _ in range(budget.sets)
            ]
        )
        apart = between(projections(sets), reference.projected)
        found = {
            "total": apart, "off": reference.off(sets), "width": (reference.width(sets) - 1).abs()
        }  # fmt: skip
        rows.append({"dataset": name} | {k: float(v.quantile(most)) for k, v in found.items()})
    return pd.DataFrame(rows)
