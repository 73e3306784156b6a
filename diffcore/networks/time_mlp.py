"""A time-conditioned residual MLP for small images."""

import math

import torch
from torch import Tensor, nn

from diffcore import checks
from diffcore.schedules.base import Schedule

LOG_SNR_SCALE = 20.0
"""Nats of log-SNR that count as one unit of time for a network: about the range in use."""


class TimeMLP(nn.Module):
    """A residual MLP whose every block is shifted by an embedding of the time, for small images.

    Args:
        dims: data dimensions; any trailing shape is flattened and restored.
        width: of the residual stream.
        depth: number of residual blocks.
        frequencies: sine and cosine pairs in the time embedding.
        schedule: given, the network is told the log-SNR of this schedule instead of ``t``. Noise levels
            are then spread evenly over its input, and none of them is crowded at an end. The log-SNR is
            computed in float64 and cast last.

    Raises:
        TypeError: if a size is no integer, or ``schedule`` no schedule.
        ValueError: if a size is less than 1.
    """

    def __init__(
        self,
        dims: int,
        width: int = 256,
        depth: int = 3,
        frequencies: int = 16,
        schedule: Schedule | None = None,
    ) -> None:
        super().__init__()
        sizes = {"dims": dims, "width": width, "depth": depth, "frequencies": frequencies}
        dims, width, depth, frequencies = (checks.count(name, size) for name, size in sizes.items())
        if schedule is not None:
            checks.instance("schedule", schedule, Schedule)
        self.inlet = nn.Linear(dims, width)
        self.embedding = nn.Linear(2 * frequencies, width)
        self.shifts = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))
        self.ups = nn.ModuleList(nn.Linear(width, 2 * width) for _ in range(depth))
        self.downs = nn.ModuleList(nn.Linear(2 * width, width) for _ in range(depth))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(depth))
        self.outlet = nn.Linear(width, dims)
        self.register_buffer("rates", math.pi * torch.logspace(-1, 2, frequencies, base=2.0))
        self.schedule = schedule

    def forward(self, z: Tensor, t: Tensor) -> Tensor:
        """Prediction of the shape of ``z`` (batch, ...), at times ``t`` (batch,).

        Raises:
            TypeError: if one is no tensor of floating-point numbers.
            ValueError: if a shape is another.
        """
        checks.batch("z", z)
        checks.matrix("z, flattened", z.flatten(1), self.inlet.in_features)
        checks.alike("t", t, z.flatten(1)[:, 0])
        if t.stride(0) == 0:
            t = t[:1]  # one time for all, expanded: what is made of it is made once
        clock = t
        if self.schedule is not None:
            clock = self.schedule.log_snr(t.double()) / LOG_SNR_SCALE
        angles = clock.to(z.dtype)[:, None] * self.get_buffer("rates")
        time = nn.functional.silu(self.embedding(torch.cat([angles.sin(), angles.cos()], dim=1)))
        h = self.inlet(z.flatten(1))
        for shift, up, down, norm in zip(
            self.shifts, self.ups, self.downs, self.norms, strict=True
        ):
            h = h + down(nn.functional.silu(up(norm(h) + shift(time))))
        return self.outlet(h).reshape(z.shape)
