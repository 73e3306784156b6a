"""Captions of the chapter's two large tables."""

from __future__ import annotations

from companion.evidence.excess import INSIDE
from companion.evidence.intervals import CONFIDENCE
from companion.runs.plane import ENDS


def summary_caption(seeds: int, samples: int, steps: int) -> str:
    """Caption of the table of all objectives."""
    return (
        f"Every objective, geometric means of {seeds} seeds: excess between log-SNRs of {ENDS[0]:g} and "
        f"{ENDS[1]:g} with its {CONFIDENCE:.0%} interval, and inside, at $|\\lambda| < {INSIDE:g}$, nats. Of "
        f"{samples:,} samples in {steps} steps, against the exact denoiser's from the same noise: sliced "
        "$W_2$, root of the energy distance, covariance distance; mean log-density less that of the exact "
        "denoiser's, nats, and share off less theirs (plain means)."
    )


def tests_caption(seeds: int) -> str:
    """Caption of the table of all tests."""
    return (
        f"Paired tests, {seeds} seeds: the factor by which the second has more of a column than the first, "
        f"its {CONFIDENCE:.0%} interval alone, and the $p$ value of Student's test adjusted for all cases of "
        "a data set and question (Holm). *Best of eight*: each objective over the bound in $x$. *Own error*: "
        "own squared error over the bound. *Weightings*: each over the bound, networks of $v$. *Unsteady*: "
        "fluctuation of the training loss, own error over bound. *Slower*: excess after a quarter of the "
        "steps over that after all, own error over bound. *v in samples*: each target over $v$. *Few steps*: "
        "$\\epsilon$ over $v$."
    )
