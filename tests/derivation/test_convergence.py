"""That integrals without an end converge is proved, said, or the step is refused."""

from __future__ import annotations

from typing import Any

import pytest
import sympy as sp
from briefly import briefly
from sympy import (
    Abs,
    Derivative,
    Integral,
    Max,
    cos,
    exp,
    log,
    oo,
)

from companion.derivation import (
    ANYWHERE,
    Between,
    Chain,
    Density,
    Derivation,
    DerivationError,
    Domain,
    Expectation,
)
from companion.derivation.operators.convergence import CONVERGE, needed
from companion.derivation.vocabulary import function, symbol, z

y, c = symbol("y"), symbol("c")
a, b = symbol("a", positive=True), symbol("b", positive=True)
f, p = function("f"), function("p", positive=True)
LINE = (z, -oo, oo)


def write(left: Any, right: Any, domain: Domain = ANYWHERE) -> Chain:
    line = right, "why"
    return briefly(lambda: Derivation("said").chain("claim", left, line, domain=domain, seconds=10))


def test_a_divergent_integral_of_no_gaussian_is_refused() -> None:
    quartic = exp(-a * z**4), exp((a - b) * z**4)
    nearly = Between(a, 0.1, 1) & Between(b, 0.99999999, 3)
    one, other = Integral(y * sum(quartic), LINE), y * Integral(sum(quartic), LINE)
    with pytest.raises(DerivationError, match=r"the decay in z of an integrand, .* is not proved"):
        write(one, other, nearly)
    assert write(one, other, Between(a, 0.1, 1) & Between(b, 1, 3)).outcomes[0].conditions == 2
    half = Integral(exp(-c * z), (z, 0, oo)), 1 / c
    assert write(*half, Between(c, 0.5, 3)).outcomes[0].conditions == 1
    with pytest.raises(DerivationError, match=r"the decay in z of an integrand, c, is not proved"):
        write(*half, Between(c, -0.00000001, 3))


@pytest.mark.parametrize(
    ("term", "low", "condition"),
    [
        (1 / (1 + z**2), -oo, 1),
        (z / (1 + z**2), -oo, 0),
        (z ** (-a - 1), 1, a),
        (z**3 * exp(-a * z), 1, a),
        (z**3 * exp(-a * z), -oo, None),  # on one of its sides it grows
        (Abs(z) * cos(z) * exp(-a * z**2), -oo, a),
        (log(1 + exp(z)) * exp(-a * z**2), -oo, a),
        (exp(-a * z**6 + z**4), -oo, a),
        (1 / log(z), 2, "unknown"),
        (f(z) * exp(-(z**2)), -oo, "unknown"),
        (exp(exp(z)) * exp(-(z**2)), -oo, "unknown"),
    ],
)
def test_what_convergence_needs_is_read_from_the_integrand(
    term: Any, low: Any, condition: Any
) -> None:
    found = needed(term, z, low, oo)
    if condition == "unknown":
        assert found is None
    else:
        needs = {sp.simplify(expr) for _, expr in found or ()}
        assert needs == ({a, -a} if condition is None else {sp.sympify(condition)})


def test_that_abstract_integrals_converge_is_said() -> None:
    one = Integral(f(z) * p(z) + p(z), LINE), Integral(f(z) * p(z), LINE) + Integral(p(z), LINE)
    assert CONVERGE in write(*one, Density(p))._repr_markdown_()
    sums = Integral(p(z) * (1 + exp(-(z**2))), LINE), Integral(p(z) * exp(-(z**2)), LINE)
    known = write(sums[0], sums[1] + Integral(p(z), LINE), Density(p))
    assert known.outcomes[0].assumed == ()


def test_a_maximum_under_a_slope_under_an_integral_is_no_jump() -> None:
    chain = write(
        Expectation(Derivative(Max(z, 0), z), z) * y, Expectation(Derivative(Max(z, 0), z) * y, z)
    )
    assert chain.outcomes[0].assumed == ()
