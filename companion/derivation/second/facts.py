"""What is known of a domain, as relations between the values that occur: what a proof may use.

A rule of which nothing is known yields nothing; a proof without it is a proof all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import singledispatch
from itertools import pairwise, permutations
from typing import Any, Protocol

from ..rules import (
    FallingFunction,
    FallingSNR,
    Increasing,
    Rule,
    Uniform,
    UniformInteger,
    UnitVariance,
)
from .values import Value


class Facts(Protocol):
    """The scene in which they are said."""

    def leaf(self, number: Any) -> Value:
        """A number."""

    def symbol(self, name: Any) -> Value:
        """The value of a symbol."""

    def compare(self, relation: str, left: Value, right: Value) -> Any:
        """A relation."""

    def calls(self, head: Any) -> list[tuple[Value, Value]]:
        """Each argument at which a function of one argument occurs, with its value there."""

    def value_at(self, head: Any, argument: Value) -> Value:
        """The value of a function at an argument."""

    def implied(self, premise: Any, conclusion: Any) -> Any:
        """That one relation follows from another."""


@singledispatch
def facts(rule: Rule, scene: Facts) -> Iterable[Any]:
    """The relations that hold by a rule."""
    return ()


@singledispatch
def says_all(rule: Rule) -> bool:
    """Whether every value that `facts` leaves open is one that the rule allows."""
    return False


@says_all.register(Increasing)
@says_all.register(Uniform)
def _(rule: Rule) -> bool:
    return True


@facts.register
def _(rule: Increasing, scene: Facts) -> Iterator[Any]:
    values = [scene.leaf(0), *map(scene.symbol, rule.symbols), scene.leaf(1)]
    for one, next_one in pairwise(values):
        yield scene.compare("<", one, next_one)


@facts.register(Uniform)
@facts.register(UniformInteger)
def _(rule: Any, scene: Facts) -> Iterator[Any]:
    ends = "<" if isinstance(rule, Uniform) else "<="
    value = scene.symbol(rule.symbol)
    yield scene.compare(ends, scene.leaf(rule.low), value)
    yield scene.compare(ends, value, scene.leaf(rule.high))


def _positive(head: Any, scene: Facts) -> Iterator[Any]:
    for _, value in scene.calls(head):
        yield scene.compare(">", value, scene.leaf(0))


@facts.register
def _(rule: FallingFunction, scene: Facts) -> Iterator[Any]:
    yield from _positive(rule.function, scene)
    yield from falls(rule.function, scene)


def falls(head: Any, scene: Facts) -> Iterator[Any]:
    """That a function falls: between every two arguments at which it occurs."""
    for (a, at_a), (b, at_b) in permutations(scene.calls(head), 2):
        yield scene.implied(scene.compare("<", a, b), scene.compare(">", at_a, at_b))


@facts.register(FallingSNR)
@facts.register(UnitVariance)
def _(rule: Any, scene: Facts) -> Iterator[Any]:
    unit = isinstance(rule, UnitVariance)
    times = [a for head in (rule.alpha, rule.sigma) for a, _ in scene.calls(head)]
    pairs = [(a, scene.value_at(rule.alpha, a), scene.value_at(rule.sigma, a)) for a in times]
    for _, alpha, sigma in pairs:
        yield scene.compare(">", alpha, scene.leaf(0))
        yield scene.compare(">", sigma, scene.leaf(0))
        if unit:
            yield scene.compare("==", alpha * alpha + sigma * sigma, scene.leaf(1))
    for (a, alpha, sigma), (b, alpha_b, sigma_b) in permutations(pairs, 2):
        ratio = scene.compare(">", alpha * sigma_b, alpha_b * sigma)
        yield scene.implied(scene.compare("<", a, b), ratio)
