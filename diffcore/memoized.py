"""A schedule that evaluates each of its functions once for each tensor."""

from dataclasses import dataclass, field

from torch import Tensor

from diffcore.schedules.base import Schedule


@dataclass(frozen=True)
class Memoized(Schedule, any_time=True):
    """Another schedule, whose values are kept: asked again for the same tensor, it does not compute.

    A loss needs alpha and sigma of the same times two to four times: in the noisy data, the target, the
    error scale and the weighting. Tensors are told apart by identity, so none may be changed in place,
    and every one is kept alive: make one for each batch, and let it go.

    It does not look at the times: who makes one has done so, or has drawn them.

    Attributes:
        schedule: the schedule.
    """

    schedule: Schedule
    _known: dict[tuple[str, int], tuple[Tensor, Tensor]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def _once(self, name: str, at: Tensor) -> Tensor:
        key = name, id(at)
        if key not in self._known:
            function = getattr(self.schedule, name)
            unchecked = getattr(function, "__wrapped__", None)
            value: Tensor = unchecked(self.schedule, at) if unchecked else function(at)
            self._known[key] = at, value  # with `at`, whose id is then nobody else's
        return self._known[key][1]

    def looked_at(self, t: Tensor) -> Tensor:
        return t

    def alpha(self, t: Tensor) -> Tensor:
        return self._once("alpha", t)

    def sigma(self, t: Tensor) -> Tensor:
        return self._once("sigma", t)

    def alpha_prime(self, t: Tensor) -> Tensor:
        return self._once("alpha_prime", t)

    def sigma_prime(self, t: Tensor) -> Tensor:
        return self._once("sigma_prime", t)

    def log_snr(self, t: Tensor) -> Tensor:
        return self._once("log_snr", t)

    def log_snr_prime(self, t: Tensor) -> Tensor:
        return self._once("log_snr_prime", t)

    def time_of(self, log_snr: Tensor) -> Tensor:
        return self._once("time_of", log_snr)

    @property
    def log_snr_range(self) -> tuple[float, float]:
        return self.schedule.log_snr_range

    def log_snr_window(self, asked: tuple[float | None, float | None]) -> tuple[float, float]:
        return self.schedule.log_snr_window(asked)
