"""The order in which an expression is read: coefficients before variables, minus signs and sums last.

SymPy sorts the terms and factors of every expression that it makes, so the order of the source is lost.
These rules bring most of it back; no term is added, and none is left out.
"""

from __future__ import annotations

import re
from functools import singledispatch
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef

from .notation import SUBSCRIPTED, printed_name
from .tree import opened

(
    CONSTANT, NAME, SYMBOL, RATIO, SUM, VARIABLE, SUM_OF_VARIABLES, APPLIED, POWER_OF_SUM, ERROR,
    FUNCTION, EXPONENTIAL, OTHER,
) = range(13)  # fmt: skip
"""Ranks of the factors of a product, in reading order. An error is a power of something less its hat."""

VARIABLES = ("z", "x", "epsilon", "y", "v", "s", "u")
"""Latents, data, noise and targets, as a sum is read: what is measured stands behind what measures it."""

INCREMENTS = ("h", "delta")
"""Small steps: t + h, not h + t."""

OPERATORS = (sp.Integral, sp.Sum, sp.Product, sp.Limit)
"""What is read to its end: it stands last in a product, and sums last in a sum."""


@singledispatch
def rank(base: Any) -> int:
    """Where a factor, or the base of a power, stands in a product."""
    return OTHER


@rank.register
def _(base: sp.NumberSymbol) -> int:
    return CONSTANT


@rank.register
def _(base: sp.Symbol) -> int:
    named = not base.is_positive and variable(printed_name(base.name))
    return VARIABLE if named else SYMBOL


@rank.register
def _(base: sp.Function) -> int:
    return EXPONENTIAL if isinstance(base, sp.exp) else FUNCTION


@rank.register
def _(base: AppliedUndef) -> int:
    return NAME if base.func.__name__ in SUBSCRIPTED else APPLIED


@rank.register
def _(base: sp.Derivative) -> int:
    head = rank(base.expr)
    return head if head in (NAME, APPLIED, RATIO) else OTHER


@rank.register
def _(base: sp.Add) -> int:
    inside = {rank(factor.as_base_exp()[0]) for term in base.args for factor in factors(term)}
    return SUM_OF_VARIABLES if VARIABLE in inside and APPLIED not in inside else SUM


def rank_of_name(latex: str) -> int:
    """Where a printed name stands: SNR(t) and f(t) behind letters, z behind its coefficients."""
    if latex.startswith(r"\mathrm"):
        return RATIO
    if "(" in latex:
        return APPLIED
    return VARIABLE if variable(latex) else NAME


_LETTER = re.compile(r"^(?:\\hat\s*\{?)?\\?([A-Za-z]+)\}?(?:_|\^|$)")


def variable(latex: str) -> str:
    """The letter of a variable, without hat and subscript; empty for any other name."""
    found = _LETTER.match(latex)
    return found[1] if found and found[1] in VARIABLES else ""


def factors(term: sp.Expr) -> tuple[sp.Expr, ...]:
    """The factors of a product, or the one thing that it is."""
    return term.args if term.is_Mul else (term,)


def names_of(expr: sp.Expr) -> list[str]:
    """The printed names in an expression, none opened, and those of functions without arguments."""
    if isinstance(expr, sp.Symbol | AppliedUndef):
        name = expr.name if isinstance(expr, sp.Symbol) else expr.func.__name__
        return [printed_name(name)]
    shown = getattr(expr, "latex", None)
    if isinstance(shown, str):
        return [shown]
    return [name for arg in expr.args for name in names_of(arg)]


def is_error(factor: sp.Expr) -> bool:
    """Whether a factor is a power of a difference from a prediction, (x - x_hat)^2."""
    base, exponent = factor.as_base_exp()
    return base.is_Add and exponent != 1 and any(r"\hat" in name for name in names_of(base))


def arranged(expr: Any) -> Any:
    """The same tree in reading order: coefficients before variables, minus signs last."""
    if isinstance(expr, AppliedUndef | sp.MatrixExpr) or not expr.args or opened(expr) is not expr:
        return expr
    args = [arranged(a) for a in expr.args]
    if expr.is_Add:
        return _sum(args)
    if expr.is_Mul:
        flat = [f for a in args for f in factors(a)]
        number = sp.Mul(*(f for f in flat if f.is_Rational))
        rest = sorted((f for f in flat if not f.is_Rational), key=_factor_order)
        return sp.Mul(*([number] if number != 1 else []), *rest, evaluate=False)
    if isinstance(expr, sp.Pow):
        return sp.Pow(*args, evaluate=False)
    return expr.func(*args)


def _sum(terms: list[sp.Expr]) -> sp.Expr:
    """Terms in order; a rational number that all share, operators aside, stands before a bracket."""
    apart = [a for a in terms if a.has(*OPERATORS)]
    inside = [a for a in terms if a not in apart]
    signed = [_leading(a) for a in inside]
    if len(inside) > 1 and len({abs(c) for c in signed}) == 1:
        factor = abs(signed[0]) * (-1 if all(c.is_negative for c in signed) else 1)
        bare = any(a.is_Rational for a in inside)
        if abs(factor) != 1 and not (factor.is_Integer and bare):
            rest = [_without(a, c, c / factor) for a, c in zip(inside, signed, strict=True)]
            bracket = sp.Add(*sorted(rest, key=_term_order), evaluate=False)
            group = sp.Mul(factor, bracket, evaluate=False)
            if not apart:
                return group
            terms = [group, *apart]
    return sp.Add(*sorted(terms, key=_term_order), evaluate=False)


def _leading(term: sp.Expr) -> sp.Rational:
    """The rational number in front of an arranged term."""
    if term.is_Rational:
        return term
    first = factors(term)[0]
    return first if first.is_Rational else sp.Integer(1)


def _without(term: sp.Expr, number: sp.Rational, sign: sp.Rational) -> sp.Expr:
    """An arranged term with ``sign`` in place of the ``number`` in front."""
    rest = term.args[1:] if term.is_Mul and term.args[0] == number else [term]
    kept = [] if term == number else list(rest)
    if sign != 1 or not kept:
        kept.insert(0, sign)
    return kept[0] if len(kept) == 1 else sp.Mul(*kept, evaluate=False)


def _term_order(term: sp.Expr) -> tuple[Any, ...]:
    negative = bool(_leading(term).is_negative)
    number = (2 if negative else 0) if term.is_number else 1
    bases = [_base(f)[0] for f in factors(term) if not f.is_Rational]
    places = [
        VARIABLES.index(variable(name))
        for base in bases
        if rank(base) in (VARIABLE, SUM_OF_VARIABLES, POWER_OF_SUM)
        for name in names_of(base)
        if variable(name)
    ]
    step = isinstance(term, sp.Symbol) and term.name in INCREMENTS
    first = rank(bases[0]) if bases else CONSTANT
    none = len(VARIABLES) if negative or first >= FUNCTION else -1
    last = max(places, default=none)
    counted = term.has(sp.Sum, sp.Product)
    return counted, negative, number, step, last, first, sp.default_sort_key(term)


def _factor_order(factor: sp.Expr) -> tuple[Any, ...]:
    base, exponent = _base(factor)
    place = ERROR if is_error(factor) else rank(base)
    if place in (SUM, SUM_OF_VARIABLES) and exponent != 1:
        place = POWER_OF_SUM
    name = ""
    if place in (NAME, APPLIED, RATIO):
        slope = isinstance(base, sp.Derivative)
        name = names_of(base.expr if slope else base)[0]
        name = "~" * (slope and place == NAME) + name  # alpha sigma', but S' e
    elif place == SUM:
        name = min(names_of(base), default="")
    elif place == CONSTANT:
        name = "e" * (base == sp.E)  # 2 pi e
    return place, name, sp.default_sort_key(factor)


def _base(factor: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """Base and exponent; e^x is no power of a number here."""
    return (factor, sp.Integer(1)) if isinstance(factor, sp.exp) else factor.as_base_exp()
