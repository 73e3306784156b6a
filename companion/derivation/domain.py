"""Where a step is claimed to hold, and how random admissible points are drawn from there.

A symbol that no rule mentions is drawn from what its SymPy assumptions allow (positive, real,
positive integer). An undefined function of t is drawn as a random smooth function; the pair
alpha, sigma of ``vocabulary`` is drawn as a random noise schedule: positive, smooth, SNR strictly
falling, alpha^2 + sigma^2 free. So nothing holds only because a schedule preserves variance,
unless the domain says ``VariancePreserving()``.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import mpmath as mp
import sympy as sp
from sympy.core.function import AppliedUndef, UndefinedFunction

from .numeric import Environment, NumericError, evaluate
from .vocabulary import alpha, sigma

Draw = Callable[[random.Random, Environment], None]
"""A rule: fills its symbols or functions into the environment."""


class DomainError(ValueError):
    """No admissible point can be drawn."""


@dataclass(frozen=True)
class Domain:
    """A set of admissible points; ``a & b`` is both.

    Attributes:
        rules: how particular symbols or functions are drawn.
        where: conditions that every point must satisfy (SymPy relations).
        words: the same in LaTeX/Markdown words, for the page.
        given: functions that are known in terms of others here; the symbolic route may use it.
    """

    rules: tuple[Draw, ...] = ()
    where: tuple[Any, ...] = ()
    words: tuple[str, ...] = ()
    given: tuple[tuple[UndefinedFunction, Callable[[sp.Expr], sp.Expr]], ...] = ()

    def __and__(self, other: Domain) -> Domain:
        return Domain(
            self.rules + other.rules,
            self.where + other.where,
            self.words + other.words,
            self.given + other.given,
        )

    def insert(self, expr: sp.Expr) -> sp.Expr:
        """``expr`` with what is given here put in."""
        for function, value in self.given:
            expr = expr.replace(function, value)
        return expr

    def points(self, expressions: Iterable[sp.Expr], seed: str, count: int) -> list[Environment]:
        """``count`` admissible points for every symbol and function in ``expressions``.

        Raises:
            DomainError: when the conditions reject 2,000 draws in a row.
        """
        rng = random.Random(seed)
        atoms = _unknowns(expressions)
        rules = (ANY_SCHEDULE.rules if alpha in atoms or sigma in atoms else ()) + self.rules
        points: list[Environment] = []
        rejected = 0
        while len(points) < count:
            environment: Environment = {}
            for rule in rules:
                rule(rng, environment)
            for atom in atoms:
                if atom not in environment:
                    environment[atom] = _default(atom, rng)
            if all(_holds(condition, environment) for condition in self.where):
                points.append(environment)
                rejected = 0
            elif (rejected := rejected + 1) >= 2000:
                raise DomainError(
                    f"the domain is empty: 2,000 draws in a row violate {list(self.where)}"
                )
        return points


ANYWHERE = Domain()
"""Every symbol as its assumptions allow, any smooth schedule."""


def uniform(rng: random.Random, low: float, high: float) -> Any:
    """A random number that is exact at every precision (a 40-bit fraction)."""
    return mp.mpf(low) + (mp.mpf(high) - mp.mpf(low)) * mp.mpf(rng.getrandbits(40)) / 2**40


def Ordered(*symbols: sp.Symbol) -> Domain:
    """0 < first < ... < last < 1, at least 0.05 apart."""

    def draw(rng: random.Random, environment: Environment) -> None:
        cuts = sorted(uniform(rng, 0, 1) for _ in symbols)
        room = mp.mpf(1) - mp.mpf("0.05") * (len(symbols) + 1)
        for k, (symbol, cut) in enumerate(zip(symbols, cuts, strict=True)):
            environment[symbol] = cut * room + mp.mpf("0.05") * (k + 1)

    return Domain(rules=(draw,), words=("$0 < " + " < ".join(map(str, symbols)) + " < 1$",))


def Between(symbol: sp.Symbol, low: float, high: float) -> Domain:
    """low < symbol < high."""

    def draw(rng: random.Random, environment: Environment) -> None:
        environment[symbol] = uniform(rng, low, high)

    return Domain(rules=(draw,), words=(f"${low} < {sp.latex(symbol)} < {high}$",))


def Integers(symbol: sp.Symbol, low: int, high: int) -> Domain:
    """An integer symbol, checked for low <= symbol <= high."""

    def draw(rng: random.Random, environment: Environment) -> None:
        environment[symbol] = mp.mpf(rng.randint(low, high))

    return Domain(rules=(draw,))


def Where(*relations: Any) -> Domain:
    """Keep the points at which every SymPy relation holds."""
    words = tuple(f"${sp.latex(r)}$" for r in relations)
    return Domain(where=tuple(relations), words=words)


def VariancePreserving(alpha: UndefinedFunction, sigma: UndefinedFunction) -> Domain:
    """alpha^2 + sigma^2 = 1: the one declaration under which a step may use it."""

    def draw(rng: random.Random, environment: Environment) -> None:
        half_log_snr = falling(rng)
        environment[alpha] = lambda t: 1 / mp.sqrt(1 + mp.exp(-2 * half_log_snr(t)))
        environment[sigma] = lambda t: 1 / mp.sqrt(1 + mp.exp(2 * half_log_snr(t)))

    return Domain(
        rules=(draw,),
        words=(r"$\alpha_t^2 + \sigma_t^2 = 1$",),
        given=((sigma, lambda time: sp.sqrt(1 - alpha(time) ** 2)),),
    )


def Schedule(alpha: UndefinedFunction, sigma: UndefinedFunction) -> Domain:
    """Any smooth positive pair whose SNR falls (the book's alpha, sigma are drawn so anyway)."""

    def draw(rng: random.Random, environment: Environment) -> None:
        half_log_snr, log_sigma = falling(rng), wiggle(rng, 0.5)
        environment[alpha] = lambda t: mp.exp(half_log_snr(t) + log_sigma(t))
        environment[sigma] = lambda t: mp.exp(log_sigma(t))

    return Domain(rules=(draw,))


ANY_SCHEDULE = Schedule(alpha, sigma)


def Falling(function: UndefinedFunction) -> Domain:
    """A positive, smooth, strictly falling function of one argument."""

    def draw(rng: random.Random, environment: Environment) -> None:
        exponent = falling(rng)
        environment[function] = lambda t: mp.exp(exponent(t))

    return Domain(rules=(draw,))


def Density(function: UndefinedFunction) -> Domain:
    """A probability density on the line: a random mixture of two Gaussians."""

    def draw(rng: random.Random, environment: Environment) -> None:
        share = uniform(rng, 0.2, 0.8)
        parts = []
        for weight in (share, 1 - share):
            mean, deviation = uniform(rng, -2, 2), uniform(rng, 0.4, 1)
            with mp.workdps(200):  # more digits than any check carries
                height = weight / (deviation * mp.sqrt(2 * mp.pi))
                parts.append((height, mean, -1 / (2 * deviation**2)))
        environment[function] = lambda x: sum(
            height * mp.exp(rate * (x - mean) ** 2) for height, mean, rate in parts
        )

    return Domain(rules=(draw,))


def wiggle(rng: random.Random, size: float) -> Callable[..., Any]:
    """A smooth function of any number of arguments: a constant, a slope and a sine each."""
    constant = uniform(rng, -size, size)
    terms: list[list[Any]] = []

    def value(*arguments: Any) -> Any:
        while len(terms) < len(arguments):
            terms.append([uniform(rng, -size, size) for _ in range(2)] + [uniform(rng, 0.5, 2)])
        total = constant
        for (slope, height, rate), argument in zip(terms, arguments, strict=False):
            total = total + slope * argument + height * mp.sin(rate * argument + constant)
        return total

    return value


def falling(rng: random.Random) -> Callable[[Any], Any]:
    """A smooth strictly falling function of one argument, slope between -2.8 and -0.3."""
    start, slope, rate = uniform(rng, -0.5, 1.5), uniform(rng, 0.8, 1.9), uniform(rng, 1, 3)
    depth = uniform(rng, 0.1, 0.5)
    return lambda t: start - slope * t + depth * mp.sin(rate * t) / rate


def _unknowns(expressions: Iterable[sp.Expr]) -> list[Any]:
    """Free symbols and undefined functions, in a fixed order."""
    symbols: set[Any] = set()
    functions: set[Any] = set()
    for expr in expressions:
        symbols |= expr.free_symbols
        functions |= {f.func for f in expr.atoms(AppliedUndef)}
    return sorted(symbols, key=lambda s: s.name) + sorted(functions, key=lambda f: f.__name__)


def _default(atom: Any, rng: random.Random) -> Any:
    if isinstance(atom, UndefinedFunction):
        shape = wiggle(rng, 0.6)
        positive = atom._kwargs.get("positive") or atom.is_positive
        return (lambda *a: mp.exp(shape(*a))) if positive else shape
    if atom.is_integer and atom.is_positive:
        return mp.mpf(rng.randint(2, 6))
    if atom.is_positive:
        return mp.exp(uniform(rng, -1.2, 1.2))
    if atom.is_real:
        return uniform(rng, 0.15, 2) * rng.choice((-1, 1))
    raise DomainError(
        f"symbol {atom.name} has no assumption that says how to draw it: "
        "make it real, positive or a positive integer, or give the domain a rule for it"
    )


def _holds(condition: Any, environment: Environment) -> bool:
    if condition in (sp.true, sp.false):
        return bool(condition)
    difference = condition.gts - condition.lts
    try:
        value = evaluate(difference, environment)
    except (NumericError, ZeroDivisionError):
        return False
    return bool(mp.im(value) == 0 and mp.re(value) > 0)
