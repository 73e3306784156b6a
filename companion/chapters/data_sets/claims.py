"""That the data sets differ: in how fast noise destroys them, and in entropy.

The study's toolbox has functions that draw both, and its notebooks call none of them. So nothing is claimed
there; what is judged is what a reader of such a figure would take from it. What counts as a difference was
chosen before any number of this chapter was computed: a tenth of an even pace, and a tenth of a nat. The
rules became code when first numbers were known, and the number of draws was set by running time after that.
"""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any

import pandas as pd
from scipy import stats

from companion import study
from companion.evidence.claims import STANDARD_ERRORS, Claim, Decision, Tables, Verdict
from companion.evidence.intervals import CONFIDENCE, satterthwaite

PAIRS = tuple(combinations(study.DATASETS, 2))

LEAST_BAR = {"joint": 0.001, "hellinger": 0.001, "w1": 0.001, "sliced": 0.01}
"""A tenth of the bar that a distance falling evenly from 1 to 0 in ten ranges would have.

The bars of the sliced distance are not divided by ten.
"""

LEAST_NATS = 0.1
"""Entropies that differ by less count as equal: the areas that they stand for differ by a tenth."""

CHOSEN = "the threshold was chosen before the numbers were computed"
"""When, as every rule says."""


def exceeds_least(gap: float, reach: float, least: float) -> Verdict:
    """Whether the size of a difference, give or take ``reach``, is above ``least``, or below."""
    if abs(gap) - reach > least:
        return Verdict.HOLDS
    return Verdict.FAILS if abs(gap) + reach < least else Verdict.UNDECIDED


def any_of(verdicts: list[Verdict]) -> Verdict:
    """Of two data sets: they differ if they do in a range, and do not if they do in none."""
    if Verdict.HOLDS in verdicts:
        return Verdict.HOLDS
    return Verdict.UNDECIDED if Verdict.UNDECIDED in verdicts else Verdict.FAILS


def exact_pairs(bars: pd.DataFrame) -> pd.DataFrame:
    """Every pair of data sets by the bars of the joint distribution: the range where they differ most.

    Columns: first, second, range, gap, reach, verdict; ``typical``, the median over ranges of the reach.
    """
    rows: list[dict[str, Any]] = []
    table = bars[(bars["measure"] == "joint") & (bars["draw"] < 0)].set_index(["dataset", "range"])
    for one, other in PAIRS:
        here, there = table.loc[one], table.loc[other]
        gaps = here["bar"] - there["bar"]
        reach = STANDARD_ERRORS * (here["error"] ** 2 + there["error"] ** 2) ** 0.5
        verdicts = [
            exceeds_least(g, r, LEAST_BAR["joint"]) for g, r in zip(gaps, reach, strict=True)
        ]
        rows.append(_row(one, other, gaps, reach, any_of(verdicts)))
    return pd.DataFrame(rows)


def published_pairs(bars: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Every pair by the study's bars: draws of one data set against those of the other, as `exact_pairs`.

    The interval of a difference of means is Welch's, for all ranges of all pairs together.
    """
    table = bars[(bars["measure"] == measure) & (bars["draw"] >= 0)]
    ranges = sorted(table["range"].unique())
    tests = len(PAIRS) * len(ranges)
    grouped = table.groupby(["dataset", "range"])["bar"].agg(["mean", "var", "size"])
    rows = []
    for one, other in PAIRS:
        here, there = grouped.loc[one], grouped.loc[other]
        gaps = here["mean"] - there["mean"]
        reach = pd.Series(
            [_welch(here.loc[k], there.loc[k], tests) for k in gaps.index], index=gaps.index
        )
        verdicts = [
            exceeds_least(g, r, LEAST_BAR[measure]) for g, r in zip(gaps, reach, strict=True)
        ]
        rows.append(_row(one, other, gaps, reach, any_of(verdicts)))
    return pd.DataFrame(rows)


def _welch(one: pd.Series, other: pd.Series, tests: int) -> float:
    parts = [each["var"] / each["size"] for each in (one, other)]
    total = sum(parts)
    if total == 0:
        return 0.0
    freedom = satterthwaite(parts, [each["size"] - 1 for each in (one, other)])
    quantile = stats.t.ppf(1 - (1 - CONFIDENCE) / (2 * tests), freedom)
    return float(quantile * math.sqrt(total))


def _row(
    one: str, other: str, gaps: pd.Series, reach: pd.Series, verdict: Verdict
) -> dict[str, Any]:
    most = (gaps.abs() - reach).idxmax()
    names = {"first": one, "second": other, "range": int(most)}
    found = {
        "gap": float(gaps[most]),
        "reach": float(reach[most]),
        "typical": float(reach.median()),
    }
    return names | found | {"verdict": verdict}


def _rates(rows: pd.DataFrame, what: str) -> Decision:
    each = ", ".join(
        f"{row.first}-{row.second} {row.gap:+.4f} ± {row.reach:.4f} (range {row.range + 1})"
        for row in rows.itertuples()
    )
    return Decision(f"{what}, in the range where they differ most: {each}", list(rows["verdict"]))


def by_exact_rates(tables: Tables) -> Decision:
    """From the bars of the joint distribution."""
    return _rates(exact_pairs(tables["corruption_bars"]), "differences of bars")


def by_published_rates(tables: Tables, measure: str) -> Decision:
    """From the study's bars, drawn again and again."""
    return _rates(published_pairs(tables["corruption_bars"], measure), "differences of mean bars")


def by_entropy(tables: Tables) -> Decision:
    """From the exact entropies."""
    table = tables["data_sets"].set_index("dataset")
    words, cases = [], []
    for one, other in PAIRS:
        gap = table.loc[one, "entropy"] - table.loc[other, "entropy"]
        reach = STANDARD_ERRORS * math.hypot(table.loc[one, "error"], table.loc[other, "error"])
        cases.append(exceeds_least(gap, reach, LEAST_NATS))
        words.append(f"{one}-{other} {gap:+.3f}")
    return Decision(f"differences of exact entropies, nats: {', '.join(words)}", cases)


def order_of_entropies(tables: Tables) -> Decision:
    """Which of two data sets has more entropy: by the study's estimate with 5 components, and exactly."""
    exactly = tables["data_sets"].set_index("dataset")
    estimates = tables["entropy_estimates"]
    five = estimates[estimates["components"] == 5].groupby("dataset")["estimate"]
    least, most = five.min(), five.max()
    words, cases = [], []
    for one, other in PAIRS:
        gap = exactly.loc[one, "entropy"] - exactly.loc[other, "entropy"]
        ends = least[one] - most[other], most[one] - least[other]
        words.append(f"{one}-{other} {gap:+.3f}, estimated {ends[0]:+.2f} to {ends[1]:+.2f}")
        if abs(gap) < LEAST_NATS or ends[0] * ends[1] <= 0:
            cases.append(Verdict.UNDECIDED)
        else:
            cases.append(Verdict.HOLDS if ends[0] * gap > 0 else Verdict.FAILS)
    return Decision(f"differences of entropies, nats: {'; '.join(words)}", cases)


NOBODY = (
    "nobody: the study's toolbox has functions that draw it, which its notebooks do not call; it is what a "
    "reader of such a figure would take from it"
)

SCALE_MENDED = (
    " (its bars are not divided by ten, so this is ten times that of the others, with which they were "
    "compared at first)"
)


def rate_rule(measure: str) -> str:
    """The rule on bars, in words."""
    return (
        "two data sets differ if in one of the ranges the sizes of their bars differ by more than "
        f"{LEAST_BAR[measure]:g}, a tenth of an even pace from 1 to 0"
        f"{SCALE_MENDED if measure == 'sliced' else ''}, do not if in none, undecided if neither; "
    )


def _published(measure: str, name: str) -> Claim:
    return Claim(
        name=f"corruption-rates-{measure}",
        statement=f"The study's bars of the {name} tell the data sets apart.",
        stated=NOBODY,
        measure=f"Bars of the {name} by the study's definition, on data sets drawn anew; each pair.",
        threshold=rate_rule(measure)
        + f"all differences of means with Welch's intervals, {CONFIDENCE:.0%} for all ranges of all pairs "
        "together (Bonferroni); "
        + CHOSEN
        + ", the number of draws by running time, when they were known",
        tables=("corruption_bars",),
        decide=lambda tables: by_published_rates(tables, measure),
    )


CLAIMS: tuple[Claim, ...] = (
    Claim(
        name="corruption-rates",
        statement="Noise destroys the four data sets at different rates.",
        stated=NOBODY,
        measure="What a range of the study's times takes from the exact Hellinger distance of the joint "
        "density to $\\N(0, I)$, over ten, as its bars are; each pair of data sets.",
        threshold=rate_rule("joint")
        + f"all give or take {STANDARD_ERRORS:g} standard errors; {CHOSEN}",
        tables=("corruption_bars",),
        decide=by_exact_rates,
    ),
    _published("hellinger", "pooled Hellinger distance"),
    _published("w1", "pooled Wasserstein-1 distance"),
    _published("sliced", "sliced Wasserstein-2 distance"),
    Claim(
        name="entropies-differ",
        statement="The four data sets have different entropies.",
        stated=NOBODY,
        measure="Exact differential entropies of the standardised data; each pair.",
        threshold=f"differ if by more than {LEAST_NATS:g} nats, do not if by less, undecided if it is within "
        f"{STANDARD_ERRORS:g} standard errors; {CHOSEN} here (the book had them in another chapter)",
        tables=("data_sets",),
        decide=by_entropy,
    ),
    Claim(
        name="entropy-order",
        statement="The study's estimate of the entropy, with the five components that it compares data sets "
        "with, puts them in their order.",
        stated=NOBODY,
        measure="Which of two has more: every draw of one against every draw of the other, and exactly.",
        threshold=f"holds if all have the sign of the exact difference, does not hold if all have the other, "
        f"undecided if they disagree, or if the exact difference is below {LEAST_NATS:g} nats; {CHOSEN}",
        tables=("data_sets", "entropy_estimates"),
        decide=order_of_entropies,
    ),
)
