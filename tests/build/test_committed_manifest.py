"""What a manifest may say, whoever wrote it: bare names, and nothing outside its folder is touched."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from small_repository import PROFILE, SmallRepository, changed_lines

from companion import paths
from companion.build import records, results
from companion.errors import UserError
from companion.evidence import manifest
from companion.evidence.artifacts import Artifacts
from companion.files import write_text

HASH = "0" * 64
GOOD: dict[str, Any] = {
    "kind": "table", "notebook": "01_first", "tolerance": 1e-6, "files": {"numbers.csv": HASH},
}  # fmt: skip

FILES = [
    (b"\xff\xfe\x00{", "not UTF-8"),
    (b"[]", "a list, not an object"),
    (b"null", "a NoneType, not an object"),
    (b"{", "does not parse"),
    (b"[" * 100_000, "nests too deep"),
]
ENTRIES: list[tuple[str, Any, str]] = [
    ("numbers", None, "entry 'numbers': expected an object"),
    ("../numbers", GOOD, "expected a name of letters"),
    ("numbers", GOOD | {"kind": "song"}, "expected a kind"),
    ("numbers", GOOD | {"files": {"../../precious": HASH}}, "a file '../../precious'"),
    ("numbers", GOOD | {"files": {"/etc/passwd": HASH}}, "a file '/etc/passwd'"),
    ("numbers", GOOD | {"files": {"numbers.svg": HASH}}, "a file 'numbers.svg'"),
    ("numbers", GOOD | {"files": {"numbers.csv": 1}}, "expected the SHA-256 of numbers.csv"),
    ("numbers", GOOD | {"files": {}}, "expected its files"),
    ("numbers", GOOD | {"tolerance": "much"}, "expected a tolerance"),
    ("numbers", GOOD | {"tolerance": float("nan")}, "expected a tolerance"),
    ("numbers", GOOD | {"negligible": -1e-9}, "expected a negligible difference"),
    ("numbers", GOOD | {"negligible": float("inf")}, "expected a negligible difference"),
    ("numbers", GOOD | {"negligible": "little"}, "expected a negligible difference"),
    ("numbers", GOOD | {"notebook": ["01_first"]}, "expected the name of its notebook"),
]
OF_A_BUILD = FILES + [(json.dumps({n: entry}).encode(), says) for n, entry, says in ENTRIES]
OF_THE_RECORD = FILES + [
    (json.dumps({"artifacts": {n: entry}, "needs": {}, "seconds": {}}).encode(), says)
    for n, entry, says in ENTRIES
]
OF_THE_RECORD += [(b'{"artifacts": {}, "needs": {}}', "expected seconds")]


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallRepository:
    return SmallRepository(tmp_path / "repository", monkeypatch).build()


def line(error: pytest.ExceptionInfo[UserError]) -> str:
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(("content", "says"), OF_THE_RECORD)
def test_a_damaged_manifest_of_the_record_is_one_line(
    built: SmallRepository, content: bytes, says: str
) -> None:
    changed_lines()
    paths.RECORD.write_bytes(content)
    with pytest.raises(UserError) as error:
        results.record()
    assert line(error).startswith("figures/manifest.json cannot be read (")
    assert says in line(error)
    assert "restore it from git" in line(error)


@pytest.mark.parametrize(("content", "says"), OF_A_BUILD)
def test_a_damaged_manifest_of_a_build_is_one_line_whose_mend_is_true(
    built: SmallRepository, content: bytes, says: str
) -> None:
    path = manifest.manifest_path("01_first", PROFILE)
    path.write_bytes(content)
    with pytest.raises(UserError) as error:
        manifest.read_manifest(PROFILE)
    assert says in line(error)
    assert "delete it and run make book" in line(error)
    assert records.forget(PROFILE)["01_first"].endswith("is missing or damaged")
    assert not path.exists()  # so no other notebook stumbles over it
    assert manifest.read_manifest(PROFILE).keys() == {"sums"}


def test_nothing_outside_its_folder_is_removed_for_a_manifest(built: SmallRepository) -> None:
    folder = paths.figures_dir(PROFILE)
    precious = built.root / "precious"
    precious.write_text("mine")
    (folder / "old.csv").write_text("made no more")
    (folder / "old").mkdir()
    (folder / "link").symlink_to(built.root)
    assert manifest.prune(PROFILE) == ["link", "old", "old.csv"]
    entry = GOOD | {"files": {"../../../precious": HASH}}
    manifest.manifest_path("01_first", PROFILE).write_text(json.dumps({"numbers": entry}))
    with pytest.raises(UserError, match="it has a file"):
        manifest.prune(PROFILE)
    with pytest.raises(UserError, match="it has a file"):
        results.compared()
    assert precious.read_text() == "mine"


@pytest.mark.parametrize("name", ["../numbers", "a/b", "", ".hidden", "a b", "manifest.json"])
def test_a_figure_or_table_with_a_path_for_a_name_is_refused(
    built: SmallRepository, name: str
) -> None:
    import pandas as pd

    with pytest.raises(UserError, match="cannot be the name of a table"):
        Artifacts("01_first", PROFILE).table(pd.DataFrame({"a": [1]}), name, caption="One.")


@pytest.mark.parametrize("damage", [[], {"numbers": 1}, {"01_first": "long"}, {"01_first": 1e400}])
def test_a_memory_of_seconds_is_only_a_memory(built: SmallRepository, damage: Any) -> None:
    (paths.build_dir(PROFILE) / "seconds.json").write_text(json.dumps(damage))
    known = records.seconds(PROFILE)
    assert known.pop("numbers", 1) == 1
    assert known == {"01_first": 2.0, "02_second": 2.0, "html": 3.0}


@pytest.mark.parametrize(
    "damage", [{"needs": []}, {"made": {"a": None}}, {"inputs": {"a": 1}}, {"seconds": "two"}]
)
def test_a_damaged_record_is_no_record(built: SmallRepository, damage: dict[str, Any]) -> None:
    path = records.path("01_first", PROFILE)
    path.write_text(json.dumps(json.loads(path.read_text()) | damage))
    assert records.stale(PROFILE)["01_first"] == "it has no record"


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_who_may_read_a_file_is_what_the_umask_says(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        write_text(tmp_path / "deep" / "file.txt", "one")
    finally:
        os.umask(before)
    assert (tmp_path / "deep" / "file.txt").stat().st_mode & 0o777 == 0o666 & ~mask
    assert (tmp_path / "deep").stat().st_mode & 0o777 == 0o777 & ~mask
