"""The numeric route: every operator computed to 50 digits by its own means, never by SymPy's algebra.

``compile_expression(expr)`` turns a SymPy tree into nested closures over mpmath numbers. Nothing is
simplified on the way. An ``Expectation`` is a Gauss-Hermite sum (exact for polynomials) or a
trapezoidal sum on the real line (exponentially convergent for a Gaussian weight), an ``Integral`` is
``mpmath.quad``, a ``Derivative`` is ``mpmath.diff`` (finite differences at raised precision), a
``Limit`` is the value 1e-60 away from the limit point at 300 digits, or Richardson extrapolation
where a sum has to be counted out, and a ``Sum`` is added term by term.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import mpmath as mp
import sympy as sp
from sympy.core.function import AppliedUndef

from .operators import KL, Abbreviation, Expectation, Normal
from .quadrature import (
    NumericError,
    extrapolate,
    gauss_hermite,
    gaussian_trapezoid,
    line_integral,
    relative_error,
)

__all__ = ["NumericError", "compile_expression", "evaluate", "relative_error"]

DIGITS = 50
"""Digits that are claimed."""

WORKING_DIGITS = 65
"""Digits that are carried, so that rounding stays well below the claim."""

TOLERANCE = mp.mpf(10) ** -40
"""Largest relative difference between two sides that counts as equal."""

Environment = dict[Any, Any]
"""Symbols -> mpmath numbers, undefined functions -> Python callables."""

Compiled = Callable[[Environment], Any]

_FUNCTIONS: dict[Any, Callable[[Any], Any]] = {
    sp.exp: mp.exp, sp.log: mp.log, sp.sin: mp.sin, sp.cos: mp.cos, sp.tan: mp.tan,
    sp.cot: mp.cot, sp.sinh: mp.sinh, sp.cosh: mp.cosh, sp.tanh: mp.tanh, sp.sech: mp.sech,
    sp.csch: mp.csch, sp.coth: mp.coth, sp.atan: mp.atan, sp.asin: mp.asin, sp.acos: mp.acos,
    sp.asinh: mp.asinh, sp.Abs: abs, sp.erf: mp.erf, sp.gamma: mp.gamma, sp.factorial: mp.factorial,
}  # fmt: skip


def evaluate(expr: sp.Expr, environment: Environment) -> Any:
    """The value of ``expr`` at one point, computed with ``WORKING_DIGITS`` digits."""
    with mp.workdps(WORKING_DIGITS):
        return compile_expression(expr)(environment)


@lru_cache(maxsize=4096)
def compile_expression(expr: sp.Expr) -> Compiled:
    """Closures that evaluate ``expr`` at the precision that is current when they are called.

    Raises:
        NumericError: for a node that this route does not know.
    """
    for kind, build in _BUILDERS:
        if isinstance(expr, kind):
            return build(expr)
    rule = _FUNCTIONS.get(expr.func)
    if rule is None:
        raise NumericError(f"the numeric route does not know {expr.func.__name__}: {expr}")
    argument, function = compile_expression(expr.args[0]), rule
    return lambda env: function(argument(env))


def _symbol(expr: sp.Symbol) -> Compiled:
    return lambda env: env[expr]


def _rational(expr: sp.Rational) -> Compiled:
    p, q = int(expr.p), int(expr.q)
    return (lambda env: mp.mpf(p)) if q == 1 else (lambda env: mp.mpf(p) / q)


def _constant(expr: sp.Expr) -> Compiled:
    constant = {sp.pi: mp.pi, sp.E: mp.e}[expr]
    return lambda env: +constant  # the unary plus rounds at the precision of the moment


def _add(expr: sp.Add) -> Compiled:
    parts = [compile_expression(a) for a in expr.args]
    return lambda env: sum((p(env) for p in parts), mp.mpf(0))


def _mul(expr: sp.Mul) -> Compiled:
    parts = [compile_expression(a) for a in expr.args]

    def product(env: Environment) -> Any:
        value = mp.mpf(1)
        for part in parts:
            value = value * part(env)
        return value

    return product


def _pow(expr: sp.Pow) -> Compiled:
    base = compile_expression(expr.base)
    if expr.exp.is_Integer:
        n = int(expr.exp)
        return lambda env: base(env) ** n
    exponent = compile_expression(expr.exp)
    return lambda env: mp.power(base(env), exponent(env))


def _applied(expr: AppliedUndef) -> Compiled:
    head, arguments = expr.func, [compile_expression(a) for a in expr.args]
    return lambda env: env[head](*(a(env) for a in arguments))


def _derivative(expr: sp.Derivative) -> Compiled:
    inner = compile_expression(expr.expr)
    for variable, count in expr.variable_count:
        inner = _one_derivative(inner, variable, int(count))
    return inner


def _one_derivative(inner: Compiled, variable: sp.Symbol, count: int) -> Compiled:
    def value(env: Environment) -> Any:
        return mp.diff(lambda v: inner({**env, variable: v}), env[variable], count)

    return value


def _subs(expr: sp.Subs) -> Compiled:
    inner = compile_expression(expr.expr)
    points = [(v, compile_expression(p)) for v, p in zip(expr.variables, expr.point, strict=True)]
    return lambda env: inner({**env, **{v: p(env) for v, p in points}})


def _abbreviation(expr: Abbreviation) -> Compiled:
    return compile_expression(expr.definition)


def _normal(expr: Normal) -> Compiled:
    z, mean, variance = (compile_expression(a) for a in expr.args)

    def density(env: Environment) -> Any:
        v = variance(env)
        return mp.exp(-((z(env) - mean(env)) ** 2) / (2 * v)) / mp.sqrt(2 * mp.pi * v)

    return density


def _expectation(expr: Expectation) -> Compiled:
    integrand, first, *outer = expr.args
    degrees = _degrees(integrand, (first, *outer))
    inner = _one_expectation(_hoisted(integrand, first.args[0]), first, degrees[0])
    for law, degree in zip(outer, degrees[1:], strict=True):
        inner = _one_expectation(_one_argument(inner, law.args[0]), law, degree)
    return inner


def _one_argument(inner: Compiled, variable: sp.Symbol) -> Compiled:
    return lambda env: lambda point: inner({**env, variable: point})


def _degrees(integrand: sp.Expr, laws: tuple[Normal, ...]) -> list[int | None]:
    """The degree of the integrand in each variable, innermost first; None: not a polynomial."""
    degrees: list[int | None] = []
    plain, operators = _opened(integrand), (Expectation, KL, Normal, sp.Integral, sp.Derivative)
    for law in laws:
        z, mean, variance = law.args
        later = [other.args[0] for other in laws[len(degrees) + 1 :]]
        known = not plain.has(*operators) and plain.is_polynomial(z)
        degrees.append(int(sp.degree(sp.expand(plain), z)) if known and plain.has(z) else None)
        if not known or variance.has(*later):
            return degrees + [None] * len(later)
        plain = plain.subs(z, _opened(mean) + sp.Dummy())
    return degrees


def _opened(expr: sp.Expr) -> sp.Expr:
    while expr.has(Abbreviation):
        expr = expr.replace(lambda e: isinstance(e, Abbreviation), lambda e: e.definition)
    return expr.replace(  # the log of a density is a polynomial too
        lambda e: isinstance(e, sp.log) and isinstance(e.args[0], Normal),
        lambda e: e.args[0].log_density(),
    )


def _hoisted(expr: sp.Expr, variable: sp.Symbol) -> Compiled:
    """``expr`` compiled so that what does not depend on ``variable`` is computed once per call.

    The result maps an environment (without ``variable``) to a function of the variable's value.
    """
    constants: list[tuple[sp.Dummy, Compiled]] = []

    def lift(node: sp.Expr) -> sp.Expr:
        if isinstance(node, Abbreviation):
            node = node.definition
        if variable not in node.free_symbols:
            if not node.args:
                return node
            dummy = sp.Dummy("constant", real=True)
            constants.append((dummy, compile_expression(node)))
            return dummy
        if node.is_Add or node.is_Mul or node.is_Pow or isinstance(node, Normal | sp.exp | sp.log):
            return node.func(*(lift(a) for a in node.args), **_AS_IS.get(node.func, {}))
        return node

    inner = compile_expression(lift(expr))

    def specialised(env: Environment) -> Any:
        fixed = {**env, **{dummy: value(env) for dummy, value in constants}}

        def at(point: Any) -> Any:
            fixed[variable] = point
            return inner(fixed)

        return at

    return specialised


_AS_IS: dict[Any, dict[str, bool]] = {k: {"evaluate": False} for k in (sp.Add, sp.Mul, sp.Pow)}


def _one_expectation(inner: Compiled, law: Normal, degree: int | None) -> Compiled:
    mean, variance = (compile_expression(a) for a in law.args[1:])

    def value(env: Environment) -> Any:
        m, spread, at = mean(env), mp.sqrt(variance(env)), inner(env)

        def f(u: Any) -> Any:
            return at(m + spread * u)

        if degree is not None:
            return sum((w * f(u) for u, w in gauss_hermite(degree // 2 + 1, mp.mp.prec)), mp.mpf(0))
        return gaussian_trapezoid(f)

    return value


def _kl(expr: KL) -> Compiled:
    p, q = expr.args
    pm, pv, qm, qv = (compile_expression(a) for a in (*p.args[1:], *q.args[1:]))

    def value(env: Environment) -> Any:
        m1, v1, m2, v2 = pm(env), pv(env), qm(env), qv(env)

        def log_ratio(u: Any) -> Any:
            z = m1 + mp.sqrt(v1) * u
            return ((z - m2) ** 2 / v2 - (z - m1) ** 2 / v1 + mp.log(v2) - mp.log(v1)) / 2

        return gaussian_trapezoid(log_ratio)

    return value


def _integral(expr: sp.Integral) -> Compiled:
    if any(len(bounds) != 3 for bounds in expr.limits):
        raise NumericError(f"only definite integrals can be computed: {expr}")
    (variable, low, high), *outer = expr.limits
    if outer:
        return _integral(sp.Integral(sp.Integral(expr.function, expr.limits[0]), *outer))
    inner = _hoisted(expr.function, variable)
    if (low, high) == (-sp.oo, sp.oo):
        return lambda env: line_integral(inner(env))
    ends = [_endpoint(e) for e in (low, high)]

    def value(env: Environment) -> Any:
        a, b = (e(env) for e in ends)
        methods = (
            ["gauss-legendre", "tanh-sinh"] if mp.isfinite(a) and mp.isfinite(b) else ["tanh-sinh"]
        )
        for method in methods:
            result, error = mp.quad(inner(env), [a, b], method=method, error=True)
            if (
                error <= abs(result) * mp.mpf(2) ** (-mp.mp.prec * 3 // 4)
                or error < mp.mpf(10) ** -60
            ):
                return result
        raise NumericError(f"an integral over {variable} does not settle")

    return value


def _endpoint(end: sp.Expr) -> Compiled:
    if end in (sp.oo, -sp.oo):
        return lambda env: mp.inf if end == sp.oo else -mp.inf
    return compile_expression(end)


def _counted(expr: Any, start: Any, combine: Callable[[Any, Any], Any]) -> Compiled:
    inner = compile_expression(expr.function)
    for index, low, high in expr.limits:
        inner = _one_count(inner, index, low, high, start, combine)
    return inner


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


def _sum(expr: sp.Sum) -> Compiled:
    return _counted(expr, mp.mpf(0), lambda a, b: a + b)


def _product(expr: sp.Product) -> Compiled:
    return _counted(expr, mp.mpf(1), lambda a, b: a * b)


def _limit(expr: sp.Limit) -> Compiled:
    body, variable, point, direction = expr.args
    inner = compile_expression(body)
    side = -1 if str(direction) == "-" else 1
    if point == sp.oo and body.atoms(sp.Sum, sp.Product):
        return lambda env: extrapolate(lambda n: inner({**env, variable: n}))
    if point == sp.oo:
        near: Compiled = lambda env: mp.mpf(10) ** 60  # noqa: E731
    else:
        base = compile_expression(point)
        near = lambda env: base(env) + side * mp.mpf(10) ** -60  # noqa: E731

    def value(env: Environment) -> Any:
        with mp.workdps(300):
            return inner({**env, variable: near(env)})

    return value


_BUILDERS: list[tuple[Any, Callable[[Any], Compiled]]] = [
    (sp.Symbol, _symbol), (sp.Rational, _rational), (sp.NumberSymbol, _constant),
    (sp.Add, _add), (sp.Mul, _mul), (sp.Pow, _pow), (AppliedUndef, _applied),
    (sp.Derivative, _derivative), (sp.Subs, _subs), (Abbreviation, _abbreviation),
    (Normal, _normal), (Expectation, _expectation), (KL, _kl), (sp.Integral, _integral),
    (sp.Sum, _sum), (sp.Product, _product), (sp.Limit, _limit),
]  # fmt: skip
