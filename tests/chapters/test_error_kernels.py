"""The chapter "Likelihood and samples": kernels against closed forms, metrics by other routes."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import torch
from reference import tensor
from scipy import integrate
from scipy.optimize import linear_sum_assignment
from scipy.stats import sem

from companion.chapters.likelihood_and_samples import figures, kernels, metrics, sentences
from companion.evidence import distances, perturbed
from diffcore import exact
from diffcore.exact import GaussianMixture
from diffcore.likelihood import RungeKutta, log_likelihood

C = 0.3
GAUSSIAN = GaussianMixture.gaussian(
    torch.zeros(2, dtype=torch.float64), C * torch.eye(2, dtype=torch.float64)
)
ORACLE = GAUSSIAN.denoiser(kernels.SCHEDULE)


def displacement(level: float, c: float) -> float:
    """Of Gaussian data of variance c, by a bump: the kernel in closed form, integrated by SciPy."""

    def each(lam: float) -> float:
        size = perturbed.SIZE * math.exp(-(((lam - level) / kernels.WIDTH) ** 2) / 2)
        rest = math.sqrt((c + math.exp(-14.0)) / (c + math.exp(-lam)))
        return math.exp(-lam / 2) / 2 * size * rest

    found, _ = integrate.quad(each, -8, 14, points=[level], limit=200)
    return found


def test_a_bump_adds_the_stated_excess() -> None:
    square, _ = integrate.quad(
        lambda lam: float(kernels.bump(torch.tensor(lam), 2.0)) ** 2 / 2, -8, 14, points=[2.0]
    )
    assert square == pytest.approx(perturbed.EXCESS, rel=1e-6)


def test_a_wrong_pair_still_makes_z_and_is_off_by_the_bump() -> None:
    z = torch.randn(2000, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    t = kernels.SCHEDULE.time_of(torch.full((2000,), 1.3, dtype=torch.float64))
    alpha, sigma = kernels.SCHEDULE.alpha(t)[:, None], kernels.SCHEDULE.sigma(t)[:, None]
    _, right = ORACLE.predict_pair(z, t)
    size = perturbed.SIZE * math.exp(-(((1.3 - 1.0) / kernels.WIDTH) ** 2) / 2)
    for generator in (None, torch.Generator().manual_seed(1)):
        wrong = kernels.Wrong(ORACLE, 1.0, generator)
        x_hat, eps_hat = wrong.predict_pair(z, t)
        torch.testing.assert_close(alpha * x_hat + sigma * eps_hat, z)
        square = float((eps_hat - right).square().sum(1).mean())
        assert square == pytest.approx(size**2, rel=1e-9 if generator is None else 0.1)
    turned = kernels.Wrong(ORACLE, 1.0, sign=-1.0).predict_pair(z, t)[1]
    same = kernels.Wrong(ORACLE, 1.0).predict_pair(z, t)[1]
    torch.testing.assert_close(turned + same, 2 * right)
    again = [kernels.Wrong(ORACLE, 1.0, torch.Generator().manual_seed(2)) for _ in range(2)]
    first = again[0].predict_pair(z, t)[1]
    assert torch.equal(first, again[1].predict_pair(z, t)[1])
    assert not torch.equal(first, again[0].predict_pair(z, t)[1])


def test_paths_of_a_gaussian_spread_as_its_width() -> None:
    walked = kernels.paths(ORACLE, 5, 60)
    for k in (0, 17, 40, 60):
        at = float(walked.levels[k])
        scale = math.sqrt((C + math.exp(-14)) / (C + math.exp(-at)))
        expected = scale * torch.eye(2, dtype=torch.float64).expand(5, 2, 2)
        torch.testing.assert_close(walked.carried(k), expected, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("level", [-2.0, 0.0, 4.0, 9.0])
def test_of_a_gaussian_the_displacement_is_the_closed_form_derived_and_measured(level) -> None:
    walked = kernels.paths(ORACLE, 3, 88)
    known = displacement(level, C)
    for moved in (kernels.derived(walked, level), kernels.measured(ORACLE, walked, level)):
        # along both axes alike, and against the sign of the error
        expected = torch.full((3, 2), -known / math.sqrt(2), dtype=torch.float64)
        torch.testing.assert_close(moved, expected, rtol=2e-4, atol=0)


@pytest.fixture(scope="module")
def costs() -> pd.DataFrame:
    return kernels.nats(30)


def test_the_bound_is_flat_and_the_likelihood_falls_as_the_square_of_the_kernel(costs) -> None:
    """Near the data every cluster is a Gaussian of its own, of variance 1/26."""
    assert costs["level"].tolist() == list(kernels.LEVELS)
    np.testing.assert_allclose(costs["bound"], perturbed.EXCESS, rtol=0.05)
    high = costs[costs["level"] >= 8].set_index("level")
    for level, row in high.iterrows():
        shift = displacement(float(level), 1 / 26)
        assert row["flow"] == pytest.approx(shift**2 / 2 * 26, rel=0.02)
    assert (costs["error"] < costs["flow"] / 5).all()


def test_of_a_bump_at_the_end_of_the_window_the_bound_pays_half(monkeypatch) -> None:
    monkeypatch.setattr(kernels, "LEVELS", (4.0, kernels.WINDOW[1]))
    inside, at_the_end = kernels.nats(10)["bound"]
    assert inside == pytest.approx(perturbed.EXCESS, rel=0.05)
    assert at_the_end == pytest.approx(perturbed.EXCESS / 2, rel=0.05)


def test_the_flow_is_the_mean_over_both_signs_with_its_standard_error(monkeypatch) -> None:
    monkeypatch.setattr(kernels, "LEVELS", (2.0, 8.0))
    n = 12
    table = kernels.nats(n, seed=3).set_index("level")
    right = kernels.oracle("clusters")
    x = exact.clusters().sample(n, torch.Generator().manual_seed(3), torch.float64)

    def likelihood(denoiser) -> np.ndarray:
        method = RungeKutta(kernels.STEPS)
        return log_likelihood(denoiser, x, method=method, log_snr=kernels.WINDOW).numpy()

    for level, row in table.iterrows():
        signs = [likelihood(kernels.Wrong(right, float(level), sign=sign)) for sign in (1.0, -1.0)]
        lost = likelihood(right) - np.mean(signs, axis=0)
        assert row["flow"] == pytest.approx(lost.mean(), rel=1e-6)
        assert row["error"] == pytest.approx(sem(lost), rel=1e-6)


def test_random_errors_are_averaged_by_steps(monkeypatch) -> None:
    monkeypatch.setattr(kernels, "RANDOM_LEVELS", (8.0,))
    monkeypatch.setattr(kernels, "RANDOM_STEPS", (44, 176))
    table = kernels.random_errors(300).set_index("steps")
    assert table.loc[176, "systematic"] == pytest.approx(displacement(8.0, 1 / 26), rel=0.05)
    for _, row in table.iterrows():
        assert row["random"] == pytest.approx(row["derived"], rel=0.1)

    def each(lam: float) -> float:  # the square of the kernel, times the length of a step
        size = perturbed.SIZE * math.exp(-(((lam - 8) / kernels.WIDTH) ** 2) / 2)
        return size**2 / (1 / (1 / 26) + math.exp(lam)) / 4

    variance, _ = integrate.quad(each, 4, 12, points=[8])
    expected = math.sqrt(variance * 22 / 176)
    assert table.loc[176, "derived"] == pytest.approx(expected, rel=0.05)


def test_the_columns_of_displacements_are_their_medians_and_mean_squares(monkeypatch) -> None:
    monkeypatch.setattr(kernels, "LEVELS", (0.0, 6.0))
    table, samples = kernels.displacements("clusters", 20)
    assert list(samples) == [math.inf, 0.0, 6.0]
    walked = kernels.paths(kernels.oracle("clusters"), 20, kernels.STEPS)
    line = kernels.derived(walked, 6.0).norm(dim=1)
    row = table.set_index("level").loc[6.0]
    assert row["derived"] == pytest.approx(float(line.median()))
    assert row["derived_rms"] == pytest.approx(float(line.square().mean()) ** 0.5)
    apart = (samples[6.0] - samples[math.inf]).norm(dim=1)
    assert row["measured"] == pytest.approx(float(apart.median()))
    assert row["measured_rms"] == pytest.approx(float(apart.square().mean()) ** 0.5)
    assert row["measured"] == pytest.approx(row["derived"], rel=0.01)
    # without an error they are samples of the clusters
    near = (samples[math.inf].abs() - 5 / math.sqrt(26)).square().mean()
    assert float(near) == pytest.approx(1 / 26, rel=0.5)


def test_sliced_distances_are_those_of_sorted_projections() -> None:
    generator = torch.Generator().manual_seed(0)
    first, second = (torch.randn(50, 2, generator=generator, dtype=torch.float64) for _ in range(2))
    squares = []
    for k in range(distances.DIRECTIONS):
        angle = math.pi * k / distances.DIRECTIONS
        on = np.array([math.cos(angle), math.sin(angle)])
        cost = np.subtract.outer(first.numpy() @ on, second.numpy() @ on) ** 2
        squares.append(cost[linear_sum_assignment(cost)].mean())
    assert distances.sliced(first, second) == pytest.approx(math.sqrt(np.mean(squares)))


def test_the_metrics_see_what_was_done_to_samples() -> None:
    rings = exact.rings()
    x = rings.sample(1500, torch.Generator().manual_seed(0), torch.float64)
    none = metrics.compared(x, x)
    assert all(abs(value) < 1e-12 for value in none.values())
    shift = torch.tensor([0.3, -0.4], dtype=torch.float64)
    shifted = metrics.compared(x + shift, x)
    assert shifted["mean"] == pytest.approx(0.5)
    assert shifted["covariance"] == pytest.approx(0, abs=1e-12)
    assert shifted["sliced"] == pytest.approx(math.sqrt(0.125), rel=1e-6)
    q, p = (float(distances.log_density(rings, y).mean()) for y in (x, x + shift))
    assert shifted["density"] == pytest.approx(p - q)
    assert shifted["density"] < -5
    larger = metrics.compared(1.5 * x, x)
    cov = np.cov(x.numpy().T)
    assert larger["covariance"] == pytest.approx(np.linalg.norm(1.25 * cov))
    on_ring = rings.standardise(tensor([[4.3, 0.0, 5.0], [0.0, 3.5, -4.0]])).T
    torch.testing.assert_close(
        metrics.off_the_rings(on_ring), tensor([0.3, 0.5, 0.0]), atol=1e-9, rtol=0
    )
    wider = metrics.compared(
        rings.standardise(tensor([[4.4, 0.0], [0.0, 4.4]])).T,
        rings.standardise(tensor([[4.2, 0.0], [0.0, 4.2]])).T,
    )
    assert wider["width"] == pytest.approx(1.0)


def test_the_last_row_is_of_exact_samples(monkeypatch) -> None:
    monkeypatch.setattr(metrics, "STUDY", 200)
    rings = exact.rings()
    x = rings.sample(60, torch.Generator().manual_seed(3), torch.float64)
    table = metrics.seen({math.inf: x, 2.0: x + 0.1, 4.0: x}, 2)
    assert table["level"].tolist() == ["2", "4", "exact samples"]
    assert table.loc[0, "mean"] == pytest.approx(math.hypot(0.1, 0.1))
    assert (table.iloc[1][["sliced", "mean", "covariance", "width", "density"]] == 0).all()
    assert (table.iloc[2][["sliced", "mean", "covariance", "width"]] > 0).all()
    said = sentences.floors(table)
    columns = ["sliced", "mean", "covariance", "width", "density"]
    above = [(table.loc[k, columns].abs() > table.loc[2, columns]).any() for k in (0, 1)]
    assert above == [True, False]
    assert said.startswith("At 1 of 2 levels")
    shares = table.loc[[0, 1], columns].abs() / table.loc[2, columns].astype(float)
    largest = shares.loc[0].astype(float)
    assert (
        f"{metrics.SHOWN['columns'][largest.idxmax()]} at a log-SNR of 2, {largest.max():.0%}"
        in said
    )


def test_a_noise_floor_is_what_most_pairs_stay_below(monkeypatch) -> None:
    monkeypatch.setattr(metrics, "STUDY", 30)
    monkeypatch.setattr(metrics, "MOST", 0.5)
    x = exact.rings().sample(5, torch.Generator().manual_seed(3), torch.float64)
    floor = metrics.seen({math.inf: x}, 5, seed=4).iloc[0]
    generator = torch.Generator().manual_seed(4)
    pairs = [
        metrics.compared(*(exact.rings().sample(30, generator, torch.float64) for _ in range(2)))
        for _ in range(5)
    ]
    for name in ("sliced", "mean", "covariance", "width", "density"):
        assert floor[name] == pytest.approx(sorted(abs(pair[name]) for pair in pairs)[2])


def test_what_is_said_is_of_the_tables(costs) -> None:
    levels = [kernels.LEVELS[0], kernels.LEVELS[-1]]
    moved = pd.DataFrame(
        {
            "level": levels, "derived": [0.9, 0.01], "measured": [1.0, 0.01],
            "derived_rms": [3.0, 0.01], "measured_rms": [2.0, 0.0101],
        }
    )  # fmt: skip
    nats = pd.DataFrame({"level": levels, "bound": [0.002, 0.001], "flow": [6.0, 0.002]})
    said = sentences.decoupled(moved, nats)
    assert "moves samples of the clusters 100 times as far" in said
    assert "3,000 times as much" in said
    assert "The bound pays, as the errors are made, 2.00 times" in said
    other = sentences.agreement({"clusters": moved})
    assert "within 11.1 % of the first order at every level" in other
    assert "square within 1.0 % at log-SNRs from 4 on" in other
    assert "(derived 3.00, measured 2.00 at the noisiest level)" in other


def test_the_figure_draws_the_tables(costs) -> None:
    rows = {"level": list(kernels.LEVELS)}
    values = np.linspace(1, 2, len(kernels.LEVELS))
    columns = ("derived", "measured", "derived_rms", "measured_rms")
    moved = pd.DataFrame(rows | {name: values * (k + 1) for k, name in enumerate(columns)})
    left, right = figures.kernels_figure({"clusters": moved}, costs).axes
    grey, *lines = left.lines
    heights = perturbed.SIZE * kernels.WIDTH * math.sqrt(2 * math.pi) / 2
    np.testing.assert_allclose(grey.get_ydata()[0], heights * math.exp(-2))
    for line, name in zip(lines, columns, strict=True):
        np.testing.assert_allclose(line.get_ydata(), moved[name])
    for line, name in zip(right.lines, ("bound", "flow"), strict=True):
        np.testing.assert_allclose(line.get_ydata(), costs[name])
