"""A step and its checks in readable lines: mathematics in Unicode, no expression trees."""

from __future__ import annotations

import mpmath as mp

from companion.derivation import Outcome, Step
from companion.derivation.plain import plain, provided, unicode_of, words
from companion.derivation.receipt import as_it_differs, counted, names_in
from companion.derivation.step import show_point

RELATIONS = {"=": "=", "<=": "≤", ">=": "≥"}
"""How the two sides of a step are related."""


def head(step: Step) -> list[str]:
    """What a chain begins with: where it holds, on what it rests, who states it, and its left side."""
    below = f"rests on {', '.join(dict.fromkeys(step.rests_on))}" if step.rests_on else ""
    where = f"for {words(', '.join(step.domain.words))}" if step.domain.words else ""
    said = "; ".join(filter(None, [where, below, step.cites]))
    return [*([said] if said else []), plain(step.left)]


def claim(step: Step) -> list[str]:
    """The right side and the reason, in a line."""
    return [f"  {RELATIONS[step.relation]} {plain(step.right)}    ({words(step.reason)})"]


def shown(outcome: Outcome) -> list[str]:
    """The claim, and one line on how it was checked."""
    refuted, same = outcome.count("refuted"), outcome.count("equivalent")
    parts = [
        f"✓ proved ({outcome.proof.tactic})",
        f"{outcome.points} points, "
        + (
            "none against" if outcome.step.relation != "=" else f"difference {_size(outcome.error)}"
        ),
        f"{counted(refuted, 'wrong variant')} refuted" + (f", {same} the same" if same else ""),
    ]
    parts += provided(outcome)
    parts += [f"torch to {outcome.torch_error:.0e}"] if outcome.torch_error is not None else []
    second = outcome.second.said(outcome.step.relation)
    return [*claim(outcome.step), f"      {'; '.join(parts)}", f"      {second}"]


def details(outcome: Outcome) -> list[str]:
    """What the names stand for, two of the points, every wrong variant, and the times."""
    step = outcome.step
    names = names_in(step.left, step.right)
    places = step.domain.points([step.left, step.right], step.name, 2)
    return [
        *(f"{unicode_of(name)} stands for {plain(meaning)}" for name, meaning in names.items()),
        f"names opened {outcome.proof.depth} deep, {counted(outcome.conditions, 'side condition')} proved",
        *(f"a point: {show_point(place)}" for place in places),
        *(
            f"{found.verdict}, {found.mutant.kind}: {'right' if found.mutant.side == 'rhs' else 'left'} "
            f"side {plain(as_it_differs(found, step))}: {found.evidence}"
            for found in outcome.refutations
        ),
        "seconds: " + ", ".join(f"{k} {v:.2f}" for k, v in outcome.seconds.items()),
    ]


def _size(error: object) -> str:
    return "0" if error == 0 else str(mp.nstr(error, 1))
