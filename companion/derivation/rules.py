"""How particular symbols and functions are drawn at random: each rule a frozen value.

A rule fills its symbols or functions into the environment, from the random numbers that it is given. What
identifies it are its fields; a rule of your own is a frozen dataclass that inherits from :class:`Rule`.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, singledispatch
from typing import Any, ClassVar

import mpmath as mp
import sympy as sp
from sympy.core.function import AppliedUndef, UndefinedFunction

from .elementary import exp, root_of_two_pi, sin, sqrt
from .numeric import Environment

Order = tuple[tuple[sp.Symbol, ...], ...]


class Rule(ABC):
    """How something is drawn, and what may be put in for it."""

    of_functions: ClassVar[bool] = False
    """Whether it draws functions, not symbols."""

    @abstractmethod
    def draw(self, rng: random.Random, environment: Environment) -> None:
        """Fill this rule's symbols or functions into the environment."""

    def insert(self, expr: sp.Expr) -> sp.Expr:
        """``expr`` with what this rule makes known put in; the symbolic route may use it."""
        return expr

    def positive_form(self, expr: sp.Expr, order: Order) -> sp.Expr:
        """``expr`` with what this rule draws written in terms of positive unknowns, see ``positive``.

        Args:
            expr: an expression.
            order: groups of symbols that are known to increase.
        """
        return expr


@singledispatch
def drawn(unknown: Any, rng: random.Random, environment: Environment, number: int) -> Any:
    """A random value of an unknown that is no number, a vector say; None for any other.

    ``number`` counts the draws. What it shares with other unknowns, such as a dimension, it puts into the
    environment.
    """
    return None


@dataclass(frozen=True)
class Increasing(Rule):
    """0 < first < ... < last < 1, at least 0.05 apart."""

    symbols: tuple[sp.Symbol, ...]

    def draw(self, rng: random.Random, environment: Environment) -> None:  # noqa: D102
        cuts = sorted(uniform(rng, 0, 1) for _ in self.symbols)
        room = mp.mpf(1) - mp.mpf("0.05") * (len(self.symbols) + 1)
        for k, (symbol, cut) in enumerate(zip(self.symbols, cuts, strict=True)):
            environment[symbol] = cut * room + mp.mpf("0.05") * (k + 1)

    def positive_form(self, expr: sp.Expr, order: Order) -> sp.Expr:  # noqa: D102
        gaps = [_unknown("gap", symbol) for symbol in (*self.symbols, sp.Integer(1))]
        values = {v: sum(gaps[: k + 1]) / sum(gaps) for k, v in enumerate(self.symbols)}
        return expr.subs(values, simultaneous=True)


@dataclass(frozen=True)
class Uniform(Rule):
    """low < symbol < high."""

    symbol: sp.Symbol
    low: float
    high: float

    def draw(self, rng: random.Random, environment: Environment) -> None:  # noqa: D102
        environment[self.symbol] = uniform(rng, self.low, self.high)

    def positive_form(self, expr: sp.Expr, order: Order) -> sp.Expr:  # noqa: D102
        low, high = (sp.Rational(str(end)) for end in (self.low, self.high))
        share = _unknown("share", self.symbol)
        return expr.subs(self.symbol, (low + high * share) / (1 + share))


@dataclass(frozen=True)
class UniformInteger(Rule):
    """An integer, low <= symbol <= high."""

    symbol: sp.Symbol
    low: int
    high: int

    def draw(self, rng: random.Random, environment: Environment) -> None:  # noqa: D102
        environment[self.symbol] = mp.mpf(rng.randint(self.low, self.high))

    def positive_form(self, expr: sp.Expr, order: Order) -> sp.Expr:  # noqa: D102
        # between low and half more than high, which holds all of its values
        above = sp.Dummy(f"above_{self.symbol}", nonnegative=True)
        most = self.high + sp.Rational(1, 2)
        return expr.subs(self.symbol, (self.low + most * above) / (1 + above))


@dataclass(frozen=True)
class FallingSNR(Rule):
    """A smooth positive pair whose signal-to-noise ratio falls."""

    alpha: UndefinedFunction
    sigma: UndefinedFunction

    of_functions = True

    def draw(self, rng: random.Random, environment: Environment) -> None:  # noqa: D102
        half_log_snr, log_sigma = falling(rng), remembered(wiggle(rng, 0.5))
        environment[self.alpha] = lambda t: exp(half_log_snr(t) + log_sigma(t))
        environment[self.sigma] = lambda t: exp(log_sigma(t))

    def positive_form(self, expr: sp.Expr, order: Order) -> sp.Expr:  # noqa: D102
        root_snr = falling_values(expr, (self.alpha, self.sigma), order)
        noise = {time: _unknown("sigma", time) for time in root_snr}
        expr = expr.replace(self.alpha, lambda time: noise[time] * root_snr[time])
        return expr.replace(self.sigma, lambda time: noise[time])


@dataclass(frozen=True)
class UnitVariance(Rule):
    """Such a pair with alpha^2 + sigma^2 = 1; sigma is known in terms of alpha."""

    alpha: UndefinedFunction
    sigma: UndefinedFunction

    of_functions = True

    def draw(self, rng: random.Random, environment: Environment) -> None:  # noqa: D102
        half_log_snr = falling(rng)
        environment[self.alpha] = lambda t: 1 / sqrt(1 + exp(-2 * half_log_snr(t)))
        environment[self.sigma] = lambda t: 1 / sqrt(1 + exp(2 * half_log_snr(t)))

    def insert(self, expr: sp.Expr) -> sp.Expr:  # noqa: D102
        return expr.replace(self.sigma, lambda time: sp.sqrt(1 - self.alpha(time) ** 2))

    def positive_form(self, expr: sp.Expr, order: Order) -> sp.Expr:  # noqa: D102
        root_snr = falling_values(expr, (self.alpha, self.sigma), order)
        for function, top in ((self.alpha, lambda r: r), (self.sigma, lambda r: 1)):
            value = {time: top(r) / sp.sqrt(1 + r**2) for time, r in root_snr.items()}
            expr = expr.replace(function, value.__getitem__)
        return expr


@dataclass(frozen=True)
class FallingFunction(Rule):
    """A positive, smooth, strictly falling function of one argument."""

    function: UndefinedFunction

    of_functions = True

    def draw(self, rng: random.Random, environment: Environment) -> None:  # noqa: D102
        exponent = falling(rng)
        environment[self.function] = lambda t: exp(exponent(t))

    def positive_form(self, expr: sp.Expr, order: Order) -> sp.Expr:  # noqa: D102
        values = falling_values(expr, (self.function,), order)
        return expr.replace(self.function, values.__getitem__)


@dataclass(frozen=True)
class TwoGaussians(Rule):
    """A probability density on the line: a random mixture of two Gaussians."""

    function: UndefinedFunction

    of_functions = True

    def draw(self, rng: random.Random, environment: Environment) -> None:  # noqa: D102
        share = uniform(rng, 0.2, 0.8)
        laws, parts = [], []
        for weight in (share, 1 - share):
            mean, deviation = uniform(rng, -2, 2), uniform(rng, 0.4, 1)
            laws.append((weight, mean, deviation))
            with mp.workdps(200):  # more digits than any check carries
                height = weight / (deviation * mp.sqrt(2 * mp.pi))
                parts.append((height, mean, -1 / (2 * deviation**2)))

        def density(x: Any) -> Any:
            if isinstance(x, mp.mpf | mp.mpc):
                return sum(height * mp.exp(rate * (x - mean) ** 2) for height, mean, rate in parts)
            scaled = [(weight, d, (x - mean) / d) for weight, mean, d in laws]
            one, two = (w * exp(u * u / -2) / (d * root_of_two_pi(x)) for w, d, u in scaled)
            return one + two

        environment[self.function] = density


def remembered(function: Callable[..., Any]) -> Callable[..., Any]:
    """``function``, computed once at the same arguments and precision: integrals ask for them again."""

    @lru_cache(maxsize=4096)
    def value(prec: int, *arguments: Any) -> Any:
        return function(*arguments)

    return lambda *arguments: value(mp.mp.prec, *arguments)


def falling_values(
    expr: sp.Expr, functions: tuple[UndefinedFunction, ...], order: Order
) -> dict[sp.Expr, sp.Expr]:
    """Positive values of a falling function at every argument that ``functions`` have in ``expr``.

    At symbols that are known to increase, each value is the next one and something positive.
    """
    arguments = {f.args[0] for f in expr.atoms(AppliedUndef) if f.func in functions}
    values = {time: _unknown("value", time) for time in arguments}
    for group in order:
        later = sp.Integer(0)
        for time in reversed([v for v in group if v in arguments]):
            later = values[time] = later + _unknown("drop", time)
    return values


def _unknown(what: str, of: Any) -> sp.Symbol:
    """A positive number; the same for the same words."""
    return sp.Dummy(f"{what}_{of}", positive=True)


def uniform(rng: random.Random, low: float, high: float) -> Any:
    """A random number that is exact at every precision (a 40-bit fraction)."""
    return mp.mpf(low) + (mp.mpf(high) - mp.mpf(low)) * mp.mpf(rng.getrandbits(40)) / 2**40


def wiggle(rng: random.Random, size: float) -> Callable[..., Any]:
    """A smooth function of any number of arguments: a constant, a slope and a sine each.

    Of several arguments it is no sum of functions of one: there is a sine of all of them together, so that
    no mixed derivative vanishes, and its exponential is no product.
    """
    constant = uniform(rng, -size, size)
    terms: list[list[Any]] = []
    together: list[Any] = []

    def value(*arguments: Any) -> Any:
        while len(terms) < len(arguments):
            terms.append([uniform(rng, -size, size) for _ in range(2)] + [uniform(rng, 0.5, 2)])
        total = constant
        for (slope, height, rate), argument in zip(terms, arguments, strict=False):
            total = total + slope * argument + height * sin(rate * argument + constant)
        if len(arguments) == 1:
            return total
        while len(together) < len(arguments):
            together.append(uniform(rng, 0.5, 1.5))
        phase = constant
        for rate, argument in zip(together, arguments, strict=False):
            phase = phase + rate * argument
        return total + size * sin(phase)

    return value


def falling(rng: random.Random) -> Callable[[Any], Any]:
    """A smooth strictly falling function of one argument, slope between -2.8 and -0.3."""
    start, slope, rate = uniform(rng, -0.5, 1.5), uniform(rng, 0.8, 1.9), uniform(rng, 1, 3)
    depth = uniform(rng, 0.1, 0.5)
    return lambda t: start - slope * t + depth * sin(rate * t) / rate
