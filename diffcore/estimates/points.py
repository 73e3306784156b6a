"""Point sets: uniform points of the unit cube, spread more or less evenly.

Each point of each set is uniform in the cube, whatever the others are. So the mean of any function over the
points is unbiased, and the set decides its variance alone. The first coordinate is the most evenly spread.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.quasirandom import SobolEngine

from diffcore import checks
from diffcore.choice import Choice
from diffcore.times import Stratified, uniform

_IN_STRATA = Stratified()


@dataclass(frozen=True)
class PointSet(Choice, ABC):
    """Points of the open unit cube, each of them uniform."""

    def draw(self, n: int, dims: int, generator: Generator) -> Tensor:
        """``n`` points of ``dims`` coordinates, (n, dims), float64, none of them 0 or 1.

        Raises:
            TypeError: if a number is no integer, or ``generator`` no generator.
            ValueError: if n >= 1 or dims >= 1 does not hold, or there are more coordinates than it can
                spread.
        """
        checks.generator(generator)
        return self._points(checks.count("n", n), checks.count("dims", dims), generator)

    @abstractmethod
    def _points(self, n: int, dims: int, generator: Generator) -> Tensor:
        """See :meth:`draw`."""


@dataclass(frozen=True)
class Independent(PointSet):
    """Independent points: plain Monte Carlo."""

    def _points(self, n: int, dims: int, generator: Generator) -> Tensor:
        return uniform(n * dims, generator).reshape(n, dims)


@dataclass(frozen=True)
class StratifiedTimes(PointSet):
    """One point in each of ``n`` equal strata of the first coordinate, the others independent.

    It takes away the part of the variance that is between noise levels, up to 1/n^2 of it.
    """

    def _points(self, n: int, dims: int, generator: Generator) -> Tensor:
        points = uniform(n * dims, generator).reshape(n, dims)
        points[:, 0] = _IN_STRATA.draw(n, generator)
        return points


@dataclass(frozen=True)
class LatinHypercube(PointSet):
    """One point in each of ``n`` equal strata of every coordinate, in random order (McKay et al., 1979).

    It takes away what is a sum of functions of one coordinate each (Stein, 1987).
    """

    def _points(self, n: int, dims: int, generator: Generator) -> Tensor:
        columns = []
        for _ in range(dims):
            order = torch.randperm(n, generator=generator, device=generator.device)
            columns.append(_IN_STRATA.draw(n, generator)[order])
        return torch.stack(columns, 1)


@dataclass(frozen=True)
class Sobol(PointSet):
    """Sobol points under a random linear scramble and a random digital shift (Owen, 1997; Matousek, 1998).

    Best with ``n`` a power of 2. Points and scrambles are PyTorch's, drawn on the CPU. They are multiples of
    2^-30; half a step is added, so that none is 0 and the normal quantile of each is finite.
    """

    def _points(self, n: int, dims: int, generator: Generator) -> Tensor:
        if dims > SobolEngine.MAXDIM:
            raise ValueError(
                f"dims: expected at most {SobolEngine.MAXDIM}, the coordinates that PyTorch's Sobol points "
                f"have, got {dims}"
            )
        device = generator.device
        seed = int(torch.randint(2**31, (), generator=generator, device=device))
        engine = SobolEngine(dims, scramble=True, seed=seed)
        return engine.draw(n, dtype=torch.float64).to(device) + 2.0**-31
