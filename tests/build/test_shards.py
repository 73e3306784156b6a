"""Training is part of the pipeline: Snakemake trains the shards that a notebook loads, and keeps them."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from miniature import ROOT, Miniature, notebook
from small_repository import SmallRepository

from companion.build import shards
from companion.runs import grids

TINY = '''
"""Twenty tiny runs, in shards of ten, or trained by one job each."""

import os
import time
from functools import partial

import torch

import diffcore as dc
from companion.build import shards
from companion.runs import Run, grids, training
from diffcore.networks import StudyMLP
from diffcore.training import Plan, Trainer

DATA = torch.randn(32, 2, generator=torch.Generator().manual_seed(0))
step = Trainer.step


def slow(self):
    time.sleep(float(os.environ.get("SLOW", "0")))
    return step(self)


Trainer.step = slow
training.train.__kwdefaults__["checkpoint_every"] = float(os.environ.get("EVERY", "10"))
grids.shards.__defaults__ = (10,)
shards.WORTH = shards.SHORT = int(os.environ.get("WORTH", "0"))


def grid(profile):
    times = dc.times.Stratified(dc.times.UniformLogSNR(-4.0, 4.0))
    loss = dc.Loss(dc.schedules.Cosine(), dc.EPS, times=times)
    net, plan = partial(StudyMLP, 2, 8, depth=1), Plan(steps=20, batch=8)
    return {str(seed): Run(loss, seed, net, DATA, plan) for seed in range(20)}
'''

LOADS = notebook(
    "Tiny",
    "from companion import profiles, runs\nfrom companion.chapters.tiny import grid",
    "wanted = grid.grid(profiles.get(profile))\nprint(sum(r.finished for r in wanted.values()), 'ready')",
    "print(len(runs.get(wanted)), 'loaded')",
)
OTHER = notebook("Other", "print(1)")


@pytest.fixture(scope="module")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Miniature:
    root = tmp_path_factory.mktemp("shards") / "project"
    project = Miniature.make(root, {"01_tiny": LOADS, "02_other": OTHER})
    shutil.copytree(ROOT / "diffcore", project.root / "diffcore")
    chapter = project.root / "companion" / "chapters" / "tiny"
    chapter.mkdir(parents=True)
    (chapter.parent / "__init__.py").write_text("")
    (chapter / "__init__.py").write_text("")
    (chapter / "grid.py").write_text(TINY)
    return project


def copied(project: Miniature, root: Path) -> Miniature:
    """A copy with training runs of its own."""
    copy = project.copied(root)
    copy.environment["COMPANION_RUNS"] = str(root / "runs")
    return copy


@pytest.fixture
def project(untrained: Miniature, tmp_path: Path) -> Miniature:
    return copied(untrained, tmp_path / "project")


@pytest.fixture(scope="module")
def trained(untrained: Miniature, tmp_path_factory: pytest.TempPathFactory) -> Miniature:
    """The project after its training and the one notebook that loads it."""
    project = copied(untrained, tmp_path_factory.mktemp("trained") / "project")
    assert "runs of tiny" not in build(project, "02")  # which loads none
    assert build(project, "01").count("10 of 10 runs of tiny trained in") == 2
    return project


def contents(project: Miniature) -> dict[str, bytes]:
    files = (project.root / "runs").glob("*/*.*")
    return {str(p.relative_to(project.root)): p.read_bytes() for p in files if p.suffix != ".lock"}


def words(project: Miniature) -> str:
    return (project.root / "_build" / "quick" / "logs" / "snakemake.log").read_text()


def build(project: Miniature, notebook: str) -> str:
    built = project.run("book", "--profile", "quick", "--only", notebook)
    assert built.returncode == 0, built.stderr
    return words(project)


def test_the_shards_of_a_notebook_are_trained_before_it_and_by_jobs(
    trained: Miniature, tmp_path: Path
) -> None:
    project = copied(trained, tmp_path / "project")
    page = project.page("01_tiny").read_text()
    assert "20 ready" in page
    assert "20 loaded" in page

    # What is trained stays so, whoever asks and whatever Snakemake remembers of it.
    before = contents(project)
    shutil.rmtree(project.root / "_build")
    assert "runs of tiny" not in build(project, "01")
    assert contents(project) == before

    # A run that is gone is trained again, and no other. Alone, it is rounded otherwise than in company.
    gone = next(path for path in (project.root / "runs").glob("*/finished.json")).parent
    shutil.rmtree(gone)
    project.edit("notebooks/01_tiny.py", "# # Tiny", "# # Tiny runs")
    assert build(project, "01").count("1 of 10 runs of tiny trained in") == 1
    after = contents(project)
    assert after.keys() == before.keys()
    assert all(gone.name in name for name in before if after[name] != before[name])


def test_shards_that_two_processes_look_for_are_found_once(project: Miniature) -> None:
    """The Snakefile waits for the process that was started to find them."""
    program = "import sys\nfrom companion.build import shards\nfound = shards.jobs('quick')\n"
    program += "print(*(job.name for job in found), 'torch' in sys.modules)"
    command = [sys.executable, "-c", program]
    with ExitStack() as stack:
        both = [
            stack.enter_context(
                subprocess.Popen(command, cwd=project.root, env=project.env, stdout=subprocess.PIPE)
            )
            for _ in range(2)
        ]
        said = [process.communicate(timeout=120)[0].decode().split() for process in both]
    names = {tuple(words[:-1]) for words in said}
    assert {len(found) for found in names} == {2}
    assert len(names) == 1
    assert sorted(words[-1] for words in said) == ["False", "True"]


def test_one_job_trains_small_shards_one_after_the_other(
    untrained: Miniature, trained: Miniature, tmp_path: Path
) -> None:
    """Ten runs see 1,600 examples: two shards fit a process of 3,200, and none of 3,199."""
    project = copied(untrained, tmp_path / "project")
    find = "from companion.build import shards\nfor job in shards.jobs('quick'): print(*job.shards)"
    found = {}
    for worth in ("3199", "3200"):
        project.environment["WORTH"] = worth
        shutil.rmtree(project.root / "_build", ignore_errors=True)
        (project.root / "_build" / "quick").mkdir(parents=True)
        said = subprocess.run(
            [sys.executable, "-c", find],
            cwd=project.root,
            env=project.env,
            capture_output=True,
            text=True,
            check=True,
        )
        found[worth] = [line.split() for line in said.stdout.splitlines()]
    one, other = found["3199"]
    assert found["3200"] == [[*one, *other]]
    assert build(project, "01").count("20 of 20 runs of tiny trained in") == 1
    assert contents(project) == contents(trained)


SHORT, WORTH = shards.SHORT, shards.WORTH


@pytest.mark.parametrize(
    ("examples", "jobs"),
    [
        ([("a", SHORT // 2), ("b", SHORT - SHORT // 2)], ["a+b"]),
        ([("a", SHORT // 2), ("b", SHORT - SHORT // 2), ("c", 1), ("d", 1)], ["a+b", "c+d"]),
        ([("a", SHORT), ("a", 1)], ["a", "a"]),
        ([("a", SHORT + 1), ("b", 1), ("a", SHORT + 1), ("c", 1)], ["a+a", "b+c"]),
        ([("a", SHORT + 1), ("b", SHORT + 1)], ["a", "b"]),
        ([("a", WORTH - SHORT - 1), ("a", SHORT + 1)], ["a+a"]),
        ([("a", WORTH - SHORT), ("a", SHORT + 1)], ["a", "a"]),
        ([("a", 2 * WORTH), ("a", SHORT + 1), ("a", SHORT + 1)], ["a", "a+a"]),
    ],
)
def test_a_job_is_of_one_chapter_unless_it_is_short(
    examples: list[tuple[str, int]], jobs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    for number, (chapter, seen) in enumerate(examples):
        run = SimpleNamespace(id=f"{number}", plan=SimpleNamespace(steps=seen, batch=1))
        made.append((chapter, grids.Shard(f"{chapter}.{number}", {f"{chapter}/run": run})))
    named: dict[str, dict] = {}
    for chapter, shard in made:
        named.setdefault(chapter, {}).update({shard.name: next(iter(shard.runs.values()))})
    monkeypatch.setattr(grids, "grids", lambda profile: named)
    monkeypatch.setattr(grids, "shards", lambda profile: [shard for _, shard in made])
    found = shards._found("quick")
    assert ["+".join(name[0] for name in job.shards) for job in found] == jobs
    for job in found:
        assert job.chapters == tuple(sorted({name[0] for name in job.shards}))
        assert job.ids == tuple(name[2:] for name in job.shards)


def test_what_was_found_while_its_code_was_edited_is_not_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small, grid = SmallRepository(tmp_path, monkeypatch), "companion/chapters/tiny/grid.py"
    for package in ("chapters", "chapters/tiny", "runs"):
        small.edit(f"companion/{package}/__init__.py", "")
    small.edit("companion/runs/grids.py", "def shards(): ...")
    small.edit(grid, "def grid(): 1")
    small.edit("_build/quick/none", "")
    before, after = (shards.Job((name,), ("tiny",), ()) for name in ("before", "after"))

    def edited(profile: str) -> list[shards.Job]:
        small.edit(grid, "def grid(): 2")
        return [after]

    monkeypatch.setattr(shards, "_found", edited)
    assert shards.jobs("quick") == [after]
    small.edit(grid, "def grid(): 1")  # undone
    monkeypatch.setattr(shards, "_found", lambda profile: [before])
    assert shards.jobs("quick") == [before]
    monkeypatch.setattr(shards, "_found", lambda profile: pytest.fail("found again"))
    assert shards.jobs("quick") == [before]


def test_killed_at_once_it_goes_on_from_there_and_ends_in_the_same_bytes(
    project: Miniature, trained: Miniature
) -> None:
    command = project.command("book", "--profile", "quick", "--only", "01")
    slow = project.env | {"SLOW": "0.4", "EVERY": "0.5"}
    with subprocess.Popen(
        command, cwd=project.root, env=slow, stdout=subprocess.DEVNULL
    ) as process:
        deadline = time.monotonic() + 90
        while len(list((project.root / "runs").glob("*/checkpoint.safetensors"))) < 20:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        for each in [*psutil.Process(process.pid).children(recursive=True), process]:
            each.send_signal(signal.SIGKILL)
    assert not list((project.root / "runs").glob("*/finished.json"))
    listed = project.run("runs", "--profile", "quick").stdout
    assert listed.count("at step") == 20
    assert "at step 0 of" not in listed
    assert build(project, "01").count("10 of 10 runs of tiny trained in") == 2
    assert contents(project) == contents(trained)


def test_a_run_that_diverges_stops_the_notebook_in_one_line_and_the_others_are_kept(
    project: Miniature,
) -> None:
    project.edit(
        "companion/chapters/tiny/grid.py",
        "    return {str(seed)",
        "    loud = Run(loss, 0, net, DATA * 1e30, plan)\n    return {'loud': loud} | {str(seed)",
    )
    built = project.run("book", "--profile", "quick", "--only", "01")
    assert built.returncode == 1
    assert built.stderr.count("\n") == 1
    assert "diverged: its loss is" in built.stderr
    assert len(list((project.root / "runs").glob("*/finished.json"))) == 20
    assert not project.page("01_tiny").exists()
    listed = project.run("runs", "--profile", "quick").stdout
    assert listed.splitlines()[-1].startswith("20 of 21 runs")
