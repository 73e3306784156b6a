"""Vectors and matrices of numbers, for the numeric route: arithmetic that refuses what is none of vectors.

A number times a column and a sum of columns are columns; a number added to one, a product, power or absolute
value of columns raise `NumericError`. So a claim in which a norm was forgotten is refused for that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import mpmath as mp


class NumericError(ValueError):
    """The value cannot be computed: an unknown node, or a sum or integral that does not settle."""


class Column:
    """A vector of mpmath numbers."""

    __slots__ = ("entries",)

    def __init__(self, entries: Sequence[Any]) -> None:
        self.entries = tuple(entries)

    def __len__(self) -> int:
        return len(self.entries)

    def _beside(self, other: Any) -> Sequence[Any]:
        if isinstance(other, Column) and len(other) == len(self):
            return other.entries
        if not isinstance(other, Column) and other == 0:  # an empty sum is the zero of any kind
            return [mp.mpf(0)] * len(self)
        raise NumericError("a vector is added to what is no vector of its dimension")

    def __add__(self, other: Any) -> Column:
        return Column([a + b for a, b in zip(self.entries, self._beside(other), strict=True)])

    __radd__ = __add__

    def __sub__(self, other: Any) -> Column:
        return Column([a - b for a, b in zip(self.entries, self._beside(other), strict=True)])

    def __rsub__(self, other: Any) -> Column:
        return Column([b - a for a, b in zip(self.entries, self._beside(other), strict=True)])

    def __mul__(self, number: Any) -> Column:
        if isinstance(number, Column | Table):
            raise NumericError("a product of vectors: write dot(x, y), or act(A, x)")
        return Column([a * number for a in self.entries])

    __rmul__ = __mul__

    def __pow__(self, power: Any) -> NoReturn:
        raise NumericError("a power of a vector: write norm2(x)")

    def __abs__(self) -> NoReturn:
        raise NumericError("an absolute value of a vector: write sqrt(norm2(x))")

    def __pos__(self) -> Column:
        return Column([+a for a in self.entries])

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Column):
            return self.entries == other.entries
        return other == 0 and not any(self.entries)

    def __hash__(self) -> int:
        return hash(self.entries)

    def __str__(self) -> str:
        return f"[{'; '.join(mp.nstr(a, 3) for a in self.entries)}]"


class Table:
    """A square matrix of mpmath numbers, known by its identity."""

    __slots__ = ("rows",)

    def __init__(self, rows: Sequence[Sequence[Any]]) -> None:
        self.rows = tuple(map(tuple, rows))

    def __abs__(self) -> NoReturn:
        raise NumericError("a side is a matrix: apply it to a vector")

    @property
    def columns(self) -> tuple[tuple[Any, ...], ...]:
        """Its columns."""
        return tuple(zip(*self.rows, strict=True))

    def scaled(self, number: Any) -> Table:
        """A number times it."""
        return Table([[number * a for a in row] for row in self.rows])

    def plus(self, other: Table) -> Table:
        """The sum with another."""
        pairs = zip(self.rows, other.rows, strict=True)
        return Table([[a + b for a, b in zip(*two, strict=True)] for two in pairs])

    def times(self, other: Table) -> Table:
        """The matrix product with another."""
        return Table([[inner(row, column) for column in other.columns] for row in self.rows])

    def on(self, column: Column) -> Column:
        """The matrix applied to a column."""
        return Column([inner(row, column.entries) for row in self.rows])

    def transposed(self) -> Table:
        """Its transpose."""
        return Table(self.columns)


def inner(one: Sequence[Any], other: Sequence[Any]) -> Any:
    """The inner product of two sequences of numbers."""
    return mp.fsum(a * b for a, b in zip(one, other, strict=True))


def identity(size: int) -> Table:
    """The identity matrix."""
    return Table([[mp.mpf(int(i == j)) for j in range(size)] for i in range(size)])


def size(value: Any) -> Any:
    """The absolute value of a number, the Euclidean norm of a column."""
    return mp.sqrt(inner(value.entries, value.entries)) if isinstance(value, Column) else abs(value)


def imaginary(value: Any) -> bool:
    """Whether a number, or an entry of a column, has an imaginary part."""
    entries = value.entries if isinstance(value, Column) else (value,)
    return any(mp.im(entry) != 0 for entry in entries)
