"""The computed sentences of the chapter on metrics."""

from __future__ import annotations

import math

import pandas as pd

from companion import study
from companion.chapters.metrics.figures import fraction
from companion.chapters.metrics.measures import LABELS, STUDY
from companion.chapters.metrics.results import SEEN
from companion.evidence import style
from companion.evidence.claims import STANDARD_ERRORS


def first_to_see(weak: pd.DataFrame) -> str:
    """Which metrics see each defect at the least strength.

    Args:
        weak: as :func:`companion.chapters.metrics.results.weakest` returns it.
    """
    words = []
    for name, block in weak.groupby("dataset", sort=False):
        told = []
        for defect, rows in block.groupby("defect", sort=False):
            least = rows["strength"].min()
            if pd.isna(least):
                told.append(f"*{defect}*: none")
                continue
            first = [LABELS[m] for m in rows["metric"][rows["strength"] == least]]
            told.append(f"*{defect}*, from {fraction(least)}: {', '.join(first)}")
        words.append(f"{study.TITLES[str(name)]}. {'; '.join(told)}.")
    return "Which metrics see a defect first.\n\n" + "\n\n".join(words)


def blind(weak: pd.DataFrame) -> str:
    """What the study's two distances see of the defects, and what they do not; argument as above."""
    words = []
    for name, block in weak.groupby("dataset", sort=False):
        of_study = (
            block[block["metric"].isin(STUDY)].groupby("defect", sort=False)["strength"].min()
        )
        unseen = [f"*{defect}*" for defect in of_study.index[of_study.isna()]]
        later = [
            f"*{defect}* ({fraction(of_study[defect])}, others {fraction(least)})"
            for defect, least in block.groupby("defect", sort=False)["strength"].min().items()
            if of_study[defect] > least
        ]
        words.append(
            f"On the {name} they do not see, at any strength tried: {', '.join(unseen) or 'none'}; "
            f"they see later than the best of the others: {', '.join(later) or 'none'}"
        )
    return f"The study's two distances are of the mean and of the covariance. {'. '.join(words)}."


def how_sure(sets: int) -> str:
    """How well the power is known by which a defect is seen, of so many defective sets."""
    error = math.sqrt(SEEN * (1 - SEEN) / sets)
    return (
        f"Every power is a share of {sets} sets: where it is {SEEN:.0%} its standard error is "
        f"{100 * error:.0f} points. A strength near its threshold may be a step off, and more where power "
        "rises slowly with strength."
    )


def printed(cells: pd.DataFrame) -> str:
    """In how many cells of the study's table v is best, and in how many of these it is above the floor.

    Args:
        cells: as :func:`companion.chapters.metrics.results.printed_cells` returns it.
    """
    best = cells[cells["best"] == "v"]
    beyond = (best["v"] - best["floor"]) / best["floor_error"]
    above, near = best[beyond > STANDARD_ERRORS], best[beyond.abs() <= STANDARD_ERRORS]
    rest = cells[cells["best"] != "v"]
    others = ", ".join(
        f"{row.dataset}, {row.objective}, {row.distance}: {style.SYMBOLS[row.best]}"
        for row in rest.itertuples()
    )
    return (
        f"Predicting $v$ is best in {len(best)} of the {len(cells)} printed cells (else: {others or 'none'})"
        f". In {len(best) - len(above) - len(near)} of the {len(best)} its distance is what exact samples "
        f"show as well: no better one could be told from it. Above, by more than {STANDARD_ERRORS:g} "
        f"standard errors of the floor: {_cells(above)}. Nearer than that to the floor: {_cells(near)}."
    )


def _cells(rows: pd.DataFrame) -> str:
    words = [
        f"{row.dataset}, {row.objective}, {row.distance} ({row.v:.4f}, exact samples {row.floor:.4f})"
        for row in rows.itertuples()
    ]
    return "; ".join(words) or "none"
