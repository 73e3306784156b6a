"""True and false claims of cases, sums, halves of the line, parts and exponentials."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import pytest
import sympy as sp
from briefly import EFFORT, briefly
from sympy import (
    Abs,
    Derivative,
    Eq,
    Integral,
    KroneckerDelta,
    Limit,
    Max,
    Min,
    Piecewise,
    Rational,
    Sum,
    binomial,
    erf,
    exp,
    factorial,
    log,
    oo,
    pi,
    sign,
    sqrt,
    tanh,
)

from companion.derivation import (
    ANYWHERE,
    Between,
    Density,
    Derivation,
    DerivationError,
    Domain,
    Expectation,
    Integers,
    Normal,
    Step,
    Where,
    check,
    checks,
)
from companion.derivation.kinks import kinks
from companion.derivation.numeric import evaluate
from companion.derivation.positive import positive
from companion.derivation.vocabulary import function, symbol, x

y, z, c, m = (symbol(name) for name in "yzcm")
a, b, v, q = (symbol(name, positive=True) for name in "abvq")
i, j, k, n = (symbol(name, positive=True, integer=True) for name in "ijkn")
f, p = function("f"), function("p", positive=True)
LAW, LINE = Normal(z, m, v), (z, -oo, oo)
SOFTPLUS, SIGMOID = log(1 + exp(x)), 1 / (1 + exp(-x))
ONE_TO_THREE = Integers(i, 1, 3) & Integers(j, 1, 3)
TAIL = (1 + erf((m - c) / sqrt(2 * v))) / 2
BELL = exp(-(m**2) / (2 * v))

TRUE = {
    "a maximum by bars": (Max(x, y), (x + y + Abs(x - y)) / 2),
    "a minimum by bars": (Min(x, y), (x + y - Abs(x - y)) / 2),
    "the greater and the less": (Max(x, y) + Min(x, y), x + y),
    "their product": (Max(x, y) * Min(x, y), x * y),
    "a clamp from either end": (Max(a, Min(b, x)), Min(b, Max(a, x)), Where(a < b)),
    "a cube of bars": (Abs(x) ** 3, sign(x) * x**3),
    "bars by cases": (Piecewise((x, x > 0), (-x, True)), Abs(x)),
    "a square by cases": (Piecewise((x**2, x > y), (y**2, True)), Max(x, y) ** 2),
    "a sign and its bars": (sign(x) * Abs(x), x),
    "positive and negative parts": (Max(x, 0) - Max(-x, 0), x),
    "parts squared": (Max(x, 0) ** 2 + Min(x, 0) ** 2, x**2),
    "a squared minimum by cases": (Min(x, 1) ** 2, Piecewise((x**2, x < 1), (1, True))),
    "a hinge": (Max(0, 1 - x), (1 - x) * Piecewise((1, x < 1), (0, True))),
    "a delta moves an index": (KroneckerDelta(i, j) * i, KroneckerDelta(i, j) * j, ONE_TO_THREE),
    "a delta squared": ((KroneckerDelta(i, j) + 1) ** 2, 1 + 3 * KroneckerDelta(i, j), ONE_TO_THREE),
    "a mean distance": (Expectation(Abs(z), Normal(z, 0, v)), sqrt(2 * v / pi)),
    "a mean of the positive part": (
        Expectation(Max(z, 0), LAW),
        m * (1 + erf(m / sqrt(2 * v))) / 2 + sqrt(v / (2 * pi)) * BELL),
    "a probability of a half line": (Expectation(Piecewise((1, z > c), (0, True)), LAW), TAIL),
    "a mean sign": (Expectation(sign(z), LAW), erf(m / sqrt(2 * v))),
    "the distribution function": (Integral(LAW, (z, c, oo)), TAIL),
    "its slope": (Derivative(erf(x / sqrt(2)), x), sqrt(2 / pi) * exp(-(x**2) / 2)),
    "a geometric sum": (Sum(q**k, (k, 0, n)), (1 - q ** (n + 1)) / (1 - q)),
    "a geometric series": (Sum(q**k, (k, 0, oo)), 1 / (1 - q), Where(q < 1)),
    "a geometric mean time": (Sum(k * q**k, (k, 1, oo)), q / (1 - q) ** 2, Between(q, 0.1, 0.8)),
    "an alternating series": (Sum((-q) ** k, (k, 0, oo)), 1 / (1 + q), Between(q, 0.1, 0.8)),
    "an exponential series": (Sum(a**k / factorial(k), (k, 0, oo)), exp(a)),
    "a binomial absorbed": (
        binomial(n + 1, k + 1) * (k + 1), (n + 1) * binomial(n, k),
        Integers(n, 5, 9) & Integers(k, 1, 4)),
    "Pascal's rule": (
        binomial(n + 1, k + 1) * y, (binomial(n, k) + binomial(n, k + 1)) * y,
        Integers(n, 5, 9) & Integers(k, 1, 4)),
    "a limit far to the left": (Limit(y / (1 + exp(-x)) + y**2, x, -oo), y**2),
    "a tangent far to the left": (Limit(y * tanh(x), x, -oo), -y),
    "a sigmoid as a tangent": (SIGMOID, (1 + tanh(x / 2)) / 2),
    "a softplus mirrored": (SOFTPLUS - SOFTPLUS.subs(x, -x), x),
    "a sigmoid of a log-ratio": (1 / (1 + exp(-log(a / b))), a / (a + b)),
    "a slope of a softplus": (Derivative(SOFTPLUS, x), SIGMOID),
    "a slope of a sigmoid": (Derivative(SIGMOID, x), SIGMOID * (1 - SIGMOID)),
    "a log-sigmoid": (log(SIGMOID), -log(1 + exp(-x))),
    "a logit of a sigmoid": (log(SIGMOID / (1 - SIGMOID)), x),
    "a tangent doubled": (tanh(2 * x), 2 * tanh(x) / (1 + tanh(x) ** 2)),
    "Stein's identity": (Expectation(Derivative(f(z), z), LAW), Expectation(f(z) * (z - m) / v, LAW)),
    "by parts with a density": (
        Integral(p(z) * Derivative(f(z), z), LINE), -Integral(Derivative(p(z), z) * f(z), LINE),
        Density(p)),
    "a change of variable": (Integral(f(2 * z + 1) * 2, (z, 0, 1)), Integral(f(z), (z, 1, 3))),
}  # fmt: skip

FALSE = {
    "a maximum for a minimum": (Max(x, y), (x + y - Abs(x - y)) / 2),
    "a clamp whose ends may cross": (Max(a, Min(b, x)), Min(b, Max(a, x))),
    "bars of a sum": (Abs(x + y), Abs(x) + Abs(y)),
    "bars that do not bite near 1": (Abs(a - 900), 900 - a),
    "a clamp that does not bite near 1": (Min(a, 900), a),
    "a maximum shifted": (Max(x, y + 1), Max(x, y) + 1),
    "a square of a positive part": (Max(x, 0) ** 2, x**2),
    "a branch too far": (Piecewise((x, x > 0), (-x, True)), x),
    "one point of many, by a condition": (
        Piecewise((1 / x, x > 0), (5, Eq(x, 0)), (x, True)),
        Piecewise((1 / x, x > 0), (7, Eq(x, 0)), (x, True))),
    "a sign that forgets zero": (
        Piecewise((1, x > 0), (0, Eq(x, 0)), (-1, True)), Piecewise((1, x > 0), (-1, True))),
    "a slope of bars": (Derivative(Abs(x), x), sign(x) * x),
    "a delta for one": (KroneckerDelta(i, j), sp.Integer(1), ONE_TO_THREE),
    "a delta of a mirrored index": (
        KroneckerDelta(i, j), KroneckerDelta(i, 4 - j), ONE_TO_THREE),
    "bars and mean exchanged": (Expectation(Abs(z), LAW), Abs(Expectation(z, LAW))),
    "a mean distance, variance for deviation": (
        Expectation(Abs(z), Normal(z, 0, v)), v * sqrt(2 / pi)),
    "half of a mean of the positive part": (Expectation(Max(z, 0), LAW), m / 2),
    "the other half line": (Expectation(Piecewise((1, z < c), (0, True)), LAW), TAIL),
    "a distribution function without its root": (
        Integral(LAW, (z, c, oo)), (1 + erf((m - c) / sqrt(v))) / 2),
    "a geometric sum one short": (Sum(q**k, (k, 0, n)), (1 - q**n) / (1 - q)),
    "a geometric series that may diverge": (Sum(q**k, (k, 0, oo)), 1 / (1 - q)),
    "a geometric series on too wide a domain": (
        Sum(q**k, (k, 0, oo)), 1 / (1 - q), Between(q, 0.1, 1.0001)),
    "a harmonic series": (Sum(a / k, (k, 1, oo)), a * 9),
    "an exponential series from 1": (Sum(a**k / factorial(k), (k, 1, oo)), exp(a)),
    "a binomial of the wrong side": (
        binomial(n, k), binomial(n, k + 1), Integers(n, 5, 9) & Integers(k, 1, 4)),
    "a limit to the other side": (Limit(y * tanh(x), x, -oo), y),
    "a limit that does not settle": (Limit(sp.sin(x) * y, x, -oo), y),
    "a sigmoid without its half": (SIGMOID, (1 + tanh(x)) / 2),
    "a softplus for its argument": (SOFTPLUS, x),
    "a softplus, nearly its argument": (SOFTPLUS.subs(x, a + 200), a + 200),
    "a log-sigmoid's sign": (log(SIGMOID), -SOFTPLUS),
    "a tangent doubled by halves": (tanh(2 * x), 2 * tanh(x)),
    "Stein's identity, mean forgotten": (
        Expectation(Derivative(f(z), z), LAW), Expectation(f(z) * z / v, LAW)),
    "by parts with a lost sign": (
        Integral(p(z) * Derivative(f(z), z), LINE), Integral(Derivative(p(z), z) * f(z), LINE),
        Density(p)),
    "a change of variable without its slope": (
        Integral(f(2 * z + 1), (z, 0, 1)), Integral(f(z), (z, 1, 3))),
    "a change of variable without its ends": (
        Integral(f(2 * z + 1) * 2, (z, 0, 1)), Integral(f(z), (z, 0, 1))),
    "a root of a square under a sum": (sqrt((x - y) ** 2) + Rational(1, 2), x - y + Rational(1, 2)),
}  # fmt: skip


PARTS = (Integral(Derivative(p(z), z) * y, LINE) + x, (x, "a density vanishes far away"))


BRIEFLY = 5.0
"""Seconds that the prover gets to believe something false; for what is true it has the ledger's own."""


def claim(
    left: Any, right: Any, domain: Domain = ANYWHERE, *, seconds: float = Step.seconds
) -> Step:
    return Step("s/1", sp.sympify(left), sp.sympify(right), "why", domain, seconds=seconds)


@pytest.mark.parametrize("name", TRUE)
def test_a_true_claim_is_accepted(name: str) -> None:
    outcome = check(claim(*TRUE[name]), EFFORT, torch=False)
    assert outcome.error <= mp.mpf(10) ** -40
    assert outcome.count("refuted") >= 5


@pytest.mark.parametrize("name", FALSE)
def test_a_false_claim_is_refused(name: str) -> None:
    with pytest.raises(DerivationError):
        check(claim(*FALSE[name], seconds=BRIEFLY), EFFORT, torch=False)


def test_what_convergence_needs_is_a_side_condition() -> None:
    assert check(claim(*TRUE["a geometric series"]), torch=False).conditions == 1
    wide = claim(*FALSE["a geometric series that may diverge"])
    with pytest.raises(DerivationError, match=r"1 less the squared ratio .* is not proved"):
        checks._side_conditions(wide, lambda e: positive(e, wide.domain))


def test_that_boundary_terms_vanish_is_said() -> None:
    shown = briefly(lambda: Derivation("s").chain("parts", *PARTS, domain=Density(p)))
    assert "assuming that boundary terms at infinity vanish" in shown._repr_markdown_()
    plain = Derivation("s").chain(
        "plain", *[TRUE["a mean sign"][0]], (TRUE["a mean sign"][1], "why")
    )
    assert "assuming" not in plain._repr_markdown_()


def test_an_expectation_is_cut_where_it_is_not_smooth() -> None:
    mean = Expectation(Abs(2 * z - 1) + Max(z, a), LAW)
    place = {m: mp.mpf("0.3"), v: mp.mpf("0.7"), a: mp.mpf(2)}
    cuts = [cut(place) for cut in kinks(mean.args[0], z)]
    assert sorted(cuts) == [mp.mpf("0.5"), mp.mpf(2)]
    with mp.workdps(50):
        density = lambda t: mp.npdf(t, place[m], mp.sqrt(place[v]))  # noqa: E731
        whole = mp.quad(
            lambda t: (abs(2 * t - 1) + max(t, 2)) * density(t), [-14, -3, 0, 0.5, 2, 5, 15]
        )
        assert abs(evaluate(mean, place) - whole) < 1e-30
