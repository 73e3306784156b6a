"""The tactic that reduces sines and cosines: what it proves, and what it must not."""

from __future__ import annotations

import pytest
import sympy as sp

from companion.derivation.symbolic import TACTICS, by_assumptions

x, y = sp.symbols("x y", real=True)
w = sp.Symbol("w")
s, c = sp.sin(x), sp.cos(x)
NOTHING = s**4 - 2 * s**2 + 1 - c**4

TRUE = {
    "circle": (s**2 + c**2, sp.Integer(1)),
    "tangent": (1 + sp.tan(x) ** 2, sp.sec(x) ** 2),
    "cotangent": (1 / s**2 - 1, sp.cot(x) ** 2),
    "secant": (sp.sec(x) * c, sp.Integer(1)),
    "cosecant": (sp.csc(x) * s, sp.Integer(1)),
    "fraction": (s / (1 + c), (1 - c) / s),
    "two angles": ((s**2 + c**2) * (sp.sin(y) ** 4 - sp.cos(y) ** 4), 1 - 2 * sp.cos(y) ** 2),
    "double angle": (sp.cos(2 * x), 1 - 2 * s**2),
    "sum": (sp.sin(x + y) * sp.sin(x - y), s**2 - sp.sin(y) ** 2),
    "sixth powers": (s**6 + c**6, 1 - 3 * s**2 * c**2),
}
FALSE = {
    "a sign": (s**2 - c**2, sp.Integer(1)),
    "a power": (s**3 + c**2, sp.Integer(1)),
    "other angles": (s**2 + sp.cos(y) ** 2, sp.Integer(1)),
    "a factor": (1 + sp.tan(x) ** 2, 2 * sp.sec(x) ** 2),
    "odd in the sine": (s, sp.sqrt(1 - c**2)),  # false where the sine is negative
    "one coefficient of two": (s + s**2 + c**2, sp.Integer(1)),
    "an absolute value": (sp.Abs(c), c),
    "a root of a complex square": (sp.sqrt(sp.cos(w) ** 2), sp.Abs(sp.cos(w))),
    "in a logarithm": (sp.log(s**2), sp.log(c**2)),
    "nothing by nothing": (NOTHING / (s**2 + c**2 - 1), sp.Integer(0)),
    "by a double angle": (NOTHING / (sp.sin(2 * x) - 2 * s * c), sp.Integer(0)),
    "by half an angle": (NOTHING / (s - 2 * sp.sin(x / 2) * sp.cos(x / 2)), sp.Integer(0)),
    "by a sum": (
        NOTHING / (sp.sin(x + y) - s * sp.cos(y) - c * sp.sin(y)),
        sp.Integer(0),
    ),
}


@pytest.mark.parametrize(("left", "right"), TRUE.values(), ids=TRUE.keys())
def test_what_is_true_is_proved(left: sp.Expr, right: sp.Expr) -> None:
    assert TACTICS["trigonometric"](left, right, by_assumptions)


@pytest.mark.parametrize(("left", "right"), FALSE.values(), ids=FALSE.keys())
def test_what_is_false_is_not(left: sp.Expr, right: sp.Expr) -> None:
    assert not TACTICS["trigonometric"](left, right, by_assumptions)
