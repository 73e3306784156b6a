"""Training that is killed at any moment goes on from there and ends in the same bytes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from run_examples import FIRST, PLAN, ROOT, WANTED, contents, forbid_training, interrupted

from companion import runs
from companion.runs import tensors, training
from diffcore.training import Trainer


def test_interrupted_at_any_write_it_ends_in_the_same_bytes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    wanted = [replace(run, plan=replace(PLAN, steps=4)) for run in WANTED]
    runs.get(wanted)
    whole = [contents(run) for run in wanted]
    writes = 3 + 3 * 4 + 3 * 3  # configurations, checkpoints, results
    for count in range(writes):
        monkeypatch.setenv("COMPANION_RUNS", str(tmp_path / f"killed{count}"))
        interrupted(wanted, monkeypatch, count, "")
        assert not all(run.finished for run in wanted)
        runs.get(wanted, checkpoint_every=0)
        assert [contents(run) for run in wanted] == whole


def test_what_a_kill_left_half_written_goes_when_the_training_goes_on(folder: Path):
    FIRST.folder.mkdir(parents=True)
    halves = [FIRST.folder / f".{name}.0123abcd" for name in ("config.json", training.CHECKPOINT)]
    for path in [*halves, FIRST.folder / ".another's"]:
        path.write_bytes(b"ha")
    runs.get([FIRST])
    assert [path.name for path in FIRST.folder.glob(".*")] == [".another's"]


SCRIPT = """
import sys, time
import torch
torch.set_num_threads(1)
import run_examples
from companion import runs
from companion.runs import Run, tensors
from diffcore.training import Trainer
step = Trainer.step
def slow(self):
    time.sleep(0.02)
    return step(self)
Trainer.step = slow
print("started", flush=True)
runs.get(run_examples.WANTED, checkpoint_every=0.05)
print("done", flush=True)
"""


def start(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        cwd=ROOT / "tests" / "runs",
        env=os.environ | {"PYTHONPATH": str(ROOT), "COMPANION_RUNS": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(true: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 90
    while not true():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_killed_by_the_system_it_resumes_and_ends_in_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    runs.get(WANTED)
    whole = [contents(run) for run in WANTED]
    monkeypatch.setenv("COMPANION_RUNS", str(tmp_path / "killed"))
    process = start(tmp_path / "killed")
    wait_for(lambda: (WANTED[-1].folder / training.CHECKPOINT).is_file(), process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not any(run.finished for run in WANTED)
    reached = int(tensors.unpack(FIRST.folder / training.CHECKPOINT, FIRST.id)["step"])
    assert 0 < reached < PLAN.steps
    steps = []
    step = Trainer.step
    monkeypatch.setattr(Trainer, "step", lambda self: steps.append(self.step_count) or step(self))
    runs.get(WANTED)
    assert steps[0] > 0
    assert [contents(run) for run in WANTED] == whole


def test_two_processes_do_not_train_the_same_run(folder: Path, monkeypatch: pytest.MonkeyPatch):
    process = start(folder)
    wait_for(lambda: (FIRST.folder / training.CHECKPOINT).is_file(), process)
    forbid_training(monkeypatch)
    trained = runs.get(WANTED[::-1])  # waits, then finds them finished
    out, err = process.communicate(timeout=90)
    assert process.returncode == 0, err
    assert out.split() == ["started", "done"]
    assert len(trained) == len(WANTED)
    assert err.count("training 3 models") > 0
