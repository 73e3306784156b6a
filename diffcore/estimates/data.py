"""What an average is over: the rows of a tensor, or a distribution given by its quantiles."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from diffcore import checks


@dataclass(frozen=True, eq=False)
class Data:
    """Data as a function of uniform numbers: if they are uniform in the unit cube, it has their law.

    Attributes:
        at: uniforms (n, coordinates), float64 in (0, 1) -> data (n, ...).
        coordinates: how many uniforms an example takes.
        shape: of an example.
    """

    at: Callable[[Tensor], Tensor]
    coordinates: int
    shape: tuple[int, ...]

    def __post_init__(self) -> None:
        checks.function("at", self.at, "uniforms (n, coordinates) -> data (n, ...)")
        checks.count("coordinates", self.coordinates)
        checks.sample_shape((1, *self.shape))


def rows(x: Tensor) -> Data:
    """The rows of ``x`` (n, ...), equally likely: one uniform picks one of them.

    Evenly spread points are of more use if neighbouring rows are alike.

    Raises:
        TypeError: if ``x`` is no tensor of float32 or float64.
        ValueError: if it is not finite or has no examples.
    """
    checks.precise("x", x)

    def at(u: Tensor) -> Tensor:
        # No uniform of float64 below 1 reaches len(x) when it is multiplied by it.
        return x[(u[:, 0] * len(x)).long()]

    return Data(at, 1, tuple(x.shape[1:]))
