"""The computed sentences of the chapter on small images."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import takewhile

import pandas as pd

from companion.chapters.small_images.figures import NAMES
from companion.evidence import style

CONFIDENT = "95 % interval over seeds"


def gaps(table: pd.DataFrame, gaussian: float) -> str:
    """How far each target is from v, where that means anything.

    Args:
        table: as :func:`companion.chapters.small_images.results.against_steps` returns it, of one budget.
        gaussian: the bits per pixel of the Gaussian.
    """
    words = []
    for objective, rows in table.groupby("objective", sort=False):
        shown = [
            f"{style.SYMBOLS[r.target]} {r.above_v:+.3f} ± {r.reach:.3f}"
            for r in rows.itertuples()
            if r.target != "v" and not math.isnan(r.above_v)
        ]
        behind = [style.SYMBOLS[r.target] for r in rows.itertuples() if math.isnan(r.above_v)]
        told = f"from $v$: {', '.join(shown)}" if shown else "no gap is to be told"
        less = (
            f"; no better than the Gaussian, so not compared: {', '.join(behind)}" if behind else ""
        )
        words.append(f"{NAMES[str(objective)]}, {told}{less}")
    return f"In bits per pixel ({CONFIDENT}) {'. '.join(words)}. The Gaussian costs {gaussian:.2f}."


def order(rows: pd.DataFrame) -> list[str]:
    """The targets of rows of one objective and budget, the cheapest first."""
    return rows.sort_values("bits_per_dim")["target"].tolist()


def longer(table: pd.DataFrame) -> str:
    """Whether the order of the targets still changes with the steps, at its ends and between them.

    Args:
        table: as :func:`companion.chapters.small_images.results.against_steps` returns it, of all budgets.
    """
    words = []
    for objective, block in table.groupby("objective", sort=False):
        by_steps = {int(str(steps)): order(rows) for steps, rows in block.groupby("steps")}
        last = max(by_steps)
        now = ", ".join(style.SYMBOLS[target] for target in by_steps[last])
        words.append(
            f"{NAMES[str(objective)]}, the order after {last:,} steps is {now}; the first is the same from "
            f"{_since(by_steps, lambda found: found[0])} steps on, the last from "
            f"{_since(by_steps, lambda found: found[-1])}, the whole order from {_since(by_steps, tuple)}"
        )
    return f"From the cheapest up: {'; '.join(words)}."


def _since(by_steps: dict[int, list[str]], what: Callable[[list[str]], object]) -> str:
    """The least steps from which on something of the order is what it is after the most."""
    falling = sorted(by_steps, reverse=True)
    same = takewhile(lambda n: what(by_steps[n]) == what(by_steps[falling[0]]), falling)
    return f"{min(same):,}"


def seen_too_often(table: pd.DataFrame, passes: float) -> str:
    """What the images that networks were trained on cost less than those held out.

    Args:
        table: as for `longer`, of budgets that all networks were trained for.
        passes: over the training images, in the longest of these.
    """
    last = table[table["steps"] == table["steps"].max()]
    less = (last["bits_per_dim"] - last["trained_on"]).set_axis(last["objective"] + last["target"])
    first = table[table["steps"] == table["steps"].min()]
    before = (first["bits_per_dim"] - first["trained_on"]).set_axis(
        first["objective"] + first["target"]
    )
    grown = int((less > before).sum())
    return (
        f"{int(last['steps'].iloc[0]):,} steps are {passes:,.0f} passes over the training images. "
        f"Held-out images then cost {less.min():.2f} to {less.max():.2f} bits per pixel more than those; "
        f"for {grown} of the {len(less)} kinds of network that is more than after "
        f"{int(first['steps'].iloc[0]):,} steps."
    )
