"""The density of a scalar Gaussian."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import mpmath as mp
import sympy as sp

from .. import latex
from ..conditions import conditions
from ..exact import exact, log_of
from ..numeric import Compiled, Degrees, Environment, build, compile_expression, degree, log_degree
from ..symbolic import atom
from ..tree import pointwise


class Normal(sp.Expr):
    """The density N(variable; mean, variance) of a scalar Gaussian; a positive number."""

    is_positive = True
    is_extended_real = True

    def __new__(cls, variable: Any, mean: Any, variance: Any) -> Normal:  # noqa: D102
        return sp.Expr.__new__(cls, *map(sp.sympify, (variable, mean, variance)))

    def log_density(self) -> sp.Expr:
        """log N(variable; mean, variance), nats."""
        z, mean, variance = self.args
        return -((z - mean) ** 2) / (2 * variance) - sp.log(2 * sp.pi * variance) / 2

    def density(self) -> sp.Expr:
        """The density written out."""
        z, mean, variance = self.args
        return sp.exp(-((z - mean) ** 2) / (2 * variance)) / sp.sqrt(2 * sp.pi * variance)

    def _eval_derivative(self, symbol: sp.Symbol) -> sp.Expr:
        return self * self.log_density().diff(symbol)


@conditions.register
def _(expr: Normal) -> list[tuple[str, sp.Expr]]:
    z, mean, variance = expr.args
    circular = z.is_Symbol and z in mean.free_symbols | variance.free_symbols
    itself = [(f"a law of {z} by {z} itself", sp.Integer(-1))] if circular else []
    return [*itself, ("a variance", variance)]


# --- the exact route: densities stay whole until an integral or the prover writes them out


@exact.register
def _(expr: Normal) -> sp.Expr:
    return expr


@log_of.register
def _(expr: Normal) -> sp.Expr:
    return sp.expand_log(expr.log_density())


@atom.register
def _(expr: Normal) -> tuple[sp.Expr, bool]:
    return expr.density(), False


# --- the numeric route


@build.register
def _(expr: Normal) -> Compiled:
    z, mean, variance = (compile_expression(a) for a in expr.args)

    def density(env: Environment) -> Any:
        twice, root = _widths(variance(env), mp.mp.prec)
        return mp.exp(-((z(env) - mean(env)) ** 2) / twice) / root

    return density


@lru_cache(maxsize=64)
def _widths(v: Any, prec: int) -> tuple[Any, Any]:
    return 2 * v, mp.sqrt(2 * mp.pi * v)  # once for all the nodes of an integral


@pointwise.register
def _(expr: Normal) -> bool:
    return True


@log_degree.register
def _(expr: Normal, of: Degrees) -> int | None:
    z, mean, variance = (degree(a, of) for a in expr.args)
    return None if z is None or mean is None or variance != 0 else 2 * max(z, mean)


# --- on the page


@latex.typeset.register
def _(expr: Normal, printer: latex.Printer) -> str:
    z, mean, variance = (printer.inline(a) for a in expr.args)
    return rf"\mathcal{{N}}\left({z};\, {mean},\, {variance}\right)"


@latex.own_brackets.register
def _(expr: Normal, level: int = 0) -> bool:
    return True
