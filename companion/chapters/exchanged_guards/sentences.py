"""The computed words of the chapter."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from companion import study
from companion.chapters.exchanged_guards.grid import NONE
from companion.chapters.exchanged_guards.pairs import RANGES, Cell, log_ratios
from companion.chapters.exchanged_guards.results import shares, shares_by_seed
from companion.evidence import style
from companion.evidence.claims import STANDARD_ERRORS, Decision
from companion.evidence.excess import INSIDE
from companion.evidence.intervals import CONFIDENCE, in_words, interval
from companion.runs.plane import TARGETS

ABOUT_EQUAL = r"$\approx$"
"""Between targets whose order these seeds do not tell."""


def _split(networks: pd.DataFrame) -> str:
    """How the variance of log(excess) splits, and how far each share is from it in one seed alone."""
    part, alone = shares(networks), shares_by_seed(networks)

    def share(name: str) -> str:
        return f"{part[name]:.0%} ({alone[name].min():.0%} to {alone[name].max():.0%})"

    return (
        f"the predicted target goes with {share('target')}, the weight with {share('weight')}, the two "
        f"together (beyond their sum) with {share('both')}, and seeds with {part['seeds']:.0%}"
    )


def what_decides(networks: pd.DataFrame) -> str:
    """How the variance of log(excess) splits, with and without x."""
    others = networks[networks["target"] != "x"]
    return (
        f"Of the variance of the logarithm of the excess over these cells, {_split(networks)}. Without the "
        f"networks of $x$, {_split(others)}. In brackets: the least and most in the "
        f"{networks['seed'].nunique()} seeds taken alone. A share is of the cells that were chosen."
    )


def noise(networks: pd.DataFrame) -> str:
    """What the points at which networks are measured leave uncertain."""
    error = 100 * (STANDARD_ERRORS * networks["error"] / networks["excess"]).max()
    return (
        f"The held-out points leave each excess uncertain by at most {error:.2g} % ({STANDARD_ERRORS:g} "
        "standard errors). They are the same for all networks, so much of that cancels in differences."
    )


def order(networks: pd.DataFrame, weight: str, column: str = "excess", values: bool = False) -> str:
    """The targets under a weight, best first; about equal where their neighbours' interval has one.

    Args:
        networks: of one data set.
        weight: that they were trained under.
        column: what is compared; the interval is of the mean log ratio over seeds.
        values: whether to print means as well.
    """
    under = networks[networks["weight"] == weight]
    mean = under.groupby("target")[column].mean().sort_values()

    def shown(target: str) -> str:
        return style.SYMBOLS[target] + (f" {mean[target]:.2g}" if values else "")

    words = shown(mean.index[0])
    for one, other in pairwise(mean.index):
        logs = log_ratios(networks, (one, weight), (other, weight), column)
        same = interval(logs, cases=len(mean) - 1).has_zero
        words += f" {ABOUT_EQUAL if same else '<'} {shown(other)}"
    return words


def orders(networks: pd.DataFrame) -> str:
    """The order of the targets under each weight, for each data set."""
    words = []
    for name, rows in networks.groupby("dataset", sort=False):
        parts = []
        for weight in dict.fromkeys(rows["weight"]):
            label = "no guard" if weight == NONE else f"the guard of {style.SYMBOLS[weight]}"
            parts.append(f"under {label} {order(rows, weight)}")
        words.append(f"{study.TITLES[name]}: {'; '.join(parts)}")
    return (
        f"In order, smallest mean excess first ({ABOUT_EQUAL}: about equal, since the {CONFIDENCE:.0%} "
        "interval of the paired ratio of these neighbours, all of an order together, contains one). "
        f"{'. '.join(words)}."
    )


def seen_by_x(networks: pd.DataFrame) -> str:
    """The targets as the weight of x's own guard sees them, and x against each other."""
    words, others = [], [target for target in TARGETS if target != "x"]
    for name, rows in networks.groupby("dataset", sort=False):
        factors = []
        for other in others:
            logs = log_ratios(rows, (other, "x"), ("x", "x"), "seen")
            factors.append(f"{style.SYMBOLS[other]} {in_words(interval(logs, cases=len(others)))}")
        words.append(
            f"{study.TITLES[name]} {order(rows, 'x', 'seen', values=True)}, and $x$ has so many times the "
            f"excess of: {', '.join(factors)}"
        )
    return (
        "Where the guard of $x$ looks, and among networks that were all trained under it, the excess as that "
        f"loss sees it is, in nats: {'; '.join(words)}."
    )


def _cells(networks: pd.DataFrame, first: Cell, second: Cell) -> str:
    """The second cell over the first, in each of `RANGES`, in words."""
    parts = []
    for column, end in RANGES.items():
        logs = log_ratios(networks, first, second, column)
        found = interval(logs, cases=len(RANGES))
        equal = "about equal, " if found.has_zero else ""
        parts.append(f"{equal}{in_words(found)} at $|\\lambda| < {end:g}$")
    return " and ".join(parts)


def heads(networks: pd.DataFrame) -> str:
    """What a skip does to networks of x, a scale, and both."""
    words = []
    for name, rows in networks.groupby("dataset", sort=False):
        for weight, label in ((NONE, "Without a guard"), ("x", "Under the guard of $x$")):
            made = ", ".join(
                f"{what} by {_cells(rows, ('x', weight), (head, weight))}"
                for what, head in (("the skip alone", "x_skip"), ("the scale alone", "x_scale"))
            )
            both = _cells(rows, ("x", weight), ("x_edm", weight))
            words.append(
                f"{study.TITLES[name]}. {label} the excess of $x$ is multiplied: {made}, both together by "
                f"{both}. EDM's head over $v$: {_cells(rows, ('v', weight), ('x_edm', weight))}."
            )
    return (
        f"{' '.join(words)} (In brackets the {CONFIDENCE:.0%} intervals of the paired ratios of "
        f"{networks['seed'].nunique()} seeds, both ranges together.)"
    )


MOST = 0.5
"""Of the way from x to x with both halves of the head: what half of it has to go to be most of it."""


def halves(networks: pd.DataFrame) -> str:
    """How much of the way from x to EDM's head each half goes alone, without a guard, and what follows."""
    parts, ways = [], []
    for name, rows in networks.groupby("dataset", sort=False):
        for column, end in RANGES.items():
            log = {
                head: log_ratios(rows, ("x", NONE), (head, NONE), column).mean()
                for head in ("x_skip", "x_scale", "x_edm")
            }
            skip, scale = (log[head] / log["x_edm"] for head in ("x_skip", "x_scale"))
            ways.append((skip, scale))
            parts.append(
                f"{study.TITLES[name]}, $|\\lambda| < {end:g}$: the skip {skip:.0%}, the scale {scale:.0%}"
            )
    enough = [
        half
        for half, way in zip(("skip", "scale"), zip(*ways, strict=True), strict=True)
        if max(way) >= MOST
    ]
    if enough:
        verdict = f"So the {' and the '.join(enough)} alone can go most of it."
    else:
        verdict = "So neither half goes most of it alone: what repairs $x$ is both."
        if max(scale for _, scale in ways) < 0:
            verdict += (
                " The scale alone levels the factor on the squared error as much as both do, and makes "
                "$x$ worse."
            )
    return f"Of the way from $x$ to both, in logarithms, without a guard: {'; '.join(parts)}. {verdict}"


def two_rules(rows: pd.DataFrame) -> str:
    """The verdicts of both rules, counted."""
    parts = []
    for question, block in rows.groupby("question", sort=False):
        counts = "; ".join(
            f"{rule}: {Decision('', list(one['verdict'])).label}"
            for rule, one in block.groupby("rule", sort=False)
        )
        parts.append(f"*{str(question).capitalize()}?* {counts}.")
    return " ".join(parts)


def own_guards(table: pd.DataFrame) -> str:
    """Each target under its own guard, as the study trains it, and without, inside and outside."""
    cells = table.groupby(["weight", "target"], sort=False)[["excess", "inside"]].mean()
    parts = []
    for target in TARGETS:
        own, free = cells.loc[(target, target)], cells.loc[(NONE, target)]
        parts.append(
            f"{style.SYMBOLS[target]} {own['inside']:.3g} and {own['excess'] - own['inside']:.3g} "
            f"({free['inside']:.3g} and {free['excess'] - free['inside']:.3g})"
        )
    pooled = ", means over data sets" if table["dataset"].nunique() > 1 else ""
    return (
        f"Excess inside $|\\lambda| < {INSIDE:g}$ and outside of it, in nats, of networks under their own "
        f"guard (in brackets: without a guard){pooled}: {'; '.join(parts)}."
    )


def _ratios(networks: pd.DataFrame, target: str) -> tuple[pd.Series, pd.Series]:
    """Excess under the target's own guard over that without, by seed: inside, and outside."""
    rows = networks[networks["target"] == target].set_index(["dataset", "seed"])
    rows = rows.assign(outside=rows["excess"] - rows["inside"])
    own, free = rows[rows["weight"] == target], rows[rows["weight"] == NONE]
    return own["inside"] / free["inside"], own["outside"] / free["outside"]


def _side(ratio: pd.Series, where: str) -> str:
    """Whether all pairs of networks agree on what a guard does there."""
    if ratio.max() < 1:
        return f"nearer to the floor {where} in all {len(ratio)} pairs of equal seeds"
    if ratio.min() > 1:
        return f"farther from it {where} in all {len(ratio)}"
    return f"nearer {where} in {(ratio < 1).sum()} of {len(ratio)}"


def own_guard_of(networks: pd.DataFrame, target: str) -> str:
    """What its own guard does to networks of a target, pair by pair."""
    inside, outside = _ratios(networks, target)
    return (
        f"Under its own guard networks of {style.SYMBOLS[target]} are {_side(inside, 'inside')} (by factors "
        f"of {inside.min():.3g} to {inside.max():.3g}) and {_side(outside, 'outside')} "
        f"({outside.min():.3g} to {outside.max():.3g})."
    )


def longer(steps: pd.DataFrame) -> str:
    """How the excess of x stands to the least of the other targets' as networks are trained for longer."""
    free = steps[steps["weight"] == NONE]
    mean = free.groupby(["steps", "target"])["excess"].mean().unstack()
    ratio = mean["x"] / mean.drop(columns="x").min(axis=1)
    times = ", ".join(f"{value:.3g} after {n:,}" for n, value in ratio.items())
    falls = mean.iloc[-1] / mean.iloc[0]
    each = ", ".join(f"{style.SYMBOLS[t]} {falls[t]:.2g}" for t in TARGETS)
    return (
        "Without a guard the mean excess of networks of $x$ is so many times the smallest of the others': "
        f"{times} steps. From the shortest to the longest training each excess is multiplied by: {each}."
    )


def own_guard_by_budget(steps: pd.DataFrame) -> str:
    """By which factor its own guard raises the excess of x, at each budget."""
    x = steps[steps["target"] == "x"].set_index(["steps", "dataset", "seed"])
    own, free = (x[x["weight"] == weight]["excess"] for weight in ("x", NONE))
    factor = np.exp(np.log(own / free).groupby("steps").mean())
    times = ", ".join(f"{value:.2g} after {n:,}" for n, value in factor.items())
    return (
        f"Its own guard multiplies the excess of $x$ by {times} steps (geometric means of "
        f"{x.index.get_level_values('seed').nunique()} seeds): such a size belongs to a budget."
    )


def budget(steps: int, batch: int, seeds: int, points: int) -> str:
    """What was trained and measured."""
    return (
        f"{steps:,} steps of {batch} points, {seeds} seeds; {points:,} held-out points in each slice of the "
        "log-SNR."
    )
