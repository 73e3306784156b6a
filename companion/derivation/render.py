"""How a chain looks on the page: one aligned block, numbered reasons, one line on how each was checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mpmath as mp

from .latex import latex

if TYPE_CHECKING:
    from .chains import Chain, Prose, Refuted
    from .step import Outcome


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
        f"SymPy ({outcome.proof.tactic})"
        + (
            f", {_counted(outcome.conditions, 'side condition')} proved"
            if outcome.conditions
            else ""
        ),
        rf"{outcome.points} points, error $\le {power_of_ten(outcome.error)}$"
        if outcome.error
        else f"{outcome.points} points, no difference",
        f"{outcome.count('refuted')} wrong variants refuted"
        + (f", {equivalent} equivalent" if equivalent else ""),
    ]
    if outcome.torch_error is not None:
        parts.append(r"torch value and gradient to $10^{-10}$")
    elif outcome.step.torch is not None:
        parts.append("torch not asked")
    if not outcome.limited:
        parts.append("no time limit on this platform")
    return "✓ " + " · ".join(parts)


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}" + ("s" if number > 1 else "")


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
    lines += ["", f'<small data-chain="{chain.name}">{" · ".join(notes)}</small>']
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
