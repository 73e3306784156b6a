"""Wrong variants of a claim, made from its expression tree. A check that passes one is no check."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef

WANTED = 8
"""Mutants that are tried for each step (five must be refuted)."""

Path = tuple[int, ...]

Variant = tuple[str, str, Any]
"""What was done, where, and what takes the node's place."""


@dataclass(frozen=True)
class Mutant:
    """A wrong variant of one side.

    Attributes:
        kind: what was done, e.g. ``"dropped term"``.
        detail: where, in plain SymPy text.
        expr: the mutated side.
        side: ``"rhs"``, or ``"lhs"`` where the rhs is too small to mutate five times.
    """

    kind: str
    detail: str
    expr: sp.Expr
    side: str = "rhs"


def mutants(left: sp.Expr, right: sp.Expr, seed: str, limit: int = 40) -> list[Mutant]:
    """Up to ``limit`` distinct wrong variants, in an order fixed by ``seed``, kinds taking turns."""
    found = _of_side(right, "rhs", seed, left)
    if len(found) < WANTED:
        found += _of_side(left, "lhs", seed, right)
    return found[:limit]


def _of_side(expr: sp.Expr, side: str, seed: str, other: sp.Expr) -> list[Mutant]:
    by_kind: dict[str, list[Mutant]] = {}
    seen = {expr}
    for kind, detail, variant in _variants(expr, other):
        if variant not in seen and not variant.has(sp.nan, sp.zoo, sp.oo * sp.I):
            seen.add(variant)
            by_kind.setdefault(kind, []).append(Mutant(kind, detail, variant, side))
    rng = random.Random(f"{seed}:{side}")
    for kind in sorted(by_kind):
        rng.shuffle(by_kind[kind])
    turns: list[Mutant] = []
    while any(by_kind.values()):
        turns += [by_kind[kind].pop() for kind in sorted(by_kind) if by_kind[kind]]
    return turns


def _variants(expr: sp.Expr, other: sp.Expr) -> Iterator[Variant]:
    yield "sign", "of the whole", -expr
    yield "factor 2", "on the whole", 2 * expr
    yield "factor 1/2", "on the whole", expr / 2
    if expr.is_number:
        yield "off by one", str(expr), expr + 1
        yield "off by one", str(expr), expr - 1
    for path, node in _nodes(expr):
        for kind, detail, variant in variants(node):
            yield kind, detail, _put(expr, path, variant)
    yield from _swaps(expr, other)


@singledispatch
def variants(node: Any) -> Iterator[Variant]:
    """Wrong variants of one node: what was done, where, and the node that takes its place."""
    yield from ()


@variants.register
def _(node: sp.Add) -> Iterator[Variant]:
    for term in node.args:
        yield "sign of a term", str(term), node - 2 * term
        yield "dropped term", str(term), node - term
        yield "factor 1/2 on a term", str(term), node - term / 2


@variants.register
def _(node: sp.Mul) -> Iterator[Variant]:
    for factor in node.args:
        if not factor.is_number:
            yield "dropped factor", str(factor), node / factor


@variants.register
def _(node: sp.Pow) -> Iterator[Variant]:
    yield "exponent + 1", str(node), node * node.base
    yield "exponent - 1", str(node), node / node.base


@variants.register
def _(node: AppliedUndef) -> Iterator[Variant]:
    yield "squared", str(node), node**2


@singledispatch
def touched(node: Any) -> Iterable[int]:
    """Which arguments of a node wrong variants may change: all, but no law, bound or definition."""
    return range(len(node.args))


@touched.register
def _(node: AppliedUndef) -> Iterable[int]:
    return ()


def _swaps(expr: sp.Expr, other: sp.Expr) -> Iterator[Variant]:
    """A symbol, or a function, for another of its kind, everywhere and then in single places."""
    symbols = sorted(expr.free_symbols | other.free_symbols, key=lambda a: a.name)
    for old in symbols:
        for new in symbols:
            if old != new and type(old) is type(new) and old.assumptions0 == new.assumptions0:
                yield "symbol swapped", f"{old} for {new}", expr.xreplace({old: new})
    applied = expr.atoms(AppliedUndef) | other.atoms(AppliedUndef)
    heads = sorted({f.func for f in applied}, key=lambda f: f.__name__)
    for k, old in enumerate(heads):
        for new in heads[k + 1 :]:
            if old.nargs == new.nargs:
                trade = {f: new(*f.args) for f in applied if f.func == old}
                trade |= {f: old(*f.args) for f in applied if f.func == new}
                yield "functions exchanged", f"{old} <-> {new}", expr.xreplace(trade)


def _nodes(expr: sp.Expr, path: Path = ()) -> Iterator[tuple[Path, sp.Expr]]:
    """Every subexpression that may be changed, with its place."""
    yield path, expr
    for k in touched(expr):
        if isinstance(expr.args[k], sp.Expr):
            yield from _nodes(expr.args[k], (*path, k))


def _put(expr: sp.Expr, path: Path, value: sp.Expr) -> sp.Expr:
    if not path:
        return value
    args = list(expr.args)
    args[path[0]] = _put(args[path[0]], path[1:], value)
    return expr.func(*args)
