"""One setting decides the budget of everything: ``quick``, ``standard`` or ``paper``.

A notebook states its budgets where it uses them, one number for each profile::

    budget = profiles.get(profile)
    steps = budget.pick(quick=50, standard=2_000, paper=50_000)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from companion.errors import UnknownName

T = TypeVar("T")


@dataclass(frozen=True)
class Profile:
    """A named budget.

    Attributes:
        name: ``quick``, ``standard`` or ``paper``.
        summary: What it is for, in one line.
    """

    name: str
    summary: str

    def pick(self, *, quick: T, standard: T, paper: T) -> T:
        """Return the value that belongs to this profile."""
        return {"quick": quick, "standard": standard, "paper": paper}[self.name]

    def __str__(self) -> str:
        return self.name


QUICK = Profile("quick", "every notebook end to end in a few minutes; for tests")
STANDARD = Profile("standard", "every figure and table, real training, on a laptop; the default")
PAPER = Profile("paper", "large budgets and more seeds; for a cluster")
PROFILES = {profile.name: profile for profile in (QUICK, STANDARD, PAPER)}


def get(name: str) -> Profile:
    """Return the profile called ``name``.

    Raises:
        UnknownName: if there is none.
    """
    if name not in PROFILES:
        raise UnknownName("profile", name, PROFILES)
    return PROFILES[name]
