r"""The study's losses as its published code computes them, guards included.

Kumar et al. (2025), published code at one commit. It differs from the mathematics
in four ways, all kept here:

- a *guard* g = 1e-2 is added to denominators, so that nothing is divided by zero;
- the target of the score loss is itself guarded: :math:`-\sigma\epsilon / (\sigma^2 + g)` takes the place of
  the score :math:`-\epsilon / \sigma`;
- constants are dropped: a NELBO coefficient is :math:`2/\pi` of the true one under the cosine schedule
  (:math:`\tfrac12\,|\mathrm{dSNR}/dt| = \tfrac\pi2\,\alpha/\sigma^3`);
- squared errors are averaged over dimensions, where the ELBO sums them.

Samples of the score are drawn by a walk of its own (:class:`ScoreWalk`).

A value so defined is in *code units*. Prior and reconstruction terms are left out. At the commit read, the
code of the score's NELBO coefficient says :math:`\sigma^2` (objective ``nelbo_at_head``), which the published
numbers rule out: :math:`\sigma / (\alpha + g)` fits them, which is what ``nelbo`` holds.

This is the one package of diffcore in which a small number is added to a denominator.
"""

from diffcore.published.coefficients import COEFFICIENTS
from diffcore.published.guarded_score import GuardedScore
from diffcore.published.rows import GUARD, NATS_PER_CODE_UNIT, Published
from diffcore.published.score_walk import ScoreWalk

__all__ = ["COEFFICIENTS", "GUARD", "NATS_PER_CODE_UNIT", "GuardedScore", "Published", "ScoreWalk"]
