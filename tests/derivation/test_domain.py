"""A domain is a frozen value: what it draws is what it is."""

from __future__ import annotations

import random
from typing import Any

import pytest
import sympy as sp

from companion.derivation import (
    ANYWHERE,
    Between,
    Density,
    Derivation,
    DerivationError,
    Domain,
    Falling,
    Integers,
    Ordered,
    Schedule,
    Step,
    VariancePreserving,
    Where,
    check,
)
from companion.derivation.step import Counterexample
from companion.derivation.vocabulary import alpha, function, i, s, sigma, t, u, x, x_hat

f, g = function("f"), function("g")

DOMAINS = [
    lambda: Ordered(s, t),
    lambda: Ordered(t, s),
    lambda: Ordered(s, t, u),
    lambda: Between(t, 0, 1),
    lambda: Between(t, 0, 0.5),
    lambda: Between(s, 0, 1),
    lambda: Integers(i, 1, 4),
    lambda: Integers(i, 1, 5),
    lambda: Where(x > 1),
    lambda: Where(x > 2),
    lambda: Falling(f),
    lambda: Falling(g),
    lambda: Density(f),
    lambda: Schedule(alpha, sigma),
    lambda: VariancePreserving(alpha, sigma),
    lambda: Ordered(s, t) & VariancePreserving(alpha, sigma),
]


def test_domains_are_equal_exactly_when_they_say_the_same() -> None:
    first, second = ([make() for make in DOMAINS] for _ in range(2))
    assert first == second
    assert list(map(hash, first)) == list(map(hash, second))
    assert len(set(first)) == len(DOMAINS)
    assert len({repr(domain) for domain in first}) == len(DOMAINS)


def test_a_rule_without_an_identity_is_refused() -> None:
    def draw(rng: random.Random, environment: dict[Any, Any]) -> None:
        environment[x] = 1

    with pytest.raises(ValueError, match="is no rule: expected a frozen dataclass"):
        Domain(rules=(draw,))  # type: ignore[arg-type]


def test_a_function_has_both_signs_unless_it_is_declared_positive() -> None:
    free, fixed = function("f"), function("g", positive=True)
    places = Domain().points([free(x) + fixed(x)], "signs", 40)
    assert {place[free](place[x]) > 0 for place in places} == {True, False}
    assert all(place[fixed](place[x]) > 0 for place in places)


def test_what_holds_for_positive_functions_only_has_a_counterexample() -> None:
    free = function("f")
    with pytest.raises(DerivationError, match="numeric check failed: left"):
        Derivation("signs").chain("root", sp.Abs(free(x)) + x, (free(x) + x, "as if positive"))


SEPARATE = function("f"), function("q", positive=True)
SUM = SEPARATE[0](x, x_hat) + SEPARATE[0](1, 1), SEPARATE[0](x, 1) + SEPARATE[0](1, x_hat)
PRODUCT = SEPARATE[1](x, x_hat) * SEPARATE[1](1, 1), SEPARATE[1](x, 1) * SEPARATE[1](1, x_hat)
NO_SLOPE = (
    sp.Derivative(SEPARATE[1](x, x_hat), x, x_hat),
    sp.Derivative(SEPARATE[1](x, x_hat), x)
    * sp.Derivative(SEPARATE[1](x, x_hat), x_hat)
    / SEPARATE[1](x, x_hat),
)


@pytest.mark.parametrize("claim", [SUM, PRODUCT, NO_SLOPE], ids=["sum", "product", "slopes"])
def test_a_function_of_two_arguments_does_not_fall_apart(claim: tuple[sp.Expr, sp.Expr]) -> None:
    """It was drawn as a sum of functions of one, and its exponential as a product: points saw no more."""
    with pytest.raises(Counterexample):
        check(Step("planted", *claim, "falls apart", ANYWHERE))
