"""Second provers of a step, that share no algebra with the first: ball arithmetic, and z3.

`balls` encloses both sides rigorously at the points of the numeric check; `solver` has z3 prove that no real
numbers on the domain make them differ. Both walk over the expression by themselves (`walk`): nothing of
SymPy's algebra, of the numeric route or of the tactics is used. What is shared is the tree as SymPy has built
it, the points, and how random functions are drawn (``rules``, ``elementary``).

A step that neither knows is none the worse for it, and says so. One that either refutes is not accepted.
The packages are not everywhere: where they are missing, the check is left out, and that is said.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

from ..agreement import Agreement
from ..step import Step, failure, show_point
from . import binding, facts, walk
from .values import Unknown

__all__ = ["Agreement", "agreement", "binding", "facts", "missing", "versions", "walk"]

PACKAGES = {"flint": "ball arithmetic", "z3": "z3"}
"""The module that each prover needs, and what it is called."""

DISTRIBUTIONS = ("python-flint", "z3-solver")
"""Where these modules come from."""


def versions() -> list[str]:
    """The versions of both packages, as far as they are here."""
    found = []
    for name in DISTRIBUTIONS:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"no {name}")
    return found


def load() -> None:
    """Import the provers that are here: what they register with the ledger is then known before a check."""
    if _here("flint"):
        from . import balls  # noqa: F401
    if _here("z3"):
        from . import solver  # noqa: F401


def missing() -> tuple[str, ...]:
    """The provers that cannot be asked here."""
    return tuple(words for name, words in PACKAGES.items() if not _here(name))


def _here(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ImportError:
        return False


def agreement(step: Step, places: list[dict[Any, Any]]) -> Agreement:
    """What the second provers make of a step.

    Args:
        step: a claim.
        places: exact admissible points.

    Raises:
        DerivationError: if either refutes it.
    """
    points, digits, why_not = _enclosed(step, places) if _here("flint") else (0, 0, "")
    solved = _solved(step) if _here("z3") else False
    return Agreement(points, digits, why_not, solved, missing())


def _enclosed(step: Step, places: list[dict[Any, Any]]) -> tuple[int, int, str]:
    from .balls import Outside, enclosed  # here, since the package is not everywhere

    try:
        found = enclosed(step, places)
    except Outside as error:
        what = f"ball arithmetic refutes it: {error.ball} at {show_point(error.place)}"
        raise failure(step, "second", what) from error
    return found.points, found.digits, found.why_not


def _solved(step: Step) -> bool:
    from .solver import Refuted, proved

    try:
        return proved(step)
    except Unknown:
        return False
    except Refuted as error:
        raise failure(step, "second", f"z3 refutes it: at {error}") from error
