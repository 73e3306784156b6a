r"""Sums over a finite state space of symbolic size, :math:`\sum_{k=a}^{b} f(k)`.

A Kronecker delta in a term picks one state; that it is one is a side condition. An integral of such a sum is
the sum of the integrals. The domain of its symbols is ``masking.InStates``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import mpmath as mp
import sympy as sp
from sympy.core.function import AppliedUndef

from .. import latex, mutants
from ..conditions import conditions, positive_if
from ..exact import compute, exact
from ..needs import Range, ranges
from ..numeric import Compiled, Environment, build, compile_expression, remembered
from ..second import binding, walk
from ..second.scene import Scene
from ..second.values import Value
from ..symbolic import atom
from ..tree import open_names
from .integral import RULES, integral


class OverStates(sp.Expr):
    """What is added up over the states ``k = low, ..., high``: arguments first, the range last."""

    is_extended_real = True

    def __new__(cls, *args: Any) -> Any:
        """Of bodies, and ``(index, low, high)``."""
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


class StateSum(OverStates):
    """The sum of ``body`` over ``index = low, ..., high``: ``StateSum(f(k), (k, 1, V))``."""

    def _eval_is_positive(self) -> bool | None:
        _, low, high = self.range
        return True if self.args[0].is_positive and (high - low).is_nonnegative else None

    def _eval_derivative(self, symbol: sp.Symbol) -> sp.Expr:
        return self.func(self.args[0].diff(symbol), self.args[1])


@ranges.register
def _(node: StateSum) -> tuple[Range, ...]:
    return (Range(*node.range, "sum"),)


# --- the exact route


@exact.register
def _(expr: StateSum) -> sp.Expr:
    index, low, high = expr.range
    total = sp.Integer(0)
    for term in sp.Add.make_args(sp.expand_mul(compute(expr.args[0]))):
        constant, rest = _combined(term).as_independent(index, as_Add=False)
        picked = _picked(rest, index)
        if picked is not None:
            total += constant * picked
        elif rest == 1:
            total += constant * (high - low + 1)
        else:
            total += constant * _canonical(rest, index, low, high)
    return total


def _picked(term: sp.Expr, index: sp.Symbol) -> sp.Expr | None:
    """The sum of a product that has a Kronecker delta of the index among its factors."""
    for factor in sp.Mul.make_args(term):
        delta, power = factor.as_base_exp()
        if isinstance(delta, sp.KroneckerDelta) and power.is_Integer and power > 0:
            state = picked_by(delta, index)
            if state is not None:
                return (term / factor).subs(index, state)
    return None


def picked_by(delta: sp.Expr, index: sp.Symbol) -> sp.Expr | None:
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
    inside = [node for node in sp.preorder_traversal(body) if isinstance(node, OverStates)]
    return max((1 + _depth(sp.Tuple(*node.args[:-1])) for node in inside), default=0)


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


@atom.register
def _(expr: StateSum) -> tuple[sp.Expr, bool]:
    return expr, True


# --- what must hold


@conditions.register
def _(expr: StateSum) -> Iterable[tuple[str, sp.Expr]]:
    body = compute(open_names(expr.args[0]))
    yield from are_states(body, *expr.range)


def are_states(
    body: Any, index: sp.Symbol, low: sp.Expr, high: sp.Expr
) -> Iterable[tuple[str, sp.Expr]]:
    """That what the Kronecker deltas of the index pick are states."""
    for delta in sorted(body.atoms(sp.KroneckerDelta), key=sp.default_sort_key):
        state = picked_by(delta, index)
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
    return remembered(expr, counted(expr.range, body))


def counted(bounds: tuple[sp.Symbol, sp.Expr, sp.Expr], term: Compiled) -> Compiled:
    """The sum of a term over the states, one by one."""
    index = bounds[0]
    first, last = (compile_expression(end) for end in bounds[1:])

    def value(env: Environment) -> Any:
        states = range(int(mp.nint(first(env))), int(mp.nint(last(env))) + 1)
        return mp.fsum(term({**env, index: mp.mpf(k)}) for k in states)

    return value


# --- the second provers: counted out


@walk.value.register
def _(expr: StateSum, scene: Scene) -> Value:
    return binding.added([expr.range], scene, lambda inner: walk.value(expr.args[0], inner))


# --- on the page, and in wrong variants


@latex.typeset.register
def _(expr: StateSum, printer: latex.Printer) -> str:
    index, low, high = map(printer.doprint, expr.range)
    body = printer.doprint(expr.args[0])
    body = rf"\left({body}\right)" if expr.args[0].is_Add else body
    return rf"\sum_{{{index}={low}}}^{{{high}}} {body}"


@latex.own_brackets.register
def _(expr: StateSum, level: int = 0) -> bool:
    return False


@mutants.touched.register
def _(node: StateSum) -> Iterable[int]:
    return (0,)
