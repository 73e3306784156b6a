"""Formulas as their code writes them: the order of the source, and brackets where they are needed."""

import pytest

from companion.derivation.written import Written

A, B, C = (Written(name) for name in "abc")

CASES = {
    "a + b": lambda a, b, c: a + b,
    "ab": lambda a, b, c: a * b,
    "a(b + c)": lambda a, b, c: a * (b + c),
    "(a + b)c": lambda a, b, c: (a + b) * c,
    "a/b": lambda a, b, c: a / b,
    "a/(bc)": lambda a, b, c: a / (b * c),
    "ab/c": lambda a, b, c: a * b / c,
    "a/(b/c)": lambda a, b, c: a / (b / c),
    "(a + b)/c": lambda a, b, c: (a + b) / c,
    "1/(a + b)": lambda a, b, c: 1 / (a + b),
    "a^2": lambda a, b, c: a**2,
    "(ab)^2": lambda a, b, c: (a * b) ** 2,
    "(a^2)^3": lambda a, b, c: (a**2) ** 3,
    "a/b^3": lambda a, b, c: a / b**3,
    "-a": lambda a, b, c: -a,
    "-a/(b^2 + c)": lambda a, b, c: -a / (b**2 + c),
    "-(a + b)": lambda a, b, c: -(a + b),
    "a(-b)": lambda a, b, c: a * -b,
    "-ab": lambda a, b, c: -a * b,
    "(-a)^2": lambda a, b, c: (-a) ** 2,
    "1": lambda a, b, c: a**0,
}


@pytest.mark.parametrize("latex", CASES)
def test_a_formula_is_written_as_its_code_says(latex: str) -> None:
    assert str(CASES[latex](A, B, C)) == latex
