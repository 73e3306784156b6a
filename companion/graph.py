"""The one dependency graph: which files of this repository a piece of code uses, by content.

Files are found by reading, never by importing. What is followed is a *name*, through the packages that
re-export it: code that says ``from diffcore.schedules import Cosine``, or ``dc.schedules.Cosine``, uses
the file that defines ``Cosine`` and what that file uses, and not the package's other files. So a table
that grows (a schedule, a published objective, a claim) is a leaf. A dotted name in a string counts as
well (``"diffcore.bounds.step_weight"``); with a ``*`` it stands for every module that it matches, which
is how `companion.discovery` is seen. A package's ``__init__`` counts when one of its own names is used,
or the package as a whole; it must do nothing else when it is imported. A name that is bound in two places
(``try`` and ``except``) stands for both. A data file in the folder ``data`` beside a module belongs to the
module that names it, and all of them to a module that names the folder. Imports under
``if TYPE_CHECKING`` do not count.

A file's content is what it means: of Python, the syntax tree without comments and docstrings; of anything
else, its bytes.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from companion.errors import UserError
from companion.files import read_text, sha256
from companion.paths import ROOT

_DOTTED = re.compile(r"[A-Za-z_]\w*([.:][\w*]+)+")

_OWN = ""
"""Stands for a name that a file defines itself."""


def needs(start: Path | str | Iterable[str]) -> list[Path]:
    """The files that a file, or that dotted names, use: directly, or through another file.

    Args:
        start: a file, which is not part of the answer, or one or more dotted names.

    Raises:
        UserError: if a file does not parse, or a name is of no file of this repository.
    """
    if isinstance(start, Path):
        waiting = set(_used_by(start))
    else:
        waiting = set()
        for name in [start] if isinstance(start, str) else start:
            files = resolve(name)
            if not files:
                raise UserError(
                    f"the code of {name} cannot be found again: expected what is used to be defined in a "
                    "file of this repository; move it to a module of diffcore or companion"
                )
            waiting |= files
    found: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting |= _used_by(path) if path.suffix == ".py" else frozenset()
    return sorted(found)


def contents(start: Path | str | Iterable[str]) -> dict[str, str]:
    """What `needs` finds: the path of each file, relative to the repository, and the hash of its content."""
    return {path.relative_to(ROOT).as_posix(): content(path) for path in needs(start)}


def digest(start: Path | str | Iterable[str]) -> str:
    """One hash of the `contents`."""
    lines = [f"{name} {value}\n" for name, value in sorted(contents(start).items())]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def content(path: Path) -> str:
    """The hash of what a file means: comments, docstrings and formatting of Python do not count."""
    return _meaning(path.read_text(encoding="utf-8")) if path.suffix == ".py" else sha256(path)


@cache
def _meaning(source: str) -> str:
    """The hash of Python source without its words: parsed once, though many depend on it."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        match node:
            case ast.Module() | ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                if ast.get_docstring(node, clean=False) is not None:
                    node.body = node.body[1:]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()


@cache
def resolve(name: str) -> frozenset[Path]:
    """The file that defines a dotted name; several for a pattern with ``*``, none for a stranger's name."""
    name = name.replace(":", ".")
    if "*" in name:
        matches = ROOT.glob(f"{name.replace('.', '/')}.py")
        return frozenset(path for path in matches if path.name != "__init__.py")
    parts = tuple(name.split("."))
    for k in range(1, len(parts) + 1):
        here = _module(parts[:k])
        if here is None:
            return frozenset()
        if here.name != "__init__.py" or k == len(parts):
            return frozenset({here})
        bound = bindings(here).get(parts[k], set())
        own = ".".join(parts[: k + 1])
        found = {here} if _OWN in bound else set()
        for other in bound - {_OWN, own}:
            if not other.startswith(f"{own}."):
                found |= resolve(".".join([other, *parts[k + 1 :]])) or {here}
        if found or _module(parts[: k + 1]) is None:
            return frozenset(found or {here})
    raise AssertionError("the last part returns")


def forget() -> None:
    """Read every file again: for a process in which files change."""
    for known in (resolve, _module, _used_by, bindings, _names_in):
        known.cache_clear()


@cache
def _module(parts: tuple[str, ...]) -> Path | None:
    place = ROOT.joinpath(*parts)
    return next((p for p in (place / "__init__.py", place.with_suffix(".py")) if p.is_file()), None)


@cache
def _used_by(path: Path) -> frozenset[Path]:
    found = {file for name in _names_in(path) for file in resolve(name)} | _data_of(path)
    return frozenset(found - {path})


def _data_of(path: Path) -> set[Path]:
    folder = path.parent / "data"
    if not folder.is_dir():
        return set()
    said = {n.value for n in ast.walk(_tree(path)) if isinstance(n, ast.Constant)}
    data = {datum for datum in folder.rglob("*") if datum.is_file()}
    return {datum for datum in data if {"data", datum.name, datum.stem} & said}


@cache
def bindings(path: Path) -> dict[str, set[str]]:
    """The names that a file binds at its top: each to every dotted name that it imports, or to its own."""
    found: dict[str, set[str]] = {}

    def bind(name: str, to: str) -> None:
        found.setdefault(name, set()).add(to)

    for node in _top(_tree(path).body):
        match node:
            case ast.ImportFrom():
                for a in node.names:
                    bind(_alias(a), f"{_base(node, path)}.{a.name}")
            case ast.Import():
                for a in node.names:
                    bind(_alias(a), _bound(a))
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                bind(node.name, _OWN)
            case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for n in [n for target in targets for n in ast.walk(target)]:
                    if isinstance(n, ast.Name):
                        bind(n.id, _OWN)
    return found


@cache
def _names_in(path: Path) -> frozenset[str]:
    """The dotted names that a file uses; those of modules outside this repository among them."""
    names: set[str] = set()
    aliases: dict[str, set[str]] = {}
    dotted: set[str] = set()  # ``import a.b`` uses a.b, and binds a
    nodes = list(_walk(_tree(path)))
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            base = _base(node, path)
            for a in node.names:
                if a.name == "*":
                    names.add(base)
                else:
                    aliases.setdefault(_alias(a), set()).add(f"{base}.{a.name}")
        elif isinstance(node, ast.Import):
            for a in node.names:
                aliases.setdefault(_alias(a), set()).add(_bound(a))
                dotted |= set() if a.asname or "." not in a.name else {a.name.split(".")[0]}
                names |= {a.name} if not _is_package(a.name) else set()
    # A package is used as a whole only where it stands by itself: dc.Loss uses one name of it.
    names |= {name for bound in aliases.values() for name in bound if not _is_package(name)}
    unused = set(aliases) - dotted
    for node in nodes:
        if isinstance(node, ast.Attribute | ast.Name):
            chain = _chain(node)
            if chain and chain[0] in aliases:
                names |= {".".join([name, *chain[1:]]) for name in aliases[chain[0]]}
                unused.discard(chain[0])
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names |= {node.value} if _DOTTED.fullmatch(node.value) else set()
    return frozenset(names.union(*(aliases[alias] for alias in unused)))  # imported to be passed on


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """Every node but docstrings, what only type checkers read, and the inside of dotted chains."""
    if isinstance(node, ast.If) and _chain(node.test)[-1:] == ["TYPE_CHECKING"]:
        for statement in node.orelse:
            yield from _walk(statement)
        return
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return
    yield node
    if isinstance(node, ast.Attribute) and _chain(node):
        return
    for child in ast.iter_child_nodes(node):
        yield from _walk(child)


def _top(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that run when a file is imported, those inside ``if``, ``try`` and ``with`` included."""
    for node in body:
        if isinstance(node, ast.If) and _chain(node.test)[-1:] == ["TYPE_CHECKING"]:
            continue
        yield node
        for part in ("body", "orelse", "finalbody"):
            if isinstance(node, ast.If | ast.Try | ast.With):
                yield from _top(getattr(node, part, []))


def _chain(node: ast.AST) -> list[str]:
    """The parts of a dotted expression ``a.b.c``; empty if it does not begin with a name."""
    if isinstance(node, ast.Attribute):
        inner = _chain(node.value)
        return [*inner, node.attr] if inner else []
    return [node.id] if isinstance(node, ast.Name) else []


def _is_package(name: str) -> bool:
    return any(path.name == "__init__.py" for path in resolve(name)) and _module(
        tuple(name.split("."))
    ) in resolve(name)


def _alias(alias: ast.alias) -> str:
    """The name that an import binds."""
    return alias.asname or alias.name.split(".")[0]


def _bound(alias: ast.alias) -> str:
    return alias.name if alias.asname else alias.name.split(".")[0]


def _base(node: ast.ImportFrom, path: Path) -> str:
    """The module that ``from ... import`` names, a relative one resolved."""
    if not node.level:
        return node.module or ""
    package = path.relative_to(ROOT).parent.parts
    package = package[: len(package) - node.level + 1]
    return ".".join([*package, *([node.module] if node.module else [])])


def _tree(path: Path) -> ast.Module:
    try:
        return ast.parse(read_text(path))
    except SyntaxError as error:
        raise UserError(
            f"{path}, line {error.lineno}: {error.msg}: expected Python that parses; mend the line"
        ) from error
    except (ValueError, RecursionError, MemoryError) as error:  # a null byte, or too deep
        raise UserError(f"{path}: {error}: expected Python that parses; mend it") from error
