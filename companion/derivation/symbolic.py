"""The symbolic route: compute both sides with SymPy, then reduce their difference to zero.

``compute`` evaluates every operator exactly: Gaussian moments and integrals by SymPy's own
integration, derivatives, limits (abstract functions are replaced by their Taylor polynomials with
a remainder that must drop out), sums. ``prove`` then tries a short list of tactics, each of which
can only return zero when the two sides are equal. Mutants are put to the same tactic that proved
the step.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, singledispatch
from itertools import combinations
from typing import Any

import mpmath as mp
import sympy as sp
from sympy.polys.fields import sfield
from sympy.polys.orderings import lex
from sympy.polys.rings import PolyRing

from .exact import compute
from .numeric import NumericError, compile_expression, relative_error
from .tree import nesting, open_names, pointwise


@dataclass(frozen=True)
class Proof:
    """How a difference was reduced to zero: abbreviations opened ``depth`` times, then ``tactic``."""

    depth: int
    tactic: str


Positive = Callable[[sp.Expr], bool]
"""Whether an expression is proved to be positive where the claim is made."""


def by_assumptions(expr: sp.Expr) -> bool:
    """What is positive anywhere, by the assumptions of its symbols."""
    return bool(open_names(expr).is_positive)


def prove(left: sp.Expr, right: sp.Expr, positive: Positive = by_assumptions) -> Proof | None:
    """A proof that ``left == right``, or None if no tactic finds one."""
    cheap = [name for name in TACTICS if name != "simplified"]
    depths = []
    for depth in range(max(nesting(left), nesting(right)) + 1):
        if _worth_trying(depth, left, right):
            depths.append(depth)
            for name in cheap:
                if proves(Proof(depth, name), left, right, positive):
                    return Proof(depth, name)
    costly = (Proof(depth, "simplified") for depth in depths)
    return next((proof for proof in costly if proves(proof, left, right, positive)), None)


def proves(
    proof: Proof, left: sp.Expr, right: sp.Expr, positive: Positive = by_assumptions
) -> bool:
    """Whether this very proof also establishes ``left == right``."""
    a, b, atoms = _computed(proof.depth, left, right)
    back = {dummy: expr for expr, dummy in atoms.items()}
    return TACTICS[proof.tactic](a, b, lambda expr: positive(expr.xreplace(back)))


@lru_cache(maxsize=32)
def _computed(
    depth: int, left: sp.Expr, right: sp.Expr
) -> tuple[sp.Expr, sp.Expr, dict[sp.Expr, sp.Dummy]]:
    a, known = _in_atoms(depth, left)
    atoms = dict(known)
    return a, _to_atoms(compute(open_names(right, depth)), atoms), atoms


@lru_cache(maxsize=32)
def _in_atoms(depth: int, left: sp.Expr) -> tuple[sp.Expr, dict[sp.Expr, sp.Dummy]]:
    """The left side computed: the same for every wrong variant of the right."""
    atoms: dict[sp.Expr, sp.Dummy] = {}
    return _to_atoms(compute(open_names(left, depth)), atoms), atoms


def _worth_trying(depth: int, left: sp.Expr, right: sp.Expr) -> bool:
    """Whether the sides agree at one point, up to the sign of a root; saves time, decides nothing."""
    a, b, _ = _computed(depth, left, right)
    symbols = sorted(a.free_symbols | b.free_symbols, key=lambda v: v.name)
    point = {v: mp.mpf(0.6 + 0.7 * math.sin(k + 1) ** 2) for k, v in enumerate(symbols)}
    try:
        with mp.workdps(20):
            sizes = [abs(compile_expression(e)(point)) for e in (a, b)]
            return bool(relative_error(*sizes) < 1e-8)
    except (NumericError, ZeroDivisionError):
        return True


@singledispatch
def atom(expr: Any) -> tuple[sp.Expr, bool]:
    """The form in which a node that is left is compared, and whether it is one opaque symbol there.

    An operator that has not registered is opaque: what it binds is never mixed with what is outside.
    """
    return expr, bool(expr.args) and not pointwise(expr)


_atom = lru_cache(maxsize=2048)(atom)


def _to_atoms(expr: sp.Expr, atoms: dict[sp.Expr, sp.Dummy]) -> sp.Expr:
    """Replace names, applied functions and unevaluated operators by plain symbols."""
    expr, opaque = _atom(expr)
    if opaque:
        if expr not in atoms:
            positive = True if expr.is_positive else None
            atoms[expr] = sp.Dummy(f"q{len(atoms)}", real=True, positive=positive)
        return atoms[expr]
    if not expr.args:
        return expr
    return expr.func(*(_to_atoms(a, atoms) for a in expr.args))


def _identical(a: sp.Expr, b: sp.Expr, positive: Positive) -> bool:
    return bool(a == b)


def _expanded(a: sp.Expr, b: sp.Expr, positive: Positive) -> bool:
    return bool(_expand(a) == _expand(b))


_expand = lru_cache(maxsize=64)(sp.expand)


def _vanishes(expr: sp.Expr) -> bool:
    """Whether ``expr`` is the zero of a field of rational functions (roots and logs as symbols)."""
    expr = sp.expand_power_exp(expr)
    try:
        ring = PolyRing(sorted(expr.free_symbols, key=sp.default_sort_key), sp.QQ, lex)
        top, bottom = (ring.from_expr(part) for part in expr.as_numer_denom())
    except ValueError:  # roots, logs and the like, which are symbols of the field
        return bool(sfield(expr)[1] == 0)
    if not bottom:
        raise ZeroDivisionError(f"a denominator of {expr} vanishes")
    return not top


def _rational(a: sp.Expr, b: sp.Expr, positive: Positive) -> bool:
    return _vanishes(a - b)


def _logarithms(a: sp.Expr, b: sp.Expr, positive: Positive) -> bool:
    difference = sp.expand_log(
        (a - b).replace(sp.log, lambda arg: sp.log(sp.factor(sp.together(arg))))
    )
    return _vanishes(difference)


def _ratio(a: sp.Expr, b: sp.Expr, positive: Positive) -> bool:
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
        elif (2 * power).is_Integer and positive(base):
            rooted *= base ** (2 * power)
        else:
            return False
    whole = sp.factor(whole)
    if whole.has(sp.exp) or rooted.has(sp.exp) or not whole.is_positive:
        return False
    return _vanishes(exponent) and _vanishes(whole**2 * rooted - 1)


_QUOTIENTS = {
    sp.tan: lambda x: sp.sin(x) / sp.cos(x),
    sp.cot: lambda x: sp.cos(x) / sp.sin(x),
    sp.sec: lambda x: 1 / sp.cos(x),
    sp.csc: lambda x: 1 / sp.sin(x),
}


def _trigonometric(a: sp.Expr, b: sp.Expr, positive: Positive) -> bool:
    """With 1 - cos^2 for each sin^2, the numerator of a - b is 0 and its denominator is not.

    Sines of sums and multiples are expanded; of an angle and a fraction of it nothing is proved, for they
    are no independent unknowns: sin x - 2 sin(x/2) cos(x/2) would be taken for a number other than 0.
    """
    difference = a - b
    for function, quotient in _QUOTIENTS.items():
        difference = difference.replace(function, quotient)
    difference = sp.expand_trig(difference)
    angles = {f.args[0] for f in difference.atoms(sp.sin, sp.cos)}
    if any((one / other).is_Rational for one, other in combinations(angles, 2)):
        return False
    try:
        top, bottom = map(_without_squares, sp.together(difference).as_numer_denom())
    except sp.PolynomialError:
        return False
    return all(map(_vanishes, top)) and not all(map(_vanishes, bottom))


def _without_squares(expr: sp.Expr) -> list[sp.Expr]:
    """The coefficients of a polynomial in sines once each sin^2 is 1 - cos^2: all vanish where it does.

    Raises:
        PolynomialError: if it is none.
    """
    rest = [expr]
    for angle in {f.args[0] for f in expr.atoms(sp.sin, sp.cos)}:
        sine, cosine = sp.Dummy("s"), sp.Dummy("c")  # not real where the angle is not
        names = {sp.sin(angle): sine, sp.cos(angle): cosine}
        circle = sp.Poly(sine**2 + cosine**2 - 1, sine)
        polynomials = [sp.Poly(sp.expand(e.xreplace(names)), sine) for e in rest]
        rest = [c for p in polynomials for c in p.rem(circle).all_coeffs()]
    return rest


def _simplified(a: sp.Expr, b: sp.Expr, positive: Positive) -> bool:
    return bool(sp.simplify(a - b) == 0)


TACTICS: dict[str, Callable[[sp.Expr, sp.Expr, Positive], bool]] = {
    "computed": _identical,
    "expanded": _expanded,
    "rational": _rational,
    "logarithms": _logarithms,
    "ratio": _ratio,
    "trigonometric": _trigonometric,
    "simplified": _simplified,
}
"""Name -> whether the two computed sides are equal, given what is positive. In order of cost."""
