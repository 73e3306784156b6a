"""Data whose dimensions are independent, each on one of a few levels: pixels without shapes."""

from typing import Self

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from diffcore import checks
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

    Raises:
        TypeError: if one is no tensor of floating-point numbers.
        ValueError: if the shapes disagree, or the rows are no distributions.
    """

    def __init__(self, probabilities: Tensor, levels: Tensor) -> None:
        if checks.finite("levels", levels).ndim != 1 or len(levels) == 0:
            raise ValueError(f"levels: expected shape (n,), n >= 1, got {tuple(levels.shape)}")
        checks.positive(
            "probabilities",
            checks.matrix("probabilities", probabilities, len(levels)),
            or_zero=True,
        )
        total = probabilities.sum(1)
        if not torch.allclose(total, torch.ones_like(total)):
            raise ValueError(
                f"probabilities: expected rows that sum to 1, got sums up to {float(total.max()):.6g}"
            )
        self.probabilities, self.levels = probabilities, levels

    @classmethod
    def fitted(cls, data: Tensor, levels: Tensor) -> Self:
        """The frequencies in ``data`` (n, ...), smoothed.

        Every count has the same number added, the one of :data:`PSEUDO_COUNTS` that best predicts each
        example from all the others (leave-one-out).

        Raises:
            ValueError: if a value of ``data`` is not one of ``levels``.
        """
        index = level_index(checks.batch("data", data), levels)
        count = one_hot(index.reshape(len(data), -1), len(levels)).double().sum(0)

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
        level = level_index(checks.batch("x", x), self.levels).reshape(len(x), -1)
        checks.matrix("x, flattened", x.reshape(len(x), -1), len(self.probabilities))
        chosen = self.probabilities.expand(len(x), -1, -1).gather(2, level.unsqueeze(2))
        return -chosen.squeeze(2).log2().mean(1)

    def posterior(self, z: Tensor, alpha: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
        """(E[x|z], E[eps|z]), each like ``z`` (batch, ...); ``alpha`` and ``sigma`` are (batch,) or ().

        Raises:
            TypeError: if one is no tensor of floating-point numbers.
            ValueError: if a shape is another, or a scale is negative, or ``sigma`` is zero.
        """
        checks.matrix(
            "z, flattened", checks.batch("z", z).reshape(len(z), -1), len(self.probabilities)
        )
        a, s = checks.scales(alpha, checks.positive("sigma", sigma), len(z))
        a, s = a.double()[:, None, None], s.double()[:, None, None]
        at = z.flatten(1).double().unsqueeze(2)
        noise = (at - a * self.levels) / s  # the noise that each level would need
        weight = (self.probabilities.log() - noise**2 / 2).softmax(2)
        x_hat, eps_hat = (weight * self.levels).sum(2), (weight * noise).sum(2)
        return x_hat.reshape(z.shape).to(z), eps_hat.reshape(z.shape).to(z)

    def denoiser(self, schedule: Schedule) -> ExactDenoiser:
        """Its exact denoiser, for every place where a network does."""
        return ExactDenoiser(self.posterior, schedule)
