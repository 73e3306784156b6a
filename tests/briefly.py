"""A chain, checked with the effort of a reader's page: the false is refused there too, the true is proved.

The build's own effort, six times the points, is what the ledger of the book and the other tests of it are
checked with.
"""

from __future__ import annotations

from collections.abc import Callable

from companion.derivation import Chain, check, deferred
from companion.derivation.here import EFFORT

__all__ = ["EFFORT", "briefly"]


def briefly(write: Callable[[], Chain]) -> Chain:
    """The chain that ``write`` writes, checked."""
    with deferred():
        chain = write()
    chain.outcomes = [check(step, EFFORT) for step in chain.steps]
    return chain
