"""Numbers to calculate with: leaves, power series, polynomials, and sums of bell curves, one inside another.

A leaf is a ball or a formula of z3. A `Series` is a power series in one variable, cut off after a number of
terms (for derivatives) or a polynomial of any degree (for moments of a Gaussian). `Bells` is a sum of
polynomials times exponentials of polynomials: densities and what they are multiplied with. Each variable has
a level, higher for inner ones; a coefficient is anything of a lower level.

Rules of power series: Griewank & Walther, *Evaluating Derivatives* (2008), section 13.2.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import elementary


class Unknown(Exception):
    """Something that this route does not know, in words; it shows nothing, for or against."""


class Value:
    """Anything that can be added and multiplied; a subclass computes with its own level or lower ones."""

    level = 0

    def read(self, other: Any) -> Value:
        """A number as a value of the same kind."""
        return other if isinstance(other, Value) else self.leaf(other)

    def leaf(self, number: Any) -> Value:
        """A leaf of the kind that this is made of, for an integer or an exact mpmath number."""
        raise NotImplementedError

    def plus(self, other: Value) -> Value:
        """The sum with a value of no higher level."""
        raise NotImplementedError

    def times(self, other: Value) -> Value:
        """The product with a value of no higher level."""
        raise NotImplementedError

    def inverse(self) -> Value:
        """One divided by this."""
        raise NotImplementedError

    def apply(self, name: str) -> Value:
        """The value of one of the functions of `SLOPES`."""
        raise NotImplementedError

    def root(self, power: Value) -> Value:
        """This to a constant power that is no integer; positive or zero."""
        return (power * self.apply("log")).apply("exp")

    def constant(self) -> Value:
        """The leaf that is left where every variable is zero."""
        raise NotImplementedError

    def __add__(self, other: Any) -> Value:
        other = self.read(other)
        return self.plus(other) if self.level >= other.level else other.plus(self)

    def __mul__(self, other: Any) -> Value:
        other = self.read(other)
        return self.times(other) if self.level >= other.level else other.times(self)

    def __neg__(self) -> Value:
        return self * -1

    def __sub__(self, other: Any) -> Value:
        return self + -self.read(other)

    def __rsub__(self, other: Any) -> Value:
        return self.read(other) + -self

    def __truediv__(self, other: Any) -> Value:
        return self * self.read(other).inverse()

    def __rtruediv__(self, other: Any) -> Value:
        return self.read(other) * self.inverse()

    __radd__ = __add__
    __rmul__ = __mul__

    def __pow__(self, n: int) -> Value:
        if n < 0:
            return self.inverse() ** -n
        power, square = self.leaf(1), self
        while n:
            power = power * square if n % 2 else power
            n //= 2
            square = square * square if n else square
        return power


elementary.exp.register(Value)(lambda value: value.apply("exp"))
elementary.sin.register(Value)(lambda value: value.apply("sin"))
elementary.sqrt.register(Value)(lambda value: value.root(value.leaf(1) / 2))
elementary.root_of_two_pi.register(Value)(
    lambda value: (2 * value.constant().apply("pi")).root(value.leaf(1) / 2)
)

SLOPES: dict[str, Callable[[Any], Value]] = {
    "exp": lambda u: u.apply("exp"),
    "log": lambda u: u.inverse(),
    "sin": lambda u: u.apply("cos"),
    "cos": lambda u: -u.apply("sin"),
    "tan": lambda u: 1 + u.apply("tan") ** 2,
    "cot": lambda u: -1 - u.apply("cot") ** 2,
    "sinh": lambda u: u.apply("cosh"),
    "cosh": lambda u: u.apply("sinh"),
    "tanh": lambda u: 1 - u.apply("tanh") ** 2,
    "sech": lambda u: -u.apply("sech") * u.apply("tanh"),
    "csch": lambda u: -u.apply("csch") * u.apply("coth"),
    "coth": lambda u: 1 - u.apply("coth") ** 2,
    "atan": lambda u: (1 + u * u).inverse(),
    "asin": lambda u: (1 - u * u).root(u.leaf(-1) / 2),
    "acos": lambda u: -(1 - u * u).root(u.leaf(-1) / 2),
    "asinh": lambda u: (1 + u * u).root(u.leaf(-1) / 2),
    "erf": lambda u: 2 * (-u * u).apply("exp") / u.constant().apply("pi").root(u.leaf(1) / 2),
    "erfc": lambda u: -2 * (-u * u).apply("exp") / u.constant().apply("pi").root(u.leaf(1) / 2),
}
"""The slope of each function that has one here."""


class Series(Value):
    """A power series in the variable of a level: ``length`` coefficients, or a polynomial if it is None."""

    def __init__(self, level: int, terms: list[Value], length: int | None) -> None:
        self.level, self.length = level, length
        self.terms = terms if length is None else terms[:length]

    def of(self, terms: list[Value]) -> Series:
        """Other coefficients of the same variable."""
        return Series(self.level, terms, self.length)

    def leaf(self, number: Any) -> Value:
        return self.terms[0].leaf(number)

    def constant(self) -> Value:
        return self.terms[0].constant()

    def lifted(self, other: Value) -> Series:
        """A value of no higher level as a series in this variable."""
        return (
            other if isinstance(other, Series) and other.level == self.level else self.of([other])
        )

    def plus(self, other: Value) -> Value:
        if isinstance(other, Bells) and other.level == self.level:
            return other.plus(self)
        one, two = self.terms, self.lifted(other).terms
        short, long = sorted((one, two), key=len)
        return self.of([*(a + b for a, b in zip(short, long)), *long[len(short) :]])

    def times(self, other: Value) -> Value:
        if isinstance(other, Bells) and other.level == self.level:
            return other.times(self)
        one, two = self.terms, self.lifted(other).terms
        if len(two) == 1:
            return self.of([a * two[0] for a in one])
        size = len(one) + len(two) - 1
        size = size if self.length is None else min(size, self.length)
        products: list[Any] = [None] * size
        for i, a in enumerate(one):
            for j, b in enumerate(two[: size - i]):
                c = a * b
                products[i + j] = c if products[i + j] is None else products[i + j] + c
        return self.of(products)

    def inverse(self) -> Value:
        first = self.terms[0].inverse()
        if len(self.terms) == 1:
            return self.of([first])
        if self.length is None:
            raise Unknown("a division by a polynomial that is integrated over")
        found = [first]
        for n in range(1, self.length):
            known = [self.terms[k] * found[n - k] for k in range(1, min(n + 1, len(self.terms)))]
            found.append(-first * sum(known[1:], known[0]) if known else self.leaf(0))
        return self.of(found)

    def slope(self) -> Series:
        """The derivative in this variable, one term shorter."""
        terms = [k * a for k, a in enumerate(self.terms)][1:] or [self.leaf(0)]
        return Series(self.level, terms, None if self.length is None else self.length - 1)

    def follow(self, value: Callable[[Any], Value], slope: Callable[[Any], Value]) -> Value:
        """A smooth function of this series, from its value and its slope."""
        if len(self.terms) == 1:
            return self.of([value(self.terms[0])])
        if self.length is None:
            raise Unknown("a function of what is integrated over that is no polynomial")
        shorter = Series(self.level, self.terms, self.length - 1)
        inner = shorter.lifted(slope(shorter) * self.slope())
        terms = [value(self.terms[0])]
        return self.of([*terms, *(a / (k + 1) for k, a in enumerate(inner.terms))])

    def apply(self, name: str) -> Value:
        if self.length is None and name == "exp":
            return Bells(self.level, [(self.of([self.leaf(1)]), self)])
        if name not in SLOPES:
            raise Unknown(f"the slope of {name}")
        return self.follow(lambda u: u.apply(name), SLOPES[name])

    def root(self, power: Value) -> Value:
        return self.follow(lambda u: u.root(power), lambda u: power * u.root(power - 1))

    def at(self, place: Value) -> Value:
        """A polynomial's value."""
        total = self.terms[-1]
        for a in reversed(self.terms[:-1]):
            total = total * place + a
        return total


class Bells(Value):
    """The sum of ``p exp(q)`` over pairs of polynomials in the variable of a level."""

    def __init__(self, level: int, parts: list[tuple[Series, Series]]) -> None:
        self.level, self.parts = level, parts

    def leaf(self, number: Any) -> Value:
        return self.parts[0][0].leaf(number)

    def constant(self) -> Value:
        return self.parts[0][0].constant()

    def lifted(self, other: Value) -> Bells:
        """A value of no higher level as such a sum."""
        if isinstance(other, Bells) and other.level == self.level:
            return other
        first = self.parts[0][0]
        return Bells(self.level, [(first.lifted(other), first.of([self.leaf(0)]))])

    def plus(self, other: Value) -> Value:
        return Bells(self.level, self.parts + self.lifted(other).parts)

    def times(self, other: Value) -> Value:
        products: Any = [(a * b, p + q) for a, p in self.parts for b, q in self.lifted(other).parts]
        return Bells(self.level, products)

    def _alone(self) -> tuple[Series, Series]:
        if len(self.parts) > 1 or len(self.parts[0][0].terms) > 1:
            raise Unknown("a function of a sum of bell curves")
        return self.parts[0]

    def inverse(self) -> Value:
        p, q = self._alone()
        return Bells(self.level, [(p.inverse(), -q)])  # type: ignore[list-item]

    def apply(self, name: str) -> Value:
        if name != "log":
            raise Unknown(f"{name} of a bell curve")
        p, q = self._alone()
        return p.apply("log") + q

    def root(self, power: Value) -> Value:
        p, q = self._alone()
        return Bells(self.level, [(p.root(power), q * power)])  # type: ignore[list-item]
