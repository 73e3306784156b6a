"""What identifies a proof.

The key of a proof is a hash of all that it depends on: the step's name (which seeds its random points),
both sides and the domain down to the assumptions of every symbol, the time limit, the ledger's own source
code, the versions of Python, SymPy, mpmath, python-flint and z3, and what is registered with the ledger's
dispatchers, by whomever. Of a torch counterpart: its source, the derivation cells of its notebook, and every
file of this repository that these use. An operator or rule that is defined outside the ledger counts with its
source in the same way. A step that depends on anything that cannot be identified so has no key, and is
proved every time.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import mpmath as mp
import sympy as sp
from sympy.core.function import AppliedUndef, UndefinedFunction

from companion import derivation, graph
from companion.build.collect import Chapter
from companion.build.proving.store import hashed
from companion.derivation import Step
from companion.derivation.nonnegative import BOUNDS
from companion.derivation.second import load, versions
from companion.derivation.symbolic import TACTICS
from companion.errors import UserError
from companion.files import sha256

LEDGER = Path(derivation.__file__).parent
"""Where the ledger's own source code is."""

HERE = Path(__file__).parent
"""What is kept of a proof, and under which key."""


class Unidentified(Exception):
    """Something that a proof depends on, of which it cannot be said whether it is still the same."""


class Keys:
    """The keys of the steps of these chapters, in this process."""

    def __init__(self, chapters: Iterable[Chapter]) -> None:
        self._chapters = {chapter.module: chapter for chapter in chapters}
        self._codes: dict[str, Any] = {}

    def of(self, step: Step, chapter: Chapter) -> str | None:
        """The key of a step; None if it depends on something that cannot be identified."""
        try:
            seen: set[str] = set()
            claim = [described(part, seen) for part in (step.left, step.right, step.domain)]
            claim += [step.relation, described(step.equality, seen)]
            parts = [step.name, step.seconds, claim, self._ledger]
            parts += [[module, self._code(module)] for module in sorted(seen)]
            if step.torch is not None:
                parts.append(self._counterpart(step.torch, chapter))
        except Unidentified:
            return None
        return hashed(parts)

    def _counterpart(self, torch: Any, chapter: Chapter) -> Any:
        try:
            if isinstance(torch, str):
                return ["torch", version("torch"), torch, graph.contents(torch)]
        except UserError as error:
            raise Unidentified(str(error)) from error
        # a callable is whatever the cells have made of it, closures included
        module = getattr(torch, "__module__", None) or chapter.module
        codes = [self._code(name) for name in sorted({module, chapter.module})]
        return ["torch", version("torch"), codes]

    def _code(self, module: str) -> Any:
        """What identifies the source of a module, or of a notebook's cells, and of all that it uses."""
        if module not in self._codes:
            self._codes[module] = self._read(module)
        return self._codes[module]

    def _read(self, module: str) -> Any:
        chapter = self._chapters.get(module)
        try:
            if chapter is None:
                return graph.contents(module)
            with TemporaryDirectory() as folder:
                cells = Path(folder) / "cells.py"
                cells.write_text("\n".join(chapter.cells), encoding="utf-8")
                return [list(chapter.cells), graph.contents(cells)]
        except UserError as error:
            raise Unidentified(str(error)) from error

    @cached_property
    def _ledger(self) -> Any:
        """The ledger's sources, the versions below it, and what is registered with it."""
        load()
        files = [*sorted(LEDGER.rglob("*.py")), *sorted(HERE.rglob("*.py"))]
        sources = [[path.name, sha256(path)] for path in files]
        below = [sys.version, platform.machine(), sp.__version__, mp.__version__, *versions()]
        registered = _registered()
        others = {module for _, module in registered if not _is_ledgers(module)}
        codes = [[module, self._code(module)] for module in sorted(others)]
        return hashed([sources, below, mp.libmp.BACKEND, registered, codes])


def _registered() -> list[tuple[str, str]]:
    """What the ledger's dispatchers and tactics are made of: what answers to what, and whose module it is.

    The ledger's own functions too: registered for another kind, they make another ledger.
    """
    rules: list[tuple[str, Any]] = [(f"tactic {name}", how) for name, how in TACTICS.items()]
    rules += [(f"bound {name}", how) for name, how in BOUNDS.items()]
    for place, module in sorted(sys.modules.items()):
        if _is_ledgers(place) and module is not None:
            for name, thing in sorted(vars(module).items()):
                rules += [
                    (f"{place}.{name}({kind.__module__}.{kind.__qualname__})", rule)
                    for kind, rule in getattr(thing, "registry", {}).items()
                ]
    lines = [getattr(getattr(rule, "__code__", None), "co_firstlineno", 0) for _, rule in rules]
    return sorted(
        (f"{what}: {rule.__qualname__}, line {line}", rule.__module__)
        for (what, rule), line in zip(rules, lines)
    )


def described(value: Any, seen: set[str]) -> Any:
    """``value`` in plain lists that are equal for equal values only; ``seen`` collects strange modules.

    Raises:
        Unidentified: for something that has no identity of its own, a function for example.
    """
    kind = type(value)
    name = f"{kind.__module__}.{kind.__qualname__}"
    if isinstance(value, UndefinedFunction):  # a class, made from a name and assumptions
        return [name, value.__name__, sorted(value._kwargs.items()), str(value.nargs)]
    if not isinstance(value, AppliedUndef) and kind.__module__.partition(".")[0] not in _KNOWN:
        seen.update({kind.__module__} if not _is_ledgers(kind.__module__) else ())
    if value is None or kind in (bool, int, float, str):
        return [name, repr(value)]
    if isinstance(value, sp.Symbol):
        return [name, sp.srepr(value), sorted(value.assumptions0.items())]
    if isinstance(value, AppliedUndef):
        return [described(value.func, seen), *(described(a, seen) for a in value.args)]
    if isinstance(value, sp.Basic) and value.args:
        return [name, *(described(a, seen) for a in value.args)]
    if isinstance(value, sp.Basic):
        return [name, sp.srepr(value)]
    if isinstance(value, tuple):
        return [name, *(described(v, seen) for v in value)]
    if is_dataclass(value) and kind.__dataclass_params__.frozen:
        parts = [[f.name, described(getattr(value, f.name), seen)] for f in fields(value)]
        return [name, *parts]
    raise Unidentified(f"a {name} has no identity")


_KNOWN = {"builtins", "sympy"}


def _is_ledgers(module: str) -> bool:
    return module == derivation.__name__ or module.startswith(derivation.__name__ + ".")
