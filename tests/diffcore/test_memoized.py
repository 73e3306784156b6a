"""A memoized schedule: the values of its schedule, each computed once for each tensor."""

from collections import Counter
from dataclasses import dataclass

import pytest
import torch
from reference import SCHEDULES

import diffcore as dc
from diffcore.catalogue import Sigmoid
from diffcore.memoized import memoized, together

FUNCTIONS = ("alpha", "sigma", "alpha_prime", "sigma_prime", "log_snr", "log_snr_prime")
CALLS: Counter = Counter()


@dataclass(frozen=True)
class Counted(dc.schedules.Cosine):
    """Counts what it is asked."""

    def alpha(self, t):
        CALLS["alpha"] += 1
        return super().alpha(t)

    def sigma(self, t):
        CALLS["sigma"] += 1
        return super().sigma(t)

    def log_snr(self, t):
        CALLS["log_snr"] += 1
        return super().log_snr(t)


def times() -> torch.Tensor:
    return torch.linspace(0.1, 0.9, 7, dtype=torch.float64)


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_it_has_the_values_of_its_schedule(schedule):
    memo, t = memoized(schedule), times()
    for name in FUNCTIONS:
        assert torch.equal(getattr(memo, name)(t), getattr(schedule, name)(t))
    log_snr = memo.log_snr(t)
    assert torch.equal(memo.time_of(log_snr), schedule.time_of(log_snr))
    assert memo.log_snr_range == schedule.log_snr_range
    assert memo.log_snr_window((None, None)) == schedule.log_snr_window((None, None))


def test_a_tensor_that_takes_the_place_of_another_is_not_taken_for_it():
    """CPython gives the address, and so the id, of a tensor that is gone to the next one."""
    memo, cosine = memoized(dc.schedules.Cosine()), dc.schedules.Cosine()
    for k in range(50):
        t = torch.full((3,), k / 100, dtype=torch.float64)
        assert torch.equal(memo.alpha(t), cosine.alpha(t))
        del t


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_scales_that_are_computed_together_are_those_of_each_time(schedule):
    each = together(memo := memoized(schedule), times())
    assert torch.equal(torch.stack(each), times())
    for t in each:
        for name in ("alpha", "sigma"):
            assert getattr(memo, name)(t) is getattr(memo, name)(t)
            torch.testing.assert_close(
                getattr(memo, name)(t), getattr(schedule, name)(t.clone()), rtol=1e-15, atol=0
            )


@pytest.mark.parametrize("target", [dc.X, dc.EPS, dc.V, dc.SCORE])
def test_a_loss_evaluates_each_scale_once(target):
    x = torch.randn(5, 2, generator=torch.Generator().manual_seed(0))
    g = torch.Generator().manual_seed(1)
    CALLS.clear()
    got = dc.Loss(Counted(), target)(lambda z, t: z, x, g)
    assert CALLS == {"alpha": 1, "sigma": 1}
    plain = dc.Loss(dc.schedules.Cosine(), target)
    g.manual_seed(1)
    drawn = plain.times.sample(5, plain.schedule, g)
    eps = torch.randn(x.shape, generator=g)
    task = plain.task(x, eps, drawn)  # which evaluates them where they are needed
    assert torch.equal(got, task.value(task.z))


def test_it_is_a_schedule_of_the_same_kind_made_once_and_leaves_the_other_alone():
    cosine = dc.schedules.Cosine(shift=0.5)
    memo = memoized(cosine)
    assert memoized(memo) is memo
    assert isinstance(memo, dc.schedules.Cosine)
    assert memo.shift == 0.5
    memo.alpha(times())
    outside = times() + 1
    assert memo.looked_at(outside) is outside
    assert vars(cosine) == {"shift": 0.5}
    assert type(memoized(dc.schedules.Cosine())) is type(memo)


def test_parts_from_which_several_functions_are_made_are_evaluated_once(monkeypatch):
    asked = []
    monkeypatch.setattr(torch, "sin", lambda angle, sin=torch.sin: asked.append(1) or sin(angle))
    memo, t = memoized(dc.schedules.Cosine()), times()
    for name in FUNCTIONS:
        getattr(memo, name)(t)
    assert len(asked) == 2
    dc.schedules.Cosine().alpha(t)
    assert len(asked) > 3


class Doubled(dc.NetDenoiser):
    """Says twice what its network says."""

    def predict(self, z, t, target=dc.X):
        return 2 * super().predict(z, t, target)

    def predict_pair(self, z, t):
        x_hat, eps_hat = super().predict_pair(z, t)
        return 2 * x_hat, 2 * eps_hat


def test_the_bound_does_not_ask_for_the_log_snr_and_another_weighting_asks_once():
    x = torch.randn(5, 2, generator=torch.Generator().manual_seed(0))
    for weighting, asked in ((dc.weightings.Elbo(), 0), (Sigmoid(), 1)):
        CALLS.clear()
        dc.Loss(Counted(), dc.EPS, weighting)(lambda z, t: z, x, torch.Generator().manual_seed(1))
        assert CALLS["log_snr"] == asked


@dataclass(frozen=True)
class Twice(dc.weightings.Elbo):
    """Another weighting than that of its base."""

    def __call__(self, log_snr, schedule):
        return 2 * super().__call__(log_snr, schedule)


def test_a_weighting_made_from_the_bound_weighs_as_it_says():
    schedule = dc.schedules.Cosine()
    drawn = dc.times.Uniform().sample(5, schedule, torch.Generator().manual_seed(0))
    one, two = (dc.Loss(schedule, dc.EPS, w).factor(drawn) for w in (dc.weightings.Elbo(), Twice()))
    torch.testing.assert_close(two, 2 * one)


def test_a_chain_evaluates_the_scales_of_all_its_levels_at_once():
    CALLS.clear()
    denoiser = dc.NetDenoiser(lambda z, t: z, Counted(), dc.EPS)
    dc.sample(denoiser, (4, 2), 6, torch.Generator().manual_seed(0))
    assert (CALLS["alpha"], CALLS["sigma"]) == (1, 1)
    assert "_known" not in vars(denoiser.schedule)


def test_a_chain_asks_the_denoiser_that_it_was_given():
    def ends(kind):
        denoiser = kind(lambda z, t: z, dc.schedules.Cosine(), dc.EPS)
        return dc.sample(denoiser, (4, 2), 1, torch.Generator().manual_seed(0))

    assert not torch.allclose(ends(Doubled), ends(dc.NetDenoiser))
