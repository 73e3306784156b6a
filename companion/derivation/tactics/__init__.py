"""Ways to prove a claim, one a file; each registers itself.

``symbolic.TACTICS`` has those that are short. A tactic for equality takes the two computed sides and what is
known to be positive, and says whether they are equal: ``tactic("name")`` in front of it registers it. A
tactic for an inequality takes one expression and a ``Known``, and says whether it is never negative:
``bound("name")``, see ``nonnegative``.
"""

from __future__ import annotations

from . import bounds, cases, exponentials, ranges, turning

__all__ = ["bounds", "cases", "exponentials", "ranges", "turning"]
