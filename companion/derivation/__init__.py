"""Derivations that are checked as they are written.

A derivation is a list of chains; a chain is ``first = second = ... = last``, each link with its
reason. Every link is accepted only when SymPy proves it, what it takes for granted is proved too
(``conditions``: positive variances, integrals that converge), both sides agree to 40 digits at 24 random
points by a route that computes every operator by its own means (``numeric`` lists what it shares with
SymPy: the tree as it is built, names and assumptions, but no algebra), at least five wrong variants of
it are refuted by the same checks, and, where asked, a torch function agrees in value and gradient::

    from companion.derivation import KL, Derivation, Ordered
    from companion.derivation.vocabulary import (
        alpha, mean_q, posterior, s, sigma, snr, t, var_q, x, x_hat,
    )

    d = Derivation("nelbo-x", title="The diffusion loss in x-space", rests_on=["posterior"])
    d.chain(
        "snr-difference",
        KL(posterior(x), posterior(x_hat)),
        ((mean_q(x) - mean_q(x_hat)) ** 2 / (2 * var_q()), "equal variances: a squared difference"),
        ((snr(s) - snr(t)) / 2 * (x - x_hat) ** 2, "z_t cancels; a difference of SNRs is left"),
        domain=Ordered(s, t),
        cites="Kingma et al. (2021), section 4",
        torch="my_losses.step_error",  # counterpart of the last line: a callable, or its name
    )

The value of ``d.chain(...)`` displays as one aligned, labelled equation (``eq-nelbo-x-snr-difference``)
with the reasons and how each link was checked. A link that fails raises :class:`DerivationError`.
Write shown operators unevaluated: ``KL``, ``Expectation``, ``sp.Integral``, ``sp.Limit``,
``sp.Derivative``, ``sp.Sum``, ``sp.Product``; each check computes them by its own means.
``(at_most(expr, equality={x: 1}), "reason")`` is a link that bounds the line before (``inequality``).
``Abbreviation(latex, definition, positive=...)`` is a printed name. A new operator is one file or cell: see
``operators``. Symbols live in ``vocabulary``, vectors and matrices of any dimension in ``vectors``;
``domain`` has ``Ordered``, ``Where``, ``Between``,
``Falling``, ``Density``, ``VariancePreserving``; join with ``&``. Put such cells under the tag
``derivation`` together with the imports and definitions that they need: ``python -m companion
verify`` runs only those.

What no machine checks (that a KL is never negative, that one may average over the data) is said with
``d.prose(name, statement, because, cites=...)``. It displays with the mark "argument in words, not
checked by machine", can be named in ``rests_on``, and ``verify`` lists and counts it apart.
"""

from __future__ import annotations

from . import tactics
from .chains import Chain, Derivation, Prose, Refuted, deferred, fresh_ledger, ledger
from .checks import check
from .domain import (
    ANYWHERE,
    Between,
    Density,
    Domain,
    Falling,
    Integers,
    Ordered,
    Schedule,
    VariancePreserving,
    Where,
)
from .inequality import at_least, at_most
from .operators import KL, Abbreviation, Expectation, Normal
from .step import DerivationError, Outcome, Step

__all__ = [
    "ANYWHERE",
    "KL",
    "Abbreviation",
    "Between",
    "Chain",
    "Density",
    "Derivation",
    "DerivationError",
    "Domain",
    "Expectation",
    "Falling",
    "Integers",
    "Normal",
    "Ordered",
    "Outcome",
    "Prose",
    "Refuted",
    "Schedule",
    "Step",
    "VariancePreserving",
    "Where",
    "at_least",
    "at_most",
    "check",
    "deferred",
    "fresh_ledger",
    "ledger",
    "tactics",
]
