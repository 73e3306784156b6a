r"""Weightings: every published loss is one function of the log-SNR.

All Gaussian diffusion losses are
:math:`L_w = \frac12 \int w(\lambda)\, E\|\epsilon - \hat\epsilon\|^2 d\lambda` (Kingma & Gao, 2023);
:math:`w = 1` is the diffusion part of the ELBO. A loss defined natively as
:math:`E_{t \sim p(t)}[\omega(t) \|y - \hat y\|^2]` has
:math:`w(\lambda) = 2\, p(\lambda)\, \omega\, c_T`, where :math:`p(\lambda) = p(t) / |\lambda'_t|` and
:math:`c_T` is the squared error scale of its target. Where a weighting is defined by uniform times it
depends on the schedule, so a weighting is a function of both.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import torch
from torch import Tensor

from diffcore import checks
from diffcore.choice import Choice
from diffcore.schedules.base import Schedule
from diffcore.targets import Target, error_scale
from diffcore.times import Times


@dataclass(frozen=True)
class Weighting(Choice, ABC):
    """A weighting of the log-SNR integral.

    Attributes:
        source: where it was published.
    """

    source: ClassVar[str]

    @property
    @abstractmethod
    def name(self) -> str:
        """What the literature calls it, with its parameters."""

    @abstractmethod
    def __call__(self, log_snr: Tensor, schedule: Schedule) -> Tensor:
        """The weight w at ``log_snr``, elementwise, dimensionless."""

    def at_times(self, times: Times, schedule: Schedule) -> Tensor | float:
        """The weight at sampled times, (batch,), or one number where it does not depend on them."""
        return self(times.log_snr, schedule)

    def at(self, share: float) -> "Weighting":
        """What it is once this share of a training is done, from 0 on: itself, unless it changes."""
        return self


@dataclass(frozen=True)
class Elbo(Weighting):
    """w = 1: the diffusion part of the negative ELBO, in nats (Kingma et al., 2021)."""

    source = "Kingma et al. (2021)"

    @property
    def name(self) -> str:
        """See :attr:`Weighting.name`."""
        return "ELBO"

    def __call__(self, log_snr: Tensor, schedule: Schedule) -> Tensor:
        """One at every log-SNR."""
        return torch.ones_like(log_snr)

    def at_times(self, times: Times, schedule: Schedule) -> Tensor | float:
        """One, whatever the times: their log-SNR is computed for subclasses alone, which may differ."""
        return 1.0 if type(self) is Elbo else super().at_times(times, schedule)


@dataclass(frozen=True)
class Native(Weighting):
    r"""The weighting of the plain :math:`E_{t \sim U(0,1)} \|y - \hat y\|^2`: the study's "weighted" loss.

    Attributes:
        target: y.
    """

    source = "rule R1 of the book"

    target: Target

    @property
    def name(self) -> str:
        """See :attr:`Weighting.name`."""
        return f"{self.target.name}-MSE"

    def __call__(self, log_snr: Tensor, schedule: Schedule) -> Tensor:
        r""":math:`2\, p(\lambda)\, c_T`, with p the density of the log-SNR at uniform times."""
        t = schedule.time_of(log_snr)
        density = 1 / schedule.log_snr_prime(t).abs()
        scale = error_scale(schedule, t, self.target)
        return 2 * density * scale**2


def _tuple(name: str, value: Any) -> tuple[Any, ...]:
    """A tuple as it is: of a list the choice would have no hash."""
    if not isinstance(value, tuple):
        raise TypeError(f"{name}: expected a tuple, got {checks.described(value)}")
    return value


@dataclass(frozen=True)
class Tabulated(Weighting):
    """A weight that was computed or measured: given at some log-SNRs, its logarithm linear in between.

    Attributes:
        of: what it is, in a word or two.
        log_snr: where it is known, rising, nats.
        weights: there, positive.

    Raises:
        TypeError: if ``of`` is no text, the numbers are in no tuple, or one is no number.
        ValueError: if there are not two log-SNRs or more, they do not rise, or there is not one positive
            weight for each; when asked for weights, if a log-SNR is outside the table: what is
            not known there is not guessed. They are looked at on the CPU only.
    """

    source = "a table"

    of: str
    log_snr: tuple[float, ...]
    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.instance("Tabulated.of", self.of, str)
        for name in ("log_snr", "weights"):
            given = _tuple(f"Tabulated.{name}", getattr(self, name))
            read = tuple(checks.number(f"Tabulated.{name}", value) for value in given)
            object.__setattr__(self, name, read)
        rising = all(low < high for low, high in pairwise(self.log_snr))
        self._require(len(self.log_snr) > 1 and rising, "two log_snr or more, rising")
        positive = len(self.weights) == len(self.log_snr) and min(self.weights) > 0
        self._require(positive, "one positive weight for each log_snr")

    @property
    def name(self) -> str:
        """See :attr:`Weighting.name`."""
        return self.of

    def __call__(self, log_snr: Tensor, schedule: Schedule) -> Tensor:
        """See :meth:`Weighting.__call__`."""
        known = torch.tensor(self.log_snr, dtype=log_snr.dtype, device=log_snr.device)
        values = torch.tensor(self.weights, dtype=log_snr.dtype, device=log_snr.device).log()
        inside = (log_snr >= known[0]) & (log_snr <= known[-1])
        if log_snr.device.type == "cpu" and not inside.all():
            wrong = float(log_snr[~inside].flatten()[0])
            ends = f"[{self.log_snr[0]:g}, {self.log_snr[-1]:g}]"
            raise ValueError(f"log_snr: expected {ends}, where the weight is known, got {wrong:g}")
        right = torch.searchsorted(known, log_snr.contiguous()).clamp(1, len(known) - 1)
        part = (log_snr - known[right - 1]) / (known[right] - known[right - 1])
        return torch.lerp(values[right - 1], values[right], part).exp()


@dataclass(frozen=True)
class InTurn(Weighting):
    """Weightings one after the other, each for an equal share of the training.

    As a function of the log-SNR it is the last of them.

    Attributes:
        parts: the weightings, in their order; none takes turns itself.

    Raises:
        TypeError: if they are in no tuple, or one is no weighting.
        ValueError: if there is none, or one takes turns itself.
    """

    source = "a curriculum"

    parts: tuple[Weighting, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require(len(_tuple("InTurn.parts", self.parts)) > 0, "one weighting or more")
        for part in self.parts:
            checks.instance("InTurn.parts", part, Weighting)
            self._require(not isinstance(part, InTurn), "parts that take no turns themselves")

    @property
    def name(self) -> str:
        """See :attr:`Weighting.name`."""
        return ", then ".join(part.name for part in self.parts)

    def __call__(self, log_snr: Tensor, schedule: Schedule) -> Tensor:
        """See :meth:`Weighting.__call__`."""
        return self.parts[-1](log_snr, schedule)

    def at(self, share: float) -> Weighting:
        """See :meth:`Weighting.at`: from the end of the training on, the last."""
        return self.parts[min(int(share * len(self.parts)), len(self.parts) - 1)]
