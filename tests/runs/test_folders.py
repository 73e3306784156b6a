"""``python -m companion runs``: states, training by name, and the removal of what nothing names."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from run_examples import DATA, FIRST, PLAN, WANTED, contents, forbid_training, interrupted
from test_grids import numbered, pretend

import diffcore as dc
from companion import paths, runs
from companion.cli import main
from companion.errors import UserError
from companion.profiles import Profile
from companion.runs import folders, outcome, store, training

SHORT = replace(PLAN, steps=4)


@pytest.fixture(autouse=True)
def chapter(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(
        monkeypatch, tiny=lambda profile: numbered(3, plan=SHORT) if str(profile) == "quick" else {}
    )


def listed(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """What the list says of each run, and of all under ''."""
    assert main(["runs", "--profile", "quick"]) == 0
    *rows, last = capsys.readouterr().out.splitlines()
    return {row.split()[0]: row for row in rows} | {"": last}


def test_the_list_says_the_state_and_size_of_every_run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    named = numbered(3, plan=SHORT)
    assert {row.rsplit("  ", 1)[1] for row in list(listed(capsys).values())[:3]} == {"missing"}
    runs.get([named["v/0"]])
    interrupted([named["v/1"]], monkeypatch, 2, training.CHECKPOINT)
    rows = listed(capsys)
    assert rows["tiny/v/0"].endswith("  finished")
    assert named["v/0"].id in rows["tiny/v/0"]
    assert rows["tiny/v/1"].endswith("  at step 2 of 4")
    assert rows["tiny/v/2"].endswith("  missing")
    assert rows[""].startswith("1 of 3 runs of profile quick finished")
    size = sum(path.stat().st_size for path in named["v/0"].folder.iterdir())
    assert folders.size(named["v/0"].folder) == size


@pytest.mark.parametrize(
    "name", ["config.json", "metrics.csv", "weights.safetensors", "finished.json"]
)
def test_the_list_names_the_damaged_file(name: str, capsys: pytest.CaptureFixture[str]):
    run = numbered(1, plan=SHORT)["v/0"]
    runs.get([run])
    (run.folder / name).write_bytes(b"{")
    assert f"  damaged: {name}" in listed(capsys)["tiny/v/0"]
    assert listed(capsys)[""].startswith("0 of 3")


def test_a_damaged_checkpoint_is_damage(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    run = numbered(1, plan=SHORT)["v/0"]
    interrupted([run], monkeypatch, 2, training.CHECKPOINT)
    (run.folder / training.CHECKPOINT).write_bytes(b"")
    assert "  damaged: checkpoint.safetensors" in listed(capsys)["tiny/v/0"]


def test_runs_are_trained_by_name_and_only_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    assert main(["runs", "train", "tiny/v/1", "--profile", "quick"]) == 0
    assert re.fullmatch(r"1 of 1 runs of tiny trained in \d+ s\n", capsys.readouterr().out)
    named = numbered(3, plan=SHORT)
    assert [run.finished for run in named.values()] == [False, True, False]
    marker = named["v/2"].folder / "finished.json"  # as Snakemake asks, before there is one
    assert main(["runs", "train", str(marker), "--profile", "quick"]) == 0
    assert [run.finished for run in named.values()] == [False, True, True]
    assert main(["runs", "train", "tiny", "--profile", "quick"]) == 0
    assert re.search(r"\n1 of 3 runs of tiny trained in \d+ s\n$", f"\n{capsys.readouterr().out}")
    forbid_training(monkeypatch)
    assert main(["runs", "train", "tiny", "--profile", "quick"]) == 0
    assert re.fullmatch(r"0 of 3 runs of tiny trained in \d+ s\n", capsys.readouterr().out)


@pytest.mark.parametrize(
    "arguments", [["train", "tiny/w"], ["train"], ["train", "tiny", "--profile", "q"], ["wash"]]
)
def test_every_mistake_is_one_line(arguments: list[str], capsys: pytest.CaptureFixture[str]):
    assert main(["runs", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize("command", ["--profile quick", "prune", "train tiny --profile quick"])
@pytest.mark.parametrize("place", ["file", "file/runs", "dangling"])
def test_a_file_in_the_place_of_the_folder_of_runs_is_one_clear_line(
    place: str,
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    (tmp_path / "file").write_text("")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    monkeypatch.setenv("COMPANION_RUNS", str(tmp_path / place))
    assert main(["runs", *command.split()]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    at = tmp_path / place.partition("/")[0]
    assert err == (
        f"error: training runs in {tmp_path / place}: expected a folder, got something else at {at}: "
        "move that away, or name another folder in COMPANION_RUNS\n"
    )
    assert (tmp_path / "file").read_text() == ""


def test_a_relative_folder_of_runs_is_one_wherever_a_process_works(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("COMPANION_RUNS", "_build/other")
    monkeypatch.chdir(tmp_path)
    assert paths.runs_dir() == paths.ROOT / "_build" / "other"
    monkeypatch.setenv("COMPANION_RUNS", str(tmp_path))
    assert paths.runs_dir() == tmp_path


def test_prune_removes_what_no_grid_names_and_nothing_else(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    named, orphan = numbered(1, plan=SHORT)["v/0"], replace(FIRST, plan=SHORT, seed=77)
    half = replace(orphan, seed=78)
    runs.get([named, orphan])
    interrupted([half], monkeypatch, 2, training.CHECKPOINT)
    (folder / "notes").mkdir()
    (folder / "0123456789abcdef.txt").write_text("mine")
    kept = contents(named)
    size = folders.size(orphan.folder) + folders.size(half.folder)

    assert main(["runs", "prune", "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert said.count("would remove") == 2
    assert said.endswith(f"2 runs would be removed, {size / 1e6:,.1f} MB\n")
    assert orphan.folder.is_dir()
    assert half.folder.is_dir()

    assert main(["runs", "prune"]) == 0
    said = capsys.readouterr().out
    assert {line.split()[0] for line in said.splitlines()[:2]} == {orphan.id, half.id}
    assert said.endswith(f"2 runs removed, {size / 1e6:,.1f} MB\n")
    assert not orphan.folder.exists()
    assert not half.folder.exists()
    assert contents(named) == kept
    assert (folder / "notes").is_dir()
    assert (folder / "0123456789abcdef.txt").read_text() == "mine"
    assert main(["runs", "prune"]) == 0
    assert capsys.readouterr().out == "0 runs removed, 0.0 MB\n"


def test_prune_keeps_what_another_profile_names(monkeypatch: pytest.MonkeyPatch):
    only_paper = numbered(1, plan=SHORT)

    def grid(profile: Profile) -> dict[str, runs.Run]:
        return only_paper if str(profile) == "paper" else {}

    pretend(monkeypatch, tiny=grid)
    runs.get(only_paper)
    assert folders.prune() == []
    assert only_paper["v/0"].finished


def test_prune_leaves_what_another_process_trains(capsys: pytest.CaptureFixture[str]):
    orphan = replace(FIRST, plan=SHORT, seed=77)
    runs.get([orphan])
    script = (
        f"from companion.runs.store import only_one\nwith only_one(['{orphan.id}']):\n"
        "    print('held', flush=True)\n    input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert main(["runs", "prune"]) == 0
        assert "left, being trained" in capsys.readouterr().out
        assert orphan.finished
        holder.communicate("\n")
    assert [unnamed.id for unnamed in folders.prune()] == [orphan.id]
    assert not orphan.folder.exists()


def test_prune_removes_nothing_when_a_grid_is_broken(monkeypatch: pytest.MonkeyPatch):
    runs.get([FIRST])
    pretend(monkeypatch, tiny=lambda profile: numbered(1), worse=None)
    with pytest.raises(UserError, match="worse"):
        folders.prune()
    assert FIRST.finished


def diverging() -> runs.Run:
    """A run whose loss overflows: data far outside of float32's squares."""
    return replace(FIRST, data=DATA * 1e30, plan=SHORT, loss=replace(FIRST.loss, target=dc.X))


def test_a_run_that_diverges_does_not_count_as_finished(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    wild = diverging()
    for _ in range(2):  # trained, and found unfinished
        with pytest.raises(training.Diverged) as caught:
            runs.get([wild])
        words = str(caught.value)
        assert re.search(rf"run {wild.id} diverged: its loss is (inf|nan) at step 1 of 4", words)
        assert "target x" in words
        assert "seed 0" in words
        assert "\n" not in words
        assert not wild.finished
        forbid_training(monkeypatch)
    pretend(monkeypatch, tiny=lambda profile: {"wild": wild})
    assert "diverged: its loss is" in listed(capsys)["tiny/wild"]


def test_one_that_diverges_does_not_lose_those_beside_it(monkeypatch: pytest.MonkeyPatch):
    both = [replace(run, plan=SHORT) for run in WANTED[:2]]
    answers = iter(["its loss is nan at step 3 of 4", ""])
    monkeypatch.setattr(outcome, "divergence", lambda state, steps: next(answers))
    with pytest.raises(training.Diverged, match=both[0].id):
        runs.get(both)
    assert [run.finished for run in both] == [False, True]


def test_a_weight_that_is_not_finite_is_divergence(monkeypatch: pytest.MonkeyPatch):
    run = replace(FIRST, plan=SHORT)
    interrupted([run], monkeypatch, 2, training.CHECKPOINT)
    state = store.read_tensors(run.folder / training.CHECKPOINT, run.id)
    assert outcome.divergence(state, 4) == ""
    name = next(name for name in state if name.startswith("average."))
    state[name].view(-1)[3] = float("inf")
    assert outcome.divergence(state, 4) == f"{name[8:]} is not finite at step 2 of 4"
