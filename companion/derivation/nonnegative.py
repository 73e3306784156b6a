"""Whether an expression is never negative on a domain: proved, not believed.

``never_negative`` tries the tactics that ``BOUNDS`` has, in order: each says yes only where it has a proof.
They are in ``tactics``.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef

from .domain import Domain, DomainError
from .exact import compute
from .numeric import NumericError, evaluate
from .rules import Increasing
from .symbolic import Positive
from .tree import open_names, pointwise

FEW, CLEARLY = 6, -1e-12
"""So many points are looked at before a proof is looked for; what is negative there, and no rounded zero."""

DEEPEST = 3
"""So many steps one proof may take inside another."""


@dataclass(frozen=True)
class Known:
    """What a proof may use: the domain, what is positive there, and how deep in a proof it is."""

    domain: Domain
    positive: Positive
    depth: int = 0

    def deeper(self) -> Known:
        """The same, one step further in."""
        return replace(self, depth=self.depth + 1)

    def free(self, expr: sp.Expr) -> list[sp.Symbol]:
        """The symbols of ``expr`` of which only their assumptions are known: they fill an interval."""
        bound: set[Any] = set()
        for rule in self.domain.rules:
            parts = rule.symbols if isinstance(rule, Increasing) else vars(rule).values()
            bound |= {p for p in parts if isinstance(p, sp.Symbol)}
        for relation in self.domain.where:
            bound |= relation.free_symbols
        return sorted(
            (v for v in expr.free_symbols - bound if _fills_an_interval(v)), key=lambda v: v.name
        )


def _fills_an_interval(v: sp.Symbol) -> bool:
    """Whether a symbol stands for every real number, every positive or every non-negative one."""
    told = {k: w for k, w in v.assumptions0.items() if k in _OTHER_LIMITS}
    one_sided = v.is_positive or v.is_nonnegative
    return (
        bool(v.is_extended_real) and (one_sided or v.is_nonzero is None) and not any(told.values())
    )


_OTHER_LIMITS = (
    "integer",
    "rational",
    "irrational",
    "algebraic",
    "negative",
    "nonpositive",
    "zero",
)

Bounding = Callable[[sp.Expr, Known, bool], bool]
"""Whether an expression is proved to be never negative; positive, where asked for a strict bound."""

BOUNDS: dict[str, Bounding] = {}
"""Name -> tactic, in order of cost: those that may look for long come last."""

_LONG: list[str] = []


def bound(name: str, *, long: bool = False) -> Callable[[Bounding], Bounding]:
    """Register a tactic for inequalities, and whether it may look for long."""

    def register(how: Bounding) -> Bounding:
        BOUNDS[name] = how
        if long:
            _LONG.append(name)
        for later in _LONG:
            BOUNDS[later] = BOUNDS.pop(later)
        return how

    return register


def computed(expr: sp.Expr, domain: Domain) -> sp.Expr:
    """``expr`` with every name opened and every operator computed."""
    return compute(open_names(domain.insert(open_names(expr))))


def never_negative(expr: sp.Expr, known: Known, strict: bool = False) -> str | None:
    """The name of a tactic that proves ``expr >= 0`` (or ``> 0``) on the domain; None if none does."""
    if known.depth > DEEPEST or expr.has(sp.nan, sp.zoo):
        return None
    if known.depth > 0 and _below_zero(expr, known):
        return None  # what a proof needs on its way is false: no proof of it is looked for
    return next((name for name, how in BOUNDS.items() if how(expr, known, strict)), None)


def _below_zero(expr: sp.Expr, known: Known) -> bool:
    """Whether ``expr`` is negative at one of a few points of the domain; where they can be drawn."""
    sides = [side for relation in known.domain.where for side in getattr(relation, "args", ())]
    told = set().union(*(side.free_symbols for side in sides))
    ends = {v for v in expr.atoms(sp.Dummy) - told if _fills_an_interval(v) and v.is_nonnegative}
    expr = expr.xreplace({v: sp.Dummy(positive=True) for v in ends})  # which are drawn aright
    drawn = expr.free_symbols | told
    if not all(v.is_positive or (_fills_an_interval(v) and not v.is_nonnegative) for v in drawn):
        return False
    with suppress(DomainError, NumericError, ArithmeticError, TypeError):  # then it is looked for
        places = known.domain.points([expr, *sides], "below zero", FEW)
        return any(evaluate(expr, place, 30) < CLEARLY for place in places)
    return False


def smooth(expr: sp.Expr, x: sp.Symbol, positive: Positive) -> bool:
    """Whether ``expr`` is defined and has all derivatives in x at every point that ``positive`` covers."""
    if x not in expr.free_symbols or expr == x:
        return True
    if not all(smooth(a, x, positive) for a in expr.args):
        return False
    if isinstance(expr, sp.Pow):
        base, power = expr.args
        if x in power.free_symbols:
            return positive(base)
        if power.is_Integer:
            return bool(power >= 0) or positive(base) or positive(-base)
        return positive(base)
    if isinstance(expr, sp.log):
        return positive(expr.args[0])
    return isinstance(expr, _ENTIRE)


_ENTIRE = (
    sp.Add, sp.Mul, sp.exp, sp.sin, sp.cos, sp.sinh, sp.cosh, sp.tanh, sp.atan, sp.asinh, sp.erf, sp.erfc,
)  # fmt: skip
"""Functions that are smooth on the whole line."""


def opaque(expr: sp.Expr, known: Known, *, functions: bool = False) -> tuple[sp.Expr, Known]:
    """``expr`` with an unknown number for each operator (each function, if asked); what is known of it."""
    found: dict[sp.Expr, sp.Dummy] = {}

    def walk(node: sp.Expr) -> sp.Expr:
        if not node.args:
            return node
        hidden = functions and isinstance(node, sp.Function)
        if hidden or isinstance(node, AppliedUndef) or not pointwise(node):
            if node not in found:
                sure = True if known.positive(node) else None
                found[node] = sp.Dummy("q", real=True, positive=sure)
            return found[node]
        return node.func(*(walk(a) for a in node.args))

    whole = walk(expr)
    back = {dummy: node for node, dummy in found.items()}
    return whole, replace(known, positive=lambda e: known.positive(e.xreplace(back)))
