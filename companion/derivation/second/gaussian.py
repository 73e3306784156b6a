"""Means under a Gaussian and integrals over the line, exactly: by moments, and by completing the square."""

from __future__ import annotations

from collections.abc import Callable
from math import comb, prod

from .values import Bells, Series, Unknown, Value


def moment(p: Value, level: int, mean: Value, variance: Value) -> Value:
    """The mean of a polynomial in the variable of a level under N(mean, variance)."""
    if p.level < level:
        return p
    assert isinstance(p, Series)
    powers, spreads = [p.leaf(1)], [p.leaf(1)]
    for _ in p.terms[1:]:
        powers.append(powers[-1] * mean)
        spreads.append(spreads[-1] * variance)
    total = p.terms[0]
    for n, a in enumerate(p.terms[1:], 1):
        for k in range(0, n + 1, 2):
            ways = comb(n, k) * prod(range(k - 1, 0, -2))  # (k - 1)!! pairings
            total = total + a * ways * powers[n - k] * spreads[k // 2]
    return total


def over_the_line(f: Value, level: int, positive: Callable[[Value], bool]) -> Value:
    """The integral of a sum of bell curves in the variable of a level, from minus to plus infinity.

    Raises:
        Unknown: if a part is no bell curve, or its curvature is not seen to be negative.
    """
    if not (isinstance(f, Bells) and f.level == level):
        raise Unknown("an integral over the line of what is no sum of bell curves")
    total = f.leaf(0)
    for p, q in f.parts:
        terms = [*q.terms, f.leaf(0), f.leaf(0)][: max(3, len(q.terms))]
        c, b, a = terms[:3]
        a = -a
        if len(terms) > 3 or not positive(a):
            raise Unknown("a bell curve whose curvature is not seen to be negative")
        mass = (f.constant().apply("pi") / a).root(f.leaf(1) / 2)
        height = (c + b * b / (4 * a)).apply("exp")
        total = total + mass * height * moment(p, level, b / (2 * a), 1 / (2 * a))
    return total
