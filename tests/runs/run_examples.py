"""Small runs that the tests of training runs share."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch

import diffcore as dc
from companion import runs
from companion.runs import Run, training
from diffcore.networks import StudyMLP
from diffcore.times import Stratified, UniformLogSNR
from diffcore.training import Plan, Trainer

ROOT = Path(__file__).resolve().parents[2]
COSINE = dc.schedules.Cosine()
TIMES = Stratified(UniformLogSNR(-6.0, 6.0))
DATA = torch.randn(64, 2, generator=torch.Generator().manual_seed(0))
PLAN = Plan(30, batch=16, ema=0.9, shuffled=True, every=4, bins=3, equalised=True)
FIRST = Run(dc.Loss(COSINE, dc.EPS, times=TIMES), 0, partial(StudyMLP, 2, 16, depth=2), DATA, PLAN)
WANTED = [
    FIRST,
    replace(FIRST, seed=1),
    replace(FIRST, loss=dc.Loss(COSINE, dc.V, dc.catalogue.MinSNR(5), TIMES)),
]


def forbid_training(monkeypatch: pytest.MonkeyPatch) -> None:
    def step(_: Trainer) -> None:
        raise AssertionError("nothing was to be trained")

    monkeypatch.setattr(Trainer, "step", step)


def contents(run: Run) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(run.folder.iterdir())}


class Killed(BaseException):
    """Stands for a kill inside this process."""


def kill_at(monkeypatch: pytest.MonkeyPatch, count: int, name: str) -> None:
    """Raise at the ``count``-th write of a file called ``name`` (any file, if empty)."""
    write, left = training.write_bytes, [count]

    def failing(path: Path, content: bytes) -> None:
        if path.name == name or not name:
            left[0] -= 1
            if left[0] < 0:
                raise Killed
        write(path, content)

    monkeypatch.setattr("companion.runs.training.write_bytes", failing)
    monkeypatch.setattr("companion.runs.store.write_bytes", failing)


def interrupted(wanted: list[Run], monkeypatch: pytest.MonkeyPatch, count: int, name: str) -> None:
    with monkeypatch.context() as patch:
        kill_at(patch, count, name)
        with pytest.raises(Killed):
            runs.get(wanted, checkpoint_every=0)
