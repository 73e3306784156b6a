"""The inner product of vectors, and a matrix applied to one.

The exact route writes inner products, which are bilinear and symmetric, in terms of those of symbols. The
numeric route draws a dimension, and numbers for every entry.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from typing import Any

import mpmath as mp
import sympy as sp

from .. import latex, mutants
from ..columns import Column, inner
from ..conditions import meaningless
from ..exact import compute, exact
from ..notation import printed_name
from ..numeric import Compiled, Environment, NumericError, build, compile_expression
from ..printed import named
from ..rules import drawn, uniform
from ..symbolic import atom
from ..tree import open_names
from .linear import (
    Act,
    DimensionSymbol,
    InnerProduct,
    NotLinear,
    VectorSymbol,
    applied,
    dim,
    dimension_in,
    form,
    is_symbol,
    linear,
)
from .matrices import shown
from .parts import granted
from .words import flipped

__all__ = ["Act", "InnerProduct"]

# --- the exact route


@exact.register
def _(expr: InnerProduct) -> sp.Expr:
    u, v = (compute(part) for part in expr.args)
    try:
        left, right = linear(u), linear(v)
    except NotLinear:
        return InnerProduct(u, v)
    return sp.Add(
        *(
            a * b * form(x, flipped(before) + word, y)
            for (before, x), a in left.items()
            for (word, y), b in right.items()
        )
    )


@exact.register
def _(expr: Act) -> sp.Expr:
    try:
        found = linear(Act(expr.args[0], compute(expr.args[1])))
    except NotLinear:
        return expr
    return sp.Add(*(number * applied(*leg) for leg, number in found.items()))


@atom.register(InnerProduct)
@atom.register(Act)
def _(expr: sp.Expr) -> tuple[sp.Expr, bool]:
    return expr, True


# --- what is claimed: for every dimension


@granted.register
def _(node: VectorSymbol) -> str:
    return "in every dimension $d$"


@named.register
def _(node: VectorSymbol) -> Iterator[tuple[str, Any]]:
    yield printed_name(node.name), node
    yield printed_name(dim.name), dim  # of which the page says that it may be any


@meaningless.register
def _(node: sp.Expr) -> str:
    bound = {*getattr(node, "bound_symbols", ())}
    if isinstance(node, sp.Limit | sp.Derivative):
        bound = {node.args[1]} if isinstance(node, sp.Limit) else {*node.variables}
    if dim not in bound:
        return ""
    if not isinstance(node, sp.Limit | sp.Sum | sp.Product):
        return f"the dimension is a whole number, and {node} takes it for a real one"
    if open_names(node.args[0]).atoms(VectorSymbol, sp.MatrixSymbol, sp.Identity):
        return f"a vector or matrix has one dimension, and {node} takes several"
    return ""


# --- the numeric route: a dimension in its turn, and every entry is drawn


@drawn.register
def _(unknown: DimensionSymbol, rng: random.Random, environment: Environment, number: int) -> Any:
    return mp.mpf(dimension_in(environment, number))


@drawn.register
def _(unknown: VectorSymbol, rng: random.Random, environment: Environment, number: int) -> Any:
    return Column([uniform(rng, -2, 2) for _ in range(dimension_in(environment, number))])


@build.register
def _(expr: VectorSymbol) -> Compiled:
    def value(env: Environment) -> Any:
        if not isinstance(env[expr], Column):
            raise NumericError(f"the vector {expr} is bound as if it were a number")
        return env[expr]

    return value


@build.register
def _(expr: InnerProduct) -> Compiled:
    parts = [compile_expression(part) for part in expr.args]

    def value(env: Environment) -> Any:
        pair = [part(env) for part in parts]
        if not all(isinstance(one, Column) for one in pair):
            if any(isinstance(one, Column) or one == 0 for one in pair) and 0 in pair:
                return mp.mpf(0)
            raise NumericError(f"{expr} is no inner product of two vectors")
        return inner(pair[0].entries, pair[1].entries)

    return value


@build.register
def _(expr: Act) -> Compiled:
    table, argument = (compile_expression(part) for part in expr.args)

    def value(env: Environment) -> Any:
        column = argument(env)
        if not isinstance(column, Column):
            raise NumericError(f"{expr.args[1]} is no vector")
        return table(env).on(column)

    return value


# --- on the page, and in wrong variants


@latex.typeset.register
def _(expr: InnerProduct, printer: latex.Printer) -> str:
    one, other = expr.args
    if one == other:
        return rf"\left\|{printer.doprint(one)}\right\|^{{2}}"
    if isinstance(other, Act) and is_symbol(one):
        return rf"{printer.doprint(one)}^{{\mathsf T}} {_acted(other, printer, closed=True)}"
    return rf"\left\langle {printer.inline(one)},\, {printer.inline(other)} \right\rangle"


@latex.typeset.register
def _(expr: Act, printer: latex.Printer) -> str:
    return _acted(expr, printer)


def _acted(expr: Act, printer: latex.Printer, *, closed: bool = False) -> str:
    matrix = shown(expr.args[0], closed=closed)
    if expr.args[0].is_MatAdd or matrix.startswith("-"):  # a sum, or what would be read as one
        matrix = shown(expr.args[0], closed=True)
    argument = printer.doprint(expr.args[1])
    argument = argument if is_symbol(expr.args[1]) else rf"\left({argument}\right)"
    return rf"{matrix}\, {argument}"


@latex.typeset_power.register
def _(base: InnerProduct, exponent: sp.Expr) -> str | None:
    if base.args[0] != base.args[1] or not (exponent.is_Integer and exponent > 0):
        return None
    return rf"\left\|{latex.latex(base.args[0])}\right\|^{{{2 * exponent}}}"


@latex.own_brackets.register(InnerProduct)
@latex.own_brackets.register(Act)
def _(expr: sp.Expr, level: int = 0) -> bool:
    return (expr.args[0] != expr.args[1] and not isinstance(expr.args[1], Act)) or level < 60


@mutants.variants.register
def _(node: InnerProduct) -> Iterator[mutants.Variant]:
    u, v = node.args
    if u == v:
        yield "square forgotten", str(node), sp.sqrt(node)
    else:
        yield "one vector twice", str(node), InnerProduct(u, u)
        yield "one vector twice", str(node), InnerProduct(v, v)


@mutants.variants.register
def _(node: DimensionSymbol) -> Iterator[mutants.Variant]:
    yield "dimension forgotten", str(node), sp.Integer(1)
    yield "dimension squared", str(node), node**2


@mutants.touched.register(InnerProduct)
@mutants.touched.register(Act)
def _(node: sp.Expr) -> Iterable[int]:
    return (0, 1)
