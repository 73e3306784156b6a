"""Mixtures of finitely many Gaussians."""

from typing import Self

import torch
from torch import Tensor

from diffcore import checks
from diffcore.exact.components import Components
from diffcore.exact.mixtures import CHUNK, Mixture
from diffcore.exact.one_level import Labels
from diffcore.exact.posterior import Moments, shared

TERMS = 65_536
"""Rows times Gaussians that are evaluated at once where all rows share a noise level."""

NUMBERS = 2**24
"""Numbers in the largest tensor that a chunk of such rows makes, 128 MB: 2 D (D + 1) for each row."""


class GaussianMixture(Mixture):
    """Finitely many Gaussians.

    Args:
        weights: (K,), positive; they must sum to 1.
        means: (K, D).
        covariances: (K, D, D), symmetric and positive semi-definite.

    Raises:
        TypeError: if one is no tensor of floating-point numbers.
        ValueError: if shapes disagree, weights do not sum to 1 or a covariance is not one.
    """

    def __init__(self, weights: Tensor, means: Tensor, covariances: Tensor) -> None:
        given = {"weights": weights, "means": means, "covariances": covariances}
        for name, value in given.items():
            checks.finite(name, value)
        if means.ndim != 2 or means.numel() == 0:
            raise ValueError(
                f"means: expected shape (K, D), K and D >= 1, got {tuple(means.shape)}"
            )
        weights, means, covariances = weights.double(), means.double(), covariances.double()
        k, self.dim = means.shape
        if weights.shape != (k,) or covariances.shape != (k, self.dim, self.dim):
            raise ValueError(
                f"means {tuple(means.shape)}: expected weights ({k},) and covariances ({k}, {self.dim}, "
                f"{self.dim}), got {tuple(weights.shape)} and {tuple(covariances.shape)}"
            )
        if (weights <= 0).any() or not torch.isclose(weights.sum(), torch.ones_like(weights[0])):
            raise ValueError(f"positive weights that sum to 1 expected, got {weights.tolist()}")
        if not torch.equal(covariances, covariances.mT):
            raise ValueError("symmetric covariances expected, got one that is not")
        variance, basis = torch.linalg.eigh(covariances)
        if (variance < 0).any():
            least = variance.min().item()
            raise ValueError(f"covariances without negative eigenvalues expected, got {least:.3g}")
        self.weights, self.log_weights = weights, weights.log()
        most = max(1, NUMBERS // (2 * self.dim * (self.dim + 1)))
        self.rows_at_one_level = min(max(CHUNK, TERMS // k), most)
        self.components = Components(means.T, basis.permute(1, 2, 0), variance.T)

    @classmethod
    def gaussian(cls, mean: Tensor, covariance: Tensor) -> Self:
        """A single Gaussian: mean (D,), covariance (D, D)."""
        checks.floating("mean", mean)
        checks.floating("covariance", covariance)
        return cls(torch.ones(1), mean.unsqueeze(0), covariance.unsqueeze(0))

    def _at(self, label: Tensor) -> Components:
        return Components(*(part.to(label.device)[..., label] for part in self.components))

    def component_at(self, quantile: Tensor) -> Components:
        """See :meth:`Mixture.component_at`."""
        edges = self.weights.to(quantile.device).cumsum(0)[:-1].contiguous()
        return self._at(torch.searchsorted(edges, quantile.contiguous(), right=True))

    def _moments(self, z: Tensor, alpha: Tensor, sigma: Tensor, spread: bool) -> Moments:
        component = Components(*(part.to(z.device) for part in self.components))
        log_weight = self.log_weights.to(z.device)
        if len(alpha) == 1:
            return Labels.of(alpha, sigma, component, log_weight).moments(z, sigma, spread)
        return shared(z, alpha, sigma, component, log_weight)
