"""One printed name has one meaning: what a reader sees is what was checked."""

from __future__ import annotations

from collections.abc import Iterable
from functools import singledispatch
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef, UndefinedFunction

from .latex import latex
from .notation import bare_name, printed_name
from .tree import open_names, opened


@singledispatch
def named(node: Any) -> Iterable[tuple[str, Any]]:
    """The names that a node is printed with, and what each stands for."""
    return ()


@named.register
def _(node: sp.Symbol) -> Iterable[tuple[str, Any]]:
    return [(printed_name(node.name), node)]


def meanings(expressions: Iterable[Any]) -> dict[str, list[Any]]:
    """What each printed name stands for, in order: names, symbols (bound ones too), functions, matrices."""
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
        for name, sense in named(node):
            if sense not in found.setdefault(name, []):
                found[name].append(sense)
        if isinstance(node, AppliedUndef) and node.func not in seen:
            seen.add(node.func)
            found.setdefault(printed_name(node.func.__name__), []).append(node.func)
        waiting += [a for a in node.args if isinstance(a, sp.Basic)]
    return found


def two_senses(expressions: Iterable[Any]) -> str:
    """One line on a name that is printed for two different things; empty if there is none."""
    expressions = list(expressions)
    found = meanings(expressions)
    for name, senses in sorted(found.items()):
        one, *others = sorted(senses, key=str)
        if others:
            return f"'{name}' stands for {_both(one, others[0])}: give one of them another name"
    return _read_otherwise(expressions)


def _read_otherwise(expressions: list[Any]) -> str:
    """One line on a name that reads as a function's value or a power which is there too, and is not that."""
    names: dict[str, sp.Expr] = {}
    printed: dict[str, list[sp.Expr]] = {}
    waiting, seen = list(expressions), set()
    while waiting:
        node = waiting.pop()
        if not isinstance(node, sp.Basic) or node in seen:
            continue
        seen.add(node)
        inside = opened(node)
        if inside is not node:
            names[node.latex] = inside
            waiting.append(inside)
        if isinstance(node, sp.Symbol | AppliedUndef) or inside is not node:
            printed.setdefault(bare_name(latex(node)), []).append(node)
        waiting += node.args
    for name, inside in sorted(names.items()):
        base, _, power = bare_name(name).partition("^")
        whole = [(other, 1) for other in printed.get(bare_name(name), [])]
        powers = [(other, int(power)) for other in printed.get(base, []) if power.isdigit()]
        for other, number in whole + powers:
            read = other**number
            if opened(read) is not inside and open_names(read - inside) != 0:
                return f"'{name}' stands for {inside} and reads as {read}: give it another name"
    return ""


def _both(one: Any, other: Any) -> str:
    if str(one) == str(other) and type(one) is not type(other):
        return " and for ".join(f"{type(sense).__name__} {sense}" for sense in (one, other))
    for kind, words in ((sp.Symbol, "symbols"), (UndefinedFunction, "functions")):
        if isinstance(one, kind) and isinstance(other, kind):
            what, names = (_assumed(one), _assumed(other)), (str(one), str(other))
            return f"two {words}, {' and '.join(what if names[0] == names[1] else names)}"
    return f"{one} and for {other}"


def _assumed(thing: Any) -> str:
    given = thing._assumptions_orig if isinstance(thing, sp.Symbol) else thing._kwargs
    return ", ".join(k for k, v in sorted(given.items()) if v and k != "commutative") or "complex"
