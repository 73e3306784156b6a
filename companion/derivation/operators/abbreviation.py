"""A printed name for an expression."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import sympy as sp
from sympy.core.symbol import Str
from sympy.printing.precedence import PRECEDENCE

from .. import latex, mutants
from ..conditions import conditions
from ..exact import exact
from ..notation import refuse_unreadable
from ..numeric import Compiled, Degrees, build, compile_expression, degree
from ..tree import opened


class Abbreviation(sp.Expr):
    r"""A printed name for an expression, e.g. ``\sigma_{t|s}^2``; mathematically its definition.

    Args:
        latex: how the name is printed.
        definition: what it stands for.
        positive: True where the definition is positive on the whole domain (a variance, say); each step
            that uses the name proves it.

    Raises:
        ValueError: for a name that reads as a number or as an expression.
    """

    def __new__(cls, latex: str | Str, definition: Any, positive: Any = False) -> Abbreviation:  # noqa: D102
        name = latex if isinstance(latex, Str) else Str(latex)
        refuse_unreadable(str(name.name))
        flag = sp.true if bool(positive) else sp.false
        return sp.Expr.__new__(cls, name, sp.sympify(definition), flag)

    @property
    def latex(self) -> str:
        """The printed name."""
        return str(self.args[0].name)

    @property
    def definition(self) -> sp.Expr:
        """What the name stands for."""
        return self.args[1]

    def _eval_is_positive(self) -> bool | None:
        return True if self.args[2] == sp.true else self.definition.is_positive

    def _eval_is_extended_real(self) -> bool | None:
        return True if self.args[2] == sp.true else self.definition.is_extended_real

    def _eval_derivative(self, symbol: sp.Symbol) -> sp.Expr:
        return self.definition.diff(symbol)

    def doit(self, **hints: Any) -> sp.Expr:
        """The definition, evaluated."""
        return self.definition.doit(**hints)


@opened.register
def _(expr: Abbreviation) -> sp.Expr:
    return expr.definition


@conditions.register
def _(expr: Abbreviation) -> list[tuple[str, sp.Expr]]:
    return [(f"what {expr.latex} stands for", expr.definition)] if expr.args[2] == sp.true else []


@exact.register
def _(expr: Abbreviation) -> sp.Expr:
    return (
        expr  # opened one layer at a time by the prover, so that what cancels may cancel unopened
    )


@build.register
def _(expr: Abbreviation) -> Compiled:
    return compile_expression(expr.definition)


@degree.register
def _(expr: Abbreviation, of: Degrees) -> int | None:
    return degree(expr.definition, of)


@latex.typeset.register
def _(expr: Abbreviation, printer: latex.Printer) -> str:
    return expr.latex


@latex.own_brackets.register
def _(expr: Abbreviation, level: int = 0) -> bool:
    return "^" not in expr.latex or level < PRECEDENCE["Pow"]


@latex.typeset_power.register
def _(base: Abbreviation, exponent: sp.Expr) -> str | None:
    if base.latex.endswith("^2") and exponent.is_Integer and exponent > 0:  # (sigma^2)^2 is sigma^4
        return f"{base.latex[:-2]}^{{{2 * exponent}}}"
    return None


_NAME_AND_ARGUMENT = re.compile(r"^(\\mathrm\{\w+\}|\\?[A-Za-z]+)([(_].*)$", re.DOTALL)


@latex.typeset_slope.register
def _(head: Abbreviation) -> str | None:
    primed = _NAME_AND_ARGUMENT.sub(r"\1'\2", head.latex)
    return primed if primed != head.latex else None  # SNR'(t), lambda'_t


@latex.rank.register
def _(expr: Abbreviation) -> int:
    return latex.rank_of_name(expr.latex)


@mutants.variants.register
def _(node: Abbreviation) -> Iterator[mutants.Variant]:
    yield "squared", str(node), node**2


@mutants.touched.register
def _(node: Abbreviation) -> Iterable[int]:
    return ()
