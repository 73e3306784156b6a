"""Sums that stand for integrals, expectations and limits, in mpmath; each checks itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import mpmath as mp

from .columns import NumericError, size

__all__ = ["NumericError", "relative_error"]


def relative_error(left: Any, right: Any) -> Any:
    """|left - right| / max(|left|, |right|), or absolute where one side is exactly zero."""
    scale = max(size(left), size(right)) if left != 0 and right != 0 else mp.mpf(1)
    return size(left - right) / scale


@lru_cache(maxsize=64)
def gauss_hermite(n: int, prec: int) -> tuple[tuple[Any, Any], ...]:
    """Nodes and weights for a standard normal, exact for polynomials of degree 2n - 1."""
    with mp.workprec(prec + 40):
        rows = [[mp.mpf(1)], [mp.mpf(1), mp.mpf(0)]]  # He_k, highest power first
        for k in range(1, n):
            shifted, below = [*rows[k], mp.mpf(0)], [mp.mpf(0), mp.mpf(0), *rows[k - 1]]
            rows.append([a - k * b for a, b in zip(shifted, below, strict=True)])
        nodes = mp.polyroots(rows[n], maxsteps=500, extraprec=400)
        top = mp.factorial(n - 1) / n
        return tuple((x, top / mp.polyval(rows[n - 1], x) ** 2) for x in nodes)


def gaussian_trapezoid(f: Callable[[Any], Any]) -> Any:
    """E f(u), u standard normal, by the trapezoidal rule on two interleaved grids that must agree.

    Raises:
        NumericError: if they do not agree to 45 digits (at the default precision).
    """
    prec = mp.mp.prec
    for _ in range(4):
        step, grids = _trapezoid(prec, mp.mp.prec)
        sums, size = [], mp.mpf(0)
        for grid in grids:
            total = mp.mpf(0)
            for u, weight in grid:
                term = weight * f(u)
                total, size = total + term, size + abs(term)
            sums.append(total * step / mp.sqrt(2 * mp.pi))
        if abs(sums[0] - sums[1]) <= size * mp.mpf(2) ** (-mp.mp.prec * 3 // 4):
            return (sums[0] + sums[1]) / 2
        prec *= 4  # a finer grid and a longer reach
    raise NumericError("an expectation does not settle: is the integrand smooth?")


def gaussian_pieces(f: Callable[[Any], Any], places: list[Any]) -> Any:
    """E f(u), u standard normal, where f is not smooth at ``places``: Gauss-Legendre between them.

    Raises:
        NumericError: if the rules of two degrees do not agree.
    """
    reach = mp.sqrt(2 * (mp.mp.prec + 40) * mp.ln2)
    steps = [reach * k / 6 for k in range(-6, 7)]
    cuts = sorted({*steps, *(p for p in places if -reach < p < reach)})
    total, error = mp.quad(
        lambda u: f(u) * mp.exp(-u * u / 2), cuts, method="gauss-legendre", maxdegree=6, error=True
    )
    if error > max(abs(total), mp.mpf(10) ** -20) * mp.mpf(2) ** (-mp.mp.prec * 3 // 4):
        raise NumericError("an expectation does not settle between the points where it is cut")
    return total / mp.sqrt(2 * mp.pi)


@lru_cache(maxsize=16)
def _trapezoid(fine: int, prec: int) -> tuple[Any, list[list[tuple[Any, Any]]]]:
    """The step of a grid for so many bits, and two interleaved ones: nodes and exp(-u^2 / 2) there."""
    step = mp.pi * mp.sqrt(2 / (fine * mp.ln2))
    reach = int(mp.sqrt(2 * (fine + 40) * mp.ln2) / step) + 1
    grids = []
    for offset in (mp.mpf(0), mp.mpf(1) / 2):
        nodes = [(k + offset) * step for k in range(-reach, reach + 1)]
        grids.append([(u, mp.exp(-u * u / 2)) for u in nodes])
    return step, grids


def line_integral(f: Callable[[Any], Any]) -> Any:
    """The integral of ``f`` over the real line: a trapezoidal sum where ``f`` is not negligible.

    Two interleaved grids must agree; the step is halved until they do.

    Raises:
        NumericError: if ``f`` does not decay, or the grids do not come to agree.
    """
    low, high = _support(f)
    count = 32

    def grid(offset: Any) -> tuple[Any, Any]:
        terms = [f(low + (k + offset) * step) for k in range(count)]
        return sum(terms, mp.mpf(0)) * step, sum(map(abs, terms), mp.mpf(0)) * step

    step = (high - low) / count
    value, size = grid(mp.mpf(0))
    for _ in range(6):
        between, _size = grid(mp.mpf(1) / 2)
        settled = abs(value - between) <= size * mp.mpf(2) ** (-mp.mp.prec * 3 // 4)
        value, count, step = (value + between) / 2, 2 * count, step / 2
        if settled:
            return value
    raise NumericError("an integral over the real line does not settle")


def _support(f: Callable[[Any], Any]) -> tuple[Any, Any]:
    """An interval outside of which ``f`` is smaller than the working precision can see."""
    sizes: dict[int, Any] = {}
    for reach in (10, 20, 40, 80, 160, 320):
        for k in range(-reach, reach + 1):
            if k not in sizes:
                sizes[k] = abs(f(mp.mpf(k)))
        threshold = max(sizes.values()) * mp.eps
        seen = [k for k, size in sizes.items() if size > threshold]
        if seen and -reach < min(seen) and max(seen) < reach:
            return mp.mpf(min(seen) - 1), mp.mpf(max(seen) + 1)
    raise NumericError("an integrand over the real line does not decay")


def extrapolate(f: Callable[[Any], Any], nodes: int = 44) -> Any:
    """lim f(n), n -> oo, from f(4), f(8), ... by polynomial extrapolation in 1/n (Neville)."""
    with mp.workdps(160):
        xs = [mp.mpf(1) / (4 * k) for k in range(1, nodes + 1)]
        row = [f(1 / x) for x in xs]
        estimates = []
        for level in range(1, nodes):
            row = [
                (xs[i + level] * row[i] - xs[i] * row[i + 1]) / (xs[i + level] - xs[i])
                for i in range(nodes - level)
            ]
            estimates.append(row[-1])
        if relative_error(estimates[-1], estimates[-3]) > mp.mpf(10) ** -42:
            raise NumericError("the extrapolation of a limit of sums does not settle")
        return estimates[-1]
