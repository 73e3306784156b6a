"""The networks of this chapter: four targets, two objectives, several seeds and budgets, all else equal."""

from __future__ import annotations

from functools import partial
from itertools import product

import diffcore as dc
from companion.datasets import digits
from companion.profiles import Profile
from companion.runs import Run
from diffcore.networks import TimeMLP
from diffcore.targets import Target
from diffcore.training import Plan

SCHEDULE = dc.schedules.Cosine()
ENDS = (-8.0, 8.0)
"""The log-SNRs, in nats, between which networks are trained and the bound is taken."""
TARGETS = (dc.X, dc.EPS, dc.V, dc.SCORE)
OBJECTIVES = ("nelbo", "weighted")

Key = tuple[str, Target, int]
"""Objective, target, seed."""


def loss(objective: str, target: Target) -> dc.Loss:
    """The NELBO, or the target's own squared error at uniform times, within the `ENDS`."""
    weighting = dc.weightings.Elbo() if objective == "nelbo" else dc.weightings.Native(target)
    return dc.Loss(SCHEDULE, target, weighting, dc.times.Stratified(dc.times.UniformLogSNR(*ENDS)))


def seeds(profile: Profile) -> range:
    """The seeds of each objective and target."""
    return range(profile.pick(quick=2, standard=3, paper=10))


def budgets(profile: Profile) -> tuple[int, ...]:
    """Steps, rising: networks are compared after the most; the fewer say what training changes."""
    return profile.pick(quick=(5, 10), standard=(400, 1_265, 4_000), paper=(2_000, 6_325, 20_000))


def longest(profile: Profile) -> int:
    """Steps of few networks more, which say whether the most were enough."""
    return profile.pick(quick=15, standard=12_650, paper=60_000)


def plan(steps: int) -> Plan:
    """How long and how hard every network is trained."""
    return Plan(
        steps,
        batch=128,
        learning_rate=4e-3,
        final_learning_rate=0.0,
        ema=0.99,
    )


def grid(profile: Profile) -> dict[str, Run]:
    """The runs, named ``objective/target/seed/steps-STEPS``."""
    net = partial(TimeMLP, dims=64, width=128, depth=2, schedule=SCHEDULE)
    train = digits.load().train
    return {
        name(*key, steps): Run(loss(*key[:2]), key[2], net, train, plan(steps))
        for steps, found in keys_by_steps(profile).items()
        for key in found
    }


def keys(profile: Profile) -> list[Key]:
    """Objective, target and seed of the runs of each budget, in order."""
    return list(product(OBJECTIVES, TARGETS, seeds(profile)))


def keys_by_steps(profile: Profile) -> dict[int, list[Key]]:
    """The same by steps, and those of the `longest` training: on the NELBO, of one seed."""
    most = {steps: keys(profile) for steps in budgets(profile)}
    return most | {longest(profile): [("nelbo", target, 0) for target in TARGETS]}


def name(objective: str, target: Target, seed: int, steps: int) -> str:
    """The name of one run in the `grid`."""
    return f"{objective}/{target.name}/{seed}/steps-{steps}"
