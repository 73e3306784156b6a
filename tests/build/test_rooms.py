"""The arrows between rooms are enforced: an import against them is refused by ``make lint``."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from companion import notebooks
from companion.paths import ROOT


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of both packages and of the contracts."""
    folder = tmp_path_factory.mktemp("rooms")
    for package in ("companion", "diffcore"):
        shutil.copytree(ROOT / package, folder / package)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def lint(folder: Path) -> str:
    """What import-linter says of broken contracts; empty if all are kept."""
    command = [Path(sys.executable).parent / "lint-imports", "--no-logo"]
    environment = os.environ | {"COLUMNS": "200"}  # a name in one line
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    broken = [line for line in done.stdout.splitlines() if line.endswith("BROKEN")]
    assert bool(done.returncode) == bool(broken), done.stdout + done.stderr
    return "\n".join(broken)


def test_what_stands_is_kept(packages: Path) -> None:
    assert lint(packages) == ""


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("companion/runs/store.py", "import companion.build.book", "every module has its place"),
        ("companion/evidence/style.py", "import companion.study", "every module has its place"),
        ("companion/attic.py", "", "every module has its place"),
        ("companion/peers/azula.py", "import companion.peers.diffusers", "no other peer"),
        ("companion/peers/attic.py", "", "no other peer"),
        (
            "companion/chapters/conventions/results.py",
            "import companion.chapters.four_targets.results",
            "chapters never import each other",
        ),
        (
            "companion/chapters/nelbo_in_x/results.py",
            "import companion.chapters.nelbo_in_x.figures",
            "how they are drawn or judged",
        ),
        (
            "companion/chapters/small_images/grid.py",
            "import companion.chapters.small_images.results",
            "what is made of them",
        ),
        (
            "companion/build/check.py",
            "import companion.chapters.small_images.grid",
            "the build finds chapters",
        ),
        ("companion/derivation/rules.py", "import numpy", "the ledger needs SymPy"),
        ("diffcore/losses.py", "import diffcore.exact.floors", "nothing that grows"),
        ("diffcore/exact/floors.py", "import diffcore.published", "do not know each other"),
        ("diffcore/losses.py", "import companion.errors", "nothing of the book"),
        ("diffcore/losses.py", "import scipy", "nothing of the book"),
    ],
)
def test_an_import_against_the_arrows_is_refused(
    packages: Path, file: str, line: str, contract: str
) -> None:
    path = packages / file
    before = path.read_text() if path.is_file() else None
    path.write_text(f"{before or ''}\n{line}\n")
    try:
        assert contract in lint(packages)
    finally:
        path.unlink() if before is None else path.write_text(before)


@pytest.mark.parametrize("name", notebooks.names())
def test_a_notebook_uses_one_chapter_and_no_machinery(name: str) -> None:
    tree = ast.parse(notebooks.source(name).read_text())
    used = [n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
    used += [a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names]
    topics = {m.split(".")[2] for m in used if m.startswith("companion.chapters.")}
    assert len(topics) <= 1
    for room in ("build", "cli", "graph", "syntax", "loaded", "files", "paths"):
        assert not any(f"{m}.".startswith(f"companion.{room}.") for m in used), room


FILLED_IN = {"Chain", "Refuted", "Found", "Row", "Said"}
"""Records that take in what becomes of a step while it is checked; every other dataclass is a value."""


def test_a_dataclass_is_frozen_unless_it_is_filled_in() -> None:
    found: dict[bool, set[str]] = {True: set(), False: set()}
    for path in [*ROOT.glob("diffcore/**/*.py"), *ROOT.glob("companion/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            for mark in node.decorator_list if isinstance(node, ast.ClassDef) else []:
                if ast.unparse(mark).startswith("dataclass"):
                    frozen = "frozen=True" in ast.unparse(mark)
                    found[frozen].add(node.name)
    assert found[False] == FILLED_IN
    assert len(found[True]) > 40
