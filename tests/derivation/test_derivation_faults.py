"""The ledger accepts true steps and catches planted errors, each by the check that should catch it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
import sympy as sp
import torch

from companion.derivation import (
    ANYWHERE,
    KL,
    Abbreviation,
    Between,
    Derivation,
    DerivationError,
    Domain,
    Expectation,
    Normal,
    Ordered,
    VariancePreserving,
    Where,
    checks,
)
from companion.derivation.step import Effort, Step
from companion.derivation.timelimit import TimeLimit, time_limit
from companion.derivation.vocabulary import (
    alpha,
    eps,
    function,
    h,
    mean_q,
    posterior,
    s,
    sigma,
    snr,
    symbol,
    t,
    u,
    var_q,
    var_step,
    x,
    x_hat,
    z,
    z_t,
)

m1, m2 = symbol("m_1"), symbol("m_2")
v1, v2 = symbol("v_1", positive=True), symbol("v_2", positive=True)
f = function("f")
y = symbol("y")

KL_FORMULA = (v1 / v2 + (m1 - m2) ** 2 / v2 - 1 + sp.log(v2 / v1)) / 2
GAUSSIANS = KL(Normal(z, m1, v1), Normal(z, m2, v2))
MEANS = (mean_q(x) - mean_q(x_hat)) ** 2 / (2 * var_q())
SNRS = (snr(s) - snr(t)) / 2 * (x - x_hat) ** 2


def write(left: Any, right: Any, domain: Domain = ANYWHERE, **options: Any) -> Any:
    """One chain of one link."""
    return Derivation("test").chain("claim", left, (right, "reason"), domain=domain, **options)


TRUE: dict[str, tuple[Any, Any, Domain]] = {
    "gaussian KL, integrated": (GAUSSIANS, KL_FORMULA, ANYWHERE),
    "variances cancel": (KL(posterior(x), posterior(x_hat)), MEANS, Ordered(s, t)),
    "difference of SNRs": (MEANS, SNRS, Ordered(s, t)),
    "fourth moment": (Expectation((alpha(t) * x + sigma(t) * eps) ** 4, eps),
                      alpha(t) ** 4 * x**4 + 6 * alpha(t) ** 2 * sigma(t) ** 2 * x**2
                      + 3 * sigma(t) ** 4, Between(t, 0, 1)),
    "derivative of the log-SNR": (
        sp.Derivative(sp.log(snr(t)), t),
        2 * sp.Derivative(alpha(t), t) / alpha(t) - 2 * sp.Derivative(sigma(t), t) / sigma(t),
        Between(t, 0, 1),
    ),
    "limit of a difference quotient": (
        sp.Limit((f(t - h) - f(t)) / h, h, 0), -sp.Derivative(f(t), t), Between(t, 0, 1)),
    "integral of an exponential": (
        sp.Integral(sp.exp(v1 * y), (y, 0, v2)), (sp.exp(v1 * v2) - 1) / v1, ANYWHERE),
    "variance-preserving, declared": (
        alpha(t) ** 2 * x + sigma(t) ** 2 * x - x_hat, x - x_hat,
        Between(t, 0, 1) & VariancePreserving(alpha, sigma)),
}  # fmt: skip


@pytest.mark.parametrize("name", list(TRUE))
def test_true_steps_are_accepted(name: str) -> None:
    left, right, domain = TRUE[name]
    (outcome,) = write(left, right, domain).outcomes
    assert outcome.points >= 20
    assert outcome.error <= 1e-40
    assert outcome.count("refuted") >= 5


WRONG: dict[str, tuple[Any, Any, Domain]] = {
    "sign": (GAUSSIANS, KL_FORMULA.subs(m2, -m2), ANYWHERE),
    "factor 1/2": (MEANS, 2 * SNRS, Ordered(s, t)),
    "exponent": (MEANS, (snr(s) - snr(t)) / 2 * (x - x_hat) ** 3, Ordered(s, t)),
    "s and t swapped": (MEANS, (snr(t) - snr(s)) / 2 * (x - x_hat) ** 2, Ordered(s, t)),
    "dropped term": (GAUSSIANS, KL_FORMULA + sp.Rational(1, 2), ANYWHERE),
    "alpha for sigma": (MEANS, (1 / snr(s) - 1 / snr(t)) / 2 * (x - x_hat) ** 2, Ordered(s, t)),
    "wrong limit": (
        sp.Limit((f(t - h) - f(t)) / h, h, 0), sp.Derivative(f(t), t), Between(t, 0, 1)),
    "chain factor of a derivative": (
        sp.Derivative(f(v1 * y), y), sp.Subs(sp.Derivative(f(u), u), u, v1 * y), ANYWHERE),
    "constant of an integral": (
        sp.Integral(sp.exp(v1 * y), (y, 0, v2)), sp.exp(v1 * v2) / v1, ANYWHERE),
    "moment": (Expectation(eps**4 * x, eps), 2 * x, ANYWHERE),
    "true only for VP": (
        var_step() - sigma(t) ** 2, alpha(t) ** 2 - alpha(t) ** 2 / alpha(s) ** 2, Ordered(s, t)),
}  # fmt: skip


@pytest.mark.parametrize("name", list(WRONG))
def test_planted_errors_are_caught_with_a_counterexample(name: str) -> None:
    left, right, domain = WRONG[name]
    with pytest.raises(DerivationError, match=r"test/claim\.1: numeric check failed: .* at ") as e:
        write(left, right, domain)
    assert "\n" not in str(e.value)


def test_the_symbolic_route_rejects_the_same_errors() -> None:
    """The two routes are independent: each alone refuses every planted error."""
    from companion.derivation.symbolic import prove

    proved = [name for name, (left, right, _) in WRONG.items() if prove(left, right) is not None]
    assert proved == []


def test_variance_preservation_must_be_declared() -> None:
    left, right, _ = TRUE["variance-preserving, declared"]
    with pytest.raises(DerivationError, match="numeric check failed"):
        write(left, right, Between(t, 0, 1))


def test_refute_shows_the_counterexample_and_refuses_a_true_claim() -> None:
    d = Derivation("test")
    shown = d.refute("trap", MEANS, 2 * SNRS, "twice", domain=Ordered(s, t))._repr_markdown_()
    assert r"\ne" in shown
    assert "✗ refuted: twice. Left " in shown
    assert "Abbreviation" not in shown
    with pytest.raises(DerivationError, match="a planted error is accepted"):
        d.refute("true", MEANS, SNRS, "no error", domain=Ordered(s, t))


def test_a_step_that_is_true_by_numbers_alone_is_not_accepted() -> None:
    # agrees to 59 digits with 1 but is not equal to it: only the symbolic route can tell
    nearly = x * (1 + sp.Rational(1, 10**59)) + x_hat - z_t
    with pytest.raises(DerivationError, match="symbolic check failed"):
        write(nearly, x + x_hat - z_t)


def test_vacuous_step() -> None:
    with pytest.raises(DerivationError, match="vacuous check failed: both sides are the same"):
        write(sp.Integer(0), sp.Integer(0))


def test_empty_domain() -> None:
    for never in (x**2 + 1 < 0, x > x_hat + 100):
        with pytest.raises(DerivationError, match="domain check failed: the domain is empty"):
            write((x + x_hat) ** 2, x**2 + 2 * x * x_hat + x_hat**2, Where(never))


def test_a_symbol_without_assumptions_is_an_error() -> None:
    k = sp.Symbol("k")
    with pytest.raises(DerivationError, match="symbol k has no assumption"):
        write((k + 1) ** 2, k**2 + 2 * k + 1)


class Finalised:
    """Raises, or takes its time, where Python drops what is raised."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds

    def __del__(self) -> None:
        until = time.process_time() + self.seconds
        while time.process_time() < until:
            pass
        if not self.seconds:
            raise ValueError("in a finaliser")


def test_a_limit_that_fires_in_a_finaliser_is_said_to_nobody_and_raised_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda what: said.append(what.exc_type))
    ours = sys.unraisablehook

    def until_stopped() -> None:
        with time_limit(0.05):
            Finalised()
            Finalised(seconds=0.1)
            while True:
                pass

    with pytest.raises(TimeLimit):
        until_stopped()
    assert said == [ValueError]
    assert sys.unraisablehook is ours


def test_time_limit_is_hard(monkeypatch: pytest.MonkeyPatch) -> None:
    def forever(left: Any, right: Any, positive: Any) -> None:
        while True:
            try:
                sum(range(1000))
            except Exception:  # what a careless library would do
                continue

    monkeypatch.setattr(checks, "prove", forever)
    with pytest.raises(DerivationError, match=r"symbolic check failed: no proof within 0\.3 s"):
        write((x + 1) ** 2, x**2 + 2 * x + 1, seconds=0.3)


def test_a_prover_that_proves_anything_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    from companion.derivation.symbolic import TACTICS

    monkeypatch.setitem(TACTICS, "computed", lambda a, b, positive: True)
    with pytest.raises(DerivationError, match="the prover also proves the wrong variant"):
        write((x + x_hat) ** 2, x**2 + 2 * x * x_hat + x_hat**2)


def test_a_numeric_check_that_passes_anything_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "relative_error", lambda a, b: 0)
    with pytest.raises(DerivationError, match="passes the numeric check"):
        write((x + x_hat) ** 2, x**2 + 2 * x * x_hat + x_hat**2)


def step_weight(
    alpha_s: torch.Tensor, sigma_s: torch.Tensor, alpha_t: torch.Tensor, sigma_t: torch.Tensor,
    x: torch.Tensor, x_hat: torch.Tensor,
) -> torch.Tensor:  # fmt: skip
    """The torch counterpart of SNRS."""
    return 0.5 * ((alpha_s / sigma_s) ** 2 - (alpha_t / sigma_t) ** 2) * (x - x_hat) ** 2


def test_torch_counterpart_agrees() -> None:
    (outcome,) = write(MEANS, SNRS, Ordered(s, t), torch=step_weight).outcomes
    assert outcome.torch_error is not None
    assert outcome.torch_error <= 1e-10


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda **k: 2 * step_weight(**k), "torch check failed: value"),
        (lambda **k: step_weight(**{**k, "x": k["x"].detach()}), "gradient wrt x"),
        (lambda x, x_hat: (x - x_hat) ** 2, "it is called with"),
    ],
)
def test_torch_errors_are_caught(wrong: Callable[..., Any], message: str) -> None:
    with pytest.raises(DerivationError, match=message):
        write(MEANS, SNRS, Ordered(s, t), torch=wrong)


def test_equivalent_mutants_are_recognised_and_not_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from companion.derivation.mutants import Mutant, mutants

    def with_a_symmetric_swap(left: Any, right: Any, seed: str) -> list[Mutant]:
        swapped = right.xreplace({x: x_hat, x_hat: x}) + sp.sin(z) ** 2 + sp.cos(z) ** 2 - 1
        return [Mutant("symmetric", "x <-> x_hat", swapped), *mutants(left, right, seed)]

    monkeypatch.setattr(checks, "mutants", with_a_symmetric_swap)
    (outcome,) = write((x + x_hat) ** 2 * z, (x**2 + 2 * x * x_hat + x_hat**2) * z).outcomes
    assert [r.mutant.kind for r in outcome.refutations if r.verdict == "equivalent"] == [
        "symmetric"
    ]
    assert outcome.count("refuted") == 8


def test_a_claim_with_too_few_wrong_variants_is_not_accepted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(checks, "mutants", lambda *a: [])
    with pytest.raises(DerivationError, match="only 0 of 5 wrong variants are refuted"):
        write((x + x_hat) ** 2, x**2 + 2 * x * x_hat + x_hat**2)


def test_a_wrong_variant_that_few_points_miss_is_looked_for_at_more() -> None:
    guess = Abbreviation(r"\hat\epsilon", (alpha(t) * (x - x_hat) + sigma(t) * eps) / sigma(t))
    left = sp.Max(snr(t) * (x - x_hat) ** 2, (x - x_hat) ** 2)
    right = sp.Max((eps - guess) ** 2, (x - x_hat) ** 2)  # where the SNR is high, one branch is all
    step = Step("reweighted/truncated.2", left, right, "by the definition", ANYWHERE)
    few = checks.check(step, Effort(points=4, far=0.05), torch=False)
    assert few.points == 4
    assert few.refutations == checks.check(step, torch=False).refutations
