"""Choices as values: a schedule, target, weighting or time sampler is a frozen dataclass.

Equality, hash, repr and the identity of a training run are then one thing: two choices are the same
exactly if they are of one class and their fields are equal.
"""

from dataclasses import dataclass, fields
from functools import cache
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
    annotated ``bool`` holds a bool, and one annotated with a kind of choice holds one of them.

    Raises:
        TypeError: if a field is given something of another kind.
        ValueError: if a number is not finite, or outside its domain.
    """

    def __post_init__(self) -> None:
        # mypy takes the __hash__ of the instances for that of the class.
        for name, kind in _kinds(type(self)):  # type: ignore[arg-type]
            value = getattr(self, name)
            if isinstance(kind, type) and issubclass(kind, Choice):
                if not isinstance(value, kind):
                    checks.instance(f"{type(self).__name__}.{name}", value, kind)
            else:
                read = _read(f"{type(self).__name__}.{name}", kind, value)
                object.__setattr__(self, name, read)

    def _require(self, holds: bool, expected: str) -> None:
        """Raise the one ValueError of a domain check: ``expected`` says what must hold."""
        if not holds:
            raise ValueError(f"{type(self).__name__}: expected {expected}, got {self}")


@cache
def _kinds(choice: type) -> list[tuple[str, Any]]:
    """The fields that are looked at, by name, and what each is to hold."""
    plain = (bool, float, float | None, Positive, NonNegative, Count, Scalar)
    return [
        (field.name, field.type)
        for field in fields(choice)
        if field.type in plain or (isinstance(field.type, type) and issubclass(field.type, Choice))
    ]


def _read(name: str, kind: Any, value: Any) -> Any:
    """What a field holds when it is given ``value``."""
    if kind is bool:
        checks.instance(name, value, bool)
        return value
    if kind == Count:
        return checks.count(name, value)
    if (value is None and kind == float | None) or (
        kind == Scalar and not isinstance(value, int | float | str | bytes)
    ):
        return value
    number = checks.number(name, value) + 0.0  # -0.0 + 0.0 is 0.0
    if (kind == Positive and number <= 0) or (kind == NonNegative and number < 0):
        words = "a positive number" if kind == Positive else "a number >= 0"
        raise ValueError(f"{name}: expected {words}, got {number:g}")
    return number
