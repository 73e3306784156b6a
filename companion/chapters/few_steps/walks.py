"""Chains from given noise: many networks side by side, from any first level, the one at t = 1 included.

:func:`diffcore.samplers.sample` draws its own noise and starts at a finite log-SNR. Here several networks
start from the same noise and meet the same fresh noise on their way, so that what differs is theirs alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Generator, Tensor
from torch.func import functional_call, vmap

from companion.runs import Trained
from companion.runs.run import module
from diffcore.denoisers import Denoiser, NetDenoiser
from diffcore.samplers import Chain, GaussianStep, Level, Predicted, Solver
from diffcore.schedules import Schedule
from diffcore.targets import Target, X


class Together(NetDenoiser):
    """Trained networks of one shape and target as one denoiser: each sees its own part of the batch.

    Args:
        trained: the networks; their batch is theirs one after the other, in equal parts.
    """

    def __init__(self, trained: Sequence[Trained]) -> None:
        self.copies = len(trained)
        first = trained[0].run
        shared = module(first).requires_grad_(False)
        state = {
            name: torch.stack([one.weights[name] for one in trained]) for name in trained[0].weights
        }

        def alone(weights: dict[str, Tensor], z: Tensor, t: Tensor) -> Tensor:
            return functional_call(shared, weights, (z, t))

        every = vmap(alone, in_dims=(0, 0, None))

        def net(z: Tensor, t: Tensor) -> Tensor:
            each = len(z) // self.copies
            found = every(state, z.reshape(self.copies, each, -1), t[:each])  # one time for all
            return found.reshape(z.shape)

        super().__init__(net, first.loss.schedule, first.loss.target)


@dataclass(frozen=True, eq=False)
class Starting(Denoiser):
    """A denoiser that leaves its first levels to another.

    Attributes:
        other: asked at the log-SNR ``level`` and below, nats.
        rest: asked above it.
        level: the last log-SNR of the other's.
    """

    other: Denoiser
    rest: Denoiser
    level: float

    @property
    def schedule(self) -> Schedule:  # type: ignore[override]
        """The forward process, that of the rest."""
        return self.rest.schedule

    def _asked(self, t: Tensor) -> Denoiser:
        return self.other if bool((self.schedule.log_snr(t) <= self.level).all()) else self.rest

    def predict(self, z: Tensor, t: Tensor, target: Target = X) -> Tensor:
        """See :meth:`Denoiser.predict`."""
        return self._asked(t).predict(z, t, target)

    def predict_pair(self, z: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """See :meth:`Denoiser.predict_pair`."""
        return self._asked(t).predict_pair(z, t)


@torch.no_grad()
def walk(
    denoiser: Denoiser,
    noise: Tensor,
    levels: Sequence[Level],
    solver: Solver,
    generator: Generator,
    copies: int = 1,
) -> Tensor:
    """What is predicted of x at the end of a chain from ``noise``, as :func:`diffcore.samplers.sample` walks.

    Args:
        denoiser: of ``copies`` networks `Together`, or of one.
        noise: (n, ...), the latents at the first level, the same for every network.
        levels: of the chain, from noise to data.
        solver: how one step is made.
        generator: of fresh noise, which all networks share too.
        copies: how many networks.

    Returns:
        (copies, n, ...); not finite where a step has left what is not.
    """
    dtype = noise.dtype

    def predict(z: Tensor, level: Level) -> Predicted:
        return Predicted(level, z, *denoiser.predict_pair(z, level.t))

    z = noise.repeat(copies, *[1] * (noise.ndim - 1))
    before: Predicted | None = None
    for at, there in pairwise(levels):
        here = predict(z, at)
        z = _stepped(here, there, solver, Chain(predict, generator, before), copies).to(dtype)
        before = here
    x = denoiser.predict(z, levels[-1].t, X).to(dtype)
    return x.reshape(copies, *noise.shape)


def _stepped(here: Predicted, there: Level, solver: Solver, chain: Chain, copies: int) -> Tensor:
    """A step; what it draws is drawn once and repeated for each network."""
    if not isinstance(solver, GaussianStep):
        return solver.step(here, there, chain)
    mean, deviation = solver.law(here, there)
    if deviation is None:
        return mean
    shape = len(mean) // copies, *mean.shape[1:]
    fresh = torch.randn(shape, generator=chain.generator, dtype=mean.dtype)
    return mean + torch.as_tensor(deviation).to(mean.dtype) * fresh.repeat(
        copies, *[1] * (mean.ndim - 1)
    )
