"""How a chain was checked, folded away: one tick for the chain, and behind it every link's evidence.

It is MyST Markdown inside the HTML element ``details``, which opens without JavaScript and by the keyboard.
No times are said: a page is the same bytes on every run.
"""

from __future__ import annotations

import re
from typing import Any

import mpmath as mp
import sympy as sp

from .conditions import side_conditions
from .latex import latex
from .notation import LATEX, printed_name
from .step import Outcome, Refutation, Step
from .tree import open_names, opened

SHOWN_POINTS = 2
"""Of the random points so many are shown."""


def counted(number: int, thing: str) -> str:
    """``1 link``, ``2 links``."""
    return f"{number} {thing}" + ("s" if number != 1 else "")


def tick(outcomes: list[Outcome]) -> str:
    """One line on a whole chain."""
    refuted, equivalent = (sum(o.count(v) for o in outcomes) for v in ("refuted", "equivalent"))
    parts = [
        f"{counted(len(outcomes), 'link')} proved",
        f"{counted(refuted, 'wrong variant')} refuted",
    ]
    parts += [f"{equivalent} recognised as equivalent"] if equivalent else []
    parts += ["torch agrees"] if any(o.torch_error is not None for o in outcomes) else []
    parts += ["no time limit on this platform"] if not all(o.limited for o in outcomes) else []
    return "✓ " + ", ".join(parts)


def receipt(outcomes: list[Outcome]) -> list[str]:
    """The lines of the folded element."""
    lines = ['<details class="receipt">', f"<summary>{tick(outcomes)}</summary>", ""]
    for number, outcome in enumerate(outcomes, 1):
        several = len(outcomes) > 1
        lines += _of_link(outcome, f"**({number})** " if several else "")
    return [*lines, "</details>"]


PROVED = {
    "=": "reduces left minus right to 0",
    "<=": "proves right minus left never negative",
    ">=": "proves left minus right never negative",
}
"""What is proved, by the relation of both sides."""

POWER = "$10^{{-{}}}$"
"""A power of ten in a receipt, to be filled with its exponent."""

_AGREED = re.compile(r" Agreed: ([^.\n]*)\.$", re.MULTILINE)
_TACTIC = re.compile(rf"(?:\*\*\((\d+)\)\*\* )?SymPy (?:{'|'.join(PROVED.values())}) \(([^,)]*)")
_CHAIN = re.compile('data-chain="([^"]*)"')


def tactics(page: str) -> dict[str, str]:
    """The tactic that proved each link, by its name, read back from the Markdown of one chain."""
    chain = _CHAIN.search(page)
    found = _TACTIC.findall(page) if chain else []
    return {f"{chain[1]}.{number or 1}": tactic for number, tactic in found} if chain else {}


def agreed(page: str) -> list[str]:
    """What the second provers say of those links that they reach, read back in the same way."""
    return _AGREED.findall(page) if _CHAIN.search(page) else []


def how_proved(outcome: Outcome) -> str:
    """Tactic and side conditions of one proof."""
    words = f"SymPy {PROVED[outcome.step.relation]} ({outcome.proof.tactic}"
    words += f", names opened {outcome.proof.depth} deep)." if outcome.proof.depth else ")."
    shown: dict[sp.Expr, str] = {}
    for what, expr in side_conditions(outcome.step.left, outcome.step.right):
        named = _STANDS_FOR.fullmatch(what)
        if not expr.is_number:
            shown.setdefault(
                sp.factor(open_names(expr)), named[1] if named else latex(expr, inline=True)
            )
    conditions = ", ".join(f"${name} > 0$" for name in shown.values())
    words += f" Proved as well: {conditions}." if conditions else ""
    return words + (f" {_equality(outcome.step)}" if outcome.step.relation != "=" else "")


def _equality(step: Step) -> str:
    """Where an inequality is an equality."""
    places = [
        rf"${latex(what)} = {latex(value)}$"
        if isinstance(what, sp.Expr)
        else f"${printed_name(str(what))} = {printed_name(str(value))}$"
        for what, value in step.equality
    ]
    return f"Equality at {', '.join(places)}." if places else "It is never an equality: proved."


_STANDS_FOR = re.compile("what (.*) stands for", re.DOTALL)


def how_far(outcome: Outcome) -> str:
    """Number of points, largest difference, and two of the points."""
    step = outcome.step
    apart = (
        "none against it"
        if step.relation != "="
        else (
            rf"largest relative difference $\le {power_of_ten(outcome.error)}$"
            if outcome.error
            else "no difference"
        )
    )
    places = step.domain.points([step.left, step.right], step.name, SHOWN_POINTS)
    two = "; ".join(filter(None, map(point, places)))
    return f"{outcome.points} points, {apart}" + (f", among them {two}." if two else ".")


def power_of_ten(value: Any) -> str:
    """An upper bound on an error, as LaTeX: the next power of ten."""
    return "0" if value == 0 else f"10^{{{int(mp.ceil(mp.log10(value)))}}}"


def point(place: dict[Any, Any]) -> str:
    """A point, typeset; functions are drawn at random and only named."""
    symbols = {k: v for k, v in place.items() if isinstance(k, sp.Symbol)}
    drawn = [printed_name(str(k)) for k in place if k not in symbols]
    parts = [f"${latex(key)} = {mp.nstr(value, 4)}$" for key, value in symbols.items()]
    parts += [f"${', '.join(drawn)}$ drawn"] if drawn else []
    return ", ".join(parts)


def _of_link(outcome: Outcome, number: str) -> list[str]:
    lines = [f"{number}{how_proved(outcome)} {how_far(outcome)}"]
    if outcome.torch_error is not None:
        lines[0] += r" Torch agrees in value and gradient to $10^{-10}$."
    elif outcome.step.torch is not None:
        lines[0] += " Torch was not asked."
    lines[0] += f" {outcome.second.said(outcome.step.relation, POWER)}"
    lines.append("")
    for heading, members in _grouped(outcome).items():
        lines += [heading, "", *members, ""]
    return lines


def _grouped(outcome: Outcome) -> dict[str, list[str]]:
    """The wrong variants under what is true of several: their side, the point, the true value there."""
    groups: dict[str, list[str]] = {}
    for found in outcome.refutations:
        side, other = ("right", "left") if found.mutant.side == "rhs" else ("left", "right")
        shown = f"${latex(as_it_differs(found, outcome.step))}$"
        kind = found.mutant.kind
        if found.verdict != "refuted":
            heading = f"In place of the {side} side, the same by proof, so no wrong variants:"
            groups.setdefault(heading, []).append(f"- {shown} ({kind})")
            continue
        numbers, _, where = found.evidence.partition(" at ")
        true, _, false = numbers.partition(" is not ")
        heading = f"In place of the {side} side{at_point(where)}"
        if false:
            heading += f", where the {other} side is {true}"
        gives = f"gives {false}" if false else numbers
        groups.setdefault(f"{heading}, refuted:", []).append(f"- {shown} {gives} ({kind})")
    return groups


def as_it_differs(found: Refutation, step: Step) -> sp.Expr:
    """A wrong variant with those names opened that stand for something else in it than in the step."""
    known = {node for side in (step.left, step.right) for node in _nodes(side)}

    def shown(node: Any) -> Any:
        if opened(node) is not node:
            return node if node in known else shown(opened(node))
        if not node.args or not _nodes(node) - known:
            return node
        return node.func(*map(shown, node.args))

    return shown(found.mutant.expr)


def names_in(*sides: sp.Expr) -> dict[str, sp.Expr]:
    """What each printed name in the sides, and in what they stand for, stands for itself."""
    nodes = sorted({node for side in sides for node in _nodes(side)}, key=sp.default_sort_key)
    return {latex(node): opened(node) for node in nodes}


def _nodes(expr: sp.Expr) -> set[Any]:
    """The names in an expression, and those in what they stand for."""
    names = {node for node in sp.preorder_traversal(expr) if opened(node) is not node}
    return names | {inner for name in names for inner in _nodes(opened(name))}


def at_point(where: str) -> str:
    """The point of a counterexample: its symbols; which functions are drawn is said above."""
    values = [part.partition(" = ") for part in where.split(", ") if " = " in part]
    shown = [
        f"${printed_name(name) if name in LATEX else latex(sp.Symbol(name))} = {v}$"
        for name, _, v in values
    ]
    return " at " + ", ".join(shown) if shown else ""
