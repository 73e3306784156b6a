"""The functions that random functions are made of, for whatever kind of number they are asked with.

The numeric route asks with mpmath numbers; ``second`` with balls, power series and polynomials, and registers
how it computes each.
"""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import mpmath as mp


@singledispatch
def exp(number: Any) -> Any:
    """e to the power of a number."""
    return mp.exp(number)


@singledispatch
def sin(number: Any) -> Any:
    """The sine of a number."""
    return mp.sin(number)


@singledispatch
def sqrt(number: Any) -> Any:
    """The square root of a number that is not negative."""
    return mp.sqrt(number)


@singledispatch
def root_of_two_pi(like: Any) -> Any:
    """The square root of 2 pi, as the same kind of number."""
    return mp.sqrt(2 * mp.pi)
