"""True and false claims of sums over states, divergences of categorical laws, Beta integrals and masking."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import pytest
import sympy as sp
from briefly import EFFORT
from sympy import Derivative, Integral, Rational, binomial, exp, factorial, log

from companion.derivation import (
    ANYWHERE,
    Abbreviation,
    Derivation,
    DerivationError,
    Domain,
    Integers,
    Ordered,
    Step,
    check,
    render,
)
from companion.derivation.exact import compute
from companion.derivation.masking import (
    InStates,
    Kept,
    Masking,
    V,
    delta,
    i,
    j,
    kept,
    marginal,
    move,
    over_both,
    rest,
    share,
    x,
    y,
)
from companion.derivation.masking import first as a_value
from companion.derivation.masking import second as another
from companion.derivation.numeric import NumericError, evaluate
from companion.derivation.operators.beta import beta
from companion.derivation.operators.finite_kl import FiniteKL
from companion.derivation.operators.states import StateSum
from companion.derivation.poles import never
from companion.derivation.positive import positive
from companion.derivation.symbolic import prove
from companion.derivation.vocabulary import alpha, function, s, symbol, t, u

k, n, N = (symbol(name, positive=True, integer=True) for name in ("k", "n", "N"))
z, w = (symbol(name, nonnegative=True, integer=True) for name in "zw")
a, b, c = (symbol(name, positive=True) for name in "abc")
f, g = function("f"), function("g", positive=True)
mu = function("mu", positive=True)
VALUES, STATES = (k, 1, V), (y, 0, V)
TOTAL = StateSum(g(k), VALUES)
LAW = Abbreviation("p", g(k) / TOTAL, positive=True)
FEW = Integers(k, 1, 4) & Integers(N, 4, 8)
STEP = Ordered(s, t) & Masking(x)
BACK = share * delta(x, y) + rest * delta(y, 0)

TRUE = {
    "a sum of ones": (StateSum(a, VALUES), a * V),
    "the mask is a state more": (StateSum(a, STATES), a * (V + 1)),
    "what has no index leaves": (StateSum(a * f(k) + b, VALUES), a * StateSum(f(n), (n, 1, V)) + b * V),
    "a law adds up to 1": (StateSum(a * LAW, VALUES), a),
    "a delta picks a state": (StateSum(delta(k, x) * f(k) * a, VALUES), a * f(x), InStates(V, x)),
    "a delta squared is itself": (StateSum(delta(k, x) ** 2 * f(k), VALUES), f(x), InStates(V, x)),
    "two deltas": (
        StateSum(delta(y, i) * delta(y, j) * f(y), STATES), delta(i, j) * f(i), InStates(V, i, j)),
    "two steps of masking are one": (
        StateSum(move(t, s, y, i) * move(u, t, j, y), STATES), move(u, s, j, i),
        Ordered(s, t, u) & Masking(i, j)),
    "the chance of a mask": (
        StateSum(move(t, s, 0, y) * marginal(s, y), STATES), 1 - alpha(t), STEP),
    "a slope is taken inside": (
        Derivative(StateSum(f(k) * exp(a * k), VALUES), a), StateSum(k * f(k) * exp(a * k), VALUES)),
    "an integral is taken inside": (
        Integral(StateSum(f(k) * c**k, VALUES), (c, 0, 1)), StateSum(f(k) / (k + 1), VALUES)),
    "a divergence by its sum": (
        FiniteKL(LAW, mu(k), VALUES), StateSum(LAW * (log(LAW) - log(mu(k))), VALUES)),
    "a divergence scales": (FiniteKL(a * g(k), a * mu(k), VALUES), a * FiniteKL(g(k), mu(k), VALUES)),
    "a known value": (FiniteKL(a * delta(x, k), a * mu(k), VALUES), -a * log(mu(x)), InStates(V, x)),
    "a value or the mask": (
        FiniteKL(BACK, share * (1 - delta(y, 0)) * mu(y) + rest * delta(y, 0), STATES),
        -share * log(mu(x)), STEP),
    "a logarithm of a product of laws": (
        over_both(g(a_value) * mu(another) * log(mu(another))),
        StateSum(g(k), VALUES) * StateSum(mu(k) * log(mu(k)), VALUES)),
    "Euler's integral": (Integral(a**3 * (1 - a) ** (k - 1), (a, 0, 1)), beta(4, k)),
    "a Beta function of integers": (beta(k, n), factorial(k - 1) * factorial(n - 1) / factorial(n + k - 1)),
    "a step of the Beta function": (beta(k + 1, n) * (k + n), k * beta(k, n)),
    "sets and orders": (
        binomial(N, k) * factorial(k - 1) * factorial(N - k) * k, factorial(N), FEW),
    "by count": (
        Integral(StateSum(binomial(N, k) * (1 - kept) ** (k - 1) * kept ** (N - k) * f(k), (k, 1, N)),
                 (kept, 0, 1)),
        StateSum(f(k) / k, (k, 1, N))),
}  # fmt: skip

FALSE = {
    "the mask is not counted": (StateSum(a, STATES), a * V),
    "a delta of what may be no state": (StateSum(delta(k, n) * f(k), VALUES), f(n)),
    "a delta of a state beyond": (
        StateSum(delta(k, x + 1) * f(k), VALUES), f(x + 1), InStates(V, x)),
    "a delta of the mask among values": (
        StateSum(delta(k, i) * f(k), VALUES), f(i), InStates(V, i)),
    "two deltas that may be of one state": (
        FiniteKL(delta(k, x) + delta(k, n), mu(k), VALUES), -log(mu(x)) - log(mu(n)), InStates(V, x, n)),
    "one state, counted twice": (
        FiniteKL(delta(k, x) + delta(k, n), mu(k), VALUES),
        sp.Add(*((1 + delta(x, n)) * log((1 + delta(x, n)) / mu(at)) for at in (x, n))), InStates(V, x, n)),
    "a product of sums for a sum of products": (
        StateSum(g(k) * mu(k), VALUES), StateSum(g(k), VALUES) * StateSum(mu(k), VALUES)),
    "a logarithm of a sum": (log(StateSum(g(k), VALUES)), StateSum(log(g(k)), VALUES)),
    "three steps for two": (
        StateSum(move(t, s, y, i) * move(u, t, j, y), STATES), move(u, t, j, i),
        Ordered(s, t, u) & Masking(i, j)),
    "a mask with the other share": (
        FiniteKL(BACK, share * (1 - delta(y, 0)) * mu(y) + rest * delta(y, 0), STATES),
        -rest * log(mu(x)), STEP),
    "a divergence the other way": (
        FiniteKL(g(k), mu(k), VALUES), FiniteKL(mu(k), g(k), VALUES)),
    "a divergence of what may be negative": (
        FiniteKL(f(k), mu(k), VALUES), StateSum(f(k) * log(f(k) / mu(k)), VALUES)),
    "a generalised divergence without its masses": (
        FiniteKL(g(k), mu(k), VALUES) + StateSum(mu(k) - g(k), VALUES), FiniteKL(g(k), mu(k), VALUES)),
    "Euler's integral, one off": (Integral(a**3 * (1 - a) ** (k - 1), (a, 0, 1)), beta(3, k)),
    "Euler's integral that may diverge": (
        Integral(a ** (z - 1) * (1 - a) ** k, (a, 0, 1)), beta(z, k + 1)),
    "a Beta function one off": (beta(k, n), factorial(k) * factorial(n) / factorial(n + k)),
    "sets for orders": (binomial(N, k) * factorial(k) * factorial(N - k) * k, factorial(N), FEW),
    "by count, a sum for a mean": (
        Integral(StateSum(binomial(N, k) * (1 - kept) ** (k - 1) * kept ** (N - k) * f(k), (k, 1, N)),
                 (kept, 0, 1)),
        StateSum(f(k) / N, (k, 1, N))),
    "an end forgotten": (StateSum(f(k) * c, (k, 2, V)), c * StateSum(f(k), VALUES)),
}  # fmt: skip


def claim(left: Any, right: Any, domain: Domain = ANYWHERE) -> Step:
    return Step("f/1", sp.sympify(left), sp.sympify(right), "why", domain)


@pytest.mark.parametrize("name", TRUE)
def test_a_true_claim_is_accepted(name: str) -> None:
    outcome = check(claim(*TRUE[name]), EFFORT, torch=False)
    assert outcome.error <= mp.mpf(10) ** -40
    assert outcome.count("refuted") >= 5


@pytest.mark.parametrize("name", FALSE)
def test_a_false_claim_is_refused(name: str) -> None:
    with pytest.raises(DerivationError):
        check(claim(*FALSE[name]), torch=False)


ONLY_UNDER_A_CONDITION = {
    "a delta of what may be no state",
    "a delta of a state beyond",
    "a delta of the mask among values",
    "a divergence of what may be negative",
}
"""What the prover would believe: the side conditions refuse it."""


@pytest.mark.parametrize("name", [name for name in FALSE if name not in ONLY_UNDER_A_CONDITION])
def test_no_tactic_proves_a_false_claim(name: str) -> None:
    left, right, *_ = FALSE[name]
    assert prove(sp.sympify(left), sp.sympify(right)) is None


@pytest.mark.parametrize("name", sorted(ONLY_UNDER_A_CONDITION))
def test_where_no_number_could_tell_a_side_condition_refuses(name: str, monkeypatch) -> None:
    monkeypatch.setattr("companion.derivation.checks._numeric", lambda step, places: ([], 0))
    monkeypatch.setattr("companion.derivation.checks._far_away", lambda *_: None)
    with pytest.raises(
        DerivationError, match=r"condition check failed: .* is not proved to be pos"
    ):
        check(claim(*FALSE[name]), torch=False)


def test_nothing_is_caught_by_an_index() -> None:
    total = StateSum(f(k) * n, VALUES)
    moved = total.subs(n, k)
    assert moved.free_symbols == {k, V}
    place = {k: mp.mpf(5), V: mp.mpf(3), f: lambda m: m}
    assert evaluate(moved, place) == 5 * (1 + 2 + 3)
    assert total.subs(k, n) == total


def test_a_divergence_needs_mass_where_there_is_mass() -> None:
    place = {V: mp.mpf(2), f: lambda m: m - 1}
    with pytest.raises(NumericError, match="divergence of what is not positive"):
        evaluate(FiniteKL(1, f(k), VALUES), place)
    assert evaluate(FiniteKL(f(k), 1, VALUES), place) == 0  # 0 log 0, and 1 log 1


def test_a_positive_index_begins_at_1() -> None:
    with pytest.raises(ValueError, match="k is positive: expected states from 1 on, got 0"):
        StateSum(f(k), (k, 0, V))


def test_a_probability_is_one() -> None:
    domain = Kept(alpha)
    for point in (Ordered(s, t) & domain).points([alpha(s) - alpha(t)], "kept", 40):
        early, late = (evaluate(alpha(time), point) for time in (s, t))
        assert 0 < late < early < 1
    for sure in (1 - alpha(t), alpha(s) - alpha(t), share, rest, alpha(t) / (1 - alpha(t))):
        assert positive(sure, Ordered(s, t) & domain)
    for not_sure in (alpha(t) - Rational(1, 2), 1 - 2 * alpha(t), alpha(t) - alpha(s)):
        assert not positive(not_sure, Ordered(s, t) & domain)


def test_states_are_drawn_from_the_space_and_are_at_most_its_size() -> None:
    domain = InStates(V, x, i)
    points = domain.points([x + i], "states", 300)
    assert {(int(p[i]) == 0, p[i] == p[V], p[x] == p[V]) for p in points} >= {
        (True, False, False),
        (False, True, True),
    }
    assert all(1 <= p[x] <= p[V] and 0 <= p[i] <= p[V] for p in points)
    assert positive(V - x + 1, domain)
    assert not positive(V - x, domain)
    assert not positive(V - x - i + 1, domain)
    assert domain.words == (r"$x \in \{1, \dots, V\}, i \in \{0, \dots, V\}, V \ge 2$",)
    with pytest.raises(ValueError, match="a: expected a symbol for an integer"):
        InStates(V, a)


def test_sums_and_divergences_are_printed_so_that_they_cannot_be_misread() -> None:
    total = StateSum(g(k), VALUES)
    assert render.latex(total**2) == r"\biggl(\sum_{k=1}^{V} g(k)\biggr)^{2}"
    assert render.latex(-total - StateSum(f(k), VALUES)).count("- ") == 2
    assert render.latex(StateSum(g(k) + a, VALUES)) == r"\sum_{k=1}^{V} (a + g(k))"
    shown = render.latex(a * FiniteKL(g(k), f(k), VALUES))
    assert shown == r"a D_{\mathrm{KL}}(g(k) \,\|\, f(k))"


def test_an_integral_with_the_variable_in_its_ends_stays() -> None:
    odd = Integral(StateSum(f(k), (k, 1, n)), (n, 0, 1))
    assert compute(odd).has(Integral)
    assert not compute(Integral(StateSum(f(k) * a, VALUES), (a, 0, 1))).has(Integral)


def test_an_integral_that_has_no_name_stays_and_does_no_harm() -> None:
    power = Integral((1 - a / 2) ** (k - 1) * a**n, (a, 0, 1))
    assert prove(power, beta(k, n + 1)) is None
    assert compute(Integral(a**n * exp(-a), (a, 0, 1))) != Integral(a**n * exp(-a), (a, 0, 1))


def test_what_is_positive_is_known_of_a_sum_of_what_is_positive_only() -> None:
    assert StateSum(g(k), VALUES).is_positive
    assert StateSum(f(k), VALUES).is_positive is None
    assert StateSum(g(k), (k, 2, V)).is_positive is None  # for V = 1 there is nothing to add up


def test_a_chain_with_states_is_displayed() -> None:
    chain = Derivation("toy").chain(
        "law", StateSum(a * LAW, VALUES), (a, "a law adds up to 1"), domain=Masking()
    )
    assert r"\sum_{k=1}^{V} p a &= a" in chain._repr_markdown_()


@pytest.mark.parametrize(
    ("power", "has_pole"),
    [
        (k - 1, False),  # 0 at the first of 1, ..., N
        (k - 2, True),
        (N - k, False),  # 0 at the last
        (N - k - 1, True),
        (2 * N - 2 * k, False),
        ((k - 1) * (N - k), True),  # not linear: nothing is said of it
        (n - 1, False),
        (n - k, True),
    ],
)
def test_powers_of_a_sums_terms_are_looked_at_over_its_index(power, has_pole):
    left = Integral(StateSum(kept**power * g(k), (k, 1, N)), (kept, 0, 1))
    found = never(left, sp.Integer(0), ANYWHERE)
    assert (f"{kept} is not proved to be other than zero" in found) is has_pole


@pytest.mark.parametrize(
    ("claim", "proved"),
    [
        (Rational(9, 2) - k, True),
        (4 - k, False),
        (k - 1, False),
        (k - Rational(1, 2), True),
        (N - k, False),  # 4 of both
        (N - k + 1, True),
        (1 / (5 - k) - Rational(1, 6), True),
    ],
)
def test_an_integer_is_between_its_ends(claim, proved):
    assert positive(claim, FEW) is proved
