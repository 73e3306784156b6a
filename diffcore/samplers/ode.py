r"""Solvers of the probability flow :math:`\dot z = \alpha' \hat x + \sigma' \hat\epsilon`: no randomness.

The book derives the flow in "One law, many paths", and the order of each step in "How good is a step?".
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from diffcore.samplers.solver import Chain, Level, Predicted, Solver
from diffcore.targets import like


@dataclass(frozen=True)
class Euler(Solver):
    r"""A straight line: :math:`z_s = z_t - (t - s) (\alpha_t' \hat x + \sigma_t' \hat\epsilon)`, order 1."""

    def step(self, here: Predicted, there: Level, chain: Chain) -> Tensor:
        """See :meth:`Solver.step`."""
        return here.z + like(there.t - here.level.t, here.z) * _velocity(here)


@dataclass(frozen=True)
class Heun(Solver):
    r"""Euler's step, then the mean of the two slopes; two evaluations a step, and order 2.

    Attributes:
        scaled: in :math:`z/\alpha` against :math:`\sigma/\alpha`, where the slope is
            :math:`\hat\epsilon` (Karras et al., 2022, algorithm 1 without churn) and Euler's step is
            :class:`DDIM`'s; else in z against time. Only the scaled one has the same steps on every schedule.
    """

    scaled: bool = False

    def step(self, here: Predicted, there: Level, chain: Chain) -> Tensor:
        """See :meth:`Solver.step`."""
        at = here.level
        if not self.scaled:
            length = like(there.t - at.t, here.z)
            guess = chain.predict(here.z + length * _velocity(here), there)
            return here.z + length / 2 * (_velocity(here) + _velocity(guess))
        stretch = like(there.alpha / at.alpha, here.z)
        length = like(there.sigma - at.sigma * there.alpha / at.alpha, here.z)
        guess = chain.predict(stretch * here.z + length * here.eps_hat, there)
        return stretch * here.z + length / 2 * (here.eps_hat + guess.eps_hat)


@dataclass(frozen=True)
class DPMSolver2M(Solver):
    r"""DPM-Solver++(2M): order 2 with one evaluation a step (Lu et al., 2022b, algorithm 2).

    In half the log-SNR it extends :math:`\hat x` along the line through the last two predictions; its first
    step is :class:`DDIM`'s.
    """

    def step(self, here: Predicted, there: Level, chain: Chain) -> Tensor:
        """See :meth:`Solver.step`."""
        length = (there.log_snr - here.level.log_snr) / 2
        x_hat = here.x_hat
        if chain.before is not None:
            ahead = length / (here.level.log_snr - chain.before.level.log_snr)
            x_hat = x_hat + like(ahead, x_hat) * (x_hat - chain.before.x_hat)
        kept = like(there.sigma / here.level.sigma, here.z)
        return kept * here.z - like(there.alpha * torch.expm1(-length), x_hat) * x_hat


def _velocity(at: Predicted) -> Tensor:
    """dz/dt along the flow, like z."""
    return (
        like(at.level.alpha_prime, at.z) * at.x_hat + like(at.level.sigma_prime, at.z) * at.eps_hat
    )
