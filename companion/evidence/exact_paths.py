r"""Exact paths from noise to samples, and what an error on the way has become at their end, to first order.

With :math:`y = z/\alpha` and :math:`\rho = \sigma/\alpha` the flow of the exact denoiser is
:math:`dy/d\lambda = -\frac12 \rho\, \hat\epsilon(y)`. A denoiser that predicts :math:`\hat x + \delta`
moves a sample by

.. math:: \xi = \tfrac12 \int G(\lambda)\, \delta(\lambda)\, d\lambda,

with G what a displacement of y at :math:`\lambda` is multiplied by until the end: the book derives it in
"Likelihood and samples", for the noise, :math:`\delta_\epsilon = -\delta/\rho`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Generator, Tensor

from diffcore.denoisers import Denoiser
from diffcore.samplers import DPMSolver2M, UniformLogSNR, sample, trajectory
from diffcore.targets import X

NUDGE = 1e-4
"""By which share of the noise a latent is moved to see how a prediction turns with it."""

FARTHEST = 2.0
"""First order has no bound, samples have: none is moved farther than two draws from data of mean 0 and
variance 1 in each coordinate are apart, in root mean square."""


@dataclass(frozen=True)
class Paths:
    """Paths of an exact denoiser from given noise, as the sampler walks them.

    Attributes:
        t: the times of the levels, falling, (levels,).
        log_snr: there, rising, (levels,).
        z: the latents, (levels, n, 2).
        x_hat: the exact predictions of x, (levels, n, 2); the last are the samples.
        carried: what a displacement of z / alpha at a level has become in the sample, (levels, n, 2, 2).
    """

    t: Tensor
    log_snr: Tensor
    z: Tensor
    x_hat: Tensor
    carried: Tensor

    @property
    def samples(self) -> Tensor:
        """Where the paths end, (n, 2)."""
        return self.x_hat[-1]

    def errors(self, denoiser: Denoiser) -> Tensor:
        """By how much a denoiser's prediction of x is off along the paths, (levels, n, 2).

        It works in float32, as networks do.
        """
        t = self.t.float().repeat_interleave(self.z.shape[1])
        found = denoiser.predict(self.z.flatten(0, 1).float(), t, X)
        return found.double().view_as(self.x_hat) - self.x_hat

    def pushes(self, errors: Tensor) -> Tensor:
        """What errors of the predictions of x along the paths (levels, n, 2) push, as it arrives, per nat."""
        return (self.carried @ errors[..., None]).squeeze(-1) / 2

    def moved(self, errors: Tensor) -> Tensor:
        """By how much each sample is moved, to first order, (n, 2); ``errors`` as for `pushes`."""
        return torch.trapezoid(self.pushes(errors), self.log_snr, dim=0) + errors[-1]


def paths(oracle: Denoiser, n: int, steps: int, ends: tuple[float, float], seed: int = 0) -> Paths:
    """``n`` paths of an exact denoiser of data in the plane, by DPM-Solver++(2M), steps equal in the log-SNR.

    Args:
        oracle: the exact denoiser.
        n: how many.
        steps: of the sampler, between the ``ends``.
        ends: log-SNRs, nats.
        seed: of the noise.
    """
    generator = Generator().manual_seed(seed)
    t, z = trajectory(
        oracle, (n, 2), steps, generator, DPMSolver2M(), UniformLogSNR(), ends, torch.float32
    )
    z = z.double()
    log_snr = oracle.schedule.log_snr(t)
    sigma = oracle.schedule.sigma(t)
    predicted, spreads = [], []
    for at, here, noise in zip(t, z, sigma, strict=True):
        x_hat, spread = _posterior(oracle, here, at, noise)
        predicted.append(x_hat)
        spreads.append(spread)
    return Paths(t, log_snr, z, torch.stack(predicted), _carried(torch.stack(spreads), log_snr))


def drawn(denoiser: Denoiser, n: int, steps: int, ends: tuple[float, float], seed: int) -> Tensor:
    """Samples (n, 2) from the noise of `paths`, by its sampler, float64."""
    generator = Generator().manual_seed(seed)
    solver, grid = DPMSolver2M(), UniformLogSNR()
    return sample(denoiser, (n, 2), steps, generator, solver, grid, ends, torch.float32).double()


def squared(one: Paths) -> Tensor:
    """The squared kernel of each path at each level, (levels, n); see `kernels`."""
    rho2 = torch.exp(-one.log_snr)[:, None]
    return rho2 * one.carried.square().sum((2, 3)) / 8


def kernels(walked: Mapping[str, Paths], log_snr: np.ndarray) -> pd.DataFrame:
    r"""The squared kernel of each data set at these log-SNRs, (levels,).

    An error of the noise of one unit per nat, in a direction drawn at random, moves a sample by
    :math:`\frac12 \rho\, |G d|`, in mean square :math:`\frac18 \rho^2 \|G\|_F^2`. Of a path along a ridge
    that may be any size, but no sample is moved farther than `FARTHEST`: in the mean no kernel counts for
    more.

    Returns:
        Columns dataset, ``log_snr``; over paths the ``median``, and the mean, ``rms``, with its standard
        ``error``.
    """
    rows = []
    for name, one in walked.items():
        each = squared(one).numpy()
        bounded = each.clip(max=FARTHEST**2)
        over = {"median": np.median(each, 1), "rms": bounded.mean(1)}
        over["error"] = bounded.std(1, ddof=1) / each.shape[1] ** 0.5
        at = {k: np.interp(log_snr, one.log_snr.numpy(), v) for k, v in over.items()}
        block = {"dataset": name, "log_snr": log_snr} | at
        rows.append(pd.DataFrame(block))
    return pd.concat(rows, ignore_index=True)


def _posterior(oracle: Denoiser, z: Tensor, t: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
    """The exact prediction of x (n, 2), and the covariance of the noise given z, (n, 2, 2)."""
    nudges = NUDGE * sigma * torch.cat([torch.zeros(1, 2), torch.eye(2)]).double()
    x_hat, eps_hat = oracle.predict_pair((z + nudges[:, None]).flatten(0, 1), t)
    eps_hat = eps_hat.unflatten(0, (3, -1))
    slope = torch.stack([eps_hat[1] - eps_hat[0], eps_hat[2] - eps_hat[0]], -1) / NUDGE
    spread = torch.eye(2, dtype=z.dtype) - (slope + slope.mT) / 2
    return x_hat[: len(z)], spread


def _carried(spreads: Tensor, log_snr: Tensor) -> Tensor:
    r"""`Paths.carried` from the covariances of the noise C: the flow of :math:`-\frac12 (1 - C)`.

    At the end the prediction of x turns with z / alpha as C.
    """
    rates = (spreads - torch.eye(2, dtype=spreads.dtype)) / 2
    lengths = log_snr.diff()[:, None, None, None]
    steps = torch.linalg.matrix_exp(lengths * (rates[:-1] + rates[1:]) / 2)
    found = [spreads[-1]]
    for step in reversed(steps.unbind()):
        found.append(found[-1] @ step)
    return torch.stack(found[::-1])
