r"""Time samplers: where along the noise axis a loss is evaluated, and how densely.

A sampler is a quantile function: it turns uniform numbers in (0, 1) into times, together with the
density :math:`p(\lambda)` at which the log-SNR is visited. A loss divides by that density, so changing
the sampler changes the variance of the estimate and never its mean (Kingma et al., 2021, section 5.1;
Kingma & Gao, 2023).

Times are always float64: the schedule is evaluated in double precision and cast last.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import torch
from torch import Generator, Tensor

from diffcore import checks
from diffcore.choice import Choice, Positive
from diffcore.schedules.base import Schedule


class Times:
    """Sampled times: ``t``, ``log_snr`` and ``density`` = p(log_snr), each (batch,) float64.

    Args:
        t: the times.
        log_snr: their levels, or the function that gives them, which is asked only if they are: the ELBO does
            not need them.
        density: of the levels.
    """

    def __init__(
        self, t: Tensor, log_snr: Tensor | Callable[[Tensor], Tensor], density: Tensor
    ) -> None:
        self.t, self.density = t, density
        self._log_snr = log_snr

    @cached_property
    def log_snr(self) -> Tensor:
        """The levels, nats."""
        return self._log_snr if isinstance(self._log_snr, Tensor) else self._log_snr(self.t)


CELLS = 2**52
"""Uniform numbers are midpoints of at most this many equal cells: few enough to be exact in float64."""


def uniform(n: int, generator: Generator) -> Tensor:
    """``n`` float64 uniforms in the *open* interval (0, 1).

    ``torch.rand`` may return 0, where the log-SNR of most schedules is infinite.

    Raises:
        TypeError: if ``n`` is no integer.
        ValueError: if n >= 1 does not hold.
    """
    checks.generator(generator)
    return _integers(CELLS, checks.count("n", n), generator).double().add_(0.5).div_(CELLS)


REACH = 8.3
"""No uniform of at most :data:`CELLS` cells is this many standard deviations from the middle of a normal."""

LAST_LOGIT = 36.0
"""The sigmoid of a larger number is 1 in float64."""


def _integers(below: int, n: int, generator: Generator) -> Tensor:
    return torch.randint(below, (n,), generator=generator, device=generator.device)


def _one_in_each_stratum(n: int, offsets: int, generator: Generator) -> Tensor:
    checks.generator(generator)
    # In whole cells, because (n - 1 + u) / n rounds to 1 for u close to 1.
    cells = CELLS // checks.count("n", n)
    strata = torch.arange(n, device=generator.device)
    return ((strata * cells + _integers(cells, offsets, generator)).double() + 0.5) / (n * cells)


@dataclass(frozen=True)
class TimeSampler(Choice, ABC):
    """A distribution of noise levels."""

    closed: ClassVar[bool] = False
    """Whether it has times at the quantiles 0 and 1 as well."""

    def quantile(self, u: Tensor, schedule: Schedule) -> Times:
        """Times at the quantiles ``u`` in (0, 1), shape (batch,).

        Raises:
            TypeError: if ``u`` is no tensor of floating-point numbers.
            ValueError: if one is not in (0, 1); they are looked at on the CPU only.
        """
        return self._at(checks.times(u, "u") if self.closed else checks.quantiles(u), schedule)

    @abstractmethod
    def _at(self, u: Tensor, schedule: Schedule) -> Times:
        """:meth:`quantile`, without a look at ``u``."""

    def draw(self, n: int, generator: Generator) -> Tensor:
        """``n`` >= 1 uniforms, independent unless the sampler spreads them."""
        return uniform(n, generator)

    def sample(self, n: int, schedule: Schedule, generator: Generator) -> Times:
        """``n`` >= 1 times drawn from this distribution.

        Raises:
            TypeError: if ``n`` is no integer, ``schedule`` no schedule or ``generator`` no generator.
            ValueError: if n >= 1 does not hold.
        """
        checks.instance("schedule", schedule, Schedule)
        return self._at(self.draw(n, generator), schedule)


def _at_time(t: Tensor, density_in_t: Tensor | None, schedule: Schedule) -> Times:
    """Times with their density; of uniform ones it is 1."""
    # p(lambda) = p(t) / |d lambda / dt|
    slope = schedule.log_snr_prime(t).abs()
    density = slope.reciprocal() if density_in_t is None else density_in_t / slope
    return Times(t, schedule.log_snr, density)


@dataclass(frozen=True)
class Uniform(TimeSampler):
    """t uniform in (0, 1): the study's choice, and the usual one."""

    def _at(self, u: Tensor, schedule: Schedule) -> Times:
        return _at_time(u, None, schedule)


@dataclass(frozen=True)
class UniformLogSNR(TimeSampler):
    """log-SNR uniform in (low, high), in nats: the ELBO's integrand then has bounded variance.

    An end that is None is that of :meth:`Schedule.log_snr_window`.

    Raises:
        ValueError: if low < high does not hold, or, when asked for times, the schedule does not reach
            that far.
    """

    closed = True

    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.log_snr_range((self.low, self.high))

    def _at(self, u: Tensor, schedule: Schedule) -> Times:
        low, high = schedule.log_snr_window((self.low, self.high))
        width = high - low
        log_snr = high - width * u  # decreasing, so that u runs the way t does
        return Times(schedule.time_of(log_snr), log_snr, torch.full_like(u, 1 / width))


@dataclass(frozen=True)
class LogitNormal(TimeSampler):
    """logit(t) ~ N(mean, std^2) (Esser et al., 2024, section 3.1)."""

    mean: float = 0.0
    std: Positive = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        reach = abs(self.mean) + REACH * self.std
        self._require(reach <= LAST_LOGIT, f"|mean| + {REACH} std <= {LAST_LOGIT:g}: times below 1")

    def _at(self, u: Tensor, schedule: Schedule) -> Times:
        n = torch.special.ndtri(u)
        logit = self.mean + self.std * n
        t = torch.sigmoid(logit)
        # dt / dlogit = t (1 - t), written so that 1 - t does not cancel.
        return _at_time(t, _normal(n) / (self.std * t * torch.sigmoid(-logit)), schedule)


@dataclass(frozen=True)
class LogNormalSigma(TimeSampler):
    """log(sigma / alpha) ~ N(mean, std^2): EDM's noise levels (Karras et al., 2022, table 1).

    On a schedule that reaches only part of the line, this distribution truncated to that part.

    Raises:
        ValueError: when asked for times, if next to nothing of it is on that part.
    """

    mean: float = -1.2
    std: Positive = 1.2

    def __post_init__(self) -> None:
        super().__post_init__()
        most = checks.LARGEST_LOG_SNR
        reach = 2 * (abs(self.mean) + REACH * self.std)
        self._require(reach <= most, f"2 (|mean| + {REACH} std) <= {most:.4g}: log-SNRs of float64")

    def _at(self, u: Tensor, schedule: Schedule) -> Times:
        ends = torch.tensor(schedule.log_snr_range[::-1], dtype=u.dtype)
        first, last = torch.special.ndtr((-ends / 2 - self.mean) / self.std).tolist()
        if last - first < 1e-6:
            raise ValueError(
                f"{self}: expected noise levels that {schedule} reaches, got {last - first:.1g} of them"
            )
        n = torch.special.ndtri(first + (last - first) * u)
        log_snr = -2 * (self.mean + self.std * n)
        density = _normal(n) / (2 * self.std) / (last - first)
        return Times(schedule.time_of(log_snr), log_snr, density)


def _normal(n: Tensor) -> Tensor:
    return torch.exp(-(n**2) / 2) / math.sqrt(2 * math.pi)


@dataclass(frozen=True)
class _Spread(TimeSampler):
    """The times of ``base`` at quantiles that are spread over (0, 1)."""

    base: TimeSampler = Uniform()

    def quantile(self, u: Tensor, schedule: Schedule) -> Times:
        return self.base.quantile(u, schedule)

    def _at(self, u: Tensor, schedule: Schedule) -> Times:
        return self.base._at(u, schedule)


@dataclass(frozen=True)
class Stratified(_Spread):
    """One independent draw in each of ``batch`` equal strata of ``base``; same mean, less variance.

    The noise-free part of the variance falls as 1/batch^3 instead of 1/batch.
    """

    def draw(self, n: int, generator: Generator) -> Tensor:
        return _one_in_each_stratum(n, n, generator)


@dataclass(frozen=True)
class SharedOffset(_Spread):
    """One draw moves a regular grid: u_i = (u + i / batch) mod 1 (Kingma et al., 2021, appendix I.1)."""

    def draw(self, n: int, generator: Generator) -> Tensor:
        return _one_in_each_stratum(n, 1, generator)
