"""The networks of this chapter: targets, weightings, and what else could make the difference."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import product

from torch import Tensor

from companion import study
from companion.chapters.equal_footing.objectives import IN_TIME, WEIGHTINGS, loss
from companion.profiles import Profile
from companion.runs import Run, plane
from companion.runs.plane import BOUND, EVEN, OWN_OF, SCHEDULE, TARGETS
from diffcore.networks import TimeMLP
from diffcore.training import Plan

Key = tuple[str, str, str, str, int]
"""Data set, predicted target, weighting, variant, seed."""

PLAIN, SKIP, EQUALISED, QUARTER = "plain", "skip", "equalised", "quarter"
"""Variants on all data sets: none; the residual of the target; each level's gradient made of one size; a
quarter of the steps."""

OTHERS = ("fourfold", "wide", "raw-time", "last-weights", "constant-rate", "even-in-time")
"""Variants of few seeds on the first data set: four times the steps; twice the width; the network told t
and not the log-SNR; no average of weights; no decay of the learning rate; levels drawn evenly in time."""

WIDTH, DEPTH = 48, 2

BINS = 24
"""Equal parts of the log-SNR in which gradients are equalised."""

FEW = 2
"""Seeds of each of `OTHERS`: the first of chapter 14, which trains some of them too."""

SKIPPED = 3
"""Seeds of networks of residuals."""

ONLY_PAPER = ("sigmoid+0", "p2")
"""Weightings that are left out but in the profile ``paper``: each is close to another."""


def data(name: str) -> Tensor:
    """As many points of a data set as the study's networks were trained on, (points, 2)."""
    return plane.data(name, study.TRAIN_POINTS)


def datasets(profile: Profile) -> tuple[str, ...]:
    """The data sets of a profile."""
    return profile.pick(quick=study.DATASETS[:1], standard=study.DATASETS[:2], paper=study.DATASETS)


def seeds(profile: Profile) -> range:
    """The seeds of each cell: those of chapter 14's new seeds, so that what both train is trained once."""
    return range(100, 100 + profile.pick(quick=2, standard=5, paper=10))


def plan(profile: Profile, variant: str = PLAIN) -> Plan:
    """How long and how hard every network of a variant is trained."""
    multiple = {QUARTER: 0.25, "fourfold": 4.0}.get(variant, 1.0)
    common = plane.plan(profile, multiple)
    if variant == "last-weights":
        return replace(common, ema=0.0)
    if variant == "constant-rate":
        return replace(common, final_learning_rate=None)
    if variant == EQUALISED:
        return replace(common, bins=BINS, equalised=True)
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


def weightings(profile: Profile) -> tuple[str, ...]:
    """The weightings that networks of v are trained under."""
    few = tuple(w for w in WEIGHTINGS if w not in ONLY_PAPER)
    return profile.pick(quick=few, standard=few, paper=tuple(WEIGHTINGS))


def weighting_keys(profile: Profile) -> list[Key]:
    """Networks of v under every weighting; two of them are among the eight."""
    every = product(datasets(profile), ["v"], weightings(profile), [PLAIN], seeds(profile))
    return list(every)


def bound_keys(profile: Profile, variant: str) -> list[Key]:
    """The four targets under the bound, in a variant."""
    return [key for key in eight_keys(profile, variant) if key[2] == BOUND]


def skip_keys(profile: Profile) -> list[Key]:
    """Networks of residuals, but that of v, which is v itself; few seeds."""
    few = seeds(profile)[:SKIPPED]
    return [key for key in bound_keys(profile, SKIP) if key[1] != "v" and key[4] in few]


def other_keys(profile: Profile, variant: str) -> list[Key]:
    """The four targets under the bound, in one of `OTHERS` or plain: few seeds of the first data set."""
    cells = product(datasets(profile)[:1], TARGETS, [BOUND], [variant], range(FEW))
    return list(cells)


def other_cells(profile: Profile) -> list[Key]:
    """Plain networks and those of every variant on few seeds of the first data set, where there are some."""
    known = keys(profile)
    few = [key for variant in (PLAIN, *OTHERS) for key in other_keys(profile, variant)]
    return [key for key in few if key in known]


def keys(profile: Profile) -> list[Key]:
    """Every network, once."""
    found = [
        *eight_keys(profile),
        *weighting_keys(profile),
        *eight_keys(profile, QUARTER),
        *bound_keys(profile, EQUALISED),
        *skip_keys(profile),
        *(key for variant in (PLAIN, *OTHERS) for key in other_keys(profile, variant)),
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


def weights() -> int:
    """Parameters of a network."""
    return sum(p.numel() for p in net()().parameters())
