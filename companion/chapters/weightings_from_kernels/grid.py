"""The networks that are compared: derived weightings, the study's eight objectives, and the catalogue's.

The eight, and other weightings of v, are runs of [](19_equal_footing): a run is named by what it is, so
that equal ones are trained once. A test holds the two grids together.
"""

from __future__ import annotations

from functools import cache

import diffcore as dc
from companion import study
from companion.chapters.weightings_from_kernels import measured, pilots, rules
from companion.chapters.weightings_from_kernels.pilots import Pilot
from companion.profiles import Profile
from companion.runs import Run, plane
from companion.runs.plane import BOUND, EVEN, OWN_OF, SCHEDULE, TARGETS
from diffcore.catalogue import EDM, MinSNR, Sigmoid
from diffcore.weightings import Elbo, Native, Weighting

Key = tuple[str, str, str, int]
"""Data set, predicted target, weighting, seed."""

CATALOGUE: dict[str, Weighting] = {
    BOUND: Elbo(),
    **{name: Native(TARGETS[target]) for target, name in OWN_OF.items()},
    "sigmoid+2": Sigmoid(2.0),
    "sigmoid-3": Sigmoid(-3.0),
    "min-snr": MinSNR(5.0),
    "edm": EDM(),
}
"""Weightings that were not derived here, by name."""

DERIVED_FOR = ("eps", "v")
"""Targets of the networks under derived weightings."""


def datasets(profile: Profile) -> tuple[str, ...]:
    """The data sets of a profile."""
    return profile.pick(quick=pilots.DATASETS[:1], standard=pilots.DATASETS, paper=pilots.DATASETS)


def targets(profile: Profile) -> tuple[str, ...]:
    """Those that are predicted under derived weightings."""
    return profile.pick(quick=DERIVED_FOR[1:], standard=DERIVED_FOR, paper=DERIVED_FOR)


def seeds(profile: Profile) -> range:
    """Seeds of each cell: those of chapter 19."""
    return range(100, 100 + profile.pick(quick=2, standard=5, paper=10))


@cache
def derived(name: str) -> dict[str, Weighting]:
    """The derived weightings of a data set."""
    levels = measured.table()
    return rules.weightings(levels[levels["dataset"] == name])


def eight_keys(profile: Profile) -> list[Key]:
    """The study's eight objectives without guards: each target under the bound and its own squared error."""
    return [
        (name, target, weighting, seed)
        for name in datasets(profile)
        for target in TARGETS
        for weighting in (BOUND, OWN_OF[target])
        for seed in seeds(profile)
    ]


def catalogue_keys(profile: Profile) -> list[Key]:
    """Networks of v under every weighting of the catalogue; two of them are among the eight."""
    return [
        (name, "v", weighting, seed)
        for name in datasets(profile)
        for weighting in CATALOGUE
        for seed in seeds(profile)
    ]


def derived_keys(profile: Profile) -> list[Key]:
    """Networks under derived weightings."""
    return [
        (name, target, weighting, seed)
        for name in datasets(profile)
        for target in targets(profile)
        for weighting in rules.NAMES
        for seed in seeds(profile)
    ]


def weightings(profile: Profile) -> tuple[str, ...]:
    """Every weighting that networks are trained under, by name."""
    return tuple(dict.fromkeys(key[2] for key in keys(profile)))


def keys(profile: Profile) -> list[Key]:
    """Every network that is compared, once."""
    every = [*eight_keys(profile), *catalogue_keys(profile), *derived_keys(profile)]
    return list(dict.fromkeys(every))


def pilot_keys(profile: Profile) -> list[Pilot]:
    """Every pilot."""
    return pilots.keys(datasets(profile))


def name(key: Key) -> str:
    """The name of one run in the `grid`."""
    return "/".join(map(str, key))


def pilot_name(pilot: Pilot) -> str:
    """The name of a pilot in the `grid`."""
    return f"pilot/{pilot.dataset}/{pilot.multiple:g}/{pilot.seed}"


def run(profile: Profile, key: Key) -> Run:
    """One network."""
    dataset, target, weighting, seed = key
    weights = CATALOGUE.get(weighting) or derived(dataset)[weighting]
    loss = dc.Loss(SCHEDULE, TARGETS[target], weights, EVEN)
    data = plane.data(dataset, study.TRAIN_POINTS)
    return Run(loss, seed, plane.NET, data, plane.plan(profile))


def grid(profile: Profile) -> dict[str, Run]:
    """The runs: ``dataset/target/weighting/seed``, and ``pilot/dataset/share/seed``."""
    compared = {name(key): run(profile, key) for key in keys(profile)}
    first = {pilot_name(pilot): pilots.run(profile, pilot) for pilot in pilot_keys(profile)}
    return compared | first
