"""The coefficients of the study's published code, each written once.

Only arithmetic operators are used: a coefficient is a function of tensors, and of SymPy symbols too.
"""

from collections.abc import Callable

from diffcore.choice import Scalar

Coefficient = Callable[[Scalar, Scalar, Scalar], Scalar]
"""(alpha, sigma, guard) -> what the squared error of the target is multiplied by."""


def _one(a: Scalar, s: Scalar, g: Scalar) -> Scalar:
    return a**0


COEFFICIENTS: dict[tuple[str, str], Coefficient] = {
    ("nelbo", "x"): lambda a, s, g: a / (s**3 + g),
    ("nelbo", "eps"): lambda a, s, g: 1 / (s * a + g),
    ("nelbo", "v"): lambda a, s, g: a / (s * (a**2 + s**2) + g),
    ("nelbo", "score"): lambda a, s, g: s / (a + g),
    ("weighted", "x"): _one,
    ("weighted", "eps"): _one,
    ("weighted", "v"): _one,
    ("weighted", "score"): _one,
    ("rescaled", "x"): _one,
    ("rescaled", "eps"): lambda a, s, g: s**2 / (a**2 + g),
    ("rescaled", "v"): lambda a, s, g: s**2 / ((a**2 + s**2) + g),
    ("rescaled", "score"): lambda a, s, g: s**4 / (a**2 + g),
    ("nelbo_at_head", "score"): lambda a, s, g: s**2,
}
"""By objective and target. ``nelbo_at_head`` is what the code says at the commit read: no ELBO."""
