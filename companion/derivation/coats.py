"""Whether two sides are one expression in two coats: zeros added, brackets, renamed bound variables."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import sympy as sp

_TENDING = sp.Dummy("tending", real=True)


@lru_cache(maxsize=256)
def bare(expr: Any) -> Any:
    """``expr`` as SymPy builds it when nothing is held back, with canonical bound variables."""
    return _rebuilt(expr).as_dummy() if isinstance(expr, sp.Basic) else expr


def _rebuilt(expr: Any) -> Any:
    """The same nodes, built again: sums, products and powers flatten and drop what is neutral."""
    if not expr.args:
        return expr
    args = [_rebuilt(a) for a in expr.args]
    if isinstance(expr, sp.Limit):  # the one that SymPy does not say is bound
        return expr.func(args[0].xreplace({args[1]: _TENDING}), _TENDING, *args[2:])
    held_back = isinstance(expr, sp.Add | sp.Mul | sp.Pow)
    return expr.func(*args) if held_back or args != [*expr.args] else expr
