"""What the study calls the variance of the weighted loss, and what the words say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import torch
from torch import Generator

from companion import study
from companion.chapters.as_published.grid import Key
from companion.chapters.as_published.results import DIMS, SCHEDULE, Budget
from diffcore.denoisers import Denoiser
from diffcore.exact import floors as exact
from diffcore.exact.data2d import DATASETS
from diffcore.losses import noise_like, noised, squared_norm
from diffcore.published import Published

EXACT = "exact"
"""The column of the exact denoiser."""


def variances_over_epochs(times: pd.DataFrame) -> pd.DataFrame:
    """The study's "variance of the weighted loss" of ours: columns dataset, target, execution, bin, variance.

    In each bin the variance (n) over all epochs of the mean loss of an epoch, the first ones included.
    """
    weighted = times[times["objective"] == "weighted"]
    keys = ["dataset", "target", "execution", "bin"]
    return weighted.groupby(keys, sort=False)["loss"].var(ddof=0).rename("variance").reset_index()


def settled_share(times: pd.DataFrame, first: int) -> pd.DataFrame:
    """What is left of the variance over epochs without the first ones: columns as there, with ``share``.

    Args:
        times: as :func:`companion.chapters.as_published.results.ours_by_time` returns it.
        first: the first epoch, from 0, that is kept.
    """
    every, late = (variances_over_epochs(times[times["epoch"] >= epoch]) for epoch in (0, first))
    return every.assign(share=late["variance"] / every["variance"])


def estimator_variances(
    denoisers: Mapping[Key, Denoiser], budget: Budget, seed: int = 5
) -> pd.DataFrame:
    """The variance of the weighted loss at a noise level: of one draw, over points and noise.

    Args:
        denoisers: networks; those of the weighted loss are used, of the first execution.
        budget: its draws in each bin.
        seed: of points, times and noise, which are the same for all.

    Returns:
        Columns dataset, target, bin; ``network`` and ``exact``, the variance for our network and for the
        exact denoiser; squares of code units.
    """
    blocks = []
    for number, name in enumerate(study.DATASETS):
        generator = Generator().manual_seed(seed + number)
        mixture = exact.lean(DATASETS[name]())
        bins = torch.arange(study.BINS, dtype=torch.float64).repeat_interleave(budget.draws)
        t = (bins + torch.rand(len(bins), generator=generator, dtype=torch.float64)) / study.BINS
        x = mixture.sample(len(bins), generator, torch.float64)
        eps = noise_like(x, generator)
        z = noised(x, eps, t, SCHEDULE)
        best = mixture.posterior(z, SCHEDULE.alpha(t), SCHEDULE.sigma(t))
        for target in study.TARGETS:
            loss = Published("weighted", target).target
            truth, perfect = (loss.of(*pair, t, SCHEDULE) for pair in ((x, eps), best))
            found = {EXACT: perfect}
            if (key := (name, target, "weighted", 1)) in denoisers:
                found["network"] = denoisers[key].predict(z.float(), t.float(), loss).double()
            columns = {
                of: (squared_norm(truth - each) / DIMS).view(study.BINS, -1).var(1).numpy()
                for of, each in found.items()
            }
            frame = {"dataset": name, "target": target, "bin": range(study.BINS)} | columns
            blocks.append(pd.DataFrame(frame))
    return pd.concat(blocks, ignore_index=True)


def variances(
    ours: pd.DataFrame, estimator: pd.DataFrame, draws: int, published_draws: int
) -> pd.DataFrame:
    """All variances of the weighted loss by bin of time, side by side; squares of code units.

    Args:
        ours: as :func:`variances_over_epochs` returns it.
        estimator: as :func:`estimator_variances` returns it.
        draws: of an epoch of ours.
        published_draws: of the study's.

    Returns:
        Columns dataset, target, bin; over epochs: ``published``, ``ours`` (mean of executions); of one draw:
        ``exact``, ``network``; and ``published_noise``, ``ours_noise``: what the exact denoiser's draws alone
        make the mean of an epoch in a bin vary by.
    """
    keys = ["dataset", "target", "bin"]
    mean = ours.groupby(keys)["variance"].mean().rename("ours").reset_index()
    table = study.epoch_variances().rename(columns={"variance": "published"})
    table = table.merge(mean, on=keys, validate="1:1").merge(estimator, on=keys, validate="1:1")
    table["published_noise"] = table[EXACT] / (published_draws / study.BINS)
    table["ours_noise"] = table[EXACT] / (draws / study.BINS)
    return table


SHOWN: dict[str, Any] = {
    "caption": "Variances of the weighted loss by bin of time, squares of code units: over epochs, of one "
    "draw, and what draws alone make those over epochs.",
    "digits": 6,
}
"""How `variances` is shown."""
