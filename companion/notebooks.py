"""The notebooks: their names, their sources, and which tables pass from one to another."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import Any

from companion import graph
from companion.errors import UnknownName, UserError
from companion.files import read_text
from companion.paths import NOTEBOOKS, ROOT


def names() -> list[str]:
    """Return the names of all notebooks, in reading order.

    Raises:
        UserError: if there is none.
    """
    folder = NOTEBOOKS.iterdir() if NOTEBOOKS.is_dir() else ()
    found = sorted(
        p.stem for p in folder if re.fullmatch(r"[0-9]{2}_.*\.py", p.name) and p.is_file()
    )
    if not found:
        raise UserError(
            f"no notebooks in {NOTEBOOKS}: expected NN_topic.py; restore them (git checkout notebooks)"
        )
    return found


def find(name: str) -> str:
    """Return the notebook that ``name`` means: a name, its number, or a path to it.

    Raises:
        UnknownName: if there is none.
    """
    known = names()
    path = Path(name)
    place = path.parent if path.is_absolute() else ROOT / path.parent
    here = len(path.parts) == 1 or place == NOTEBOOKS
    stem = path.stem if path.suffix in (".py", ".ipynb") else path.name
    number = stem.zfill(2) if stem.isdecimal() else stem
    matches = [stem] if stem in known else [n for n in known if n.split("_")[0] == number]
    if not here or not matches:
        raise UnknownName("notebook", name, known)
    return matches[0]


def source(name: str) -> Path:
    """Return the ``.py`` that notebook ``name`` is made from."""
    return NOTEBOOKS / f"{name}.py"


def parse(path: Path) -> Any:
    """Return the notebook that the ``.py`` at ``path`` holds, checked against the format of notebooks.

    Raises:
        UserError: if it holds none.
    """
    import jupytext
    import nbformat

    text = read_text(path)
    try:
        notebook = jupytext.reads(text, "py:percent")
        nbformat.validate(notebook)
    except Exception as error:  # whatever they trip over in it
        reason = str(error).strip().splitlines()[:1] or [type(error).__name__]
        raise UserError(
            f"{path.parent.name}/{path.name} does not read as a notebook ({reason[0]}): expected cells in "
            "the percent format under a YAML header; copy the header of another notebook"
        ) from error
    return notebook


def reads(name: str) -> dict[str, str]:
    """Return the tables that notebook ``name`` reads, and which notebook saves each.

    A table is read where a literal name is given to ``load`` or to ``load_table``, or stands in the
    ``tables=`` of a claim, in the notebook itself or in what it uses of a chapter.

    Raises:
        UserError: if no notebook saves one of them.
    """
    files = [source(name)]
    files += [path for path in graph.needs(source(name)) if "chapters" in path.parts]
    savers = {table: other for other in names() for table in _saved_by(source(other))}
    wanted = sorted({table for path in files for table in _read_by(path)})
    unknown = [table for table in wanted if table not in savers]
    if unknown:
        raise UserError(
            f"notebook {name} reads the table {unknown[0]!r}, which no notebook saves: "
            f"expected one of {', '.join(sorted(savers))}"
        )
    return {table: savers[table] for table in wanted}


def after(name: str) -> list[str]:
    """Return the notebooks that must have run before notebook ``name``."""
    return sorted(set(reads(name).values()) - {name})


def relative(path: Path) -> str:
    """Return a path of this repository, relative to it."""
    return path.relative_to(ROOT).as_posix()


def _calls(path: Path) -> list[tuple[str, ast.Call]]:
    try:
        tree = ast.parse(read_text(path))
    except (SyntaxError, ValueError):
        return []  # whoever executes or imports it says so
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [(ast.unparse(call.func).rpartition(".")[2], call) for call in calls]


@cache
def _saved_by(path: Path) -> frozenset[str]:
    saved = [call.args[1] for f, call in _calls(path) if f == "table" and len(call.args) > 1]
    return frozenset(_literals(saved))


@cache
def _read_by(path: Path) -> frozenset[str]:
    given: list[ast.expr] = []
    for function, call in _calls(path):
        if function in ("load", "load_table"):
            given += call.args[:1]
        given += [k.value for k in call.keywords if k.arg == "tables"]
    return frozenset(_literals(given))


def _literals(nodes: list[ast.expr]) -> list[str]:
    parts = [n for node in nodes for n in (node.elts if isinstance(node, ast.Tuple) else [node])]
    return [n.value for n in parts if isinstance(n, ast.Constant) and isinstance(n.value, str)]
