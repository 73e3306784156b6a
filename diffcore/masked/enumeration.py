"""Everything about a few tokens by enumeration: exact conditionals, and what a model's cost.

A law is a table of probabilities, (V,) * L for L tokens with V values each. A model is a table of
log-probabilities, (V + 1,) * L + (L, V): for every partly masked sequence, where index V is the mask, and
every position, those of the V values.
"""

from itertools import combinations

import torch
from torch import Tensor

from diffcore import checks


def checked_law(law: Tensor) -> Tensor:
    """The law, after a look: positive probabilities, (V,) * L, V >= 2, L >= 1, that add up to 1.

    Raises:
        TypeError: if it is no tensor of floating-point numbers.
        ValueError: if it is another table.
    """
    checks.positive("law", law)
    if law.ndim == 0 or len(set(law.shape)) != 1 or law.shape[0] < 2:
        raise ValueError(f"law: expected shape (V,) * L, V >= 2, got {tuple(law.shape)}")
    total = law.detach().sum()
    if checks.readable(law) and not torch.isclose(total, torch.ones_like(total)):
        raise ValueError(f"law: expected probabilities that add up to 1, got {float(total):.6g}")
    return law


def conditionals(law: Tensor) -> Tensor:
    """The exact model: at every position log p(value | what is visible elsewhere), (V + 1,) * L + (L, V).

    Args:
        law: probabilities, (V,) * L.

    Raises:
        TypeError: if it is no tensor of floating-point numbers.
        ValueError: if it is no law with positive probabilities.
    """
    tokens = checked_law(law).ndim
    seen = law
    for axis in range(tokens):  # at index V the axis is summed over: the token is masked
        seen = torch.cat([seen, seen.sum(axis, keepdim=True)], axis)
    tables = []
    for axis in range(tokens):
        here = seen.movedim(axis, -1)[..., :-1]
        here = (here / here.sum(-1, keepdim=True)).log()
        tables.append(here.unsqueeze(axis).expand(*seen.shape, -1))
    return torch.stack(tables, -2)


def cross_entropies(law: Tensor, model: Tensor) -> Tensor:
    r"""C_k for k = 1, ..., L: with k tokens masked, the mean over masks and data of their summed cost, nats.

    :math:`C_k = \E \sum_{i \in M} -\log p(x_i | x_{\bar M})` over sets M of k positions, all alike, and
    data from the law.

    Args:
        law: probabilities of the data, (V,) * L.
        model: log-probabilities, (V + 1,) * L + (L, V).

    Raises:
        TypeError: if one is no tensor of floating-point numbers.
        ValueError: if the law is none, or the model is of another shape.
    """
    tokens, values = checked_law(law).ndim, law.shape[0]
    expected = (values + 1,) * tokens + (tokens, values)
    if checks.floating("model", model).shape != expected:
        raise ValueError(f"model: expected shape {expected}, got {tuple(model.shape)}")
    data = torch.cartesian_prod(*[torch.arange(values)] * tokens).reshape(-1, tokens)
    weights = law.reshape(-1)
    means = []
    for k in range(1, tokens + 1):
        costs = []
        for masked in combinations(range(tokens), k):
            seen = data.clone()
            seen[:, list(masked)] = values
            table = model[tuple(seen.T)]
            costs += [-(weights * table[range(len(data)), i, data[:, i]]).sum() for i in masked]
        means.append(torch.stack(costs).sum() / (len(costs) // k))
    return torch.stack(means)
