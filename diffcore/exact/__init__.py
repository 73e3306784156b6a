"""What is known exactly: mixtures of Gaussians, the study's 2-D data, quadrature."""

from diffcore.exact.data2d import DATASETS, clusters, rings, swiss_roll, waves
from diffcore.exact.mixtures import GaussianMixture, Mixture

__all__ = ["DATASETS", "GaussianMixture", "Mixture", "clusters", "rings", "swiss_roll", "waves"]
