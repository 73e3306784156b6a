"""What `diffcore` computes where the chapter "Few steps, by target" derives it: (n,) everywhere."""

from __future__ import annotations

import torch
from torch import Tensor

from diffcore.samplers import DDIM, Level, Predicted
from diffcore.schedules.pointwise import ANY_TIME, Pointwise
from diffcore.targets import EPS, Row, X, convert

ANY_NUMBERS = 0.37, -1.2
"""For a latent and a right prediction, which must cancel."""


def one_step(
    a: Tensor, alpha_s: Tensor, alpha_t: Tensor, b: Tensor, delta: Tensor, sigma_s: Tensor,
    sigma_t: Tensor,
) -> Tensor:  # fmt: skip
    """By how much an error of a predicted row moves what diffcore's step of DDIM makes."""
    at, row = Pointwise(alpha_t, sigma_t), Row(a, b)
    there = Level(Pointwise(alpha_s, sigma_s), ANY_TIME)
    z, right = (torch.full_like(delta, number) for number in ANY_NUMBERS)

    def stepped(predicted: Tensor) -> Tensor:
        pair = [convert(predicted, z, ANY_TIME, at, row, target) for target in (X, EPS)]
        return DDIM().law(Predicted(Level(at, ANY_TIME), z, *pair), there)[0]

    return stepped(right + delta) - stepped(right)
