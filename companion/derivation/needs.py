"""What a claim needs to mean something, above all what must not be zero, and over which ranges.

The walk looks into names, which SymPy would cancel when they are opened, and keeps in mind what is bound
(``Range``) and what is differentiated: the slope of a logarithm has its pole, that of an absolute value its
jump. An operator answers by registering with ``divides_by``, ``ranges`` or ``of_its_own``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, singledispatch
from typing import Any

import sympy as sp
from sympy.core.function import ArgumentIndexError
from sympy.core.relational import Relational

from .tree import open_names, opened


@dataclass(frozen=True)
class Range:
    """What a bound variable runs through; ``kind`` is ``"integral"``, ``"sum"`` or ``"unknown"``."""

    variable: sp.Symbol
    low: Any
    high: Any
    kind: str


@dataclass(frozen=True)
class Need:
    """What must be so, mostly that something is not zero.

    Attributes:
        expr: an expression, names opened.
        ranges: those of its bound variables, the outermost first.
        kind: ``"nonzero"``; ``"sign"`` where its sign must be known as well, for a limit; ``"positive"`` or
            ``"nonnegative"`` for a function to be real; ``"argument"``, positive, for one with poles at and
            below zero.
        weak: whether an integral converges where it is zero at an end of its range.
    """

    expr: sp.Expr
    ranges: tuple[Range, ...] = ()
    kind: str = "nonzero"
    weak: bool = False


Slopes = Mapping[sp.Symbol, int]
"""What is differentiated, and how often."""


@singledispatch
def divides_by(node: Any) -> list[sp.Expr]:
    """What must not be zero for this node to have a value."""
    return []


@singledispatch
def positive_for(node: Any) -> list[tuple[str, sp.Expr]]:
    """What must be positive, or not negative, for this node to be real where its arguments are, or finite.

    With the kind of the need: ``"positive"``, ``"nonnegative"``, or ``"argument"``.
    """
    return []


@singledispatch
def ranges(node: Any) -> tuple[Range, ...]:
    """What this node binds, the outermost first."""
    names = getattr(node, "bound_symbols", ()) if isinstance(node, sp.Expr) else ()
    return tuple(Range(v, None, None, "unknown") for v in names)


@singledispatch
def of_its_own(node: Any) -> Iterable[tuple[str, sp.Expr]] | None:
    """The kinds and expressions of the needs of a node that is not walked into; None: it is walked into."""
    return None


@lru_cache(maxsize=64)
def needs(side: sp.Expr) -> tuple[Need, ...]:
    """What must be so in a side of a claim: several checks of a step ask."""
    return tuple(_needs(side))


def _needs(side: sp.Expr) -> Iterator[Need]:
    for need in _walk(side, (), {}, frozenset()):
        expr = open_names(need.expr)
        bound = tuple(r for r in need.ranges if r.variable in expr.free_symbols)
        inner = {
            v for r in bound for end in (r.low, r.high) for v in getattr(end, "free_symbols", ())
        }
        kept = tuple(r for r in need.ranges if r in bound or r.variable in inner)
        if not any(r.kind == "unknown" for r in kept):
            yield replace(need, expr=expr, ranges=kept)


def _walk(
    node: Any, around: tuple[Range, ...], slopes: Slopes, averaged: frozenset[sp.Symbol]
) -> Iterator[Need]:
    """``around``: what is bound here; ``averaged``: what of it is, inside of a derivative, by an integral."""
    if not isinstance(node, sp.Basic):
        return
    inside = opened(node)
    if inside is not node:
        yield from _walk(inside, around, slopes, averaged)
        return
    own = of_its_own(node)
    if own is not None:
        yield from (Need(expr, around, kind) for kind, expr in own)
        return
    if isinstance(node, sp.Subs):
        place = dict(zip(node.variables, node.point, strict=True))
        for need in _walk(node.expr, around, slopes, averaged):
            yield replace(need, expr=open_names(need.expr).subs(place))
        for point in node.point:
            yield from _walk(point, around, slopes, averaged)
        return
    if isinstance(node, sp.Derivative):
        slopes = {**slopes, **{v: slopes.get(v, 0) + int(n) for v, n in node.variable_count}}
        yield from _walk(node.expr, around, slopes, frozenset())
        return
    yield from _of_node(node, around, slopes, averaged)
    bound = ranges(node)
    if slopes:
        averaged |= {r.variable for r in bound if r.kind != "sum"}
    for part in node.args:
        yield from _walk(part, (*around, *bound), slopes, averaged)


def _of_node(
    node: Any, around: tuple[Range, ...], slopes: Slopes, averaged: frozenset[sp.Symbol]
) -> Iterator[Need]:
    over = {r.variable for r in around if r.kind == "integral"}
    order = sum(count for v, count in slopes.items() if v in open_names(node).free_symbols)
    for base in divides_by(node):
        if isinstance(node, sp.log) and not order and open_names(base).free_symbols & over:
            continue  # a logarithm can be integrated over its singularity
        power = node.exp if isinstance(node, sp.Pow) else sp.Integer(-1)
        if _never_negative(power, around):
            continue
        weak = bool(power.is_number and power > -1 and not order)
        yield Need(base, around, weak=weak)
    yield from (Need(expr, around, kind) for kind, expr in positive_for(node))
    if not order:
        return
    yield from (Need(base, around) for base in _in_the_slope(node, order))
    for u, jumps in _kinks(node):
        free = open_names(u).free_symbols
        if not free & slopes.keys() or free & averaged:
            continue  # it does not move, or an integral smooths it
        if free & over & slopes.keys() and order == 1 and not jumps:
            continue  # the integral of the slope of something continuous
        yield Need(u, around)


def _never_negative(power: sp.Expr, around: tuple[Range, ...]) -> bool:
    """Whether an exponent is at least 0 for every index of a sum: one that is linear is, if at both ends."""
    for r in reversed(around):
        if r.kind == "sum" and r.variable in power.free_symbols:
            if not power.is_polynomial(r.variable) or sp.degree(power, r.variable) > 1:
                return False
            return all(
                _never_negative(power.subs(r.variable, end), around) for end in (r.low, r.high)
            )
    return bool(power.is_nonnegative) and not power.free_symbols & {r.variable for r in around}


def _in_the_slope(node: Any, order: int) -> Iterator[sp.Expr]:
    """What derivatives of a node divide by, and it does not itself."""
    if isinstance(node, sp.Pow):
        whole = node.exp.is_integer and node.exp.is_nonnegative
        if not whole and not (node.exp.is_number and node.exp >= order):
            yield node.base
    elif isinstance(node, sp.Function) and len(node.args) == 1 and not _kinks(node):
        try:
            slope = node.fdiff()
        except (ArgumentIndexError, AttributeError, NotImplementedError):
            return
        for part in sp.preorder_traversal(slope):
            yield from divides_by(part)


def _kinks(node: Any) -> list[tuple[sp.Expr, bool]]:
    """Where a node has a kink: what is zero there, and whether it jumps."""
    if isinstance(node, sp.Abs):
        return [(node.args[0], False)]
    if isinstance(node, sp.sign | sp.Heaviside):
        return [(node.args[0], True)]
    if isinstance(node, sp.Max | sp.Min):
        first, *others = node.args
        return [(first - other, False) for other in others]
    return [(node.lhs - node.rhs, True)] if isinstance(node, Relational) else []


# --- what SymPy's own nodes divide by, and bind


@divides_by.register
def _(node: sp.Pow) -> list[sp.Expr]:
    return [] if node.exp.is_nonnegative else [node.base]


@divides_by.register
def _(node: sp.log) -> list[sp.Expr]:
    return [node.args[0]]


@divides_by.register(sp.tan)
@divides_by.register(sp.sec)
def _(node: sp.Expr) -> list[sp.Expr]:
    return [sp.cos(node.args[0])]


@divides_by.register(sp.cot)
@divides_by.register(sp.csc)
def _(node: sp.Expr) -> list[sp.Expr]:
    return [sp.sin(node.args[0])]


@divides_by.register(sp.coth)
@divides_by.register(sp.csch)
def _(node: sp.Expr) -> list[sp.Expr]:
    return [sp.sinh(node.args[0])]


@positive_for.register
def _(node: sp.Pow) -> list[tuple[str, sp.Expr]]:
    return [] if node.exp.is_integer else [("nonnegative", node.base)]


@positive_for.register
def _(node: sp.log) -> list[tuple[str, sp.Expr]]:
    return [("positive", node.args[0])]


@positive_for.register(sp.gamma)
@positive_for.register(sp.loggamma)
@positive_for.register(sp.digamma)
@positive_for.register(sp.beta)
def _(node: sp.Expr) -> list[tuple[str, sp.Expr]]:
    return [("argument", argument) for argument in node.args]


@positive_for.register
def _(node: sp.factorial) -> list[tuple[str, sp.Expr]]:
    return [("argument", node.args[0] + 1)]


@positive_for.register(sp.asin)
@positive_for.register(sp.acos)
@positive_for.register(sp.atanh)
def _(node: sp.Expr) -> list[tuple[str, sp.Expr]]:
    kind = "positive" if isinstance(node, sp.atanh) else "nonnegative"
    return [(kind, 1 - node.args[0] ** 2)]


@positive_for.register
def _(node: sp.acosh) -> list[tuple[str, sp.Expr]]:
    return [("nonnegative", node.args[0] - 1)]


@ranges.register(sp.Integral)
@ranges.register(sp.Sum)
@ranges.register(sp.Product)
def _(node: Any) -> tuple[Range, ...]:
    kind = "integral" if isinstance(node, sp.Integral) else "sum"
    whole = [ends for ends in reversed(node.limits) if len(ends) == 3]
    return tuple(Range(v, low, high, kind) for v, low, high in whole)
