"""The weights of a network: how they begin, and a network with given ones."""

import copy
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from diffcore import checks
from diffcore.denoisers import Net


def initialised(make: Callable[[], nn.Module], seed: int) -> nn.Module:
    """A module whose initial weights depend on ``seed`` alone; the global random state is restored.

    PyTorch's initialisers draw from the global generator, so it is forked here and nowhere else.

    Raises:
        TypeError: if ``make`` cannot be called, or gives no module, or ``seed`` is no integer.
        ValueError: if ``seed`` is negative.
    """
    checks.function("make", make, "a function that makes a module")
    seed = checks.count("seed", seed, least=0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        module = make()
    checks.instance("what make returns", module, nn.Module)
    return module


def frozen(module: nn.Module, weights: Mapping[str, Tensor]) -> Net:
    """``module`` with these weights and buffers, as a plain ``net(z, t)`` without gradients.

    Raises:
        TypeError: if ``module`` is none.
        ValueError: if the weights are not those of such a module.
    """
    checks.instance("module", module, nn.Module)
    expected = {name: value.shape for name, value in module.state_dict().items()}
    if {name: value.shape for name, value in weights.items()} != expected:
        raise ValueError(
            f"weights: expected those of {type(module).__name__}, {len(expected)} tensors named and shaped "
            f"as in its state_dict, got {len(weights)} others"
        )
    fixed = copy.deepcopy(module)
    # copies, since those that are given may be trained on
    own = {name: value.detach().clone() for name, value in weights.items()}
    fixed.load_state_dict(own, assign=True)
    return torch.no_grad()(fixed.requires_grad_(False))
