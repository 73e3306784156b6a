"""What z3 has no theory of, as real numbers of which true relations are said.

The exponential of a sum is a product, the logarithm of a product a sum, a root is a number whose power is
known, sine and cosine lie on a circle and turn with their angle. Anything else is a number by itself, the
same for the same argument. All relations hold for the functions, so what follows from them does.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import z3

from .polynomials import factors, key_of, primes, repeated, terms
from .reals import Real, is_one
from .values import Unknown, Value

RATIONAL_IN_EXP = ("sinh", "cosh", "tanh", "sech", "csch", "coth")
"""Functions that are rational in an exponential."""


class Functions:
    """All numbers of one claim, and what is known of them.

    Attributes:
        axioms: what is true of them.
        defined: what must hold for the claim to say anything: denominators, logarithms, roots.
        calls: each value of an abstract function: head, arguments, orders of its derivatives, value.
        abstract: whether some number is freer than what it stands for.
        branched: whether there are cases.
    """

    def __init__(self) -> None:
        self.axioms: list[Any] = []
        self.defined: list[Any] = []
        self.calls: list[tuple[Any, list[Value], tuple[int, ...], Value]] = []
        self.abstract = self.branched = False
        self._symbols: dict[Any, Real] = {}
        self._atoms: dict[Any, Any] = {}
        self._positive: set[str] = set()
        self._logs: dict[str, Real] = {}  # what the logarithm of a number is
        self._exps: dict[str, Real] = {}  # and its exponential
        self._roots: dict[str, tuple[Real, int]] = {}  # of which positive number it is which root

    def leaf(self, number: Any) -> Real:
        """A number: an integer or a decimal fraction."""
        share = Fraction(str(number))
        return self.real(z3.Q(share.numerator, share.denominator))

    def real(self, top: Any, bottom: Any = None) -> Real:
        """A quotient."""
        return Real(top, z3.RealVal(1) if bottom is None else bottom, self)

    def symbol(self, name: Any) -> Real:
        """A symbol of SymPy, with the sign that it was declared to have."""
        if name not in self._symbols:
            if not name.is_extended_real:
                raise Unknown(f"{name} is not declared to be real")
            taken = {str(number.top) for number in self._symbols.values()}
            number = z3.Real(name.name if name.name not in taken else f"{name.name}'{len(taken)}")
            if name.is_positive:
                self.axioms.append(number >= 1 if name.is_integer else number > 0)
                self._positive.add(str(number))
            elif name.is_nonnegative or name.is_nonpositive:
                self.axioms.append(number >= 0 if name.is_nonnegative else number <= 0)
            if name.is_nonzero:
                self.axioms.append(number != 0)
            # numbers that refute a claim need not be of such a kind
            self.abstract = self.abstract or (name.is_rational, name.is_irrational) != (None, None)
            self._symbols[name] = self.real(number)
        return self._symbols[name]

    def unknown(self, head: Any, arguments: list[Value], orders: tuple[int, ...]) -> Real:
        """The value of an abstract function, or of a derivative of one."""
        positive = not any(orders) and head.is_positive is True  # else a property, which is true
        keys = tuple(map(key_of, arguments))
        value = self.real(self._atom((head, orders, *keys), positive))
        if not any(v.top.eq(value.top) for *_, v in self.calls):  # type: ignore[attr-defined]
            self.calls.append((head, arguments, orders, value))
        return value

    def _atom(self, key: Any, positive: bool = False) -> Any:
        """The number for a key; the same for the same key."""
        self.abstract = True
        return self._number(key, positive)

    def _number(self, key: Any, positive: bool) -> Any:
        if key not in self._atoms:
            number = self._atoms[key] = z3.Real(f"#{len(self._atoms)}")
            if positive:
                self.axioms.append(number > 0)
                self._positive.add(str(number))
        return self._atoms[key]

    def apply(self, name: str, real: Real) -> Value:
        """The value of a function of one argument."""
        if name == "pi":
            number = self._atom("pi", positive=True)
            self.axioms += [number > z3.Q(314159, 100000), number < z3.Q(31416, 10000)]
            return self.real(number)
        if name in ("exp", "log"):
            return self._exp(real) if name == "exp" else self._log(real)
        if name in ("sin", "cos", "tan", "cot"):
            cosine, sine = self._turn(real)
            if name in ("sin", "cos"):
                return sine if name == "sin" else cosine
            return sine / cosine if name == "tan" else cosine / sine
        if name in RATIONAL_IN_EXP:
            e = self._exp(real)
            top = {"s": e * e - 1, "c": e * e + 1}
            pairs = {
                "sinh": (top["s"], 2 * e), "cosh": (top["c"], 2 * e), "tanh": (top["s"], top["c"]),
                "sech": (2 * e, top["c"]), "csch": (2 * e, top["s"]), "coth": (top["c"], top["s"]),
            }  # fmt: skip
            over, under = pairs[name]
            return over / under
        return self.real(self._atom((name, key_of(real))))

    # --- exponentials and logarithms

    def _exp(self, real: Real) -> Real:
        found: Value = self.leaf(1)
        for share, rest in terms(real):
            known = self._exps.get(str(rest.top)) if is_one(rest.bottom) else None
            if known is not None:  # exp(c log a) = a^c
                found = found * self.root(known, share.numerator, share.denominator)
            else:
                root = self._power_of_e(rest, share.denominator)
                found = found * self.real(root) ** share.numerator
        return found  # type: ignore[return-value]

    def _power_of_e(self, rest: Real, q: int) -> Any:
        """exp(rest / q)."""
        key = ("exp", key_of(rest), q)
        new = key not in self._atoms
        number = self._atom(key, positive=True)
        if new:
            self._logs[str(number)] = rest * self.leaf(Fraction(1, q))  # type: ignore[assignment]
            if q > 1:
                self.axioms.append(repeated(number, q) == self._power_of_e(rest, 1))
        return number

    def _log(self, real: Real) -> Real:
        total: Value = self.leaf(0)
        rest = self.leaf(1)
        for sign, part in ((1, real.top), (-1, real.bottom)):
            for factor in factors(part):
                if str(factor) in self._logs:
                    total = total + sign * self._logs[str(factor)]
                elif str(factor) in self._roots:
                    power, q = self._roots[str(factor)]
                    total = total + self._log(power) * self.leaf(Fraction(sign, q))
                elif z3.is_rational_value(factor) and not str(factor).startswith("-"):
                    for prime, n in primes(Fraction(factor.as_fraction())):
                        total = total + self._log_atom(self.leaf(prime)) * (n * sign)
                elif self.seen_positive(factor):
                    total = total + self._log_atom(self.real(factor)) * sign
                else:
                    rest = rest * self.real(factor) ** sign  # type: ignore[assignment]
        if not is_one(rest.top) or not is_one(rest.bottom):
            self.defined.append(rest.above(0))
            total = total + self._log_atom(rest)
        return total  # type: ignore[return-value]

    def _log_atom(self, real: Real) -> Real:
        number = self._atom(("log", key_of(real)))
        self._exps[str(number)] = real
        return self.real(number)

    def seen_positive(self, part: Any) -> bool:
        """Whether it is positive by how it is written: sums and products of what is."""
        if z3.is_rational_value(part):
            return bool(part.as_fraction() > 0)
        if z3.is_add(part) or z3.is_mul(part):
            return all(map(self.seen_positive, part.children()))
        return str(part) in self._positive

    # --- roots

    def root(self, real: Real, p: int, q: int) -> Real:
        """real ** (p / q)."""
        if q == 1:
            return real**p  # type: ignore[return-value]
        found: Value = self.leaf(1)
        rest = self.leaf(1)
        for sign, part in ((1, real.top), (-1, real.bottom)):
            counts: dict[str, tuple[Any, int]] = {}
            for factor in factors(part):
                if z3.is_rational_value(factor) and factor.as_fraction() > 0:
                    for prime, n in primes(Fraction(factor.as_fraction())):
                        name, old = str(prime), counts.get(str(prime), (None, 0))[1]
                        counts[name] = z3.RealVal(prime), old + n
                elif self.seen_positive(factor):
                    counts[str(factor)] = factor, counts.get(str(factor), (None, 0))[1] + 1
                else:
                    rest = rest * self.real(factor) ** sign  # type: ignore[assignment]
            for name, (factor, n) in counts.items():
                if name in self._logs:
                    exponent = self._logs[name] * self.leaf(Fraction(sign * n * p, q))
                    found = found * self._exp(exponent)  # type: ignore[arg-type]
                    continue
                if name in self._roots:
                    power, more = self._roots[name]
                    share = Fraction(sign * n * p, q * more)
                    found = found * self.root(power, share.numerator, share.denominator)
                    continue
                whole, left = divmod(sign * n * p, q)
                found = found * self.real(factor) ** whole
                found = (
                    found * self._root_atom(self.real(factor), q, True) ** left if left else found
                )
        if not is_one(rest.top) or not is_one(rest.bottom):
            found = found * self._root_atom(rest, q, False) ** p
        return found  # type: ignore[return-value]

    def _root_atom(self, real: Real, q: int, positive: bool) -> Real:
        key = ("root", key_of(real), q)
        new = key not in self._atoms
        number = self._number(key, positive)
        if new:
            real_root = (real - self.leaf(0)).related(">=")  # type: ignore[attr-defined]
            power = (self.real(number) ** q - real).related("==")  # type: ignore[attr-defined]
            self.defined.append(real_root)
            self.axioms += [number >= 0, z3.Implies(real_root, power)]
            if positive:
                self._roots[str(number)] = real, q
        return self.real(number)

    # --- angles

    def _turn(self, real: Real) -> tuple[Value, Value]:
        """Cosine and sine."""
        turned: tuple[Value, Value] = self.leaf(1), self.leaf(0)
        pi = self._atoms.get("pi")
        for share, rest in terms(real):
            quarter = 2 * share
            if (
                pi is not None
                and rest.top.eq(pi)
                and is_one(rest.bottom)
                and quarter.denominator == 1
            ):
                c, s = [(1, 0), (0, 1), (-1, 0), (0, -1)][int(quarter) % 4]
                turned = _together(turned, (self.leaf(c), self.leaf(s)))
                continue
            one = self._angle(rest, share.denominator)
            if share < 0:
                one = one[0], -one[1]
            for _ in range(abs(share.numerator)):
                turned = _together(turned, one)
        return turned

    def _angle(self, rest: Real, q: int) -> tuple[Value, Value]:
        key = ("cos", key_of(rest), q)
        new = key not in self._atoms
        numbers = self._atom(key), self._atom(("sin", *key[1:]))
        cosine, sine = map(self.real, numbers)
        if new:
            self.axioms.append((cosine * cosine + sine * sine - 1).related("=="))  # type: ignore[attr-defined]
            if q > 1:
                turned: tuple[Value, Value] = cosine, sine
                for _ in range(q - 1):
                    turned = _together(turned, (cosine, sine))
                whole = self._angle(rest, 1)
                self.axioms += [(a - b).related("==") for a, b in zip(turned, whole)]  # type: ignore[attr-defined]
        return cosine, sine

    def by_cases(self, cases: list[tuple[Any, Value]]) -> Real:
        """The value of the first case that holds."""
        number = z3.FreshReal("#case")
        before: list[Any] = []
        for holds, value in cases:
            here = z3.And([z3.Not(b) for b in before] + [holds])
            equal = (self.real(number) - value).related("==")  # type: ignore[attr-defined]
            self.axioms.append(z3.Implies(here, equal))
            before.append(holds)
        self.defined.append(z3.Or(before))
        return self.real(number)


def _together(a: tuple[Value, Value], b: tuple[Value, Value]) -> tuple[Value, Value]:
    """Cosine and sine of a sum."""
    return a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]
