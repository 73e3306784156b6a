"""The expectation over independent or chained scalar Gaussians."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import mpmath as mp
import sympy as sp

from .. import latex, mutants
from ..conditions import conditions, positive_if
from ..exact import compute, exact
from ..kinks import kinks
from ..needs import Range, ranges
from ..numeric import (
    Compiled,
    Environment,
    build,
    compile_expression,
    degree,
    hoisted,
    one_argument,
    remembered,
)
from ..quadrature import gauss_hermite, gaussian_pieces, gaussian_trapezoid
from ..symbolic import atom
from .convergence import Piece, conditions_of, integrated
from .half_normal import two_sided
from .integral import canonical, integral, quadratic_exponent
from .normal import Normal
from .parts import by_parts


class Expectation(sp.Expr):
    """E[expr] over Gaussian laws; a bare symbol is a standard normal.

    ``Expectation(f, Normal(z, m, v))`` or ``Expectation(f, eps)``. With several laws the first
    is the innermost: its mean may depend on the variables of the later ones.
    """

    def __new__(cls, expr: Any, *laws: Any) -> Expectation:  # noqa: D102
        if not laws:
            raise ValueError("Expectation needs at least one law: Expectation(expr, eps)")
        return sp.Expr.__new__(cls, sp.sympify(expr), *map(_law, laws))

    @property
    def bound_symbols(self) -> list[sp.Symbol]:
        """The random variables."""
        return [law.args[0] for law in self.args[1:]]

    @property
    def free_symbols(self) -> set[sp.Symbol]:
        """What the value depends on."""
        free = set(self.args[0].free_symbols)
        for law in self.args[1:]:
            free = (free - {law.args[0]}) | law.args[1].free_symbols | law.args[2].free_symbols
        return free

    def _eval_is_extended_real(self) -> bool | None:
        return self.args[0].is_extended_real


def _law(source: Any) -> Normal:
    """A Normal as given, or a bare symbol read as a standard normal."""
    return source if isinstance(source, Normal) else Normal(source, 0, 1)


# --- the exact route: moments where a term is a polynomial, else a Gaussian integral


@exact.register
def _(expr: Expectation) -> sp.Expr:
    result, *laws = (compute(a) for a in expr.args)
    for law in laws:
        result = expectation(result, law)
    return result


@lru_cache(maxsize=512)
def expectation(expr: sp.Expr, law: Normal) -> sp.Expr:
    """E[expr], term by term, as far as it can be computed."""
    z, mean, variance = law.args
    total = sp.Integer(0)
    for term in sp.Add.make_args(sp.expand(expr)):
        constant, rest = term.as_independent(z, as_Add=False)
        if rest.is_polynomial(z):
            total += constant * _moment(sp.Poly(rest, z), mean, variance)
        elif quadratic_exponent(rest * law.density(), z) is not None:
            total += constant * integral(rest * law.density(), sp.Tuple(z, -sp.oo, sp.oo))
        elif (less := by_parts(rest, z, law.density())) is not None:
            total += constant * expectation(less, law)
        elif (halves := two_sided(rest, law)) is not None:
            total += constant * halves
        else:
            total += constant * Expectation(rest, law)
    return total


@conditions.register
def _(expr: Expectation) -> Iterable[tuple[str, sp.Expr]]:
    for law in expr.args[1:]:
        if compute(law).args[2].free_symbols & set(expr.bound_symbols):
            yield f"a variance that is drawn itself, of {law.args[0]}", sp.Integer(-1)
    yield from conditions_of(integrated(expr))


@integrated.register
def _(expr: Expectation) -> Iterable[Piece]:
    result, *laws = (compute(a) for a in expr.args)
    for law in laws:
        for term in sp.Add.make_args(sp.expand(result)):
            rest = term.as_independent(law.args[0], as_Add=False)[1]
            if not rest.is_polynomial(law.args[0]):  # every moment of a Gaussian is finite
                yield rest * law.density(), law.args[0], -sp.oo, sp.oo
        result = expectation(result, law)


@ranges.register
def _(expr: Expectation) -> tuple[Range, ...]:
    laws = reversed(expr.args[1:])
    return tuple(Range(law.args[0], -sp.oo, sp.oo, "integral") for law in laws)


@positive_if.register
def _(expr: Expectation) -> list[sp.Expr]:
    return [expr.args[0].subs({z: sp.Dummy(str(z), real=True) for z in expr.bound_symbols})]


def _moment(poly: sp.Poly, mean: sp.Expr, variance: sp.Expr) -> sp.Expr:
    return sum(
        c
        * sp.binomial(n, k)
        * mean ** (n - k)
        * variance ** sp.Rational(k, 2)
        * _standard_moment(k)
        for (n,), c in poly.terms()
        for k in range(0, n + 1, 2)
    )


@lru_cache(maxsize=64)
def _standard_moment(n: int) -> sp.Expr:
    """E[u^n] of a standard normal, by SymPy's integral."""
    w = sp.Dummy("w", real=True)
    weight = sp.exp(-(w**2) / 2) / sp.sqrt(2 * sp.pi)
    return sp.integrate(w**n * weight, (w, -sp.oo, sp.oo))


@atom.register
def _(expr: Expectation) -> tuple[sp.Expr, bool]:
    return canonical(expr), True


# --- the numeric route: a Gauss-Hermite sum, exact for polynomials, or a trapezoidal sum on the line


@build.register
def _(expr: Expectation) -> Compiled:
    integrand, first, *outer = expr.args
    degrees = _degrees(integrand, (first, *outer))
    places = kinks(integrand, first.args[0])
    inner = _one_expectation(hoisted(integrand, first.args[0]), first, degrees[0], places)
    for law, known in zip(outer, degrees[1:], strict=True):
        inner = _one_expectation(one_argument(inner, law.args[0]), law, known)
    return remembered(expr, inner)


def _degrees(integrand: sp.Expr, laws: tuple[Normal, ...]) -> list[int | None]:
    """The degree of the integrand in each variable, the inner ones integrated out."""
    degrees: list[int | None] = []
    for k, law in enumerate(laws):
        of: dict[sp.Symbol, int] | None = {law.args[0]: 1}
        for inner in reversed(laws[:k]):  # its moments are polynomials in its mean and variance
            z, mean, variance = inner.args
            power = degree(mean, of) if of and degree(variance, of) == 0 else None
            of = None if of is None or power is None else {**of, z: power}
        degrees.append(None if of is None else degree(integrand, of))
    return degrees


def _one_expectation(
    inner: Compiled, law: Normal, known: int | None, places: Sequence[Compiled] = ()
) -> Compiled:
    mean, variance = (compile_expression(a) for a in law.args[1:])

    def value(env: Environment) -> Any:
        m, spread, at = mean(env), mp.sqrt(variance(env)), inner(env)

        def f(u: Any) -> Any:
            return at(m + spread * u)

        if known is not None:
            return sum((w * f(u) for u, w in gauss_hermite(known // 2 + 1, mp.mp.prec)), mp.mpf(0))
        if places:
            return gaussian_pieces(f, [(place(env) - m) / spread for place in places])
        return gaussian_trapezoid(f)

    return value


# --- on the page, and in wrong variants


@latex.typeset.register
def _(expr: Expectation, printer: latex.Printer) -> str:
    laws = ",\\, ".join(
        printer.doprint(law.args[0])
        if law.args[1:] == (0, 1)
        else rf"{printer.doprint(law.args[0])} \sim \mathcal{{N}}"
        rf"({printer.inline(law.args[1])},\, {printer.inline(law.args[2])})"
        for law in expr.args[1:]
    )
    return rf"\mathbb{{E}}_{{{laws}}}\!\left[{printer.doprint(expr.args[0])}\right]"


@latex.own_brackets.register
def _(expr: Expectation, level: int = 0) -> bool:
    return True


@mutants.touched.register
def _(node: Expectation) -> Iterable[int]:
    return (0,)
