"""What is known exactly: mixtures, the study's 2-D data, Gaussians, independent levels, floors."""

from diffcore.exact.data2d import DATASETS, clusters, rings, swiss_roll, waves
from diffcore.exact.gaussian import EmpiricalGaussian
from diffcore.exact.gaussian_mixture import GaussianMixture
from diffcore.exact.levels import IndependentLevels
from diffcore.exact.mixtures import Mixture

__all__ = [
    "DATASETS",
    "EmpiricalGaussian",
    "GaussianMixture",
    "IndependentLevels",
    "Mixture",
    "clusters",
    "rings",
    "swiss_roll",
    "waves",
]
