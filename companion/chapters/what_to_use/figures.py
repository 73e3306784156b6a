"""The figure of the chapter "What to use": every candidate against the least, on both axes."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from companion.chapters.what_to_use.families import LIKELIHOOD, SAMPLES, TARGET, WEIGHTING
from companion.chapters.what_to_use.results import written
from companion.chapters.what_to_use.rules import Status
from companion.evidence import style
from companion.evidence.intervals import CONFIDENCE

TITLES = {LIKELIHOOD: "likelihood", SAMPLES: "samples, sliced $W_2$"}
MARKERS = ("o", "s", "D", "^", "v")


def candidates(found: pd.DataFrame) -> Figure:
    """Factors over the least of each family, with intervals: filled where nothing is told to be better.

    Args:
        found: as :func:`companion.chapters.what_to_use.results.evidence` returns it.
    """
    shown = _shown(found)
    places = list(dict.fromkeys(shown["seen"]))
    names = {
        c: list(dict.fromkeys(shown.loc[shown["choice"] == c, "candidate"]))
        for c in (TARGET, WEIGHTING)
    }
    heights = [len(of) for of in names.values()]
    figure, axes = plt.subplots(
        2, 2, figsize=(style.WIDTH, 1.6 + 0.36 * sum(heights)), height_ratios=heights, sharex=True
    )
    for row, (choice, of) in zip(axes, names.items(), strict=True):
        for axis, goal in zip(row, TITLES, strict=True):
            block = shown[(shown["goal"] == goal) & (shown["choice"] == choice)]
            for one in block.itertuples():
                i = places.index(str(one.seen))
                used = one.status == Status.USE
                axis.errorbar(
                    one.over,
                    len(of) - 1 - of.index(one.candidate) - 0.5 * (i + 0.5) / len(places) + 0.25,
                    xerr=[[one.over - one.over_least], [one.over_most - one.over]],
                    color=style.OKABE_ITO[i],
                    marker=MARKERS[i],
                    markersize=4.5,
                    markerfacecolor=style.OKABE_ITO[i] if used else "white",
                    elinewidth=1,
                )
            axis.axvline(1, color="#000000", linewidth=1)
            axis.set_xscale("log")
            axis.xaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
            axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axis.xaxis.set_minor_formatter(NullFormatter())
            axis.set_ylim(-0.6, len(of) - 0.4)
            labels = [written(choice, name) for name in reversed(of)]
            axis.set_yticks(range(len(of)), labels if goal == LIKELIHOOD else [""] * len(of))
    for axis, title in zip(axes[0], TITLES.values(), strict=True):
        axis.set_title(title)
    axes[0, 0].set_ylabel("target")
    axes[1, 0].set_ylabel("weighting")
    handles = [
        Line2D([], [], color=style.OKABE_ITO[i], marker=MARKERS[i], linestyle="none", label=name)
        for i, name in enumerate(places)
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=len(places))
    figure.supxlabel("factor over the least of the data set", fontsize=10)
    return figure


def _shown(found: pd.DataFrame) -> pd.DataFrame:
    return found[found["goal"].isin([*TITLES]) & found["choice"].isin([TARGET, WEIGHTING])]


def candidates_shown(found: pd.DataFrame, seeds: int, images: int) -> dict[str, Any]:
    """Caption and alt text of `candidates`.

    Args:
        found: as there.
        seeds: of each network on the 2-D data.
        images: seeds of each network on digits.
    """
    shown = _shown(found)
    words = "; ".join(
        f"{goal}, {choice}, {seen}: "
        + ", ".join(
            f"{r.candidate} {r.over:.2g} ({r.over_least:.2g} to {r.over_most:.2g}, {r.status})"
            for r in block.itertuples()
        )
        for (goal, choice, seen), block in shown.groupby(["goal", "choice", "seen"], sort=False)
    )
    return {
        "caption": "Targets of networks under the bound, and weightings of networks of $v$: each over the "
        f"least of its data set, with the {CONFIDENCE:.0%} interval of this factor alone. Filled: no other "
        "is told to be better, all pairs of a data set together. White: one is. "
        "Likelihood: excess in nats, of digits bits per pixel. Samples: distance from those of the "
        f"exact denoiser. Geometric means of {seeds} seeds, of digits {images}.",
        "alt": "Four panels of points with intervals on logarithmic axes, a line at one: targets above, "
        f"weightings below, likelihood on the left, samples on the right. {words}.",
    }
