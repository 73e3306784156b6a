"""What the chapter "What the published numbers measure" tabulates: coefficients and floors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import sympy as sp
import torch
from torch import Generator, Tensor

from companion import study
from companion.derivation.written import Written
from diffcore.exact import floors
from diffcore.exact.data2d import DATASETS
from diffcore.exact.mixtures import Mixture
from diffcore.exact.quadrature import Estimate
from diffcore.losses import noise_like, noised, squared_norm
from diffcore.published import Published
from diffcore.schedules.cosine import Cosine
from diffcore.schedules.pointwise import ANY_TIME, Pointwise
from diffcore.targets import TARGETS

SCHEDULE = Cosine()
LOWEST_LOG_SNR = -16.0
"""Where integrals over the log-SNR begin: below, the best denoiser's eps-loss is under exp(-16)."""


@dataclass(frozen=True)
class Budget:
    """How finely the floors are computed.

    Attributes:
        points: Sobol points in each scramble.
        scrambles: independent scrambles.
        monte_carlo: points of the plain Monte Carlo check.
        sets: sets of samples that show the noise of the study's moment metric.
        draws: sample sizes at which two estimators are compared.
    """

    points: int = 8192
    scrambles: int = 8
    monte_carlo: int = study.TEST_POINTS
    sets: int = 1000
    draws: tuple[int, ...] = (100, 1000, 10_000, 100_000, 1_000_000)


QUICK = Budget(points=512, scrambles=4, monte_carlo=2000, sets=100, draws=(100, 1000, 10_000))
STANDARD = Budget()
PAPER = Budget(points=32_768, scrambles=16, monte_carlo=200_000)


def coefficient_table() -> str:
    """The published NELBO coefficients as a Markdown table, typeset from the rows themselves."""
    lines = ["| target | NELBO coefficient $c(t)$ | its unguarded form | what is predicted |"]
    lines.append("|---|---|---|---|")
    alpha, sigma = sp.symbols("alpha sigma", positive=True)
    for name in study.TARGETS:
        bare = Published("nelbo", name, guard=0).coefficient(alpha, sigma)
        on_circle = sp.latex(bare.subs(alpha**2 + sigma**2, 1))
        loss = Published("nelbo", name, guard=Written("g"))
        written = Written(r"\alpha"), Written(r"\sigma")
        row = loss.target.row(Pointwise(*written), ANY_TIME)
        predicted = " + ".join(
            f"{'' if part == 1 else part}{of}"
            for part, of in zip(row, (" x", r" \epsilon"), strict=True)
            if part != 0
        )
        cells = TARGETS[name].symbol, loss.coefficient(*written), on_circle, predicted.strip()
        lines.append("| " + " | ".join(f"${cell}$" for cell in cells) + " |")
    return "\n".join(lines)


def published_floors(
    mixture: Mixture, losses: Sequence[Published], budget: Budget, seed: int = 0
) -> list[Estimate]:
    """The loss of the best possible denoiser under each published loss, in code units."""
    factors = [loss.eps_factor for loss in losses]
    return floors.floors(mixture, factors, SCHEDULE, budget.points, budget.scrambles, seed)


def truncated(
    mixture: Mixture, t_min: Sequence[float], budget: Budget, seed: int = 0
) -> list[Estimate]:
    """The unguarded NELBO of the best denoiser over t in (t_min, 1), code units, for falling ``t_min``."""
    ends = SCHEDULE.log_snr(torch.tensor(t_min, dtype=torch.float64)).tolist()
    points, scrambles = budget.points, budget.scrambles
    log_snr = [LOWEST_LOG_SNR, *ends]
    return floors.truncated_nelbo(mixture, log_snr, SCHEDULE, points, scrambles, seed, math.pi)


def points_behind(t_min: Sequence[float], budget: Budget) -> int:
    """How many points are behind the last value of `truncated`: see :func:`floors.truncated_nelbo`."""
    return (budget.points // 4 + (len(t_min) - 1) * (budget.points // 16)) * budget.scrambles


def monte_carlo(
    mixture: Mixture, losses: Sequence[Published], n: int, generator: Generator
) -> Tensor:
    """Losses (len(losses), n) of the exact denoiser at n points, one uniform time and noise for each.

    What the published code computes, with the best possible network in it. All losses see the same draws.
    """
    mixture = floors.lean(mixture)
    return losses_at(mixture, losses, mixture.sample(n, generator, torch.float64), generator)


def losses_at(
    mixture: Mixture, losses: Sequence[Published], x: Tensor, generator: Generator
) -> Tensor:
    """Losses (len(losses), n) of the exact denoiser at points ``x`` (n, D), with fresh times and noise."""
    t = torch.rand(len(x), generator=generator, dtype=torch.float64)
    eps = noise_like(x, generator)
    z = noised(x, eps, t, SCHEDULE)
    pair = mixture.posterior(z, SCHEDULE.alpha(t), SCHEDULE.sigma(t))
    values = []
    for loss in losses:
        truth, best = (loss.target.of(*p, t, SCHEDULE) for p in ((x, eps), pair))
        values.append(loss.coefficient_at(t) * squared_norm(truth - best) / mixture.dim)
    return torch.stack(values)


FLOORS_SHOWN: dict[str, Any] = {
    "caption": "Floors of the published losses beside the published values (the mean of the three "
    "saved runs, which the study's table prints), in code units. *± %*: standard error of the "
    "floor, in percent. *sd*: over the study's three runs. *+ %*: published above floor, in "
    "percent; *s.e.*: the same in standard errors of the published mean.",
    "columns": {
        "dataset": "data set",
        "target": "target",
        "objective": "objective",
        "floor": "floor",
        "floor_error_percent": "± %",
        "published": "published",
        "published_sd": "sd",
        "excess_percent": "+ %",
        "excess_in_se": "s.e.",
    },
    "digits": {"floor_error_percent": 2, "published_sd": 3, "excess_percent": 1, "excess_in_se": 1},
}
"""How `against_published` is shown."""


def against_published(budget: Budget, seed: int = 0) -> pd.DataFrame:
    """Every published 2-D loss beside its Bayes floor, in code units: 32 rows.

    Columns: dataset, target, objective; ``floor`` and ``floor_error``, also in percent; ``monte_carlo``
    and its ``monte_carlo_error``, the perfect denoiser in the published estimator; ``draw_sd``, the
    standard deviation of one recorded test loss of the perfect denoiser, for lack of test points, as if
    they were independent (many are copies of another, with a time and a noise of their own: see
    :func:`companion.chapters.published_numbers.resolution.published_split`); ``published``, the mean of
    three saved executions, which the study's table prints to four decimals, its ``published_sd`` over
    them, and ``last20``, the average of the last 20 epochs of all three; ``published_se``, the standard
    error of the published mean, where an execution's standard deviation is the larger of ``published_sd``
    and ``draw_sd``; ``excess`` = published - floor, also in percent of the floor and in such standard
    errors; ``excess_last20`` = last20 - floor.
    """
    keys = [(objective, target) for objective in study.OBJECTIVES for target in study.TARGETS]
    losses = [Published(*key) for key in keys]
    rows = []
    for number, name in enumerate(study.DATASETS):
        mixture = DATASETS[name]()
        values = published_floors(mixture, losses, budget, seed + 1000 * number)
        generator = torch.Generator().manual_seed(seed + number)
        draws = monte_carlo(mixture, losses, budget.monte_carlo, generator)
        for (objective, target), value, draw in zip(keys, values, draws, strict=True):
            spread = draw.std().item()
            rows.append(
                {
                    "dataset": name,
                    "target": target,
                    "objective": objective,
                    "floor": value.value.item(),
                    "floor_error": value.error.item(),
                    "monte_carlo": draw.mean().item(),
                    "monte_carlo_error": spread / math.sqrt(len(draw)),
                    "draw_sd": spread / math.sqrt(study.TEST_POINTS),
                }
            )
    known = study.losses()[["dataset", "target", "objective", "mean", "sd", "last20_mean"]]
    known = known.rename(
        columns={"mean": "published", "sd": "published_sd", "last20_mean": "last20"}
    )
    table = pd.DataFrame(rows).merge(known, on=["dataset", "target", "objective"], validate="1:1")
    table["floor_error_percent"] = 100 * table["floor_error"] / table["floor"]
    table["excess"] = table["published"] - table["floor"]
    table["excess_percent"] = 100 * table["excess"] / table["floor"]
    table["published_se"] = table[["published_sd", "draw_sd"]].max(axis=1) / math.sqrt(3)
    table["excess_in_se"] = table["excess"] / table["published_se"]
    table["excess_last20"] = table["last20"] - table["floor"]
    return table
