"""False claims that an attack on the ledger got accepted: each is refused, and says why."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sympy as sp
from briefly import briefly

from companion.derivation import (
    ANYWHERE,
    Between,
    Chain,
    Derivation,
    DerivationError,
    Domain,
    Expectation,
    Normal,
    at_least,
    at_most,
)
from companion.derivation.nonnegative import Known, never_negative
from companion.derivation.operators.parts import by_parts
from companion.derivation.positive import positive
from companion.derivation.vocabulary import T, function, i, symbol, u, x, z

y, c, a = symbol("y"), symbol("c"), symbol("a", positive=True)
f, p = function("f"), function("p", positive=True)
n = sp.Symbol("n_0", nonnegative=True)
TINY = sp.Rational(1, 10**50)


def write(left: sp.Expr, right: object, domain: Domain = ANYWHERE) -> Chain:
    line = right, "why"
    return briefly(lambda: Derivation("attack").chain("g1", left, line, domain=domain, seconds=10))


FAR_JUMP = sp.Piecewise((1, z < 30 + x), (2, True))
FALSE: dict[str, Callable[[], object]] = {
    "by parts over a jump": lambda: write(
        Expectation(sp.Derivative(f(z), z) * FAR_JUMP, z) + x * y + y,
        Expectation(z * f(z) * FAR_JUMP, z) + x * y + y,
    ),
    "a moving jump under the integral": lambda: write(
        x
        + sp.Derivative(sp.Integral(f(z) * sp.Piecewise((1, z > y), (0, True)), (z, 5, 9)), y),
        x,
    ),
    "a stationary point that is not in the range": lambda: write(
        2 * x * y,
        at_most(
            x**2
            + y**2
            + sp.Rational(1, 10**12) * (n**3 - 3 * c**2 * n - 2 * c**3 + 1000)
        ),
    ),
    "a sum from a negative index": lambda: write(
        2 * x * y, at_most(x**2 + y**2 + TINY * sp.Sum(i * p(i), (i, -3, T)))
    ),
    "an inner integral that runs backwards": lambda: write(
        y**2 + TINY * sp.Integral(p(z), (z, 0, u), (u, -3, 1)), at_least(0)
    ),
    "an end that is almost 1": lambda: write(
        x, at_least(1 + 0 * y), Between(x, 0.99999999999999, 3)
    ),
    "a variance that is almost never negative": lambda: write(
        Expectation(z**2, Normal(z, y, x - 1)), y**2 + x - 1, Between(x, 0.99999999999999, 3)
    ),
    "a variance that is drawn": lambda: write(
        Expectation(x * z**2, Normal(z, 0, a), Normal(a, 1, 1)), x
    ),
    "a law of itself": lambda: write(
        Expectation(z**2, Normal(z, z, 1)) + x, Expectation(z**2 + x, Normal(z, z, 1))
    ),
    "an empty sum that SymPy counts backwards": lambda: write(
        sp.Sum(i, (i, 3, T)) + x, T * (T + 1) / 2 - 3 + x
    ),
    "equality outside of the domain": lambda: write(
        2 * x * a, at_most(x**2 + a**2, equality={a: -5, x: -5})
    ),
}  # fmt: skip


@pytest.mark.parametrize("claim", FALSE.values(), ids=FALSE.keys())
def test_a_false_claim_is_refused(claim: Callable[[], object]) -> None:
    with pytest.raises(DerivationError):
        claim()


MEANINGLESS: dict[str, tuple[Callable[[], object], str]] = {
    "equality at what is no symbol": (
        lambda: at_least(0, equality={x**2: -1}), "expected a symbol or a function"),
    "an empty range": (lambda: Between(x, 2, 1), "expected low < high"),
    "a range of one point": (lambda: Between(x, 2, 2), "expected low < high"),
}  # fmt: skip


@pytest.mark.parametrize(("claim", "said"), MEANINGLESS.values(), ids=MEANINGLESS.keys())
def test_what_has_no_meaning_is_refused(claim: Callable[[], object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        claim()


def test_the_provers_themselves_do_not_believe_them() -> None:
    """Not only the numbers of a step: these do not depend on which points are drawn."""
    cubic = n**3 - 3 * c**2 * n - 2 * c**3 + 1000
    known = Known(ANYWHERE, lambda expr: positive(expr, ANYWHERE))
    assert never_negative(cubic, known, False) is None
    assert not positive(sp.Sum(i * p(i), (i, -3, T)), ANYWHERE)
    assert not positive(sp.Integral(p(z), (z, 0, u), (u, -3, 1)), ANYWHERE)
    assert not positive(x - 1, Between(x, 0.99999999999999, 3))
    assert positive(x - 1, Between(x, 1, 3))
    step = sp.Piecewise((1, z > 0), (0, True))
    slope = sp.Derivative(f(z), z)
    assert by_parts(slope * step, z) is None
    assert by_parts(slope * sp.sin(z), z) is not None


def test_a_limit_from_below_says_so() -> None:
    h = symbol("h", positive=True)
    shown = write(sp.Limit(sp.atan(1 / h), h, 0, "-") * y, -sp.pi * y / 2)._repr_markdown_()
    assert r"\lim_{h \to 0^-}" in shown
