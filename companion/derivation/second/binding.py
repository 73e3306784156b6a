"""What binds a variable: derivatives, sums, means under a Gaussian, integrals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import reduce
from typing import Any

import sympy as sp

from ..operators.expectation import Expectation
from ..operators.kl import KL
from .gaussian import moment, over_the_line
from .scene import Scene
from .values import Bells, Series, Unknown, Value
from .walk import log_of, value


@value.register
def _(expr: sp.Derivative, scene: Scene) -> Value:
    return _differentiated(expr.expr, list(expr.variable_count), scene)


def _differentiated(expr: Any, by: list[Any], scene: Scene) -> Value:
    if not by:
        return value(expr, scene)
    *earlier, (variable, count) = by
    inner, level = scene.deeper()
    n = int(count)
    start = [scene.symbol(variable), scene.leaf(1)]
    series = _differentiated(expr, earlier, inner.bind(variable, Series(level, start, n + 1)))
    if series.level < level:
        return scene.leaf(0)
    assert isinstance(series, Series)
    result = series.terms[n] if len(series.terms) > n else scene.leaf(0)
    for k in range(2, n + 1):
        result = result * k
    return result


@value.register
def _(expr: sp.Subs, scene: Scene) -> Value:
    inner = scene
    for variable, point in zip(expr.variables, expr.point, strict=True):
        inner = inner.bind(variable, value(point, scene))
    return value(expr.expr, inner)


@value.register
def _(expr: sp.Sum, scene: Scene) -> Value:
    return added(expr.limits, scene, lambda inner: value(expr.function, inner))


@value.register
def _(expr: sp.Product, scene: Scene) -> Value:
    places = counted(expr.limits, scene)
    return reduce(lambda a, b: a * b, (value(expr.function, p) for p in places), scene.leaf(1))


def added(limits: Any, scene: Scene, term: Callable[[Scene], Value]) -> Value:
    """The sum of a term over integer ranges ``(index, low, high)``, the innermost first."""
    return reduce(lambda a, b: a + b, map(term, counted(limits, scene)), scene.leaf(0))


def counted(limits: Any, scene: Scene) -> Iterator[Scene]:
    """The scene with the indices bound to each of their values.

    Raises:
        Unknown: if an end is no known integer.
    """
    if not limits:
        yield scene
        return
    *inner, (index, low, high) = limits
    ends = [scene.whole(value(end, scene)) for end in (low, high)]
    if ends[0] is None or ends[1] is None:
        raise Unknown("a sum whose ends are no known integers")
    for k in range(ends[0], ends[1] + 1):
        yield from counted(inner, scene.bind(index, scene.leaf(k)))


def _itself(scene: Scene, level: int) -> Series:
    """The variable of a level, as a polynomial in itself."""
    return Series(level, [scene.leaf(0), scene.leaf(1)], None)


@value.register
def _(expr: KL, scene: Scene) -> Value:
    p, q = expr.args
    inner, level = scene.deeper()
    z = _itself(scene, level)
    logs = [log_of(law, inner.bind(law.args[0], z)) for law in (p, q)]
    mean, variance = (value(a, scene) for a in p.args[1:])
    return moment(logs[0] - logs[1], level, mean, variance)


@value.register
def _(expr: Expectation, scene: Scene) -> Value:
    return _mean(expr.args[0], list(expr.args[1:]), scene)


def _mean(body: Any, laws: list[Any], scene: Scene) -> Value:
    if not laws:
        return value(body, scene)
    *inner_laws, law = laws  # the last is the outermost
    inner, level = scene.deeper()
    z = _itself(scene, level)
    inside = inner.bind(law.args[0], z)
    f = _mean(body, inner_laws, inside)
    if isinstance(f, Bells) and f.level == level:
        return over_the_line(f * value(law, inside), level, scene.positive)
    mean, variance = (value(a, scene) for a in law.args[1:])
    return moment(f, level, mean, variance)


@value.register
def _(expr: sp.Integral, scene: Scene) -> Value:
    if any(len(bounds) != 3 for bounds in expr.limits):
        raise Unknown("an integral without ends")
    return _integrated(expr.function, list(expr.limits), scene)


def _integrated(body: Any, limits: list[Any], scene: Scene) -> Value:
    if not limits:
        return value(body, scene)
    *earlier, (variable, low, high) = limits
    inner, level = scene.deeper()

    def f(z: Value) -> Value:
        return _integrated(body, earlier, inner.bind(variable, z))

    z = _itself(scene, level)
    if (low, high) == (-sp.oo, sp.oo):
        return over_the_line(f(z), level, scene.positive)
    if {low, high} & {sp.oo, -sp.oo}:
        raise Unknown("an integral to infinity")
    ends = value(low, scene), value(high, scene)
    try:
        p = f(z)
        if p.level < level:
            return p * (ends[1] - ends[0])
        if isinstance(p, Series):
            primitive = p.of([scene.leaf(0), *(a / (k + 1) for k, a in enumerate(p.terms))])
            return primitive.at(ends[1]) - primitive.at(ends[0])
    except Unknown:
        pass
    return scene.integral(f, *ends)
