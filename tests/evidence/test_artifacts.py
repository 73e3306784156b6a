"""Figures and tables: the bytes, the manifest, and what is refused."""

import json
import multiprocessing

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from companion import graph, paths
from companion.errors import UserError
from companion.evidence import artifacts, style
from companion.evidence.artifacts import MANIFEST, Artifacts, load_table, prune, read_manifest

NOTEBOOK = "04_four_targets"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Figures of a temporary repository."""
    monkeypatch.setattr(paths, "figures_dir", lambda profile: tmp_path / "figures")
    return tmp_path / "figures"


def small_figure():
    style.use()
    figure, axis = plt.subplots()
    axis.plot([0, 1, 2], [0, 1, 4], label=r"$\lambda$")
    axis.legend()
    return figure


def test_figures_are_the_same_bytes_every_time_and_hashed(folder):
    saver = Artifacts(NOTEBOOK, "quick")
    saver.figure(small_figure(), "parabola", caption="A parabola.", alt="A curve.", seeds=[3])
    first = {p.name: p.read_bytes() for p in folder.iterdir() if p.name != MANIFEST}
    saver.figure(small_figure(), "parabola", caption="A parabola.", alt="A curve.", seeds=[3])
    second = {p.name: p.read_bytes() for p in folder.iterdir() if p.name != MANIFEST}
    assert set(first) == {"parabola.svg", "parabola.png"}
    assert first == second
    entry = json.loads((folder / MANIFEST).read_text())["parabola"]
    assert entry["notebook"] == NOTEBOOK
    assert entry["seeds"] == [3]
    assert entry["alt"] == "A curve."
    assert set(entry["files"]) == set(first)


def test_a_table_keeps_every_digit_and_loads_again(folder):
    frame = pd.DataFrame({"name": ["a", "b"], "value": [1 / 3, 2e-17]})
    shown = Artifacts(NOTEBOOK, "quick").table(frame, "thirds", caption="Thirds.", digits=2)
    pd.testing.assert_frame_equal(load_table("thirds", "quick"), frame, check_exact=True)
    assert "0.33" in shown.markdown
    assert "0.3333" not in shown.markdown
    assert ":name: tab-thirds" in shown.markdown


def test_a_changed_or_missing_table_is_refused_in_one_line(folder):
    saver = Artifacts(NOTEBOOK, "quick")
    with pytest.raises(UserError, match=r"no table 'absent'.*make book"):
        saver.load("absent")
    saver.table(pd.DataFrame({"a": [1.0]}), "edited", caption="One.")
    (folder / "edited.csv").write_text("a\n2.0\n")
    with pytest.raises(UserError, match=f"edited.csv is not what notebook {NOTEBOOK} saved") as e:
        saver.load("edited")
    assert "\n" not in str(e.value)


def test_a_corrupt_manifest_is_named(folder):
    folder.mkdir()
    (folder / MANIFEST).write_text("{")
    with pytest.raises(UserError, match=r"manifest\.json does not parse"):
        read_manifest("quick")


def test_two_notebooks_cannot_save_under_one_name(folder):
    frame = pd.DataFrame({"a": [1]})
    Artifacts(NOTEBOOK, "quick").table(frame, "shared", caption="One.")
    other = next(name for name in graph.notebooks() if name != NOTEBOOK)
    with pytest.raises(UserError, match="already saved by notebook"):
        Artifacts(other, "quick").table(frame, "shared", caption="One.")


def test_unknown_notebook_and_profile_are_refused():
    with pytest.raises(UserError, match="unknown notebook '99_nothing'"):
        Artifacts("99_nothing", "quick")
    with pytest.raises(UserError, match="unknown profile 'slow'"):
        Artifacts(NOTEBOOK, "slow")


def test_prune_removes_what_an_older_notebook_left_and_nothing_else(folder, monkeypatch):
    frame = pd.DataFrame({"a": [1]})
    current = artifacts.fingerprint(NOTEBOOK)
    monkeypatch.setattr(artifacts, "fingerprint", lambda name: "old")
    Artifacts(NOTEBOOK, "quick").table(frame, "left_over", caption="One.")
    monkeypatch.setattr(
        artifacts, "fingerprint", lambda name: current if name == NOTEBOOK else "other"
    )
    assert prune("quick") == []  # the notebook has not been executed since: its figures stay
    Artifacts(NOTEBOOK, "quick").table(frame, "fresh", caption="One.")
    assert prune("quick") == ["left_over"]
    assert sorted(p.name for p in folder.iterdir()) == ["fresh.csv", "fresh.md", MANIFEST]


def _save(folder, name):
    paths.figures_dir = lambda profile: folder
    for k in range(5):
        frame = pd.DataFrame({"a": [k]})
        Artifacts(NOTEBOOK, "quick").table(frame, f"{name}_{k}", caption="One.")


def test_two_processes_lose_no_entry(tmp_path):
    folder = tmp_path / "figures"
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_save, args=(folder, name)) for name in "ab"]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    manifest = json.loads((folder / MANIFEST).read_text())
    assert sorted(manifest) == sorted(f"{name}_{k}" for name in "ab" for k in range(5))
