"""A claim on the study's samples of the score: is their error the networks', or the sampler's?"""

from __future__ import annotations

import math

import pandas as pd

from companion.chapters.sampling_steps.perfect import WALK
from companion.evidence.claims import STANDARD_ERRORS, Claim, Decision, Tables, Verdict

HALF = 0.5
"""The share of a printed distance at which it is rather the one's or the other's."""


def judged(perfect: pd.Series, printed: float) -> Verdict:
    """Whose is a printed covariance distance: of networks, if perfect ones have less than half of it?

    Of the perfect networks the mean over sets is known, and printed is one set, with noise of its own.
    """
    error = math.hypot(perfect["error"] / math.sqrt(perfect["sets"]), HALF * perfect["error"])
    reach = STANDARD_ERRORS * error
    if perfect["cov"] + reach < HALF * printed:
        return Verdict.HOLDS
    if perfect["cov"] - reach > HALF * printed:
        return Verdict.FAILS
    return Verdict.UNDECIDED


def by_networks(tables: Tables) -> Decision:
    """The study's sampler of s with perfect networks, against its printed covariance distances."""
    table = tables["perfect_samples"]
    walk = table[table["sampler"] == WALK.words]
    cases, shares = [], []
    for _, row in walk.iterrows():
        for objective in ("nelbo", "weighted"):
            cases.append(judged(row, row[objective]))
            shares.append(f"{row['cov'] / row[objective]:.2f}")
    sets = "; ".join(
        f"{name} {first} and {second}"
        for name, first, second in zip(
            walk["dataset"].str.replace("_", " "), shares[::2], shares[1::2], strict=True
        )
    )
    return Decision(
        "covariance distance of a perfect network's samples as a share of the printed (NELBO and "
        f"Weighted): {sets}; exact samples alone have {walk['exact'].min():.3f} to "
        f"{walk['exact'].max():.3f}",
        cases,
    )


CLAIMS: tuple[Claim, ...] = (
    Claim(
        name="score-samples-by-networks",
        statement="The covariance error of the study's 2-D samples of $s$ comes from what its networks "
        "failed to learn of their target, rather than from that target and the sampler.",
        stated="nobody: public summaries of the study, sections 4.2 and 4.3, only call $s$ unstable "
        "near $t = 0$, where the score is large, and its samples blurred",
        measure="samples of a perfect network, drawn by the study's sampler of $s$ with the guarded target "
        "that its networks were trained on; the study's covariance distance, beside the printed one; 4 "
        "data sets, 2 objectives",
        threshold=f"holds where {STANDARD_ERRORS:.0f} standard errors above the perfect network's distance "
        "is still less than half of the printed, does not hold where as many below is more than half, "
        "else undecided; the error is that of the mean over sets and of half the printed distance, which "
        "is of one set. Not fixed before the data: a first version, with one set and its error, was "
        "replaced when a referee had shown that exact samples would have been undecided by it. "
        "Seeds decide some cases: an earlier record, of other draws, had 3 that do not hold and 5 undecided",
        tables=("perfect_samples",),
        decide=by_networks,
    ),
)
