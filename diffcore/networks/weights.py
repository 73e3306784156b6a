"""The weights of a network: how they begin, and a network with given ones."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.func import functional_call

from diffcore.denoisers import Net


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
