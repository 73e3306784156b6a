"""The study's two distances between samples and data: of their means, and of their covariances."""

from __future__ import annotations

import torch
from torch import Tensor

from diffcore.exact.mixtures import Mixture


def distances(samples: Tensor, mean: Tensor, covariance: Tensor) -> tuple[Tensor, Tensor]:
    """As in the study's code: L2 norm of the difference of means, Frobenius norm of that of covariances.

    Args:
        samples: sets of n points, (..., n, D).
        mean: of the data, (D,).
        covariance: of the data, (D, D).

    Returns:
        Both distances of each set, (...).
    """
    centre = samples.mean(-2, keepdim=True)
    centred = samples - centre
    found = centred.mT @ centred / (samples.shape[-2] - 1)
    return (centre.squeeze(-2) - mean).norm(dim=-1), torch.linalg.matrix_norm(found - covariance)


def covariance(mixture: Mixture) -> Tensor:
    """The exact covariance of a mixture of mean 0, (D, D), by Tweedie's formula where noise is all there is.

    Where alpha is small, E[x | z] = m + (alpha / sigma^2) Cov[x] (z - alpha m) to first order in alpha.
    """
    alpha, one = (torch.tensor(scale, dtype=torch.float64) for scale in (1e-5, 1.0))
    basis = torch.eye(mixture.dim, dtype=torch.float64)
    up, down = mixture.denoise(basis, alpha, one), mixture.denoise(-basis, alpha, one)
    return (up - down).mT / (2 * alpha)
