"""The numbers of "Forward process and posterior" and "NELBO in x" against their closed forms."""

from __future__ import annotations

import math

import mpmath as mp
import pytest
import torch
from scipy import stats
from torch import Tensor

from companion.chapters.forward_process import results as forward_process
from companion.chapters.nelbo_in_x import results as bound_check
from diffcore.exact.gaussian_mixture import GaussianMixture
from diffcore.schedules import Cosine, Schedule
from diffcore.targets import EPS


def test_the_sampler_draws_from_the_derived_posterior() -> None:
    table = forward_process.replayed_steps(chains=50, steps=10, seed=3)
    assert len(table) == 4
    assert (table["steps"] == 10).all()
    assert (table["largest difference"].astype(float) <= 1e-12).all()


def test_the_replay_would_notice_the_steps_variance(monkeypatch: pytest.MonkeyPatch) -> None:
    right = forward_process._standardise

    def with_step_deviation(
        earlier: tuple[Tensor, Tensor], later: tuple[Tensor, Tensor], x: Tensor, schedule: Schedule
    ) -> Tensor:
        s, t = earlier[1], later[1]
        return right(earlier, later, x, schedule) * schedule.sigma(s) / schedule.sigma(t)

    monkeypatch.setattr(forward_process, "_standardise", with_step_deviation)
    table = forward_process.replayed_steps(chains=50, steps=10, seed=3)
    assert (table["largest difference"].astype(float) >= 0.1).all()


@pytest.mark.parametrize("variance", [0.04, 1.0, 9.0])
def test_the_gap_is_the_derived_correction_up_to_order_two(variance: float) -> None:
    """gap = h c + O(h^2), so gap / (h c) - 1 halves when the number of steps doubles."""
    excess = [
        (bound_check.discrete(steps, variance) - bound_check.continuous(variance))
        / bound_check.correction(steps, variance)
        - 1
        for steps in (1024, 2048, 4096)
    ]
    assert abs(excess[2]) < 0.01
    assert excess[0] / excess[1] == pytest.approx(2, rel=0.02)
    assert excess[1] / excess[2] == pytest.approx(2, rel=0.01)


def test_the_formula_for_the_error_is_the_exact_denoisers() -> None:
    lam = torch.tensor([-3.0, 0.0, 2.5], dtype=torch.float64)
    denoiser = GaussianMixture.gaussian(
        torch.zeros(1), torch.full((1, 1), 4.0, dtype=torch.float64)
    ).denoiser(Cosine())
    generator = torch.Generator().manual_seed(0)
    n = 200_000
    x, eps = torch.randn(2, n, 1, generator=generator, dtype=torch.float64)
    for value in lam:
        t = denoiser.schedule.time_of(value)
        z = denoiser.schedule.alpha(t) * 2 * x + denoiser.schedule.sigma(t) * eps
        error = (eps - denoiser.predict(z, t, EPS)).square() / 2
        wanted = bound_check.half_error(value, 4.0)
        assert abs(error.mean() - wanted) <= 4 * error.std() / math.sqrt(n)


def test_diffcore_agrees_with_the_closed_forms() -> None:
    gaps = bound_check.gaps(n=20_000, seed=5)
    assert ((gaps["diffcore"] - gaps["exact"]).abs() <= 4 * gaps["se"]).all()
    entropy = bound_check.bound_against_entropy(n=20_000, seed=5)
    assert ((entropy["bound"] - entropy["closed form"]).abs() <= 4 * entropy["se"]).all()
    known = stats.norm(scale=entropy["c"] ** 0.5).entropy()
    assert entropy["entropy of the data"].tolist() == pytest.approx(known.tolist())


@pytest.mark.parametrize("variance", bound_check.VARIANCES)
def test_what_the_prior_adds_is_a_divergence(variance: float) -> None:
    with mp.workdps(40):
        alpha_squared = 1 / (1 + mp.exp(12))
        spread = mp.sqrt(alpha_squared * mp.mpf(str(variance)) + 1 - alpha_squared)

        def density(z: mp.mpf) -> mp.mpf:
            return mp.npdf(z, 0, spread) * (mp.log(mp.npdf(z, 0, spread)) - mp.log(mp.npdf(z)))

        divergence = mp.quad(density, mp.linspace(-14, 14, 15))
    assert bound_check.prior_excess(variance) == pytest.approx(float(divergence), abs=1e-20)
    assert r"at most $8 \cdot 10^{-11}$" in bound_check.entropy_caption(10)
