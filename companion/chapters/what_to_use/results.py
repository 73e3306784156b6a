"""The advice of the chapter "What to use": what no family of candidates calls worse."""

from __future__ import annotations

from typing import Any

import pandas as pd

from companion.chapters.what_to_use import families as of
from companion.chapters.what_to_use import few
from companion.chapters.what_to_use.families import (
    BOTH,
    FEW,
    KEYS,
    LEVELS,
    LIKELIHOOD,
    OBJECTIVES,
    SAMPLER,
    SAMPLES,
    STEPS,
    TARGET,
    WEIGHTING,
    Tables,
)
from companion.chapters.what_to_use.rules import Status
from companion.evidence import style

GOALS, CHOICES = (LIKELIHOOD, SAMPLES, FEW, BOTH), (TARGET, WEIGHTING, LEVELS, SAMPLER, STEPS)
"""In the order of the page."""

ASKED = {BOTH: [LIKELIHOOD, SAMPLES]}
"""Goals whose families stand for a goal that has none of its own."""

AS_FOR_SAMPLES = "as for samples"

GIVEN = {
    (LIKELIHOOD, SAMPLER): "none: the bound needs no samples",
    (FEW, WEIGHTING): "not measured",
    (FEW, LEVELS): AS_FOR_SAMPLES,
    (BOTH, SAMPLER): AS_FOR_SAMPLES,
    (BOTH, STEPS): AS_FOR_SAMPLES,
}
"""Cells without candidates of their own."""

AS_ABOVE = "as above"
"""What is advised, in further rows of a goal and choice: one a unit."""

NO_ONE = "no one of these"


def evidence(tables: Tables, samples: int, seeds: int) -> pd.DataFrame:
    """Every family of candidates, judged: columns :data:`families.EVIDENCE`.

    Args:
        tables: ``equal_totals``, ``equal_tests``, ``digits_nelbo``, ``sampling_densities``,
            ``solver_orders``, ``few_steps``, ``few_tests``, ``few_at_nine`` and ``nelbo_gaps``.
        samples: behind each width in ``few_steps``.
        seeds: behind each number in ``sampling_densities``.
    """
    totals, densities = tables["equal_totals"], tables["sampling_densities"]
    as_few = of.as_few(tables["few_steps"], tables["equal_tests"])
    samplers = of.of_samplers(tables["solver_orders"], as_few, samples)
    found = [
        *of.of_networks(totals, LIKELIHOOD, "excess"),
        *of.of_digits(tables["digits_nelbo"]),
        *of.of_networks(totals, SAMPLES, "sliced"),
        *few.of_few(tables["equal_tests"], tables["few_tests"], tables["few_at_nine"]),
        *samplers,
        *of.of_steps(tables, samplers, samples),
    ]
    so_far = pd.concat(found, ignore_index=True)
    for goal in (LIKELIHOOD, SAMPLES):
        advised_weights = [w for w in advised(so_far, goal, WEIGHTING) if w in OBJECTIVES]
        found += [of.of_levels(densities, goal, w, seeds) for w in advised_weights]
    return pd.concat(found, ignore_index=True)


def rows_of(found: pd.DataFrame, goal: str, choice: str) -> pd.DataFrame:
    """The candidates of a goal and a choice; *both* asks the families of both goals."""
    return found[found["goal"].isin(ASKED.get(goal, [goal])) & (found["choice"] == choice)]


def advised(found: pd.DataFrame, goal: str, choice: str) -> list[str]:
    """The candidates that no family calls worse, or unknown.

    In the order of their mean rank over families.
    """
    rows = rows_of(found, goal, choice)
    if rows.empty:
        return []
    rank = rows.groupby([*KEYS[:3]], sort=False)["over"].rank()
    rank = rank.groupby(rows["candidate"]).mean()
    kept = (rows["status"] == Status.USE).groupby(rows["candidate"]).all()
    return [str(name) for name in rank.sort_values(kind="stable").index if kept[name]]


def written(choice: str, candidate: str) -> str:
    """A candidate as the page writes it."""
    names = {TARGET: style.SYMBOLS, WEIGHTING: style.WEIGHTINGS}.get(choice, {})
    return names.get(candidate, candidate)


def by_family(found: pd.DataFrame, goal: str, choice: str) -> str:
    """Of choices that depend on another: the best of each family, with what it is the best for."""
    rows = rows_of(found, goal, choice)
    if goal == BOTH and choice == LEVELS:
        kept = {style.WEIGHTINGS[name] for name in advised(found, BOTH, WEIGHTING)}
        rows = rows[rows["seen"].isin(kept)]
    best: dict[str, list[str]] = {}
    for (_, at), family in rows.groupby(["goal", "seen"], sort=False):
        used = family.loc[family["status"] == Status.USE, "candidate"]
        if choice == STEPS:
            label = str(used.iloc[0]) if len(used) else f"more than {family['candidate'].iloc[-1]}"
            name = str(at).partition(", ")[2]
        else:
            label, name = " or ".join(used), str(at)
        if name not in (names := best.setdefault(label, [])):
            names.append(name)
    return ", ".join(f"{label} ({'; '.join(names)})" for label, names in best.items())


def told(found: pd.DataFrame, goal: str, choice: str) -> pd.DataFrame:
    """Of each unit the closest of all candidates that are called worse: a row a unit, none if none is.

    Factors of bits per pixel, of nats and of distances are no measure of one another.
    """
    rows = rows_of(found, goal, choice)
    rows = rows[rows["status"] == Status.WORSE]
    return rows.loc[rows.groupby("unit", sort=False)["over"].idxmin()]


def advice(found: pd.DataFrame) -> pd.DataFrame:
    """The page in one table: a row a goal, choice and unit in which a candidate is told to be worse.

    Args:
        found: as `evidence` returns it.

    Returns:
        ``use``, in words; ``next``, the closest candidate that is told to be worse, ``over``,
        ``over_least``, ``over_most`` and ``unit``, by how much; ``seen`` and ``chapter``, the evidence.
    """
    rows = []
    for goal in GOALS:
        for choice in CHOICES:
            row: dict[str, Any] = {"goal": goal, "choice": choice}
            if (goal, choice) in GIVEN:
                rows.append(row | {"use": GIVEN[goal, choice]})
                continue
            block = rows_of(found, goal, choice)
            row |= {"use": in_words(found, goal, choice)}
            chapters = dict.fromkeys(block["chapter"])
            row |= {"seen": seen(block), "chapter": ", ".join(f"[]({name})" for name in chapters)}
            closest = told(found, goal, choice).to_dict("records")
            for i, one in enumerate(closest or [{}]):
                line = row | ({"use": AS_ABOVE} if i else {})
                if one:
                    line["next"] = f"{written(choice, one['candidate'])} ({one['seen']})"
                    line |= {c: one[c] for c in ("over", "over_least", "over_most", "unit")}
                rows.append(line)
    columns = [
        "goal",
        "choice",
        "use",
        "next",
        "over",
        "over_least",
        "over_most",
        "unit",
        "seen",
        "chapter",
    ]
    return pd.DataFrame(rows, columns=columns).astype(
        dict.fromkeys(("over", "over_least", "over_most"), float)
    ).fillna(dict.fromkeys(("next", "unit", "seen", "chapter"), "–"))  # fmt: skip


def in_words(found: pd.DataFrame, goal: str, choice: str) -> str:
    """What is advised, in words."""
    if goal == FEW and choice in (SAMPLER, STEPS):
        return by_width(found, choice)
    if choice == LEVELS or (choice == STEPS and goal != LIKELIHOOD):
        return by_family(found, goal, choice)
    names = [written(choice, name) for name in advised(found, goal, choice)]
    return "; ".join(names) if names else NO_ONE


def by_width(found: pd.DataFrame, choice: str) -> str:
    """Why no sampler and no number of steps is advised for few steps: the clusters' width is all there is."""
    rows = found[(found["goal"] == FEW) & (found["choice"] == choice)]
    if rows.empty:
        return "not known: not measured at so few steps as targets were compared at"
    if choice == STEPS:
        return "not known: measured by width of exact clusters alone"
    if of.COMPARED_WITH in set(rows.loc[rows["over"] == 0, "candidate"]):
        return (
            "not known: the sampler that targets were compared with is the best by width of exact clusters, "
            "and no other evidence was measured"
        )
    return (
        "not known: the sampler that is best by width of exact clusters is not the one that targets were "
        "compared with"
    )


def seen(block: pd.DataFrame) -> str:
    """On which data a choice was seen."""
    if (block["choice"] == LEVELS).all():
        return "Clusters, exact denoiser: the variance of the loss alone"
    exact = ", exact denoiser" if block["choice"].isin([SAMPLER, STEPS]).all() else ""
    names = dict.fromkeys(str(name).split(",")[0] for name in block["seen"])
    return ", ".join(names) + exact


ADVICE_SHOWN: dict[str, Any] = {
    "columns": {
        "goal": "for",
        "choice": "choose",
        "use": "use: not told apart, best mean rank first",
        "next": "closest that is told to be worse",
        "over": "by (95 %)",
        "unit": "unit",
        "seen": "seen on",
        "chapter": "evidence",
    },
    "ends": {"over": ("over_least", "over_most")},
    "digits": {"over": ".3g"},
}
"""How `advice` is shown."""


def advice_caption(totals: pd.DataFrame, digits: pd.DataFrame) -> str:
    """The caption of `advice`, from ``equal_totals`` and ``digits_nelbo``."""
    return (
        "What to use. Targets are seen under the bound, weightings with networks of $v$ "
        f"({totals['seeds'].max()} seeds each; digits {digits['seed'].nunique()}). With each, the closest "
        "candidate of each unit that is told to be worse, by how much, and the 95 % interval of that "
        "alone; units are not compared with each other. Without an interval: computed, not sampled. What was "
        "not measured on some data is not told to be worse there: of the weightings, on digits, all but "
        f"{' and '.join(written(WEIGHTING, n) for n in of.of_digits(digits)[1]['candidate'])}."
    )
