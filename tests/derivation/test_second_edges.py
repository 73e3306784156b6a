"""Second provers at their edges: poles, sizes, abstractions, domains, disagreement, and their absence."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import pytest
import sympy as sp
from sympy import Piecewise, Rational, exp, log, sqrt

from companion.derivation import (
    ANYWHERE,
    KL,
    Density,
    Derivation,
    DerivationError,
    Domain,
    Expectation,
    Falling,
    Normal,
    Ordered,
    Schedule,
    Step,
    VariancePreserving,
    Where,
    check,
    checks,
    here,
    numeric,
)
from companion.derivation.agreement import EXACT, Agreement
from companion.derivation.masking import Kept
from companion.derivation.second import asked
from companion.derivation.second.balls import Ball, Outside, enclosed, precision
from companion.derivation.second.scene import decided
from companion.derivation.second.solver import Refuted, proved
from companion.derivation.second.values import Unknown
from companion.derivation.symbolic import Proof
from companion.derivation.vocabulary import alpha, eps, function, s, sigma, symbol, t, x, z

a, b = symbol("a", positive=True), symbol("b", positive=True)
y = symbol("y")
f = function("f")


def claim(left: Any, right: Any, domain: Domain = ANYWHERE, relation: str = "=") -> Step:
    sides = sp.sympify(left), sp.sympify(right)
    return Step("a/claim.1", *sides, "", domain, relation=relation)


def near(exponent: int, base: int = 0) -> dict[Any, Any]:
    """x at base + 2^-exponent, exactly."""
    with mp.workprec(exponent + 64):
        return {x: base + mp.ldexp(1, -exponent)}


# --- ball arithmetic


@pytest.mark.parametrize("exponent", [10, 100, 300])
def test_near_a_pole_it_takes_more_bits_and_still_tells_right_from_wrong(exponent: int) -> None:
    place = near(exponent, base=1)
    assert enclosed(claim((x**3 - 1) / (x - 1), x**2 + x + 1), [place]).digits >= 40
    with pytest.raises(Outside):
        enclosed(claim((x**3 - 1) / (x - 1), x**2 + x + 1 + sp.Rational(1, 10**30)), [place])


def test_at_a_pole_there_is_no_ball() -> None:
    found = enclosed(claim((x**2 - 1) / (x - 1), x + 1), [{x: mp.mpf(1)}])
    assert (found.points, found.why_not) == (0, "the balls are not finite")


@pytest.mark.parametrize("size", ["1e-300", "1e-20", "1e20", "1e300"])
def test_sizes_do_not_matter(size: str) -> None:
    place = {x: mp.mpf(size), y: mp.mpf(3)}
    assert enclosed(claim(1 / (1 / x + 1 / y), x * y / (x + y)), [place]).digits >= 40
    assert enclosed(claim(log(x * x), 2 * log(sp.Abs(x))), [place]).points == 1
    with pytest.raises(Outside):
        enclosed(claim(x, x * (1 + Rational(1, 10**45))), [place])


def test_what_overflows_every_other_number_is_enclosed() -> None:
    place = {x: mp.mpf(10) ** 8, y: mp.mpf(10) ** 8}
    assert enclosed(claim(exp(x) * exp(-y + 1), sp.E), [place]).digits >= 40


def test_enclosures_that_are_too_wide_are_said_to_be_so_and_refute_nothing() -> None:
    for right in (x**2, 2 * x**2):  # the second is wrong, but no ball of 768 bits can see it
        found = enclosed(claim((1 + x) ** 2 - 1 - 2 * x, right), [near(3000)])
        assert found.points == 0
        assert "too wide" in found.why_not
    found = enclosed(claim((1 + x) ** 2 - 1 - 2 * x, (1 + x) ** 3 - 1 - 3 * x), [near(3000)])
    assert "too wide: both sides contain 0" in found.why_not


def test_a_strict_bound_that_touches_is_not_passed() -> None:
    step = claim(x**2 + 1, 2 * x, relation=">=")
    assert "tell the sides apart" in enclosed(step, [{x: mp.mpf(1)}]).why_not


def test_it_is_finer_than_the_numeric_check() -> None:
    place = {x: mp.mpf("0.7")}
    wrong = x + Rational(1, 10**50)
    assert abs(numeric.evaluate(wrong, place) - place[x]) < numeric.TOLERANCE
    with pytest.raises(Outside) as refused:
        enclosed(claim(x, wrong), [place])
    assert refused.value.place is place


def test_a_node_that_it_does_not_know_is_said_and_not_passed() -> None:
    found = enclosed(claim(sp.Limit(sp.sin(a) / a, a, 0), 1), [{a: mp.mpf(1)}])
    assert (found.points, found.why_not) == (0, "Limit is not known")


@pytest.mark.parametrize(
    ("domain", "head"),
    [
        (ANYWHERE, f), (ANYWHERE, alpha), (Falling(f), f), (VariancePreserving(alpha, sigma), sigma),
        (Density(f), f), (Kept(alpha), alpha), (Schedule(alpha, sigma), sigma),
    ],
    ids=str,
)  # fmt: skip
def test_drawn_functions_mean_the_same_in_balls_as_in_numbers(domain: Domain, head: Any) -> None:
    (place,) = domain.points([head(t)], "drawn", 1)
    with mp.workdps(60):
        number = place[head](place[t])
    with precision(256):
        ball = decided(place[head](Ball(0).leaf(place[t]))).raw  # type: ignore[attr-defined]
        assert abs(ball - Ball(0).leaf(number).raw) < abs(ball) * 10.0**-50  # type: ignore[attr-defined]
        assert ball.rad() < abs(ball) * 10.0**-60


def test_the_density_has_mass_one_in_balls() -> None:
    mass = sp.Integral(f(z), (z, -sp.oo, sp.oo))
    places = Density(f).points([mass], "mass", 3)
    assert enclosed(claim(mass, 1), places).points == 3


# --- z3


def test_with_the_domain_left_out_z3_finds_the_counterexample() -> None:
    """Roots, division, order."""
    cases = [
        (sqrt((x - 1) ** 2), x - 1, Where(x > 1), "="),
        (a / b, a, Where(b > 2), "<="),
        (1 / t, 1 / s, Ordered(s, t), "<="),
        (sp.Max(x, y), x, Where(x > y), "="),
        (sqrt(a * b), b, Where(a > b), ">="),
    ]
    for left, right, domain, relation in cases:
        assert proved(claim(left, right, domain, relation))
        with pytest.raises(Refuted, match=r"[abstxy] = "):
            proved(claim(left, right, relation=relation))


def test_numbers_that_refute_an_abstraction_refute_nothing() -> None:
    for left, right in [(exp(x), 1 + x), (f(x), f(y)), (sp.sin(x) ** 2, x**2), (log(a), a - 1)]:
        assert not proved(claim(left, right))
    n = symbol("n", positive=True, integer=True)
    assert not proved(claim(n**2, n, relation="<="))
    assert not proved(
        claim(1 / n, 1 - n / 4, relation=">=")
    )  # true of integers but for none between


def test_from_an_empty_domain_nothing_follows() -> None:
    assert not proved(claim(x, y, Where(x > 1) & Where(x < 0)))


def test_a_root_or_a_division_in_one_case_does_not_hide_the_others() -> None:
    for inside in (sqrt(x), 1 / x):
        left, right = (Piecewise((inside, x > 0), (n, True)) for n in (5, 7))
        with pytest.raises((Refuted, Unknown)):
            assert proved(claim(left, right))


@pytest.mark.parametrize(
    "domain",
    [Ordered(s, t), Ordered(s, t) & VariancePreserving(alpha, sigma), Ordered(s, t) & Kept(alpha),
     Ordered(s, t) & Falling(alpha), Ordered(s, t) & Schedule(alpha, sigma)],
    ids=str,
)  # fmt: skip
def test_what_is_known_of_a_domain_does_not_contradict_itself(domain: Domain) -> None:
    left = alpha(s) * alpha(t) * sigma(s) * sigma(t)
    assert not proved(claim(left, left * (1 + x**2), domain))


def test_a_falling_probability_is_known_to_be_one() -> None:
    assert proved(
        claim(
            alpha(t) * (1 - alpha(s)), alpha(s) * (1 - alpha(t)), Ordered(s, t) & Kept(alpha), "<="
        )
    )
    assert not proved(claim(alpha(t), alpha(s), Ordered(s, t), "<="))


# --- both, as they are asked


ALGEBRA = ["subs", "replace", "doit", "simplify", "rewrite", "expand", "diff", "is_polynomial",
           "as_independent",
           "series", "limit", "integrate", "evalf", "equals"]  # fmt: skip
LAW = Normal(z, x, a)


def test_neither_asks_sympys_algebra_nor_the_numeric_route(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*args: Any, **options: Any) -> None:
        raise AssertionError("another route was asked")

    steps = [
        claim(KL(LAW, Normal(z, y, a)), (x - y) ** 2 / (2 * a)),
        claim(sp.Derivative(f(t) ** 2, t), 2 * f(t) * sp.Derivative(f(t), t)),
        claim(Expectation((x + eps) ** 2, eps), x**2 + 1),
        claim(sp.Integral(z * LAW, (z, -sp.oo, sp.oo)), x),
    ]
    places = [step.domain.points([step.left, step.right], step.name, 2) for step in steps]
    with monkeypatch.context() as without:
        for name in ALGEBRA:
            for kind in (sp.Basic, sp.Expr):
                if name in vars(kind):
                    without.setattr(kind, name, never)
        for name in (
            "simplify",
            "expand",
            "integrate",
            "diff",
            "Poly",
            "together",
            "factor",
            "cancel",
            "lambdify",
        ):
            without.setattr(sp, name, never)
        without.setattr(numeric, "compile_expression", never)
        without.setattr(numeric, "build", never)
        for step, at in zip(steps, places):
            assert enclosed(step, at).points == 2
            assert proved(step)


def planted(monkeypatch: pytest.MonkeyPatch, absent: str) -> str:
    """The failure of a step that is wrong by less than the numeric check sees, by a prover that says yes."""
    monkeypatch.setattr(checks, "prove", lambda *args: Proof(0, "patched"))
    monkeypatch.setattr(checks, "proves", lambda *args: False)
    monkeypatch.setattr(asked, "_here", lambda name: name != absent)
    with pytest.raises(DerivationError) as refused:
        check(claim(x**2 + y, x**2 + y * (1 + Rational(1, 10**45))))
    return str(refused.value)


def test_a_step_that_sympy_proves_and_balls_refute_stops_with_its_name_and_the_point(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    message = planted(monkeypatch, absent="z3")
    assert message.startswith("a/claim.1: second check failed: ball arithmetic refutes it: left ")
    assert " at x = " in message


def test_a_step_that_sympy_proves_and_z3_refutes_stops_with_its_name_and_the_point(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    message = planted(monkeypatch, absent="flint")
    assert message.startswith("a/claim.1: second check failed: z3 refutes it: at y = ")


def test_where_they_are_missing_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked, "_here", lambda name: False)
    outcome = check(claim((x + y) ** 2, x**2 + 2 * x * y + y**2), torch=False)
    assert not outcome.second
    assert outcome.second.said("=") == "Not asked: ball arithmetic, z3."
    chain = Derivation("page").chain("square", (x + y) ** 2, (x**2 + 2 * x * y + y**2, "multiply"))
    assert "not checked by ball arithmetic and z3: not in this page" in here._notes(chain)


def test_what_they_find_is_said_in_one_sentence() -> None:
    assert Agreement(24, 53, solved=True).said("=") == (
        "Agreed: ball arithmetic encloses the difference within 1e-53 at 24 points; z3 proves it."
    )
    assert (
        Agreement(1, EXACT).said("=") == "Agreed: ball arithmetic finds no difference at 1 point."
    )
    assert (
        Agreement(24, 60).said("<=") == "Agreed: ball arithmetic sees that it holds at 24 points."
    )
    assert Agreement(why_not="Limit is not known").said("=") == (
        "No second prover reaches it (Limit is not known)."
    )
