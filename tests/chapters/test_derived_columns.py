"""Columns that follow from others, worked out again by other means: loops, NumPy, closed forms, counting."""

import math
import random

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import integrate, stats

from companion import paths, study
from companion.chapters.published_numbers import controls, rescaled, resolution, results
from companion.chapters.small_images.results import Bits
from diffcore.exact import data2d
from diffcore.published import Published

BUDGET = results.Budget(points=256, scrambles=4, monte_carlo=500)


@pytest.fixture(scope="module")
def frame():
    return results.against_published(BUDGET)


@pytest.fixture(scope="module")
def noise():
    return resolution.moment_noise(2000).set_index("dataset")


def test_monte_carlo_columns_are_those_of_the_draws(frame):
    for number, name in enumerate(study.DATASETS):
        block = frame[frame["dataset"] == name]
        losses = [Published(row.objective, row.target) for row in block.itertuples()]
        generator = torch.Generator().manual_seed(number)
        draws = results.monte_carlo(data2d.DATASETS[name](), losses, 500, generator).numpy()
        np.testing.assert_allclose(block["monte_carlo"], draws.mean(1))
        sd = np.sqrt(((draws - draws.mean(1, keepdims=True)) ** 2).sum(1) / 499)
        np.testing.assert_allclose(block["monte_carlo_error"], sd / math.sqrt(500))
        np.testing.assert_allclose(block["draw_sd"], sd / math.sqrt(20_000))


def test_excess_columns_are_those_of_the_study_and_the_floors(frame):
    assert len(frame) == 32
    known = study.losses().set_index(["dataset", "target", "objective"])
    larger = set()
    for row in frame.itertuples():
        saved = known.loc[(row.dataset, row.target, row.objective)]
        runs = [saved[f"execution_{n}"] for n in (1, 2, 3)]
        spread = max(float(np.std(runs, ddof=1)), row.draw_sd)
        larger.add(spread == row.draw_sd)
        assert row.published == pytest.approx(np.mean(runs), abs=1.01e-6)  # six decimals saved
        assert row.published_se == pytest.approx(spread / 3**0.5, rel=1e-3)
        assert row.excess_in_se == pytest.approx(
            (row.published - row.floor) * 3**0.5 / spread, rel=1e-3
        )
        assert row.excess_last20 == pytest.approx(saved["last20_mean"] - row.floor)
        assert row.excess_percent == pytest.approx(
            100 * (np.mean(runs) - row.floor) / row.floor, abs=1e-3
        )
        assert row.floor_error_percent == pytest.approx(100 * row.floor_error / row.floor)
    assert larger == {True, False}  # both spreads are met


def test_no_value_is_below_its_floor_in_the_last_twenty_epochs():
    table = pd.read_csv(paths.RESULTS / "floors.csv")  # of record
    assert (table["excess_last20"] > 0).all()
    assert (table["excess"] < 0).sum() == 3  # in the last epoch alone, by chance


def test_slopes_are_growth_per_factor_of_ten():
    steps = [1e-1, 1e-3, 2e-4]  # two decades, then less than one
    table = controls.truncation(steps, BUDGET)
    for name in study.DATASETS:
        first, second, third = table[name]
        assert math.isnan(table[f"slope_{name}"][0])
        assert table[f"slope_{name}"][1] == pytest.approx((second - first) / 2)
        assert table[f"slope_{name}"][2] == pytest.approx((third - second) / math.log10(5))
        assert (table[f"{name}_error"] > 0).all()


def test_one_value_per_guard_is_the_floor_of_each_targets_nelbo(frame):
    budget = results.Budget(points=4096, scrambles=4)
    truncation = controls.truncation([1e-1, 1e-2, 1e-3], budget)
    table = controls.one_value_per_guard(frame, truncation, 1e-2)
    assert list(table["dataset"]) == list(study.DATASETS)
    assert list(table["unguarded"]) == [truncation[name][1] for name in study.DATASETS]
    for row in table.to_dict("records"):
        for target in study.TARGETS:
            match = [
                r.floor
                for r in frame.itertuples()
                if (r.dataset, r.target, r.objective) == (row["dataset"], target, "nelbo")
            ]
            assert match == [row[f"guard_{target}"]]
    # The clusters without guard down to t = 0.01: 2.04, by quadrature in the study's sheet.
    assert table["unguarded"][0] == pytest.approx(2.04, abs=0.01)


def test_exchanged_guards_are_those_of_numpy():
    n, t_min, seed = 400, 1e-2, 3
    table = controls.exchanged_guards(data2d.clusters(), n, t_min, seed).set_index("target")
    generator = torch.Generator().manual_seed(seed)
    t = t_min + (1 - t_min) * torch.rand(n, generator=generator, dtype=torch.float64).numpy()
    generator = torch.Generator().manual_seed(seed + 1)
    x = data2d.clusters().sample(n, generator, torch.float64)
    eps = torch.randn(x.shape, generator=generator, dtype=torch.float64).numpy()
    a, s = np.cos(np.pi * t / 2)[:, None], np.sin(np.pi * t / 2)[:, None]
    z = a * x.numpy() + s * eps
    # Both axes are 0.5 N(-m, w^2) + 0.5 N(m, w^2): the posterior mean of x, axis by axis.
    m, w2 = 5 / math.sqrt(26), 1 / 26
    total = a**2 * w2 + s**2
    tilt = np.tanh(a * m * z / total)
    x_hat = (a * w2 * z + s**2 * m * tilt) / total
    error = ((eps - (z - a * x_hat) / s) ** 2).mean(1)
    a, s, g = a[:, 0], s[:, 0], 0.01
    factors = {
        "x": a / (s**3 + g) * (s / a) ** 2,
        "eps": 1 / (s * a + g),
        "v": a / (s + g) / a**2,
        "score": s / (a + g) * (s / (s**2 + g)) ** 2,
    }
    for target in study.TARGETS:
        for guard, factor in factors.items():
            expected = (1 - t_min) * (factor * error).mean()
            assert table.loc[target, f"guard_{guard}"] == pytest.approx(expected, rel=1e-8)
        assert table.loc[target, "unguarded"] == pytest.approx(
            (1 - t_min) * (error / (a * s)).mean(), rel=1e-8
        )


def test_a_nat_costs_the_mean_over_images_divided_by_its_width():
    diffusion = torch.tensor([[1.0, 6.0], [3.0, 10.0]])
    edges = torch.tensor([-1.0, 0.0, 4.0])
    assert Bits(torch.zeros(2), torch.ones(2), diffusion, edges).per_nat.tolist() == [2.0, 2.0]
    assert Bits(torch.zeros(2), torch.ones(2), diffusion, edges).total.tolist() == [8.0, 14.0]


SHEET = {  # the study's sheet: quadrature for the clusters, dense grids for the rings
    "clusters": (0.4703, 0.3802, 0.4656, 0.3676),
    "rings": (0.4890, 0.3987, 0.4842, 0.3844),
}


def test_rescaled_floors_are_those_of_the_study_sheet():
    table = rescaled.rescaled_floors(results.Budget(points=2048, scrambles=8))
    assert len(table) == 16
    for name, values in SHEET.items():
        block = table[table["dataset"] == name].set_index("target")
        for target, value in zip(study.TARGETS, values, strict=True):
            row = block.loc[target]
            assert row["floor"] == pytest.approx(value, abs=5 * row["floor_error"] + 6e-5)
            assert 0 < row["floor_error"] < 1e-3
            assert row["over_x"] == pytest.approx(row["floor"] / block.loc["x", "floor"])


def test_the_rescaled_loss_of_v_is_that_of_x_less_a_hundredth():
    # Its guard is added to alpha^2 + sigma^2 = 1, so it is a constant factor: 1 / 1.01.
    table = rescaled.rescaled_floors(BUDGET)
    v = table[table["target"] == "v"]["over_x"]
    np.testing.assert_allclose(v, 1 / 1.01, rtol=1e-12)


def test_moment_distances_are_those_of_the_studys_formulas():
    row = resolution.moment_noise(3, seed=4).set_index("dataset").loc["rings"]
    generator = torch.Generator().manual_seed(4 + 1)
    rings = data2d.rings()
    data = rings.sample(100_000, generator, torch.float64).numpy()
    drawn = rings.sample(6000, generator, torch.float64).numpy().reshape(3, 2000, 2)
    mean = [np.linalg.norm(data.mean(0) - d.mean(0)) for d in drawn]
    cov = [np.linalg.norm(np.cov(data, rowvar=False) - np.cov(d, rowvar=False)) for d in drawn]
    for name, values in (("mean", mean), ("cov", cov)):
        assert row[f"{name}_mean"] == pytest.approx(np.mean(values))
        assert row[f"{name}_95"] == pytest.approx(np.quantile(values, 0.95))


def test_mean_distances_of_exact_samples_are_those_of_a_chi_squared(noise):
    # Standardised data with uncorrelated axes: 2,000 |m|^2 / (1 + 1/50) is chi-squared with 2 degrees.
    for name in ("clusters", "rings"):
        scale = math.sqrt(1.02 / 2000)
        assert noise.loc[name, "mean_95"] == pytest.approx(scale * stats.chi(2).ppf(0.95), rel=0.04)
        assert noise.loc[name, "mean_mean"] == pytest.approx(scale * stats.chi(2).mean(), rel=0.04)


def test_covariance_distances_of_exact_samples_are_those_of_fourth_moments(noise):
    # Clusters: independent axes with E x^4 = m^4 + 6 m^2 w^2 + 3 w^4. Errors are Gaussian, nearly.
    m2, w2 = 25 / 26, 1 / 26
    diagonal = m2**2 + 6 * m2 * w2 + 3 * w2**2 - 1
    variances = [diagonal, diagonal, 2.0]  # the off-diagonal element stands twice in the norm

    def above(u):  # P(norm > u) by integrating over the off-diagonal element
        scale = [math.sqrt(v * 1.02 / 2000) for v in variances]

        def rest(z):
            left = max(u**2 - (scale[2] * z) ** 2, 0.0)
            return stats.norm.pdf(z) * math.exp(-left / (2 * scale[0] ** 2))

        return integrate.quad(rest, -9, 9, points=[-u / scale[2], u / scale[2]])[0]

    assert above(noise.loc["clusters", "cov_95"]) == pytest.approx(0.05, abs=0.02)
    assert above(1.15 * noise.loc["clusters", "cov_95"]) < 0.035


def test_the_published_split_is_that_of_its_shuffle():
    # Exchanging rows i and j of an array copies j onto i: the same walk, without NumPy.
    n, draw = 2000, random.Random(5)
    rows = list(range(n))
    for i in reversed(range(1, n)):
        rows[i] = rows[draw.randrange(i + 1)]
    test, train = rows[: n // 5], set(rows[n // 5 :])
    split = resolution.published_split(n, seed=5)
    assert split["distinct"] == len(set(rows)) / n
    assert split["test_distinct"] == len(set(test)) / len(test)
    assert split["test_in_train"] == sum(row in train for row in test) / len(test)
    assert split["test_pairs"] == sum(test.count(row) for row in test) / len(test)


def test_half_of_the_published_rows_are_copies_and_four_fifths_of_the_test_are_in_train():
    splits = [resolution.published_split(seed=seed) for seed in range(3)]
    for split in splits:
        assert split["distinct"] == pytest.approx(0.50, abs=0.01)
        assert split["test_in_train"] == pytest.approx(0.79, abs=0.02)
