"""One-sided claims: proved with their case of equality, refused when false, reversed, loose or unsaid."""

from __future__ import annotations

from typing import Any

import pytest
import sympy as sp
from briefly import briefly
from sympy import Abs, Max, exp, log

from companion.derivation import (
    ANYWHERE,
    KL,
    Abbreviation,
    Derivation,
    DerivationError,
    Domain,
    Expectation,
    Normal,
    Ordered,
    Where,
    at_least,
    at_most,
    deferred,
    inequality,
)
from companion.derivation.nonnegative import BOUNDS
from companion.derivation.vocabulary import function, s, snr, symbol, t, x, x_hat, z

y = symbol("y")
a, b, v, w = (symbol(n, positive=True) for n in "abvw")
f = function("f")
LAW = Normal(z, y, v)


def claim(left: Any, line: Any, domain: Domain = ANYWHERE) -> Any:
    return briefly(lambda: Derivation("bounds").chain("claim", left, (line, "why"), domain=domain))


TRUE = {
    "two squares": (2 * x * y, at_most(x**2 + y**2, equality={x: y})),
    "means": (a * b, at_most((a + b) ** 2 / 4, equality={a: b})),
    "a logarithm below its tangent": (log(a), at_most(a - 1, equality={a: 1})),
    "an exponential above its tangent": (exp(x), at_least(1 + x, equality={x: 0})),
    "a logarithm of one more": (log(1 + a), at_most(a, equality={a: 0})),
    "a divergence of Gaussians": (
        KL(Normal(z, x, v), Normal(z, y, w)), at_least(0, equality={x: y, v: w})),
    "the triangle": (Abs(x + y), at_most(Abs(x) + Abs(y), equality={x: 0})),
    "a maximum": (x, at_most(Max(x, y), equality={y: x})),
    "a hill": (x / (1 + x**2), at_most(sp.Rational(1, 2), equality={x: 1})),
    "a bell": (exp(-(x**2)), at_most(1, equality={x: 0})),
    "strictly": (x, at_most(x**2 + 1)),
    "a square of a mean": (
        Expectation(z * x, LAW) ** 2, at_most(Expectation((z * x) ** 2, LAW), equality={x: 0})),
    "under an expectation": (
        2 * Expectation(sp.cos(z), LAW), at_most(Expectation(sp.cos(z) ** 2 + 2, LAW))),
    "a step is dearer than none": (
        (snr(s) - snr(t)) * (x - x_hat) ** 2, at_least(0, equality={x: x_hat}), Ordered(s, t)),
    "a difference on its domain": (x * a, at_least(y * a), Where(x > y)),
}  # fmt: skip

FALSE = {
    "the reversed one": (2 * x * y, at_least(x**2 + y**2, equality={x: y}), "numeric check failed"),
    "one that is too tight": (log(a), at_most(a - 2, equality={a: 1}), "numeric check failed"),
    "one that is not attained there": (log(a), at_most(a, equality={a: 1}), "equality check failed"),
    "one with its equality unsaid": (log(a), at_most(a - 1), "if it may be 0, say where"),
    "one that holds where it was looked at only": (
        x**3, at_least(x - 10**12), "symbolic check failed"),
    "an equality": (
        (x + y) ** 2, at_most(x**2 + 2 * x * y + y**2, equality={x: y}), "is it an equality?"),
    "a square root of a mean": (
        Expectation(exp(z), LAW), at_most(exp(Expectation(z, LAW)), equality={y: 0}), "numeric"),
    "a concave one as convex": (log(a), at_least(a - 1, equality={a: 1}), "numeric check failed"),
    "one in a ball of 1e-50": (
        x**2 + y**2, at_least(2 * x * y + sp.Rational(1, 10**50)), "symbolic check failed"),
    "a difference off its domain": (x * a, at_least(y * a), "numeric check failed"),
}  # fmt: skip


@pytest.mark.parametrize("name", TRUE)
def test_a_true_bound_is_accepted(name: str) -> None:
    (outcome,) = claim(*TRUE[name]).outcomes
    assert outcome.count("refuted") >= 5
    assert outcome.refutations[0].mutant.kind == "reversed"
    if outcome.step.equality:
        assert any("tightened" in r.mutant.kind for r in outcome.refutations)


@pytest.mark.parametrize("name", FALSE)
def test_a_false_bound_is_refused(name: str) -> None:
    left, line, words = FALSE[name]
    with pytest.raises(DerivationError, match=words) as error:
        claim(left, line)
    assert "\n" not in str(error.value)


def test_a_prover_that_proves_everything_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BOUNDS, "positive", lambda *_: True)
    with pytest.raises(
        DerivationError, match="the prover also proves the wrong variant 'reversed'"
    ):
        claim(2 * x * y, at_most(x**2 + y**2, equality={x: y}))


def test_a_tighter_bound_must_be_refuted_where_it_is_attained(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(inequality, "_where_equal", lambda *_: [])
    with pytest.raises(DerivationError, match="a tighter bound is not refuted where equality is"):
        claim(2 * x * y, at_most(x**2 + y**2, equality={x: y}))


def test_what_the_equality_case_does_not_say_is_not_proved() -> None:
    with pytest.raises(DerivationError, match=r"equality check failed: .* is not proved"):
        claim(2 * x * y, at_most(x**2 + y**2, equality={x: y + 1}))


def test_the_page_shows_the_sign_and_the_case_of_equality() -> None:
    d = Derivation("bounds")
    shown = d.chain(
        "c", x * y * 2,
        (at_most(x**2 + y**2, equality={x: y}), "a square"),
        ((x + y) ** 2 - 2 * x * y, "expand"),
    )._repr_markdown_()  # fmt: skip
    assert r"&\le x^{2} + y^{2}" in shown
    assert "&= " in shown
    assert "24 points, none against it" in shown
    assert "Equality at $x = y$." in shown
    assert "It is never an equality: proved." in claim(x, at_most(x**2 + 1))._repr_markdown_()
    assert r"&\ge x" in claim(x**2 + 1, at_least(x))._repr_markdown_()


def test_a_chain_bounds_one_way() -> None:
    with deferred(), pytest.raises(ValueError, match="bounds from above and from below"):
        Derivation("bounds").chain("c", x, (at_most(x + 1), "one"), (at_least(x - 5), "two"))


def test_a_wrong_bound_is_shown_as_refuted() -> None:
    shown = Derivation("bounds").refute("trap", log(a), at_most(a - 2), "too tight")
    assert r"\not\le a - 2" in shown._repr_markdown_()


def test_a_name_that_is_positive_bounds() -> None:
    gap = Abbreviation("g", a**2 + 1, positive=True)
    assert claim(x, at_most(x + gap)).outcomes
