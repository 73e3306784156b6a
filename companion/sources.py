"""What code a result depends on, as a hash that comments and formatting do not change."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from companion.errors import UserError
from companion.paths import ROOT


def code_hash(modules: Iterable[str]) -> str:
    """Return the SHA-256 of these modules and of all of this repository that they import.

    Comments, docstrings and formatting do not count. Neither does a package's ``__init__`` when only
    one of its modules is imported. The answer is kept, as the code that is loaded is.

    Raises:
        UserError: if a module has no file of its own, as a notebook has none.
    """
    return _code_hash(frozenset(modules))


@cache
def _code_hash(modules: frozenset[str]) -> str:
    found: dict[str, Path] = {}
    waiting = sorted(set(modules))
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        path = _file(name)
        if path is None or name == "__main__":
            raise UserError(
                f"the code of module {name!r} cannot be found again: expected what a run uses to "
                "be defined in a file; move it to a module of diffcore or companion"
            )
        found[name] = path
        waiting += [other for other in _imports(path) if _ours(other)]
    total = hashlib.sha256()
    for name in sorted(found):
        total.update(f"{name}\0{_meaning(found[name])}\0".encode())
    return total.hexdigest()


def _file(module: str) -> Path | None:
    """Return the file of a module, whether or not it has been imported."""
    if module in sys.modules:
        file = getattr(sys.modules[module], "__file__", None)
    else:
        try:
            spec = importlib.util.find_spec(module)
        except ModuleNotFoundError:  # the parent is a module, not a package
            return None
        file = spec.origin if spec else None
    return Path(file) if file and Path(file).is_file() else None


def _ours(module: str) -> bool:
    """Tell whether a module is part of this repository."""
    if not (ROOT / module.split(".")[0]).is_dir():
        return False
    return _file(module) is not None


def _imports(path: Path) -> Iterator[str]:
    """Yield the names of the modules that a file imports; some may be names inside a module."""
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            inside = [f"{node.module}.{alias.name}" for alias in node.names]
            submodules = [name for name in inside if _ours(name)]
            yield from submodules
            if len(submodules) < len(inside):
                yield node.module


def _meaning(path: Path) -> str:
    """Return a file's syntax tree as text, without its docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        match node:
            case ast.Module() | ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                if ast.get_docstring(node, clean=False) is not None:
                    node.body = node.body[1:]
    return ast.dump(tree)


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))
