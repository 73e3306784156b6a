"""The networks of this chapter: each of four targets, trained under each of five weights, several seeds."""

from __future__ import annotations

from functools import cache, partial
from itertools import product

import torch
from torch import Generator, Tensor

import diffcore as dc
from companion import study
from companion.profiles import Profile
from companion.runs import Run
from diffcore.exact.data2d import DATASETS
from diffcore.networks import TimeMLP
from diffcore.published import Published
from diffcore.targets import Target
from diffcore.training import Plan
from diffcore.weightings import Weighting

SCHEDULE = dc.schedules.Cosine()
ENDS = (-12.0, 12.0)
"""The log-SNRs, in nats, between which networks are trained and the bound is taken."""

TARGETS: dict[str, Target] = {"x": dc.X, "eps": dc.EPS, "v": dc.V, "score": dc.SCORE}
"""What networks predict, by the study's names; s without the guard."""

NONE = "none"
WEIGHTS = (NONE, *study.TARGETS)
"""No guard, which is the bound; or the published NELBO of a target with its guard, as a weight."""

Key = tuple[str, str, str, int]
"""Data set, predicted target, weight, seed."""


def weighting(weight: str) -> Weighting:
    """The weight that networks are trained under, in the units of the code: Adam sees no constant."""
    return dc.weightings.Elbo() if weight == NONE else Published("nelbo", weight)


def effective_weight(weight: str, log_snr: Tensor) -> Tensor:
    """The same on one scale: 1 without a guard, and where a guard does not act, (n,)."""
    if weight == NONE:
        return torch.ones_like(log_snr)
    return Published("nelbo", weight).effective_weight(log_snr)


def loss(target: str, weight: str) -> dc.Loss:
    """A target's squared error under a weight; noise levels are drawn evenly in the log-SNR for all."""
    times = dc.times.Stratified(dc.times.UniformLogSNR(*ENDS))
    return dc.Loss(SCHEDULE, TARGETS[target], weighting(weight), times)


@cache
def data(name: str) -> Tensor:
    """As many points of a data set as the study's networks were trained on, (points, 2)."""
    return DATASETS[name]().sample(study.TRAIN_POINTS, Generator().manual_seed(0)).float()


def datasets(profile: Profile) -> tuple[str, ...]:
    """The data sets of a profile."""
    return profile.pick(quick=study.DATASETS[:1], standard=study.DATASETS[:1], paper=study.DATASETS)


def seeds(profile: Profile) -> range:
    """The seeds of each target and weight."""
    return range(profile.pick(quick=2, standard=4, paper=10))


MULTIPLES = (0.25, 4.0)
"""Budgets beside the common one, as multiples of its steps: for unguarded networks of few seeds."""

FEW = 2
"""Seeds of each other budget."""


def plan(profile: Profile, multiple: float = 1.0) -> Plan:
    """How long and how hard every network is trained."""
    return Plan(
        steps=round(multiple * profile.pick(quick=12, standard=1_500, paper=40_000)),
        batch=256,
        learning_rate=4e-3,
        final_learning_rate=0.0,
        ema=0.99,
    )


def keys(profile: Profile) -> list[Key]:
    """Data set, target, weight and seed of every run, in order."""
    return list(product(datasets(profile), TARGETS, WEIGHTS, seeds(profile)))


def other_keys(profile: Profile) -> list[Key]:
    """Data set, target, weight and seed of the networks that are trained on other budgets as well."""
    return [key for key in keys(profile) if key[2] == NONE and key[3] in seeds(profile)[:FEW]]


def name(key: Key, multiple: float = 1.0) -> str:
    """The name of one run in the `grid`."""
    return "/".join([*map(str, key), *([f"steps-{multiple:g}"] if multiple != 1 else [])])


def grid(profile: Profile) -> dict[str, Run]:
    """The runs, named ``dataset/target/weight/seed``, and ``steps-MULTIPLE`` after that on another budget."""
    net = partial(TimeMLP, dims=2, width=48, depth=2, schedule=SCHEDULE)
    budgets = [(key, 1.0) for key in keys(profile)]
    budgets += [(key, multiple) for multiple in MULTIPLES for key in other_keys(profile)]
    return {
        name(key, multiple): Run(
            loss(key[1], key[2]), key[3], net, data(key[0]), plan(profile, multiple)
        )
        for key, multiple in budgets
    }
