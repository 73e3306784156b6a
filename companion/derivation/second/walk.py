"""The walk of the second provers over an expression: what each node means, for any kind of `Value`.

Nothing is simplified and nothing of SymPy's algebra, of the numeric route or of the tactics is used. A node
that is not known raises `Unknown`. An operator that is imported only where it is used registers with `value`
in its own file.
"""

from __future__ import annotations

from functools import reduce, singledispatch
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.logic.boolalg import BooleanFalse, BooleanTrue

from ..operators.abbreviation import Abbreviation
from ..operators.normal import Normal
from .scene import Scene
from .values import Unknown, Value


@singledispatch
def value(expr: Any, scene: Scene) -> Value:
    """The value of a node in a scene.

    Raises:
        Unknown: for a node that no rule knows.
    """
    raise Unknown(f"{type(expr).__name__} is not known")


@value.register
def _(expr: sp.Symbol, scene: Scene) -> Value:
    return scene.symbol(expr)


@value.register
def _(expr: sp.Rational, scene: Scene) -> Value:
    whole = scene.leaf(int(expr.p))
    return whole if expr.q == 1 else whole / int(expr.q)


@value.register(type(sp.pi))
def _(expr: Any, scene: Scene) -> Value:
    return scene.leaf(0).apply("pi")


@value.register(type(sp.E))
def _(expr: Any, scene: Scene) -> Value:
    return scene.leaf(1).apply("exp")


@value.register
def _(expr: sp.Add, scene: Scene) -> Value:
    return reduce(lambda a, b: a + b, (value(a, scene) for a in expr.args))


@value.register
def _(expr: sp.Mul, scene: Scene) -> Value:
    return reduce(lambda a, b: a * b, (value(a, scene) for a in expr.args))


@value.register
def _(expr: sp.Pow, scene: Scene) -> Value:
    base = value(expr.base, scene)
    if isinstance(expr.exp, sp.Integer):
        return base ** int(expr.exp)
    power = value(expr.exp, scene)
    if (whole := scene.whole(power)) is not None:
        return base**whole
    return base.root(power) if power.level == 0 else (power * base.apply("log")).apply("exp")


@value.register
def _(expr: Abbreviation, scene: Scene) -> Value:
    return value(expr.definition, scene)


@value.register
def _(expr: AppliedUndef, scene: Scene) -> Value:
    return scene.call(expr.func, [value(a, scene) for a in expr.args])


@singledispatch
def coordinates(node: Any, place: dict[Any, Any]) -> list[dict[Any, Any]]:
    """The places at which a side has one number: this one, or for a vector one for each coordinate."""
    return [place]


@coordinates.register(sp.Add)
@coordinates.register(sp.Mul)
def _(node: sp.Expr, place: dict[Any, Any]) -> list[dict[Any, Any]]:
    return max(
        (coordinates(part, place) for part in node.args), key=lambda found: COORDINATE in found[0]
    )


@coordinates.register
def _(node: Abbreviation, place: dict[Any, Any]) -> list[dict[Any, Any]]:
    return coordinates(node.definition, place)


COORDINATE = sp.Dummy("coordinate")
"""What the number of a coordinate is bound to where that coordinate is looked at."""


# --- functions

NAMES: dict[Any, str] = {
    sp.exp: "exp", sp.sin: "sin", sp.cos: "cos", sp.tan: "tan", sp.cot: "cot", sp.sinh: "sinh",
    sp.cosh: "cosh", sp.tanh: "tanh", sp.sech: "sech", sp.csch: "csch", sp.coth: "coth",
    sp.atan: "atan", sp.asin: "asin", sp.acos: "acos", sp.asinh: "asinh", sp.erf: "erf",
    sp.erfc: "erfc", sp.gamma: "gamma",
}  # fmt: skip
"""SymPy's functions of one argument, by the names of `Value.apply`."""


def _named(expr: Any, scene: Scene) -> Value:
    return value(expr.args[0], scene).apply(NAMES[type(expr)])


for _kind in NAMES:
    value.register(_kind)(_named)


@value.register
def _(expr: sp.log, scene: Scene) -> Value:
    return log_of(expr.args[0], scene)


def log_of(expr: sp.Expr, scene: Scene) -> Value:
    """A logarithm: of a product with a density in it, factor by factor, since that is a polynomial."""
    if isinstance(expr, Abbreviation):
        return log_of(expr.definition, scene)
    if isinstance(expr, Normal):
        factor, exponent = density(expr, scene)
        return factor.apply("log") + exponent
    if isinstance(expr, sp.Mul) and expr.has(Normal):
        return reduce(lambda a, b: a + b, (log_of(a, scene) for a in expr.args))
    if isinstance(expr, sp.Pow) and isinstance(expr.base, Normal):
        return value(expr.exp, scene) * log_of(expr.base, scene)
    return value(expr, scene).apply("log")


def density(law: Normal, scene: Scene) -> tuple[Value, Value]:
    """The factor and the exponent of a density."""
    z, mean, variance = (value(a, scene) for a in law.args)
    factor = (2 * scene.leaf(0).apply("pi") * variance).root(scene.leaf(-1) / 2)
    return factor, -((z - mean) ** 2) / (2 * variance)


@value.register
def _(expr: Normal, scene: Scene) -> Value:
    factor, exponent = density(expr, scene)
    return factor * exponent.apply("exp")


def _factorial(n: Value) -> Value:
    return (n + 1).apply("gamma")


@value.register
def _(expr: sp.factorial, scene: Scene) -> Value:
    return _factorial(value(expr.args[0], scene))


@value.register
def _(expr: sp.binomial, scene: Scene) -> Value:
    n, k = (value(a, scene) for a in expr.args)
    return _factorial(n) / (_factorial(k) * _factorial(n - k))


@value.register
def _(expr: sp.beta, scene: Scene) -> Value:
    a, b = (value(part, scene) for part in expr.args)
    return a.apply("gamma") * b.apply("gamma") / (a + b).apply("gamma")


# --- by cases


@value.register
def _(expr: sp.Abs, scene: Scene) -> Value:
    a = value(expr.args[0], scene)
    return scene.choose([(scene.compare(">=", a, scene.leaf(0)), a), (True, -a)])


@value.register
def _(expr: sp.sign, scene: Scene) -> Value:
    a, zero = value(expr.args[0], scene), scene.leaf(0)
    cases = [(scene.compare(">", a, zero), zero + 1), (scene.compare("<", a, zero), zero - 1)]
    return scene.choose([*cases, (True, zero)])


@value.register
def _(expr: sp.Max, scene: Scene) -> Value:
    return _extreme(expr, scene, ">=")


@value.register
def _(expr: sp.Min, scene: Scene) -> Value:
    return _extreme(expr, scene, "<=")


def _extreme(expr: Any, scene: Scene, relation: str) -> Value:
    best, *others = (value(a, scene) for a in expr.args)
    for a in others:
        best = scene.choose([(scene.compare(relation, best, a), best), (True, a)])
    return best


@value.register
def _(expr: sp.KroneckerDelta, scene: Scene) -> Value:
    a, b = (value(part, scene) for part in expr.args[:2])
    return scene.choose([(scene.compare("==", a, b), scene.leaf(1)), (True, scene.leaf(0))])


@value.register
def _(expr: sp.Piecewise, scene: Scene) -> Value:
    cases = []
    for result, where in expr.args:
        holds = condition(where, scene)
        if holds is not False:
            cases.append((holds, value(result, scene)))
        if holds is True:
            break
    return scene.choose(cases)


@singledispatch
def condition(where: Any, scene: Scene) -> Any:
    """Whether a relation holds, as what the scene decides by."""
    if getattr(where, "rel_op", None) in ("==", "!=", "<", "<=", ">", ">="):
        return scene.compare(where.rel_op, *(value(a, scene) for a in where.args))
    raise Unknown(f"the condition {type(where).__name__} is not known")


@condition.register
def _(where: BooleanTrue, scene: Scene) -> Any:
    return True


@condition.register
def _(where: BooleanFalse, scene: Scene) -> Any:
    return False
