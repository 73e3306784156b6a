"""The networks whose samples are predicted: the eight objectives of [](19_equal_footing), on four data sets.

What this chapter shares with "Equal footing" are the runs themselves: a run is named by what it is, so that
equal ones are trained once (`companion.runs.plane`). A test holds the two grids together.
"""

from __future__ import annotations

from companion import study
from companion.profiles import Profile
from companion.runs import Run, plane
from companion.runs.plane import BOUND, OWN, TARGETS

Key = tuple[str, str, str, int]
"""Data set, predicted target, objective, seed."""

FIRST = 100
"""The first seed: networks of other seeds were looked at before the rules were written, none of these."""


def seeds(profile: Profile, name: str) -> range:
    """Seeds on a data set: fewer on the two that no other chapter trains these networks on."""
    few = name not in study.DATASETS[:2]
    count = profile.pick(quick=1, standard=3 if few else 5, paper=10)
    return range(FIRST, FIRST + count)


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
    data = plane.data(dataset, study.TRAIN_POINTS)
    return Run(plane.loss(target, objective), seed, plane.NET, data, plane.plan(profile))


def grid(profile: Profile) -> dict[str, Run]:
    """The runs, named ``dataset/target/objective/seed``."""
    return {name(key): run(profile, key) for key in keys(profile)}
