"""The middle of a mode of the 2-D data: from how far samples are from it comes their width."""

from __future__ import annotations

import torch
from torch import Tensor

from companion.evidence import distances
from diffcore import exact
from diffcore.exact.data2d import Rings


def centres(name: str, x: Tensor) -> tuple[Tensor, Tensor]:
    """The mode that each sample is nearest to, (n,), and the nearest point of that mode's middle, (n, 2).

    The middle of a cluster is its mean, that of a ring the circle of its mean radius.

    Raises:
        ValueError: for a data set without separate modes.
    """
    mixture = exact.DATASETS[name]()
    if isinstance(mixture, Rings):
        raw = mixture.unstandardise(x.T)
        offsets = [torch.tensor([[mixture.distance * k], [0.0]], dtype=x.dtype) for k in range(2)]
        radii = torch.stack([torch.hypot(*(raw - offset)) for offset in offsets])
        mode = (radii - mixture.radius).abs().argmin(0)
        middles = torch.stack(
            [
                offset + mixture.radius * (raw - offset) / radius
                for offset, radius in zip(offsets, radii, strict=True)
            ]
        )
        chosen = middles[mode, :, torch.arange(len(x))].T
        return mode, mixture.standardise(chosen).T
    if isinstance(mixture, exact.GaussianMixture):
        means = mixture.components.mean.T.to(x)
        mode = distances.apart(x, means).argmin(1)
        return mode, means[mode]
    raise ValueError(f"data set: expected clusters or rings, got {name}")
