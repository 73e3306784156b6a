"""The rules for SymPy's ``Limit``, of expressions that contain abstract smooth functions as well.

Exactly, by Taylor's theorem: ``f(g)`` is replaced by its Taylor polynomial about the value of g at the
limit point plus a remainder ``R (g - g0)^(n+1)`` with R unknown. If R is still there when the limit is
taken, nothing has been proved and the limit is left unevaluated. Numerically: the value 1e-60 away from the
limit point at 300 digits, or Richardson extrapolation where a sum has to be counted out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import mpmath as mp
import sympy as sp
from sympy.core.function import AppliedUndef

from .. import mutants
from ..exact import compute, exact
from ..needs import divides_by, of_its_own
from ..numeric import Compiled, Environment, build, compile_expression, remembered
from ..quadrature import extrapolate
from ..tree import open_names

# --- the exact route

ORDER = 4
"""Degree of the Taylor polynomials."""


@exact.register
def _(expr: sp.Limit) -> sp.Expr:
    """The limit, or ``expr`` itself where it cannot be decided."""
    value, _, names = _taken(open_names(expr))
    return expr if value is None else value.xreplace(names)


Names = dict[sp.Dummy, sp.Expr]
"""What plain symbols stand for."""

Kinds = tuple[type, ...]
"""Functions that are replaced by their Taylor polynomials."""


@lru_cache(maxsize=64)
def _taken(expr: sp.Limit) -> tuple[sp.Expr | None, sp.Expr, Names]:
    """The limit, None where it is not decided; what it is taken of; what the plain symbols in both are.

    Beside an abstract function an exponential is one more function, and what is left is rational. Where the
    remainder of the exponential does not drop out, it is left to SymPy's limit.
    """
    _, x, point, direction = expr.args
    too: list[Kinds] = [(AppliedUndef, sp.exp)] if expr.has(sp.exp) else []
    for kinds in (*too, (AppliedUndef,)):
        body, names, unknown = _prepared(expr, kinds)
        value = _of_rational(body, x, point)
        if value is not None and not value.has(sp.nan, *unknown):
            return value, body, names
    if value is None:
        value = sp.limit(sp.together(body), x, point, str(direction))
    undecided = value.has(sp.Limit, sp.nan, *unknown)
    return None if undecided else value, body, names


def _prepared(expr: sp.Limit, kinds: Kinds) -> tuple[sp.Expr, Names, list[sp.Dummy]]:
    """The body, computed, of plain symbols only; what they stand for; the unknown remainders among them."""
    body, x, point, _ = expr.args
    names: Names = {}
    remainders: list[sp.Dummy] = []
    if point not in (sp.oo, -sp.oo) and body.atoms(AppliedUndef):
        body = _expand_functions(body, x, point, kinds, names, remainders)
    body = compute(body).xreplace({known: dummy for dummy, known in names.items()})
    return body, names, remainders


# --- SymPy's limits hold for generic parameters: those leading coefficients that it divides by are not zero


@of_its_own.register
def _(expr: sp.Limit) -> list[tuple[str, sp.Expr]]:
    expr = open_names(expr)
    _, body, names = _taken(expr)
    return [(kind, need.xreplace(names)) for kind, need in dict.fromkeys(_generic(expr, body))]


def _generic(expr: sp.Limit, body: sp.Expr) -> Iterator[tuple[str, sp.Expr]]:
    """What must not be zero, or of one sign, for the leading terms to be those that SymPy takes."""
    _, x, point, direction = expr.args
    e = sp.Dummy("e", positive=True)  # how near the point is
    side = -1 if str(direction) == "-" else 1
    near = {sp.oo: 1 / e, -sp.oo: -1 / e}.get(point, point + side * e)
    for node in sp.preorder_traversal(body.subs(x, near)):
        if not isinstance(node, sp.Expr):
            continue
        for base in divides_by(node):
            yield "nonzero", _leading(base, e) if e in base.free_symbols else base
        if e not in node.free_symbols:
            continue
        if isinstance(node, sp.Pow) and not node.exp.is_number:
            if (
                node.base.subs(e, 0) in (0, sp.oo, -sp.oo, sp.zoo)
                and e not in node.exp.free_symbols
            ):
                yield "sign", node.exp
        elif isinstance(node, sp.sign | sp.Heaviside):
            yield "nonzero", node.args[0].subs(e, 0)
        elif isinstance(node, sp.Function) and not isinstance(node, sp.log):
            for argument in node.args:
                if argument.subs(e, 0).has(sp.oo, -sp.oo, sp.zoo, sp.nan):
                    yield "sign", _leading(argument, e)


def _leading(expr: sp.Expr, e: sp.Symbol) -> sp.Expr:
    """The coefficient of the lowest power of e, taken as generic; 1 where there are no parameters."""
    if expr.free_symbols == {e} and not expr.has(AppliedUndef):
        return sp.Integer(1)
    top, bottom = sp.fraction(sp.together(expr))
    if top.is_polynomial(e) and bottom.is_polynomial(e):
        (_, above), (_, below) = (min(sp.Poly(p, e).terms()) for p in (top, bottom))
        return above / below
    value = sp.limit(expr, e, 0)
    if value.is_zero or value.is_infinite:
        value = sp.expand(expr).as_leading_term(e).as_independent(e, as_Add=False)[0]
    return value


def _of_rational(body: sp.Expr, x: sp.Symbol, point: sp.Expr) -> sp.Expr | None:
    """The limit of a rational function from its lowest powers; None if it is not one, or diverges."""
    if point in (sp.oo, -sp.oo):
        return None
    top, bottom = body.subs(x, point + x).as_numer_denom()
    if not (top.is_polynomial(x) and bottom.is_polynomial(x)):
        return None
    (top_low, top_value), (low, value) = (
        (monomial[0], coefficient)
        for monomial, coefficient in (min(sp.Poly(p, x).terms()) for p in (top, bottom))
    )
    if top_low < low:
        return None
    return top_value / value if top_low == low else sp.Integer(0)


def _expand_functions(
    body: sp.Expr,
    x: sp.Symbol,
    point: sp.Expr,
    kinds: Kinds,
    names: Names,
    remainders: list[sp.Dummy],
) -> sp.Expr:
    for inner in sorted(body.atoms(sp.Integral), key=sp.default_sort_key):
        (variable, low, high), *others = inner.limits
        if not others and (low.has(x) or high.has(x)):
            base = low.subs(x, point)
            function = _taylor(inner.function, variable, base, kinds, names, remainders)
            moved = function.subs(variable, base + variable)  # powers of the variable alone
            body = body.xreplace({inner: sp.Integral(moved, (variable, low - base, high - base))})
    return _taylor(body, x, point, kinds, names, remainders)


def _taylor(
    expr: sp.Expr,
    variable: sp.Symbol,
    base: sp.Expr,
    kinds: Kinds,
    names: Names,
    remainders: list[sp.Dummy],
) -> sp.Expr:
    """Replace every f(g), g depending on ``variable``, by a Taylor polynomial about g at ``base``."""
    # derivatives first: f'(g) is expanded as a function of its own
    found = [d for d in expr.atoms(sp.Derivative) if d.has(variable)]
    found = sorted(found, key=sp.default_sort_key)
    applied = [f for f in expr.atoms(*kinds) if f.has(variable) and _expands(f, variable)]
    replacements = {}
    for node in found + sorted(applied, key=sp.default_sort_key):
        head, order = (node.expr, node.derivative_count) if node in found else (node, 0)
        argument = head.args[0]
        centre = argument.subs(variable, base)
        step = argument - centre
        total = sp.Integer(0)
        for k in range(ORDER + 1):
            total += _coefficient(head.func, centre, k + order, names) * step**k / sp.factorial(k)
        remainder = sp.Dummy("R", real=True)
        remainders.append(remainder)
        replacements[node] = total + remainder * step ** (ORDER + 1)
    return expr.xreplace(replacements)


def _expands(applied: sp.Expr, variable: sp.Symbol) -> bool:
    """Of exponentials those of a polynomial: they have no pole, and no other function in them."""
    return applied.func != sp.exp or applied.args[0].is_polynomial(variable)


def _coefficient(function: sp.Function, centre: sp.Expr, order: int, names: dict) -> sp.Expr:
    """A plain symbol for the derivative of this order at ``centre``; remembered in ``names``."""
    if function == sp.exp:
        return sp.exp(centre)
    if centre.is_Symbol:
        value = function(centre) if order == 0 else sp.Derivative(function(centre), (centre, order))
    else:
        w = sp.Dummy("w")
        value = function(centre).subs(centre, centre)
        if order:
            value = sp.Subs(sp.Derivative(function(w), (w, order)), w, centre)
    for dummy, known in names.items():
        if known == value:
            return dummy
    dummy = sp.Dummy(f"c{order}", real=True, positive=True if value.is_positive else None)
    names[dummy] = value
    return dummy


# --- the numeric route


@build.register
def _(expr: sp.Limit) -> Compiled:
    body, variable, point, direction = expr.args
    inner = compile_expression(body)
    side = -1 if str(direction) == "-" else 1
    if point == sp.oo and body.atoms(sp.Sum, sp.Product):
        return remembered(expr, lambda env: extrapolate(lambda n: inner({**env, variable: n})))
    if point in (sp.oo, -sp.oo):
        end = 1 if point == sp.oo else -1
        near: Compiled = lambda env: end * mp.mpf(10) ** 60  # noqa: E731
    else:
        base = compile_expression(point)
        near = lambda env: base(env) + side * mp.mpf(10) ** -60  # noqa: E731

    def value(env: Environment) -> Any:
        with mp.workdps(300):
            return inner({**env, variable: near(env)})

    return remembered(expr, value)


@mutants.touched.register
def _(node: sp.Limit) -> Iterable[int]:
    return (0,)
