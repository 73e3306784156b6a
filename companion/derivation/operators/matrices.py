"""Numbers for square matrices of symbolic dimension, their LaTeX, and wrong variants of them."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from typing import Any

import mpmath as mp
import sympy as sp
from sympy.core.function import AppliedUndef

from .. import latex, mutants
from ..columns import Table, identity
from ..conditions import meaningless
from ..notation import LATEX, printed_name
from ..numeric import Compiled, Environment, NumericError, build, compile_expression
from ..printed import named
from ..rules import drawn, uniform
from ..tree import opened
from .linear import dim, dimension_in
from .words import Symmetric

# --- the numeric route


@drawn.register
def _(unknown: sp.MatrixSymbol, rng: random.Random, environment: Environment, number: int) -> Any:
    size = dimension_in(environment, number)
    table = Table([[uniform(rng, -2, 2) for _ in range(size)] for _ in range(size)])
    return table.plus(table.transposed()) if isinstance(unknown, Symmetric) else table


@build.register
def _(expr: sp.MatrixExpr) -> Compiled:
    raise NumericError(f"the numeric route does not know {type(expr).__name__}: {expr}")


@build.register
def _(expr: sp.MatrixSymbol) -> Compiled:
    return lambda env: env[expr]


@build.register
def _(expr: sp.Identity) -> Compiled:
    size = compile_expression(expr.args[0])
    return lambda env: identity(int(size(env)))


@build.register
def _(expr: sp.ZeroMatrix) -> Compiled:
    size = compile_expression(expr.args[0])
    return lambda env: identity(int(size(env))).scaled(mp.mpf(0))


@build.register
def _(expr: sp.MatAdd) -> Compiled:
    first, *rest = (compile_expression(part) for part in expr.args)

    def value(env: Environment) -> Any:
        total = first(env)
        for part in rest:
            total = total.plus(part(env))
        return total

    return value


@build.register
def _(expr: sp.MatMul) -> Compiled:
    parts = [compile_expression(part) for part in expr.args]

    def value(env: Environment) -> Any:
        scale, total = mp.mpf(1), None
        for part in parts:
            factor = part(env)
            if not isinstance(factor, Table):
                scale = scale * factor
            else:
                total = factor if total is None else total.times(factor)
        if total is None:
            raise NumericError(f"{expr} has no matrix in it")
        return total.scaled(scale)

    return value


@build.register
def _(expr: sp.Transpose) -> Compiled:
    inside = compile_expression(expr.arg)
    return lambda env: inside(env).transposed()


@build.register
def _(expr: sp.MatPow) -> Compiled:
    if not expr.exp.is_Integer or expr.exp < 1:
        raise NumericError(f"a power of a matrix that is no positive integer: {expr}")
    inside, power = compile_expression(expr.base), int(expr.exp)

    def value(env: Environment) -> Any:
        table = total = inside(env)
        for _ in range(power - 1):
            total = total.times(table)
        return total

    return value


# --- on the page, and in wrong variants


IDENTITY = sp.Identity(dim)


def shown(expr: Any, *, closed: bool = False) -> str:
    """LaTeX of a matrix; ``closed``: a sum, or what begins with a number, in brackets."""
    if isinstance(expr, sp.MatrixSymbol):
        return LATEX.get(expr.name) or printed_name(expr.name)
    if isinstance(expr, sp.Identity):
        return "I"
    if isinstance(expr, sp.MatAdd):
        text = " + ".join(map(shown, expr.args)).replace("+ -", "- ")
        return _bracketed(text) if closed else text
    if isinstance(expr, sp.Transpose | sp.MatPow):
        base, power = (expr.arg, r"\mathsf T") if expr.is_Transpose else expr.args
        simple = isinstance(base, sp.MatrixSymbol | sp.Identity)
        return rf"{shown(base) if simple else _bracketed(shown(base))}^{{{power}}}"
    if isinstance(expr, sp.MatMul):
        number, rest = expr.as_coeff_matrices()
        text = multiple(number) + " ".join(
            shown(part, closed=True) if not part.is_MatMul else _bracketed(shown(part))
            for part in rest
        )
        return _bracketed(text) if closed and number != 1 else text
    return str(sp.latex(expr))


def multiple(number: sp.Expr, printer: latex.Printer | None = None) -> str:
    """LaTeX of a number before a matrix: in brackets, unless it is a product of powers."""
    if number in (1, -1):
        return "" if number == 1 else "-"
    if number.is_Rational and number.q != 1:
        return rf"{'-' if number < 0 else ''}\tfrac{{{abs(number.p)}}}{{{number.q}}} "
    text = printer.inline(number) if printer else latex.latex(number, inline=True)
    return f"{text if all(map(_stands, sp.Mul.make_args(number))) else _bracketed(text)} "


def _stands(factor: sp.Expr) -> bool:
    """Whether a factor stands before others without brackets."""
    base, power = factor.as_base_exp()
    simple = base.is_Symbol or base.is_Integer or isinstance(base, AppliedUndef)
    named_so = opened(base) is not base
    return bool((simple or named_so) and (power.is_Integer and power > 0))


def _bracketed(text: str) -> str:
    return rf"\left({text}\right)"


@latex.typeset.register
def _(expr: sp.MatrixExpr, printer: latex.Printer) -> str:
    return shown(expr)


@named.register(sp.MatrixSymbol)
@named.register(sp.Identity)
def _(expr: sp.MatrixExpr) -> Iterable[tuple[str, Any]]:
    return [(shown(expr), expr)]


@meaningless.register
def _(expr: sp.MatrixExpr) -> str:
    if expr.shape == (dim, dim):
        return ""
    size = " x ".join(map(str, expr.shape))
    return f"the matrix {expr} is {size}: expected a square one, {dim} x {dim}"


@mutants.variants.register
def _(node: sp.MatrixExpr) -> Iterator[mutants.Variant]:
    yield from ()


@mutants.variants.register
def _(node: sp.MatrixSymbol) -> Iterator[mutants.Variant]:
    yield "transposed", str(node), sp.Transpose(node)


@mutants.variants.register
def _(node: sp.Transpose) -> Iterator[mutants.Variant]:
    yield "transpose lost", str(node), node.arg


@mutants.variants.register
def _(node: sp.MatAdd) -> Iterator[mutants.Variant]:
    for k, term in enumerate(node.args):
        others = [*node.args[:k], *node.args[k + 1 :]]
        yield "sign of a term", str(term), sp.MatAdd(*others, sp.MatMul(-1, term))
        yield "dropped term", str(term), others[0] if len(others) == 1 else sp.MatAdd(*others)


@mutants.variants.register
def _(node: sp.MatMul) -> Iterator[mutants.Variant]:
    factors = list(node.args)
    for k, factor in enumerate(factors):
        others = factors[:k] + factors[k + 1 :]
        if any(getattr(other, "is_Matrix", False) for other in others):
            yield (
                "dropped factor",
                str(factor),
                (others[0] if len(others) == 1 else sp.MatMul(*others)),
            )
    for k in range(len(factors) - 1):
        if getattr(factors[k], "is_Matrix", False):
            turned = [*factors[:k], factors[k + 1], factors[k], *factors[k + 2 :]]
            yield "order exchanged", str(node), sp.MatMul(*turned)


@mutants.touched.register(sp.MatrixSymbol)
@mutants.touched.register(sp.Identity)
@mutants.touched.register(sp.ZeroMatrix)
def _(node: sp.Expr) -> Iterable[int]:
    return ()


@mutants.touched.register
def _(node: sp.MatPow) -> Iterable[int]:
    return (0,)
