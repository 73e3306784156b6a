"""Inequalities: sums of squares, least values of convex functions, what rises, cases, integrals."""

from __future__ import annotations

import sympy as sp

from ..nonnegative import Known, bound, never_negative, opaque, smooth
from ..operators.expectation import Expectation
from ..operators.integral import canonical
from ..positive import _is_sum_of_positive
from .cases import MOST, cases, plain


@bound("positive")
def is_positive(expr: sp.Expr, known: Known, strict: bool) -> bool:
    """What is positive anyway."""
    return known.positive(expr)


@bound("sum of squares")
def sum_of_squares(expr: sp.Expr, known: Known, strict: bool) -> bool:
    """A quotient of a sum of what is never negative, squares above all, and something positive."""
    if _product(sp.factor(opaque(expr, known)[0]), opaque(expr, known)[1], strict):
        return True
    form, known = opaque(known.domain.positive_form(expr), known)
    for whole in (form, sp.factor(form)):
        top, bottom = sp.fraction(sp.together(whole))
        for one, other in ((top, bottom), (-top, -bottom)):
            if _is_sum_of_positive(other) and any(
                _terms_nonnegative(part, strict) for part in (one, sp.expand(one), sp.factor(one))
            ):
                return True
    return False


def _product(expr: sp.Expr, known: Known, strict: bool) -> bool:
    """Whether every factor is an even power or has a known sign, and their signs multiply to +."""
    sign = 1
    for base, power in (factor.as_base_exp() for factor in sp.Mul.make_args(expr)):
        even = power.is_even and power.is_positive and base.is_extended_real
        if even and not strict:
            continue
        if known.positive(-base) and power.is_integer:
            sign *= -1 if power.is_odd else 1
        elif not known.positive(base):
            return False
    return sign == 1


def _terms_nonnegative(expr: sp.Expr, strict: bool) -> bool:
    terms = sp.Add.make_args(expr)
    if not all(_nonnegative(term) for term in terms):
        return False
    return not strict or any(term.is_positive for term in terms)


def _nonnegative(term: sp.Expr) -> bool:
    if term.is_nonnegative:
        return True
    factors = [f.as_base_exp() for f in sp.Mul.make_args(term)]
    return all(
        base.is_nonnegative
        or (power.is_even and base.is_extended_real)
        or _is_sum_of_positive(base)
        for base, power in factors
    )


@bound("completed square")
def completed_square(expr: sp.Expr, known: Known, strict: bool) -> bool:
    """A x^2 + B x + C with A > 0 and C - B^2 / 4 A never negative."""
    return any(_quadratic(*opaque(expr, known, functions=all_), strict) for all_ in (False, True))


def _quadratic(whole: sp.Expr, known: Known, strict: bool) -> bool:
    top, bottom = sp.fraction(sp.together(whole))
    if not known.positive(bottom):
        if not known.positive(-bottom):
            return False
        top = -top
    for x in sorted(top.free_symbols, key=lambda v: v.name):
        if x.is_extended_real and top.is_polynomial(x) and sp.degree(top, x) == 2:
            a, b, c = sp.Poly(top, x).all_coeffs()
            if known.positive(a):
                rest = sp.factor(c - b**2 / (4 * a))
                if rest == 0 and not strict:
                    return True
                return never_negative(rest, known.deeper(), strict) is not None
    return False


@bound("least value", long=True)
def least_value(expr: sp.Expr, known: Known, strict: bool) -> bool:
    """Convex in x, with f'(x0) = 0: never less than f(x0). Over the whole interval that x fills."""
    whole, known = opaque(expr, known)
    for x in known.free(whole):
        slope = sp.diff(whole, x)
        curvature = sp.factor(sp.diff(slope, x))
        if not smooth(whole, x, known.positive):
            continue
        if never_negative(curvature, known.deeper()) is None:
            continue
        for place in roots(slope, x):
            at_the_end = place == 0 and x.is_nonnegative and not x.is_positive
            if not (within(place, x, known) or at_the_end):
                continue
            if sp.simplify(slope.subs(x, place)) != 0:
                continue
            return not_below(whole.subs(x, place), known, strict)
    return False


def within(place: sp.Expr, x: sp.Symbol, known: Known) -> bool:
    """Whether ``place`` is proved to be inside of the interval that x fills."""
    return known.positive(place) if x.is_nonnegative else bool(place.is_extended_real)


def not_below(value: sp.Expr, known: Known, strict: bool) -> bool:
    """Whether a least value is proved to be never negative."""
    least = sp.simplify(sp.expand_log(value))
    if least == 0:
        return not strict
    return never_negative(least, known.deeper(), strict) is not None


def roots(slope: sp.Expr, x: sp.Symbol) -> list[sp.Expr]:
    """Places where the slope may vanish."""
    try:
        found = sp.solve(slope, x)
    except NotImplementedError:
        found = []
    return [*found, *(n for n in (sp.Integer(0), sp.Integer(1)) if n not in found)]


@bound("rising", long=True)
def rising(expr: sp.Expr, known: Known, strict: bool) -> bool:
    """f(0) is never negative and f rises in x >= 0."""
    whole, known = opaque(expr, known)
    for x in known.free(whole):
        closed = sp.Dummy("x", nonnegative=True)
        at = whole.subs(x if x.is_nonnegative else x**2, closed)
        if x in at.free_symbols:
            continue
        if not smooth(at, closed, known.positive):
            continue
        start = sp.factor(at.subs(closed, 0))
        slope = sp.factor(sp.diff(at, closed))
        strictly = strict and start == 0
        if start != 0 and never_negative(start, known.deeper(), strict) is None:
            continue
        if strictly and x.is_positive and known.positive(slope.subs(closed, x)):
            return True
        if not strictly and never_negative(slope, known.deeper()) is not None:
            return True
    return False


@bound("cases", long=True)
def in_each_case(expr: sp.Expr, known: Known, strict: bool) -> bool:
    """Never negative in each case of what decides: absolute values, maxima, conditions."""
    whole, known = opaque(expr, known)
    whole = plain(whole)
    number = 0
    for (side,) in cases((whole,), known.positive):
        number += 1
        if side == whole or number > MOST or side.has(sp.nan, sp.zoo):
            return False
        if never_negative(side, known.deeper(), strict) is None and (strict or side != 0):
            return False
    return number > 0


@bound("under the integral", long=True)
def under_the_integral(expr: sp.Expr, known: Known, strict: bool) -> bool:
    """The integrand, or what the expectation is of, is never negative: over one law and one range."""
    inside, law, constant = sp.Integer(0), None, sp.Integer(0)
    for term in sp.Add.make_args(sp.expand(expr)):
        found = [node for node in sp.Mul.make_args(term) if _averages(node)]
        if not found:
            constant += term
            continue
        node = canonical(found[0])
        if len(found) > 1 or len(node.args) != 2 or law not in (None, node.args[1:]):
            return False
        law, inside = node.args[1:], inside + term / found[0] * node.args[0]
    if law is None:
        return False
    if isinstance(law[0], sp.Tuple):  # an integral: over a range that is not empty
        _, low, high = law[0]
        if not ((low, high) == (-sp.oo, sp.oo) or known.positive(high - low)) or constant != 0:
            return False
    else:
        inside += constant  # the mass of a law is 1
    bound_one = law[0].args[0]
    if bound_one in constant.free_symbols:
        return False
    free = inside.subs(bound_one, sp.Dummy("bound", real=True))
    return never_negative(free, known.deeper(), strict) is not None


def _averages(node: sp.Expr) -> bool:
    return isinstance(node, Expectation | sp.Integral)
