"""A claim on the study's 2-D networks themselves, read on one scale."""

from __future__ import annotations

import pandas as pd

from companion import study
from companion.chapters.one_scale.results import ENDS
from companion.evidence.claims import (
    STANDARD_ERRORS,
    Claim,
    Decision,
    Tables,
    Verdict,
    standard_error,
)


def with_reach(losses: pd.DataFrame) -> pd.DataFrame:
    """With ``reach_low``, ``reach_middle``, ``reach_high``: how far these means of three may be off, nats.

    95 %, by what the three differ, or by the noise of what was recorded and of the floor, as in
    :func:`companion.evidence.claims.standard_error`.

    Args:
        losses: as :func:`companion.chapters.one_scale.results.per_loss` returns it.
    """
    losses = losses.copy()
    for end in ENDS:
        error = standard_error(losses[f"sd_{end}"], losses[f"noise_{end}"], study.EXECUTIONS)
        losses[f"reach_{end}"] = STANDARD_ERRORS * error
    return losses


def between(x: pd.Series, other: pd.Series) -> Verdict:
    """Is x nearer to the floor: each with ``low``, ``high`` and the reach of both, in nats?"""
    if x["high"] + x["reach_high"] < other["low"] - other["reach_low"]:
        return Verdict.HOLDS
    if x["low"] - x["reach_low"] > other["high"] + other["reach_high"]:
        return Verdict.FAILS
    return Verdict.UNDECIDED


def x_networks_best(tables: Tables) -> Decision:
    """NELBO networks of x against those of each other target: which add less to the bound?"""
    table = tables["excess_per_loss"]
    table = table[table["objective"] == "nelbo"].set_index(["dataset", "target"])
    cases = [
        between(table.loc[name, "x"], table.loc[name, other])
        for name in study.DATASETS
        for other in ("eps", "v", "score")
    ]
    of_x = table.xs("x", level="target")
    others = table.drop(index="x", level="target")
    return Decision(
        f"excess of x at least {of_x['low'].min():.2f} to {of_x['low'].max():.2f} nats, of the other "
        f"targets at most {others['high'].min():.2f} to {others['high'].max():.2f}; these means of three "
        f"networks may be off by up to {of_x['reach_low'].max():.2f} and {others['reach_high'].max():.2f}",
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
        "all widened by what may be noise: for three networks 95 % by Student's t, or "
        f"{STANDARD_ERRORS:g} standard errors of the recorded losses and the floor, whichever is wider",
        tables=("excess_per_loss",),
        decide=x_networks_best,
    ),
)
