"""What the chapter "The data, and how noise destroys them" tabulates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Generator

from companion import study
from companion.chapters.data_sets import entropy, law, measures
from diffcore import exact
from diffcore.exact import data2d, floors
from diffcore.exact.mixtures import scales
from diffcore.exact.quadrature import mean_of

STEP = measures.LEVELS // measures.RANGES
"""The study's times in a range."""

POOLED = ("hellinger", "w1")
"""The study's measures that pool both coordinates."""

MEASURES = (*POOLED, "sliced")
"""The study's measures."""

RATE_LEVELS = tuple(float(level) for level in range(-8, 13))
"""Log-SNRs at which the rate of information is computed."""


@dataclass(frozen=True)
class Budget:
    """How much is drawn and computed.

    Attributes:
        draws: fresh data sets with which the study's measures are repeated.
        points: of each; the study has 10,000.
        sobol: Sobol points in each scramble, and scrambles, of a joint distribution.
        fitted: points of a data set for the entropy; the study has 100,000.
        fits: data sets drawn for it, for each number of components of the fit.
        grid: points along each side of its box; the study has 1,000.
        shown: points of each data set that are drawn.
    """

    draws: int = 8
    points: int = measures.POINTS
    sobol: tuple[int, int] = (512, 4)
    fitted: int = 20_000
    fits: tuple[int, int] = (2, 1)
    grid: int = 1_000
    shown: int = 800


QUICK = Budget(draws=2, points=1_000, sobol=(64, 2), fitted=2_000, fits=(2, 1), grid=100)
STANDARD = Budget()
PAPER = Budget(draws=50, sobol=(8192, 16), fitted=100_000, fits=(10, 4))


def facts() -> pd.DataFrame:
    """Mean and standard deviation of both raw axes of each data set, exactly; in the code's units."""
    rows: list[dict[str, Any]] = []
    for name in study.DATASETS:
        mixture = exact.DATASETS[name]()
        if isinstance(mixture, data2d.Standardised):
            mean, deviation = (part[:, 0].tolist() for part in mixture.standardisation)
        else:  # the clusters: their centres, and their variance beside
            mean, deviation = [0.0, 0.0], [26**0.5] * 2
        rows.append(
            {
                "dataset": name,
                "mean_1": mean[0],
                "mean_2": mean[1],
                "sd_1": deviation[0],
                "sd_2": deviation[1],
            }
        )
    return pd.DataFrame(rows)


def published(budget: Budget, seed: int = 0) -> pd.DataFrame:
    """The study's distances from noise on fresh draws of the data, by its definitions.

    Of its hundred times only those at which a range begins or ends: the others cancel in its bars.

    Returns:
        Columns: dataset, measure, draw, number (of the time), t, distance; ``outside``, the share of the
        Gaussian draws outside of the histogram, and ``floor``, the distance with as many draws of N(0, 1) in
        the place of the data.
    """
    rows: list[tuple[Any, ...]] = []
    for index, name in enumerate(study.DATASETS):
        mixture = exact.DATASETS[name]()
        for draw in range(budget.draws):
            generator = Generator().manual_seed(seed + 1_000 * index + draw)
            x = mixture.sample(budget.points, generator, torch.float64)
            for number, t in zip(*measures.range_ends(), strict=True):
                z = measures.noisy(x, t, generator).reshape(-1)
                normal, other = (measures.reference(len(z), generator) for _ in range(2))
                here = (name, "hellinger", draw, number, t)
                of_noise = measures.histogram_hellinger(other, normal)
                lost = measures.outside(z, normal)
                rows.append((*here, measures.histogram_hellinger(z, normal), lost, of_noise))
                here = (name, "w1", draw, number, t)
                rows.append((*here, measures.w1(z, normal), 0.0, measures.w1(other, normal)))
            fixed = measures.reference(2 * budget.points, generator).reshape(-1, 2)
            for number, t in enumerate(measures.SLICED_TIMES):
                along = measures.directions(measures.PROJECTIONS, generator)
                z = measures.noisy(x, t, generator)
                row = (name, "sliced", draw, number, t, measures.sliced(z, fixed, along), 0.0)
                if number == 0:  # the floor knows no time
                    other = measures.reference(z.size, generator).reshape(-1, 2)
                    of_noise = measures.sliced(other, fixed, along)
                rows.append((*row, of_noise))
    columns = ["dataset", "measure", "draw", "number", "t", "distance", "outside", "floor"]
    return pd.DataFrame(rows, columns=columns)


def distributions(budget: Budget, seed: int = 0) -> pd.DataFrame:
    """The same distances of the distributions, at the ends of the study's ranges; two rows a range.

    Returns:
        Columns: dataset, number (of the time), t, log_snr; ``divergence``, ``joint`` (Hellinger), both in two
        dimensions, with errors; ``hellinger``, ``w1``: of the pooled coordinates; ``apart``, ``shuffled``:
        divergence and Hellinger distance of the data with shuffled coordinates; ``between``: the information
        that one coordinate has about the other, nats.
    """
    rows = []
    for name in study.DATASETS:
        mixture = exact.DATASETS[name]()
        for number, t in zip(*measures.range_ends(), strict=True):
            here, pooled = law.joint(mixture, t, *budget.sobol, seed), law.pooled(mixture, t)
            distance = law.root(here.square)
            divergence = float(here.divergence.value)
            rows.append(
                {
                    "dataset": name,
                    "number": number,
                    "t": t,
                    "log_snr": float(measures.SCHEDULE.log_snr(torch.tensor(t).double())),
                    "divergence": divergence,
                    "divergence_error": float(here.divergence.error),
                    "joint": float(distance.value),
                    "joint_error": float(distance.error),
                    **pooled._asdict(),
                    "between": divergence - pooled.apart,
                }
            )
    return pd.DataFrame(rows)


def sliced(slices: int = law.SLICES) -> pd.DataFrame:
    """The sliced distance of the distributions at the study's times, and its error.

    Args:
        slices: directions.

    Returns:
        Columns: dataset, number, t, sliced, sliced_error.
    """
    rows = []
    for name in study.DATASETS:
        mixture = exact.DATASETS[name]()
        for number, t in enumerate(measures.SLICED_TIMES):
            found = law.sliced(mixture, t, slices)
            rows.append((name, number, t, float(found.value), float(found.error)))
    return pd.DataFrame(rows, columns=["dataset", "number", "t", "sliced", "sliced_error"])


def rates(budget: Budget, seed: int = 0) -> pd.DataFrame:
    """How fast noise destroys the data, by log-SNR.

    Returns:
        Columns: dataset, log_snr, t; ``information``: nats about x that one unit of log-SNR adds, half the
        least error of the noise; ``gaussian``: that of N(0, I); ``structure``: what the divergence from
        N(0, I) grows by, their difference; ``in_time``: what it falls by in a unit of the study's time; the
        last two with an error.
    """
    level = torch.tensor(RATE_LEVELS, dtype=torch.float64)
    t = measures.SCHEDULE.time_of(level)
    slope = measures.SCHEDULE.log_snr_prime(t).abs()
    blocks = []
    for name in study.DATASETS:
        mixture = floors.lean(exact.DATASETS[name]())
        points, scrambles = budget.sobol
        found = mean_of(mixture.eps_mmse(*scales(level), points, scrambles, seed))
        gaussian = torch.sigmoid(level) * mixture.dim / 2
        structure = gaussian - found.value / 2
        columns = {
            "log_snr": level,
            "t": t,
            "information": found.value / 2,
            "gaussian": gaussian,
            "structure": structure,
            "structure_error": found.error / 2,
            "in_time": structure * slope,
            "in_time_error": found.error / 2 * slope,
        }
        blocks.append(pd.DataFrame({key: value.numpy() for key, value in columns.items()}))
        blocks[-1].insert(0, "dataset", name)
    return pd.concat(blocks, ignore_index=True)


def bars(samples: pd.DataFrame, distances: pd.DataFrame, slices: pd.DataFrame) -> pd.DataFrame:
    """The study's bars, of each draw, and the same bars of the distributions.

    Args:
        samples: as :func:`published` returns it.
        distances: as :func:`distributions` returns it.
        slices: as :func:`sliced` returns it.

    Returns:
        Columns: dataset, measure (`MEASURES`, and ``joint``), range, draw (-1: of the distribution), bar,
        error.
    """
    rows: list[tuple[Any, ...]] = []
    for (name, measure, draw), block in samples.groupby(["dataset", "measure", "draw"], sort=False):
        at = block.sort_values("number")["distance"].to_numpy()
        each = np.abs(np.diff(at)) if measure == "sliced" else measures.bars(at)
        rows += [(name, measure, k, draw, bar, 0.0) for k, bar in enumerate(each)]
    for name, block in distances.groupby("dataset", sort=False):
        for measure in (*POOLED, "joint"):
            values = measures.bars(block[measure].to_numpy())
            pairs = block["joint_error"].to_numpy().reshape(-1, 2)
            errors = np.hypot(*pairs.T) / STEP if measure == "joint" else np.zeros(len(values))
            both = enumerate(zip(values, errors, strict=True))
            rows += [(name, measure, k, -1, bar, off) for k, (bar, off) in both]
    for name, block in slices.groupby("dataset", sort=False):
        gaps = block["sliced"].diff().abs().iloc[1:]
        errors = np.hypot(
            block["sliced_error"].iloc[1:], block["sliced_error"].iloc[:-1].to_numpy()
        )
        rows += [
            (name, "sliced", k, -1, gap, off)
            for k, (gap, off) in enumerate(zip(gaps, errors, strict=True))
        ]
    return pd.DataFrame(rows, columns=["dataset", "measure", "range", "draw", "bar", "error"])


def entropies(budget: Budget, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The exact entropies with the facts of each data set, and the study's estimates of them."""
    points, scrambles = budget.sobol
    known = entropy.known(4 * points, 2 * scrambles, budget.fitted, 4, seed)
    found = entropy.published(
        known, budget.fitted, budget.grid, budget.fits, (points, scrambles), seed + 100
    )
    return facts().merge(known, on="dataset", validate="1:1"), found


class Grid(NamedTuple):
    """Points (n, 2), and the divergence of the distribution from N(0, I), nats, by data set and time."""

    points: dict[str, dict[float, measures.Array]]
    divergence: dict[tuple[str, float], float]


def shuffled(distances: pd.DataFrame) -> pd.DataFrame:
    """Of clean and of noisy data: the distances with their coordinates as they are, and shuffled.

    Args:
        distances: as :func:`distributions` returns it.
    """
    chosen = distances[distances["number"].isin([0, 2 * STEP])]
    columns = ["hellinger", "joint", "shuffled", "divergence", "apart", "between"]
    return chosen[["dataset", "t", *columns, "divergence_error"]].reset_index(drop=True)


SHOWN_TIMES = tuple(k / 9 for k in (0, 1, 2, 4, 9))
"""Five of the study's ten times."""


def grid(budget: Budget, times: Sequence[float], points: int, seed: int = 0) -> Grid:
    """Noisy data of each data set at some times, and how far their distributions are from N(0, I).

    Args:
        budget: of the distances.
        times: the study's are ten, evenly from 0 to 1.
        points: of each panel, the same data with fresh noise at each time.
        seed: of the data and the noise.
    """
    drawn: dict[str, dict[float, measures.Array]] = {}
    divergence: dict[tuple[str, float], float] = {}
    points_each = budget.sobol[0]
    for index, name in enumerate(study.DATASETS):
        mixture, generator = exact.DATASETS[name](), Generator().manual_seed(seed + index)
        x = mixture.sample(points, generator, torch.float64)
        drawn[name] = {t: measures.noisy(x, t, generator) for t in times}
        for t in times:
            divergence[name, t] = float(
                law.joint(mixture, t, points_each, 2, seed).divergence.value
            )
    return Grid(drawn, divergence)
