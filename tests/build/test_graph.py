"""What the build believes a notebook depends on, against what Python imports."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

from companion import graph
from companion.errors import UnknownName
from companion.paths import ROOT

NAMES = graph.notebooks()


def relative(name: str) -> set[str]:
    return {path.relative_to(ROOT).as_posix() for path in graph.modules(name)}


@pytest.mark.parametrize("name", [n for n in NAMES if n.startswith("06")])
def test_whatever_a_notebook_imports_is_found(name: str) -> None:
    tree = ast.parse(graph.source(name).read_text())
    imports = [x for x in ast.walk(tree) if isinstance(x, ast.Import | ast.ImportFrom)]
    code = "\n".join(ast.unparse(statement) for statement in imports)
    code += "\nimport sys\nfor m in list(sys.modules.values()): print(getattr(m, '__file__', None))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    files = {line for line in done.stdout.splitlines() if line.startswith(f"{ROOT}/")}
    ours = {f.removeprefix(f"{ROOT}/") for f in files if f"{ROOT}/.venv" not in f}
    assert len(ours) > 5
    assert ours <= relative(name)


@pytest.mark.parametrize("name", NAMES)
def test_the_machinery_that_no_notebook_imports_is_no_dependency(name: str) -> None:
    files = relative(name)
    assert "companion/evidence/artifacts.py" in files
    assert not files & {"companion/cli.py", "companion/build/book.py", "companion/build/execute.py"}
    assert all((ROOT / file).is_file() for file in files)
    assert not any(file.startswith((".venv", "tests", "notebooks")) for file in files)


def test_data_belongs_to_the_module_that_names_it() -> None:
    files = relative("99_verdicts")
    assert "companion/study/__init__.py" in files
    assert "companion/study/data/losses.csv" in files
    assert not any("data/" in file for file in relative("02_forward_process"))


def test_a_notebook_is_found_by_name_number_or_path() -> None:
    for written in ("99", "99_verdicts", "notebooks/99_verdicts.py", "99_verdicts.ipynb"):
        assert graph.find(written) == "99_verdicts"
    with pytest.raises(UnknownName, match="did you mean '99_verdicts'"):
        graph.find("verdicts")


def test_what_waits_for_nobody_is_not_waited_for() -> None:
    assert graph.reads("01_conventions") == []
    assert set(graph.reads("99_verdicts")) < set(NAMES)
    assert set(graph.LONGEST) <= set(NAMES)
    assert graph.priority(graph.LONGEST[0]) > graph.priority("01_conventions") == 0
