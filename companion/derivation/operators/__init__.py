"""Operators that stay unevaluated in what is shown and are computed in what is checked.

One file each: what it is, its exact value (for the symbolic route), its value to 50 digits (for the
numeric route; the two share no code, so each can catch the other), its LaTeX, and what its wrong variants
may touch. A new operator is a new file, or a cell of a notebook: it registers with the dispatchers that
``companion.derivation.tree`` lists, and nothing else changes.

* :class:`Normal` -- the density N(z; mean, variance) of one scalar Gaussian.
* :class:`Expectation` -- E[f] over independent or chained scalar Gaussians.
* :class:`KL` -- the Kullback-Leibler divergence (nats) between two Gaussians of the same variable.
* :class:`Abbreviation` -- a name that is printed, with the expression that it stands for.
* :class:`ByParts` -- an integral over a range that is computed by parts.
* SymPy's own ``Integral``, ``Derivative``, ``Subs``, ``Limit``, ``Sum``, ``Product`` and functions, those
  that are defined by cases (``branches``) among them; sums without end (``infinite``), means of what has a
  kink (``half_normal``), integration by parts and changes of variable (``parts``).
* Imported where they are used: sums over a state space of symbolic size (``states``), the divergence of
  categorical laws (``finite_kl``), the Beta function and factorials (``beta``).
* By way of ``companion.derivation.vectors``: inner products (``vectors``), traces (``traces``), means over
  random vectors (``vector_means``) and Gaussian vectors (``vector_normal``), of symbolic dimension, and what
  the second provers make of them (``coordinates``).
"""

from __future__ import annotations

from . import branches, derivative, functions, integral, limit, sums
from .abbreviation import Abbreviation
from .by_parts import ByParts
from .expectation import Expectation
from .kl import KL
from .normal import Normal

__all__ = [
    "KL",
    "Abbreviation",
    "ByParts",
    "Expectation",
    "Normal",
    "branches",
    "derivative",
    "functions",
    "integral",
    "limit",
    "sums",
]
