"""Equations as a hand would set them: reading order, fractions and brackets; nothing lost on the way."""

from __future__ import annotations

import re

import pytest
import sympy as sp
from sympy.core.function import AppliedUndef

from companion.build.collect import collect
from companion.derivation import Abbreviation, Expectation, Normal, latex
from companion.derivation.brackets import fitted
from companion.derivation.reading_order import arranged
from companion.derivation.vocabulary import (
    T,
    alpha,
    eps,
    eps_hat,
    function,
    h,
    i,
    mean_q,
    s,
    sigma,
    snr,
    symbol,
    t,
    x,
    x_hat,
    z_t,
)  # fmt: skip

S, r, b = function("S", positive=True), function("r", positive=True), symbol("b")
tau = symbol("tau", r"\tau")
ERROR = (x - x_hat) ** 2
STEP = (S(t - h) - S(t)) / 2 * r(t)
SHARE = sp.Integral(sp.Derivative(S(tau), tau) * r(tau), (tau, t - h, t)) / 2

CASES = {
    r"\frac{1}{2} (\mathrm{SNR}(s) - \mathrm{SNR}(t)) (x - \hat{x})^{2}": (snr(s) - snr(t)) / 2 * ERROR,
    r"\frac{\alpha_{t}^{2}}{\sigma_{t}^{4}} (x - \hat{x})^{2}": alpha(t) ** 2 / sigma(t) ** 4 * ERROR,
    r"\lim_{h \to 0} \frac{S(t - h) - S(t)}{2 h} r(t)": sp.Limit(STEP / h, h, 0),
    (
        r"\lim_{h \to 0} \frac{1}{h^{2}} \left(\frac{1}{2} \bigl(S(t - h) - S(t)\bigr) r(t) "
        r"+ \frac{1}{2} \int_{t - h}^{t} S'(\tau) r(\tau)\, d\tau\right)"
    ): sp.Limit((STEP + SHARE) / h**2, h, 0),
    r"\frac{1}{\pi} \int_{0}^{x} \frac{1}{1 + b}\, db": sp.Integral(1 / (1 + b), (b, 0, x)) / sp.pi,
    r"\lim_{t \to 0} \frac{2}{\pi} \log\frac{\tan(\pi t/2)}{\tan(\pi t/20)}": sp.Limit(
        2 / sp.pi * sp.log(sp.tan(sp.pi * t / 2) / sp.tan(sp.pi * t / 20)), t, 0
    ),
    r"\alpha_{t} x + \sigma_{t} \epsilon": alpha(t) * x + sigma(t) * eps,
    r"z_{t} - \sigma_{t} (1 - \alpha_{t}) \hat{\epsilon}": z_t - sigma(t) * (1 - alpha(t)) * eps_hat,
    r"\frac{b z_{t} - \sigma_{t} x}{\alpha_{t}}": (b * z_t - sigma(t) * x) / alpha(t),
    r"\frac{1}{1 + b/\sigma_{t}^{3}}": 1 / (1 + b / sigma(t) ** 3),
    r"e^{x/2}": sp.exp(x / 2),
    r"\log(2 \pi e b)": sp.log(2 * sp.pi * sp.E * b),
    r"\log b + \sum_{i=1}^{T} \log r(i)": sp.log(b) + sp.Sum(sp.log(r(i)), (i, 1, T)),
    r"\mathbb{E}_{\epsilon}\bigl[(\epsilon - \hat{\epsilon})^{2}\bigr]": Expectation(
        (eps - eps_hat) ** 2, eps
    ),
    r"\frac{\pi}{2} x": sp.pi * x / 2,
    r"\frac{3}{\sin^{2} x} - 3": 3 / sp.sin(x) ** 2 - 3,
    r"- \alpha_{t} x - \sigma_{t} \epsilon": -alpha(t) * x - sigma(t) * eps,
    r"\partial_{\tau} \rho": sp.Derivative(Abbreviation(r"\rho", S(tau)), tau),
    r"\alpha_{t} \sigma'_{t} - \sigma_{t} \alpha'_{t}": alpha(t) * sp.Derivative(sigma(t), t)
    - sigma(t) * sp.Derivative(alpha(t), t),
}  # fmt: skip


@pytest.mark.parametrize("shown", list(CASES))
def test_it_is_set_as_by_hand(shown: str) -> None:
    assert latex.latex(CASES[shown]) == shown


def test_a_bracketed_quotient_has_a_slash_and_one_by_itself_is_stacked() -> None:
    quotient = snr(t) / snr(s)
    assert latex.latex(quotient) == r"\frac{\mathrm{SNR}(t)}{\mathrm{SNR}(s)}"
    assert latex.latex(b * (1 - quotient)) == r"b (1 - \mathrm{SNR}(t)/\mathrm{SNR}(s))"
    assert latex.latex(quotient, inline=True) == r"\mathrm{SNR}(t)/\mathrm{SNR}(s)"


def test_a_logarithm_is_closed_where_something_follows_it() -> None:
    assert latex.latex(sp.log(b / x)) == r"\log\frac{b}{x}"
    assert latex.latex(sp.log(b / x) * sp.Integral(x, (x, 0, 1))) == (
        r"\log(b/x) \int_{0}^{1} x\, dx"
    )


def test_a_quotient_of_densities_is_a_fraction() -> None:
    law = Normal(x, 0, 1)
    assert latex.latex(law / Normal(z_t, 0, 2)).startswith(r"\frac{\mathcal{N}(x;\, 0,\, 1)}{")


def test_a_guess_that_is_no_letter_is_typeset_in_its_place() -> None:
    shown = mean_q(alpha(t) * z_t / 2).latex
    assert shown == r"\mu_Q(z_t, \alpha_{t} z_{t}/2)"
    assert mean_q(Abbreviation(r"\bar{x}", x)).latex == r"\mu_Q(z_t, \bar{x})"


@pytest.mark.parametrize(
    ("grown", "fitting"),
    [
        (r"\left(a + b\right)", "(a + b)"),
        (r"\left(f\left(t - h\right) - 1\right)", r"\bigl(f(t - h) - 1\bigr)"),
        (r"\left(\frac{a}{b} - 1\right)", r"\left(\frac{a}{b} - 1\right)"),
        (r"\left[\sum_{i=1}^{T} a\right]", r"\biggl[\sum_{i=1}^{T} a\biggr]"),
        (r"\left(p\left(x; 1\right) \,\middle\|\, q\right)", r"\bigl(p(x; 1) \,\big\|\, q\bigr)"),
        (r"\left.a\right|_{0}", r".a|_{0}"),
    ],
)
def test_brackets_fit_what_they_hold(grown: str, fitting: str) -> None:
    assert fitted(grown) == fitting


@pytest.mark.parametrize("wrong", [r"\left(a", r"a\right)", r"a \middle| b"])
def test_brackets_that_do_not_match_are_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="brackets do not match"):
        fitted(wrong)


SIDES = [
    side for chapter in collect() for step in chapter.steps for side in (step.left, step.right)
]


def test_no_side_in_the_book_has_a_fraction_in_a_fraction_or_a_giant_bracket() -> None:
    assert len(SIDES) > 100
    for side in SIDES:
        shown = latex.latex(side)
        inside = _arguments_of_fractions(shown)
        assert not any("frac{" in part.replace(r"\tfrac{", "") for part in inside), shown
        assert not any(r"\int" in part for part in inside), shown
        assert "alpha(t)" not in shown, shown  # SymPy's own text
        assert shown.count("{") == shown.count("}"), shown


def test_reading_order_only_moves_terms_and_factors() -> None:
    """Put together again by SymPy, which sorts, the tree is the one that was checked."""
    for side in SIDES:
        assert sp.expand(_again(arranged(side))) == sp.expand(side)


def _again(expr: sp.Basic) -> sp.Basic:
    if not expr.args or not isinstance(expr, sp.Add | sp.Mul | sp.Pow):
        return expr if not expr.args or _kept_whole(expr) else expr.func(*map(_again, expr.args))
    return expr.func(*map(_again, expr.args))


def _kept_whole(expr: sp.Basic) -> bool:
    return isinstance(expr, Abbreviation | AppliedUndef)


def _arguments_of_fractions(shown: str) -> list[str]:
    """The numerators and denominators of stacked fractions."""
    found = []
    for start in (match.end() for match in re.finditer(r"(?<!t)\\frac(?={)", shown)):
        for _ in range(2):
            depth, end = 1, start + 1
            while depth:
                depth += {"{": 1, "}": -1}.get(shown[end], 0)
                end += 1
            found.append(shown[start + 1 : end - 1])
            start = end
    return found
