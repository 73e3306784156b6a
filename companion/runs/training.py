"""Training: the runs that are missing, many at once, each from wherever it was interrupted."""

from __future__ import annotations

import io
import json
import math
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import overload

import pandas as pd
import torch
from torch import Tensor
from tqdm import tqdm

from companion.errors import UserError
from companion.files import remove_halves, write_bytes
from companion.runs import outcome
from companion.runs.outcome import BY_TIME, LEVELS, LOSSES, METRICS, WEIGHTS
from companion.runs.run import Run, Trained, module
from companion.runs.store import damaged, finish, only_one, read_finished, read_json, read_tensors
from companion.runs.tensors import pack
from diffcore.training import Trainer

State = dict[str, Tensor]

CONFIG, CHECKPOINT = "config.json", "checkpoint.safetensors"


class Diverged(UserError):
    """A run has a loss or a weight that is not finite."""

    exit_status = 1


@overload
def get(wanted: Sequence[Run], *, checkpoint_every: float = ...) -> list[Trained]: ...
@overload
def get(wanted: Mapping[str, Run], *, checkpoint_every: float = ...) -> dict[str, Trained]: ...
def get(
    wanted: Sequence[Run] | Mapping[str, Run], *, checkpoint_every: float = 10.0
) -> list[Trained] | dict[str, Trained]:
    """The trained runs, in order or by name; those that are missing are trained first, many at once.

    Args:
        wanted: the runs; each is trained on the device and in the dtype of its data.
        checkpoint_every: seconds of training between checkpoints; the numbers do not depend on it.

    Raises:
        UserError: if a run's folder is damaged, the disk is full, or a run's code cannot be found.
        Diverged: if a loss or a weight is not finite; the others are kept.
    """
    if isinstance(wanted, Mapping):
        return dict(zip(wanted, get([*wanted.values()], checkpoint_every=checkpoint_every)))
    train(wanted, checkpoint_every=checkpoint_every)
    return [_load(run) for run in wanted]


def train(wanted: Sequence[Run], *, checkpoint_every: float = 10.0) -> None:
    """Train those of the runs that are not finished; arguments and errors are those of `get`."""
    groups: dict[str, list[Run]] = {}
    for run in {run.id: run for run in wanted}.values():
        if not run.finished or (run.folder / CHECKPOINT).exists():
            groups.setdefault(batch_of(run), []).append(run)
    diverged: list[str] = []
    for group in groups.values():
        with only_one(run.id for run in group):
            todo = [run for run in group if not run.finished]  # another process may have been first
            if todo:
                diverged += _train(todo, checkpoint_every)
            for run in group:
                if (
                    run.finished
                ):  # not before all are: a marker that is lost is made again from here
                    (run.folder / CHECKPOINT).unlink(missing_ok=True)
    if diverged:
        raise Diverged(
            f"training run {diverged[0]}: expected finite numbers; "
            "lower its learning rate, or mend its loss"
        )


def batch_of(run: Run) -> str:
    """Equal for runs that can be trained as one batched model: they share network, data and plan."""
    return json.dumps([run.config[key] for key in ("net", "data", "plan")])


def step_of(run: Run) -> int:
    """The step that an unfinished run has reached.

    Raises:
        UserError: if what is kept of it is damaged.
    """
    if not (run.folder / CHECKPOINT).is_file():
        return 0
    check_config(run)
    return _step(read_tensors(run.folder / CHECKPOINT, run.id))


def _train(group: list[Run], checkpoint_every: float) -> list[str]:
    """Train runs that share network, data and plan, each from wherever it is; say which diverged."""
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
    diverged = []
    for run in group:
        if words := outcome.divergence(states[run.id], run.plan.steps):
            diverged.append(f"{run.id} diverged: {words} ({run.label})")
        else:
            buffers = dict(module(run).named_buffers())
            finish(run.folder, outcome.files(states[run.id], buffers, run.id, run.plan))
    return diverged


def _advance(
    runs: list[Run], states: Mapping[str, State], until: int, checkpoint_every: float, bar: tqdm
) -> Iterator[list[State]]:
    """Train runs that are at one step until another; yield what to save, now and then."""
    data, plan = runs[0].data, runs[0].plan
    trainer = Trainer(runs[0].net, [r.loss for r in runs], [r.seed for r in runs], data, plan)
    losses = torch.empty(len(runs), plan.steps, dtype=torch.float64, device=data.device)
    size = outcome.window(plan)
    rows = math.ceil(plan.steps / size)
    by_time = torch.full((len(runs), rows, plan.bins), math.nan, device=data.device)
    if (start := _step(states[runs[0].id])) > 0:
        losses[:, :start] = torch.stack([states[run.id][LOSSES] for run in runs])
        by_time[:] = torch.stack([states[run.id][BY_TIME] for run in runs])
        trainer.load_states([_without(states[run.id], LOSSES, BY_TIME) for run in runs])
    saved = time.monotonic()
    for step in range(start, until):
        losses[:, step] = trainer.step()
        if trainer.levels and ((step + 1) % size == 0 or step + 1 == plan.steps):
            by_time[:, step // size] = trainer.levels.read()
        bar.update(len(runs))
        if step + 1 == until or time.monotonic() - saved >= checkpoint_every:
            yield [
                trainer.state(i) | {LOSSES: losses[i, : step + 1], BY_TIME: by_time[i].clone()}
                for i in range(len(runs))
            ]
            saved = time.monotonic()


def _resume(run: Run) -> State:
    """Read a run's checkpoint; without one, prepare its folder. A kill may have left halves there."""
    remove_halves(run.folder)
    path = run.folder / CHECKPOINT
    if not path.is_file():
        text = json.dumps(run.config, indent=1, sort_keys=True)
        write_bytes(run.folder / CONFIG, f"{text}\n".encode())
        return {}
    check_config(run)
    return read_tensors(path, run.id)


def _load(run: Run) -> Trained:
    """Read a finished run, after checking that its files are those that were written."""
    check_config(run)
    metrics = pd.read_csv(io.BytesIO(read_finished(run.folder, METRICS)))
    read_finished(run.folder, WEIGHTS)
    weights = read_tensors(run.folder / WEIGHTS, run.id)
    by_time = None
    if run.plan.bins:
        read_finished(run.folder, LEVELS)
        by_time = read_tensors(run.folder / LEVELS, run.id)[BY_TIME]
    placed = {name: value.to(run.data.device) for name, value in weights.items()}
    return Trained(run, metrics, placed, by_time)


def check_config(run: Run) -> None:
    """Raise UserError unless the folder's configuration is the run's own."""
    if read_json(run.folder / CONFIG) != run.config:
        raise damaged(run.folder / CONFIG, "the configuration that the folder is named after")


def _without(state: State, *names: str) -> State:
    return {key: value for key, value in state.items() if key not in names}


def _step(state: State) -> int:
    return int(state["step"]) if state else 0
