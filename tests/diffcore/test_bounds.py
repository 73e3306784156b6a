"""The bound on Gaussian data, where each term and its gap have a closed form.

Deterministic where it can be: with the exact denoiser E||eps - eps*||^2 is known, so the chain's sum
and the integral are computed from `step_weight` with no sampling. `nelbo` is then held to these
numbers within four standard errors, which the tests bound too.
"""

import math

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from reference import SCHEDULES, Gaussian, generator, tensor
from scipy.integrate import quad
from torch.distributions import Normal, kl_divergence

import diffcore as dc
from diffcore.bounds import (
    Bound,
    nelbo,
    prior_kl,
    reconstruction_gaussian,
    step_weight,
)
from diffcore.schedules import Cosine, LinearBeta, RectifiedFlow

DATA = Gaussian()
LOW, HIGH = -5.0, 7.0
N = 8000


def softplus(x):
    return float(np.logaddexp(0, x))


def diffusion(low=LOW, high=HIGH):
    """1/2 int E||eps - eps*||^2 dlam = d/2 [softplus(lam + log c)], by hand."""
    shift = math.log(DATA.variance)
    return DATA.dims / 2 * (softplus(high + shift) - softplus(low + shift))


def gap(low, high):
    """E[bound] - entropy with the exact denoiser: what finite end points cost, by hand.

    d/2 [log(1 + e^-high / c)] above, and below the KL of the aggregate of q(z_1|x) from the prior.
    """
    snr = math.exp(low)
    share = snr / (1 + snr)  # of alpha^2 in alpha^2 + sigma^2
    variance = share * DATA.variance + 1 - share
    prior = (variance + share * DATA.mean**2 - 1 - math.log(variance)) / 2
    return DATA.dims * (math.log1p(math.exp(-high) / DATA.variance) / 2 + prior)


def chain(steps, low=LOW, high=HIGH):
    """The T-step sum with the exact denoiser, from the package's own step weight."""
    edges = torch.linspace(low, high, steps + 1, dtype=torch.float64)
    mmse = tensor([DATA.eps_mmse(float(lam)) for lam in edges[:-1]])
    return float((step_weight(edges[1:], edges[:-1]) * mmse).sum())


def within(values, truth, at_most):
    """The mean of ``values`` is ``truth`` within four standard errors, themselves small enough."""
    error = float(values.std()) / math.sqrt(len(values))
    assert error < at_most, error
    return abs(float(values.mean()) - truth) < 4 * error


def test_the_diffusion_integral_by_quadrature():
    value, _ = quad(lambda lam: DATA.eps_mmse(lam) / 2, LOW, HIGH, epsabs=1e-12)
    assert value == pytest.approx(diffusion(), abs=1e-10)


@pytest.mark.parametrize("ends", [(-5.0, 7.0), (-12.0, 12.0), (-2.0, 3.0), (-30.0, 30.0)])
def test_the_bound_is_the_entropy_and_the_closed_form_gap(ends):
    """Every term by its own formula; the data are quantiles, so the mean over x is exact enough."""
    low, high = ends
    u = (torch.arange(200_000, dtype=torch.float64) + 0.5) / 200_000
    x = DATA.mean + math.sqrt(DATA.variance) * torch.special.ndtri(u)[:, None]
    prior = float(prior_kl(x, low).mean()) * DATA.dims
    reconstruction = float(reconstruction_gaussian(x, high)[0]) * DATA.dims
    total = prior + reconstruction + diffusion(low, high)
    assert total == pytest.approx(DATA.entropy + gap(low, high), abs=2e-5)
    assert gap(low, high) > 0
    if high == 30:
        assert total == pytest.approx(DATA.entropy, abs=2e-5)


@pytest.mark.parametrize("name", SCHEDULES)
def test_the_bound_is_the_entropy_in_expectation_on_every_schedule(name):
    """Same end points, five paths, one value (Kingma et al., 2021, section 5.1)."""
    x = DATA.sample(N, generator(1))
    bound = nelbo(DATA.denoiser(SCHEDULES[name]), x, generator(2), (LOW, HIGH), draws=16)
    assert within(bound.total, DATA.entropy + gap(LOW, HIGH), at_most=0.025)
    assert within(bound.diffusion, diffusion(), at_most=0.025)


def test_paths_with_the_same_noise_give_the_same_bound():
    """Not only in expectation: the exact denoiser sees the same z / alpha on every path."""
    x = DATA.sample(50, generator(3))
    totals = [
        nelbo(DATA.denoiser(schedule), x, generator(4), (LOW, HIGH)).total
        for schedule in SCHEDULES.values()
    ]
    for total in totals[1:]:
        torch.testing.assert_close(total, totals[0], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_bound_of_an_example_does_not_depend_on_its_company(dtype):
    """Averaged over draws, one outlier among typical examples keeps its own bound."""
    x = torch.zeros(64, 3, dtype=dtype)
    x[17] = 3.0
    bound = nelbo(DATA.denoiser(Cosine()), x, generator(5), (LOW, HIGH), draws=200)
    assert bound.total.shape == (64,)
    assert bound.total.dtype == dtype
    others = torch.cat([bound.total[:17], bound.total[18:]])
    assert int(bound.total.argmax()) == 17
    exact = -Normal(DATA.mean, math.sqrt(DATA.variance)).log_prob(tensor([0.0, 3.0])) * 3
    assert abs(float(others.mean()) - float(exact[0])) < 0.15
    assert abs(float(bound.total[17]) - float(exact[1])) < 0.1 * float(exact[1])


def test_the_place_in_the_batch_decides_no_noise_level():
    """Strata are dealt at random: identical examples have the same law, first or last."""
    x = torch.full((N, 3), 0.4, dtype=torch.float64)
    terms = nelbo(DATA.denoiser(Cosine()), x, generator(9), (LOW, HIGH)).diffusion
    first, last = terms[: N // 2], terms[N // 2 :]
    error = math.sqrt(float(first.var() + last.var()) / (N // 2))
    assert abs(float(first.mean() - last.mean())) < 4 * error


# The chain -----------------------------------------------------------------------------------------


def test_the_chain_approaches_the_integral_at_rate_one_over_steps():
    """L_T - L = (h/2) [int f - (f(high) - f(low))] + O(h^2), f = E||eps - eps*||^2 / 2 (id. 8)."""
    steps = np.array([2**k for k in range(4, 13)])
    excess = np.array([chain(int(n)) for n in steps]) - diffusion()
    assert (excess > 0).all()
    assert (np.diff(excess) < 0).all()
    ratios = excess[:-1] / excess[1:]
    # The ratio of a first-order error goes to 2, itself at first order.
    assert abs(ratios[-1] - 2) < 0.01
    assert (np.abs(ratios[1:] - 2) < np.abs(ratios[:-1] - 2)).all()
    rise = (DATA.eps_mmse(HIGH) - DATA.eps_mmse(LOW)) / 2
    predicted = (HIGH - LOW) / (2 * steps) * (diffusion() - rise)
    off = np.abs(excess / predicted - 1)
    assert off[-1] < 2e-3
    order = np.polyfit(np.log(steps), np.log(off), 1)[0]
    assert order == pytest.approx(-1, abs=0.1)


@pytest.mark.parametrize("steps", [1, 4, 32])
def test_nelbo_with_steps_is_that_chain(steps):
    x = DATA.sample(N, generator(6))
    bound = nelbo(DATA.denoiser(LinearBeta()), x, generator(7), (-3.0, 5.0), steps, draws=4)
    # One huge step has a heavy weight, so its error is judged relative to its size.
    truth = chain(steps, -3.0, 5.0)
    assert within(bound.diffusion, truth, at_most=0.02 * truth)


def test_as_many_draws_as_steps_visit_every_step_once():
    class Recorder(dc.Denoiser):
        schedule = RectifiedFlow()

        def __init__(self):
            self.seen = []

        def predict(self, z, t, target=dc.X):
            self.seen.append(t)
            return torch.zeros_like(z)

    recorder = Recorder()
    nelbo(recorder, torch.zeros(5, 1).double(), generator(8), (-4.0, 4.0), steps=8, draws=8)
    visited = torch.stack(recorder.seen).sort(0).values
    chain_times = recorder.schedule.time_of(torch.linspace(-4, 4, 9).double()[:-1])
    expected = chain_times.sort().values[:, None].expand(8, 5)
    torch.testing.assert_close(visited, expected, rtol=1e-12, atol=0)


@given(s=st.floats(-8, 8), width=st.floats(1e-6, 6))
def test_one_step_is_the_kl_of_the_two_posteriors(s, width):
    """Against torch's own KL of q(z_s|z_t, x) and q(z_s|z_t, x_hat), built by precision weighing."""
    schedule = LinearBeta()
    lam = tensor([s, s - width])
    assume(float(lam[1]) > schedule.log_snr_range[0])
    at = schedule.time_of(lam)
    (alpha_s, alpha_t), (sigma_s, sigma_t) = schedule.alpha(at), schedule.sigma(at)
    x, eps, eps_hat = tensor(0.4), tensor(-1.1), tensor(0.3)
    z = alpha_t * x + sigma_t * eps
    a = alpha_t / alpha_s
    step_variance = -(sigma_t**2) * torch.expm1(-tensor(width))
    precision = 1 / sigma_s**2 + a**2 / step_variance
    means = [
        (alpha_s * guess / sigma_s**2 + a * z / step_variance) / precision
        for guess in (x, (z - sigma_t * eps_hat) / alpha_t)
    ]
    kl = kl_divergence(*(Normal(mean, precision.rsqrt()) for mean in means))
    lam = schedule.log_snr(at)  # as the float times have it
    got = step_weight(lam[0], lam[1]) * (eps - eps_hat) ** 2
    torch.testing.assert_close(got, kl, rtol=1e-5 + 1e-12 / width, atol=1e-12)


# The object ----------------------------------------------------------------------------------------


def test_total_and_bits_per_dimension():
    bound = Bound(tensor([1.0, 2.0]), tensor([3.0, 5.0]), tensor([4.0, 9.0]), dims=4)
    assert torch.equal(bound.total, tensor([8.0, 16.0]))
    torch.testing.assert_close(bound.bits_per_dim(), tensor([2.0, 4.0]) / math.log(2))


@pytest.mark.parametrize("shape", [(3,), (3, 2), (3, 1, 4, 4)])
def test_any_shape_of_data(shape):
    dims = math.prod(shape[1:])
    net = dc.NetDenoiser(lambda z, t: 0.1 * z, Cosine(), dc.V)
    x = torch.randn(shape, generator=generator())
    bound = nelbo(net, x, generator(), (-6, 6), draws=3)
    for part in (bound.prior, bound.reconstruction, bound.diffusion, bound.bits_per_dim()):
        assert (part.shape, part.dtype) == ((3,), torch.float32)
    assert bound.dims == dims


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"log_snr": (3.0, 3.0)}, "log-SNR range: expected low < high"),
        ({"log_snr": (5.0, -5.0)}, "log-SNR range: expected low < high"),
        ({"steps": 0}, "steps: expected an integer >= 1, got 0"),
        ({"draws": 0}, "draws: expected an integer >= 1, got 0"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        nelbo(DATA.denoiser(Cosine()), torch.zeros(2, 3), generator(), **arguments)


@pytest.mark.parametrize("name", SCHEDULES)
def test_the_default_range_is_what_the_schedule_reaches_of_minus_12_to_12(name):
    schedule, x = SCHEDULES[name], DATA.sample(6, generator(1))
    window = {
        "linear_beta": (float(schedule.log_snr(tensor(1.0))), 12.0),
        "sub_vp": (float(schedule.log_snr(tensor(1.0))), 12.0),
        "variance_exploding": (-2 * math.log(50.0), -2 * math.log(0.01)),
    }.get(name, (-12.0, 12.0))
    default = nelbo(DATA.denoiser(schedule), x, generator(2))
    for part in ("prior", "reconstruction", "diffusion"):
        asked = nelbo(DATA.denoiser(schedule), x, generator(2), window)
        torch.testing.assert_close(getattr(default, part), getattr(asked, part), rtol=1e-12, atol=0)


@pytest.mark.parametrize("ends", [(-8.0, 9.0), (-7.0, 9.3), (-12.0, 12.0)])
def test_a_range_that_the_schedule_does_not_reach_is_refused(ends):
    message = r"VarianceExploding\(.*\) reaches \(-7.824, 9.21\), got \("
    oracle = DATA.denoiser(SCHEDULES["variance_exploding"])
    with pytest.raises(ValueError, match=message):
        nelbo(oracle, torch.zeros(2, 3), generator(), ends)
    with pytest.raises(ValueError, match=message):
        dc.sample(oracle, (2, 3), 4, generator(), log_snr=ends)


def test_every_time_of_the_default_range_is_a_time():
    class Recorder(dc.Denoiser):
        def __init__(self, schedule):
            self.schedule, self.seen = schedule, []

        def predict(self, z, t, target=dc.X):
            self.seen.append(t.reshape(-1))
            return torch.zeros_like(z)

    for schedule in SCHEDULES.values():
        recorder = Recorder(schedule)
        nelbo(recorder, torch.zeros(64, 1).double(), generator(), draws=4)
        dc.sample(recorder, (2, 1), 8, generator())
        seen = torch.cat(recorder.seen)
        assert seen.min() > -1e-12
        assert seen.max() < 1 + 1e-12


def test_for_a_network_the_chain_need_not_be_above_the_integral():
    """A network that errs at the clean end only: one step looks at the noisy end, and sees nothing."""

    class CleanEndOnly(dc.Denoiser):
        schedule = Cosine()

        def predict(self, z, t, target=dc.X):
            eps = z / self.schedule.sigma(t)[:, None]  # the data are zeros
            return eps + 3.0 * (self.schedule.log_snr(t) > 0)[:, None]

    x = torch.zeros(4000, 1).double()
    one, whole = (
        nelbo(CleanEndOnly(), x, generator(), (-1.0, 1.0), steps).diffusion.mean()
        for steps in (1, None)
    )
    assert abs(one) < 0.1
    assert whole == pytest.approx(9 / 2, rel=0.05)
