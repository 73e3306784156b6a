"""What each operator's rules compute, against closed forms, Bayes' rule and SciPy."""

from __future__ import annotations

import random

import mpmath as mp
import pytest
import sympy as sp
from scipy import integrate

from companion.derivation import (
    KL,
    Abbreviation,
    Density,
    Derivation,
    Expectation,
    Normal,
    Ordered,
    render,
)
from companion.derivation.exact import compute
from companion.derivation.mutants import mutants
from companion.derivation.numeric import NumericError, evaluate
from companion.derivation.operators.integral import canonical
from companion.derivation.quadrature import extrapolate
from companion.derivation.vocabulary import (
    T,
    alpha,
    eps,
    function,
    h,
    i,
    marginal,
    mean_q,
    s,
    sigma,
    symbol,
    t,
    transition,
    u,
    var_q,
    x,
    x_hat,
    z,
    z_s,
    z_t,
)

f, g = function("f"), function("g")
m, y = symbol("m"), symbol("y")
v = symbol("v", positive=True)
n = symbol("n", positive=True, integer=True)
LINE = (z, -sp.oo, sp.oo)


# --- the vocabulary


def at(expr: sp.Expr, **values: float) -> float:
    """A value where alpha and sigma are 0.9 and 0.3 at s, and 0.5 and 0.7 at t: no unit variance."""
    times = {mp.mpf("0.2"): (0.9, 0.3), mp.mpf("0.6"): (0.5, 0.7)}
    place = {s: mp.mpf("0.2"), t: mp.mpf("0.6")}
    place |= {alpha: lambda w: times[w][0], sigma: lambda w: times[w][1]}
    names = {"x": x, "z_t": z_t, "z_s": z_s}
    return float(evaluate(expr, place | {names[k]: mp.mpf(w) for k, w in values.items()}))


def test_the_latents_are_those_of_bayes_rule() -> None:
    """Densities from precisions alone: q(z_s | x) q(z_t | z_s) in z_s, and its mean over z_s."""
    slope, noise = 0.5 / 0.9, 0.7**2 - (0.5 / 0.9) ** 2 * 0.3**2  # of z_t given z_s
    _, mean, variance = marginal().args
    assert at(mean, x=1.7) == pytest.approx(slope * 0.9 * 1.7)
    assert at(variance) == pytest.approx(slope**2 * 0.3**2 + noise)
    _, mean, variance = transition().args
    assert at(mean, z_s=1.1) == pytest.approx(slope * 1.1)
    assert at(variance) == pytest.approx(noise)
    precision = 1 / 0.3**2 + slope**2 / noise
    assert at(var_q()) == pytest.approx(1 / precision)
    centre = (0.9 * 1.7 / 0.3**2 + slope * -0.4 / noise) / precision
    assert at(mean_q(), x=1.7, z_t=-0.4) == pytest.approx(centre)


def test_times_are_positive_and_counts_are_positive_integers() -> None:
    assert all(time.is_positive and not time.is_integer for time in (s, t, u, h))
    assert all(count.is_positive and count.is_integer for count in (T, i))


def test_a_name_is_real_where_it_is_declared_positive_or_stands_for_something_real() -> None:
    root = sp.sqrt(y)  # real for some real y only
    assert Abbreviation("w", root).is_extended_real is None
    assert Abbreviation("w", root, positive=True).is_extended_real
    assert Abbreviation("w", y**2).is_extended_real


def test_what_is_integrated_out_is_bound_and_everything_else_is_free() -> None:
    mean = Expectation(x * z * eps, Normal(z, m * eps, v), eps)
    assert mean.bound_symbols == [z, eps]
    assert mean.free_symbols == {x, m, v}
    divergence = KL(Normal(z, m, v), Normal(z, x, y**2))
    assert divergence.bound_symbols == [z]
    assert divergence.free_symbols == {m, v, x, y}


@pytest.mark.parametrize("seed", range(12))
def test_a_random_density_is_positive_and_has_mass_one(seed: int) -> None:
    place: dict = {}
    for rule in Density(f).rules:
        rule.draw(random.Random(seed), place)
    density = lambda w: float(place[f](mp.mpf(w)))  # noqa: E731
    assert min(density(k / 4) for k in range(-40, 41)) > 0
    assert integrate.quad(density, -12, 12, points=[-2, 0, 2])[0] == pytest.approx(1, abs=1e-9)


# --- the exact route

EXACT = {
    "log of a density times a number": (
        sp.log(Normal(z, m, v) ** 3 * v),
        -3 * (z - m) ** 2 / (2 * v) - 3 * sp.log(2 * sp.pi * v) / 2 + sp.log(v),
    ),
    "integral of a derivative": (
        sp.Integral(y * sp.Derivative(f(z), z), (z, 0, v)), y * (f(v) - f(0))),
    "telescoping": (sp.Sum(x * (f(i - 1) - f(i)), (i, 1, n)), x * (f(0) - f(n))),
    "telescoping from 3": (sp.Sum((f(i) - f(i - 1)) / x, (i, 3, n)), (f(n) - f(2)) / x),
    "one half telescopes": (
        sp.Sum(x * (f(i - 1) - g(i)), (i, 3, n)),
        x * (f(2) - f(n) + sp.Sum(f(i), (i, 3, n)) - sp.Sum(g(i), (i, 3, n))),
    ),
    "derivative at 2 t": (
        sp.Limit((f(2 * t + h) - f(2 * t)) / h, h, 0),
        sp.Subs(sp.Derivative(f(u), u), u, 2 * t),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EXACT)
def test_the_exact_route_computes(name: str) -> None:
    expr, closed = EXACT[name]
    difference = sp.expand(sp.expand_log(compute(expr) - closed))
    assert difference.doit() == 0


def test_equal_integrals_have_one_canonical_form() -> None:
    one = sp.Integral(f(y) * sp.exp(y) * sp.exp(m), (y, 0, 1))
    other = sp.Integral(f(z) * sp.exp(z + m), (z, 0, 1))
    assert canonical(one) == canonical(other)
    assert canonical(one) != canonical(sp.Integral(f(z) * sp.exp(z - m), (z, 0, 1)))


# --- the numeric route

NUMERIC = {
    "a variance that is random": (
        Expectation(z**4, Normal(z, 0, 1 + eps**2), eps), 18),  # 3 E(1 + eps^2)^2
    "a mean that is random": (Expectation(z**4, Normal(z, eps, 1), eps), 12),  # z is N(0, 2)
    "an inner bound that is an outer variable": (
        sp.Integral(x**2 * y, (x, 0, y), (y, 0, 2)), sp.Rational(32, 15)),
    "an integral that is zero": (sp.Integral(sp.sin(3 * y), (y, 0, 2 * sp.pi)), 0),
    "a limit of sums": (
        sp.Limit(sp.Sum(1 / (n + i), (i, 1, n)), n, sp.oo), sp.log(2)),
    "a wide bell": (sp.Integral(sp.exp(-(z / 20) ** 2), LINE), 20 * sp.sqrt(sp.pi)),
}  # fmt: skip


@pytest.mark.parametrize("name", NUMERIC)
def test_the_numeric_route_computes(name: str) -> None:
    expr, closed = NUMERIC[name]
    with mp.workdps(50):
        assert abs(evaluate(expr, {}) - evaluate(sp.sympify(closed), {})) < 1e-40


def test_extrapolation_is_to_forty_digits() -> None:
    with mp.workdps(50):
        assert abs(extrapolate(lambda k: k * mp.expm1(1 / k)) - 1) < 1e-40


def test_an_integral_that_does_not_settle_says_so() -> None:
    with pytest.raises(NumericError, match="an integral over y does not settle"):
        evaluate(sp.Integral(1 / sp.sqrt(1 - y + y**2 - y**3) ** 3, (y, 0, 1)), {})


# --- wrong variants and the page


def test_every_factor_is_dropped_and_every_exponent_moved_by_one() -> None:
    found = mutants(sp.Integer(0), 3 * x * y**5, "seed")
    dropped = {mutant.expr for mutant in found if mutant.kind == "dropped factor"}
    assert dropped == {3 * x, 3 * y**5}
    moved = {mutant.kind: mutant.expr for mutant in found if mutant.kind.startswith("exponent")}
    assert moved == {"exponent + 1": 3 * x * y**6, "exponent - 1": 3 * x * y**4}


SQUARE = ((x + x_hat) ** 2, x**2 + 2 * x * x_hat + x_hat**2, x * (x + 2 * x_hat) + x_hat**2)


def test_links_are_numbered_where_there_are_several_and_sources_are_named() -> None:
    left, *rights = SQUARE
    links = [(right, "algebra") for right in rights]
    one = Derivation("page").chain("one", left, links[0], cites="Euclid (300 BC)")
    two = Derivation("page").chain("two", left, *links, domain=Ordered(s, t))
    assert r"\text{(" not in render.markdown(one)
    assert [rf"\text{{({k})}}" in render.markdown(two) for k in (1, 2, 3)] == [True, True, False]
    assert "Euclid (300 BC) · `page/one`</small>" in render.markdown(one)
    assert {"numeric", "symbolic", "mutants"} <= set(one.outcomes[0].seconds)
