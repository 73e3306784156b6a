"""Gaussian components by their eigenvectors, and the density of their noised versions."""

import math
from typing import NamedTuple

from torch import Tensor


class Components(NamedTuple):
    """n Gaussians by their eigenvectors: mean (D, n), basis (D, D, n), variance (D, n).

    Coordinates come first here, and wherever components go: sums over them then run over long contiguous
    rows. Data everywhere else are (batch, D); the public methods of a ``Mixture`` turn one into the other.
    ``basis[:, j]`` is the eigenvector of ``variance[j]``.
    """

    mean: Tensor
    basis: Tensor
    variance: Tensor


def rotate(basis: Tensor, vector: Tensor) -> Tensor:
    """Vectors (D, n) from the coordinates of their eigenbases to the coordinates of the data."""
    return (basis * vector).sum(1)


def unrotate(basis: Tensor, vector: Tensor) -> Tensor:
    """The inverse of :func:`rotate`."""
    return (basis * vector.unsqueeze(1)).sum(0)


def log_density(
    z: Tensor, alpha: Tensor, sigma: Tensor, component: Components
) -> tuple[Tensor, Tensor]:
    """log N(z; alpha mean, alpha^2 C + sigma^2 I), (n,), and S^-1 (z - alpha mean) in the eigenbasis.

    Args:
        z: (D, n).
        alpha: (n,).
        sigma: (n,).
        component: n of them.
    """
    total = alpha.square() * component.variance + sigma.square()
    y = unrotate(component.basis, z - alpha * component.mean)
    residual = y / total
    exponent = (y * residual + total.log()).sum(0)
    return -0.5 * (exponent + z.shape[0] * math.log(2 * math.pi)), residual


def whitening(alpha: Tensor, sigma: Tensor, component: Components) -> tuple[Tensor, Tensor, Tensor]:
    """What makes z of each component standard normal, at one noise level, scales (1,).

    Returns:
        The basis over the standard deviations of z along it, (D, D, n), alpha times the mean there,
        (D, n): the whitened residual is the one, transposed, times z less the other; and the variances of z,
        (D, n).
    """
    total = alpha.square() * component.variance + sigma.square()
    frame = component.basis / total.sqrt()
    return frame, alpha * (frame * component.mean.unsqueeze(1)).sum(0), total
