"""What the second provers have found, and how it is said."""

from __future__ import annotations

from dataclasses import dataclass

EXACT = 400
"""Digits that stand for as many as you like: no difference at all, or a bound that is seen to hold."""


@dataclass(frozen=True)
class Agreement:
    """What two provers have found that share no algebra with the first.

    Attributes:
        points: at how many points ball arithmetic encloses the difference; 0: it does not.
        digits: the difference is within ten to the power of minus so many, of the larger side.
        why_not: why it is not enclosed.
        solved: whether z3 proves it.
        missing: the provers that could not be asked.
    """

    points: int = 0
    digits: int = 0
    why_not: str = ""
    solved: bool = False
    missing: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.points > 0 or self.solved

    def said(self, relation: str, power: str = "1e-{}") -> str:
        """One sentence on it; ``power``: how a power of ten is written."""
        if relation != "=":
            how = "sees that it holds"
        else:
            size = power.format(self.digits)
            how = (
                "finds no difference"
                if self.digits >= EXACT
                else f"encloses the difference within {size}"
            )
        points = f"{self.points} point" + ("s" if self.points != 1 else "")
        parts = [f"ball arithmetic {how} at {points}"] if self.points else []
        parts += ["z3 proves it"] if self.solved else []
        if parts:
            return f"Agreed: {'; '.join(parts)}."
        if self.missing:
            return f"Not asked: {', '.join(self.missing)}."
        return f"No second prover reaches it ({self.why_not})."


NOT_ASKED = Agreement()
"""Of a step that no second prover was asked about."""
