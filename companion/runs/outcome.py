"""What is kept of a run that has been trained to the end. This code is part of a run's identity."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd
from torch import Tensor

from companion.runs.tensors import pack

METRICS, WEIGHTS = "metrics.csv", "weights.safetensors"
LOSSES = "losses"
"""Beside the trainer's state in a checkpoint: the loss of every step so far."""
AVERAGE = "average."
"""What the names of averaged weights begin with in the trainer's state."""
ROWS = 200
"""Rows of ``metrics.csv``, at most."""


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
    state: Mapping[str, Tensor], buffers: Mapping[str, Tensor], owner: str
) -> dict[str, bytes]:
    """The files of a finished run, by name: its losses in nats, and its averaged weights."""
    losses = state[LOSSES].cpu()
    window = max(1, math.ceil(len(losses) / ROWS))
    means = [float(part.mean()) for part in losses.split(window)]
    steps = [min((i + 1) * window, len(losses)) for i in range(len(means))]
    metrics = pd.DataFrame({"step": steps, "loss": means})
    average = {k.removeprefix(AVERAGE): v for k, v in state.items() if k.startswith(AVERAGE)}
    return {
        METRICS: metrics.to_csv(index=False, lineterminator="\n").encode(),
        WEIGHTS: pack(average | dict(buffers), owner),
    }
