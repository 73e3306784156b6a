"""How the study's published code draws samples in 2-D: one loop, and a solver for each target."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from diffcore.denoisers import Denoiser
from diffcore.published import GUARD, ScoreWalk
from diffcore.samplers import DDIM, Grid, Solver, UniformTime, trajectory
from diffcore.schedules import Cosine

STEPS, SAMPLES, MARGIN = 512, 2_000, 1e-4
"""Of the study's 2-D evaluation: steps, samples, and how far its times stay from 0 and 1."""

SCHEDULE = Cosine()
WINDOW: tuple[float, float] = tuple(
    SCHEDULE.log_snr(torch.tensor([1 - MARGIN, MARGIN], dtype=torch.float64)).tolist()
)
"""Log-SNRs at its first and last time, nats."""


EVEN_TIMES = UniformTime()
"""Its grid."""


@dataclass(frozen=True)
class Rule:
    """How the samples of a target are drawn.

    Attributes:
        solver: the sampler's steps.
        left_out: how many of the last steps are not made: one in the study's loop for s.
        grid: at which noise levels.
        window: log-SNRs at its ends, nats.
    """

    solver: Solver
    left_out: int = 0
    grid: Grid = EVEN_TIMES
    window: tuple[float, float] = WINDOW


OWN = {
    "x": Rule(DDIM(eta=1)),
    "eps": Rule(DDIM(eta=1)),
    "v": Rule(DDIM()),
    "score": Rule(ScoreWalk(GUARD), left_out=1),
}
"""The study's rule for each target."""


def draw(
    denoiser: Denoiser,
    rule: Rule,
    n: int,
    steps: int,
    generator: Generator,
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """``n`` samples, (n, 2), by the study's loop: the latents where it ends.

    Args:
        denoiser: a network or an exact posterior mean, on the cosine schedule.
        rule: of the steps.
        n: samples.
        steps: of the loop, left-out ones included.
        generator: the only source of randomness.
        dtype: of the samples.
    """
    _, latents = trajectory(
        denoiser, (n, 2), steps, generator, rule.solver, rule.grid, rule.window, dtype
    )
    return latents[len(latents) - 1 - rule.left_out]
