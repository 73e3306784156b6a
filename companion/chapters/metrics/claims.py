"""Claims on metrics of samples."""

from __future__ import annotations

import math

import pandas as pd

from companion.chapters.metrics.measures import STUDY
from companion.chapters.metrics.results import OUTSIDE, SEEN
from companion.evidence.claims import Claim, Decision, Tables, Verdict

WHOLE = ("sliced", "exact", "energy", "mmd")
"""Distances that are zero for equal laws only."""

HISTOGRAMS = "jensen"
"""The divergence that the rule leaves out; what it would change is said."""

COUNTED = (Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED)

CLEARLY = 4.0
"""Two steps of the grid of strengths: so much counts as sooner, since one step is its resolution."""


def as_soon(of_study: float, of_whole: float) -> Verdict:
    """Whether the study's distances see a defect as soon as distances of whole laws do; NaN: not at all."""
    if math.isnan(of_whole):
        return Verdict.UNDECIDED if math.isnan(of_study) else Verdict.HOLDS
    if math.isnan(of_study) or of_study >= CLEARLY * of_whole:
        return Verdict.FAILS
    return Verdict.HOLDS if of_study <= of_whole else Verdict.UNDECIDED


def moments_are_enough(tables: Tables) -> Decision:
    """The weakest defect that either of the study's distances sees, against those of whole laws."""
    weak: pd.DataFrame = tables["metrics_weakest"]
    cases, words, ties, others = [], [], 0, []
    for (name, defect), rows in weak.groupby(["dataset", "defect"], sort=False):
        by_metric = rows.set_index("metric")["strength"]
        pair = [float(by_metric[list(some)].min()) for some in (STUDY, WHOLE)]
        cases.append(as_soon(*pair))
        ties += pair[0] == pair[1]
        others.append(as_soon(pair[0], float(by_metric[[*WHOLE, HISTOGRAMS]].min())))
        shown = ["none" if math.isnan(value) else f"{value:.3g}" for value in pair]
        words.append(f"{name}, {defect} {shown[0]} against {shown[1]}")
    counts = ", ".join(f"{others.count(verdict)} {verdict.value}" for verdict in COUNTED)
    return Decision(
        f"weakest strength seen, study against whole laws: {'; '.join(words)}. Equal, which the rule counts "
        f"as as soon, in {ties}. With the divergence of histograms among the whole laws: {counts}",
        cases,
    )


CLAIMS: tuple[Claim, ...] = (
    Claim(
        name="moments-are-enough",
        statement="The distances of mean and covariance see a defect of 2-D samples as soon as distances "
        "of whole "
        "laws do.",
        stated="nobody: whoever ranks samples by the study's two distances alone takes it for granted",
        measure="The least strength of a known defect from which on a metric is outside its noise floor "
        f"({1 - OUTSIDE:.0%}) in at least {SEEN:.0%} of defective sets; the better of the study's two "
        f"against the "
        f"best of {', '.join(WHOLE)} (not of the divergence of histograms, which sees some defects sooner); "
        "each data set and defect.",
        threshold=f"holds if the study's strength is no greater, does not hold if it is at least "
        f"{CLEARLY:g} times "
        "that of the others (two steps of the strengths tried) or there is none, undecided between, or if "
        "neither sees the defect; fixed before any was measured",
        tables=("metrics_weakest",),
        decide=moments_are_enough,
    ),
)
