"""The loss: shapes and precision, closed forms on Gaussian data, one algebra for all targets."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import SCHEDULES, Gaussian, generator, tensor
from scipy.integrate import quad

import diffcore as dc
from diffcore.catalogue import EDM, P2, MinSNR, Sigmoid
from diffcore.losses import excess, noised, squared_norm
from diffcore.schedules import Cosine, LinearBeta, RectifiedFlow
from diffcore.targets import TARGETS, convert
from diffcore.times import (
    LogitNormal,
    LogNormalSigma,
    SharedOffset,
    Stratified,
    Times,
    UniformLogSNR,
)
from diffcore.weightings import Elbo, Native

DATA = Gaussian()
RANGE = UniformLogSNR(-9.0, 9.0)


def case(shape=(6, 3), seed=0, dtype=torch.float64, times=RANGE, schedule=None):
    """(x, eps, times) of one batch."""
    g = generator(seed)
    x, eps = (torch.randn(shape, generator=g, dtype=torch.float64).to(dtype) for _ in range(2))
    return x, eps, times.sample(shape[0], schedule or Cosine(), g)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(5, 2), (5, 3, 4, 4)])
def test_shape_dtype_and_gradient(shape, dtype):
    scale = torch.ones((), dtype=dtype, requires_grad=True)
    seen = {}

    def net(z, t):
        seen.update(z=z, t=t)
        return scale * z

    loss = dc.Loss(Cosine(), dc.V, MinSNR())
    x = torch.randn(shape, generator=generator(), dtype=dtype)
    terms = loss(net, x, generator=generator())
    assert (terms.shape, terms.dtype) == ((5,), dtype)
    assert (seen["z"].shape, seen["z"].dtype) == (shape, dtype)
    assert (seen["t"].shape, seen["t"].dtype) == ((5,), dtype)
    terms.mean().backward()
    assert scale.grad is not None
    assert scale.grad.abs() > 0


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_float32_agrees_with_float64(target):
    loss = dc.Loss(RectifiedFlow(), target, Sigmoid(), Stratified())
    x, eps, times = case((64, 3), 1, times=Stratified(), schedule=RectifiedFlow())
    prediction = torch.randn(64, 3, generator=generator(2), dtype=torch.float64)
    exact = loss.of_prediction(prediction, x, eps, times)
    single = loss.of_prediction(prediction.float(), x.float(), eps.float(), times)
    assert single.dtype == torch.float32
    torch.testing.assert_close(single.double(), exact, rtol=2e-5, atol=0)


@pytest.mark.parametrize("wrong", [(4, 1), (4,), (1, 3), (3,), (4, 3, 1), (2, 3)])
def test_a_net_of_the_wrong_shape_is_refused(wrong):
    """(4, 1) and (1, 3) would broadcast silently."""
    loss = dc.Loss(Cosine())
    with pytest.raises(ValueError, match=r"the shape of its input, \(4, 3\), got \("):
        loss(lambda z, t: torch.zeros(wrong), torch.zeros(4, 3), generator=generator())


def test_randomness_comes_from_the_generator_alone():
    loss, x = dc.Loss(Cosine()), torch.ones(4, 2)
    state = torch.random.get_rng_state()
    values = [loss(lambda z, t: z, x, generator=generator(s)) for s in (0, 0, 1)]
    assert torch.equal(values[0], values[1])
    assert not torch.equal(values[0], values[2])
    assert torch.equal(torch.random.get_rng_state(), state)
    terms = loss.terms(lambda z, t: z, x, generator(0))
    assert torch.equal(terms.value, values[0])
    assert terms.times.t.shape == (4,)


# One algebra -------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    schedule=st.sampled_from(list(SCHEDULES.values())),
    weighting=st.sampled_from([Elbo(), Sigmoid(), MinSNR(), P2(), Native(dc.V)]),
    seed=st.integers(0, 10**6),
)
def test_the_same_weighting_is_the_same_loss_for_every_target(schedule, weighting, seed):
    x, eps, times = case((8, 2), seed, times=UniformLogSNR(-7.0, 7.0), schedule=schedule)
    z = noised(x, eps, times.t, schedule)
    wrong = torch.randn(8, 2, generator=generator(seed + 1), dtype=torch.float64)
    values = [
        dc.Loss(schedule, target, weighting).of_prediction(
            convert(wrong, z, times.t, schedule, dc.EPS, target), x, eps, times
        )
        for target in TARGETS.values()
    ]
    for value in values[1:]:
        torch.testing.assert_close(value, values[1], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
@pytest.mark.parametrize("name", SCHEDULES)
def test_native_weighting_at_uniform_times_is_the_plain_squared_error(name, target):
    schedule = SCHEDULES[name]
    loss = dc.Loss(schedule, target, Native(target))
    x, eps, times = case((50, 2), 3, times=loss.times, schedule=schedule)
    prediction = torch.randn(50, 2, generator=generator(4), dtype=torch.float64)
    plain = squared_norm(target.of(x, eps, times.t, schedule) - prediction)
    got = loss.of_prediction(prediction, x, eps, times)
    torch.testing.assert_close(got, plain, rtol=1e-9, atol=0)


@pytest.mark.parametrize("name", ["t", "log_snr", "density"])
def test_times_of_another_shape_are_refused_by_name(name):
    loss = dc.Loss(LinearBeta(), dc.X)
    x, eps, drawn = case((4, 2), 5, times=loss.times, schedule=loss.schedule)
    parts = {part: getattr(drawn, part) for part in ("t", "log_snr", "density")}
    for wrong in (parts[name][:3], parts[name][:, None]):
        with pytest.raises(ValueError, match=f"times.{name}: expected shape"):
            loss.of_prediction(x, x, eps, Times(**parts | {name: wrong}))
    with pytest.raises(ValueError, match="t: expected numbers in"):
        loss.of_prediction(x, x, eps, Times(**parts | {"t": parts["t"] + 1}))


def test_the_elbo_in_x_is_half_the_slope_of_the_snr():
    """E_t[-SNR'(t) / 2 ||x - x_hat||^2] (Kingma et al., 2021, eq. 17), SNR' by autograd."""
    schedule, loss = LinearBeta(), dc.Loss(LinearBeta(), dc.X)
    x, eps, times = case((40, 2), 5, times=loss.times, schedule=schedule)
    t = times.t.clone().requires_grad_()
    (slope,) = torch.autograd.grad(((schedule.alpha(t) / schedule.sigma(t)) ** 2).sum(), t)
    prediction = torch.zeros_like(x)
    expected = -slope / 2 * squared_norm(x)
    got = loss.of_prediction(prediction, x, eps, times)
    torch.testing.assert_close(got, expected, rtol=1e-11, atol=0)


# Closed forms on Gaussian data ---------------------------------------------------------------------

WEIGHTINGS = {
    "ELBO": Elbo(),
    "sigmoid": Sigmoid(),
    "min-SNR": MinSNR(),
    "P2": P2(),
    "EDM": EDM(),
    "v-MSE": Native(dc.V),
}
LOW, HIGH = -6.0, 6.0
N = 20_000


def closed_form(weighting, schedule, low=LOW, high=HIGH):
    """1/2 int w(lam) E||eps - eps*||^2 dlam by SciPy's adaptive quadrature."""
    value, _ = quad(
        lambda lam: float(weighting(tensor(lam), schedule)) * DATA.eps_mmse(lam) / 2,
        low,
        high,
        epsabs=1e-10,
        epsrel=1e-10,
        points=[1.6],
        limit=200,
    )
    return value


@pytest.mark.parametrize("name", WEIGHTINGS)
@pytest.mark.parametrize("target", [dc.X, dc.EPS, dc.VELOCITY], ids=["x", "eps", "velocity"])
def test_the_loss_of_the_exact_denoiser_is_the_closed_form(name, target):
    schedule = RectifiedFlow()
    loss = dc.Loss(schedule, target, WEIGHTINGS[name], Stratified(UniformLogSNR(LOW, HIGH)))
    x = DATA.sample(N, generator(6))
    terms = loss(DATA.net(schedule, target), x, generator=generator(7))
    error = (float(terms.mean()) - closed_form(WEIGHTINGS[name], schedule)) * N**0.5
    assert abs(error / float(terms.std())) < 4
    assert float(terms.std()) / N**0.5 < 0.04 * float(terms.mean())


@pytest.mark.parametrize(
    "times",
    [
        UniformLogSNR(-16.0, 16.0),
        Stratified(LogitNormal(0.2, 1.3)),
        SharedOffset(LogNormalSigma(0.0, 2.0)),
        dc.times.Uniform(),
    ],
    ids=str,
)
def test_changing_the_time_sampler_changes_no_mean(times):
    schedule, weighting = RectifiedFlow(), MinSNR()
    loss = dc.Loss(schedule, dc.V, weighting, times)
    terms = loss(DATA.net(schedule, dc.V), DATA.sample(N, generator(8)), generator=generator(9))
    error = (float(terms.mean()) - closed_form(weighting, schedule, -16, 16)) * N**0.5
    assert abs(error / float(terms.std())) < 4
    assert float(terms.std()) / N**0.5 < 0.04 * float(terms.mean())


# Excess over the floor -----------------------------------------------------------------------------


def test_excess_is_zero_for_the_oracle_whatever_its_target():
    oracle, x = DATA.denoiser(Cosine()), DATA.sample(200, generator(1))
    assert torch.equal(excess(oracle, oracle, x, generator()), torch.zeros(200).double())
    for target in TARGETS.values():
        same = dc.NetDenoiser(DATA.net(Cosine(), target), Cosine(), target)
        values = excess(same, oracle, x, generator(), times=UniformLogSNR(-9, 9))
        assert (values >= 0).all()
        assert values.max() < 1e-18


def test_excess_is_the_difference_of_the_losses():
    """Against quadrature: a Gaussian denoiser for the wrong variance and mean, in closed form."""
    schedule, believed = Cosine(), Gaussian(mean=0.2, variance=1.1)
    times = Stratified(UniformLogSNR(LOW, HIGH))

    def gap(lam):
        snr = torch.exp(tensor(lam))
        # eps_hat is linear in z; in units where sigma = 1: (z - sqrt(snr) m) / (1 + snr c).
        k = [1 / (1 + g.variance * snr) for g in (DATA, believed)]
        offset = k[1] * snr.sqrt() * (DATA.mean - believed.mean)
        spread = (k[1] - k[0]) ** 2 * (1 + DATA.variance * snr)
        return float(DATA.dims * (offset**2 + spread)) / 2

    truth, _ = quad(lambda lam: float(Sigmoid()(tensor(lam), schedule)) * gap(lam), LOW, HIGH)
    x = DATA.sample(N, generator(2))
    wrong, oracle = believed.denoiser(schedule), DATA.denoiser(schedule)
    values = excess(wrong, oracle, x, generator(3), weighting=Sigmoid(), times=times)
    assert (values >= 0).all()
    assert abs(float(values.mean()) - truth) < 4 * float(values.std()) / N**0.5
    losses = [
        dc.Loss(schedule, dc.EPS, Sigmoid(), times)(
            lambda z, t, d=d: d.predict(z, t, dc.EPS), x, generator=generator(3)
        )
        for d in (wrong, oracle)
    ]
    difference = losses[0] - losses[1]  # the same draws: a paired difference
    assert abs(float(difference.mean()) - truth) < 4 * float(difference.std()) / N**0.5
    assert values.std() < 0.7 * difference.std()


@pytest.mark.parametrize(
    "times", [LogitNormal(0.4, 0.7), Stratified(UniformLogSNR(-4, 5)), LogNormalSigma()], ids=str
)
@pytest.mark.parametrize("weighting", [Elbo(), Sigmoid(), MinSNR()], ids=str)
def test_excess_by_hand_at_the_times_that_were_asked_for(times, weighting):
    schedule, wrong = RectifiedFlow(), Gaussian(mean=-0.1, variance=0.9)
    x = DATA.sample(30, generator(1))
    got = excess(
        wrong.denoiser(schedule), DATA.denoiser(schedule), x, generator(2), weighting, times
    )
    g = generator(2)
    drawn = times.sample(30, schedule, g)
    eps = torch.randn(x.shape, generator=g, dtype=torch.float64)
    t = drawn.t[:, None]
    z = (1 - t) * x + t * eps
    eps_hats = [d.posterior(z, 1 - drawn.t, drawn.t)[1] for d in (wrong, DATA)]
    w = weighting(drawn.log_snr, schedule)
    expected = w / (2 * drawn.density) * (eps_hats[0] - eps_hats[1]).square().sum(1)
    torch.testing.assert_close(got, expected, rtol=1e-9, atol=0)


def test_excess_takes_uniform_times_and_the_elbo_unless_told_otherwise():
    schedule, wrong, x = RectifiedFlow(), Gaussian(mean=-0.1), DATA.sample(30, generator(1))
    pair = wrong.denoiser(schedule), DATA.denoiser(schedule)
    told = excess(*pair, x, generator(2), Elbo(), dc.times.Uniform())
    assert torch.equal(excess(*pair, x, generator(2)), told)


def test_denoisers_of_different_schedules_are_not_compared():
    oracle, x = DATA.denoiser(Cosine()), DATA.sample(4, generator())
    excess(DATA.denoiser(Cosine(0)), oracle, x, generator())  # the same value, another object
    with pytest.raises(
        ValueError, match=r"denoisers of one schedule expected: got Cosine\(shift=0.5"
    ):
        excess(DATA.denoiser(Cosine(0.5)), oracle, x, generator())


# Networks, wherever they are called ------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [(4, 1), (1, 3), (3,), (4, 3, 1)])
def test_no_prediction_broadcasts_silently(wrong):
    bad = dc.NetDenoiser(lambda z, t: torch.zeros(wrong), Cosine(), dc.V)
    x, t = torch.zeros(4, 3), torch.full((4,), 0.5)
    calls = {
        "predict": lambda: bad.predict(x, t),
        "predict_pair": lambda: bad.predict_pair(x, t),
        "nelbo": lambda: dc.nelbo(bad, x, generator()),
        "excess": lambda: excess(bad, DATA.denoiser(Cosine()), x, generator()),
        "sample": lambda: dc.sample(bad, (4, 3), 2, generator()),
    }
    for call in calls.values():
        with pytest.raises(ValueError, match=r"the shape of its input, \(4, 3\), got \("):
            call()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_network_sees_z_and_t_in_one_precision(dtype):
    seen = []

    def net(z, t):
        seen.append((z.dtype, t.dtype, t.shape))
        return z

    denoiser = dc.NetDenoiser(net, Cosine(), dc.V)
    z, t = torch.ones(5, 2, dtype=dtype), tensor(0.3)
    assert denoiser.predict(z, t).dtype == dtype
    assert {part.dtype for part in denoiser.predict_pair(z, t.expand(5))} == {dtype}
    assert seen == [(dtype, dtype, (5,))] * 2
