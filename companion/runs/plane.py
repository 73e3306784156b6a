"""The small networks of 2-D data that several chapters train: what two of them name is trained once.

A run is known by what it is, so that these values, said in one place, keep the grids of chapters together.
"""

from __future__ import annotations

from functools import cache, partial

from torch import Generator, Tensor

import diffcore as dc
from companion.profiles import Profile
from diffcore.exact.data2d import DATASETS
from diffcore.networks import TimeMLP
from diffcore.targets import Target
from diffcore.times import Stratified, UniformLogSNR
from diffcore.training import Plan
from diffcore.weightings import Elbo, Native, Weighting

SCHEDULE = dc.schedules.Cosine()
"""The study's."""

ENDS = (-12.0, 12.0)
"""The log-SNRs, in nats, between which networks are trained and the bound is taken."""

EVEN = Stratified(UniformLogSNR(*ENDS))
"""Levels drawn evenly in the log-SNR."""

TARGETS: dict[str, Target] = {"x": dc.X, "eps": dc.EPS, "v": dc.V, "score": dc.SCORE}
"""What networks predict, by the study's names; s without the guard."""

BOUND, OWN = "bound", "own"
"""The study's objectives, without guards: the bound; and the plain squared error of what is predicted."""

OWN_OF = {"x": "x-mse", "eps": "eps-mse", "v": "v-mse", "score": "s-mse"}
"""The weighting that is the plain squared error of a target at uniform times, by name."""

NET = partial(TimeMLP, dims=2, width=48, depth=2, schedule=SCHEDULE)
"""Of two residual blocks, told the log-SNR."""


@cache
def data(name: str, points: int) -> Tensor:
    """As many training points of a data set, drawn once, (points, 2)."""
    return DATASETS[name]().sample(points, Generator().manual_seed(0)).float()


def loss(target: str, objective: str) -> dc.Loss:
    """The loss of one of the eight: a target under one of its two objectives."""
    predicted = TARGETS[target]
    weighting: Weighting = Elbo() if objective == BOUND else Native(predicted)
    return dc.Loss(SCHEDULE, predicted, weighting, EVEN)


def plan(profile: Profile, multiple: float = 1.0) -> Plan:
    """How long and how hard every network is trained, or a multiple of it."""
    return Plan(
        steps=round(multiple * profile.pick(quick=12, standard=1_500, paper=40_000)),
        batch=256,
        learning_rate=4e-3,
        final_learning_rate=0.0,
        ema=0.99,
    )
