"""One-sided claims: ``left <= right``, with the case of equality, and their checks.

In a chain, ``(at_most(expr, equality={x: 1}), "reason")`` says that the line before is at most ``expr``, and
equal to it at ``x = 1``; without ``equality`` the claim is strict. An inequality is accepted when

* ``right - left`` is proved to be never negative on the domain (``nonnegative``), or positive if strict;
* where equality is claimed, both sides are proved to be equal;
* no point contradicts it, to 40 digits;
* the reversed inequality, tighter ones (at the case of equality, or by twice the gap) and wrong variants of
  the right side are refuted at some point, five in all or more, and none of them is proved.

A variant that is true too, because it is looser, shows nothing and is not counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import mpmath as mp
import sympy as sp
from sympy.core.function import UndefinedFunction

from .columns import Column, Table
from .domain import DomainError
from .mutants import Mutant, mutants
from .needs import needs
from .nonnegative import BOUNDS, Known, computed, never_negative
from .numeric import (
    FAR,
    FAR_DIGITS,
    TOLERANCE,
    WORKING_DIGITS,
    Environment,
    NumericError,
    evaluate,
)
from .poles import everywhere
from .step import Counterexample, Effort, Refutation, Step, failure, further, show_point
from .symbolic import Positive, Proof, prove
from .timelimit import TimeLimit, time_limit

WANTED, NEEDED = 8, 5
"""Wrong variants that are looked for, and that must be refuted."""

SMALL = sp.Rational(1, 10**6)
"""By so much a bound is tightened where it is attained."""


@dataclass(frozen=True)
class Bound:
    """The next line of a chain where it bounds the line before. Made by `at_most` and `at_least`."""

    expr: Any
    relation: str
    equality: tuple[tuple[Any, Any], ...]


def at_most(expr: Any, *, equality: dict[Any, Any] | None = None) -> Bound:
    """The line before is at most ``expr``; equal to it at ``equality``, or nowhere."""
    return Bound(expr, "<=", _pairs(equality))


def at_least(expr: Any, *, equality: dict[Any, Any] | None = None) -> Bound:
    """The line before is at least ``expr``; equal to it at ``equality``, or nowhere."""
    return Bound(expr, ">=", _pairs(equality))


def _pairs(equality: dict[Any, Any] | None) -> tuple[tuple[Any, Any], ...]:
    for what in equality or {}:
        if not isinstance(what, sp.Symbol | UndefinedFunction):
            raise ValueError(f"equality at {what}: expected a symbol or a function of its own")
    return tuple((k, v if callable(v) else sp.sympify(v)) for k, v in (equality or {}).items())


def checked(
    step: Step, places: list[Environment], known: Positive, effort: Effort
) -> tuple[Proof, list[Refutation]]:
    """The proof of an inequality, and what became of its wrong variants.

    Raises:
        DerivationError: on the first check that fails.
    """
    ends = _where_equal(step, places)
    _numeric(step, [*places, *(end for end in ends if _inside(step, end))])
    _far_away(step, effort.far)
    _real(step, known)
    try:
        with time_limit(step.seconds):
            proof = _proved(step, known)
    except TimeLimit:
        what = f"no proof within {step.seconds:g} s of CPU time"
        raise failure(step, "symbolic", what) from None
    return proof, _refuted(step, proof, places, ends, known, effort.also)


def _gap(step: Step, place: Environment, digits: int = WORKING_DIGITS) -> tuple[Any, Any]:
    """How much room the inequality leaves at a point, and what counts as none."""
    left, right = (evaluate(side, place, digits) for side in (step.left, step.right))
    if any(isinstance(side, Column | Table) for side in (left, right)):
        raise NumericError("a vector or matrix is taken for a number")
    if mp.im(left) or mp.im(right):
        raise NumericError("a side is not real")
    room = mp.re(right - left if step.relation == "<=" else left - right)
    return room, TOLERANCE * max(abs(left), abs(right), TOLERANCE)


def _numeric(step: Step, places: list[Environment]) -> None:
    for place in places:
        try:
            room, none = _gap(step, place)
        except (NumericError, ZeroDivisionError) as error:
            what = str(error) or "a division by zero"
            raise failure(step, "numeric", f"{what}, at {show_point(place)}") from error
        if not room >= -none:
            raise _against(step, place)


def _against(step: Step, place: Environment) -> Counterexample:
    values = [mp.nstr(evaluate(side, place), 8) for side in (step.left, step.right)]
    return Counterexample(step, f"left {values[0]}, right {values[1]} at {show_point(place)}")


def _far_away(step: Step, limit: float) -> None:
    """Look for a counterexample over six decades; one that goes away with more digits is none."""
    try:
        places = step.domain.points([step.left, step.right], f"{step.name} far", FAR, far=True)
    except DomainError:
        return
    with suppress(TimeLimit), time_limit(limit):
        for place in places:
            with suppress(NumericError, ArithmeticError):
                gaps = (_gap(step, place, digits) for digits in FAR_DIGITS)
                if all(room < -none for room, none in gaps):
                    raise _against(step, place)


def _real(step: Step, known: Positive) -> None:
    """Refuse functions that are compared and are not proved to be real: logarithms, roots, arcs."""

    def nonnegative(expr: sp.Expr) -> bool:
        value = computed(expr, step.domain)
        return never_negative(value, Known(step.domain, known)) is not None

    for need in dict.fromkeys(n for side in (step.left, step.right) for n in needs(side)):
        proved = {"positive": known, "nonnegative": nonnegative}.get(need.kind)
        if proved is not None and not everywhere(need.expr, need, proved):
            words = f"{need.expr} is not proved to be {need.kind}, so that a side may not be real"
            raise failure(step, "condition", words)


def _where_equal(step: Step, places: list[Environment]) -> list[Environment]:
    """The points, moved to where equality is claimed."""
    moved = []
    for place in places if step.equality else ():
        end = dict(place)
        for what, value in step.equality:
            end[what] = place[value] if callable(value) else evaluate(value, place)
            if isinstance(what, sp.Symbol) and what.is_nonnegative and end[what] < 0:
                raise failure(step, "equality", f"{what} = {value} is outside of the domain")
        moved.append(end)
    return moved


def _inside(step: Step, place: Environment) -> bool:
    """Whether a point at which equality is claimed is one of the domain, or only on its edge."""
    drawn = {rule_of for rule in step.domain.rules for rule_of in vars(rule).values()}
    moved = {what for what, _ in step.equality}
    signed = all(place[v] > 0 for v in moved if isinstance(v, sp.Symbol) and v.is_positive)
    return (
        signed
        and not moved & {d for d in drawn if isinstance(d, sp.Symbol)}
        and all(
            bool(
                r.xreplace(
                    {v: sp.Float(str(x)) for v, x in place.items() if isinstance(v, sp.Symbol)}
                )
            )
            for r in step.domain.where
        )
    )


def _proved(step: Step, known: Positive) -> Proof:
    lower, upper = _ordered(step)
    strict = not step.equality
    if not strict:
        left, right = (_put(side, step.equality) for side in (step.left, step.right))
        if left != right and prove(left, right, known) is None:
            raise failure(step, "equality", f"{left} = {right} is not proved where it is claimed")
    name = never_negative(computed(upper - lower, step.domain), Known(step.domain, known), strict)
    if name is None and strict:
        what = (
            "right - left is not proved to be positive; if it may be 0, say where: equality={...}"
        )
        raise failure(step, "symbolic", what)
    if name is None:
        raise failure(step, "symbolic", "the difference is not proved to be never negative")
    return Proof(0, name)


def _ordered(step: Step) -> tuple[sp.Expr, sp.Expr]:
    return (step.left, step.right) if step.relation == "<=" else (step.right, step.left)


def _put(side: sp.Expr, equality: tuple[tuple[Any, Any], ...]) -> sp.Expr:
    for what, value in equality:
        side = side.replace(what, value) if callable(value) else side.subs(what, value)
    return side


def _variants(step: Step) -> Iterator[Mutant]:
    """The reversed inequality, tighter ones, and wrong variants of the right side."""
    tighter = -1 if step.relation == "<=" else 1
    yield Mutant("tightened", "by twice the gap", 2 * step.left - step.right)
    if step.equality:
        yield Mutant("tightened", f"by {SMALL}", step.right + tighter * SMALL)
        yield Mutant("tightened", "by a millionth of itself", step.right * (1 - SMALL))
        yield Mutant("tightened", "by a millionth of itself", step.right * (1 + SMALL))
    yield from mutants(step.left, step.right, step.name)


def _refuted(
    step: Step,
    proof: Proof,
    places: list[Environment],
    ends: list[Environment],
    known: Positive,
    limit: float,
) -> list[Refutation]:
    results: list[Refutation] = []

    def refuted(mutant: Mutant, wrong: Step, where: list[Environment]) -> bool:
        evidence = _counterexample(wrong, where)
        if evidence:
            _refuse_if_proved(wrong, proof, mutant.kind, known, limit)
            results.append(Refutation(mutant, "refuted", evidence))
        return bool(evidence)

    def look(variants: list[Mutant], where: list[Environment]) -> list[Mutant]:
        """Refute as many as are wanted; those that are left."""
        left = list(variants)
        for mutant in variants:
            if len(results) >= (WANTED if mutant.side == "rhs" else NEEDED):
                break
            sides = {"right" if mutant.side == "rhs" else "left": mutant.expr}
            if refuted(mutant, replace(step, **sides), where):
                left.remove(mutant)
        return left

    tried = [*places, *ends]
    reversed_one = Mutant("reversed", "both sides", step.left)
    if not refuted(reversed_one, replace(step, left=step.right, right=step.left), tried):
        raise failure(step, "mutants", "the reversed inequality is not refuted: is it an equality?")
    missed = look(list(_variants(step))[: 5 * WANTED], tried)
    if len(results) < NEEDED:
        look(missed, further(step, len(places)))
    if len(results) < NEEDED:
        what = f"only {len(results)} of {NEEDED} wrong variants are refuted"
        raise failure(step, "mutants", what)
    if step.equality and not any(r.mutant.detail == f"by {SMALL}" for r in results):
        raise failure(step, "mutants", "a tighter bound is not refuted where equality is claimed")
    return results


def _refuse_if_proved(step: Step, proof: Proof, kind: str, known: Positive, limit: float) -> None:
    """Put a wrong variant to the very tactic that proved the step."""
    lower, upper = _ordered(step)
    with suppress(TimeLimit), time_limit(limit):
        value = computed(upper - lower, step.domain)
        if BOUNDS[proof.tactic](value, Known(step.domain, known), False):
            raise failure(step, "mutants", f"the prover also proves the wrong variant '{kind}'")


def _counterexample(step: Step, places: list[Environment]) -> str:
    """The first point that refutes an inequality; empty if none does, or it has no value."""
    for place in places:
        try:
            room, none = _gap(step, place)
        except (NumericError, ZeroDivisionError):
            return ""
        if room < -none:
            return f"the gap is {mp.nstr(room, 6)} at {show_point(place)}"
    return ""
