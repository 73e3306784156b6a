"""The side conditions of a claim: what must be positive for it to mean what it says.

A variance, a name that is declared positive, the curvature of a Gaussian integrand: without it the integral
has no value. An operator names its own by registering with `conditions`; each step proves them. What means
nothing whatever is proved of it, it names by registering with `meaningless`.
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


@singledispatch
def meaningless(node: Any) -> str:
    """Why a node means nothing, in words; empty if it may mean something."""
    return ""


def without_meaning(*expressions: sp.Expr) -> str:
    """Why the first node of the expressions that means nothing does not; empty if there is none."""
    return next((why for node in _nodes(*expressions) if (why := meaningless(node))), "")


def side_conditions(*expressions: sp.Expr) -> Iterator[tuple[str, sp.Expr]]:
    """The conditions of every node of the expressions, of what names stand for as well, each once."""
    for node in _nodes(*expressions):
        yield from conditions(node)


def _nodes(*expressions: Any) -> Iterator[sp.Basic]:
    seen: set[sp.Basic] = set()
    waiting: list[Any] = list(expressions)
    while waiting:
        node = waiting.pop()
        if isinstance(node, sp.Basic) and node not in seen:
            seen.add(node)
            yield node
            waiting += [*node.args, *_inside(node)]


def _inside(node: Any) -> list[Any]:
    inside = open_names(node, 1)
    return [] if inside is node else [inside]
