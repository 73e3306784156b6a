r"""Sums over a finite state space of symbolic size, and the divergence between two laws on it.

* :class:`StateSum` -- :math:`\sum_{k=a}^{b} f(k)`. A Kronecker delta in a term picks one state; that it is
  one is a side condition.
* :class:`FiniteKL` -- :math:`\sum_k p(k) \log p(k)/q(k)`, with :math:`0 \log 0 = 0`; neither need add up to 1.
  A law ``p`` that is made of Kronecker deltas has as many terms as there are states with mass.

An integral of such a sum is the sum of the integrals. The domain of its symbols is :func:`InStates`.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import mpmath as mp
import sympy as sp
from sympy.core.function import AppliedUndef

from .. import latex, mutants
from ..conditions import conditions, positive_if
from ..domain import Domain
from ..exact import compute, exact
from ..notation import printed_name
from ..numeric import Compiled, Environment, NumericError, build, compile_expression, remembered
from ..rules import Order, Rule
from ..symbolic import atom
from ..tree import open_names
from .integral import RULES, integral


class _OverStates(sp.Expr):
    """What is added up over the states ``k = low, ..., high``: arguments first, the range last."""

    is_extended_real = True

    def __new__(cls, *args: Any) -> Any:
        *bodies, (index, low, high) = args
        low = sp.sympify(low)
        if index.is_positive and not low.is_positive:
            raise ValueError(f"{index} is positive: expected states from 1 on, got {low}")
        bodies = [sp.sympify(body) for body in bodies]
        return sp.Expr.__new__(cls, *bodies, sp.Tuple(index, low, sp.sympify(high)))

    @property
    def range(self) -> tuple[sp.Symbol, sp.Expr, sp.Expr]:
        """Index, first and last state."""
        return tuple(self.args[-1])

    @property
    def bound_symbols(self) -> list[sp.Symbol]:
        """The index."""
        return [self.range[0]]

    @property
    def free_symbols(self) -> set[sp.Symbol]:
        """What the value depends on."""
        index, low, high = self.range
        inside = set().union(*(body.free_symbols for body in self.args[:-1]))
        return (inside - {index}) | low.free_symbols | high.free_symbols

    def _eval_subs(self, old: sp.Expr, new: sp.Expr) -> Any:
        index, low, high = self.range
        if old == index:
            return self
        if sp.sympify(new).has(index):  # another name, so that nothing is caught
            other = sp.Dummy(index.name, **index._assumptions_orig)
            bodies = [body.xreplace({index: other}) for body in self.args[:-1]]
            return self.func(*bodies, (other, low, high)).subs(old, new)
        return None


class StateSum(_OverStates):
    """The sum of ``body`` over ``index = low, ..., high``: ``StateSum(f(k), (k, 1, V))``."""

    def _eval_is_positive(self) -> bool | None:
        _, low, high = self.range
        return True if self.args[0].is_positive and (high - low).is_nonnegative else None

    def _eval_derivative(self, symbol: sp.Symbol) -> sp.Expr:
        return self.func(self.args[0].diff(symbol), self.args[1])


class FiniteKL(_OverStates):
    """The divergence of ``p`` from ``q``, nats: ``FiniteKL(p(k), q(k), (k, 1, V))``; 0 log 0 is 0."""


# --- the exact route


@exact.register
def _(expr: StateSum) -> sp.Expr:
    index, low, high = expr.range
    total = sp.Integer(0)
    for term in sp.Add.make_args(sp.expand_mul(compute(expr.args[0]))):
        constant, rest = term.as_independent(index, as_Add=False)
        picked = _picked(rest, index)
        if picked is not None:
            total += constant * picked
        elif rest == 1:
            total += constant * (high - low + 1)
        else:
            total += constant * _canonical(_combined(rest), index, low, high)
    return total


def _picked(term: sp.Expr, index: sp.Symbol) -> sp.Expr | None:
    """The sum of a product that has a Kronecker delta of the index among its factors."""
    for factor in sp.Mul.make_args(term):
        delta, power = factor.as_base_exp()
        if isinstance(delta, sp.KroneckerDelta) and power.is_Integer and power > 0:
            state = _other(delta, index)
            if state is not None:
                return (term / factor).subs(index, state)
    return None


def _other(delta: sp.Expr, index: sp.Symbol) -> sp.Expr | None:
    """The state that a Kronecker delta picks; None if the index is no argument of it by itself."""
    one, other = delta.args[:2]
    if other == index:
        one, other = other, one
    return other if one == index and not other.has(index) else None


def _combined(term: sp.Expr) -> sp.Expr:
    """A product with its factorials in one form."""
    counted = [f for f in sp.Mul.make_args(term) if f.has(*_COUNTING) and not f.has(AppliedUndef)]
    if not counted:
        return term
    rest = term / sp.Mul(*counted)
    return rest * sp.gammasimp(sp.Mul(*counted).rewrite(sp.gamma))


_COUNTING = (sp.binomial, sp.factorial, sp.gamma, sp.beta)


def _canonical(body: sp.Expr, index: sp.Symbol, low: sp.Expr, high: sp.Expr) -> sp.Expr:
    """One name for the index, by how deep sums are nested inside: equal sums are then equal trees."""
    name = sp.Symbol(f"state_{_depth(body)}", **index._assumptions_orig)
    return StateSum(body.xreplace({index: name}), (name, low, high))


def _depth(body: sp.Expr) -> int:
    inside = [node for node in sp.preorder_traversal(body) if isinstance(node, _OverStates)]
    return max((1 + _depth(sp.Tuple(*node.args[:-1])) for node in inside), default=0)


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
        states = [state for f in deltas if (state := _other(f, index)) is not None]
        if not states:
            return None
        found[states[0]] = None
    return list(found)


def _all_differ(states: list[sp.Expr]) -> bool:
    pairs = ((a, b) for k, a in enumerate(states) for b in states[k + 1 :])
    return all(sp.KroneckerDelta(a, b) == 0 for a, b in pairs)


def _at(law: sp.Expr, index: sp.Symbol, state: sp.Expr) -> sp.Expr:
    return compute(law.subs(index, state))


def _termwise(expr: sp.Expr, bounds: Any) -> sp.Expr | None:
    """The integral of a sum as the sum of integrals; in each, the last state is the index and more."""
    if not isinstance(expr, StateSum):
        return None
    index, low, high = expr.range
    body = expr.args[0]
    if bounds[0] in low.free_symbols | high.free_symbols:
        return None
    if not high.is_Symbol:
        return compute(StateSum(integral(body, bounds), expr.args[1]))
    above = sp.Dummy("above", integer=True, nonnegative=True)
    value = integral(body.subs(high, index + above), bounds)
    return compute(StateSum(value.subs(above, high - index), expr.args[1]))


RULES.append(_termwise)


@atom.register(StateSum)
@atom.register(FiniteKL)
def _(expr: sp.Expr) -> tuple[sp.Expr, bool]:
    return expr, True


# --- what must hold


@conditions.register
def _(expr: StateSum) -> Iterable[tuple[str, sp.Expr]]:
    body = compute(open_names(expr.args[0]))
    yield from _are_states(body, *expr.range)


@conditions.register
def _(expr: FiniteKL) -> Iterable[tuple[str, sp.Expr]]:
    index, low, high = expr.range
    p, q = (compute(open_names(law)) for law in expr.args[:2])
    yield from _are_states(sp.Tuple(p, q), index, low, high)
    for state in _support(p, index) or [sp.Dummy(index.name, **index._assumptions_orig)]:
        for law in (p, q):
            yield f"a mass at {state}", _at(law, index, state)


def _are_states(
    body: Any, index: sp.Symbol, low: sp.Expr, high: sp.Expr
) -> Iterable[tuple[str, sp.Expr]]:
    for delta in sorted(body.atoms(sp.KroneckerDelta), key=sp.default_sort_key):
        state = _other(delta, index)
        if state is not None:
            yield f"one more than {state} less {low}", state - low + 1
            yield f"one more than {high} less {state}", high - state + 1


@positive_if.register
def _(expr: StateSum) -> list[sp.Expr]:
    index, low, high = expr.range
    fresh = sp.Dummy(index.name, **index._assumptions_orig)
    return [expr.args[0].xreplace({index: fresh}), high - low + 1]


# --- the numeric route: counted out


@build.register
def _(expr: StateSum) -> Compiled:
    body = compile_expression(expr.args[0])
    return remembered(expr, _counted(expr.range, body))


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

    return remembered(expr, _counted(expr.range, term))


def _counted(bounds: tuple[sp.Symbol, sp.Expr, sp.Expr], term: Compiled) -> Compiled:
    index = bounds[0]
    first, last = (compile_expression(end) for end in bounds[1:])

    def value(env: Environment) -> Any:
        states = range(int(mp.nint(first(env))), int(mp.nint(last(env))) + 1)
        return mp.fsum(term({**env, index: mp.mpf(k)}) for k in states)

    return value


# --- on the page, and in wrong variants


@latex.typeset.register
def _(expr: StateSum, printer: latex.Printer) -> str:
    index, low, high = map(printer.doprint, expr.range)
    body = printer.doprint(expr.args[0])
    body = rf"\left({body}\right)" if expr.args[0].is_Add else body
    return rf"\sum_{{{index}={low}}}^{{{high}}} {body}"


@latex.typeset.register
def _(expr: FiniteKL, printer: latex.Printer) -> str:
    p, q = (printer.doprint(law) for law in expr.args[:2])
    return rf"D_{{\mathrm{{KL}}}}\!\left({p} \,\middle\|\, {q}\right)"


@latex.own_brackets.register
def _(expr: FiniteKL, level: int = 0) -> bool:
    return True


@mutants.touched.register
def _(node: StateSum) -> Iterable[int]:
    return (0,)


@mutants.touched.register
def _(node: FiniteKL) -> Iterable[int]:
    return (0, 1)


# --- where it holds


@dataclass(frozen=True)
class States(Rule):
    """A number of values from 2 to 5, and states among them: ``low <= state <= size``."""

    size: sp.Symbol
    states: tuple[sp.Symbol, ...]

    def draw(self, rng: random.Random, environment: Environment) -> None:  # noqa: D102
        environment[self.size] = mp.mpf(rng.randint(2, 5))
        for state in self.states:
            least = 1 if state.is_positive else 0
            environment[state] = mp.mpf(rng.randint(least, int(environment[self.size])))

    def positive_form(self, expr: sp.Expr, order: Order) -> sp.Expr:  # noqa: D102
        present = [state for state in self.states if state in expr.free_symbols]
        if len(present) != 1:
            return expr  # of several it is known only that each is at most the size
        (state,) = present
        above = sp.Dummy(f"above_{state}", integer=True, nonnegative=True)
        return expr.subs(self.size, state + above)


def InStates(size: sp.Symbol, *states: sp.Symbol) -> Domain:
    """States of a space with ``size`` values: from 1 for a positive symbol, else from 0, the mask.

    Raises:
        ValueError: for a symbol that is not declared an integer that is not negative.
    """
    for symbol in (size, *states):
        if not (symbol.is_integer and symbol.is_nonnegative):
            raise ValueError(f"{symbol}: expected a symbol for an integer that is not negative")
    shown = [printed_name(symbol.name) for symbol in (*states, size)]
    least = 1 if all(state.is_positive for state in states) else 0
    words = rf"${', '.join(shown[:-1])} \in \{{{least}, \dots, {shown[-1]}\}}$" if states else ""
    words = words or f"${shown[-1]}$ a number of values"
    return Domain(rules=(States(size, states),), words=(words,))
