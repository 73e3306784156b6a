"""The computed sentences of the chapter "Weightings from the kernels"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from companion import study
from companion.chapters.weightings_from_kernels import rules, words
from companion.chapters.weightings_from_kernels.compared import LIMIT
from companion.chapters.weightings_from_kernels.fronts import Spread
from companion.chapters.weightings_from_kernels.grid import CATALOGUE
from companion.chapters.weightings_from_kernels.measured import KEPT, WORDS
from companion.chapters.weightings_from_kernels.results import AXES, weight
from companion.evidence.intervals import CONFIDENCE, POWER
from companion.profiles import STANDARD

FINE = np.linspace(-12, 12, 481)
"""Log-SNRs at which weightings are read."""


def overlap(first: np.ndarray, second: np.ndarray) -> float:
    """The share of two weightings, each made to sum to 1, that they have in common."""
    return float(np.minimum(first / first.sum(), second / second.sum()).sum())


def shapes(names: Sequence[str]) -> str:
    """Where each derived weighting has its weight, and which of the catalogue is nearest."""
    parts = []
    for name in names:
        known = {other: weight(name, other, FINE) for other in CATALOGUE}
        listed = []
        for derived in (n for n in rules.NAMES if n not in rules.TIMED):
            w = weight(name, derived, FINE)
            shares = {other: overlap(w, v) for other, v in known.items()}
            near = max(shares, key=lambda other: shares[other])
            cumulated = np.cumsum(w) / w.sum()
            low, high = (FINE[int(np.searchsorted(cumulated, q))] for q in (0.1, 0.9))
            listed.append(
                f"{words.weighting(derived)} from {low:.1f} to {high:.1f}, nearest "
                f"{words.weighting(near)} ({shares[near]:.0%})"
            )
        edm = max(
            (n for n in rules.NAMES if n not in rules.TIMED),
            key=lambda n: overlap(weight(name, n, FINE), known["edm"]),
        )
        share = overlap(weight(name, edm, FINE), known["edm"])
        parts.append(
            f"{study.TITLES[name]}: {'; '.join(listed)}. To EDM's weight {words.weighting(edm)} comes "
            f"nearest, with {share:.0%} in common."
        )
    return (
        "The middle four fifths of each weight, by log-SNR, and the weighting of the catalogue that shares "
        "most with it (the share of both that is in common, each made to sum to 1): "
        + " ".join(parts)
    )


def kept(off: pd.DataFrame, profile: str) -> str:
    """Whether the numbers that were made again are the committed ones."""
    worst = off.loc[off["largest"].idxmax()]
    name = study.TITLES[str(worst["dataset"])]
    where = f"{WORDS[str(worst['number'])]}, {name}, at log-SNR {worst['log_snr']:g}"
    found = f"The largest relative difference is {worst['largest']:.1e} ({where})"
    if profile != STANDARD.name:
        return (
            f"{found}. The table is of the profile {STANDARD}, whose pilots are trained for other numbers of "
            "steps; it is judged there alone."
        )
    verdict = "within" if worst["largest"] <= KEPT else "**beyond**"
    return f"{found}: {verdict} the tolerance of {KEPT:.0%}."


def uncertain(again: pd.DataFrame, paths: int) -> str:
    """How well a few paths know the kernel."""
    parts = ", ".join(
        f"{study.TITLES[str(name)]} {block['uncertain'].min():.1%} to {block['uncertain'].max():.1%}"
        for name, block in again.groupby("dataset", sort=False)
    )
    return (
        f"Of {paths:,} paths few run along a ridge, and they carry much of the mean square: the standard "
        f"error of the kernel is {parts} of it, by level. All levels share the paths."
    )


AT = -4.0
"""The log-SNR, about, at which kernels are compared with and without their cap."""


def cap(again: pd.DataFrame) -> str:
    """How much of the kernel is a choice: the cap on what one path counts for."""
    parts = []
    for name, block in again.groupby("dataset", sort=False):
        row = block.iloc[int((block["log_snr"] - AT).abs().argmin())]
        parts.append(
            f"{study.TITLES[str(name)]} {row['kernel']:.2g}, without the cap {row['uncapped']:.2g}, the "
            f"median {row['median']:.2g}"
        )
    return (
        f"The cap, and the mean, are choices. At a log-SNR of about {AT:g}: {'; '.join(parts)}. "
        f"Other choices "
        "give other weights."
    )


def population(networks: pd.DataFrame, steps: int, points: int, samples: int, walk: int) -> str:
    """Which networks there are, and how they are measured."""
    seeds = networks["seed"].nunique()
    derived = networks["weighting"].isin(rules.NAMES)
    return (
        f"{len(networks)} networks, {seeds} seeds of each cell, {derived.sum()} of them under derived "
        f"weightings; {steps:,} steps; {points:,} held-out points in each slice of the log-SNR; {samples:,} "
        f"samples in {walk} steps."
    )


def fronts(cells: pd.DataFrame) -> str:
    """Who is on the front of the means, and how often when seeds are drawn anew."""
    parts = []
    for name, block in cells.groupby("dataset", sort=False):
        on = block[block["front"]].sort_values("excess")
        listed = ", ".join(
            f"{words.cell(r.target, r.weighting)} ({r.excess:.2g} nats, {r.sliced:.2g}; {r.share:.0%})"
            for r in on.itertuples()
        )
        derived = block["weighting"].isin(rules.NAMES)
        some = block[~block["front"] & (block["share"] >= LIMIT)]
        more = ", ".join(
            f"{words.cell(r.target, r.weighting)} {r.share:.0%}" for r in some.itertuples()
        )
        parts.append(
            f"{study.TITLES[str(name)]}: {listed}. {(on['weighting'].isin(rules.NAMES)).sum()} of these "
            f"{len(on)} are derived, as are {derived.sum()} of all {len(block)}. Not on it, but in at least "
            f"{LIMIT:.0%} of draws: {more or 'none'}."
        )
    return (
        "On the front of the means, from the least excess on, with excess, sliced distance, and how often "
        "they are on the front when seeds are drawn anew, the same for all cells. "
        + " ".join(parts)
    )


def ellipses(found: Mapping[str, Spread]) -> str:
    """How good one covariance for all cells is."""
    parts = []
    for name, one in found.items():
        listed = ", ".join(
            f"{axis} {one.least[axis]:.2f} to {one.most[axis]:.2f} (Bartlett's $p$ {one.p[axis]:.1g})"
            for axis in AXES
        )
        deviations = np.sqrt(np.diag(one.covariance))
        correlation = float(one.covariance[0, 1] / deviations.prod())
        sizes = " and ".join(f"{value:.1%}" for value in np.expm1(deviations))
        parts.append(
            f"{study.TITLES[name]}: standard deviations of a network of about {sizes}, correlation "
            f"{correlation:.2f}; of a cell over the pooled one, {listed}"
        )
    return (
        "Ellipses have one shape in a panel, that of the pooled covariance of both logarithms. How unequal "
        f"are the spreads that were pooled? {'; '.join(parts)}. Where a $p$ is small, they are no "
        f"95 % regions: the ellipses of "
        "quiet cells are too wide and those of restless ones too narrow; tests on the page pool nothing."
    )


def cells_caption(seeds: int, samples: int, steps: int, draws: int) -> str:
    """Caption of the table of all cells."""
    return (
        f"Every cell: geometric means of {seeds} seeds with {CONFIDENCE:.0%} intervals of each alone; excess "
        f"in nats; sliced $W_2$ and root of the energy distance of {samples:,} samples in {steps} steps "
        f"against the exact denoiser's; the share of {draws:,} draws of seeds in which it is on the Pareto "
        "front of its data set."
    )


def pairs_caption(seeds: int) -> str:
    """Caption of the table of pairs."""
    return (
        f"What derivations promise, tested: factors of the first weighting over the second, {seeds} seeds, "
        f"paired, the {CONFIDENCE:.0%} interval of each alone, $p$ by Holm's rule over the cases of a "
        "question, that is, of two weightings and what the factor is of: sliced $W_2$; excess, times the "
        "square of that; $\\int k\\, e\\, d\\lambda$. Two questions of one claim are taken together: $k/e$ "
        "and $k/\\sqrt\\ell$ over $k$; $k/e$ in stages, and the curriculum. *Above 1?*: yes or no where that "
        "is told, else undecided."
    )


def winners(dominance: pd.DataFrame, seen: Mapping[str, float]) -> str:
    """How near derived cells come, and what could have been seen."""
    parts = []
    for scope, what in (("eight", "the eight"), ("own", "both objectives of their own target")):
        rows = dominance[dominance["scope"] == scope]
        most = rows.assign(most=rows[list(AXES)].max(axis=1)).sort_values("most")
        near = most.iloc[0]
        means = most[most["most"] < 1]
        listed = ", ".join(words.cell(r.target, r.weighting) for r in means.itertuples())
        parts.append(
            f"Against {what}, {(rows['below'] < LIMIT).sum()} of {len(rows)} cells are told to be below on "
            f"both axes everywhere, and {(rows['above'] < LIMIT).sum()} to be above somewhere; by their "
            f"means below everywhere: {listed or 'none'}. Nearest is "
            f"{words.cell(near['target'], near['weighting'])}, whose excess is at most "
            f"{near['excess']:.2f} and whose sliced distance at most {near['sliced']:.2f} times "
            "the best of these."
        )
    factors = " and ".join(f"{value:.2f} in {axis}" for axis, value in seen.items())
    return (
        f"{' '.join(parts)} With the spread that was found, a factor of {factors} between two cells would be "
        f"told in {POWER:.0%} of all trials at the strictest of Holm's levels. To win, a cell has "
        f"to pass such a "
        "test on each axis against each of the others on each data set, so it needs more."
    )
