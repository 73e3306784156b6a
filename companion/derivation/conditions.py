"""The side conditions of a claim: what must be positive for it to mean what it says.

A variance, a name that is declared positive, the curvature of a Gaussian integrand: without it the integral
has no value. An operator names its own by registering with `conditions`; each step proves them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import singledispatch
from typing import Any

import sympy as sp

from .tree import open_names


@singledispatch
def conditions(expr: Any) -> Iterable[tuple[str, sp.Expr]]:
    """What must be positive for a node to mean what it says, each with what it is in words."""
    return ()


@singledispatch
def positive_if(expr: Any) -> list[sp.Expr] | None:
    """What being positive makes an operator positive, free of what it binds; None: nothing is known."""
    return None


def side_conditions(*expressions: sp.Expr) -> Iterator[tuple[str, sp.Expr]]:
    """The conditions of every node of the expressions, of what names stand for as well, each once."""
    seen: set[sp.Expr] = set()
    waiting: list[Any] = list(expressions)
    while waiting:
        node = waiting.pop()
        if isinstance(node, sp.Basic) and node not in seen:
            seen.add(node)
            yield from conditions(node)
            waiting += [*node.args, *_inside(node)]


def _inside(node: Any) -> list[Any]:
    inside = open_names(node, 1)
    return [] if inside is node else [inside]
