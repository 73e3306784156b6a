"""The mean over random vectors of polynomials in their inner products, and of vectors made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
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
    """E[body] over one law of a random vector or several independent ones; a bare vector is Gaussian."""

    is_extended_real = True

    def __new__(cls, body: Any, *laws: Any) -> VectorMean:  # noqa: D102
        if not laws:
            raise ValueError("VectorMean needs at least one law: VectorMean(norm2(v), v)")
        given = [law if isinstance(law, Law) else Gaussian(law) for law in laws]
        return sp.Expr.__new__(cls, sp.sympify(body), *given)

    @property
    def bound_symbols(self) -> list[sp.Symbol]:
        """The random vectors."""
        return [law.args[0] for law in self.args[1:]]

    @property
    def free_symbols(self) -> set[sp.Symbol]:
        """What the value depends on, the dimension too."""
        free = set(self.args[0].free_symbols)
        for law in self.args[1:]:
            free = (free - {law.args[0]}).union(*(a.free_symbols for a in law.args[1:]))
        return free | {dim}


# --- the exact route


@exact.register
def _(expr: VectorMean) -> sp.Expr:
    result, *laws = (compute(a) for a in expr.args)
    for law in laws:
        result = mean(result, law)
    return result


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
    body, *laws = expr.args
    value = compile_expression(body)
    degrees = _degrees(body, laws)
    for law, degree in zip(laws, degrees, strict=True):
        value = _one_mean(value, law, degree)
    return remembered(expr, value)


def _degrees(body: sp.Expr, laws: list[Law]) -> list[int]:
    means = {law.args[0] for law in laws if isinstance(law, AnyLaw)}
    for law in laws:
        if any(a.free_symbols & {other.args[0] for other in laws} for a in law.args[1:]) and means:
            raise NumericError("a mean that is drawn itself")
    return [_degree(body, law.args[0]) for law in laws]


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
    if isinstance(expr, Act):
        return _degree(expr.args[1], v)
    if isinstance(expr, sp.Pow) and expr.exp.is_Integer and expr.exp > 0:
        return int(expr.exp) * _degree(expr.base, v)
    raise NumericError(f"{expr} is no polynomial in {v}")


def _one_mean(inner: Compiled, law: Law, degree: int) -> Compiled:
    v = law.args[0]

    def value(env: Environment) -> Any:
        points = law.points(env, int(env[dim]), degree)
        return sum((w * inner({**env, v: at}) for w, at in points), mp.mpf(0))

    return value


# --- on the page, and in wrong variants


@latex.typeset.register
def _(expr: VectorMean, printer: latex.Printer) -> str:
    names = ",\\, ".join(
        printer.doprint(law.args[0]) + (rf" \sim {law.tilde}" if law.tilde else "")
        for law in expr.args[1:]
    )
    body = printer.doprint(expr.args[0])
    return rf"\mathbb{{E}}_{{{names}}}\!\left[{body}\right]"


@latex.own_brackets.register
def _(expr: VectorMean, level: int = 0) -> bool:
    return True


@mutants.variants.register
def _(node: VectorMean) -> Iterator[mutants.Variant]:
    other: Callable[[VectorSymbol], Law]
    for law in node.args[1:]:
        other = Signs if isinstance(law, Gaussian) else Gaussian
        if isinstance(law, Independent):
            yield "other law", str(law), node.xreplace({law: other(law.args[0])})


@mutants.touched.register
def _(node: VectorMean) -> Iterable[int]:
    return (0,)
