"""Vectors and matrices of symbolic dimension: what a derivation needs of them, and the book's vectors.

The letters are those of ``vocabulary``: ``x`` is the clean data there, in one coordinate, and here in all
``dim`` of them. A norm, an inner product or a trace says which is meant; one chain uses one of the two.
"""

from __future__ import annotations

import sympy as sp

from . import vocabulary
from .operators import coordinates
from .operators.linear import act, dim, dot, norm2, quadratic, vector
from .operators.traces import (
    Frobenius,
    OverCoordinates,
    matrix,
    symmetric,
    symmetric_part,
    trace,
)
from .operators.vector_means import AnyLaw, Gaussian, Isotropic, Signs, VectorMean
from .operators.vector_normal import VectorKL, VectorNormal
from .operators.vectors import Act, InnerProduct

__all__ = [
    "Act",
    "AnyLaw",
    "Frobenius",
    "Gaussian",
    "InnerProduct",
    "Isotropic",
    "OverCoordinates",
    "Signs",
    "VectorKL",
    "VectorMean",
    "VectorNormal",
    "act",
    "coordinates",
    "dim",
    "dot",
    "eps",
    "eps_hat",
    "matrix",
    "mean_q",
    "norm2",
    "posterior",
    "quadratic",
    "symmetric",
    "symmetric_part",
    "trace",
    "vector",
    "x",
    "x_hat",
    "z_s",
    "z_t",
]

x, x_hat = vector("x"), vector("x_hat", r"\hat{x}")
eps, eps_hat = vector("eps", r"\epsilon"), vector("eps_hat", r"\hat{\epsilon}")
z_s, z_t = vector("z_s"), vector("z_t")


def mean_q(clean: sp.Expr = x) -> sp.Expr:
    """mu_Q(z_t, x), the mean of q(z_s | z_t, x), at any guess of the clean data."""
    return vocabulary.mean_q(clean, z_t)


def posterior(clean: sp.Expr = x) -> VectorNormal:
    """q(z_s | z_t, x) = N(z_s; mu_Q(z_t, x), sigma_Q^2 I)."""
    return VectorNormal(z_s, mean_q(clean), vocabulary.var_q())
