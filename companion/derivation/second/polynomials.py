"""How the polynomials of z3 are taken apart."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import z3

from .reals import Real, is_one, product
from .values import Unknown


def key_of(value: Any) -> str:
    """A name for a quotient, the same for polynomials that are the same."""
    top, bottom = (z3.simplify(part, som=True).sexpr() for part in (value.top, value.bottom))
    return f"{top} / {bottom}"


def terms(real: Real) -> Iterator[tuple[Fraction, Real]]:
    """The terms of a sum, each as a rational number and the rest."""
    top, bottom = (z3.simplify(part, som=True) for part in (real.top, real.bottom))
    below = Fraction(1)
    if z3.is_rational_value(bottom):
        if not bottom.as_fraction():
            raise Unknown("a division by zero")
        below, bottom = Fraction(bottom.as_fraction()), z3.RealVal(1)
    for term in top.children() if z3.is_add(top) else [top]:
        factors = term.children() if z3.is_mul(term) else [term]
        share, rest = Fraction(1), z3.RealVal(1)
        for factor in factors:
            if z3.is_rational_value(factor):
                share *= Fraction(factor.as_fraction())
            else:
                rest = product(rest, factor)
        if share:
            yield share / below, Real(rest, bottom, real.all)


def factors(part: Any) -> Iterator[Any]:
    """The factors of a product, as it is written."""
    if z3.is_mul(part):
        for child in part.children():
            yield from factors(child)
    elif not is_one(part):
        yield part


def repeated(number: Any, n: int) -> Any:
    """A power, as a product."""
    found = number
    for _ in range(n - 1):
        found = found * number
    return found


def primes(share: Fraction) -> Iterator[tuple[int, int]]:
    """The prime factors of a positive fraction, each with its power."""
    for number, sign in ((share.numerator, 1), (share.denominator, -1)):
        divisor = 2
        while number > 1:
            while number % divisor == 0:
                yield divisor, sign
                number //= divisor
            divisor = divisor + 1 if divisor * divisor <= number else max(number, 2)
