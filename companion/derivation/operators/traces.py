r"""Numbers that are made of matrices: traces, Frobenius norms, and sums over coordinates."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import mpmath as mp
import sympy as sp
from sympy.core.symbol import Str

from .. import latex, mutants
from ..columns import Column, Table
from ..exact import compute, exact
from ..notation import LATEX
from ..numeric import Compiled, Environment, NumericError, build, compile_expression
from ..printed import named
from ..symbolic import atom
from .linear import NotLinear, applied, dim, form, is_symbol, linear
from .matrices import shown
from .parts import granted
from .words import (
    EMPTY,
    Letter,
    Symmetric,
    Unreadable,
    Word,
    flipped,
    matrix_of,
    round_trip,
    words,
)

__all__ = ["Frobenius", "OverCoordinates", "matrix", "symmetric", "symmetric_part", "trace"]


def matrix(name: str, latex: str | None = None) -> sp.MatrixSymbol:
    """A general square matrix, registered with its printed form."""
    return _matrix(sp.MatrixSymbol, name, latex)


def symmetric(name: str, latex: str | None = None) -> Symmetric:
    """A symmetric matrix, registered with its printed form."""
    return _matrix(Symmetric, name, latex)


def _matrix(kind: Any, name: str, latex: str | None) -> Any:
    if latex is not None:
        LATEX[name] = latex
    return kind(Str(name), dim, dim)


trace = sp.Trace
r""":math:`\mathrm{tr}\,A`, SymPy's own."""


def symmetric_part(of: sp.MatrixExpr) -> sp.MatrixExpr:
    r""":math:`\frac12 (A + A^{\mathsf T})`."""
    return sp.MatMul(sp.Rational(1, 2), sp.MatAdd(of, sp.Transpose(of)))


class Frobenius(sp.Expr):
    """The squared Frobenius norm of a matrix: the sum of its squared entries."""

    is_extended_real = True

    def __new__(cls, of: Any) -> Frobenius:  # noqa: D102
        return sp.Expr.__new__(cls, sp.sympify(of))


class OverCoordinates(sp.Expr):
    r"""The sum over coordinates of a product: of vectors, and of diagonals of matrices.

    ``OverCoordinates(A, A, x)`` is :math:`\sum_i A_{ii}^2 x_i`.
    """

    is_extended_real = True

    def __new__(cls, *parts: Any) -> OverCoordinates:  # noqa: D102
        return sp.Expr.__new__(cls, *map(sp.sympify, parts))


# --- the exact route


def trace_of(word: Word) -> sp.Expr:
    """The trace of a word; that of the identity is the dimension."""
    turned = round_trip(word)
    return sp.Trace(matrix_of(turned)) if turned else dim


@exact.register
def _(expr: sp.Trace) -> sp.Expr:
    try:
        return sp.Add(*(c * trace_of(w) for w, c in words(expr.arg).items()))
    except Unreadable:
        return expr


@exact.register
def _(expr: Frobenius) -> sp.Expr:
    return compute(sp.Trace(sp.MatMul(sp.Transpose(expr.args[0]), expr.args[0])))


@exact.register
def _(expr: OverCoordinates) -> sp.Expr:
    total: list[tuple[sp.Expr, list[Any]]] = [(sp.Integer(1), [])]
    try:
        for part in expr.args:
            of = words(part) if part.is_Matrix else linear(compute(part))
            total = [(c * b, [*legs, leg]) for c, legs in total for leg, b in of.items()]
    except (Unreadable, NotLinear):
        return expr
    return sp.Add(*(c * over_coordinates(legs) for c, legs in total))


def over_coordinates(legs: list[Any]) -> sp.Expr:
    """The sum of a product of diagonals, each by its word, and of vectors, each by (word, symbol)."""
    diagonals = [leg for leg in legs if not _is_leg(leg)]
    vectors = [leg for leg in legs if _is_leg(leg)]
    diagonals = [word for word in diagonals if word != EMPTY]
    if not vectors and len(diagonals) <= 1:
        return trace_of(diagonals[0]) if diagonals else dim
    if not diagonals and len(vectors) == 2:
        (before, x), (word, y) = vectors
        return form(x, flipped(before) + word, y)
    faces = [min(matrix_of(w), matrix_of(flipped(w)), key=str) for w in diagonals]
    parts = sorted([*faces, *(applied(*leg) for leg in vectors)], key=str)
    return OverCoordinates(*parts)


def _is_leg(leg: Any) -> bool:
    return len(leg) == 2 and not isinstance(leg[1], Letter)


@atom.register(sp.Trace)
@atom.register(Frobenius)
@atom.register(OverCoordinates)
def _(expr: sp.Expr) -> tuple[sp.Expr, bool]:
    return expr, True


@granted.register
def _(node: sp.MatrixSymbol) -> str:
    return rf"for every square matrix ${shown(node)}$"


@granted.register
def _(node: Symmetric) -> str:
    return rf"for every symmetric matrix ${shown(node)}$"


# --- the numeric route: by the entries


@build.register
def _(expr: sp.Trace) -> Compiled:
    inside = compile_expression(expr.arg)
    return lambda env: mp.fsum(row[i] for i, row in enumerate(inside(env).rows))


@build.register
def _(expr: Frobenius) -> Compiled:
    inside = compile_expression(expr.args[0])

    def value(env: Environment) -> Any:
        table = inside(env)
        if not isinstance(table, Table):
            raise NumericError(f"{expr.args[0]} is taken for a matrix")
        return mp.fsum(a**2 for row in table.rows for a in row)

    return value


@build.register
def _(expr: OverCoordinates) -> Compiled:
    parts = [compile_expression(part) for part in expr.args]

    def value(env: Environment) -> Any:
        values = [part(env) for part in parts]
        if not all(isinstance(v, Column) or hasattr(v, "rows") for v in values):
            raise NumericError(f"{expr} has a factor that is no vector and no matrix")
        lists = [
            v.entries if isinstance(v, Column) else [row[i] for i, row in enumerate(v.rows)]
            for v in values
        ]
        return mp.fsum(mp.fprod(each) for each in zip(*lists, strict=True))

    return value


# --- on the page, and in wrong variants


@latex.typeset.register
def _(expr: sp.Trace, printer: latex.Printer) -> str:
    inside = expr.arg
    text = shown(inside)
    single = isinstance(inside, sp.MatrixSymbol | sp.Identity)
    return rf"\mathrm{{tr}}\, {text}" if single else rf"\mathrm{{tr}}\left({text}\right)"


@latex.typeset.register
def _(expr: Frobenius, printer: latex.Printer) -> str:
    return rf"\left\|{shown(expr.args[0])}\right\|_F^{{2}}"


@latex.typeset.register
def _(expr: OverCoordinates, printer: latex.Printer) -> str:
    factors = []
    for part in dict.fromkeys(expr.args):
        count = expr.args.count(part)
        plain = (part.is_Matrix and isinstance(part, sp.MatrixSymbol)) or is_symbol(part)
        text = shown(part) if part.is_Matrix else printer.doprint(part)
        text = text if plain and "_" not in text else rf"\left({text}\right)"
        factors.append(
            rf"{text}_{{{'ii' if part.is_Matrix else 'i'}}}"
            + (f"^{{{count}}}" if count > 1 else "")
        )
    return rf"\sum_{{i}} {' '.join(factors)}"


@named.register
def _(expr: OverCoordinates) -> Iterable[tuple[str, Any]]:
    return [("i", Str("the number of a coordinate"))]


@latex.own_brackets.register(sp.Trace)
@latex.own_brackets.register(Frobenius)
def _(expr: sp.Expr, level: int = 0) -> bool:
    return (isinstance(expr, sp.Trace) and not isinstance(expr.arg, sp.MatrixSymbol)) or level < 60


@latex.own_brackets.register
def _(expr: OverCoordinates, level: int = 0) -> bool:
    return False


@mutants.touched.register(sp.Trace)
@mutants.touched.register(Frobenius)
@mutants.touched.register(OverCoordinates)
def _(node: sp.Expr) -> Iterable[int]:
    return range(len(node.args))
