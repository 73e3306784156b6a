"""How weightings and cells are written."""

from __future__ import annotations

from companion.evidence import style
from companion.runs.plane import OWN_OF

TITLES = {
    "kernel": "$k$",
    "squared": "$k^2$",
    "over-error": "$k/e$",
    "both": "both at once",
    "staged": "$k/e$ in stages",
    "curriculum": "bound, then $k/e$",
    "uncertainty": "uncertainty",
    "over-noise": r"$k/\sqrt{\ell}$",
}
"""How the derived weightings are written."""

WEIGHTINGS = {**style.WEIGHTINGS, **TITLES}
"""How all are."""


def weighting(name: str) -> str:
    """A weighting, as a reader knows it."""
    return WEIGHTINGS[name]


def cell(target: str, name: str) -> str:
    """A target and a weighting."""
    own = name == OWN_OF[target]
    return f"{style.SYMBOLS[target]} {'own error' if own else weighting(name)}"
