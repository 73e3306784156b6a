r"""What the chapter "Equal footing" tabulates of trained networks: excess over the exact floor, by level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from companion.chapters.equal_footing.grid import Key
from companion.evidence import excess
from companion.runs import Trained
from companion.runs.plane import BOUND, ENDS, OWN, OWN_OF, SCHEDULE
from diffcore.denoisers import Denoiser

MODEL = ["dataset", "target", "weighting", "variant", "seed"]
"""What names a network: a `Key`."""


@dataclass(frozen=True)
class Budget:
    """How finely networks are measured.

    Attributes:
        slices: of the log-SNR, equal.
        points: held-out points in each slice.
        samples: drawn from each network.
        steps: of the sampler.
        exact_sets: of exact samples, behind a noise floor.
        examples: in each slice behind the mean of a gradient.
    """

    slices: int
    points: int
    samples: int
    steps: int
    exact_sets: int
    examples: int


QUICK = Budget(slices=6, points=50, samples=60, steps=6, exact_sets=8, examples=8)
STANDARD = Budget(slices=24, points=500, samples=1_000, steps=64, exact_sets=60, examples=1_024)
PAPER = Budget(
    slices=48, points=20_000, samples=10_000, steps=128, exact_sets=1_000, examples=16_384
)


def by_level(denoisers: Mapping[Key, Denoiser], budget: Budget, seed: int = 1) -> pd.DataFrame:
    """The excess of each network in each slice of the log-SNR, all at the same held-out points.

    Returns:
        Columns: `MODEL`; ``log_snr``, the middle of the slice; ``excess``, nats; ``error``, its standard
        error over points.
    """
    return excess.by_level(denoisers, MODEL, SCHEDULE, ENDS, budget.slices, budget.points, seed)


def per_network(levels: pd.DataFrame) -> pd.DataFrame:
    """The sums over slices: columns `MODEL`, excess, its error, and inside, the excess there; nats."""
    return excess.per_network(levels, MODEL)


def of_keys(frame: pd.DataFrame, keys: Sequence[Key]) -> pd.DataFrame:
    """The rows of these networks, of a frame with the columns `MODEL`."""
    return frame.set_index(MODEL).loc[list(keys)].reset_index()


def objective_of(frame: pd.DataFrame) -> pd.Series:
    """Of networks of the eight objectives: `BOUND`, or `OWN` for the squared error of their own target."""
    own = frame["weighting"] == frame["target"].map(OWN_OF)
    return own.map({True: OWN, False: BOUND})


def fluctuation(metrics: pd.DataFrame) -> float:
    """Root mean square of the relative change between recorded means of a loss, last half of training.

    Args:
        metrics: of a run, columns ``step`` and ``loss``.
    """
    loss = metrics["loss"].to_numpy()
    half = loss[len(loss) // 2 :]
    changes = 2 * np.diff(half) / (half[1:] + half[:-1])
    return float(np.sqrt(np.mean(changes**2)))


def fluctuations(trained: Mapping[Key, Trained]) -> pd.DataFrame:
    """`fluctuation` of every network: columns `MODEL`, ``fluctuation``."""
    return pd.DataFrame(
        dict(zip(MODEL, key, strict=True)) | {"fluctuation": fluctuation(one.metrics)}
        for key, one in trained.items()
    )
