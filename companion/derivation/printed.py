"""One printed name has one meaning: what a reader sees is what was checked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef, UndefinedFunction

from .notation import printed_name
from .tree import opened


def meanings(expressions: Iterable[Any]) -> dict[str, list[Any]]:
    """What each printed name stands for, in order: names, symbols (bound ones too) and functions."""
    found: dict[str, list[Any]] = {}
    seen: set[Any] = set()
    waiting = [e for e in expressions if isinstance(e, sp.Basic)]
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        inside = opened(node)
        if inside is not node:
            found.setdefault(node.latex, []).append(inside)
            waiting.append(inside)
            continue
        if isinstance(node, sp.Symbol):
            found.setdefault(printed_name(node.name), []).append(node)
        if isinstance(node, AppliedUndef) and node.func not in seen:
            seen.add(node.func)
            found.setdefault(printed_name(node.func.__name__), []).append(node.func)
        waiting += [a for a in node.args if isinstance(a, sp.Basic)]
    return found


def two_senses(expressions: Iterable[Any]) -> str:
    """One line on a name that is printed for two different things; empty if there is none."""
    for name, senses in sorted(meanings(expressions).items()):
        one, *others = sorted(senses, key=str)
        if others:
            return f"'{name}' stands for {_both(one, others[0])}: give one of them another name"
    return ""


def _both(one: Any, other: Any) -> str:
    for kind, words in ((sp.Symbol, "symbols"), (UndefinedFunction, "functions")):
        if isinstance(one, kind) and isinstance(other, kind):
            what, names = (_assumed(one), _assumed(other)), (str(one), str(other))
            return f"two {words}, {' and '.join(what if names[0] == names[1] else names)}"
    return f"{one} and for {other}"


def _assumed(thing: Any) -> str:
    given = thing._assumptions_orig if isinstance(thing, sp.Symbol) else thing._kwargs
    return ", ".join(k for k, v in sorted(given.items()) if v and k != "commutative") or "complex"
