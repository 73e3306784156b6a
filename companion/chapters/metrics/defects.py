"""Defects that samples may have, each of a strength, made from exact samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from companion.evidence.middles import centres
from diffcore import exact

BOX = 2.5
"""Strays lie evenly between this and its negative, in both coordinates."""

LENGTHS = tuple(2.0**-k for k in range(6, 0, -1))
"""Strengths that are lengths, in standard deviations of the data: from 1/64 to 1/2."""

SHARES = tuple(2.0**-k for k in range(5, -1, -1))
"""Strengths that are shares: from 1/32 to 1."""


def shifted(name: str, x: Tensor, strength: float, generator: Generator) -> Tensor:
    """All samples moved to the right by ``strength``."""
    return x + torch.tensor([strength, 0.0], dtype=x.dtype)


def blurred(name: str, x: Tensor, strength: float, generator: Generator) -> Tensor:
    """Gaussian noise of deviation ``strength`` added in both coordinates."""
    return x + strength * torch.randn(x.shape, generator=generator, dtype=x.dtype)


def thinned(name: str, x: Tensor, strength: float, generator: Generator) -> Tensor:
    """Each sample drawn to the middle of its mode, by this share of the way."""
    return x + strength * (centres(name, x)[1] - x)


def reweighted(name: str, x: Tensor, strength: float, generator: Generator) -> Tensor:
    """The first mode without this share of its samples: at 1 it is dropped. May leave fewer."""
    gone = torch.rand(len(x), generator=generator, dtype=x.dtype) < strength
    return x[~(gone & (centres(name, x)[0] == 0))]


def copied(name: str, x: Tensor, strength: float, generator: Generator) -> Tensor:
    """This share of the samples, all but one at most, replaced by copies of the others."""
    own = max(1, round(len(x) * (1 - strength)))
    rows = torch.randint(own, (len(x) - own,), generator=generator)
    return torch.cat([x[:own], x[rows]])


def strays(name: str, x: Tensor, strength: float, generator: Generator) -> Tensor:
    """This share of the samples replaced by points that lie evenly in a box."""
    count = round(len(x) * strength)
    points = 2 * torch.rand(count, 2, generator=generator, dtype=x.dtype) - 1
    return torch.cat([BOX * points, x[count:]])


@dataclass(frozen=True)
class Defect:
    """One kind of defect.

    Attributes:
        make: (data set, exact samples (m, 2), strength, generator) -> samples, m or fewer.
        strengths: rising, each twice the last.
        spare: exact samples that it needs for one of its own, at most.
        words: what it does, for people.
    """

    make: Callable[[str, Tensor, float, Generator], Tensor]
    strengths: tuple[float, ...]
    words: str
    spare: int = 1

    def samples(self, name: str, n: int, strength: float, generator: Generator) -> Tensor:
        """``n`` samples of a data set with this defect, (n, 2) float64."""
        x = exact.DATASETS[name]().sample(self.spare * n, generator, torch.float64)
        return self.make(name, x, strength, generator)[:n]


DEFECTS: dict[str, Defect] = {
    "shifted": Defect(shifted, LENGTHS, "moved, by a length"),
    "blurred": Defect(blurred, LENGTHS, "blurred, by a length"),
    "thinned": Defect(thinned, SHARES, "drawn to the middle of their mode, by a share of the way"),
    "reweighted": Defect(reweighted, SHARES, "a share of one mode missing", spare=3),
    "copied": Defect(copied, SHARES, "a share of them copies"),
    "strays": Defect(
        strays, SHARES, f"a share of them anywhere within {BOX:g} of 0 in each coordinate"
    ),
}
"""By name."""
