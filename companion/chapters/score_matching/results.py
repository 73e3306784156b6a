"""What the chapter "Score matching" tabulates: each identity by two routes, on the study's 2-D data sets.

All averages are randomised quasi-Monte Carlo over the noised data: independent scrambles of Sobol points
give a mean and its standard error. The two routes of an identity never share a scramble.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import torch
from scipy import integrate, stats
from torch import Tensor

from diffcore.exact import DATASETS, Mixture
from diffcore.exact.data2d import Rings, SwissRoll, Waves, clusters
from diffcore.exact.floors import lean
from diffcore.exact.mixtures import scales
from diffcore.exact.quadrature import Estimate, mean_of, sobol

WIDER: dict[str, Callable[[], Mixture]] = {
    "clusters": lambda: clusters(std=1.5),
    "rings": lambda: Rings(width=0.3),
    "swiss_roll": lambda: SwissRoll(noise=0.75),
    "waves": lambda: Waves(noise=0.045),
}
"""A wrong model of each data set: its own noise, 1.5 times as wide."""

STEP = 0.5
"""Between log-SNRs of an integral: what is integrated is smooth over several units."""

LOG_SNR = torch.arange(-8, 20 + STEP, STEP, dtype=torch.float64)
"""Where integrands are measured: what both ends leave out is below 3e-5 nats."""

LEVELS = (-4.0, 0.0, 4.0, 8.0)
"""Log-SNRs at which the Fisher information is taken by two routes."""

NOISY, CLEAN = -10.0, 14.0
"""Log-SNRs at which the leading terms at both ends are measured."""


ROUTES = ["direct", "direct_error", "denoised", "denoised_error"]
"""The columns of two routes to one number, with their standard errors: by densities, by denoisers."""

ONE, ZERO = torch.ones(1, dtype=torch.float64), torch.zeros(1, dtype=torch.float64)
"""The scales of clean data."""


@dataclass(frozen=True)
class Budget:
    """How many Sobol points at each noise level in each scramble, and how many scrambles."""

    points: int
    scrambles: int

    @property
    def drawn(self) -> dict[str, Any]:
        """What is said of them in the manifest and in captions."""
        return {"n": self.points * self.scrambles, "seeds": [0]}


def _floats(estimate: Estimate) -> tuple[float, float]:
    return estimate.value.item(), estimate.error.item()


def averages(
    mixture: Mixture,
    value: Callable[[Tensor, Tensor, Tensor], Tensor],
    alpha: Tensor,
    sigma: Tensor,
    budget: Budget,
    seed: int,
) -> Tensor:
    """The mean of ``value(z, alpha, sigma)`` (points,) at each pair of scales (n,), (scrambles, n)."""
    rows = []
    for scramble in range(budget.scrambles):
        row = []
        for level, (a, s) in enumerate(zip(alpha, sigma, strict=True)):
            cube = sobol(budget.points, 1 + mixture.dim, seed + scramble * len(alpha) + level)
            row.append(value(mixture.noised(cube, a, s), a, s).mean())
        rows.append(torch.stack(row))
    return torch.stack(rows)


def spectrum(budget: Budget) -> pd.DataFrame:
    """The error of the exact denoiser at each log-SNR, and what it adds up to, a row each.

    ``mmse`` is that of the noise, summed over both dimensions; ``share`` is
    1/2 (2 sigmoid(lambda) - mmse), ``total`` its integral from minus infinity, nats.
    """
    rows = []
    for name, dataset in DATASETS.items():
        mixture = lean(dataset())
        each = mixture.eps_mmse(*scales(LOG_SNR), budget.points, budget.scrambles, seed=0)
        shares = (mixture.dim * torch.sigmoid(LOG_SNR) - each) / 2
        mmse, share, total = map(mean_of, (each, shares, running(shares)))
        columns = {"log_snr": LOG_SNR} | {
            key: part
            for label, estimate in (("mmse", mmse), ("share", share), ("total", total))
            for key, part in ((label, estimate.value), (f"{label}_error", estimate.error))
        }
        rows.append(pd.DataFrame({"dataset": name} | {k: v.numpy() for k, v in columns.items()}))
    return pd.concat(rows, ignore_index=True)


def running(integrand: Tensor) -> Tensor:
    """The integral over `LOG_SNR` up to each of its points, by the trapezoidal rule, (..., n)."""
    inner = STEP * (integrand[..., 1:] + integrand[..., :-1]) / 2
    return torch.cat([torch.zeros_like(integrand[..., :1]), inner.cumsum(-1)], -1)


def fisher(budget: Budget) -> pd.DataFrame:
    """sigma^2 E|score|^2, and D - mmse of the noise, which it should be; a row for each log-SNR.

    ``autograd`` is what `second_order` finds at as many points as one scramble has.
    """
    rows = []
    alpha, sigma = scales(torch.tensor(LEVELS, dtype=torch.float64))
    for name, dataset in DATASETS.items():
        mixture = dataset()
        error = mixture.eps_mmse(alpha, sigma, budget.points, budget.scrambles, seed=0)
        squared = averages(mixture, _squared_score(mixture), alpha, sigma, budget, seed=10_000)
        for k, log_snr in enumerate(LEVELS):
            numbers = _floats(mean_of(squared[:, k])), _floats(mean_of(mixture.dim - error[:, k]))
            slope = second_order(mixture, alpha[k], sigma[k], budget.points)
            rows.append((name, log_snr, *numbers[0], *numbers[1], slope))
    return pd.DataFrame(rows, columns=["dataset", "log_snr", *ROUTES, "autograd"])


def _squared_score(mixture: Mixture) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """sigma^2 |score|^2 of the noised data."""

    def value(z: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        return (sigma * mixture.score(z, alpha, sigma)).square().sum(1)

    return value


def second_order(mixture: Mixture, alpha: Tensor, sigma: Tensor, points: int) -> float:
    """The largest gap between three forms of the trace of alpha^2/sigma^2 Cov[x|z], over ``points``.

    The posterior's own sum of squares, alpha div x_hat and D + sigma^2 div score, the last two by autograd.
    """
    z = mixture.noised(sobol(points, 1 + mixture.dim, 20_000), alpha, sigma).requires_grad_()
    moments = mixture.moments(z, alpha, sigma)
    slopes = (
        alpha * divergence(moments.x_hat, z),
        mixture.dim + sigma**2 * divergence(moments.score, z),
    )
    return max((moments.eps_variance - slope).abs().max().item() for slope in slopes)


def divergence(field: Tensor, z: Tensor) -> Tensor:
    """The trace of the Jacobian of ``field(z)``, both (batch, D), for each row, by autograd."""
    slopes = [
        torch.autograd.grad(field[:, k].sum(), z, retain_graph=True)[0][:, k]
        for k in range(z.shape[1])
    ]
    return torch.stack(slopes).sum(0)


def likelihood(levels: pd.DataFrame, budget: Budget) -> pd.DataFrame:
    """Entropy and divergence in nats, from densities and from errors of denoisers; two rows a data set.

    Args:
        levels: as `spectrum` returns it.
        budget: of all other averages; of the clean data eight times the points.
    """
    rows = []
    clean, fewer = (
        replace(budget, points=8 * budget.points),
        replace(budget, points=budget.points // 4),
    )
    for name, dataset in DATASETS.items():
        mixture, model = dataset(), WIDER[name]()
        entropy = mixture.entropy(clean.points, clean.scrambles, seed=30_000)
        end = levels[levels["dataset"] == name].iloc[-1]
        unit_data = mixture.dim * math.log(2 * math.pi * math.e) / 2
        ratio = averages(mixture, _log_ratio(mixture, model), ONE, ZERO, clean, seed=40_000)[:, 0]
        excess = _excess(lean(mixture), lean(model))
        each = averages(mixture, excess, *scales(LOG_SNR), fewer, seed=50_000)
        direct, summed = mean_of(ratio), mean_of(running(each / 2)[:, -1])
        two = {
            "entropy": (*_floats(entropy), unit_data - end["total"], end["total_error"]),
            "divergence": (*_floats(direct), *_floats(summed)),
        }
        rows += [(name, quantity, *numbers) for quantity, numbers in two.items()]
    return pd.DataFrame(rows, columns=["dataset", "quantity", *ROUTES])


def _log_ratio(mixture: Mixture, model: Mixture) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """The log of the ratio of two densities."""

    def value(z: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        return mixture.log_prob(z, alpha, sigma) - model.log_prob(z, alpha, sigma)

    return value


def _excess(mixture: Mixture, model: Mixture) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """The squared difference of two exact denoisers, in the noise."""

    def value(z: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        noises = [each.moments(z, alpha, sigma).eps_hat for each in (mixture, model)]
        return (noises[0] - noises[1]).square().sum(1)

    return value


def ends(budget: Budget) -> pd.DataFrame:
    """The leading terms of the error at both ends, measured and as derived; a row a data set.

    Noisy end: (D - mmse of x) / SNR against tr C^2. Clean end: (D - mmse of the noise) SNR against the
    Fisher information of the data, and for a density that jumps, what the jumps add at that noise.
    """
    rows = []
    at = torch.tensor([NOISY, CLEAN], dtype=torch.float64)
    more = replace(budget, points=8 * budget.points)
    for name, dataset in DATASETS.items():
        mixture = dataset()
        error = mixture.eps_mmse(*scales(at), more.points, more.scrambles, seed=60_000)
        noisy = mean_of((mixture.dim - error[:, 0] * math.exp(-NOISY)) * math.exp(-NOISY))
        clean = mean_of((mixture.dim - error[:, 1]) * math.exp(CLEAN))
        inside = mean_of(averages(mixture, _score_of_data(mixture), ONE, ZERO, more, 70_000)[:, 0])
        derived = covariance(mixture).square().sum().item()
        jumps = edges(mixture) * math.exp(CLEAN / 2)
        numbers = *_floats(noisy), derived, *_floats(clean), inside.value.item() + jumps
        rows.append((name, *numbers, inside.error.item(), jumps))
    columns = ["noisy", "noisy_error", "noisy_derived", "clean", "clean_error", "clean_derived"]
    return pd.DataFrame(rows, columns=["dataset", *columns, "clean_derived_error", "jumps"])


def _score_of_data(mixture: Mixture) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """The squared score of clean data, where their density is smooth."""

    def value(z: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        return mixture.score(z, alpha, sigma).square().sum(1)

    return value


def covariance(mixture: Mixture, labels: int = 2**16) -> Tensor:
    """The covariance of the data, (D, D): the midpoint rule over labels."""
    mean, basis, variance = mixture.component_at(
        (torch.arange(labels, dtype=torch.float64) + 0.5) / labels
    )
    centred = mean - mean.mean(1, keepdim=True)
    within = torch.einsum("ijn,jn,kjn->ik", basis, variance, basis)
    return (centred @ centred.T + within) / labels


def edges(mixture: Mixture) -> float:
    r"""What jumps of the density add to sigma E|score|^2 as sigma falls: only the waves have any.

    A density that jumps from 0 to h looks like h Phi(z/sigma) there, and adds h int phi^2 / Phi.
    """
    if not isinstance(mixture, Waves):
        return 0.0
    height = mixture.standardisation[1][0, 0].item()  # of x, uniform on an interval of raw length 1
    one_edge, _ = integrate.quad(
        lambda u: math.exp(2 * stats.norm.logpdf(u) - stats.norm.logcdf(u)), -9, 9
    )
    return 2 * height * one_edge


def agreement(fisher: pd.DataFrame, likelihood: pd.DataFrame) -> str:
    """How far the two routes of each identity are apart, in words.

    Args:
        fisher: as `fisher` returns it.
        likelihood: as `likelihood` returns it.
    """
    gaps = pd.concat([in_errors(fisher), in_errors(likelihood)])
    return (
        f"Of the {len(gaps)} pairs of routes, {(gaps <= 2).sum()} are within two of their joint standard "
        f"errors, and all are within {math.ceil(10 * gaps.max()) / 10:.1f}."
    )


def in_errors(frame: pd.DataFrame) -> pd.Series:
    """The distance between the two routes in units of their joint standard error."""
    one, one_error, other, other_error = (frame[column] for column in ROUTES)
    return (one - other).abs() / (one_error**2 + other_error**2) ** 0.5
