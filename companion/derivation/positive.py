"""Whether an expression is positive everywhere on a domain: proved, not believed.

Each rule of the domain writes what it draws in terms of positive unknowns (``Rule.positive_form``): of
``s < t < 1``, ``s = a/(1 + a + b)`` and ``t = (a + b)/(1 + a + b)``; of a falling SNR, ``alpha_s = sigma_s
(p + q)`` and ``alpha_t = sigma_t q``. What is then a quotient of sums with positive terms only is positive.
What is positive for another reason is not seen: the step is refused, never believed.
"""

from __future__ import annotations

import sympy as sp
from sympy.core.function import AppliedUndef

from .conditions import positive_if
from .domain import Domain
from .tree import nesting, open_names, pointwise


def positive(expr: sp.Expr, domain: Domain) -> bool:
    """Whether ``expr`` is proved to be a positive number at every point of ``domain``."""
    # of a name SymPy believes what was declared, of a sum what was declared of its index
    if expr.is_positive and not nesting(expr) and not expr.has(sp.Sum, sp.Product):
        return True
    plain = _opaque(open_names(domain.insert(open_names(expr))), domain)
    form = domain.positive_form(plain)
    top, bottom = sp.fraction(sp.together(form))
    return all(_is_sum_of_positive(part) for part in (top, bottom))


def _opaque(expr: sp.Expr, domain: Domain) -> sp.Expr:
    """``expr`` with an unknown number, positive or real, for every integral, derivative, other operator."""
    if isinstance(expr, AppliedUndef) or not expr.args:
        return expr
    needed = positive_if(expr)
    if needed is not None and all(positive(part, domain) for part in needed):
        return sp.Dummy("unknown", positive=True)
    if not pointwise(expr):
        return sp.Dummy("unknown", real=True)
    return expr.func(*(_opaque(a, domain) for a in expr.args))


def _is_sum_of_positive(expr: sp.Expr) -> bool:
    return any(
        all(_all_nonnegative_one_positive(factor) for factor in sp.Mul.make_args(form))
        for form in (expr, sp.expand(expr), sp.factor(expr))
    )


def _all_nonnegative_one_positive(expr: sp.Expr) -> bool:
    if expr.is_positive:
        return True
    base, power = expr.as_base_exp()
    if power != 1 and power.is_real:
        return _all_nonnegative_one_positive(base)
    terms = sp.Add.make_args(sp.expand(expr))
    return all(term.is_nonnegative for term in terms) and any(term.is_positive for term in terms)
