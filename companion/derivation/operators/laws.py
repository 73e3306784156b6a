"""Laws of a random vector: of independent coordinates, or with one moment given and nothing else known."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import product
from typing import Any

import mpmath as mp
import sympy as sp

from .. import latex
from ..columns import Column
from ..conditions import meaningless
from ..exact import compute, exact
from ..notation import printed_name
from ..numeric import Environment, NumericError, compile_expression
from ..printed import named
from ..quadrature import gauss_hermite
from ..tree import open_names
from .expectation import _standard_moment
from .linear import VectorSymbol, dim
from .parts import granted

MOST_NODES = 5000
"""Points that the numeric route adds up at most."""


Points = Iterator[tuple[Any, Column]]
"""Weights, and vectors of numbers."""


class Law(sp.Expr):
    """A law of a random vector, ``Law(v)``."""

    tilde = ""
    """How it is printed; a random vector of which no more is known prints by itself."""

    def __new__(cls, variable: VectorSymbol, *more: Any) -> Law:  # noqa: D102
        return sp.Expr.__new__(cls, variable, *map(sp.sympify, more))

    def cumulant(self, order: int) -> sp.Expr | None:
        """That of one coordinate; None where it is not known."""
        raise NotImplementedError

    def points(self, env: Environment, size: int, degree: int) -> Points:
        """Weights and values whose sum is exact for polynomials of the degree."""
        raise NotImplementedError


class Independent(Law):
    """A law of independent coordinates, each of mean 0 and variance 1."""

    def moment(self, order: int) -> sp.Expr:
        """That of one coordinate."""
        raise NotImplementedError

    def cumulant(self, order: int) -> sp.Expr:
        """From the moments: each is a sum over the block of the first factor."""
        return _cumulant(tuple(self.moment(k) for k in range(order + 1)))

    def nodes(self, degree: int) -> list[tuple[Any, Any]]:
        """Weights and values of one coordinate."""
        raise NotImplementedError

    def points(self, env: Environment, size: int, degree: int) -> Points:  # noqa: D102
        nodes = self.nodes(degree)
        if len(nodes) ** size > MOST_NODES:
            raise NumericError(f"a mean of degree {degree} in {size} dimensions has too many terms")
        for each in product(nodes, repeat=size):
            yield mp.fprod(w for w, _ in each), Column([u for _, u in each])


class Gaussian(Independent):
    r"""The standard normal, :math:`\mathcal{N}(0, I)`."""

    tilde = r"\mathcal{N}(0,\, I)"

    def moment(self, order: int) -> sp.Expr:  # noqa: D102
        return _standard_moment(order)

    def nodes(self, degree: int) -> list[tuple[Any, Any]]:  # noqa: D102
        return [(w, u) for u, w in gauss_hermite(degree // 2 + 1, mp.mp.prec)]


class Signs(Independent):
    """Random signs (Rademacher)."""

    tilde = r"\{\pm 1\}^{d}"

    def moment(self, order: int) -> sp.Expr:  # noqa: D102
        return sp.Rational(1 + (-1) ** order, 2)

    def nodes(self, degree: int) -> list[tuple[Any, Any]]:  # noqa: D102
        return [(mp.mpf(1) / 2, mp.mpf(sign)) for sign in (-1, 1)]


class Isotropic(Law):
    r"""Any law with :math:`\mathbb{E}\,v v^{\mathsf T} = I`; nothing else is known, its mean neither."""

    def cumulant(self, order: int) -> sp.Expr | None:  # noqa: D102
        return sp.Integer(1) if order == 2 else None

    def points(self, env: Environment, size: int, degree: int) -> Points:
        """A few vectors along axes that are turned, the longer the less likely."""
        _given(self, degree)
        for weight, axis in _axes(size):
            yield weight, mp.mpf(1) / mp.sqrt(weight) * axis


class AnyLaw(Law):
    """Any law with the given mean and a finite mean square, ``AnyLaw(x, m)``; nothing else is known."""

    def cumulant(self, order: int) -> sp.Expr | None:  # noqa: D102
        return None

    def points(self, env: Environment, size: int, degree: int) -> Points:
        """A few vectors around the mean."""
        _given(self, degree)
        around = [(w, mp.mpf(k % 3 + 1) * axis) for k, (w, axis) in enumerate(_axes(size), 1)]
        around.append((mp.mpf(1), Column([mp.mpf(k + 1) / 7 for k in range(size)])))
        middle: Any = sum((w / 2 * v for w, v in around), mp.mpf(0))
        mean = compile_expression(self.args[1])(env)
        if not isinstance(mean, Column):
            raise NumericError(f"{self.args[1]} is no vector")
        for weight, value in around:
            yield weight / 2, mean + value - middle


def _given(law: Law, degree: int) -> None:
    if degree > 2:
        raise NumericError(
            f"a mean of degree {degree} over {law}, of which no such moment is given"
        )


@cache
def _cumulant(moments: tuple[sp.Expr, ...]) -> sp.Expr:
    """Of the order of the last moment: what it has that blocks of smaller sizes do not explain."""
    order = len(moments) - 1
    less = (
        sp.binomial(order - 1, k - 1) * _cumulant(moments[: k + 1]) * moments[order - k]
        for k in range(1, order)
    )
    return sp.expand(moments[order] - sum(less))


def _axes(size: int) -> list[tuple[Any, Column]]:
    """Probabilities, and orthonormal vectors that lie along no axis: mirrored at a skew plane."""
    normal = [mp.sqrt(k + 2) for k in range(size)]
    square = mp.fsum(a**2 for a in normal)
    total = mp.mpf(size * (size + 1)) / 2
    return [
        (
            (k + 1) / total,
            Column([(i == k) - 2 * normal[i] * normal[k] / square for i in range(size)]),
        )
        for k in range(size)
    ]


@exact.register
def _(expr: Law) -> sp.Expr:
    return expr.func(expr.args[0], *(compute(a) for a in expr.args[1:]))


@meaningless.register
def _(node: Law) -> str:
    v, *given = node.args
    if not isinstance(v, VectorSymbol):
        return f"a law of {v}, which is no vector"
    itself = any(v in open_names(a).free_symbols for a in given)
    return f"a law of {v} by {v} itself" if itself else ""


@named.register
def _(node: Law) -> Iterator[tuple[str, Any]]:
    if not node.tilde:  # such a mean prints by the name of the vector alone
        yield rf"\mathbb{{E}}_{{{latex.latex(node.args[0])}}}", node


@named.register
def _(node: Signs) -> Iterator[tuple[str, Any]]:
    yield printed_name(dim.name), dim


@granted.register
def _(node: Signs) -> str:
    return rf"for independent fair signs ${latex.latex(node.args[0])}_i$"


@granted.register
def _(node: Isotropic) -> str:
    v = latex.latex(node.args[0])
    return rf"for any law with $\E\, {v} {v}^{{\mathsf T}} = I$"


@granted.register
def _(node: AnyLaw) -> str:
    v, mean = map(latex.latex, node.args)
    return rf"for any law of ${v}$ with mean ${mean}$ and finite $\E\, \|{v}\|^2$"
