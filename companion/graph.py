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

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from companion import syntax
from companion.errors import UserError
from companion.files import sha256
from companion.paths import ROOT


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
    return syntax.of(path).meaning if path.suffix == ".py" else sha256(path)


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
        found = {here} if syntax.OWN in bound else set()
        for other in bound - {syntax.OWN, own}:
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
    said = set(syntax.of(path).words)
    data = {datum for datum in folder.rglob("*") if datum.is_file()}
    return {datum for datum in data if {"data", datum.name, datum.stem} & said}


@cache
def bindings(path: Path) -> dict[str, set[str]]:
    """The names that a file binds at its top: each to every dotted name that it imports, or to its own."""
    return _absolute(syntax.of(path).binds, path)


@cache
def _names_in(path: Path) -> frozenset[str]:
    """The dotted names that a file uses; those of modules outside this repository among them."""
    said = syntax.of(path)
    aliases = _absolute(said.aliases, path)
    names = {*said.strings, *(_resolved(star, path) for star in said.stars)}
    # A package is used as a whole only where it stands by itself: dc.Loss uses one name of it.
    imported = set(said.modules).union(*aliases.values())
    names |= {name for name in imported if not _is_package(name)}
    unused = set(aliases) - set(said.whole)
    for chain in said.chains:
        alias, *rest = chain.split(".")
        names |= {".".join([name, *rest]) for name in aliases[alias]}
        unused.discard(alias)
    return frozenset(names.union(*(aliases[alias] for alias in unused)))  # imported to be passed on


def _is_package(name: str) -> bool:
    return any(path.name == "__init__.py" for path in resolve(name)) and _module(
        tuple(name.split("."))
    ) in resolve(name)


def _absolute(names: dict[str, list[str]], path: Path) -> dict[str, set[str]]:
    return {name: {_resolved(other, path) for other in others} for name, others in names.items()}


def _resolved(name: str, path: Path) -> str:
    """A dotted name that a file says; a relative one begins at the package that it is relative to."""
    level = len(name) - len(rest := name.lstrip("."))
    if not level:
        return name
    package = path.relative_to(ROOT).parent.parts
    return ".".join([*package[: len(package) - level + 1], *([rest] if rest else [])])
