"""The objectives that are compared: targets, weightings of the log-SNR, and how levels are drawn."""

from __future__ import annotations

import diffcore as dc
from companion.chapters.equal_footing.logit_normal import LogitNormalFlow
from companion.chapters.equal_footing.residuals import Residual
from companion.runs.plane import BOUND, EVEN, SCHEDULE, TARGETS
from diffcore.catalogue import EDM, P2, MinSNR, Sigmoid
from diffcore.times import Stratified, TimeSampler, Uniform
from diffcore.weightings import Elbo, Native, Weighting

IN_TIME = Stratified(Uniform())
"""Levels drawn evenly in time, as in the study."""

WEIGHTINGS: dict[str, Weighting] = {
    BOUND: Elbo(),
    "x-mse": Native(dc.X),
    "v-mse": Native(dc.V),
    "eps-mse": Native(dc.EPS),
    "s-mse": Native(dc.SCORE),
    "logit-normal": LogitNormalFlow(),
    "sigmoid+2": Sigmoid(2.0),
    "sigmoid+0": Sigmoid(0.0),
    "sigmoid-3": Sigmoid(-3.0),
    "min-snr": MinSNR(5.0),
    "p2": P2(),
    "edm": EDM(),
}
"""What networks of v are trained under, by name; a constant factor on one does nothing."""


def loss(target: str, weighting: str, times: TimeSampler = EVEN, residual: bool = False) -> dc.Loss:
    """The loss of one cell.

    Args:
        target: what is predicted, a name of `TARGETS`.
        weighting: a name of `WEIGHTINGS`.
        times: how levels are drawn.
        residual: whether the best linear guess is taken off the target.
    """
    predicted = Residual(TARGETS[target]) if residual else TARGETS[target]
    return dc.Loss(SCHEDULE, predicted, WEIGHTINGS[weighting], times)
