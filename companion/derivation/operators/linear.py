r"""Vectors of symbolic dimension as sums of multiples of words of matrices, each applied to a symbol.

A vector is a symbol of its own kind, so sums and multiples are SymPy's own, and a claim may have vectors for
its sides. It is then claimed of every coordinate, in every dimension.
"""

from __future__ import annotations

from typing import Any

import mpmath as mp
import sympy as sp

from ..notation import LATEX
from ..numeric import Environment
from ..tree import open_names, opened
from .words import EMPTY, Word, flipped, matrix_of, word_key, words

DIMENSIONS = (1, 2, 3, 5)
"""What the numeric route takes for the dimension, in turn."""


class DimensionSymbol(sp.Symbol):
    """A positive integer: how many coordinates there are."""


class VectorSymbol(sp.Symbol):
    """A vector symbol of ``dim`` real coordinates."""


dim = DimensionSymbol("d", positive=True, integer=True)
"""The dimension of every vector and matrix."""


def vector(name: str, latex: str | None = None) -> VectorSymbol:
    """A vector, registered with its printed form."""
    if latex is not None:
        LATEX[name] = latex
    return VectorSymbol(name, real=True)


class NotLinear(ValueError):
    """What should be a vector is none: no sum of multiples of vectors."""


class Act(sp.Expr):
    """The vector that a matrix makes of a vector, ``A x``."""

    is_extended_real = True

    def __new__(cls, matrix: Any, argument: Any) -> Act:  # noqa: D102
        return sp.Expr.__new__(cls, sp.sympify(matrix), sp.sympify(argument))

    def _eval_derivative(self, symbol: sp.Symbol) -> sp.Expr:
        slope = self.args[1].diff(symbol)
        return slope and Act(self.args[0], slope)


class InnerProduct(sp.Expr):
    """The inner product of two vectors; of a vector with itself its squared norm."""

    is_extended_real = True

    def __new__(cls, one: Any, other: Any) -> InnerProduct:  # noqa: D102
        return sp.Expr.__new__(cls, sp.sympify(one), sp.sympify(other))

    def _eval_derivative(self, symbol: sp.Symbol) -> sp.Expr:
        u, v = self.args
        pairs = ((u.diff(symbol), v), (u, v.diff(symbol)))
        return sp.Add(*(InnerProduct(a, b) for a, b in pairs if a != 0 and b != 0))


def dot(one: Any, other: Any) -> InnerProduct:
    r""":math:`\langle x, y \rangle`.

    Raises:
        NotLinear: if one of them is no vector.
    """
    for part in (one, other):
        linear(open_names(sp.sympify(part)))
    return InnerProduct(one, other)


def norm2(one: Any) -> InnerProduct:
    r""":math:`\|x\|^2`, see `dot`."""
    return dot(one, one)


def act(matrix: sp.MatrixExpr, argument: Any) -> Act:
    """``A x``, see `dot`."""
    linear(open_names(sp.sympify(argument)))
    return Act(matrix, argument)


def quadratic(matrix: sp.MatrixExpr, one: Any, other: Any = None) -> InnerProduct:
    r""":math:`x^{\mathsf T} A\, y`; ``y`` is ``x`` where it is left out."""
    return dot(one, act(matrix, one if other is None else other))


# --- a vector as a sum of multiples of words of matrices, each applied to a symbol

Leg = tuple[Word, sp.Expr]
"""A word of matrices, and the vector that it is applied to."""


def is_symbol(node: Any) -> bool:
    """Whether a node is a vector that is not taken apart: a symbol, or a name of a vector."""
    if isinstance(node, VectorSymbol):
        return True
    return opened(node) is not node and is_vector(open_names(node))


def is_vector(node: Any) -> bool:
    """Whether an expression is a vector; a name is one if what it stands for is."""
    try:
        return bool(linear(node))
    except NotLinear:
        return False


def linear(expr: sp.Expr) -> dict[Leg, sp.Expr]:
    """The coefficients of a vector; empty for zero.

    Raises:
        NotLinear: if ``expr`` is no vector.
    """
    found: dict[Leg, sp.Expr] = {}
    for term in sp.Add.make_args(sp.expand(expr)):
        if term == 0:
            continue
        vectors = [f for f in sp.Mul.make_args(term) if isinstance(f, Act) or is_symbol(f)]
        if len(vectors) != 1:
            raise NotLinear(f"{term} is no vector: expected a sum of numbers times vectors")
        (base,) = vectors
        rest = term / base
        if _has_vectors(rest):
            raise NotLinear(f"{term} is no number times a vector")
        for leg, number in _of(base).items():
            found[leg] = found.get(leg, sp.Integer(0)) + rest * number
    return {leg: number for leg, number in found.items() if number != 0}


def _of(base: sp.Expr) -> dict[Leg, sp.Expr]:
    if not isinstance(base, Act):
        return {(EMPTY, base): sp.Integer(1)}
    found: dict[Leg, sp.Expr] = {}
    for before, scale in words(base.args[0]).items():
        for (word, symbol), number in linear(base.args[1]).items():
            leg = before + word, symbol
            found[leg] = found.get(leg, sp.Integer(0)) + scale * number
    return found


def _has_vectors(expr: sp.Expr) -> bool:
    """Whether a vector stands in an expression outside of an inner product."""
    if isinstance(expr, Act) or is_symbol(expr):
        return True
    return isinstance(expr, sp.Add | sp.Mul | sp.Pow) and any(map(_has_vectors, expr.args))


def applied(word: Word, symbol: sp.Expr) -> sp.Expr:
    """A word applied to a symbol."""
    return Act(matrix_of(word), symbol) if word else symbol


def form(left: sp.Expr, word: Word, right: sp.Expr) -> sp.Expr:
    """The inner product of ``left`` and ``word`` applied to ``right``, the same whichever way it is read."""
    read = [(left, word, right), (right, flipped(word), left)]
    one, middle, other = min(read, key=lambda way: (str(way[0]), str(way[2]), word_key(way[1])))
    return InnerProduct(one, applied(middle, other))


def dimension_in(environment: Environment, number: int) -> int:
    """The dimension of a point, from the number of its draw: every one of `DIMENSIONS` has its turn."""
    return int(environment.setdefault(dim, mp.mpf(DIMENSIONS[number % len(DIMENSIONS)])))
