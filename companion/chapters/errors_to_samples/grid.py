"""The networks whose samples are predicted: the eight objectives of [](19_equal_footing), on four data sets.

What this chapter shares with "Equal footing" are the runs themselves: a run is named by what it is, so that
equal ones are trained once. A test holds the two grids together.
"""

from __future__ import annotations

from functools import cache, partial

from torch import Generator, Tensor

import diffcore as dc
from companion import study
from companion.profiles import Profile
from companion.runs import Run
from diffcore.exact.data2d import DATASETS
from diffcore.networks import TimeMLP
from diffcore.targets import Target
from diffcore.times import Stratified, UniformLogSNR
from diffcore.training import Plan
from diffcore.weightings import Elbo, Native, Weighting

Key = tuple[str, str, str, int]
"""Data set, predicted target, objective, seed."""

SCHEDULE = dc.schedules.Cosine()
"""The study's."""

ENDS = (-12.0, 12.0)
"""The log-SNRs, in nats, between which networks are trained, and samples drawn."""

TARGETS: dict[str, Target] = {"x": dc.X, "eps": dc.EPS, "v": dc.V, "score": dc.SCORE}
"""What networks predict, by the study's names; s without the guard."""

BOUND, OWN = "bound", "own"
"""The unguarded bound; and the plain squared error of what is predicted, at uniform times."""

FIRST = 100
"""The first seed: networks of other seeds were looked at before the rules were written, none of these."""


@cache
def data(name: str) -> Tensor:
    """As many points of a data set as the study's networks were trained on, (points, 2)."""
    return DATASETS[name]().sample(study.TRAIN_POINTS, Generator().manual_seed(0)).float()


def seeds(profile: Profile, name: str) -> range:
    """Seeds on a data set: fewer on the two that no other chapter trains these networks on."""
    few = name not in study.DATASETS[:2]
    count = profile.pick(quick=1, standard=3 if few else 5, paper=10)
    return range(FIRST, FIRST + count)


def plan(profile: Profile) -> Plan:
    """How long and how hard every network is trained."""
    return Plan(
        steps=profile.pick(quick=12, standard=1_500, paper=40_000),
        batch=256,
        learning_rate=4e-3,
        final_learning_rate=0.0,
        ema=0.99,
    )


def keys(profile: Profile) -> list[Key]:
    """The population: every target and objective on every data set."""
    return [
        (name, target, objective, seed)
        for name in study.DATASETS
        for target in TARGETS
        for objective in (BOUND, OWN)
        for seed in seeds(profile, name)
    ]


def name(key: Key) -> str:
    """The name of one run in the `grid`."""
    return "/".join(map(str, key))


def run(profile: Profile, key: Key) -> Run:
    """One network."""
    dataset, target, objective, seed = key
    predicted = TARGETS[target]
    weighting: Weighting = Elbo() if objective == BOUND else Native(predicted)
    loss = dc.Loss(SCHEDULE, predicted, weighting, Stratified(UniformLogSNR(*ENDS)))
    net = partial(TimeMLP, dims=2, width=48, depth=2, schedule=SCHEDULE)
    return Run(loss, seed, net, data(dataset), plan(profile))


def grid(profile: Profile) -> dict[str, Run]:
    """The runs, named ``dataset/target/objective/seed``."""
    return {name(key): run(profile, key) for key in keys(profile)}
