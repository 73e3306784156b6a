"""Captions and alt texts of the figures of the chapter: what they show, in words."""

from __future__ import annotations

from typing import Any

import pandas as pd

from companion import study
from companion.chapters.data_sets.figures import BAR_TITLES, LOOKS, nats
from companion.chapters.data_sets.measures import Array
from companion.chapters.data_sets.results import Budget
from companion.chapters.data_sets.schedules import SCHEDULES


def points(drawn: dict[str, Array]) -> dict[str, Any]:
    """Of the data sets."""
    count = len(next(iter(drawn.values())))
    return {
        "caption": f"The four data sets, {count:,} points each, standardised (seed 0).",
        "alt": "Four panels of points: four round clusters at the corners of a square; two rings that "
        "overlap; a spiral; two parallel sine waves of three turns.",
        "n": count,
        "seeds": [0],
    }


def forward(divergence: dict[tuple[str, float], float], count: int) -> dict[str, Any]:
    """Of the noisy data."""
    words = "; ".join(
        f"{study.TITLES[name]}: "
        + ", ".join(nats(value) for (other, _), value in divergence.items() if other == name)
        for name in LOOKS
    )
    return {
        "caption": f"The data with noise, {count:,} points a panel, the same data in a row (seeds 0 to 3). "
        "Below each: the divergence of the exact distribution from $\\N(0, I)$, nats.",
        "alt": "Twenty panels, a row for each data set and a column for each of five times. The shapes blur "
        f"and at the last time all are round. Divergence by time, nats. {words}.",
        "n": count,
        "seeds": [0, 1, 2, 3],
    }


def rates(table: pd.DataFrame, budget: Budget) -> dict[str, Any]:
    """Of the exact rates."""
    tops = []
    for name, rows in table.groupby("dataset", sort=False):
        level, time = (rows.loc[rows[c].idxmax()] for c in ("structure", "in_time"))
        tops.append(
            f"{study.TITLES[str(name)]} {level['structure']:.2f} at log-SNR {level['log_snr']:g}, "
            f"{time['in_time']:.2g} at time {time['t']:.2g}"
        )
    return {
        "caption": "How fast noise destroys the data, exactly. Top: nats about the data that a unit of "
        "log-SNR takes; the line is $\\N(0, I)$'s. Middle: what it takes from the divergence from "
        "$\\N(0, I)$, the distance between that line and a curve. Bottom: the same for a unit of the "
        "study's time.",
        "alt": "Three panels of four curves. In the top one all rise from 0 to 1 below a reference line. The "
        f"largest values of the other two, in nats per unit: {'; '.join(tops)}.",
        "n": budget.sobol[0] * budget.sobol[1],
        "seeds": [0],
    }


def distances(exactly: pd.DataFrame, samples: pd.DataFrame, budget: Budget) -> dict[str, Any]:
    """Of the Hellinger distances."""
    clean = exactly[exactly["number"] == 0].set_index("dataset")
    own = samples[samples["measure"] == "hellinger"]
    study_clean = own[own["number"] == 0].groupby("dataset")["distance"].mean()
    late = own[own["number"] == own["number"].max()]["distance"].mean()
    words = "; ".join(
        f"{study.TITLES[name]} joint {clean.loc[name, 'joint']:.2f}, shuffled "
        f"{clean.loc[name, 'shuffled']:.2f}, pooled {clean.loc[name, 'hellinger']:.2f}, by histograms "
        f"{study_clean[name]:.2f}"
        for name in LOOKS
    )
    return {
        "caption": "Hellinger distance from noise against time. Lines: exact, of the joint density, of the "
        "data with their coordinates shuffled, and of the pooled coordinates. Points: the study's, by "
        f"histograms, mean of {budget.draws} draws of {budget.points:,} points.",
        "alt": f"Four panels, a data set each, of falling curves. At time 0: {words}. At time 1 exactly 0, "
        f"by histograms {late:.3f}.",
        "n": budget.points,
        "seeds": [0],
    }


def bars(table: pd.DataFrame, budget: Budget) -> dict[str, Any]:
    """Of the bars."""
    parts = []
    for measure, title in BAR_TITLES.items():
        rows = table[table["measure"] == measure]
        rows = rows[rows["draw"] >= 0] if measure != "joint" else rows
        first = rows[rows["range"] == 0].groupby("dataset")["bar"].mean()
        values = ", ".join(f"{study.TITLES[name]} {first[name]:.4f}" for name in LOOKS)
        parts.append(f"{title}: {values}")
    return {
        "caption": 'The study\'s "rates of corruption" by range of time: means of its bars over '
        f"{budget.draws} draws of {budget.points:,} points (thin lines: their standard deviation), and what "
        "the bars of the distributions themselves are (black). Last panel: the same bars of the exact "
        "Hellinger distance between the joint density and noise. The sliced bars are changes from one "
        "of ten times to the next, not divided by ten.",
        "alt": f"Four panels of grouped bars over ranges of time. In the first range: {'; '.join(parts)}.",
        "n": budget.points,
        "seeds": [0],
    }


def entropies(known: pd.DataFrame, estimates: pd.DataFrame, budget: Budget) -> dict[str, Any]:
    """Of the entropies."""
    exactly = known.set_index("dataset")["entropy"]
    mean = estimates.groupby(["dataset", "components"])["estimate"].mean()
    words = "; ".join(
        f"{study.TITLES[name]} {exactly[name]:.2f}, {mean[name, 5]:.2f}, {mean[name, 50]:.2f}"
        for name in LOOKS
    )
    return {
        "caption": "Differential entropy of the data sets, nats: exact, and by the study's estimate with 5 "
        f"and with 50 Gaussians, a mark for each draw of {budget.fitted:,} points.",
        "alt": f"Lines and marks for four data sets. Exact, 5 and 50 Gaussians: {words}.",
        "n": budget.fitted,
        "seeds": [0],
        "tolerance": 1e-3,
    }


def schedules() -> dict[str, Any]:
    """Of the schedules."""
    return {
        "caption": "The log-SNR against time of the three schedules of the study's figure and of its own, "
        "within the limits of its axis.",
        "alt": f"Four falling curves: {', '.join(SCHEDULES)}. The cosines lie on each other but near the "
        "data, where the one with an offset stays lower; the exploding one is a straight line.",
    }
