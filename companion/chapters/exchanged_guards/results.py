r"""What the chapter "Exchanged guards" tabulates: excess over the exact floor, level by level.

The excess of a network is :math:`\frac12 \int E\|\hat\epsilon - \epsilon^*\|^2 d\lambda` between the `ENDS`,
in nats, with :math:`\epsilon^*` the exact posterior mean: by the orthogonality of conditional means, what its
bound is above the best possible one. All networks of a data set are measured at the same points.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from companion.chapters.exchanged_guards.grid import Key, effective_weight
from companion.evidence import excess
from companion.evidence.excess import INSIDE
from companion.runs.plane import ENDS, SCHEDULE
from diffcore.denoisers import Denoiser

MODEL = ["dataset", "target", "weight", "seed"]
"""What names a network."""


@dataclass(frozen=True)
class Budget:
    """How finely networks are measured.

    Attributes:
        slices: of the log-SNR, equal.
        points: held-out points in each slice.
    """

    slices: int
    points: int


QUICK = Budget(slices=6, points=50)
STANDARD = Budget(slices=24, points=1_000)
PAPER = Budget(slices=48, points=20_000)


def by_level(denoisers: Mapping[Key, Denoiser], budget: Budget, seed: int = 1) -> pd.DataFrame:
    """The excess of each network in each slice of the log-SNR.

    Args:
        denoisers: the networks.
        budget: slices and points.
        seed: of the held-out points, their noise levels and their noise; the same for all networks.

    Returns:
        Columns: `MODEL`; ``log_snr``, the middle of the slice; ``excess``, nats; ``error``, its standard
        error over points; ``seen``, the same under the weight that the network was trained with.
    """
    return excess.by_level(
        denoisers, MODEL, SCHEDULE, ENDS, budget.slices, budget.points, seed,
        lambda key, log_snr: effective_weight(key[2], log_snr),
    )  # fmt: skip


def of_keys(levels: pd.DataFrame, keys: Sequence[Key]) -> pd.DataFrame:
    """The rows of these networks, of a frame that `by_level` returns."""
    return levels.set_index(MODEL).loc[list(keys)].reset_index()


def per_network(levels: pd.DataFrame) -> pd.DataFrame:
    """The sums over slices: columns `MODEL`, excess, error, seen, and inside, the excess there; nats."""
    return excess.per_network(levels, MODEL)


def side_by_side(networks: pd.DataFrame) -> pd.DataFrame:
    """Excess by data set, weight and target: mean and spread over seeds, one row a weight and a target."""
    groups = networks.groupby(["dataset", "weight", "target"], sort=False)
    return groups.agg(
        excess=("excess", "mean"),
        sd=("excess", "std"),
        inside=("inside", "mean"),
        seen=("seen", "mean"),
        error=("error", "max"),
        seeds=("seed", "nunique"),
    ).reset_index()


def against_steps(networks: Mapping[int, pd.DataFrame]) -> pd.DataFrame:
    """Excess of networks by budget: columns `MODEL`, steps, excess.

    Args:
        networks: as :func:`per_network` returns them, by the steps that they were trained; of each budget
            those networks are kept that all budgets have.
    """
    blocks = [frame.assign(steps=steps) for steps, frame in networks.items()]
    every = pd.concat(blocks, ignore_index=True)
    shared = every.groupby(MODEL)["steps"].transform("nunique") == len(networks)
    columns = [*MODEL, "steps", "excess"]
    return every.loc[shared, columns].sort_values(columns[:5], kind="stable", ignore_index=True)


def shares(networks: pd.DataFrame) -> pd.Series:
    """How the variance of log(excess) splits, over target, weight, both together, and the rest (seeds).

    The cells hold equally many seeds, so the sums of squares add up.

    Raises:
        ValueError: if they do not, or an excess is not positive.
    """
    sizes = networks.groupby(["dataset", "target", "weight"]).size()
    if sizes.nunique() != 1 or not (networks["excess"] > 0).all():
        raise ValueError(
            "equally many networks in each cell, each with a positive excess, expected"
        )
    logs = networks.assign(y=np.log(networks["excess"]))
    y = logs["y"] - logs.groupby("dataset")["y"].transform("mean")
    of = {
        part: logs.assign(y=y).groupby(["dataset", *part])["y"].transform("mean")
        for part in (("target",), ("weight",), ("target", "weight"))
    }
    parts = {
        "target": of["target",],
        "weight": of["weight",],
        "both": of["target", "weight"] - of["target",] - of["weight",],
        "seeds": y - of["target", "weight"],
    }
    return pd.Series({name: float((part**2).sum() / (y**2).sum()) for name, part in parts.items()})


def shares_by_seed(networks: pd.DataFrame) -> pd.DataFrame:
    """`shares` of the networks of each seed alone, one row a seed: how far one draw of seeds moves them.

    One network a cell leaves nothing for seeds: what they add is in *both*, here.
    """
    return pd.DataFrame({seed: shares(rows) for seed, rows in networks.groupby("seed")}).T


NETWORKS_SHOWN: dict[str, Any] = {
    "caption": "Every network: excess over the exact floor, its standard error over held-out points, the "
    f"excess under the weight that it was trained with, and inside, at $|\\lambda| < {INSIDE:g}$; nats.",
    "digits": {"excess": 4, "error": 4, "seen": 5, "inside": 4},
}
"""How `per_network` is shown."""

FRESH_SHOWN: dict[str, Any] = {
    "caption": "The same of the new seeds: each target without a guard, and under its own; nats.",
    "digits": NETWORKS_SHOWN["digits"],
}
"""How `per_network` of the new seeds is shown."""

TABLE_SHOWN: dict[str, Any] = {
    "caption": "Excess over the exact floor in nats, $\\lambda$ from "
    f"{ENDS[0]:g} to {ENDS[1]:g}: mean and spread over seeds of networks that predict a target and were "
    "trained under a weight: none, or the published NELBO of a target with its guard. *Inside*: of that, at "
    f"$|\\lambda| < {INSIDE:g}$. *Seen*: the excess under the weight that they were trained with.",
    "columns": {
        "dataset": "data set",
        "weight": "trained under the guard of",
        "target": "predicts",
        "excess": "excess",
        "sd": "sd over seeds",
        "inside": "inside",
        "seen": "seen",
    },
    "digits": {"excess": 3, "sd": 3, "inside": 3, "seen": 4},
}
"""How `side_by_side` is shown."""

HEADS_SHOWN: dict[str, Any] = {
    "caption": "Networks whose output a head turns into a prediction of $x$: none (x), EDM's skip alone "
    "(x_skip), its scale alone (x_scale), both (x_edm); and, to compare, networks of $v$. Excess in nats, "
    f"mean and spread over seeds; *inside*: at $|\\lambda| < {INSIDE:g}$.",
    "columns": {
        "dataset": "data set",
        "weight": "trained under the guard of",
        "target": "network",
        "excess": "excess",
        "sd": "sd over seeds",
        "inside": "inside",
    },
    "digits": {"excess": ".3g", "sd": ".2g", "inside": ".3g"},
}
"""How `side_by_side` of the networks with heads is shown."""

STEPS_SHOWN: dict[str, Any] = {
    "caption": "Excess by how long networks were trained, without a guard and under their own; nats, mean "
    f"over seeds, $\\lambda$ from {ENDS[0]:g} to {ENDS[1]:g}.",
    "digits": 3,
}
"""How :func:`by_budget` is shown."""


def by_budget(steps: pd.DataFrame) -> pd.DataFrame:
    """Mean excess over seeds: a row for each data set, weight and target, a column for each budget."""
    table = steps.pivot_table(
        index=["dataset", "weight", "target"], columns="steps", values="excess", sort=False
    )
    table = table[sorted(table.columns)]
    return table.rename(columns=lambda n: f"{n:,} steps").rename_axis(columns=None).reset_index()
