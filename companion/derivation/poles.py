"""Where a claim says nothing: the zeros of what only one of its sides divides by.

``(x**2 - 1)/(x - 1) = x + 1`` holds where ``x - 1`` is not zero. That is proved from the domain, or said on
the page. A pole that both sides have is on the page already, on both.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import singledispatch
from typing import Any

import sympy as sp

from .domain import Domain
from .positive import positive
from .tree import open_names


@singledispatch
def divides_by(node: Any) -> list[sp.Expr]:
    """What must not be zero for this node to have a value."""
    return []


@divides_by.register
def _(node: sp.Pow) -> list[sp.Expr]:
    return [node.base] if node.exp.is_number and node.exp.is_negative else []


@divides_by.register(sp.tan)
@divides_by.register(sp.sec)
def _(node: sp.Expr) -> list[sp.Expr]:
    return [sp.cos(node.args[0])]


@divides_by.register(sp.cot)
@divides_by.register(sp.csc)
def _(node: sp.Expr) -> list[sp.Expr]:
    return [sp.sin(node.args[0])]


@divides_by.register(sp.coth)
@divides_by.register(sp.csch)
def _(node: sp.Expr) -> list[sp.Expr]:
    return [sp.sinh(node.args[0])]


def excluded(left: sp.Expr, right: sp.Expr, domain: Domain) -> tuple[sp.Expr, ...]:
    """What one side divides by, the other does not, and is not proved to be other than zero."""
    one, other = (_divisors(domain.insert(open_names(side))) for side in (left, right))
    found = [d for d in {**one, **other} if (d in one) != (d in other)]
    return tuple(sorted((d for d in found if not nonzero(d, domain)), key=sp.default_sort_key))


def nonzero(expr: sp.Expr, domain: Domain) -> bool:
    """Whether ``expr`` is proved to be other than zero at every point of ``domain``."""
    if expr.is_nonzero or any(positive(form, domain) for form in (expr, -expr)):
        return True
    named = [r.lhs - r.rhs for r in domain.where if isinstance(r, sp.Ne)]
    return any((expr / sp.factor(away)).cancel().is_number for away in named)


def _divisors(side: sp.Expr) -> dict[sp.Expr, None]:
    """The irreducible factors of all denominators of a side; a bound variable is no part of them."""
    factors: dict[sp.Expr, None] = {}
    for base in _bases(side, frozenset()):
        top = sp.fraction(sp.together(base))[0]
        for factor in sp.Mul.make_args(sp.factor(top)):
            root = factor.as_base_exp()[0]
            if not root.is_number:
                if root.could_extract_minus_sign():
                    root = -root
                factors[root] = None
    return factors


def _bases(node: Any, bound: frozenset[sp.Symbol]) -> Iterator[sp.Expr]:
    for base in divides_by(node):
        if not base.free_symbols & bound:
            yield base
    bound |= frozenset(getattr(node, "bound_symbols", ()))
    for part in node.args:
        if isinstance(part, sp.Basic):
            yield from _bases(part, bound)
