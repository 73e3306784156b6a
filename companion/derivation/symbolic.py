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
from functools import lru_cache
from typing import Any

import mpmath as mp
import sympy as sp
from sympy.core.function import AppliedUndef

from .numeric import NumericError, compile_expression, relative_error
from .operators import KL, Abbreviation, Expectation, Normal
from .taylor import limit


class TimeLimit(BaseException):
    """The time ran out. Not an Exception, so that no handler on the way can swallow it."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise :class:`TimeLimit` in this (main) thread after ``seconds``; the limit is hard.

    Raises:
        RuntimeError: outside the main thread, where a limit could not be enforced.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("steps are checked in the main thread, where a time limit is enforced")

    def stop(signum: int, frame: Any) -> None:
        raise TimeLimit

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.2)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@dataclass(frozen=True)
class Proof:
    """How a difference was reduced to zero: abbreviations opened ``depth`` times, then ``tactic``."""

    depth: int
    tactic: str


def prove(left: sp.Expr, right: sp.Expr) -> Proof | None:
    """A proof that ``left == right``, or None if no tactic finds one."""
    depths = [d for d in range(_nesting(left, right) + 1) if _worth_trying(d, left, right)]
    cheap = [Proof(d, name) for d in depths for name in TACTICS if name != "simplify"]
    costly = [Proof(d, "simplify") for d in depths]
    return next((proof for proof in cheap + costly if proves(proof, left, right)), None)


def proves(proof: Proof, left: sp.Expr, right: sp.Expr) -> bool:
    """Whether this very proof also establishes ``left == right``."""
    return TACTICS[proof.tactic](*_computed(proof.depth, left, right))


def _computed(depth: int, left: sp.Expr, right: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    atoms: dict[sp.Expr, sp.Dummy] = {}
    a, b = (_to_atoms(compute(open_abbreviations(e, depth)), atoms) for e in (left, right))
    return a, b


def _worth_trying(depth: int, left: sp.Expr, right: sp.Expr) -> bool:
    """Whether the sides agree at one point with the abbreviations still closed; saves time only."""
    a, b = _computed(depth, left, right)
    symbols = sorted(a.free_symbols | b.free_symbols, key=lambda v: v.name)
    point = {v: mp.mpf(0.6 + 0.7 * math.sin(k + 1) ** 2) for k, v in enumerate(symbols)}
    try:
        with mp.workdps(20):
            return bool(relative_error(*(compile_expression(e)(point) for e in (a, b))) < 1e-8)
    except (NumericError, ZeroDivisionError):
        return True


# ------------------------------------------------------------------ computing operators


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


@lru_cache(maxsize=2048)
def compute(expr: sp.Expr) -> sp.Expr:
    """Evaluate every operator in ``expr`` exactly; what cannot be evaluated stays as it is."""
    if not expr.args or isinstance(expr, (Abbreviation, Normal)):
        return expr
    if isinstance(expr, sp.Limit):
        return limit(expr, compute)
    args = [compute(a) for a in expr.args]
    if isinstance(expr, Expectation):
        result = args[0]
        for law in args[1:]:
            result = expectation(result, law)
        return result
    if isinstance(expr, KL):
        return gaussian_kl(*expr.args)
    if isinstance(expr, sp.Integral):
        result = args[0]
        for bounds in args[1:]:
            result = integral(result, bounds)
        return result
    rebuilt = expr.func(*args)
    if isinstance(rebuilt, sp.log):
        return expand_log(rebuilt)
    if isinstance(rebuilt, (sp.Derivative, sp.Sum, sp.Product, sp.Subs)):
        done = rebuilt.doit()
        return compute(done) if done != rebuilt and done.has(sp.Integral) else done
    return rebuilt


def expand_log(expr: sp.log) -> sp.Expr:
    """The log of products and Gaussian densities, written out as a sum."""
    expanded = sp.expand_log(sp.log(sp.factor_terms(expr.args[0])))
    return expanded.replace(
        lambda e: isinstance(e, sp.log) and isinstance(e.args[0], Normal),
        lambda e: sp.expand_log(e.args[0].log_density()),
    )


@lru_cache(maxsize=64)
def standard_moment(n: int) -> sp.Expr:
    """E[u^n] of a standard normal, by SymPy's integral."""
    w = sp.Dummy("w", real=True)
    weight = sp.exp(-(w**2) / 2) / sp.sqrt(2 * sp.pi)
    return sp.integrate(w**n * weight, (w, -sp.oo, sp.oo))


def gaussian_kl(p: Normal, q: Normal) -> sp.Expr:
    """KL(p || q) = E_p[log p - log q], by the moments that SymPy integrates."""
    return sp.expand_log(expectation(p.log_density() - q.log_density(), p))


def expectation(expr: sp.Expr, law: Normal) -> sp.Expr:
    """E[expr], term by term: moments where a term is polynomial, else a Gaussian integral."""
    z, mean, variance = law.args
    total = sp.Integer(0)
    for term in sp.Add.make_args(sp.expand(expr)):
        constant, rest = term.as_independent(z, as_Add=False)
        if rest.is_polynomial(z):
            total += constant * _moment(sp.Poly(rest, z), mean, variance)
        elif _exponent(rest, z) is not None:
            total += constant * integral(rest * law.density(), (z, -sp.oo, sp.oo))
        else:
            total += constant * Expectation(rest, law)
    return total


def _moment(poly: sp.Poly, mean: sp.Expr, variance: sp.Expr) -> sp.Expr:
    return sum(
        c * sp.binomial(n, k) * mean ** (n - k) * variance ** sp.Rational(k, 2) * standard_moment(k)
        for (n,), c in poly.terms()
        for k in range(0, n + 1, 2)
    )


def integral(expr: sp.Expr, bounds: Any) -> sp.Expr:
    """A definite integral, term by term; Gaussian integrals over the line by completing the square."""
    z, low, high = bounds
    expr = expr.replace(lambda e: isinstance(e, Normal) and e.has(z), lambda e: e.density())
    total = sp.Integer(0)
    for term in sp.Add.make_args(sp.expand(sp.powsimp(sp.expand_mul(expr)), power_exp=False)):
        constant, rest = term.as_independent(z, as_Add=False)
        shape = _exponent(rest, z) if (low, high) == (-sp.oo, sp.oo) else None
        if shape is not None:
            total += constant * _gaussian_integral(*shape)
        elif rest.atoms(AppliedUndef):
            # what does not depend on z leaves the integral, exponentials too, so that equal
            # integrals look equal however they came about
            outer, inner = sp.expand(rest, power_exp=True).as_independent(z, as_Add=False)
            value = sp.Integral(sp.powsimp(inner), (z, low, high))
            total += constant * outer * (value.doit() if rest.has(sp.Derivative) else value)
        else:
            total += constant * sp.integrate(rest, (z, low, high))
    return total


def _exponent(expr: sp.Expr, z: sp.Symbol) -> tuple[sp.Poly, sp.Poly] | None:
    """(polynomial, quadratic exponent) if ``expr`` is polynomial(z) * exp(quadratic(z))."""
    factor, exponent = sp.Integer(1), sp.Integer(0)
    for part in sp.Mul.make_args(sp.powsimp(expr)):
        if isinstance(part, sp.exp):
            exponent += part.args[0]
        else:
            factor *= part
    exponent = sp.expand(exponent)
    if not (factor.is_polynomial(z) and exponent.is_polynomial(z)):
        return None
    shape = sp.Poly(exponent, z)
    return (sp.Poly(factor, z), shape) if shape.degree() == 2 else None


def _gaussian_integral(factor: sp.Poly, shape: sp.Poly) -> sp.Expr:
    """Integral of factor(z) exp(-A z^2 + B z + C): complete the square, then SymPy's integrals."""
    minus_a, b, c = (shape.coeff_monomial(k) for k in [shape.gen**2, shape.gen, 1])
    curvature = -sp.factor(minus_a)
    centre = b / (2 * curvature)
    mass = _centred_integral(0).xreplace({_A: curvature})
    moments = sum(
        coefficient * sp.binomial(n, k) * centre ** (n - k)
        * (_centred_integral(k) / _centred_integral(0)).xreplace({_A: curvature})
        for (n,), coefficient in factor.terms()
        for k in range(0, n + 1, 2)
    )  # fmt: skip
    return moments * mass * sp.exp(c + b**2 / (4 * curvature))


_A = sp.Dummy("A", positive=True)


@lru_cache(maxsize=32)
def _centred_integral(n: int) -> sp.Expr:
    w = sp.Dummy("w", real=True)
    return sp.integrate(w**n * sp.exp(-_A * w**2), (w, -sp.oo, sp.oo))


# ------------------------------------------------------------------ reducing to zero


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
    body = sp.cancel(sp.powsimp(sp.expand(expr.args[0]))) if expr.args[0].has(sp.exp) else expr.args[0]
    return expr.func(body, *expr.args[1:]).xreplace({bound: name})


def _identical(a: sp.Expr, b: sp.Expr) -> bool:
    return bool(a == b)


def _expanded(a: sp.Expr, b: sp.Expr) -> bool:
    return bool(sp.expand(a - b) == 0)


def _vanishes(expr: sp.Expr) -> bool:
    """Whether the numerator over a common denominator expands to zero."""
    return bool(sp.expand(sp.together(expr).as_numer_denom()[0]) == 0)


def _rational(a: sp.Expr, b: sp.Expr) -> bool:
    return _vanishes(sp.expand(a - b, power_exp=True))


def _logarithms(a: sp.Expr, b: sp.Expr) -> bool:
    difference = sp.expand_log(
        (a - b).replace(sp.log, lambda arg: sp.log(sp.factor(sp.together(arg))))
    )
    return _vanishes(sp.expand(difference))


def _ratio(a: sp.Expr, b: sp.Expr) -> bool:
    """a = b for products of powers and exponentials: a / b = exp(0) * R * sqrt(Q), R^2 Q = 1, R > 0."""
    if a == 0 or b == 0:
        return False
    exponent, whole, rooted = sp.Integer(0), sp.Integer(1), sp.Integer(1)
    for factor in sp.Mul.make_args(sp.powsimp(sp.expand_power_base(a / b), combine="exp")):
        base, power = factor.as_base_exp()
        if isinstance(factor, sp.exp):
            exponent += factor.args[0]
        elif power.is_Rational and (2 * power).is_Integer:
            whole *= base ** sp.floor(power)
            rooted *= base ** (2 * (power - sp.floor(power)))
        else:
            return False
    whole = sp.factor(whole)
    if whole.has(sp.exp) or rooted.has(sp.exp) or not whole.is_positive:
        return False
    return _vanishes(whole**2 * rooted - 1) and _vanishes(exponent)


def _simplified(a: sp.Expr, b: sp.Expr) -> bool:
    return bool(sp.simplify(a - b) == 0)


TACTICS: dict[str, Callable[[sp.Expr, sp.Expr], bool]] = {
    "identical once computed": _identical,
    "expand": _expanded,
    "rational function": _rational,
    "logarithms": _logarithms,
    "ratio": _ratio,
    "simplify": _simplified,
}
"""Name -> whether the two computed sides are equal. In order of cost."""
