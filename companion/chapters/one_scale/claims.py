"""A claim on the study's 2-D networks themselves, read on one scale."""

from __future__ import annotations

import math

import pandas as pd
from scipy import stats

from companion import study
from companion.evidence.claims import STANDARD_ERRORS, Claim, Decision, Tables, Verdict

RUNS = 3
"""Networks of each loss."""


def reach(frame: pd.DataFrame) -> pd.Series:
    """How far the mean of three networks may be off, in nats: 95 %, by what the three differ, or by noise.

    Of the spread of three runs Student's t makes the interval, of the noise of the recorded losses two
    standard errors do. The wider of the two counts.
    """
    of_runs = float(stats.t.ppf(0.975, RUNS - 1)) * frame["sd"] / math.sqrt(RUNS)
    return of_runs.combine(STANDARD_ERRORS * frame["noise"], max)


def between(x: pd.Series, other: pd.Series) -> Verdict:
    """Is x nearer to the floor: each with ``low``, ``high`` and ``reach``, in nats?"""
    if x["high"] + x["reach"] < other["low"] - other["reach"]:
        return Verdict.HOLDS
    if x["low"] - x["reach"] > other["high"] + other["reach"]:
        return Verdict.FAILS
    return Verdict.UNDECIDED


def x_networks_best(tables: Tables) -> Decision:
    """NELBO networks of x against those of each other target: which add less to the bound?"""
    table = tables["excess_per_loss"]
    table = table[table["objective"] == "nelbo"]
    table = table.assign(reach=reach(table)).set_index(["dataset", "target"])
    cases = [
        between(table.loc[name, "x"], table.loc[name, other])
        for name in study.DATASETS
        for other in ("eps", "v", "score")
    ]
    of_x = table.xs("x", level="target")
    others = table.drop(index="x", level="target")
    return Decision(
        f"excess of x at least {of_x['low'].min():.2f} to {of_x['low'].max():.2f} nats, of the other "
        f"targets at most {others['high'].min():.2f} to {others['high'].max():.2f}; the means of three "
        f"networks may be off by up to {table['reach'].max():.2f}",
        cases,
    )


CLAIMS: tuple[Claim, ...] = (
    Claim(
        name="x-networks-best",
        statement="Of the study's own 2-D networks that were trained on a NELBO, those that predict "
        "$x$ have the best likelihood.",
        stated="the study, sections 4.2 and 4.3 (public summaries: best likelihood), of the values of its "
        "losses; that it is so of the networks is what a reader takes from it",
        measure="Nats of the bound above the exact floor over $t$ in $[0.01, 0.99)$, between the least "
        "and the most that the saved losses by noise level allow; $x$ against each other target; each "
        "data set.",
        threshold="holds if the most that x can have is less than the least that the other can have, does "
        "not hold if the least that x can have is more than the most of the other, undecided if neither; "
        "all "
        "widened by what may be noise: for three networks 95 % by Student's t, or "
        f"{STANDARD_ERRORS:g} standard errors of the recorded losses, whichever is wider",
        tables=("excess_per_loss",),
        decide=x_networks_best,
    ),
)
