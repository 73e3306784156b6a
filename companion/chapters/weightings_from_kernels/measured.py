"""What weightings are derived from: by data set and log-SNR, kernel, least error, and errors of pilots.

The runs of a chapter must be known before anything is trained, so their weights cannot wait for networks.
They come from a committed table. The page makes its numbers again, and says how far they are off;
``python -m tests.benchmarks.weighting_levels`` writes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Generator

from companion import study
from companion.chapters.weightings_from_kernels.pilots import MULTIPLES, Pilot
from companion.evidence import exact_paths, pinned, style
from companion.files import heading
from companion.runs.plane import ENDS, SCHEDULE
from diffcore.denoisers import Denoiser
from diffcore.exact.data2d import DATASETS
from diffcore.exact.floors import lean
from diffcore.losses import noise_like, noised, squared_norm
from diffcore.targets import EPS

NAME = "levels.csv"
SHA256 = "bd2dfd3c68d127156d74b5a31a50f9c4ec53bd97b941f77c7d419f8cfbb3ee3e"
"""The committed table, and the SHA-256 of its text."""

KNOTS = np.linspace(*ENDS, 49)
"""Log-SNRs of the table, nats."""

ERRORS = tuple(f"after_{multiple:g}" for multiple in MULTIPLES)
"""Columns: root mean square error of the pilots' noise, by the share of the plan's steps."""

KEPT = 0.05
"""By how much a number that is made again may be off, relatively, where the profile is the table's."""

NUMBERS = ("kernel", "mmse", *ERRORS)
"""All columns but the data set and the log-SNR."""

PATHS, STEPS, POINTS, SEED = 500, 96, 2_000, 11
"""Exact paths behind a kernel, steps of each; held-out points at each knot, and their seed."""


def table() -> pd.DataFrame:
    """The committed table: columns dataset, ``log_snr`` and `NUMBERS`.

    Raises:
        UserError: if it is missing, or is not the one that was committed.
    """
    return pd.read_csv(StringIO(_text()), comment="#")


def source() -> str:
    """How it was made: the comment at its head, as one line."""
    return heading(_text())


def _text() -> str:
    return pinned.text("companion.chapters.weightings_from_kernels", NAME, SHA256)


def made(
    pilots: Mapping[Pilot, Denoiser],
    paths: int = PATHS,
    steps: int = STEPS,
    points: int = POINTS,
    knots: np.ndarray = KNOTS,
) -> pd.DataFrame:
    """The table, made anew from exact paths and trained pilots.

    Args:
        pilots: all pilots of the data sets that are wanted.
        paths: exact paths.
        steps: of the sampler along them.
        points: held-out points at each knot.
        knots: log-SNRs, nats.
    """
    return pd.concat(
        [
            of_data(name, pilots, paths, steps, points, knots)
            for name in dict.fromkeys(pilot.dataset for pilot in pilots)
        ],
        ignore_index=True,
    )


def of_data(
    name: str,
    pilots: Mapping[Pilot, Denoiser],
    paths: int,
    steps: int,
    points: int,
    knots: np.ndarray,
) -> pd.DataFrame:
    """The table of one data set; arguments as for `made`.

    It has more columns: ``uncertain``, the relative standard error of the kernel, over paths; ``median``, and
    ``uncapped``, the root mean square without a cap.
    """
    mixture = lean(DATASETS[name]())
    walked = {name: exact_paths.paths(mixture.denoiser(SCHEDULE), paths, steps, ENDS)}
    squared = exact_paths.kernels(walked, knots)
    log_snr = torch.from_numpy(knots)
    least = log_snr.exp() * mixture.mmse(log_snr, points=256, scrambles=4).value  # of the noise
    frame = pd.DataFrame({"dataset": name, "log_snr": knots, "kernel": np.sqrt(squared["rms"])})
    frame["uncertain"] = squared["error"] / squared["rms"] / 2
    frame["median"] = np.sqrt(squared["median"])
    each = exact_paths.squared(walked[name]).mean(1).sqrt()
    frame["uncapped"] = np.interp(knots, walked[name].log_snr.numpy(), each.numpy())
    frame["mmse"] = least.numpy()
    of_each = errors(
        name, {p: one for p, one in pilots.items() if p.dataset == name}, knots, points
    )
    for multiple, column in zip(MULTIPLES, ERRORS, strict=True):
        seeds = [squares for pilot, squares in of_each.items() if pilot.multiple == multiple]
        frame[column] = np.sqrt(np.mean(seeds, axis=0))
    return frame


def errors(
    name: str, pilots: Mapping[Pilot, Denoiser], knots: np.ndarray, points: int
) -> dict[Pilot, np.ndarray]:
    r"""Each pilot's :math:`E\|\hat\epsilon - \epsilon^*\|^2` at each knot, (knots,), at the same points."""
    mixture, generator = DATASETS[name](), Generator().manual_seed(SEED)
    oracle = lean(mixture).denoiser(SCHEDULE)
    found: dict[Pilot, list[float]] = {pilot: [] for pilot in pilots}
    for t in SCHEDULE.time_of(torch.from_numpy(knots)):
        x, times = mixture.sample(points, generator), t.expand(points)
        z = noised(x, noise_like(x, generator), times, SCHEDULE)
        best = oracle.predict(z, times, EPS)
        for pilot, denoiser in pilots.items():
            off = denoiser.predict(z.float(), times.float(), EPS).double() - best
            found[pilot].append(float(squared_norm(off).mean()))
    return {pilot: np.array(squares) for pilot, squares in found.items()}


def deviations(kept: pd.DataFrame, again: pd.DataFrame) -> pd.DataFrame:
    """By how much numbers made again are off those that were kept, relatively: a row a data set and column.

    Returns:
        Columns dataset, ``number`` of `NUMBERS`, ``largest`` over log-SNRs, ``log_snr``, where it is.

    Raises:
        ValueError: if a log-SNR or a data set that was made again is not in the table.
    """
    key = ["dataset", "log_snr"]
    both = again.merge(kept, on=key, suffixes=("", "_kept"), validate="one_to_one")
    if len(both) != len(again):
        raise ValueError("expected the log-SNRs and data sets of the committed table")
    rows = []
    for name, block in both.groupby("dataset", sort=False):
        for number in NUMBERS:
            off = (block[number] / block[f"{number}_kept"] - 1).abs()
            worst = off.idxmax()
            rows.append([name, number, float(off[worst]), float(block["log_snr"][worst])])
    return pd.DataFrame(rows, columns=["dataset", "number", "largest", "log_snr"])


WORDS = {
    "kernel": "kernel",
    "mmse": "least loss",
    **{
        column: f"pilots' error after {multiple:g} of the steps"
        for multiple, column in zip(MULTIPLES, ERRORS, strict=True)
    },
}
"""How `NUMBERS` are written."""

DEVIATIONS_SHOWN: dict[str, Any] = {
    "caption": "Numbers behind the derived weightings, made again: the largest relative difference from the "
    "committed ones over the log-SNR, and where it is. Kernel, least loss (the squared error of the best "
    "prediction of the noise), and errors of pilots after each share of the steps.",
    "words": style.CELLS | {"dataset": study.TITLES, "number": WORDS},
    "columns": {
        "dataset": "data set",
        "number": "number",
        "largest": "largest difference",
        "log_snr": "at log-SNR",
    },
    "digits": {"largest": ".1e", "log_snr": ".1f"},
}
"""How `deviations` are shown."""
