"""LaTeX of one expression, the book's way: its names, subscripts for times, its reading order.

The printer is SymPy's. How an operator is printed is registered beside its definition, in ``operators``.
"""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.printing.latex import LatexPrinter

from .notation import LATEX, SUBSCRIPTED
from .tree import opened

CONSTANT, NAME, SYMBOL, SUM, RATIO, POWER_OF_SUM, FUNCTION, OTHER, EXPONENTIAL = range(9)
"""Ranks of the factors of a product, in reading order."""


@singledispatch
def typeset(expr: Any, printer: Printer) -> str | None:
    """LaTeX of an operator; None for SymPy's own way."""
    return None


@singledispatch
def own_brackets(expr: Any, level: int = 0) -> bool | None:
    """Whether an operator beside something of this precedence needs no brackets; None: SymPy decides."""
    return None


@singledispatch
def typeset_power(base: Any, exponent: sp.Expr) -> str | None:
    """LaTeX of a power of an operator; None for SymPy's own way."""
    return None


@singledispatch
def typeset_slope(head: Any) -> str | None:
    """LaTeX of the first derivative of an operator; None for SymPy's own way."""
    return None


@singledispatch
def rank(base: Any) -> int:
    """Where a factor, or the base of a power, stands in a product."""
    kinds = {sp.NumberSymbol: CONSTANT, AppliedUndef: NAME, sp.Symbol: SYMBOL, sp.Add: SUM}
    kinds[sp.Function] = FUNCTION
    return next((place for kind, place in kinds.items() if isinstance(base, kind)), OTHER)


class Printer(LatexPrinter):
    """SymPy's LaTeX with the book's names, subscripts for times, and the unevaluated operators."""

    def _print(self, expr: Any, **kwargs: Any) -> str:
        own = None if kwargs else typeset(expr, self)
        return super()._print(expr, **kwargs) if own is None else own

    def _print_Symbol(self, expr: sp.Symbol, style: str = "plain") -> str:
        return LATEX.get(expr.name) or super()._print_Symbol(expr, style)

    def applied(self, expr: AppliedUndef, exp: str | None = None, primes: str = "") -> str:
        """An undefined function at its arguments, with primes or a power."""
        name = expr.func.__name__
        shown = LATEX.get(name, name) + primes
        arguments = ", ".join(self._print(arranged(a)) for a in expr.args)
        power = f"^{{{exp}}}" if exp else ""
        if name in SUBSCRIPTED:
            return f"{shown}_{{{arguments}}}{power}"
        if "frac" in arguments:
            return rf"{shown}{power}\left({arguments}\right)"
        return f"{shown}{power}({arguments})"

    def _print_Function(self, expr: Any, exp: str | None = None) -> str:
        if isinstance(expr, AppliedUndef):
            return self.applied(expr, exp)
        return super()._print_Function(expr, exp)

    def _print_Pow(self, expr: sp.Pow) -> str:
        return typeset_power(expr.base, expr.exp) or super()._print_Pow(expr)

    def _needs_mul_brackets(self, expr: sp.Expr, first: bool = False, last: bool = False) -> bool:
        if own_brackets(expr):
            return False
        return super()._needs_mul_brackets(expr, first=first, last=last)

    def parenthesize(self, item: Any, level: int, **options: Any) -> str:
        """Operators with their own brackets need none around them."""
        needs_none = own_brackets(item, level)
        if needs_none is None:
            return super().parenthesize(item, level, **options)
        shown = self._print(item)
        return shown if needs_none else rf"\left({shown}\right)"


def arranged(expr: Any) -> Any:
    """The same tree in reading order: coefficients before variables, minus signs last."""
    if isinstance(expr, AppliedUndef) or not expr.args or opened(expr) is not expr:
        return expr
    args = [arranged(a) for a in expr.args]
    if expr.is_Add:
        signed = [_leading(a) for a in args]
        factor = abs(signed[0]) * (-1 if all(c.is_negative for c in signed) else 1)
        if factor != 1 and len({abs(c) for c in signed}) == 1:
            rest = [_without(a, c, c / factor) for a, c in zip(args, signed, strict=True)]
            inner = sp.Add(*sorted(rest, key=_term_order), evaluate=False)
            return sp.Mul(factor, inner, evaluate=False)
        return sp.Add(*sorted(args, key=_term_order), evaluate=False)
    if expr.is_Mul:
        flat = [f for a in args for f in (a.args if a.is_Mul else [a])]
        number = sp.Mul(*(f for f in flat if f.is_Rational))
        rest = sorted((f for f in flat if not f.is_Rational), key=_factor_order)
        return sp.Mul(*([number] if number != 1 else []), *rest, evaluate=False)
    if isinstance(expr, sp.Pow):
        return sp.Pow(*args, evaluate=False)
    return expr.func(*args)


def _leading(term: sp.Expr) -> sp.Rational:
    """The rational number in front of an arranged term."""
    if term.is_Rational:
        return term
    first = term.args[0] if term.is_Mul else sp.Integer(1)
    return first if first.is_Rational else sp.Integer(1)


def _without(term: sp.Expr, number: sp.Rational, sign: sp.Rational) -> sp.Expr:
    """An arranged term with ``sign`` in place of the ``number`` in front."""
    rest = term.args[1:] if term.is_Mul and term.args[0] == number else [term]
    factors = [] if term == number else list(rest)
    if sign != 1 or not factors:
        factors.insert(0, sign)
    return factors[0] if len(factors) == 1 else sp.Mul(*factors, evaluate=False)


def _term_order(term: sp.Expr) -> tuple:
    negative = bool(_leading(term).is_negative)
    return negative, bool(term.is_number), sp.default_sort_key(term)


def _factor_order(factor: sp.Expr) -> tuple:
    if isinstance(factor, sp.exp):
        return EXPONENTIAL, "", sp.default_sort_key(factor)
    base, exponent = factor.as_base_exp()
    place = rank(base)
    if place == SUM and exponent != 1:
        place = POWER_OF_SUM
    name = _PRINTER.doprint(base) if place in (NAME, RATIO) else ""
    return place, name, sp.default_sort_key(factor)


_PRINTER = Printer({"order": "none", "fold_short_frac": False})


def latex(expr: sp.Expr) -> str:
    """LaTeX of one expression, the book's way."""
    return _PRINTER.doprint(arranged(expr))
