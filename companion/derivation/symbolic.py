"""The symbolic route: compute both sides with SymPy, then reduce their difference to zero.

``compute`` evaluates every operator exactly: Gaussian moments and integrals by SymPy's own
integration, derivatives, limits (abstract functions are replaced by their Taylor polynomials with
a remainder that must drop out), sums. ``prove`` then tries a short list of tactics, each of which
can only return zero when the two sides are equal. Mutants are put to the same tactic that proved
the step.
"""

from __future__ import annotations

import math
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import mpmath as mp
import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.polys.fields import sfield

from .exact import compute
from .numeric import NumericError, compile_expression, relative_error
from .operators import Abbreviation, Expectation, Normal


class TimeLimit(BaseException):
    """The time ran out. Not an Exception, so that no handler on the way can swallow it."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise :class:`TimeLimit` in this (main) thread after ``seconds`` of CPU time; the limit is hard.

    CPU time, so that a busy machine does not turn a proof into a failure.

    Raises:
        RuntimeError: outside the main thread, where a limit could not be enforced.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("steps are checked in the main thread, where a time limit is enforced")

    def stop(signum: int, frame: Any) -> None:
        raise TimeLimit

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds, 0.2)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@dataclass(frozen=True)
class Proof:
    """How a difference was reduced to zero: abbreviations opened ``depth`` times, then ``tactic``."""

    depth: int
    tactic: str


def prove(left: sp.Expr, right: sp.Expr) -> Proof | None:
    """A proof that ``left == right``, or None if no tactic finds one."""
    depths = [d for d in range(_nesting(left, right) + 1) if _worth_trying(d, left, right)]
    cheap = [Proof(d, name) for d in depths for name in TACTICS if name != "simplified"]
    costly = [Proof(d, "simplified") for d in depths]
    return next((proof for proof in cheap + costly if proves(proof, left, right)), None)


def proves(proof: Proof, left: sp.Expr, right: sp.Expr) -> bool:
    """Whether this very proof also establishes ``left == right``."""
    return TACTICS[proof.tactic](*_computed(proof.depth, left, right))


def _computed(depth: int, left: sp.Expr, right: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    atoms: dict[sp.Expr, sp.Dummy] = {}
    a, b = (_to_atoms(compute(open_abbreviations(e, depth)), atoms) for e in (left, right))
    return a, b


def _worth_trying(depth: int, left: sp.Expr, right: sp.Expr) -> bool:
    """Whether the sides agree at one point, up to the sign of a root; saves time, decides nothing."""
    a, b = _computed(depth, left, right)
    symbols = sorted(a.free_symbols | b.free_symbols, key=lambda v: v.name)
    point = {v: mp.mpf(0.6 + 0.7 * math.sin(k + 1) ** 2) for k, v in enumerate(symbols)}
    try:
        with mp.workdps(20):
            sizes = [abs(compile_expression(e)(point)) for e in (a, b)]
            return bool(relative_error(*sizes) < 1e-8)
    except (NumericError, ZeroDivisionError):
        return True


def open_abbreviations(expr: sp.Expr, depth: int) -> sp.Expr:
    """Replace the outermost ``depth`` layers of abbreviations by their definitions."""
    for _ in range(depth):
        expr = _open_once(expr)
    return expr


def _open_once(expr: sp.Expr) -> sp.Expr:
    if isinstance(expr, Abbreviation):
        return expr.definition
    if not expr.args or not expr.has(Abbreviation):
        return expr
    return expr.func(*(_open_once(a) for a in expr.args))


def _nesting(*expressions: sp.Expr) -> int:
    depth, rest = 0, list(expressions)
    while any(e.has(Abbreviation) for e in rest):
        depth, rest = depth + 1, [_open_once(e) for e in rest]
    return depth


def _to_atoms(expr: sp.Expr, atoms: dict[sp.Expr, sp.Dummy]) -> sp.Expr:
    """Replace abbreviations, applied functions and unevaluated operators by plain symbols."""
    opaque = (Abbreviation, AppliedUndef, sp.Derivative, sp.Subs)
    if isinstance(expr, Normal):
        expr = expr.density()
    if isinstance(expr, (sp.Integral, Expectation)):
        expr = _canonical(expr)
    if isinstance(expr, (*opaque, sp.Integral, Expectation, sp.Sum, sp.Product, sp.Limit)):
        if expr not in atoms:
            positive = True if expr.is_positive else None
            atoms[expr] = sp.Dummy(f"q{len(atoms)}", real=True, positive=positive)
        return atoms[expr]
    if not expr.args:
        return expr
    return expr.func(*(_to_atoms(a, atoms) for a in expr.args))


def _canonical(expr: sp.Expr) -> sp.Expr:
    """One fixed name for the bound variable and one form of the integrand."""
    bound = expr.args[1].args[0]
    name = sp.Symbol(f"bound_{type(expr).__name__}", real=True)
    body = (
        sp.cancel(sp.powsimp(sp.expand(expr.args[0]))) if expr.args[0].has(sp.exp) else expr.args[0]
    )
    return expr.func(body, *expr.args[1:]).xreplace({bound: name})


def _identical(a: sp.Expr, b: sp.Expr) -> bool:
    return bool(a == b)


def _expanded(a: sp.Expr, b: sp.Expr) -> bool:
    return bool(sp.expand(a - b) == 0)


def _vanishes(expr: sp.Expr) -> bool:
    """Whether ``expr`` is the zero of a field of rational functions (roots and logs as symbols)."""
    return bool(sfield(sp.expand_power_exp(expr))[1] == 0)


def _rational(a: sp.Expr, b: sp.Expr) -> bool:
    return _vanishes(a - b)


def _logarithms(a: sp.Expr, b: sp.Expr) -> bool:
    difference = sp.expand_log(
        (a - b).replace(sp.log, lambda arg: sp.log(sp.factor(sp.together(arg))))
    )
    return _vanishes(difference)


def _ratio(a: sp.Expr, b: sp.Expr) -> bool:
    """a = b for products of powers and exponentials: a / b = exp(0) R sqrt(Q), R^2 Q = 1, R > 0."""
    if a == 0 or b == 0:
        return False
    exponent, whole, rooted = sp.Integer(0), sp.Integer(1), sp.Integer(1)
    for factor in sp.Mul.make_args(sp.powsimp(sp.expand_power_base(a / b), combine="exp")):
        base, power = factor.as_base_exp()
        if isinstance(factor, sp.exp):
            exponent += factor.args[0]
        elif power.is_Integer:
            whole *= factor
        elif (2 * power).is_Integer:  # a root: real on the domain, so positive
            rooted *= base ** (2 * power)
        else:
            return False
    whole = sp.factor(whole)
    if whole.has(sp.exp) or rooted.has(sp.exp) or not whole.is_positive:
        return False
    return _vanishes(whole**2 * rooted - 1) and _vanishes(exponent)


def _simplified(a: sp.Expr, b: sp.Expr) -> bool:
    return bool(sp.simplify(a - b) == 0)


TACTICS: dict[str, Callable[[sp.Expr, sp.Expr], bool]] = {
    "computed": _identical,
    "expanded": _expanded,
    "rational": _rational,
    "logarithms": _logarithms,
    "ratio": _ratio,
    "simplified": _simplified,
}
"""Name -> whether the two computed sides are equal. In order of cost."""
