"""How particular symbols and functions are drawn at random: each rule a frozen value.

A rule fills its symbols or functions into the environment, from the random numbers that it is given. What
identifies it are its fields; a rule of your own is a frozen dataclass that inherits from :class:`Rule`.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mpmath as mp
import sympy as sp
from sympy.core.function import UndefinedFunction

from .numeric import Environment


class Rule(ABC):
    """How something is drawn, and what may be put in for it."""

    @abstractmethod
    def draw(self, rng: random.Random, environment: Environment) -> None:
        """Fill this rule's symbols or functions into the environment."""

    def insert(self, expr: sp.Expr) -> sp.Expr:
        """``expr`` with what this rule makes known put in; the symbolic route may use it."""
        return expr


@dataclass(frozen=True)
class Increasing(Rule):
    """0 < first < ... < last < 1, at least 0.05 apart."""

    symbols: tuple[sp.Symbol, ...]

    def draw(self, rng: random.Random, environment: Environment) -> None:  # noqa: D102
        cuts = sorted(uniform(rng, 0, 1) for _ in self.symbols)
        room = mp.mpf(1) - mp.mpf("0.05") * (len(self.symbols) + 1)
        for k, (symbol, cut) in enumerate(zip(self.symbols, cuts, strict=True)):
            environment[symbol] = cut * room + mp.mpf("0.05") * (k + 1)


@dataclass(frozen=True)
class Uniform(Rule):
    """low < symbol < high."""

    symbol: sp.Symbol
    low: float
    high: float

    def draw(self, rng: random.Random, environment: Environment) -> None:  # noqa: D102
        environment[self.symbol] = uniform(rng, self.low, self.high)


@dataclass(frozen=True)
class UniformInteger(Rule):
    """An integer, low <= symbol <= high."""

    symbol: sp.Symbol
    low: int
    high: int

    def draw(self, rng: random.Random, environment: Environment) -> None:  # noqa: D102
        environment[self.symbol] = mp.mpf(rng.randint(self.low, self.high))


@dataclass(frozen=True)
class FallingSNR(Rule):
    """A smooth positive pair whose signal-to-noise ratio falls."""

    alpha: UndefinedFunction
    sigma: UndefinedFunction

    def draw(self, rng: random.Random, environment: Environment) -> None:  # noqa: D102
        half_log_snr, log_sigma = falling(rng), wiggle(rng, 0.5)
        environment[self.alpha] = lambda t: mp.exp(half_log_snr(t) + log_sigma(t))
        environment[self.sigma] = lambda t: mp.exp(log_sigma(t))


@dataclass(frozen=True)
class UnitVariance(Rule):
    """Such a pair with alpha^2 + sigma^2 = 1; sigma is known in terms of alpha."""

    alpha: UndefinedFunction
    sigma: UndefinedFunction

    def draw(self, rng: random.Random, environment: Environment) -> None:  # noqa: D102
        half_log_snr = falling(rng)
        environment[self.alpha] = lambda t: 1 / mp.sqrt(1 + mp.exp(-2 * half_log_snr(t)))
        environment[self.sigma] = lambda t: 1 / mp.sqrt(1 + mp.exp(2 * half_log_snr(t)))

    def insert(self, expr: sp.Expr) -> sp.Expr:  # noqa: D102
        return expr.replace(self.sigma, lambda time: sp.sqrt(1 - self.alpha(time) ** 2))


@dataclass(frozen=True)
class FallingFunction(Rule):
    """A positive, smooth, strictly falling function of one argument."""

    function: UndefinedFunction

    def draw(self, rng: random.Random, environment: Environment) -> None:  # noqa: D102
        exponent = falling(rng)
        environment[self.function] = lambda t: mp.exp(exponent(t))


@dataclass(frozen=True)
class TwoGaussians(Rule):
    """A probability density on the line: a random mixture of two Gaussians."""

    function: UndefinedFunction

    def draw(self, rng: random.Random, environment: Environment) -> None:  # noqa: D102
        share = uniform(rng, 0.2, 0.8)
        parts = []
        for weight in (share, 1 - share):
            mean, deviation = uniform(rng, -2, 2), uniform(rng, 0.4, 1)
            with mp.workdps(200):  # more digits than any check carries
                height = weight / (deviation * mp.sqrt(2 * mp.pi))
                parts.append((height, mean, -1 / (2 * deviation**2)))
        environment[self.function] = lambda x: sum(
            height * mp.exp(rate * (x - mean) ** 2) for height, mean, rate in parts
        )


def uniform(rng: random.Random, low: float, high: float) -> Any:
    """A random number that is exact at every precision (a 40-bit fraction)."""
    return mp.mpf(low) + (mp.mpf(high) - mp.mpf(low)) * mp.mpf(rng.getrandbits(40)) / 2**40


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
