"""The chapter "How tight is a bound?": its tables by other routes."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import integrate, stats

from companion.chapters.bounds import figures, results
from diffcore.bounds import nelbo
from diffcore.exact import GaussianMixture
from diffcore.exact.data2d import clusters
from diffcore.schedules import Cosine

BUDGET = results.Budget(64, 4)


def gaussian(*variances: float) -> GaussianMixture:
    covariance = torch.diag(torch.tensor(variances, dtype=torch.float64))
    return GaussianMixture.gaussian(torch.zeros(len(variances)), covariance)


def closed(gamma: float, c: float) -> float:
    """L_infinity of N(0, c) up to the SNR gamma."""
    return math.log1p(c * gamma) / 2


def test_steps_of_a_gaussian_telescope_with_the_best_variance_only(monkeypatch) -> None:
    monkeypatch.setattr(results, "clusters", lambda: gaussian(1.7, 1.7))
    frame = results.steps(BUDGET)
    np.testing.assert_allclose(frame["best"], 0, atol=1e-9)
    low, high = (math.exp(end) for end in results.WINDOW)
    for count, found in zip(frame["T"], frame["posterior"], strict=True):
        edges = np.geomspace(low, high, count + 1)
        each = np.diff(edges) * 1.7 / (1 + 1.7 * edges[:-1]) / 2
        whole = closed(high, 1.7) - closed(low, 1.7)
        assert found == pytest.approx(2 * (each.sum() - whole), rel=1e-8)


def test_one_variance_for_two_unlike_dimensions_leaves_slack(monkeypatch) -> None:
    monkeypatch.setattr(results, "clusters", lambda: gaussian(0.1, 5.0))
    frame = results.steps(BUDGET).set_index("T")
    assert (frame["best"] > 1e-3).all()
    edges = np.geomspace(*(math.exp(end) for end in results.WINDOW), 17)
    risk = sum(c / (1 + c * edges[:-1]) for c in (0.1, 5.0))
    steps = np.log1p(np.diff(edges) * risk / 2).sum()
    whole = sum(closed(edges[-1], c) - closed(edges[0], c) for c in (0.1, 5.0))
    assert frame.loc[16, "best"] == pytest.approx(steps - whole, rel=1e-8)


@pytest.fixture(scope="module")
def steps() -> pd.DataFrame:
    return results.steps(results.Budget(256, 8))


def test_both_bounds_of_the_clusters_fall_and_the_best_is_between(steps: pd.DataFrame) -> None:
    for name in ("posterior", "best"):
        assert (steps[name].diff().dropna() < 0).all()
        assert (steps[name] > -4 * steps[f"{name}_se"]).all()
    assert (steps["best"] < steps["posterior"]).all()


def test_the_bound_of_steps_is_that_of_diffcore(steps: pd.DataFrame) -> None:
    generator, n = torch.Generator().manual_seed(3), 100_000
    data = clusters()
    x = data.sample(n, generator, torch.float64)
    found = [
        nelbo(data.denoiser(Cosine()), x, generator, results.WINDOW, count).diffusion
        for count in (16, None)
    ]
    gap = float(found[0].mean() - found[1].mean())
    error = math.sqrt(sum(float(part.var()) / n for part in found))
    (ours,) = steps.loc[steps["T"] == 16, "posterior"]
    assert ours == pytest.approx(gap, abs=4 * error + 0.05)
    assert error < 0.2


def test_the_jackknife_of_a_linear_function_is_the_mean() -> None:
    rows = torch.randn(6, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    value, error = results._jackknife(rows, lambda r: 2 * r[..., 0])
    assert float(value) == pytest.approx(2 * float(rows[:, 0].mean()))
    assert float(error) == pytest.approx(2 * float(rows[:, 0].std()) / math.sqrt(6))


def test_the_jackknife_takes_the_bias_of_a_square_away() -> None:
    rows = 1 + torch.randn(
        20_000, 8, generator=torch.Generator().manual_seed(1), dtype=torch.float64
    )
    each = [results._jackknife(row[:, None], lambda r: r[..., 0] ** 2)[0] for row in rows[:4000]]
    assert float(torch.stack(each).mean()) == pytest.approx(1, abs=0.05)  # 1.125 without it


@pytest.fixture(scope="module")
def decoder() -> pd.DataFrame:
    return results.decoder(20_000).set_index("log_snr")


def test_decoding_costs_less_than_its_bound(decoder: pd.DataFrame) -> None:
    assert (decoder["measured"] + 4 * decoder["se"] < decoder["bound"]).all()
    assert (decoder["measured"].diff().dropna() < 0).all()


def test_the_cost_of_decoding_is_an_integral(decoder: pd.DataFrame) -> None:
    levels = np.linspace(-1, 1, 256)

    def cost(eps: float, at: int, noise: float) -> float:
        ratio = -(((levels[at] + noise * eps - levels) / noise) ** 2) / 2 + eps**2 / 2
        return stats.norm.pdf(eps) * np.logaddexp.reduce(ratio) / math.log(2)

    noise = math.exp(-11.0 / 2)
    each = [integrate.quad(cost, -9, 9, (at, noise))[0] for at in (0, 128)]  # an end, the middle
    expected = each[1] + 2 * (each[0] - each[1]) / 256
    assert decoder.loc[11.0, "measured"] == pytest.approx(
        expected, abs=5 * decoder.loc[11.0, "se"] + 0.01
    )


def test_a_bound_of_one_rival_is_the_mean_root_of_the_ratio() -> None:
    delta = torch.tensor([0.3, 1.0, 4.0], dtype=torch.float64)
    for d, found in zip(delta.tolist(), results.rival(delta).tolist(), strict=True):
        expected = integrate.quad(
            lambda e, d=d: stats.norm.pdf(e) * math.exp(-(d**2 / 2 + d * e) / 2), -12, 12
        )[0]
        assert found == pytest.approx(expected, rel=1e-9)


def test_the_bound_of_samples_of_a_gaussian_is_that_of_its_density(monkeypatch) -> None:
    data = gaussian(1.0, 1.0)
    monkeypatch.setattr(results, "clusters", lambda: data)
    frame = results.samples(400, seed=2).set_index("K")
    noise = math.exp(-results.SAMPLES_AT)
    s = 1 + noise
    # averaged over x ~ N(0, 1) in two dimensions: log N(x; 0, s + noise) - E log N(x + noise; 0, s)
    one = 2 * (math.log(s / (s + noise)) / 2 - 1 / (2 * (s + noise)) + s / (2 * s))
    assert frame.loc[1, "gap"] == pytest.approx(one, abs=4 * frame.loc[1, "se"])
    assert frame.loc[1, "se"] < 0.2 * one


def test_the_mean_of_weights_is_the_likelihood_and_their_variance_that_of_draws() -> None:
    data, one = clusters(), torch.ones((), dtype=torch.float64)
    noise = one * math.exp(-results.SAMPLES_AT / 2)
    x = data.sample(5, torch.Generator().manual_seed(4), torch.float64)
    exact = results.log_likelihood(data, x, noise)
    found = results.weight_variance(data, x, noise, exact)
    eps = torch.randn(
        5, 100_000, 2, generator=torch.Generator().manual_seed(5), dtype=torch.float64
    )
    z = (x[:, None] + noise * eps).reshape(-1, 2)
    ratio = (data.log_prob(z, one, noise).reshape(5, -1) - exact[:, None]).exp()
    np.testing.assert_allclose(ratio.mean(1), 1, atol=0.02)
    np.testing.assert_allclose(found, ratio.var(1), rtol=0.05)


@pytest.fixture(scope="module")
def samples() -> pd.DataFrame:
    return results.samples(256)


def test_more_samples_are_tighter_and_the_gap_tends_to_the_first_order(
    samples: pd.DataFrame,
) -> None:
    assert (samples["gap"] > 0).all()
    assert (samples["gap"].diff().dropna() < 0).all()
    last = samples.iloc[-2:]
    assert ((last["gap"] / last["predicted"] - 1).abs() < 4 * last["se"] / last["predicted"]).all()
    assert samples["gap"].iloc[0] > 1.2 * samples["predicted"].iloc[0]


def test_the_bound_of_samples_is_a_log_of_a_mean() -> None:
    weights = torch.tensor([[1.0, 3.0], [2.0, 2.0]], dtype=torch.float64)
    expected = torch.tensor([2.0, 2.0], dtype=torch.float64).log()
    torch.testing.assert_close(results.bound_of(weights.log()), expected)
    torch.testing.assert_close(results.two_samples(*weights.T), expected)


def test_the_sentence_about_samples_is_worked_out() -> None:
    frame = pd.DataFrame(
        {"K": [1, 4000], "gap": [0.3, 0.02], "se": [0.1, 0.001], "predicted": [0.2, 0.02]}
    )
    said = results.of_samples(frame)
    assert "One sample misses 1.50 times what" in said
    assert "4,000 samples 1.00 $\\pm$ 0.05 times" in said


def test_the_figure_draws_both_tables(steps: pd.DataFrame, samples: pd.DataFrame) -> None:
    left, right = figures.tightness_figure(steps, samples).axes
    drawn = [line.get_ydata() for line in left.lines]
    assert any(np.array_equal(values, steps["best"]) for values in drawn)
    assert any(np.array_equal(values, steps["posterior"]) for values in drawn)
    assert any(np.array_equal(line.get_ydata(), samples["gap"]) for line in right.lines)
    assert "512 points" in figures.tightness_shown(512, 64)["caption"]
