"""False claims on sums over states, limits and Gamma functions that an attack found accepted."""

from __future__ import annotations

from typing import Any

import pytest
import sympy as sp
from briefly import briefly

from companion.derivation import (
    ANYWHERE,
    Between,
    Derivation,
    DerivationError,
    Domain,
    Expectation,
    Falling,
    Normal,
    Where,
    at_most,
)
from companion.derivation.masking import InStates, V
from companion.derivation.operators.finite_kl import FiniteKL
from companion.derivation.operators.states import StateSum
from companion.derivation.vocabulary import function, i, symbol, x, z

a, b = symbol("a", positive=True), symbol("b", positive=True)
k, n = (symbol(name, positive=True, integer=True) for name in "kn")
y, c, m = symbol("y"), symbol("c"), symbol("m")
w = function("w", positive=True)


def write(left: Any, right: Any, domain: Domain = ANYWHERE) -> None:
    line = right, "why"
    briefly(lambda: Derivation("attack").chain("claim", left, line, domain=domain, seconds=5))


FALSE: dict[str, tuple[Any, ...]] = {
    "a range that is empty for one value": (
        StateSum(a * b, (k, 4, V)), a * b * (V - 3), InStates(V)),
    "a sum whose range is empty for one value": (
        sp.Sum(i * y, (i, 4, V)), y * (V * (V + 1) / 2 - 6), InStates(V)),
    "a divergence over a range that is empty": (
        FiniteKL(a, b, (k, 4, V)), a * sp.log(a / b) * (V - 3), InStates(V)),
    "a limit through a jump": (
        sp.Limit(sp.sign(c + z), z, 0) * y + x, sp.sign(c) * y + x + (c - c)),
    "a pole of the Gamma function": (x * sp.gamma(x) * y, sp.gamma(x + 1) * y),
    "a pole of the factorial": (sp.factorial(x) * y, x * sp.factorial(x - 1) * y),
    "a falling function inside of an expectation": (
        b * Expectation(w(a), Normal(a, m, sp.Rational(1, 100))) + b**2,
        at_most(b * w(0) + b**2), Falling(w) & Between(m, -0.001, 9)),
}  # fmt: skip


@pytest.mark.parametrize("name", FALSE)
def test_a_false_claim_is_refused_or_says_where_it_holds(name: str) -> None:
    try:
        write(*FALSE[name])
    except DerivationError:
        return
    d = Derivation("attack")
    left, right, *domain = FALSE[name]
    (outcome,) = d.chain("claim", left, (right, "why"), domain=(domain or [ANYWHERE])[0]).outcomes
    assert outcome.excluded, "accepted without a word"


TRUE: dict[str, tuple[Any, ...]] = {
    "a sum over all values": (StateSum(a * b, (k, 1, V)), a * b * V, InStates(V)),
    "a limit away from a jump": (
        sp.Limit(sp.sign(a + z), z, 0) * y + x, y + x),
    "the Gamma function of a positive number": (a * sp.gamma(a) * y, sp.gamma(a + 1) * y),
}  # fmt: skip


@pytest.mark.parametrize("name", TRUE)
def test_a_true_claim_is_accepted(name: str) -> None:
    write(*TRUE[name])


def test_where_the_jump_is_not_the_limit_is_accepted() -> None:
    write(sp.Limit(sp.sign(c + z), z, 0) * y + x, sp.sign(c) * y + x, Where(sp.Ne(c, 0)))
