"""Figures and tables: the bytes, the manifest, and what is refused."""

import json
import math
import multiprocessing

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from companion import notebooks, paths
from companion.errors import UserError
from companion.evidence import style
from companion.evidence.artifacts import Artifacts, load_table
from companion.evidence.manifest import manifest_path, prune, read_manifest

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
    first = {p.name: p.read_bytes() for p in folder.iterdir()}
    saver.figure(small_figure(), "parabola", caption="A parabola.", alt="A curve.", seeds=[3])
    second = {p.name: p.read_bytes() for p in folder.iterdir()}
    manifest = f"{NOTEBOOK}.manifest.json"
    assert set(first) == {"parabola.svg", "parabola.png", "parabola.drawn.csv", manifest}
    assert first == second
    entry = json.loads((folder / manifest).read_text())["parabola"]
    assert entry["notebook"] == NOTEBOOK
    assert entry["seeds"] == [3]
    assert entry["alt"] == "A curve."
    assert set(entry["files"]) == set(first) - {manifest}
    assert entry["tolerance"] == 1e-6


def test_a_table_keeps_every_digit_and_loads_again(folder):
    frame = pd.DataFrame({"name": ["a", "b"], "value": [1 / 3, 2e-17]})
    shown = Artifacts(NOTEBOOK, "quick").table(frame, "thirds", caption="Thirds.", digits=2)
    pd.testing.assert_frame_equal(load_table("thirds", "quick"), frame, check_exact=True)
    assert "0.33" in shown.markdown
    assert "0.3333" not in shown.markdown
    assert ":name: tab-thirds" in shown.markdown


SPANS = {
    "1.23 (1.1 to 1.47)": (1.234, 1.1, 1.466),
    "1.23 (1.23 to 1.5)": (1.23, 1.23, 1.5),
    "1.5 (1.23 to 1.5)": (1.5, 1.23, 1.5),
    "1.3 (1.3 to 1.3)": (1.3, 1.2999, 1.3001),
    "2": (2.0, 2.0, 2.0),
    "1.2": (1.2, math.nan, math.nan),
    "–": (math.nan, math.nan, math.nan),
}
"""How a number is shown with the ends of its interval."""


def test_the_ends_of_an_interval_stand_in_the_cell_of_their_number(folder):
    frame = pd.DataFrame(SPANS.values(), columns=["value", "least", "most"]).assign(name="a")
    how = {
        "caption": "Spans.",
        "columns": {"name": "of", "value": "value (95 %)"},
        "words": {"name": {"a": "first"}, "column of another table": {}},
        "digits": {"value": ".3g"},
    }
    saver = Artifacts(NOTEBOOK, "quick")
    shown = saver.table(frame, "spans", ends={"value": ("least", "most")}, **how)
    pd.testing.assert_frame_equal(load_table("spans", "quick"), frame, check_exact=True)
    cells = [line.split("|")[1:-1] for line in shown.markdown.splitlines() if line.startswith("|")]
    stripped = [[cell.strip() for cell in row] for row in cells]
    assert stripped[0] == ["of", "value (95 %)"]
    assert stripped[2:] == [["first", cell] for cell in SPANS]
    with pytest.raises(ValueError, match="expected most <= least"):
        saver.table(frame, "spans", ends={"value": ("most", "least")}, **how)


def test_an_absolute_tolerance_is_kept_of_any_kind_of_number_and_none_by_default(folder):
    saver = Artifacts(NOTEBOOK, "quick")
    frame = pd.DataFrame({"a": [1.0]})
    saver.table(frame, "plain", caption="Plain.")
    limits = pd.Series([1e-9, 3e-6], dtype=object)
    saver.table(frame, "near_zero", caption="Near zero.", negligible=limits.max())
    saver.table(frame, "in_numpy", caption="NumPy.", negligible=np.float32(0.5))
    found = json.loads((folder / f"{NOTEBOOK}.manifest.json").read_text())
    assert "negligible" not in found["plain"]
    assert (found["near_zero"]["negligible"], found["in_numpy"]["negligible"]) == (3e-6, 0.5)


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
    manifest_path(NOTEBOOK, "quick").write_text("{")
    with pytest.raises(
        UserError, match=r"04_four_targets\.manifest\.json cannot be read \(it does not parse"
    ):
        read_manifest("quick")


def test_two_notebooks_cannot_save_under_one_name_and_the_first_one_stays(folder):
    Artifacts(NOTEBOOK, "quick").table(pd.DataFrame({"a": [1.5]}), "shared", caption="One.")
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    other = next(name for name in notebooks.names() if name != NOTEBOOK)
    with pytest.raises(UserError, match=f"already saved by notebook {NOTEBOOK}: expected a name"):
        Artifacts(other, "quick").table(pd.DataFrame({"a": [2.5]}), "shared", caption="One.")
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before
    assert load_table("shared", "quick")["a"].tolist() == [1.5]


def test_a_figure_and_a_table_cannot_share_a_name(folder):
    saver = Artifacts(NOTEBOOK, "quick")
    saver.table(pd.DataFrame({"a": [1]}), "twice", caption="One.")
    saver.table(pd.DataFrame({"a": [2]}), "twice", caption="The same, again.")
    with pytest.raises(UserError, match="'twice' is a table of 04_four_targets already"):
        saver.figure(small_figure(), "twice", caption="A parabola.", alt="A curve.")
    assert load_table("twice", "quick")["a"].tolist() == [2]


def test_unknown_notebook_and_profile_are_refused():
    with pytest.raises(UserError, match="unknown notebook '99_nothing'"):
        Artifacts("99_nothing", "quick")
    with pytest.raises(UserError, match="unknown profile 'slow'"):
        Artifacts(NOTEBOOK, "slow")


def test_prune_removes_what_an_older_notebook_left_and_nothing_else(folder):
    frame = pd.DataFrame({"a": [1]})
    Artifacts(NOTEBOOK, "quick").table(frame, "left_over", caption="One.")
    Artifacts("05_published_numbers", "quick").table(frame, "of_another", caption="One.")
    assert prune("quick") == []
    Artifacts(NOTEBOOK, "quick").table(frame, "fresh", caption="One.")  # executed again
    assert prune("quick") == ["left_over.csv", "left_over.md"]
    assert {"fresh.csv", "fresh.md", "of_another.csv", "of_another.md"} <= {
        p.name for p in folder.iterdir()
    }
    assert prune("quick") == []


def _save(folder, notebook):
    paths.figures_dir = lambda profile: folder
    saver = Artifacts(notebook, "quick")
    for k in range(5):
        saver.table(pd.DataFrame({"a": [k]}), f"{notebook}_{k}", caption="One.")


def test_two_notebooks_at_once_lose_no_entry(folder):
    context = multiprocessing.get_context("fork")
    names = notebooks.names()[:2]
    workers = [context.Process(target=_save, args=(folder, name)) for name in names]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(read_manifest("quick")) == sorted(f"{n}_{k}" for n in names for k in range(5))
