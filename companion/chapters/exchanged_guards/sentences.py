"""The computed words of the chapter."""

from __future__ import annotations

import pandas as pd

from companion.chapters.exchanged_guards.grid import NONE, TARGETS
from companion.chapters.exchanged_guards.results import INSIDE, shares
from companion.evidence import style
from companion.evidence.claims import STANDARD_ERRORS


def what_decides(networks: pd.DataFrame) -> str:
    """How the variance of log(excess) splits."""
    part = shares(networks)
    return (
        "Of the variance of the logarithm of the excess over these cells, the predicted target goes with "
        f"{part['target']:.0%}, the weight {part['weight']:.0%}, the two together (beyond their sum) "
        f"{part['both']:.0%}, and seeds {part['seeds']:.0%}."
    )


def noise(networks: pd.DataFrame) -> str:
    """What the points at which networks are measured leave uncertain."""
    error = (STANDARD_ERRORS * networks["error"] / networks["excess"]).max()
    return (
        f"The held-out points leave each excess uncertain by at most {error:.0%} ({STANDARD_ERRORS:g} "
        "standard errors). They are the same for all networks, so much of that cancels in differences."
    )


def orders(table: pd.DataFrame) -> str:
    """The order of the targets under each weight, best first, by the mean of the data sets."""
    mean = table.groupby(["weight", "target"], sort=False)["excess"].mean()
    parts = []
    for weight in dict.fromkeys(table["weight"]):
        ranked = mean[weight].sort_values()
        order = " < ".join(style.SYMBOLS[t] for t in ranked.index)
        label = "no guard" if weight == NONE else f"the guard of {style.SYMBOLS[weight]}"
        parts.append(f"under {label} {order}")
    return f"By their means, smallest excess first: {'; '.join(parts)}."


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
    return (
        f"Excess inside $|\\lambda| < {INSIDE:g}$ and outside of it, in nats, of networks under their own "
        f"guard (in brackets: without a guard): {'; '.join(parts)}."
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
    mean = steps.groupby(["steps", "target"])["excess"].mean().unstack()
    ratio = mean["x"] / mean.drop(columns="x").min(axis=1)
    times = ", ".join(f"{value:.3g} after {n:,}" for n, value in ratio.items())
    falls = mean.iloc[-1] / mean.iloc[0]
    each = ", ".join(f"{style.SYMBOLS[t]} {falls[t]:.2g}" for t in TARGETS)
    return (
        f"The mean excess of networks of $x$ is so many times the smallest of the others': {times} steps. "
        f"From the shortest to the longest training each excess is multiplied by: {each}."
    )


def budget(steps: int, batch: int, seeds: int, points: int) -> str:
    """What was trained and measured."""
    return (
        f"{steps:,} steps of {batch} points, {seeds} seeds; {points:,} held-out points in each slice of the "
        "log-SNR."
    )
