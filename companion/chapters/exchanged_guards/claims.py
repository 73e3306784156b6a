"""Claims on networks that we trained ourselves: every target under every guard, and under none."""

from __future__ import annotations

import pandas as pd

from companion.chapters.exchanged_guards.grid import NONE, TARGETS
from companion.chapters.exchanged_guards.results import gaps
from companion.evidence.claims import Claim, Decision, Tables, Verdict, exceeds, students_t

CONFIDENCE = 0.95
"""Of all intervals of a claim on a data set together (Bonferroni)."""


def decided(differences: list[pd.Series]) -> tuple[list[Verdict], pd.DataFrame]:
    """Whether each paired difference is above zero, over seeds; and columns mean and reach of each, nats."""
    confidence = 1 - (1 - CONFIDENCE) / len(differences)
    verdicts, rows = [], []
    for gap in differences:
        mean = gap.mean()
        reach = students_t(len(gap), confidence) * gap.std(ddof=1) / len(gap) ** 0.5
        verdicts.append(exceeds(mean, reach))
        rows.append({"mean": mean, "reach": reach})
    return verdicts, pd.DataFrame(rows)


def _each(
    tables: Tables, pairs: list[tuple[dict[str, str], dict[str, str]]], labels: list[str]
) -> Decision:
    networks = tables["exchanged_networks"]
    cases, words = [], []
    for name, rows in networks.groupby("dataset", sort=False):
        verdicts, found = decided([gaps(rows, *pair) for pair in pairs])
        cases += verdicts
        listed = ", ".join(
            f"{label} {mean:+.3f} ± {reach:.3f}"
            for label, mean, reach in zip(labels, found["mean"], found["reach"], strict=True)
        )
        words.append(f"{name}: {listed}")
    seeds = networks["seed"].nunique()
    return Decision(
        f"nats (mean ± reach of the interval, {seeds} seeds): {'; '.join(words)}", cases
    )


def x_best_under_one_weight(tables: Tables) -> Decision:
    """Excess of each other target above that of x, all trained without a guard."""
    others = [target for target in TARGETS if target != "x"]
    pairs = [
        ({"target": "x", "weight": NONE}, {"target": other, "weight": NONE}) for other in others
    ]
    return _each(tables, pairs, others)


def own_guard_costs(tables: Tables) -> Decision:
    """Excess of each target's networks under their own guard above that without."""
    pairs = [
        ({"target": target, "weight": NONE}, {"target": target, "weight": target})
        for target in TARGETS
    ]
    return _each(tables, pairs, list(TARGETS))


RULE = (
    f"holds or does not hold if zero is outside the interval of the mean paired difference over seeds "
    f"(Student's t, {CONFIDENCE:.0%} for all cases of a data set together, Bonferroni), undecided if inside"
)

CLAIMS: tuple[Claim, ...] = (
    Claim(
        name="x-best-without-guards",
        statement="Trained on one unguarded bound, all else equal, small networks that predict $x$ have "
        "the best likelihood in 2-D.",
        stated="nobody: the study, sections 4.2 and 4.3 (public summaries), says of its own losses that "
        "$x$ is best; this is the same comparison without guards, on networks of ours",
        measure="Nats above the exact floor, between log-SNRs of -12 and 12, of each other target less "
        "that of $x$; paired by seed, which decides weights, batches and noise.",
        threshold=RULE,
        tables=("exchanged_networks",),
        decide=x_best_under_one_weight,
    ),
    Claim(
        name="own-guard-costs",
        statement="Training on a published NELBO costs likelihood, against the same network trained on the "
        "same bound without the guard.",
        stated="nobody: a question that the chapter on the study's networks leaves open",
        measure="Nats above the exact floor, of networks trained under their own target's guard less that "
        "without a guard; each target; paired by seed.",
        threshold=RULE,
        tables=("exchanged_networks",),
        decide=own_guard_costs,
    ),
)
