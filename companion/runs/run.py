"""Training runs: each model is trained once, kept in a folder of its own, and found again.

A chapter's ``grid.py`` says which runs it needs (`companion.runs.grids`). Those that exist are loaded, the
others are trained together as one batched model::

    wanted = {"v/0": Run(loss, seed=0, net=partial(TimeMLP, dims=64), data=train, plan=Plan(1_000)), ...}
    trained = runs.get(wanted)
    trained["v/0"].denoiser, trained["v/0"].metrics

A run is the folder ``runs/<hash>/``, named by the hash of its configuration and of the code that it
depends on. It holds

- ``config.json``: what was trained, and the hash of the code that trained it;
- ``checkpoint.safetensors``, while unfinished: where to go on from, and the losses so far;
- ``metrics.csv``: columns ``step`` and ``loss`` (nats, mean over the steps since the last row);
- ``weights.safetensors``: the averaged weights;
- ``levels.safetensors``, if the plan has bins of noise levels: the loss of each row in each bin;
- ``finished.json``: the hashes of those files, written last. Without it the run is not finished. A run with
  a loss or a weight that is not finite never gets one.

Every file is written whole or not at all, so a run that is killed goes on from its last checkpoint, and
ends in the same numbers, bit for bit on the same machine.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property, partial
from operator import index
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn

from companion import graph, paths
from companion.errors import UserError
from companion.files import sha256
from companion.loaded import LOADED
from companion.paths import FINISHED
from companion.runs.tensors import digest
from companion.runs.values import as_json, modules
from diffcore.denoisers import Net, NetDenoiser
from diffcore.losses import Loss
from diffcore.networks.weights import frozen, initialised
from diffcore.training import Plan, Trainer

OUTCOME = "companion.runs.outcome"
"""The code that turns a trained state into what is kept."""


@dataclass(frozen=True, eq=False)
class Run:
    """One model to train: everything that its numbers depend on.

    Attributes:
        loss: the objective and the target.
        seed: of the initial weights, the batches and the noise.
        net: the network's class, or a :func:`functools.partial` of it; not a lambda, which could not be
            recognised again.
        data: (examples, ...); its dtype and device are those of the training.
        plan: how long and how hard.
    """

    loss: Loss
    seed: int
    net: Callable[[], nn.Module]
    data: Tensor
    plan: Plan

    def __post_init__(self) -> None:
        object.__setattr__(self, "seed", index(self.seed))  # NumPy's integers are not JSON

    @cached_property
    def config(self) -> dict[str, Any]:
        """What is trained, on what, by which code, as JSON.

        Raises:
            UserError: if part of it is not a value, or is defined where it cannot be found again.
        """
        parts = {"loss": self.loss, "net": self.net, "plan": self.plan}
        config = {name: as_json(part) for name, part in parts.items()} | {
            "data": {
                "shape": list(self.data.shape),
                "dtype": str(self.data.dtype),
                "device": self.data.device.type,
                "sha256": digest({"data": self.data}, "data"),
            },
            "seed": self.seed,
            "code": _code(frozenset({OUTCOME, *modules([Trainer, *parts.values()])})),
            "torch": torch.__version__,
            "default dtype": str(torch.get_default_dtype()),  # of the initial weights
        }
        return config

    @cached_property
    def id(self) -> str:
        """The name of its folder: 16 hex digits of the hash of its configuration."""
        return hashlib.sha256(json.dumps(self.config, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def label(self) -> str:
        """What tells it from its neighbours, for people."""
        loss, maker = self.loss, self.net.func if isinstance(self.net, partial) else self.net
        return (
            f"target {loss.target.name}, weighting {loss.weighting.name}, seed {self.seed}, "
            f"{getattr(maker, '__name__', maker)}, {self.plan}"
        )

    @property
    def folder(self) -> Path:
        """Where it is kept."""
        return paths.runs_dir() / self.id

    @property
    def finished(self) -> bool:
        """Whether it has been trained to the end."""
        return (self.folder / FINISHED).is_file()


@dataclass(frozen=True, eq=False)
class Trained:
    """A finished run.

    Attributes:
        run: what was trained.
        metrics: columns ``step``, the last of a row's, and ``loss``, the mean over the row, nats.
        weights: the averaged weights, and the buffers.
        by_time: the same losses by noise level, (rows, bins), in the order of time, if the plan has bins; NaN
            where nothing was drawn.
    """

    run: Run
    metrics: pd.DataFrame
    weights: dict[str, Tensor]
    by_time: Tensor | None = None

    @property
    def net(self) -> Net:
        """The trained network, with averaged weights and without gradients."""
        return frozen(module(self.run), self.weights)

    @property
    def denoiser(self) -> NetDenoiser:
        """The trained network, asked for any target."""
        return NetDenoiser(self.net, self.run.loss.schedule, self.run.loss.target)


def module(run: Run) -> nn.Module:
    """The run's network with its initial weights."""
    return initialised(run.net, run.seed).to(run.data)


@cache
def _code(modules: frozenset[str]) -> str:
    """The hash of the code of these modules; of torch, the configuration has the version.

    Raises:
        UserError: if a file was edited after this process began: its weights would bear the new code's name.
    """
    ours = sorted(name for name in modules if name.partition(".")[0] != torch.__name__)
    for path in graph.needs(ours):
        if path in LOADED and sha256(path) != LOADED[path]:
            raise UserError(
                f"{path.relative_to(paths.ROOT)} was edited after this process began, which still runs "
                "the old code: expected one and the same; restart the kernel, or run it again"
            )
    return graph.digest(ours)
