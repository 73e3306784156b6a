"""Where a claim says nothing: the zeros of what only one of its sides divides by, kinks, and the like.

``(x**2 - 1)/(x - 1) = x + 1`` holds where ``x - 1`` is not zero. That is proved from the domain, or said on
the page. A pole that both sides have is on the page already, on both. Under an integral a pole cannot be said
of a point: that there is none is proved over the whole range, or the step is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import sympy as sp

from .domain import Domain
from .latex import latex
from .needs import Need, Range, needs
from .positive import positive

FEW_TERMS = 64
"""A sum of so many terms is looked at term by term."""


def excluded(left: sp.Expr, right: sp.Expr, domain: Domain) -> tuple[sp.Expr, ...]:
    """What one side divides by, the other does not, and is not proved to be other than zero."""
    one, other = (_divisors(side, domain) for side in (left, right))
    found = [d for d in {**one, **other} if (d in one) != (d in other)]
    return tuple(sorted((d for d in found if not nonzero(d, domain)), key=sp.default_sort_key))


def nonzero(expr: sp.Expr, domain: Domain) -> bool:
    """Whether ``expr`` is proved to be other than zero at every point of ``domain``."""
    believed = expr.has(sp.Sum, sp.Product)  # SymPy believes what was declared of an index
    if (expr.is_nonzero and not believed) or any(positive(e, domain) for e in (expr, -expr)):
        return True
    ratio = sp.powsimp(_ratio(expr))
    if isinstance(ratio, sp.exp) and nonzero(ratio.args[0], domain):
        return True  # exp(u) - 1 is zero only where u is
    if expr.has(sp.sin) and not believed and sp.trigsimp(expr).is_nonzero:
        return True
    named = [r.lhs - r.rhs for r in domain.where if isinstance(r, sp.Ne)]
    return any((expr / sp.factor(away)).cancel().is_number for away in named)


def _poles(side: sp.Expr) -> Iterator[Need]:
    return (need for need in needs(side) if need.kind in ("nonzero", "sign"))


def _ratio(expr: sp.Expr) -> sp.Expr:
    """-b / a of a sum a + b, which is zero only where this is 1; 1 for anything else."""
    terms = sp.Add.make_args(expr)
    return -terms[1] / terms[0] if len(terms) == 2 else sp.Integer(1)


def never(left: sp.Expr, right: sp.Expr, domain: Domain) -> str:
    """Why a claim has no value, or may have none, that cannot be said of a point; empty if it has one."""
    for need in dict.fromkeys(n for side in (left, right) for n in needs(side)):
        expr = domain.insert(need.expr)
        if need.kind == "argument" and not everywhere(expr, need, lambda e: positive(e, domain)):
            return f"a Gamma function has poles, and {expr} is not proved to be positive"
        if need.kind not in ("nonzero", "sign"):
            continue
        if expr.is_zero:
            return "a side is differentiated at a kink, or divides by zero"
        if need.kind == "sign" and not any(positive(e, domain) for e in (expr, -expr)):
            return f"a limit depends on the sign of {expr}, which is not proved"
        over = [r for r in need.ranges if r.kind == "integral"]
        if over and not everywhere(expr, need, lambda e: nonzero(e, domain)):
            where = ", ".join(f"{r.variable} from {r.low} to {r.high}" for r in over)
            return f"under an integral, {expr} is not proved to be other than zero for {where}"
    return ""


def in_sums(left: sp.Expr, right: sp.Expr, domain: Domain) -> tuple[str, ...]:
    """What terms of a sum or product divide by, on one side only and not proved, in words."""
    found: list[dict[tuple[sp.Expr, tuple[Range, ...]], None]] = []
    for side in (left, right):
        found.append({})
        for need in _poles(side):
            if need.ranges and all(r.kind == "sum" for r in need.ranges):
                expr = domain.insert(need.expr)
                if not everywhere(expr, need, lambda e: nonzero(e, domain)):
                    found[-1] |= dict.fromkeys((f, need.ranges) for f in _factors(expr))
    one, other = found
    words = []
    for expr, ranges in {**one, **other}:
        each = ", ".join(latex(r.variable) for r in ranges if r.variable in expr.free_symbols)
        if ((expr, ranges) in one) != ((expr, ranges) in other) and each:
            words.append(rf"where ${latex(expr)} \ne 0$ for every ${each}$")
    return tuple(words)


def _divisors(side: sp.Expr, domain: Domain) -> dict[sp.Expr, None]:
    """The irreducible factors of all denominators of a side; a bound variable is no part of them."""
    factors: dict[sp.Expr, None] = {}
    for need in _poles(side):
        bound = {r.variable for r in need.ranges}
        if not any(r.kind == "integral" for r in need.ranges):
            found = _factors(domain.insert(need.expr))
            factors |= dict.fromkeys(f for f in found if not f.free_symbols & bound)
    return factors


def _factors(base: sp.Expr) -> Iterator[sp.Expr]:
    """The irreducible factors of what must not be zero, without signs and numbers."""
    for factor in sp.Mul.make_args(sp.factor(sp.fraction(sp.together(base))[0])):
        root = factor.as_base_exp()[0]
        if not root.is_number:
            yield -root if root.could_extract_minus_sign() else root


# --- over a range


def everywhere(expr: sp.Expr, need: Need, proved: Callable[[sp.Expr], bool]) -> bool:
    """Whether ``expr``, or each of its factors, is proved wherever the bound variables of a need are."""
    if _everywhere(expr, need.ranges, need.weak, proved):
        return True
    factors = list(_factors(expr)) if need.kind in ("nonzero", "sign") else []
    return bool(factors) and all(_everywhere(f, need.ranges, need.weak, proved) for f in factors)


def _everywhere(
    expr: sp.Expr, ranges: tuple[Range, ...], weak: bool, proved: Callable[[sp.Expr], bool]
) -> bool:
    if not ranges:
        return proved(expr)
    *outer, last = ranges
    z, low, high = last.variable, last.low, last.high

    def at(value: sp.Expr) -> bool:
        return _everywhere(expr.subs(z, value), tuple(outer), weak, proved)

    if z not in expr.free_symbols:
        return _everywhere(expr, tuple(outer), weak, proved)
    if last.kind == "sum":
        if low.is_Integer and high.is_Integer and high - low < FEW_TERMS:
            return all(at(sp.Integer(k)) for k in range(int(low), int(high) + 1))
        count = sp.Dummy("k", integer=True, nonnegative=True)
        return at(low + count) or (high != sp.oo and at(high - count))

    def harmless(end: sp.Expr) -> bool:
        """Whether nothing is the matter at an end: no zero, or a simple one that can be integrated."""
        value = expr.subs(z, end)
        simple = weak and sp.simplify(value) == 0 and proved(sp.diff(expr, z).subs(z, end))
        return simple or at(end)

    share = sp.Dummy("share", positive=True)
    if {low, high} == {-sp.oo, sp.oo}:
        return at(sp.Dummy(z.name, real=True))
    if low.is_infinite or high.is_infinite:
        end = low if high.is_infinite else high
        sign = 1 if sp.oo in (low, high) else -1
        return at(end + sign * share) and harmless(end)
    return at((low + high * share) / (1 + share)) and harmless(low) and harmless(high)
