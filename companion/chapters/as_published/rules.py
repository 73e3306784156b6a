"""The rules by which this chapter judges losses, and the comparison of means that those on samples use.

Those on losses were committed before one network was trained; those on samples were mended after a pilot.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from companion import study
from companion.evidence.claims import (
    Decision,
    Tables,
    Verdict,
    exceeds,
    much_lower,
    shares,
    standard_error,
)
from companion.evidence.intervals import CONFIDENCE, interval, satterthwaite

PEAKS = {"x": (0.10, 0.25), "eps": (0.0, 0.01), "v": (0.0, 0.01), "score": (0.05, 0.15)}
"""Where a target's NELBO should be largest: about where the study's figure has it on the rings."""

FIFTH = study.BINS // 5
FACTOR = 2.0
"""A variance is high at one end if its mean over that fifth of the times is this multiple of the other's."""

WHOSE = ("published", "ours")


def not_undershot(tables: Tables) -> Decision:
    """Are our levels higher than the study's? Each cell of the table, by the joint test."""
    table = tables["as_published_losses"]
    cases = [
        Verdict.UNDECIDED if not differs else Verdict.HOLDS if apart > 0 else Verdict.FAILS
        for differs, apart in zip(table["differs"], table["apart"], strict=True)
    ]
    return Decision(
        f"ours are {table['apart'].min():+.1f} % to {table['apart'].max():+.1f} % from the study's; the test "
        f"sees differences of {table['least'].min():.1f} % to {table['least'].max():.1f} % of the value",
        cases,
    )


def two_groups_again(tables: Tables) -> Decision:
    """In our NELBO networks, are x and s much lower than eps and v, and whose is the gap?"""
    table = tables["as_published_losses"]
    nelbo = table[table["objective"] == "nelbo"].rename(columns={"ours": "value"})
    error = standard_error(nelbo["ours_sd"], 0 * nelbo["ours_sd"], study.EXECUTIONS)
    blocks = nelbo.assign(error=error).groupby("dataset", sort=False)
    found = pd.DataFrame(
        much_lower(*(block.set_index("target").loc[list(group)] for group in study.GROUPS))
        for _, block in blocks
    )
    return Decision(
        f"the mean of x and s is {found['ratio'].min():.2f} to {found['ratio'].max():.2f} of that of eps "
        "and v; share of the gap that a perfect denoiser shows: "
        f"{shares(found['floor'] / found['gap'], found['margin'])}",
        list(found["verdict"]),
    )


def where_it_is_largest(tables: Tables) -> Decision:
    """Is each target's NELBO largest where the study's figure has it, and a perfect denoiser's as well?"""
    table = tables["as_published_peaks"]
    cases, words = [], []
    for (whose, target), group in table.groupby(["whose", "target"], sort=False):
        first, last = PEAKS[str(target)]
        for _, rows in group.groupby("dataset", sort=False):
            inside = rows["peak"].between(first, last)
            exact, bare = (rows[c].between(first, last).all() for c in ("floor", "unguarded"))
            if inside.all():
                cases.append(Verdict.GUARD if exact and not bare else Verdict.HOLDS)
            else:
                cases.append(Verdict.UNDECIDED if inside.any() else Verdict.FAILS)
        words.append(f"{whose} {target} {group['peak'].min():.3f} to {group['peak'].max():.3f}")
    exact = table.groupby("target", sort=False)["floor"].agg(["min", "max"])
    perfect = ", ".join(f"{t} {r['min']:.3f} to {r['max']:.3f}" for t, r in exact.iterrows())
    return Decision(f"times of the peaks: {', '.join(words)}; perfect denoiser: {perfect}", cases)


def weighted_is_less(tables: Tables, column: str, unit: str) -> Decision:
    """Is something less for the weighted losses than for the NELBO? Logarithms, over data sets."""
    table = tables["as_published_steadiness"]
    cases, words = [], []
    for whose in WHOSE:
        for target in study.TARGETS:
            rows = table[(table["whose"] == whose) & (table["target"] == target)]
            logs = np.log(rows[column]).groupby([rows["dataset"], rows["objective"]]).mean()
            gaps = logs.xs("nelbo", level=1) - logs.xs("weighted", level=1)
            gap, reach = interval(gaps, len(study.TARGETS))
            cases.append(exceeds(gap, reach))
            words.append(
                f"{whose} {target} {math.exp(-gap):.2g} ({math.exp(-gap - reach):.2g} to "
                f"{math.exp(reach - gap):.2g})"
            )
    return Decision(f"{unit}, weighted over NELBO: {', '.join(words)}", cases)


def ends_of(variance: pd.Series) -> float:
    """Mean of the first fifth of the bins over that of the last, by bins in order."""
    values = variance.to_numpy()
    return float(values[:FIFTH].mean() / values[-FIFTH:].mean())


def high_where_said(tables: Tables, columns: Sequence[str]) -> Decision:
    """Are these variances high at small times for eps, v and s, and near one for x?"""
    table = tables["as_published_variances"].sort_values("bin")
    cases, words = [], []
    for column in columns:
        for target in study.TARGETS:
            ratios = []
            for name in study.DATASETS:
                rows = table[(table["dataset"] == name) & (table["target"] == target)]
                ratio = ends_of(rows[column])
                ratios.append(ratio)
                said = 1 / ratio if target == "x" else ratio
                cases.append(exceeds(math.log(said), math.log(FACTOR)))
            words.append(f"{column} {target} {min(ratios):.2g} to {max(ratios):.2g}")
    return Decision(
        f"variance over the first fifth of the times over that in the last: {', '.join(words)}",
        cases,
    )


class Spread(NamedTuple):
    """A variance of one execution, and its degrees of freedom."""

    variance: float
    df: float


def own_spread(values: pd.Series) -> Spread:
    """Of the executions of one cell."""
    return Spread(float(values.var(ddof=1)), len(values) - 1)


def pooled(values: pd.Series, cells: Iterable[pd.Series]) -> Spread:
    """Of the executions of several cells together, each about its own mean."""
    groups = values.groupby(list(cells))
    df = int((groups.size() - 1).sum())
    return Spread(float((values - groups.transform("mean")).pow(2).sum() / df), df)


def apart(
    first: pd.Series, second: pd.Series, cases: int, spreads: tuple[Spread, Spread] | None = None
) -> tuple[float, float]:
    """The second mean less the first, and the reach of its interval: of ``cases`` together.

    Welch's, with spreads of their own unless others are given.
    """
    of = spreads or (own_spread(first), own_spread(second))
    parts = [each.variance / len(rows) for each, rows in zip(of, (first, second), strict=True)]
    df = satterthwaite(parts, [each.df for each in of])
    reach = stats.t.ppf(1 - (1 - CONFIDENCE) / cases / 2, df) * sum(parts) ** 0.5
    return float(second.mean() - first.mean()), float(reach)


def compared(table: pd.DataFrame, metric: str) -> pd.Series:
    """A metric as it is compared: of a distance the logarithm."""
    return table[metric] if metric == "coverage" else np.log(table[metric])


def beyond(metric: str, value: float, limit: float) -> bool:
    """Whether a metric is worse than what exact samples show."""
    return value < limit if metric == "coverage" else value > limit


def better(
    table: pd.DataFrame,
    noise: pd.DataFrame,
    metric: str,
    one: str,
    others: Sequence[str],
    cases: int,
) -> tuple[list[Verdict], list[float]]:
    """Are samples of target ``one`` better than those of each other, in each data set and objective?

    Undecided if neither is worse than exact samples may be, or if zero is inside the interval. The spread
    of executions is pooled over the data sets of the table.

    Args:
        table: sets of samples of one rule and number of steps.
        noise: as :func:`companion.chapters.as_published.samples.noise` returns it.
        metric: what is compared.
        one: the target that is said to be better.
        others: the rest.
        cases: how many intervals are read together.

    Returns:
        The verdicts, and how far each interval reaches.
    """
    limits = noise[noise["metric"] == metric].set_index("dataset")["limit"]
    sign = -1 if metric == "coverage" else 1
    table = table.assign(value=compared(table, metric))
    spreads = {
        key: pooled(rows["value"], [rows["dataset"]])
        for key, rows in table.groupby(["target", "objective"])
    }
    verdicts, reaches = [], []
    for (name, objective), block in table.groupby(["dataset", "objective"], sort=False):
        of = dict(list(block.groupby("target")))
        for other in others:
            gap, reach = apart(
                of[one]["value"], of[other]["value"], cases,
                (spreads[one, objective], spreads[other, objective]),
            )  # fmt: skip
            seen = any(
                beyond(metric, of[t][metric].median(), limits[str(name)]) for t in (one, other)
            )
            verdicts.append(exceeds(sign * gap, reach) if seen else Verdict.UNDECIDED)
            reaches.append(reach)
    return verdicts, reaches
