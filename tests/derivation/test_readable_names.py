"""A printed name does not read as a number or as another expression."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sympy import (
    Rational,
)

from companion.derivation import (
    Abbreviation,
    Derivation,
    deferred,
)
from companion.derivation.vocabulary import function, symbol, x

y, c = symbol("y"), symbol("c")
f = function("f")


UNREADABLE = [
    "2",
    "-q",
    "x + y",
    "x/2",
    r"\frac{1}{2}",
    r"\pi",
    "e",
    "{3}",
    r"\mathrm{7}",
    "",
    "{x + y}",
]


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_name_that_reads_as_something_else_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="reads as a number or an expression"):
        Abbreviation(name, x)


@pytest.mark.parametrize(
    "name",
    ["q", r"\sigma_{t|s}^2", r"\hat x", r"S(\tfrac{i-1}{T})", r"\mathrm{sig}(- \lambda)", "g_t^2"],
)
def test_a_name_with_indices_and_arguments_is_read(name: str) -> None:
    assert Abbreviation(name, x).latex == name


TWICE: dict[str, Callable[[], Any]] = {
    "a function's value": lambda: Abbreviation("f(x)", y) * f(x),
    "a power of what is there": lambda: Abbreviation("x^2", y) * x,
    "a power in other braces": lambda: Abbreviation("x^{3}", y) * x,
}


@pytest.mark.parametrize("name", TWICE)
def test_a_name_that_reads_as_what_is_there_is_refused(name: str) -> None:
    with deferred(), pytest.raises(ValueError, match=r"and reads as .*: give it another name"):
        Derivation("said").chain("claim", TWICE[name]() + c, (c + Rational(1, 2), "why"))
    with deferred():
        Derivation("said").chain("claim", Abbreviation("x^2", x**2) * x, (x**3, "its own meaning"))
