r"""The gradient of a loss, level by level: how large it is, and how much of it is signal.

At one noise level the gradient of one example is a random vector g. Its *signal* is :math:`\|E g\|^2`, its
*noise* the trace of its covariance, :math:`E\|g - E g\|^2`. Both are estimated without bias from independent
examples; a factor on the loss of a level multiplies both by its square, so their ratio does not see it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise

import pandas as pd
import torch
from torch import Generator, Tensor, nn
from torch.func import functional_call, grad, vmap

from companion.chapters.equal_footing.grid import Key
from companion.chapters.equal_footing.results import MODEL
from companion.runs import Trained
from companion.runs.plane import ENDS
from companion.runs.run import module
from diffcore.losses import Loss, Task, noise_like
from diffcore.times import Times

LEVELS = 12
"""Equal slices of the log-SNR."""

ALONE = 32
"""Examples of a slice, at most, whose gradients are taken one by one: noise is told from few."""

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


def mean_gradient(net: nn.Module, weights: Mapping[str, Tensor], task: Task) -> Tensor:
    """The gradient of the mean loss of all examples, (parameters,), float64."""
    names = [name for name, _ in net.named_parameters()]
    leaves = {name: weights[name].detach().clone().requires_grad_() for name in names}
    predictions = functional_call(net, dict(weights) | leaves, (task.z, task.t))
    found = torch.autograd.grad(task.value(predictions).mean(), [leaves[name] for name in names])
    return torch.cat([part.flatten() for part in found]).double()


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


def noise_of(gradients: Tensor) -> float:
    """The trace of the covariance of independent gradients (n, p): an unbiased estimate."""
    centred = gradients - gradients.mean(0)
    return float(centred.square().sum(dtype=torch.float64)) / (len(gradients) - 1)


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
        some = Task(*(part[:: math.ceil(n / ALONE)] for part in task))
        noise = noise_of(per_example(net, weights, some))
        means.append(mean_gradient(net, weights, task))
        signal = float(means[-1].square().sum()) - noise / n
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
