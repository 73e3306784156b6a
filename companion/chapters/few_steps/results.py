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

from companion.chapters.few_steps.grid import BOUND, Key
from companion.chapters.few_steps.measures import Reference
from companion.chapters.few_steps.walks import Starting, Together, walk
from companion.evidence.distances import projections
from companion.evidence.drawn_samples import WINDOW
from companion.runs import Trained
from companion.runs.plane import ENDS, SCHEDULE, TARGETS
from diffcore.denoisers import Denoiser, ExactDenoiser
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
    Predicted,
    Solver,
    UniformLogSNR,
    UniformTime,
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

EVALUATIONS = (3, 5, 9, 17, 33)
"""Of the denoiser in a chain, that of the prediction at its end included; odd, for solvers that ask twice."""

FEW = 9
"""Where targets are compared."""

MODEL = ["dataset", "target", "objective", "seed"]
"""What names a network: a `Key`."""

PLAIN, MEAN, BY_V = "plain", "mean", "v"
"""How a chain begins: as it comes; with the mean of the data for the first prediction of x, which is exact
where nothing of the data is left in z; or with the first prediction of a network of v."""

STUDY_START = WINDOW[0]
"""The log-SNR at the study's first time, 1 - 1e-4, nats."""

STARTS = (-4.0, -6.0, -8.0, -10.0, ENDS[0], -15.0, STUDY_START, -21.0, -25.0, -np.inf)
"""Log-SNRs of the first level, nats; the last is the time 1."""


@dataclass(frozen=True)
class Budget:
    """How finely samples are measured.

    Attributes:
        samples: of each network, from the same noise.
        steps: of the exact denoiser, where they are many.
        draws: exact ones, behind what is unlikely and how wide the data are.
        sets: of exact samples, behind a noise floor.
        evaluations: of the chains.
    """

    samples: int
    steps: int
    draws: int
    sets: int
    evaluations: tuple[int, ...] = EVALUATIONS


QUICK = Budget(samples=40, steps=12, draws=400, sets=8, evaluations=(3, FEW))
STANDARD = Budget(samples=500, steps=64, draws=20_000, sets=200)
PAPER = Budget(samples=5_000, steps=128, draws=200_000, sets=1_000, evaluations=(*EVALUATIONS, 65))


def steps_of(solver: str, evaluations: int) -> int:
    """How many steps of a solver ask a denoiser so many times, the prediction at the end included."""
    return (evaluations - 1) // 2 if solver in ASKS_TWICE else evaluations - 1


def levels(unit: str, steps: int, first: float = ENDS[0]) -> list[Level]:
    """Noise levels of a grid, from the log-SNR ``first`` on; from the time 1 where that is minus infinity."""
    if first == -np.inf:
        assert unit == TIME, "only time is finite there"
        last = float(SCHEDULE.time_of(torch.tensor(ENDS[1], dtype=torch.float64)))
        found = torch.linspace(1, last, steps + 1, dtype=torch.float64)
    else:
        found = GRIDS[unit].times(SCHEDULE, (first, ENDS[1]), steps)
    return [Level(SCHEDULE, t) for t in found]


class Known(NamedTuple):
    """What is known of a data set without any network.

    Attributes:
        noise: that all chains start from, (n, 2) float32.
        oracle: the exact denoiser.
        reference: its samples after many steps, and what is measured against them.
    """

    noise: Tensor
    oracle: Denoiser
    reference: Reference


def known(name: str, budget: Budget, seed: int = 0) -> Known:
    """The noise, the exact denoiser and the reference of a data set."""
    noise = torch.randn(budget.samples, 2, generator=Generator().manual_seed(seed))
    oracle = lean(DATASETS[name]()).denoiser(SCHEDULE)
    many = levels(LOG_SNR, budget.steps)
    (samples,) = walk(oracle, noise, many, SOLVERS["DPM-Solver++(2M)"], Generator())
    return Known(noise, oracle, Reference(name, samples.double(), budget.draws))


def _middle(z: Tensor, alpha: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
    return torch.zeros_like(z), z / sigma[:, None]


AT_THE_MEAN = ExactDenoiser(_middle, SCHEDULE)
"""Predicts the mean of the data, 0 since they are standardised, and the noise that belongs to it."""


def together(trained: Mapping[Key, Trained]) -> dict[tuple[str, str], tuple[list[Key], Together]]:
    """Networks of one data set and target side by side, with their names."""
    groups: dict[tuple[str, str], list[Key]] = {}
    for key in trained:
        groups.setdefault(key[:2], []).append(key)
    return {of: (keys, Together([trained[k] for k in keys])) for of, keys in groups.items()}


def begun(how: str, denoiser: Denoiser, by_v: Denoiser, first: float = ENDS[0]) -> Denoiser:
    """A denoiser whose chain begins in one of the three ways."""
    other = {PLAIN: denoiser, MEAN: AT_THE_MEAN, BY_V: by_v}[how]
    return denoiser if how == PLAIN else Starting(other, denoiser, max(first, ENDS[0]) + 1e-6)


def cells(
    trained: Mapping[Key, Trained], of: Mapping[str, Known], budget: Budget, seed: int = 1
) -> pd.DataFrame:
    """Samples of every network by every chain, and on the grid in time at `FEW` also with a mended start.

    Args:
        trained: the networks.
        of: `known` of their data sets.
        budget: sizes.
        seed: of fresh noise, the same for all.

    Returns:
        Columns `MODEL`, ``solver``, ``grid``, ``evaluations``, ``start`` and the metrics of
        :meth:`Reference.measured`.
    """
    groups = together(trained)
    frames = []
    for name, (noise, oracle, reference) in of.items():
        chains = [(*chain, n, PLAIN) for chain, n in product(CHAINS, budget.evaluations)]
        chains += [(solver, TIME, FEW, MEAN) for solver in SOLVERS]
        for solver, unit, evaluations, start in chains:
            at = levels(unit, steps_of(solver, evaluations))

            def drawn(denoiser: Denoiser, copies: int = 1) -> Tensor:
                generator = Generator().manual_seed(seed)
                return walk(denoiser, noise, at, SOLVERS[solver], generator, copies)  # noqa: B023

            (perfect,) = drawn(oracle)
            for target in TARGETS:
                keys, nets = groups[name, target]
                found = drawn(begun(start, nets, nets), nets.copies)
                frame = pd.DataFrame(keys, columns=MODEL)
                chain = {
                    "solver": solver, "grid": unit, "evaluations": evaluations, "start": start
                }  # fmt: skip
                values = reference.measured(found, perfect)
                frames.append(frame.assign(**chain, **{k: v.numpy() for k, v in values.items()}))
    return pd.concat(frames, ignore_index=True)


def starts(
    trained: Mapping[Key, Trained], of: Mapping[str, Known], first: tuple[float, ...] = STARTS
) -> pd.DataFrame:
    """What the first step of DDIM does, and where its chain ends, by the first level: `FEW` evaluations.

    Networks of the bound; steps equal in time.

    Returns:
        Columns `MODEL`; ``first``, the log-SNR; ``error``, of the predicted target there, and ``moved``, of z
        after the step, both root mean squares against the exact denoiser; ``factor``, what the step makes of
        an error; the sliced distances ``total`` of the chain as it comes, and mended: ``mean`` and ``v``.
    """
    bound = {key: one for key, one in trained.items() if key[2] == BOUND}
    groups = together(bound)
    solver, rows = DDIM(), []
    for (name, (noise, oracle, reference)), low in product(of.items(), first):
        at = levels(TIME, FEW - 1, low)
        here, there = at[:2]
        right = solver.law(Predicted(here, noise, *oracle.predict_pair(noise, here.t)), there)[0]
        (perfect,) = walk(oracle, noise, at, solver, Generator())
        by_v = groups[name, "v"][1]
        for target, row in TARGETS.items():
            keys, nets = groups[name, target]
            z = noise.repeat(nets.copies, 1)
            asked = nets.predict(z, here.t, row) - oracle.predict(noise, here.t, row).repeat(
                nets.copies, 1
            )
            step = solver.law(Predicted(here, z, *nets.predict_pair(z, here.t)), there)[0]
            values = {"error": _rms(asked, nets.copies)}
            values["moved"] = _rms(step - right.repeat(nets.copies, 1), nets.copies)
            for label, how in (("total", PLAIN), (MEAN, MEAN), (BY_V, BY_V)):
                found = walk(
                    begun(how, nets, by_v, low), noise, at, solver, Generator(), nets.copies
                )
                values[label] = reference.measured(found, perfect)["total"]
            frame = pd.DataFrame(keys, columns=MODEL)
            frame["first"], frame["factor"] = low, kept(target, here, there)
            rows.append(frame.assign(**{k: v.numpy() for k, v in values.items()}))
    return pd.concat(rows, ignore_index=True)


def kept(target: str, here: Level, there: Level) -> float:
    """What a step of DDIM makes of an error of one in a target: infinite where its determinant is zero."""
    a, b = TARGETS[target].row(SCHEDULE, here.t)
    determinant = here.alpha * b - here.sigma * a
    between = here.alpha * there.sigma - there.alpha * here.sigma
    return float((between / determinant).abs())


def _rms(difference: Tensor, copies: int) -> Tensor:
    """The root mean square length of each network's rows, infinite where one is not finite, (copies,)."""
    squares = difference.double().square().sum(1).reshape(copies, -1).mean(1)
    return torch.where(squares.isfinite(), squares, torch.inf).sqrt()


def floors(of: Mapping[str, Known], budget: Budget, most: float = 0.95) -> pd.DataFrame:
    """What all but a few sets of independent exact samples show: columns dataset, total, off, width.

    Returns:
        The sliced distance and the share off that the share ``most`` of them stay below, and how far off 1
        their width is.
    """
    rows = []
    for name, (_, _, reference) in of.items():
        generator = Generator().manual_seed(7)
        sets = torch.stack(
            [
                reference.mixture.sample(budget.samples, generator, torch.float64)
                for _ in range(budget.sets)
            ]
        )
        apart = (projections(sets) - reference.projected).square().mean((-1, -2)).sqrt()
        found = {
            "total": apart, "off": reference.off(sets), "width": (reference.width(sets) - 1).abs()
        }  # fmt: skip
        rows.append({"dataset": name} | {k: float(v.quantile(most)) for k, v in found.items()})
    return pd.DataFrame(rows)
