"""The rules for SymPy's elementary functions, ``log`` of products and densities among them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import mpmath as mp
import sympy as sp
from sympy.functions.elementary.hyperbolic import HyperbolicFunction

from .. import mutants
from ..conditions import positive_if
from ..exact import compute, exact, log_of
from ..numeric import Compiled, Degrees, build, compile_expression, degree, log_degree

# --- the exact route


@exact.register
def _(expr: sp.log) -> sp.Expr:
    rebuilt = sp.log(compute(expr.args[0]))
    return _expand_log(rebuilt) if isinstance(rebuilt, sp.log) else rebuilt


def _expand_log(expr: sp.log) -> sp.Expr:
    """The log of products and of operators whose log is known, written out as a sum."""
    total, rest = sp.Integer(0), sp.Integer(1)
    for factor in sp.Mul.make_args(sp.factor_terms(expr.args[0])):
        base, power = factor.as_base_exp()
        known = log_of(base)
        if known is None:
            rest *= factor
        else:
            total += power * known
    return total + sp.expand_log(sp.log(rest))


@exact.register
def _(expr: HyperbolicFunction) -> sp.Expr:
    rebuilt = expr.func(*(compute(a) for a in expr.args))
    return rebuilt.rewrite(sp.exp) if rebuilt.has(sp.log) else rebuilt  # cosh(log y) is rational


# --- where they are positive


@positive_if.register
def _(expr: sp.cos) -> list[sp.Expr]:
    return [sp.pi / 2 + expr.args[0], sp.pi / 2 - expr.args[0]]


@positive_if.register
def _(expr: sp.sin) -> list[sp.Expr]:
    return [expr.args[0], sp.pi - expr.args[0]]


@positive_if.register
def _(expr: sp.log) -> list[sp.Expr]:
    return [expr.args[0] - 1]


# --- the numeric route

MPMATH: dict[Any, Callable[[Any], Any]] = {
    sp.exp: mp.exp, sp.log: mp.log, sp.sin: mp.sin, sp.cos: mp.cos, sp.tan: mp.tan,
    sp.cot: mp.cot, sp.sinh: mp.sinh, sp.cosh: mp.cosh, sp.tanh: mp.tanh, sp.sech: mp.sech,
    sp.csch: mp.csch, sp.coth: mp.coth, sp.atan: mp.atan, sp.asin: mp.asin, sp.acos: mp.acos,
    sp.asinh: mp.asinh, sp.Abs: abs, sp.erf: mp.erf, sp.erfc: mp.erfc, sp.gamma: mp.gamma,
    sp.factorial: mp.factorial,
}  # fmt: skip
"""SymPy's functions of one argument -> mpmath's."""


def _of_one_argument(value: Callable[[Any], Any]) -> Callable[[sp.Expr], Compiled]:
    def built(expr: sp.Expr) -> Compiled:
        argument = compile_expression(expr.args[0])
        return lambda env: value(argument(env))

    return built


for kind, value in MPMATH.items():
    build.register(kind)(_of_one_argument(value))


@build.register
def _(expr: sp.binomial) -> Compiled:
    n, k = (compile_expression(a) for a in expr.args)
    return lambda env: mp.binomial(n(env), k(env))


@degree.register
def _(expr: sp.log, of: Degrees) -> int | None:
    return log_degree(expr.args[0], of)


# --- wrong variants


@mutants.variants.register
def _(node: sp.exp) -> Iterator[mutants.Variant]:
    yield "sign in the argument", str(node), sp.exp(-node.args[0])


@mutants.variants.register
def _(node: sp.log) -> Iterator[mutants.Variant]:
    yield "sign in the argument", str(node), -node
