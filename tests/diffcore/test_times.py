"""Time samplers: density against quantile, SciPy's laws, the open interval, and the variance laws."""

import math
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from reference import SCHEDULES, generator, tensor
from scipy import stats

from diffcore import times
from diffcore.estimates import PiecewiseLinear
from diffcore.schedules import Cosine, RectifiedFlow
from diffcore.times import (
    LogitNormal,
    LogNormalSigma,
    SharedOffset,
    Stratified,
    Uniform,
    UniformLogSNR,
)

SAMPLERS = {
    "uniform": Uniform(),
    "uniform log-SNR": UniformLogSNR(-7.0, 8.0),
    "widest log-SNR": UniformLogSNR(),
    "logit-normal": LogitNormal(0.3, 0.8),
    "log-normal sigma": LogNormalSigma(),
    "piecewise linear": PiecewiseLinear(-6.0, 7.0, (0.3, 2.0, 0.1, 0.1, 1.0)),
    "stratified": Stratified(LogitNormal()),
    "shared offset": SharedOffset(UniformLogSNR(-5.0, 5.0)),
}


def spaced(n):
    return (torch.arange(n, dtype=torch.float64) + 0.5) / n


@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_density_is_the_derivative_of_the_quantile(name, schedule):
    """p(log-SNR) |d log-SNR / du| = 1, the derivative by autograd: the density integrates to 1."""
    u = spaced(200).requires_grad_()
    drawn = SAMPLERS[name].quantile(u, SCHEDULES[schedule])
    (slope,) = torch.autograd.grad(drawn.log_snr.sum(), u)
    torch.testing.assert_close(drawn.density * slope.abs(), torch.ones_like(u), rtol=1e-9, atol=0)
    assert (slope < 0).all()


@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_density_has_unit_mass(name, schedule):
    drawn = SAMPLERS[name].quantile(spaced(40_000), SCHEDULES[schedule])
    mass = torch.trapezoid(drawn.density, -drawn.log_snr)
    assert float(mass) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_time_and_log_snr_belong_together(name, schedule):
    drawn = SAMPLERS[name].quantile(spaced(64), SCHEDULES[schedule])
    for part in (drawn.t, drawn.log_snr, drawn.density):
        assert part.dtype == torch.float64
        assert part.shape == (64,)
    log_snr = SCHEDULES[schedule].log_snr(drawn.t)
    assert ((drawn.t > 0) & (drawn.t < 1)).all()
    torch.testing.assert_close(log_snr, drawn.log_snr, rtol=1e-7, atol=1e-7)


LAWS = {
    "uniform": (lambda d: d.t, stats.uniform()),
    "uniform log-SNR": (lambda d: d.log_snr, stats.uniform(-7.0, 15.0)),
    "logit-normal": (lambda d: torch.logit(d.t), stats.norm(0.3, 0.8)),
    "log-normal sigma": (lambda d: -d.log_snr / 2, stats.norm(-1.2, 1.2)),
}


@pytest.mark.parametrize("name", LAWS)
def test_draws_follow_their_law(name):
    statistic, law = LAWS[name]
    drawn = SAMPLERS[name].sample(20_000, Cosine(), generator(1))
    assert stats.kstest(statistic(drawn).numpy(), law.cdf).pvalue > 1e-3


def test_published_densities_of_log_snr():
    """EDM: N(2.4, 2.4^2). Logit-normal on straight lines: N(-2m, 4 s^2). Catalogue, section 1."""
    u = spaced(300)
    edm = LogNormalSigma().quantile(u, RectifiedFlow())
    np.testing.assert_allclose(edm.density, stats.norm(2.4, 2.4).pdf(edm.log_snr), rtol=1e-12)
    sd3 = LogitNormal(0.3, 0.8).quantile(u, RectifiedFlow())
    np.testing.assert_allclose(sd3.density, stats.norm(-0.6, 1.6).pdf(sd3.log_snr), rtol=1e-11)


@pytest.mark.parametrize("name", ["linear_beta", "sub_vp", "variance_exploding"])
def test_log_normal_sigma_is_truncated_to_what_the_schedule_reaches(name):
    """Against SciPy's truncated normal; an untruncated one would ask for times outside [0, 1]."""
    schedule, u = SCHEDULES[name], spaced(1001)
    low, high = schedule.log_snr_range
    drawn = LogNormalSigma(0.5, 2.0).quantile(u, schedule)
    law = stats.truncnorm(
        (-high / 2 - 0.5) / 2, (-low / 2 - 0.5) / 2, 0.5, 2
    )  # of log(sigma/alpha)
    np.testing.assert_allclose(-drawn.log_snr / 2, law.ppf(u), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(drawn.density, law.pdf(-drawn.log_snr / 2) / 2, rtol=1e-9)
    assert ((drawn.t > 0) & (drawn.t < 1)).all()


def test_where_the_whole_line_is_reached_nothing_is_truncated():
    u = spaced(997)
    drawn = LogNormalSigma(0.5, 2.0).quantile(u, Cosine())
    n = torch.special.ndtri(u)
    assert torch.equal(drawn.log_snr, -2 * (0.5 + 2.0 * n))
    assert torch.equal(drawn.density, torch.exp(-(n**2) / 2) / math.sqrt(2 * math.pi) / 4)


ENDS = {
    "cosine": (-12, 12),
    "linear_beta": (-10.049956813318408, 12),
    "sub_vp": (-10.05, 12),
    "variance_exploding": (-2 * math.log(50), 2 * math.log(100)),
    "rectified_flow": (-12, 12),
}
"""What uniform log-SNR covers unless told otherwise: (-12, 12) as far as the schedule reaches."""


@pytest.mark.parametrize("name", ENDS)
def test_uniform_log_snr_covers_the_default_window(name):
    drawn = UniformLogSNR().quantile(tensor([0.0, 0.5, 1.0]), SCHEDULES[name])
    low, high = ENDS[name]
    expected = tensor([high, (low + high) / 2, low])
    torch.testing.assert_close(drawn.log_snr, expected, rtol=0, atol=1e-4)
    torch.testing.assert_close(drawn.density, tensor([1 / (high - low)] * 3), rtol=1e-5, atol=0)


def test_a_range_beyond_the_schedule_is_refused():
    with pytest.raises(
        ValueError, match=r"VarianceExploding\(.*reaches \(-7.824, 9.21\), got \(-12, 9\)"
    ):
        UniformLogSNR(-12, 9).quantile(spaced(3), SCHEDULES["variance_exploding"])


def extreme(monkeypatch, cell):
    """Make every uniform draw its first or last cell."""

    def randint(high, size, *, generator, device):
        return torch.full(size, 0 if cell == "first" else high - 1)

    monkeypatch.setattr(torch, "randint", randint)


@pytest.mark.parametrize("cell", ["first", "last"])
@pytest.mark.parametrize("n", [1, 2, 3, 10, 1000, 1024, 4097])
@pytest.mark.parametrize("sampler", [Uniform(), Stratified(), SharedOffset()], ids=str)
def test_the_interval_is_open_even_at_the_most_extreme_draw(monkeypatch, sampler, n, cell):
    extreme(monkeypatch, cell)
    u = sampler.draw(n, generator())
    assert (u > 0).all()
    assert (u < 1).all()


@given(n=st.integers(1, 400), seed=st.integers(0, 2**31))
def test_one_draw_in_each_stratum(n, seed):
    for sampler in (Stratified(), SharedOffset()):
        u = sampler.draw(n, generator(seed))
        assert u.shape == (n,)
        assert (torch.floor(u * n).long() == torch.arange(n)).all()
    grid = SharedOffset().draw(n, generator(seed))
    torch.testing.assert_close(grid - grid[0], torch.arange(n) / tensor(n), rtol=0, atol=1e-15)


def f(u):
    """A smooth stand-in for a loss as a function of time; its mean over (0, 1) is e - 1."""
    return torch.exp(u)


N = 16
LAW = {
    "uniform": ((math.e**2 - 1) / 2 - (math.e - 1) ** 2) / N,
    "stratified": (math.e**2 - 1) / 2 / (12 * N**3),
    "shared offset": (math.e - 1) ** 2 / (12 * N**2),
}
"""Variance of the batch mean: catalogue, identity 31, with f = f' = exp."""


@pytest.mark.parametrize("name", LAW)
def test_spreading_keeps_the_mean_and_cuts_the_variance_as_predicted(name):
    sampler = {"uniform": Uniform(), "stratified": Stratified(), "shared offset": SharedOffset()}[
        name
    ]
    g, repeats = generator(2), 4000
    means = torch.stack([f(sampler.draw(N, g)).mean() for _ in range(repeats)])
    error = (means.mean() - (math.e - 1)) / math.sqrt(LAW[name] / repeats)
    assert abs(float(error)) < 4
    # The relative standard error of a variance is at most sqrt(2 / repeats) for these laws.
    assert float(means.var()) / LAW[name] == pytest.approx(1, abs=5 * math.sqrt(2 / repeats))


def test_the_same_generator_gives_the_same_times():
    for sampler in SAMPLERS.values():
        first, second = (sampler.sample(32, Cosine(), generator(3)).t for _ in range(2))
        assert torch.equal(first, second)
        assert not torch.equal(first, sampler.sample(32, Cosine(), generator(4)).t)


@pytest.mark.parametrize("ends", [(1.0, 1.0), (2.0, -2.0)])
def test_an_empty_range_is_refused(ends):
    with pytest.raises(ValueError, match="log-SNR range: expected low < high"):
        UniformLogSNR(*ends)


def test_uniform_has_no_holes_worth_naming():
    u = times.uniform(20_000, generator(5))
    assert stats.kstest(u.numpy(), "uniform").pvalue > 1e-3
    assert u.dtype == torch.float64


@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize("end", [0.0, 1.0])
def test_quantiles_at_the_ends_are_taken_where_the_levels_are_finite(name, end):
    closed = {"uniform log-SNR", "widest log-SNR", "shared offset"}
    ask = partial(SAMPLERS[name].quantile, tensor([0.5, end]), SCHEDULES["cosine"])
    if name in closed:
        assert ask().log_snr.isfinite().all()
    else:
        with pytest.raises(ValueError, match="u: expected numbers in"):
            ask()


def test_uniform_numbers_are_the_middles_of_cells(monkeypatch):
    monkeypatch.setattr(times, "CELLS", 4)
    drawn = times.uniform(200, generator(0))
    assert set(drawn.tolist()) == {0.125, 0.375, 0.625, 0.875}
