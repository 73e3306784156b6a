"""The computed words of the chapter."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.stats import gmean

from companion import study
from companion.chapters.equal_footing.answers import case_words
from companion.chapters.equal_footing.comparisons import (
    BEST,
    OTHER_WEIGHTS,
    SETS,
    Cell,
    log_ratios,
    power,
    present,
    values,
)
from companion.chapters.equal_footing.grid import PLAIN
from companion.evidence import style
from companion.evidence.claims import STANDARD_ERRORS
from companion.evidence.intervals import CONFIDENCE, POWER, in_words, interval
from companion.runs.plane import OWN_OF, TARGETS

ABOUT = r"$\approx$"
"""Between neighbours whose order these seeds do not tell."""


def budget(steps: int, batch: int, seeds: int, points: int, weights: int, models: int) -> str:
    """What was trained and measured."""
    return (
        f"{steps:,} steps of {batch} points; networks of {weights:,} weights; {seeds} seeds of each cell, "
        f"{models} networks in all; {points:,} held-out points in each slice of the log-SNR."
    )


def written(cell: Cell) -> str:
    """An objective: its target, and its weighting."""
    if cell.weighting == OWN_OF[cell.target]:
        return f"{style.SYMBOLS[cell.target]} own"
    return f"{style.SYMBOLS[cell.target]} {style.WEIGHTINGS[cell.weighting]}"


def order(frame: pd.DataFrame, cells: Sequence[Cell], column: str = "excess") -> str:
    """Objectives with their geometric means, least first; about equal if neighbours' interval has one.

    Args:
        frame: of one data set.
        cells: the objectives.
        column: what is compared.
    """
    mean = {cell: gmean(values(frame, cell, column)) for cell in cells}
    ordered = sorted(cells, key=lambda cell: mean[cell])
    words = f"{written(ordered[0])} {mean[ordered[0]]:.2g}"
    for one, two in pairwise(ordered):
        same = interval(log_ratios(frame, one, two, column), len(cells) - 1).has_zero
        words += f" {ABOUT if same else '<'} {written(two)} {mean[two]:.2g}"
    return words


def orders(frame: pd.DataFrame, objectives: str, column: str = "excess") -> str:
    """`order` of a set of objectives, for each data set."""
    words = [
        f"{study.TITLES[str(name)]}: {order(block, present(block, SETS[objectives]), column)}"
        for name, block in frame.groupby("dataset", sort=False)
    ]
    return f"{'. '.join(words)}."


def reading() -> str:
    """How `orders` are read."""
    return (
        f"Least geometric mean first ({ABOUT}: about equal, since the {CONFIDENCE:.0%} interval of the "
        "paired ratio of these neighbours, all of an order together, contains one)."
    )


def resolution(networks: pd.DataFrame) -> str:
    """What these seeds could see, and what the held-out points leave uncertain."""
    seeds = networks.loc[networks["variant"] == PLAIN, "seed"].nunique()
    error = 100 * (STANDARD_ERRORS * networks["error"] / networks["excess"]).max()
    first, second = (power(networks, pairs) for pairs in (BEST, OTHER_WEIGHTS))
    return (
        f"With the spread that was found, {seeds} seeds would see a factor of {first:.2f} between two of the "
        f"eight, and of {second:.2f} between two weightings, in {POWER:.0%} of all trials at the strictest "
        f"of Holm's levels. The held-out points leave each excess uncertain by at most {error:.2g} % "
        f"({STANDARD_ERRORS:g} standard errors), the same points for all."
    )


def two_axes(ranks: pd.DataFrame, orders: pd.DataFrame) -> str:
    """Rank correlations with their intervals, and pairs that are ordered alike or oppositely."""
    names = {"eight": "the eight", "v": "weightings of $v$"}
    words = []
    for (name, label), block in ranks.groupby(["dataset", "objectives"], sort=False):
        found = interval(block["correlation"])
        pairs = orders[(orders["dataset"] == name) & (orders["objectives"] == label)]["order"]
        counts = {kind: int((pairs == kind).sum()) for kind in ("alike", "opposite", "open")}
        words.append(
            f"{study.TITLES[str(name)]}, {names[str(label)]}: correlation {found.mean:.2f} "
            f"({found.mean - found.reach:.2f} to {found.mean + found.reach:.2f}); of {len(pairs)} pairs "
            f"{counts['alike']} are ordered alike on both axes, {counts['opposite']} oppositely, "
            f"{counts['open']} are not told"
        )
    return f"{'. '.join(words)}."


def opposite(orders: pd.DataFrame, most: int = 6) -> str:
    """The pairs that are ordered oppositely, the farthest apart in samples first."""
    rows = orders[orders["order"] == "opposite"].sort_values("sliced")
    if rows.empty:
        return "No pair is told to be ordered oppositely."
    listed = "; ".join(
        f"{study.TITLES[r.dataset]}, {case_words(r.first)} against {case_words(r.second)}: excess smaller by "
        f"{r.excess:.2g}, sliced distance larger by {1 / r.sliced:.2g}"
        for r in rows.head(most).itertuples()
    )
    return f"Pairs that are ordered oppositely ({len(rows)}; the farthest first): {listed}."


def floors(means: pd.DataFrame, limits: pd.DataFrame) -> str:
    """How many objectives' samples are told from independent exact ones at all."""
    words = []
    for name, block in means.groupby("dataset", sort=False):
        limit = float(limits.set_index("dataset").loc[name, "sliced"])
        above = int((block["sliced"] > limit).sum())
        words.append(f"{study.TITLES[str(name)]} {above} of {len(block)} (floor {limit:.3g})")
    return (
        "Mean sliced distances above the noise floor, that is, which this many independent samples would "
        f"show: {'; '.join(words)}. Common noise makes smaller differences visible here."
    )


def thin(table: pd.DataFrame) -> str:
    """Objectives whose samples are more likely, in the mean, than exact ones."""
    some = table[table["density"] > 0]
    if some.empty:
        return "Of no objective are samples more likely, in the mean, than exact ones."
    listed = "; ".join(
        f"{study.TITLES[r.dataset]}, {written(Cell(r.target, r.weighting))} by {r.density:.2f} nats"
        for r in some.itertuples()
    )
    return f"Samples more likely, in the mean, than exact ones, so too concentrated: {listed}."


def units(table: pd.DataFrame) -> str:
    """How many pairs of objectives change order with the unit, by their means."""
    words = []
    for name, block in table.groupby("dataset", sort=False):
        logs = {c: np.log(block[c].to_numpy()) for c in ("excess", "inside", "sliced")}
        upper = np.triu_indices(len(block), 1)
        signs = {c: np.sign(v[:, None] - v[None, :])[upper] for c, v in logs.items()}
        turned = {c: (signs["excess"] * signs[c] < 0).mean() for c in ("inside", "sliced")}
        best = ", ".join(
            f"{what} {written(Cell(*block.loc[block[c].idxmin(), ['target', 'weighting']]))}"
            for c, what in (("excess", "by excess"), ("inside", "inside"), ("sliced", "by samples"))
        )
        words.append(
            f"{study.TITLES[str(name)]}: {turned['inside']:.0%} of all pairs of means change order from "
            f"excess to excess inside, {turned['sliced']:.0%} from excess to samples; least {best}"
        )
    return f"{'. '.join(words)}."


def clean_share(gradients: pd.DataFrame, level: float = 8.0) -> str:
    """Which share of the gradients' mean square the cleanest levels have, by target."""
    clean = gradients[gradients["log_snr"] > level]
    sums = clean.groupby(["moment", "target", "dataset", "seed"], sort=False)["share"].sum()
    mean = sums.groupby(level=["moment", "target"], sort=False).mean()
    words = "; ".join(
        f"{moment} " + ", ".join(f"{style.SYMBOLS[t]} {mean[moment, t]:.0%}" for t in TARGETS)
        for moment in dict.fromkeys(gradients["moment"])
    )
    return (
        f"The cleanest levels, $\\lambda > {level:g}$, have this share of the mean square of all gradients "
        f"(first: before training, last: at its end; means over data sets and seeds): {words}."
    )


def ratios(totals: pd.DataFrame, batch: int) -> str:
    """Signal to noise of a whole batch's gradient, by target."""
    logs = totals.assign(ratio=totals["ratio"] * batch**0.5)
    mean = logs.groupby(["moment", "target"], sort=False)["ratio"].mean()
    words = "; ".join(
        f"{moment} " + ", ".join(f"{style.SYMBOLS[t]} {mean[moment, t]:.2g}" for t in TARGETS)
        for moment in dict.fromkeys(totals["moment"])
    )
    return f"Norm of the mean gradient over its standard deviation, a batch of {batch}: {words}."


def agreement(concordance: pd.DataFrame, what: str) -> str:
    """The share of pairs of targets that are in the order of their ratios, with its interval."""
    words = []
    for (name, moment), block in concordance.groupby(["dataset", "moment"], sort=False):
        found = interval(block["share"])
        words.append(
            f"{study.TITLES[str(name)]}, {moment} {found.mean:.0%} "
            f"({max(0.0, found.mean - found.reach):.0%} to {min(1.0, found.mean + found.reach):.0%})"
        )
    return f"Pairs of targets in the order of their ratios, {what}: {'; '.join(words)}."


def left(spreads: pd.DataFrame, what: str) -> str:
    """What is left of the spread over targets."""
    words = []
    for name, block in spreads.groupby("dataset", sort=False):
        found = interval(np.log(block["changed"] / block["plain"]))
        words.append(f"{study.TITLES[str(name)]} {in_words(found)}")
    return (
        f"The standard deviation over targets of the logarithm of the excess is multiplied, {what}, by: "
        f"{'; '.join(words)} ({CONFIDENCE:.0%} intervals, {spreads['seed'].nunique()} seeds)."
    )
