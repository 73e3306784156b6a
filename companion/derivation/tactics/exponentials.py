"""Equality of rational functions of exponentials, and of logarithms of them: tanh, sigmoid, softplus."""

from __future__ import annotations

from math import lcm

import sympy as sp
from sympy.functions.elementary.hyperbolic import HyperbolicFunction

from ..symbolic import Positive, _vanishes
from .cases import tactic


@tactic("exponentials")
def in_exponentials(a: sp.Expr, b: sp.Expr, positive: Positive) -> bool:
    """a - b = 0 with every exp(c x) a power of one unknown; or exp(a - b) = 1 for real a and b."""
    difference = (a - b).replace(
        lambda e: isinstance(e, HyperbolicFunction), lambda e: e.rewrite(sp.exp)
    )
    if not difference.has(sp.exp):
        return False
    if _vanishes(_powers(difference)):
        return True
    product, rest = sp.Integer(1), sp.Integer(0)
    for term in sp.Add.make_args(sp.expand(difference)):
        count, function = term.as_coeff_Mul()
        if isinstance(function, sp.log) and count.is_Integer and positive(function.args[0]):
            product *= function.args[0] ** count
        else:
            rest += term
    if product == 1 or not rest.is_extended_real:
        return False
    return _vanishes(_powers(product * sp.exp(rest) - 1))


def _powers(expr: sp.Expr) -> sp.Expr:
    """``expr`` with exp(c x), for every rational c, a power of one positive unknown."""
    expr = expr.replace(sp.exp, lambda arg: sp.exp(sp.expand(arg), evaluate=False).expand())
    steps: dict[sp.Expr, list[int]] = {}
    for node in expr.atoms(sp.exp):
        number, rest = node.args[0].as_coeff_Mul()
        if number.is_Rational:
            steps.setdefault(rest, []).append(int(number.q))
    unknown = {rest: sp.Dummy("e", positive=True) for rest in steps}
    values = {}
    for node in expr.atoms(sp.exp):
        number, rest = node.args[0].as_coeff_Mul()
        if rest in steps and number.is_Rational:
            values[node] = unknown[rest] ** (number * lcm(*steps[rest]))
    return expr.xreplace(values)
