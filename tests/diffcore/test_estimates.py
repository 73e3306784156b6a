"""Estimates: points against their defining properties, means against closed forms, errors against spread."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import Gaussian, generator, tensor
from scipy.integrate import quad
from scipy.stats import kstest, qmc

import diffcore as dc
from diffcore.bounds import prior_kl, reconstruction_gaussian
from diffcore.estimates import (
    Data,
    Independent,
    LatinHypercube,
    PiecewiseLinear,
    Sobol,
    StratifiedTimes,
    best_linear_excess,
    bound_integrand,
    integral,
    mean_excess,
    mean_nelbo,
    pilot,
    rows,
)
from diffcore.schedules import Cosine, LinearBeta, RectifiedFlow
from diffcore.times import LogitNormal, Uniform, UniformLogSNR

POINTS = (Independent(), StratifiedTimes(), LatinHypercube(), Sobol())
SPREAD = POINTS[1:]
LOW, HIGH = -5.0, 7.0
DATA = Gaussian()


def gaussian_law(of=DATA):
    """The Gaussian by its quantiles: an example takes one uniform a dimension."""
    scale = math.sqrt(of.variance)
    return Data(lambda u: of.mean + scale * torch.special.ndtri(u), of.dims, (of.dims,))


# --- points


@pytest.mark.parametrize("points", POINTS, ids=str)
@given(n=st.integers(1, 130), dims=st.integers(1, 7), seed=st.integers(0, 2**31))
@settings(max_examples=20, deadline=None)
def test_points_are_in_the_open_cube_and_a_generator_gives_them_again(points, n, dims, seed):
    u = points.draw(n, dims, generator(seed))
    assert u.shape == (n, dims)
    assert u.dtype == torch.float64
    assert ((u > 0) & (u < 1)).all()
    assert torch.equal(u, points.draw(n, dims, generator(seed)))
    g = generator(seed)
    assert not torch.equal(points.draw(n, dims, g), points.draw(n, dims, g))


@pytest.mark.parametrize("points", POINTS, ids=str)
def test_every_coordinate_of_every_point_is_uniform(points):
    """The first and the last point of many sets, not only all points of one: so each mean is unbiased."""
    g = generator(3)
    drawn = torch.stack([points.draw(8, 3, g) for _ in range(1500)])
    for point in (0, 7):
        for coordinate in range(3):
            if isinstance(points, StratifiedTimes) and coordinate == 0:
                continue  # in order: stratum k has point k, and their mixture is uniform
            assert kstest(drawn[:, point, coordinate], "uniform").pvalue > 1e-3
    assert kstest(drawn[:, :, 0].reshape(-1), "uniform").pvalue > 1e-3


@pytest.mark.parametrize(
    ("points", "columns"), [(StratifiedTimes(), 1), (LatinHypercube(), 5), (Sobol(), 5)], ids=str
)
@pytest.mark.parametrize("n", [1, 16, 64])
def test_one_point_in_each_stratum(points, columns, n):
    u = points.draw(n, 5, generator(n))
    for column in range(columns):
        assert sorted((u[:, column] * n).long().tolist()) == list(range(n))
    if n == 64 and columns == 1:
        assert sorted((u[:, 1] * n).long().tolist()) != list(range(n))


def test_latin_columns_have_orders_of_their_own_and_stratified_times_are_in_order():
    u = (LatinHypercube().draw(64, 3, generator(0)) * 64).long()
    for a, b in ((0, 1), (0, 2), (1, 2)):
        assert not torch.equal(u[:, a], u[:, b])
        assert abs(np.corrcoef(u[:, a], u[:, b])[0, 1]) < 0.5
    assert (StratifiedTimes().draw(9, 2, generator(0))[:, 0] * 9).long().tolist() == list(range(9))


@given(seed=st.integers(0, 2**31), halvings=st.integers(0, 6))
@settings(max_examples=25, deadline=None)
def test_scrambling_leaves_the_net_a_net(seed, halvings):
    """64 points of the first two coordinates: one in each of 64 equal boxes, of whatever shape."""
    u = Sobol().draw(64, 2, generator(seed))
    wide, high = 2**halvings, 2 ** (6 - halvings)
    boxes = (u[:, 0] * wide).long() * high + (u[:, 1] * high).long()
    assert sorted(boxes.tolist()) == list(range(64))


def test_sobol_is_even_by_scipy_s_discrepancy():
    found = [qmc.discrepancy(points.draw(256, 4, generator(1)).numpy()) for points in POINTS]
    assert found[3] < found[2] < found[0]
    assert found[3] < 3 * qmc.discrepancy(qmc.Sobol(4, scramble=True, rng=1).random(256))


def product(u):
    """Mean 1 over the cube, no sum of functions of one coordinate."""
    return (1 + (u - 0.5) * tensor([1.0, 0.7, 0.5])).prod(1)


@pytest.mark.parametrize("points", POINTS, ids=str)
def test_replicates_are_unbiased_and_independent(points):
    g = generator(4)
    means = torch.stack([product(points.draw(32, 3, g)).mean() for _ in range(2000)])
    error = float(means.std()) / math.sqrt(2000)
    assert abs(float(means.mean()) - 1) < 4 * error
    assert error < 0.0021
    after = np.corrcoef(means[:-1], means[1:])[0, 1]
    assert abs(after) < 4 / math.sqrt(2000)


def test_too_many_coordinates_for_sobol_are_refused():
    with pytest.raises(ValueError, match="dims: expected at most 21201"):
        Sobol().draw(2, 21_202, generator())
    assert Sobol().draw(2, 21_201, generator()).shape == (2, 21_201)


# --- the times of a pilot

HEIGHTS = (0.5, 2.0, 1e-3, 1e-3, 4.0)


def test_piecewise_linear_against_numpy():
    """The density by np.interp over its own trapezoids; the quantile by quadrature of that density."""
    times, knots = PiecewiseLinear(-3.0, 5.0, HEIGHTS), np.linspace(-3, 5, 5)
    total = np.trapezoid(HEIGHTS, knots)
    u = torch.linspace(0.001, 0.999, 101, dtype=torch.float64)
    drawn = times.quantile(u, Cosine())
    wanted = np.interp(drawn.log_snr, knots, HEIGHTS) / total
    np.testing.assert_allclose(drawn.density, wanted, rtol=1e-9)
    for at, below in zip(drawn.log_snr.tolist(), (1 - u).tolist(), strict=True):
        mass, _ = quad(
            lambda v: np.interp(v, knots, HEIGHTS) / total, -3, at, points=knots[1:-1], limit=200
        )
        assert mass == pytest.approx(below, abs=1e-7)


@given(
    heights=st.lists(st.floats(1e-6, 1e6), min_size=2, max_size=9),
    u=st.lists(st.floats(1e-12, 1 - 1e-12), min_size=1, max_size=9),
    scale=st.floats(1e-3, 1e3),
)
@settings(deadline=None)
def test_piecewise_linear_stays_inside_falls_and_has_no_unit(heights, u, scale):
    u = tensor(sorted(u))
    drawn = PiecewiseLinear(-4.0, 3.0, tuple(heights)).quantile(u, RectifiedFlow())
    assert (drawn.log_snr <= 3 + 1e-9).all()
    assert (drawn.log_snr >= -4 - 1e-9).all()
    assert (drawn.log_snr.diff() <= 1e-9).all()
    assert (drawn.density > 0).all()
    torch.testing.assert_close(RectifiedFlow().log_snr(drawn.t), drawn.log_snr)
    other = PiecewiseLinear(-4.0, 3.0, tuple(scale * h for h in heights))
    torch.testing.assert_close(other.quantile(u, RectifiedFlow()).density, drawn.density)


def test_equal_heights_are_uniform_log_snr():
    u = torch.linspace(0.01, 0.99, 50, dtype=torch.float64)
    flat = PiecewiseLinear(-7.0, 8.0, (3.0,) * 6).quantile(u, Cosine())
    uniform = UniformLogSNR(-7.0, 8.0).quantile(u, Cosine())
    for name in ("t", "log_snr", "density"):
        torch.testing.assert_close(getattr(flat, name), getattr(uniform, name))


@pytest.mark.parametrize("heights", [(1.0,), (), (1.0, 0.0), (1.0, -1.0), (1.0, math.nan)])
def test_heights_that_are_no_density_are_refused(heights):
    with pytest.raises(ValueError, match="heights"):
        PiecewiseLinear(-1.0, 1.0, heights)
    with pytest.raises(TypeError, match=r"heights: expected a tuple, got \[1.0, 2.0\]"):
        PiecewiseLinear(-1.0, 1.0, [1.0, 2.0])
    with pytest.raises(ValueError, match="expected low < high"):
        PiecewiseLinear(1.0, -1.0, (1.0, 2.0))


def shape_of(log_snr):
    return 1 + log_snr.square() / 4


def waving(x, eps, t, log_snr):
    """At a level: mean 3, standard deviation `shape_of`."""
    return 3 + shape_of(log_snr) * eps[:, 0]


@pytest.mark.parametrize("stratified", [True, False])
def test_a_pilot_finds_the_best_density(stratified):
    """In proportion to the deviation with strata, to the root mean square without; mixed with the uniform."""
    knots = torch.linspace(LOW, HIGH, 7, dtype=torch.float64)
    best = shape_of(knots) if stratified else (9 + shape_of(knots).square()).sqrt()
    for share in (0.1, 0.5):
        level = np.trapezoid(best, knots) / (HIGH - LOW)
        wanted = (1 - share) * best / level + share
        found = pilot(
            waving, gaussian_law(), Cosine(), generator(1), (LOW, HIGH), 7, 4096, stratified, share
        )
        assert (found.low, found.high) == (LOW, HIGH)
        torch.testing.assert_close(tensor(found.heights), wanted, rtol=0.01, atol=0)


def test_a_pilot_that_sees_nothing_is_uniform_and_a_deaf_level_is_visited():
    law = gaussian_law()
    for nothing in (lambda x, eps, t, lam: 0 * lam, lambda x, eps, t, lam: 2 + 0 * lam):
        found = pilot(nothing, law, Cosine(), generator(), (LOW, HIGH), 3, 8)
        assert found.heights == pytest.approx((1.0, 1.0, 1.0))
    half = pilot(
        lambda x, eps, t, lam: (lam > 0) * eps[:, 0], law, Cosine(), generator(), (-2.0, 2.0), 5, 64
    )
    assert half.heights[0] == pytest.approx(0.1)
    assert np.trapezoid(half.heights) / 4 == pytest.approx(1.0)


def most_weight(times):
    """The largest weight of a point, in units of that of uniform log-SNRs, by the density's own values."""
    u = torch.linspace(1e-9, 1 - 1e-9, 4001, dtype=torch.float64)
    return float((1 / ((HIGH - LOW) * times.quantile(u, Cosine()).density)).max())


@given(
    deviations=st.lists(st.sampled_from((0.0, 1e-3, 1.0, 7.0)), min_size=2, max_size=9),
    share=st.floats(0.02, 1.0),
)
@settings(max_examples=60, deadline=None)
def test_no_weight_exceeds_one_over_the_uniform_share(deviations, share):
    knots = np.linspace(LOW, HIGH, len(deviations))

    def heard(x, eps, t, log_snr):
        return tensor(np.interp(log_snr, knots, deviations)) * eps[:, 0]

    times = pilot(
        heard, gaussian_law(), Cosine(), generator(), (LOW, HIGH), len(deviations), 8, True, share
    )
    assert most_weight(times) <= (1 + 1e-6) / share
    assert np.trapezoid(times.heights) / (len(deviations) - 1) == pytest.approx(1.0)


def test_a_level_that_is_deaf_has_the_most_weight_allowed():
    """Deaf at both ends, where knots count half: by the mean of the knots the weight was above 10."""
    law = gaussian_law()
    times = pilot(
        lambda x, eps, t, lam: ((lam > LOW) & (lam < HIGH)) * eps[:, 0],
        law, Cosine(), generator(), (LOW, HIGH), 25, 32,
    )  # fmt: skip
    assert most_weight(times) == pytest.approx(10.0, rel=1e-5)


# --- what is subtracted


@pytest.mark.parametrize("log_snr", [-9.0, -1.0, 0.0, 2.5, 9.0])
@pytest.mark.parametrize("schedule", [Cosine(), RectifiedFlow()], ids=str)
def test_the_best_linear_guess_s_error_less_its_mean(schedule, log_snr):
    """By its definition, with z on a schedule; its mean over the noise by Gauss-Hermite, for each x."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(8)
    a, b = (tensor(v).reshape(-1) for v in np.meshgrid(nodes, nodes))
    eps, weight = torch.stack([a, b], 1), tensor(np.outer(weights, weights).reshape(-1))
    weight = weight / weight.sum()
    level = tensor([log_snr])
    t = schedule.time_of(level)
    alpha, sigma = schedule.alpha(t), schedule.sigma(t)
    for point in ([0.0, 0.0], [1.3, -0.4], [3.0, 2.0]):
        x = tensor(point).expand(len(eps), 2)
        guess = sigma * (alpha * x + sigma * eps) / (alpha**2 + sigma**2)
        error = (eps - guess).square().sum(1)
        mean = (weight * error).sum()
        found = best_linear_excess(x, eps, level.expand(len(eps)))
        torch.testing.assert_close(found, error - mean, rtol=1e-9, atol=1e-9)
        assert abs(float((weight * found).sum())) < 1e-12


def test_it_takes_data_of_any_shape():
    x, eps = torch.randn(2, 5, 3, 2, 2, generator=generator(), dtype=torch.float64)
    level = tensor([-3.0, -1.0, 0.0, 1.0, 3.0])
    flat = best_linear_excess(x.flatten(1), eps.flatten(1), level)
    torch.testing.assert_close(best_linear_excess(x, eps, level), flat)
    assert best_linear_excess(x.float(), eps.float(), level).dtype == torch.float32


# --- integrals


def known(x, eps, t, log_snr):
    """Its integral is that of 1 + lambda^2 plus mean^2 + variance of the data, times the range."""
    return 1 + log_snr.square() + x[:, 0].square() + log_snr * eps[:, 1] + eps[:, 0] * x[:, 1]


KNOWN = (HIGH - LOW) * (1 + DATA.mean**2 + DATA.variance) + (HIGH**3 - LOW**3) / 3
TIMES = (
    UniformLogSNR(LOW, HIGH),
    PiecewiseLinear(LOW, HIGH, (3.0, 1.0, 2.0)),
    UniformLogSNR(-6.0, 9.0),
    LogitNormal(0.0, 2.0),
)


@pytest.mark.parametrize("points", POINTS, ids=str)
@pytest.mark.parametrize("times", TIMES, ids=str)
def test_the_integral_is_unbiased_whatever_the_times_and_points(times, points):
    found = integral(
        known, gaussian_law(), Cosine(), times, generator(7), (LOW, HIGH), points, 512, 64
    )
    assert found.evaluations == 512 * 64
    assert float(found.error) < (2.5 if points == Independent() else 1.2)
    assert abs(float(found.value) - KNOWN) < 4 * float(found.error)


def test_the_error_is_that_of_the_mean_of_replicates():
    """Against the spread of many estimates, and against the replicates made one by one."""
    found = [
        integral(
            known, gaussian_law(), Cosine(), TIMES[0], generator(seed), (LOW, HIGH), Sobol(), 32, 8
        )
        for seed in range(300)
    ]
    values, errors = (torch.stack(part) for part in list(zip(*found, strict=True))[:2])
    assert float(errors.square().mean().sqrt()) == pytest.approx(float(values.std()), rel=0.2)
    g, means = generator(0), []
    for _ in range(8):
        u = Sobol().draw(32, 7, g)
        level = HIGH - 12 * u[:, 0]
        x = DATA.mean + math.sqrt(DATA.variance) * torch.special.ndtri(u[:, 1:4])
        values = known(x, torch.special.ndtri(u[:, 4:]), Cosine().time_of(level), level)
        means.append(float(12 * values.mean()))
    assert float(found[0].value) == pytest.approx(np.mean(means), rel=1e-9)
    assert float(found[0].error) == pytest.approx(np.std(means, ddof=1) / math.sqrt(8), rel=1e-6)


def test_times_that_leave_a_part_out_are_refused():
    for times in (UniformLogSNR(-4.0, HIGH), UniformLogSNR(LOW, 6.0)):
        with pytest.raises(ValueError, match=r"times: expected some at every log-SNR from -5 to 7"):
            integral(known, gaussian_law(), Cosine(), times, generator(), (LOW, HIGH))


def test_data_of_another_shape_are_refused():
    wrong = Data(lambda u: u, 2, (3,))
    with pytest.raises(ValueError, match=r"data: expected shape \(1024, 3\), got \(1024, 2\)"):
        integral(known, wrong, Cosine(), TIMES[0], generator(), (LOW, HIGH))
    with pytest.raises(
        ValueError, match="integrand: expected finite numbers, got numbers from nan"
    ):
        integral(
            lambda x, eps, t, lam: lam / 0 * 0,
            gaussian_law(),
            Cosine(),
            UniformLogSNR(),
            generator(),
        )


def test_rows_are_equally_likely_and_picked_in_order():
    x = torch.arange(10.0, dtype=torch.float64).reshape(5, 2)
    law = rows(x)
    u = tensor([[0.0001], [0.1999], [0.2001], [0.5], [0.9999], [1 - 2**-53]])
    assert law.at(u)[:, 0].tolist() == [0.0, 0.0, 2.0, 4.0, 8.0, 8.0]
    assert (law.coordinates, law.shape) == (1, (2,))


# --- the mean bound


def mean_bound(low=LOW, high=HIGH, data=DATA):
    """Of the exact denoiser, averaged over the data: prior and reconstruction by the core, tested apart."""
    shift = math.log(data.variance)
    diffusion = data.dims / 2 * (np.logaddexp(0, high + shift) - np.logaddexp(0, low + shift))
    square = data.mean**2 + data.variance
    prior = data.dims * float(prior_kl(tensor([[math.sqrt(square)]]), low))
    return diffusion + prior + data.dims * float(reconstruction_gaussian(tensor([[0.0]]), high))


@pytest.mark.parametrize("points", POINTS, ids=str)
@pytest.mark.parametrize("schedule", [Cosine(), LinearBeta()], ids=str)
def test_the_mean_bound_of_a_gaussian(points, schedule):
    found = mean_nelbo(
        DATA.denoiser(schedule), gaussian_law(), generator(5), (LOW, HIGH), None, points, 256, 64
    )
    assert found.evaluations == 256 * 64 + 25 * 32
    assert float(found.error) < (0.02 if points == Sobol() else 0.04)
    assert abs(float(found.value) - mean_bound()) < 4 * float(found.error)


@pytest.mark.parametrize("times", [None, Uniform(), UniformLogSNR(LOW, HIGH)], ids=str)
def test_over_rows_it_is_the_mean_over_these_rows(times):
    """Each example by quadrature: the error of the exact denoiser given x has a closed form."""
    x = tensor([[0.7, 0.7, 0.7], [1.9, -1.0, 0.3], [2.5, 3.0, 1.0], [0.0, 0.5, 1.5]])

    def given_x(log_snr):
        signal = 1 / (1 + math.exp(-log_snr))
        k = math.sqrt(1 - signal) / (signal * DATA.variance + 1 - signal)  # eps* = k (z - alpha m)
        of_noise = (1 - math.sqrt(1 - signal) * k) ** 2 * DATA.dims
        away = float((x - DATA.mean).square().sum(1).mean())
        return (of_noise + k**2 * signal * away) / 2

    diffusion, _ = quad(given_x, LOW, HIGH, epsabs=1e-10)
    wanted = (
        diffusion + float(prior_kl(x, LOW).mean()) + float(reconstruction_gaussian(x, HIGH).mean())
    )
    found = mean_nelbo(DATA.denoiser(Cosine()), x, generator(6), (LOW, HIGH), times, n=512)
    assert float(found.error) < (0.05 if times == Uniform() else 0.01)
    assert abs(float(found.value) - wanted) < 4 * float(found.error)
    every = dc.nelbo(
        DATA.denoiser(Cosine()), x.repeat(500, 1), generator(8), (LOW, HIGH), draws=4
    ).total
    assert float(every.mean()) == pytest.approx(wanted, abs=0.05)


def test_networks_in_single_precision_serve():
    x = DATA.sample(64, generator(1))
    net = dc.NetDenoiser(DATA.net(Cosine(), dc.V), Cosine(), dc.V)
    double = mean_nelbo(net, x, generator(2), (LOW, HIGH), n=64)
    single = mean_nelbo(net, x.float(), generator(2), (LOW, HIGH), n=64)
    assert single.value.dtype == torch.float64
    assert float(single.value) == pytest.approx(float(double.value), abs=1e-3)


def test_the_control_leaves_the_mean_and_takes_variance_away():
    law, denoiser = gaussian_law(), DATA.denoiser(Cosine())
    times = UniformLogSNR(LOW, HIGH)
    without, given = (
        integral(
            bound_integrand(denoiser, controlled),
            law, Cosine(), times, generator(1), (LOW, HIGH), StratifiedTimes(), 512, 64,
        )
        for controlled in (False, True)
    )  # fmt: skip
    both = math.hypot(float(without.error), float(given.error))
    assert abs(float(without.value) - float(given.value)) < 4 * both
    assert float(given.error) < 0.5 * float(without.error)


class Shifted(dc.Denoiser):
    """The exact denoiser, off by 1 in each dimension of the noise."""

    def __init__(self, by=1.0):
        self.schedule, self.by = Cosine(), by

    def predict(self, z, t, target=dc.X):
        assert target == dc.EPS
        return DATA.denoiser(self.schedule).predict(z, t, target) + self.by


def test_the_mean_excess_of_a_constant_error_is_exact():
    found = mean_excess(
        Shifted(0.5), DATA.denoiser(Cosine()), gaussian_law(), generator(), (LOW, HIGH), n=16
    )
    assert float(found.value) == pytest.approx(0.25 * DATA.dims / 2 * (HIGH - LOW), rel=1e-9)
    with pytest.raises(ValueError, match=r"oracle: expected a denoiser under Cosine"):
        mean_excess(Shifted(), DATA.denoiser(RectifiedFlow()), gaussian_law(), generator())


def test_the_mean_excess_is_the_difference_of_two_mean_bounds():
    worse, best = Shifted(), DATA.denoiser(Cosine())
    first, last = (
        mean_nelbo(one, gaussian_law(), generator(seed), (LOW, HIGH), scrambles=32)
        for seed, one in enumerate((worse, best))
    )
    above = mean_excess(worse, best, gaussian_law(), generator(3), (LOW, HIGH))
    error = math.hypot(float(first.error), float(last.error))
    assert error < 0.05
    assert abs(float(first.value - last.value - above.value)) < 4 * error


def test_pilot_control_and_sobol_together_cut_the_variance_as_measured():
    """On the clusters: the naive variance per evaluation is 4,859 by quadrature (see chapter 22)."""
    clusters = dc.exact.clusters()
    one, zero = tensor(1.0), tensor(0.0)
    law = Data(lambda u: clusters.noised(u, one, zero), 3, (2,))
    found = mean_nelbo(clusters.denoiser(Cosine()), law, generator(1), n=1024, scrambles=32)
    assert 4859 / (float(found.error) ** 2 * found.evaluations) > 400


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"scrambles": 1}, "scrambles: expected an integer >= 2, got 1"),
        ({"n": 0}, "n: expected an integer >= 1, got 0"),
        ({"log_snr": (3.0, -3.0)}, "expected low < high"),
    ],
)
def test_what_has_no_meaning_is_refused(changed, words):
    with pytest.raises(ValueError, match=words):
        mean_nelbo(DATA.denoiser(Cosine()), gaussian_law(), generator(), **changed)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"knots": 1}, "knots: expected an integer >= 2"),
        ({"n": 1}, "n: expected an integer >= 2"),
        ({"share": 0.0}, r"share: expected a number in \(0, 1\], got 0"),
        ({"share": 1.5}, r"share: expected a number in \(0, 1\], got 1.5"),
    ],
)
def test_a_pilot_of_nothing_is_refused(changed, words):
    with pytest.raises(ValueError, match=words):
        pilot(waving, gaussian_law(), Cosine(), generator(), **changed)
