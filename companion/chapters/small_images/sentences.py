"""The computed sentences of the chapter on small images."""

from __future__ import annotations

import math

import pandas as pd

from companion.chapters.small_images.figures import NAMES
from companion.evidence import style

CONFIDENT = "95 % interval over seeds"


def gaps(table: pd.DataFrame, gaussian: float) -> str:
    """How far each target is from v after the most steps, where that means anything.

    Args:
        table: as :func:`companion.chapters.small_images.results.against_steps` returns it.
        gaussian: the bits per pixel of the Gaussian.
    """
    last = table[table["steps"] == table["steps"].max()]
    words = []
    for objective, rows in last.groupby("objective", sort=False):
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
    """Whether the order of the targets still changes with the steps, and what happens to each gap."""
    words = []
    for objective, block in table.groupby("objective", sort=False):
        by_steps = {int(str(steps)): order(rows) for steps, rows in block.groupby("steps")}
        *earlier, last = by_steps
        now = ", ".join(style.SYMBOLS[target] for target in by_steps[last])
        same = [steps for steps in earlier if by_steps[steps] == by_steps[last]]
        since = (
            f"the same as after {min(same):,}"
            if same
            else f"not the same as after {' or '.join(f'{steps:,}' for steps in earlier)}"
        )
        words.append(f"{NAMES[str(objective)]}, the order after {last:,} steps is {now}, {since}")
    return f"From the cheapest up, {'; '.join(words)}."


def seen_too_often(table: pd.DataFrame, passes: float) -> str:
    """What the images that networks were trained on cost less than those held out.

    Args:
        table: as for `gaps`.
        passes: over the training images, in the longest training.
    """
    last = table[table["steps"] == table["steps"].max()]
    less = (last["bits_per_dim"] - last["trained_on"]).set_axis(last["objective"] + last["target"])
    first = table[table["steps"] == table["steps"].min()]
    before = (first["bits_per_dim"] - first["trained_on"]).set_axis(
        first["objective"] + first["target"]
    )
    grown = int((less > before).sum())
    return (
        f"The longest training is {passes:,.0f} passes over the training images. Held-out images then cost "
        f"{less.min():.2f} to {less.max():.2f} bits per pixel more than those; for {grown} of the "
        f"{len(less)} kinds of network that is more than after {int(first['steps'].iloc[0]):,} steps."
    )
