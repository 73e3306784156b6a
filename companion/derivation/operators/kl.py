"""The Kullback-Leibler divergence between two Gaussians."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import sympy as sp

from .. import latex
from ..exact import exact
from ..numeric import Compiled, Environment, build, compile_expression, remembered
from ..quadrature import gauss_hermite
from .expectation import expectation
from .normal import Normal


class KL(sp.Expr):
    """KL(p || q), nats, between two Gaussian densities of the same scalar variable."""

    is_extended_real = True

    def __new__(cls, p: Normal, q: Normal) -> KL:  # noqa: D102
        if not (isinstance(p, Normal) and isinstance(q, Normal) and p.args[0] == q.args[0]):
            raise ValueError("KL needs two Normal densities of the same variable")
        return sp.Expr.__new__(cls, p, q)

    @property
    def bound_symbols(self) -> list[sp.Symbol]:
        """The variable that is integrated out."""
        return [self.args[0].args[0]]

    @property
    def free_symbols(self) -> set[sp.Symbol]:
        """What the value depends on."""
        inner = [a.free_symbols for law in self.args for a in law.args[1:]]
        return set().union(*inner)


@exact.register
def _(expr: KL) -> sp.Expr:
    """E_p[log p - log q], by the moments that SymPy integrates."""
    p, q = expr.args
    return sp.expand_log(expectation(p.log_density() - q.log_density(), p))


@build.register
def _(expr: KL) -> Compiled:
    """The mean of the log ratio, a parabola, under p, by a rule that is exact for those."""
    p, q = expr.args
    pm, pv, qm, qv = (compile_expression(a) for a in (*p.args[1:], *q.args[1:]))

    def value(env: Environment) -> Any:
        m1, v1, m2, v2 = pm(env), pv(env), qm(env), qv(env)
        spread, log1, log2 = mp.sqrt(v1), mp.log(v1), mp.log(v2)

        def log_ratio(u: Any) -> Any:
            z = m1 + spread * u
            return ((z - m2) ** 2 / v2 - (z - m1) ** 2 / v1 + log2 - log1) / 2

        return sum(weight * log_ratio(u) for u, weight in gauss_hermite(2, mp.mp.prec))

    return remembered(expr, value)


@latex.typeset.register
def _(expr: KL, printer: latex.Printer) -> str:
    p, q = (printer.doprint(a) for a in expr.args)
    return rf"D_{{\mathrm{{KL}}}}\!\left({p} \,\middle\|\, {q}\right)"


@latex.own_brackets.register
def _(expr: KL, level: int = 0) -> bool:
    return True
