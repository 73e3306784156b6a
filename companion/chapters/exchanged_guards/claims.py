"""Claims on networks that we trained ourselves: every target under every guard, and under none.

Each question is judged by two rules. The first, in nats at |lambda| < 12, came with the first networks; its
words were narrowed later. Its verdict on x under its own guard was *undecided* although all seeds agreed,
since excesses that differ by factors have no common spread in nats. The second, on the logarithm of ratios
and in both of `RANGES`, was written when those networks were known. So it is judged on others: `grid.fresh`
seeds, whose number was fixed here and committed before one of them was trained.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from companion.chapters.exchanged_guards.grid import NONE, datasets, fresh_datasets
from companion.chapters.exchanged_guards.pairs import RANGES, Cell, gaps, log_ratios
from companion.evidence.claims import Claim, Decision, Tables, exceeds
from companion.evidence.intervals import CONFIDENCE, as_factors, interval
from companion.profiles import PAPER, STANDARD
from companion.runs.plane import TARGETS

Pairs = dict[str, tuple[Cell, Cell]]
"""What is compared, by a label: does the second cell have more excess than the first?"""

BEST: Pairs = {other: (("x", NONE), (other, NONE)) for other in TARGETS if other != "x"}
"""Each other target against x, all trained without a guard."""

OWN: Pairs = {target: ((target, NONE), (target, target)) for target in TARGETS}
"""Each target's networks under their own guard, against those without."""

QUESTIONS = {"x best without guards": BEST, "own guard costs": OWN}
"""What is asked: does the second cell of each pair have more excess than the first?"""


NATS_RULE = f"nats, $|\\lambda| < {RANGES['excess']:g}$"
RATIO_RULES = {column: f"ratio, $|\\lambda| < {end:g}$" for column, end in RANGES.items()}
"""How the rules are called in tables."""

COLUMNS = ["dataset", "question", "case", "rule", "value", "least", "most", "verdict"]


def by_nats(networks: pd.DataFrame, question: str) -> pd.DataFrame:
    """The first rule: one row a data set and case, with the mean difference and its interval, nats."""
    pairs, rows = QUESTIONS[question], []
    for name, block in networks.groupby("dataset", sort=False):
        for case, pair in pairs.items():
            found = interval(gaps(block, *pair), len(pairs))
            ends = found.mean, found.mean - found.reach, found.mean + found.reach
            rows.append([name, question, case, NATS_RULE, *ends, exceeds(*found)])
    return pd.DataFrame(rows, columns=COLUMNS)


def by_ratio(networks: pd.DataFrame, question: str, column: str) -> pd.DataFrame:
    """The second rule in one of `RANGES`: one row a data set and case, with the factor and its interval."""
    pairs, rows = QUESTIONS[question], []
    for name, block in networks.groupby("dataset", sort=False):
        for case, pair in pairs.items():
            log = log_ratios(block, *pair, column)
            found = interval(log, len(pairs) * len(RANGES))
            ends = as_factors(found)
            rows.append([name, question, case, RATIO_RULES[column], *ends, exceeds(*found)])
    return pd.DataFrame(rows, columns=COLUMNS)


def judged(networks: pd.DataFrame, fresh: pd.DataFrame) -> pd.DataFrame:
    """Every case by the rule in nats, and by that on ratios in each of `RANGES`."""
    blocks = []
    for question in QUESTIONS:
        blocks += [by_nats(networks, question)]
        blocks += [by_ratio(fresh, question, column) for column in RANGES]
    return pd.concat(blocks, ignore_index=True)


def decision(rows: pd.DataFrame, unit: str, seeds: int) -> Decision:
    """The rows of one question and rule, in words."""
    words = []
    for name, block in rows.groupby("dataset", sort=False):
        listed = ", ".join(
            f"{row.case} {row.value:.3g} ({row.least:.3g} to {row.most:.3g})"
            for row in block.itertuples()
        )
        words.append(f"{name}: {listed}")
    return Decision(
        f"{unit} (with their intervals, {seeds} seeds): {'; '.join(words)}", list(rows["verdict"])
    )


def in_nats(tables: Tables, question: str) -> Decision:
    """The first rule, from the saved table."""
    networks = tables["exchanged_networks"]
    return decision(by_nats(networks, question), "differences in nats", networks["seed"].nunique())


def in_ratio(tables: Tables, question: str, column: str) -> Decision:
    """The second rule, from the saved table."""
    networks = tables["exchanged_fresh"]
    return decision(
        by_ratio(networks, question, column), "factors, new seeds", networks["seed"].nunique()
    )


RULE = (
    "holds or does not hold if zero is outside the interval of the mean paired difference over seeds "
    f"(Student's t, {CONFIDENCE:.0%} for all cases of a data set together, Bonferroni), undecided if "
    "inside; fixed before the data were seen"
)

RATIO_RULE = (
    "holds or does not hold if zero is outside the interval of the mean paired logarithm of the ratio over "
    f"seeds (Student's t, {CONFIDENCE:.0%} for all cases of a data set in both ranges together, Bonferroni), "
    "undecided if inside; written after the rule in nats had been seen to fail, and judged on new seeds, "
    "whose number was fixed before they were trained"
)

OLD_DATA, NEW_DATA = (
    f"(data: {', '.join(names(STANDARD))}; in the profile {PAPER}: {', '.join(names(PAPER))})"
    for names in (datasets, fresh_datasets)
)

BEST_STATED = (
    "nobody: the study, sections 4.2 and 4.3 (public summaries), says of its own losses that "
    "$x$ is best; this is the same comparison without guards, on networks of ours"
)

OWN_STATED = "nobody: a question that the chapter on the study's networks leaves open"


def best_statement(end: float, data: str = NEW_DATA) -> str:
    """That x is nearest to the floor, between two log-SNRs."""
    return (
        "Trained on one unguarded bound, all else equal, small networks that predict $x$ have the least "
        f"excess of the bound over the exact floor between log-SNRs of {-end:g} and {end:g} {data}."
    )


def own_statement(end: float, data: str = NEW_DATA) -> str:
    """That a guard costs, between two log-SNRs."""
    return (
        "Training under the weight of a published NELBO, guard included, leaves more excess of the bound "
        f"between log-SNRs of {-end:g} and {end:g} than training the same network on the same bound without "
        f"the guard {data}."
    )


BEST_MEASURE = "Excess over the exact floor of networks of each other target, against that of $x$"
OWN_MEASURE = (
    "Excess over the exact floor of networks under their own target's guard, against that without a guard; "
    "each target"
)
NATS = "; difference in nats, paired by seed, which decides weights, batches and noise."
RATIO = "; ratio, paired by seed."

CLAIMS: tuple[Claim, ...] = (
    Claim(
        name="x-best-without-guards",
        statement=best_statement(RANGES["excess"], OLD_DATA),
        stated=BEST_STATED,
        measure=BEST_MEASURE + NATS,
        threshold=RULE,
        tables=("exchanged_networks",),
        decide=lambda tables: in_nats(tables, "x best without guards"),
    ),
    Claim(
        name="x-best-without-guards-by-ratio",
        statement=best_statement(RANGES["excess"]),
        stated=BEST_STATED,
        measure=BEST_MEASURE + RATIO,
        threshold=RATIO_RULE,
        tables=("exchanged_fresh",),
        decide=lambda tables: in_ratio(tables, "x best without guards", "excess"),
    ),
    Claim(
        name="x-best-without-guards-inside",
        statement=best_statement(RANGES["inside"]),
        stated=BEST_STATED,
        measure=BEST_MEASURE + RATIO,
        threshold=RATIO_RULE,
        tables=("exchanged_fresh",),
        decide=lambda tables: in_ratio(tables, "x best without guards", "inside"),
    ),
    Claim(
        name="own-guard-costs",
        statement=own_statement(RANGES["excess"], OLD_DATA),
        stated=OWN_STATED,
        measure=OWN_MEASURE + NATS,
        threshold=RULE,
        tables=("exchanged_networks",),
        decide=lambda tables: in_nats(tables, "own guard costs"),
    ),
    Claim(
        name="own-guard-costs-by-ratio",
        statement=own_statement(RANGES["excess"]),
        stated=OWN_STATED,
        measure=OWN_MEASURE + RATIO,
        threshold=RATIO_RULE,
        tables=("exchanged_fresh",),
        decide=lambda tables: in_ratio(tables, "own guard costs", "excess"),
    ),
    Claim(
        name="own-guard-costs-inside",
        statement=own_statement(RANGES["inside"]),
        stated=OWN_STATED,
        measure=OWN_MEASURE + RATIO,
        threshold=RATIO_RULE,
        tables=("exchanged_fresh",),
        decide=lambda tables: in_ratio(tables, "own guard costs", "inside"),
    ),
)

JUDGED_SHOWN: dict[str, Any] = {
    "caption": "Both questions by both rules. In nats: the mean difference and its interval, seeds that were "
    "known when the second rule was written. As a ratio: the factor and its interval, new seeds.",
    "columns": {
        "dataset": "data set",
        "question": "question",
        "case": "case",
        "rule": "rule",
        "value": "value and interval",
        "verdict": "verdict",
    },
    "ends": {"value": ("least", "most")},
    "digits": {"value": ".3g"},
}
"""How `judged` is shown."""
