"""The torch route: a float64 counterpart must give the same value and the same gradient.

A counterpart is a callable, or the dotted name of one, which is resolved only here.
Keyword arguments are named as the symbols: ``x_hat``, ``z_t``; a function at a time is
``alpha_t`` (``alpha_s`` at s), and its derivative ``alpha_prime_t``.
"""

from __future__ import annotations

from collections.abc import Callable
from pkgutil import resolve_name
from typing import Any, cast

import mpmath as mp
import sympy as sp
from sympy.core.function import AppliedUndef

from .exact import compute
from .numeric import Environment, evaluate
from .tree import open_names

TOLERANCE = 1e-10
"""Largest relative difference, float64 against 50 digits."""


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
    import torch  # here, so that the ledger itself needs no torch

    function = named(counterpart) if isinstance(counterpart, str) else counterpart

    plain, names = named_arguments(right)
    symbols = list(names.values())
    slopes = [sp.diff(plain, symbol) for symbol in symbols]
    arguments: dict[str, Any] = {}
    columns = {
        symbol: [float(evaluate(node, place)) for place in places] for node, symbol in names.items()
    }
    for symbol, column in columns.items():
        arguments[symbol.name] = torch.tensor(column, dtype=torch.float64, requires_grad=True)
    try:
        values = function(**arguments)
    except TypeError as error:
        raise TorchMismatch(f"it is called with {', '.join(arguments)}, but {error}") from error
    values = values.expand(len(places)) if values.ndim == 0 else values
    tensors = list(arguments.values())
    gradients = torch.autograd.grad(values.sum(), tensors, allow_unused=True)

    worst = 0.0
    for k in range(len(places)):
        # the same float64 numbers that torch got, read exactly
        point = {symbol: mp.mpf(column[k]) for symbol, column in columns.items()}
        pairs = [("value", values[k].item(), plain)] + [
            (f"gradient wrt {symbol.name}", 0.0 if g is None else g[k].item(), slope)
            for symbol, g, slope in zip(symbols, gradients, slopes, strict=True)
        ]
        for what, got, expr in pairs:
            wanted = float(evaluate(expr, point))
            gap = abs(got - wanted) / max(abs(got), abs(wanted), 1e-300)
            if not gap <= TOLERANCE:
                at = ", ".join(f"{s.name} = {float(v):.6g}" for s, v in point.items())
                raise TorchMismatch(f"{what}: torch {got:.12g}, derived {wanted:.12g} at {at}")
            worst = max(worst, gap)
    return worst


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
    for symbol in sorted(expr.free_symbols - set(names.values()), key=lambda a: a.name):
        names[symbol] = symbol
    return expr, names
