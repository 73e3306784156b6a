"""The torch route: a float64 counterpart must give the same value and the same gradient.

A counterpart is a callable, or the dotted name of one, which is resolved only here.
Keyword arguments are named as the symbols: ``x_hat``, ``z_t``; a function at a time is
``alpha_t`` (``alpha_s`` at s), and its derivative ``alpha_prime_t``. Of n points a number is given as (n,), a
vector as (n, d), a matrix as (n, d, d); points of one dimension d at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from pkgutil import resolve_name
from typing import Any, cast

import mpmath as mp
import sympy as sp
from sympy.core.function import AppliedUndef

from .columns import Column, Table
from .exact import compute
from .numeric import Environment, evaluate
from .operators.linear import VectorSymbol, dim, is_vector, vector
from .operators.traces import OverCoordinates
from .tree import open_names

TOLERANCE = 1e-10
"""Largest relative difference, float64 against 50 digits."""


Slope = Callable[[Environment], list[float]]


class TorchMismatch(ValueError):
    """The torch counterpart disagrees, or cannot be called."""


def torch_error(
    counterpart: Callable[..., Any] | str, right: sp.Expr, places: list[Environment]
) -> float:
    """The largest relative difference of value and gradients over the points.

    Raises:
        TorchMismatch: if it exceeds ``TOLERANCE``, the name is of nothing that can be called, or the
            callable does not take these arguments.
    """
    function = named(counterpart) if isinstance(counterpart, str) else counterpart
    plain, names = named_arguments(right)
    vectors = any(isinstance(symbol, VectorSymbol) for symbol in names.values())
    added_up = compute(OverCoordinates(plain)) if vectors and is_vector(plain) else plain
    slopes = [_gradient(added_up, symbol) for symbol in names.values()]
    by_dimension: dict[Any, list[Environment]] = {}
    for place in places:
        by_dimension.setdefault(place.get(dim), []).append(place)
    groups = by_dimension.values()
    return max(_error(function, plain, names, slopes, group) for group in groups)


def _error(
    function: Callable[..., Any],
    plain: sp.Expr,
    names: dict[sp.Expr, sp.Symbol],
    slopes: list[Slope],
    places: list[Environment],
) -> float:
    """That over points of one dimension."""
    import torch  # here, so that the ledger itself needs no torch

    given = [{symbol: evaluate(node, place) for node, symbol in names.items()} for place in places]
    arguments = {
        symbol.name: torch.tensor(
            [_floats(point[symbol]) for point in given], dtype=torch.float64, requires_grad=True
        )
        for symbol in names.values()
    }
    try:
        values = function(**arguments)
    except TypeError as error:
        raise TorchMismatch(f"it is called with {', '.join(arguments)}, but {error}") from error
    values = values.expand(len(places)) if values.ndim == 0 else values
    tensors = list(arguments.values())
    gradients = torch.autograd.grad(values.sum(), tensors, allow_unused=True)

    worst = 0.0
    for k, place in enumerate(places):
        # the same float64 numbers that torch got, read exactly
        point = {symbol: _read(arguments[symbol.name][k].tolist()) for symbol in names.values()}
        at = ", ".join(f"{s.name} = {_shown(v)}" for s, v in point.items())
        point |= {dim: place[dim]} if dim in place else {}
        pairs = [("value", values[k], _flat(evaluate(plain, point)))] + [
            (
                f"gradient wrt {symbol.name}",
                tensor.new_zeros(tensor.shape)[k] if g is None else g[k],
                slope(point),
            )
            for symbol, tensor, g, slope in zip(
                names.values(), tensors, gradients, slopes, strict=True
            )
        ]
        for what, tensor, wants in pairs:
            gots = tensor.flatten().tolist()
            if len(gots) != len(wants):
                raise TorchMismatch(f"{what}: torch has {len(gots)} entries, derived {len(wants)}")
            scale = max(1e-300, *map(abs, [*gots, *wants]))
            for got, wanted in zip(gots, wants, strict=True):
                gap = abs(got - wanted) / scale
                if not gap <= TOLERANCE:
                    raise TorchMismatch(f"{what}: torch {got:.12g}, derived {wanted:.12g} at {at}")
                worst = max(worst, gap)
    return worst


def _gradient(plain: sp.Expr, symbol: Any) -> Slope:
    """The gradient of a number at a point: a slope for each entry of the symbol."""
    if not isinstance(symbol, VectorSymbol | sp.MatrixSymbol):
        slope = sp.diff(plain, symbol)
        return lambda point: [float(evaluate(slope, point))]
    step, along = sp.Dummy("step", real=True), _along(symbol)
    moved = sp.MatAdd(symbol, sp.MatMul(step, along)) if symbol.is_Matrix else symbol + step * along
    slope = sp.diff(compute(plain.xreplace({symbol: moved})), step).subs(step, 0)

    def at(point: Environment) -> list[float]:
        units = _units(int(point[dim]), symbol.is_Matrix)
        return [float(evaluate(slope, {**point, along: unit})) for unit in units]

    return at


def _along(symbol: Any) -> Any:
    """A direction in which a vector or a matrix is moved."""
    return sp.MatrixSymbol("a direction", dim, dim) if symbol.is_Matrix else vector("a direction")


def _units(size: int, matrices: bool) -> list[Any]:
    """The vectors, or matrices, with one entry that is 1 and no other, in the order of entries."""
    count = size**2 if matrices else size
    lists = [[mp.mpf(int(i == k)) for i in range(count)] for k in range(count)]
    if not matrices:
        return [Column(entries) for entries in lists]
    return [Table([each[i : i + size] for i in range(0, count, size)]) for each in lists]


# --- numbers, vectors and matrices, of mpmath and of torch


def _floats(value: Any) -> Any:
    """A number as a float, a vector as a list of them, a matrix as a list of lists."""
    if isinstance(value, Table):
        return [[float(a) for a in row] for row in value.rows]
    return [float(a) for a in value.entries] if isinstance(value, Column) else float(value)


def _read(floats: Any) -> Any:
    """What `_floats` was made of, to its precision."""
    if not isinstance(floats, list):
        return mp.mpf(floats)
    if isinstance(floats[0], list):
        return Table([[mp.mpf(a) for a in row] for row in floats])
    return Column([mp.mpf(a) for a in floats])


def _flat(value: Any) -> list[float]:
    floats = _floats(value)
    return floats if isinstance(floats, list) else [floats]


def _shown(value: Any) -> str:
    return f"{float(value):.6g}" if isinstance(value, mp.mpf) else "random"


def named(counterpart: str) -> Callable[..., Any]:
    """What a dotted name means, e.g. ``"diffcore.bounds.step_weight"``.

    Raises:
        TorchMismatch: if there is no such thing, or it cannot be called.
    """
    try:
        function = resolve_name(counterpart)
    except (ImportError, AttributeError, ValueError) as error:
        raise TorchMismatch(f"no counterpart is called {counterpart!r}: {error}") from error
    if not callable(function):
        raise TorchMismatch(f"{counterpart!r} cannot be called: expected the name of a function")
    return cast(Callable[..., Any], function)


def named_arguments(right: sp.Expr) -> tuple[sp.Expr, dict[sp.Expr, sp.Symbol]]:
    """The computed expression in plain symbols, and which node each symbol stands for."""
    expr = compute(open_names(right))
    names: dict[sp.Expr, sp.Symbol] = {}
    nodes = sorted(expr.atoms(sp.Derivative), key=sp.default_sort_key)
    for node in nodes:
        head = node.expr
        prime = "_prime" * int(node.derivative_count)
        names[node] = sp.Symbol(f"{head.func.__name__}{prime}_{head.args[0]}", real=True)
    expr = expr.xreplace(names)
    applied = sorted(expr.atoms(AppliedUndef), key=sp.default_sort_key)
    heads = {
        f: sp.Symbol(f"{f.func.__name__}_{f.args[0]}", positive=f.is_positive) for f in applied
    }
    expr, names = expr.xreplace(heads), names | heads
    for symbol in sorted(expr.free_symbols - {dim, *names.values()}, key=lambda a: a.name):
        names[symbol] = symbol  # the dimension is a shape
    return expr, names
