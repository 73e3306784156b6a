r"""The gradient of a loss, level by level: how large it is, and how much of it is signal.

At one noise level the gradient of one example is a random vector g. Its *signal* is :math:`\|E g\|^2`, its
*noise* the trace of its covariance, :math:`E\|g - E g\|^2`. Both are estimated without bias from independent
examples; a factor on the loss of a level multiplies both by its square, so their ratio does not see it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

import pandas as pd
import torch
from torch import Generator, Tensor, nn
from torch.func import functional_call, grad, vmap

from companion.chapters.equal_footing.grid import Key
from companion.chapters.equal_footing.objectives import ENDS
from companion.chapters.equal_footing.results import MODEL
from companion.runs import Trained
from companion.runs.run import module
from diffcore.losses import Loss, Task, noise_like
from diffcore.times import Times

LEVELS = 12
"""Equal slices of the log-SNR."""

PART = 32
"""Examples whose gradients are held at once."""

FIRST, LAST = "first", "last"
"""Weights before training, and those that are evaluated."""


def per_example(net: nn.Module, weights: Mapping[str, Tensor], task: Task) -> Tensor:
    """The gradient of each example's loss with respect to all parameters, (examples, parameters)."""
    names = [name for name, _ in net.named_parameters()]
    parameters = {name: weights[name] for name in names}
    buffers = {name: value for name, value in weights.items() if name not in parameters}

    def value(given: dict[str, Tensor], one: Task) -> Tensor:
        z, t, truth, factor = (part[None] for part in one)
        prediction = functional_call(net, (given, buffers), (z, t))
        return Task(z, t, truth, factor).value(prediction).sum()

    found = vmap(grad(value), in_dims=(None, 0))(parameters, task)
    return torch.cat([found[name].flatten(1) for name in names], 1)


def in_parts(task: Task) -> Iterator[tuple[Tensor, ...]]:
    """The task, `PART` examples at a time: their gradients stay in the processor's memory."""
    return zip(*(part.split(PART) for part in task), strict=True)


def task_at(
    loss: Loss, data: Tensor, low: float, high: float, generator: Generator, n: int
) -> Task:
    """What is asked of a network at ``n`` levels spread over a slice of the log-SNR, as in training."""
    rows = torch.randint(len(data), (n,), generator=generator)
    x = data[rows]
    part = torch.rand(n, generator=generator, dtype=torch.float64)
    log_snr = low + (high - low) * (torch.arange(n) + part) / n
    density = torch.full_like(log_snr, 1 / (ENDS[1] - ENDS[0]))
    times = Times(loss.schedule.time_of(log_snr), log_snr, density)
    return loss.task(x, noise_like(x, generator), times)


def moments(parts: Iterable[Tensor]) -> tuple[Tensor, float, float]:
    """Of independent gradients, in parts (n, p): their mean (p,), unbiased estimates of signal and noise."""
    count, total, squares = 0, torch.zeros((), dtype=torch.float64), 0.0
    for part in parts:
        each = part.double()
        count, total = count + len(each), total + each.sum(0)
        squares += float(each.square().sum())
    mean = total / count
    noise = (squares - count * float(mean.square().sum())) / (count - 1)
    return mean, float(mean.square().sum()) - noise / count, noise


def statistics(
    net: nn.Module, weights: Mapping[str, Tensor], loss: Loss, data: Tensor, n: int, seed: int = 0
) -> tuple[pd.DataFrame, float]:
    """Signal and noise of a network's gradient in each of `LEVELS`, and its ratio over all of them.

    Args:
        net: gives the architecture.
        weights: its parameters and buffers, by name.
        loss: what it is trained on.
        data: (examples, ...).
        n: examples in each slice.
        seed: of them.

    Returns:
        Columns ``log_snr``, ``signal``, ``noise``; and the norm of the mean gradient over the root of the
        noise of one example of the stratified draw of levels.
    """
    generator = Generator().manual_seed(seed)
    edges = torch.linspace(*ENDS, LEVELS + 1, dtype=torch.float64).tolist()
    rows, means = [], []
    for low, high in pairwise(edges):
        task = task_at(loss, data, low, high, generator, n)
        parts = (per_example(net, weights, Task(*part)) for part in in_parts(task))
        mean, signal, noise = moments(parts)
        means.append(mean)
        rows.append({"log_snr": (low + high) / 2, "signal": signal, "noise": noise})
    table = pd.DataFrame(rows)
    noise = float(table["noise"].mean())
    whole = torch.stack(means).mean(0).square().sum() - noise / (LEVELS * n)
    return table, float((whole.clamp(min=0) / noise).sqrt())


def by_level(trained: Mapping[Key, Trained], n: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """`statistics` of every network before and after training.

    Returns:
        Columns `MODEL`, ``moment``, ``log_snr``, ``signal``, ``noise``; and `MODEL`, ``moment``, ``ratio``.
    """
    levels, totals = [], []
    for key, one in trained.items():
        net = module(one.run)
        before = dict(net.state_dict())
        for moment, weights in ((FIRST, before), (LAST, one.weights)):
            label = dict(zip(MODEL, key, strict=True)) | {"moment": moment}
            table, ratio = statistics(net, weights, one.run.loss, one.run.data, n, seed=key[4])
            levels.append(table.assign(**label)[[*label, *table.columns]])
            totals.append(label | {"ratio": ratio})
    return pd.concat(levels, ignore_index=True), pd.DataFrame(totals)
