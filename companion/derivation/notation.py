"""How names are printed: registered once, beside the symbol."""

from __future__ import annotations

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
