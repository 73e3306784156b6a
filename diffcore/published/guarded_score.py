"""The target of the study's score loss, with its guard."""

from dataclasses import dataclass

from diffcore.choice import Scalar
from diffcore.targets import Scales, Target


@dataclass(frozen=True)
class GuardedScore(Target):
    r"""The published score target :math:`-(z-\alpha x)/(\sigma^2+g) = -\sigma\epsilon/(\sigma^2+g)`.

    Attributes:
        guard: g.
    """

    name = "guarded_score"
    symbol = "s_g"

    guard: Scalar

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require(not isinstance(self.guard, float) or self.guard >= 0, "guard >= 0")

    def row(self, scales: Scales, t: Scalar) -> tuple[Scalar, Scalar]:
        """(0, -sigma / (sigma^2 + g))."""
        sigma = scales.sigma(t)
        return 0, -sigma / (sigma**2 + self.guard)
