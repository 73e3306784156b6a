"""Check the chains of one cell, from its text: what *Check in this page* runs in a reader's browser.

Where it runs there is no torch, nor a second prover: what was not checked is said with the verdict.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Iterable
from typing import Any

import mpmath as mp

from .chains import Chain, deferred, fresh_ledger, ledger
from .checks import check
from .plain import provided
from .render import block
from .second import missing
from .step import DerivationError, Effort, Outcome
from .timelimit import can_limit

EFFORT = Effort(points=4, far=0.2, also=0.05)
"""What is tried here, where arithmetic is slow and a reader waits."""

CELL = "<the cell>"
"""What the text in the editor is called in a traceback."""


def check_cell(before: Iterable[str], cell: str, tell: Callable[[str], Any]) -> None:
    """Run the cells ``before``, unchecked, then ``cell``; check every chain that ``cell`` writes.

    Args:
        before: the source of each cell that the chapter's derivation needs first.
        cell: the source of the cell in question.
        tell: called with each finding as soon as it is there, an object in JSON: ``{"chain", "latex",
            "links", "notes"}``, then for each of its links ``{"link", "accepted", "words"}``; or
            ``{"error"}``, one line, and nothing after it.
    """

    def say(**finding: Any) -> None:
        tell(json.dumps(finding))

    try:
        chains = _written(before, cell)
    except (Exception, SystemExit) as error:
        say(error=one_line(error))
        return
    if not chains:
        say(error="this cell writes no chain, so nothing was checked: expected d.chain(...)")
    for chain in chains:
        say(chain=chain.name, latex=_latex(chain), links=len(chain.steps), notes=_notes(chain))
        for number, step in enumerate(chain.steps, 1):
            try:
                words = _how(check(step, EFFORT, torch=False))
            except DerivationError as error:
                refused = str(error).removeprefix(f"{step.name}: ")
                say(link=number, accepted=False, words=refused)
            else:
                say(link=number, accepted=True, words=words)


def one_line(error: BaseException) -> str:
    """An exception that a cell raised: its line in the cell, its type, its message."""
    if isinstance(error, SyntaxError) and error.filename == CELL:
        return f"line {error.lineno}: {type(error).__name__}: {error.msg}"
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == CELL]
    where = f"line {lines[-1]}: " if lines else "a cell before this one: "
    message = " ".join(str(error).split())
    return where + type(error).__name__ + (f": {message}" if message else "")


def _written(before: Iterable[str], cell: str) -> list[Chain]:
    """The chains that ``cell`` writes, unchecked."""
    namespace: dict[str, Any] = {"__name__": "cells"}
    with fresh_ledger(), deferred():
        for source in before:
            exec(compile(source, "<a cell before>", "exec"), namespace)
        known = _chains()
        exec(compile(cell, CELL, "exec"), namespace)
        return [chain for chain in _chains() if not any(chain is other for other in known)]


def _chains() -> list[Chain]:
    return [chain for derivation in ledger() for chain in derivation.chains]


def _latex(chain: Chain) -> str:
    """The typeset chain, without the dollars and the label."""
    return block(chain).split("$$")[1].strip()


def _how(outcome: Outcome) -> str:
    """How a link was proved, in plain text."""
    error, equivalent = outcome.error, outcome.count("equivalent")
    apart = f"largest relative difference {mp.nstr(error, 1)}" if error else "no difference"
    parts = [
        f"SymPy ({outcome.proof.tactic})",
        f"{outcome.conditions} side conditions proved" if outcome.conditions else "",
        f"{outcome.points} points, "
        + (apart if outcome.step.relation == "=" else "none against it"),
        f"{outcome.count('refuted')} wrong variants refuted",
        f"{equivalent} recognised as equivalent" if equivalent else "",
        *provided(outcome),
    ]
    return ", ".join(filter(None, parts))


def _notes(chain: Chain) -> list[str]:
    """Where the chain is claimed, and which checks are not made here."""
    domain = chain.steps[0].domain.words
    absent = missing()
    torch = [str(step.torch) for step in chain.steps if step.torch is not None]
    return [
        *(["for " + ", ".join(domain)] if domain else []),
        *(f"not compared with {name}: there is no torch here" for name in torch),
        *([f"not checked by {' and '.join(absent)}: not in this page"] if absent else []),
        *([] if can_limit() else ["no time limit on this platform"]),
    ]
