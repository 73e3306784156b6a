"""Equality of what is defined by cases: proved in each case apart.

Where ``u`` decides (``Abs(u)``, ``sign(u)``, a condition ``u > 0``), a symbol that ``u`` is linear in is
written in terms of ``w = |u|``, a number that is not negative. Every point of the case has such a ``w``; what
else was known of the symbol may be lost, so that more is proved than is claimed, never less.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import sympy as sp

from ..kinks import DECIDING, as_bars, decided_by, with_sign
from ..symbolic import TACTICS, Positive

MOST = 128
"""Cases that are looked at."""

Sides = tuple[sp.Expr, ...]

SIMPLE = ("computed", "expanded", "rational", "logarithms", "ratio")
"""What proves equality in one case."""


def by_cases(a: sp.Expr, b: sp.Expr, positive: Positive) -> bool:
    """Whether a = b in every case; False where nothing is defined by cases."""
    sides = (plain(a), plain(b))
    if sides == (a, b) and all(_deciding(side) is None for side in sides):
        return False
    number = 0
    for one, other in cases(sides, positive):
        number += 1
        if number > MOST or one.has(sp.nan, sp.zoo) or other.has(sp.nan, sp.zoo):
            return False
        if not any(TACTICS[name](one, other, positive) for name in SIMPLE):
            return False
    return number > 0


def plain(expr: sp.Expr) -> sp.Expr:
    """``expr`` with absolute values, signs and conditions only."""
    expr = expr.replace(sp.KroneckerDelta, lambda i, j: sp.Piecewise((1, sp.Eq(i, j)), (0, True)))
    expr = expr.replace(lambda e: isinstance(e, sp.Max | sp.Min), as_bars)
    return expr.replace(
        lambda e: isinstance(e, sp.Abs | sp.sign), lambda e: e.func(sp.factor_terms(e.args[0]))
    )


def cases(sides: Sides, positive: Positive) -> Iterator[Sides]:
    """The sides in each case, until nothing in them is defined by cases."""
    node = next((found for side in sides if (found := _deciding(side)) is not None), None)
    if node is None:
        yield sides
        return
    u = decided_by(node)
    if positive(u) or positive(-u):
        value = with_sign(node, 1 if positive(u) else -1)
        yield from cases(tuple(_put(side, node, value) for side in sides), positive)
        return
    for sign in (1, -1) if isinstance(node, sp.Abs) else (1, -1, 0):
        if (u.is_nonnegative and sign == -1) or (u.is_nonpositive and sign == 1):
            continue  # no such point, or only those of u = 0, which the other case has too
        width = sp.Dummy("w", **{"nonnegative" if isinstance(node, sp.Abs) else "positive": True})
        known = tuple(_put(side, node, with_sign(node, sign)) for side in sides)
        if sign == 0 and any(_divides(u, side) for side in known):
            continue  # a side divides by u: the claim says nothing there
        old, new = _solved(u, sign * width if sign else sp.Integer(0), positive)
        if old is None and sign == 0:
            yield from cases(tuple(side.xreplace({u: sp.Integer(0)}) for side in known), positive)
        elif old is None:
            yield from cases(known, positive)
        else:
            yield from cases(tuple(side.subs(old, new) for side in known), positive)


def _deciding(expr: Any) -> Any:
    """An innermost absolute value, sign or condition; None if there is none."""
    for node in sp.postorder_traversal(expr):
        if isinstance(node, DECIDING):
            return node
    return None


def _put(side: sp.Expr, node: Any, value: Any) -> sp.Expr:
    return side.xreplace({node: value}) if side.has(node) else side


def _solved(
    u: sp.Expr, value: sp.Expr, positive: Positive
) -> tuple[sp.Symbol | None, sp.Expr | None]:
    """A symbol that u is linear in, and what it is where u has this value; the least is lost by it."""
    lossy: tuple[sp.Symbol | None, sp.Expr | None] = (None, None)
    for symbol in sorted(u.free_symbols, key=lambda s: (s.is_nonnegative or False, str(s))):
        slope = sp.diff(u, symbol)
        if not (slope.is_number and slope.is_nonzero and symbol.is_extended_real):
            continue
        new = sp.expand(symbol + (value - u) / slope)
        if not symbol.is_nonnegative or new.is_nonnegative or positive(new):
            return symbol, new
        lossy = lossy if lossy[0] is not None else (symbol, new)
    return lossy


def _divides(u: sp.Expr, side: sp.Expr) -> bool:
    certain = side.replace(sp.Piecewise, lambda *pairs: sp.Integer(0))  # of no open branch
    powers = [p for p in certain.atoms(sp.Pow) if p.exp.is_negative]
    return any(sp.cancel(p.base / u).is_number for p in powers if p.base.free_symbols)


def tactic(name: str) -> Callable[[Any], Any]:
    """Register a tactic for equality, before the costly last one."""

    def register(how: Callable[[sp.Expr, sp.Expr, Positive], bool]) -> Any:
        last = TACTICS.pop("simplified")
        TACTICS[name] = how
        TACTICS["simplified"] = last
        return how

    return register


tactic("cases")(by_cases)
