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
from .words import Word, flipped

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
        return _of_mean(edges[0], law.args[1]) if slots == 1 else None
    if slots > MOST_SLOTS or (slots != 2 and not isinstance(law, Independent)):
        return None
    total = sp.Integer(0)
    for blocks in _partitions(tuple(range(slots)), law):
        value = _contracted(edges, blocks)
        if value is None:
            return None
        total += sp.Mul(*(law.cumulant(len(block)) for block in blocks)) * value
    return total


def _edges(factors: list[sp.Expr], v: VectorSymbol) -> list[Edge] | None:
    edges: list[Edge] = []
    slots = iter(range(10**6))

    def end(of: sp.Expr) -> Any:
        return next(slots) if of == v else of

    for factor in factors:
        base, power = factor.as_base_exp()
        if isinstance(base, InnerProduct) and power.is_Integer and power > 0:
            for _ in range(int(power)):
                word, right = _leg(base.args[1])
                edges.append((end(base.args[0]), word, end(right)))
        elif power == 1 and (isinstance(base, Act) or base == v):
            word, right = _leg(base)
            edges.append((OPEN, word, end(right)))
        else:
            return None
    return edges if sum(edge[0] is OPEN for edge in edges) <= 1 else None


def _leg(part: sp.Expr) -> tuple[Word, sp.Expr]:
    ((leg, number),) = linear(part).items()
    assert number == 1, "inner products are computed, and so those of symbols"
    return leg


def _of_mean(edge: Edge, middle: sp.Expr) -> sp.Expr:
    one, word, _ = edge if isinstance(edge[2], int) else _turned(edge)
    return compute(
        applied(word, middle) if one is OPEN else InnerProduct(one, applied(word, middle))
    )


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
    """The product of edges, summed over one index for each block; None for what has no name here."""
    edges, value = list(edges), sp.Integer(1)
    for one, other in (block for block in blocks if len(block) == 2):
        left, word, _ = _taken(edges, one)
        if isinstance(left, int) and left == other:  # both ends of one edge
            value *= trace_of(word)
        else:
            end, more, _ = _taken(edges, other)
            edges.append((left, word + flipped(more), end))
    for block in (block for block in blocks if len(block) != 2):
        legs: list[Any] = []
        for slot in block:
            if not any(_ends(edge, slot) for edge in edges):
                continue  # the other end of an edge that was taken
            left, word, _ = _taken(edges, slot)
            if isinstance(left, int) and left in block:
                legs.append(word)
            elif isinstance(left, int) or left is OPEN:
                return None  # two large blocks that meet, or a vector by its coordinates
            else:
                legs.append((flipped(word), left))
        value *= over_coordinates(legs)
    for edge in edges:
        left, word, right = edge if edge[2] is not OPEN else _turned(edge)
        value *= applied(word, right) if left is OPEN else form(left, word, right)
    return value


def _taken(edges: list[Edge], slot: int) -> Edge:
    """The edge that ends in a slot, taken out of the list, with the slot on its right."""
    found = next(e for e in edges if _ends(e, slot))
    edges.remove(found)
    return found if isinstance(found[2], int) and found[2] == slot else _turned(found)


def _ends(edge: Edge, slot: int) -> bool:
    return any(isinstance(end, int) and end == slot for end in (edge[0], edge[2]))


def _turned(edge: Edge) -> Edge:
    left, word, right = edge
    return right, flipped(word), left
