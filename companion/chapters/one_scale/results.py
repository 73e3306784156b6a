r"""What the chapter "The study's networks on one scale" tabulates: excess over the floor, bin by bin.

In a bin of times a recorded loss is the mean of f(t) E|eps - eps_hat|^2 / D, where f is known
(:meth:`diffcore.published.Published.eps_factor`). Less the floor, it is the mean of f times the excess error,
which is nowhere negative. The bound puts another factor on that error, so the quotient of both factors,
at its least and at its largest in the bin, bounds what the bin adds to the bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from companion import study
from diffcore.exact import floors
from diffcore.exact.data2d import DATASETS
from diffcore.losses import noise_like, noised, squared_norm
from diffcore.published import Published
from diffcore.schedules.cosine import Cosine

SCHEDULE = Cosine()
DIMS = 2
LOSSES = {key: Published(*key) for key in product(study.OBJECTIVES, study.TARGETS)}
"""The eight published losses, by objective and target."""

KEY = ["dataset", "objective", "target", "execution"]
"""What names one of the study's networks."""

BIN = ["dataset", "objective", "target", "bin"]
"""What names a bin of one loss."""

ENDS = ("low", "middle", "high")
"""What a bin adds to the bound: at least, were its excess even, at most."""

RANGES = {"all": (1, 98), "middle": (10, 89)}
"""First and last bin: all but the two at the ends, and t in [0.1, 0.9)."""

SUBDIVISION = 64
"""Parts of a bin at whose ends a quotient is looked at for its extremes."""


@dataclass(frozen=True)
class Budget:
    """How finely floors are computed.

    Attributes:
        points: Sobol points in each scramble of each bin.
        scrambles: independent scrambles.
        draws: points at which the perfect denoiser is measured as the study measures its networks.
    """

    points: int = 64
    scrambles: int = 4
    draws: int = study.TEST_POINTS


QUICK = Budget(points=4, draws=2_000)
STANDARD = Budget()
PAPER = Budget(points=512, scrambles=8, draws=20 * study.TRAIN_POINTS)


def nats_per_code_unit(loss: Published, bins: int = study.BINS) -> tuple[Tensor, Tensor, Tensor]:
    r"""Least, mean and largest nats of the bound in one code unit of a loss, in each bin: (bins,).

    The bound is :math:`\frac12 \int |\lambda_t'|\, E\|\epsilon - \hat\epsilon\|^2 dt`,
    summed over dimensions; a bin's code units are multiplied by its width as well. In the first and the last
    bin some losses have no finite largest value: there all three are infinite, for all losses.
    """
    edges = torch.linspace(0, 1, bins * SUBDIVISION + 1, dtype=torch.float64)
    t = edges[SUBDIVISION:-SUBDIVISION]
    quotient = DIMS / 2 * SCHEDULE.log_snr_prime(t).abs() / loss.eps_factor(t) / bins
    inside = quotient.unfold(0, SUBDIVISION + 1, SUBDIVISION)
    ends = torch.full((1,), torch.inf, dtype=torch.float64)
    low, mean, high = (
        torch.cat([ends, part, ends])
        for part in (inside.amin(1), torch.trapezoid(inside, dim=1) / SUBDIVISION, inside.amax(1))
    )
    return low, mean, high


def floors_by_bin(budget: Budget, seed: int = 0) -> pd.DataFrame:
    """The floor of each published loss in each bin, in code units: columns `BIN`, floor, floor_error."""
    edges = [bin_ / study.BINS for bin_ in range(study.BINS + 1)]
    factors = [loss.eps_factor for loss in LOSSES.values()]
    blocks = []
    for number, name in enumerate(study.DATASETS):
        first = seed + number * study.BINS * budget.scrambles
        found = floors.by_time(
            DATASETS[name](), factors, SCHEDULE, edges, budget.points, budget.scrambles, first
        )
        for row, (objective, target) in enumerate(LOSSES):
            block = {"dataset": name, "objective": objective, "target": target}
            columns = {
                "bin": range(study.BINS),
                "floor": found.value[row].numpy(),
                "floor_error": found.error[row].numpy(),
            }
            blocks.append(pd.DataFrame(block | columns))
    return pd.concat(blocks, ignore_index=True)


def excess_by_bin(floor: pd.DataFrame) -> pd.DataFrame:
    """Every saved loss of every network in every bin on one scale: 9,600 rows.

    Args:
        floor: as :func:`floors_by_bin` returns it.

    Returns:
        Columns: `KEY`, bin; ``excess`` = mean - floor, ``error``, the standard error of the mean over
        epochs, as if these were independent, and ``floor_error``, in code units; those of :func:`in_nats`.
    """
    frame = study.bins().merge(floor, on=BIN, validate="m:1")
    frame["excess"] = frame["mean"] - frame["floor"]
    frame["error"] = frame["sd"] / study.EPOCHS_IN_BINS**0.5
    return in_nats(frame[[*KEY, "bin", "excess", "error", "floor_error"]])


def in_nats(frame: pd.DataFrame) -> pd.DataFrame:
    """With what each excess adds to the bound.

    Args:
        frame: `BIN`, ``excess``, and the standard errors ``error``, of what was recorded, and
            ``floor_error``, in code units.

    Returns:
        In addition `ENDS`, nats, with the standard error of each by what was recorded, ``noise_low`` and so
        on, and by the floor, ``floor_low`` and so on. Where the excess is below zero, which only noise and
        a network that knows its training points can make it, ``low`` and ``high`` change places.
    """
    units = pd.concat(
        pd.DataFrame(
            dict(zip(ENDS, nats_per_code_unit(loss), strict=True))
            | {"objective": objective, "target": target, "bin": range(study.BINS)}
        )
        for (objective, target), loss in LOSSES.items()
    )
    found = frame.merge(units, on=["objective", "target", "bin"], validate="m:1")
    for end in ENDS:
        found[f"noise_{end}"] = found["error"] * found[end]
        found[f"floor_{end}"] = found["floor_error"] * found[end]
        found[end] *= found["excess"]
    below = found["excess"] < 0
    found.loc[below, ["low", "high"]] = found.loc[below, ["high", "low"]].to_numpy()
    return found


def per_network(by_bin: pd.DataFrame) -> pd.DataFrame:
    """Nats above the exact floor of each of the 96 networks, over each of `RANGES`.

    Returns:
        Columns: `KEY`, range; `ENDS`, and the standard errors of each as in :func:`in_nats`.
    """
    errors = [f"{kind}_{end}" for kind in ("noise", "floor") for end in ENDS]
    blocks = []
    for name, ends in RANGES.items():
        inside = by_bin[by_bin["bin"].between(*ends)]
        inside = inside.assign(**{error: inside[error] ** 2 for error in errors})
        block = inside.groupby(KEY, sort=False)[[*ENDS, *errors]].sum().reset_index()
        block[errors] **= 0.5
        blocks.append(block.assign(range=name))
    return pd.concat(blocks, ignore_index=True)


def per_loss(networks: pd.DataFrame) -> pd.DataFrame:
    """The mean of each loss's three networks.

    Columns: dataset, objective, target, range; `ENDS`; of each the standard deviation over the executions (n
    - 1), ``sd_low`` and so on, and the standard error of the mean by noise, ``noise_low`` and so on: of what
    was recorded for each network apart, and of the floor, which the three share.
    """
    groups = networks.groupby(["dataset", "objective", "target", "range"], sort=False)
    frame = groups[list(ENDS)].mean()
    for end in ENDS:
        frame[f"sd_{end}"] = groups[end].std()
        own = groups[f"noise_{end}"].apply(lambda each: (each**2).sum() ** 0.5 / len(each))
        frame[f"noise_{end}"] = (own**2 + groups[f"floor_{end}"].mean() ** 2) ** 0.5
    return frame.reset_index()


def perfect(budget: Budget, floor: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """The control: the perfect denoiser, measured and read as the study's networks are.

    It is measured at ``budget.draws`` points with one time and one noise for each, binned by time.

    Returns:
        Columns: `BIN`; ``excess`` as for a network, its ``error`` and ``floor_error``; ``epoch_sd``, the
        standard deviation of a bin's mean in one epoch of the study, by chance alone; and those of
        :func:`in_nats`.
    """
    blocks = []
    for number, name in enumerate(study.DATASETS):
        generator = torch.Generator().manual_seed(seed + number)
        mixture = floors.lean(DATASETS[name]())
        x = mixture.sample(budget.draws, generator, torch.float64)
        t = torch.rand(budget.draws, generator=generator, dtype=torch.float64)
        eps = noise_like(x, generator)
        z = noised(x, eps, t, SCHEDULE)
        best = mixture.posterior(z, SCHEDULE.alpha(t), SCHEDULE.sigma(t))[1]
        squared = squared_norm(eps - best) / DIMS
        bins = (t * study.BINS).long().numpy()
        for (objective, target), loss in LOSSES.items():
            draws = pd.Series((squared * loss.eps_factor(t)).numpy()).groupby(bins)
            block = pd.DataFrame({"mean": draws.mean(), "sd": draws.std(), "n": draws.size()})
            block = block.rename_axis("bin").reset_index()
            block[["dataset", "objective", "target"]] = name, objective, target
            blocks.append(block)
    frame = pd.concat(blocks).merge(floor, on=BIN, validate="1:1")
    frame["excess"] = frame["mean"] - frame["floor"]
    frame["error"] = frame["sd"] / frame["n"] ** 0.5
    frame["epoch_sd"] = frame["sd"] / (study.TRAIN_POINTS / study.BINS) ** 0.5
    return in_nats(frame[[*BIN, "excess", "error", "floor_error", "epoch_sd"]])


def side_by_side(losses: pd.DataFrame) -> pd.DataFrame:
    """A row for each loss: :func:`per_loss` of all bins, and, with ``_middle``, of the middle."""
    keys = ["dataset", "objective", "target"]
    parts = {name: block.drop(columns="range") for name, block in losses.groupby("range")}
    frame = parts["all"].merge(parts["middle"], on=keys, suffixes=("", "_middle"), validate="1:1")
    order = pd.MultiIndex.from_product([study.DATASETS, study.OBJECTIVES, study.TARGETS])
    return frame.set_index(keys).loc[order].rename_axis(keys).reset_index()


SHOWN: dict[str, Any] = {
    "caption": "Nats of the bound above the exact floor, mean of three networks. For $t$ in $[0.01, "
    "0.99)$: *least* and *most* that the bins allow, each with how far it may be off; *even*: as if the "
    "excess were even in each bin. *Middle*: *even* for $t$ in $[0.1, 0.9)$.",
    "columns": {
        "dataset": "data set",
        "objective": "objective",
        "target": "target",
        "low": "least",
        "reach_low": "±",
        "middle": "even",
        "high": "most",
        "reach_high": "± ",
        "middle_middle": "middle: even",
        "reach_middle_middle": "±  ",
    },
    "digits": dict.fromkeys(("low", "middle", "high", "reach_low", "reach_high"), 2)
    | dict.fromkeys(("middle_middle", "reach_middle_middle"), 3),
}
"""How they are shown."""

PAIRS_SHOWN: dict[str, Any] = {
    "caption": "Of two losses, whose networks are nearer to the floor: in how many of the four data "
    "sets the first, in how many the second, and in how many it is undecided.",
    "columns": {
        "first": "first",
        "second": "second",
        "first_all": "all: first",
        "second_all": "second ",
        "undecided_all": "undecided",
        "first_middle": "middle: first",
        "second_middle": "second  ",
        "undecided_middle": "undecided ",
    },
}
"""How the pairs are shown."""
