"""Training runs: found again by all that their numbers depend on, trained as the trainer trains."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from run_examples import DATA, FIRST, PLAN, ROOT, WANTED, contents, forbid_training

import diffcore as dc
from companion import graph, runs
from companion.errors import UserError
from companion.runs import Run
from companion.runs.run import _code as run_code
from companion.runs.store import only_one
from diffcore.networks import StudyMLP
from diffcore.published import GuardedScore, Published
from diffcore.times import UniformLogSNR
from diffcore.training import Plan, Trainer


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
    always = {"config.json", "finished.json", "metrics.csv", "weights.safetensors"}
    assert set(contents(FIRST)) == always | {"levels.safetensors"}
    assert list(trained.metrics.columns) == ["step", "loss"]
    assert trained.metrics["step"].tolist() == [4, 8, 12, 16, 20, 24, 28, 30]
    plain = replace(FIRST, plan=Plan(steps=3, batch=4))
    trained = runs.get([plain])[0]
    assert set(contents(plain)) == always
    assert trained.metrics["step"].tolist() == [1, 2, 3]
    assert trained.by_time is None
    assert json.loads((FIRST.folder / "config.json").read_text())["seed"] == 0


def test_runs_are_what_the_trainer_gives():
    trainer = Trainer(FIRST.net, [FIRST.loss], [FIRST.seed], DATA, PLAN)
    losses, levels = [], []
    for step in range(PLAN.steps):
        losses.append(float(trainer.step()))
        if step % 4 == 3 or step == PLAN.steps - 1:
            levels.append(trainer.levels.read()[0].float())
    trained = runs.get([FIRST])[0]
    rows = [np.mean(losses[first : first + 4]) for first in range(0, PLAN.steps, 4)]
    assert trained.metrics["loss"].tolist() == pytest.approx(rows, rel=1e-14)
    assert torch.equal(trained.by_time, torch.stack(levels))
    assert trained.by_time.shape == (8, 3)
    assert trained.by_time.isfinite().all()
    z, t = DATA[:5], torch.full((5,), 0.3)
    assert torch.equal(trained.net(z, t), trainer.net(0)(z, t))
    eps = trained.denoiser.predict(z, t.double(), dc.EPS)
    assert torch.equal(eps, trainer.net(0)(z, t))


def test_the_label_names_the_network_however_it_is_made():
    made = replace(FIRST, net=lambda: StudyMLP(2, 16, depth=2))
    for run, name in ((FIRST, "StudyMLP"), (made, "<lambda>")):
        assert run.label.startswith("target eps, weighting ")
        assert f", seed 0, {name}, Plan(steps=30," in run.label


def test_a_run_that_is_trained_elsewhere_is_waited_for_and_named(
    capsys: pytest.CaptureFixture[str],
):
    def wait() -> None:
        with only_one(["one"]):
            pass

    with ThreadPoolExecutor(1) as pool:
        with only_one(["one"]):
            waiting, said, end = pool.submit(wait), "", time.monotonic() + 20
            while "waiting" not in said and time.monotonic() < end:
                said += capsys.readouterr().err
                time.sleep(0.01)
            assert "run one is being trained elsewhere: waiting" in said
            assert not waiting.done()
        waiting.result(timeout=60)


def test_long_runs_have_a_short_tidy_record():
    run = replace(FIRST, plan=Plan(450, batch=16))
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


def test_a_seed_is_an_integer_of_any_kind():
    assert replace(FIRST, seed=np.int64(FIRST.seed)).id == FIRST.id
    with pytest.raises(TypeError, match="integer"):
        replace(FIRST, seed=0.5)


def test_a_network_may_be_given_torch_s_own_functions_and_classes():
    options = [torch.nn.functional.relu, torch.sin, torch.nn.SiLU]
    ids = {replace(FIRST, net=partial(StudyMLP, 2, activation=option)).id for option in options}
    assert len(ids) == 3


def test_the_name_is_the_same_in_another_process():
    script = "import run_examples; print(run_examples.FIRST.id)"
    other = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT / "tests" / "runs",
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "5"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert other.stdout.strip() == FIRST.id


def test_a_run_depends_on_the_files_that_it_uses_and_no_others(monkeypatch: pytest.MonkeyPatch):
    read = []
    content = graph.content
    monkeypatch.setattr(graph, "content", lambda path: read.append(path.stem) or content(path))
    run_code.cache_clear()
    assert replace(FIRST, seed=9).id
    needed = [
        "training",
        "outcome",
        "losses",
        "study_mlp",
        "weights",
        "targets",
        "times",
        "weightings",
        "cosine",
    ]
    assert set(needed) <= set(read)
    assert not {"bounds", "samplers", "mixtures", "data2d", "__init__"} & set(read)
    assert not {"linear_beta", "time_mlp", "edm", "rows"} & set(read)


def test_what_cannot_be_found_again_is_refused():
    with pytest.raises(UserError, match=r"a run cannot be recognised by <function .*no lambda"):
        runs.get([replace(FIRST, net=lambda: StudyMLP(2, 16, 2))])
    homeless = type("Homeless", (StudyMLP,), {"__module__": "__main__"})
    with pytest.raises(UserError, match="move it to a module of diffcore or companion"):
        runs.get([replace(FIRST, net=homeless)])
