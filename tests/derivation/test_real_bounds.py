"""What is compared is real, and a bound is looked at far away as well."""

from __future__ import annotations

from typing import Any

import pytest
from sympy import (
    acos,
    asin,
    log,
    pi,
    sqrt,
)

from companion.derivation import (
    Between,
    Derivation,
    DerivationError,
    at_least,
    at_most,
)
from companion.derivation.vocabulary import symbol, x

y, a = symbol("y"), symbol("a", positive=True)


@pytest.mark.parametrize(
    ("left", "line"),
    [
        (log(x + 5) ** 2, at_least(0, equality={x: -4})),
        (sqrt(x + 3) ** 4 + sqrt(x + 3), at_least(0, equality={x: -3})),
        (asin(x / 3), at_most(pi / 2 + asin(x / 3) ** 2)),
        (acos(x / 3) ** 2 + 1, at_least(0)),
    ],
)
def test_functions_that_may_not_be_real_are_not_compared(left: Any, line: Any) -> None:
    words = "not proved to be (positive|nonnegative), so that a side may not be real|numeric check failed"
    with pytest.raises(DerivationError, match=words):
        Derivation("said").chain("claim", left, (line, "why"))


def test_functions_that_are_real_are_compared() -> None:
    d, near = Derivation("said"), Between(x, -2, 2)
    assert d.chain("log", log(x + 5) ** 2, (at_least(0, equality={x: -4}), "a square"), domain=near)
    assert d.chain("arc", acos(x / 3) ** 2 + 1, (at_least(0), "a square and 1"), domain=near)
    assert d.chain("root", 2 * sqrt(a) * y, (at_most(a + y**2, equality={y: 0, a: 0}), "a square"))


def test_a_bound_is_looked_at_far_away(monkeypatch: pytest.MonkeyPatch) -> None:
    from companion.derivation import inequality

    monkeypatch.setattr(inequality, "_proved", lambda *_: pytest.fail("got this far"))
    with pytest.raises(DerivationError, match="numeric check failed: left "):
        Derivation("said").chain("far", a, (at_most(100), "near 1 only"))
