"""How a chain looks on the page: one aligned block, numbered reasons, one line on how each was checked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import mpmath as mp
import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.printing.latex import LatexPrinter
from sympy.printing.precedence import PRECEDENCE

from .operators import KL, Abbreviation, Expectation, Normal
from .step import Outcome
from .vocabulary import LATEX, SUBSCRIPTED

if TYPE_CHECKING:
    from .chains import Chain, Prose, Refuted


_NAME_AND_ARGUMENT = re.compile(r"^(\\mathrm\{\w+\}|\\?[A-Za-z]+)([(_].*)$", re.DOTALL)


class Printer(LatexPrinter):
    """SymPy's LaTeX with the book's names, subscripts for times, and the unevaluated operators."""

    def _print_Symbol(self, expr: sp.Symbol, style: str = "plain") -> str:
        return LATEX.get(expr.name) or super()._print_Symbol(expr, style)

    def _applied(self, expr: AppliedUndef, exp: str | None = None, primes: str = "") -> str:
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
            return self._applied(expr, exp)
        return super()._print_Function(expr, exp)

    def _print_Derivative(self, expr: sp.Derivative) -> str:
        head, order = expr.expr, expr.derivative_count
        if isinstance(head, AppliedUndef) and head.args == expr.variables[:1] and order <= 2:
            return self._applied(head, primes="'" * int(order))
        if isinstance(head, Abbreviation) and order == 1:
            primed = _NAME_AND_ARGUMENT.sub(r"\1'\2", head.latex)
            if primed != head.latex:  # SNR'(t), lambda'_t
                return primed
        return super()._print_Derivative(expr)

    def _print_Abbreviation(self, expr: Abbreviation) -> str:
        return expr.latex

    def _print_Pow(self, expr: sp.Pow) -> str:
        base, exponent = expr.base, expr.exp
        is_square = isinstance(base, Abbreviation) and base.latex.endswith("^2")
        if is_square and exponent.is_Integer and exponent > 0:  # (sigma^2)^2 is sigma^4
            return f"{base.latex[:-2]}^{{{2 * exponent}}}"
        return super()._print_Pow(expr)

    def _print_Normal(self, expr: Normal) -> str:
        z, mean, variance = (self._print(a) for a in expr.args)
        return rf"\mathcal{{N}}\left({z};\, {mean},\, {variance}\right)"

    def _print_Expectation(self, expr: Expectation) -> str:
        laws = ",\\, ".join(
            self._print(law.args[0])
            if law.args[1:] == (0, 1)
            else rf"{self._print(law.args[0])} \sim \mathcal{{N}}"
            rf"({self._print(law.args[1])},\, {self._print(law.args[2])})"
            for law in expr.args[1:]
        )
        return rf"\mathbb{{E}}_{{{laws}}}\!\left[{self._print(expr.args[0])}\right]"

    def _print_KL(self, expr: KL) -> str:
        p, q = (self._print(a) for a in expr.args)
        return rf"D_{{\mathrm{{KL}}}}\!\left({p} \,\middle\|\, {q}\right)"

    def _needs_mul_brackets(self, expr: sp.Expr, first: bool = False, last: bool = False) -> bool:
        if isinstance(expr, Abbreviation):  # whatever it stands for
            return False
        return super()._needs_mul_brackets(expr, first=first, last=last)

    def parenthesize(self, item: Any, level: int, **options: Any) -> str:
        """Operators with their own brackets need none around them."""
        if isinstance(item, Abbreviation) and "^" in item.latex and level >= PRECEDENCE["Pow"]:
            return rf"\left({item.latex}\right)"
        if isinstance(item, Abbreviation | Normal | Expectation | KL):
            return self._print(item)
        return super().parenthesize(item, level, **options)


def arranged(expr: Any) -> Any:
    """The same tree in reading order: coefficients before variables, minus signs last."""
    if isinstance(expr, Abbreviation | AppliedUndef) or not expr.args:
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
        return 5, 1, "", sp.default_sort_key(factor)
    base, exponent = factor.as_base_exp()
    is_ratio = isinstance(base, Abbreviation) and base.latex.startswith(r"\mathrm")  # SNR
    ranks = [sp.NumberSymbol, AppliedUndef | Abbreviation, sp.Symbol, sp.Add, sp.Function]
    rank = next((k for k, kind in enumerate(ranks) if isinstance(base, kind)), len(ranks))
    name = _PRINTER.doprint(base) if rank == 1 else ""
    squared = int(rank == 3 and exponent != 1)
    return 3 if is_ratio else rank, squared, name, sp.default_sort_key(factor)


_PRINTER = Printer({"order": "none", "fold_short_frac": False})


def latex(expr: sp.Expr) -> str:
    """LaTeX of one expression, the book's way."""
    return _PRINTER.doprint(arranged(expr))


def label(chain_name: str) -> str:
    """The equation label of a chain: ``nelbo-x/snr-difference`` -> ``eq-nelbo-x-snr-difference``."""
    return "eq-" + chain_name.replace("/", "-")


def power_of_ten(value: Any) -> str:
    """An upper bound on an error, as LaTeX: the next power of ten."""
    if value == 0:
        return "0"
    return f"10^{{{int(mp.ceil(mp.log10(value)))}}}"


def how_checked(outcome: Outcome) -> str:
    """One line: what each check found. No times: a page is the same bytes on every run."""
    equivalent = outcome.count("equivalent")
    parts = [
        f"SymPy ({outcome.proof.tactic})",
        rf"{outcome.points} points, error $\le {power_of_ten(outcome.error)}$"
        if outcome.error
        else f"{outcome.points} points, no difference",
        f"{outcome.count('refuted')} wrong variants refuted"
        + (f", {equivalent} equivalent" if equivalent else ""),
    ]
    if outcome.torch_error is not None:
        parts.append(r"torch value and gradient to $10^{-10}$")
    return "✓ " + " · ".join(parts)


def block(chain: Chain) -> str:
    """The aligned LaTeX of a chain, links numbered where there is more than one."""
    rows = []
    for number, step in enumerate(chain.steps, 1):
        left = latex(step.left) if number == 1 else ""
        tag = rf" && \text{{({number})}}" if len(chain.steps) > 1 else ""
        rows.append(rf"{left} &= {latex(step.right)}{tag}")
    body = " \\\\[4pt]\n".join(rows)
    return f"$$\n\\begin{{aligned}}\n{body}\n\\end{{aligned}}\n$$ ({label(chain.name)})"


def markdown(chain: Chain) -> str:
    """MyST Markdown: the labelled block, then each link's reason and how it was checked."""
    lines = [block(chain), ""]
    for number, step in enumerate(chain.steps, 1):
        lines.append(f"{number}. {step.reason}")
        if chain.outcomes:
            lines.append(f"   <br><small>{how_checked(chain.outcomes[number - 1])}</small>")
    notes = []
    if chain.steps[0].domain.words:
        notes.append("for " + ", ".join(chain.steps[0].domain.words))
    if chain.steps[0].cites:
        notes.append(chain.steps[0].cites)
    notes.append(f"`{chain.name}`")
    lines += ["", f"<small>{' · '.join(notes)}</small>"]
    return "\n".join(lines)


def refuted(claim: Refuted) -> str:
    """A wrong claim, crossed out by its counterexample."""
    left, wrong = latex(claim.step.left), latex(claim.step.right)
    evidence = f"✗ refuted: {claim.step.reason}. {claim.evidence}"
    return f"$$\n{left} \\ne {wrong}\n$$\n\n<small>{evidence}</small>"


IN_WORDS = "✎ argument in words, not checked by machine"
"""The mark of what is not checked."""


def in_words(said: Prose) -> str:
    """A statement, its argument, and the mark that no machine has checked it."""
    notes = [IN_WORDS, *([said.cites] if said.cites else []), f"`{said.name}`"]
    parts = [said.statement, said.because] if said.because else [said.statement]
    return "\n\n".join([*parts, f"<small>{' · '.join(notes)}</small>"])
