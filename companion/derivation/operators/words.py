r"""Square matrices of symbolic dimension: SymPy's matrix expressions, read as sums of multiples of words.

A letter of a word is a matrix or its transpose, and no two words commute. A matrix is general unless it is
made by ``symmetric``. There is no inverse: nothing here needs one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import sympy as sp


class Symmetric(sp.MatrixSymbol):
    """A matrix that is its own transpose."""


class Letter(NamedTuple):
    """A matrix, perhaps transposed."""

    matrix: sp.MatrixSymbol
    transposed: bool = False


Word = tuple[Letter, ...]
EMPTY: Word = ()
"""The identity."""


class Unreadable(ValueError):
    """A matrix expression that is no sum of multiples of words."""


def words(expr: Any) -> dict[Word, sp.Expr]:
    """The coefficients of a matrix.

    Raises:
        Unreadable: for a node that is not known here.
    """
    if isinstance(expr, sp.MatrixSymbol):
        return {(Letter(expr),): sp.Integer(1)}
    if isinstance(expr, sp.Identity):
        return {EMPTY: sp.Integer(1)}
    if isinstance(expr, sp.ZeroMatrix):
        return {}
    if isinstance(expr, sp.MatAdd):
        return _collected((w, c) for part in expr.args for w, c in words(part).items())
    if isinstance(expr, sp.Transpose):
        return _collected((flipped(w), c) for w, c in words(expr.arg).items())
    if isinstance(expr, sp.MatMul):
        return _product(list(expr.args))
    if isinstance(expr, sp.MatPow) and expr.exp.is_Integer and expr.exp > 0:
        return _product([expr.base] * int(expr.exp))
    raise Unreadable(f"{expr} is no sum of products of matrices")


def _product(factors: list[Any]) -> dict[Word, sp.Expr]:
    found: dict[Word, sp.Expr] = {EMPTY: sp.Integer(1)}
    for factor in factors:
        more = words(factor) if getattr(factor, "is_Matrix", False) else {EMPTY: factor}
        found = _collected((w + u, c * b) for w, c in found.items() for u, b in more.items())
    return found


def _collected(pairs: Iterable[tuple[Word, sp.Expr]]) -> dict[Word, sp.Expr]:
    found: dict[Word, sp.Expr] = {}
    for word, number in pairs:
        found[word] = sp.expand(found.get(word, sp.Integer(0)) + number)
    return {word: number for word, number in found.items() if number != 0}


def flipped(word: Word) -> Word:
    """The transpose of a word."""
    return tuple(
        le if isinstance(le.matrix, Symmetric) else le._replace(transposed=not le.transposed)
        for le in reversed(word)
    )


def word_key(word: Word) -> tuple[tuple[str, bool], ...]:
    """What words are sorted by."""
    return tuple((le.matrix.name, le.transposed) for le in word)


def round_trip(word: Word) -> Word:
    """The one that stands for all words of the same trace: rotated, transposed."""
    turns = [way[k:] + way[:k] for way in (word, flipped(word)) for k in range(max(len(word), 1))]
    return min(turns, key=word_key)


def matrix_of(word: Word) -> sp.MatrixExpr:
    """The SymPy matrix that a word stands for; not of the empty one."""
    parts = [sp.Transpose(le.matrix) if le.transposed else le.matrix for le in word]
    return sp.MatMul(*parts).doit()  # with powers, as SymPy writes it when it builds it again
