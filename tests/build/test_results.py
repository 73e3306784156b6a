"""The results of record: a build leaves them alone; `figures` changes them and says what and why."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from miniature import Miniature, notebook

OPEN = "import pandas as pd\nfrom companion.evidence.artifacts import Artifacts"
SAVE = 'Artifacts("01_first", profile).table(pd.DataFrame({"a": [1.0]}), "numbers", caption="One.")'


COMPARED = """
from companion.build import reproduced
print(reproduced.page("standard"), *reproduced.complaints("standard"), sep="\\n", end="")
"""


def build(project: Miniature) -> list[str]:
    """Execute the notebook; return the lines of the page and what the command line complains of."""
    executed = project.run("notebook", "01", "--profile", "standard")
    assert executed.returncode == 0, executed.stderr
    compared = subprocess.run(
        [sys.executable, "-c", COMPARED],
        cwd=project.root, env=project.env, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return compared.stdout.splitlines()


def complaints(lines: list[str]) -> list[str]:
    return [line for line in lines if line.startswith("numbers: ") or line.startswith("others: ")]


def record(project: Miniature) -> dict[Path, bytes]:
    folder = project.root / "figures"
    return {p: p.read_bytes() for p in folder.iterdir()} if folder.is_dir() else {}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Miniature:
    """A project built and recorded once."""
    notebooks = {"01_first": notebook("First", OPEN, SAVE)}
    project = Miniature.make(tmp_path_factory.mktemp("results") / "project", notebooks)
    built = project.run("book", "--profile", "standard")
    assert "not reproduced: numbers: not in the record" in built.stdout.splitlines()
    assert record(project) == {}
    done = project.run("figures")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "1 figures and tables changed"
    return project


@pytest.fixture
def project(recorded: Miniature, tmp_path: Path) -> Miniature:
    return recorded.copied(tmp_path / "project")


def test_a_build_that_reproduces_the_record_says_nothing_and_changes_nothing(
    project: Miniature,
) -> None:
    before = record(project)
    assert {path.name for path in before} == {"manifest.json", "numbers.csv", "numbers.md"}
    built = project.run("book", "--profile", "standard")  # the record is new: the page says so
    assert "not reproduced" not in built.stdout
    page = project.root / "_build" / "standard" / "book" / "reproduced.md"
    assert "**1 of 1 reproduced**: 1 same numbers" in page.read_text()
    assert project.run("figures").stdout == "nothing changed\n"
    assert record(project) == before


def test_out_of_tolerance_is_named_on_the_command_line_and_in_the_page(project: Miniature) -> None:
    before = record(project)
    project.edit("notebooks/01_first.py", "[1.0]", "[1.1]")
    lines = build(project)
    assert complaints(lines) == [
        "numbers: out of tolerance, largest relative difference 9.1e-02 (tolerance 1e-06): in 'a'"
    ]
    assert "**0 of 1 reproduced**: 1 out of tolerance." in lines
    (row,) = [line for line in lines if line.startswith("| `numbers`")]
    assert [cell.strip() for cell in row.split("|")[4:6]] == ["**out of tolerance**", "9e-02"]
    assert record(project) == before


def test_within_tolerance_is_no_complaint(project: Miniature) -> None:
    project.edit("notebooks/01_first.py", "[1.0]", "[1.0 + 1e-7]")
    lines = build(project)
    assert complaints(lines) == []
    assert "**1 of 1 reproduced**: 1 within tolerance." in lines


def test_figures_says_what_changed_and_why(project: Miniature) -> None:
    project.edit("notebooks/01_first.py", "[1.0]", "[1.1]")
    build(project)
    done = project.run("figures")
    assert done.stdout.splitlines() == [
        "numbers: out of tolerance, largest relative difference 9.1e-02 (tolerance 1e-06): in 'a'; "
        "changed: notebooks/01_first.py",
        "1 figures and tables changed",
    ]
    assert "1.1" in (project.root / "figures" / "numbers.csv").read_text()
    manifest = json.loads((project.root / "figures" / "manifest.json").read_text())
    assert manifest["artifacts"]["numbers"]["notebook"] == "01_first"
    assert "notebooks/01_first.py" in manifest["needs"]["01_first"]
    assert manifest["seconds"]["01_first"] > 0


def test_what_is_made_no_more_leaves_the_record(project: Miniature) -> None:
    project.edit("notebooks/01_first.py", '"numbers"', '"others"')
    lines = complaints(build(project))
    assert lines == ["numbers: not made", "others: not in the record"]
    assert project.run("figures").returncode == 0
    names = {path.name for path in record(project)}
    assert names == {"manifest.json", "others.csv", "others.md"}


def test_figures_wants_a_finished_build(project: Miniature) -> None:
    project.edit("notebooks/01_first.py", "[1.0]", "[1.1]")
    before = record(project)
    done = project.run("figures")
    assert done.returncode == 2
    assert done.stderr == (
        "error: notebook 01_first is not up to date (notebooks/01_first.py changed): expected a "
        "finished build of profile standard; run make book first\n"
    )
    assert record(project) == before


@pytest.mark.parametrize("text", ["{", "[]", '{"artifacts": {}}'])
def test_a_damaged_record_is_one_line(project: Miniature, text: str) -> None:
    (project.root / "figures" / "manifest.json").write_text(text)
    done = project.run("figures")
    assert done.returncode == 2
    assert done.stderr.startswith("error: figures/manifest.json cannot be read")
    assert done.stderr.count("\n") == 1


def test_check_builds_from_nothing_and_fails_where_the_record_is_not_reproduced(
    project: Miniature,
) -> None:
    done = project.run("check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "1 of 1 figures and tables reproduced"
    table = project.root / "figures" / "numbers.csv"
    table.write_text(table.read_text().replace("1.0", "1.5"))
    done = project.run("check")
    assert done.returncode == 1
    assert "numbers: out of tolerance" in done.stdout
    assert done.stdout.splitlines()[-1] == "0 of 1 figures and tables reproduced"
