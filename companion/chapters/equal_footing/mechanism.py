"""How far targets are apart, plain and changed, and whether their gradients order them."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from companion.chapters.equal_footing.comparisons import Cell, values
from companion.chapters.equal_footing.grid import PLAIN, SKIP
from companion.runs.plane import BOUND, ENDS, TARGETS


def spreads(networks: pd.DataFrame, variant: str, column: str = "excess") -> pd.DataFrame:
    """How far the four targets are apart under the bound: standard deviation of log(excess), by seed.

    Returns:
        Columns dataset, variant, seed, ``plain`` and ``changed``.
    """
    rows = []
    for name, block in networks.groupby("dataset", sort=False):
        tables = {}
        for label, chosen in (("plain", PLAIN), ("changed", variant)):
            cells = {t: Cell(t, BOUND, chosen) for t in TARGETS}
            found = {t: values(block, cell, column) for t, cell in cells.items()}
            tables[label] = np.log(pd.DataFrame(found).dropna()).std(axis=1, ddof=1)
        for seed in tables["changed"].index:
            rows.append([name, variant, seed, tables["plain"][seed], tables["changed"][seed]])
    return pd.DataFrame(rows, columns=["dataset", "variant", "seed", "plain", "changed"])


def with_own_residual(networks: pd.DataFrame) -> pd.DataFrame:
    """The networks, and those of v once more among residuals, of the seeds that these have."""
    seeds = networks.loc[networks["variant"] == SKIP, "seed"].unique()
    v = (networks["target"] == "v") & (networks["variant"] == PLAIN)
    own = networks[v & networks["seed"].isin(seeds)].assign(variant=SKIP)
    return pd.concat([networks, own], ignore_index=True)


def concordance(ratios: pd.DataFrame, networks: pd.DataFrame) -> pd.DataFrame:
    """Of the pairs of targets, the share in which the larger signal-to-noise ends with the smaller excess.

    Args:
        ratios: of gradients, columns moment and ratio; one that is missing counts in no pair.
        networks: under the bound; their excess, in the same slices if the ratios are of slices.

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
                if np.isnan(gap):
                    continue
                apart = gap * (table.loc[one, "excess"] - table.loc[two, "excess"])
                agree.append(0.5 if apart == 0 else float(apart < 0))  # a tie is neither
        rows.append([*key, float(np.mean(agree))])
    return pd.DataFrame(rows, columns=["dataset", "moment", "seed", "share"])


def in_slices(levels: pd.DataFrame, count: int) -> pd.DataFrame:
    """Excess under the bound in ``count`` equal slices of the log-SNR, summed from finer ones.

    Args:
        levels: as :func:`companion.chapters.equal_footing.results.by_level` returns it.
        count: slices; where those of ``levels`` are wider, some are missing.
    """
    low, width = ENDS[0], (ENDS[1] - ENDS[0]) / count
    bound = levels[levels["weighting"] == BOUND]
    middle = low + width * (((bound["log_snr"] - low) / width + 1e-9).astype(int) + 0.5)
    keys = ["dataset", "target", "seed"]
    return bound.assign(log_snr=middle).groupby([*keys, "log_snr"])["excess"].sum().reset_index()


CONCORDANCE_SHOWN: dict[str, Any] = {
    "caption": "Of the six pairs of targets, the share in which the larger signal-to-noise ratio of the "
    "gradient, before training (first) or at its end (last), goes with the smaller excess.",
    "digits": 3,
}
"""How `concordance` is shown."""

SPREADS_SHOWN: dict[str, Any] = {
    "caption": "How far the four targets are apart under the bound: standard deviation of log(excess), plain "
    "and changed, seed by seed.",
    "digits": 3,
}
"""How `spreads` are shown."""
