"""What training keeps of each noise level: its mean loss, and how steep it is in the network's output."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

DECAY = 0.99
"""Of the running mean square of the slopes, per step in which a bin has draws."""

LEVELS, SLOPES = "levels", "slopes"
"""The names under which a model's part is saved: sums and draws, and running mean squares."""


class Levels:
    """Losses and slopes of many models in ``bins`` equally likely parts of their noise levels.

    A part is an interval of the quantile that a time sampler is asked for, in the order of time: at uniform
    times of t itself, at uniform log-SNRs of the log-SNR, the highest first.

    Args:
        models: how many.
        bins: parts.
        device: where the losses are.
    """

    def __init__(self, models: int, bins: int, device: torch.device) -> None:
        # Sums and draws since the last reading; then means and weights of the squares, in float64.
        self.levels = torch.zeros(models, 2, bins, dtype=torch.float64, device=device)
        self.slopes = torch.zeros(models, 2, bins, dtype=torch.float64, device=device)

    def bin_of(self, u: Tensor) -> Tensor:
        """The part of each quantile in (0, 1): whole numbers, shaped like ``u``."""
        return (u * self.levels.shape[2]).long()

    def add(self, bins: Tensor, losses: Tensor) -> None:
        """Count per-example ``losses`` in their ``bins``, both (models, batch)."""
        self.levels += _sums(bins, losses, self.levels)

    def read(self) -> Tensor:
        """Mean loss since the last reading, (models, bins); NaN where nothing was drawn."""
        sums, draws = self.levels.unbind(1)
        means = sums / draws
        self.levels.zero_()
        return means

    def steepness(self, bins: Tensor, losses: Tensor, factors: Tensor) -> Tensor:
        """The size of the loss's slope in the output, at the level of each example: a running mean.

        The loss is a factor f times a squared error, so the square of its slope is 4 f times the loss.

        Args:
            bins: (models, batch).
            losses: of the same examples, (models, batch); they count in the running mean square.
            factors: on their squared errors, (models, batch).

        Returns:
            Root mean squares, (models, batch), like ``losses``. Zero only if a network has made no error at
            a level, yet.
        """
        sums, draws = _sums(bins, 4 * factors * losses, self.slopes).unbind(1)
        drawn = draws > 0
        means, weights = self.slopes.unbind(1)
        share = (1 - DECAY) * drawn
        means += share * (torch.where(drawn, sums / draws, means) - means)
        weights += share * (1 - weights)  # as Adam corrects the bias of its running means
        return (means / weights).sqrt().gather(1, bins).to(losses)

    def state(self, index: int) -> dict[str, Tensor]:
        """What belongs to model ``index``, by name, each (2, bins)."""
        return {LEVELS: self.levels[index].clone(), SLOPES: self.slopes[index].clone()}

    def load(self, states: Sequence[Mapping[str, Tensor]]) -> None:
        """Continue from one :meth:`state` for each model."""
        self.levels.copy_(torch.stack([state[LEVELS] for state in states]))
        self.slopes.copy_(torch.stack([state[SLOPES] for state in states]))


def _sums(bins: Tensor, values: Tensor, like: Tensor) -> Tensor:
    """Sums of ``values`` and numbers of draws in each bin, (models, 2, bins)."""
    found = torch.zeros_like(like)
    found[:, 0].scatter_add_(1, bins, values.to(like))
    found[:, 1].scatter_add_(1, bins, torch.ones_like(values, dtype=like.dtype))
    return found
