"""What is timed of training: many small models, and few large ones against their bare products."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise

import torch
from torch import Generator, Tensor
from torch.utils.flop_counter import FlopCounterMode

import diffcore as dc
from diffcore.draws import Draws
from diffcore.networks import StudyMLP, initialised
from diffcore.schedules import Cosine
from diffcore.times import Uniform
from diffcore.training import Plan, Trainer
from tests.benchmarks.side_by_side import Pair

SCHEDULE, UNIFORM = Cosine(), Uniform()
DEPTH, MANY, NARROW, FEW, WIDE, LARGE = 7, 32, 64, 4, 512, 1_024
SMALL = 256
"""Batch of the narrow models; of the wide ones it is `LARGE`."""


def data(dtype: torch.dtype) -> Tensor:
    """Points to train on."""
    return torch.randn((4_096, 2), generator=Generator().manual_seed(2), dtype=dtype)


def trainer(models: int, width: int, batch: int, dtype: torch.dtype) -> Trainer:
    """Models of v under the bound, each of a seed of its own."""
    loss = dc.Loss(SCHEDULE, dc.V)
    make = partial(StudyMLP, width=width, depth=DEPTH)
    plan = Plan(steps=10**6, batch=batch)
    return Trainer(make, [loss] * models, list(range(models)), data(dtype), plan)


class Alone:
    """The same models in plain torch, one after the other; only the random numbers are drawn by our code.

    Args:
        models: how many.
        width: of each.
        batch: examples in a step.
        dtype: of all.
    """

    def __init__(self, models: int, width: int, batch: int, dtype: torch.dtype) -> None:
        make = partial(StudyMLP, width=width, depth=DEPTH)
        self.nets = [initialised(make, seed).to(dtype) for seed in range(models)]
        self.optimisers = [
            torch.optim.Adam(net.parameters(), lr=1e-3, fused=True) for net in self.nets
        ]
        self.draws = Draws(data(dtype), batch, range(models), [UNIFORM], shuffled=False)
        self.steps = 0

    def step(self) -> Tensor:
        """One step of every model; their losses, (models,)."""
        drawn, found = self.draws.of_step(self.steps), []
        for seed, (net, optimiser) in enumerate(zip(self.nets, self.optimisers, strict=True)):
            x, eps, u = drawn[seed]
            t = u[UNIFORM][:, None]
            angle = math.pi / 2 * t
            alpha, sigma = torch.cos(angle).to(x), torch.sin(angle).to(x)
            z, v = alpha * x + sigma * eps, alpha * eps - sigma * x
            weight = (math.pi / torch.sin(2 * angle) * torch.cos(angle) ** 2).to(x)
            loss = (weight * (v - net(z, t[:, 0].to(x))).square()).sum(1).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            found.append(loss.detach())
        self.steps += 1
        return torch.stack(found)


def many() -> Iterator[Pair]:
    """Many narrow models at once, against one after the other."""
    together = trainer(MANY, NARROW, SMALL, torch.float32)
    alone = Alone(MANY, NARROW, SMALL, torch.float32)

    def computed() -> tuple[Tensor, Tensor]:
        ours = trainer(MANY, NARROW, SMALL, torch.float64)
        theirs = Alone(MANY, NARROW, SMALL, torch.float64)
        losses = [torch.stack([side.step() for _ in range(3)]) for side in (ours, theirs)]
        return losses[0], losses[1]

    name = f"Trainer, {MANY} of {DEPTH} x {NARROW}, a step"
    yield Pair(name, "a loop in plain torch", together.step, alone.step, computed, 1.0, 1e-7)


def products(models: int, width: int, batch: int) -> Callable[[], None]:
    """The matrix products of a training step, and nothing else: forward, and both of the way back.

    The first layer asks for no gradient of its input.
    """
    generator = Generator().manual_seed(0)
    sizes = [3] + [width] * DEPTH + [2]
    weights = [torch.randn((models, a, b), generator=generator) for a, b in pairwise(sizes)]
    inputs = [torch.randn((models, batch, n), generator=generator) for n in sizes]

    def run() -> None:
        for k, weight in enumerate(weights):
            torch.bmm(inputs[k], weight)
        for k, weight in reversed(list(enumerate(weights))):
            torch.bmm(inputs[k].mT, inputs[k + 1])
            if k:
                torch.bmm(inputs[k + 1], weight.mT)

    return run


def counted(run: Callable[[], object]) -> Tensor:
    """The multiplications and additions of the matrix products of a run, ()."""
    with FlopCounterMode(display=False) as counter:
        run()
    return torch.tensor(counter.get_total_flops())


def few() -> Iterator[Pair]:
    """A few wide models against their bare products: the counts of operations are what is the same."""
    together, bare = trainer(FEW, WIDE, LARGE, torch.float32), products(FEW, WIDE, LARGE)
    name = f"Trainer, {FEW} of {DEPTH} x {WIDE}, a step"

    def computed() -> tuple[Tensor, Tensor]:
        return counted(together.step), counted(bare)

    yield Pair(name, "its bare products", together.step, bare, computed, 1.15, 1e-12)
