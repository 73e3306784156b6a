"""The rules for what is defined by cases: ``Piecewise``, ``Max``, ``Min``, ``sign``, ``KroneckerDelta``.

A clamp to [low, high] is ``sp.Max(low, sp.Min(high, x))``. How equality is proved is in ``tactics.cases``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import mpmath as mp
import sympy as sp
from sympy.core.relational import Relational
from sympy.functions.elementary.piecewise import ExprCondPair
from sympy.logic.boolalg import BooleanFalse, BooleanFunction, BooleanTrue

from .. import mutants
from ..exact import compute, exact
from ..numeric import Compiled, build, compile_expression
from ..tree import pointwise

# --- the exact route: the root of a square is an absolute value


@exact.register
def _(expr: sp.Pow) -> sp.Expr:
    base, power = (compute(a) for a in expr.args)
    inner, twice = base.as_base_exp()
    if power == sp.S.Half and twice.is_even and twice.is_positive and inner.is_extended_real:
        return sp.Abs(inner) ** (twice / 2)
    return sp.Pow(base, power)


@pointwise.register(sp.Max)
@pointwise.register(sp.Min)
@pointwise.register(ExprCondPair)
@pointwise.register(Relational)
@pointwise.register(BooleanFunction)
def _(expr: Any) -> bool:
    return True


# --- the numeric route: the branch that the numbers choose


def _folded(expr: sp.Expr, choose: Callable[..., Any]) -> Compiled:
    parts = [compile_expression(a) for a in expr.args]
    return lambda env: choose(p(env) for p in parts)


@build.register
def _(expr: sp.Max) -> Compiled:
    return _folded(expr, max)


@build.register
def _(expr: sp.Min) -> Compiled:
    return _folded(expr, min)


@build.register
def _(expr: sp.sign) -> Compiled:
    inside = compile_expression(expr.args[0])
    return lambda env: mp.sign(inside(env))


@build.register
def _(expr: sp.KroneckerDelta) -> Compiled:
    one, other = (compile_expression(a) for a in expr.args[:2])
    return lambda env: mp.mpf(1 if one(env) == other(env) else 0)


@build.register
def _(expr: sp.Piecewise) -> Compiled:
    cases = [(compile_expression(value), compile_expression(where)) for value, where in expr.args]

    def value(env: Any) -> Any:
        for result, holds in cases:
            if holds(env):
                return result(env)
        return mp.nan

    return value


@build.register
def _(expr: BooleanTrue) -> Compiled:
    return lambda env: True


@build.register
def _(expr: BooleanFalse) -> Compiled:
    return lambda env: False


_COMPARED: dict[Any, Callable[[Any, Any], bool]] = {
    sp.Eq: lambda a, b: a == b, sp.Ne: lambda a, b: a != b,
    sp.Lt: lambda a, b: a < b, sp.Le: lambda a, b: a <= b,
    sp.Gt: lambda a, b: a > b, sp.Ge: lambda a, b: a >= b,
}  # fmt: skip


def _compared(holds: Callable[[Any, Any], bool]) -> Callable[[Any], Compiled]:
    def built(expr: Any) -> Compiled:
        left, right = (compile_expression(a) for a in expr.args)
        return lambda env: holds(left(env), right(env))

    return built


for kind, holds in _COMPARED.items():
    build.register(kind)(_compared(holds))


@build.register
def _(expr: sp.And) -> Compiled:
    return _folded(expr, all)


@build.register
def _(expr: sp.Or) -> Compiled:
    return _folded(expr, any)


@build.register
def _(expr: sp.Not) -> Compiled:
    inside = compile_expression(expr.args[0])
    return lambda env: not inside(env)


# --- wrong variants


@mutants.variants.register
def _(node: sp.Max) -> Iterator[mutants.Variant]:
    yield "least for greatest", str(node), sp.Min(*node.args)


@mutants.variants.register
def _(node: sp.Min) -> Iterator[mutants.Variant]:
    yield "greatest for least", str(node), sp.Max(*node.args)


@mutants.variants.register
def _(node: sp.Abs) -> Iterator[mutants.Variant]:
    yield "dropped bars", str(node), node.args[0]
    yield "squared", str(node), node.args[0] ** 2


@mutants.variants.register
def _(node: sp.sign) -> Iterator[mutants.Variant]:
    yield "one for a sign", str(node), sp.Integer(1)


@mutants.variants.register
def _(node: sp.Piecewise) -> Iterator[mutants.Variant]:
    values = [value for value, _ in node.args]
    for k, (value, where) in enumerate(node.args):
        yield "sign of a branch", str(value), _with(node, k, -value, where)
        yield "another branch's value", str(value), _with(node, k, values[k - 1], where)


def _with(node: sp.Piecewise, k: int, value: sp.Expr, where: Any) -> sp.Expr:
    pairs = list(node.args)
    pairs[k] = (value, where)
    return sp.Piecewise(*pairs)


@mutants.touched.register(sp.Piecewise)
@mutants.touched.register(sp.KroneckerDelta)
def _(node: sp.Expr) -> Iterable[int]:
    return ()
