"""The figure of the chapter's paired tests: factors with their intervals, question by question."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from companion import study
from companion.chapters.equal_footing.answers import case_words
from companion.chapters.equal_footing.figures import plain_ticks
from companion.evidence import style
from companion.evidence.claims import Verdict

PANELS = {
    ("own error", "excess"): "excess,\nown error over bound",
    ("own error", "sliced"): "sliced $W_2$,\nown error over bound",
    ("slower", "excess"): "left to learn at a quarter,\nown error over bound",
    ("unsteady", "fluctuation"): "fluctuation of the loss,\nown error over bound",
    ("weightings", "excess"): "excess of $v$,\nweighting over bound",
    ("weightings", "sliced"): "sliced $W_2$ of $v$,\nweighting over bound",
}
"""Questions of the tests that are drawn, and their titles."""


def of_tests(tests: pd.DataFrame) -> Figure:
    """Factors with their intervals: a panel a question, a row a case; filled where a factor is told.

    Args:
        tests: as :func:`companion.chapters.equal_footing.comparisons.every_test` returns it.
    """
    names = list(dict.fromkeys(tests["dataset"]))
    cases = {key: _cases(tests, key) for key in PANELS}
    heights = [max(len(cases[key]) for key in list(cases)[i : i + 2]) for i in (0, 2, 4)]
    figure, axes = plt.subplots(
        3, 2, figsize=(style.WIDTH, 3.0 + 0.28 * sum(heights)), height_ratios=heights
    )
    for number, (axis, (key, title)) in enumerate(zip(axes.flat, PANELS.items(), strict=True)):
        for i, name in enumerate(names):
            rows = _rows(tests, key)
            rows = rows[rows["dataset"] == name]
            offset = 0.5 * (i + 0.5) / len(names) - 0.25
            for row in rows.itertuples():
                told = row.verdict != Verdict.UNDECIDED
                axis.errorbar(
                    row.value,
                    len(cases[key]) - 1 - cases[key].index(row.case) - offset,
                    xerr=[[row.value - row.least], [row.most - row.value]],
                    color=style.OKABE_ITO[i],
                    marker=MARKERS[i],
                    markersize=4.5,
                    markerfacecolor=style.OKABE_ITO[i] if told else "white",
                    elinewidth=1,
                )
        axis.axvline(1, color="#000000", linewidth=1)
        axis.set_xscale("log")
        least, most = axis.get_xlim()
        plain_ticks(axis.xaxis, fine=most < FINE * least)
        axis.set_ylim(-0.6, len(cases[key]) - 0.4)
        labels = [case_words(case) for case in reversed(cases[key])]
        shared = key[0] == "weightings" and number % 2 == 1
        axis.set_yticks(range(len(labels)), [""] * len(labels) if shared else labels)
        axis.set_title(title, fontsize=9)
    handles = [
        Line2D(
            [], [], color=style.OKABE_ITO[i], marker=MARKERS[i], linestyle="none",
            label=study.TITLES[str(name)],
        )
        for i, name in enumerate(names)
    ]  # fmt: skip
    figure.legend(handles=handles, loc="outside upper center", ncols=len(names))
    figure.supxlabel("factor", fontsize=10)
    return figure


FINE = 100
"""An axis that reaches over less than this factor has ticks at 1, 2 and 5."""

MARKERS = ("o", "s", "^", "D")
"""Of the data sets."""


def _rows(tests: pd.DataFrame, key: tuple[str, str]) -> pd.DataFrame:
    return tests[(tests["question"] == key[0]) & (tests["column"] == key[1])]


def _cases(tests: pd.DataFrame, key: tuple[str, str]) -> list[str]:
    return list(dict.fromkeys(_rows(tests, key)["case"]))


def of_tests_shown(tests: pd.DataFrame) -> dict[str, Any]:
    """Caption and alt text of `of_tests`."""
    words = "; ".join(
        f"{' '.join(key)}: "
        + ", ".join(
            f"{row.dataset} {row.case} {row.value:.2g} ({row.least:.2g} to {row.most:.2g})"
            for row in _rows(tests, key).itertuples()
        )
        for key in PANELS
    )
    return {
        "caption": "Paired tests: factors and the 95 % interval of each alone. Filled: told from 1 with "
        "Holm's rule for all cases of a data set and question; white: not told. Right of the line is more: "
        "of excess, of distance, of what is left to learn, of fluctuation.",
        "alt": f"Six panels of points with intervals on logarithmic axes, a line at one. {words}.",
    }
