"""Claims made to deceive the second provers: false, without a value, on a domain without a point."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import mpmath as mp
import pytest
import sympy as sp
import z3
from sympy import (
    Derivative,
    Integral,
    Piecewise,
    Product,
    Rational,
    Sum,
    acos,
    asin,
    exp,
    log,
    oo,
    pi,
    sqrt,
)

from companion.build.collect import collect
from companion.derivation import (
    ANYWHERE,
    KL,
    Abbreviation,
    Between,
    Domain,
    Expectation,
    Integers,
    Normal,
    Ordered,
    Step,
    VariancePreserving,
    Where,
)
from companion.derivation.domain import DomainError
from companion.derivation.masking import V, k
from companion.derivation.operators.finite_kl import FiniteKL
from companion.derivation.operators.states import StateSum
from companion.derivation.second import balls, solver
from companion.derivation.second.balls import Ball, Balls, Outside, enclosed
from companion.derivation.second.solver import Refuted, proved
from companion.derivation.second.values import Unknown
from companion.derivation.vocabulary import alpha, eps, function, i, s, sigma, symbol, t, x, z

a, b = symbol("a", positive=True), symbol("b", positive=True)
y = symbol("y")
n = symbol("n", positive=True, integer=True)
f, g = function("f"), function("g", positive=True)
positive_q, real_q = sp.Symbol("q", positive=True), sp.Symbol("q", real=True)
ADDENDS = [sp.Symbol(f"p{j}", positive=True) for j in range(150)]
"""Of a sum so long that z3 prints it short."""

LONG = Abbreviation("w", sum(ADDENDS) * (sum(ADDENDS) + a), positive=True)
"""A product of two of them, which SymPy does not take apart under a root."""


def law(variance: Any, mean: Any = 0) -> Normal:
    return Normal(z, mean, variance)


def in_a_case(inside: Any) -> Any:
    return Piecewise((inside, x < y), (1, True))


def named(name: str) -> sp.Symbol:
    return sp.Symbol(name, real=True)


FALSE: dict[str, tuple[Any, ...]] = {
    # a side has no value on a part of the domain, and the other has one
    "roots of two negative numbers": (sqrt(x * y), sqrt(x) * sqrt(y)),
    "a root of a quotient": (sqrt(x / y), sqrt(x) / sqrt(y)),
    "a logarithm of a square": (log(x**2), 2 * log(x)),
    "a logarithm of two negative numbers": (log(x * y), log(x) + log(y)),
    "a power of a power": ((x**2) ** y, x ** (2 * y)),
    "powers of a negative number": (x ** (y + 1), x**y * x),
    "a cube root": (x ** Rational(2, 3) * x ** Rational(2, 3), x * x ** Rational(1, 3)),
    "an arc beyond its end": (asin(x) ** 2, -1, ANYWHERE, ">=", ()),
    "an arc times a sum": (acos(x) * (y + 1), acos(x) * y + acos(x)),
    "a difference of logarithms": (log(x * y) - log(-x), log(-y)),
    "roots in a case": (in_a_case(sqrt(x) * sqrt(x + 1)), in_a_case(sqrt(x**2 + x))),
    # what is integrated over diverges, or is not real
    "a bell that opens upwards": (Integral(exp(x * z**2), (z, -oo, oo)), sqrt(pi) / sqrt(-x)),
    "a mean that diverges": (Expectation(exp(a * eps**2), eps), 1 / sqrt(1 - 2 * a)),
    "a logarithm of negative numbers": (Integral(log(y), (y, -2, -1)), 2 * log(2) - 1),
    "an odd imaginary integrand": (Integral(y * sqrt(y**2 - 4), (y, -1, 1)), x - x),
    "over a pole": (Integral(1 / y, (y, -1, 2)), log(2)),
    "over a double pole": (Integral(1 / y**2, (y, -1, 1)), -2),
    # no law
    "a negative variance": (Expectation(z**2, law(-a)), -a),
    "a variance of either sign": (Expectation(z**2, law(x)), x),
    "an inner law without a variance": (Expectation(y * z, law(-a, b * y), Normal(y, 0, a)), a * b),
    "an outer law without a variance": (Expectation(y * z, law(a, b * y), Normal(y, 0, -a)), -a * b),
    "a divergence of no laws": (KL(law(-a, x), law(-a, y)), -((x - y) ** 2) / (2 * a)),
    "a mean without a variance": (Expectation(exp(-(z**2)), law(-1)), 1 / sqrt(-1 + 2 + x - x)),
    # nothing is added up
    "a sum over no terms": (Sum(i, (i, 5, 3)), x - x),
    "a sum of nothing": (Sum(i, (i, 5, 4)), x - x),
    "a sum backwards": (Sum(i * a, (i, 1, -3)), x - x),
    "a product of no factors": (Product(i, (i, 5, 3)), 1),
    "no states": (StateSum(g(k), (k, 5, 3)), x - x),
    "a divergence over no states": (FiniteKL(g(k), 2 * g(k), (k, 5, 3)), x - x),
    # names that are taken
    "a name of a function's value": (named("function 0"), exp(x)),
    "a name of an older one": (named("#0"), exp(x)),
    "a name of the second of its name": (positive_q * real_q, positive_q * named("q'2")),
    "a name of a number": (named("symbol 0") * y, named("symbol 0") * named("symbol 1")),
    "two of one name": (positive_q, real_q),
    "a name of a case": (sp.Abs(x), named("case!0")),
    "long sums that begin alike": (sqrt(LONG), sum(ADDENDS)),
    # slopes
    "a slope in a function": (Derivative(f(x) ** 2, f(x)), x - x),
    "a slope of an unknown order": (Derivative(x**2, (x, n)), 2 * x),
    "a slope through a jump": (Derivative(sp.sign(x) * x**2, x), 2 * x),
    # false by less than is seen
    "a bound missed by a hair": (x, x - Rational(1, 10**70), ANYWHERE, "<="),
    "a strict bound that touches": (x + y, x + y + Piecewise((0, x > y), (0, True)), ANYWHERE, "<=", ()),
    # laws that are no laws, and their like
    "masses that do not add up": (FiniteKL(g(k), 2 * g(k), (k, 1, V)), -log(2)),
    "a pole between": (1 / (x**2 - 1), -1, Between(x, -2, 2), ">="),
    "reciprocals turned around": (1 / x, 1 / y, Where(x > y), "<="),
    "integers taken for all numbers": (x**2, x, ANYWHERE, ">="),
}  # fmt: skip


def claim(
    left: Any, right: Any, domain: Domain = ANYWHERE, relation: str = "=", equality: Any = ((x, x),)
) -> Step:
    sides = sp.sympify(left), sp.sympify(right)
    return Step("a/claim.1", *sides, "", domain, relation=relation, equality=equality)


def by_balls(step: Step, points: int = 24) -> bool:
    try:
        places = step.domain.points([step.left, step.right], step.name, points)
        return enclosed(step, places).points > 0
    except Outside:
        return False


def by_z3(step: Step) -> bool:
    try:
        return proved(step)
    except (Refuted, Unknown):
        return False


@pytest.mark.parametrize("name", FALSE)
def test_neither_agrees_with_what_is_false_or_has_no_value(name: str) -> None:
    step = claim(*FALSE[name])
    assert not by_z3(step)
    assert not by_balls(step)


def test_there_are_enough_of_them() -> None:
    assert len(FALSE) >= 40


TRUE_SOMEWHERE: dict[str, tuple[Any, ...]] = {
    "a pole": (x / (x - 1), 1 + 1 / (x - 1), sp.Ne(x, 1)),
    "a quotient of quotients": (1 / (1 + 1 / a + 1 / x), a * x / (a * x + x + a), x > 0),
    "roots": (sqrt(x * y), sqrt(x) * sqrt(y), x > 0, y > 0),
    "a logarithm": (log(x * y) * (y + 1), log(x * y) * y + log(x * y), x > 0, y > 0),
    "an arc": (acos(x) * (y + 1), acos(x) * y + acos(x), x < 1, x > -1),
    "a Gamma function": (sp.gamma(x) * (y + 1), sp.gamma(x) * y + sp.gamma(x), x > 0),
    "a bell": (Integral(exp(-y * z**2), (z, -oo, oo)), sqrt(pi / y), y > 0),
    "a law": (Expectation(z**2, law(y)), y, y > 0),
    "a divergence": (KL(law(y, x), law(y, 0)), x**2 / (2 * y), y > 0),
    "a case": (Piecewise((1 / x, x < y), (y, True)) * x, Piecewise((1, x < y), (x * y, True)), y < 0),
    "roots in a case": (in_a_case(sqrt(x) * sqrt(x + 1)), in_a_case(sqrt(x**2 + x)), x > 0),
    "a unit": (1 / log(2) * x, x / log(2), x > 0),
}  # fmt: skip


@pytest.mark.parametrize("name", TRUE_SOMEWHERE)
def test_z3_proves_that_both_sides_have_a_value(name: str) -> None:
    """With the domain, it is proved; without, a side may have none and nothing is claimed."""
    left, right, *where = TRUE_SOMEWHERE[name]
    if name == "a case":  # what is divided by in one case is looked at in all
        where = [x < 0, y > x]
    assert by_z3(claim(left, right, Where(*where)))
    if name != "a unit":
        with pytest.raises(Unknown, match="a side is not seen to have a value"):
            proved(claim(left, right))


def test_a_case_that_divides_by_zero_rules_nothing_out() -> None:
    """The relation that defines the case must not say that its denominator is not zero."""
    inside = Piecewise((1 / x, x < 1), (5, True))
    assert not by_z3(claim(x * inside, Piecewise((1, x < 1), (5 * x, True))))
    assert not by_z3(claim(x**2, 0, Where(sqrt(1 / x) > y), ">=", ()))


# --- domains without a point

SQUARE = (x + y) ** 2, x**2 + 2 * x * y + y**2
EMPTY: dict[str, Domain] = {
    "bounds": Where(x > 1) & Where(x < 0),
    "a square": Where(sp.Lt(x**2 + y**2, 2 * x * y, evaluate=False)),
    "an exponential": Where(sp.Lt(exp(x), 0, evaluate=False)),
    "an order": Ordered(s, t) & Where(s > t),
    "a schedule": VariancePreserving(alpha, sigma) & Where(alpha(t) > 2),
    "a ratio that rises": Ordered(s, t) & Where(alpha(s) * sigma(t) < alpha(t) * sigma(s)),
    "a range": Between(x, 0, 1) & Where(x > 2),
    "integers": Integers(n, 1, 3) & Where(n > 5),
}


@pytest.mark.parametrize("name", EMPTY)
def test_from_a_domain_without_a_point_nothing_follows(name: str) -> None:
    for left, right in (SQUARE, (x, y)):
        with pytest.raises(Unknown, match="the domain is not seen to have a point"):
            proved(claim(left, right, EMPTY[name]))
    with pytest.raises(DomainError):
        EMPTY[name].points([*SQUARE, s, t, n, alpha(t)], name, 1)


def test_a_domain_of_which_z3_cannot_tell_counts_as_one_without_a_point(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert proved(claim(*SQUARE, Where(x > y)))
    monkeypatch.setattr(solver, "_check", lambda claims: z3.unknown)
    with pytest.raises(Unknown, match="the domain is not seen to have a point"):
        proved(claim(*SQUARE, Where(x > y)))


def test_what_z3_cannot_tell_to_have_a_value_is_not_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    step = claim((x + y) / (1 + x**2), x / (1 + x**2) + y / (1 + x**2))
    assert proved(step)
    monkeypatch.setattr(solver, "_check", lambda claims: z3.unknown)
    with pytest.raises(Unknown, match="a side is not seen to have a value"):
        proved(step)


def test_a_contradiction_is_told_from_what_is_not_known() -> None:
    assert solver.has_points([z3.BoolVal(False)]) is False
    assert solver.has_points([z3.BoolVal(True)]) is True


@pytest.mark.parametrize("kind", [{}, {"extended_real": True}, {"imaginary": True}], ids=str)
def test_a_symbol_that_may_be_no_real_number_is_not_taken_for_one(kind: dict[str, bool]) -> None:
    w = sp.Symbol("w", **kind)
    with pytest.raises(Unknown, match="w is no symbol that is declared to be real"):
        proved(claim(w * (w + 1), w**2 + w))


def test_every_domain_of_the_ledger_has_points_and_z3_finds_no_contradiction() -> None:
    steps = [step for chapter in collect() for step in chapter.steps]
    assert len(steps) > 200
    seen = 0
    for step in steps:
        assert step.domain.points([step.left, step.right], step.name, 1)
        scene = solver.Reals()
        with suppress(Unknown):
            solver.read(step, scene)
        try:
            answer = solver.has_points(solver.premises(step, scene)[1])
        except Unknown:
            continue
        assert answer is not False, step.name
        seen += answer is True
    assert seen > 0.9 * len(steps)


# --- ball arithmetic: all points


def test_a_later_point_refutes_what_the_first_cannot_enclose() -> None:
    places = [{x: mp.mpf(-1)}, {x: mp.mpf(4)}]
    with pytest.raises(Outside) as refused:
        enclosed(claim(sqrt(x), x), places)
    assert refused.value.place is places[1]


def test_what_is_enclosed_at_some_points_only_is_not_enclosed() -> None:
    for places in ([-1, 4], [4, -1]):
        found = enclosed(claim(sqrt(x) ** 3, sqrt(x) * x), [{x: mp.mpf(v)} for v in places])
        assert (found.points, found.why_not) == (0, "the balls are not finite")


# --- ball arithmetic: integrals


def test_an_integrand_with_a_root_at_an_end_is_enclosed() -> None:
    assert by_balls(claim(Integral(sqrt(1 - y**2), (y, 0, 1)), pi / 4), 1)
    assert by_balls(claim(Integral(sqrt(y), (y, 0, a)), 2 * a ** Rational(3, 2) / 3), 1)


def test_what_an_outer_integral_requires_holds_for_inner_ones() -> None:
    scene = Balls({})
    inside: list[tuple[bool, bool]] = []

    def outer(u: Any) -> Any:
        required = Ball.analytic

        def inner(v: Any) -> Any:
            inside.append((required, Ball.analytic))
            return v * u

        return scene.integral(inner, Ball(balls.arb(0)), Ball(balls.arb(1)))

    scene.integral(outer, Ball(balls.arb(0)), Ball(balls.arb(1)))
    assert {outside for outside, _ in inside} == {True, False}
    assert all(within or not outside for outside, within in inside)
    assert not Ball.analytic
