"""Where a step is claimed to hold, and how random admissible points are drawn from there.

A symbol that no rule mentions is drawn from what its SymPy assumptions allow (positive, real,
positive integer). An undefined function of t is drawn as a random smooth function; the pair
alpha, sigma of ``vocabulary`` is drawn as a random noise schedule: positive, smooth, SNR strictly
falling, alpha^2 + sigma^2 free. So nothing holds only because a schedule preserves variance,
unless the domain says ``VariancePreserving()``.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import mpmath as mp
import sympy as sp
from sympy.core.function import AppliedUndef, UndefinedFunction

from .elementary import exp
from .notation import printed_name
from .numeric import Environment, NumericError, evaluate
from .rules import (
    FallingFunction,
    FallingSNR,
    Increasing,
    Rule,
    TwoGaussians,
    Uniform,
    UniformInteger,
    UnitVariance,
    drawn,
    remembered,
    uniform,
    wiggle,
)
from .vocabulary import alpha, sigma


class DomainError(ValueError):
    """No admissible point can be drawn."""


@dataclass(frozen=True)
class Domain:
    """A set of admissible points; ``a & b`` is both.

    Attributes:
        rules: how particular symbols or functions are drawn (``rules``), and what is known of them.
        where: conditions that every point must satisfy (SymPy relations).
        words: the same in LaTeX/Markdown words, for the page.

    Raises:
        ValueError: for a rule that is not a frozen dataclass, and so would have no identity.
    """

    rules: tuple[Rule, ...] = ()
    where: tuple[Any, ...] = ()
    words: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for rule in self.rules:
            parameters = getattr(rule, "__dataclass_params__", None)
            if parameters is None or not parameters.frozen:
                raise ValueError(
                    f"{rule!r} is no rule: expected a frozen dataclass that inherits from "
                    "companion.derivation.rules.Rule"
                )

    def __and__(self, other: Domain) -> Domain:
        return Domain(self.rules + other.rules, self.where + other.where, self.words + other.words)

    def insert(self, expr: sp.Expr) -> sp.Expr:
        """``expr`` with what is given here put in."""
        for rule in self.rules:
            expr = rule.insert(expr)
        return expr

    def positive_form(self, expr: sp.Expr) -> sp.Expr:
        """``expr`` in terms of positive unknowns, as far as the rules can write it so."""
        order = tuple(rule.symbols for rule in self.rules if isinstance(rule, Increasing))
        heads = {applied.func for applied in expr.atoms(AppliedUndef)}
        rules = self._rules_for(heads)[::-1]
        for (
            rule
        ) in rules:  # functions first, while the symbols that are their arguments still stand
            expr = rule.positive_form(expr, order) if rule.of_functions else expr
        for relation in self.where:
            expr = _raised(expr, relation)
        for rule in rules:
            expr = expr if rule.of_functions else rule.positive_form(expr, order)
        return expr

    def _rules_for(self, unknowns: Iterable[Any]) -> tuple[Rule, ...]:
        """The rules, after that of the book's schedule where it is used: later ones draw over it."""
        return (ANY_SCHEDULE.rules if {alpha, sigma} & {*unknowns} else ()) + self.rules

    def points(
        self, expressions: Iterable[sp.Expr], seed: str, count: int, *, far: bool = False
    ) -> list[Environment]:
        """``count`` admissible points for every symbol and function in ``expressions``.

        Symbols that no rule draws are of size 0.15 to 3.3; ``far`` spreads them over six decades.

        Raises:
            DomainError: when the conditions reject 2,000 draws in a row.
        """
        rng = random.Random(seed)
        atoms = _unknowns(expressions)
        rules = self._rules_for(atoms)
        points: list[Environment] = []
        rejected = 0
        while len(points) < count:
            environment: Environment = {}
            for rule in rules:
                rule.draw(rng, environment)
            for atom in atoms:
                if atom not in environment:
                    own = drawn(atom, rng, environment, len(points) + rejected)
                    environment[atom] = _default(atom, rng, far) if own is None else own
            for head, function in environment.items():
                if isinstance(head, UndefinedFunction):
                    environment[head] = remembered(function)
            if all(_holds(condition, environment) for condition in self.where):
                points.append(environment)
                rejected = 0
            elif (rejected := rejected + 1) >= 2000:
                raise DomainError(
                    f"the domain is empty: 2,000 draws in a row violate {list(self.where)}"
                )
        return points


ANYWHERE = Domain()
"""Every symbol as its assumptions allow, any smooth schedule."""


def Ordered(*symbols: sp.Symbol) -> Domain:
    """0 < first < ... < last < 1, at least 0.05 apart."""
    words = "$0 < " + " < ".join(printed_name(v.name) for v in symbols) + " < 1$"
    return Domain(rules=(Increasing(symbols),), words=(words,))


def Between(symbol: sp.Symbol, low: float, high: float) -> Domain:
    """low < symbol < high.

    Raises:
        ValueError: if there is nothing between.
    """
    if not low < high:
        raise ValueError(f"Between({symbol}, {low}, {high}): expected low < high")
    words = f"${low} < {sp.latex(symbol)} < {high}$"
    return Domain(rules=(Uniform(symbol, low, high),), words=(words,))


def Integers(symbol: sp.Symbol, low: int, high: int) -> Domain:
    """An integer symbol, low <= symbol <= high."""
    words = rf"${low} \le {sp.latex(symbol)} \le {high}$"
    return Domain(rules=(UniformInteger(symbol, low, high),), words=(words,))


def Where(*relations: Any) -> Domain:
    """Keep the points at which every SymPy relation holds.

    Raises:
        ValueError: for an equality, which no random point satisfies.
    """
    for relation in relations:
        if isinstance(relation, sp.Eq):
            raise ValueError(
                f"Where({relation}): no random point satisfies it; put one side in for the other"
            )
    return Domain(where=relations, words=tuple(f"${sp.latex(r)}$" for r in relations))


def VariancePreserving(alpha: UndefinedFunction, sigma: UndefinedFunction) -> Domain:
    """alpha^2 + sigma^2 = 1: the one declaration under which a step may use it."""
    return Domain(rules=(UnitVariance(alpha, sigma),), words=(r"$\alpha_t^2 + \sigma_t^2 = 1$",))


def Schedule(alpha: UndefinedFunction, sigma: UndefinedFunction) -> Domain:
    """Any smooth positive pair whose SNR falls (the book's alpha, sigma are drawn so anyway)."""
    words = (r"a falling $\alpha_t^2 / \sigma_t^2$",)
    return Domain(rules=(FallingSNR(alpha, sigma),), words=words)


ANY_SCHEDULE = Schedule(alpha, sigma)


def Falling(function: UndefinedFunction) -> Domain:
    """A positive, smooth, strictly falling function of one argument."""
    words = (f"${printed_name(function.__name__)}$ positive and falling",)
    return Domain(rules=(FallingFunction(function),), words=words)


def Density(function: UndefinedFunction) -> Domain:
    """A probability density on the line: a random mixture of two Gaussians."""
    return Domain(
        rules=(TwoGaussians(function),), words=(f"${printed_name(function.__name__)}$ a density",)
    )


def _unknowns(expressions: Iterable[sp.Expr]) -> list[Any]:
    """Free symbols and undefined functions, in a fixed order."""
    symbols: set[Any] = set()
    functions: set[Any] = set()
    for expr in expressions:
        symbols |= expr.free_symbols
        functions |= {f.func for f in expr.atoms(AppliedUndef)}
    return sorted(symbols, key=lambda s: s.name) + sorted(functions, key=lambda f: f.__name__)


def _default(atom: Any, rng: random.Random, far: bool) -> Any:
    if isinstance(atom, UndefinedFunction):
        shape = wiggle(rng, 0.6)
        positive = atom.is_positive is True  # of a class of which nothing is declared, a property
        return (lambda *a: exp(shape(*a))) if positive else shape
    if atom.is_integer and atom.is_positive:
        return mp.mpf(rng.randint(1, 6))
    if atom.is_positive:
        return mp.mpf(10) ** uniform(rng, -3, 3) if far else mp.exp(uniform(rng, -1.2, 1.2))
    if atom.is_real:
        size = mp.mpf(10) ** uniform(rng, -3, 3) if far else uniform(rng, 0.15, 2)
        return size * rng.choice((-1, 1))
    raise DomainError(
        f"symbol {atom.name} has no assumption that says how to draw it: "
        "make it real, positive or a positive integer, or give the domain a rule for it"
    )


def _raised(expr: sp.Expr, relation: Any) -> sp.Expr:
    """``expr`` with one side of a relation, where it is a symbol, written as the other and something more."""
    if relation in (sp.true, sp.false) or isinstance(relation, sp.Ne):
        return expr
    more, less = relation.gts, relation.lts
    excess = sp.Dummy("excess", **{"positive" if relation.rel_op in "<>" else "nonnegative": True})
    if more.is_Symbol and more not in less.free_symbols:
        return expr.subs(more, less + excess)
    if less.is_Symbol and less.is_positive and more.is_Number:
        return expr.subs(less, more / (1 + excess))
    if less.is_Symbol and not less.is_positive and less not in more.free_symbols:
        return expr.subs(less, more - excess)
    return expr


def _holds(condition: Any, environment: Environment) -> bool:
    if condition in (sp.true, sp.false):
        return bool(condition)
    unequal = isinstance(condition, sp.Ne)
    more, less = condition.args if unequal else (condition.gts, condition.lts)
    try:
        value = evaluate(more - less, environment)
    except (NumericError, ZeroDivisionError):
        return False
    return bool(value != 0 if unequal else mp.im(value) == 0 and mp.re(value) > 0)
