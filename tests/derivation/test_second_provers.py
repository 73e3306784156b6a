"""Each of the two second provers alone: false claims are refused or not claimed, true ones are reached."""

from __future__ import annotations

from typing import Any

import pytest
import sympy as sp
from sympy import (
    Derivative,
    Integral,
    Product,
    Rational,
    Sum,
    cos,
    exp,
    log,
    oo,
    pi,
    sin,
    sqrt,
    tan,
    tanh,
)

from companion.derivation import (
    ANYWHERE,
    KL,
    Abbreviation,
    Between,
    Domain,
    Expectation,
    Falling,
    Integers,
    Normal,
    Ordered,
    Step,
    VariancePreserving,
    Where,
)
from companion.derivation.second.balls import Outside, enclosed
from companion.derivation.second.solver import Refuted, proved
from companion.derivation.second.values import Unknown
from companion.derivation.vocabulary import (
    T,
    alpha,
    eps,
    function,
    i,
    s,
    sigma,
    snr,
    symbol,
    t,
    x,
    z,
)

a, b = symbol("a", positive=True), symbol("b", positive=True)
y, v = symbol("y"), symbol("v", positive=True)
f, g = function("f"), function("g", positive=True)
PRESERVED = VariancePreserving(alpha, sigma)
law = Normal(z, x, v)
SMALL = Between(y, -1, 1)

FALSE: dict[str, tuple[Any, ...]] = {
    "square of a sum": ((x + y) ** 2, x**2 + y**2),
    "sum of reciprocals": (1 / a + 1 / b, 1 / (a + b)),
    "root of a sum": (sqrt(a + b), sqrt(a) + sqrt(b)),
    "root of a square": (sqrt((x - y) ** 2), x - y),
    "sign of a difference": (x - y, y - x),
    "log of a sum": (log(a + b), log(a) + log(b)),
    "log of a quotient": (log(a / b), log(a) / log(b)),
    "exp of a product": (exp(x * y), exp(x) * exp(y)),
    "half an exponent": (sqrt(exp(x)), exp(x) / 2),
    "an angle doubled": (sin(2 * x), 2 * sin(x)),
    "Pythagoras with a sign": (cos(x) ** 2 - sin(x) ** 2, sp.Integer(1)),
    "tangent upside down": (tan(a / 4), cos(a / 4) / sin(a / 4)),
    "variance preserved by all": (alpha(t) ** 2 + sigma(t) ** 2, sp.Integer(1)),
    "variance preserved elsewhere": (alpha(t) ** 2 + sigma(s) ** 2, sp.Integer(1), PRESERVED),
    "slope of a product": (Derivative(f(t) * g(t), t), Derivative(f(t), t) * Derivative(g(t), t)),
    "slope of a quotient": (Derivative(f(t) / g(t), t), Derivative(f(t), t) / Derivative(g(t), t)),
    "chain rule forgotten": (Derivative(f(2 * t), t), sp.Subs(Derivative(f(y), y), y, 2 * t)),
    "mean of a square": (Expectation(z**2, law), x**2),
    "fourth moment": (Expectation(eps**4, eps), sp.Integer(1)),
    "mean of an exponential": (Expectation(exp(eps * y), eps), exp(y**2)),
    "KL by the other variance": (KL(law, Normal(z, 0, a)), x**2 / (2 * v)),
    "density at a double width": (law, Normal(z, x, 2 * v)),
    "integral of a square": (Integral(y**2, (y, 0, a)), a**3 / 2),
    "integral to the other end": (Integral(exp(-y), (y, 0, a)), exp(-a)),
    "sum one short": (Sum(i, (i, 1, T)), T * (T - 1) / 2),
    "product for a factorial": (Product(i, (i, 1, T)), sp.factorial(T) + T),
    "order turned around": (snr(t) - snr(s), sp.Integer(0), Ordered(s, t), ">="),
    "a square below": (x**2, x, ANYWHERE, ">="),
    "means in order": ((a + b) / 2, sqrt(a * b), ANYWHERE, "<="),
    "a bound near its end": (1 / (1 - y**2), 1 + y**2, SMALL, "<="),
}  # fmt: skip

TRUE: dict[str, tuple[Any, ...]] = {
    "square of a sum": ((x + y) ** 2, x**2 + 2 * x * y + y**2),
    "common denominator": (1 / a + 1 / b, (a + b) / (a * b)),
    "pole removed": ((x**2 - 1) / (x - 1), x + 1),
    "continued fraction": (1 / (1 + 1 / (1 + 1 / a)), (a + 1) / (2 * a + 1)),
    "root of a product": (sqrt(a * b**3), b * sqrt(a) * sqrt(b)),
    "conjugate": (1 / (sqrt(a + 1) - sqrt(a)), sqrt(a + 1) + sqrt(a)),
    "root of a square": (sqrt((x - y) ** 2), sp.Abs(x - y)),
    "log of a quotient": (log(a**2 / (3 * b)), 2 * log(a) - log(b) - log(3)),
    "log of an exponential": (log(a * exp(x / 2 - y)), log(a) + x / 2 - y),
    "sigmoid": (1 / (1 + exp(-x)), exp(x) / (1 + exp(x))),
    "tanh": (tanh(x / 2), (exp(x) - 1) / (exp(x) + 1)),
    "an angle doubled": (sin(2 * x), 2 * sin(x) * cos(x)),
    "half an angle": (1 - cos(pi * y), 2 * sin(pi * y / 2) ** 2),
    "complement": (sin(pi / 2 - x), cos(x)),
    "variance preserved": (alpha(t) ** 4 - sigma(t) ** 4, 2 * alpha(t) ** 2 - 1, PRESERVED),
    "a name": (Abbreviation("w", a + b, positive=True) ** 2 - a**2, b * (2 * a + b)),
    "slope of a product": (Derivative(f(t) * exp(2 * t), t), exp(2 * t) * (2 * f(t) + Derivative(f(t), t))),
    "slope of a log": (Derivative(log(g(t) ** 2), t), 2 * Derivative(g(t), t) / g(t)),
    "second slope": (Derivative(a**2 * sin(a), (a, 2)), 2 * sin(a) + 4 * a * cos(a) - a**2 * sin(a)),
    "fourth moment": (Expectation((x + a * eps) ** 4, eps), x**4 + 6 * x**2 * a**2 + 3 * a**4),
    "chained means": (Expectation(y * z, Normal(z, b * y, v), Normal(y, 0, a)), a * b),
    "mean of an exponential": (Expectation(exp(eps * y), eps), exp(y**2 / 2)),
    "KL": (KL(law, Normal(z, y, v)), (x - y) ** 2 / (2 * v)),
    "mean of a log density": (Expectation(log(law), law), -log(2 * pi * v) / 2 - Rational(1, 2)),
    "integral of a density": (Integral(z**2 * law, (z, -oo, oo)), x**2 + v),
    "integral of a polynomial": (Integral(y**2 + x, (y, a, b)), (b**3 - a**3) / 3 + x * (b - a)),
    "finite sum": (Sum(i**2 * x, (i, 1, 4)), 30 * x),
    "order": (snr(s), snr(t), Ordered(s, t), ">=", ()),
    "falls": (g(s) - g(t), sp.Integer(0), Ordered(s, t) & Falling(g), ">=", ()),
    "means": (sqrt(a * b), (a + b) / 2, ANYWHERE, "<=", ((a, b),)),
    "between": (y * (1 - y), Rational(1, 4), Between(y, 0, 1), "<=", ((y, Rational(1, 2)),)),
    "kept by a condition": (a / b, sp.Integer(1), Where(b > a), "<=", ()),
}  # fmt: skip

BALLS_ALONE: dict[str, tuple[Any, ...]] = {
    "finite sum": (Sum(i, (i, 1, T)), T * (T + 1) / 2),
    "finite product": (Product(i, (i, 1, T)), sp.factorial(T)),
    "integral of a sigmoid": (Integral(1 / (1 + exp(-y)), (y, 0, a)), log((1 + exp(a)) / 2)),
    "integral of a random function": (Integral(Derivative(f(y), y), (y, a, b)), f(b) - f(a)),
    "slope of an end": (Derivative(Integral(f(y), (y, a, b)), b), f(b)),
    "under the integral": (
        Derivative(Integral(sin(a * y), (y, 0, 1)), a),
        Integral(y * cos(a * y), (y, 0, 1)),
    ),
    "beta": (
        Integral(y ** Rational(3, 2) * (2 - y), (y, 0, 1)),
        sp.beta(Rational(5, 2), 1) * 2 - Rational(2, 7),
    ),
    "error function": (Derivative(sp.erf(x), x), 2 * exp(-(x**2)) / sqrt(pi)),
    "binomial": (sp.binomial(T + 1, 2), T * (T + 1) / 2, Integers(T, 1, 6)),
    "arc": (sp.asin(y) + sp.acos(y), pi / 2, SMALL),
}  # fmt: skip


def claim(
    left: Any, right: Any, domain: Domain = ANYWHERE, relation: str = "=", equality: Any = ((x, x),)
) -> Step:
    return Step(
        "a/claim.1",
        sp.sympify(left),
        sp.sympify(right),
        "",
        domain,
        relation=relation,
        equality=equality,
    )


def by_balls(step: Step) -> str:
    try:
        found = enclosed(step, step.domain.points([step.left, step.right], step.name, 24))
    except Outside:
        return "refuted"
    return f"{found.points} points" if found.points else found.why_not


def by_z3(step: Step) -> str:
    try:
        return "proved" if proved(step) else "cannot tell"
    except Refuted:
        return "refuted"
    except Unknown as error:
        return str(error)


def test_there_are_enough_claims() -> None:
    assert len(FALSE) >= 25
    assert len(TRUE) >= 25


@pytest.mark.parametrize("name", FALSE)
def test_ball_arithmetic_refutes_what_is_false(name: str) -> None:
    assert by_balls(claim(*FALSE[name])) == "refuted"


@pytest.mark.parametrize("name", FALSE)
def test_z3_does_not_prove_what_is_false(name: str) -> None:
    assert by_z3(claim(*FALSE[name])) != "proved"


ALGEBRAIC = ["square of a sum", "sum of reciprocals", "root of a sum", "root of a square",
             "sign of a difference",
             "integral of a square", "a square below", "means in order", "a bound near its end"]  # fmt: skip


@pytest.mark.parametrize("name", ALGEBRAIC)
def test_z3_refutes_false_algebra_by_numbers(name: str) -> None:
    assert by_z3(claim(*FALSE[name])) == "refuted"


@pytest.mark.parametrize("name", TRUE)
def test_ball_arithmetic_encloses_what_is_true(name: str) -> None:
    assert by_balls(claim(*TRUE[name])) == "24 points"


@pytest.mark.parametrize("name", TRUE)
def test_z3_proves_what_is_true(name: str) -> None:
    assert by_z3(claim(*TRUE[name])) == "proved"


@pytest.mark.parametrize("name", BALLS_ALONE)
def test_ball_arithmetic_encloses_what_z3_has_no_word_for(name: str) -> None:
    assert by_balls(claim(*BALLS_ALONE[name])) == "24 points"
    assert by_z3(claim(*BALLS_ALONE[name])) != "refuted"


EQUALITIES = {n: c for n, c in {**TRUE, **BALLS_ALONE}.items() if c[3:4] in ((), ("=",))}


@pytest.mark.parametrize("name", EQUALITIES)
def test_what_is_true_is_refuted_once_a_millionth_is_added(name: str) -> None:
    left, right, *rest = EQUALITIES[name]
    assert by_balls(claim(left, right + Rational(1, 10**6), *rest)) == "refuted"
    assert by_z3(claim(left, right + Rational(1, 10**6), *rest)) != "proved"
