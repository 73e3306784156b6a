"""Sums without an end: their convergence, by the ratio of terms, is a side condition of every claim."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import mpmath as mp
import sympy as sp

from ..conditions import conditions
from ..numeric import Compiled, Environment, NumericError, compile_expression
from ..tree import open_names

MOST_TERMS = 20_000
"""Terms that are added before a sum counts as one that does not settle."""


def endless(expr: sp.Expr) -> bool:
    """Whether a sum has one index that runs to infinity."""
    return len(expr.limits) == 1 and expr.limits[0][2] == sp.oo


@conditions.register
def _(expr: sp.Sum) -> Iterable[tuple[str, sp.Expr]]:
    for index, _low, high in expr.limits:
        if high == sp.oo:
            ratio = _limiting_ratio(open_names(expr.function), index)
            yield f"1 less the squared ratio of terms in {index}", 1 - ratio**2


def _limiting_ratio(term: sp.Expr, index: sp.Symbol) -> sp.Expr:
    """The limit of |a(n + 1) / a(n)|; infinity, which no proof accepts, where it is not known."""
    ratio = sp.powsimp(sp.combsimp(sp.expand_power_exp(term.subs(index, index + 1) / term)))
    value = sp.limit(sp.simplify(ratio), index, sp.oo)
    return sp.Integer(2) if value.has(sp.Limit, sp.nan, sp.oo, index) else value


def converged(expr: sp.Expr) -> sp.Expr:
    """What SymPy makes of a sum whose convergence is proved apart: the case in which it converges."""
    value = expr.doit()
    if not isinstance(value, sp.Piecewise):
        return value
    first, where = value.args[0]
    return value if first.has(sp.Sum) or where.has(sp.Eq, sp.Ne) else first


def counted_out(inner: Compiled, index: sp.Symbol, low: sp.Expr) -> Compiled:
    """The sum of the terms until what is left is below the precision, as a geometric series bounds it."""
    first = compile_expression(low)

    def value(env: Environment) -> Any:
        total, before, i = mp.mpf(0), None, int(mp.nint(first(env)))
        for count in range(MOST_TERMS):
            term = inner({**env, index: mp.mpf(i + count)})
            total += term
            if before and term:
                ratio = abs(term / before)
                if (
                    ratio < 1
                    and abs(term) * ratio / (1 - ratio) < abs(total) * mp.eps
                    and count > 8
                ):
                    return total
            elif count > 64 and not term and not before:
                return total  # the terms are beyond the smallest number
            before = term
        raise NumericError(f"a sum over {index} does not settle within {MOST_TERMS} terms")

    return value
