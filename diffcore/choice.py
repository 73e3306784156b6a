"""Choices as values: a schedule, target, weighting or time sampler is a frozen dataclass.

Equality, hash, repr and the identity of a training run are then one thing: two choices are the same
exactly if they are of one class and their fields are equal.
"""

from dataclasses import dataclass, fields
from typing import Annotated, Any

from diffcore import checks

Scalar = Annotated[Any, "a number, a tensor or a symbolic expression"]
"""What the algebra is done on: it uses arithmetic operators only, so anything that has them will do."""


Positive = Annotated[float, "positive"]
"""A field that holds a finite float greater than 0."""

NonNegative = Annotated[float, "not negative"]
"""A field that holds a finite float of at least 0."""

Count = Annotated[int, "at least 1"]
"""A field that holds a whole number of at least 1."""


@dataclass(frozen=True)
class Choice:
    """A frozen value. A field annotated ``float`` holds a finite float, whatever number it was given.

    So 5 and 5.0, and 0.0 and -0.0, are one value with one repr. A field annotated :data:`Scalar` holds
    its numbers in the same way, and keeps a tensor or a symbol as it is: such a value can be computed
    with, not compared. :data:`Positive`, :data:`NonNegative` and :data:`Count` say more of a number; a field
    annotated with a kind of choice holds one of them.

    Raises:
        TypeError: if a field is given something of another kind.
        ValueError: if a number is not finite, or outside its domain.
    """

    def __post_init__(self) -> None:
        for field in fields(self):
            value, kind = getattr(self, field.name), field.type
            name = f"{type(self).__name__}.{field.name}"
            if kind == Count:
                object.__setattr__(self, field.name, checks.count(name, value))
            elif (
                kind in (float, Positive, NonNegative)
                or (kind == float | None and value is not None)
                or (kind is Scalar and isinstance(value, int | float))
            ):
                number = checks.number(name, value) + 0.0  # -0.0 + 0.0 is 0.0
                if (kind == Positive and number <= 0) or (kind == NonNegative and number < 0):
                    words = "a positive number" if kind == Positive else "a number >= 0"
                    raise ValueError(f"{name}: expected {words}, got {number:g}")
                object.__setattr__(self, field.name, number)
            elif isinstance(kind, type) and issubclass(kind, Choice):
                checks.instance(name, value, kind)

    def _require(self, holds: bool, expected: str) -> None:
        """Raise the one ValueError of a domain check: ``expected`` says what must hold."""
        if not holds:
            raise ValueError(f"{type(self).__name__}: expected {expected}, got {self}")
