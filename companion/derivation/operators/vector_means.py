"""The mean over random vectors of polynomials in their inner products, and of vectors made of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import mpmath as mp
import sympy as sp

from .. import latex, mutants
from ..exact import compute, exact
from ..numeric import Compiled, Environment, NumericError, build, compile_expression, remembered
from ..symbolic import atom
from ..tree import open_names, opened
from .contraction import mean_of_product
from .laws import AnyLaw, Gaussian, Independent, Isotropic, Law, Signs
from .linear import Act, InnerProduct, VectorSymbol, dim

__all__ = ["AnyLaw", "Gaussian", "Isotropic", "Signs", "VectorMean", "mean"]


class VectorMean(sp.Expr):
    """E[body] over a law of one random vector, given all others; a bare vector is standard Gaussian.

    The body is a polynomial in the vector, of which a law that is known by two moments averages degree 2.
    """

    is_extended_real = True

    def __new__(cls, body: Any, law: Any) -> VectorMean:  # noqa: D102
        return sp.Expr.__new__(
            cls, sp.sympify(body), law if isinstance(law, Law) else Gaussian(law)
        )

    @property
    def bound_symbols(self) -> list[sp.Symbol]:
        """The random vector."""
        return [self.args[1].args[0]]

    @property
    def free_symbols(self) -> set[sp.Symbol]:
        """What the value depends on, the dimension too."""
        body, law = self.args
        given = (a.free_symbols for a in law.args[1:])
        return (body.free_symbols - {law.args[0]}).union({dim}, *given)


# --- the exact route


@exact.register
def _(expr: VectorMean) -> sp.Expr:
    return mean(*map(compute, expr.args))


@lru_cache(maxsize=512)
def mean(body: sp.Expr, law: Law) -> sp.Expr:
    """E[body], term by term, as far as it can be computed."""
    v = law.args[0]
    opened_up = body.replace(
        lambda e: opened(e) is not e and v in open_names(e).free_symbols, open_names
    )
    body = compute(opened_up) if opened_up != body else body
    total = sp.Integer(0)
    for term in sp.Add.make_args(sp.expand(body)):
        factors = sp.Mul.make_args(term)
        inside = [f for f in factors if v in f.free_symbols]
        constant = sp.Mul(*(f for f in factors if v not in f.free_symbols))
        value = mean_of_product(inside, law)
        total += constant * (VectorMean(sp.Mul(*inside), law) if value is None else value)
    return total


@atom.register
def _(expr: VectorMean) -> tuple[sp.Expr, bool]:
    return expr, True


# --- the numeric route: a sum over points, exact for polynomials


@build.register
def _(expr: VectorMean) -> Compiled:
    body, law = expr.args
    inner, v = compile_expression(body), law.args[0]
    degree = _degree(body, v)

    def value(env: Environment) -> Any:
        points = law.points(env, int(env[dim]), degree)
        return sum((w * inner({**env, v: at}) for w, at in points), mp.mpf(0))

    return remembered(expr, value)


def _degree(expr: Any, v: VectorSymbol) -> int:
    """The degree of a polynomial in a vector.

    Raises:
        NumericError: if it is none.
    """
    inside = opened(expr)
    if inside is not expr:
        return _degree(inside, v)
    if expr == v:
        return 1
    if v not in expr.free_symbols:
        return 0
    if isinstance(expr, sp.Add):
        return max(_degree(a, v) for a in expr.args)
    if isinstance(expr, sp.Mul | InnerProduct):
        return sum(_degree(a, v) for a in expr.args)
    if isinstance(expr, Act) and v not in expr.args[0].free_symbols:
        return _degree(expr.args[1], v)
    if isinstance(expr, VectorMean) and v not in expr.args[1].free_symbols:
        return _degree(expr.args[0], v)
    if isinstance(expr, sp.Pow) and expr.exp.is_Integer and expr.exp > 0:
        return int(expr.exp) * _degree(expr.base, v)
    raise NumericError(f"{expr} is no polynomial in {v}")


# --- on the page, and in wrong variants


@latex.typeset.register
def _(expr: VectorMean, printer: latex.Printer) -> str:
    body, law = expr.args
    name = printer.doprint(law.args[0]) + (rf" \sim {law.tilde}" if law.tilde else "")
    return rf"\mathbb{{E}}_{{{name}}}\!\left[{printer.doprint(body)}\right]"


@latex.own_brackets.register
def _(expr: VectorMean, level: int = 0) -> bool:
    return True


@mutants.variants.register
def _(node: VectorMean) -> Iterator[mutants.Variant]:
    body, law = node.args
    if isinstance(law, Independent):
        other = Signs if isinstance(law, Gaussian) else Gaussian
        yield "other law", str(law), VectorMean(body, other(law.args[0]))


@mutants.touched.register
def _(node: VectorMean) -> Iterable[int]:
    return (0,)
