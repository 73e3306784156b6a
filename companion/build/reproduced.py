"""The page *Reproduced here*: how well this build agrees with the results of record, where, and how fast."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from companion import notebooks
from companion.build import records, results
from companion.evidence.compare import ROUNDING, Comparison, Outcome

PAGE = "reproduced.md"
PACKAGES = ("torch", "numpy", "scipy", "sympy", "mpmath", "matplotlib", "pandas", "jupyter-book")

INTRO = f"""\
# Reproduced here

Every figure and table of this book is kept once as a *result of record*, in `figures/`. This page is
written by the build itself: it compares what was just made with the record. Tables are compared number by
number, figures by the numbers that they draw. A difference is relative to the larger of the two numbers;
the largest one is shown beside the tolerance that the figure or table states. Some state an absolute
tolerance as well: differences up to it are not counted. Nor is rounding, a difference of at most
{ROUNDING:.0e}, by itself or beside the largest number of its column. On the machine of the record all are 0.
"""


def page(profile: str) -> str:
    """The page, as MyST Markdown."""
    parts = [INTRO]
    if profile == results.PROFILE:
        found = results.compared()
        parts += [_summary(found), _table(found)]
    else:
        parts.append(
            f"The record is of the profile `{results.PROFILE}`. This book was built under `{profile}`, "
            "with other budgets, so there is nothing to compare.\n"
        )
    return "\n".join([*parts, _where(profile)])


def complaints(profile: str) -> list[str]:
    """What the build does not reproduce, a line for each; empty under other profiles than the record's."""
    if profile != results.PROFILE:
        return []
    return [c.words for c in results.compared() if not c.outcome.agrees]


def _summary(found: list[Comparison]) -> str:
    count = {outcome: sum(c.outcome is outcome for c in found) for outcome in Outcome}
    words = ", ".join(f"{n} {outcome}" for outcome, n in count.items() if n)
    agree = sum(c.outcome.agrees for c in found)
    return f"**{agree} of {len(found)} reproduced**: {words}.\n"


def _table(found: list[Comparison]) -> str:
    rows = [
        {
            "name": f"`{c.name}`",
            "kind": c.entry["kind"],
            "made by": f"[](./{c.entry['notebook']})",
            "outcome": str(c.outcome) if c.outcome.agrees else f"**{c.outcome}**",
            "difference": _size(c),
            "tolerance": c.tolerated,
        }
        for c in found
    ]
    return pd.DataFrame(rows).to_markdown(index=False, disable_numparse=True) + "\n"


def _size(found: Comparison) -> str:
    """The largest relative difference, in words where digits differ and no difference counts."""
    if np.isnan(found.difference):
        return "–"
    if found.difference:
        return f"{found.difference:.0e}"
    return "none counted" if found.outcome is Outcome.WITHIN else "0"


def _where(profile: str) -> str:
    taken = records.seconds(profile)
    lines = [
        f"| [](./{name}) | {taken[name]:.0f} s |" for name in notebooks.names() if name in taken
    ]
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return "\n".join(
        [
            "## Where and how fast",
            "",
            f"{_processor()}, {os.cpu_count()} cores; {platform.system()} {platform.machine()}, "
            f"Python {platform.python_version()}; {packages}. Profile `{profile}`.",
            "",
            "| notebook | executed in |",
            "| :-- | --: |",
            *lines,
            "",
        ]
    )


def _processor() -> str:
    """The processor's name, where the system tells it."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
