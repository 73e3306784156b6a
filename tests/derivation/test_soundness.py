"""False claims of the kinds that people make are refused; true ones in unfriendly forms are accepted."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import pytest
import sympy as sp
from briefly import EFFORT
from sympy import (
    Abs,
    Integral,
    Limit,
    Rational,
    acos,
    asin,
    atan,
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
    DerivationError,
    Domain,
    Expectation,
    Falling,
    Integers,
    Normal,
    Ordered,
    Step,
    VariancePreserving,
    Where,
    check,
    checks,
)
from companion.derivation.positive import positive
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
    u,
    var_q,
    var_step,
    x,
    z,
)  # fmt: skip

y, w = symbol("y"), symbol("w")
a, b, v = (symbol(n, positive=True) for n in "abv")
n = symbol("n", positive=True, integer=True)
f, g = function("f"), function("g")
p = function("p", positive=True)
VP = VariancePreserving(alpha, sigma)
NEAR = Between(x, -2, 2) & Between(y, -2, 2)
SMALL = Rational(1, 10**50)


def claim(left: Any, right: Any, domain: Domain = ANYWHERE) -> Step:
    return Step("s/1", sp.sympify(left), sp.sympify(right), "why", domain, seconds=10)


FALSE = {
    "a root of a product": (sqrt((x + 3) * (y + 3)), sqrt(x + 3) * sqrt(y + 3)),
    "a root of a quotient": (sqrt((x + 3) / (y + 3)), sqrt(x + 3) / sqrt(y + 3)),
    "a root of a square": (sqrt((x + 3) ** 2), x + 3),
    "a root of a square, the other sign": (sqrt((x - 5) ** 2), 5 - x),
    "a cube root of a product": (
        (x**3 + 10) ** Rational(1, 3) * (y + 3) ** Rational(1, 3),
        ((x**3 + 10) * (y + 3)) ** Rational(1, 3),
    ),
    "a root just outside of where it holds": (
        sqrt((x + 1) * (y + 3)),
        sqrt(x + 1) * sqrt(y + 3),
        NEAR,
    ),
    "a log of a product": (log((x + 3) * (y + 3)), log(x + 3) + log(y + 3)),
    "a log of a square": (log((x + 4) ** 2), 2 * log(x + 4)),
    "an absolute value": (Abs(x + 3), x + 3),
    "an expectation that diverges": (
        Expectation(exp(z**2 / 20), Normal(z, 0, v)),
        1 / sqrt(1 - v / 10),
    ),
    "an expectation that diverges, a nested one": (
        Expectation(exp(a * z**2), Normal(z, w, v), Normal(w, 0, b)),
        1 / sqrt(1 - 2 * a * (v + b)),
    ),
    "an integral that diverges": (
        Integral(exp(-a * z**2 + b * z**2), (z, -oo, oo)),
        sqrt(pi / (a - b)),
    ),
    "a positive name for what is not": (sqrt(Abbreviation("q", x - 3, positive=True) ** 2), x - 3),
    "a positive name, on too wide a domain": (
        sqrt(Abbreviation("q", x + 1, positive=True) ** 2),
        x + 1,
        NEAR,
    ),
    "a variance that is a real number": (log(Normal(z, 0, x) ** 2), -(z**2) / x - log(2 * pi * x)),
    "a variance of times in the wrong order": (
        KL(Normal(z, 0, var_step()), Normal(z, w, var_step())),
        w**2 / (2 * var_step()),
        Ordered(t, s),
    ),
    "the arctangent of a tangent": (atan(tan(x + 1)), x + 1),
    "the arccosine of a cosine": (acos(cos(x)), x),
    "the arcsine of a sine": (asin(sin(x)), x),
    "a sum of arctangents": (atan(x) + atan(y), atan((x + y) / (1 - x * y))),
    "a term too small to be seen": (a + b, a + b + Rational(1, 10**60)),
    "a function too small to be seen": (a, a + exp(-300 * a)),
    "a steep function": (tanh(200 * (x**2 + 1)), sp.Integer(1)),
    "a limit, nearly": (Limit(sin(x) / x, x, 0), 1 + SMALL),
    "an integral across a pole": (Integral(1 / (x - 5) ** 2, (x, 4, 6)), sp.Integer(-2)),
    "a sum that is one short": (sp.Sum(n, (n, 1, T)), T * (T - 1) / 2),
    "an odd part forgotten": (f(x), f(-x)),
    "a product rule": (sp.Derivative(f(x) * g(x), x), sp.diff(f(x), x) * sp.diff(g(x), x)),
    "Jensen as an equality": (Expectation(exp(eps), eps), exp(Rational(1, 2)) * (1 + SMALL)),
    "a boundary term": (Integral(sp.diff(f(x) * exp(-(x**2)), x), (x, -oo, oo)), f(0)),
    "variance preserving, unasked": (alpha(t) ** 2 + sigma(t) ** 2, sp.Integer(1)),
    "a slope of the absolute value": (sp.Derivative(Abs(x), x), sp.Integer(1), Between(x, -1, 1)),
    "true near 1 only": (sqrt((a - 7) ** 2), 7 - a),
    "true of one schedule's SNR only": (sqrt((1 - snr(t)) ** 2), 1 - snr(t)),
}  # fmt: skip

TRUE = {
    "a root of a product where both are positive": (*FALSE["a root of a product"], NEAR),
    "a root of a quotient where both are positive": (*FALSE["a root of a quotient"], NEAR),
    "a positive name": (sqrt(Abbreviation("q", x + 3, positive=True) ** 2), x + 3, NEAR),
    "an expectation that converges": (
        *FALSE["an expectation that diverges"],
        Between(v, 0.1, 5),
    ),
    "a variance of times in order": (
        *FALSE["a variance of times in the wrong order"][:2],
        Ordered(s, t),
    ),
    "a double integral over a rectangle": (Integral(x * y * a, (x, 0, 1), (y, 0, 2)), a),
    "a nested integral": (
        Integral(x * Integral(y * x, (y, 0, x)), (x, 0, a)),
        a**5 / 10,
    ),
    "a sum of squares": (sp.Sum(n**2, (n, 1, T)), T * (T + 1) * (2 * T + 1) / 6),
    "a limit at infinity": (Limit((1 + a / x) ** x, x, oo), exp(a)),
    "a constant": (Integral(exp(-(x**2) / 2), (x, -oo, oo)), sqrt(2 * pi)),
    "a logarithmic derivative": (sp.Derivative(log(p(x)), x), sp.diff(p(x), x) / p(x)),
    "a hyperbolic identity": (sp.cosh(x) ** 2 - sp.sinh(x) ** 2 + y, 1 + y),
    "a logit": (log(a / (1 + a)) - log(1 / (1 + a)), log(a)),
    "two arguments": (
        sp.Derivative(p(x * y, y), x),
        y * sp.Subs(sp.Derivative(p(w, y), w), w, x * y),
    ),
    "cancellation far from 1": (
        (a + 10**6) ** 3 - a**3,
        3 * a**2 * 10**6 + 3 * a * 10**12 + 10**18,
    ),
}


@pytest.mark.parametrize("name", FALSE)
def test_a_false_claim_is_refused(name: str) -> None:
    with pytest.raises(DerivationError):
        check(claim(*FALSE[name]), torch=False)


@pytest.mark.parametrize("name", TRUE)
def test_a_true_claim_is_accepted(name: str) -> None:
    outcome = check(claim(*TRUE[name]), EFFORT, torch=False)
    assert outcome.error <= mp.mpf(10) ** -40


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("an expectation that diverges", "the curvature in z of an integrand, .* is not proved"),
        ("a positive name for what is not", "what q stands for, x - 3, is not proved to be positive"),
        ("a positive name, on too wide a domain", r"x \+ 1, is not proved .*-2 < x < 2"),
        ("an integral across a pole", "numeric check failed: "),
    ],
)  # fmt: skip
def test_the_refusal_says_what_is_wrong(name: str, words: str) -> None:
    with pytest.raises(DerivationError, match=words):
        check(claim(*FALSE[name]), torch=False)


def test_conditions_are_counted() -> None:
    assert check(claim((x + y) ** 2, x**2 + 2 * x * y + y**2), torch=False).conditions == 0
    kl = KL(Normal(z, 0, a), Normal(z, w, a))
    assert check(claim(kl, w**2 / (2 * a)), torch=False).conditions == 1


def test_what_holds_near_1_only_is_refuted_far_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """The numeric check alone, since the prover would not accept it either."""
    monkeypatch.setattr(checks, "_symbolic", lambda *_: pytest.fail("got this far"))
    for left, right in ((sqrt((a - 7) ** 2), 7 - a), (sqrt((x + 3) ** 2), x + 3)):
        with pytest.raises(DerivationError, match=r"numeric check failed: left .* at (a|x) = "):
            check(claim(left, right), torch=False)


@pytest.mark.parametrize(
    ("expr", "domain", "expected"),
    [
        (var_step(), Ordered(s, t), True),
        (var_step(), Ordered(t, s), False),
        (var_step(), ANYWHERE, False),
        (var_step(), Ordered(s, t) & VP, True),
        (var_step(u, t), Ordered(s, t, u), True),
        (var_step(u, s), Ordered(s, t, u), True),
        (var_q(), Ordered(s, t), True),
        (snr(s) - snr(t), Ordered(s, t), True),
        (snr(s) - snr(t), Ordered(s, t) & VP, True),
        (snr(t) - snr(s), Ordered(s, t), False),
        (1 - alpha(t) ** 2, VP, True),
        (1 - alpha(t) ** 2, ANYWHERE, False),
        (alpha(t) ** 2 - Rational(1, 2), VP, False),
        (x + 3, Between(x, -2, 2), True),
        (x + 2, Between(x, -2, 2), True),
        (x + Rational(19, 10), Between(x, -2, 2), False),
        (x**2, ANYWHERE, False),
        (a**2 + x**2, ANYWHERE, True),
        (1 - t, Ordered(s, t), True),
        (1 - t, Where(sp.Lt(t, 1)), True),
        (1 - t, ANYWHERE, False),
        (x - y, Where(sp.Gt(x, y)), True),
        (y - x, Where(sp.Gt(x, y)), False),
        (i - 1, Integers(i, 1, 5), False),
        (i, Integers(i, 1, 5), True),
        (p(s) - p(t), Ordered(s, t) & Falling(p), True),
        (p(s) - p(t), Ordered(s, t), False),
        (Abbreviation("q", x, positive=True), ANYWHERE, False),
        (Integral(p(x) * Normal(z, x, a), (x, -oo, oo)), ANYWHERE, True),
        (Integral(f(x), (x, 0, 1)), ANYWHERE, False),
        (Integral(p(x), (x, 1, 0)), ANYWHERE, False),
        (Integral(t, (t, -1, 1)), Ordered(s, t), False),
        (sp.cos(pi * t / 2) ** 2 / sin(pi * t / 2), Between(t, 0.02, 0.98), True),
        (sp.cos(pi * t / 2), Between(t, 0.02, 1.01), False),
        (sin(pi * t), Between(t, 0.02, 1.01), False),
        (sin(pi * x), Between(x, -0.02, 0.5), False),
        (log(1 + snr(t)), ANYWHERE, True),
        (log(snr(t)), ANYWHERE, False),
        (Expectation(eps**2 + a, eps), ANYWHERE, True),
        (Expectation(eps, eps), ANYWHERE, False),
    ],
)
def test_positive_is_what_is_proved_on_the_domain(
    expr: sp.Expr, domain: Domain, expected: bool
) -> None:
    assert positive(expr, domain) is expected
