r"""What the chapter "Exchanged guards" tabulates: excess over the exact floor, level by level.

The excess of a network is :math:`\frac12 \int E\|\hat\epsilon - \epsilon^*\|^2 d\lambda` between the `ENDS`,
in nats, with :math:`\epsilon^*` the exact posterior mean: by the orthogonality of conditional means, what its
bound is above the best possible one. All networks of a data set are measured at the same points.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Generator, Tensor

from companion.chapters.exchanged_guards.grid import ENDS, SCHEDULE, Key, effective_weight
from diffcore.denoisers import Denoiser
from diffcore.exact.data2d import DATASETS
from diffcore.losses import noise_like, noised, squared_norm
from diffcore.targets import EPS

MODEL = ["dataset", "target", "weight", "seed"]
"""What names a network."""

INSIDE = 8.0
"""Log-SNRs within this of 0 are the *inside*: about the times at which the study's bins can be read."""

SAME = 1e-2
"""What two machines' values may differ by, relatively: training in float32 amplifies the order of sums."""


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
    edges = torch.linspace(*ENDS, budget.slices + 1, dtype=torch.float64).tolist()
    rows = []
    for name in dict.fromkeys(key[0] for key in denoisers):
        generator = Generator().manual_seed(seed)
        mixture = DATASETS[name]()
        oracle = mixture.denoiser(SCHEDULE)
        for low, high in pairwise(edges):
            x = mixture.sample(budget.points, generator)
            part = torch.rand(budget.points, generator=generator, dtype=torch.float64)
            log_snr = low + (high - low) * (torch.arange(budget.points) + part) / budget.points
            t = SCHEDULE.time_of(log_snr)
            z = noised(x, noise_like(x, generator), t, SCHEDULE)
            best = oracle.predict(z, t, EPS)
            for key in (key for key in denoisers if key[0] == name):
                found = denoisers[key].predict(z.float(), t.float(), EPS).double()
                nats = (high - low) / 2 * squared_norm(found - best)
                row = dict(zip(MODEL, key, strict=True)) | {"log_snr": (low + high) / 2}
                rows.append(row | _means(nats, log_snr, key[2]))
    return pd.DataFrame(rows)


def _means(nats: Tensor, log_snr: Tensor, weight: str) -> dict[str, float]:
    seen = nats * effective_weight(weight, log_snr)
    return {
        "excess": float(nats.mean()),
        "error": float(nats.std() / len(nats) ** 0.5),
        "seen": float(seen.mean()),
    }


def per_network(levels: pd.DataFrame) -> pd.DataFrame:
    """The sums over slices: columns `MODEL`, excess, error, seen, and inside, the excess there; nats."""
    inside = levels["excess"].where(levels["log_snr"].abs() < INSIDE, 0.0)
    squared = levels.assign(error=levels["error"] ** 2, inside=inside)
    columns = ["excess", "error", "seen", "inside"]
    total = squared.groupby(MODEL, sort=False)[columns].sum().reset_index()
    total["error"] **= 0.5
    return total


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
    """Excess of unguarded networks by budget: columns dataset, target, seed, steps, excess.

    Args:
        networks: as :func:`per_network` returns them, by the steps that they were trained; of each budget
            those networks are kept that all budgets have.
    """
    blocks = [frame.assign(steps=steps) for steps, frame in networks.items()]
    every = pd.concat(blocks, ignore_index=True)
    shared = every.groupby(MODEL)["steps"].transform("nunique") == len(networks)
    columns = ["dataset", "target", "seed", "steps", "excess"]
    return every.loc[shared, columns].sort_values(columns[:4], kind="stable", ignore_index=True)


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


def gaps(networks: pd.DataFrame, first: dict[str, str], second: dict[str, str]) -> pd.Series:
    """Excess of the second less the first, paired: by seed; cells are chosen by target and weight."""
    one, other = (
        networks[
            (networks["target"] == c["target"]) & (networks["weight"] == c["weight"])
        ].set_index("seed")["excess"]
        for c in (first, second)
    )
    return other - one


NETWORKS_SHOWN: dict[str, Any] = {
    "caption": "Every network: excess over the exact floor, its standard error over held-out points, the "
    f"excess under the weight that it was trained with, and inside, at $|\\lambda| < {INSIDE:g}$; nats.",
    "digits": {"excess": 4, "error": 4, "seen": 5, "inside": 4},
}
"""How `per_network` is shown."""

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

STEPS_SHOWN: dict[str, Any] = {
    "caption": "Excess of networks trained without a guard, by how long they were trained; nats, mean over "
    "seeds.",
    "digits": 3,
}
"""How :func:`by_budget` is shown."""


def by_budget(steps: pd.DataFrame) -> pd.DataFrame:
    """Mean excess over seeds: a row for each data set and target, a column for each number of steps."""
    table = steps.pivot_table(
        index=["dataset", "target"], columns="steps", values="excess", sort=False
    )
    table = table[sorted(table.columns)]
    return table.rename(columns=lambda n: f"{n:,} steps").rename_axis(columns=None).reset_index()
