r"""Bayes floors: the loss of the best possible denoiser of a mixture.

A loss is :math:`\int_0^1 f(t)\, E\|\epsilon - \hat\epsilon\|^2 / D\, dt` for some f. Every target is affine
in the noise given z, so one posterior mean minimises all of them, and the floor is the same integral
over the minimum mean squared error. It is computed by randomised quasi-Monte Carlo: scrambled Sobol points
choose the time, the label and the noise, the posterior variance at each point is exact, and independent
scrambles give the standard error.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import torch
from torch import Tensor

from diffcore.exact.curves import CurveMixture
from diffcore.exact.mixtures import Mixture
from diffcore.exact.quadrature import Estimate, mean_of, sobol
from diffcore.losses import Loss
from diffcore.schedules.base import Schedule

Factor = Callable[[Tensor], Tensor]
r"""t (n,) -> f(t), what multiplies :math:`E\|\epsilon - \hat\epsilon\|^2 / D`, per unit of time."""

KNEE = 0.04
"""Times are spread evenly in log(t + KNEE): the integrands change at times of this size."""


def factor_of(loss: Loss, dims: int) -> Factor:
    r"""The f of a loss of data with ``dims`` dimensions: :math:`\frac D2 w(\lambda_t) |\lambda_t'|`, nats.

    The loss's target and times do not enter: they change no minimum and no mean.
    """
    schedule = loss.schedule

    def factor(t: Tensor) -> Tensor:
        w = loss.weighting(schedule.log_snr(t), schedule)
        return dims / 2 * w * schedule.log_snr_prime(t).abs()

    return factor


def lean(mixture: Mixture, nodes: int = 6, cutoff: float = 20.0) -> Mixture:
    """The same mixture with fewer quadrature nodes along its curve: by default half, for half the time.

    These move an average by 2e-6.

    Args:
        mixture: of any kind; one that is no curve is left as it is.
        nodes: of a panel.
        cutoff: what is left out of a posterior, nats below its peak.
    """
    if isinstance(mixture, CurveMixture):
        return replace(mixture, nodes=nodes, cutoff=cutoff)
    return mixture


def floors(
    mixture: Mixture,
    factors: Sequence[Factor],
    schedule: Schedule,
    points: int,
    scrambles: int,
    seed: int = 0,
) -> list[Estimate]:
    """The least possible loss under each factor, all from the same points.

    Args:
        mixture: the data.
        factors: one for each loss; in :func:`factor_of`'s nats, or in any other unit.
        schedule: the forward process.
        points: Sobol points in each scramble, best a power of 2.
        scrambles: independent scrambles, at least 2.
        seed: of the scrambles.
    """
    mixture, estimates = lean(mixture), []
    stretch = math.log1p(1 / KNEE)
    for scramble in range(seed, seed + scrambles):
        cube = sobol(points, 2 + mixture.dim, scramble)
        t = KNEE * torch.expm1(stretch * cube[:, 0])
        each = _eps_variance(mixture, cube[:, 1:], t, schedule) * stretch * (t + KNEE)
        estimates.append(_means(each, t, factors))
    mean = mean_of(torch.stack(estimates))
    return [Estimate(value, error) for value, error in zip(*mean, strict=True)]


def by_time(
    mixture: Mixture,
    factors: Sequence[Factor],
    schedule: Schedule,
    edges: Sequence[float],
    points: int,
    scrambles: int,
    seed: int = 0,
) -> Estimate:
    """The least possible mean loss in each bin of time under each factor: (factors, bins), and its error.

    Bins have scrambles of their own, so that the errors of two are independent.

    Args:
        mixture: the data.
        factors: one for each loss, as in :func:`floors`.
        schedule: the forward process.
        edges: of the bins, rising in [0, 1].
        points: Sobol points in each scramble of each bin, best a power of 2.
        scrambles: independent scrambles, at least 2.
        seed: of the first scramble.

    Raises:
        ValueError: if the edges do not rise within [0, 1].
    """
    if len(edges) < 2 or edges[0] < 0 or edges[-1] > 1 or any(a >= b for a, b in pairwise(edges)):
        raise ValueError(f"edges: expected two or more, rising in [0, 1], got {list(edges)}")
    mixture, bins = lean(mixture), []
    for low, high in pairwise(edges):
        estimates = []
        for _ in range(scrambles):
            cube, seed = sobol(points, 2 + mixture.dim, seed), seed + 1
            t = low + (high - low) * cube[:, 0]
            each = _eps_variance(mixture, cube[:, 1:], t, schedule)
            estimates.append(_means(each, t, factors))
        bins.append(mean_of(torch.stack(estimates)))
    return Estimate(
        torch.stack([b.value for b in bins], 1), torch.stack([b.error for b in bins], 1)
    )


def truncated_nelbo(
    mixture: Mixture,
    log_snr: Sequence[float],
    schedule: Schedule,
    points: int,
    scrambles: int,
    seed: int = 0,
    divisor: float = 2.0,
) -> list[Estimate]:
    r"""The best denoiser's :math:`\frac12 \int E\|\epsilon-\hat\epsilon\|^2/D\,d\lambda`, up to rising ends.

    One piece for each interval, uniform in the log-SNR, added up.

    Args:
        mixture: the data.
        log_snr: where the integral begins, and the rising ends that it is wanted up to.
        schedule: the forward process; the integral does not depend on it.
        points: a quarter of them are the Sobol points of the first piece, a sixteenth of each other.
        scrambles: independent scrambles, at least 2.
        seed: of the scrambles.
        divisor: what the integral is divided by: 2 gives nats per dimension.

    Returns:
        One estimate for each end.
    """
    mixture, pieces = lean(mixture), []
    for number, (low, high) in enumerate(pairwise(log_snr)):
        estimates = []
        for scramble in range(seed, seed + scrambles):
            share = 4 if number == 0 else 16
            cube = sobol(points // share, 2 + mixture.dim, 1000 * (1 + number) + scramble)
            t = schedule.time_of(low + (high - low) * cube[:, 0])
            mean = _eps_variance(mixture, cube[:, 1:], t, schedule).mean()
            estimates.append(mean * (high - low) / divisor)
        pieces.append(torch.stack(estimates))
    return [mean_of(total) for total in torch.stack(pieces).cumsum(0)]


def _means(each: Tensor, t: Tensor, factors: Sequence[Factor]) -> Tensor:
    """The mean of ``each`` (n,), times each factor at times ``t`` (n,): (factors,)."""
    return torch.stack([(each * factor(t)).mean() for factor in factors])


def _eps_variance(mixture: Mixture, quantiles: Tensor, t: Tensor, schedule: Schedule) -> Tensor:
    """Posterior variance of the noise per dimension (n,), at times (n,) and quantiles (n, 1 + D)."""
    alpha, sigma = schedule.alpha(t), schedule.sigma(t)
    z = mixture.noised(quantiles, alpha, sigma)
    return mixture.moments(z, alpha, sigma).eps_variance / mixture.dim
