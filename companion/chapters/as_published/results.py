"""What the chapter "As published" tabulates of losses: the study's values, ours, and the exact floors.

All losses are training losses in code units (:mod:`diffcore.published`): the study's recorded means over an
epoch beside ours by the same definition.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from torch import Tensor

from companion import study
from companion.chapters.as_published.grid import Key
from companion.evidence.drawn_samples import SAMPLES
from companion.evidence.intervals import holm, satterthwaite
from diffcore.exact import floors as exact
from diffcore.exact.data2d import DATASETS
from diffcore.published import Published
from diffcore.schedules import Cosine

SCHEDULE = Cosine()
DIMS = 2
LAST = 20
"""Epochs whose mean is a network's level."""

CELL = ["dataset", "target", "objective"]
NETWORK = [*CELL, "execution"]
"""What names a loss of the table, and a network."""

FALSE_ALARM = 0.05
"""Of all 32 comparisons together (Holm)."""

POWER = 0.8
"""The chance to see the difference that is called the least."""

SAME, NEGLIGIBLE = 2e-2, 1e-3
"""What two machines' values may differ by, relatively and at all: training in float32 amplifies rounding."""

SAME_SAMPLES = 0.5
"""The same, relatively, of samples: those that run away multiply every difference."""


@dataclass(frozen=True)
class Budget:
    """How finely floors, variances and samples are computed.

    Attributes:
        points, scrambles: Sobol points in each scramble of a floor, and scrambles.
        bin_points: Sobol points in each scramble of a floor in one bin of time.
        draws: points in a bin, of the variance of an estimator there.
        test: points at which a final network is evaluated, each time.
        steps: of the study's samplers, for all networks.
        even_steps: of the one sampler for all, which is deterministic and needs fewer.
        samples: in a set, of networks and exact.
        sets: exact sets behind the noise of a metric.
    """

    points: int = 4_096
    scrambles: int = 4
    bin_points: int = 128
    draws: int = 100
    test: int = study.TEST_POINTS
    steps: int = 107
    even_steps: int = 49
    samples: int = SAMPLES
    sets: int = 40


QUICK = Budget(
    points=128, bin_points=4, draws=10, test=500, steps=22, even_steps=10, samples=200, sets=20
)
STANDARD = Budget()
PAPER = Budget(
    points=8_192, scrambles=8, bin_points=512, draws=2_000, steps=512, even_steps=512, sets=1_000
)


def ours_by_epoch(metrics: Mapping[Key, pd.DataFrame]) -> pd.DataFrame:
    """Our losses by epoch in code units: columns `NETWORK`, epoch from 0, ``train``.

    Args:
        metrics: of each network, a row an epoch with its mean ``loss`` in nats.
    """
    blocks = [
        pd.DataFrame(
            dict(zip(NETWORK, key, strict=True))
            | {"epoch": range(len(record)), "train": record["loss"].to_numpy() / DIMS}
        )
        for key, record in metrics.items()
    ]
    return pd.concat(blocks, ignore_index=True)


def ours_by_time(by_time: Mapping[Key, Tensor]) -> pd.DataFrame:
    """Our losses by epoch and bin of time in code units: columns `NETWORK`, epoch, bin, ``loss``.

    Args:
        by_time: of each network, mean losses (epochs, bins) in nats, NaN where no time fell into a bin.
    """
    blocks = []
    for key, losses in by_time.items():
        epochs, bins = losses.shape
        columns = {
            "epoch": np.repeat(np.arange(epochs), bins),
            "bin": np.tile(np.arange(bins), epochs),
            "loss": losses.double().numpy().ravel() / DIMS,
        }
        blocks.append(pd.DataFrame(dict(zip(NETWORK, key, strict=True)) | columns))
    return pd.concat(blocks, ignore_index=True)


def levels(epochs: pd.DataFrame) -> pd.DataFrame:
    """The mean of each network's last `LAST` epochs: columns `NETWORK`, ``level``."""
    late = epochs[epochs["epoch"] >= study.EPOCHS - LAST]
    return late.groupby(NETWORK, sort=False)["train"].mean().rename("level").reset_index()


def floors(budget: Budget, seed: int = 0) -> pd.DataFrame:
    """The least possible value of every published loss: columns `CELL`, ``floor``, ``floor_error``.

    The objectives are the study's two and its rescaled loss.
    """
    losses = list(product(study.TARGETS, (*study.OBJECTIVES, "rescaled")))
    factors = [Published(objective, target).eps_factor for target, objective in losses]
    rows = []
    for number, name in enumerate(study.DATASETS):
        found = exact.floors(
            DATASETS[name](),
            factors,
            SCHEDULE,
            budget.points,
            budget.scrambles,
            seed + 1000 * number,
        )
        rows += [
            (name, *loss, each.value.item(), each.error.item())
            for loss, each in zip(losses, found, strict=True)
        ]
    return pd.DataFrame(rows, columns=[*CELL, "floor", "floor_error"])


def side_by_side(published: pd.DataFrame, ours: pd.DataFrame, floor: pd.DataFrame) -> pd.DataFrame:
    """The study's table of 2-D losses again: 32 rows.

    Args:
        published: the study's levels, as :func:`levels` returns them.
        ours: the same of ours.
        floor: as :func:`floors` returns it.

    Returns:
        Columns `CELL`; ``printed``, the study's; mean and ``sd`` over executions of the levels,
        ``published``, ``published_sd``, ``ours``, ``ours_sd``; ``floor``; how far both are above the floor,
        ``published_above`` and ``ours_above``, percent of it; ``apart``, ours over published less 1, percent;
        and those of :func:`tested`.
    """
    table = study.losses()[[*CELL, "printed"]]
    for name, frame in (("published", published), ("ours", ours)):
        found = frame.groupby(CELL)["level"].agg(["mean", "std"]).reset_index()
        found = found.rename(columns={"mean": name, "std": f"{name}_sd"})
        table = table.merge(found, on=CELL, validate="1:1")
    table = table.merge(floor, on=CELL, validate="1:1")
    for name in ("published", "ours"):
        table[f"{name}_above"] = 100 * (table[name] / table["floor"] - 1)
    table["apart"] = 100 * (table["ours"] / table["published"] - 1)
    return table.merge(tested(published, ours), on=CELL, validate="1:1")


def tested(published: pd.DataFrame, ours: pd.DataFrame) -> pd.DataFrame:
    """Do the levels of our executions differ from the study's? One joint test of all cells.

    Welch's t of the logarithms. The variance of an execution is that of its (target, objective), pooled over
    data sets, each side its own; p-values are Holm's, of all cells together.

    Returns:
        Columns `CELL`; ``p``, Holm's; ``differs``, at `FALSE_ALARM`; ``least``, percent: the difference that
        even the strictest of Holm's steps sees with the chance `POWER`.
    """
    sides = []
    for frame in (published, ours):
        logs = frame.assign(log=np.log(frame["level"]))
        cell = logs.groupby(CELL)["log"].agg(["mean", "var", "size"])
        kind = cell.groupby(["target", "objective"])
        cell["pooled"], cell["df"] = kind["var"].transform("mean"), kind["size"].transform("sum")
        cell["df"] -= kind["size"].transform("count")
        sides.append(cell)
    one, two = sides
    parts = [cell["pooled"] / cell["size"] for cell in (one, two)]
    variance = parts[0] + parts[1]
    df = satterthwaite(parts, [one["df"], two["df"]])
    error = variance**0.5
    found = pd.DataFrame(
        {"raw": 2 * stats.t.sf((two["mean"] - one["mean"]).abs() / error, df)}, one.index
    )
    found["p"] = holm(found.pop("raw").tolist())
    found["differs"] = found["p"] < FALSE_ALARM
    strictest = FALSE_ALARM / len(found)
    reach = stats.t.ppf(1 - strictest / 2, df) + stats.t.ppf(POWER, df)
    found["least"] = 100 * np.expm1(reach * error)
    return found.reset_index()


TABLE_SHOWN: dict[str, Any] = {
    "caption": "The study's 2-D losses again, code units. *Printed*: its table, a test loss after the last "
    f"epoch. *Published*, *ours*: training losses, mean of the last {LAST} epochs, and the spread of three "
    "executions. *+ %*: above the floor. *p*: of the joint test that ours and published are equal (Holm). "
    f"*Sees*: the difference, in percent of the value, that the test sees with a chance of {POWER:.0%}.",
    "columns": {
        "dataset": "data set",
        "target": "target",
        "objective": "objective",
        "printed": "printed",
        "published": "published",
        "published_sd": "sd",
        "ours": "ours",
        "ours_sd": "sd ",
        "floor": "floor",
        "published_above": "published + %",
        "ours_above": "ours + %",
        "p": "p",
        "least": "sees, %",
    },
    "digits": {
        "published_sd": ".1g",
        "ours_sd": ".1g",
        "published_above": 1,
        "ours_above": 1,
        "p": ".1g",
        "least": 1,
    },
}
"""How `side_by_side` is shown."""
