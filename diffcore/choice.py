"""Choices as values: a schedule, target, weighting or time sampler is a frozen dataclass.

Equality, hash, repr and the identity of a training run are then one thing: two choices are the same
exactly if they are of one class and their fields are equal.
"""

import math
from dataclasses import dataclass, fields
from typing import Annotated, Any

Scalar = Annotated[Any, "a number, a tensor or a symbolic expression"]
"""What the algebra is done on: it uses arithmetic operators only, so anything that has them will do."""


@dataclass(frozen=True)
class Choice:
    """A frozen value. A field annotated ``float`` holds a finite float, whatever number it was given.

    So 5 and 5.0, and 0.0 and -0.0, are one value with one repr. A field annotated :data:`Scalar` holds
    its numbers in the same way, and keeps a tensor or a symbol as it is: such a value can be computed
    with, not compared.

    Raises:
        ValueError: if a number is not finite.
    """

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            always = field.type in (float, "float")
            given = field.type in (float | None, "float | None") and value is not None
            number = field.type in (Scalar, "Scalar") and isinstance(value, int | float)
            if always or given or number:
                object.__setattr__(self, field.name, self._finite(field.name, value))

    def _finite(self, name: str, value: Any) -> float:
        number = float(value) + 0.0  # -0.0 + 0.0 is 0.0
        if not math.isfinite(number):
            raise ValueError(f"{type(self).__name__}.{name}: a finite number expected, got {value}")
        return number

    def _require(self, holds: bool, expected: str) -> None:
        """Raise the one ValueError of a domain check: ``expected`` says what must hold."""
        if not holds:
            raise ValueError(f"{expected} expected: got {self}")
