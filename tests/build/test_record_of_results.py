"""The results of record: what `update` copies, removes and says, without building a book."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from small_repository import FIRST, SECOND, SmallRepository, changed_lines

from companion import paths
from companion.build import records, results
from companion.errors import UserError
from companion.evidence.compare import Outcome

UNCHANGED = "; nothing that it is made from has changed: another machine or other packages"


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallRepository:
    return SmallRepository(tmp_path, monkeypatch).build()


def test_the_first_record_holds_every_table_and_what_it_was_made_from(
    built: SmallRepository,
) -> None:
    assert results.record() == {"artifacts": {}, "needs": {}, "seconds": {}}
    assert {c.outcome for c in results.compared()} == {Outcome.NEW}
    needs = "companion/build/execute.py, notebooks/01_first.py, the installed packages"
    more = "_build/standard/figures/numbers.csv, companion/build/execute.py, notebooks/02_second.py"
    assert changed_lines() == [
        f"numbers: not in the record; changed: {needs}",
        f"sums: not in the record; changed: {more} and 1 more",
    ]
    assert set(built.recorded()) == {"manifest.json", "numbers.csv", "sums.csv"}
    assert built.recorded()["numbers.csv"] == "a\n1.0\n"
    assert {c.outcome for c in results.compared()} == {Outcome.SAME}
    record = results.record()
    assert record["seconds"] == {"01_first": 2.0, "02_second": 2.0, "html": 3.0}
    assert record["artifacts"]["sums"]["notebook"] == "02_second"


def test_what_was_recorded_already_changes_nothing(built: SmallRepository) -> None:
    changed_lines()
    before = built.recorded()
    built.execute("01_first", seconds=9.0)  # how long it took is no result
    built.render()
    assert changed_lines() == []
    assert built.recorded() == before


def test_an_edit_that_changes_no_table_is_recorded_in_silence(built: SmallRepository) -> None:
    changed_lines()
    built.edit("notebooks/01_first.py", "x = 1\n" + FIRST)
    built.execute("01_first")
    before = built.recorded()
    assert changed_lines() == []
    assert built.recorded() != before
    assert (
        results.record()["needs"]["01_first"]
        == json.loads((built.root / "_build/standard/records/01_first.json").read_text())["needs"]
    )


def test_what_changed_is_said_with_what_changed_it(built: SmallRepository) -> None:
    changed_lines()
    built.execute("01_first", number=1.1)
    built.execute("02_second")
    difference = "out of tolerance, largest relative difference 9.1e-02 (tolerance 1e-06): in 'a'"
    assert changed_lines() == [f"numbers: {difference}{UNCHANGED}"]
    assert built.recorded()["numbers.csv"] == "a\n1.1\n"


def test_another_caption_is_said_though_no_number_changed(built: SmallRepository) -> None:
    changed_lines()
    manifest = built.root / "_build/standard/figures/01_first.manifest.json"
    entries = json.loads(manifest.read_text())
    entries["numbers"]["caption"] = "In other words."
    built.edit(str(manifest.relative_to(built.root)), json.dumps(entries))
    records.write("01_first", "standard", records.needs("01_first"), 2.0)
    (line,) = changed_lines()
    assert line.startswith("numbers: other words or shape")
    assert "another caption" in line
    assert results.record()["artifacts"]["numbers"]["caption"] == "In other words."


@pytest.mark.parametrize("key", ["tolerance", "negligible"])
def test_another_tolerance_is_said_though_no_number_changed(
    built: SmallRepository, key: str
) -> None:
    changed_lines()
    manifest = built.root / "_build/standard/figures/01_first.manifest.json"
    entries = json.loads(manifest.read_text())
    entries["numbers"][key] = 1e-3
    built.edit(str(manifest.relative_to(built.root)), json.dumps(entries))
    records.write("01_first", "standard", records.needs("01_first"), 2.0)
    (line,) = changed_lines()
    assert line.startswith("numbers: other words or shape")
    assert f"another {key}" in line
    assert results.record()["artifacts"]["numbers"][key] == 1e-3


def test_what_is_made_no_more_leaves_the_record(built: SmallRepository) -> None:
    changed_lines()
    built.edit("figures/stray.csv", "a\n")
    built.edit("notebooks/02_second.py", "load('numbers')")
    built.edit("_build/standard/figures/02_second.manifest.json", "{}")
    records.write("02_second", "standard", records.needs("02_second"), 1.0)
    assert [c.words for c in results.compared()][1:] == ["sums: not made"]
    assert changed_lines() == ["sums: not made; changed: notebooks/02_second.py"]
    assert set(built.recorded()) == {"manifest.json", "numbers.csv"}


def test_an_unfinished_build_is_no_record(built: SmallRepository) -> None:
    built.edit("notebooks/02_second.py", "x = 1\n" + SECOND)
    with pytest.raises(
        UserError, match=r"^notebook 02_second is not up to date \(notebooks/02_second.py c"
    ):
        changed_lines()
    assert not paths.RESULTS.exists()


def test_pages_that_were_not_rendered_do_not_stop_the_record(built: SmallRepository) -> None:
    built.edit("book/intro.md", "# Ho")
    assert len(changed_lines()) == 2


@pytest.mark.parametrize("text", ["{", "[]", '{"artifacts": {}, "needs": {}}', '{"artifacts": 1}'])
def test_a_damaged_record_is_one_line(built: SmallRepository, text: str) -> None:
    built.edit("figures/manifest.json", text)
    with pytest.raises(UserError, match=r"^figures/manifest.json cannot be read \(.*; restore it"):
        results.record()
