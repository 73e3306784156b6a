"""Vectors and matrices of symbolic dimension: what a derivation needs of them, and the book's vectors.

The letters are those of ``vocabulary``: ``x`` is the clean data there, in one coordinate, and here in all
``dim`` of them. A norm, an inner product or a trace says which is meant; one chain uses one of the two.
"""

from __future__ import annotations

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
    "dim",
    "dot",
    "eps",
    "eps_hat",
    "matrix",
    "norm2",
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
