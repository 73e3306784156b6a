"""What a step of a sampler is made from: noise levels, what was predicted at them, and a rule."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from torch import Generator, Tensor

from diffcore.choice import Choice, Scalar
from diffcore.schedules.base import Schedule


@dataclass(frozen=True)
class Level:
    """A noise level: the scales of a schedule at one time, each evaluated when it is first asked for.

    Attributes:
        schedule: the forward process.
        t: the time, ().
    """

    schedule: Schedule
    t: Tensor

    @cached_property
    def alpha(self) -> Scalar:
        """Signal scale."""
        return self.schedule.alpha(self.t)

    @cached_property
    def sigma(self) -> Scalar:
        """Noise scale."""
        return self.schedule.sigma(self.t)

    @cached_property
    def alpha_prime(self) -> Scalar:
        """Time derivative of the signal scale."""
        return self.schedule.alpha_prime(self.t)

    @cached_property
    def sigma_prime(self) -> Scalar:
        """Time derivative of the noise scale."""
        return self.schedule.sigma_prime(self.t)

    @cached_property
    def log_snr(self) -> Scalar:
        """Log-signal-to-noise ratio, nats."""
        return self.schedule.log_snr(self.t)


class Predicted(NamedTuple):
    """A latent ``z`` (batch, ...) at a noise level, and what was predicted of it, each like ``z``."""

    level: Level
    z: Tensor
    x_hat: Tensor
    eps_hat: Tensor


class Chain(NamedTuple):
    """What a step may use beside the place where it is.

    Attributes:
        predict: asks the denoiser, once, about a latent at a level: for rules that ask again in a step.
        generator: the only source of randomness.
        before: where the chain was a step ago; None in the first step.
    """

    predict: Callable[[Tensor, Level], Predicted]
    generator: Generator
    before: Predicted | None = None


@dataclass(frozen=True)
class Solver(Choice, ABC):
    """How a sampler goes from one noise level to the next."""

    @abstractmethod
    def step(self, here: Predicted, there: Level, chain: Chain) -> Tensor:
        """The latent at the level ``there``, like ``here.z``.

        Coefficients are computed in the precision of the levels and cast last.

        Args:
            here: where the chain is, and what was predicted there.
            there: the next level, with less noise.
            chain: what else there is.
        """
