"""What the chapter at full length tabulates: the recipe against the study, and the time to its quality."""

from __future__ import annotations

from collections.abc import Hashable
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from companion import study
from companion.evidence.intervals import POWER, as_factors, holm, interval

CELL = ["dataset", "target", "objective"]
LAST = 20
"""Epochs whose mean is a network's level, as in the chapter on the study's protocol."""

FALSE_ALARM = 0.05
"""Of all cells together (Holm)."""

OWN, FREE = "own", "free"
"""Ours with the recipe's network and target, and ours with a network, target and weighting that are free."""

LAST_STEPS = 16_000
"""Of the largest budget, at which a cell is given up; one that has not come so far is not ended."""

SEEDS = [200, 201, 202]
"""Of ours that are timed: the first of large networks (at first two), all of small ones."""

ASKED = {OWN: 4.0, FREE: 20.0}
"""How many times sooner each was asked to be, before one network was trained."""


BOUND = "bound"
"""The weighting that is none: the other of the eight objectives is the squared error of the target."""

TENFOLD = 10
"""How many times longer the networks of `turned` were trained."""


def levels(epochs: pd.DataFrame) -> pd.Series:
    """Mean loss of the last `LAST` epochs, by `CELL` and whatever else names a network.

    Args:
        epochs: columns `CELL`, ``epoch``, ``loss`` and perhaps ``execution``.
    """
    names = [*CELL, *(["execution"] if "execution" in epochs else [])]
    last = epochs["epoch"] > epochs["epoch"].max() - LAST
    return epochs[last].groupby(names, sort=False)["loss"].mean()


def published_epochs() -> pd.DataFrame:
    """The study's training losses by epoch, counted from 1: columns `CELL`, execution, epoch, ``loss``."""
    found = study.epochs().rename(columns={"train": "loss"}).drop(columns="test")
    return found.assign(epoch=found["epoch"] + 1)


def against_published(epochs: pd.DataFrame) -> pd.DataFrame:
    """Each network of the recipe against the study's executions of the same cell, in logarithms.

    The standard deviation of an execution is the study's, pooled over data sets within a target and
    objective; a network of ours is taken to have the same.

    Args:
        epochs: of the recipe's networks, one for a cell: columns `CELL`, ``epoch``, ``loss``.

    Returns:
        Columns `CELL`; ``published``, the geometric mean of its executions, and ``ours``, code units;
        ``ratio``; ``p``, of Student's t test, Holm's for all cells; ``least``, percent: the difference that
        the strictest of these tests sees with the chance `POWER`.
    """
    logs = np.log(levels(published_epochs()))
    cell = logs.groupby(CELL).agg(["mean", "var", "size"])
    kind = cell.groupby(["target", "objective"])
    spread = kind["var"].transform("mean")
    df = kind["size"].transform("sum") - kind["size"].transform("count")
    ours = levels(epochs)
    known = pd.DataFrame({"mean": cell["mean"], "size": cell["size"], "spread": spread, "df": df})
    known = known.loc[ours.index]
    gap = np.log(ours) - known["mean"]
    error = np.sqrt(known["spread"] * (1 + 1 / known["size"]))
    raw = 2 * stats.t.sf((gap / error).abs(), known["df"])
    edge = stats.t.ppf(1 - FALSE_ALARM / len(ours) / 2, known["df"])
    least = 100 * np.expm1((edge + stats.t.ppf(POWER, known["df"])) * error)
    frame = pd.DataFrame({"published": np.exp(known["mean"]), "ours": ours, "ratio": np.exp(gap)})
    return frame.assign(p=holm(raw.tolist()), least=least).reset_index()


def excess(by_level: pd.DataFrame) -> pd.DataFrame:
    """The excess of each network of the recipe over all levels, nats: columns `CELL`, excess, ``error``."""
    squared = by_level.assign(error=by_level["error"] ** 2)
    found = squared.groupby(CELL, sort=False)[["excess", "error"]].sum().reset_index()
    return found.assign(error=found["error"] ** 0.5)


def sooner(tried: pd.DataFrame) -> pd.DataFrame:
    """For each cell and kind of ours, the first budget that was good enough.

    Args:
        tried: every budget: columns `CELL`, ``kind``, ``steps``, ``seeds``, ``seconds``, ``excess_max``, nats
            of the worst seed, ``recipe_excess``, ``recipe_s``.

    Returns:
        Columns `CELL`, kind, recipe_excess, recipe_s; ``steps``, ``seeds``, ``excess``, ``seconds`` and
        ``ratio``, the recipe's time over ours, measured in turns: NaN where no budget was enough; ``least``:
        whether the least budget was, so that the ratio may be larger; ``ended``: whether one was enough, or
        all were tried.
    """
    rows: list[dict[Hashable, Any]] = []
    for key, block in tried.groupby([*CELL, "kind"], sort=False):
        budgets = block.sort_values("steps")
        enough = budgets[budgets["excess_max"] <= budgets["recipe_excess"]]
        last = (enough if len(enough) else budgets.tail(1)).iloc[0]
        row: dict[Hashable, Any] = dict(zip([*CELL, "kind"], key, strict=True))
        row |= {"recipe_excess": last["recipe_excess"], "recipe_s": last["recipe_s"]}
        steps, seeds, nats, seconds = (np.nan,) * 4
        if len(enough):
            steps, seeds, nats, seconds = last[["steps", "seeds", "excess_max", "seconds"]]
        row |= {"steps": steps, "seeds": seeds, "excess": nats, "seconds": seconds}
        row |= {"ratio": row["recipe_s"] / seconds, "least": steps == budgets["steps"].iloc[0]}
        row |= {"ended": len(enough) > 0 or 2 * last["steps"] > LAST_STEPS}
        rows.append(row)
    return pd.DataFrame(rows)


def scatter(late: pd.DataFrame) -> pd.Series:
    """By `CELL`, the largest over the least excess of the recipe's network after its late epochs.

    Args:
        late: columns `CELL`, ``epoch``, ``excess``.
    """
    found = late.groupby(CELL, sort=False)["excess"].agg(["min", "max"])
    return found["max"] / found["min"]


def turned(networks: pd.DataFrame) -> pd.DataFrame:
    """Of each data set, how many pairs of objectives change their order with ten times the steps.

    Args:
        networks: columns dataset, target, weighting; ``plain`` and ``tenfold``, the excess, nats.

    Returns:
        Columns dataset; ``pairs``; ``turned``; ``left``, the geometric mean of tenfold over plain.
    """
    rows = []
    for name, block in networks.groupby("dataset", sort=False):
        pairs = list(combinations(zip(block["plain"], block["tenfold"], strict=True), 2))
        turns = sum((a - b) * (c - d) < 0 for (a, c), (b, d) in pairs)
        left = float(np.exp(np.log(block["tenfold"] / block["plain"]).mean()))
        rows.append({"dataset": name, "pairs": len(pairs), "turned": turns, "left": left})
    return pd.DataFrame(rows)


def by_precision(networks: pd.DataFrame) -> pd.DataFrame:
    """What bfloat16 products change, beside what seeds do.

    Args:
        networks: columns dataset, target, seed, ``precision``, ``excess`` in nats, ``step_s``.

    Returns:
        Columns dataset, target; ``float32``, the geometric mean excess; ``factor``, that of bfloat16 over it;
        ``least``, ``most``, its interval over paired seeds; ``seeds``, the factor of one standard deviation
        over seeds in float32; ``faster``, the time of a step in float32 over that in bfloat16.
    """
    rows = []
    for (name, target), block in networks.groupby(["dataset", "target"], sort=False):
        wide = np.log(block.pivot(index="seed", columns="precision", values="excess"))
        value, least, most = as_factors(interval(wide["bfloat16"] - wide["float32"]))
        step = block.groupby("precision")["step_s"].median()
        rows.append(
            {"dataset": name, "target": target, "float32": float(np.exp(wide["float32"].mean()))}
            | {"factor": value, "least": least, "most": most}
            | {"seeds": float(np.exp(wide["float32"].std(ddof=1)))}
            | {"faster": float(step["float32"] / step["bfloat16"])}
        )
    return pd.DataFrame(rows)


CELL_SHOWN = {"dataset": "data", "target": "target", "objective": "objective"}
"""How the columns of `CELL` are headed."""

AGAINST_SHOWN: dict[str, Any] = {
    "caption": "The recipe at its full length against what the study saved: training losses, mean of the "
    f"last {LAST} epochs, code units. *p*: that both are equal, of all cells together (Holm). *Sees*: the "
    f"difference, in percent, that the strictest test sees with a chance of {POWER:.0%}.",
    "columns": CELL_SHOWN
    | {"published": "published", "ours": "ours", "ratio": "ratio", "p": "p", "least": "sees, %"},
    "digits": {"published": ".4g", "ours": ".4g", "ratio": 3, "p": 2, "least": ".2g"},
}
"""How `against_published` is shown."""

SOONER_SHOWN: dict[str, Any] = {
    "caption": "Time to the recipe's quality. *Recipe, nats* and *s*: its excess after the last epoch, and "
    "CPU seconds of all its steps. *Kind*: own is its network and target, under our plan and "
    "weighting; free is "
    "the small network of $v$. *Steps*, *seeds*, *nats*, *s*: of the first budget whose worst seed "
    "is as near to the "
    "exact floor.",
    "columns": {
        **CELL_SHOWN,
        "kind": "kind",
        "recipe_excess": "recipe, nats",
        "recipe_s": "recipe, s",
        "steps": "steps",
        "seeds": "seeds",
        "excess": "nats",
        "seconds": "s",
        "ratio": "times sooner",
        "least": "least budget",
        "ended": "ended",
    },
    "digits": {
        "recipe_excess": ".3g",
        "recipe_s": ".0f",
        "steps": ".0f",
        "seeds": ".0f",
        "excess": ".3g",
        "seconds": ".3g",
        "ratio": ".3g",
    },
}
"""How `sooner` is shown."""

PRECISION_SHOWN: dict[str, Any] = {
    "caption": "Products in bfloat16 in the place of float32, four targets under the bound. "
    "*Float32*: geometric "
    "mean excess, nats. *Factor*: by which bfloat16 changes it, with the 95 % interval over paired "
    "seeds. *Seeds*: "
    "the factor of one standard deviation over seeds. *Faster*: time of a step, float32 over bfloat16.",
    "columns": {
        "dataset": "data",
        "target": "target",
        "float32": "float32",
        "factor": "factor of bfloat16 (95 %)",
        "seeds": "seeds",
        "faster": "faster",
    },
    "ends": {"factor": ("least", "most")},
    "digits": dict.fromkeys(("float32", "factor", "seeds", "faster"), 3),
}
"""How `by_precision` is shown."""
