"""The study's network for 2-D data."""

import torch
from torch import Tensor, nn

from diffcore import checks


class StudyMLP(nn.Module):
    """The study's network for 2-D data: [z, t] concatenated, hidden ReLU layers, linear output.

    With the defaults, 7 hidden layers of 512: 1,579,010 parameters (Kumar et al., published code).

    Args:
        dims: data dimensions.
        width: of every hidden layer.
        depth: number of hidden layers.

    Raises:
        TypeError: if one is no integer.
        ValueError: if one is less than 1.
    """

    def __init__(self, dims: int = 2, width: int = 512, depth: int = 7) -> None:
        super().__init__()
        sizes = {"dims": dims, "width": width, "depth": depth}
        dims, width, depth = (checks.count(name, size) for name, size in sizes.items())
        self.dims = dims
        layers: list[nn.Module] = []
        for fan_in in [dims + 1] + [width] * (depth - 1):
            layers += [nn.Linear(fan_in, width), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Linear(width, dims))

    def forward(self, z: Tensor, t: Tensor) -> Tensor:
        """Prediction (batch, dims) from ``z`` (batch, dims) and ``t`` (batch,).

        Raises:
            TypeError: if one is no tensor of floating-point numbers.
            ValueError: if a shape is another.
        """
        checks.matrix("z", z, self.dims)
        checks.alike("t", t, z[:, 0])
        return self.layers(torch.cat([z, t[:, None]], dim=1))
