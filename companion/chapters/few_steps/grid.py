"""The networks that are sampled in few steps: the eight objectives of [](19_equal_footing), its seeds.

What the two chapters share are the runs themselves: a run is named by what it is, so that equal ones are
trained once (`companion.runs.plane`). A test holds the two grids together.
"""

from __future__ import annotations

from companion import study
from companion.profiles import Profile
from companion.runs import Run, plane
from companion.runs.plane import BOUND, OWN, TARGETS

Key = tuple[str, str, str, int]
"""Data set, predicted target, objective, seed."""

OBJECTIVES = (BOUND, OWN)

FIRST = 100
"""The first seed."""


def datasets(profile: Profile) -> tuple[str, ...]:
    """The data sets of a profile: those whose shapes have a middle and a width."""
    return study.DATASETS[: profile.pick(quick=1, standard=2, paper=2)]


def seeds(profile: Profile) -> range:
    """The seeds of each cell."""
    return range(FIRST, FIRST + profile.pick(quick=2, standard=5, paper=10))


def keys(profile: Profile) -> list[Key]:
    """Every target and objective on every data set."""
    return [
        (name, target, objective, seed)
        for name in datasets(profile)
        for target in TARGETS
        for objective in OBJECTIVES
        for seed in seeds(profile)
    ]


def name(key: Key) -> str:
    """The name of one run in the `grid`."""
    return "/".join(map(str, key))


def run(profile: Profile, key: Key) -> Run:
    """One network."""
    dataset, target, objective, seed = key
    data = plane.data(dataset, study.TRAIN_POINTS)
    return Run(plane.loss(target, objective), seed, plane.NET, data, plane.plan(profile))


def grid(profile: Profile) -> dict[str, Run]:
    """The runs, named ``dataset/target/objective/seed``."""
    return {name(key): run(profile, key) for key in keys(profile)}
