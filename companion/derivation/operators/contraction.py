r"""The mean of a product of inner products with a random vector: its indices, in blocks of equal ones.

For independent coordinates of one law :math:`\mathbb{E}[v_i v_j v_k v_l]` is a sum over the ways in which
the four are put into blocks of equal indices, each block with its cumulant. A Gaussian has no cumulant but
the second: the three pairings are left (Isserlis). A random sign has the fourth cumulant -2, so 2 are taken
away where all four are equal. Cumulants are computed from the moments, and these from the law.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import sympy as sp

from ..exact import compute
from .laws import AnyLaw, Independent, Law
from .linear import Act, InnerProduct, VectorSymbol, applied, form, linear
from .traces import over_coordinates, trace_of
from .words import Word, flipped, matrix_of, product

MOST_SLOTS = 8
"""Degree in the random vector up to which the exact route goes."""

Edge = tuple[Any, Word, Any]
"""A word between two ends: the number of a slot for the random vector, or a vector."""

OPEN = sp.Dummy("open")
"""The end of a product that is a vector itself."""


def mean_of_product(factors: list[sp.Expr], law: Law) -> sp.Expr | None:
    """The mean of a product of inner products, each with the random vector in it; None: not known."""
    if not factors:
        return sp.Integer(1)
    edges = _edges(factors, law.args[0])
    if edges is None:
        return None
    slots = sum(isinstance(end, int) for one, _, other in edges for end in (one, other))
    if isinstance(law, AnyLaw):
        return _of_mean(edges, law.args[1]) if slots == 1 else None
    if slots > MOST_SLOTS or (slots != 2 and not isinstance(law, Independent)):
        return None
    total = sp.Integer(0)
    for blocks in _partitions(tuple(range(slots)), law):
        weight = sp.Mul(*(law.cumulant(len(block)) for block in blocks))
        value = _contracted(edges, blocks)
        if value is None:
            return None
        total += weight * value
    return total


def _edges(factors: list[sp.Expr], v: VectorSymbol) -> list[Edge] | None:
    edges: list[Edge] = []
    count = 0

    def end(of: sp.Expr) -> Any:
        nonlocal count
        if of != v:
            return of
        count += 1
        return count - 1

    for factor in factors:
        base, power = factor.as_base_exp()
        if isinstance(base, InnerProduct) and power.is_Integer and power > 0:
            for _ in range(int(power)):
                left, (word, right) = base.args[0], _leg(base.args[1])
                edges.append((end(left), word, end(right)))
        elif power == 1 and (isinstance(base, Act) or base == v):
            word, right = _leg(base)
            edges.append((OPEN, word, end(right)))
        else:
            return None
    return edges


def _leg(part: sp.Expr) -> tuple[Word, sp.Expr]:
    ((leg, number),) = linear(part).items()
    assert number == 1, "inner products are computed, and so those of symbols"
    return leg


def _of_mean(edges: list[Edge], middle: sp.Expr) -> sp.Expr:
    ((one, word, other),) = edges
    one, other = (middle if isinstance(end, int) else end for end in (one, other))
    if one is OPEN:
        return compute(Act(matrix_of(word), other) if word else other)
    return compute(InnerProduct(one, Act(matrix_of(word), other) if word else other))


def _word_matrix(word: Word) -> sp.MatrixExpr:
    from .words import matrix_of

    return matrix_of(word)


def _partitions(slots: tuple[int, ...], law: Law) -> Iterator[list[tuple[int, ...]]]:
    """Every way to put the slots into blocks whose cumulants are known and not 0."""
    if not slots:
        yield []
        return
    first, *rest = slots
    for size in range(1, len(slots) + 1):
        if not law.cumulant(size):
            continue
        for others in combinations(rest, size - 1):
            left = tuple(k for k in rest if k not in others)
            for blocks in _partitions(left, law):
                yield [(first, *others), *blocks]


def _contracted(edges: list[Edge], blocks: list[tuple[int, ...]]) -> sp.Expr | None:
    """The product of edges, summed over one index for each block."""
    edges, value = list(edges), sp.Integer(1)
    for one, other in (block for block in blocks if len(block) == 2):
        first = next(e for e in edges if one in (e[0], e[2]))
        edges.remove(first)
        left, word, right = first if first[2] == one else _turned(first)
        if left == other:  # both ends of one edge
            value *= trace_of(word)
            continue
        second = next(e for e in edges if other in (e[0], e[2]))
        edges.remove(second)
        _, more, end = second if second[0] == other else _turned(second)
        edges.append((left, product(word, more), end))
    for block in (block for block in blocks if len(block) != 2):
        touching = [e for e in edges if e[0] in block or e[2] in block]
        edges = [e for e in edges if e not in touching]
        legs: list[Any] = []
        for edge in touching:
            left, word, right = edge if edge[2] in block else _turned(edge)
            if left in block:
                legs.append(word)
            elif isinstance(left, int) or left is OPEN:
                return None  # two large blocks that meet, or a vector by its coordinates
            else:
                legs.append((flipped(word), left))
        value *= over_coordinates(legs)
    for left, word, right in edges:
        if OPEN in (left, right):
            left, word, right = (
                (left, word, right) if left is OPEN else _turned((left, word, right))
            )
            value *= applied(word, right)
        else:
            value *= form(left, word, right)
    return value


def _turned(edge: Edge) -> Edge:
    left, word, right = edge
    return right, flipped(word), left
