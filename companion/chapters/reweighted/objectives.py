"""The objectives that the chapter "What a reweighted loss bounds" asks about."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from companion import study
from companion.chapters.reweighted.levels import WINDOW
from companion.evidence.style import SYMBOLS
from diffcore.catalogue import EDM, P2, MinSNR, Sigmoid
from diffcore.published import Published
from diffcore.schedules import Cosine, RectifiedFlow, Schedule
from diffcore.targets import VELOCITY
from diffcore.weightings import Elbo, Native, Weighting

COSINE = Cosine()
"""The study's schedule."""

ROUNDING = 1e-12
"""A weight that rises by less than this, relatively, is flat."""


@dataclass(frozen=True)
class Objective:
    """A loss as a weighting of the log-SNR.

    Attributes:
        name: what it is called.
        weighting: diffcore's.
        schedule: of its uniform times, where it has such.
        target: what it predicts, for the eight published ones; empty for others.
    """

    name: str
    weighting: Weighting
    schedule: Schedule = COSINE
    target: str = ""

    def weight(self, log_snr: Tensor) -> Tensor:
        """w at each log-SNR, elementwise."""
        return self.weighting(log_snr, self.schedule)

    @property
    def never_rises(self) -> bool:
        """Whether w rises nowhere in `WINDOW`, between neighbours among 2,001 levels."""
        w = self.weight(torch.linspace(*WINDOW, 2001, dtype=torch.float64))
        return bool((w[1:] <= w[:-1] * (1 + ROUNDING)).all())


PUBLISHED = tuple(
    Objective(f"{kind}, {SYMBOLS[target]}", Published(loss, target), target=target)
    for loss, kind in study.OBJECTIVE_TITLES.items()
    for target in study.TARGETS
)
"""The eight losses of the study, with their guards."""

OBJECTIVES = (
    *PUBLISHED,
    Objective("NELBO, no guard", Elbo()),
    Objective("sigmoid, $b = 2$", Sigmoid(2.0)),
    Objective("$u$, flow", Native(VELOCITY), RectifiedFlow()),
    Objective(r"Min-SNR, $\gamma = 5$", MinSNR(5.0)),
    Objective("P2, $g = k = 1$", P2()),
    Objective("EDM", EDM()),
)
"""These, and some of the catalogue."""
