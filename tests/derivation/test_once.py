"""What is computed once, or by a shorter way, is what it was: zeros, integrals, slopes, values."""

from __future__ import annotations

import random

import mpmath as mp
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy.polys.fields import sfield

from companion.derivation.numeric import evaluate
from companion.derivation.operators.derivative import slope
from companion.derivation.operators.integral import integral
from companion.derivation.rules import remembered
from companion.derivation.symbolic import _vanishes

A, B, C = (sp.Symbol(name, positive=True) for name in "abc")

LEAVES = st.sampled_from([A, B, C, sp.Integer(1), sp.Integer(-2), sp.sqrt(A), sp.log(B)])


def grown(inner: st.SearchStrategy[sp.Expr]) -> st.SearchStrategy[sp.Expr]:
    pairs = st.tuples(inner, inner)
    return (
        pairs.map(lambda p: p[0] + p[1])
        | pairs.map(lambda p: p[0] * p[1])
        | inner.map(lambda e: e**2)
        | pairs.map(lambda p: p[0] / (p[1] ** 2 + 1))
    )


EXPRESSIONS = st.recursive(LEAVES, grown, max_leaves=3)


@settings(deadline=None, max_examples=20)
@given(st.lists(st.integers(-3, 3), min_size=1, max_size=4))
def test_a_polynomial_is_integrated_as_sympy_does(coefficients: list[int]) -> None:
    z = sp.Symbol("z", real=True)
    polynomial = sum(((n - A * B) * z**k for k, n in enumerate(coefficients)), sp.sqrt(B) * z**5)
    for low, high in ((A, A + B), (0, 1), (-C, sp.log(C))):
        bounds = sp.Tuple(z, low, high)
        assert sp.expand(integral(polynomial, bounds) - sp.integrate(polynomial, bounds)) == 0


@settings(deadline=None, max_examples=60)
@given(EXPRESSIONS, EXPRESSIONS, EXPRESSIONS)
def test_a_zero_in_the_ring_is_a_zero_of_the_field(p: sp.Expr, q: sp.Expr, r: sp.Expr) -> None:
    distributed = sp.Add(p * q, p * r, -p * sp.Add(q, r, evaluate=False))
    for expr, more in ((distributed, 0), (distributed, A), (p - q, 0)):
        assert _vanishes(expr + more) == (sfield(sp.expand_power_exp(expr + more))[1] == 0)
    assert _vanishes(distributed)
    assert not _vanishes(distributed + A)
    assert not _vanishes(distributed + 1)


def test_a_denominator_that_vanishes_is_no_proof() -> None:
    nothing = (A + B) ** 2 - A**2 - 2 * A * B - B**2
    with pytest.raises(ZeroDivisionError):
        _vanishes(A / nothing - A / nothing**2)


@given(st.floats(-3, 3), st.sampled_from([30, 65, 160]))
def test_a_slope_has_all_digits(x: float, digits: int) -> None:
    with mp.workdps(digits):
        at = mp.mpf(x)
        exact = mp.exp(mp.sin(3 * at)) * 3 * mp.cos(3 * at)
        assert abs(slope(lambda v: mp.exp(mp.sin(3 * v)), at) - exact) < mp.mpf(10) ** (4 - digits)


@given(st.floats(-3, 3), st.sampled_from([30, 65, 160]), st.integers(2, 4))
def test_a_higher_slope_has_all_digits_too(x: float, digits: int, count: int) -> None:
    with mp.workdps(digits):
        at = mp.mpf(x)
        exact = 3**count * mp.sin(3 * at + count * mp.pi / 2) + (-2) ** count * mp.exp(-2 * at)
        found = slope(lambda v: mp.sin(3 * v) + mp.exp(-2 * v), at, count)
        assert abs(found - exact) < mp.mpf(10) ** (6 - digits)


def test_the_slope_of_an_integral_has_all_digits_too() -> None:
    z, x, v = sp.Symbol("z", real=True), sp.Symbol("x", real=True), sp.Symbol("v", positive=True)
    bell = sp.exp(-((x - z) ** 2) / v - x**2)
    moving = sp.Derivative(sp.Integral(bell, (x, -sp.oo, sp.oo)), z)
    place = {z: mp.mpf("0.7"), v: mp.mpf("0.3")}
    with mp.workdps(80):
        zed, wide = place[z], place[v]
        total = mp.sqrt(mp.pi * wide / (1 + wide)) * mp.exp(-(zed**2) / (1 + wide))
        exact = total * -2 * zed / (1 + wide)
    assert abs(evaluate(moving, place) - exact) < mp.mpf(10) ** -60


def test_values_are_remembered_by_place_function_and_precision() -> None:
    z, x, f = sp.Symbol("z", real=True), sp.Symbol("x", real=True), sp.Function("f", real=True)
    total = sp.Integral(f(x) * z, (x, 0, 1))
    asked: list[int] = []

    def one(v: mp.mpf) -> mp.mpf:
        asked.append(1)
        return mp.mpf(1) / 3

    def two(v: mp.mpf) -> mp.mpf:
        return mp.mpf(2) / 3

    first = evaluate(total, {z: mp.mpf(3), f: one})
    before = len(asked)
    assert evaluate(total, {z: mp.mpf(3), f: one}) == first
    assert len(asked) == before
    assert abs(first - 1) < 1e-60
    assert abs(evaluate(total, {z: mp.mpf(6), f: one}) - 2) < 1e-60
    assert abs(evaluate(total, {z: mp.mpf(3), f: two}) - 2) < 1e-60
    assert abs(evaluate(total, {z: mp.mpf(1), f: one}) - mp.mpf(1) / 3) < 1e-15
    with mp.workdps(200):
        longer = evaluate(total, {z: mp.mpf(1), f: one}, 200)
        assert abs(longer - mp.mpf(1) / 3) < mp.mpf(10) ** -195


def test_a_random_function_is_remembered_by_argument_and_precision() -> None:
    rng = random.Random(1)
    asked: list[mp.mpf] = []

    def third(x: mp.mpf) -> mp.mpf:
        asked.append(x)
        return x / 3 + rng.randrange(1)

    function = remembered(third)
    with mp.workdps(20):
        short = function(mp.mpf(1))
        assert function(mp.mpf(1)) is short
        assert len(asked) == 1
    with mp.workdps(60):
        assert abs(function(mp.mpf(1)) - mp.mpf(1) / 3) < mp.mpf(10) ** -59
        assert function(mp.mpf(2)) != function(mp.mpf(1))
