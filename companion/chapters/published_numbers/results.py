r"""Bayes floors: what the best possible denoiser scores under each of the published losses.

A published loss is :math:`\int_0^1 f(t)\, E\|\epsilon - \hat\epsilon\|^2 / D\, dt`, where f is
:meth:`diffcore.published.PublishedLoss.eps_factor`. Every target is affine in the noise given z, so one
posterior mean minimises all of them, and the floor is the same integral over the minimum mean squared
error. It is computed by randomised quasi-Monte Carlo: scrambled Sobol points choose the time, the label
and the noise, the posterior variance at each point is exact, and independent scrambles give the standard
error. Plain Monte Carlo, as in the published code, checks it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd
import torch
from torch import Generator, Tensor

from companion import study
from diffcore import published
from diffcore.exact import data2d
from diffcore.exact.curves import CurveMixture
from diffcore.exact.mixtures import Mixture
from diffcore.exact.quadrature import Estimate, mean_of, sobol
from diffcore.published import PublishedLoss
from diffcore.schedules import Cosine

SCHEDULE = Cosine()
KNEE = 0.04
"""Times are spread evenly in log(t + KNEE): the integrands change at times of this size."""
LOWEST_LOG_SNR = -16.0
"""Where integrals over the log-SNR begin: below, the best denoiser's eps-loss is under exp(-16)."""


@dataclass(frozen=True)
class Budget:
    """How finely the floors are computed.

    Attributes:
        points: Sobol points in each scramble.
        scrambles: independent scrambles.
        monte_carlo: points of the plain Monte Carlo check.
    """

    points: int = 8192
    scrambles: int = 8
    monte_carlo: int = study.TEST_POINTS


QUICK = Budget(points=512, scrambles=4, monte_carlo=2000)
STANDARD = Budget()


def lean(mixture: Mixture) -> Mixture:
    """The same mixture with half the quadrature nodes along its curve: 2e-6 of an average, half the time."""
    return replace(mixture, nodes=6, cutoff=20.0) if isinstance(mixture, CurveMixture) else mixture


def _eps_variance(mixture: Mixture, quantiles: Tensor, t: Tensor) -> Tensor:
    """Posterior variance of the noise per dimension (n,), at times (n,) and quantiles (n, 1 + D)."""
    alpha, sigma = SCHEDULE.alpha(t), SCHEDULE.sigma(t)
    z = mixture.noised(quantiles, alpha, sigma)
    return mixture.moments(z, alpha, sigma).eps_variance / mixture.dim


def floors(
    mixture: Mixture, losses: Sequence[PublishedLoss], budget: Budget, seed: int = 0
) -> list[Estimate]:
    """The loss of the best possible denoiser under each published loss, in code units."""
    mixture, estimates = lean(mixture), []
    stretch = math.log1p(1 / KNEE)
    for scramble in range(seed, seed + budget.scrambles):
        cube = sobol(budget.points, 2 + mixture.dim, scramble)
        t = KNEE * torch.expm1(stretch * cube[:, 0])
        each = _eps_variance(mixture, cube[:, 1:], t) * stretch * (t + KNEE)
        estimates.append(torch.stack([(each * loss.eps_factor(t)).mean() for loss in losses]))
    mean = mean_of(torch.stack(estimates))
    return [Estimate(value, error) for value, error in zip(*mean, strict=True)]


def monte_carlo(
    mixture: Mixture, losses: Sequence[PublishedLoss], n: int, generator: Generator
) -> Tensor:
    """Losses (len(losses), n) of the exact denoiser at n points, one uniform time and noise for each.

    What the published code computes, with the best possible network in it. All losses see the same draws.
    """
    mixture = lean(mixture)
    x = mixture.sample(n, generator, torch.float64)
    t = torch.rand(n, generator=generator, dtype=torch.float64)
    eps = torch.randn(n, mixture.dim, generator=generator, dtype=torch.float64)
    z = SCHEDULE.alpha(t)[:, None] * x + SCHEDULE.sigma(t)[:, None] * eps
    denoiser = mixture.denoiser(SCHEDULE)
    x_hat, eps_hat = denoiser.posterior(z, SCHEDULE.alpha(t), SCHEDULE.sigma(t))
    values = []
    for loss in losses:
        a, b = loss.target.row(SCHEDULE, t)
        values.append(loss.of_prediction(a[:, None] * x_hat + b[:, None] * eps_hat, x, eps, t))
    return torch.stack(values)


def against_published(budget: Budget, seed: int = 0) -> pd.DataFrame:
    """Every published 2-D loss beside its Bayes floor, in code units: 32 rows.

    Columns: dataset, target, objective; ``floor`` and ``floor_error``, also in percent;
    ``monte_carlo`` and its ``monte_carlo_error``, the perfect denoiser in the published estimator;
    ``draw_sd``, the standard deviation of one recorded test loss of the perfect denoiser, for lack of
    test points; ``published``, its ``published_sd`` over three executions, and ``last20``, the average of
    the last epochs; ``excess`` = published - floor, also in percent of the floor and in standard errors
    of the published mean, where an execution's standard deviation is the larger of ``published_sd``
    and ``draw_sd``; ``excess_last20``.
    """
    keys = [(objective, target) for objective in study.OBJECTIVES for target in study.TARGETS]
    losses = [published.LOSSES[key] for key in keys]
    rows = []
    for number, name in enumerate(study.DATASETS):
        mixture = data2d.by_name(name)
        values = floors(mixture, losses, budget, seed + 1000 * number)
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
    known = study.losses()[["dataset", "target", "objective", "printed", "sd", "last20_mean"]]
    known = known.rename(
        columns={"printed": "published", "sd": "published_sd", "last20_mean": "last20"}
    )
    table = pd.DataFrame(rows).merge(known, on=["dataset", "target", "objective"], validate="1:1")
    table["floor_error_percent"] = 100 * table["floor_error"] / table["floor"]
    table["excess"] = table["published"] - table["floor"]
    table["excess_percent"] = 100 * table["excess"] / table["floor"]
    noise = table[["published_sd", "draw_sd"]].max(axis=1) / math.sqrt(3)
    table["excess_in_se"] = table["excess"] / noise
    table["excess_last20"] = table["last20"] - table["floor"]
    return table


def truncated_nelbo(
    mixture: Mixture, t_min: Sequence[float], budget: Budget, seed: int = 0
) -> list[Estimate]:
    r"""The unguarded NELBO of the best denoiser over t in (t_min, 1), code units, for falling ``t_min``.

    It is :math:`\frac1\pi \int E\|\epsilon-\hat\epsilon\|^2/D\,d\lambda` up to the log-SNR of ``t_min``: one
    piece for each ``t_min``, uniform in the log-SNR, added up.
    """
    mixture, pieces = lean(mixture), []
    ends = SCHEDULE.log_snr(torch.tensor(t_min, dtype=torch.float64)).tolist()
    for number, (low, high) in enumerate(zip([LOWEST_LOG_SNR, *ends], ends, strict=False)):
        points = budget.points // (4 if number == 0 else 16)
        estimates = []
        for scramble in range(seed, seed + budget.scrambles):
            cube = sobol(points, 2 + mixture.dim, 1000 * (1 + number) + scramble)
            t = SCHEDULE.time_of(low + (high - low) * cube[:, 0])
            estimates.append(_eps_variance(mixture, cube[:, 1:], t).mean() * (high - low) / math.pi)
        pieces.append(torch.stack(estimates))
    return [mean_of(total) for total in torch.stack(pieces).cumsum(0)]
