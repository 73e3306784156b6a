"""Small networks: the study's MLP and a time-conditioned MLP for small images.

A network is any callable ``net(z, t) -> prediction`` with ``z`` (batch, ...) and ``t`` (batch,); these
two are what the book trains.
"""

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.func import functional_call

from diffcore.denoisers import Net
from diffcore.schedules import Schedule

LOG_SNR_SCALE = 20.0
"""Nats of log-SNR that count as one unit of time for a network: about the range in use."""


class StudyMLP(nn.Module):
    """The study's network for 2-D data: [z, t] concatenated, hidden ReLU layers, linear output.

    With the defaults, 7 hidden layers of 512: 1,579,010 parameters (Kumar et al., published code).

    Args:
        dims: data dimensions.
        width: of every hidden layer.
        depth: number of hidden layers.
    """

    def __init__(self, dims: int = 2, width: int = 512, depth: int = 7) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for fan_in in [dims + 1] + [width] * (depth - 1):
            layers += [nn.Linear(fan_in, width), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Linear(width, dims))

    def forward(self, z: Tensor, t: Tensor) -> Tensor:
        """Prediction (batch, dims) from ``z`` (batch, dims) and ``t`` (batch,)."""
        return self.layers(torch.cat([z, t[:, None]], dim=1))


class TimeMLP(nn.Module):
    """A residual MLP whose every block is shifted by an embedding of the time, for small images.

    Args:
        dims: data dimensions; any trailing shape is flattened and restored.
        width: of the residual stream.
        depth: number of residual blocks.
        frequencies: sine and cosine pairs in the time embedding.
        schedule: given, the network is told the log-SNR of this schedule instead of ``t``. Noise levels
            are then spread evenly over its input, and none of them is crowded at an end.
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
        """Prediction of the shape of ``z`` (batch, ...), at times ``t`` (batch,)."""
        clock = t if self.schedule is None else self.schedule.log_snr(t) / LOG_SNR_SCALE
        angles = clock[:, None] * self.get_buffer("rates")
        time = nn.functional.silu(self.embedding(torch.cat([angles.sin(), angles.cos()], dim=1)))
        h = self.inlet(z.flatten(1))
        for shift, up, down, norm in zip(
            self.shifts, self.ups, self.downs, self.norms, strict=True
        ):
            h = h + down(nn.functional.silu(up(norm(h) + shift(time))))
        return self.outlet(h).reshape(z.shape)


def initialised(make: Callable[[], nn.Module], seed: int) -> nn.Module:
    """A module whose initial weights depend on ``seed`` alone; the global random state is restored.

    PyTorch's initialisers draw from the global generator, so it is forked here and nowhere else.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make()


def frozen(module: nn.Module, weights: Mapping[str, Tensor]) -> Net:
    """``module`` with these weights and buffers, as a plain ``net(z, t)`` without gradients.

    Raises:
        ValueError: if the weights are not those of such a module.
    """
    expected = {name: value.shape for name, value in module.state_dict().items()}
    if {name: value.shape for name, value in weights.items()} != expected:
        raise ValueError(
            f"the weights are not those of {type(module).__name__}: expected "
            f"{len(expected)} tensors named and shaped as in its state_dict"
        )
    fixed = dict(weights)

    @torch.no_grad()
    def net(z: Tensor, t: Tensor) -> Tensor:
        return functional_call(module, fixed, (z, t))

    return net
