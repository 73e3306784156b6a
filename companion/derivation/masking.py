"""Masked diffusion: its domain, and its symbols, once.

A token has values 1, ..., V; state 0 is the mask. It is kept until time t with probability ``alpha(t)``.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import mpmath as mp
import sympy as sp
from sympy.core.function import UndefinedFunction

from .domain import ANYWHERE, Domain
from .elementary import exp
from .notation import function, printed_name, symbol
from .numeric import Environment
from .operators import Abbreviation
from .operators.states import StateSum
from .rules import Order, Rule, falling, falling_values
from .second.facts import Facts, facts, falls
from .vocabulary import alpha, s, t

# how many: values, tokens, masked ones, visible ones
V, N, k = (symbol(name, positive=True, integer=True) for name in "VNk")
n = symbol("n", nonnegative=True, integer=True)

# states, the mask among them, and values
i, j, y = (symbol(name, nonnegative=True, integer=True) for name in "ijy")
x, value, first, second = (symbol(name, positive=True, integer=True) for name in "xyij")

# the probability of being kept where no time is named, and where it is integrated over
kept, over = symbol("alpha", positive=True), symbol("beta", positive=True)

share = (alpha(s) - alpha(t)) / (1 - alpha(t))
rest = (1 - alpha(s)) / (1 - alpha(t))
"""Of what is masked at t, the share that was visible at s, and the share that was not."""

c = function("c", positive=True)
"""The cost of masked tokens over the share that is masked, as a function of the share that is kept."""

odds = Abbreviation(r"\rho_t", alpha(t) / (1 - alpha(t)), positive=True)


def delta(one: sp.Expr, other: sp.Expr) -> sp.Expr:
    """Kronecker's delta."""
    return sp.KroneckerDelta(one, other)


def move(later: sp.Expr, earlier: sp.Expr, new: sp.Expr, old: sp.Expr) -> sp.Expr:
    """q(new | old): the law of a token's state at a later time, given the earlier one."""
    stays = alpha(later) / alpha(earlier)
    law = stays * delta(old, new) + (1 - stays) * delta(new, 0)
    return Abbreviation(rf"q_{{{later}|{earlier}}}({new}\,|\,{old})", law)


def marginal(time: sp.Expr, state: sp.Expr) -> sp.Expr:
    """q(state | x): the law of a token's state, given its value."""
    law = alpha(time) * delta(x, state) + (1 - alpha(time)) * delta(state, 0)
    return Abbreviation(rf"q_{time}({state}\,|\,x)", law)


posterior = Abbreviation(r"q_{s|t}(y\,|\,0, x)", share * delta(x, y) + rest * delta(y, 0))
"""The law at s of a token that is masked at t, given its value."""


def guessed(mu: sp.Expr) -> sp.Expr:
    """The model's law at s of a token that is masked at t, with its guess ``mu`` of the value y."""
    law = share * (1 - delta(y, 0)) * mu + rest * delta(y, 0)
    return Abbreviation(r"p_{s|t}(y\,|\,0)", law)


def law_of(position: int, state: sp.Symbol) -> sp.Expr:
    """An arbitrary law of the token at a position."""
    mass = function(f"g_{position}", positive=True)
    law = mass(state) / StateSum(mass(k), (k, 1, V))
    return Abbreviation(rf"\pi_{position}({state})", law, positive=True)


joint = function("g", positive=True)
"""The joint probability of a value and all that is visible; of two values."""

G = Abbreviation("G", StateSum(joint(first), (first, 1, V)), positive=True)


def conditional(of: sp.Expr) -> sp.Expr:
    """The exact conditional of a value, given what is visible."""
    return Abbreviation(rf"\mu({of})", joint(of) / G, positive=True)


def over_both(body: sp.Expr) -> sp.Expr:
    """The sum over the values of two tokens."""
    return StateSum(StateSum(body, (second, 1, V)), (first, 1, V))


_whole = Abbreviation("G", over_both(joint(first, second)), positive=True)
pair = Abbreviation("p(i, j)", joint(first, second) / _whole, positive=True)
single = Abbreviation(
    "p(i)", StateSum(joint(first, second), (second, 1, V)) / _whole, positive=True
)

# a law that depends on a parameter, over V masked sequences; its cost; draws from it
theta = symbol("theta", r"\theta")
f, psi = function("f"), function("psi", r"\psi")
draws, a, other = (
    symbol(*names, positive=True, integer=True) for names in (("K",), ("a",), ("ell", r"\ell"))
)


def drawn(state: sp.Symbol) -> sp.Expr:
    """p_theta(state), any law to first order in theta, with score psi up to a constant."""
    top, below = (joint(v) * sp.exp(theta * psi(v)) for v in (state, k))
    return Abbreviation(rf"p_\theta({state})", top / StateSum(below, (k, 1, V)), positive=True)


mean_cost = Abbreviation(r"\bar f", StateSum(drawn(first) * f(first), (first, 1, V)))

# three tokens: the entropies of every set of them
H_1, H_2, H_3, H_12, H_13, H_23, H_123 = (symbol(f"H_{m}") for m in (1, 2, 3, 12, 13, 23, 123))

C_3 = Abbreviation("C_3", H_1 + H_2 + H_3)
C_2 = Abbreviation("C_2", sp.Rational(2, 3) * (H_12 + H_13 + H_23 - H_1 - H_2 - H_3))
C_1 = Abbreviation("C_1", H_123 - (H_12 + H_13 + H_23) / 3)

information = Abbreviation(
    r"H(\alpha)",
    kept * (1 - kept) ** 2 * (H_1 + H_2 + H_3)
    + kept**2 * (1 - kept) * (H_12 + H_13 + H_23)
    + kept**3 * H_123,
)


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
    for name in (size, *states):
        if not (name.is_integer and name.is_nonnegative):
            raise ValueError(f"{name}: expected a symbol for an integer that is not negative")
    shown = [printed_name(name.name) for name in (*states, size)]
    each = [
        rf"{name} \in \{{{1 if v.is_positive else 0}, \dots, {shown[-1]}\}}"
        for name, v in zip(shown, states)
    ]
    each.append(rf"{shown[-1]} \ge 2")  # of one value alone there is nothing to say
    words = f"${', '.join(each)}$"
    return Domain(rules=(States(size, states),), words=(words,))


@dataclass(frozen=True)
class FallingProbability(Rule):
    """A smooth, strictly falling function with values between 0 and 1."""

    function: UndefinedFunction

    of_functions = True

    def draw(self, rng: random.Random, environment: Environment) -> None:  # noqa: D102
        log_odds = falling(rng)
        environment[self.function] = lambda time: 1 / (1 + exp(-2 * log_odds(time)))

    def positive_form(self, expr: sp.Expr, order: Order) -> sp.Expr:  # noqa: D102
        falls = falling_values(expr, (self.function,), order)
        return expr.replace(self.function, lambda time: falls[time] / (1 + falls[time]))


@facts.register
def _(rule: FallingProbability, scene: Facts) -> Iterator[Any]:
    for _, value in scene.calls(rule.function):
        yield scene.compare(">", value, scene.leaf(0))
        yield scene.compare("<", value, scene.leaf(1))
    yield from falls(rule.function, scene)


def Kept(probability: UndefinedFunction) -> Domain:
    """A probability, strictly between 0 and 1, that falls with time."""
    words = (f"${printed_name(probability.__name__)}_t$ falling, between 0 and 1",)
    return Domain(rules=(FallingProbability(probability),), words=words)


def Masking(*states: sp.Symbol) -> Domain:
    """``alpha`` is a probability that falls, and the states are those of a token."""
    return Kept(alpha) & (InStates(V, *states) if states else ANYWHERE)
