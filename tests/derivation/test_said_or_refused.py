"""What a claim takes for granted is proved from its domain, said on the page, or the step is refused."""

from __future__ import annotations

from typing import Any

import pytest
import sympy as sp
from briefly import briefly
from sympy import (
    Abs,
    Derivative,
    Integral,
    Limit,
    Piecewise,
    Product,
    Sum,
    asin,
    cos,
    exp,
    log,
    oo,
    sign,
    sin,
    sqrt,
)

from companion.derivation import (
    ANYWHERE,
    Abbreviation,
    Between,
    Chain,
    Derivation,
    DerivationError,
    Domain,
    Expectation,
    Normal,
    Where,
)
from companion.derivation.poles import never, nonzero
from companion.derivation.vocabulary import T, function, i, symbol, x, z

y, c, w = symbol("y"), symbol("c"), symbol("w")
a, b = symbol("a", positive=True), symbol("b", positive=True)
n = symbol("n", positive=True, integer=True)
f, p = function("f"), function("p", positive=True)
STEP = Piecewise((1, z > 0), (0, True))


def write(left: Any, right: Any, domain: Domain = ANYWHERE) -> Chain:
    line = right, "why"
    return briefly(lambda: Derivation("said").chain("claim", left, line, domain=domain, seconds=10))


# --- singularities inside of a range

RECIPROCAL = Integral(1 / (z - c) ** 2, (z, 0, 1)), 1 / (c - 1) - 1 / c
RANGES: dict[str, tuple[Any, Any, Domain]] = {
    "a square pole at a point that is hardly drawn": (*RECIPROCAL, Between(c, 0.99999999, 3000)),
    "a pole that a parameter may move in": (
        Integral(1 / (z + c), (z, 1, 2)) + y, log(2 + c) - log(1 + c) + y, Between(c, -1.0000001, 9)),
    "one that is hidden in a name": (
        Integral(Abbreviation("q", 1 / (z - c) ** 2), (z, 0, 1)), RECIPROCAL[1],
        Between(c, 0.99999999, 3000)),
    "one of an inner integral": (
        Integral(y / (z - w - c) ** 2, (z, 0, 1), (w, 0, 1)), y, Between(c, 0.99999999, 3000)),
    "the slope of a jump": (Integral(Derivative(sign(z), z), (z, -1, 2)) * y + x, x, ANYWHERE),
    "a mean of a slope of a jump": (
        Expectation(Derivative(STEP, z), Normal(z, y, a)) + x, x, ANYWHERE),
}  # fmt: skip


@pytest.mark.parametrize("name", RANGES)
def test_a_singularity_inside_of_a_range_is_refused(name: str) -> None:
    with pytest.raises(DerivationError) as error:
        write(*RANGES[name])
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", RANGES)
def test_that_there_is_none_is_not_left_to_the_points_that_are_drawn(name: str) -> None:
    assert "under an integral, " in never(*RANGES[name])


def test_an_end_at_which_an_integral_converges_is_no_matter() -> None:
    assert never(Integral(y / sqrt(z), (z, 0, a)), y, ANYWHERE) == ""
    assert never(Integral(y * log(z), (z, 0, a)), y, ANYWHERE) == ""
    assert never(Integral(Derivative(Abs(z), z), (z, -1, 2)), y, ANYWHERE) == ""
    assert never(Integral(y / z, (z, 0, a)), y, ANYWHERE) != ""
    assert never(Integral(y / sqrt(1 - cos(z)), (z, 0, a)), y, ANYWHERE) != ""


def test_the_refusal_says_where_the_pole_may_be() -> None:
    words = r"under an integral, -c \+ z is not proved to be other than zero for z from 0 to 1"
    with pytest.raises(DerivationError, match=words):
        write(*RANGES["a square pole at a point that is hardly drawn"])


@pytest.mark.parametrize(
    ("left", "right", "domain"),
    [
        (*RECIPROCAL, Between(c, 1.2, 3)),
        (Integral(y / (1 + a * z), (z, 0, b)), y * log(1 + a * b) / a, ANYWHERE),
        (Integral(y * exp(z) / (1 + exp(z)), (z, 0, c)), y * log((1 + exp(c)) / 2), ANYWHERE),
    ],
)
def test_a_pole_that_is_outside_of_the_range_is_not_mentioned(
    left: Any, right: Any, domain: Domain
) -> None:
    chain = write(left, right, domain)
    assert (chain.outcomes[0].excluded, chain.outcomes[0].assumed) == ((), ())


# --- what must not be zero is said

NOT_ZERO: dict[str, tuple[Any, Any, list[Any]]] = {
    "a limit of generic parameters": (Limit(c / (c + z), z, 0) + y, 1 + y, [c]),
    "a limit of a sine": (Limit(sin(c * z) / (c * z), z, 0) + y, 1 + y, [c]),
    "a limit of lowest powers": (Limit((c * z + z**2) / (c * z + y * z**3), z, 0) + y, 1 + y, [c]),
    "a limit far away": (Limit(c * z / (c * z + 1), z, oo) * y + x, x + y, [c]),
    "a limit of an abstract function": (Limit(f(z) / f(2 * z), z, 0) * y, y, [f(0)]),
    "a pole that a name hides": (Abbreviation("q", 1 / (x - 1)) * (x - 1) * y, y, [x - 1]),
    "a pole that two names hide": (
        Abbreviation("q", 1 / (x - 1)) * Abbreviation("r", x - 1) * y, y, [x - 1]),
    "a slope of a logarithm": (Derivative(log(x**2), x) * x * y, 2 * y, [x]),
    "a slope of an arc": (
        Derivative(asin(x / 3), x) ** 2 * (9 - x**2) * y, y, [x - 3, x + 3]),
    "a slope of bars": (Derivative(Abs(x), x) * y, sign(x) * y, [x]),
    "a slope of bars of a name": (
        Derivative(Abs(Abbreviation("q", x - 1)), x) * y, sign(x - 1) * y, [x - 1]),
    "a slope of a jump": (Derivative(Piecewise((1, x > 0), (0, True)), x) * y + c, c, [x]),
    "a negative exponent": (x ** (-n) * x ** (n + 1) * y, x * y, [x]),
    "a negative exponent of a sum": (
        ((x - 1) ** (n + 1) - (x - 1) ** n) * (x - 1) ** (-n) * y, (x - 2) * y, [x - 1]),
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_ZERO)
def test_what_must_not_be_zero_is_said(name: str) -> None:
    left, right, excluded = NOT_ZERO[name]
    chain = write(left, right)
    assert set(chain.outcomes[0].excluded) == set(excluded)
    assert r" \ne 0$" in chain._repr_markdown_()


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (Sum((n**2 - c**2) / (n - c), (n, 1, T)), T * (T + 1) / 2 + c * T),
        (Product((n + 1 - c) / (n - c), (n, 1, T)), (T + 1 - c) / (1 - c)),
    ],
)
def test_what_the_terms_of_a_sum_divide_by_is_said(left: Any, right: Any) -> None:
    assert r"where $c - n \ne 0$ for every $n$" in write(left, right)._repr_markdown_()


@pytest.mark.parametrize(
    ("left", "right", "domain"),
    [
        (NOT_ZERO["a limit of generic parameters"][0], 1 + y, Between(c, 0.1, 2)),
        (NOT_ZERO["a limit of generic parameters"][0], 1 + y, Where(sp.Ne(c, 0))),
        (Limit(exp(-a * z), z, oo) * y + x, x, ANYWHERE),
        (Derivative(Abs(x), x) * y, y, Where(x > 0)),
        (Sum((n**2 - a**2) / (n + a), (n, 1, T)), T * (T + 1) / 2 - a * T, ANYWHERE),
        (a ** (-n) * a ** (n + 1) * y, a * y, ANYWHERE),
        (Derivative(Expectation(Abs(z - x), z), x) * y, Derivative(
            Expectation(Abs(z - x), Normal(z, 0, 1)) * y, x), ANYWHERE),
    ],
)  # fmt: skip
def test_what_is_proved_is_not_mentioned(left: Any, right: Any, domain: Domain) -> None:
    chain = write(left, right, domain)
    assert chain.outcomes[0].excluded == ()
    assert "where $" not in chain._repr_markdown_()


WITHOUT_A_VALUE: dict[str, tuple[Any, Any, Domain, str]] = {
    "a derivative at a kink": (
        sp.Subs(Derivative(Abs(w), w), w, 0) * y + x, x, ANYWHERE, "differentiated at a kink"),
    "a limit of an exponential of either sign": (
        Limit(exp(-c * z), z, oo) * y + x, x, Between(c, -0.00000001, 3), "sign of -?c, which is not"),
    "a limit of a power of either sign": (
        Limit(z**c * exp(-1 / z), z, 0) * y + x, x, ANYWHERE, "sign of c, which is not proved"),
}  # fmt: skip


@pytest.mark.parametrize("name", WITHOUT_A_VALUE)
def test_what_has_no_value_at_some_points_is_refused(name: str) -> None:
    left, right, domain, words = WITHOUT_A_VALUE[name]
    with pytest.raises(DerivationError, match=words):
        write(left, right, domain)


def test_what_is_declared_of_an_index_is_not_believed() -> None:
    assert not nonzero(Sum(i * p(i), (i, -3, T)), ANYWHERE)
    assert nonzero(Product(p(i), (i, 1, T)), ANYWHERE)
    assert nonzero(exp(a) * exp(b) - 1, ANYWHERE)
    assert not nonzero(exp(a) * exp(-b) - 1, ANYWHERE)
