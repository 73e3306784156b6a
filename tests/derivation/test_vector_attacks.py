"""Claims of vectors and matrices that mean nothing, or whose printed form says another thing."""

from __future__ import annotations

from typing import Any

import pytest
import sympy as sp

from companion.derivation import ANYWHERE, Abbreviation, DerivationError, Step, Where, check
from companion.derivation.latex import latex
from companion.derivation.printed import two_senses
from companion.derivation.step import Effort
from companion.derivation.vectors import (
    AnyLaw,
    Frobenius,
    Isotropic,
    OverCoordinates,
    Signs,
    VectorMean,
    VectorNormal,
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
from companion.derivation.vocabulary import symbol

x, y, z, v = map(vector, "xyzv")
A, B = map(matrix, "AB")
a, b = symbol("a"), symbol("b")
p, q = symbol("p", positive=True), symbol("q", positive=True)
n = symbol("n", integer=True, positive=True)
WIDE = sp.MatrixSymbol("N", dim, 2 * dim)
NINE = sp.MatrixSymbol("M", 3, 3)
SUM = Abbreviation("m", x + z)


MEANINGLESS = {
    "a limit in the dimension": (sp.Limit(norm2(x) / dim, dim, sp.oo) + a * b, a * b, "dimension"),
    "of a trace": (sp.Limit(trace(A) / dim + a * b, dim, sp.oo), a * b, "dimension"),
    "of a mean": (sp.Limit(VectorMean(norm2(v), v) / dim, dim, sp.oo) * a, a, "dimension"),
    "a slope in it": (sp.Derivative(dim * norm2(x), dim), norm2(x), "dimension"),
    "a slope in an integer": (sp.Derivative(a * dim**2, dim), 2 * a * dim, "dimension"),
    "an integral over it": (sp.Integral(a * dim, (dim, 0, 1)), a / 2, "dimension"),
    "a sum over it": (sp.Sum(norm2(x), (dim, 1, n)), n * norm2(x), "dimension"),
    "of a name": (sp.Sum(Abbreviation("r", norm2(x)), (dim, 1, n)), n * norm2(x), "dimension"),
    "no square matrix": (act(WIDE, a * x + y), a * act(WIDE, x) + act(WIDE, y), "expected a square"),
    "a trace of none": (
        trace(WIDE * sp.Transpose(WIDE)), trace(sp.Transpose(WIDE) * WIDE), "expected a square",
    ),
    "of three dimensions": (
        trace(NINE + a * sp.Identity(3)), trace(NINE) + 3 * a, "expected a square",
    ),
    "an identity of another": (
        act(sp.Identity(dim + 1), a * x + y), a * x + y, "expected a square",
    ),
    "a mean that is random": (
        VectorMean(dot(x, y), AnyLaw(x, 2 * x)), 2 * dot(x, y), "a law of x by x itself",
    ),
    "under a name": (
        VectorMean(dot(x, y), AnyLaw(x, SUM)), dot(x, y) + dot(z, y), "a law of x by x itself",
    ),
    "a random number": (VectorMean(norm2(a * x), Signs(a)), norm2(x), "a law of a, which is no vector"),
}  # fmt: skip


@pytest.mark.parametrize("name", MEANINGLESS)
def test_what_means_nothing_is_refused_for_that(name: str) -> None:
    left, right, why = MEANINGLESS[name]
    step = Step("s/1", sp.sympify(left), sp.sympify(right), "why", ANYWHERE)
    with pytest.raises(DerivationError, match=f"meaning check failed: .*{why}"):
        check(step, torch=False)


NO_NUMBER: dict[str, tuple[Any, Any, str, str]] = {
    "a vector and a number": (a * x, a, "=", "no vector of its dimension"),
    "a bound on vectors": (x + y, x + y + a**2 * x, "<=", "vector or matrix is taken for a number"),
    "vectors as exponents": (sp.exp(x) * a, a * sp.exp(x + y), "=", "is taken for a number"),
    "the larger vector": (sp.Max(x, y) + x, sp.Max(2 * x, x + y), "=", "is taken for a number"),
    "an integral of vectors": (
        sp.Integral(y + p * z, (p, 0, 1)), y + z / 2, "=", "is taken for a number",
    ),
    "a norm of another kind": (Frobenius(x) + a, a + norm2(x), "=", "is taken for a matrix"),
    "a vector for a variance": (
        a * VectorNormal(z, x, y), VectorNormal(z, x, y), "=", "is taken for a number",
    ),
    "a matrix for a variance": (
        a * VectorNormal(z, x, A), VectorNormal(z, x, A), "=", "is taken for a number",
    ),
    "matrices as sides": (
        sp.Transpose(A * B), sp.Transpose(B) * sp.Transpose(A), "=", "a side is a matrix",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NO_NUMBER)
def test_what_is_no_number_is_refused_for_that(name: str) -> None:
    left, right, relation, why = NO_NUMBER[name]
    step = Step("s/1", sp.sympify(left), sp.sympify(right), "why", ANYWHERE, relation=relation)
    with pytest.raises(DerivationError, match=f"numeric check failed: .*{why}"):
        check(step, torch=False)


def test_an_equality_is_no_condition() -> None:
    with pytest.raises(ValueError, match="no random point satisfies it"):
        Where(sp.Eq(dim, 1))


def test_a_square_of_a_matrix_is_one_unknown() -> None:
    """That of an inner mean, and that of the outer one."""
    two = (quadratic(A, v) + quadratic(A, y)) / 2 - trace(A)
    left = VectorMean(VectorMean(two**2, y), v)
    step = Step("s/1", left, Frobenius(symmetric_part(A)), "why", ANYWHERE)
    assert check(step, Effort(points=4, far=0.05), torch=False).proof.tactic != "simplified"


def test_a_sum_up_to_the_dimension_means_something() -> None:
    k = symbol("k", integer=True, positive=True)
    step = Step("s/1", a * sp.Sum(k, (k, 1, dim)), a * dim * (dim + 1) / 2, "why", ANYWHERE)
    assert check(step, Effort(far=0.05), torch=False).count("refuted") >= 5


TWO_SENSES: dict[str, tuple[Any, str]] = {
    "a matrix of each kind": (quadratic(A, x) - quadratic(symmetric("A"), x), "A"),
    "a matrix and a vector": (act(matrix("x"), x), "x"),
    "a matrix and a number": (symbol("A") * act(A, x), "A"),
    "a matrix and the identity": (trace(matrix("I") + sp.Identity(dim)), "I"),
    "a number and the identity": (symbol("I") * trace(A + sp.Identity(dim)), "I"),
    "a variance and its identity": (symbol("I") * VectorNormal(z, x, p), "I"),
    "two laws of one name": (
        VectorMean(dot(v, y), AnyLaw(v, x)) - VectorMean(dot(v, y), AnyLaw(v, z)),
        r"\mathbb{E}_{v}",
    ),
    "two kinds of law": (
        VectorMean(norm2(v), Isotropic(v)) + VectorMean(dot(v, x), AnyLaw(v, y)),
        r"\mathbb{E}_{v}",
    ),
    "a number and the dimension": (symbol("d") * norm2(x), "d"),
    "a number and an index": (OverCoordinates(symbol("i") * x, y), "i"),
    "a name and a matrix": (act(A, Abbreviation("A", x + y)), "A"),
}


@pytest.mark.parametrize("name", TWO_SENSES)
def test_one_printed_name_has_one_meaning(name: str) -> None:
    expr, printed = TWO_SENSES[name]
    assert two_senses([expr]).startswith(f"'{printed}' stands for")


def test_one_law_may_be_used_twice() -> None:
    once = VectorMean(dot(v, y), AnyLaw(v, x))
    assert two_senses([once + VectorMean(dot(v, z), AnyLaw(v, x)), a * quadratic(A, x) * dim]) == ""


def _t(of: Any) -> Any:
    return sp.Transpose(of)


NEGATIVE = sp.MatMul(A, sp.MatMul(-1, B), evaluate=False)
PRINTED = {
    "minus after a number": (a * act(-A, x), r"a (-A)\, x"),
    "a transpose of a product": (act(_t(A * B), x), r"(A B)^{\mathsf T}\, x"),
    "a transpose of a power": (act(_t(A**2), x), r"(A^{2})^{\mathsf T}\, x"),
    "a power of a transpose": (act(_t(A) ** 2, x), r"(A^{\mathsf T})^{2}\, x"),
    "a power of a sum": (act((A + B) ** 2, x), r"(A + B)^{2}\, x"),
    "a transpose of a sum": (act(_t(A + B), x), r"(A + B)^{\mathsf T}\, x"),
    "a sum before a matrix": (act((a + b) * A, x), r"(a + b) A\, x"),
    "in a sum": (trace((a + b) * A + B), r"\mathrm{tr}\bigl((a + b) A + B\bigr)"),
    "a fraction before one": (act(A * (a / b), x), r"(a/b) A\, x"),
    "a product before one": (act(a**2 * b * A, x), r"a^{2} b A\, x"),
    "a trace before one": (act(trace(A) * A, x), r"(\mathrm{tr}\, A) A\, x"),
    "minus in a product": (act(NEGATIVE, x), r"A (-B)\, x"),
    "minus after a transpose": (quadratic(-A, x, y), r"x^{\mathsf T} (-A)\, y"),
    "an index of an index": (OverCoordinates(vector("u_t"), x), r"\sum_{i} (u_{t})_{i} x_{i}"),
    "of a matrix": (OverCoordinates(matrix("J_t"), x), r"\sum_{i} (J_t)_{ii} x_{i}"),
    "a fraction of a variance": (
        VectorNormal(z, x, p / q), r"\mathcal{N}(z;\, x,\, (p/q) I)",
    ),
    "a trace for a variance": (
        VectorNormal(z, x, trace(A)), r"\mathcal{N}\bigl(z;\, x,\, (\mathrm{tr}\, A) I\bigr)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PRINTED)
def test_what_is_printed_reads_as_what_is_meant(name: str) -> None:
    expr, wanted = PRINTED[name]
    assert latex(expr) == wanted
