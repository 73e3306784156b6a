"""The rules for SymPy's ``Sum`` and ``Product`` over integers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import mpmath as mp
import sympy as sp
from sympy.core.function import AppliedUndef

from .. import mutants
from ..conditions import positive_if
from ..exact import compute, exact, log_of
from ..numeric import Compiled, Environment, build, compile_expression, remembered
from .infinite import converged, counted_out, endless

# --- the exact route: SymPy's summation, and telescoping


@exact.register
def _(expr: sp.Sum) -> sp.Expr:
    rebuilt = expr.func(*(compute(a) for a in expr.args))
    return _summed(rebuilt) if isinstance(rebuilt, sp.Sum) else rebuilt


@exact.register
def _(expr: sp.Product) -> sp.Expr:
    rebuilt = expr.func(*(compute(a) for a in expr.args))
    done = rebuilt.doit()
    return compute(done) if done != rebuilt and done.has(sp.Integral) else done


def _summed(expr: sp.Sum) -> sp.Expr:
    """SymPy's sum; where it has none, split into terms with every index shifted to its start."""
    if endless(expr):
        return converged(expr)
    value = expr.doit()
    if not value.has(sp.Sum) or len(expr.limits) > 1:
        return value
    (index, low, high), total = expr.limits[0], sp.Integer(0)
    for term in sp.Add.make_args(sp.expand(expr.function)):
        constant, rest = term.as_independent(index, as_Add=False)
        shifts = {sp.expand(f.args[0] - index) for f in rest.atoms(AppliedUndef) if f.has(index)}
        if shifts == {-1}:  # sum of g(i - 1) = sum of g(i) + g(low - 1) - g(high)
            shifted = rest.subs(index, index + 1)
            ends = rest.subs(index, low) - shifted.subs(index, high)
            total += constant * (sp.Sum(shifted, (index, low, high)) + ends)
        else:
            total += constant * sp.Sum(rest, (index, low, high)).doit()
    return total


@positive_if.register
def _(expr: sp.Product) -> list[sp.Expr]:
    return [expr.function.subs({i: sp.Dummy(str(i), integer=True) for i in expr.variables})]


@log_of.register
def _(expr: sp.Product) -> sp.Expr | None:
    if not expr.function.is_positive:
        return None
    return compute(sp.Sum(sp.log(expr.function), *expr.limits))


# --- the numeric route: counted out, term by term


@build.register
def _(expr: sp.Sum) -> Compiled:
    return _counted(expr, mp.mpf(0), lambda a, b: a + b)


@build.register
def _(expr: sp.Product) -> Compiled:
    return _counted(expr, mp.mpf(1), lambda a, b: a * b)


def _counted(expr: Any, start: Any, combine: Callable[[Any, Any], Any]) -> Compiled:
    inner = compile_expression(expr.function)
    if isinstance(expr, sp.Sum) and endless(expr):
        index, low, _ = expr.limits[0]
        return remembered(expr, counted_out(inner, index, low))
    for index, low, high in expr.limits:
        inner = _one_count(inner, index, low, high, start, combine)
    return remembered(expr, inner)


def _one_count(
    inner: Compiled, index: sp.Symbol, low: sp.Expr, high: sp.Expr, start: Any, combine: Any
) -> Compiled:
    first, last = compile_expression(low), compile_expression(high)

    def value(env: Environment) -> Any:
        total = start
        for i in range(int(mp.nint(first(env))), int(mp.nint(last(env))) + 1):
            total = combine(total, inner({**env, index: mp.mpf(i)}))
        return total

    return value


@mutants.touched.register(sp.Sum)
@mutants.touched.register(sp.Product)
def _(node: sp.Expr) -> Iterable[int]:
    return (0,)
