"""Derivations that are checked as they are written.

A derivation is a list of chains; a chain is ``first = second = ... = last``, each link with its
reason. Every link is accepted only when SymPy proves it, both sides agree to 40 digits at 24 random
points by a route that shares no code with SymPy's algebra, at least five wrong variants of it are
refuted by the same checks, and, where asked, a torch function agrees in value and gradient::

    from companion.derivation import KL, Derivation, Ordered
    from companion.derivation.vocabulary import (
        alpha, mean_q, posterior, s, sigma, snr, t, var_q, x, x_hat,
    )

    d = Derivation("nelbo-x", title="The diffusion loss in x-space", rests_on=["posterior"])
    d.chain(
        "snr-difference",
        KL(posterior(x), posterior(x_hat)),
        ((mean_q(x) - mean_q(x_hat)) ** 2 / (2 * var_q()), "equal variances: a squared difference"),
        ((snr(s) - snr(t)) / 2 * (x - x_hat) ** 2, "z_t cancels; a difference of SNRs is left"),
        domain=Ordered(s, t),
        cites="Kingma et al. (2021), eq. (13)",
        torch=lambda alpha_s, sigma_s, alpha_t, sigma_t, x, x_hat: ...,  # counterpart of the last line
    )

The value of ``d.chain(...)`` displays as one aligned, labelled equation (``eq-nelbo-x-snr-difference``)
with the reasons and how each link was checked. A link that fails raises :class:`DerivationError`.
Write shown operators unevaluated: ``KL``, ``Expectation``, ``sp.Integral``, ``sp.Limit``,
``sp.Derivative``, ``sp.Sum``, ``sp.Product``; each check computes them by its own means.
``Abbreviation(latex, definition, positive=...)`` is a printed name. Symbols live in ``vocabulary``;
``domain`` has ``Ordered``, ``Where``, ``Between``,
``Falling``, ``Density``, ``VariancePreserving``; join with ``&``. Put such cells under the tag
``derivation`` together with the imports and definitions that they need: ``python -m companion
verify`` runs only those.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import sympy as sp

from . import render
from .domain import (
    ANYWHERE,
    Between,
    Density,
    Domain,
    Falling,
    Integers,
    Ordered,
    Schedule,
    VariancePreserving,
    Where,
)
from .operators import KL, Abbreviation, Expectation, Normal
from .step import Counterexample, DerivationError, Outcome, Step, check

__all__ = [
    "ANYWHERE",
    "KL",
    "Abbreviation",
    "Between",
    "Chain",
    "Density",
    "Derivation",
    "DerivationError",
    "Domain",
    "Expectation",
    "Falling",
    "Integers",
    "Normal",
    "Ordered",
    "Outcome",
    "Refuted",    "Schedule",
    "Step",
    "VariancePreserving",
    "Where",
    "check",
    "deferred",
    "fresh_ledger",
    "ledger",
]  # fmt: skip

_derivations: dict[str, Derivation] = {}
_deferred = False


@dataclass
class Chain:
    """A chain of checked links. Displays itself; ``outcomes`` is empty where checks are deferred."""

    name: str
    steps: list[Step]
    outcomes: list[Outcome] = field(default_factory=list)

    def check(self) -> None:
        """Check every link.

        Raises:
            DerivationError: at the first link that is not accepted.
        """
        self.outcomes = [check(step) for step in self.steps]

    def _repr_markdown_(self) -> str:
        return render.markdown(self)


class Derivation:
    """A named list of chains.

    Args:
        name: short and unique in the book, e.g. ``"nelbo-x"``; naming it again starts it afresh.
        title: for the ledger.
        rests_on: names of derivations or chains (``"posterior/bayes"``) that this one uses.
    """

    def __init__(self, name: str, *, title: str = "", rests_on: list[str] | None = None) -> None:
        self.name = name
        self.title = title
        self.rests_on = tuple(rests_on or ())
        self.chains: list[Chain] = []
        _derivations[name] = self

    def chain(
        self,
        name: str,
        first: Any,
        *links: tuple[Any, str],
        domain: Domain = ANYWHERE,
        cites: str = "",
        rests_on: list[str] | None = None,
        torch: Callable[..., Any] | None = None,
        seconds: float = 20.0,
    ) -> Chain:
        """Claim ``first = links[0] = links[1] = ...`` and check every link (unless deferred).

        Args:
            name: unique in this derivation; link k is ``<derivation>/<name>.<k>``.
            first: the left-most side.
            links: (expression, reason) pairs.
            domain: where the claim holds.
            cites: where it is stated; say so if an equation number is not certain.
            rests_on: in addition to the derivation's own.
            torch: counterpart of the last expression, see ``torchcheck`` for argument names.
            seconds: time limit of each symbolic proof, CPU time.

        Raises:
            DerivationError: if a link is not accepted.
            ValueError: if the chain has no link, or its name is taken.
        """
        if not links:
            raise ValueError(f"chain {name!r} has no link: give (expression, reason) pairs")
        if any(chain.name == f"{self.name}/{name}" for chain in self.chains):
            raise ValueError(f"derivation {self.name!r} already has a chain {name!r}")
        sides = [sp.sympify(first), *(sp.sympify(expr) for expr, _ in links)]
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
            )
            for k in range(len(links))
        ]
        chain = Chain(f"{self.name}/{name}", steps)
        if not _deferred:
            chain.check()
        self.chains.append(chain)
        return chain

    def refute(
        self, name: str, left: Any, wrong: Any, reason: str, *, domain: Domain = ANYWHERE
    ) -> Refuted:
        """Show that ``left = wrong`` is refuted by numbers: for the traps, not part of the ledger.

        Raises:
            DerivationError: if it is not refuted, or if the check fails for any other reason.
        """
        step = Step(f"{self.name}/{name}", sp.sympify(left), sp.sympify(wrong), reason, domain)
        try:
            check(step)
        except Counterexample as error:
            return Refuted(step, error.evidence)
        raise DerivationError(f"{step.name}: a planted error is accepted")


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
def fresh_ledger() -> Iterator[dict[str, Derivation]]:
    """Derivations written in this block go to a ledger of their own, which is what is yielded."""
    global _derivations
    before, _derivations = _derivations, {}
    try:
        yield _derivations
    finally:
        _derivations = before


def ledger() -> list[Derivation]:
    """Every derivation written in this process, in order."""
    return list(_derivations.values())
