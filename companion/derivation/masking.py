"""The domain of masked diffusion: a token is kept with a probability that falls from 1 to 0."""

from __future__ import annotations

import random
from dataclasses import dataclass

import mpmath as mp
import sympy as sp
from sympy.core.function import UndefinedFunction

from .domain import Domain
from .notation import printed_name
from .numeric import Environment
from .rules import Order, Rule, falling, falling_values


@dataclass(frozen=True)
class FallingProbability(Rule):
    """A smooth, strictly falling function with values between 0 and 1."""

    function: UndefinedFunction

    of_functions = True

    def draw(self, rng: random.Random, environment: Environment) -> None:  # noqa: D102
        log_odds = falling(rng)
        environment[self.function] = lambda t: 1 / (1 + mp.exp(-2 * log_odds(t)))

    def positive_form(self, expr: sp.Expr, order: Order) -> sp.Expr:  # noqa: D102
        odds = falling_values(expr, (self.function,), order)
        return expr.replace(self.function, lambda time: odds[time] / (1 + odds[time]))


def Kept(function: UndefinedFunction) -> Domain:
    """A probability, strictly between 0 and 1, that falls with time."""
    words = (f"${printed_name(function.__name__)}_t$ falling, between 0 and 1",)
    return Domain(rules=(FallingProbability(function),), words=words)
