"""What runs again when something changes: tested by real edits on a miniature of the project."""

from __future__ import annotations

import nbformat
import pytest
from miniature import Miniature, notebook

FIRST = notebook("First", "import helper\nprint(helper.value())")
TABLES = notebook(
    "Tables",
    'open(f"_build/{profile}/table.txt", "w").write("1")',
    "import sys\nprint('a warning', file=sys.stderr)\nprint('\\r50%', file=sys.stderr)",
)
VERDICTS = notebook("Verdicts", 'print("table:", open(f"_build/{profile}/table.txt").read())')


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Miniature:
    """Three notebooks: one imports a module, one reads what another saves; built once."""
    notebooks = {"01_first": FIRST, "04_four_targets": TABLES, "99_verdicts": VERDICTS}
    project = Miniature.make(tmp_path_factory.mktemp("miniature"), notebooks)
    (project.root / "helper.py").write_text("import deeper\ndef value(): return deeper.VALUE\n")
    (project.root / "deeper.py").write_text("VALUE = 1\n")
    built = project.run("book", "--profile", "quick")
    assert built.returncode == 0, built.stderr
    assert "open file://" in built.stdout
    return project


def test_nothing_changed_does_no_work(project: Miniature) -> None:
    before = {path: path.stat().st_mtime_ns for path in project.html.rglob("*")}
    for path in (project.root / "notebooks").iterdir():
        path.touch()  # a new time stamp is no change
    built = project.run("book", "--profile", "quick")
    assert built.stdout.splitlines() == [f"open {(project.html / 'index.html').as_uri()}"]
    assert {path: path.stat().st_mtime_ns for path in project.html.rglob("*")} == before


def test_an_edited_notebook_executes_alone(project: Miniature) -> None:
    project.edit("notebooks/01_first.py", "# # First", "# # The first")
    assert project.execute() == {"01_first"}
    assert "The first" in project.page("01_first").read_text()


def test_what_reads_the_tables_of_an_edited_notebook_executes_too(project: Miniature) -> None:
    project.edit("notebooks/04_four_targets.py", '.write("1")', '.write("2")')
    assert project.execute() == {"04_four_targets", "99_verdicts"}
    assert "table: 2" in project.page("99_verdicts").read_text()


def test_an_edited_module_executes_what_imports_it(project: Miniature) -> None:
    project.edit("deeper.py", "1", "2")  # imported by helper, imported by 01_first
    assert project.execute() == {"01_first"}


def test_edited_prose_executes_nothing(project: Miniature) -> None:
    project.edit("book/intro.md", "Prose.", "Better prose.")
    built = project.run("book", "--profile", "quick")
    assert built.returncode == 0, built.stderr
    assert " executed " not in built.stdout
    assert "Better prose." in (project.html / "intro.html").read_text()


def test_a_deleted_page_is_made_again(project: Miniature) -> None:
    project.page("01_first").unlink()
    assert project.execute() == {"01_first"}


def test_one_notebook_brings_what_it_depends_on_in_its_own_profile(project: Miniature) -> None:
    before = {path: path.stat().st_mtime_ns for path in project.page("01_first").parent.iterdir()}
    (project.root / "_build" / "paper").mkdir()
    built = project.run("book", "--only", "99", "--profile", "paper")
    assert built.returncode == 0, built.stderr
    names = {path.name for path in project.page("99_verdicts", "paper").parent.iterdir()}
    assert names == {"04_four_targets.ipynb", "99_verdicts.ipynb"}
    assert built.stdout.splitlines()[-1] == f"open {project.page('99_verdicts', 'paper')}"
    after = {path: path.stat().st_mtime_ns for path in project.page("01_first").parent.iterdir()}
    assert after == before


def test_two_executions_give_the_same_bytes(project: Miniature) -> None:
    before = project.page("04_four_targets").read_bytes()
    assert project.run("notebook", "04", "--profile", "quick").returncode == 0
    assert project.page("04_four_targets").read_bytes() == before


def test_an_executed_notebook_holds_no_trace_of_the_run(project: Miniature) -> None:
    page = nbformat.read(project.page("04_four_targets"), 4)
    assert page.metadata.keys() == {"kernelspec"}
    assert all(cell.metadata.keys() <= {"tags"} for cell in page.cells)
    hidden = [c.source for c in page.cells if "remove-cell" in c.metadata.get("tags", [])]
    assert [text.strip().split("\n")[-1] for text in hidden] == [
        'profile = "standard"',
        'profile = "quick"',
    ]
    outputs = [out for cell in page.cells for out in cell.get("outputs", [])]
    assert "50%" not in str(outputs), "a progress bar is for whoever waits, not for the page"
    log = project.root / "_build" / "quick" / "logs" / "04_four_targets.log"
    assert "a warning" in log.read_text()


def test_a_moved_repository_stays_built(project: Miniature) -> None:
    project.execute()
    moved = Miniature(project.root.rename(project.root.with_name("moved")))
    try:
        assert moved.execute() == set()
    finally:
        moved.root.rename(project.root)
