"""Families of candidates of the chapter "What to use", from saved tables, judged by one rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from companion import study
from companion.chapters.what_to_use.rules import FAMILY, Status, judged, summarised
from companion.evidence import style
from companion.evidence.intervals import CONFIDENCE, students_t

LIKELIHOOD, SAMPLES, FEW, BOTH = "likelihood", "samples", "few steps", "both"
"""What one may want. *Both*: likelihood and samples."""

TARGET, WEIGHTING, LEVELS, SAMPLER, STEPS = (
    "target",
    "weighting",
    "noise levels",
    "sampler and grid",
    "steps",
)
"""What one has to choose."""

OBJECTIVES = {
    "bound": "NELBO",
    "v-mse": "$u$, flow",
    "eps-mse": r"$\epsilon$, cosine",
    "sigmoid+2": "sigmoid, $b = 2$",
    "edm": "EDM",
}
"""The rows of chapter 8's table of variances that are chapter 19's weightings."""

IN_TIME, IN_LOG_SNR = "even in time", "even in the log-SNR"
"""How levels are drawn without knowing a network's errors."""

CONTINUOUS = "continuous time"
"""No steps at all."""

WITHIN = 0.01
"""How far, relative, a width may be off for a sampler's steps to be called enough."""

ORDER_OFF = 0.1
"""How far from a whole number the order may be that errors show: farther, and they cancel by chance."""

CHAPTER_15 = "15_sampling_steps"

COMPARED_WITH = "DDIM, time"
"""The sampler and grid that chapter 19 compares targets with after few steps, by chapter 15's names.

There it ends at a log-SNR of 12, in chapter 15 at 9.
"""

KEYS = ["goal", "choice", "seen", "chapter", "unit"]
"""What rows of one family share."""

UNITS = {
    "excess": "times the excess in nats",
    "bits_per_dim": "times the bits per pixel",
    "sliced": "times the sliced $W_2$",
    "energy": "times the energy distance",
    "covariance": "times the distance of covariances",
    "examples": "times the examples",
    "evaluations": "times the evaluations",
}
"""In which unit a candidate is above the least, as a factor, by what is measured."""

NATS, WIDTH = "nats", "of the width"
"""The same as a difference. Only candidates of one unit are compared in size."""

EVIDENCE = [*KEYS, "candidate", "value", "over", "over_least", "over_most", "p", "status"]
"""Columns of `evidence`."""

Tables = Mapping[str, pd.DataFrame]
"""What other chapters saved, by name."""


def family(
    goal: str, choice: str, seen: str, chapter: str, of: pd.DataFrame, unit: str
) -> pd.DataFrame:
    """One family judged: columns `EVIDENCE`. In a unit of `UNITS` the means are logarithms."""
    found = judged(of)
    written: Callable[[Any], Any] = np.exp if unit in UNITS.values() else lambda values: values
    scales = {"value": found["mean"]} | {c: found[c] for c in ("over", "over_least", "over_most")}
    return found.assign(
        **{name: written(values) for name, values in scales.items()},
        goal=goal, choice=choice, seen=seen, chapter=chapter, unit=unit,
    )[EVIDENCE]  # fmt: skip


def from_interval(value: pd.Series, most: pd.Series, seeds: pd.Series) -> dict[str, pd.Series]:
    """Mean, error and freedom of logarithms, from a geometric mean and the upper end of its interval."""
    reach = np.log(most / value)
    error = reach / [students_t(int(n), CONFIDENCE) if n > 1 else np.nan for n in seeds]
    return {"mean": np.log(value), "error": error, "freedom": seeds - 1.0}


def networks(totals: pd.DataFrame, column: str, choice: str) -> pd.DataFrame:
    """The family of one data set's networks: targets under the bound, or weightings of v.

    Args:
        totals: rows of ``equal_totals`` of one data set.
        column: excess, or a distance of samples.
        choice: `TARGET` or `WEIGHTING`.
    """
    fixed, value, free = {
        TARGET: ("weighting", "bound", "target"),
        WEIGHTING: ("target", "v", "weighting"),
    }[choice]
    rows = totals[totals[fixed] == value]
    found = from_interval(rows[column], rows[f"{column}_most"], rows["seeds"])
    return pd.DataFrame({"candidate": rows[free]} | found)[FAMILY]


def of_networks(totals: pd.DataFrame, goal: str, column: str) -> list[pd.DataFrame]:
    """Targets and weightings on every data set of ``equal_totals``, judged by one column."""
    return [
        family(
            goal,
            choice,
            study.TITLES[str(name)],
            "19_equal_footing",
            networks(of, column, choice),
            UNITS[column],
        )
        for choice in (TARGET, WEIGHTING)
        for name, of in totals.groupby("dataset", sort=False)
    ]


def of_digits(digits: pd.DataFrame) -> list[pd.DataFrame]:
    """Targets under the bound, and two weightings of v, on digits: bits per pixel of held-out images."""
    logs = digits.assign(log=np.log(digits["bits_per_dim"]))
    bound, v = logs[logs["objective"] == "nelbo"], logs[logs["target"] == "v"]
    named = v["objective"].map({"nelbo": "bound", "weighted": "v-mse"})
    families = {
        TARGET: summarised(bound["log"], bound["target"]),
        WEIGHTING: summarised(v["log"], named),
    }
    return [
        family(LIKELIHOOD, choice, "Digits", "06_small_images", of, UNITS["bits_per_dim"])
        for choice, of in families.items()
    ]


def of_levels(densities: pd.DataFrame, goal: str, weighting: str, seeds: int) -> pd.DataFrame:
    """Two ways to draw levels, by the examples that they need for one standard error of a loss.

    Args:
        densities: ``sampling_densities``.
        goal: one of the goals.
        weighting: one of `OBJECTIVES`.
        seeds: behind each number.
    """
    row = densities.set_index("objective").loc[OBJECTIVES[weighting]]
    sd = np.array([row["uniform_time"], row["uniform_log_snr"]])
    of = pd.DataFrame(
        {
            "candidate": [IN_TIME, IN_LOG_SNR],
            "mean": 2 * np.log(sd),
            "error": 2 * row["error"] / sd,
            "freedom": seeds - 1.0,
        }
    )
    return family(goal, LEVELS, style.WEIGHTINGS[weighting], "08_weightings", of, UNITS["examples"])


def compared_at(tests: pd.DataFrame) -> list[int]:
    """The step counts at which chapter 19 compared targets after few steps, in order."""
    return sorted({int(case) for case in tests.loc[tests["question"] == "few steps", "case"]})


def as_few(few: pd.DataFrame, tests: pd.DataFrame) -> pd.DataFrame:
    """The rows of ``few_steps`` with no more steps than targets were compared at."""
    return few[few["steps"] <= max(compared_at(tests), default=0)]


def widths(few: pd.DataFrame, steps: int, samples: int) -> pd.DataFrame:
    """Samplers and grids by how far the clusters' width is off, after so many steps or at worst after more.

    An error that comes back with more steps had cancelled by chance.
    """
    late = few[few["steps"] >= steps]
    off = (late["width"] - 1).abs().groupby([late["solver"], late["grid"]], sort=False).max()
    names = [f"{solver}, {grid}" for solver, grid in off.index]
    error = (4 * samples) ** -0.5
    return pd.DataFrame(
        {"candidate": names, "mean": off.to_numpy(), "error": error, "freedom": np.inf}
    )


def of_samplers(orders: pd.DataFrame, few: pd.DataFrame, samples: int) -> list[pd.DataFrame]:
    """Samplers of exact denoisers: by the evaluations that a Gaussian needs, and by the clusters' width.

    Args:
        orders: ``solver_orders``.
        few: rows of ``few_steps`` that are `as_few`.
        samples: behind each width.

    Returns:
        The family of samples. That of few steps, if there are rows, with every status `Status.UNKNOWN`: in
        the width of clusters errors cancel, so it advises for or against nothing.
    """
    names = orders["solver"] + ", " + orders["grid"]
    needed = np.array([first_within(off_by_evaluations(orders, name)) for name in names])
    away = (orders["order"] - orders["order"].round()).abs()
    needed[away > ORDER_OFF] = np.nan
    many = pd.DataFrame(
        {"candidate": names, "mean": np.log(needed), "error": 0.0, "freedom": np.inf}
    )
    found = [family(SAMPLES, SAMPLER, "Gaussian", CHAPTER_15, many, UNITS["evaluations"])]
    if not few.empty:
        least = int(few["steps"].min())
        of = widths(few, least, samples)
        by_width = family(FEW, SAMPLER, f"Clusters, {least} steps", CHAPTER_15, of, WIDTH)
        found.append(by_width.assign(status=Status.UNKNOWN.value))
    return found


def off_by_evaluations(orders: pd.DataFrame, name: str) -> dict[int, float]:
    """By number of evaluations, how far off the width is that a solver, on a grid, makes of a Gaussian."""
    row = orders.set_index(orders["solver"] + ", " + orders["grid"]).loc[name]
    return {int(c): float(row[c]) for c in orders.columns if str(c).isdecimal()}


def first_within(off: Mapping[int, float], limit: float = WITHIN) -> float:
    """The fewest steps from which on a width is off by no more than a limit; NaN if no number is enough."""
    late = [n for n in sorted(off) if all(off[m] <= limit for m in off if m >= n)]
    return float(late[0]) if late else np.nan


def enough(goal: str, seen: str, off: Mapping[int, float], error: float = 0.0) -> pd.DataFrame:
    """From how many steps on a width is off by no more than `WITHIN`, or than twice its standard error.

    For samples network evaluations are counted, for few steps steps.

    Args:
        goal: one of the goals.
        seen: the sampler, and on what.
        off: by number of steps, or of evaluations, the size of the relative error of the width.
        error: its standard error.

    Returns:
        A row a number, with the largest error of so many or more; in its name what is counted.
    """
    counted = "evaluations" if goal == SAMPLES else "steps"
    counts, limit = sorted(off), max(WITHIN, 2 * error)
    worst = {n: max(off[m] for m in counts if m >= n) for n in counts}
    shared = {"goal": goal, "choice": STEPS, "seen": seen, "chapter": CHAPTER_15, "unit": WIDTH}
    rows = [
        shared
        | {"candidate": f"{n} {counted}", "value": worst[n], "over": worst[n], "p": np.nan}
        | {"over_least": max(0.0, worst[n] - 2 * error), "over_most": worst[n] + 2 * error}
        | {"status": (Status.USE if worst[n] <= limit else Status.WORSE).value}
        for n in counts
    ]
    return pd.DataFrame(rows)[EVIDENCE]


def of_steps(tables: Tables, samplers: list[pd.DataFrame], samples: int) -> list[pd.DataFrame]:
    """How many steps: of the bound, of the samplers that are advised, and, few, of `COMPARED_WITH`.

    The last by the width of clusters alone, so every status is `Status.UNKNOWN`.
    """
    gaps, orders = tables["nelbo_gaps"], tables["solver_orders"]
    steps = pd.DataFrame(
        {
            "candidate": [CONTINUOUS, *(f"$T = {T}$" for T in gaps["T"])],
            "mean": [0.0, *gaps["exact"]],
            "error": 0.0,
            "freedom": np.inf,
        }
    )
    found = [family(LIKELIHOOD, STEPS, "Gaussian", "03_nelbo_in_x", steps, NATS)]
    for name in samplers[0].loc[samplers[0]["status"] == Status.USE, "candidate"]:
        found.append(enough(SAMPLES, f"Gaussian, {name}", off_by_evaluations(orders, name)))
    few = as_few(tables["few_steps"], tables["equal_tests"])
    few = few[few["solver"] + ", " + few["grid"] == COMPARED_WITH]
    if not few.empty:
        off = {int(r.steps): abs(float(r.width) - 1) for r in few.itertuples()}
        by_width = enough(FEW, f"Clusters, {COMPARED_WITH}", off, (4 * samples) ** -0.5)
        found.append(by_width.assign(status=Status.UNKNOWN.value))
    return found
