"""Ball arithmetic (Arb, through python-flint): both sides enclosed, rigorously, at exact points.

Each number is a ball that is proved to hold the true value. Where the ball of left - right does not contain
0 the claim is false; where it does and is narrow, the two sides are equal to so many digits, rounding
included.
Johansson, *Arb: efficient arbitrary-precision midpoint-radius interval arithmetic* (2017).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import mpmath as mp
import sympy as sp
from flint import acb, arb, ctx

from ..agreement import EXACT
from ..step import Step
from .scene import Scene, decided
from .values import Series, Unknown, Value, rebuilt
from .walk import coordinates, value

PRECISIONS = (192, 384, 768)
"""Bits that are carried, more where the balls are too wide."""

DIGITS = 40
"""Digits to which both sides must be enclosed."""

EVALUATIONS = 5_000
"""Values of an integrand after which an integral counts as not known."""


DEEPEST, PIECES = 100, 500
"""How often the range of an integral is halved at a point, and how many pieces are halved in all."""


class Unseen(Unknown):
    """What more bits may decide."""


class Outside(Exception):
    """The ball of left - right excludes 0, so the claim is false; says where, and the ball."""

    def __init__(self, place: dict[Any, Any], ball: str) -> None:
        super().__init__(ball)
        self.place, self.ball = place, ball


@dataclass(frozen=True)
class Enclosure:
    """What ball arithmetic has found: at how many points, and the least number of digits; or why nothing."""

    points: int = 0
    digits: int = 0
    why_not: str = ""


class Ball(Value):
    """A real ball, or a complex one under an integral.

    Attributes:
        analytic: whether a function must be analytic on all of a complex ball, or has no value there: an
            integral is cut into pieces until it is, and near a cut it is enclosed without. What an outer
            integral requires holds for inner ones too.
    """

    analytic: ClassVar[bool] = False

    def __init__(self, raw: Any) -> None:
        self.raw = raw

    def leaf(self, number: Any) -> Ball:
        return Ball(arb(number))

    def constant(self) -> Ball:
        return self

    def plus(self, other: Value) -> Value:
        return Ball(self.raw + other.raw)  # type: ignore[attr-defined]

    def times(self, other: Value) -> Value:
        return Ball(self.raw * other.raw)  # type: ignore[attr-defined]

    def inverse(self) -> Value:
        return Ball(1 / self.raw)

    def apply(self, name: str) -> Value:
        if name == "pi":
            return Ball(arb.pi())
        if isinstance(self.raw, acb):
            if name in ("asin", "acos", "atan", "asinh"):
                raise Unknown(f"{name} under an integral")  # it has cuts in the complex plane
            return Ball(
                self.raw.log(analytic=Ball.analytic) if name == "log" else getattr(self.raw, name)()
            )
        return Ball(getattr(self.raw, name)())

    def root(self, power: Value) -> Value:
        exponent = decided(power).raw  # type: ignore[attr-defined]
        half = 2 * exponent == 1
        if isinstance(self.raw, acb):
            found = (
                self.raw.sqrt(analytic=Ball.analytic)
                if half
                else self.raw.pow(acb(exponent), analytic=Ball.analytic)
            )
            return Ball(found)
        return Ball(self.raw.sqrt() if half else self.raw**exponent)


class Balls(Scene):
    """A point: balls for symbols, the functions that were drawn."""

    def leaf(self, number: Any) -> Value:
        return Ball(arb(number))

    def call(self, head: Any, arguments: list[Value]) -> Value:
        return self.known[head](*arguments)

    def positive(self, value: Value) -> bool:
        raw = decided(value).raw  # type: ignore[attr-defined]
        return not isinstance(raw, acb) and bool(raw > 0)

    def whole(self, value: Value) -> int | None:
        raw = getattr(value, "raw", None)
        if not isinstance(raw, arb) or not raw.is_exact() or not raw.is_integer():
            return None
        return int(str(raw.unique_fmpz()))

    def compare(self, relation: str, left: Value, right: Value) -> bool:
        gap = left - right
        raw = decided(gap).raw  # type: ignore[attr-defined]
        raw = raw.real if isinstance(raw, acb) else raw
        if raw > 0 or raw < 0:
            signs = {"<": raw < 0, "<=": raw < 0, ">": raw > 0, ">=": raw > 0}
            return bool(signs.get(relation, relation == "!="))
        if raw.is_zero() and not isinstance(gap, Series):
            return relation in ("==", "<=", ">=")
        raise Unseen("which of two values is larger is not seen")

    def choose(self, cases: list[tuple[Any, Value]]) -> Value:
        for holds, result in cases:
            if holds:
                return result
        raise Unknown("no case holds")

    def integral(self, f: Callable[[Value], Value], low: Value, high: Value) -> Value:
        """Each coefficient of the integrand by Petras' algorithm, over 0 < u < 1."""

        def at(u: Any) -> Value:
            return f(low + (high - low) * Ball(u)) * (high - low)

        shape = at(acb(0.5))
        _seen_real(at)
        count = len(list(_leaves(shape)))
        return rebuilt(shape, iter([Ball(_quadrature(at, k)) for k in range(count)]))


def _seen_real(at: Callable[[Any], Value]) -> None:
    """Cut 0 < u < 1 into pieces until the integrand is finite in real arithmetic on each.

    The complex integral would take a logarithm or a root of what is negative for a value.

    Raises:
        Unknown: if so many pieces are left; around a point where a root begins there are few.
    """
    pieces, failed = [(0, 0)], 0
    while pieces:
        k, depth = pieces.pop()
        if depth < DEEPEST and not _real_on(at, (k + arb(0.5, 0.5)) * arb(2) ** -depth):
            failed += 1
            pieces += [(2 * k, depth + 1), (2 * k + 1, depth + 1)]
        if failed > PIECES:
            raise Unknown("an integrand that is not seen to be real")


def _real_on(at: Callable[[Any], Value], piece: Any) -> bool:
    try:
        return all(part.raw.is_finite() for part in _leaves(at(piece)))
    except Unknown:  # of a smaller piece it may be known
        return False


def _quadrature(at: Callable[[Any], Value], k: int) -> Any:
    failed: list[Unknown] = []

    def integrand(u: Any, analytic: bool) -> Any:
        before, Ball.analytic = Ball.analytic, bool(analytic) or Ball.analytic
        try:
            return acb(list(_leaves(at(u)))[k].raw)
        except Unknown as error:  # nothing is raised through the integration, which is written in C
            failed[:] = [error]
            return acb("nan", "nan")
        finally:
            Ball.analytic = before

    found = acb.integral(integrand, 0, 1, eval_limit=EVALUATIONS, rel_tol=arb(2) ** (8 - ctx.prec))
    if not found.is_finite():
        raise failed[0] if failed else Unknown("an integral that is not enclosed")
    return found.real


def _leaves(value: Value) -> Iterator[Any]:
    if isinstance(value, Series) and value.length is not None:
        for term in value.terms:
            yield from _leaves(term)
    elif isinstance(value, Ball):
        yield value
    else:
        raise Unknown("an integral in what is integrated over outside of it")


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """So many bits are carried in this block."""
    before, ctx.prec = ctx.prec, bits
    try:
        yield
    finally:
        ctx.prec = before


def enclosed(step: Step, places: list[dict[Any, Any]]) -> Enclosure:
    """Enclose both sides of a step at the points.

    Raises:
        Outside: where the claim is refuted.
    """
    # all, and all coordinates of a vector: a later one may refute it
    found = [_at(step, at) for place in places for at in coordinates(step.right, place)]
    digits = [n for n in found if isinstance(n, int)]
    missed = [why for why in found if isinstance(why, str)]
    if missed or not digits:
        return Enclosure(why_not=[*missed, "no points"][0])
    return Enclosure(len(places), min(digits))


def _at(step: Step, place: dict[Any, Any]) -> int | str:
    """The digits to which a step is enclosed at a point, or why it is not."""
    why = ""
    for bits in PRECISIONS:
        with precision(bits):
            try:
                left, right = (_side(side, place) for side in (step.left, step.right))
            except Unknown as error:
                why = str(error)
                if isinstance(error, Unseen):
                    continue  # more bits may show it
                return why
            found = _compared(step, place, left, right)
            if not isinstance(found, str):
                return found
            why = found
    return why


def _side(side: sp.Expr, place: dict[Any, Any]) -> Any:
    known = {
        key: Ball(arb(number)) if isinstance(number, mp.mpf) else number
        for key, number in place.items()
    }
    found = value(side, Balls(known))
    if not isinstance(found, Ball) or not isinstance(found.raw, arb):
        raise Unknown("a side is not real")
    return found.raw


def _compared(step: Step, place: dict[Any, Any], left: Any, right: Any) -> int | str:
    gap = left - right if step.relation == ">=" else right - left
    if not gap.is_finite():
        return "the balls are not finite"
    if (step.relation == "=" and not gap.contains(0)) or (step.relation != "=" and gap < 0):
        sides = f"left {left.str(12)}, right {right.str(12)}"
        raise Outside(place, sides)
    if step.relation != "=":
        seen = gap > 0 or (gap.is_zero() and step.equality)
        return EXACT if seen else "the balls are too wide to tell the sides apart"
    exact = left.is_zero() or right.is_zero()
    scale = arb(1) if exact else max(left.abs_lower(), right.abs_lower())
    if not scale > 0:
        return "the balls are too wide: both sides contain 0"
    share = gap.abs_upper() / scale
    if not share < arb(10) ** -DIGITS:
        return f"the balls are too wide: {share.str(2, radius=False)} of the sides"
    return _digits(share)


def _digits(share: Any) -> int:
    n = DIGITS
    while n < EXACT and share < arb(10) ** -(n + 1):
        n += 1
    return n
