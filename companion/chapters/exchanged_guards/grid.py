"""The networks of this chapter: each of four targets, trained under each of five weights, several seeds."""

from __future__ import annotations

from itertools import product

import torch
from torch import Tensor

import diffcore as dc
from companion import study
from companion.chapters.exchanged_guards.heads import Edm, Scale, Skip
from companion.profiles import Profile
from companion.runs import Run, plane
from companion.runs.plane import EVEN, SCHEDULE, TARGETS, plan
from diffcore.published import Published
from diffcore.targets import Target
from diffcore.weightings import Weighting

HEADS: dict[str, Target] = {"x_skip": Skip(), "x_scale": Scale(), "x_edm": Edm()}
"""What a network gives to a head that makes a prediction of x of it: EDM's, or half of it alone."""

NONE = "none"
WEIGHTS = (NONE, *study.TARGETS)
"""No guard, which is the bound; or the published NELBO of a target with its guard, as a weight."""

Key = tuple[str, str, str, int]
"""Data set, predicted target (or head), weight, seed."""


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
    return dc.Loss(SCHEDULE, (TARGETS | HEADS)[target], weighting(weight), EVEN)


def data(name: str) -> Tensor:
    """As many points of a data set as the study's networks were trained on, (points, 2)."""
    return plane.data(name, study.TRAIN_POINTS)


def datasets(profile: Profile) -> tuple[str, ...]:
    """The data sets of a profile."""
    return profile.pick(quick=study.DATASETS[:1], standard=study.DATASETS[:1], paper=study.DATASETS)


def seeds(profile: Profile) -> range:
    """The seeds of each target and weight."""
    return range(profile.pick(quick=2, standard=4, paper=10))


def fresh(profile: Profile) -> range:
    """Seeds that the rule on ratios is judged on: fixed, and committed, before one of them was trained."""
    return range(100, 100 + profile.pick(quick=2, standard=6, paper=10))


def fresh_datasets(profile: Profile) -> tuple[str, ...]:
    """The data sets of the new seeds: in ``standard`` one more, on which nothing had been trained."""
    return profile.pick(quick=study.DATASETS[:1], standard=study.DATASETS[:2], paper=study.DATASETS)


MULTIPLES = (0.25, 4.0)
"""Budgets beside the common one, as multiples of its steps, for networks of few seeds."""

FEW = 2
"""Seeds of each other budget."""


def keys(profile: Profile) -> list[Key]:
    """Data set, target, weight and seed of every run, in order."""
    return list(product(datasets(profile), TARGETS, WEIGHTS, seeds(profile)))


def head_keys(profile: Profile) -> list[Key]:
    """The same of the networks with a head that makes a prediction of x: no guard, and that of x."""
    return list(product(datasets(profile), HEADS, (NONE, "x"), seeds(profile)))


def fresh_keys(profile: Profile) -> list[Key]:
    """The same of the networks of new seeds: each target without a guard and under its own."""
    return [
        (name, target, weight, seed)
        for name in fresh_datasets(profile)
        for target in TARGETS
        for weight in (NONE, target)
        for seed in fresh(profile)
    ]


def other_keys(profile: Profile) -> list[Key]:
    """The same of the networks that are trained on other budgets as well: no guard, and x under its own.

    In the profile ``paper`` all targets are trained under their own.
    """
    guarded = profile.pick(quick=("x",), standard=("x",), paper=tuple(TARGETS))
    return [
        (name, target, weight, seed)
        for name, target, weight, seed in keys(profile)
        if seed in seeds(profile)[:FEW] and (weight == NONE or weight == target in guarded)
    ]


def name(key: Key, multiple: float = 1.0) -> str:
    """The name of one run in the `grid`."""
    return "/".join([*map(str, key), *([f"steps-{multiple:g}"] if multiple != 1 else [])])


def grid(profile: Profile) -> dict[str, Run]:
    """The runs, named ``dataset/target/weight/seed``, and ``steps-MULTIPLE`` after that on another budget."""
    plain = [*keys(profile), *head_keys(profile), *fresh_keys(profile)]
    budgets = [(key, 1.0) for key in plain]
    budgets += [(key, multiple) for multiple in MULTIPLES for key in other_keys(profile)]
    return {
        name(key, multiple): Run(
            loss(key[1], key[2]), key[3], plane.NET, data(key[0]), plan(profile, multiple)
        )
        for key, multiple in budgets
    }
