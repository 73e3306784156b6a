"""Where an expression is looked at: what its symbols and functions are, and what can be decided."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from copy import copy
from typing import Any

from .values import Bells, Series, Unknown, Value


class Scene(ABC):
    """The values of symbols, and how a kind of leaf answers. A scene is never changed, only copied."""

    def __init__(self, known: dict[Any, Any]) -> None:
        self.known = known
        self.depth = 0

    def bind(self, variable: Any, value: Value) -> Scene:
        """The same scene with a value for one more symbol."""
        other = copy(self)
        other.known = {**self.known, variable: value}
        return other

    def deeper(self) -> tuple[Scene, int]:
        """The same scene inside of what binds one more variable, and that variable's level."""
        other = copy(self)
        other.depth = self.depth + 1
        return other, other.depth

    def symbol(self, name: Any) -> Value:
        """The value of a symbol."""
        if name not in self.known:
            raise Unknown(f"the symbol {name} has no value")
        return self.known[name]

    @abstractmethod
    def leaf(self, number: Any) -> Value:
        """A number."""

    @abstractmethod
    def call(self, head: Any, arguments: list[Value]) -> Value:
        """The value of an undefined function."""

    @abstractmethod
    def positive(self, value: Value) -> bool:
        """Whether a value is seen to be positive."""

    @abstractmethod
    def whole(self, value: Value) -> int | None:
        """The integer that a value is known to be."""

    @abstractmethod
    def compare(self, relation: str, left: Value, right: Value) -> Any:
        """Whether a relation holds."""

    @abstractmethod
    def choose(self, cases: list[tuple[Any, Value]]) -> Value:
        """The value of the first case that holds."""

    def integral(self, f: Callable[[Value], Value], low: Value, high: Value) -> Value:
        """The integral over a finite range of what is no polynomial."""
        raise Unknown("an integral of what is no polynomial")


def decided(value: Value) -> Value:
    """The leaf by which a value is compared: where derivatives are taken, the value itself.

    Raises:
        Unknown: if it depends on what is integrated over.
    """
    if isinstance(value, Series) and (value.length is not None or len(value.terms) == 1):
        return decided(value.terms[0])
    if isinstance(value, Series | Bells):
        raise Unknown("a comparison under an integral")
    return value
