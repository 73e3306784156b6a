"""Data whose dimensions are independent, each on one of a few levels: pixels without shapes."""

from typing import Self

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from diffcore.bounds import level_index
from diffcore.denoisers import ExactDenoiser
from diffcore.schedules.base import Schedule

PSEUDO_COUNTS = torch.logspace(-3, 1, 81, dtype=torch.float64)
"""What may be added to every count."""


class IndependentLevels:
    """A product over dimensions of distributions on common levels.

    Args:
        probabilities: (D, levels), float64, rows that sum to 1.
        levels: the values that a dimension can take, (levels,), float64.
    """

    def __init__(self, probabilities: Tensor, levels: Tensor) -> None:
        self.probabilities, self.levels = probabilities, levels

    @classmethod
    def fitted(cls, data: Tensor, levels: Tensor) -> Self:
        """The frequencies in ``data`` (n, ...), smoothed.

        Every count has the same number added, the one of :data:`PSEUDO_COUNTS` that best predicts each
        example from all the others (leave-one-out).

        Raises:
            ValueError: if a value of ``data`` is not one of ``levels``.
        """
        count = one_hot(level_index(data, levels).flatten(1), len(levels)).double().sum(0)

        def left_out(pseudo: Tensor) -> Tensor:
            others = torch.where(count > 0, count - 1 + pseudo, 1.0)
            return (count * (others / (len(data) - 1 + len(levels) * pseudo)).log()).sum()

        best = PSEUDO_COUNTS[torch.stack([left_out(pseudo) for pseudo in PSEUDO_COUNTS]).argmax()]
        return cls((count + best) / (len(data) + len(levels) * best), levels)

    def bits_per_dim(self, x: Tensor) -> Tensor:
        """The exact cost -log2 p(x) / D of each example of ``x`` (batch, ...), (batch,).

        Raises:
            ValueError: if a value of ``x`` is not one of the levels.
        """
        level = level_index(x, self.levels).flatten(1)
        chosen = self.probabilities.expand(len(x), -1, -1).gather(2, level.unsqueeze(2))
        return -chosen.squeeze(2).log2().mean(1)

    def posterior(self, z: Tensor, alpha: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
        """(E[x|z], E[eps|z]), each like ``z`` (batch, ...); ``alpha`` and ``sigma`` are (batch,)."""
        a, s = alpha.double()[:, None, None], sigma.double()[:, None, None]
        at = z.flatten(1).double().unsqueeze(2)
        noise = (at - a * self.levels) / s  # the noise that each level would need
        weight = (self.probabilities.log() - noise**2 / 2).softmax(2)
        x_hat, eps_hat = (weight * self.levels).sum(2), (weight * noise).sum(2)
        return x_hat.reshape(z.shape).to(z), eps_hat.reshape(z.shape).to(z)

    def denoiser(self, schedule: Schedule) -> ExactDenoiser:
        """Its exact denoiser, for every place where a network does."""
        return ExactDenoiser(self.posterior, schedule)
