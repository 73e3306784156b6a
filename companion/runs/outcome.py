"""What is kept of a run that has been trained to the end. This code is part of a run's identity."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd
from torch import Tensor

from companion.runs.tensors import pack
from diffcore.training import Plan

METRICS, WEIGHTS, LEVELS = "metrics.csv", "weights.safetensors", "levels.safetensors"
LOSSES, BY_TIME = "losses", "by_time"
"""Beside the trainer's state in a checkpoint: the losses of all steps, and of all rows by noise level."""
AVERAGE = "average."
"""What the names of averaged weights begin with in the trainer's state."""
ROWS = 200
"""Rows of ``metrics.csv``, at most, unless a plan says how many steps are in a row."""


def window(plan: Plan) -> int:
    """Steps in one row of what is recorded."""
    return plan.every or max(1, math.ceil(plan.steps / ROWS))


def kept(plan: Plan) -> tuple[str, ...]:
    """The names of the files of a finished run."""
    return (METRICS, WEIGHTS, LEVELS) if plan.bins else (METRICS, WEIGHTS)


def divergence(state: Mapping[str, Tensor], steps: int) -> str:
    """Say where a run's loss or weights ceased to be finite; empty if they are."""
    bad = (~state[LOSSES].isfinite()).nonzero()
    if len(bad):
        step = int(bad[0])
        return f"its loss is {float(state[LOSSES][step])} at step {step + 1} of {steps}"
    names = [
        n for n, value in state.items() if n.startswith(AVERAGE) and not value.isfinite().all()
    ]
    if names:
        return f"{names[0].removeprefix(AVERAGE)} is not finite at step {int(state['step'])} of {steps}"
    return ""


def files(
    state: Mapping[str, Tensor], buffers: Mapping[str, Tensor], owner: str, plan: Plan
) -> dict[str, bytes]:
    """The files of a finished run, by name: its losses in nats, its averaged weights, its losses by level."""
    losses, size = state[LOSSES].cpu(), window(plan)
    means = [float(part.mean()) for part in losses.split(size)]
    steps = [min((i + 1) * size, len(losses)) for i in range(len(means))]
    metrics = pd.DataFrame({"step": steps, "loss": means})
    average = {k.removeprefix(AVERAGE): v for k, v in state.items() if k.startswith(AVERAGE)}
    found = {
        METRICS: metrics.to_csv(index=False, lineterminator="\n").encode(),
        WEIGHTS: pack(average | dict(buffers), owner),
        LEVELS: pack({BY_TIME: state[BY_TIME]}, owner) if plan.bins else b"",
    }
    return {name: found[name] for name in kept(plan)}
