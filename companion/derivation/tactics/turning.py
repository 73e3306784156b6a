"""Inequalities of functions that fall up to a point and rise from there on, convex or not."""

from __future__ import annotations

import sympy as sp

from ..nonnegative import Known, bound, never_negative, opaque, smooth
from .bounds import not_below, roots, within


@bound("turning point")
def turning_point(expr: sp.Expr, known: Known, strict: bool) -> bool:
    """f'(x) is x - x0 times what is never negative, so f(x) is never less than f(x0)."""
    if known.depth > 0:
        return False  # what a proof needs on its way is left to the others: this one looks long
    whole, known = opaque(expr, known)
    for x in known.free(whole):
        if not smooth(whole, x, known.positive):
            continue
        slope = sp.factor(sp.diff(whole, x))
        for place in roots(slope, x):
            if not within(place, x, known) or x in place.free_symbols:
                continue
            if sp.simplify(slope.subs(x, place)) != 0:
                continue
            rate = sp.factor(sp.cancel(slope / (x - place)))
            if never_negative(rate, known.deeper()) is None:
                continue
            return not_below(whole.subs(x, place), known, strict)
    return False
