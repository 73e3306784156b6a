"""Claims on networks that we trained ourselves: every target under every guard, and under none.

Each question is judged by two rules. The first, in nats at |lambda| < 12, was fixed before any network was
trained. Its verdict on x under its own guard was *undecided* although all seeds agreed, since excesses
that differ by factors have no common spread in nats. The second, on the logarithm of ratios and in both of
`RANGES`, was written when those networks were known. So it is judged on others: `grid.fresh` seeds, whose
number was fixed here and committed before one of them was trained.
"""

from __future__ import annotations

import pandas as pd

from companion.chapters.exchanged_guards.grid import NONE, TARGETS, datasets
from companion.chapters.exchanged_guards.pairs import (
    RANGES,
    Cell,
    as_factor,
    gaps,
    interval,
    log_ratios,
)
from companion.evidence.claims import Claim, Decision, Tables, Verdict, exceeds
from companion.profiles import PAPER, STANDARD

CONFIDENCE = 0.95
"""Of all intervals of a claim on a data set together (Bonferroni)."""

Pairs = dict[str, tuple[Cell, Cell]]
"""What is compared, by a label: does the second cell have more excess than the first?"""

BEST: Pairs = {other: (("x", NONE), (other, NONE)) for other in TARGETS if other != "x"}
"""Each other target against x, all trained without a guard."""

OWN: Pairs = {target: ((target, NONE), (target, target)) for target in TARGETS}
"""Each target's networks under their own guard, against those without."""


def decided(differences: list[pd.Series], cases: int) -> tuple[list[Verdict], pd.DataFrame]:
    """Whether each paired difference is above zero, over seeds; and columns mean and reach of each.

    Args:
        differences: by seed.
        cases: how many intervals hold together.
    """
    found = [interval(difference, CONFIDENCE, cases) for difference in differences]
    return [exceeds(*one) for one in found], pd.DataFrame(found)


def in_nats(tables: Tables, pairs: Pairs) -> Decision:
    """The first rule."""
    networks = tables["exchanged_networks"]
    cases, words = [], []
    for name, rows in networks.groupby("dataset", sort=False):
        verdicts, found = decided([gaps(rows, *pair) for pair in pairs.values()], len(pairs))
        cases += verdicts
        listed = ", ".join(
            f"{label} {mean:+.3f} ± {reach:.3f}"
            for label, mean, reach in zip(pairs, found["mean"], found["reach"], strict=True)
        )
        words.append(f"{name}: {listed}")
    seeds = networks["seed"].nunique()
    return Decision(
        f"nats (mean ± reach of the interval, {seeds} seeds): {'; '.join(words)}", cases
    )


def by_ratio(tables: Tables, pairs: Pairs, column: str) -> Decision:
    """The second rule, in one of `RANGES`."""
    networks = tables["exchanged_fresh"]
    cases, words = [], []
    for name, rows in networks.groupby("dataset", sort=False):
        logs = [log_ratios(rows, *pair, column) for pair in pairs.values()]
        found = [interval(log, CONFIDENCE, len(pairs) * len(RANGES)) for log in logs]
        cases += [exceeds(*one) for one in found]
        listed = ", ".join(
            f"{label} {as_factor(one)}" for label, one in zip(pairs, found, strict=True)
        )
        words.append(f"{name}: {listed}")
    seeds = networks["seed"].nunique()
    return Decision(f"factors (interval, {seeds} new seeds): {'; '.join(words)}", cases)


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

DATA = (
    f"(data: {', '.join(datasets(STANDARD))}; in the profile {PAPER}: {', '.join(datasets(PAPER))})"
)

BEST_STATED = (
    "nobody: the study, sections 4.2 and 4.3 (public summaries), says of its own losses that "
    "$x$ is best; this is the same comparison without guards, on networks of ours"
)

OWN_STATED = "nobody: a question that the chapter on the study's networks leaves open"


def best_statement(end: float) -> str:
    """That x is nearest to the floor, between two log-SNRs."""
    return (
        "Trained on one unguarded bound, all else equal, small networks that predict $x$ have the least "
        f"excess of the bound over the exact floor between log-SNRs of {-end:g} and {end:g} {DATA}."
    )


def own_statement(end: float) -> str:
    """That a guard costs, between two log-SNRs."""
    return (
        "Training on a published NELBO, guard included, leaves more excess of the bound between log-SNRs of "
        f"{-end:g} and {end:g} than training the same network on the same bound without the guard {DATA}."
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
        statement=best_statement(RANGES["excess"]),
        stated=BEST_STATED,
        measure=BEST_MEASURE + NATS,
        threshold=RULE,
        tables=("exchanged_networks",),
        decide=lambda tables: in_nats(tables, BEST),
    ),
    Claim(
        name="x-best-without-guards-by-ratio",
        statement=best_statement(RANGES["excess"]),
        stated=BEST_STATED,
        measure=BEST_MEASURE + RATIO,
        threshold=RATIO_RULE,
        tables=("exchanged_fresh",),
        decide=lambda tables: by_ratio(tables, BEST, "excess"),
    ),
    Claim(
        name="x-best-without-guards-inside",
        statement=best_statement(RANGES["inside"]),
        stated=BEST_STATED,
        measure=BEST_MEASURE + RATIO,
        threshold=RATIO_RULE,
        tables=("exchanged_fresh",),
        decide=lambda tables: by_ratio(tables, BEST, "inside"),
    ),
    Claim(
        name="own-guard-costs",
        statement=own_statement(RANGES["excess"]),
        stated=OWN_STATED,
        measure=OWN_MEASURE + NATS,
        threshold=RULE,
        tables=("exchanged_networks",),
        decide=lambda tables: in_nats(tables, OWN),
    ),
    Claim(
        name="own-guard-costs-by-ratio",
        statement=own_statement(RANGES["excess"]),
        stated=OWN_STATED,
        measure=OWN_MEASURE + RATIO,
        threshold=RATIO_RULE,
        tables=("exchanged_fresh",),
        decide=lambda tables: by_ratio(tables, OWN, "excess"),
    ),
    Claim(
        name="own-guard-costs-inside",
        statement=own_statement(RANGES["inside"]),
        stated=OWN_STATED,
        measure=OWN_MEASURE + RATIO,
        threshold=RATIO_RULE,
        tables=("exchanged_fresh",),
        decide=lambda tables: by_ratio(tables, OWN, "inside"),
    ),
)
