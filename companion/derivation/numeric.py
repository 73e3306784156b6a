"""The numeric route: every operator computed to 50 digits by its own means, never by SymPy's algebra.

``compile_expression(expr)`` turns a SymPy tree into nested closures over mpmath numbers. Nothing is
simplified on the way. The walk is here, with arithmetic; how an operator is computed is registered
beside its definition, in ``operators``, and uses the rules of ``quadrature``.

What this route shares with the symbolic one, and so cannot catch:

* **The tree.** Both start from the expression as SymPy has built it: ``Add``, ``Mul``, ``Pow`` and
  functions evaluate themselves on construction (``x + x`` is ``2*x``, ``exp(log(x))`` is ``x``,
  ``sqrt(x**2)`` is ``x`` for positive x, ``sin(pi)`` is 0), ``Derivative`` sorts and merges its
  variables, ``sympify`` reads numbers. What was written is seen only after that. SymPy's ``Float`` is
  refused; a ``Rational`` is read as its two integers.
* **What binds and what is free.** ``free_symbols`` decides what is computed once in a sum or integral
  and which symbols a point has; ``limits``, ``variables``, ``variable_count``, ``point`` are read from
  SymPy's objects, and an operator's own parts from its ``args``.
* **Assumptions.** Points are drawn where a symbol's ``is_positive``, ``is_real``, ``is_integer`` say,
  and relations in ``Where`` are SymPy's, split into their two sides (``gts``, ``lts``).
* **Definitions.** What an ``Abbreviation`` stands for is one tree for both routes, and what a domain
  declares (``VariancePreserving``) is one declaration.
* **mpmath.** SymPy uses it as well, for numbers: an error in ``mpmath.exp`` would not be seen here. The
  symbolic route calls this one at one point, to order its attempts; it decides nothing by it.

Not shared: no ``simplify``, ``expand``, ``diff``, ``subs``, ``doit``, ``evalf``, ``lambdify``, no test
for polynomials; formulas of densities and divergences are written here and there separately. Trees that
are taken apart to compute constants once are put together with ``evaluate=False``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, singledispatch
from typing import Any

import mpmath as mp
import sympy as sp
from sympy.core.function import AppliedUndef

from .columns import Column, Table
from .quadrature import NumericError, relative_error
from .tree import opened, pointwise

__all__ = ["NumericError", "compile_expression", "evaluate", "relative_error"]

DIGITS = 50
"""Digits that are claimed."""

WORKING_DIGITS = 65
"""Digits that are carried, so that rounding stays well below the claim."""

TOLERANCE = mp.mpf(10) ** -40
"""Largest relative difference between two sides that counts as equal."""

FAR = 40
"""More points, far from 1."""

FAR_DIGITS = (WORKING_DIGITS, 400, 1200)
"""Digits carried there, where many may cancel: more until the sides agree."""

REMEMBERED = 64
"""Values that are kept of each operator."""

Environment = dict[Any, Any]
"""Symbols -> mpmath numbers, undefined functions -> Python callables."""

Compiled = Callable[[Environment], Any]


def evaluate(expr: sp.Expr, environment: Environment, digits: int = WORKING_DIGITS) -> Any:
    """The value of ``expr`` at one point, computed with so many digits.

    Raises:
        NumericError: if it cannot be computed.
    """
    with mp.workdps(digits):
        try:
            return compile_expression(expr)(environment)
        except TypeError as error:
            if any(kind.__name__ in str(error) for kind in (Column, Table)):
                raise NumericError("a vector or matrix is taken for a number") from error
            raise


@lru_cache(maxsize=4096)
def compile_expression(expr: sp.Expr) -> Compiled:
    """Closures that evaluate ``expr`` at the precision that is current when they are called.

    Raises:
        NumericError: for a node that this route does not know.
    """
    return build(expr)


def remembered(expr: sp.Expr, value: Compiled) -> Compiled:
    """``value``, computed once for the same numbers and functions in ``expr`` at the same precision."""
    unknowns = [*expr.free_symbols, *{f.func for f in expr.atoms(AppliedUndef)}]
    known: dict[Any, Any] = {}

    def recalled(env: Environment) -> Any:
        key = (mp.mp.prec, *(env.get(v) for v in unknowns))
        if key not in known:
            if len(known) >= REMEMBERED:
                known.clear()
            known[key] = value(env)
        return known[key]

    return recalled


@singledispatch
def build(expr: Any) -> Compiled:
    """The closure of one node, from those of its arguments.

    Raises:
        NumericError: for a node that no operator has registered.
    """
    raise NumericError(f"the numeric route does not know {expr.func.__name__}: {expr}")


@build.register
def _(expr: sp.Symbol) -> Compiled:
    return lambda env: env[expr]


@build.register
def _(expr: sp.Rational) -> Compiled:
    p, q = int(expr.p), int(expr.q)
    return (lambda env: mp.mpf(p)) if q == 1 else (lambda env: mp.mpf(p) / q)


@build.register
def _(expr: sp.NumberSymbol) -> Compiled:
    constant = {sp.pi: mp.pi, sp.E: mp.e}[expr]
    return lambda env: +constant  # the unary plus rounds at the precision of the moment


@build.register
def _(expr: sp.Add) -> Compiled:
    parts = [compile_expression(a) for a in expr.args]
    return lambda env: sum((p(env) for p in parts), mp.mpf(0))


@build.register
def _(expr: sp.Mul) -> Compiled:
    parts = [compile_expression(a) for a in expr.args]

    def product(env: Environment) -> Any:
        value = mp.mpf(1)
        for part in parts:
            value = value * part(env)
        return value

    return product


@build.register
def _(expr: sp.Pow) -> Compiled:
    base = compile_expression(expr.base)
    if isinstance(expr.exp, sp.Integer):
        n = int(expr.exp)
        return lambda env: base(env) ** n
    exponent = compile_expression(expr.exp)
    return lambda env: mp.power(base(env), exponent(env))


@build.register
def _(expr: AppliedUndef) -> Compiled:
    head, arguments = expr.func, [compile_expression(a) for a in expr.args]
    return lambda env: env[head](*(a(env) for a in arguments))


def hoisted(expr: sp.Expr, variable: sp.Symbol) -> Compiled:
    """``expr`` compiled so that what does not depend on ``variable`` is computed once per call.

    The result maps an environment (without ``variable``) to a function of the variable's value.
    """
    constants: list[tuple[sp.Dummy, Compiled]] = []

    def lift(node: sp.Expr) -> sp.Expr:
        node = opened(node)
        if variable not in node.free_symbols:
            if not node.args or not isinstance(node, sp.Expr):  # a condition, a branch
                return node
            dummy = sp.Dummy("constant", real=True)
            constants.append((dummy, compile_expression(node)))
            return dummy
        if pointwise(node):
            as_is = {"evaluate": False} if _EVALUATES.intersection(type(node).__mro__) else {}
            return node.func(*(lift(a) for a in node.args), **as_is)
        return node

    inner = compile_expression(lift(expr))

    def specialised(env: Environment) -> Any:
        fixed = {**env, **{dummy: value(env) for dummy, value in constants}}

        def at(point: Any) -> Any:
            fixed[variable] = point
            return inner(fixed)

        return at

    return specialised


def one_argument(inner: Compiled, variable: sp.Symbol) -> Compiled:
    """What is computed from an environment as a function of the value of one of its variables."""
    return lambda env: lambda point: inner({**env, variable: point})


_EVALUATES = {sp.Add, sp.Mul, sp.Pow, sp.Function}
"""Nodes that SymPy would simplify when they are built."""

Degrees = Mapping[sp.Symbol, int]
"""The degree that each symbol counts for; 0 where it is not named."""


@singledispatch
def degree(expr: Any, of: Degrees) -> int | None:
    """An upper bound of the degree of ``expr`` in the symbols of ``of``; None: not a polynomial."""
    return None if any(of.get(v) for v in expr.free_symbols) else 0


@degree.register
def _(expr: sp.Symbol, of: Degrees) -> int | None:
    return of.get(expr, 0)


@degree.register
def _(expr: sp.Add, of: Degrees) -> int | None:
    parts = [degree(a, of) for a in expr.args]
    return None if None in parts else max(parts)  # type: ignore[type-var]


@degree.register
def _(expr: sp.Mul, of: Degrees) -> int | None:
    parts = [degree(a, of) for a in expr.args]
    return None if None in parts else sum(parts)  # type: ignore[arg-type]


@degree.register
def _(expr: sp.Pow, of: Degrees) -> int | None:
    base = degree(expr.base, of)
    if base and isinstance(expr.exp, sp.Integer) and expr.exp.p > 0:
        return base * int(expr.exp)
    return 0 if base == 0 and degree(expr.exp, of) == 0 else None


@singledispatch
def log_degree(expr: Any, of: Degrees) -> int | None:
    """The `degree` of the logarithm of ``expr``."""
    return 0 if degree(expr, of) == 0 else None
