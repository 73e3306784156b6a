"""The four targets under the bound when one thing else is changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from scipy.stats import gmean

from companion.chapters.equal_footing.grid import PLAIN, Key
from companion.chapters.equal_footing.results import of_keys
from companion.evidence import style
from companion.runs.plane import TARGETS


def in_variants(networks: pd.DataFrame, keys: Sequence[Key]) -> pd.DataFrame:
    """Geometric mean excess by variant: a row each, a column a target; their order; x over the best.

    Args:
        networks: of all variants.
        keys: of those that count.
    """
    rows = []
    for variant, block in of_keys(networks, keys).groupby("variant", sort=False):
        mean = block.groupby("target")["excess"].agg(gmean)
        order = " < ".join(style.SYMBOLS[t] for t in mean.sort_values().index)
        rows.append(
            {"variant": variant}
            | {t: float(mean[t]) for t in TARGETS}
            | {"order": order, "x_over_best": float(mean["x"] / mean.min())}
            | {"seeds": block["seed"].nunique()}
        )
    return pd.DataFrame(rows)


TITLES = {
    PLAIN: "nothing",
    "fourfold": "four times the steps",
    "wide": "twice the width",
    "raw-time": "told the time",
    "last-weights": "weights not averaged",
    "constant-rate": "rate held",
    "even-in-time": "levels even in time",
}
"""How variants are written: of `grid.OTHERS`, and of none."""

VARIANTS_SHOWN: dict[str, Any] = {
    "caption": "The four targets under the bound when one thing else is changed, first data set, few seeds: "
    "geometric mean excess, nats, and the order that the means are in. *Told the time*: the network is told "
    "$t$, not the log-SNR. *Rate held*: the learning rate does not fall.",
    "words": {"variant": TITLES},
    "columns": {
        "variant": "changed",
        **{t: style.SYMBOLS[t] for t in TARGETS},
        "order": "order of the means",
        "x_over_best": "$x$ over the best",
    },
    "digits": {**dict.fromkeys(TARGETS, ".2g"), "x_over_best": ".2g"},
}
"""How `in_variants` is shown."""


def words(table: pd.DataFrame) -> str:
    """Which orders occur, which target is best and worst in each, and how far x is from the best."""
    others = table[table["variant"] != PLAIN]
    plain = str(table.set_index("variant").loc[PLAIN, "order"])
    same = [TITLES[v] for v in others.loc[others["order"] == plain, "variant"]]
    parts = {"first": [o.split(" < ")[0] for o in table["order"]]}
    parts["last"] = [o.split(" < ")[-1] for o in table["order"]]
    counts = "; ".join(
        f"{place} is "
        + ", ".join(f"{t} in {found.count(t)} of {len(found)}" for t in dict.fromkeys(found))
        for place, found in parts.items()
    )
    return (
        f"Plain, the means are in the order {plain}; so they are when changed by: "
        f"{', '.join(same) if same else 'nothing'}. Over all rows, {counts}. The excess of $x$ is "
        f"{table['x_over_best'].min():.2g} to {table['x_over_best'].max():.2g} times that of the best. With "
        f"{table['seeds'].max()} seeds these are sizes, not tests."
    )
