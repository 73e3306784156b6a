"""A notebook is a pair: the ``.py`` is edited, the ``.ipynb`` is made from it, without outputs."""

from __future__ import annotations

import ast
from pathlib import Path

from companion import notebooks, syntax
from companion.files import read_text, write_text


def path(name: str) -> Path:
    """Return the ``.ipynb`` of notebook ``name``."""
    return notebooks.source(name).with_suffix(".ipynb")


def made(name: str) -> str:
    """Return what the ``.ipynb`` of notebook ``name`` must hold: the same bytes every time.

    Raises:
        UserError: if the ``.py`` is no notebook, or not Python.
    """
    import nbformat

    source = notebooks.source(name)
    notebook = notebooks.parse(source)
    with syntax.parsing(source):
        ast.parse(read_text(source))
    notebook.nbformat_minor = 5
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:03d}"
    notebook.metadata.get("jupytext", {}).get("text_representation", {}).pop(
        "jupytext_version", None
    )
    return str(nbformat.writes(notebook)) + "\n"


def write() -> list[str]:
    """Make every ``.ipynb`` that is not what its ``.py`` says; return their names."""
    stale = [name for name in notebooks.names() if not agrees(name)]
    for name in stale:
        write_text(path(name), made(name))
    return stale


def agrees(name: str) -> bool:
    """Tell whether the pair of notebook ``name`` agrees."""
    return path(name).is_file() and path(name).read_bytes() == made(name).encode()
