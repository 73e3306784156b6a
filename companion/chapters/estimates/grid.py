"""The network of this chapter: one of v, trained on the bound, which chapter 19 trains too."""

from __future__ import annotations

import diffcore as dc
from companion import study
from companion.profiles import Profile
from companion.runs import Run, plane
from companion.runs.plane import EVEN, SCHEDULE

NAME = "rings"
"""The data set of the network."""

SEED = 100
"""The first of chapter 19's seeds: the run is the same, and trained once."""


def grid(profile: Profile) -> dict[str, Run]:
    """The one run."""
    data = plane.data(NAME, study.TRAIN_POINTS)
    loss = dc.Loss(SCHEDULE, dc.V, times=EVEN)
    return {NAME: Run(loss, SEED, plane.NET, data, plane.plan(profile))}
