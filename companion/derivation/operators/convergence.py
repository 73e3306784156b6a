"""Whether integrals without an end converge: proved from how fast the integrand decays, said, or refused.

A term is exp(polynomial) times what grows like a power at most. Where that is known, what must be positive
(the decay of the exponent; of the power, beyond 1) is a side condition. Of abstract functions no machine can
know it: the claim says that it takes convergence for granted, unless it is a density times something bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, singledispatch
from typing import TYPE_CHECKING, Any

import sympy as sp
from sympy.core.function import AppliedUndef

from ..rules import TwoGaussians
from ..symbolic import Positive
from ..tree import open_names

if TYPE_CHECKING:
    from ..domain import Domain

CONVERGE = "assuming that the integrals converge"
"""What is said of a claim in which the convergence of an integral is not proved."""

Piece = tuple[sp.Expr, sp.Symbol, Any, Any]
"""One term of an integrand, with its variable and the ends of its range."""

Conditions = list[tuple[str, sp.Expr]]


@singledispatch
def integrated(node: Any) -> Iterable[Piece]:
    """The terms that a node integrates, each computed, from the innermost variable on."""
    return ()


def convergent(sides: Iterable[sp.Expr], domain: Domain, known: Positive) -> tuple[str, ...]:
    """What is taken for granted of the integrals in the sides of a claim, in words."""
    densities = [rule.function for rule in domain.rules if isinstance(rule, TwoGaussians)]
    for side in map(open_names, sides):
        for node in sp.preorder_traversal(side):
            if any(_unsettled(*piece, densities, known) for piece in integrated(node)):
                return (CONVERGE,)
    return ()


def _unsettled(
    term: sp.Expr, z: sp.Symbol, low: Any, high: Any, densities: list[Any], known: Positive
) -> bool:
    if not {low, high} & {sp.oo, -sp.oo}:
        return False
    if not _abstract(term, z):
        return needed(term, z, low, high) is None
    for factor in sp.Mul.make_args(term):
        if isinstance(factor, AppliedUndef) and factor.func in densities and factor.args == (z,):
            rest = term / factor
            found = None if _abstract(rest, z) else _tails(rest, z, low, high, lambda power: -power)
            return found is None or not all(e.is_nonnegative or known(e) for _, e in found)
    return True


def _abstract(term: sp.Expr, z: sp.Symbol) -> bool:
    hidden = (AppliedUndef, sp.Integral, sp.Derivative, sp.Subs, sp.Sum, sp.Product, sp.Limit)
    return any(z in node.free_symbols for node in term.atoms(*hidden))


@lru_cache(maxsize=512)
def needed(term: sp.Expr, z: sp.Symbol, low: Any, high: Any) -> Conditions | None:
    """What must be positive for the integral of ``term`` to converge far away; None if that is not known."""
    if _abstract(term, z):
        return None
    return _tails(term, z, low, high, lambda power: -1 - power)


def _tails(
    term: sp.Expr, z: sp.Symbol, low: Any, high: Any, room: Callable[[sp.Expr], sp.Expr]
) -> Conditions | None:
    """What must be positive at each end; ``room``: where nothing but a power of this order is left."""
    found: Conditions = []
    for sign in [s for s in (1, -1) if s * sp.oo in (low, high)]:
        far = sp.Dummy("far", real=True)
        one = _tail(term.subs(z, sign * far), far, z.name, room)
        if one is None:
            return None
        found.append(one)
    return list(dict.fromkeys(found))


def _tail(
    term: sp.Expr, z: sp.Symbol, what: str, room: Callable[[sp.Expr], sp.Expr]
) -> tuple[str, sp.Expr] | None:
    factor, exponent = exponential(term)
    power = _order(factor, z)
    if power is None or not exponent.is_polynomial(z):
        return None
    shape = sp.Poly(exponent, z)
    if shape.degree() < 1:
        return f"the decay in {what} of an integrand", room(power)
    word = "curvature" if shape.degree() == 2 else "decay"
    return f"the {word} in {what} of an integrand", -shape.LC()


def exponential(term: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """A product as (factor, exponent), ``factor * exp(exponent)``, the exponent expanded."""
    factor, exponent = sp.Integer(1), sp.Integer(0)
    for part in sp.Mul.make_args(sp.powsimp(term)):
        if isinstance(part, sp.exp):
            exponent += part.args[0]
        else:
            factor *= part
    return factor, sp.expand(exponent)


_BOUNDED = (
    sp.sin, sp.cos, sp.tanh, sp.atan, sp.erf, sp.erfc, sp.sech, sp.sign, sp.Heaviside, sp.KroneckerDelta,
)  # fmt: skip


def _order(expr: sp.Expr, z: sp.Symbol) -> sp.Expr | None:
    """A power of z that ``expr`` does not outgrow, up to logarithms; None if it is not known."""
    if z not in expr.free_symbols or isinstance(expr, _BOUNDED):
        return sp.Integer(0)
    if expr.is_polynomial(z):
        return sp.Integer(sp.Poly(expr, z).degree())
    if isinstance(expr, sp.Pow) and z not in expr.exp.free_symbols:
        power = _order(expr.base, z) if expr.exp.is_nonnegative else _least(expr.base, z)
        return None if power is None else power * expr.exp
    if isinstance(expr, sp.log):
        return _order_of_log(expr.args[0], z)
    if isinstance(expr, sp.Piecewise):
        return _greatest(value for value, _ in expr.args)(z)
    if isinstance(expr, sp.Abs | sp.Max | sp.Min | sp.Add):
        return _greatest(expr.args)(z)
    if isinstance(expr, sp.Mul):
        powers = [_order(a, z) for a in expr.args]
        return None if None in powers else sp.Add(*powers)
    return None


def _greatest(parts: Iterable[sp.Expr]) -> Callable[[sp.Symbol], sp.Expr | None]:
    def of(z: sp.Symbol) -> sp.Expr | None:
        powers = [_order(a, z) for a in parts]
        known = [p for p in powers if p is not None and p.is_number]
        return max(known) if len(known) == len(powers) else None

    return of


def _least(expr: sp.Expr, z: sp.Symbol) -> sp.Expr | None:
    """A power of z that the size of ``expr`` does not fall behind; None if it is not known."""
    if expr.is_polynomial(z):
        shape = sp.Poly(expr, z)
        return sp.Integer(shape.degree()) if shape.LC().is_nonzero else None
    if isinstance(expr, sp.Add) and all(a.is_positive for a in expr.args):
        return sp.Integer(0) if any(z not in a.free_symbols for a in expr.args) else None
    return None


def _order_of_log(expr: sp.Expr, z: sp.Symbol) -> sp.Expr | None:
    """Of log(1 + exp(z)) it is 1, of a logarithm of a polynomial 0."""
    if expr.is_polynomial(z):
        return sp.Integer(0)
    if _least(expr, z) is None or not isinstance(expr, sp.Add):
        return None
    powers = [a.args[0] if isinstance(a, sp.exp) else a for a in expr.args]
    return _greatest(powers)(z)


def conditions_of(pieces: Iterable[Piece]) -> Iterator[tuple[str, sp.Expr]]:
    """The side conditions of these terms: of those of which it is known what must be positive."""
    for term, z, low, high in pieces:
        if {low, high} & {sp.oo, -sp.oo}:
            yield from needed(term, z, low, high) or ()
