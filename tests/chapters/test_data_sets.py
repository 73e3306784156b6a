"""The data sets: measures, exact distances and entropies, against closed forms and brute force."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.integrate import quad
from scipy.optimize import linear_sum_assignment
from scipy.special import ndtr
from scipy.stats import multivariate_normal, norm, wasserstein_distance

from companion import study
from companion.chapters.data_sets import entropy, law, measures, results, schedules
from diffcore import exact
from diffcore.exact.quadrature import Estimate
from diffcore.schedules import LinearBeta

RNG = np.random.default_rng(0)
TINY = replace(results.QUICK, draws=2, points=200, sobol=(32, 2), fitted=300, fits=(1, 1), grid=40)


def gaussian(*variances, correlation=0.0):
    """Centred Gaussian data with these variances."""
    covariance = torch.diag(torch.tensor(variances, dtype=torch.float64))
    covariance[0, 1] = covariance[1, 0] = correlation * math.sqrt(variances[0] * variances[1])
    return exact.GaussianMixture.gaussian(torch.zeros(2, dtype=torch.float64), covariance)


def of_noisy(variance, t):
    """The variance of a noisy coordinate at time t, by the study's schedule typed anew."""
    return math.cos(math.pi * t / 2) ** 2 * variance + math.sin(math.pi * t / 2) ** 2


# the study's measures of samples


def test_the_histogram_distance_is_the_published_one():
    pooled, normal = RNG.normal(0.2, 0.7, 3_000), RNG.normal(size=3_000)
    data, edges = np.histogram(pooled, bins=100, density=True)
    noise, _ = np.histogram(normal, bins=edges, density=True)
    data, noise = data / data.sum(), noise / noise.sum()
    expected = math.sqrt(
        0.5 * sum((math.sqrt(p) - math.sqrt(q)) ** 2 for p, q in zip(data, noise, strict=True))
    )
    assert measures.histogram_hellinger(pooled, normal) == pytest.approx(expected, rel=1e-9)
    lost = sum(x < edges[0] or x > edges[-1] for x in normal) / len(normal)
    assert measures.outside(pooled, normal) == pytest.approx(lost)
    assert lost > 0.01


def test_the_pooled_wasserstein_distance_is_scipys():
    one, other = RNG.normal(size=500), RNG.exponential(size=500)
    assert measures.w1(one, other) == pytest.approx(wasserstein_distance(one, other), rel=1e-12)


def test_the_sliced_distance_pairs_each_projection_as_is_best():
    one, other = RNG.normal(size=(30, 2)), RNG.exponential(size=(30, 2))
    along = measures.directions(7, torch.Generator().manual_seed(1))
    np.testing.assert_allclose(np.linalg.norm(along, axis=0), 1, rtol=1e-12)
    squares = []
    for direction in along.T:
        cost = (np.subtract.outer(one @ direction, other @ direction)) ** 2
        squares.append(cost[linear_sum_assignment(cost)].mean())
    expected = math.sqrt(np.mean(squares))
    assert measures.sliced(one, other, along) == pytest.approx(expected, rel=1e-12)


def test_bars_are_the_published_sums_of_differences():
    distances = RNG.random(100)
    published = [
        abs(np.sum(np.diff(distances[10 * i : 10 * i + 10]))) / (0.1 * 100) for i in range(10)
    ]
    numbers, times = measures.range_ends()
    np.testing.assert_allclose(measures.bars(distances[numbers]), published, rtol=1e-12)
    np.testing.assert_allclose(times, np.linspace(0, 1, 100)[numbers], rtol=1e-15)
    assert pytest.approx(np.arange(0.01, 1, 0.1)) == measures.SLICED_TIMES


def test_noise_is_added_by_the_schedule_and_is_fresh():
    x = torch.full((4_000, 2), 3.0, dtype=torch.float64)
    generator = torch.Generator().manual_seed(0)
    first, second = (measures.noisy(x, 0.3, generator) for _ in range(2))
    assert not np.array_equal(first, second)
    assert first.mean() == pytest.approx(3 * math.cos(0.15 * math.pi), abs=0.03)
    assert first.std() == pytest.approx(math.sin(0.15 * math.pi), rel=0.03)


# the same of distributions


@pytest.mark.parametrize("t", [0.1, 0.5, 0.95])
def test_joint_distances_of_a_gaussian_are_closed_forms(t):
    found = law.joint(gaussian(0.3, 2.0), t, 2048, 4, 0)
    variances = [of_noisy(v, t) for v in (0.3, 2.0)]
    divergence = sum((v - 1 - math.log(v)) / 2 for v in variances)
    overlap = math.prod(math.sqrt(2 * math.sqrt(v) / (1 + v)) for v in variances)
    assert float(found.divergence.value) == pytest.approx(divergence, rel=2e-2, abs=1e-7)
    assert float(found.square.value) == pytest.approx(1 - overlap, rel=2e-2, abs=1e-7)
    alpha2 = math.cos(math.pi * t / 2) ** 2
    mmse = sum(alpha2 * v / of_noisy(v, t) for v in (0.3, 2.0))
    assert float(found.eps_mmse.value) == pytest.approx(mmse, rel=1e-6)


def test_joint_distances_of_the_rings_are_integrals_over_the_plane():
    t, mixture = 0.2, exact.rings()
    side = torch.linspace(-5, 5, 121, dtype=torch.float64)
    at = torch.cartesian_prod(side, side)
    log_q = mixture.log_prob(at, *law.scales(t)).numpy()
    log_n = multivariate_normal.logpdf(at.numpy(), [0, 0])
    area = float(side[1] - side[0]) ** 2
    divergence = area * (np.exp(log_q) * (log_q - log_n)).sum()
    square = area * (np.exp(log_q / 2) - np.exp(log_n / 2)) ** 2
    found = law.joint(mixture, t, 512, 4, 0)
    assert float(found.divergence.value) == pytest.approx(
        divergence, abs=5 * float(found.divergence.error)
    )
    assert float(found.square.value) == pytest.approx(
        square.sum() / 2, abs=5 * float(found.square.error)
    )
    assert float(found.square.error) < 0.01 * float(found.square.value)


def test_a_root_has_an_error_far_from_zero_and_at_it():
    squares = Estimate(torch.tensor([0.25, 0.0, 1e-6]), torch.tensor([1e-3, 0.0, 1e-4]))
    value, error = law.root(squares)
    assert value.tolist() == pytest.approx([0.5, 0, 1e-3])
    assert error.tolist() == pytest.approx([1e-3, 0, 1e-2])


def test_the_bins_of_a_coordinate_are_exact():
    t = 0.3
    axes = law.of_axes(exact.clusters(), t)
    alpha, scale = math.cos(math.pi * t / 2), math.hypot(5, 1)
    deviation = math.sqrt(of_noisy(1 / scale**2, t))
    cumulative = np.mean(
        [ndtr((law.EDGES - s * alpha * 5 / scale) / deviation) for s in (1, -1)], 0
    )
    np.testing.assert_allclose(axes, np.tile(np.diff(cumulative), (2, 1)), atol=1e-12)
    np.testing.assert_allclose(law.of_noise().sum(), 1, rtol=1e-12)
    np.testing.assert_allclose(law.of_noise()[:600], law.of_noise()[::-1][:600], rtol=1e-9)


def test_clean_coordinates_are_counted():
    first, second = law.of_axes(exact.waves(), 0.0)
    width = math.sqrt(12) / 0.01  # bins across a uniform coordinate of variance 1
    inside = (law.EDGES[:-1] > -1.7) & (law.EDGES[1:] < 1.7)
    np.testing.assert_allclose(first[inside], 1 / width, rtol=0.01)
    assert second.sum() == pytest.approx(1)


@pytest.mark.parametrize("b", [0.5, 0.9])
def test_distances_of_bins_are_those_of_gaussians(b):
    data = np.diff(ndtr(law.EDGES / b))
    noise = law.of_noise()
    assert law.w1_of(data, noise) == pytest.approx((1 - b) * math.sqrt(2 / math.pi), rel=1e-4)
    overlap = math.sqrt(2 * b / (1 + b**2))
    assert measures.hellinger(data, noise) == pytest.approx(math.sqrt(1 - overlap), rel=1e-4)
    kl = (b**2 - 1) / 2 - math.log(b)
    assert law.divergence(data, noise) == pytest.approx(kl, rel=1e-4)


def test_pooling_is_blind_to_what_coordinates_tell_of_each_other():
    t, rho = 0.3, 0.8
    mixture = gaussian(1.0, 1.0, correlation=rho)
    pooled, joint = law.pooled(mixture, t), law.joint(mixture, t, 1024, 4, 0)
    assert (pooled.hellinger, pooled.w1) == pytest.approx((0, 0), abs=1e-6)
    assert (pooled.apart, pooled.shuffled) == pytest.approx((0, 0), abs=1e-6)
    kept = rho * math.cos(math.pi * t / 2) ** 2
    assert float(joint.divergence.value) == pytest.approx(-math.log(1 - kept**2) / 2, rel=0.01)


def test_shuffled_data_are_apart_by_each_axis():
    t, variances = 0.2, (0.4, 2.5)
    pooled = law.pooled(gaussian(*variances), t)
    noisy = [of_noisy(v, t) for v in variances]
    assert pooled.apart == pytest.approx(sum((v - 1 - math.log(v)) / 2 for v in noisy), rel=1e-3)
    overlap = math.prod(math.sqrt(2 * math.sqrt(v) / (1 + v)) for v in noisy)
    assert pooled.shuffled == pytest.approx(math.sqrt(1 - overlap), rel=1e-3)
    density = lambda z: sum(norm.pdf(z, 0, math.sqrt(v)) for v in noisy) / 2  # noqa: E731
    shared = quad(lambda z: math.sqrt(density(z) * norm.pdf(z)), -9, 9)[0]
    assert pooled.hellinger == pytest.approx(math.sqrt(1 - shared), rel=1e-3)


@pytest.mark.parametrize("t", [0.01, 0.4, 0.91])
def test_the_sliced_distance_of_a_gaussian_is_one_of_deviations(t):
    noisy = [of_noisy(v, t) for v in (0.5, 1.5)]

    def square(angle):
        return (
            math.sqrt(noisy[0] * math.cos(angle) ** 2 + noisy[1] * math.sin(angle) ** 2) - 1
        ) ** 2

    expected = math.sqrt(quad(square, 0, math.pi)[0] / math.pi)
    found = law.sliced(gaussian(0.5, 1.5), t)
    assert float(found.value) == pytest.approx(expected, rel=2e-3, abs=1e-5)


def test_samples_come_near_the_sliced_distance_of_their_distribution():
    mixture, generator = exact.waves(), torch.Generator().manual_seed(3)
    z = measures.noisy(mixture.sample(20_000, generator, torch.float64), 0.11, generator)
    noise = RNG.normal(size=z.shape)
    found = measures.sliced(z, noise, measures.even_directions(32))
    assert found == pytest.approx(float(law.sliced(mixture, 0.11).value), abs=0.015)


# entropy


def test_exact_entropies_of_separate_pieces_are_sums():
    found = entropy.known(512, 4, 500, 2, 0).set_index("dataset")
    scale = math.hypot(5, 1)
    clusters = math.log(4) + math.log(2 * math.pi * math.e) - 2 * math.log(scale)
    waves = math.log(2) + math.log(2 * math.pi * math.e) / 2 + math.log(0.03)
    deviations = math.log(1 / math.sqrt(12)) + math.log(0.261534)
    assert found.loc["clusters", "entropy"] == pytest.approx(clusters, abs=4e-3)
    assert found.loc["waves", "entropy"] == pytest.approx(waves - deviations, abs=4e-3)
    below = math.log(2 * math.pi * math.e) - found["entropy"]
    np.testing.assert_allclose(found["below"], below, rtol=1e-12)


@pytest.mark.parametrize("neighbour", [1, 4])
def test_the_entropy_by_neighbours_is_that_of_a_gaussian_and_of_a_square(neighbour):
    normal = RNG.normal(size=(20_000, 2)) * (0.5, 3.0)
    expected = math.log(2 * math.pi * math.e * 1.5)
    assert entropy.by_neighbours(normal, neighbour) == pytest.approx(expected, abs=0.03)
    square = 2 * RNG.random((20_000, 2))
    assert entropy.by_neighbours(square, neighbour) == pytest.approx(math.log(4), abs=0.03)


def test_the_published_sum_is_that_over_the_grid_of_the_box():
    x = RNG.normal(size=(400, 2))
    fit = entropy.fitted(x, 1)
    estimate, spaced = entropy.on_box(fit, x, 230)
    sides = [np.linspace(x[:, i].min(), x[:, i].max(), 230) for i in (0, 1)]
    at = np.stack(np.meshgrid(*sides), -1).reshape(-1, 2)
    log_p = multivariate_normal.logpdf(at, fit.means_[0], fit.covariances_[0])
    step = np.prod(x.max(0) - x.min(0)) / 230**2
    assert estimate == pytest.approx(-(np.exp(log_p) * log_p).sum() * step, rel=1e-9)
    assert estimate / spaced == pytest.approx((1 - 1 / 230) ** 2, rel=1e-12)
    whole = math.log(2 * math.pi * math.e) + np.linalg.slogdet(fit.covariances_[0])[1] / 2
    assert float(entropy.of_fit(fit, 1024, 4).value) == pytest.approx(whole, abs=2e-3)


def test_the_fit_is_the_published_one():
    assert entropy.fitted(RNG.normal(size=(60, 2)), 5).get_params() | {} == (
        entropy.GaussianMixture(5, covariance_type="full", random_state=42).get_params()
    )
    assert entropy.COMPONENTS == (5, 50)


def test_the_parts_of_an_error_add_up():
    known, found = results.entropies(TINY)
    truth = found["dataset"].map(known.set_index("dataset")["entropy"])
    np.testing.assert_allclose(found["estimate"] - truth, found["error"], rtol=1e-12)
    np.testing.assert_allclose(
        found[["fit", "box", "spacing"]].sum(axis=1), found["error"], atol=1e-12
    )
    assert list(found.groupby("dataset").size()) == [2] * 4
    expected = found["estimate"] * (1 - (40 / 39) ** 2)
    np.testing.assert_allclose(found["spacing"], expected, rtol=1e-9)


# tables


def test_facts_are_those_of_the_generating_code():
    found = results.facts().set_index("dataset")
    expected = {
        "clusters": (0, 0, 5.099, 5.099),
        "rings": (2.5, 0, 3.776, 2.832),
        "swiss_roll": (2.00, 0.21, 6.64, 6.97),
        "waves": (0.5, 0.45, 0.289, 0.2615),
    }
    for name, values in expected.items():
        assert found.loc[name, ["mean_1", "mean_2", "sd_1", "sd_2"]].tolist() == pytest.approx(
            values, abs=5e-3
        )


def test_rates_add_up_to_what_entropy_is_below_that_of_noise():
    found = results.rates(replace(TINY, sobol=(256, 2)))
    below = entropy.known(128, 2, 100, 2, 0).set_index("dataset")["below"]
    for name, rows in found.groupby("dataset"):
        assert np.trapezoid(rows["structure"], rows["log_snr"]) == pytest.approx(
            below[name], abs=0.03
        )
        alpha2 = 1 / (1 + np.exp(-rows["log_snr"]))
        np.testing.assert_allclose(rows["gaussian"], alpha2, rtol=1e-12)
        np.testing.assert_allclose(rows["information"] + rows["structure"], alpha2, rtol=1e-12)
        slope = math.pi / (np.sin(math.pi * rows["t"] / 2) * np.cos(math.pi * rows["t"] / 2))
        np.testing.assert_allclose(rows["in_time"], rows["structure"] * slope, rtol=1e-9)


@pytest.fixture(scope="module")
def tables():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(law, "CLEAN_POINTS", 2**12)
        samples, exactly = results.published(TINY), results.distributions(TINY)
    return samples, exactly, results.bars(samples, exactly, results.sliced(slices=2))


def test_every_bar_is_that_of_its_distances(tables):
    samples, exactly, bars = tables
    indexed = bars.set_index(["dataset", "measure", "draw", "range"])["bar"]
    own = samples.set_index(["dataset", "measure", "draw", "number"])["distance"]
    for measure in ("hellinger", "w1"):
        gap = abs(own["rings", measure, 1, 39] - own["rings", measure, 1, 30])
        assert indexed["rings", measure, 1, 3] == pytest.approx(gap / 10)
    gap = abs(own["waves", "sliced", 0, 3] - own["waves", "sliced", 0, 2])
    assert indexed["waves", "sliced", 0, 2] == pytest.approx(gap)
    known = exactly.set_index(["dataset", "number"])["joint"]
    gap = known["clusters", 20] - known["clusters", 29]
    assert indexed["clusters", "joint", -1, 2] == pytest.approx(gap / 10)
    errors = exactly.set_index(["dataset", "number"])["joint_error"]
    of_gap = math.hypot(errors["clusters", 20], errors["clusters", 29]) / 10
    row = bars[
        (bars["dataset"] == "clusters") & (bars["measure"] == "joint") & (bars["range"] == 2)
    ]
    assert row["error"].item() == pytest.approx(of_gap)


def test_noise_for_data_has_a_floor_and_a_divergence_of_parts(tables):
    samples, exactly, _ = tables
    assert samples.groupby("measure")["floor"].min().gt(0).all()
    np.testing.assert_allclose(
        exactly["between"], exactly["divergence"] - exactly["apart"], rtol=1e-12
    )
    last = exactly[exactly["number"] == 99]
    assert last[["divergence", "joint", "hellinger", "w1", "shuffled"]].abs().max().max() < 1e-6
    assert exactly.groupby("dataset")["t"].is_monotonic_increasing.all()
    clean = results.shuffled(exactly)
    assert list(clean["t"].unique()) == pytest.approx([0, 20 / 99])


def test_the_grid_has_the_same_data_with_fresh_noise():
    drawn, divergence = results.grid(TINY, (0.0, 1.0), 50)
    assert list(drawn) == list(study.DATASETS)
    assert not np.array_equal(drawn["rings"][0.0], drawn["rings"][1.0])
    assert divergence["rings", 1.0] == pytest.approx(0, abs=1e-9)
    assert divergence["rings", 0.0] == pytest.approx(1.53, abs=0.2)


def test_the_running_sum_of_the_linear_schedule_is_the_published_one():
    found = schedules.summed_beta()
    beta = [0.1 + k / 999 * 19.9 for k in range(1_000)]
    alpha = math.exp(-sum(beta[:301]) / 999)
    assert found["summed"][300] == pytest.approx(math.log(alpha / (1 - alpha)), rel=1e-9)
    at = torch.tensor(300 / 999, dtype=torch.float64)
    assert found["exact"][300] == pytest.approx(float(LinearBeta().log_snr(at)), rel=1e-12)
    curves = schedules.log_snrs(10)
    assert isinstance(curves, pd.DataFrame)
    assert curves.groupby("schedule").size().tolist() == [10] * 4
    explode = curves[curves["schedule"].str.startswith("variance")].iloc[0]
    assert explode["log_snr"] == pytest.approx(-2 * math.log(0.1 * 100 ** explode["t"]))
