"""The Kullback-Leibler divergence of two laws on a finite state space of symbolic size."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import mpmath as mp
import sympy as sp

from .. import latex, mutants
from ..conditions import conditions
from ..exact import compute, exact
from ..numeric import Compiled, Environment, NumericError, build, compile_expression, remembered
from ..second import binding, walk
from ..second.scene import Scene
from ..second.values import Value
from ..symbolic import atom
from ..tree import open_names
from .states import OverStates, StateSum, are_states, counted, picked_by


class FiniteKL(OverStates):
    """The divergence of ``p`` from ``q``, nats: ``FiniteKL(p(k), q(k), (k, 1, V))``; 0 log 0 is 0.

    Neither need add up to 1. A law ``p`` made of Kronecker deltas has as many terms as states with mass.
    """


# --- the exact route


@exact.register
def _(expr: FiniteKL) -> sp.Expr:
    """Of a law with deltas, one term for each state with mass; of any other, the sum."""
    index, low, high = expr.range
    p, q = (compute(law) for law in expr.args[:2])
    states = _support(p, index)
    if states is None:
        return compute(StateSum(p * sp.log(p / q), (index, low, high)))
    if not _all_differ(states):
        return expr.func(p, q, expr.args[-1])
    masses = [(_at(p, index, k), _at(q, index, k)) for k in states]
    return sp.Add(*(mass * compute(sp.log(mass / other)) for mass, other in masses))


def _support(p: sp.Expr, index: sp.Symbol) -> list[sp.Expr] | None:
    """The states that a sum of Kronecker deltas gives mass to; None if it is none."""
    found: dict[sp.Expr, None] = {}
    for term in sp.Add.make_args(sp.expand_mul(p)):
        deltas = [f for f in sp.Mul.make_args(term) if isinstance(f, sp.KroneckerDelta)]
        states = [state for f in deltas if (state := picked_by(f, index)) is not None]
        if not states:
            return None
        found[states[0]] = None
    return list(found)


def _all_differ(states: list[sp.Expr]) -> bool:
    pairs = ((a, b) for k, a in enumerate(states) for b in states[k + 1 :])
    return all(sp.KroneckerDelta(a, b) == 0 for a, b in pairs)


def _at(law: sp.Expr, index: sp.Symbol, state: sp.Expr) -> sp.Expr:
    return compute(law.subs(index, state))


@atom.register
def _(expr: FiniteKL) -> tuple[sp.Expr, bool]:
    return expr, True


# --- what must hold


@conditions.register
def _(expr: FiniteKL) -> Iterable[tuple[str, sp.Expr]]:
    index, low, high = expr.range
    p, q = (compute(open_names(law)) for law in expr.args[:2])
    yield from are_states(sp.Tuple(p, q), index, low, high)
    for state in _support(p, index) or [sp.Dummy(index.name, **index._assumptions_orig)]:
        for law in (p, q):
            yield f"a mass at {state}", _at(law, index, state)


# --- the numeric route: counted out


@build.register
def _(expr: FiniteKL) -> Compiled:
    mass, other = (compile_expression(law) for law in expr.args[:2])

    def term(env: Environment) -> Any:
        p = mass(env)
        if p == 0:
            return mp.mpf(0)
        q = other(env)
        if not (p > 0 and q > 0):
            raise NumericError("a divergence of what is not positive")
        return p * (mp.log(p) - mp.log(q))

    return remembered(expr, counted(expr.range, term))


# --- the second provers: counted out


@walk.value.register
def _(expr: FiniteKL, scene: Scene) -> Value:
    def term(inner: Scene) -> Value:
        p, q = (walk.value(law, inner) for law in expr.args[:2])
        if inner.compare("==", p, inner.leaf(0)) is True:
            return p
        return p * (p.apply("log") - q.apply("log"))

    return binding.added([expr.range], scene, term)


# --- on the page, and in wrong variants


@latex.typeset.register
def _(expr: FiniteKL, printer: latex.Printer) -> str:
    p, q = (printer.doprint(law) for law in expr.args[:2])
    return rf"D_{{\mathrm{{KL}}}}\!\left({p} \,\middle\|\, {q}\right)"


@latex.own_brackets.register
def _(expr: FiniteKL, level: int = 0) -> bool:
    return True


@mutants.touched.register
def _(node: FiniteKL) -> Iterable[int]:
    return (0, 1)
