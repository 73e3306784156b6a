"""Abstract functions under the integral: the first of them is of the variable, and keeps no derivative.

Both sides of a claim are brought to this one form. The boundary terms are taken to vanish: no machine can
know that of an abstract function, so ``assumed`` says it, and the page shows it.
"""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef

from ..tree import KINKED, open_names

BOUNDARY = "assuming that boundary terms at infinity vanish"
"""What is said of a claim in which parts of abstract functions are integrated over the line."""


def by_parts(term: sp.Expr, z: sp.Symbol, weight: sp.Expr = sp.S.One) -> sp.Expr | None:
    """What has the same integral against ``weight`` and a derivative less; None if there is none to move.

    The term is F'(z) g(z), F first by name of the functions in it: it becomes -F (g' + g weight'/weight).
    """
    if term.has(*KINKED) or weight.has(*KINKED):
        return None  # a jump has a slope that SymPy's derivative leaves out
    heads = sorted({f.func.__name__ for f in term.atoms(AppliedUndef) if z in f.free_symbols})
    for factor in sp.Mul.make_args(term):
        head, rest = getattr(factor, "expr", None), term / factor
        if not (isinstance(factor, sp.Derivative) and factor.variables == (z,)):
            continue
        if isinstance(head, AppliedUndef) and head.args == (z,) and not rest.has(head.func):
            slope = rest.diff(z) + rest * sp.diff(sp.log(weight), z)
            return sp.expand(-head * sp.expand(slope)) if head.func.__name__ == heads[0] else None
    return None


def affine(term: sp.Expr, z: sp.Symbol) -> tuple[sp.Expr, sp.Expr] | None:
    """(a, b), a > 0, where the first function of z by name is of a z + b only; None where it is of z."""
    if term.has(sp.Derivative, sp.Subs):
        return None
    applied = sorted((f for f in term.atoms(AppliedUndef) if z in f.free_symbols), key=str)
    arguments = [f.args for f in applied if f.func == applied[0].func]
    if not arguments or (z,) in arguments or len(arguments[0]) != 1:
        return None
    slope = sp.diff(arguments[0][0], z)
    return (
        (slope, arguments[0][0].subs(z, 0))
        if z not in slope.free_symbols and slope.is_positive
        else None
    )


@singledispatch
def granted(node: Any) -> str:
    """What a node takes for granted, in words; empty for nothing."""
    return ""


def assumed(*sides: Any) -> tuple[str, ...]:
    """What is taken for granted in a claim with these sides, in words."""
    nodes = (node for side in map(open_names, sides) for node in sp.preorder_traversal(side))
    own = dict.fromkeys(words for node in nodes if (words := granted(node)))
    return (*_boundary(*sides), *own)


def _boundary(*sides: Any) -> tuple[str, ...]:
    for side in map(open_names, sides):
        for node in sp.preorder_traversal(side):
            bound = set(getattr(node, "bound_symbols", ())) if isinstance(node, sp.Expr) else set()
            endless = not isinstance(node, sp.Integral) or any(
                set(ends) == {sp.oo, -sp.oo} for _, *ends in node.limits
            )
            slopes = node.atoms(sp.Derivative) if bound and endless else ()
            if any(d.expr.atoms(AppliedUndef) and bound & d.expr.free_symbols for d in slopes):
                return (BOUNDARY,)
    return ()
