"""One link of a chain, and the record of its checks (``checks``)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import mpmath as mp
import sympy as sp

from .agreement import NOT_ASKED, Agreement
from .domain import Domain
from .mutants import Mutant
from .numeric import Environment
from .symbolic import Proof


class DerivationError(Exception):
    """A step that is not accepted: which link, which check, and the counterexample."""


class Counterexample(DerivationError):
    """The numeric check's failure: the two sides differ at a point.

    Attributes:
        evidence: both values and the point.
    """

    def __init__(self, step: Step, evidence: str) -> None:
        super().__init__(f"{step.name}: numeric check failed: {evidence}")
        self.evidence = evidence


@dataclass(frozen=True)
class Step:
    """A claim ``left == right``, ``left <= right`` or ``left >= right``, with its reason.

    Attributes:
        name: e.g. ``"nelbo-x/snr-difference.2"``.
        left, right: the two sides.
        reason: one line of prose.
        domain: where it is claimed.
        rests_on: derivations or chains that it uses.
        cites: where it is stated.
        torch: a torch counterpart of ``right``, called with keyword arguments named as the symbols; or
            its dotted name.
        seconds: time limit for the symbolic proof, CPU time.
        relation: ``"="``, ``"<="`` or ``">="``.
        equality: of an inequality, where both sides are equal: (symbol or function, value) pairs.
    """

    name: str
    left: sp.Expr
    right: sp.Expr
    reason: str
    domain: Domain
    rests_on: tuple[str, ...] = ()
    cites: str = ""
    torch: Callable[..., Any] | str | None = None
    seconds: float = 20.0
    relation: str = "="
    equality: tuple[tuple[Any, Any], ...] = ()


@dataclass(frozen=True)
class Effort:
    """How much is tried in a check; whatever it is, a step is accepted only with a proof.

    Attributes:
        points: random admissible points at which both sides are computed.
        far: seconds of CPU time for more points, over six decades.
        also: seconds of CPU time, for each wrong variant of a bound, in which its tactic must not prove that.
    """

    points: int = 24
    far: float = 0.5
    also: float = 1.0


THOROUGH = Effort()
"""What a build does."""


def further(step: Step, tried: int) -> list[Environment]:
    """The points that a build tries and a reader's page does not: few may miss what a variant gets wrong."""
    return step.domain.points([step.left, step.right], step.name, THOROUGH.points)[tried:]


@dataclass(frozen=True)
class Refutation:
    """What became of one mutant: ``"refuted"`` at a point, or ``"equivalent"``."""

    mutant: Mutant
    verdict: str
    evidence: str


@dataclass(frozen=True)
class Outcome:
    """The record of an accepted step.

    Attributes:
        proof: how SymPy proved it.
        points: random points at which it was checked.
        error: largest relative difference there (an mpmath number).
        conditions: how many side conditions were proved: positive variances, integrals that converge.
        refutations: what became of each mutant.
        torch_error: largest relative difference to torch, value or gradient; None if not asked.
        limited: whether the time of the proof was limited (not where nothing interrupts it).
        seconds: wall time of each check; never shown on a page.
        excluded: what must not be zero for the claim to say anything, and is not proved not to be.
        assumed: what is taken for granted, in words: that boundary terms vanish.
        second: what provers have found that share no algebra with SymPy.
    """

    step: Step
    proof: Proof
    points: int
    error: Any
    conditions: int
    refutations: list[Refutation]
    torch_error: float | None
    limited: bool
    seconds: dict[str, float] = field(compare=False)
    excluded: tuple[sp.Expr, ...] = ()
    assumed: tuple[str, ...] = ()
    second: Agreement = NOT_ASKED

    def count(self, verdict: str) -> int:
        """How many mutants met this verdict."""
        return sum(r.verdict == verdict for r in self.refutations)


def failure(step: Step, which: str, what: str) -> DerivationError:
    """The error of a step that one of the checks does not accept."""
    return DerivationError(f"{step.name}: {which} check failed: {what}")


def show_point(place: Environment) -> str:
    """A point in plain text; functions are random and only named."""
    values = [
        f"{key.name} = {mp.nstr(value, 6)}" if isinstance(key, sp.Symbol) else f"random {key}"
        for key, value in place.items()
    ]
    return ", ".join(values)
