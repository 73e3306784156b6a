"""What the chapter on metrics tabulates: noise floors, and the power of each metric to see each defect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Generator

from companion import study
from companion.chapters.metrics.defects import DEFECTS
from companion.chapters.metrics.measures import LABELS, MANY, judge, law
from companion.evidence import moments, style
from diffcore import exact

DATASETS = ("clusters", "rings")
"""The study's data sets whose modes are apart, so that every defect can be made."""

OUTSIDE = 0.05
"""The share of exact sets that a floor calls defective: half of it on each side."""

SAMPLES = 2_000
"""That the study draws to measure its two distances."""

DISTANCES = ("mean_distance", "cov_distance")
"""Of the study's table, in the order of `companion.evidence.moments.distances`."""

FLOOR = 0.95
"""Of exact sets, below the floor of a printed distance."""

PARTS = 5
"""Into which the sets are split for the standard error of a floor."""

SEEN = 0.8
"""A defect is seen from the strength on from which at least this share of defective sets are outside."""


@dataclass(frozen=True)
class Budget:
    """How finely metrics are measured.

    Attributes:
        samples: in a set.
        floors: exact sets behind a noise floor.
        sets: with each defect, at each strength.
    """

    samples: int
    floors: int
    sets: int


QUICK = Budget(samples=60, floors=10, sets=3)
STANDARD = Budget(samples=500, floors=200, sets=20)
PAPER = Budget(samples=2_000, floors=1_000, sets=100)


def exact_sets(name: str, budget: Budget, seed: int = 0) -> pd.DataFrame:
    """The metrics of exact sets against other exact sets: a row a pair, a column a metric."""
    generator, mixture = Generator().manual_seed(seed), law(name).mixture
    pairs = (
        [mixture.sample(budget.samples, generator, torch.float64) for _ in range(2)]
        for _ in range(budget.floors)
    )
    return pd.DataFrame([judge(name, *pair) for pair in pairs])


def floors(exact_of: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Between which values all but a share `OUTSIDE` of exact sets lie.

    Args:
        exact_of: what `exact_sets` returns, by data set.

    Returns:
        Columns: dataset, metric, its ``label``, ``low``, ``middle`` (the median), ``high``.
    """
    rows = []
    for name, found in exact_of.items():
        ends = found.quantile([OUTSIDE / 2, 0.5, 1 - OUTSIDE / 2])
        rows += [
            {"dataset": name, "metric": metric, "label": LABELS[metric]}
            | dict(zip(("low", "middle", "high"), ends[metric], strict=True))
            for metric in LABELS
        ]
    return pd.DataFrame(rows)


def power(floor: pd.DataFrame, budget: Budget, seed: int = 1) -> pd.DataFrame:
    """How often each metric calls a defect by its strength.

    Args:
        floor: as :func:`floors` returns it.
        budget: sizes.
        seed: of all samples; not that of the floors.

    Returns:
        Columns: dataset, defect, strength, metric, ``power``, the share of defective sets whose value is
        not between ``low`` and ``high`` of the floor. Of each metric from the greatest strength down, to
        the first at which it is less than `SEEN`.
    """
    generator, rows = Generator().manual_seed(seed), []
    for name, part in floor.groupby("dataset", sort=False):
        name, ends = str(name), part.set_index("metric")
        mixture = law(name).mixture
        for defect, made in DEFECTS.items():
            seeing = list(LABELS)
            for strength in reversed(made.strengths):
                if not seeing:
                    break
                values = pd.DataFrame(
                    judge(
                        name,
                        made.samples(name, budget.samples, strength, generator),
                        mixture.sample(budget.samples, generator, torch.float64),
                        seeing,
                    )
                    for _ in range(budget.sets)
                )
                known = ends.loc[seeing]
                share = ((values < known["low"]) | (values > known["high"])).mean()
                key = {"dataset": name, "defect": defect, "strength": strength}
                rows += [key | {"metric": m, "power": share[m]} for m in seeing]
                seeing = [m for m in seeing if share[m] >= SEEN]
    return pd.DataFrame(rows)


def weakest(powers: pd.DataFrame) -> pd.DataFrame:
    """From which strength on each metric sees each defect: columns dataset, defect, metric, strength.

    The least strength at which, and at all greater ones, the power is at least `SEEN`; NaN if there is none.
    """
    rows = []
    for key, part in powers.groupby(["dataset", "defect", "metric"], sort=False):
        falling = part.sort_values("strength", ascending=False)
        seen = falling["strength"][(falling["power"] >= SEEN).cumprod().astype(bool)]
        rows.append([*key, seen.min() if len(seen) else np.nan])
    return pd.DataFrame(rows, columns=["dataset", "defect", "metric", "strength"])


def side_by_side(weak: pd.DataFrame) -> pd.DataFrame:
    """`weakest` with a row a data set and metric, and a column a defect."""
    table = weak.pivot_table(
        index=["dataset", "metric"], columns="defect", values="strength", sort=False, dropna=False
    )
    table = table[list(DEFECTS)].rename_axis(columns=None).reset_index()
    return table.assign(label=table["metric"].map(LABELS))


def printed_cells(sets: int, seed: int = 2) -> pd.DataFrame:
    """The study's moment distances, cell by cell: is the best one better than exact samples?

    Args:
        sets: of as many exact samples as the study draws, behind the 95 % point of their distances; a
            multiple of `PARTS`.
        seed: of these.

    Returns:
        A row for each data set, objective and distance: the ``best`` target, what is ``printed`` for it, the
        same of v, and ``floor``, which `FLOOR` of exact sets stay below, with its standard error. Distances
        are from the law, where the study's are from 100,000 points of it.
    """
    generator, rows = Generator().manual_seed(seed), []
    published = study.moments()
    for name in study.DATASETS:
        mixture = exact.DATASETS[name]()
        many = mixture.sample(MANY, generator, torch.float64)
        mean, covariance = many.mean(0), torch.cov(many.T)
        drawn = torch.stack(
            [mixture.sample(SAMPLES, generator, torch.float64) for _ in range(sets)]
        )
        found = dict(zip(DISTANCES, moments.distances(drawn, mean, covariance), strict=True))
        of_data = published[published["dataset"] == name]
        for objective, part in of_data.groupby("objective", sort=False):
            for distance, values in found.items():
                by_target = part.set_index("target")[distance]
                rows.append(
                    {
                        "dataset": name,
                        "objective": objective,
                        "distance": distance.removesuffix("_distance"),
                        "best": by_target.idxmin(),
                        "printed": by_target.min(),
                        "v": by_target["v"],
                        "floor": float(values.quantile(FLOOR)),
                        "floor_error": float(
                            torch.stack(
                                [part.quantile(FLOOR) for part in values.split(sets // PARTS)]
                            )
                            .std()
                            .div(PARTS**0.5)
                        ),
                    }
                )
    return pd.DataFrame(rows)


WORDS = {
    "objective": study.OBJECTIVE_TITLES,
    "distance": {"mean": "the mean", "cov": "the covariance"},
    "best": style.SYMBOLS,
}
"""How the cells of `printed_cells` are written."""


def floors_shown(budget: Budget) -> dict[str, Any]:
    """How `floors` is shown."""
    columns = {"dataset": "data set", "label": "metric"}
    return {
        "columns": columns | {"low": "low", "middle": "median", "high": "high"},
        "words": {"dataset": study.TITLES} | style.CELLS,
        "caption": f"Noise floors: what {1 - OUTSIDE:.0%} of {budget.floors:,} sets of {budget.samples:,} "
        f"exact "
        "samples score against as many data. Log-density and off-manifold mass: less that of the law. "
        "Lengths in standard deviations of the data, divergence and log-density in nats.",
    }


def seen_shown(budget: Budget) -> dict[str, Any]:
    """How `side_by_side` is shown."""
    words = "; ".join(f"*{name}*: {defect.words}" for name, defect in DEFECTS.items())
    return {
        "caption": f"The weakest defect that a metric sees in {budget.samples:,} samples: the least "
        f"strength from "
        f"which on at least {SEEN:.0%} of {budget.sets} defective sets are outside the noise floor. Empty: "
        f"none that was tried. Samples are {words}; lengths in standard deviations of the data.",
        "digits": dict.fromkeys(DEFECTS, ".3g"),
        "columns": {"dataset": "data set", "label": "metric"} | {name: name for name in DEFECTS},
        "words": {"dataset": study.TITLES} | style.CELLS,
    }


def cells_shown(sets: int) -> dict[str, Any]:
    """How `printed_cells` is shown."""
    return {
        "caption": "The study's printed distances of moments, cell by cell: the best target, its "
        "distance, that of "
        f"$v$, and what {FLOOR:.0%} of {sets:,} sets of {SAMPLES:,} exact samples stay below.",
        "columns": {
            "dataset": "data set",
            "objective": "objective",
            "distance": "distance of",
            "best": "best target",
            "printed": "its distance",
            "v": "of $v$",
            "floor": "exact samples",
            "floor_error": "its error",
        },
        "words": style.CELLS | {"dataset": study.TITLES} | WORDS,
    }
