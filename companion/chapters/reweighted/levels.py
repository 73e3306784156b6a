"""The noise levels between which the chapter "What a reweighted loss bounds" integrates."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from diffcore.exact.quadrature import gauss_legendre

WINDOW = (-8.0, 12.0)
"""Log-SNRs between which losses are integrated: the noisy end, the clean end."""

EDGES, NODES = (-8.0, -6.0, -4.0, -2.0, 0.0, math.log(5), 4.0, 6.0, 8.0, 10.0, 12.0), 8
"""Of the panels of a Gauss-Legendre rule: one edge is where the weight of Min-SNR has a kink."""


class Budget(NamedTuple):
    """Sobol points at each noise level in each scramble, and how many scrambles."""

    points: int
    scrambles: int


def levels() -> tuple[Tensor, Tensor]:
    """Log-SNRs and weights, each (n,), that integrate over `WINDOW`."""
    parts = [gauss_legendre(NODES, *panel) for panel in pairwise(EDGES)]
    nodes, weights = (torch.cat(part) for part in zip(*parts, strict=True))
    return nodes, weights


def running(values: Tensor) -> Tensor:
    """The integral of ``values`` (n,) from the noisy end to each level, and to the clean end, (n + 1,)."""
    each, weights = values.reshape(-1, NODES), levels()[1].reshape(-1, NODES)
    until = (weights * each).sum(1).cumsum(0)
    start = torch.cat([until.new_zeros(1), until[:-1]])
    inside = each @ _primitive().T * weights.sum(1, keepdim=True)
    return torch.cat([(start[:, None] + inside).reshape(-1), until[-1:]])


def _primitive() -> Tensor:
    """From 0 to node i, the integral of the polynomial that is 1 at node j and 0 at the others, (i, j)."""
    nodes = gauss_legendre(NODES)[0].numpy()
    units = [np.polynomial.Polynomial.fit(nodes, unit, NODES - 1).integ() for unit in np.eye(NODES)]
    return torch.from_numpy(np.stack([unit(nodes) - unit(0.0) for unit in units], 1))
