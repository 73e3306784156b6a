"""Objectives compared seed by seed: paired tests, factors with intervals, and ranks on two axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from companion import study
from companion.chapters.equal_footing.grid import PLAIN, QUARTER
from companion.chapters.equal_footing.objectives import WEIGHTINGS
from companion.evidence import paired, style
from companion.evidence.intervals import smallest_seen
from companion.evidence.paired import means, tested
from companion.runs.plane import BOUND, OWN, OWN_OF, TARGETS


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


def in_samples(samples: pd.DataFrame) -> pd.DataFrame:
    """Covariance distance of each other target's samples against v's, under both objectives."""
    pairs = {
        f"{t}/{kind}": (Cell("v", of["v"]), Cell(t, of[t]))
        for kind, of in {BOUND: dict.fromkeys(TARGETS, BOUND), OWN: OWN_OF}.items()
        for t in TARGETS
        if t != "v"
    }
    return of_pairs("v in samples", samples, pairs, "covariance")


def few_steps(after: pd.DataFrame) -> pd.DataFrame:
    """Sliced distance of samples of eps against that of v, under the bound, by steps."""
    cases = {
        str(name): {
            str(steps): log_ratios(part, Cell("v", BOUND), Cell("eps", BOUND), "sliced")
            for steps, part in block.groupby("steps")
        }
        for name, block in after.groupby("dataset", sort=False)
    }
    return tested("few steps", cases, "sliced")


def every_test(networks: pd.DataFrame, samples: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """All paired tests of the chapter: columns `TESTED`.

    Args:
        networks: excess and fluctuation of every network.
        samples: metrics of their samples.
        after: samples after few steps.
    """
    blocks = [
        of_pairs("best of eight", networks, BEST, "excess"),
        of_pairs("own error", networks, OWN_ERROR, "excess"),
        of_pairs("own error", samples, OWN_ERROR, "sliced"),
        of_pairs("weightings", networks, OTHER_WEIGHTS, "excess"),
        of_pairs("weightings", samples, OTHER_WEIGHTS, "sliced"),
        of_pairs("unsteady", networks, OWN_ERROR, "fluctuation"),
        convergence(networks),
        in_samples(samples),
        few_steps(after),
    ]
    return pd.concat(blocks, ignore_index=True)


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


def summary(networks: pd.DataFrame, samples: pd.DataFrame) -> pd.DataFrame:
    """Every objective on all scales: a row a data set, target and weighting.

    Geometric means over seeds, of the excess and of the sliced distance with their intervals; of the
    log-density and of the share that is off, which have a sign, plain means.
    """
    by = ["dataset", "target", "weighting"]
    plain = networks[networks["variant"] == PLAIN]
    both = plain.merge(samples, on=[*by, "variant", "seed"])
    found = means(both, by, ["excess", "inside", "sliced", "energy", "mean", "covariance"])
    signed = both.groupby(by, sort=False)[["density", "off"]].mean().reset_index()
    return found.merge(signed, on=by)


SUMMARY_SHOWN: dict[str, Any] = {
    "words": {"dataset": study.TITLES} | style.CELLS,
    "columns": {
        "dataset": "data set",
        "target": "predicts",
        "weighting": "weighting",
        "excess": "excess (95 %)",
        "inside": "inside",
        "sliced": "sliced $W_2$",
        "energy": "energy",
        "covariance": "covariance",
        "density": "log-density",
        "off": "off",
    },
    "digits": {
        "excess": ".2g",
        "inside": ".2g",
        "sliced": ".2g",
        "energy": ".2g",
        "covariance": ".2g",
        "density": ".2f",
        "off": ".3f",
    },
    "ends": {"excess": ("excess_least", "excess_most")},
}
"""How `summary` is shown."""

TESTS_SHOWN: dict[str, Any] = paired.SHOWN | {
    "columns": {"dataset": "data set"} | paired.SHOWN["columns"]
}
"""How `every_test` is shown."""
