"""The Gaussian with the mean and covariance of a data set.

Its exact denoiser is the best for the data of all that are affine in z, at every noise level.
"""

import torch
from torch import Tensor

from diffcore import checks
from diffcore.denoisers import ExactDenoiser
from diffcore.schedules.base import Schedule


class EmpiricalGaussian:
    """N(mean, covariance) of ``data`` (n, ...), the covariance with 1/n.

    Attributes:
        mean: (D,), float64.
        basis: principal directions, (D, D), one a row.
        variance: along each, (D,).

    Raises:
        TypeError: if ``data`` is no tensor of floating-point numbers.
        ValueError: if a value is not finite, or there are fewer examples than dimensions.
    """

    def __init__(self, data: Tensor) -> None:
        checks.finite("data", checks.batch("data", data))
        flat = data.reshape(len(data), -1).double()
        if len(flat) < flat.shape[1]:
            raise ValueError(
                f"at least as many examples as dimensions expected: got {tuple(flat.shape)}"
            )
        self.mean = flat.mean(0)
        _, singular, self.basis = torch.linalg.svd(flat - self.mean, full_matrices=False)
        self.variance = singular**2 / len(flat)

    def posterior(self, z: Tensor, alpha: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
        """(E[x|z], E[eps|z]), each like ``z`` (batch, ...); ``alpha`` and ``sigma`` are (batch,) or ().

        Raises:
            TypeError: if one is no tensor of floating-point numbers.
            ValueError: if a shape is another, or a scale is negative.
        """
        checks.matrix("z, flattened", checks.batch("z", z).reshape(len(z), -1), len(self.mean))
        a, s = checks.scales(alpha, sigma, len(z))
        a, s = a.double()[:, None], s.double()[:, None]
        residual = (z.flatten(1).double() - a * self.mean) @ self.basis.T
        weighted = residual / (a**2 * self.variance + s**2)
        x_hat = self.mean + (a * self.variance * weighted) @ self.basis
        eps_hat = (s * weighted) @ self.basis
        return x_hat.reshape(z.shape).to(z), eps_hat.reshape(z.shape).to(z)

    def denoiser(self, schedule: Schedule) -> ExactDenoiser:
        """Its exact denoiser, for every place where a network does."""
        return ExactDenoiser(self.posterior, schedule)
