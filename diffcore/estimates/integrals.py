r"""Integrals over the log-SNR of expectations over data and noise, by importance-weighted points."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from diffcore import checks
from diffcore.estimates.data import Data
from diffcore.estimates.points import PointSet, Sobol
from diffcore.schedules.base import Schedule
from diffcore.times import TimeSampler

Integrand = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
"""(x (n, ...), eps like x, times (n,), log-SNRs (n,)) -> values (n,), per nat of log-SNR."""

SOBOL = Sobol()


class Integral(NamedTuple):
    """An unbiased estimate, its standard error, and at how many points it evaluated the integrand.

    ``value`` and ``error`` are (), float64. The error is estimated from independent replicates, so that of
    few of them it has itself an error: of 16 it is off by 18 %, typically.
    """

    value: Tensor
    error: Tensor
    evaluations: int


def spread(data: Data, quantiles: Tensor) -> tuple[Tensor, Tensor]:
    """Data and noise, each (n, ...), at ``quantiles`` (n, coordinates of the data + size of an example)."""
    x = data.at(quantiles[:, : data.coordinates])
    if x.shape != (len(quantiles), *data.shape):
        raise ValueError(
            f"data: expected shape {(len(quantiles), *data.shape)}, got {tuple(x.shape)}"
        )
    eps = torch.special.ndtri(quantiles[:, data.coordinates :])
    return x, eps.reshape(x.shape).to(x.dtype)


def dims_of(data: Data) -> int:
    """How many uniforms :func:`spread` takes for one example."""
    return data.coordinates + torch.Size(data.shape).numel()


@torch.no_grad()
def integral(
    integrand: Integrand,
    data: Data,
    schedule: Schedule,
    times: TimeSampler,
    generator: Generator,
    log_snr: tuple[float, float] | None = None,
    points: PointSet = SOBOL,
    n: int = 1024,
    scrambles: int = 16,
) -> Integral:
    r"""The integral :math:`\int E f\, d\lambda` over a range of log-SNRs, without gradients.

    Each point's value is divided by the density at which its log-SNR is visited: that leaves the mean as it
    is, where the density is positive. Points beyond the range count as zero.

    Args:
        integrand: what is integrated.
        data: what the expectation is over, beside the noise.
        schedule: the forward process.
        times: how the noise levels are spread; it must reach all of the range.
        generator: the only source of randomness.
        log_snr: the range (low, high) in nats; None for (-12, 12), or the part that the schedule reaches.
        points: how points are spread in the unit cube.
        n: points in each replicate; for Sobol points best a power of 2.
        scrambles: independent replicates, at least 2; 16 or more for an error that can be relied upon.

    Raises:
        TypeError: if an argument is of another kind.
        ValueError: if low < high, n >= 1 or scrambles >= 2 does not hold, the schedule or the times do not
            reach that far, or a value is not finite.
    """
    checks.function("integrand", integrand, "(x, eps, t, log_snr) -> values")
    checks.instance("data", data, Data)
    checks.instance("schedule", schedule, Schedule)
    checks.instance("times", times, TimeSampler)
    checks.instance("points", points, PointSet)
    checks.generator(generator)
    n, scrambles = checks.count("n", n), checks.count("scrambles", scrambles, least=2)
    low, high = schedule.log_snr_window((None, None) if log_snr is None else log_snr)
    _reaches(times, schedule, low, high)
    means = []
    for _ in range(scrambles):
        cube = points.draw(n, 1 + dims_of(data), generator)
        drawn = times.quantile(cube[:, 0].contiguous(), schedule)
        x, eps = spread(data, cube[:, 1:])
        values = integrand(x, eps, drawn.t, drawn.log_snr).double()
        inside = (drawn.log_snr >= low) & (drawn.log_snr <= high)
        means.append(torch.where(inside, values / drawn.density, 0.0).mean())
    of_each = checks.finite("integrand", torch.stack(means))
    return Integral(of_each.mean(), of_each.std() / scrambles**0.5, n * scrambles)


LEAST = 2.0**-53
"""The smallest quantile that is drawn, and the distance of the largest from 1."""


def _reaches(times: TimeSampler, schedule: Schedule, low: float, high: float) -> None:
    """Refuse times that leave part of the range out: their mean would be that of the rest."""
    ends = torch.tensor([LEAST, 1 - LEAST], dtype=torch.float64)
    last, first = times.quantile(ends, schedule).log_snr.aminmax()
    slack = 1e-9 * (high - low)
    if first < high - slack or last > low + slack:
        raise ValueError(
            f"times: expected some at every log-SNR from {low:g} to {high:g}, got {times}, which reaches "
            f"from {float(last):.4g} to {float(first):.4g}"
        )
