"""Which cells of a notebook write chains: looked at before anything is executed, and without running them.

A page shows what a cell ends with. A chain that a page is to show is the last line of a cell of its own.
"""

from __future__ import annotations

import ast
from pathlib import Path

from companion import notebooks
from companion.errors import UserError


class CellError(UserError):
    """A cell that writes chains is not one of which a page shows the proof."""

    exit_status = 1


def check(path: Path) -> None:
    """Look at the cells of a notebook.

    Raises:
        CellError: if a chain, or a statement in words, is in a cell without the tag, in one with another, or
            does not end its cell.
    """
    cells = [c for c in notebooks.parse(path)["cells"] if c["cell_type"] == "code"]
    written = {name for cell in cells for name in _derivations(cell["source"])}
    for cell in cells:
        check_tag(path, cell, chains_in(cell["source"], written))
        names = [_name(call) for call in _calls(cell["source"], written)]
        if len(names) > 1:
            raise CellError(
                f"{path.name}: a cell writes {' and '.join(names)}, of which a page shows only the last: "
                "expected one in a cell; give each a cell of its own, tagged 'derivation'"
            )
        if names and not _ends_with_call(cell["source"], written):
            raise CellError(
                f"{path.name}: the cell of {names[0]} does not end with it, so that no page shows its "
                "proof: end the cell with it"
            )


def check_tag(path: Path, cell: dict[str, object], chains: list[str]) -> None:
    """That a cell which writes chains has the tag.

    Raises:
        CellError: if it has not.
    """
    metadata = cell["metadata"]
    assert isinstance(metadata, dict)
    if chains and "derivation" not in metadata.get("tags", []):
        raise CellError(
            f"{path.name}: a cell writes {chains[0]} without the tag 'derivation', so that no one "
            "verifies it: tag the cell"
        )


def chains_in(source: str, derivations: set[str]) -> list[str]:
    """What a cell adds to one of these derivations, e.g. ``d.chain``, called or not."""
    return [
        f"{node.value.id}.{node.attr}"
        for node in ast.walk(_tree(source))
        if isinstance(node, ast.Attribute) and node.attr in ("chain", "prose")
        and isinstance(node.value, ast.Name) and node.value.id in derivations
    ]  # fmt: skip


def _derivations(source: str) -> list[str]:
    """Names that are given a ``Derivation(...)``."""
    return [
        target.id
        for node in ast.walk(_tree(source))
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name) and node.value.func.id == "Derivation"
        for target in node.targets
        if isinstance(target, ast.Name)
    ]  # fmt: skip


def _calls(source: str, derivations: set[str]) -> list[ast.Call]:
    found = [node for node in ast.walk(_tree(source)) if _is_call(node, derivations)]
    return [node for node in found if isinstance(node, ast.Call)]


def _is_call(node: ast.AST, derivations: set[str]) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("chain", "prose")
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in derivations
    )


def _ends_with_call(source: str, derivations: set[str]) -> bool:
    last = _tree(source).body[-1]
    return isinstance(last, ast.Expr) and _is_call(last.value, derivations)


def _name(call: ast.Call) -> str:
    """A call as a reader would look for it: ``d.chain("square")``."""
    assert isinstance(call.func, ast.Attribute)
    assert isinstance(call.func.value, ast.Name)
    first = ast.unparse(call.args[0]) if call.args else ""
    return f"{call.func.value.id}.{call.func.attr}({first.replace(chr(39), chr(34))})"


def _tree(source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError):  # a magic of IPython, or a null byte
        return ast.Module(body=[], type_ignores=[])
