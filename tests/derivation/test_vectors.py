"""True and false claims of inner products, traces and means over random vectors, of symbolic dimension."""

from __future__ import annotations

import itertools
from typing import Any

import mpmath as mp
import pytest
import sympy as sp

from companion.derivation import (
    ANYWHERE,
    Abbreviation,
    DerivationError,
    Expectation,
    Normal,
    Step,
    Where,
    check,
)
from companion.derivation.columns import Column, NumericError
from companion.derivation.domain import Domain
from companion.derivation.exact import compute
from companion.derivation.numeric import evaluate
from companion.derivation.operators.linear import DIMENSIONS
from companion.derivation.second import balls
from companion.derivation.step import Effort
from companion.derivation.symbolic import prove
from companion.derivation.vectors import (
    Act,
    AnyLaw,
    Frobenius,
    InnerProduct,
    Isotropic,
    OverCoordinates,
    Signs,
    VectorKL,
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
from companion.derivation.vocabulary import alpha, sigma, symbol, t

x, y, z, v, w = map(vector, "xyzvw")
A, B, C = map(matrix, "ABC")
S = symmetric("S")
a, b = symbol("a"), symbol("b")
p, q = symbol("p", positive=True), symbol("q", positive=True)
I = sp.Identity(dim)  # noqa: E741
A_T = sp.Transpose(A)
SPREAD = (quadratic(A, v) - trace(A)) ** 2
OF_SYMMETRIC = (quadratic(S, v) - trace(S)) ** 2
HALF_MINORS = (trace(A) ** 2 - trace(A * A)) / 2
BETWEEN = VectorKL(VectorNormal(z, x, p), VectorNormal(z, y, q))
NOTHING = norm2(x + y) - norm2(x) - 2 * dot(x, y) - norm2(y)
NOISY = Abbreviation("z_t", alpha(t) * x + sigma(t) * y)

TRUE = {
    "a square": (norm2(x + y), norm2(x) + 2 * dot(x, y) + norm2(y)),
    "a parallelogram": (norm2(x + y) + norm2(x - y), 2 * norm2(x) + 2 * norm2(y)),
    "polarisation": (4 * dot(x, y), norm2(x + y) - norm2(x - y)),
    "bilinear": (dot(a * x + b * y, z), a * dot(x, z) + b * dot(y, z)),
    "homogeneous": (norm2(a * x), a**2 * norm2(x)),
    "a transpose": (dot(act(A, x), y), dot(x, act(A_T, y))),
    "symmetric": (dot(act(S, x), y), dot(x, act(S, y))),
    "the length of an image": (norm2(act(A, x)), quadratic(A_T * A, x)),
    "a matrix is linear": (act(A, a * x + y), a * act(A, x) + act(A, y)),
    "a product of matrices": (act(A * B + C, x), act(A, act(B, x)) + act(C, x)),
    "the symmetric part": (quadratic(A, x), quadratic(symmetric_part(A), x)),
    "a symmetric matrix twice": (quadratic(S + sp.Transpose(S), x), 2 * quadratic(S, x)),
    "a trace turned": (trace(A * B * C), trace(C * A * B)),
    "a trace transposed": (trace(A_T * B), trace(sp.Transpose(B) * A)),
    "a trace of the identity": (trace(I + A), dim + trace(A)),
    "the identity": (quadratic(I + A, x, y), dot(x, y) + quadratic(A, x, y)),
    "a square of matrices": (Frobenius(A + B), Frobenius(A) + 2 * trace(A_T * B) + Frobenius(B)),
    "half of a square": (2 * Frobenius(symmetric_part(A)), Frobenius(A) + trace(A * A)),
    "by coordinates": (OverCoordinates(x, y) + OverCoordinates(A), dot(x, y) + trace(A)),
    "a diagonal": (OverCoordinates(A, A_T, x), OverCoordinates(A, A, x)),
    "a mean square": (VectorMean(norm2(v), v), dim),
    "a fourth moment": (VectorMean(norm2(v) ** 2, v), dim**2 + 2 * dim),
    "of signs": (VectorMean(norm2(v) ** 2, Signs(v)), dim**2),
    "a sixth moment": (VectorMean(norm2(v) ** 3, v), dim * (dim + 2) * (dim + 4)),
    "a projection": (VectorMean(dot(v, x) ** 2, Isotropic(v)), norm2(x)),
    "its fourth power": (VectorMean(dot(v, x) ** 4, v), 3 * norm2(x) ** 2),
    "with signs, too": (
        VectorMean(dot(v, x) ** 4, Signs(v)),
        3 * norm2(x) ** 2 - 2 * OverCoordinates(x, x, x, x),
    ),
    "a mean that is a vector": (VectorMean(dot(v, x) * act(A, v), v), act(A, x)),
    "two quadratic forms": (
        VectorMean(quadratic(A, v) * quadratic(B, v), v),
        trace(A) * trace(B) + trace(A * B) + trace(A_T * B),
    ),
    "Hutchinson": (VectorMean(quadratic(A, v), Isotropic(v)), trace(A)),
    "its variance": (VectorMean(SPREAD, v), 2 * Frobenius(symmetric_part(A))),
    "its variance without parts": (VectorMean(SPREAD, v), Frobenius(A) + trace(A * A)),
    "its variance with signs": (
        VectorMean(SPREAD, Signs(v)),
        2 * (Frobenius(symmetric_part(A)) - OverCoordinates(A, A)),
    ),
    "its variance if symmetric": (VectorMean(OF_SYMMETRIC, v), 2 * Frobenius(S)),
    "with signs if symmetric": (
        VectorMean(OF_SYMMETRIC, Signs(v)),
        2 * (Frobenius(S) - OverCoordinates(S, S)),
    ),
    "orthogonality": (
        VectorMean(norm2(x - y), AnyLaw(x, z)),
        VectorMean(norm2(x - z), AnyLaw(x, z)) + norm2(z - y),
    ),
    "coordinates of images": (OverCoordinates(act(A, x), act(B, y)), quadratic(A_T * B, x, y)),
    "two projections": (
        VectorMean(dot(x, act(A, v)) * dot(y, act(B, v)), v),
        quadratic(A * sp.Transpose(B), x, y),
    ),
    "an image with signs": (
        VectorMean(dot(x, act(A, v)) ** 4, Signs(v)),
        3 * norm2(act(A_T, x)) ** 2 - 2 * OverCoordinates(*[act(A_T, x)] * 4),
    ),
    "a density": (
        sp.log(VectorNormal(z, x, p)),
        -norm2(z - x) / (2 * p) - dim * sp.log(2 * sp.pi * p) / 2,
    ),
    "a mean of a mean": (VectorMean(VectorMean(dot(v, w) ** 2, w), v), dim),
    "two Gaussians": (BETWEEN, dim * (p / q - 1 + sp.log(q / p)) / 2 + norm2(x - y) / (2 * q)),
    "a logarithm of densities": (
        sp.log(VectorNormal(z, x, p) / VectorNormal(z, y, p)),
        (norm2(z - y) - norm2(z - x)) / (2 * p),
    ),
    "a vector solved for": (x, (NOISY - sigma(t) * y) / alpha(t)),
    "a slope": (
        sp.Derivative(norm2(NOISY), t),
        2 * dot(NOISY, sp.Derivative(alpha(t), t) * x + sp.Derivative(sigma(t), t) * y),
    ),
}
FALSE = {
    "a sign": (norm2(x - y), norm2(x) + 2 * dot(x, y) + norm2(y)),
    "a factor": (norm2(x + y), norm2(x) + dot(x, y) + norm2(y)),
    "Pythagoras": (norm2(x + y), norm2(x) + norm2(y)),
    "linear in a square": (norm2(a * x), a * norm2(x)),
    "a transpose dropped": (dot(act(A, x), y), dot(x, act(A, y))),
    "a matrix for its transpose": (act(A, x), act(A_T, x)),
    "matrices exchanged": (act(A * B, x), act(B * A, x)),
    "a length kept": (norm2(act(A, x)), norm2(x)),
    "a square of a symmetric form": (norm2(act(S, x)), quadratic(S, x)),
    "a trace of a product": (trace(A * B), trace(A) * trace(B)),
    "a trace of another order": (trace(A * B * C), trace(B * A * C)),
    "a trace of one transpose": (trace(A_T * B), trace(A * B)),
    "a trace of the identity": (trace(I), sp.Integer(1)),
    "a norm by its trace": (Frobenius(A), trace(A * A)),
    "one dimension more": (VectorMean(norm2(v), v), dim + 1),
    "the dimension squared": (VectorMean(a**2 * norm2(v), v), a**2 * dim**2),
    "the dimension forgotten": (VectorMean(norm2(v), v), sp.Integer(1)),
    "a root of the dimension": (VectorMean(norm2(v), v), sp.sqrt(dim)),
    "an independent square": (VectorMean(norm2(v) ** 2, v), VectorMean(norm2(v), v) ** 2),
    "one dimension only: a square": (dot(x, y) ** 2, norm2(x) * norm2(y)),
    "one dimension only: a fourth moment": (VectorMean(norm2(v) ** 2, v), 3 * dim**2),
    "one dimension only: a number": (act(A, x), trace(A) * x),
    "one dimension only: no variance": (VectorMean(SPREAD, Signs(v)), 0 * a),
    "two dimensions only": (VectorMean(norm2(v) ** 2, v), 4 * dim),
    "at most two dimensions": (act(A * A, x), trace(A) * act(A, x) - HALF_MINORS * x),
    "at most three dimensions": (
        VectorMean(norm2(v) ** 2, Signs(v)),
        dim**2 + a**2 * (dim - 1) * (dim - 2) * (dim - 3),
    ),
    "symmetric assumed": (VectorMean(SPREAD, v), 2 * Frobenius(A)),
    "symmetric assumed, with signs": (
        VectorMean(SPREAD, Signs(v)),
        2 * (Frobenius(A) - OverCoordinates(A, A)),
    ),
    "Gaussian for signs": (VectorMean(SPREAD, Signs(v)), 2 * Frobenius(symmetric_part(A))),
    "signs for Gaussian": (
        VectorMean(OF_SYMMETRIC, v),
        2 * (Frobenius(S) - OverCoordinates(S, S)),
    ),
    "a diagonal taken once": (
        VectorMean(OF_SYMMETRIC, Signs(v)),
        2 * Frobenius(S) - OverCoordinates(S, S),
    ),
    "the transpose in the variance": (VectorMean(SPREAD, v), Frobenius(A) + trace(A_T * A)),
    "a mean that is not 0": (VectorMean(norm2(x + v), v), norm2(x) + 2 * dot(x, x) + dim),
    "the wrong centre": (
        VectorMean(norm2(x - y), AnyLaw(x, z)),
        VectorMean(norm2(x - z), AnyLaw(x, z)) + norm2(y),
    ),
    "a divergence in one dimension": (
        BETWEEN,
        (p / q - 1 + sp.log(q / p)) / 2 + norm2(x - y) / (2 * q),
    ),
    "a distance in every dimension": (
        BETWEEN,
        dim * (p / q - 1 + sp.log(q / p) + norm2(x - y) / q) / 2,
    ),
    "variances exchanged": (
        BETWEEN,
        dim * (q / p - 1 + sp.log(p / q)) / 2 + norm2(x - y) / (2 * p),
    ),
}
UNCLEAR = {
    "a product of vectors": (x * y, dot(x, y), "product of vectors"),
    "a power of a vector": (x**2, norm2(x), "power of a vector"),
    "a division by a vector": (1 / x, 2 / x - 1 / x + 0 * a, "same expression|power of a vector"),
    "a number and a vector": (x + a, x + 2 * a, "no vector of its dimension"),
    "an absolute value": (sp.Abs(x), sp.sqrt(norm2(x)), "absolute value of a vector"),
    "no inner product": (InnerProduct(x, a), a * InnerProduct(x, 1), "no inner product"),
    "a matrix of a number": (Act(A, a), a * Act(A, 1), "is no vector"),
    "a moment that is not given": (
        VectorMean(norm2(v) ** 2, Isotropic(v)), dim**2, "no such moment is given",
    ),
    "a third moment that is not given": (
        VectorMean(dot(x, y) ** 3, AnyLaw(x, z)), dot(z, y) ** 3, "no such moment is given",
    ),
    "no polynomial": (VectorMean(sp.sqrt(norm2(v)), v), sp.sqrt(dim), "no polynomial"),
    "a matrix that is random itself": (
        VectorMean(act(dot(v, x) * A, v), v), act(A, x), "no polynomial",
    ),
    "a vector bound as a number": (Expectation(x, Normal(x, a, p)), a, "as if it were a number"),
    "a vector integrated over": (
        sp.Integral(Normal(x, a, p), (x, -sp.oo, sp.oo)), sp.Integer(1), "as if it were a number",
    ),
    "a divisor that is 0": ((a + b) / NOTHING, a / NOTHING + b / NOTHING, "zero"),
    "a mean of what depends on another": (
        VectorMean(VectorMean(dot(w, v), AnyLaw(w, act(A, v))), v), trace(A), "no polynomial",
    ),
    "an inverse": (act(A.inv() * A * A, x), act(A, x), "same expression|inverse|power of a matrix"),
}  # fmt: skip


QUICK = Effort(far=0.05)
"""All points, but a shorter search far away."""


def claim(left: Any, right: Any, domain: Domain = ANYWHERE) -> Step:
    return Step("s/1", sp.sympify(left), sp.sympify(right), "why", domain)


@pytest.mark.parametrize("name", TRUE)
def test_a_true_claim_is_accepted(name: str) -> None:
    outcome = check(claim(*TRUE[name]), QUICK, torch=False)
    assert outcome.count("refuted") >= 5
    assert "in every dimension $d$" in outcome.assumed or not any(
        side.atoms(type(x)) for side in TRUE[name]
    )
    assert not outcome.second.solved  # z3 takes no vector for a number
    moments_only = any(side.has(Isotropic, AnyLaw) for side in TRUE[name])
    assert outcome.second.points == (0 if moments_only else 24)  # by sums over indices


@pytest.mark.parametrize("name", FALSE)
def test_a_false_claim_is_refuted_by_numbers_and_not_proved(name: str) -> None:
    with pytest.raises(DerivationError, match="numeric check failed: left"):
        check(claim(*FALSE[name]), torch=False)
    assert prove(*map(sp.sympify, FALSE[name])) is None


@pytest.mark.parametrize("name", FALSE)
def test_ball_arithmetic_refutes_a_false_claim_too(name: str) -> None:
    step = claim(*FALSE[name])
    places = ANYWHERE.points([step.left, step.right], step.name, 8)
    if step.left.has(AnyLaw):
        assert "only some moments are given" in balls.enclosed(step, places).why_not
    else:
        with pytest.raises(balls.Outside):
            balls.enclosed(step, places)


@pytest.mark.parametrize("name", UNCLEAR)
def test_what_means_nothing_is_refused_for_that(name: str) -> None:
    left, right, why = UNCLEAR[name]
    with pytest.raises(DerivationError, match=why):
        check(claim(left, right), torch=False)


@pytest.mark.parametrize("count", [4, 24])
def test_every_dimension_has_its_turn(count: int) -> None:
    places = ANYWHERE.points([norm2(x)], "s/1", count)
    sizes = [len(place[x]) for place in places]
    assert {*sizes} == {*DIMENSIONS}
    assert [int(place[dim]) for place in places] == sizes


def test_a_condition_on_the_dimension_leaves_the_others() -> None:
    places = Where(sp.Gt(dim, 2)).points([norm2(x), dim], "s/1", 8)
    assert {len(place[x]) for place in places} == {3, 5}


# --- what is taken for granted is said


def test_what_is_assumed_is_said() -> None:
    said = {
        name: check(claim(*TRUE[name]), QUICK, torch=False).assumed
        for name in ("Hutchinson", "with signs if symmetric", "orthogonality")
    }
    assert {*said["Hutchinson"]} == {
        "in every dimension $d$", "for every square matrix $A$",
        r"for any law with $\E\, v v^{\mathsf T} = I$",
    }  # fmt: skip
    assert "for every symmetric matrix $S$" in said["with signs if symmetric"]
    assert "for independent fair signs $v_i$" in said["with signs if symmetric"]
    assert r"for any law of $x$ with mean $z$ and finite $\E\, \|x\|^2$" in said["orthogonality"]


def test_what_must_not_be_zero_is_said() -> None:
    outcome = check(claim(dot(x, y) / norm2(x), 4 * dot(x, y) / norm2(2 * x)), torch=False)
    assert {*outcome.excluded} == {norm2(x), norm2(2 * x)}


def test_a_moment_that_is_not_given_stays_as_it_is() -> None:
    for law in (Isotropic(v), AnyLaw(v, x)):
        for body in (norm2(v) ** 2, dot(v, x) ** 3, norm2(v) * dot(v, x)):
            assert compute(VectorMean(body, law)).has(VectorMean)
    assert compute(VectorMean(dot(v, x), Isotropic(v))).has(VectorMean)
    assert compute(VectorMean(norm2(v), AnyLaw(v, x))).has(VectorMean)


def test_slopes_of_products() -> None:
    slope = sp.diff(dot(t * x, act(A, t**2 * y)), t)
    assert compute(slope) == 3 * t**2 * quadratic(A, x, y)
    assert sp.diff(dot(x, y), t) == sp.diff(act(A, x), t) == 0


def test_columns_of_two_dimensions_are_not_added() -> None:
    one, two = Column([mp.mpf(1)]), Column([mp.mpf(1), mp.mpf(2)])
    assert (0 - two).entries == (-1, -2)
    for mixed in (lambda: one + two, lambda: two - one):
        with pytest.raises(NumericError, match="no vector of its dimension"):
            mixed()


# --- against sums over indices, written out without either route


@pytest.mark.parametrize("size", DIMENSIONS)
def test_signs_by_every_choice_of_them(size: int) -> None:
    place = ANYWHERE.points([A], f"oracle {size}", 4)[DIMENSIONS.index(size)]
    rows = place[A].rows
    every = itertools.product((-1, 1), repeat=size)
    forms = [sum(rows[i][j] * u[i] * u[j] for i in range(size) for j in range(size)) for u in every]
    centre = sum(rows[i][i] for i in range(size))
    wanted = sum((form - centre) ** 2 for form in forms) / len(forms)
    exact = compute(VectorMean(SPREAD, Signs(v)))
    assert mp.almosteq(evaluate(exact, place), wanted, 1e-13)


@pytest.mark.parametrize("size", DIMENSIONS)
def test_gaussian_forms_by_the_moments_of_coordinates(size: int) -> None:
    place = ANYWHERE.points([A], f"oracle {size}", 4)[DIMENSIONS.index(size)]
    rows = place[A].rows
    moment = {0: 1, 2: 1, 4: 3}
    wanted = mp.mpf(0)
    for i, j, k, m in itertools.product(range(size), repeat=4):
        counts = [[i, j, k, m].count(n) for n in range(size)]
        if all(c % 2 == 0 for c in counts):
            wanted += rows[i][j] * rows[k][m] * mp.fprod(moment[c] for c in counts)
    exact = compute(VectorMean(quadratic(A, v) ** 2, v))
    assert mp.almosteq(evaluate(exact, place), wanted, 1e-13)


# --- torch: numbers (n,), vectors (n, d), matrices (n, d, d)


def solved(alpha_t, sigma_t, y, z_t):  # type: ignore[no-untyped-def]
    return (z_t - sigma_t[:, None] * y) / alpha_t[:, None]


def without_a_minus(alpha_t, sigma_t, y, z_t):  # type: ignore[no-untyped-def]
    return (z_t + sigma_t[:, None] * y) / alpha_t[:, None]


def the_first_only(alpha_t, sigma_t, y, z_t):  # type: ignore[no-untyped-def]
    return solved(alpha_t, sigma_t, y, z_t)[:, 0]


def half_a_gradient(alpha_t, sigma_t, y, z_t):  # type: ignore[no-untyped-def]
    return (z_t - sigma_t[:, None] * (y + y.detach()) / 2) / alpha_t[:, None]


def gaussian_variance(A):  # type: ignore[no-untyped-def]
    return ((A + A.mT) ** 2).sum((1, 2)) / 2


def of_one_transpose(A):  # type: ignore[no-untyped-def]
    return 2 * (A**2).sum((1, 2))


def diagonal_held(A):  # type: ignore[no-untyped-def]
    on = A.diagonal(dim1=1, dim2=2)
    return gaussian_variance(A) + 2 * (on.detach() ** 2 - on**2).sum(1)


GIVEN = vector("z_t")
SOLVED = (GIVEN / alpha(t) - sigma(t) / alpha(t) * y, (GIVEN - sigma(t) * y) / alpha(t))
VARIANCE = (VectorMean(SPREAD, v), 2 * Frobenius(symmetric_part(A)))


@pytest.mark.parametrize(
    ("claimed", "counterpart"), [(SOLVED, solved), (VARIANCE, gaussian_variance)]
)
def test_torch_agrees_for_vectors(claimed: tuple[Any, Any], counterpart: Any) -> None:
    step = Step("s/1", *map(sp.sympify, claimed), "why", ANYWHERE, torch=counterpart)
    gap = check(step).torch_error
    assert gap is not None
    assert gap <= 1e-10


@pytest.mark.parametrize(
    ("claimed", "counterpart", "message"),
    [
        (SOLVED, without_a_minus, "value: torch"),
        (SOLVED, the_first_only, "value: torch has 1 entries, derived 2"),
        (SOLVED, half_a_gradient, "gradient wrt y: torch"),
        (VARIANCE, of_one_transpose, "value: torch"),
        (VARIANCE, diagonal_held, "gradient wrt A: torch"),
    ],
)
def test_torch_that_errs_for_vectors_is_caught(
    claimed: tuple[Any, Any], counterpart: Any, message: str
) -> None:
    step = Step("s/1", *map(sp.sympify, claimed), "why", ANYWHERE, torch=counterpart)
    with pytest.raises(DerivationError, match=message):
        check(step)
