"""Samplers on Gaussian data, where every step is affine and the law of the samples is known."""

import itertools
import math

import pytest
import torch
from reference import SCHEDULES, Gaussian, generator, tensor
from scipy import stats

import diffcore as dc
from diffcore.samplers import DDIM, sample, trajectory
from diffcore.schedules import Cosine, RectifiedFlow, VarianceExploding
from diffcore.targets import TARGETS

DATA = Gaussian()
LOG_SNR = (-7.0, 9.0)
SOLVERS = {"ancestral": DDIM(eta=1), "ddim": DDIM()}


def samples(
    denoiser, shape, steps, generator, solver=SOLVERS["ddim"], log_snr=LOG_SNR, dtype=torch.float64
):
    return sample(denoiser, shape, steps, generator, solver, log_snr=log_snr, dtype=dtype)


def chain(schedule, steps, log_snr=LOG_SNR):
    """(alpha, sigma) along the chain as plain floats, from noise to data."""
    start, end = (float(schedule.time_of(tensor(lam))) for lam in log_snr)
    times = [tensor(start + (end - start) * k / steps) for k in range(steps + 1)]
    return [(float(schedule.alpha(t)), float(schedule.sigma(t))) for t in times]


def affine_end(alpha, sigma):
    """The last line of a sampler: E[x|z] = intercept + slope z."""
    slope = alpha * DATA.variance / (alpha**2 * DATA.variance + sigma**2)
    return DATA.mean * (1 - slope * alpha), slope


def ddim_slope(scales):
    """Product of the DDIM steps' slopes for centred z, from z_s = (sigma_s / sigma_t) z_t + ... x_hat.

    This is the exponential-integrator form (catalogue, identity 39), not the package's.
    """
    total = 1.0
    for (a_t, s_t), (a_s, s_s) in itertools.pairwise(scales):
        posterior = a_t * DATA.variance / (a_t**2 * DATA.variance + s_t**2)
        total *= s_s / s_t + (a_s - a_t * s_s / s_t) * posterior
    return total


@pytest.mark.parametrize("steps", [1, 2, 7, 50])
@pytest.mark.parametrize("name", SCHEDULES)
def test_ddim_is_the_closed_recursion(name, steps):
    schedule = SCHEDULES[name]
    got = samples(DATA.denoiser(schedule), (40, 3), steps, generator(1))
    scales = chain(schedule, steps)
    noise = torch.randn(40, 3, generator=generator(1), dtype=torch.float64)
    first, last = scales[0], scales[-1]
    centred = math.hypot(*first) * noise - first[0] * DATA.mean
    z = last[0] * DATA.mean + ddim_slope(scales) * centred
    intercept, slope = affine_end(*last)
    torch.testing.assert_close(got, intercept + slope * z, rtol=1e-9, atol=1e-10)


def test_ddim_approaches_the_flow_of_the_ode_at_first_order():
    """The probability-flow ODE maps quantile to quantile: its slope is the ratio of deviations."""
    schedule = Cosine()
    deviations = [
        math.sqrt(a**2 * DATA.variance + s**2) for a, s in (chain(schedule, 1)[k] for k in (0, -1))
    ]
    errors = [
        abs(ddim_slope(chain(schedule, n)) - deviations[1] / deviations[0])
        for n in (64, 128, 256, 512)
    ]
    assert errors[-1] < 0.02
    for coarse, fine in itertools.pairwise(errors):
        assert coarse / fine == pytest.approx(2, abs=0.15)


def ancestral_moments(schedule, steps, log_snr=LOG_SNR):
    """Mean and variance of the samples by the posterior of Ho et al. (2020), eqs. 6-7."""
    scales = chain(schedule, steps, log_snr)
    mean, variance = 0.0, scales[0][0] ** 2 + scales[0][1] ** 2
    for (a_t, s_t), (a_s, s_s) in itertools.pairwise(scales):
        a = a_t / a_s
        fresh = s_t**2 - a**2 * s_s**2  # variance of z_t given z_s
        on_z, on_x = a * s_s**2 / s_t**2, a_s * fresh / s_t**2
        slope = a_t * DATA.variance / (a_t**2 * DATA.variance + s_t**2)
        gain = on_z + on_x * slope
        mean = gain * mean + on_x * DATA.mean * (1 - slope * a_t)
        variance = gain**2 * variance + fresh * s_s**2 / s_t**2
    intercept, slope = affine_end(*scales[-1])
    return intercept + slope * mean, slope**2 * variance


N = 10_000


@pytest.mark.parametrize("steps", [1, 2, 10, 40])
@pytest.mark.parametrize(
    "schedule", [Cosine(), RectifiedFlow(), VarianceExploding()], ids=["cosine", "flow", "ve"]
)
def test_ancestral_samples_have_the_predicted_law(schedule, steps):
    drawn = samples(DATA.denoiser(schedule), (N, 1), steps, generator(2), DDIM(eta=1))
    mean, variance = ancestral_moments(schedule, steps)
    assert stats.kstest(drawn[:, 0], "norm", (mean, math.sqrt(variance))).pvalue > 1e-3
    assert float(drawn.var()) / variance == pytest.approx(1, abs=5 * math.sqrt(2 / N))


def test_many_ancestral_steps_recover_the_data():
    mean, variance = ancestral_moments(Cosine(), 5000, (-14.0, 14.0))
    assert mean == pytest.approx(DATA.mean, abs=1e-3)
    assert variance == pytest.approx(DATA.variance, rel=2e-3)


@pytest.mark.parametrize("name", SOLVERS)
def test_one_step_is_the_mean_then_the_denoiser(name):
    """From almost pure noise one step lands on E[x], and ancestral adds almost the last noise."""
    oracle = DATA.denoiser(Cosine())
    drawn = samples(oracle, (2000, 2), 1, generator(3), SOLVERS[name], (-20.0, 20.0))
    assert drawn.shape == (2000, 2)
    torch.testing.assert_close(drawn, torch.full_like(drawn, DATA.mean), rtol=0, atol=1e-3)


@pytest.mark.parametrize("name", SOLVERS)
@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_a_denoiser_of_any_target_gives_the_same_samples(name, target):
    schedule = RectifiedFlow()
    net = dc.NetDenoiser(DATA.net(schedule, target), schedule, target)
    drawn = samples(net, (30, 2), 12, generator(4), SOLVERS[name])
    expected = samples(DATA.denoiser(schedule), (30, 2), 12, generator(4), SOLVERS[name])
    torch.testing.assert_close(drawn, expected, rtol=1e-8, atol=1e-9)


def test_ddim_of_the_true_noise_walks_along_the_forward_path():
    """Any perfectly informed denoiser, here one that knows x: z_s = alpha_s x + sigma_s eps."""
    x = tensor([[0.3, -2.0]])

    class Knows(dc.Denoiser):
        schedule = VarianceExploding()

        def predict(self, z, t, target=dc.X):
            t = t.expand(z.shape[0])
            truth = x.expand_as(z)
            return dc.convert(truth, z, t, self.schedule, dc.X, target)

    for solver in SOLVERS.values():
        got = samples(Knows(), (5, 2), 6, generator(5), solver)
        torch.testing.assert_close(got, x.expand(5, 2), rtol=1e-12, atol=0)


@pytest.mark.parametrize("name", SOLVERS)
def test_a_step_with_the_exact_denoiser_evaluates_its_posterior_once(name):
    asked = []

    def posterior(z, alpha, sigma):
        asked.append(float(sigma))
        return DATA.posterior(z, alpha, sigma)

    schedule = Cosine()
    denoiser = dc.ExactDenoiser(posterior, schedule)
    samples(denoiser, (4, 3), 7, generator(), SOLVERS[name])
    assert asked == [pytest.approx(sigma) for _, sigma in chain(schedule, 7)]  # the last: the mean


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_exact_pair_is_what_is_predicted_of_each(dtype):
    denoiser = dc.exact.rings().denoiser(Cosine())
    z, t = torch.randn(5, 2, generator=generator(), dtype=dtype), torch.linspace(0.01, 0.99, 5)
    for found, target in zip(denoiser.predict_pair(z, t), (dc.X, dc.EPS), strict=True):
        assert torch.equal(found, denoiser.predict(z, t, target))
        assert found.dtype == dtype
    with pytest.raises(ValueError, match=r"t: expected shape \(\) or \(5,\)"):
        denoiser.predict_pair(z, t[:3])


@pytest.mark.parametrize("name", SOLVERS)
def test_samples_are_reproducible(name):
    oracle, solver = DATA.denoiser(Cosine()), SOLVERS[name]
    first, second, other = (
        sample(oracle, (4, 1, 2, 2), 3, generator(s), solver) for s in (6, 6, 7)
    )
    assert torch.equal(first, second)
    assert not torch.equal(first, other)
    assert (first.shape, first.dtype) == ((4, 1, 2, 2), torch.float32)
    assert not first.requires_grad


@pytest.mark.parametrize("name", SOLVERS)
@pytest.mark.parametrize("given", [torch.float64, torch.bfloat16])
def test_samples_have_the_asked_precision_whatever_a_network_returns(name, given):
    double = dc.NetDenoiser(lambda z, t: (0.3 * z).to(given), Cosine(), dc.X)
    assert sample(double, (4, 2), 3, generator(), SOLVERS[name]).dtype == torch.float32
    assert trajectory(double, (4, 2), 3, generator(), SOLVERS[name])[1].dtype == torch.float32


def test_float32_samples_agree_with_float64():
    oracle = DATA.denoiser(Cosine())
    start = torch.randn(1, generator=generator(), dtype=torch.float32)
    assert start.dtype == torch.float32
    scales = chain(Cosine(), 20)
    noise = torch.randn(9, 1, generator=generator(8))
    centred = math.hypot(*scales[0]) * noise.double() - scales[0][0] * DATA.mean
    intercept, slope = affine_end(*scales[-1])
    exact = intercept + slope * (scales[-1][0] * DATA.mean + ddim_slope(scales) * centred)
    got = samples(oracle, (9, 1), 20, generator(8), dtype=torch.float32)
    torch.testing.assert_close(got.double(), exact, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", SOLVERS)
def test_a_trajectory_is_the_chain_that_its_sampler_walks(name):
    oracle, solver = DATA.denoiser(Cosine()), SOLVERS[name]
    times, z = trajectory(
        oracle, (5, 2), 6, generator(3), solver, log_snr=LOG_SNR, dtype=torch.float64
    )
    assert (times.shape, z.shape, z.dtype) == ((7,), (7, 5, 2), torch.float64)
    for at, (alpha, sigma) in zip(times, chain(Cosine(), 6), strict=True):
        assert float(Cosine().alpha(at)) == pytest.approx(alpha, rel=1e-12)
        assert float(Cosine().sigma(at)) == pytest.approx(sigma, rel=1e-12)
    end = samples(oracle, (5, 2), 6, generator(3), solver)
    assert torch.equal(oracle.predict(z[-1], times[-1], dc.X), end)
    start = torch.randn(5, 2, generator=generator(3), dtype=torch.float64)
    torch.testing.assert_close(z[0], start * math.hypot(*chain(Cosine(), 6)[0]))
    if name == "ddim":  # every latent of the chain with fewer steps left is that of the affine map
        centred = z - DATA.mean * Cosine().alpha(times)[:, None, None]
        slope = ddim_slope(chain(Cosine(), 6)[:4])
        torch.testing.assert_close(centred[3], slope * centred[0], rtol=1e-9, atol=1e-10)
    assert not z.requires_grad


@pytest.mark.parametrize("name", SOLVERS)
@pytest.mark.parametrize(("steps", "log_snr"), [(0, LOG_SNR), (-3, LOG_SNR), (5, (2.0, 2.0))])
def test_bad_arguments_are_refused(name, steps, log_snr):
    with pytest.raises(ValueError, match=r"steps: expected an integer|log-SNR range: expected low"):
        samples(DATA.denoiser(Cosine()), (2, 2), steps, generator(), SOLVERS[name], log_snr)
