"""The random numbers of training: one stream for each seed, whichever models are trained side by side."""

import math
import zlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from diffcore.losses import noise_like
from diffcore.times import TimeSampler, uniform


class Draw(NamedTuple):
    """One step's random numbers for one seed: data and noise (batch, ...), uniforms (batch,) by sampler."""

    x: Tensor
    eps: Tensor
    u: dict[TimeSampler, Tensor]


class Draws:
    """Data, noise and uniforms of each step.

    Args:
        data: (examples, ...).
        batch: examples in a step.
        seeds: of the streams; a seed that is named twice has one.
        samplers: the time samplers that ask for uniforms.
        shuffled: go through the data in a new order in each pass, the last batch of a pass being what
            remains; if not, every batch is drawn with replacement.
    """

    def __init__(
        self,
        data: Tensor,
        batch: int,
        seeds: Sequence[int],
        samplers: Iterable[TimeSampler],
        *,
        shuffled: bool,
    ) -> None:
        self.data, self.batch, self.shuffled = data, batch, shuffled
        self.samplers = list(samplers)
        self.generators = {
            seed: Generator(device=data.device).manual_seed(seed) for seed in dict.fromkeys(seeds)
        }
        self._orders: dict[int, tuple[int, Tensor]] = {}

    def of_step(self, step: int) -> dict[int, Draw]:
        """The random numbers of a step, by seed; steps are asked for in order, from 0."""
        return {seed: self._of_seed(seed, step) for seed in self.generators}

    def _of_seed(self, seed: int, step: int) -> Draw:
        generator = self.generators[seed]
        x = self.data[self._rows(seed, step)]
        eps = noise_like(x, generator)
        # Every kind of time sampler starts from the same random numbers, and the stream goes on from
        # the same place whichever were asked: a model's numbers do not depend on its company.
        before, u = generator.get_state(), {}
        for times in self.samplers:
            generator.set_state(before)
            u[times] = times.draw(len(x), generator)
        generator.set_state(before)
        uniform(len(x), generator)
        return Draw(x, eps, u)

    def _rows(self, seed: int, step: int) -> Tensor:
        """Which examples are in a step's batch."""
        examples, device = len(self.data), self.data.device
        if not self.shuffled:
            generator = self.generators[seed]
            return torch.randint(examples, (self.batch,), generator=generator, device=device)
        done, place = divmod(step, math.ceil(examples / self.batch))
        if self._orders.get(seed, (-1,))[0] != done:
            # Of the seed and the pass alone, so that it is the same after a resumption. A hash of 32 bits,
            # since torch's generator of the CPU reads no more of a seed.
            own = zlib.crc32(f"{seed} {done}".encode())
            generator = Generator(device=device).manual_seed(own)
            order = torch.randperm(examples, generator=generator, device=device)
            self._orders[seed] = done, order
        return self._orders[seed][1][place * self.batch : (place + 1) * self.batch]
