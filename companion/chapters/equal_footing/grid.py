"""The networks of this chapter: targets, weightings, and what else could make the difference."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, partial
from itertools import product

from torch import Generator, Tensor

from companion import study
from companion.chapters.equal_footing.objectives import (
    BOUND,
    EVEN,
    IN_TIME,
    OWN_OF,
    SCHEDULE,
    TARGETS,
    WEIGHTINGS,
    loss,
)
from companion.profiles import Profile
from companion.runs import Run
from diffcore.exact.data2d import DATASETS
from diffcore.networks import TimeMLP
from diffcore.training import Plan

Key = tuple[str, str, str, str, int]
"""Data set, predicted target, weighting, variant, seed."""

PLAIN, SKIP, EQUALISED, QUARTER = "plain", "skip", "equalised", "quarter"
"""Variants on all data sets: none; the residual of the target; each level's gradient made of one size; a
quarter of the steps."""

OTHERS = ("fourfold", "wide", "raw-time", "last-weights", "constant-rate", "even-in-time")
"""Variants of few seeds on one data set: four times the steps; twice the width; the network told t and not
the log-SNR; no average of weights; no decay of the learning rate; levels drawn evenly in time."""

WIDTH, DEPTH = 48, 2
FEW = 3
"""Seeds of each of `OTHERS`."""


@cache
def data(name: str) -> Tensor:
    """As many points of a data set as the study's networks were trained on, (points, 2)."""
    return DATASETS[name]().sample(study.TRAIN_POINTS, Generator().manual_seed(0)).float()


def datasets(profile: Profile) -> tuple[str, ...]:
    """The data sets of a profile."""
    return profile.pick(quick=study.DATASETS[:1], standard=study.DATASETS[:2], paper=study.DATASETS)


def seeds(profile: Profile) -> range:
    """The seeds of each cell: those of chapter 14's new seeds, so that what both train is trained once."""
    return range(100, 100 + profile.pick(quick=2, standard=5, paper=10))


def plan(profile: Profile, variant: str = PLAIN) -> Plan:
    """How long and how hard every network of a variant is trained."""
    multiple = {QUARTER: 0.25, "fourfold": 4.0}.get(variant, 1.0)
    common = Plan(
        steps=round(multiple * profile.pick(quick=12, standard=1_500, paper=40_000)),
        batch=256,
        learning_rate=4e-3,
        final_learning_rate=0.0,
        ema=0.99,
    )
    if variant == "last-weights":
        return replace(common, ema=0.0)
    if variant == "constant-rate":
        return replace(common, final_learning_rate=None)
    return common


def net(variant: str = PLAIN) -> partial:
    """The network of a variant."""
    width = 2 * WIDTH if variant == "wide" else WIDTH
    if variant == "raw-time":
        return partial(TimeMLP, dims=2, width=width, depth=DEPTH)
    return partial(TimeMLP, dims=2, width=width, depth=DEPTH, schedule=SCHEDULE)


def eight_keys(profile: Profile, variant: str = PLAIN) -> list[Key]:
    """The study's eight objectives without guards: each target under the bound and its own squared error."""
    return [
        (name, target, weighting, variant, seed)
        for name in datasets(profile)
        for target in TARGETS
        for weighting in (BOUND, OWN_OF[target])
        for seed in seeds(profile)
    ]


def weighting_keys(profile: Profile) -> list[Key]:
    """Networks of v under every weighting; two of them are among the eight."""
    every = product(datasets(profile), ["v"], WEIGHTINGS, [PLAIN], seeds(profile))
    return list(every)


def bound_keys(profile: Profile, variant: str) -> list[Key]:
    """The four targets under the bound, in a variant."""
    return [key for key in eight_keys(profile, variant) if key[2] == BOUND]


def other_keys(profile: Profile, variant: str) -> list[Key]:
    """The same in one of `OTHERS`: few seeds of the last data set; in even times all eight objectives."""
    every = eight_keys(profile, variant)
    few = seeds(profile)[:FEW]
    return [
        key
        for key in every
        if key[0] == datasets(profile)[-1]
        and key[4] in few
        and (variant == "even-in-time" or key[2] == BOUND)
    ]


def keys(profile: Profile) -> list[Key]:
    """Every network, once."""
    found = [
        *eight_keys(profile),
        *weighting_keys(profile),
        *eight_keys(profile, QUARTER),
        *bound_keys(profile, EQUALISED),
        *(key for key in bound_keys(profile, SKIP) if key[1] != "v"),
        *(key for variant in OTHERS for key in other_keys(profile, variant)),
    ]
    return list(dict.fromkeys(found))


def name(key: Key) -> str:
    """The name of one run in the `grid`."""
    return "/".join(map(str, key))


def run(profile: Profile, key: Key) -> Run:
    """One network."""
    dataset, target, weighting, variant, seed = key
    times = IN_TIME if variant == "even-in-time" else EVEN
    what = loss(target, weighting, times, residual=variant == SKIP)
    return Run(what, seed, net(variant), data(dataset), plan(profile, variant))


def grid(profile: Profile) -> dict[str, Run]:
    """The runs, named ``dataset/target/weighting/variant/seed``."""
    return {name(key): run(profile, key) for key in keys(profile)}
