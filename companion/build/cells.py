"""Which cells of a notebook write chains: looked at before anything is executed, and without running them.

A page shows what a cell ends with. A chain that a page is to show is the last line of a cell of its own.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from companion import notebooks
from companion.errors import UserError


class CellError(UserError):
    """A cell that writes chains is not one of which a page shows the proof."""

    exit_status = 1


def check(path: Path) -> None:
    """Look at the cells of a notebook.

    One that does not read is left to whoever executes it, and names it.

    Raises:
        CellError: if a chain, or a statement in words, is in a cell without the tag, in one with another, or
            does not end its cell.
    """
    try:
        notebook = notebooks.parse(path)
    except UserError:
        return
    cells = [c for c in notebook["cells"] if c["cell_type"] == "code"]
    trees = [_tree(cell["source"]) for cell in cells]
    written = {name for tree in trees for name in _derivations(tree)}
    for cell, tree in zip(cells, trees, strict=True):
        check_tag(path, cell, written)
        calls = [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and _added(node.func, written)
        ]
        names = [_name(call) for call in calls]
        if len(names) > 1:
            raise CellError(
                f"{path.name}: a cell writes {' and '.join(names)}, of which a page shows only the last: "
                "expected one in a cell; give each a cell of its own, tagged 'derivation'"
            )
        last = tree.body[-1] if tree.body else None
        if calls and not (isinstance(last, ast.Expr) and last.value is calls[0]):
            raise CellError(
                f"{path.name}: the cell of {names[0]} does not end with it, so that no page shows its "
                "proof: end the cell with it"
            )


def check_tag(path: Path, cell: Mapping[str, Any], derivations: set[str]) -> None:
    """That a cell which adds to one of these derivations has the tag, whether it calls what adds or not.

    Raises:
        CellError: if it has not.
    """
    if "derivation" in cell["metadata"].get("tags", []):
        return
    for node in ast.walk(_tree(cell["source"])):
        if added := _added(node, derivations):
            raise CellError(
                f"{path.name}: a cell writes {added} without the tag 'derivation', so that no one "
                "verifies it: tag the cell"
            )


def _added(node: ast.AST, derivations: set[str]) -> str:
    """The name of what adds to one of these derivations, e.g. ``d.chain``; empty for all else."""
    if (
        isinstance(node, ast.Attribute)
        and node.attr in ("chain", "prose")
        and isinstance(node.value, ast.Name)
        and node.value.id in derivations
    ):
        return ast.unparse(node)
    return ""


def _derivations(tree: ast.Module) -> list[str]:
    """Names that are given a ``Derivation(...)``."""
    return [
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name) and node.value.func.id == "Derivation"
        for target in node.targets
        if isinstance(target, ast.Name)
    ]  # fmt: skip


def _name(call: ast.Call) -> str:
    """A call as a reader would look for it: ``d.chain("square")``."""
    first = ast.unparse(call.args[0]).replace("'", '"') if call.args else ""
    return f"{ast.unparse(call.func)}({first})"


def _tree(source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError):  # a magic of IPython, or a null byte
        return ast.Module(body=[], type_ignores=[])
