"""Objectives compared seed by seed: paired tests, factors with intervals, and ranks on two axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from companion.chapters.equal_footing.grid import PLAIN, QUARTER
from companion.chapters.equal_footing.objectives import BOUND, OWN_OF, TARGETS, WEIGHTINGS
from companion.evidence.claims import Verdict
from companion.evidence.intervals import (
    CONFIDENCE,
    as_factors,
    holm,
    interval,
    p_value,
    smallest_seen,
)


class Cell(NamedTuple):
    """What networks of all seeds share, but the data set."""

    target: str
    weighting: str
    variant: str = PLAIN


Pairs = Mapping[str, tuple[Cell, Cell]]
"""What is compared, by a label: is the second cell larger than the first?"""

OTHERS = [target for target in TARGETS if target != "x"]
EIGHT = [Cell(target, w) for target in TARGETS for w in (BOUND, OWN_OF[target])]
"""The study's objectives, without guards."""

OF_V = [Cell("v", w) for w in WEIGHTINGS]
"""Networks of v under every weighting."""

SETS = {"eight": EIGHT, "v": OF_V}
"""Sets of objectives that are ranked."""

BEST: Pairs = {f"{c.target}/{c.weighting}": (EIGHT[0], c) for c in EIGHT[1:]}
"""Each other of the eight against x under the bound."""

OWN_ERROR: Pairs = {t: (Cell(t, BOUND), Cell(t, OWN_OF[t])) for t in TARGETS}
"""Each target's own squared error against the bound."""

OTHER_WEIGHTS: Pairs = {c.weighting: (OF_V[0], c) for c in OF_V[1:]}
"""Networks of v: every other weighting against the bound."""


def values(frame: pd.DataFrame, cell: Cell, column: str) -> pd.Series:
    """A column of the networks of one cell, by seed; the frame is of one data set."""
    chosen = (
        (frame["target"] == cell.target)
        & (frame["weighting"] == cell.weighting)
        & (frame["variant"] == cell.variant)
    )
    return frame[chosen].set_index("seed", drop=False)[column].sort_index()


def present(frame: pd.DataFrame, cells: Sequence[Cell]) -> list[Cell]:
    """Those cells of which the frame has networks: some are trained in the profile ``paper`` alone."""
    return [cell for cell in cells if len(values(frame, cell, "seed"))]


def log_ratios(frame: pd.DataFrame, first: Cell, second: Cell, column: str) -> pd.Series:
    """The logarithm of the second cell over the first, seed by seed; the frame is of one data set."""
    return np.log(values(frame, second, column)) - np.log(values(frame, first, column))


TESTED = ["dataset", "question", "case", "column", "value", "least", "most", "p", "verdict"]


def tested(
    question: str, cases: Mapping[str, Mapping[str, pd.Series]], column: str
) -> pd.DataFrame:
    """Paired tests of logarithms, Holm over the cases of a data set: columns `TESTED`.

    Args:
        question: what is asked.
        cases: logarithms of ratios by seed, by data set and case: are they positive?
        column: what was compared.

    Returns:
        ``value``, the factor, ``least`` and ``most``, its interval, each for itself; ``p``, adjusted;
        ``verdict``, whether the factor is above 1.
    """
    rows = []
    for name, logs in cases.items():
        adjusted = holm([p_value(log) for log in logs.values()])
        for (case, log), p in zip(logs.items(), adjusted, strict=True):
            ends = as_factors(interval(log))
            rows.append([name, question, case, column, *ends, p, judged(ends[0], p)])
    return pd.DataFrame(rows, columns=TESTED)


def judged(factor: float, p: float) -> Verdict:
    """Whether a factor is above 1, by its adjusted p value."""
    if not p < 1 - CONFIDENCE:
        return Verdict.UNDECIDED
    return Verdict.HOLDS if factor > 1 else Verdict.FAILS


def of_pairs(question: str, frame: pd.DataFrame, pairs: Pairs, column: str) -> pd.DataFrame:
    """`tested`, of pairs of cells in every data set of a frame."""
    cases = {
        str(name): {
            case: log_ratios(block, *pair, column)
            for case, pair in pairs.items()
            if len(present(block, pair)) == len(pair)
        }
        for name, block in frame.groupby("dataset", sort=False)
    }
    return tested(question, cases, column)


def convergence(networks: pd.DataFrame) -> pd.DataFrame:
    """Is the own squared error farther from its end after a quarter of the steps than the bound?

    The ratio of two ratios: excess after a quarter over that after all steps, own error over bound.
    """

    def left(block: pd.DataFrame, target: str, weighting: str) -> pd.Series:
        return log_ratios(
            block, Cell(target, weighting), Cell(target, weighting, QUARTER), "excess"
        )

    cases = {
        str(name): {
            target: left(block, target, OWN_OF[target]) - left(block, target, BOUND)
            for target in TARGETS
        }
        for name, block in networks.groupby("dataset", sort=False)
    }
    return tested("slower", cases, "excess")


def means(networks: pd.DataFrame, by: Sequence[str], columns: Sequence[str]) -> pd.DataFrame:
    """Geometric means over seeds with their intervals: ``column``, ``column_least``, ``column_most``."""
    rows = []
    for cell, block in networks.groupby(list(by), sort=False):
        row = dict(zip(by, cell, strict=True))
        for column in columns:
            value, least, most = as_factors(interval(np.log(block[column])))
            row |= {column: value, f"{column}_least": least, f"{column}_most": most}
        rows.append(row | {"seeds": len(block)})
    return pd.DataFrame(rows)


def power(networks: pd.DataFrame, pairs: Pairs, column: str = "excess") -> float:
    """The smallest factor that these tests would see: from the pooled spread of paired logarithms."""
    logs = [
        log_ratios(block, *pair, column)
        for _, block in networks.groupby("dataset", sort=False)
        for pair in pairs.values()
        if len(present(block, pair)) == len(pair)
    ]
    pooled = float(np.sqrt(np.mean([log.var(ddof=1) for log in logs])))
    return float(
        np.exp(smallest_seen(pooled, len(logs[0]), len(logs) // networks["dataset"].nunique()))
    )


def ranks(both: pd.DataFrame) -> pd.DataFrame:
    """Spearman's correlation of excess and sliced distance over objectives, by data set, set and seed.

    Args:
        both: columns excess and sliced beside what names a network.
    """
    rows = []
    for name, block in both.groupby("dataset", sort=False):
        for label, cells in SETS.items():
            table = {
                column: pd.DataFrame(
                    {cell: values(block, cell, column) for cell in present(block, cells)}
                )
                for column in ("excess", "sliced")
            }
            for seed in table["excess"].index:
                found = stats.spearmanr(table["excess"].loc[seed], table["sliced"].loc[seed])
                rows.append([name, label, seed, float(found.statistic)])
    return pd.DataFrame(rows, columns=["dataset", "objectives", "seed", "correlation"])


def orders(both: pd.DataFrame) -> pd.DataFrame:
    """Pairs of objectives that are ordered alike, or oppositely, by excess and by samples.

    Holm over all pairs of a data set and set, on both axes together.

    Returns:
        Columns dataset, objectives, first, second (the one with less excess first, where that is told),
        ``excess`` and ``sliced``, factors; ``order``: alike, opposite, or open where one is not told.
    """
    rows = []
    for name, block in both.groupby("dataset", sort=False):
        for label, cells in SETS.items():
            pairs = list(combinations(present(block, cells), 2))
            logs = [
                log_ratios(block, *pair, column)
                for column in ("excess", "sliced")
                for pair in pairs
            ]
            told = np.array(holm([p_value(log) for log in logs])) < 1 - CONFIDENCE
            mean = np.array([log.mean() for log in logs])
            half = len(pairs)
            for i, pair in enumerate(pairs):
                one, two = pair if mean[i] > 0 else pair[::-1]
                nats, samples = abs(mean[i]), mean[half + i] * np.sign(mean[i])
                order = "open"
                if told[i] and told[half + i]:
                    order = "alike" if samples > 0 else "opposite"
                found = [name, label, "/".join(one[:2]), "/".join(two[:2])]
                rows.append([*found, float(np.exp(nats)), float(np.exp(samples)), order])
    columns = ["dataset", "objectives", "first", "second", "excess", "sliced", "order"]
    return pd.DataFrame(rows, columns=columns)


def spreads(networks: pd.DataFrame, variant: str, column: str = "excess") -> pd.DataFrame:
    """How far the four targets are apart under the bound: standard deviation of log(excess), by seed.

    Returns:
        Columns dataset, seed, ``plain`` and ``changed``, in the variant; v's residual is v itself.
    """
    rows = []
    for name, block in networks.groupby("dataset", sort=False):
        tables = {}
        for label, chosen in (("plain", PLAIN), ("changed", variant)):
            cells = {t: Cell(t, BOUND, chosen) for t in TARGETS}
            found = {t: values(block, cell, column) for t, cell in cells.items()}
            if not len(found["v"]):
                found["v"] = values(block, Cell("v", BOUND), column)
            tables[label] = np.log(pd.DataFrame(found)).std(axis=1, ddof=1)
        for seed in tables["plain"].index:
            rows.append([name, seed, tables["plain"][seed], tables["changed"][seed]])
    return pd.DataFrame(rows, columns=["dataset", "seed", "plain", "changed"])


def concordance(ratios: pd.DataFrame, networks: pd.DataFrame) -> pd.DataFrame:
    """Of the pairs of targets, the share in which the larger signal-to-noise ends with the smaller excess.

    Args:
        ratios: of gradients, columns moment and ratio.
        networks: their excess, in the same slices if the ratios are of slices.

    Returns:
        Columns dataset, moment, seed, ``share``: over pairs of targets, and slices.
    """
    on = ["dataset", "target", "seed", *(["log_snr"] if "log_snr" in ratios else [])]
    joined = ratios.merge(networks[[*on, "excess"]], on=on)
    rows = []
    for key, block in joined.groupby(["dataset", "moment", "seed"], sort=False):
        agree = []
        parts = block.groupby("log_snr") if "log_snr" in block else [(0, block)]
        for _, part in parts:
            table = part.set_index("target")
            for one, two in combinations(TARGETS, 2):
                gap = table.loc[one, "ratio"] - table.loc[two, "ratio"]
                agree.append(gap * (table.loc[one, "excess"] - table.loc[two, "excess"]) < 0)
        rows.append([*key, float(np.mean(agree))])
    return pd.DataFrame(rows, columns=["dataset", "moment", "seed", "share"])
