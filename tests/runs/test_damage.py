"""A run whose files are not what was written is refused in one line; so is a disk that is full."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from run_examples import FIRST, PLAN, WANTED, forbid_training, interrupted

import diffcore as dc
from companion import runs
from companion.errors import UserError
from companion.runs import Run, outcome, training


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
    interrupted([FIRST], monkeypatch, 5, training.CHECKPOINT)
    damage(FIRST, name, DAMAGE[how])
    with pytest.raises(UserError, match=f"{name} is missing or damaged"):
        runs.get([FIRST])


def test_the_checkpoint_of_another_run_is_refused(monkeypatch: pytest.MonkeyPatch):
    other = replace(FIRST, loss=replace(FIRST.loss, target=dc.SCORE))
    interrupted([FIRST, other], monkeypatch, 4, training.CHECKPOINT)
    (FIRST.folder / training.CHECKPOINT).write_bytes(
        (other.folder / training.CHECKPOINT).read_bytes()
    )
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
        if Path(target).name == outcome.WEIGHTS:
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
    (tmp_path / "others").mkdir()
    (tmp_path / "others" / ".locks").write_text("")
    monkeypatch.setenv("COMPANION_RUNS", str(tmp_path / "others"))
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
