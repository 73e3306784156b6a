"""LaTeX of one expression, the book's way: its names, its reading order, fractions where they read well.

The printer is SymPy's. How an operator is printed is registered beside its definition, in ``operators``.
A fraction is stacked only where it stands by itself: in exponents, arguments, brackets and other
fractions it has a slash. Numbers, sums with hats and integrals stand beside a fraction, not in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import singledispatch
from itertools import pairwise
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.printing.latex import LatexPrinter, accepted_latex_functions

from .brackets import fitted
from .notation import LATEX, SUBSCRIPTED, printed_name
from .reading_order import (
    APPLIED,
    OPERATORS,
    VARIABLE,
    arranged,
    factors,
    is_error,
    rank,
    rank_of_name,
)

__all__ = ["Printer", "latex", "own_brackets", "rank", "rank_of_name", "typeset"]


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


class Printer(LatexPrinter):
    """SymPy's LaTeX with the book's names, subscripts for times, and the unevaluated operators."""

    _slashed = False
    _followed = False

    @contextmanager
    def _state(self, **state: bool) -> Iterator[None]:
        before = self._slashed, self._followed
        self._slashed = state.get("slashed", self._slashed)
        self._followed = state.get("followed", self._followed)
        try:
            yield
        finally:
            self._slashed, self._followed = before

    def inline(self, expr: Any) -> str:
        """LaTeX of a part that is set small, or stands in a line: with slashes for fractions."""
        with self._state(slashed=True, followed=False):
            return str(self._print(expr))

    def _print(self, expr: Any, **kwargs: Any) -> str:
        own = None if kwargs else typeset(expr, self)
        return super()._print(expr, **kwargs) if own is None else own

    def _print_Symbol(self, expr: sp.Symbol, style: str = "plain") -> str:
        return LATEX.get(expr.name) or super()._print_Symbol(expr, style)

    def applied(self, expr: AppliedUndef, exp: str | None = None, primes: str = "") -> str:
        """An undefined function at its arguments, with primes or a power."""
        name = expr.func.__name__
        shown = printed_name(name) + primes
        arguments = ", ".join(self.inline(arranged(a)) for a in expr.args)
        power = f"^{{{exp}}}" if exp else ""
        if name in SUBSCRIPTED:
            return f"{shown}_{{{arguments}}}{power}"
        return f"{shown}{power}({arguments})"

    # --- functions: \log x, \sin(\pi t/2), \log\frac{a}{b}

    def _print_Function(self, expr: Any, exp: str | None = None) -> str:
        if isinstance(expr, AppliedUndef):
            return self.applied(expr, exp)
        name = type(expr).__name__
        if name not in accepted_latex_functions or len(expr.args) != 1:
            return str(super()._print_Function(expr, exp))
        (argument,) = expr.args
        head = rf"\{name}" + (f"^{{{exp}}}" if exp else "")
        stacked = not self._slashed and not self._followed and name == "log"
        if stacked and _below(argument):
            return f"{head}{self._print(argument)}"
        shown = self.inline(argument)
        letter = argument.is_Symbol or isinstance(argument, AppliedUndef)
        if argument.is_Integer or ((letter or own_brackets(argument, 0)) and not self._followed):
            return f"{head} {shown}"
        return rf"{head}\left({shown}\right)"

    def _print_log(self, expr: Any, exp: str | None = None) -> str:
        return self._print_Function(expr, exp)

    def _print_ExpBase(self, expr: Any, exp: str | None = None) -> str:
        power = f"e^{{{self.inline(expr.args[0])}}}"
        return rf"\left({power}\right)^{{{exp}}}" if exp else power

    # --- products and powers

    def _print_Rational(self, expr: sp.Rational) -> str:
        return self._ratio([expr.p], [expr.q]) if expr.q != 1 else str(expr.p)

    def _print_Pow(self, expr: sp.Pow) -> str:
        own = typeset_power(expr.base, expr.exp)
        if own is not None:
            return own
        if expr.exp.is_Rational and expr.exp.is_negative:
            return self._ratio([], [_power(expr.base, -expr.exp)])
        with self._state(slashed=True, followed=False):
            return str(super()._print_Pow(expr))

    def _print_Mul(self, expr: sp.Mul) -> str:
        above, below = [], []
        for factor in factors(expr):
            number = sp.Rational(factor) if factor.is_Rational else None
            base, exponent = factor.as_base_exp()
            if number is not None:
                above += [number.p] if number.p != 1 else []
                below += [number.q] if number.q != 1 else []
            elif exponent.is_Rational and exponent.is_negative and not isinstance(factor, sp.exp):
                below.append(_power(base, -exponent))
            else:
                above.append(factor)
        return self._ratio(above, below)

    def _ratio(self, above: list[Any], below: list[Any]) -> str:
        """A product over a product, with its sign in front."""
        above = [sp.sympify(a) for a in above]
        below = [sp.sympify(b) for b in below]
        sign = ""
        if above and above[0].is_Integer and above[0].is_negative:
            sign = "- "
            above = [-above[0], *above[1:]] if above[0] != -1 else above[1:]
        if not below:
            return sign + self._product(above)
        if self._slashed:
            top = self._product(above, closed=True) or "1"
            bottom = self._product(below, closed=True)
            bottom = bottom if len(below) == 1 else rf"\left({bottom}\right)"
            return f"{sign}{top}/{bottom}"
        over, beside = _split(above, below)
        with self._state(slashed=True, followed=False):
            top = self._product(over) or "1"
            ratio = rf"\frac{{{top}}}{{{self._product(below)}}}"
        return f"{sign}{ratio} {self._product(beside, after=True)}".rstrip()

    def _product(self, parts: list[Any], *, closed: bool = False, after: bool = False) -> str:
        """Factors side by side; a sum among others in brackets, and with slashes.

        ``closed``: brackets for a sum by itself too; ``after``: a constant fraction stands in front.
        """
        several = len(parts) > 1
        shown = []
        for number, part in enumerate(parts, 1):
            last = number == len(parts)
            bracketed = part.is_Add and (several or closed or after)
            to_the_end = (
                isinstance(part, (*OPERATORS, sp.Derivative)) or own_brackets(part) is False
            )
            open_ended = to_the_end and not last
            needs = bracketed or (open_ended and not own_brackets(part) and not _primed(part))
            with self._state(slashed=self._slashed or (part.is_Add and several), followed=not last):
                text = str(self._print(part))
            shown.append(rf"\left({text}\right)" if needs else text)
        gaps = [self._gap(a, b) for a, b in pairwise(parts)] + [""]
        return "".join(text + gap for text, gap in zip(shown, gaps))

    @staticmethod
    def _gap(left: Any, right: Any) -> str:
        digits = left.is_Integer and right.as_base_exp()[0].is_Integer
        return r" \cdot " if digits else " "

    # --- operators of SymPy

    def _print_Integral(self, expr: sp.Integral) -> str:
        signs = differentials = ""
        for variable, *ends in expr.limits:
            low, high = map(self.inline, ends) if len(ends) == 2 else ("", "")
            bounds = f"_{{{low}}}^{{{high}}}" if ends else ""
            signs = rf"\int{bounds} {signs}"
            differentials += rf"\, d{self._print(variable)}"
        return f"{signs}{self._body(expr.function)}{differentials}"

    def _print_Limit(self, expr: sp.Limit) -> str:
        body, variable, point, side = expr.args
        one_side = point == 0 and variable.is_positive and str(side) == "+"
        plain = point.is_infinite or one_side
        to = self.inline(point) + ("" if plain else f"^{side}")
        return rf"\lim_{{{self._print(variable)} \to {to}}} {self._body(body)}"

    def _body(self, body: sp.Expr) -> str:
        return rf"\left({self._print(body)}\right)" if body.is_Add else str(self._print(body))

    def _print_Derivative(self, expr: sp.Derivative) -> str:
        if expr.derivative_count == 1 and own_brackets(expr.expr):
            (variable,) = expr.variables
            name = self._print(expr.expr)
            return (
                f"{name}'"
                if str(variable) == "t"
                else rf"\partial_{{{self._print(variable)}}} {name}"
            )
        ((variable, order), *others) = expr.variable_count
        if not others and str(variable) == "z":  # in a line, so that it fits into a fraction
            power = "" if order == 1 else f"^{{{self._print(order)}}}"
            body = self._print(expr.expr)
            body = rf"\left({body}\right)" if isinstance(expr.expr, sp.Add | sp.Mul) else body
            return rf"\partial_{{z}}{power} {body}"
        return str(super()._print_Derivative(expr))

    def _needs_mul_brackets(self, expr: sp.Expr, first: bool = False, last: bool = False) -> bool:
        if own_brackets(expr):
            return False
        return bool(super()._needs_mul_brackets(expr, first=first, last=last))

    def parenthesize(self, item: Any, level: int, **options: Any) -> str:
        """Operators with their own brackets need none around them."""
        needs_none = own_brackets(item, level)
        if needs_none is None:
            return str(super().parenthesize(item, level, **options))
        shown = str(self._print(item))
        return shown if needs_none else rf"\left({shown}\right)"


def _power(base: sp.Expr, exponent: sp.Rational) -> sp.Expr:
    return base if exponent == 1 else sp.Pow(base, exponent, evaluate=False)


def _below(expr: sp.Expr) -> bool:
    """Whether an expression is a fraction with more than a number below its line."""
    powers = (f.as_base_exp() for f in factors(expr) if not isinstance(f, sp.exp))
    return any(not base.is_number and power.is_negative for base, power in powers)


def _primed(expr: sp.Expr) -> bool:
    return isinstance(expr, sp.Derivative) and rank(expr) != rank(expr.func)


def _split(above: list[sp.Expr], below: list[sp.Expr]) -> tuple[list[sp.Expr], list[sp.Expr]]:
    """What of a numerator stands over the line, and what reads better beside it."""
    others = [a for a in above if not _constant(a)]
    if all(_constant(b) for b in below):
        out = others
    elif all(_wide(part) for part in others + below):
        out = []  # a quotient of densities is one
    else:
        out = [a for a in others if _wide(a) or is_error(a) or a.has(sp.Integral, sp.Sum, sp.Limit)]
        light = [a for a in others if a not in out]
        sums = [a for a in light if a.is_Add]
        if len(sums) == 1:
            before = [a for a in light if rank(a) < rank(sums[0])]
            out += sums if before else []
        coefficients = [a for a in light if rank(a.as_base_exp()[0]) < VARIABLE]
        out += [a for a in light if coefficients and rank(a) in (VARIABLE, APPLIED)]
    return [a for a in above if a not in out], [a for a in above if a in out]


def _constant(expr: sp.Expr) -> bool:
    return bool(expr.is_number) and not expr.has(sp.Function)


def _wide(expr: sp.Expr) -> bool:
    """An operator that is written with its arguments, not by a name."""
    return own_brackets(expr) is True and not hasattr(expr, "latex")


_PRINTER = Printer({"order": "none", "fold_short_frac": False})


def latex(expr: sp.Expr, *, inline: bool = False) -> str:
    """LaTeX of one expression, the book's way; ``inline``: fractions have a slash."""
    shown = arranged(expr)
    return fitted(_PRINTER.inline(shown) if inline else _PRINTER.doprint(shown))
