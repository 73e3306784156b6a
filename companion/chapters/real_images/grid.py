"""The networks of this chapter: four targets, two objectives, several seeds, everything else equal."""

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


def loss(objective: str, target: Target) -> dc.Loss:
    """The NELBO, or the target's own squared error at uniform times, within the `ENDS`."""
    weighting = dc.weightings.Elbo() if objective == "nelbo" else dc.weightings.Native(target)
    return dc.Loss(SCHEDULE, target, weighting, dc.times.Stratified(dc.times.UniformLogSNR(*ENDS)))


def seeds(profile: Profile) -> range:
    """The seeds of each objective and target."""
    return range(profile.pick(quick=2, standard=3, paper=10))


def plan(profile: Profile) -> Plan:
    """How long and how hard every network is trained."""
    return Plan(
        steps=profile.pick(quick=10, standard=400, paper=20_000),
        batch=128,
        learning_rate=4e-3,
        final_learning_rate=0.0,
        ema=0.99,
    )


def grid(profile: Profile) -> dict[str, Run]:
    """The runs, named ``objective/target/seed``."""
    net = partial(TimeMLP, dims=64, width=128, depth=2, schedule=SCHEDULE)
    train, budget = digits.load().train, plan(profile)
    return {name(*key): Run(loss(*key[:2]), key[2], net, train, budget) for key in keys(profile)}


def keys(profile: Profile) -> list[tuple[str, Target, int]]:
    """Objective, target and seed of every run, in order."""
    return list(product(OBJECTIVES, TARGETS, seeds(profile)))


def name(objective: str, target: Target, seed: int) -> str:
    """The name of one run in the `grid`."""
    return f"{objective}/{target.name}/{seed}"
