"""The exact value of every operator, by SymPy's own integration, differentiation and limits.

The walk is here; how an operator is computed is registered beside its definition, in ``operators``.
"""

from __future__ import annotations

from functools import lru_cache, singledispatch

import sympy as sp


@lru_cache(maxsize=2048)
def compute(expr: sp.Expr) -> sp.Expr:
    """Evaluate every operator in ``expr`` exactly; what cannot be evaluated stays as it is."""
    return exact(expr) if expr.args else expr


@singledispatch
def exact(expr: sp.Expr) -> sp.Expr:
    """The value of one operator; of any other node, the same node of computed arguments."""
    return expr.func(*(compute(a) for a in expr.args))


@singledispatch
def log_of(expr: sp.Expr) -> sp.Expr | None:
    """The logarithm of a positive operator, written out; None where nothing is known."""
    return None
