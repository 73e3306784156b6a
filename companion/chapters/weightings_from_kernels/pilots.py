"""Networks that are trained first, to see which errors training leaves at which level, and when."""

from __future__ import annotations

from typing import NamedTuple

import diffcore as dc
from companion import study
from companion.profiles import Profile
from companion.runs import Run, plane
from diffcore.weightings import Elbo

DATASETS = study.DATASETS[:2]
"""The data sets of the committed table."""

MULTIPLES = (0.25, 0.5, 1.0)
"""Shares of the plan's steps after which pilots are looked at: each was trained for so long, to the end of
its own schedule of rates."""

SEEDS = (0, 1)
"""Of pilots: no network that is compared has one of them."""


class Pilot(NamedTuple):
    """A network of v under the bound."""

    dataset: str
    multiple: float
    seed: int


def keys(names: tuple[str, ...]) -> list[Pilot]:
    """All pilots of these data sets."""
    return [Pilot(name, part, seed) for name in names for part in MULTIPLES for seed in SEEDS]


def run(profile: Profile, pilot: Pilot) -> Run:
    """One pilot."""
    loss = dc.Loss(plane.SCHEDULE, dc.V, Elbo(), plane.EVEN)
    data = plane.data(pilot.dataset, study.TRAIN_POINTS)
    return Run(loss, pilot.seed, plane.NET, data, plane.plan(profile, pilot.multiple))
