"""What the second provers make of vectors: ball arithmetic by coordinates, at the dimension of each point.

Inner products, traces and means are sums over indices here, each term a number: no algebra of words, no
cumulants. That shows a claim in the dimensions of the points and in no other, which is why z3, whose proofs
are for all numbers, is told that it does not know vectors.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce, singledispatch
from itertools import product
from typing import Any

import sympy as sp

from ..columns import Column
from ..second.gaussian import moment
from ..second.scene import Scene
from ..second.values import Series, Unknown, Value
from ..second.walk import COORDINATE, coordinates, value
from .kl import KL
from .laws import Gaussian, Law, Signs
from .linear import Act, InnerProduct, VectorSymbol, dim
from .normal import Normal
from .traces import Frobenius, OverCoordinates
from .vector_means import VectorMean
from .vector_normal import VectorKL, VectorNormal


@coordinates.register(VectorSymbol)
@coordinates.register(Act)
def _(node: sp.Expr, place: dict[Any, Any]) -> list[dict[Any, Any]]:
    return [{**place, COORDINATE: k} for k in range(int(place[dim]))]


@coordinates.register
def _(node: VectorMean, place: dict[Any, Any]) -> list[dict[Any, Any]]:
    return coordinates(node.args[0], place)


def _size(scene: Scene) -> int:
    found = scene.whole(scene.known[dim]) if dim in scene.known else None
    if found is None:
        raise Unknown("vectors of any dimension")
    return found


def _each(scene: Scene) -> list[Scene]:
    """The scene at every coordinate."""
    return [scene.bind(COORDINATE, k) for k in range(_size(scene))]  # type: ignore[arg-type]


def _sum(scene: Scene, terms: list[Value]) -> Value:
    return reduce(lambda a, b: a + b, terms, scene.leaf(0))


def _coordinate(scene: Scene) -> int:
    if COORDINATE not in scene.known:
        raise Unknown("a side that is a vector")
    return int(scene.known[COORDINATE])


@value.register
def _(expr: VectorSymbol, scene: Scene) -> Value:
    k = _coordinate(scene)
    if expr not in scene.known:
        raise Unknown("vectors of any dimension")
    entry = scene.known[expr].entries[k]
    return entry if isinstance(entry, Value) else scene.leaf(entry)


@value.register
def _(expr: InnerProduct, scene: Scene) -> Value:
    u, v = expr.args
    return _sum(scene, [value(u, at) * value(v, at) for at in _each(scene)])


@value.register
def _(expr: Act, scene: Scene) -> Value:
    i, (matrix, argument) = _coordinate(scene), expr.args
    terms = [_entry(matrix, i, j, scene) * value(argument, at) for j, at in enumerate(_each(scene))]
    return _sum(scene, terms)


# --- matrices, by their entries


@singledispatch
def _entry(matrix: Any, i: int, j: int, scene: Scene) -> Value:
    raise Unknown(f"{type(matrix).__name__} is not known")


@_entry.register
def _(matrix: sp.MatrixSymbol, i: int, j: int, scene: Scene) -> Value:
    return scene.leaf(scene.known[matrix].rows[i][j])


@_entry.register
def _(matrix: sp.Identity, i: int, j: int, scene: Scene) -> Value:
    return scene.leaf(int(i == j))


@_entry.register
def _(matrix: sp.Transpose, i: int, j: int, scene: Scene) -> Value:
    return _entry(matrix.arg, j, i, scene)


@_entry.register
def _(matrix: sp.MatAdd, i: int, j: int, scene: Scene) -> Value:
    return _sum(scene, [_entry(part, i, j, scene) for part in matrix.args])


@_entry.register
def _(matrix: sp.MatMul, i: int, j: int, scene: Scene) -> Value:
    return _of_product(list(matrix.args), i, j, scene)


@_entry.register
def _(matrix: sp.MatPow, i: int, j: int, scene: Scene) -> Value:
    return _of_product([matrix.base] * int(matrix.exp), i, j, scene)


def _of_product(factors: list[Any], i: int, j: int, scene: Scene) -> Value:
    first, *rest = factors
    if not first.is_Matrix:
        return value(first, scene) * _of_product(rest, i, j, scene)
    if not rest:
        return _entry(first, i, j, scene)
    terms = (
        _entry(first, i, k, scene) * _of_product(rest, k, j, scene) for k in range(_size(scene))
    )
    return _sum(scene, list(terms))


@value.register
def _(expr: sp.Trace, scene: Scene) -> Value:
    return _sum(scene, [_entry(expr.arg, i, i, scene) for i in range(_size(scene))])


@value.register
def _(expr: Frobenius, scene: Scene) -> Value:
    indices = product(range(_size(scene)), repeat=2)
    return _sum(scene, [_entry(expr.args[0], i, j, scene) ** 2 for i, j in indices])


@value.register
def _(expr: OverCoordinates, scene: Scene) -> Value:
    def term(at: Scene) -> Value:
        i = _coordinate(at)
        parts = [_entry(p, i, i, at) if p.is_Matrix else value(p, at) for p in expr.args]
        return reduce(lambda a, b: a * b, parts, scene.leaf(1))

    return _sum(scene, [term(at) for at in _each(scene)])


# --- densities and means


@value.register
def _(expr: VectorNormal, scene: Scene) -> Value:
    return reduce(lambda a, b: a * b, [value(Normal(*expr.args), at) for at in _each(scene)])


@value.register
def _(expr: VectorKL, scene: Scene) -> Value:
    one = sp.Dummy("one", real=True)
    p, q = (Normal(one, *law.args[1:]) for law in expr.args)
    return _sum(scene, [value(KL(p, q), at) for at in _each(scene)])


@value.register
def _(expr: VectorMean, scene: Scene) -> Value:
    body, law = expr.args

    def at(entries: list[Value], inner: Scene) -> Value:
        return value(body, inner.bind(law.args[0], Column(entries)))  # type: ignore[arg-type]

    return _mean(law, at, scene)


@singledispatch
def _mean(law: Law, at: Callable[[list[Value], Scene], Value], scene: Scene) -> Value:
    raise Unknown("a law of which only some moments are given")


@_mean.register
def _(law: Signs, at: Callable[[list[Value], Scene], Value], scene: Scene) -> Value:
    every = list(product((-1, 1), repeat=_size(scene)))
    return _sum(scene, [at([scene.leaf(k) for k in signs], scene) for signs in every]) / len(every)


@_mean.register
def _(law: Gaussian, at: Callable[[list[Value], Scene], Value], scene: Scene) -> Value:
    inner, levels = scene, []
    for _ in range(_size(scene)):
        inner, level = inner.deeper()
        levels.append(level)
    zero, one = scene.leaf(0), scene.leaf(1)
    found = at([Series(level, [zero, one], None) for level in levels], inner)
    for level in reversed(levels):
        found = moment(found, level, zero, one)
    return found
