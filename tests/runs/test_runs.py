"""Training runs: found again, resumed bit for bit, refused when damaged, trained by one at a time."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch

import diffcore as dc
from companion import sources
from companion import runs
from companion.runs import Run, tensors
from companion.errors import UserError
from diffcore.networks import StudyMLP
from diffcore.published import GuardedScore, Published
from diffcore.times import Stratified, UniformLogSNR
from diffcore.training import Plan, Trainer

ROOT = Path(__file__).resolve().parents[2]
COSINE = dc.schedules.Cosine()
TIMES = Stratified(UniformLogSNR(-6.0, 6.0))
DATA = torch.randn(64, 2, generator=torch.Generator().manual_seed(0))
PLAN = Plan(steps=30, batch=16, ema=0.9)
FIRST = Run(dc.Loss(COSINE, dc.EPS, times=TIMES), 0, partial(StudyMLP, 2, 16, depth=2), DATA, PLAN)
WANTED = [
    FIRST,
    replace(FIRST, seed=1),
    replace(FIRST, loss=dc.Loss(COSINE, dc.V, dc.catalogue.MinSNR(5), TIMES)),
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COMPANION_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


def forbid_training(monkeypatch: pytest.MonkeyPatch) -> None:
    def step(_: Trainer) -> None:
        raise AssertionError("nothing was to be trained")

    monkeypatch.setattr(Trainer, "step", step)


class Killed(BaseException):
    """Stands for a kill inside this process."""


def kill_at(monkeypatch: pytest.MonkeyPatch, count: int, name: str) -> None:
    """Raise at the ``count``-th write of a file called ``name`` (any file, if empty)."""
    write, left = runs.write_bytes, [count]

    def failing(path: Path, content: bytes) -> None:
        if path.name == name or not name:
            left[0] -= 1
            if left[0] < 0:
                raise Killed
        write(path, content)

    monkeypatch.setattr("companion.runs.run.write_bytes", failing)
    monkeypatch.setattr("companion.runs.run.store.write_bytes", failing)


def contents(run: Run) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(run.folder.iterdir())}


def test_a_run_is_trained_once_and_then_loaded(monkeypatch: pytest.MonkeyPatch):
    first = runs.get(WANTED)
    assert all(run.finished for run in WANTED)
    before = [contents(run) for run in WANTED]
    forbid_training(monkeypatch)
    again = runs.get(WANTED[::-1])[::-1]
    assert [contents(run) for run in WANTED] == before
    for a, b in zip(first, again, strict=True):
        assert a.metrics.equals(b.metrics)
        assert torch.equal(a.net(DATA, DATA[:, 0]), b.net(DATA, DATA[:, 0]))


def test_a_finished_run_holds_these_files_and_no_pickle():
    trained = runs.get([FIRST])[0]
    expected = {"config.json", "finished.json", "metrics.csv", "weights.safetensors"}
    assert set(contents(FIRST)) == expected
    assert list(trained.metrics.columns) == ["step", "loss"]
    assert trained.metrics["step"].tolist() == list(range(1, PLAN.steps + 1))
    assert json.loads((FIRST.folder / "config.json").read_text())["seed"] == 0


def test_runs_are_what_the_trainer_gives():
    trainer = Trainer(FIRST.net, [FIRST.loss], [FIRST.seed], DATA, PLAN)
    losses = [float(trainer.step()) for _ in range(PLAN.steps)]
    trained = runs.get([FIRST])[0]
    assert trained.metrics["loss"].tolist() == losses
    z, t = DATA[:5], torch.full((5,), 0.3)
    assert torch.equal(trained.net(z, t), trainer.net(0)(z, t))
    eps = trained.denoiser.predict(z, t.double(), dc.EPS)
    assert torch.equal(eps, trainer.net(0)(z, t))


def test_long_runs_have_a_short_tidy_record():
    run = replace(FIRST, plan=replace(PLAN, steps=450))
    trainer = Trainer(run.net, [run.loss], [run.seed], DATA, run.plan)
    losses = torch.stack([trainer.step()[0] for _ in range(450)]).double()
    metrics = runs.get([run])[0].metrics
    assert len(metrics) == 150
    assert metrics["step"].iloc[-1] == 450
    assert metrics["loss"].tolist() == pytest.approx(losses.reshape(150, 3).mean(1).tolist())


def test_runs_trained_together_are_those_trained_alone():
    wanted = [replace(run, data=DATA.double()) for run in WANTED]
    together = runs.get(wanted)
    for run, one in zip(wanted, together, strict=True):
        for path in run.folder.iterdir():
            path.unlink()
        alone = runs.get([run])[0]
        for name, value in alone.weights.items():
            assert float((value - one.weights[name]).abs().max()) <= 1e-10


OTHERS: dict[str, Run] = {
    "seed": replace(FIRST, seed=1),
    "plan": replace(FIRST, plan=replace(PLAN, ema=0.5)),
    "data": replace(FIRST, data=DATA + 1e-6),
    "dtype": replace(FIRST, data=DATA.double()),
    "width": replace(FIRST, net=partial(StudyMLP, 2, 17, depth=2)),
    "depth": replace(FIRST, net=partial(StudyMLP, 2, 16, depth=3)),
    "target": replace(FIRST, loss=replace(FIRST.loss, target=dc.X)),
    "schedule": replace(FIRST, loss=replace(FIRST.loss, schedule=dc.schedules.Cosine(shift=0.1))),
    "times": replace(FIRST, loss=replace(FIRST.loss, times=UniformLogSNR(-6.0, 6.0))),
    "weighting": replace(FIRST, loss=replace(FIRST.loss, weighting=dc.catalogue.EDM())),
    "the guard in a target": replace(FIRST, loss=replace(FIRST.loss, target=GuardedScore(1e-2))),
    "another guard": replace(FIRST, loss=replace(FIRST.loss, target=GuardedScore(1e-3))),
    "a published loss": replace(FIRST, loss=Published("nelbo", "v").loss()),
    "another published loss": replace(FIRST, loss=Published("nelbo", "v", 1e-3).loss()),
    "weighting's parameters": replace(
        FIRST, loss=replace(FIRST.loss, weighting=dc.catalogue.EDM(mean=-1.20001))
    ),
}


def test_anything_that_changes_the_numbers_changes_the_name():
    ids = [FIRST.id, *(run.id for run in OTHERS.values())]
    assert len(set(ids)) == len(ids)
    assert replace(FIRST, data=DATA.clone()).id == FIRST.id
    assert replace(FIRST, net=partial(StudyMLP, 2, depth=2, width=16)).id != ""


def test_the_name_is_the_same_in_another_process():
    script = "import test_runs; print(test_runs.FIRST.id)"
    other = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT / "tests",
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "5"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert other.stdout.strip() == FIRST.id


def test_the_code_counts_and_its_comments_do_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    package = tmp_path / "onlyhere"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "b.py").write_text("def f():\n    return 1\n")
    (package / "a.py").write_text("from onlyhere.b import f\n\n\ndef g():\n    return f()\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sources, "ROOT", tmp_path)

    def code_hash() -> str:
        sources._tree.cache_clear()
        sources._code_hash.cache_clear()
        return sources.code_hash(["onlyhere.a"])

    before = code_hash()
    (package / "b.py").write_text(
        '"""Says one."""\n\n\ndef f():\n    """One."""\n    return 1  # 1\n'
    )
    assert code_hash() == before
    (package / "__init__.py").write_text("x = 1\n")
    assert code_hash() == before
    (package / "b.py").write_text("def f():\n    return 2\n")
    assert code_hash() != before


def test_a_run_depends_on_the_modules_that_it_uses_and_no_others(monkeypatch: pytest.MonkeyPatch):
    read = []
    sources._code_hash.cache_clear()
    meaning = sources._meaning
    monkeypatch.setattr(sources, "_meaning", lambda path: read.append(path.stem) or meaning(path))
    assert replace(FIRST, seed=9).id
    needed = {"training", "losses", "study_mlp", "weights", "targets", "times", "weightings", "cosine"}
    assert needed <= set(read)
    assert not {"bounds", "samplers", "mixtures", "data2d", "__init__"} & set(read)
    assert not {"linear_beta", "time_mlp", "edm", "rows"} & set(read)  # a new leaf orphans no run


def test_what_cannot_be_found_again_is_refused():
    with pytest.raises(UserError, match=r"a run cannot be recognised by <function .*no lambda"):
        runs.get([replace(FIRST, net=lambda: StudyMLP(2, 16, 2))])
    homeless = type("Homeless", (StudyMLP,), {"__module__": "__main__"})
    with pytest.raises(UserError, match="move it to a module of diffcore or companion"):
        runs.get([replace(FIRST, net=homeless)])


def interrupted(wanted: list[Run], monkeypatch: pytest.MonkeyPatch, count: int, name: str) -> None:
    with monkeypatch.context() as patch:
        kill_at(patch, count, name)
        with pytest.raises(Killed):
            runs.get(wanted, checkpoint_every=0)


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


SCRIPT = """
import sys, time
import torch
torch.set_num_threads(1)
import test_runs
from companion import runs
from companion.runs import Run, tensors
from diffcore.training import Trainer
step = Trainer.step
def slow(self):
    time.sleep(0.02)
    return step(self)
Trainer.step = slow
print("started", flush=True)
runs.get(test_runs.WANTED, checkpoint_every=0.05)
print("done", flush=True)
"""


def start(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        cwd=ROOT / "tests",
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
    wait_for(lambda: (WANTED[-1].folder / runs.CHECKPOINT).is_file(), process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not any(run.finished for run in WANTED)
    reached = int(tensors.unpack(FIRST.folder / runs.CHECKPOINT, FIRST.id)["step"])
    assert 0 < reached < PLAN.steps
    steps = []
    step = Trainer.step
    monkeypatch.setattr(Trainer, "step", lambda self: steps.append(self.step_count) or step(self))
    runs.get(WANTED)
    assert steps[0] > 0
    assert [contents(run) for run in WANTED] == whole


def test_two_processes_do_not_train_the_same_run(folder: Path, monkeypatch: pytest.MonkeyPatch):
    process = start(folder)
    wait_for(lambda: (FIRST.folder / runs.CHECKPOINT).is_file(), process)
    forbid_training(monkeypatch)
    trained = runs.get(WANTED[::-1])  # waits, then finds them finished
    out, err = process.communicate(timeout=90)
    assert process.returncode == 0, err
    assert out.split() == ["started", "done"]
    assert len(trained) == len(WANTED)
    assert err.count("training 3 models") > 0


def damage(run: Run, name: str, change: Callable[[bytes], bytes | None]) -> Path:
    path = run.folder / name
    content = change(path.read_bytes())
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    return path


def flipped(content: bytes) -> bytes:
    return content[:-3] + bytes([content[-3] ^ 1]) + content[-2:]


DAMAGE: dict[str, Callable[[bytes], bytes | None]] = {
    "missing": lambda _: None,
    "empty": lambda _: b"",
    "cut short": lambda content: content[: len(content) // 2],
    "a bit flipped": flipped,
}


@pytest.mark.parametrize("how", DAMAGE)
@pytest.mark.parametrize("name", ["config.json", "metrics.csv", "weights.safetensors"])
def test_a_damaged_file_is_named_in_one_line_with_the_remedy(name: str, how: str):
    runs.get([FIRST])
    damage(FIRST, name, DAMAGE[how])
    with pytest.raises(UserError) as caught:
        runs.get([FIRST])
    message = str(caught.value)
    assert "\n" not in message
    assert f"{FIRST.id}: {name} is missing or damaged" in message
    assert "expected" in message
    assert f"delete the folder {FIRST.folder} and train it again" in message


def test_a_configuration_that_is_not_the_folder_s_own_is_refused():
    runs.get([FIRST])
    damage(FIRST, "config.json", lambda content: content.replace(b'"seed": 0', b'"seed": 7'))
    with pytest.raises(UserError, match=r"config\.json .* the folder is named after"):
        runs.get([FIRST])


@pytest.mark.parametrize("how", ["empty", "cut short", "a bit flipped"])
def test_a_damaged_marker_is_not_taken_for_a_finished_run(how: str):
    runs.get([FIRST])
    damage(FIRST, "finished.json", DAMAGE[how])
    with pytest.raises(UserError, match="missing or damaged"):
        runs.get([FIRST])


@pytest.mark.parametrize("how", ["empty", "cut short", "a bit flipped"])
@pytest.mark.parametrize("name", ["config.json", "checkpoint.safetensors"])
def test_damage_to_an_unfinished_run_is_found(name: str, how: str, monkeypatch: pytest.MonkeyPatch):
    interrupted([FIRST], monkeypatch, 5, runs.CHECKPOINT)
    damage(FIRST, name, DAMAGE[how])
    with pytest.raises(UserError, match=f"{name} is missing or damaged"):
        runs.get([FIRST])


def test_the_checkpoint_of_another_run_is_refused(monkeypatch: pytest.MonkeyPatch):
    other = replace(FIRST, loss=replace(FIRST.loss, target=dc.SCORE))
    interrupted([FIRST, other], monkeypatch, 4, runs.CHECKPOINT)
    (FIRST.folder / runs.CHECKPOINT).write_bytes((other.folder / runs.CHECKPOINT).read_bytes())
    with pytest.raises(
        UserError, match=r"checkpoint\.safetensors .* not those that this run saved"
    ):
        runs.get([FIRST])


def test_deleting_the_folder_mends_it_and_loaded_weights_outlive_their_file():
    before = runs.get([FIRST])[0]
    damage(FIRST, "weights.safetensors", DAMAGE["cut short"])
    for path in FIRST.folder.iterdir():
        path.unlink()
    FIRST.folder.rmdir()
    after = runs.get([FIRST])[0]
    assert all(torch.equal(before.weights[name], after.weights[name]) for name in before.weights)


def test_a_full_disk_is_one_clear_line_and_loses_nothing(monkeypatch: pytest.MonkeyPatch):
    replaced = Path.replace

    def full(self: Path, target: Path) -> Path:
        if Path(target).name == runs.WEIGHTS:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return replaced(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        with pytest.raises(UserError, match="No space left on device; expected room") as caught:
            runs.get([FIRST])
    assert "\n" not in str(caught.value)
    assert not FIRST.finished
    forbid_training(monkeypatch)
    assert runs.get([FIRST])[0].metrics["step"].iloc[-1] == PLAN.steps


def test_a_folder_that_cannot_be_made_is_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("COMPANION_RUNS", str(tmp_path / "file" / "runs"))
    with pytest.raises(UserError, match=r"cannot lock the training runs in .*COMPANION_RUNS"):
        runs.get([FIRST])


def test_progress_goes_to_stderr_as_a_bar_and_loading_is_silent(capfd: pytest.CaptureFixture[str]):
    runs.get(WANTED)
    out, err = capfd.readouterr()
    assert out == ""
    assert "training 3 models: " in err
    assert "\r" in err  # so that an executed notebook does not keep it
    runs.get(WANTED)
    assert capfd.readouterr() == ("", "")
