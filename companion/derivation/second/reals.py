"""Quotients of two polynomials in real numbers that z3 knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import z3

from .values import Value

if TYPE_CHECKING:
    from .functions import Functions


class Real(Value):
    """``top / bottom``; that the bottom is not zero is noted where it is divided by."""

    def __init__(self, top: Any, bottom: Any, all_of_it: Functions) -> None:
        self.top, self.bottom, self.all = top, bottom, all_of_it

    def leaf(self, number: Any) -> Value:
        return self.all.leaf(number)

    def constant(self) -> Value:
        return self

    def plus(self, other: Value) -> Value:
        assert isinstance(other, Real)
        if self.bottom.eq(other.bottom):
            return Real(self.top + other.top, self.bottom, self.all)
        if is_one(other.bottom):
            return Real(self.top + other.top * self.bottom, self.bottom, self.all)
        if is_one(self.bottom):
            return Real(self.top * other.bottom + other.top, other.bottom, self.all)
        top = self.top * other.bottom + other.top * self.bottom
        return Real(top, self.bottom * other.bottom, self.all)

    def times(self, other: Value) -> Value:
        assert isinstance(other, Real)
        tops, bottoms = [self.top, other.top], [self.bottom, other.bottom]
        for i in (0, 1):
            if tops[i].eq(bottoms[1 - i]):
                tops[i] = bottoms[1 - i] = z3.RealVal(1)
        return Real(product(*tops), product(*bottoms), self.all)

    def inverse(self) -> Value:
        self.all.defined.append(self.top != 0)
        return Real(self.bottom, self.top, self.all)

    def __pow__(self, n: int) -> Value:
        if n < 0:
            return self.inverse() ** -n
        power: Value = self.all.leaf(1)
        for _ in range(n):
            power = power * self
        return power

    def apply(self, name: str) -> Value:
        return self.all.apply(name, self)

    def root(self, power: Value) -> Value:
        assert isinstance(power, Real)
        share = power.rational()
        if share is None:
            return (power * self.apply("log")).apply("exp")
        return self.all.root(self, *share)

    def rational(self) -> tuple[int, int] | None:
        """This as a numerator and a denominator, where it is a number."""
        number = z3.simplify(self.top / self.bottom)
        if not z3.is_rational_value(number):
            return None
        return number.numerator_as_long(), number.denominator_as_long()

    def integer(self) -> int | None:
        """This as an integer, where it is one."""
        share = self.rational()
        return share[0] if share is not None and share[1] == 1 else None

    def above(self, number: int) -> Any:
        """That it is more than an integer."""
        return (self - number).related(">")  # type: ignore[attr-defined]

    def related(self, relation: str) -> Any:
        """How it compares with zero."""
        top = z3.simplify(self.top, som=True)
        if relation in ("==", "!="):
            return z3.simplify(top == 0 if relation == "==" else top != 0)
        signed = top if is_one(self.bottom) else top * self.bottom  # of the same sign
        compared = {"<": signed < 0, "<=": signed <= 0, ">": signed > 0, ">=": signed >= 0}
        return z3.simplify(compared[relation])


def is_one(number: Any) -> bool:
    """Whether it is written as 1."""
    return bool(z3.is_rational_value(number) and number.eq(z3.RealVal(1)))


def product(a: Any, b: Any) -> Any:
    """A product without factors of 1."""
    return b if is_one(a) else a if is_one(b) else a * b
