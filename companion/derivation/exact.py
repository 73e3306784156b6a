"""The exact value of every operator, by SymPy's own integration, differentiation and limits."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.functions.elementary.hyperbolic import HyperbolicFunction

from .operators import KL, Abbreviation, Expectation, Normal
from .taylor import limit


@lru_cache(maxsize=2048)
def compute(expr: sp.Expr) -> sp.Expr:
    """Evaluate every operator in ``expr`` exactly; what cannot be evaluated stays as it is."""
    if not expr.args or isinstance(expr, (Abbreviation, Normal)):
        return expr
    if isinstance(expr, sp.Limit):
        return limit(expr, compute)
    args = [compute(a) for a in expr.args]
    if isinstance(expr, Expectation):
        result = args[0]
        for law in args[1:]:
            result = expectation(result, law)
        return result
    if isinstance(expr, KL):
        return gaussian_kl(*expr.args)
    if isinstance(expr, sp.Integral):
        result = args[0]
        for bounds in args[1:]:
            result = integral(result, bounds)
        return result
    rebuilt = expr.func(*args)
    if isinstance(rebuilt, sp.log):
        return expand_log(rebuilt)
    if isinstance(rebuilt, HyperbolicFunction) and rebuilt.has(sp.log):
        return rebuilt.rewrite(sp.exp)  # cosh(log y) is a rational function of y
    if isinstance(rebuilt, sp.Sum):
        return summed(rebuilt)
    if isinstance(rebuilt, (sp.Derivative, sp.Product, sp.Subs)):
        done = rebuilt.doit()
        return compute(done) if done != rebuilt and done.has(sp.Integral) else done
    return rebuilt


def expand_log(expr: sp.log) -> sp.Expr:
    """The log of products and Gaussian densities, written out as a sum."""
    total, rest = sp.Integer(0), sp.Integer(1)
    for factor in sp.Mul.make_args(sp.factor_terms(expr.args[0])):
        base, power = factor.as_base_exp()
        if isinstance(base, sp.Product) and base.function.is_positive:
            total += power * compute(sp.Sum(sp.log(base.function), *base.limits))
        else:
            rest *= factor
    return total + sp.expand_log(sp.log(rest)).replace(
        lambda e: isinstance(e, sp.log) and isinstance(e.args[0], Normal),
        lambda e: sp.expand_log(e.args[0].log_density()),
    )


def summed(expr: sp.Sum) -> sp.Expr:
    """SymPy's sum; where it has none, split into terms with every index shifted to its start."""
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


@lru_cache(maxsize=64)
def standard_moment(n: int) -> sp.Expr:
    """E[u^n] of a standard normal, by SymPy's integral."""
    w = sp.Dummy("w", real=True)
    weight = sp.exp(-(w**2) / 2) / sp.sqrt(2 * sp.pi)
    return sp.integrate(w**n * weight, (w, -sp.oo, sp.oo))


def gaussian_kl(p: Normal, q: Normal) -> sp.Expr:
    """KL(p || q) = E_p[log p - log q], by the moments that SymPy integrates."""
    return sp.expand_log(expectation(p.log_density() - q.log_density(), p))


def expectation(expr: sp.Expr, law: Normal) -> sp.Expr:
    """E[expr], term by term: moments where a term is polynomial, else a Gaussian integral."""
    z, mean, variance = law.args
    total = sp.Integer(0)
    for term in sp.Add.make_args(sp.expand(expr)):
        constant, rest = term.as_independent(z, as_Add=False)
        if rest.is_polynomial(z):
            total += constant * _moment(sp.Poly(rest, z), mean, variance)
        elif _exponent(rest * law.density(), z) is not None:
            total += constant * integral(rest * law.density(), (z, -sp.oo, sp.oo))
        else:
            total += constant * Expectation(rest, law)
    return total


def _moment(poly: sp.Poly, mean: sp.Expr, variance: sp.Expr) -> sp.Expr:
    return sum(
        c * sp.binomial(n, k) * mean ** (n - k) * variance ** sp.Rational(k, 2) * standard_moment(k)
        for (n,), c in poly.terms()
        for k in range(0, n + 1, 2)
    )


def integral(expr: sp.Expr, bounds: Any) -> sp.Expr:
    """A definite integral, term by term; Gaussian integrals over the line by completing the square."""
    z, low, high = bounds
    expr = expr.replace(lambda e: isinstance(e, Normal) and e.has(z), lambda e: e.density())
    total = sp.Integer(0)
    for term in sp.Add.make_args(sp.expand(sp.powsimp(sp.expand_mul(expr)), power_exp=False)):
        constant, rest = term.as_independent(z, as_Add=False)
        shape = _exponent(rest, z) if (low, high) == (-sp.oo, sp.oo) else None
        if shape is not None:
            total += constant * _gaussian_integral(*shape)
        elif rest.atoms(AppliedUndef):
            # what does not depend on z leaves the integral, exponentials too, so that equal
            # integrals look equal however they came about
            outer, inner = sp.expand(rest, power_exp=True).as_independent(z, as_Add=False)
            value = sp.Integral(sp.powsimp(inner), (z, low, high))
            total += constant * outer * (value.doit() if rest.has(sp.Derivative) else value)
        else:
            total += constant * sp.integrate(rest, (z, low, high))
    return total


def _exponent(expr: sp.Expr, z: sp.Symbol) -> tuple[sp.Poly, sp.Poly] | None:
    """(polynomial, quadratic exponent) if ``expr`` is polynomial(z) * exp(quadratic(z))."""
    factor, exponent = sp.Integer(1), sp.Integer(0)
    for part in sp.Mul.make_args(sp.powsimp(expr)):
        if isinstance(part, sp.exp):
            exponent += part.args[0]
        else:
            factor *= part
    exponent = sp.expand(exponent)
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
