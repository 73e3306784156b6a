"""Derivations, their chains, and the ledger that they are written in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import sympy as sp

from . import render
from .checks import check
from .domain import ANYWHERE, Domain
from .inequality import Bound
from .printed import two_senses
from .step import Counterexample, DerivationError, Outcome, Step

_derivations: list[Derivation] = []
_deferred = False


@dataclass
class Chain:
    """A chain of checked links. Displays itself; ``outcomes`` is empty where checks are deferred."""

    name: str
    steps: list[Step]
    outcomes: list[Outcome] = field(default_factory=list)

    def check(self, *, torch: bool = True) -> None:
        """Check every link; ``torch=False`` leaves out the comparison with torch.

        Raises:
            DerivationError: at the first link that is not accepted.
        """
        self.outcomes = [check(step, torch=torch) for step in self.steps]

    def _repr_markdown_(self) -> str:
        return render.markdown(self)


@dataclass(frozen=True)
class Prose:
    """A statement with an argument in words, which no machine checks. Displays itself, so marked.

    Attributes:
        name: ``<derivation>/<name>``.
        statement: what is claimed, in Markdown.
        because: the argument, in Markdown.
        cites: where it is stated or proved.
        rests_on: derivations, chains or statements that it uses.
    """

    name: str
    statement: str
    because: str = ""
    cites: str = ""
    rests_on: tuple[str, ...] = ()

    def _repr_markdown_(self) -> str:
        return render.in_words(self)


class Derivation:
    """A named list of chains, and of statements in words.

    ``chain`` states equalities that are checked by machine, ``refute`` shows that a wrong one is
    caught, ``prose`` states what is argued in words only, and says so on the page and in ``verify``.

    Args:
        name: short and unique in the book, e.g. ``"nelbo-x"``; naming it again starts it afresh.
        title: for the ledger.
        rests_on: names of derivations, chains (``"posterior/bayes"``) or statements in words that
            this one uses.
    """

    def __init__(self, name: str, *, title: str = "", rests_on: list[str] | None = None) -> None:
        self.name = name
        self.title = title
        self.rests_on = tuple(rests_on or ())
        self.parts: list[Chain | Prose] = []
        _derivations.append(self)

    @property
    def chains(self) -> list[Chain]:
        """What is checked by machine, in order."""
        return [part for part in self.parts if isinstance(part, Chain)]

    @property
    def in_words(self) -> list[Prose]:
        """What is argued in words, in order."""
        return [part for part in self.parts if isinstance(part, Prose)]

    def chain(
        self,
        name: str,
        first: Any,
        *links: tuple[Any, str],
        domain: Domain = ANYWHERE,
        cites: str = "",
        rests_on: list[str] | None = None,
        torch: Callable[..., Any] | str | None = None,
        seconds: float = 20.0,
    ) -> Chain:
        """Claim ``first = links[0] <= links[1] = ...`` and check every link (unless deferred).

        Args:
            name: unique in this derivation; link k is ``<derivation>/<name>.<k>``.
            first: the left-most side.
            links: (expression, reason) pairs; ``(at_most(expression), reason)`` for an inequality.
            domain: where the claim holds.
            cites: where it is stated; an equation by number only if the number was checked.
            rests_on: in addition to the derivation's own.
            torch: counterpart of the last expression, or its dotted name, which is resolved only when
                it is compared; see ``torchcheck`` for argument names.
            seconds: time limit of each symbolic proof, CPU time.

        Raises:
            DerivationError: if a link is not accepted.
            ValueError: if the chain has no link or one without a reason, its name is taken, its domain is
                not said in words, or a printed name has two senses in it.
        """
        if not links:
            raise ValueError(f"chain {name!r} has no link: give (expression, reason) pairs")
        self._refuse_taken(name)
        lines = [_line(expr) for expr, _ in links]
        if len({line.relation for line in lines} - {"="}) > 1:
            raise ValueError(f"chain {name!r} bounds from above and from below: make it two chains")
        sides = [sp.sympify(first), *(sp.sympify(line.expr) for line in lines)]
        steps = [
            Step(
                name=f"{self.name}/{name}.{k + 1}",
                left=sides[k],
                right=sides[k + 1],
                reason=links[k][1],
                domain=domain,
                rests_on=(*self.rests_on, *(rests_on or ())),
                cites=cites,
                torch=torch if k == len(links) - 1 else None,
                seconds=seconds,
                relation=lines[k].relation,
                equality=lines[k].equality,
            )
            for k in range(len(links))
        ]
        self._refuse_unsaid(name, steps)
        chain = Chain(f"{self.name}/{name}", steps)
        if not _deferred:
            chain.check()
        self.parts.append(chain)
        return chain

    def prose(
        self,
        name: str,
        statement: str,
        because: str = "",
        *,
        cites: str = "",
        rests_on: list[str] | None = None,
    ) -> Prose:
        """State something that is argued in words and not checked by machine.

        Args:
            name: unique in this derivation, among its chains too; others may rest on
                ``<derivation>/<name>``.
            statement: what is claimed, in Markdown.
            because: the argument, in Markdown; may be left out where ``cites`` gives it.
            cites: where it is stated or proved.
            rests_on: in addition to the derivation's own.

        Raises:
            ValueError: if its name is taken, or there is neither an argument nor a citation.
        """
        if not (because or cites):
            raise ValueError(f"statement {name!r} has no argument: give because=... or cites=...")
        self._refuse_taken(name)
        below = (*self.rests_on, *(rests_on or ()))
        said = Prose(f"{self.name}/{name}", statement, because, cites, below)
        self.parts.append(said)
        return said

    def _refuse_taken(self, name: str) -> None:
        for kind, things in (("chain", self.chains), ("statement", self.in_words)):
            if any(thing.name == f"{self.name}/{name}" for thing in things):
                raise ValueError(f"derivation {self.name!r} already has a {kind} {name!r}")

    def _refuse_unsaid(self, name: str, steps: list[Step]) -> None:
        """What the page would not say, or would say in two senses."""
        for number, step in enumerate(steps, 1):
            if not step.reason.strip():
                raise ValueError(f"link {number} of chain {name!r} has no reason: say why it holds")
        domain = steps[0].domain
        conditions = len(domain.rules) + len(domain.where)
        if len([word for word in domain.words if word.strip()]) < conditions:
            raise ValueError(
                f"of {conditions} conditions of the domain of chain {name!r}, {len(domain.words)} are said "
                "in words: give Domain(words=...) one for each"
            )
        sides = [side for step in steps for side in (step.left, step.right)]
        if clash := two_senses(sides):
            raise ValueError(f"chain {name!r} of derivation {self.name!r}: {clash}")

    def refute(
        self, name: str, left: Any, wrong: Any, reason: str, *, domain: Domain = ANYWHERE
    ) -> Refuted:
        """Show that ``left = wrong`` is refuted by numbers: for the traps, not part of the ledger.

        Raises:
            DerivationError: if it is not refuted, or if the check fails for any other reason.
        """
        line = _line(wrong)
        sides = sp.sympify(left), sp.sympify(line.expr)
        step = Step(f"{self.name}/{name}", *sides, reason, domain, relation=line.relation)
        try:
            check(step)
        except Counterexample as error:
            return Refuted(step, error.evidence)
        raise DerivationError(f"{step.name}: a planted error is accepted")


def _line(expr: Any) -> Bound:
    """A line of a chain; a plain expression is equal to the line before."""
    return expr if isinstance(expr, Bound) else Bound(expr, "=", ())


@dataclass
class Refuted:
    """A wrong claim with its counterexample. Displays itself."""

    step: Step
    evidence: str

    def _repr_markdown_(self) -> str:
        return render.refuted(self)


@contextmanager
def deferred() -> Iterator[None]:
    """Chains written in this block are recorded, not checked."""
    global _deferred
    before, _deferred = _deferred, True
    try:
        yield
    finally:
        _deferred = before


@contextmanager
def fresh_ledger() -> Iterator[list[Derivation]]:
    """Derivations written in this block go to a ledger of their own, which is what is yielded, all of it."""
    global _derivations
    before, _derivations = _derivations, []
    try:
        yield _derivations
    finally:
        _derivations = before


def ledger() -> list[Derivation]:
    """Every derivation written in this process, in order; of those of one name the last."""
    return list({derivation.name: derivation for derivation in _derivations}.values())
