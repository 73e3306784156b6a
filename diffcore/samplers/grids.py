"""At which noise levels a sampler stops: frozen values, each an increasing function of the step."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from diffcore import checks
from diffcore.choice import Choice, Positive
from diffcore.schedules.base import Schedule


@dataclass(frozen=True)
class Grid(Choice, ABC):
    """Noise levels from noise to data."""

    def times(self, schedule: Schedule, log_snr: tuple[float, float], steps: int) -> Tensor:
        """The times of the levels, falling, (steps + 1,) in float64, on the CPU.

        Args:
            schedule: the forward process.
            log_snr: (low, high): where the chain starts and ends, in nats.
            steps: number of steps >= 1.

        Raises:
            TypeError: if an argument is of another kind.
            ValueError: if steps >= 1 or low < high does not hold, the schedule does not reach that far, or
                two levels of the grid are one in float64.
        """
        checks.instance("schedule", schedule, Schedule)
        low, high = schedule.log_snr_window(log_snr)
        steps = checks.count("steps", steps)
        share = torch.linspace(0, 1, steps + 1, dtype=torch.float64)
        times = self._times(schedule, low, high, share)
        if not (times.diff() < 0).all():
            raise ValueError(
                f"steps: two of {steps:,} levels of {self} from log-SNR {low:g} to {high:g} are one in "
                "float64: ask for fewer steps"
            )
        return times

    @abstractmethod
    def _times(self, schedule: Schedule, low: float, high: float, share: Tensor) -> Tensor:
        """The times at these shares of the way from ``low`` to ``high``, like ``share``."""


@dataclass(frozen=True)
class UniformTime(Grid):
    """Equal steps of time, between the times of the two log-SNRs."""

    def _times(self, schedule: Schedule, low: float, high: float, share: Tensor) -> Tensor:
        first, last = schedule.time_of(torch.tensor([low, high], dtype=torch.float64)).tolist()
        return torch.linspace(first, last, len(share), dtype=torch.float64)


@dataclass(frozen=True)
class UniformLogSNR(Grid):
    """Equal steps of the log-SNR (Lu et al., 2022): no schedule changes them."""

    def _times(self, schedule: Schedule, low: float, high: float, share: Tensor) -> Tensor:
        return schedule.time_of(torch.linspace(low, high, len(share), dtype=torch.float64))


@dataclass(frozen=True)
class Karras(Grid):
    r"""Equal steps of :math:`(\sigma/\alpha)^{1/\rho}` (Karras et al., 2022, eq. 5).

    No schedule changes them.

    Attributes:
        rho: 7 there. 1 makes equal steps of sigma / alpha, and large values come close to equal steps of the
            log-SNR.

    Raises:
        ValueError: if rho >= 0.1 does not hold: float64 would overflow.
    """

    rho: Positive = 7.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require(self.rho >= 0.1, "rho of at least 0.1")

    def _times(self, schedule: Schedule, low: float, high: float, share: Tensor) -> Tensor:
        first, last = (
            torch.tensor(-end / (2 * self.rho), dtype=torch.float64).exp() for end in (low, high)
        )
        root = first + share * (last - first)
        inside = (
            -2 * self.rho * root[1:-1].log()
        )  # the ends are given: a logarithm may round past them
        ends = torch.tensor([low, high], dtype=torch.float64)
        return schedule.time_of(torch.cat([ends[:1], inside, ends[1:]]))
