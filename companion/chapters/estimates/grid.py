"""The network of this chapter: one of v, trained on the bound, which chapter 19 trains too."""

from __future__ import annotations

from functools import partial

from torch import Generator

import diffcore as dc
from companion import study
from companion.profiles import Profile
from companion.runs import Run
from diffcore.exact.data2d import DATASETS
from diffcore.networks import TimeMLP
from diffcore.times import Stratified, UniformLogSNR
from diffcore.training import Plan

SCHEDULE = dc.schedules.Cosine()
"""The study's."""

ENDS = (-12.0, 12.0)
"""The log-SNRs, in nats, between which the bound is taken, and the network trained."""

NAME = "rings"
"""The data set of the network."""

SEED = 100
"""The first of chapter 19's seeds: the run is the same, and trained once."""


def grid(profile: Profile) -> dict[str, Run]:
    """The one run."""
    plan = Plan(
        steps=profile.pick(quick=12, standard=1_500, paper=40_000),
        batch=256,
        learning_rate=4e-3,
        final_learning_rate=0.0,
        ema=0.99,
    )
    net = partial(TimeMLP, dims=2, width=48, depth=2, schedule=SCHEDULE)
    data = DATASETS[NAME]().sample(study.TRAIN_POINTS, Generator().manual_seed(0)).float()
    loss = dc.Loss(SCHEDULE, dc.V, times=Stratified(UniformLogSNR(*ENDS)))
    return {NAME: Run(loss, SEED, net, data, plan)}
