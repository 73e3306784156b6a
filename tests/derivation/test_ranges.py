"""Inequalities of falling functions, over ranges and at turning points; integrals over ranges by parts."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import sympy as sp
from briefly import briefly
from sympy import exp, log

from companion.derivation import (
    ANYWHERE,
    Between,
    Derivation,
    DerivationError,
    Domain,
    Falling,
    at_least,
    at_most,
)
from companion.derivation.exact import compute
from companion.derivation.nonnegative import BOUNDS, Known, _below_zero, computed
from companion.derivation.operators import ByParts
from companion.derivation.positive import positive
from companion.derivation.vocabulary import function, symbol, x, z

low, high = symbol("low"), symbol("high")
a, b, c = (symbol(n, positive=True) for n in "abc")
share = symbol("share", positive=True)
w, f, g = (function(n, positive=True) for n in "wfg")
F, G = function("F"), function("G")
SPAN = Domain(where=(sp.Gt(high, low),), words=("low < high",))
RISING = Domain(where=(sp.Gt(c, b), sp.Gt(b, a)), words=("b < c", "a < b"))
FALLS = SPAN & Falling(w)
slope = sp.Derivative(w(z), z)


def over(integrand: Any, *ends: Any) -> sp.Integral:
    """The integral over z from ``low`` to ``high``, or between other ends."""
    return sp.Integral(integrand, (z, *(ends or (low, high))))


def claim(left: Any, line: Any, domain: Domain = ANYWHERE) -> Any:
    return briefly(lambda: Derivation("ranges").chain("claim", left, (line, "why"), domain=domain))


TRUE = {
    "a later value is the smaller": ("in order", w(high), at_most(w(low)), FALLS),
    "three values": ("in order", (c - a) * w(a), at_least((c - b) * w(b) + (b - a) * w(a)),
                     RISING & Falling(w)),
    "an upper sum": ("over the range", (high - low) * w(low), at_least(over(w(z))), FALLS),
    "a lower sum": ("over the range", (high - low) * w(high), at_most(over(w(z))), FALLS),
    "a factor at its largest": ("over the range", over(w(z) * f(z)), at_most(w(low) * over(f(z))), FALLS),
    "a factor at its least": ("over the range", over(w(z) * f(z)), at_least(w(high) * over(f(z))), FALLS),
    "two that fall": ("over the range", over(w(z) * f(z)), at_most(w(low) * f(low) * (high - low)),
                      FALLS & Falling(f)),
    "ends that are numbers": ("over the range", over(w(z), 0, 1), at_most(w(0)), Falling(w)),
    "values off the range": ("over the range", over(w(z), b, c), at_most((c - b) * w(a)),
                             RISING & Falling(w)),
    "Jensen for two values": (
        "turning point", share * log(a) + (1 - share) * log(b),
        at_most(log(share * a + (1 - share) * b), equality={a: b}), Between(share, 0, 1)),
    "not convex": ("turning point", exp(-(x**2)), at_most(1, equality={x: 0}), ANYWHERE),
    "a bell below its top": ("turning point", a * exp(-a), at_most(exp(-1), equality={a: 1}), ANYWHERE),
}  # fmt: skip
"""The tactic that is to prove it, when no other may, and the claim."""

FALSE = {
    "a later value is the larger": ("in order", w(high), at_least(w(low)), FALLS),
    "an unknown order": ("in order", w(high), at_most(w(low)), Falling(w)),
    "an upper sum at the far end": (
        "over the range", (high - low) * w(high), at_least(over(w(z))), FALLS),
    "a range that runs backwards": (
        "over the range", over(w(z) * f(z)), at_most(w(low) * over(f(z))),
        Domain(where=(sp.Gt(low, high),), words=("high < low",)) & Falling(w)),
    "a weight that need not fall": (
        "over the range", over(w(z) * f(z)), at_most(w(low) * over(f(z))), SPAN),
    "a factor that may be negative": (
        "over the range", over(w(z) * F(z)), at_most(w(low) * over(F(z))), FALLS),
    "values on the wrong side": (
        "over the range", over(w(z), a, b), at_most((b - a) * w(c)), RISING & Falling(w)),
    "a longer range": ("over the range", over(f(z), a, c), at_most(over(f(z), a, b)), RISING),
    "a width forgotten": ("over the range", over(w(z)), at_most(w(low)), FALLS),
    "a slope that rises": ("over the range", over(slope * f(z)), at_least(0), FALLS),
    "Jensen the other way": (
        "turning point", share * log(a) + (1 - share) * log(b),
        at_least(log(share * a + (1 - share) * b), equality={a: b}), Between(share, 0, 1)),
    "weights beyond one": (
        "turning point", share * log(a) + (1 - share) * log(b),
        at_most(log(share * a + (1 - share) * b), equality={a: b}), Between(share, 1, 2)),
    "a top that is no bottom": (
        "turning point", a * exp(-a), at_least(exp(-1), equality={a: 1}), ANYWHERE),
    "one turn of two": ("turning point", x**4 / 4 - x**2 / 2, at_least(0, equality={x: 0}), ANYWHERE),
}  # fmt: skip
"""The tactic that might prove it, and the claim."""


@pytest.mark.parametrize("name", TRUE)
def test_a_true_bound_is_proved_by_this_tactic(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tactic, left, line, domain = TRUE[name]
    for other in {"least value", "rising", "cases", "under the integral"} - {tactic}:
        monkeypatch.delitem(BOUNDS, other)
    (outcome,) = claim(left, line, domain).outcomes
    assert outcome.proof.tactic == tactic
    assert outcome.count("refuted") >= 5


@pytest.mark.parametrize("name", FALSE)
def test_a_false_bound_is_refused(name: str) -> None:
    _, left, line, domain = FALSE[name]
    with pytest.raises(DerivationError):
        claim(left, line, domain)


@pytest.mark.parametrize("name", FALSE)
def test_the_tactic_itself_does_not_prove_it(name: str) -> None:
    tactic, left, line, domain = FALSE[name]
    gap = line.expr - left if line.relation == "<=" else left - line.expr
    known = Known(domain, partial(positive, domain=domain))
    assert not BOUNDS[tactic](computed(gap, domain), known, False)


IDENTITIES = {
    "a product": (
        ByParts(w(z) * sp.Derivative(F(z), z), (z, low, high)),
        w(high) * F(high) - w(low) * F(low) - over(slope * F(z))),
    "the other factor": (
        ByParts(w(z) * sp.Derivative(F(z), z) + slope * F(z), (z, low, high)),
        w(high) * F(high) - w(low) * F(low)),
    "a power": (ByParts(z**2 * sp.Derivative(F(z), z), (z, 0, 1)), F(1) - 2 * over(z * F(z), 0, 1)),
    "nothing to move": (ByParts(z * f(z), (z, 0, 1)), over(z * f(z), 0, 1)),
    "three factors": (
        ByParts(z * g(z) * sp.Derivative(F(z), z), (z, 0, 1)),
        g(1) * F(1) - over(F(z) * g(z) + F(z) * z * sp.Derivative(g(z), z), 0, 1)),
}  # fmt: skip

WRONG = {
    "no boundary terms": (
        ByParts(w(z) * sp.Derivative(F(z), z), (z, low, high)), -over(slope * F(z))),
    "one boundary term": (
        ByParts(w(z) * sp.Derivative(F(z), z), (z, low, high)), w(high) * F(high) - over(slope * F(z))),
    "the wrong sign": (
        ByParts(w(z) * sp.Derivative(F(z), z), (z, low, high)),
        w(high) * F(high) - w(low) * F(low) + over(slope * F(z))),
}  # fmt: skip


@pytest.mark.parametrize("name", [n for n in IDENTITIES if n != "nothing to move"])
def test_parts_over_a_range_with_both_boundary_terms(name: str) -> None:
    (outcome,) = claim(
        *IDENTITIES[name], SPAN if "high" in str(IDENTITIES[name]) else ANYWHERE
    ).outcomes
    assert outcome.count("refuted") >= 5


def test_what_has_no_derivative_is_left_to_the_integral() -> None:
    left, right = IDENTITIES["nothing to move"]
    assert compute(left) == compute(right)


@pytest.mark.parametrize("name", WRONG)
def test_wrong_parts_are_refused(name: str) -> None:
    with pytest.raises(DerivationError, match="numeric check failed"):
        claim(*WRONG[name], SPAN)


@pytest.mark.parametrize(
    "integrand",
    [
        sp.Derivative(F(z), z) / z,
        sp.Derivative(F(z), z) * sp.Abs(z),
        sp.Derivative(F(z), z) * log(z),
    ],
)
def test_nothing_is_moved_where_the_other_factor_is_not_smooth(integrand: sp.Expr) -> None:
    moved = ByParts(integrand, (z, 0, 1))
    assert compute(moved) == compute(sp.Integral(integrand, (z, 0, 1)))


END, INSIDE = sp.Dummy("end", nonnegative=True), sp.Dummy("inside", positive=True)
LATER = Domain(where=(sp.Gt(INSIDE, b), sp.Gt(b, a)), words=("b < inside", "a < b"))


@pytest.mark.parametrize(
    ("expr", "domain", "false"),
    [
        (END, ANYWHERE, False),
        (END - 1, ANYWHERE, True),
        ((x + z) ** 2 - x**2 - 2 * x * z - z**2, ANYWHERE, False),
        (-((x + z) ** 2), ANYWHERE, True),
        (w(a) - w(INSIDE), LATER & Falling(w), False),
        (w(INSIDE) - w(a), LATER & Falling(w), True),
        (symbol("n", integer=True) ** 2 - symbol("n", integer=True), ANYWHERE, False),
    ],
)
def test_a_proof_is_given_up_only_where_a_point_is_against_it(
    expr: sp.Expr, domain: Domain, false: bool
) -> None:
    assert _below_zero(expr, Known(domain, partial(positive, domain=domain))) is false
