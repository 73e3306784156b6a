"""What runs again when something changes: tested by real edits on a miniature of the project."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from miniature import Miniature, notebook

FIRST = notebook("First", "import helper\nprint(helper.value())")
OPEN = "import pandas as pd\nfrom companion.evidence.artifacts import Artifacts"
TABLES = notebook(
    "Tables",
    OPEN,
    'saved = Artifacts("04_tables", profile)\n'
    'saved.table(pd.DataFrame({"a": [1]}), "numbers", caption="One.")',
    "import sys\nprint('a warning', file=sys.stderr)\nprint('\\r50%', file=sys.stderr)",
)
VERDICTS = notebook(
    "Verdicts",
    OPEN,
    'read = Artifacts("99_verdicts", profile).load("numbers")\nprint("table:", read["a"][0])',
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Miniature:
    """Three notebooks: one imports a module, one reads what another saves; built once."""
    notebooks = {"01_first": FIRST, "04_tables": TABLES, "99_verdicts": VERDICTS}
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
    project.edit("notebooks/04_tables.py", '"a": [1]', '"a": [2]')
    assert project.execute() == {"04_tables", "99_verdicts"}
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
    assert names == {"04_tables.ipynb", "99_verdicts.ipynb"}
    assert built.stdout.splitlines()[-1] == f"open {project.page('99_verdicts', 'paper')}"
    after = {path: path.stat().st_mtime_ns for path in project.page("01_first").parent.iterdir()}
    assert after == before


def test_two_executions_give_the_same_bytes(project: Miniature) -> None:
    before = project.page("04_tables").read_bytes()
    assert project.run("notebook", "04", "--profile", "quick").returncode == 0
    assert project.page("04_tables").read_bytes() == before


def test_an_executed_notebook_holds_no_trace_of_the_run(project: Miniature) -> None:
    page = nbformat.read(project.page("04_tables"), 4)
    assert page.metadata.keys() == {"kernelspec"}
    assert all(cell.metadata.keys() <= {"tags"} for cell in page.cells)
    hidden = [c.source for c in page.cells if "remove-cell" in c.metadata.get("tags", [])]
    assert [text.strip().split("\n")[-1] for text in hidden] == [
        'profile = "standard"',
        'profile = "quick"',
    ]
    outputs = [out for cell in page.cells for out in cell.get("outputs", [])]
    assert "50%" not in str(outputs), "a progress bar is for whoever waits, not for the page"
    log = project.root / "_build" / "quick" / "logs" / "04_tables.log"
    assert "a warning" in log.read_text()


def test_a_moved_repository_stays_built(project: Miniature) -> None:
    project.execute()
    moved = Miniature(project.root.rename(project.root.with_name("moved")))
    try:
        assert moved.execute() == set()
    finally:
        moved.root.rename(project.root)


def test_an_edit_with_an_older_time_stamp_is_seen(project: Miniature) -> None:
    for file, old, new in (("deeper.py", "2", "3"), ("notebooks/04_tables.py", "[2]", "[3]")):
        project.edit(file, old, new)
        os.utime(project.root / file, (1, 1))
    assert project.stale() == {"01_first", "04_tables", "99_verdicts", "html"}
    assert project.execute() == {"01_first", "04_tables", "99_verdicts"}
    assert "table: 3" in project.page("99_verdicts").read_text()


def test_outputs_dated_in_the_future_hide_nothing(project: Miniature) -> None:
    future = time.time() + 10_000_000
    for path in (project.root / "_build").rglob("*"):
        os.utime(path, (future, future))
    assert project.execute() == set()
    project.edit("notebooks/04_tables.py", "[3]", "[4]")
    assert project.execute() == {"04_tables", "99_verdicts"}
    assert "table: 4" in project.page("99_verdicts").read_text()


def test_a_file_put_back_as_it_was_is_no_change(project: Miniature) -> None:
    project.edit("deeper.py", "3", "4")
    assert "01_first" in project.stale()
    project.edit("deeper.py", "4", "3  # only a comment")
    assert "01_first" not in project.stale()


FIGURES = "_build/quick/figures"


@pytest.fixture(scope="module")
def built(project: Miniature) -> Miniature:
    """The project after one more build: everything is up to date."""
    done = project.run("book", "--profile", "quick")
    assert done.returncode == 0, done.stderr
    return project


#: What is damaged, how, and what must be made again for it.
DAMAGE = [
    ("_build/quick/book/01_first.ipynb", "missing", {"01_first"}),
    ("_build/quick/book/01_first.ipynb", "cut short", {"01_first"}),
    (f"{FIGURES}/numbers.csv", "empty", {"04_tables", "99_verdicts"}),
    (f"{FIGURES}/numbers.md", "missing", {"04_tables", "99_verdicts"}),
    (f"{FIGURES}/04_tables.manifest.json", "missing", {"04_tables", "99_verdicts"}),
    (f"{FIGURES}/04_tables.manifest.json", "cut short", {"04_tables", "99_verdicts"}),
    ("_build/quick/records/01_first.json", "cut short", {"01_first"}),
    ("_build/quick/html/intro.html", "empty", set()),
]


def harm(path: Path, how: str) -> None:
    content = path.read_bytes()
    path.unlink()
    if how != "missing":
        path.write_bytes(content[: len(content) // 2] if how == "cut short" else b"")


@pytest.mark.parametrize(("damaged", "how", "again"), DAMAGE)
def test_what_is_missing_or_damaged_is_seen(
    built: Miniature, damaged: str, how: str, again: set[str]
) -> None:
    path, before = built.root / damaged, (built.root / damaged).read_bytes()
    harm(path, how)
    assert built.stale() == again | {"html"}
    path.write_bytes(before)
    assert built.stale() == set()


def test_what_is_missing_or_damaged_is_made_again(built: Miniature) -> None:
    chosen = [DAMAGE[k] for k in (1, 2, 5, 7)]
    before = {damaged: (built.root / damaged).read_bytes() for damaged, _, _ in chosen}
    for damaged, how, _ in chosen:
        harm(built.root / damaged, how)
    again = built.run("book", "--profile", "quick")
    assert again.returncode == 0, again.stderr
    executed = {line.split()[0] for line in again.stdout.splitlines() if " executed in " in line}
    assert executed == {"01_first", "04_tables", "99_verdicts"}
    for damaged, content in before.items():
        if not damaged.endswith(".html"):
            assert (built.root / damaged).read_bytes() == content
    assert (built.root / DAMAGE[7][0]).stat().st_size > 1000
    assert built.stale() == set()


def test_a_notebook_that_is_gone_leaves_no_record_and_no_page(project: Miniature) -> None:
    extra = project.root / "notebooks" / "50_extra.py"
    extra.write_text(notebook("Extra", "1"))
    contents = (project.root / "book" / "_toc.yml").read_text()
    (project.root / "book" / "_toc.yml").write_text(f"{contents}  - file: 50_extra\n")
    assert project.stale() >= {"50_extra"}
    assert project.run("book", "--profile", "quick").returncode == 0
    assert (project.html / "50_extra.html").exists()
    extra.unlink()
    (project.root / "book" / "_toc.yml").write_text(contents)
    assert project.run("book", "--profile", "quick").returncode == 0
    assert not (project.html / "50_extra.html").exists()
    assert not (project.root / "_build/quick/records/50_extra.json").exists()
    assert not project.page("50_extra").exists()


def test_the_longest_notebook_starts_first(project: Miniature) -> None:
    for record in (project.root / "_build/quick/records").iterdir():
        record.unlink()
    memory = project.root / "_build" / "quick" / "seconds.json"
    memory.write_text('{"01_first": 1, "04_tables": 90}')
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--config", "profile=quick"]
    done = subprocess.run(
        [*command, "--", "records/01_first.json", "records/04_tables.json"],
        cwd=project.root, env=project.env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    words = [line.split()[0] for line in done.stdout.splitlines() if " executed in " in line]
    assert words == ["04_tables", "01_first"]
