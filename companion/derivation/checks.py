"""The checks of one link: numeric, side conditions, symbolic, wrong variants, torch, second provers."""

from __future__ import annotations

import time
from contextlib import suppress
from functools import lru_cache, partial
from typing import Any

import mpmath as mp
import sympy as sp

from . import inequality
from .coats import bare
from .columns import imaginary
from .conditions import side_conditions, without_meaning
from .domain import DomainError
from .mutants import WANTED, Mutant, mutants
from .numeric import (
    FAR,
    FAR_DIGITS,
    TOLERANCE,
    Environment,
    NumericError,
    evaluate,
    relative_error,
)
from .operators.convergence import convergent
from .operators.parts import assumed
from .poles import excluded, in_sums, never
from .positive import positive
from .second import agreement
from .step import (
    THOROUGH,
    Counterexample,
    DerivationError,
    Effort,
    Outcome,
    Refutation,
    Step,
    failure,
    further,
    show_point,
)
from .symbolic import Positive, Proof, prove, proves
from .timelimit import TimeLimit, can_limit, time_limit
from .torchcheck import TorchMismatch, torch_error

OPERATORS = "companion.derivation.operators.*"
TACTICS = "companion.derivation.tactics.*"
"""What every check uses, said for who reads the code: both register themselves when imported."""

NEEDED = 5
"""Mutants that must be refuted."""


def check(step: Step, effort: Effort = THOROUGH, *, torch: bool = True) -> Outcome:
    """All checks of one step; ``torch=False`` leaves out the one that needs torch.

    Raises:
        DerivationError: on the first check that fails, with its counterexample.
    """
    try:
        return _checked(step, effort, torch=torch)
    except DerivationError:
        raise
    except Exception as error:  # of SymPy or mpmath, mostly: whatever it is, the step has a name
        what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise DerivationError(f"{step.name}: a check could not be made: {what}") from error


def _checked(step: Step, effort: Effort, *, torch: bool) -> Outcome:
    if bare(step.left) == bare(step.right):
        raise failure(step, "vacuous", "both sides are the same expression")
    if why := without_meaning(step.left, step.right):
        raise failure(step, "meaning", why)
    seconds: dict[str, float] = {}
    try:
        places = step.domain.points([step.left, step.right], step.name, effort.points)
    except DomainError as error:
        raise failure(step, "domain", str(error)) from error

    known: Positive = lru_cache(maxsize=None)(partial(positive, domain=step.domain))
    of_its_kind = _equal if step.relation == "=" else _bounded
    worst, conditions, proof, refutations = of_its_kind(step, places, known, effort, seconds)

    start = time.perf_counter()
    gap = _torch(step, places) if torch and step.torch is not None else None
    seconds["torch"] = time.perf_counter() - start

    start = time.perf_counter()
    second = agreement(step, places)
    seconds["second"] = time.perf_counter() - start
    claim = step.left, step.right, step.domain
    taken = (*in_sums(*claim), *assumed(*claim[:2]), *convergent(claim[:2], step.domain, known))
    n = len(places)
    return Outcome(
        step, proof, n, worst, conditions, refutations, gap, can_limit(), seconds,
        excluded(*claim), taken, second,
    )  # fmt: skip


Found = tuple[Any, int, Proof, list[Refutation]]
"""Largest difference, number of side conditions, proof, and what became of the wrong variants."""


def _equal(
    step: Step,
    places: list[Environment],
    known: Positive,
    effort: Effort,
    seconds: dict[str, float],
) -> Found:
    """The checks of an equality."""
    start = time.perf_counter()
    lefts, worst = _numeric(step, places)
    seconds["numeric"] = time.perf_counter() - start

    start = time.perf_counter()
    _far_away(step, effort.far)
    seconds["far"] = time.perf_counter() - start

    start = time.perf_counter()
    conditions = _side_conditions(step, known)
    proof = _symbolic(step, known)
    seconds["symbolic"] = time.perf_counter() - start

    start = time.perf_counter()
    refutations = _refute(step, proof, places, lefts, known)
    seconds["mutants"] = time.perf_counter() - start
    return worst, conditions, proof, refutations


def _bounded(
    step: Step,
    places: list[Environment],
    known: Positive,
    effort: Effort,
    seconds: dict[str, float],
) -> Found:
    """The checks of an inequality."""
    start = time.perf_counter()
    conditions = _side_conditions(step, known)
    proof, refutations = inequality.checked(step, places, known, effort)
    seconds["inequality"] = time.perf_counter() - start
    return mp.mpf(0), conditions, proof, refutations


def _torch(step: Step, places: list[Environment]) -> float:
    assert step.torch is not None
    try:
        return torch_error(step.torch, step.right, places)
    except TorchMismatch as error:
        raise failure(step, "torch", str(error)) from error


def _numeric(step: Step, places: list[Environment]) -> tuple[list[Any], Any]:
    lefts, worst = [], mp.mpf(0)
    for place in places:
        try:
            left, right = evaluate(step.left, place), evaluate(step.right, place)
            gap = relative_error(left, right)
        except (NumericError, ZeroDivisionError) as error:
            what = str(error) or "a division by zero"
            raise failure(step, "numeric", f"{what}, at {show_point(place)}") from error
        if imaginary(left) or imaginary(right):
            raise failure(step, "numeric", f"a side is not real at {show_point(place)}")
        if not gap <= TOLERANCE:
            values = f"left {mp.nstr(left, 8)}, right {mp.nstr(right, 8)}"
            raise Counterexample(step, f"{values} at {show_point(place)}")
        lefts.append(left)
        worst = max(worst, gap)
    return lefts, worst


def _far_away(step: Step, limit: float) -> None:
    """Look for a counterexample over six decades, where both sides can be computed."""
    try:
        places = step.domain.points([step.left, step.right], f"{step.name} far", FAR, far=True)
    except DomainError:
        return
    began = time.process_time()
    with suppress(TimeLimit), time_limit(limit):
        for place in places:
            values: list[tuple[Any, Any]] = []
            with suppress(NumericError, ArithmeticError):
                for digits in FAR_DIGITS:
                    if time.process_time() - began > limit:
                        return  # for platforms on which nothing interrupts an evaluation
                    left, right = (evaluate(e, place, digits) for e in (step.left, step.right))
                    values.append((left, right))
                    if relative_error(left, right) <= TOLERANCE:
                        break
                else:
                    # what has cancelled completely, or still changes with the digits, shows nothing
                    settled = all(relative_error(*pair) <= TOLERANCE for pair in zip(*values[-2:]))
                    if settled and left != 0 and right != 0:
                        what = f"left {mp.nstr(left, 8)}, right {mp.nstr(right, 8)}"
                        raise Counterexample(step, f"{what} at {show_point(place)}")


def _side_conditions(step: Step, known: Positive) -> int:
    """Prove what must be so for the claim to mean what it says; return how much must be positive."""
    try:
        with time_limit(step.seconds):
            why = never(step.left, step.right, step.domain)
    except TimeLimit:
        why = f"what must not be zero is not proved within {step.seconds:g} s of CPU time"
    if why:
        raise failure(step, "condition", why)
    proved: set[sp.Expr] = set()
    for what, expr in side_conditions(step.left, step.right):
        if expr not in proved and not known(expr):
            where = ", ".join(step.domain.words) or "anywhere"
            raise failure(
                step, "condition", f"{what}, {expr}, is not proved to be positive ({where})"
            )
        proved.add(expr)
    return len(proved)


def _symbolic(step: Step, known: Positive) -> Proof:
    try:
        with time_limit(step.seconds):
            claim = step.domain.insert(step.left), step.domain.insert(step.right)
            proof = prove(*claim, known)
    except TimeLimit:
        raise failure(step, "symbolic", f"no proof within {step.seconds:g} s of CPU time") from None
    if proof is None:
        raise failure(step, "symbolic", "SymPy does not reduce left - right to 0")
    return proof


def _refute(
    step: Step, proof: Proof, places: list[Environment], lefts: list[Any], known: Positive
) -> list[Refutation]:
    results: list[Refutation] = []
    refuted = 0
    for mutant in mutants(step.left, step.right, step.name):
        if refuted >= (WANTED if mutant.side == "rhs" else NEEDED):
            break
        evidence = _counterexample(step, mutant, places, lefts)
        if evidence == "":
            continue  # its value cannot be computed, so it shows nothing
        sides = (step.left, mutant.expr) if mutant.side == "rhs" else (mutant.expr, step.right)
        claim = step.domain.insert(sides[0]), step.domain.insert(sides[1])
        proved = _also_proves(proof, claim, known, step.seconds)
        if evidence is None and (proved or prove(*claim, known) is not None):
            how = "proved equal by the same tactic" if proved else "proved equal"
            results.append(Refutation(mutant, "equivalent", how))
            continue
        if evidence is None:
            more = further(step, len(places))
            evidence = _counterexample(step, mutant, more, [evaluate(step.left, at) for at in more])
        if not evidence:
            raise failure(step, "mutants", f"{_words(mutant)} passes the numeric check")
        if proved:
            raise failure(step, "mutants", f"the prover also proves {_words(mutant)}")
        refuted += 1
        results.append(Refutation(mutant, "refuted", evidence))
    if refuted < NEEDED:
        raise failure(step, "mutants", f"only {refuted} of {NEEDED} wrong variants are refuted")
    return results


def _counterexample(
    step: Step, mutant: Mutant, places: list[Environment], lefts: list[Any]
) -> str | None:
    """The first point that refutes the mutant; None if none does; "" if it has no value."""
    for place, left in zip(places, lefts, strict=True):
        try:
            value = evaluate(mutant.expr, place)
            against = left if mutant.side == "rhs" else evaluate(step.right, place)
            gap = relative_error(against, value)
        except ZeroDivisionError:
            return f"undefined at {show_point(place)}"
        except NumericError:
            return ""
        if not gap <= TOLERANCE:
            values = f"{mp.nstr(against, 8)} is not {mp.nstr(value, 8)}"
            return f"{values} at {show_point(place)}"
    return None


def _also_proves(
    proof: Proof, claim: tuple[sp.Expr, sp.Expr], known: Positive, seconds: float
) -> bool:
    try:
        with time_limit(seconds):
            return proves(proof, *claim, known)
    except TimeLimit:
        return False


def _words(mutant: Mutant) -> str:
    side = "" if mutant.side == "rhs" else " of the left side"
    return f"the wrong variant '{mutant.kind}: {mutant.detail}'{side}"
