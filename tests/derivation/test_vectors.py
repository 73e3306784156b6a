"""True and false claims of inner products, traces and means over random vectors, of symbolic dimension."""

from __future__ import annotations

from typing import Any

import pytest
import sympy as sp

from companion.derivation import ANYWHERE, DerivationError, Step, check
from companion.derivation.vectors import (
    AnyLaw,
    Frobenius,
    Isotropic,
    OverCoordinates,
    Signs,
    VectorMean,
    act,
    dim,
    dot,
    matrix,
    norm2,
    quadratic,
    symmetric,
    symmetric_part,
    trace,
    vector,
)

x, y, z, v = map(vector, "xyzv")
A, B, C = map(matrix, "ABC")
S = symmetric("S")
SPREAD = (quadratic(A, v) - trace(A)) ** 2

TRUE = {
    "a square": (norm2(x + y), norm2(x) + 2 * dot(x, y) + norm2(y)),
    "a trace turned": (trace(A * B * C), trace(C * A * B)),

    "a matrix is linear": (act(A, x + y), act(A, x) + act(A, y)),
    "a mean square": (VectorMean(norm2(v), v), dim),
    "Hutchinson": (VectorMean(quadratic(A, v), Isotropic(v)), trace(A)),
    "its variance": (VectorMean(SPREAD, v), 2 * Frobenius(symmetric_part(A))),
    "with signs": (
        VectorMean(SPREAD, Signs(v)),
        2 * (Frobenius(symmetric_part(A)) - OverCoordinates(A, A)),
    ),
    "orthogonality": (
        VectorMean(norm2(x - y), AnyLaw(x, z)),
        VectorMean(norm2(x - z), AnyLaw(x, z)) + norm2(z - y),
    ),
}
FALSE = {
    "Pythagoras": (norm2(x + y), norm2(x) + norm2(y)),
    "a trace of a product": (trace(A * B), trace(A) * trace(B)),
    "a trace of another order": (trace(A * B * C), trace(B * A * C)),
    "the dimension forgotten": (VectorMean(norm2(v), v), sp.Integer(1)),
    "symmetric assumed": (VectorMean(SPREAD, v), 2 * Frobenius(A)),
    "Gaussian for signs": (VectorMean(SPREAD, Signs(v)), 2 * Frobenius(symmetric_part(A))),
    "a fourth moment that is not given": (VectorMean(norm2(v) ** 2, Isotropic(v)), dim**2),
    "matrices exchanged": (act(A * B, x), act(B * A, x)),
}


def claim(left: Any, right: Any) -> Step:
    return Step("s/1", sp.sympify(left), sp.sympify(right), "why", ANYWHERE)


@pytest.mark.parametrize("name", TRUE)
def test_a_true_claim_is_accepted(name: str) -> None:
    assert check(claim(*TRUE[name]), torch=False).count("refuted") >= 5


@pytest.mark.parametrize("name", FALSE)
def test_a_false_claim_is_refused(name: str) -> None:
    with pytest.raises(DerivationError):
        check(claim(*FALSE[name]), torch=False)
