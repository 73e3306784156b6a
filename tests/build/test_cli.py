"""The smaller commands: list, pair, check's comparison, help."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from miniature import Miniature, notebook

from companion import cli, notebooks, profiles
from companion.build import serve
from companion.errors import UnknownName, UserError, one_line
from companion.files import write_text


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    said = capsys.readouterr().out
    for command in (
        "verify",
        "book",
        "browser",
        "serve",
        "notebook",
        "list",
        "stale",
        "figures",
        "check",
        "pair",
        "lock",
    ):
        assert f"\n  {command} " in said


def test_a_bare_command_is_its_help_and_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 0
    bare = capsys.readouterr()
    assert cli.main(["--help"]) == 0
    assert bare.out == capsys.readouterr().out
    assert bare.err == ""
    assert "0 all is well; 1 what was asked for failed; 2 it could not be" in bare.out


def test_a_mistake_of_ours_is_one_line_and_its_traceback_a_variable_away(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notebooks, "names", lambda: {}["none"])
    assert cli.main(["list"]) == 3
    said = capsys.readouterr().err
    assert re.fullmatch(
        r"error: a mistake of ours, KeyError in test_cli.py:\d+: 'none'; .*\n", said
    )
    monkeypatch.setenv("COMPANION_TRACEBACK", "1")
    assert cli.main(["list"]) == 3
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_list_names_notebooks_and_profiles(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[: len(notebooks.names())] == notebooks.names()
    assert [line.split(":")[0] for line in lines[len(notebooks.names()) :]] == [*profiles.PROFILES]


def test_pair_makes_an_ipynb_of_the_same_bytes_every_time(tmp_path: Path) -> None:
    project = Miniature.make(tmp_path, {"01_first": notebook("First", "1")})
    made = project.root / "notebooks" / "01_first.ipynb"
    first = project.run("pair")
    assert first.stdout == "notebooks/01_first.ipynb\n"
    before = made.read_bytes()
    assert project.run("pair").stdout == ""
    made.write_text("{}")
    assert project.run("pair").stdout == "notebooks/01_first.ipynb\n"
    assert made.read_bytes() == before


def test_a_profile_picks_its_own_value() -> None:
    values = {"quick": 1, "standard": 2, "paper": 3}
    assert {name: profiles.get(name).pick(**values) for name in profiles.PROFILES} == values
    with pytest.raises(UnknownName, match="unknown profile 'fast': expected one of quick"):
        profiles.get("fast")


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file.txt"
    write_text(path, "one")
    write_text(path, "two")
    assert path.read_text() == "two"
    assert [p.name for p in path.parent.iterdir()] == ["file.txt"]
    with pytest.raises(UserError, match=r"cannot write .*: File exists; expected a folder"):
        write_text(path / "below", "three")
    assert path.read_text() == "two"


def test_one_line_is_one_line_without_colours() -> None:
    assert one_line("\x1b[91mWARNING:\x1b[39;49;00m  a\n  b") == "WARNING: a b"


def test_a_port_that_is_taken_is_one_line_whose_mend_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "index.html").write_text("")
    monkeypatch.setattr(serve, "html_dir", lambda profile: tmp_path)
    with serve.server("standard", 0) as first:
        taken = first.server_port
        assert taken > 0
        assert cli.main(["serve", "--port", str(taken)]) == 2
        assert capsys.readouterr().err == (
            f"error: port {taken} is taken: expected a free one; make serve PORT=0 takes any that is\n"
        )
        with serve.server("standard", 0) as second:  # what PORT=0 comes to
            assert second.server_port != taken
