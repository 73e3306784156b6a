"""How names are printed: registered once, beside the symbol."""

from __future__ import annotations

import re
from functools import lru_cache

import sympy as sp

LATEX: dict[str, str] = {}
"""Printed form of symbol and function names that SymPy would print otherwise."""

SUBSCRIPTED: list[str] = []
"""Functions whose argument prints as a subscript."""


def printed_name(name: str) -> str:
    """How a name is printed."""
    return LATEX.get(name, name)


def symbol(name: str, latex: str | None = None, **assumptions: bool) -> sp.Symbol:
    """A SymPy symbol (real unless stated), registered with its printed form."""
    if latex is not None:
        LATEX[name] = latex
    return sp.Symbol(name, **(assumptions or {"real": True}))


def function(
    name: str, latex: str | None = None, *, subscript: bool = False, **assumptions: bool
) -> sp.Function:
    """An undefined function (real unless stated); ``subscript``: print f_t for f(t)."""
    if latex is not None:
        LATEX[name] = latex
    if subscript:
        SUBSCRIPTED.append(name)
    return sp.Function(name, **(assumptions or {"real": True}))


_STYLE = re.compile(r"\\(?:mathrm|mathit|mathbf|mathsf|text|left|right|[,;:!])|[{}\s]")
_NUMBER = re.compile(r"[-+]?[\d.].*|e|\\pi|\\infty|")
_SCRIPT = re.compile(
    r"(?:[_^]|\\(?!(?:[dt]?frac|sqrt)\b)[A-Za-z]+)\s*\{[^{}]*\}|\([^()]*\)|\[[^\[\]]*\]"
)
_ARITHMETIC = re.compile(r"[-+=<>/*]|\\(?:[dt]?frac|sqrt|cdot|times|pm|mp|le|ge)(?![A-Za-z])")


def bare_name(latex: str) -> str:
    """A name without what only styles it: spaces, braces, upright letters."""
    return _STYLE.sub("", latex)


@lru_cache(maxsize=1024)
def refuse_unreadable(latex: str) -> None:
    """Refuse a name that would be read as something else.

    Raises:
        ValueError: for one that reads as a number, or as a sum, a product, a fraction.
    """
    outside, before = latex, ""
    while outside != before:  # what is in scripts, brackets and under accents is part of the name
        outside, before = _SCRIPT.sub("", outside), outside
    if _NUMBER.fullmatch(bare_name(latex)) or _ARITHMETIC.search(outside):
        raise ValueError(
            f"the name {latex!r} reads as a number or an expression: expected a letter, with indices"
        )
