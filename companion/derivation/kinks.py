"""Where an integrand is not smooth: the zeros of what decides in it, each linear in the variable."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sympy as sp
from sympy.core.relational import Relational

from .numeric import Compiled, Environment, NumericError, compile_expression, degree

DECIDING = (sp.Abs, sp.sign, Relational)
"""What looks at the sign of something."""


def decided_by(node: Any) -> sp.Expr:
    """What an absolute value, a sign or a condition looks at the sign of."""
    return node.lhs - node.rhs if isinstance(node, Relational) else node.args[0]


def with_sign(node: Any, sign: int) -> Any:
    """What an absolute value, a sign or a condition is where what it looks at has this sign."""
    if isinstance(node, sp.Abs):
        return sign * node.args[0]
    if isinstance(node, sp.sign):
        return sp.Integer(sign)
    return sp.true if type(node)(sp.Integer(sign), 0) == sp.true else sp.false


def as_bars(node: sp.Expr) -> sp.Expr:
    """max(a, b) = (a + b + |a - b|) / 2, and min with a minus."""
    side = 1 if isinstance(node, sp.Max) else -1
    result, *others = node.args
    for other in others:
        result = (result + other + side * sp.Abs(result - other)) / 2
    return result


def deciders(expr: Any, variable: sp.Symbol) -> Iterator[sp.Expr]:
    """What absolute values, signs, maxima and conditions of an integrand look at, as far as it varies."""
    for node in sp.preorder_traversal(expr):
        found: list[sp.Expr] = []
        if isinstance(node, sp.Abs | sp.sign):
            found = [node.args[0]]
        elif isinstance(node, sp.Max | sp.Min):
            first, *others = node.args
            found = [sp.Add(first, -other, evaluate=False) for other in others]
        elif isinstance(node, Relational):
            found = [sp.Add(node.args[0], -node.args[1], evaluate=False)]
        yield from (u for u in found if variable in u.free_symbols)


def kinks(expr: sp.Expr, variable: sp.Symbol) -> list[Compiled]:
    """The places where an integrand is not smooth, as functions of the point.

    Raises:
        NumericError: (of the places) where what decides is not linear in the variable.
    """
    return [_zero(u, variable) for u in dict.fromkeys(deciders(expr, variable))]


def _zero(u: sp.Expr, variable: sp.Symbol) -> Compiled:
    inner, linear = compile_expression(u), degree(u, {variable: 1}) == 1

    def value(env: Environment) -> Any:
        if not linear:
            raise NumericError(f"where {u} changes its sign is not known: it is not linear")
        at_zero = inner({**env, variable: 0})
        return -at_zero / (inner({**env, variable: 1}) - at_zero)

    return value
