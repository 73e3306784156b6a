"""Expectations of what is polynomial on each side of one point: E|z|, E max(z, 0), P(z > c).

Exactly, by SymPy's integrals of u^n exp(-u^2 / 2) from the point to infinity.
"""

from __future__ import annotations

from functools import lru_cache

import sympy as sp

from ..kinks import DECIDING, as_bars, decided_by, deciders, with_sign
from .normal import Normal


def two_sided(expr: sp.Expr, law: Normal) -> sp.Expr | None:
    """E[expr] under ``law`` where one point divides the line; None where there is none, or several."""
    z, mean, variance = law.args
    expr = expr.replace(lambda e: isinstance(e, sp.Max | sp.Min), as_bars)
    places = {sp.simplify(_root(u, z)) for u in deciders(expr, z)}
    if len(places) != 1:
        return None
    (place,) = places
    if place.has(sp.nan, z):
        return None
    right, left = (_resolved(expr, z, side) for side in (1, -1))
    if right is None or left is None or not (right.is_polynomial(z) and left.is_polynomial(z)):
        return None
    deviation, u = sp.sqrt(variance), sp.Dummy("u", real=True)
    start = sp.simplify((place - mean) / deviation)
    above, below = (sp.Poly(sp.expand(p.subs(z, mean + deviation * u)), u) for p in (right, left))
    total = sum(c * _tail(n).subs(_START, start) for (n,), c in above.terms())
    mirrored = sum(c * (-1) ** n * _tail(n).subs(_START, -start) for (n,), c in below.terms())
    return sp.expand(total + mirrored)


_START = sp.Dummy("start", real=True)


@lru_cache(maxsize=32)
def _tail(n: int) -> sp.Expr:
    """The integral of u^n times the standard normal density from ``_START`` to infinity."""
    u, start = sp.Dummy("u", real=True), _START
    weight = sp.exp(-(u**2) / 2) / sp.sqrt(2 * sp.pi)
    primitive = sp.integrate(u**n * weight, u)
    return sp.limit(primitive, u, sp.oo) - primitive.subs(u, start)


def _root(u: sp.Expr, z: sp.Symbol) -> sp.Expr:
    slope = sp.diff(u.doit(), z)
    return sp.nan if slope.has(z) or slope.is_zero else -u.subs(z, 0) / slope


def _resolved(expr: sp.Expr, z: sp.Symbol, side: int) -> sp.Expr | None:
    """``expr`` to the right (1) or to the left (-1) of the point; None where a slope's sign is unknown."""
    for node in sp.postorder_traversal(expr):
        if isinstance(node, DECIDING) and z in node.free_symbols:
            slope = sp.diff(decided_by(node), z)
            if not (slope.is_positive or slope.is_negative):
                return None
            value = with_sign(node, side if slope.is_positive else -side)
            return _resolved(expr.xreplace({node: value}), z, side)
    return expr
