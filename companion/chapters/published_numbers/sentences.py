"""The computed sentences of the chapter: each takes what was measured, and returns Markdown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd
from scipy import stats

from companion import study
from companion.chapters.published_numbers.results import Budget
from companion.chapters.published_numbers.tables import gap_between_groups, nelbo_by_target
from companion.evidence import style
from diffcore.published import GUARD, NATS_PER_CODE_UNIT

CLEARLY = 3
"""Standard errors above its floor at which a published value is clearly above."""


def code_units() -> str:
    """What the guard is, and what the code's values are in nats and bits."""
    return (
        f"The guard is $g = {GUARD:g}$. Values are in *code units*: the code averages over "
        r"dimensions, leaves out the $\frac12$ of the bound and the $\pi$ of $\mathrm{SNR}'(t)$, "
        r"and leaves out the prior and reconstruction terms. One code unit is $\pi/2 = "
        f"{NATS_PER_CODE_UNIT:.4f}$ nats per dimension, or {NATS_PER_CODE_UNIT / math.log(2):.3f} "
        "bits per dimension."
    )


def score_coefficient(zero: Mapping[str, float], losses: pd.DataFrame) -> str:
    """Which coefficient of the score made the published numbers.

    Args:
        zero: as :func:`companion.chapters.published_numbers.controls.untrained_score` returns it.
        losses: the study's saved losses.
    """
    first = losses[(losses["objective"] == "nelbo") & (losses["target"] == "score")]["initial"]
    return (
        rf"A network that returns zero scores {zero['published']:.2f} with $\sigma/(\alpha + g)$ "
        rf"and {zero['head']:.2f} with $\sigma^2$. The study's untrained networks scored "
        f"{first.min():.2f} to {first.max():.2f}."
    )


def monotone(never_rise: Sequence[str]) -> str:
    """Which of the four objectives are weighted sums of bounds.

    Args:
        never_rise: the targets whose effective weight never rises with the log-SNR.
    """
    rise = [name for name in study.TARGETS if name not in never_rise]
    return (
        "So the four published NELBOs are four different objectives. The weights of "
        f"{_listed(never_rise)} never rise with $\\lambda$, so these are weighted sums of improved "
        f"bounds ([](04_four_targets)); those of {_listed(rise)} do, and are not."
    )


def _listed(targets: Sequence[str]) -> str:
    return " and ".join(style.SYMBOLS[name] for name in targets)


def share_of_the_gap(floors: pd.DataFrame, budget: Budget) -> str:
    """How much of the gap between the two groups the perfect denoiser shows, and how sure its floors are.

    Args:
        floors: as :func:`companion.chapters.published_numbers.results.against_published` returns it.
        budget: that the floors were computed with.
    """
    share = gap_between_groups(floors, "floor") / gap_between_groups(floors, "published")
    worst = (floors["floor_error"] / floors["floor"]).max()
    check = ((floors["monte_carlo"] - floors["floor"]) / floors["monte_carlo_error"]).abs().max()
    return (
        f"The perfect denoiser shows {share.min():.0%} to {share.max():.0%} of the published gap "
        f"between the two groups. The largest relative standard error of a floor is {worst:.2%}. "
        f"Plain Monte Carlo, {budget.monte_carlo:,} points and the code's own estimator, differs "
        f"from the floors by at most {check:.1f} of its standard errors in {len(floors)} "
        "comparisons (eight on each data set share their draws)."
    )


def how_close(floors: pd.DataFrame) -> str:
    """Which published values lie below their floor, and which clearly above."""
    below, clear = floors[floors["excess"] < 0], floors[floors["excess_in_se"] > CLEARLY]
    last20 = floors["excess_last20"] / floors["floor"]
    return (
        f"**Below its floor:** {len(below)} of {len(floors)} values, in standard errors: "
        f"{_named(below, 'excess_in_se') or 'none'}. A floor holds for endless test data; a "
        "finite test can fall below it by chance.\n\n"
        f"**In the mean of the last 20 epochs:** {int((floors['excess_last20'] < 0).sum())} of "
        f"{len(floors)} values are below their floor, and the excess is {last20.min():.1%} to "
        f"{last20.max():.1%}.\n\n"
        f"**More than {CLEARLY} standard errors above:** {len(clear)} values, in percent: "
        f"{_named(clear, 'excess_percent') or 'none'}. Of so many, "
        f"{len(floors) * stats.norm.sf(CLEARLY):.1g} would be expected by chance if errors were normal."
    )


def _named(rows: pd.DataFrame, column: str) -> str:
    return "; ".join(
        f"{study.TITLES[row.dataset]} {row.objective} {row.target} ({getattr(row, column):+.1f})"
        for row in rows.itertuples()
    )


def excess_by_target(floors: pd.DataFrame) -> str:
    """How far above the floor the published NELBOs of each target are."""
    excess = nelbo_by_target(floors)["excess_percent"].agg(["min", "max"])
    return (
        "Excess of the NELBO over the floor, across data sets: "
        + "; ".join(
            f"{style.SYMBOLS[name]} {excess.loc['min', name]:.1f} to {excess.loc['max', name]:.1f} %"
            for name in study.TARGETS
        )
        + ". These too must not be ranked: each guard weighs the noise levels differently, so an "
        "error at one level counts in one loss and not in another."
    )


def held_out(split: Mapping[str, float], shared: float, points: int) -> str:
    """What the study's test points are, and what that does to a standard error.

    Args:
        split: as :func:`companion.chapters.published_numbers.resolution.published_split` returns it.
        shared: as :func:`companion.chapters.published_numbers.resolution.shared_by_copies` returns it.
        points: that ``shared`` was measured with.
    """
    widening = math.sqrt(1 + (split["test_pairs"] - 1) * shared)
    return (
        f"{split['distinct']:.0%} of the rows survive, and {split['test_in_train']:.0%} of the "
        "test rows are in the training set as well, so the test split is not held out. "
        f"{1 - split['test_distinct']:.0%} of its rows are copies of another. Each copy is "
        "measured with a time and a noise of its own; what copies share is the point. For the perfect "
        "denoiser the largest correlation of two losses of one point, over all losses and data sets, "
        f"is {shared:.2f} ± {points**-0.5:.2f}. The standard errors above take test points as "
        "independent: where the draws decide, they are too small, by a factor of up to "
        f"{widening:.2f}. The floors are for endless data."
    )


def slope_per_decade(truncation: pd.DataFrame) -> str:
    """The proved growth of the unguarded NELBO per decade of t_min, beside the measured one.

    Args:
        truncation: as :func:`companion.chapters.published_numbers.controls.truncation` returns it.
    """
    slopes = truncation[[f"slope_{name}" for name in study.DATASETS]].iloc[-1]
    return (
        rf"Proved (clusters, roll): $\frac{{2}}{{\pi}} \ln 10 = {2 / math.pi * math.log(10):.4f}$ "
        f"per decade. Measured in the last decade: {slopes.min():.4f} to {slopes.max():.4f}. So a "
        "published NELBO has no value apart from its guard."
    )


def within_noise(noise: pd.DataFrame) -> str:
    """How many of the study's printed distances exact samples would show as well, and how it sampled.

    Args:
        noise: as :func:`companion.chapters.published_numbers.resolution.moment_noise` returns it.
    """
    printed = study.moments().merge(noise, on="dataset")
    inside = {
        target: int((rows["mean_distance"] <= rows["mean_95"]).sum())
        + int((rows["cov_distance"] <= rows["cov_95"]).sum())
        for target, rows in printed.groupby("target")
    }
    return (
        "Of the 16 printed distances of each target, so many are within what exact samples would show: "
        + ", ".join(f"{style.SYMBOLS[name]} {inside[name]}" for name in study.TARGETS)
        + ". And the study does not draw all samples alike: "
        + ", ".join(f"{style.SYMBOLS[name]} {study.SAMPLERS[name]}" for name in study.TARGETS)
        + ". A difference between two targets may so be one of samplers; [](99_verdicts) counts "
        "such a comparison as undecided."
    )
