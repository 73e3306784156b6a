"""Records: what must be made again, and in which words, after each kind of edit. Nothing is executed."""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import shutil
import sys
import time
from importlib import metadata
from pathlib import Path

import pytest
from small_repository import FIRST as FIRST_CODE
from small_repository import PROFILE, SmallRepository
from small_repository import SECOND as SECOND_CODE

from companion import paths
from companion.build import records
from companion.files import read_pins

FIRST, SECOND, HTML = "01_first", "02_second", "html"
EDITED = {FIRST: "x = 1\n" + FIRST_CODE, SECOND: "x = 1\n" + SECOND_CODE}
FIGURES = f"_build/{PROFILE}/figures"
AFTER_FIRST = {SECOND: "it reads what 01_first makes", HTML: "it reads what 01_first makes"}
AFTER_SECOND = {HTML: "it reads what 02_second makes"}


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallRepository:
    return SmallRepository(tmp_path, monkeypatch).build()


def test_what_was_just_built_is_up_to_date(built: SmallRepository) -> None:
    assert records.stale(PROFILE) == {}
    assert list(records.stale("quick")) == [FIRST, SECOND, HTML]


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("notebooks/01_first.py", EDITED[FIRST], {FIRST: "notebooks/01_first.py changed"} | AFTER_FIRST),
        ("notebooks/02_second.py", EDITED[SECOND], {SECOND: "notebooks/02_second.py changed"} | AFTER_SECOND),
        ("book/intro.md", "# Ho", {HTML: "book/intro.md changed"}),
        ("book/new.md", "# Ho", {HTML: "book/new.md changed"}),
        ("_config.yml", "title: big", {HTML: "_config.yml changed"}),
        ("companion/build/book.py", "def render(): 1", {HTML: "companion/build/book.py changed"}),
        ("companion/build/book.py", "def render(): ...  # words", {}),
        ("figures/numbers.csv", "a\n1\n", {HTML: "figures/numbers.csv, which it reads, changed"}),
        (
            "requirements.lock",
            "torch==2.11\nnumpy==2.0 \\\n    --hash=sha256:ab\n",
            {FIRST: f"{records.PACKAGES} changed"} | AFTER_FIRST,
        ),
        ("requirements.lock", "# words\ntorch==2.12 \\\n    --hash=sha256:ab\n", {}),
        (
            "companion/build/execute.py",
            "def execute(): 1",
            {FIRST: "companion/build/execute.py changed"} | AFTER_FIRST,
        ),
        (
            f"{FIGURES}/numbers.csv",
            "a\n2\n",
            {FIRST: f"{FIGURES}/numbers.csv is missing or damaged"} | AFTER_FIRST,
        ),
        (
            f"{FIGURES}/02_second.manifest.json",
            "{}",
            {SECOND: f"{FIGURES}/02_second.manifest.json is missing or damaged"} | AFTER_SECOND,
        ),
        (
            f"_build/{PROFILE}/html/index.html",
            "<p>",
            {HTML: f"_build/{PROFILE}/html/index.html is missing or damaged"},
        ),
        (f"_build/{PROFILE}/records/{SECOND}.json", "{", {SECOND: "it has no record"} | AFTER_SECOND),
        (f"_build/{PROFILE}/records/{HTML}.json", "[]", {HTML: "it has no record"}),
        (f"_build/{PROFILE}/records/{HTML}.json", '{"needs": {}}', {HTML: "it has no record"}),
    ],
)  # fmt: skip
def test_an_edit_makes_stale_what_was_made_from_it(
    built: SmallRepository, file: str, text: str, expected: dict[str, str]
) -> None:
    built.edit(file, text)
    stale = records.stale(PROFILE)
    assert stale == expected
    assert list(stale) == sorted(stale)  # in the order in which they are made


@pytest.mark.parametrize("name", [FIRST, SECOND])
def test_a_page_that_is_gone_is_seen(built: SmallRepository, name: str) -> None:
    (built.root / f"_build/{PROFILE}/book/{name}.ipynb").unlink()
    assert records.stale(PROFILE)[name].endswith(f"{name}.ipynb is missing or damaged")


def test_what_was_edited_while_it_was_made_is_stale_though_the_edit_is_undone(
    built: SmallRepository,
) -> None:
    made_from = records.needs(FIRST)
    built.edit("companion/build/execute.py", "def execute(): 1")
    records.write(FIRST, PROFILE, made_from, 2.0)
    built.edit("companion/build/execute.py", "def execute(): ...")
    assert records.stale(PROFILE)[FIRST] == "companion/build/execute.py changed"


def test_a_table_made_anew_makes_stale_what_reads_it(built: SmallRepository) -> None:
    built.execute(FIRST, number=1.0)
    assert records.stale(PROFILE) == {}
    built.execute(FIRST, number=5.0)
    reason = f"{FIGURES}/numbers.csv, which it reads, changed"
    assert records.stale(PROFILE) == {SECOND: reason} | AFTER_SECOND


def test_a_record_holds_hashes_of_content_relative_to_the_repository(
    built: SmallRepository,
) -> None:
    record = json.loads((built.root / f"_build/{PROFILE}/records/{SECOND}.json").read_text())
    table = built.root / f"{FIGURES}/numbers.csv"
    assert set(record["needs"]) == {
        "companion/build/execute.py", "notebooks/02_second.py", records.PACKAGES,
    }  # fmt: skip
    digest = hashlib.sha256(table.read_bytes()).hexdigest()
    assert record["inputs"] == {f"{FIGURES}/numbers.csv": digest}
    assert set(record["made"]) == {
        f"{FIGURES}/02_second.manifest.json", f"{FIGURES}/sums.csv", f"_build/{PROFILE}/book/{SECOND}.ipynb",
    }  # fmt: skip


def test_another_installed_version_makes_every_page_stale(
    built: SmallRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = built.root / "site-packages"

    def install(version: str) -> None:
        shutil.rmtree(place, ignore_errors=True)
        (place / f"torch-{version}.dist-info").mkdir(parents=True)
        records._versions.cache_clear()

    install("2.11.0")
    monkeypatch.setattr(sys, "path", [str(place)])
    built.build()
    changed = {FIRST: f"{records.PACKAGES} changed"} | AFTER_FIRST
    for version, expected in (
        ("2.11.0+cpu", {}),  # another build of it
        ("2.12.0", changed),
        ("2.11.0", {}),
    ):
        install(version)
        assert records.stale(PROFILE) == expected
    (place / "torch-2.11.0.dist-info").rename(place / "torchvision-2.11.0.dist-info")
    records._versions.cache_clear()
    assert records.stale(PROFILE) == changed
    records._versions.cache_clear()


def test_every_package_of_every_lock_counts_however_it_is_written_or_installed(
    built: SmallRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = built.root / "site-packages"
    built.edit("requirements.lock", "One==1\nsome.other==2\nold==3\n")
    built.edit("requirements-torch.lock", "torch==4\n")
    monkeypatch.setattr(sys, "path", [str(place)])

    def installed(*folders: str, old: str = "3") -> str:
        shutil.rmtree(place, ignore_errors=True)
        for folder in folders:
            (place / f"{folder}.dist-info").mkdir(parents=True)
        built.edit(
            "site-packages/old.egg-info/PKG-INFO", f"Metadata-Version: 2.1\nVersion: {old}\n"
        )
        importlib.invalidate_caches()
        records._versions.cache_clear()
        return records.installed()

    first = installed("one-1", "some_other-2", "torch-4")
    assert installed("One-1", "some-other-2", "torch-4+cpu") == first
    others = [
        installed("one-2", "some_other-2", "torch-4"),
        installed("one-1", "some_other-3", "torch-4"),
        installed("one-2", "some_other-1", "torch-4"),  # the same numbers, of others
        installed("one-1", "some_other-2", "torch-5"),
        installed("one-1", "some_other-2", "torch-4", old="4"),
    ]
    records._versions.cache_clear()
    assert len({first, *others}) == 6


def test_the_installed_versions_are_those_that_the_packages_say() -> None:
    versions = records._installed_versions()
    pins = [name for lock in paths.LOCKS for name in read_pins(paths.ROOT / lock)]
    assert len(pins) > 100
    for name in pins:
        found = versions.get(records._normal(name))
        assert found == metadata.version(name).partition("+")[0], name


def test_the_first_of_two_installed_versions_is_the_one_that_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("a/Some-_Name-1.0.dist-info", "b/some.name-2.0.dist-info"):
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.setattr(sys, "path", [str(tmp_path / "a"), str(tmp_path / "b")])
    assert records._installed_versions() == {"some-name": "1.0"}


def test_forgetting_removes_what_no_longer_holds_and_nothing_else(built: SmallRepository) -> None:
    folder = built.root / f"_build/{PROFILE}/records"
    built.edit(f"_build/{PROFILE}/records/50_gone.json", "{}")
    built.edit("notebooks/02_second.py", EDITED[SECOND])
    stale = records.stale(PROFILE)
    assert (
        records.forget(PROFILE)
        == stale
        == {SECOND: "notebooks/02_second.py changed"} | AFTER_SECOND
    )
    assert {path.stem for path in folder.iterdir()} == {FIRST}
    assert records.seconds(PROFILE) == {FIRST: 2.0, SECOND: 2.0, HTML: 3.0}  # remembered


def test_a_record_of_the_future_is_dated_back_and_one_of_the_past_left(
    built: SmallRepository,
) -> None:
    first, second = (records.path(name, PROFILE) for name in (FIRST, SECOND))
    now = time.time()
    os.utime(first, (now + 9999, now + 9999))
    os.utime(second, (now - 9999, now - 9999))
    assert records.forget(PROFILE) == {}
    assert abs(first.stat().st_mtime - now) < 60
    assert second.stat().st_mtime == pytest.approx(now - 9999, abs=1)


def test_the_last_known_time_is_the_record_s_then_the_memory_s_then_the_book_s(
    built: SmallRepository,
) -> None:
    built.edit("figures/manifest.json", json.dumps({"seconds": {FIRST: 7.0, "03_third": 8.0}}))
    built.edit(f"_build/{PROFILE}/seconds.json", json.dumps({"03_third": 9.0, SECOND: 9.0}))
    built.execute(SECOND, seconds=1.26)
    assert records.seconds(PROFILE) == {FIRST: 2.0, SECOND: 1.3, "03_third": 9.0, HTML: 3.0}
    assert records.seconds("quick") == {FIRST: 7.0, "03_third": 8.0}
