"""Curves: losses by epoch and by time, how steady they are, and the rescaled losses."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import pandas as pd
import torch
from torch import Generator, Tensor

from companion import study
from companion.chapters.as_published.grid import Key
from companion.chapters.as_published.results import CELL, DIMS, LAST, NETWORK, SCHEDULE, Budget
from diffcore.denoisers import Denoiser
from diffcore.exact import floors as exact
from diffcore.exact.data2d import DATASETS
from diffcore.losses import noise_like, noised, squared_norm
from diffcore.published import Published

SETTLED = 20
"""The epoch, from 0, from which a curve's steadiness is measured."""

NEAR = 0.05
"""A loss has arrived when it is within this share of its level."""

BIN_SCRAMBLES = 2
"""Scrambles of a floor in one bin."""


def by_epoch(epochs: pd.DataFrame) -> pd.DataFrame:
    """Mean and ``sd`` (n - 1) over executions of a loss by epoch: columns `CELL`, epoch, mean, sd."""
    groups = epochs.groupby([*CELL, "epoch"], sort=False)["train"]
    return groups.agg(mean="mean", sd="std").reset_index()


def steadiness(epochs: pd.DataFrame) -> pd.DataFrame:
    """How steady each network's loss is, and when it arrives: columns `NETWORK`, ``variation``, ``arrives``.

    ``variation``: coefficient of variation over the epochs from `SETTLED` on; ``arrives``: the first epoch,
    counted from 1, whose loss is at most `NEAR` above the mean of the last `LAST`.
    """
    rows = []
    for key, block in epochs.groupby(NETWORK, sort=False):
        loss = block.sort_values("epoch")["train"].to_numpy()
        late = loss[SETTLED:]
        arrived = loss <= (1 + NEAR) * loss[-LAST:].mean()
        rows.append((*key, late.std(ddof=1) / late.mean(), 1 + int(arrived.argmax())))
    return pd.DataFrame(rows, columns=[*NETWORK, "variation", "arrives"])


def floors_by_time(budget: Budget, seed: int = 0) -> pd.DataFrame:
    """The least possible value of each published loss in each bin, with its guard and without.

    Returns:
        Columns `CELL`, bin, ``floor``, ``unguarded``; code units.
    """
    edges = [bin_ / study.BINS for bin_ in range(study.BINS + 1)]
    losses = list(product(study.TARGETS, study.OBJECTIVES))
    factors = [Published(objective, target) for target, objective in losses]
    both = [loss.eps_factor for loss in (*factors, *(f.unguarded() for f in factors))]
    blocks = []
    for number, name in enumerate(study.DATASETS):
        first = seed + number * study.BINS * BIN_SCRAMBLES
        found = exact.by_time(
            DATASETS[name](), both, SCHEDULE, edges, budget.bin_points, BIN_SCRAMBLES, first
        ).value.numpy()
        for row, loss in enumerate(losses):
            columns = {
                "bin": range(study.BINS),
                "floor": found[row],
                "unguarded": found[len(losses) + row],
            }
            blocks.append(pd.DataFrame(dict(zip(CELL, (name, *loss), strict=True)) | columns))
    return pd.concat(blocks, ignore_index=True)


def at_epochs(times: pd.DataFrame) -> pd.DataFrame:
    """Our losses by bin at the study's three epochs, mean over executions: `CELL`, epoch, bin, ``loss``.

    Args:
        times: as :func:`companion.chapters.as_published.results.ours_by_time` returns it.
    """
    chosen = times[times["epoch"].isin(study.BINNED_EPOCHS)]
    return chosen.groupby([*CELL, "epoch", "bin"], sort=False)["loss"].mean().reset_index()


def peaks(times: pd.DataFrame) -> pd.DataFrame:
    """Where each network's loss is largest: columns `NETWORK`, ``peak``, the middle of the bin.

    Args:
        times: columns `NETWORK`, bin, ``loss``: a mean over some epochs.
    """
    best = times.loc[times.groupby(NETWORK, sort=False)["loss"].idxmax()]
    return best.assign(peak=(best["bin"] + 0.5) / study.BINS)[[*NETWORK, "peak"]]


def all_peaks(late: Mapping[str, pd.DataFrame], floor: pd.DataFrame) -> pd.DataFrame:
    """Where the NELBO of each network is largest, and where that of the perfect denoiser is.

    Args:
        late: losses by bin over the last epochs, `NETWORK`, bin, ``loss``, by whose they are.
        floor: as :func:`floors_by_time` returns it.

    Returns:
        Columns whose, `NETWORK`, ``peak``; ``floor`` and ``unguarded``, the peaks of the exact floor.
    """
    found = pd.concat(
        [peaks(frame).assign(whose=whose) for whose, frame in late.items()], ignore_index=True
    )
    for column in ("floor", "unguarded"):
        exact = floor.assign(execution=0, loss=floor[column])
        at = peaks(exact).drop(columns="execution").rename(columns={"peak": column})
        found = found.merge(at, on=CELL, validate="m:1")
    nelbo = found[found["objective"] == "nelbo"]
    return nelbo[["whose", *NETWORK, "peak", "floor", "unguarded"]].reset_index(drop=True)


def late_by_time(times: pd.DataFrame) -> pd.DataFrame:
    """Our losses by bin over the last `LAST` epochs: columns `NETWORK`, bin, ``loss``."""
    late = times[times["epoch"] >= study.EPOCHS - LAST]
    return late.groupby([*NETWORK, "bin"], sort=False)["loss"].mean().reset_index()


READ_OFF = {
    "x": (0.475, 0.49, 0.49, 0.49),
    "eps": (0.415, 0.435, 0.44, 0.44),
    "v": (0.47, 0.485, 0.485, 0.485),
    "score": (0.405, 0.43, 0.505, 0.475),
}
"""The study's rescaled losses, read off its figure by eye, code units: by target, data sets in order."""


def rescaled(
    denoisers: Mapping[Key, Denoiser], floor: pd.DataFrame, budget: Budget, seed: int = 7
) -> pd.DataFrame:
    """Final networks of the weighted loss in the study's rescaled loss, as its figure has them.

    Args:
        denoisers: networks; those of the weighted loss are used.
        floor: as :func:`companion.chapters.as_published.results.floors` returns it.
        budget: its test points.
        seed: of new points, times and noise; the same for all networks of a data set.

    Returns:
        Columns dataset, target; ``read_off``, the study's; ``ours`` and ``sd`` over executions; ``noise``,
        the standard error of one evaluation; ``floor``; code units.
    """
    rows = []
    for number, name in enumerate(study.DATASETS):
        generator = Generator().manual_seed(seed + number)
        x = DATASETS[name]().sample(budget.test, generator)
        t = torch.rand(budget.test, generator=generator)
        eps = noise_like(x, generator)
        z = noised(x, eps, t, SCHEDULE)
        for target in study.TARGETS:
            values: list[Tensor] = []
            loss = Published("rescaled", target)
            truth = loss.target.of(x, eps, t, SCHEDULE)
            for key, denoiser in denoisers.items():
                if key[:3] == (name, target, "weighted"):
                    found = denoiser.predict(z, t, loss.target)
                    values.append(loss.coefficient_at(t) * squared_norm(truth - found) / DIMS)
            each = torch.stack(values).double()
            means = each.mean(1).numpy()
            rows.append(
                {
                    "dataset": name,
                    "target": target,
                    "read_off": READ_OFF[target][number],
                    "ours": means.mean(),
                    "sd": means.std(ddof=1),
                    "noise": float(each.std(1).mean()) / budget.test**0.5,
                }
            )
    least = floor[floor["objective"] == "rescaled"][["dataset", "target", "floor", "floor_error"]]
    return pd.DataFrame(rows).merge(least, on=["dataset", "target"], validate="1:1")


RESCALED_SHOWN: dict[str, Any] = {
    "caption": "Final networks of the weighted loss in the rescaled loss, code units: the study's, read off "
    "its figure by eye; ours, mean and spread of executions; *±*: the standard error of one evaluation; the "
    "exact floor.",
    "columns": {
        "dataset": "data set",
        "target": "target",
        "read_off": "read off",
        "ours": "ours",
        "sd": "sd",
        "noise": "±",
        "floor": "floor",
    },
    "digits": {"read_off": 3, "ours": 3, "sd": ".1g", "noise": ".1g", "floor": 3},
}
"""How `rescaled` is shown."""

STEADY_SHOWN: dict[str, Any] = {
    "caption": f"How steady training losses are from epoch {SETTLED + 1} on (coefficient of variation, "
    f"percent), and the first epoch at most {NEAR:.0%} above the mean of the last {LAST}; means over data "
    "sets and executions. *Draws alone*: the coefficient of variation of the exact denoiser's loss, whose "
    "epochs differ by their draws and by nothing else.",
    "digits": {"variation": 2, "draws_alone": 2, "arrives": 1},
    "columns": {
        "whose": "whose",
        "target": "target",
        "objective": "objective",
        "variation": "variation, %",
        "draws_alone": "draws alone, %",
        "arrives": "arrives in epoch",
    },
}
"""How `steady_table` is shown."""


def draws_alone(
    floor: pd.DataFrame, draws: Mapping[str, int], n: int, seed: int = 3
) -> pd.DataFrame:
    """The coefficient of variation of an epoch's loss of the exact denoiser, by its draws.

    Args:
        floor: as :func:`companion.chapters.as_published.results.floors` returns it.
        draws: of an epoch, by whose it is.
        n: points that the spread of one draw is measured at.
        seed: of these.

    Returns:
        Columns whose, `CELL`, ``draws_alone``.
    """
    rows = []
    for number, name in enumerate(study.DATASETS):
        generator = Generator().manual_seed(seed + number)
        mixture = exact.lean(DATASETS[name]())
        x = mixture.sample(n, generator, torch.float64)
        t = torch.rand(n, generator=generator, dtype=torch.float64)
        eps = noise_like(x, generator)
        best = mixture.posterior(noised(x, eps, t, SCHEDULE), SCHEDULE.alpha(t), SCHEDULE.sigma(t))
        error = squared_norm(eps - best[1]) / DIMS
        for target, objective in product(study.TARGETS, study.OBJECTIVES):
            spread = float((Published(objective, target).eps_factor(t) * error).std())
            rows += [
                (whose, name, target, objective, spread / per_epoch**0.5)
                for whose, per_epoch in draws.items()
            ]
    table = pd.DataFrame(rows, columns=["whose", *CELL, "spread"]).merge(floor, on=CELL)
    table["draws_alone"] = table["spread"] / table["floor"]
    return table[["whose", *CELL, "draws_alone"]]


def _by_whose(steady: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    return pd.concat([frame.assign(whose=whose) for whose, frame in steady.items()])


def of_networks(steady: Mapping[str, pd.DataFrame], alone: pd.DataFrame) -> pd.DataFrame:
    """What :func:`steadiness` says of every network, and ``beyond``: its variation over that of draws alone.

    Args:
        steady: as :func:`steadiness` returns it, by whose it is.
        alone: as :func:`draws_alone` returns it.
    """
    every = _by_whose(steady).merge(alone, on=["whose", *CELL], validate="many_to_one")
    return every.assign(beyond=every["variation"] / every.pop("draws_alone"))


def steady_table(steady: Mapping[str, pd.DataFrame], alone: pd.DataFrame) -> pd.DataFrame:
    """Means over data sets and executions, percent: one row for whose, target and objective.

    Args:
        steady: as :func:`steadiness` returns it, by whose it is.
        alone: as :func:`draws_alone` returns it.
    """
    every = _by_whose(steady)
    keys = ["whose", "target", "objective"]
    mean = every.groupby(keys, sort=False)[["variation", "arrives"]].mean()
    mean["draws_alone"] = alone.groupby(keys)["draws_alone"].mean()
    mean[["variation", "draws_alone"]] *= 100
    return mean.reset_index()


NETWORKS_SHOWN: dict[str, Any] = {
    "caption": "The same of every network; the coefficient of variation as a share, and over that of a "
    "perfect denoiser, by the draws of an epoch alone.",
    "digits": {"variation": 4, "beyond": 3},
}
"""How `steadiness` is shown."""

PEAKS_SHOWN: dict[str, Any] = {
    "caption": f"Times at which the NELBO is largest, mean of the last {LAST} epochs: middles of bins.",
    "digits": 3,
}
"""How `all_peaks` is shown."""
