r"""Isotropic Gaussians of symbolic dimension, :math:`\mathcal{N}(z; m, c I)`, and their divergence."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Any

import mpmath as mp
import sympy as sp

from .. import latex
from ..columns import Column, inner
from ..conditions import conditions
from ..exact import compute, exact, log_of
from ..numeric import Compiled, Environment, NumericError, build, compile_expression, remembered
from ..printed import named
from ..quadrature import gauss_hermite
from ..symbolic import atom
from .linear import InnerProduct, VectorSymbol, dim
from .matrices import IDENTITY, multiple
from .vector_means import Gaussian, VectorMean


class VectorNormal(sp.Expr):
    """The density N(z; m, c I) of a vector; a positive number."""

    is_positive = True
    is_extended_real = True

    def __new__(cls, variable: Any, mean: Any, variance: Any) -> VectorNormal:  # noqa: D102
        return sp.Expr.__new__(cls, *map(sp.sympify, (variable, mean, variance)))

    @property
    def free_symbols(self) -> set[sp.Symbol]:
        """What the value depends on, the dimension too."""
        return set().union(*(a.free_symbols for a in self.args)) | {dim}

    def log_density(self) -> sp.Expr:
        """log N(z; m, c I), nats."""
        z, mean, variance = self.args
        away = z - mean
        return -InnerProduct(away, away) / (2 * variance) - dim * sp.log(2 * sp.pi * variance) / 2


class VectorKL(sp.Expr):
    """KL(p || q), nats, between two isotropic Gaussians of the same vector."""

    is_extended_real = True

    def __new__(cls, p: VectorNormal, q: VectorNormal) -> VectorKL:  # noqa: D102
        laws = isinstance(p, VectorNormal) and isinstance(q, VectorNormal)
        if not (laws and p.args[0] == q.args[0] and p.args[0].is_Symbol):
            raise ValueError("VectorKL needs two VectorNormal densities of the same vector")
        return sp.Expr.__new__(cls, p, q)

    @property
    def bound_symbols(self) -> list[sp.Symbol]:
        """The vector that is integrated out."""
        return [self.args[0].args[0]]

    @property
    def free_symbols(self) -> set[sp.Symbol]:
        """What the value depends on, the dimension too."""
        inside = [a.free_symbols for law in self.args for a in law.args[1:]]
        return set().union(*inside) | {dim}


@conditions.register
def _(expr: VectorNormal) -> Iterable[tuple[str, sp.Expr]]:
    z, mean, variance = expr.args
    if z.is_Symbol and z in mean.free_symbols | variance.free_symbols:
        yield f"a law of {z} by {z} itself", sp.Integer(-1)
    yield "a variance", variance


# --- the exact route


@exact.register
def _(expr: VectorNormal) -> sp.Expr:
    return expr


@log_of.register
def _(expr: VectorNormal) -> sp.Expr:
    return sp.expand_log(compute(expr.log_density()))


@atom.register
def _(expr: VectorNormal) -> tuple[sp.Expr, bool]:
    return sp.exp(compute(expr.log_density())), False


@exact.register
def _(expr: VectorKL) -> sp.Expr:
    """E_p[log p - log q], by moments of the standard normal that p is made of."""
    p, q = expr.args
    z, mean, variance = p.args
    standard = VectorSymbol(f"standard {z.name}", real=True)
    at = {z: mean + sp.sqrt(variance) * standard}
    log_ratio = (p.log_density() - q.log_density()).xreplace(at)
    return sp.expand_log(sp.expand(compute(VectorMean(log_ratio, Gaussian(standard)))))


# --- the numeric route: a Gauss-Hermite sum over a grid, exact for a logarithm of densities


@build.register
def _(expr: VectorNormal) -> Compiled:
    z, mean, variance, size = (compile_expression(a) for a in (*expr.args, dim))

    def density(env: Environment) -> Any:
        away, v = _column(z(env) - mean(env)), variance(env)
        square = inner(away.entries, away.entries)
        return mp.exp(-square / (2 * v)) / mp.power(2 * mp.pi * v, size(env) / 2)

    return density


@build.register
def _(expr: VectorKL) -> Compiled:
    p, q = expr.args
    pm, pv, qm, qv = (compile_expression(a) for a in (*p.args[1:], *q.args[1:]))

    def value(env: Environment) -> Any:
        m1, v1, m2, v2 = _column(pm(env)), pv(env), _column(qm(env)), qv(env)
        spread, size = mp.sqrt(v1), len(m1)
        constant = size * (mp.log(v2) - mp.log(v1)) / 2
        total = mp.mpf(0)
        for nodes in product(gauss_hermite(2, mp.mp.prec), repeat=size):
            away = m1 + spread * Column([u for u, _ in nodes]) - m2
            square = inner(away.entries, away.entries) / v2 - mp.fsum(u**2 for u, _ in nodes)
            total += mp.fprod(w for _, w in nodes) * (constant + square / 2)
        return total

    return remembered(expr, value)


def _column(value: Any) -> Column:
    if not isinstance(value, Column):
        raise NumericError("the mean of a Gaussian vector is no vector")
    return value


# --- on the page


@latex.typeset.register
def _(expr: VectorNormal, printer: latex.Printer) -> str:
    z, mean, variance = expr.args
    scale = multiple(variance, printer)
    middle = printer.inline(mean)
    return rf"\mathcal{{N}}\left({printer.inline(z)};\, {middle},\, {scale}I\right)"


@named.register
def _(expr: VectorNormal) -> Iterable[tuple[str, Any]]:
    return named(IDENTITY)


@latex.typeset.register
def _(expr: VectorKL, printer: latex.Printer) -> str:
    p, q = (printer.doprint(a) for a in expr.args)
    return rf"D_{{\mathrm{{KL}}}}\!\left({p} \,\middle\|\, {q}\right)"


@latex.own_brackets.register(VectorNormal)
@latex.own_brackets.register(VectorKL)
def _(expr: sp.Expr, level: int = 0) -> bool:
    return True
