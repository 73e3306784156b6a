"""What a file of Python says by itself: parsed once, and remembered in the build folder by its content.

Every process of a build asks for the same two hundred files, and to parse them takes a second. What is
remembered follows from a file's text alone, so it never has to be forgotten; what was written by another
version of this module or of Python, or is not whole, does not count.
"""

from __future__ import annotations

import ast
import atexit
import hashlib
import json
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from companion import paths
from companion.errors import UserError
from companion.files import Unreadable, read_object, read_text, write_text

DOTTED = re.compile(r"[A-Za-z_]\w*([.:][\w*]+)+")

OWN = ""
"""Stands for a name that a file defines itself."""

MOST = 2_000
"""Files that are remembered, at most."""

LONGEST_NAME = 255
"""Bytes in the name of a file, at most."""

WRITER = f"{sys.version} {hashlib.sha256(Path(__file__).read_bytes()).hexdigest()}"
"""What decides the meaning of what is remembered: Python, whose trees differ, and this module as it was
when the process began. One that outlives an edit of it still reads by the old."""

_asked: set[str] = set()


@dataclass(frozen=True)
class Syntax:
    """What a file says. A relative import keeps its leading dots, as in ``..base.Base``.

    Attributes:
        meaning: the hash of its syntax tree without comments and docstrings.
        binds: the names bound at its top, each to every dotted name that it imports, or to `OWN`.
        aliases: the names that imports bind anywhere in it, each to every dotted name.
        whole: aliases of ``import a.b``, which uses a.b and binds a.
        modules: what ``import`` names.
        stars: what ``from ... import *`` names.
        chains: the dotted expressions that begin with an alias.
        strings: the strings that are dotted names.
        words: the strings that may be the name of a file.
    """

    meaning: str
    binds: dict[str, list[str]]
    aliases: dict[str, list[str]]
    whole: list[str]
    modules: list[str]
    stars: list[str]
    chains: list[str]
    strings: list[str]
    words: list[str]


def of(path: Path) -> Syntax:
    """What a file says.

    Raises:
        UserError: if it is not UTF-8, or does not parse.
    """
    source = read_text(path)
    key = hashlib.sha256(source.encode()).hexdigest()
    if key not in (known := _known()):
        with parsing(path):
            known[key] = asdict(read(ast.parse(source)))
        _keep_at_exit()
    _asked.add(key)
    return Syntax(**known[key])


def read(tree: ast.Module) -> Syntax:
    """What a syntax tree says; its docstrings are taken out of it."""
    nodes = list(_walk(tree))
    aliases: dict[str, set[str]] = {}
    whole, modules, stars, chains, strings = set(), set(), set(), set(), set()
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            for a in node.names:
                if a.name == "*":
                    stars.add(_base(node))
                else:
                    aliases.setdefault(_alias(a), set()).add(_member(node, a))
        elif isinstance(node, ast.Import):
            for a in node.names:
                modules.add(a.name)
                aliases.setdefault(_alias(a), set()).add(_bound(a))
                whole |= set() if a.asname or "." not in a.name else {a.name.split(".")[0]}
    for node in nodes:
        if isinstance(node, ast.Attribute | ast.Name):
            chain = _chain(node)
            chains |= {".".join(chain)} if chain and chain[0] in aliases else set()
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            strings |= {node.value} if DOTTED.fullmatch(node.value) else set()
    said = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)}
    words = {w for w in said if isinstance(w, str) and len(w) <= LONGEST_NAME and "\n" not in w}
    binds = {name: sorted(to) for name, to in _binds(tree).items()}
    return Syntax(
        _meaning(tree),
        binds,
        {alias: sorted(names) for alias, names in aliases.items()},
        *(sorted(found) for found in (whole, modules, stars, chains, strings, words)),
    )


def _meaning(tree: ast.Module) -> str:
    for node in ast.walk(tree):
        match node:
            case ast.Module() | ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                if ast.get_docstring(node, clean=False) is not None:
                    node.body = node.body[1:]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()


def _binds(tree: ast.Module) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}

    def bind(name: str, to: str) -> None:
        found.setdefault(name, set()).add(to)

    for node in _top(tree.body):
        match node:
            case ast.ImportFrom():
                for a in node.names:
                    bind(_alias(a), _member(node, a))
            case ast.Import():
                for a in node.names:
                    bind(_alias(a), _bound(a))
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                bind(node.name, OWN)
            case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for n in [n for target in targets for n in ast.walk(target)]:
                    if isinstance(n, ast.Name):
                        bind(n.id, OWN)
    return found


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


def _top(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """The statements that run when a file is imported, those inside ``if``, ``try`` and ``with`` included."""
    for node in body:
        if isinstance(node, ast.If) and _chain(node.test)[-1:] == ["TYPE_CHECKING"]:
            yield from _top(node.orelse)
            continue
        yield node
        for part in ("body", "handlers", "orelse", "finalbody"):
            if isinstance(node, ast.If | ast.Try | ast.ExceptHandler | ast.With):
                yield from _top(getattr(node, part, []))


def _chain(node: ast.AST) -> list[str]:
    """The parts of a dotted expression ``a.b.c``; empty if it does not begin with a name."""
    if isinstance(node, ast.Attribute):
        inner = _chain(node.value)
        return [*inner, node.attr] if inner else []
    return [node.id] if isinstance(node, ast.Name) else []


def _alias(alias: ast.alias) -> str:
    """The name that an import binds."""
    return alias.asname or alias.name.split(".")[0]


def _bound(alias: ast.alias) -> str:
    return alias.name if alias.asname else alias.name.split(".")[0]


def _base(node: ast.ImportFrom) -> str:
    return "." * node.level + (node.module or "")


def _member(node: ast.ImportFrom, alias: ast.alias) -> str:
    """The dotted name that ``from ... import alias`` names."""
    return f"{_base(node)}.{alias.name}" if node.module else f"{_base(node)}{alias.name}"


@contextmanager
def parsing(path: Path) -> Iterator[None]:
    """While ``path`` is parsed, or read as it stands.

    Raises:
        UserError: if it is not Python that parses; the message says where.
    """
    try:
        yield
    except SyntaxError as error:
        raise UserError(
            f"{path}, line {error.lineno}: {error.msg}: expected Python that parses; mend the line"
        ) from error
    except (ValueError, RecursionError, MemoryError) as error:  # a null byte, or too deep
        raise UserError(f"{path}: {error}: expected Python that parses; mend it") from error


def _memory() -> Path:
    return paths.ROOT / "_build" / "syntax.json"


def _digest(files: Any) -> str:
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()


@cache
def _known() -> dict[str, dict[str, Any]]:
    """What this process knows of files, by the hash of their text."""
    return _kept()


def _kept() -> dict[str, dict[str, Any]]:
    """What is written down."""
    with suppress(Unreadable):
        content = read_object(_memory())
        files = content.get("files")
        if content.get("writer") == WRITER and content.get("sha256") == _digest(files):
            return content["files"]
    return {}


@cache
def _keep_at_exit() -> None:
    atexit.register(keep)


def keep() -> None:
    """Write down what is known, where there is a build folder; it is lost where that cannot be."""
    kept, place = _kept(), _memory()
    files = kept | _known()  # another process may have written meanwhile
    if len(files) > MOST:
        files = {key: files[key] for key in _asked}
    if files != kept and place.parent.is_dir():
        content = {"writer": WRITER, "sha256": _digest(files), "files": files}
        with suppress(UserError):
            write_text(place, json.dumps(content, sort_keys=True) + "\n")
