"""The four data sets: constants of the study, population moments, samples."""

import math

import numpy as np
import pytest
import torch

from diffcore.exact import data2d

N = 400_000


@pytest.mark.parametrize("name", data2d.DATASETS)
def test_samples_have_mean_zero_and_variance_one(name):
    x = data2d.DATASETS[name]().sample(N, torch.Generator().manual_seed(0), torch.float64)
    assert x.shape == (N, 2)
    assert x.mean(0).abs().max() < 5 / math.sqrt(N)
    kurtosis = (x**4).mean(0)
    assert ((x.var(0) - 1).abs() < 5 * ((kurtosis - 1) / N).sqrt()).all()


@pytest.mark.parametrize(
    ("name", "mean", "std"),
    [
        ("rings", (2.5, 0.0), (3.776, 2.832)),
        ("swiss_roll", (2.01, 0.22), (6.64, 6.97)),
        ("waves", (0.5, 0.45), (0.289, 0.262)),
    ],
)
def test_standardisation_agrees_with_the_large_sample_values_of_the_study(name, mean, std):
    centre, scale = data2d.DATASETS[name]().standardisation
    np.testing.assert_allclose(centre[:, 0], mean, atol=0.011)
    np.testing.assert_allclose(scale[:, 0], std, rtol=2e-3)


def test_clusters_are_standardised_as_in_the_study():
    mixture = data2d.clusters()
    assert mixture.components.mean.abs().unique().item() == pytest.approx(0.98058, abs=1e-5)
    assert mixture.components.variance.sqrt().unique().item() == pytest.approx(0.19612, abs=1e-5)
    assert sorted(map(tuple, mixture.components.mean.T.sign().tolist())) == [
        (-1, -1),
        (-1, 1),
        (1, -1),
        (1, 1),
    ]


def raw(name):
    mixture = data2d.DATASETS[name]()
    x = mixture.sample(N, torch.Generator().manual_seed(1), torch.float64)
    return mixture.unstandardise(x.T).numpy()


def test_rings_have_the_radius_and_width_of_the_study():
    x, y = raw("rings")
    # Nearest ring; the two intersect, so look only at points far from the other one.
    left, right = np.hypot(x, y), np.hypot(x - 5, y)
    only_left, only_right = left[right > 6], right[left > 6]
    for radius in (only_left, only_right):
        assert radius.mean() == pytest.approx(4, abs=5e-3)
        assert radius.std() == pytest.approx(0.2, rel=0.02)
    assert len(only_left) == pytest.approx(len(only_right), rel=0.02)


def test_roll_has_the_noise_and_range_of_the_study():
    x, y = raw("swiss_roll")
    tau = np.linspace(1.5 * np.pi, 4.5 * np.pi, 4000)
    curve = np.stack([tau * np.cos(tau), tau * np.sin(tau)], 1)
    some = np.stack([x, y], 1)[:4000]
    distance = np.sqrt(((some[:, None] - curve) ** 2).sum(-1)).min(1)
    # Distance to a nearly straight curve is |N(0, 0.5^2)|: mean 0.5 sqrt(2/pi), a little less at the ends.
    assert distance.mean() == pytest.approx(0.5 * math.sqrt(2 / math.pi), rel=0.03)


def test_waves_have_the_levels_noise_and_range_of_the_study():
    x, y = raw("waves")
    assert x.min() >= -1e-9
    assert x.max() <= 1 + 1e-9
    rest = y - 0.3 * np.sin(6 * np.pi * x)
    upper, lower = rest[rest > 0.45], rest[rest < 0.45]
    assert upper.mean() == pytest.approx(0.6, abs=1e-3)
    assert lower.mean() == pytest.approx(0.3, abs=1e-3)
    assert upper.std() == pytest.approx(0.03, rel=0.01)
    assert len(upper) == pytest.approx(len(lower), rel=0.02)


@pytest.mark.parametrize("name", data2d.DATASETS)
def test_mixture_density_matches_a_histogram_of_samples(name):
    mixture = data2d.DATASETS[name]()
    g = torch.Generator().manual_seed(3)
    x = mixture.sample(N, g, torch.float64) + 0.15 * torch.randn(
        N, 2, generator=g, dtype=torch.float64
    )
    edges = np.linspace(-3, 3, 31)
    counts, *_ = np.histogram2d(*x.T.numpy(), bins=[edges, edges])
    centres = torch.from_numpy((edges[1:] + edges[:-1]) / 2)
    one = torch.ones((), dtype=torch.float64)
    inner = torch.tensor([-0.5, 0.0, 0.5], dtype=torch.float64) * math.sqrt(0.6) * 2
    weights = torch.tensor([5.0, 8.0, 5.0], dtype=torch.float64) / 18  # Gauss-Legendre in each cell
    expected = torch.zeros(30, 30, dtype=torch.float64)
    for i, a in enumerate(inner):
        for j, b in enumerate(inner):
            at = torch.cartesian_prod(centres + 0.1 * a, centres + 0.1 * b)
            density = mixture.log_prob(at, one, 0.15 * one).exp().reshape(30, 30)
            expected += N * 0.04 * weights[i] * weights[j] * density
    expected = expected.numpy()
    busy = expected > 50
    chi = ((counts - expected)[busy] / np.sqrt(expected[busy])).astype(float)
    assert (chi**2).mean() == pytest.approx(1, abs=5 * math.sqrt(2 / busy.sum()))


def test_waves_have_no_density_beside_their_range():
    waves = data2d.waves()
    raw_points = torch.tensor([[-0.01, 0.5, 1.01], [0.6, 0.6, 0.6]], dtype=torch.float64)
    one, zero = torch.ones(()).double(), torch.zeros(()).double()
    log_prob = waves.log_prob(waves.standardise(raw_points).T, one, zero)
    assert log_prob.isinf().tolist() == [True, False, True]
