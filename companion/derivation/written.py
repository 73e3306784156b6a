"""A formula as its code writes it: hand these to a function instead of numbers, and it returns LaTeX.

SymPy would sort the terms; this keeps the order of the source.
"""

from __future__ import annotations

SUM, NEGATIVE, PRODUCT, POWER, ATOM = range(5)
"""How tightly the outermost operator binds."""


class Written:
    """LaTeX text that arithmetic operators extend."""

    def __init__(self, latex: str, binds: int = ATOM) -> None:
        self.latex, self.binds = latex, binds

    def __str__(self) -> str:
        return self.latex

    def _tight(self, least: int) -> str:
        return self.latex if self.binds >= least else f"({self.latex})"

    def __add__(self, other: Written) -> Written:
        return Written(f"{self} + {other}", SUM)

    def __mul__(self, other: Written) -> Written:
        latex = f"{self._tight(NEGATIVE)}{other._tight(PRODUCT)}"
        return Written(latex, NEGATIVE if self.binds == NEGATIVE else PRODUCT)

    def __truediv__(self, other: Written) -> Written:
        latex = f"{self._tight(NEGATIVE)}/{other._tight(POWER)}"
        return Written(latex, NEGATIVE if self.binds == NEGATIVE else PRODUCT)

    def __rtruediv__(self, number: int) -> Written:
        return Written(str(number)) / self

    def __pow__(self, exponent: int) -> Written:
        return Written(f"{self._tight(ATOM)}^{exponent}", POWER) if exponent else Written("1")

    def __neg__(self) -> Written:
        return Written(f"-{self._tight(PRODUCT)}", NEGATIVE)
