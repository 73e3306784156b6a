"""Each of the two routes runs without the other: they share what ``numeric`` says."""

from __future__ import annotations

import inspect
from typing import Any

import mpmath as mp
import pytest
import sympy as sp

from companion.derivation import KL, Abbreviation, Expectation, Normal, exact, numeric, quadrature
from companion.derivation.tree import open_names
from companion.derivation.vocabulary import eps, function, h, i, symbol, x, z

f = function("f")
m, v = symbol("m"), symbol("v", positive=True)
n = symbol("n", positive=True, integer=True)
LAW = Normal(z, m * x, v)
NAME = Abbreviation("w", (z - m) ** 2 + 1)

EVERY_OPERATOR = [
    Expectation((eps * m + x) ** 4, eps),
    Expectation(sp.log(LAW) * NAME, LAW, Normal(x, 0, v)),
    Expectation(sp.exp(v * eps), eps),
    KL(LAW, Normal(z, 0, v)),
    sp.Integral(NAME * LAW, (z, -sp.oo, sp.oo)),
    sp.Integral(sp.exp(-v * z) * sp.sin(z), (z, 0, 1)),
    sp.Sum(i**2 * m, (i, 1, n)) * sp.Product(i + v, (i, 1, n)),
    sp.Derivative(sp.sin(v * m) * f(m), (m, 2)),
    sp.Subs(sp.Derivative(sp.tanh(z), z), z, v),
    sp.Limit((sp.exp(v * h) - 1) / h, h, 0),
    Expectation(sp.Abs(z - x), Normal(z, m, v))
    + sp.Max(m, x)
    + sp.Piecewise((m, x > m), (x, True)),
    sp.Sum((v / 3) ** i, (i, 0, sp.oo)),
    sp.Limit(m / (1 + sp.exp(-h)), h, -sp.oo),
]
POINT = {m: mp.mpf("0.7"), v: mp.mpf("1.3"), n: mp.mpf(4), x: mp.mpf("0.4"), f: mp.cosh}

ALGEBRA = {
    sp.Basic: ["subs", "replace", "doit", "simplify", "rewrite"],
    sp.Expr: ["expand", "diff", "is_polynomial", "as_independent", "series", "limit", "integrate"],
    sp.core.evalf.EvalfMixin: ["evalf", "n"],
}
FUNCTIONS = [
    "simplify", "expand", "expand_log", "integrate", "limit", "diff", "degree", "Poly", "together",
    "factor", "cancel", "powsimp", "lambdify",
]  # fmt: skip


def never(*args: Any, **options: Any) -> None:
    raise AssertionError("SymPy's algebra was asked")


@pytest.mark.parametrize("expr", EVERY_OPERATOR, ids=str)
def test_the_numeric_route_never_asks_sympys_algebra(
    expr: sp.Expr, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = numeric.evaluate(expr, POINT)
    numeric.compile_expression.cache_clear()
    with monkeypatch.context() as without:
        for kind, names in ALGEBRA.items():
            for name in names:
                without.setattr(kind, name, never)
        for name in FUNCTIONS:
            without.setattr(sp, name, never)
        assert numeric.evaluate(expr, POINT) == wanted


@pytest.mark.parametrize("expr", EVERY_OPERATOR, ids=str)
def test_the_exact_route_never_asks_the_numeric_one(
    expr: sp.Expr, monkeypatch: pytest.MonkeyPatch
) -> None:
    expr = open_names(expr)
    wanted = exact.compute(expr)
    exact.compute.cache_clear()
    monkeypatch.setattr(numeric, "compile_expression", never)
    monkeypatch.setattr(numeric, "build", never)
    for name, rule in inspect.getmembers(quadrature, inspect.isfunction):
        monkeypatch.setattr(quadrature, name, never)
        assert rule is not never
    assert exact.compute(expr) == wanted


def test_floats_are_refused_and_rationals_are_read_as_two_integers() -> None:
    with pytest.raises(numeric.NumericError, match="does not know Float"):
        numeric.evaluate(sp.Float("0.1") * x, POINT)
    with mp.workdps(numeric.WORKING_DIGITS):
        assert numeric.evaluate(sp.Rational(1, 10), {}) == mp.mpf(1) / 10
