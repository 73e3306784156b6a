"""How a chain looks on the page: one aligned block, its reasons, a line of notes, a folded receipt.

Anchors: the equation of a chain is ``eq-<chain>``, a chain or a statement ``step-<name>``, a link
``step-<chain>-<number>``; a derivation is a section of the page *Every step*. ``/`` is written ``-``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .latex import latex
from .receipt import at_point, receipt

if TYPE_CHECKING:
    from .chains import Chain, Prose, Refuted
    from .step import Outcome


RELATIONS = {"=": "=", "<=": r"\le", ">=": r"\ge"}
"""How the two sides of a step are related, in LaTeX."""

NOT = {"=": r"\ne", "<=": r"\not\le", ">=": r"\not\ge"}
"""The same, denied."""


def label(chain_name: str) -> str:
    """The equation label of a chain: ``nelbo-x/snr-difference`` -> ``eq-nelbo-x-snr-difference``."""
    return "eq-" + chain_name.replace("/", "-")


def anchor(name: str) -> str:
    """The anchor of a chain, a link (``nelbo-x/step.2``), a statement in words or a derivation."""
    if "/" not in name:
        return f"derivation-{name}"
    return "step-" + name.replace("/", "-").replace(".", "-")


def link(name: str) -> str:
    """A MyST link to what is called ``name``, whichever page it is on."""
    return f"{{ref}}`{name} <{anchor(name)}>`"


def block(chain: Chain) -> str:
    """The aligned LaTeX of a chain, links numbered where there is more than one."""
    rows = []
    for number, step in enumerate(chain.steps, 1):
        left = latex(step.left) if number == 1 else ""
        tag = rf" && \text{{({number})}}" if len(chain.steps) > 1 else ""
        rows.append(rf"{left} &{RELATIONS[step.relation]} {latex(step.right)}{tag}")
    body = " \\\\[4pt]\n".join(rows)
    return f"$$\n\\begin{{aligned}}\n{body}\n\\end{{aligned}}\n$$ ({label(chain.name)})"


def markdown(chain: Chain) -> str:
    """MyST Markdown: the labelled block, each link's reason, the notes, and how it was checked."""
    lines = [f"({anchor(chain.name)})=", block(chain), ""]
    if len(chain.steps) == 1:
        lines += [f"({anchor(chain.steps[0].name)})=", chain.steps[0].reason]
    else:
        for number, step in enumerate(chain.steps, 1):
            lines += [f"{number}. ({anchor(step.name)})=", f"   {step.reason}"]
    first = chain.steps[0]
    domain = ["for " + ", ".join(first.domain.words)] if first.domain.words else []
    said = [*domain, *_provided(chain.outcomes), *_below(first.rests_on)]
    notes = [*said, *filter(None, [first.cites]), f"`{chain.name}`"]
    lines += ["", f'<small class="notes" data-chain="{chain.name}">{" · ".join(notes)}</small>']
    if chain.outcomes:
        lines += ["", *receipt(chain.outcomes)]
    return "\n".join(lines)


def _provided(outcomes: Iterable[Outcome]) -> list[str]:
    """What must not be zero for a chain to say anything, and what it takes for granted."""
    away = dict.fromkeys(latex(part) for outcome in outcomes for part in outcome.excluded)
    taken = dict.fromkeys(words for outcome in outcomes for words in outcome.assumed)
    return [*(rf"where ${part} \ne 0$" for part in away), *taken]


def _below(names: Iterable[str]) -> list[str]:
    """What a step rests on, as links: whole derivations only where no step of one is named."""
    named = dict.fromkeys(names)
    links = ", ".join(link(name) for name in [n for n in named if "/" in n] or named)
    return [f"rests on {links}"] if links else []


def refuted(claim: Refuted) -> str:
    """A wrong claim, crossed out by its counterexample."""
    left, wrong = latex(claim.step.left), latex(claim.step.right)
    numbers, _, where = claim.evidence.partition(" at ")
    evidence = f"✗ refuted: {claim.step.reason}. {numbers.capitalize()}{at_point(where)}."
    return f"$$\n{left} {NOT[claim.step.relation]} {wrong}\n$$\n\n<small>{evidence}</small>"


MARK = "✎"
"""Stands before what is argued in words."""

IN_WORDS = f"{MARK} argument in words, not checked by machine"
"""What is not checked says so."""


def in_words(said: Prose) -> str:
    """A statement, its argument, and the mark that no machine has checked it."""
    notes = [IN_WORDS, *_below(said.rests_on), *filter(None, [said.cites]), f"`{said.name}`"]
    parts = [said.statement, said.because] if said.because else [said.statement]
    small = f'<small class="notes">{" · ".join(notes)}</small>'
    return "\n\n".join([f"({anchor(said.name)})=", *parts, small])
