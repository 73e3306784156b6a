"""Objectives on two axes, likelihood and samples: ranks, and pairs that are ordered oppositely."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from companion.chapters.equal_footing.comparisons import SETS, log_ratios, present, values
from companion.evidence.intervals import CONFIDENCE, holm, p_value


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


RANKS_SHOWN: dict[str, Any] = {
    "caption": "Spearman's correlation of excess and sliced distance over objectives, seed by seed.",
    "digits": 3,
}
"""How `ranks` are shown."""

ORDERS_SHOWN: dict[str, Any] = {
    "caption": "Pairs of objectives: by which factor the second has more excess, and a larger sliced "
    "distance of samples; whether both orders are told, and alike.",
    "digits": {"excess": ".3g", "sliced": ".3g"},
}
"""How `orders` are shown."""
