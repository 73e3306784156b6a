"""The chapter "What a loss weighs": its columns by other routes."""

from __future__ import annotations

import dataclasses
import math

import mpmath as mp
import numpy as np
import pandas as pd
import pytest
import torch

from companion.chapters.weightings import figures, results, rows
from diffcore.exact.data2d import clusters
from diffcore.exact.gaussian_mixture import GaussianMixture
from diffcore.exact.quadrature import mean_of

B0, B1 = mp.mpf("0.1"), mp.mpf(20)
SCALES = {
    "cosine": (lambda t: mp.cos(mp.pi * t / 2), lambda t: mp.sin(mp.pi * t / 2)),
    "flow": (lambda t: 1 - t, lambda t: t),
    "linear": (
        lambda t: mp.exp(-(B0 * t + (B1 - B0) * t**2 / 2) / 2),
        lambda t: mp.sqrt(-mp.expm1(-(B0 * t + (B1 - B0) * t**2 / 2))),
    ),
    "geometric": (lambda t: mp.mpf(1), lambda t: mp.mpf("0.01") * mp.mpf(5000) ** t),
}
"""Signal and noise scales, written down once more."""

PLAIN = {
    "u, flow": ("flow", lambda a, s, t: (mp.diff(a, t), mp.diff(s, t))),
    "v, cosine": ("cosine", lambda a, s, t: (-s(t), a(t))),
    "x, cosine": ("cosine", lambda a, s, t: (1, 0)),
    "eps, cosine": ("cosine", lambda a, s, t: (0, 1)),
    "s, cosine": ("cosine", lambda a, s, t: (0, -1 / s(t))),
    "eps, linear beta": ("linear", lambda a, s, t: (0, 1)),
    "eps, noise grows geometrically": ("geometric", lambda a, s, t: (0, 1)),
}
"""Of each plain squared error, its schedule and its row."""


def named(name: str) -> rows.Row:
    def plain(text: str) -> str:
        return text.replace("$", "").replace(r"\epsilon", "eps").replace(r"\beta", "beta")

    (row,) = [row for row in rows.ROWS if plain(row.name) == name]
    return row


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("t", [0.1, 0.37, 0.8])
def test_a_closed_form_is_twice_the_density_times_the_error_factor(name: str, t: float) -> None:
    schedule, row_of = PLAIN[name]
    alpha, sigma = SCALES[schedule]
    with mp.workdps(30):
        log_snr = lambda t: 2 * mp.log(alpha(t) / sigma(t))  # noqa: E731
        a, b = row_of(alpha, sigma, mp.mpf(t))
        factor = (b - a * sigma(t) / alpha(t)) ** 2
        expected = float(-2 * factor / mp.diff(log_snr, mp.mpf(t)))
        level = float(log_snr(mp.mpf(t)))
    found = named(name).closed(torch.tensor([level], dtype=torch.float64))
    assert float(found) == pytest.approx(expected, rel=1e-12)


def test_every_closed_form_is_what_diffcore_computes_and_another_is_not(monkeypatch) -> None:
    frame = rows.catalogue()
    assert frame["difference"].max() < 1e-13
    off = [
        dataclasses.replace(row, closed=lambda lam, row=row: 1.01 * row.closed(lam))
        for row in rows.ROWS
    ]
    monkeypatch.setattr(rows, "ROWS", off)
    np.testing.assert_allclose(rows.catalogue()["difference"], 0.01 / 1.01, rtol=1e-6)


def test_those_that_never_rise_stand_first_and_peaks_are_where_the_slopes_are_zero() -> None:
    frame = rows.catalogue().set_index("objective")
    assert list(frame["never_rises"]) == [True] * 6 + [False] * 6
    assert [row.name for row in rows.FALLING] == list(frame.index[:6])
    peaks = {name.replace("$", ""): peak for name, peak in frame["peak"].items()}
    expected = {
        r"\epsilon, cosine": 0.0,
        r"Min-SNR, \gamma = 5": 0.0,
        "P2, g = k = 1": -math.log(3),
        "EDM": -3.30778,  # of Kingma & Gao's monotonic EDM, by bisection of its slope
        r"\epsilon, linear \beta": -0.922,
    }
    for name, peak in expected.items():
        assert peaks[name] == pytest.approx(peak, abs=0.004), name
    assert np.isnan([peaks["NELBO"], peaks["s, cosine"]]).all()


def test_a_rise_by_more_than_rounding_is_one() -> None:
    for rise, falls in ((0.9, True), (1.1, False)):
        weight = torch.tensor([2.0, 1.0, 1.0 + rise * rows.ROUNDING, 0.5], dtype=torch.float64)
        assert rows.never_rises(weight) is falls


def gaussian(correlation: float) -> GaussianMixture:
    covariance = torch.tensor([[1.0, correlation], [correlation, 1.0]], dtype=torch.float64)
    return GaussianMixture.gaussian(torch.zeros(2), covariance)


@pytest.mark.parametrize("correlation", [0.0, 0.5])
def test_the_information_of_a_gaussian(correlation: float) -> None:
    lam = torch.tensor([-6.0, 0.0, 5.0], dtype=torch.float64)
    found = mean_of(results.information(gaussian(correlation), lam, 256, 8, 0))
    each = [
        math.log1p(math.exp(v) * (1 + c)) / 2
        for v in lam.tolist()
        for c in (-correlation, correlation)
    ]
    exact = torch.tensor(each, dtype=torch.float64).reshape(3, 2).sum(1)
    assert ((found.value - exact).abs() <= 5 * found.error + 1e-12).all()
    assert found.error.max() < 3e-3


@pytest.fixture(scope="module")
def mixtures() -> pd.DataFrame:
    return results.mixtures(256)


def test_the_mixture_and_the_direct_loss_agree(mixtures: pd.DataFrame) -> None:
    gap = mixtures["mixture"] - mixtures["direct"]
    np.testing.assert_allclose(mixtures["difference"], gap, atol=1e-12)
    assert (gap.abs() <= 4 * mixtures["error"]).all()
    assert (mixtures["error"] < 1e-3 * mixtures["direct"]).all()


def test_the_bound_of_the_clusters_is_their_entropy_less_that_of_the_noise(
    mixtures: pd.DataFrame,
) -> None:
    entropy = clusters().entropy()
    low, high = results.WINDOW
    expected = float(entropy.value) - math.log(2 * math.pi * math.e) + high - math.exp(low)
    (found,) = mixtures.loc[mixtures["objective"] == "NELBO", "direct"]
    assert found == pytest.approx(expected, abs=5 * float(entropy.error) + 0.01)


def test_they_agree_where_the_noisiest_level_knows_something() -> None:
    frame = results.mixtures(256, window=(-2.0, 4.0))
    assert (frame["difference"].abs() <= 4 * frame["error"]).all()
    assert (frame["error"] < 2e-3 * frame["direct"]).all()


def test_a_weight_that_rises_is_refused(monkeypatch) -> None:
    monkeypatch.setattr(results, "FALLING", (named("eps, cosine"),))
    with pytest.raises(ValueError, match="expected a weight that never rises"):
        results.mixtures(16, scrambles=2)


@pytest.fixture(scope="module")
def deviations() -> pd.DataFrame:
    return results.variances(512, seeds=4).set_index("objective")


@pytest.mark.parametrize("name", ["sigmoid, b = 2", "u, flow"])
@pytest.mark.parametrize("density", ["uniform_log_snr", "uniform_time"])
def test_a_deviation_is_that_of_draws(deviations: pd.DataFrame, name: str, density: str) -> None:
    row, n = named(name), 60_000
    generator = torch.Generator().manual_seed(5)
    u = torch.rand(n, generator=generator, dtype=torch.float64)
    low, high = results.WINDOW
    if density == "uniform_log_snr":
        lam, p = low + (high - low) * u, torch.full_like(u, 1 / (high - low))
    else:
        first, last = (2 / math.pi * math.atan(math.exp(-end / 2)) for end in (high, low))
        angle = math.pi / 2 * (first + (last - first) * u)
        lam = -2 * torch.tan(angle).log()
        p = torch.sin(2 * angle) / (2 * math.pi) / (last - first)
    alpha, sigma = torch.sigmoid(lam).sqrt(), torch.sigmoid(-lam).sqrt()
    data = clusters()
    x = data.sample(n, generator, torch.float64)
    eps = torch.randn(n, 2, generator=generator, dtype=torch.float64)
    _, eps_hat = data.posterior(alpha[:, None] * x + sigma[:, None] * eps, alpha, sigma)
    drawn = row.closed(lam) / (2 * p) * (eps - eps_hat).square().sum(1)
    assert deviations.loc[row.name, density] == pytest.approx(
        float(drawn.std() / drawn.mean()), rel=0.04
    )


def test_the_error_is_the_largest_of_the_row(deviations: pd.DataFrame) -> None:
    lam, g = results.levels(*results.WINDOW)
    found = [results.squared_errors(clusters(), lam, 512, seed) for seed in range(4)]
    for row in (named("sigmoid, b = 2"), named("u, flow")):
        for density in (rows.bell(lam), torch.ones_like(lam)):
            each = [results.deviation(row.closed(lam), density, g, *moments) for moments in found]
            error = float(torch.stack(each).std() / 2)
            assert deviations.loc[row.name, "error"] >= error * (1 - 1e-9)


def test_the_best_density_is_the_best(deviations: pd.DataFrame) -> None:
    for other in ("uniform_time", "uniform_log_snr", "matched"):
        assert (deviations["best"] < deviations[other]).all()
    assert (deviations["matched"] < deviations["uniform_log_snr"]).all()


def test_the_sentence_about_uniform_times_is_worked_out() -> None:
    frame = pd.DataFrame(
        {"objective": ["A", "B"], "uniform_time": [3.0, 2.2], "best": [1.5, 2.0], "error": 0.1}
    )
    said = results.of_uniform_times(frame)
    assert "1.21 times as many examples as the best density for the loss *B*" in said
    assert "4 times as many for *A*" in said
    assert said.startswith("Between log-SNRs of -12 and 12, ")


def test_the_figure_shows_every_row_over_its_value_in_the_middle() -> None:
    drawing = figures.weights_figure()
    lines = [line for axes in drawing.axes for line in axes.lines]
    assert [line.get_label() for line in lines] == [row.name for row in rows.ROWS]
    for line, row in zip(lines, rows.ROWS, strict=True):
        at = torch.tensor([float(line.get_xdata()[40]), 0.0], dtype=torch.float64)
        weight = row.closed(at)
        assert float(line.get_ydata()[40]) == pytest.approx(float(weight[0] / weight[1]), rel=1e-12)
