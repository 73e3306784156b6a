r"""Euler's Beta function and its integral, and equality of products of factorials.

:math:`\int_0^1 x^{a - 1} (1 - x)^{b - 1}\, dx = B(a, b) = \Gamma(a)\,\Gamma(b)/\Gamma(a + b)` where ``a``
and ``b`` are positive by the assumptions of their symbols; an integral of other powers is left alone.
"""

from __future__ import annotations

from typing import Any

import mpmath as mp
import sympy as sp
from sympy import beta

from ..exact import compute, exact
from ..numeric import Compiled, build, compile_expression
from ..symbolic import Positive, _vanishes
from ..tactics.cases import tactic
from .integral import RULES

__all__ = ["beta"]


@exact.register
def _(expr: beta) -> sp.Expr:
    a, b = (compute(argument) for argument in expr.args)
    return sp.gamma(a) * sp.gamma(b) / sp.gamma(a + b)


@build.register
def _(expr: beta) -> Compiled:
    a, b = (compile_expression(argument) for argument in expr.args)
    return lambda env: mp.beta(a(env), b(env))


def _beta_integral(expr: sp.Expr, bounds: Any) -> sp.Expr | None:
    x, low, high = bounds
    if (low, high) != (0, 1) or expr.is_polynomial(x):
        return None
    exponents = {x: sp.Integer(0), 1 - x: sp.Integer(0)}
    unknown = sp.Integral(expr, bounds)  # not left to SymPy: it would be hypergeometric
    powers = [factor.as_base_exp() for factor in sp.Mul.make_args(expr)]
    if all(power.is_number for _, power in powers):
        return None
    for base, power in powers:
        if power.has(x) or not base.is_polynomial(x):
            return None
        if base not in exponents:
            return unknown if len(powers) > 1 else None
        exponents[base] += power
    a, b = (power + 1 for power in exponents.values())
    if not (a.is_positive and b.is_positive):
        return unknown
    return sp.gamma(a) * sp.gamma(b) / sp.gamma(a + b)


RULES.append(_beta_integral)


_COUNTING = (sp.gamma, sp.factorial, sp.binomial)


@tactic("factorials")
def by_factorials(a: sp.Expr, b: sp.Expr, positive: Positive) -> bool:
    """a - b = 0 once factorials whose arguments differ by an integer are multiples of each other."""
    difference = a - b
    if not difference.has(*_COUNTING):
        return False
    return _vanishes(sp.gammasimp(difference.rewrite(sp.gamma)))
