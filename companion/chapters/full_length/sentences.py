"""Computed sentences of the chapter "At full length"."""

from __future__ import annotations

import numpy as np
import pandas as pd

from companion.chapters.full_length.results import FALSE_ALARM, FREE, OWN, TENFOLD
from companion.evidence import style
from companion.evidence.intervals import in_words, interval

NAMES = {OWN: "its own network and target", FREE: "a small network of $v$"}


def against(table: pd.DataFrame) -> str:
    """How the recipe's networks compare with the study's."""
    apart = table[table["p"] < FALSE_ALARM]
    listed = ", ".join(
        f"{r.dataset} {style.SYMBOLS[str(r.target)]} {r.objective} ({r.ratio:.3f})"
        for r in apart.itertuples()
    )
    return (
        f"Ours over published is {table['ratio'].min():.3f} to {table['ratio'].max():.3f}. Equality "
        f"is rejected "
        f"in {len(apart)} of {len(table)} cells{': ' + listed if listed else ''}; the tests see "
        f"differences of "
        f"{table['least'].min():.2g} to {table['least'].max():.2g} %."
    )


def quality(excess: pd.DataFrame) -> str:
    """How far the recipe's networks are from the floor."""
    each = "; ".join(
        f"{r.dataset} {style.SYMBOLS[str(r.target)]} {r.objective} {r.excess:.3g}"
        for r in excess.itertuples()
    )
    return f"Over all levels the excess is, in nats: {each}."


def sooner(table: pd.DataFrame) -> str:
    """How much sooner ours are."""
    parts = []
    for kind, name in NAMES.items():
        block = table[(table["kind"] == kind) & table["ended"]]
        known = block["ratio"].dropna()
        missed, least = len(block) - len(known), int(block["least"].sum())
        words = f"with {name} {in_words(interval(np.log(known)))} times sooner, median {known.median():.3g}"
        words += (
            f" (at least: the least budget was enough in {least} of {len(block)})" if least else ""
        )
        parts.append(words + (f", and never in {missed} of {len(block)} cells" if missed else ""))
    return (
        f"In the geometric mean over cells: {'; '.join(parts)}. Budgets are doubled from one to the "
        f"next, so a "
        "time is rounded up by as much as two."
    )


def timed(table: pd.DataFrame, planned: int) -> str:
    """How many of the planned cells are timed, and how many only begun."""
    parts = []
    for kind, name in NAMES.items():
        ended = table.loc[table["kind"] == kind, "ended"]
        begun = int((~ended).sum())
        parts.append(f"{int(ended.sum())} with {name}" + (f", {begun} more begun" if begun else ""))
    order = "in an order fixed beforehand"
    return (
        f"Of the {planned} cells that were planned, {order}, these were timed: {'; '.join(parts)}."
    )


def late(scatter: pd.Series) -> str:
    """How much a recipe's quality depends on when it ends."""
    return (
        f"From epoch 80 to 90 to 100 the excess of one network differs by factors of {scatter.min():.2f} to "
        f"{scatter.max():.2f}. So its final quality, and a time that is measured against it, is one draw of "
        "a last iterate."
    )


def longer(table: pd.DataFrame) -> str:
    """What ten times the steps change."""
    parts = [
        f"on the {r.dataset} {r.left:.2g} of the excess is left (geometric mean), and {r.turned} of "
        f"{r.pairs} pairs of "
        "objectives change their order"
        for r in table.itertuples()
    ]
    return (
        f"With {TENFOLD} times the steps {'; '.join(parts)}. So a sentence of this book about the "
        f"*size* of an "
        "excess is about short training. Orders are seen here for one seed, and not tested."
    )


def precision(table: pd.DataFrame) -> str:
    """Whether bfloat16 changes results beyond seeds."""
    told = table[(table["least"] > 1) | (table["most"] < 1)]
    beyond = table[np.log(table["factor"]).abs() > np.log(table["seeds"])]
    return (
        f"A step is {table['faster'].min():.2f} to {table['faster'].max():.2f} times as fast. The "
        f"excess changes by "
        f"factors of {table['factor'].min():.2f} to {table['factor'].max():.2f}: by more than one "
        f"standard deviation "
        f"over seeds in {len(beyond)} of {len(table)} cases, and with an interval that leaves 1 out "
        f"in {len(told)}. "
        "The engine keeps float32, where a run is equal bit for bit in any company."
    )
