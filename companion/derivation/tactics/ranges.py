"""Inequalities of functions that fall, at points in a known order and under an integral over a range."""

from __future__ import annotations

from dataclasses import replace

import sympy as sp
from sympy.core.function import AppliedUndef

from ..domain import Domain
from ..nonnegative import Known, bound, never_negative
from ..positive import positive
from ..rules import FallingFunction


@bound("in order")
def in_order(expr: sp.Expr, known: Known, strict: bool) -> bool:
    """Values of a function that falls: each is the next one, at a larger argument, and something more."""
    falling = [r.function for r in known.domain.rules if isinstance(r, FallingFunction)]
    form = expr
    for head in falling:
        ordered = _ordered({f.args[0] for f in form.atoms(AppliedUndef) if f.func == head}, known)
        if ordered is None or any(node.has(head) for node in _operators(form)):
            return False
        values, value = {}, sp.Integer(0)
        for argument in reversed(ordered):
            value = values[argument] = value + sp.Dummy("drop", positive=True)
        form = form.replace(head, values.__getitem__)
    return form != expr and never_negative(form, known.deeper(), strict) is not None


def _operators(expr: sp.Expr) -> list[sp.Expr]:
    """The parts within which a function is not one value: derivatives, and what binds a variable."""
    return [
        node
        for node in sp.preorder_traversal(expr)
        if isinstance(node, sp.Derivative | sp.Subs | sp.Limit)
        or bool(getattr(node, "bound_symbols", None))
    ]


def _ordered(arguments: set[sp.Expr], known: Known) -> list[sp.Expr] | None:
    """The arguments from the least to the largest; None where the order of two of them is not proved."""
    ordered: list[sp.Expr] = []
    for argument in sorted(arguments, key=sp.default_sort_key):
        place = sum(known.positive(argument - other) for other in ordered)
        if not all(known.positive(other - argument) for other in ordered[place:]):
            return None
        ordered.insert(place, argument)
    return ordered


@bound("over the range")
def over_the_range(expr: sp.Expr, known: Known, strict: bool) -> bool:
    """Integrals over one range, and the rest spread evenly over it: never negative at a point inside."""
    integrand, rest, limits = sp.Integer(0), sp.Integer(0), None
    point = sp.Dummy("point", real=True)
    for term in sp.Add.make_args(sp.expand(expr)):
        found = [f for f in sp.Mul.make_args(term) if isinstance(f, sp.Integral)]
        if not found:
            rest += term
            continue
        node, *more = found
        if more or len(node.limits) != 1 or limits not in (None, node.limits[0][1:]):
            return False
        limits = node.limits[0][1:]
        integrand += term / node * node.function.subs(node.variables[0], point)
    if limits is None or any(end.is_infinite for end in limits):
        return False
    low, high = limits
    if not known.positive(high - low):
        return False
    above_zero = True if low == 0 or known.positive(low) else None
    inside = sp.Dummy("inside", real=True, positive=above_zero)
    at = (integrand + sp.factor(rest) / (high - low)).subs(point, inside)
    # the upper end is written in terms of the point, and the point in terms of the lower end
    where = Domain(where=(sp.Gt(high, inside), sp.Gt(inside, low)))
    domain = replace(known.domain, where=where.where + known.domain.where)
    there = replace(known.deeper(), domain=domain, positive=lambda e: positive(e, domain))
    return never_negative(sp.cancel(at), there, strict) is not None
