"""The rules for SymPy's definite ``Integral``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

import mpmath as mp
import sympy as sp
from sympy.core.function import AppliedUndef

from .. import mutants
from ..conditions import conditions, positive_if
from ..exact import compute, exact
from ..numeric import (
    Compiled,
    Environment,
    NumericError,
    build,
    compile_expression,
    hoisted,
    one_argument,
    remembered,
)
from ..quadrature import line_integral
from ..symbolic import atom
from .convergence import Piece, conditions_of, exponential, integrated
from .normal import Normal
from .parts import affine, by_parts

# --- the exact route: SymPy's integration; Gaussian integrals over the line by completing the square


@exact.register
def _(expr: sp.Integral) -> sp.Expr:
    result, *limits = (compute(a) for a in expr.args)
    for bounds in limits:
        result = integral(result, bounds)
    return result


@lru_cache(maxsize=512)
def integral(expr: sp.Expr, bounds: Any) -> sp.Expr:
    """A definite integral, term by term, as far as it can be computed."""
    z, low, high = bounds
    total = sp.Integer(0)
    for term in _terms(expr, z):
        constant, rest = term.as_independent(z, as_Add=False)
        shape = quadratic_exponent(rest, z) if (low, high) == (-sp.oo, sp.oo) else None
        if (known := _known(rest, bounds)) is not None:
            total += constant * known
        elif shape is not None:
            total += constant * _gaussian_integral(*shape)
        elif (change := affine(rest, z)) is not None:
            slope, shift = change  # u = slope z + shift
            moved = rest.subs(z, (z - shift) / slope) / slope
            total += constant * integral(
                moved, sp.Tuple(z, slope * low + shift, slope * high + shift)
            )
        elif (low, high) == (-sp.oo, sp.oo) and (less := by_parts(rest, z)) is not None:
            total += constant * integral(less, bounds)
        elif rest.atoms(AppliedUndef):
            # what does not depend on z leaves the integral, exponentials too, so that equal
            # integrals look equal however they came about
            outer, inner = sp.expand(rest, power_exp=True).as_independent(z, as_Add=False)
            value = sp.Integral(sp.powsimp(inner), (z, low, high))
            total += constant * outer * (value.doit() if rest.has(sp.Derivative) else value)
        elif rest.is_polynomial(z) and not {low, high} & {sp.oo, -sp.oo}:
            primitive = sp.Poly(rest, z).integrate(z).as_expr()  # sp.integrate tries all else too
            total += constant * (primitive.subs(z, high) - primitive.subs(z, low))
        else:
            total += constant * sp.integrate(rest, (z, low, high))
    return total


RULES: list[Callable[[sp.Expr, Any], sp.Expr | None]] = []
"""What operators know of integrals: an integrand and its (variable, low, high) -> its value, or None."""


def _known(expr: sp.Expr, bounds: Any) -> sp.Expr | None:
    values = (rule(expr, bounds) for rule in RULES)
    return next((value for value in values if value is not None), None)


@lru_cache(maxsize=512)
def _terms(expr: sp.Expr, z: sp.Symbol) -> tuple[sp.Expr, ...]:
    """The terms of an integrand, densities in z written out."""
    expr = expr.replace(lambda e: isinstance(e, Normal) and e.has(z), lambda e: e.density())
    return sp.Add.make_args(sp.expand(sp.powsimp(sp.expand_mul(expr)), power_exp=False))


@integrated.register
def _(expr: sp.Integral) -> Iterable[Piece]:
    result, *limits = (compute(a) for a in expr.args)
    for z, *ends in limits:
        if len(ends) == 2 and {sp.oo, -sp.oo} & {*ends}:
            yield from ((term, z, *ends) for term in _terms(result, z))
        result = integral(result, sp.Tuple(z, *ends))


@conditions.register
def _(expr: sp.Integral) -> Iterable[tuple[str, sp.Expr]]:
    return conditions_of(integrated(expr))


@positive_if.register
def _(expr: sp.Integral) -> list[sp.Expr]:
    needed, fresh = [], {z: sp.Dummy(str(z), real=True) for z in expr.variables}
    for _z, low, high in expr.limits:
        needed += [(high - low).subs(fresh)] if (low, high) != (-sp.oo, sp.oo) else []
    return [expr.function.subs(fresh), *needed]


@lru_cache(maxsize=512)
def quadratic_exponent(expr: sp.Expr, z: sp.Symbol) -> tuple[sp.Poly, sp.Poly] | None:
    """(polynomial, quadratic exponent) if ``expr`` is polynomial(z) * exp(quadratic(z))."""
    factor, exponent = exponential(expr)
    if not (factor.is_polynomial(z) and exponent.is_polynomial(z)):
        return None
    shape = sp.Poly(exponent, z)
    return (sp.Poly(factor, z), shape) if shape.degree() == 2 else None


def _gaussian_integral(factor: sp.Poly, shape: sp.Poly) -> sp.Expr:
    """Integral of factor(z) exp(-A z^2 + B z + C): complete the square, then SymPy's integrals."""
    minus_a, b, c = (shape.coeff_monomial(k) for k in [shape.gen**2, shape.gen, 1])
    curvature = -sp.factor(minus_a)
    centre = b / (2 * curvature)
    mass = _centred_integral(0).xreplace({_A: curvature})
    moments = sum(
        coefficient * sp.binomial(n, k) * centre ** (n - k)
        * (_centred_integral(k) / _centred_integral(0)).xreplace({_A: curvature})
        for (n,), coefficient in factor.terms()
        for k in range(0, n + 1, 2)
    )  # fmt: skip
    return moments * mass * sp.exp(c + b**2 / (4 * curvature))


_A = sp.Dummy("A", positive=True)


@lru_cache(maxsize=32)
def _centred_integral(n: int) -> sp.Expr:
    w = sp.Dummy("w", real=True)
    return sp.integrate(w**n * sp.exp(-_A * w**2), (w, -sp.oo, sp.oo))


def canonical(expr: sp.Expr) -> sp.Expr:
    """One fixed name for the bound variable and one form of the integrand."""
    bound = expr.args[1].args[0]
    name = sp.Symbol(f"bound_{type(expr).__name__}", real=True)
    body = (
        sp.cancel(sp.powsimp(sp.expand(expr.args[0]))) if expr.args[0].has(sp.exp) else expr.args[0]
    )
    return expr.func(body, *expr.args[1:]).xreplace({bound: name})


@atom.register
def _(expr: sp.Integral) -> tuple[sp.Expr, bool]:
    return canonical(expr), True


# --- the numeric route: quadrature that checks itself


@build.register
def _(expr: sp.Integral) -> Compiled:
    if any(len(bounds) != 3 for bounds in expr.limits):
        raise NumericError(f"only definite integrals can be computed: {expr}")
    first, *outer = expr.limits
    compiled = _one_integral(hoisted(expr.function, first[0]), *first)
    for bounds in outer:
        compiled = _one_integral(one_argument(compiled, bounds[0]), *bounds)
    return remembered(expr, compiled)


def _one_integral(inner: Compiled, variable: sp.Symbol, low: sp.Expr, high: sp.Expr) -> Compiled:
    if (low, high) == (-sp.oo, sp.oo):
        return lambda env: line_integral(inner(env))
    ends = [_endpoint(e) for e in (low, high)]

    def value(env: Environment) -> Any:
        a, b = (e(env) for e in ends)
        finite = mp.isfinite(a) and mp.isfinite(b)
        for method, most in _METHODS if finite else _METHODS[1:]:
            result, error = mp.quad(inner(env), [a, b], method=method, maxdegree=most, error=True)
            if (
                error <= abs(result) * mp.mpf(2) ** (-mp.mp.prec * 3 // 4)
                or error < mp.mpf(10) ** -60
            ):
                return result
        raise NumericError(f"an integral over {variable} does not settle")

    return value


_METHODS: list[tuple[str, int | None]] = [("gauss-legendre", 6), ("tanh-sinh", None)]
"""Rules and their largest degree: the nodes of Gauss-Legendre's seventh would take seconds to find."""


def _endpoint(end: sp.Expr) -> Compiled:
    if end in (sp.oo, -sp.oo):
        return lambda env: mp.inf if end == sp.oo else -mp.inf
    return compile_expression(end)


@mutants.touched.register
def _(node: sp.Integral) -> Iterable[int]:
    return (0,)
