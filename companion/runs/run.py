"""Training runs: each model is trained once, kept in a folder of its own, and found again.

A notebook says which runs it needs; those that exist are loaded, the others are trained together as
one batched model::

    wanted = [Run(loss, seed, net=partial(TimeMLP, dims=64), data=train, plan=Plan(1_000)) for ...]
    trained = runs.get(wanted)
    trained[0].denoiser, trained[0].metrics

A run is the folder ``runs/<hash>/``, named by the hash of its configuration and of the code that it
depends on. It holds

- ``config.json``: what was trained, and the hash of the code that trained it;
- ``checkpoint.safetensors``, while unfinished: where to go on from, and the losses so far;
- ``metrics.csv``: columns ``step`` and ``loss`` (nats, mean over the steps since the last row);
- ``weights.safetensors``: the averaged weights;
- ``finished.json``: the hashes of those files, written last. Without it the run is not finished.

Every file is written whole or not at all, so a run that is killed goes on from its last checkpoint, and
ends in the same numbers, bit for bit on the same machine.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn
from tqdm import tqdm

from companion import paths
from companion.files import write_bytes
from companion.runs.store import (
    FINISHED,
    damaged,
    finish,
    only_one,
    read_finished,
    read_json,
    read_tensors,
)
from companion.sources import code_hash
from companion.runs.tensors import digest, pack
from companion.runs.values import as_json, modules
from diffcore.denoisers import Net, NetDenoiser
from diffcore.losses import Loss
from diffcore.networks.weights import frozen, initialised
from diffcore.training import Plan, Trainer

State = dict[str, Tensor]

CONFIG, CHECKPOINT = "config.json", "checkpoint.safetensors"
METRICS, WEIGHTS = "metrics.csv", "weights.safetensors"
LOSSES = "losses"
"""Beside the trainer's state in a checkpoint: the loss of every step so far."""
ROWS = 200
"""Rows of ``metrics.csv``, at most."""


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
            "code": code_hash(modules([Trainer, *parts.values()])),
            "torch": torch.__version__,
        }
        return config

    @cached_property
    def id(self) -> str:
        """The name of its folder: 16 hex digits of the hash of its configuration."""
        return hashlib.sha256(json.dumps(self.config, sort_keys=True).encode()).hexdigest()[:16]

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
    """A finished run: ``metrics`` has columns ``step`` and ``loss`` in nats."""

    run: Run
    metrics: pd.DataFrame
    weights: dict[str, Tensor]

    @property
    def net(self) -> Net:
        """The trained network, with averaged weights and without gradients."""
        return frozen(_module(self.run), self.weights)

    @property
    def denoiser(self) -> NetDenoiser:
        """The trained network, asked for any target."""
        return NetDenoiser(self.net, self.run.loss.schedule, self.run.loss.target)


def get(wanted: Sequence[Run], *, checkpoint_every: float = 10.0) -> list[Trained]:
    """The trained runs, in order; those that are missing are trained first, many at once.

    Args:
        wanted: the runs; each is trained on the device and in the dtype of its data.
        checkpoint_every: seconds of training between checkpoints; the numbers do not depend on it.

    Raises:
        UserError: if a run's folder is damaged, the disk is full, or a run's code cannot be found.
    """
    missing = {run.id: run for run in wanted if not run.finished}
    groups: dict[str, list[Run]] = {}
    for run in missing.values():
        shared = json.dumps([run.config[key] for key in ("net", "data", "plan")])
        groups.setdefault(shared, []).append(run)
    for group in groups.values():
        with only_one(run.id for run in group):
            todo = [run for run in group if not run.finished]  # another process may have been first
            if todo:
                _train(todo, checkpoint_every)
    return [_load(run) for run in wanted]


def _train(group: list[Run], checkpoint_every: float) -> None:
    """Train runs that share network, data and plan, each from wherever it is."""
    last = group[0].plan.steps
    states = {run.id: _resume(run) for run in group}
    total = sum(last - _step(state) for state in states.values())
    models = f"{len(group)} model{'s' if len(group) > 1 else ''}"
    with tqdm(
        total=total,
        desc=f"training {models}",
        unit="step",
        file=sys.stderr,
        mininterval=0.5,
        leave=False,
    ) as bar:
        # A kill between two writes leaves some runs behind: they catch up, and all go on together.
        while (first := min(_step(state) for state in states.values())) < last:
            behind = [run for run in group if _step(states[run.id]) == first]
            until = min((s for s in map(_step, states.values()) if s > first), default=last)
            for saved in _advance(behind, states, until, checkpoint_every, bar):
                for run, state in zip(behind, saved, strict=True):
                    write_bytes(run.folder / CHECKPOINT, pack(state, run.id))
                    states[run.id] = state
    for run in group:
        _finish(run, states[run.id])


def _advance(
    runs: list[Run], states: Mapping[str, State], until: int, checkpoint_every: float, bar: tqdm
) -> Iterator[list[State]]:
    """Train runs that are at one step until another; yield what to save, now and then."""
    data, plan = runs[0].data, runs[0].plan
    trainer = Trainer(runs[0].net, [r.loss for r in runs], [r.seed for r in runs], data, plan)
    losses = torch.empty(len(runs), plan.steps, dtype=torch.float64, device=data.device)
    if (start := _step(states[runs[0].id])) > 0:
        losses[:, :start] = torch.stack([states[run.id][LOSSES] for run in runs])
        trainer.load_states([_without(states[run.id], LOSSES) for run in runs])
    saved = time.monotonic()
    for step in range(start, until):
        losses[:, step] = trainer.step()
        bar.update(len(runs))
        if step + 1 == until or time.monotonic() - saved >= checkpoint_every:
            yield [trainer.state(i) | {LOSSES: losses[i, : step + 1]} for i in range(len(runs))]
            saved = time.monotonic()


def _resume(run: Run) -> State:
    """Read a run's checkpoint; without one, prepare its folder."""
    path = run.folder / CHECKPOINT
    if not path.is_file():
        text = json.dumps(run.config, indent=1, sort_keys=True)
        write_bytes(run.folder / CONFIG, f"{text}\n".encode())
        return {}
    _check_config(run)
    return read_tensors(path, run.id)


def _finish(run: Run, state: State) -> None:
    """Write a run's results, and last of all the marker that makes them count."""
    losses = state[LOSSES].cpu()
    window = max(1, math.ceil(len(losses) / ROWS))
    means = [float(part.mean()) for part in losses.split(window)]
    steps = [min((i + 1) * window, len(losses)) for i in range(len(means))]
    metrics = pd.DataFrame({"step": steps, "loss": means})
    average = {k.removeprefix("average."): v for k, v in state.items() if k.startswith("average.")}
    buffers = dict(_module(run).named_buffers())
    files = {
        METRICS: metrics.to_csv(index=False, lineterminator="\n").encode(),
        WEIGHTS: pack(average | buffers, run.id),
    }
    finish(run.folder, files)
    (run.folder / CHECKPOINT).unlink(missing_ok=True)


def _load(run: Run) -> Trained:
    """Read a finished run, after checking that its files are those that were written."""
    _check_config(run)
    metrics = pd.read_csv(io.BytesIO(read_finished(run.folder, METRICS)))
    read_finished(run.folder, WEIGHTS)
    weights = read_tensors(run.folder / WEIGHTS, run.id)
    return Trained(
        run, metrics, {name: value.to(run.data.device) for name, value in weights.items()}
    )


def _check_config(run: Run) -> None:
    if read_json(run.folder / CONFIG) != run.config:
        raise damaged(run.folder / CONFIG, "the configuration that the folder is named after")


def _module(run: Run) -> nn.Module:
    return initialised(run.net, run.seed).to(run.data)


def _without(state: State, name: str) -> State:
    return {key: value for key, value in state.items() if key != name}


def _step(state: State) -> int:
    return int(state["step"]) if state else 0
