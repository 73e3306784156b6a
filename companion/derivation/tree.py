"""What the generic walks over an expression ask about a node. Operators answer by registering.

A new operator registers with the dispatchers of these modules, each of which says what happens to an
operator that does not:

* ``tree.opened`` (stands for nothing else), ``tree.pointwise`` (no),
* ``exact.exact`` (its arguments are computed, it stays), ``exact.log_of`` (unknown),
* ``second.walk.value`` (not known to the second provers), ``second.walk.coordinates`` (one number),
* ``numeric.build`` (refused), ``numeric.degree`` and ``numeric.log_degree`` (not a polynomial),
* ``symbolic.atom`` (one opaque symbol for the whole),
* ``rules.drawn`` (a number), ``operators.parts.granted`` (it takes nothing for granted),
* ``conditions.conditions``, ``conditions.meaningless``, ``needs.divides_by`` (nothing is needed),
  ``needs.ranges``, ``needs.of_its_own``, ``printed.named`` (no name is printed),
* ``latex.typeset`` (SymPy's way), ``latex.own_brackets``, ``latex.typeset_power``,
* ``mutants.variants`` (none of its own), ``mutants.touched`` (every argument).
"""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef

KINKED = (sp.Piecewise, sp.Abs, sp.sign, sp.Max, sp.Min, sp.Heaviside)
"""Functions with a jump or a kink, whose slope SymPy takes from each side only."""


@singledispatch
def opened(node: Any) -> Any:
    """What ``node`` is a name for; ``node`` itself if it is no mere name."""
    return node


@singledispatch
def pointwise(node: Any) -> bool:
    """Whether the value of ``node`` at a point follows from its arguments' values at that point."""
    return isinstance(node, sp.Add | sp.Mul | sp.Pow)


@pointwise.register
def _(node: sp.Function) -> bool:
    return not isinstance(node, AppliedUndef)


def open_once(expr: Any) -> Any:
    """Replace the outermost layer of names by what they stand for."""
    inside = opened(expr)
    if inside is not expr or not expr.args:
        return inside
    args = [open_once(a) for a in expr.args]
    return expr.func(*args) if any(a is not b for a, b in zip(args, expr.args)) else expr


def open_names(expr: Any, depth: int | None = None) -> Any:
    """Open ``depth`` layers of names, all of them by default."""
    while depth is None or depth > 0:
        inside = open_once(expr)
        if inside is expr:
            return expr
        expr, depth = inside, None if depth is None else depth - 1
    return expr


def nesting(expr: Any) -> int:
    """How many layers of names there are."""
    depth = 0
    while (inside := open_once(expr)) is not expr:
        expr, depth = inside, depth + 1
    return depth
