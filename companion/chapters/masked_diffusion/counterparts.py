"""What `diffcore.masked` computes where the chapter "Masked diffusion" derives it, element by element."""

from __future__ import annotations

import torch
from torch import Tensor

from diffcore import masked


def step_cost(alpha_s: Tensor, alpha_t: Tensor, mu_x: Tensor) -> Tensor:
    """Cost of a masked token in one step, (n,), with diffcore's share of tokens that are unmasked in it."""
    return -masked.unmask_share(alpha_s, alpha_t) * mu_x.log()


def slope_of_information(
    alpha: Tensor, H_1: Tensor, H_2: Tensor, H_3: Tensor, H_12: Tensor, H_13: Tensor, H_23: Tensor,
    H_123: Tensor,
) -> Tensor:  # fmt: skip
    """diffcore's c of three tokens whose every set has this entropy, each argument (n,), (n,)."""
    pairs = H_12 + H_13 + H_23
    one_masked = H_123 - pairs / 3  # the mean of H_123 less that of the two that are seen
    two_masked = 2 * (pairs - (H_1 + H_2 + H_3)) / 3
    by_count = torch.stack([one_masked, two_masked, H_1 + H_2 + H_3], 1)
    each = [masked.kept_cross_entropy(*pair) for pair in zip(by_count, alpha, strict=True)]
    return torch.stack(each)
