"""The integral over a range, its derivative moved from one factor to the other, with the boundary terms."""

from __future__ import annotations

import sympy as sp
from sympy.core.function import AppliedUndef

from ..exact import compute, exact


class ByParts(sp.Integral):
    """SymPy's ``Integral`` over one range; its exact value is found by parts, at both ends included.

    The integrand is F'(z) g(z): F an abstract function, g a polynomial in z times other abstract functions,
    all of them smooth up to the ends. F keeps no derivative if it is the first of them by name, so both sides
    of a claim come to one form. Any other integrand is left to the rules of ``Integral``.
    """


@exact.register
def _(expr: ByParts) -> sp.Expr:
    (z, low, high), total = expr.limits[0], sp.Integer(0)
    for term in sp.Add.make_args(sp.expand(compute(expr.function))):
        moved = _moved(term, z) if len(expr.limits) == 1 else None
        if moved is None:
            total += compute(sp.Integral(term, *expr.limits))
        else:
            head, rest = moved
            total += (head * rest).subs(z, high) - (head * rest).subs(z, low)
            total -= compute(sp.Integral(sp.expand(head * rest.diff(z)), (z, low, high)))
    return total


def _moved(term: sp.Expr, z: sp.Symbol) -> tuple[sp.Expr, sp.Expr] | None:
    """(F, g) of a term F'(z) g(z), F the first by name; None if it is not of this kind."""
    factors = sp.Mul.make_args(term)
    first = min(
        (f.func.__name__ for f in term.atoms(AppliedUndef) if z in f.free_symbols), default=""
    )
    for factor in factors:
        head = getattr(factor, "expr", None)
        if not (isinstance(factor, sp.Derivative) and isinstance(head, AppliedUndef)):
            continue
        others = [f for f in factors if f is not factor and z in f.free_symbols]
        alone = head.func.__name__ == first and not any(f.has(head.func) for f in others)
        if alone and factor.variables == head.args == (z,) and all(map(_smooth, others)):
            return head, term / factor
    return None


def _smooth(factor: sp.Expr) -> bool:
    base, power = factor.as_base_exp()
    abstract = isinstance(base, AppliedUndef | sp.Derivative | sp.Symbol)
    return abstract and power.is_Integer and power > 0
