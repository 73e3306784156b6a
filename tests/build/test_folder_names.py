"""The name of the folder is the user's: it may hold anything, and nothing in it is ever run."""

from __future__ import annotations

from pathlib import Path

import pytest
from miniature import Miniature, notebook

NAMES = ["q'$(touch x)'y [b]", 'quo\'te "and" ü {n} 100%\nnew;line & `touch x` \\*?']


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_book_builds_in_a_folder_of_any_name(name: str, tmp_path: Path) -> None:
    project = Miniature.make(tmp_path / name, {"01_first": notebook("First", "x = 1\nx")})
    built = project.run("book", "--profile", "quick")
    assert built.returncode == 0, built.stderr
    assert (project.html / "01_first.html").is_file()
    assert not list(tmp_path.rglob("x")), "the folder's name was run as a command"
