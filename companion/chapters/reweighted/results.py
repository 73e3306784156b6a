"""Objectives as mixtures of bounds on the study's clusters, and the likelihoods that they bound.

The exact denoiser knows the clusters; the *model* is the exact denoiser of clusters that are 1.5 times as
wide. Two routes to one number never share a scramble.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import pandas as pd
import torch
from torch import Tensor

from companion.chapters.reweighted.levels import WINDOW, Budget, levels, running
from companion.chapters.reweighted.objectives import OBJECTIVES, PUBLISHED, Objective
from diffcore.exact.data2d import clusters
from diffcore.exact.mixtures import Mixture, scales
from diffcore.exact.quadrature import mean_of, sobol

WIDER = 1.5
"""The standard deviation of the model's clusters, in units of that of the data's."""

ERROR_SEED, EXCESS_SEED, RATIO_SEED = 100_000, 200_000, 300_000
"""First seeds of the scrambles of each quantity."""


class Spectrum(NamedTuple):
    """What is known at each of the `levels`, and at the clean end where n + 1 is said.

    Attributes:
        bound: L of the exact denoiser, from the noisy end up to the level, nats, (n + 1,).
        error: least squared error of the noise, (n,).
        excess: squared difference of the model's noise from the exact one, (scrambles, n).
        divergence: of the model's noisy data from the noisy data by their densities, less that at the noisy
            end, nats, (scrambles, n + 1).
    """

    bound: Tensor
    error: Tensor
    excess: Tensor
    divergence: Tensor


def spectrum(budget: Budget) -> Spectrum:
    """Errors and divergences of the clusters and their model."""
    data, wrong, lam = clusters(), clusters(std=WIDER), levels()[0]
    every = torch.cat([lam, torch.tensor(WINDOW, dtype=torch.float64).flip(0)])  # noisy end last
    error = data.eps_mmse(*scales(lam), *budget, seed=ERROR_SEED).mean(0)
    excess, ratio = [], []
    for scramble in range(budget.scrambles):
        seed = EXCESS_SEED + scramble * len(every)
        excess.append([_excess(data, wrong, v, budget, seed + k) for k, v in enumerate(lam)])
        seed = RATIO_SEED + scramble * len(every)
        ratio.append([_log_ratio(data, wrong, v, budget, seed + k) for k, v in enumerate(every)])
    ratios = torch.tensor(ratio, dtype=torch.float64)
    return Spectrum(
        running(error) / 2,
        error,
        torch.tensor(excess, dtype=torch.float64),
        ratios[:, :-1] - ratios[:, -1:],
    )


def _excess(data: Mixture, wrong: Mixture, lam: Tensor, budget: Budget, seed: int) -> float:
    z = data.noised(sobol(budget.points, 1 + data.dim, seed), *scales(lam))
    exact, guess = (each.moments(z, *scales(lam)).eps_hat for each in (data, wrong))
    return float((exact - guess).square().sum(1).mean())


def _log_ratio(data: Mixture, wrong: Mixture, lam: Tensor, budget: Budget, seed: int) -> float:
    z = data.noised(sobol(budget.points, 1 + data.dim, seed), *scales(lam))
    return float((data.log_prob(z, *scales(lam)) - wrong.log_prob(z, *scales(lam))).mean())


class Measure(NamedTuple):
    """A weighting over its value at the noisy end, and the combination of bounds that it is.

    Attributes:
        weight: w at each level, (n,).
        density: -w' at each level, (n,).
        atom: w at the clean end, ().
    """

    weight: Tensor
    density: Tensor
    atom: Tensor


def measure(objective: Objective) -> Measure:
    """The combination of bounds that an objective is."""
    ends = torch.tensor(WINDOW, dtype=torch.float64)
    at = torch.cat([levels()[0], ends]).requires_grad_()
    weight = objective.weight(at) + 0 * at  # a constant has a slope too
    (slope,) = torch.autograd.grad(weight.sum(), at)
    w = weight.detach() / weight.detach()[-2]
    return Measure(w[:-2], -slope[:-2] / weight.detach()[-2], w[-1])


def shares(objective: Objective, known: Spectrum) -> Tensor:
    """What each bound has of the loss of the exact denoiser, (n + 1,): signed, and 1 in all."""
    of, (_, width) = measure(objective), levels()
    each = torch.cat([width * of.density, of.atom[None]]) * known.bound
    return each / ((width * of.weight * known.error).sum() / 2)


SHARES_SHOWN: dict[str, Any] = {
    "caption": r"Objectives as combinations of the bounds $L(\lambda)$ of the clusters, "
    rf"${WINDOW[0]:g} \le \lambda \le {WINDOW[1]:g}$; exact denoiser. The first eight are the study's, "
    "with their guards. *Never rises*: the weight, tested on 2,001 levels. A bound's share of the loss "
    r"is that of $-w'(\lambda)\, L(\lambda)$; *clean end*: the share of $L(\lambda_0)$; *negative*: the "
    "shares below zero, added up. For mixtures, the levels below which a tenth, half and nine tenths of "
    "the loss are. *Sum*: of all shares.",
    "digits": {"atom": 3, "negative": 4, "low": 1, "median": 1, "high": 1, "sum": 3},
    "columns": {
        "objective": "loss",
        "never_rises": "never rises",
        "atom": "clean end",
        "negative": "negative",
        "low": "10 %",
        "median": "50 %",
        "high": "90 %",
        "sum": "sum",
    },
    "negligible": 1e-9,
}
"""How `table` is shown."""


def table(known: Spectrum) -> pd.DataFrame:
    """Each of `OBJECTIVES`: whether it is a mixture, and of which levels."""
    lam, rows = levels()[0], []
    for objective in OBJECTIVES:
        share = shares(objective, known)
        row = {
            "objective": objective.name,
            "never_rises": objective.never_rises,
            "atom": float(share[-1]),
            "negative": float(share.clamp(max=0).sum()) + 0.0,
            "sum": float(share.sum()),
        }
        if objective.never_rises:
            total = torch.cat([lam, lam.new_tensor(WINDOW[1:])]), share.cumsum(0)
            row |= {
                key: float(total[0][(total[1] < part).sum().clamp(max=len(lam))])
                for key, part in (("low", 0.1), ("median", 0.5), ("high", 0.9))
            }
        rows.append(row)
    return pd.DataFrame(rows)


def of_published(frame: pd.DataFrame) -> str:
    """Which of the study's losses `table` finds to be mixtures of bounds, in words."""
    study = frame[frame["objective"].isin([o.name for o in PUBLISHED])].set_index("objective")
    falls, rises = study[study["never_rises"]], study[~study["never_rises"]]
    worst = rises["negative"].idxmin()
    return (
        f"Of the study's {len(study)} losses, with their guards, {len(falls)} are mixtures of bounds: "
        f"{'; '.join(falls.index)}. Of the others, *{worst}* has the most of bounds with negative "
        f"coefficients, {-study.loc[worst, 'negative']:.2f} times the loss."
    )


SANDWICH_SHOWN: dict[str, Any] = {
    "caption": rf"How far each mixture of bounds is above the entropy of the clusters, nats, for a model "
    rf"of clusters {WIDER:g} times as wide. Weights are divided by $w(\lambda_1)$, ${WINDOW[0]:g} \le "
    rf"\lambda \le {WINDOW[1]:g}$. *Least* and *most*: $w(\lambda_0)/w(\lambda_1)$ times the gap of the "
    "NELBO, and that gap. *Errors*: half the integral of $w$ times the excess of the model's error. "
    "*Densities*: the mixture of divergences of noisy data. What the prior adds is left out. Standard "
    "errors (se).",
    "digits": {"least": ".0e", "most": 5, "errors": 5, "errors_se": ".0e", "densities": 5}
    | {"densities_se": ".0e"},
    "columns": {
        "objective": "loss",
        "least": "least",
        "errors": "errors",
        "errors_se": "se",
        "densities": "densities",
        "densities_se": "se ",
        "most": "most",
    },
    "negligible": 1e-9,
}
"""How `sandwich` is shown."""


def sandwich(known: Spectrum) -> pd.DataFrame:
    """The gap of each mixture by two routes, and its bounds, nats."""
    width, rows = levels()[1], []
    whole = float(mean_of((width * known.excess).sum(1) / 2).value)
    for objective in OBJECTIVES:
        if not objective.never_rises:
            continue
        of = measure(objective)
        errors = mean_of((width * of.weight * known.excess).sum(1) / 2)
        parts = torch.cat([width * of.density, of.atom[None]])
        densities = mean_of((parts * known.divergence).sum(1))
        rows.append(
            {
                "objective": objective.name,
                "least": float(of.atom) * whole,
                "errors": float(errors.value),
                "errors_se": float(errors.error),
                "densities": float(densities.value),
                "densities_se": float(densities.error),
                "most": whole,
            }
        )
    return pd.DataFrame(rows)


def agreement(frame: pd.DataFrame) -> str:
    """How far the two routes of `sandwich` are apart, and that all gaps are within their bounds, in words.

    Raises:
        ValueError: if a gap is outside of its bounds by more than four standard errors.
    """
    se = (frame["errors_se"] ** 2 + frame["densities_se"] ** 2) ** 0.5
    apart = ((frame["errors"] - frame["densities"]).abs() / se).max()
    for column in ("errors", "densities"):
        room = 4 * frame[f"{column}_se"] + 1e-12
        inside = (frame[column] >= frame["least"] - room) & (frame[column] <= frame["most"] + room)
        if not inside.all():
            worst = frame["objective"][~inside].iloc[0]
            raise ValueError(f"{worst}: expected a gap between its bounds, got another by {column}")
    return (
        f"All {len(frame)} mixtures are between their bounds. The two routes are at most "
        f"{math.ceil(10 * apart) / 10:.1f} of their joint standard errors apart."
    )
