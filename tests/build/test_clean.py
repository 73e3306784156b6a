"""`clean` deletes what was built, and never what is being built."""

from __future__ import annotations

from pathlib import Path

import pytest

from companion.build import processes
from companion.build.clean import clean
from companion.errors import UserError


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A `_build` with a book and a cold check in it, beside something else."""
    folder = tmp_path / "_build"
    for built in ("quick", "standard", "standard/cold"):
        with processes.head(folder / built, "build"):
            (folder / built / "page.html").write_text("page")
    (folder / "proofs").mkdir()
    (tmp_path / "runs").mkdir()
    return folder


def test_what_was_built_is_gone_and_nothing_else(built: Path) -> None:
    clean(built)
    assert [path.name for path in built.parent.iterdir()] == ["runs"]
    clean(built)  # nothing to do


@pytest.mark.parametrize("name", ["quick", "standard/cold"])
def test_a_running_build_is_left_alone_and_so_is_all_else(built: Path, name: str) -> None:
    before = sorted(built.rglob("*"))
    with (
        processes.head(built / name, "build"),
        pytest.raises(UserError, match=f"built in .*_build/{name}: expected nothing; wait for it"),
    ):
        clean(built)
    assert sorted(built.rglob("*")) == before
    clean(built)
    assert not built.exists()


def test_what_a_killed_build_has_left_running_is_ended_first(
    built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: dict[str, bool] = {}
    monkeypatch.setattr(processes, "end", lambda mark: ended.update({mark: built.exists()}))
    clean(built)
    places = [built / name for name in ("quick", "standard", "standard/cold")]
    assert ended == {processes.mark_of(place): True for place in places}


@pytest.mark.parametrize("kind", ["file", "link", "dangling link"])
def test_what_is_no_folder_of_ours_is_not_followed(tmp_path: Path, kind: str) -> None:
    place, elsewhere = tmp_path / "_build", tmp_path / "elsewhere"
    if kind == "file":
        place.write_text("mine")
    else:
        place.symlink_to(elsewhere)
    if kind == "link":
        elsewhere.mkdir()
    with pytest.raises(UserError, match="_build is no folder of ours: expected one; remove it"):
        clean(place)
    assert place.is_symlink() or place.read_text() == "mine"
    assert elsewhere.exists() == (kind == "link")
