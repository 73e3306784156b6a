"""The rules for SymPy's ``Derivative``, and for ``Subs``: a derivative at a point."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import comb
from typing import Any

import mpmath as mp
import sympy as sp
from sympy.core.function import AppliedUndef

from .. import latex, mutants
from ..exact import compute, exact
from ..numeric import Compiled, Environment, build, compile_expression, remembered
from ..tree import KINKED

# --- the exact route: SymPy's differentiation


@exact.register(sp.Derivative)
@exact.register(sp.Subs)
def _(expr: sp.Expr) -> sp.Expr:
    rebuilt = expr.func(*(compute(a) for a in expr.args))
    if any(inner.has(*KINKED) for inner in rebuilt.atoms(sp.Integral)):
        return rebuilt  # a jump that moves under the integral counts: SymPy leaves it out
    done = rebuilt.doit(integrals=False)  # under the integral sign; integrals are computed here
    return compute(done) if done != rebuilt and done.has(sp.Integral) else done


# --- the numeric route: finite differences at raised precision


@build.register
def _(expr: sp.Derivative) -> Compiled:
    inner = compile_expression(expr.expr)
    for variable, count in expr.variable_count:
        inner = _one_derivative(inner, variable, int(count))
    return remembered(expr, inner)


def _one_derivative(inner: Compiled, variable: sp.Symbol, count: int) -> Compiled:
    def value(env: Environment) -> Any:
        return slope(lambda v: inner({**env, variable: v}), env[variable], count)

    return value


def slope(f: Callable[[Any], Any], x: Any, count: int = 1) -> Any:
    """f'(x), or a higher derivative, by a central difference.

    Its error is the step squared, so half the digits make a step, and it costs as many again for each order.
    ``mp.diff`` steps and carries twice that; for an integral, digits are nodes.
    """
    bits = mp.mp.prec
    small = bits // 2 + 20
    with mp.workprec(bits + 20 + count * small):
        h = mp.ldexp(1, -small)
        values = [f(x + (count - 2 * k) * h) for k in range(count + 1)]
        signs = [(-1) ** k * comb(count, k) for k in range(count + 1)]
        rise = sum((c * v for c, v in zip(signs, values)), mp.mpf(0)) / (2 * h) ** count
    return +rise


@build.register
def _(expr: sp.Subs) -> Compiled:
    inner = compile_expression(expr.expr)
    points = [(v, compile_expression(p)) for v, p in zip(expr.variables, expr.point, strict=True)]
    return lambda env: inner({**env, **{v: p(env) for v, p in points}})


# --- on the page: f'(t), and the primed name of an abbreviation


@latex.typeset.register
def _(expr: sp.Derivative, printer: latex.Printer) -> str | None:
    head, order = expr.expr, expr.derivative_count
    if isinstance(head, AppliedUndef) and head.args == expr.variables[:1] and order <= 2:
        return printer.applied(head, primes="'" * int(order))
    return latex.typeset_slope(head) if order == 1 else None


@mutants.touched.register
def _(node: sp.Derivative) -> Iterable[int]:
    return ()
