"""Operators that stay unevaluated in what is shown and are computed in what is checked.

* :class:`Normal` -- the density N(z; mean, variance) of one scalar Gaussian.
* :class:`Expectation` -- E[f] over independent or chained scalar Gaussians.
* :class:`KL` -- the Kullback-Leibler divergence (nats) between two Gaussians of the same variable.
* :class:`Abbreviation` -- a name that is printed, with the expression that it stands for.

SymPy's own ``Integral``, ``Derivative``, ``Limit``, ``Sum`` and ``Product`` are used beside them.
Each operator knows only its own definition. How it is *proved* is in ``symbolic``; how it is
*computed to 50 digits* is in ``numeric``. The two share no code, so each can catch the other.
"""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy.core.symbol import Str


class Abbreviation(sp.Expr):
    r"""A printed name for an expression, e.g. ``\sigma_{t|s}^2``; mathematically its definition.

    Args:
        latex: how the name is printed.
        definition: what it stands for.
        positive: True where the definition is positive on the whole domain (a variance, say).
    """

    def __new__(cls, latex: str | Str, definition: Any, positive: Any = False) -> Abbreviation:  # noqa: D102
        name = latex if isinstance(latex, Str) else Str(latex)
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


def _law(source: Any) -> Normal:
    """A Normal as given, or a bare symbol read as a standard normal."""
    return source if isinstance(source, Normal) else Normal(source, 0, 1)


class Expectation(sp.Expr):
    """E[expr] over Gaussian laws; a bare symbol is a standard normal.

    ``Expectation(f, Normal(z, m, v))`` or ``Expectation(f, eps)``. With several laws the first
    is the innermost: its mean may depend on the variables of the later ones.
    """

    def __new__(cls, expr: Any, *laws: Any) -> Expectation:  # noqa: D102
        if not laws:
            raise ValueError("Expectation needs at least one law: Expectation(expr, eps)")
        return sp.Expr.__new__(cls, sp.sympify(expr), *map(_law, laws))

    @property
    def bound_symbols(self) -> list[sp.Symbol]:
        """The random variables."""
        return [law.args[0] for law in self.args[1:]]

    @property
    def free_symbols(self) -> set[sp.Symbol]:
        """What the value depends on."""
        free = set(self.args[0].free_symbols)
        for law in self.args[1:]:
            free = (free - {law.args[0]}) | law.args[1].free_symbols | law.args[2].free_symbols
        return free

    def _eval_is_extended_real(self) -> bool | None:
        return self.args[0].is_extended_real


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
