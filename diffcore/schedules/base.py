r"""Noise schedules: how much signal and how much noise, at every time.

A schedule fixes the forward process :math:`z_t = \alpha_t x + \sigma_t \epsilon` on
:math:`t \in [0, 1]`, with data at :math:`t = 0`. The log-signal-to-noise ratio
:math:`\lambda_t = \log(\alpha_t^2 / \sigma_t^2)` decreases strictly in :math:`t`
(Kingma et al., 2021, section 3.1).

Every method is elementwise: it takes a tensor of times of any shape and dtype and returns a tensor of
the same shape and dtype, differentiable by autograd. Nothing is clipped. Every formula is written so
that it keeps its full relative accuracy down to both ends (``1 - t`` is exact in floating point for
``t >= 1/2``, ``expm1`` replaces ``exp(.) - 1``); at the very ends ``log_snr`` is infinite where the
mathematics says so.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, wraps
from typing import Any, ClassVar

import torch
from torch import Tensor

from diffcore import checks
from diffcore.choice import Choice

DEFAULT_LOG_SNR = (-12.0, 12.0)
"""Where bounds, samplers and times begin and end unless told otherwise, as far as the schedule reaches."""


@dataclass(frozen=True)
class Schedule(Choice, ABC):
    r"""A forward process :math:`q(z_t | x) = N(\alpha_t x, \sigma_t^2 I)`.

    Every function below refuses what is no tensor of floating-point numbers, with a TypeError, and times
    outside [0, 1], with a ValueError, whoever wrote the schedule. Times are looked at only on the CPU, where
    no device is waited for. ``class Mine(Schedule, any_time=True)`` goes without.

    Attributes:
        parts: names of methods, elementwise in times as well, from which a schedule makes several of its
            functions: they too are evaluated once where values are kept (:func:`diffcore.memoized.memoized`).
    """

    parts: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, *, any_time: bool = False, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not any_time:
            for name, checked in CHECKED.items():
                if name in vars(cls):
                    setattr(cls, name, checked(vars(cls)[name]))

    def looked_at(self, t: Tensor) -> Tensor:
        """The times, after a look at whether they are in [0, 1]: for what needs no function of them.

        Raises:
            TypeError: if they are no tensor of floating-point numbers.
            ValueError: if one lies outside [0, 1].
        """
        return checks.times(t)

    @abstractmethod
    def alpha(self, t: Tensor) -> Tensor:
        r"""Signal scale :math:`\alpha_t`."""

    @abstractmethod
    def sigma(self, t: Tensor) -> Tensor:
        r"""Noise scale :math:`\sigma_t`."""

    @abstractmethod
    def alpha_prime(self, t: Tensor) -> Tensor:
        r"""Time derivative :math:`d\alpha_t / dt`."""

    @abstractmethod
    def sigma_prime(self, t: Tensor) -> Tensor:
        r"""Time derivative :math:`d\sigma_t / dt`."""

    @abstractmethod
    def log_snr(self, t: Tensor) -> Tensor:
        r"""Log-signal-to-noise ratio :math:`\lambda_t`, in nats."""

    @abstractmethod
    def log_snr_prime(self, t: Tensor) -> Tensor:
        r"""Time derivative :math:`d\lambda_t / dt < 0`."""

    @abstractmethod
    def time_of(self, log_snr: Tensor) -> Tensor:
        r"""The time at which the log-SNR is ``log_snr``: the inverse of :meth:`log_snr`.

        Defined on :attr:`log_snr_range`.

        Raises:
            ValueError: beyond it.
        """

    @cached_property
    def log_snr_range(self) -> tuple[float, float]:
        """The lowest and highest log-SNR reached on [0, 1], in nats; either may be infinite."""
        low, high = self.log_snr(torch.tensor([1.0, 0.0], dtype=torch.float64)).tolist()
        return low, high

    def log_snr_window(self, asked: tuple[float | None, float | None]) -> tuple[float, float]:
        """The range (low, high) that was asked for, in nats.

        Args:
            asked: (low, high); None stands for the end of :data:`DEFAULT_LOG_SNR`, or of what the
                schedule reaches where that is less.

        Raises:
            ValueError: if low < high does not hold, float64 does not resolve an end, or the schedule does not
                reach that far.
        """
        first, last = checks.log_snr_range(asked)
        lowest, highest = self.log_snr_range
        low = max(DEFAULT_LOG_SNR[0], lowest) if first is None else first
        high = min(DEFAULT_LOG_SNR[1], highest) if last is None else last
        if not low < high:
            raise ValueError(f"log-SNR range: expected low < high, got ({low:g}, {high:g})")
        if low < lowest or high > highest:
            raise ValueError(
                f"log-SNR range: {self} reaches ({lowest:.4g}, {highest:.4g}), "
                f"got ({low:g}, {high:g}): ask for a range inside"
            )
        return low, high


Function = Callable[[Any, Tensor], Tensor]
"""A method of a schedule, elementwise in times or log-SNRs."""


def _of_times(function: Function) -> Function:
    """The method, after a look at its times."""

    @wraps(function)
    def checked(self: Schedule, t: Tensor) -> Tensor:
        return function(self, checks.times(t))

    return checked


def _to_times(function: Function) -> Function:
    """The method, with a look at the times that it gives."""

    @wraps(function)
    def checked(self: Schedule, log_snr: Tensor) -> Tensor:
        t = function(self, checks.floating("log-SNR", log_snr))
        try:
            return checks.times(t)
        except ValueError:
            low, high = self.log_snr_range
            least, most = (float(end) for end in log_snr.detach().aminmax())
            raise ValueError(
                f"log-SNR: expected numbers from {low:.4g} to {high:.4g}, which {self} reaches, "
                f"got {least:g} to {most:g}"
            ) from None

    return checked


FUNCTIONS_OF_TIME = ("alpha", "sigma", "alpha_prime", "sigma_prime", "log_snr", "log_snr_prime")
CHECKED = dict.fromkeys(FUNCTIONS_OF_TIME, _of_times) | {"time_of": _to_times}
"""What every schedule's methods are looked at for."""
