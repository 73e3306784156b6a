"""What the paired tests tell, in words: question by question, case by case."""

from __future__ import annotations

import pandas as pd

from companion import study
from companion.evidence import paired, style
from companion.evidence.claims import Verdict
from companion.runs.plane import OWN_OF, TARGETS


def counted(tests: pd.DataFrame, question: str, column: str, above: str, below: str) -> str:
    """How many cases of a question are told, and which way; for each data set the cases by name."""
    rows = tests[(tests["question"] == question) & (tests["column"] == column)]
    words = []
    for name, block in rows.groupby("dataset", sort=False):
        told = paired.told(block, above, below, case_words)
        words.append(f"{study.TITLES[str(name)]}. {told}")
    return " ".join(words)


def case_words(case: object) -> str:
    """A case of a test, as a reader knows it."""
    first, _, second = str(case).partition("/")
    if first in TARGETS:
        if not second:
            return style.SYMBOLS[first]
        own = second in ("own", OWN_OF[first])
        return f"{style.SYMBOLS[first]} {'own' if own else second}"
    return style.WEIGHTINGS.get(first, first)


QUESTIONS = {
    ("own error", "excess"): (
        "**The own squared error or the bound: likelihood.**",
        "more excess under the own error",
        "less",
    ),
    ("own error", "sliced"): (
        "**The same, in samples.**",
        "worse samples under the own error",
        "better",
    ),
    ("weightings", "excess"): (
        "**Other weightings of $v$: likelihood.**",
        "more excess than under the bound",
        "less",
    ),
    ("weightings", "sliced"): (
        "**The same, in samples.**",
        "worse samples than under the bound",
        "better",
    ),
    ("unsteady", "fluctuation"): (
        "**Is training steadier under the own error?** Fluctuation of the loss.",
        "larger under the own error",
        "smaller",
    ),
    ("slower", "excess"): (
        "**And faster?** What a quarter of the steps leaves to be learnt.",
        "more under the own error",
        "less",
    ),
    ("v in samples", "covariance"): (
        "**Has $v$ the best moments?** Covariance distance over that of $v$.",
        "farther than $v$",
        "nearer",
    ),
}
"""Questions of the tests: how each is asked, and the words for a factor above 1 and below."""


def answers(tests: pd.DataFrame) -> str:
    """What the tests tell, question by question, with the factors."""
    parts = [
        f"{asked} {counted(tests, *key, above, below)}"
        for key, (asked, above, below) in QUESTIONS.items()
    ]
    return "\n\n".join(parts)


def few_steps(tests: pd.DataFrame, after: pd.DataFrame) -> str:
    """Samples of eps and of v after few steps: the ratio of their distances, and what is off.

    Args:
        tests: all tests.
        after: samples after few steps.
    """
    rows = tests[tests["question"] == "few steps"]
    words = []
    for name, block in rows.groupby("dataset", sort=False):
        listed = ", ".join(
            f"{r.value:.2g} after {r.case}{' (not told)' if r.verdict == Verdict.UNDECIDED else ''}"
            for r in block.itertuples()
        )
        words.append(f"{study.TITLES[str(name)]} {listed}")
    off = after.groupby(["dataset", "target", "steps"], sort=False)["off"].mean()
    shares = "; ".join(
        f"{study.TITLES[str(name)]}, {style.SYMBOLS[str(target)]} "
        + ", ".join(f"{share:.0%} after {n}" for n, share in zip(steps, block, strict=True))
        for (name, target), block in off.groupby(level=["dataset", "target"], sort=False)
        for steps in [block.index.get_level_values("steps")]
    )
    return (
        "Sliced distance to exact samples, networks of $\\epsilon$ over networks of $v$, all seeds: "
        f"{'; '.join(words)} steps. That is one measure of structure. Another, added when the figure had "
        "been seen, and judged by no rule: the share of samples that are off, beyond "
        f"that of the exact denoiser in many steps: {shares} steps."
    )


def two_losses(losses: pd.DataFrame, guard: float) -> str:
    """What to see in the table of the two losses."""
    row = losses.set_index("target")

    def ratio(column: str) -> float:
        return float(row.loc["eps", column] / row.loc["x", column])

    return (
        f"With the guard {guard:g}, $\\epsilon$ over $x$: NELBO {ratio('nelbo'):.3g} for the networks and "
        f"{ratio('perfect_nelbo'):.3g} for the one exact denoiser; rescaled {ratio('rescaled'):.3g} and "
        f"{ratio('perfect_rescaled'):.3g}."
    )
