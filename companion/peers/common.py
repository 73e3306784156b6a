"""What the comparisons share: the times, a batch, and how a difference is measured."""

from __future__ import annotations

import torch
from torch import Tensor

import diffcore as dc
from diffcore.losses import noised


def times() -> Tensor:
    """Times that cover (0, 1) without its ends, where several libraries divide by zero."""
    return torch.linspace(0.02, 0.98, 49, dtype=torch.float64)


def batch(schedule: dc.Schedule, t: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """(x, eps, z) in three dimensions at each time, from a fixed seed."""
    generator = torch.Generator().manual_seed(0)
    shape = (len(t), 3)
    x, eps = (torch.randn(shape, generator=generator, dtype=torch.float64) for _ in range(2))
    return x, eps, noised(x, eps, t, schedule)


def gap(theirs: Tensor, ours: Tensor) -> float:
    """The largest difference, relative where ``ours`` is larger than 1."""
    return float(((theirs - ours).abs() / ours.abs().clamp(min=1)).max())
