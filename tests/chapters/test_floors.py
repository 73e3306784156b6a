"""The floors against one-dimensional SciPy quadrature, a second rule, Monte Carlo and the study's sheet."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import integrate

from companion import study
from companion.chapters.published_numbers import results, sentences
from companion.chapters.published_numbers.results import SCHEDULE, Budget, published_floors
from diffcore.exact import data2d
from diffcore.exact.quadrature import gauss_legendre
from diffcore.losses import noised
from diffcore.published import Published
from diffcore.times import Times

KEYS = [(objective, target) for objective in study.OBJECTIVES for target in study.TARGETS]
LOSSES = [Published(*key) for key in KEYS]
SHEET = [0.6525, 2.3692, 2.3741, 0.7535, 0.4703, 0.3513, 0.8215, 2.6528]

# The clusters' axes are independent: each is 0.5 N(-m, w^2) + 0.5 N(m, w^2) with m^2 + w^2 = 1.
M, W = 5 / math.sqrt(26), 1 / math.sqrt(26)


def one_axis_mmse(t):
    """E Var[eps|z] on one axis at time t, by adaptive quadrature over z: SciPy and closed forms only."""
    a, s = math.cos(math.pi * t / 2), math.sin(math.pi * t / 2)
    total = a**2 * W**2 + s**2

    def integrand(y):  # z = a m + sqrt(total) y, by symmetry the right component alone
        z = a * M + math.sqrt(total) * y
        # Posterior probability of the left component, and the distance of the two posterior means of eps.
        left = 1 / (1 + math.exp(min(2 * a * M * z / total, 700)))
        between = (s * 2 * a * M / total) ** 2 * left * (1 - left)
        return math.exp(-(y**2) / 2) / math.sqrt(2 * math.pi) * between

    centre = -a * M / math.sqrt(total)  # where the posterior is undecided
    points = [centre] if -9 < centre < 9 else None
    value, _ = integrate.quad(
        integrand, -9, 9, points=points, epsabs=1e-13, epsrel=1e-10, limit=200
    )
    return a**2 * W**2 / total + value


def one_axis_integral(factor, low=0.0):
    """Integral over t of factor(a, s) times the mmse, by adaptive quadrature in log(t + 0.01)."""

    def integrand(u):
        t = math.exp(u) - 0.01
        a, s = math.cos(math.pi * t / 2), math.sin(math.pi * t / 2)
        return factor(a, s) * one_axis_mmse(t) * math.exp(u)

    ends = math.log(low + 0.01), math.log(1.01 - 1e-12)
    return integrate.quad(integrand, *ends, epsabs=1e-7, epsrel=1e-6, limit=100)[0]


G = 0.01
FACTORS = [
    lambda a, s: a / (s**3 + G) * (s / a) ** 2,
    lambda a, s: 1 / (s * a + G),
    lambda a, s: a / (s + G) / a**2,
    lambda a, s: s / (a + G) * (s / (s**2 + G)) ** 2,
    lambda a, s: (s / a) ** 2,
    lambda a, s: 1.0,
    lambda a, s: 1 / a**2,
    lambda a, s: (s / (s**2 + G)) ** 2,
]


def test_cluster_floors_by_one_dimensional_quadrature_are_those_of_the_study_sheet():
    exact = [one_axis_integral(factor) for factor in FACTORS]
    assert exact == pytest.approx(SHEET, rel=1e-4, abs=5e-5)


def test_cluster_floors_by_the_general_route_agree_to_a_thousandth():
    got = published_floors(data2d.clusters(), LOSSES, Budget(points=16384, scrambles=8))
    for estimate, exact in zip(got, SHEET, strict=True):
        assert estimate.value.item() == pytest.approx(exact, rel=1e-3)
        assert estimate.error < 1e-3 * exact
        assert abs(estimate.value - exact) < 5 * estimate.error + 5e-5


@pytest.mark.parametrize("name", ["rings", "swiss_roll", "waves"])
def test_floors_agree_with_a_second_quadrature(name):
    # Gauss-Legendre in time and full quadrature nodes, instead of Sobol points in time and lean nodes.
    mixture = data2d.DATASETS[name]()
    first = published_floors(mixture, LOSSES, Budget(points=1024, scrambles=8))
    log_t, weight = gauss_legendre(16, math.log(0.02), math.log(1.02))
    t, weight = log_t.exp() - 0.02, weight * log_t.exp()
    scales = SCHEDULE.alpha(t), SCHEDULE.sigma(t)
    mmse = mixture.eps_mmse(*scales, points=64, scrambles=4, seed=77) / 2
    for estimate, loss in zip(first, LOSSES, strict=True):
        each = (mmse * weight * loss.eps_factor(t)).sum(1)
        error = math.hypot(estimate.error, each.std() / 2)
        assert abs(estimate.value - each.mean()) < 5 * error
        assert error < 0.01 * estimate.value


def test_floors_agree_with_plain_monte_carlo_of_every_network_loss():
    mixture = data2d.rings()
    estimates = published_floors(mixture, LOSSES, Budget(points=1024, scrambles=4))
    draws = results.monte_carlo(mixture, LOSSES, 8000, torch.Generator().manual_seed(5))
    assert draws.shape == (8, 8000)
    for estimate, draw in zip(estimates, draws, strict=True):
        error = draw.std() / math.sqrt(8000)
        assert abs(draw.mean() - estimate.value) < 4 * math.hypot(error, estimate.error)


def test_monte_carlo_is_the_published_loss_of_the_exact_denoiser():
    mixture = data2d.clusters()
    draws = results.monte_carlo(mixture, LOSSES, 500, torch.Generator().manual_seed(5))
    g = torch.Generator().manual_seed(5)
    x = mixture.sample(500, g, torch.float64)
    denoiser = mixture.denoiser(SCHEDULE)
    for loss, draw in zip(LOSSES, draws, strict=True):
        generator = torch.Generator()
        generator.set_state(g.get_state())
        net = lambda z, t, loss=loss: denoiser.predict(z, t, loss.target)  # noqa: E731
        t = torch.rand(500, generator=generator, dtype=torch.float64)
        times = Times(t, SCHEDULE.log_snr(t), 1 / SCHEDULE.log_snr_prime(t).abs())
        eps = torch.randn(500, 2, generator=generator, dtype=torch.float64)
        z = noised(x, eps, t, SCHEDULE)
        ordinary = loss.loss().of_prediction(net(z, t), x, eps, times) / 2
        torch.testing.assert_close(ordinary, draw, rtol=1e-9, atol=0)


def test_no_prediction_beats_the_posterior_mean():
    mixture = data2d.clusters()
    denoiser = mixture.denoiser(SCHEDULE)
    x = mixture.sample(8000, torch.Generator().manual_seed(0), torch.float64)
    for loss in LOSSES:
        means = []
        for stretch in (0.8, 1.0, 1.2):
            net = lambda z, t, c=stretch, y=loss.target: c * denoiser.predict(z, t, y)  # noqa: E731
            means.append(loss.loss()(net, x, torch.Generator().manual_seed(1)).mean())
        assert means[1] < means[0]
        assert means[1] < means[2]


def test_all_targets_score_alike_under_one_guard():
    # An identity: without its own guard, each target gives the same floor.
    mixture = data2d.swiss_roll()
    unguarded = [Published("nelbo", target).unguarded() for target in study.TARGETS]
    t = torch.rand(200, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    x = mixture.sample(200, torch.Generator().manual_seed(1), torch.float64)
    eps = torch.randn(200, 2, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    a, s = SCHEDULE.alpha(t), SCHEDULE.sigma(t)
    denoiser, z = mixture.denoiser(SCHEDULE), a[:, None] * x + s[:, None] * eps
    times = Times(t, SCHEDULE.log_snr(t), 1 / SCHEDULE.log_snr_prime(t).abs())
    first, *rest = (
        loss.loss().of_prediction(denoiser.predict(z, t, loss.target), x, eps, times)
        for loss in unguarded
    )
    for other in rest:
        torch.testing.assert_close(other, first, rtol=1e-9, atol=1e-12)


def test_unguarded_integral_grows_by_two_over_pi_log_ten_a_decade():
    t_min = [1e-2, 1e-3, 1e-4, 1e-5]
    got = results.truncated(data2d.clusters(), t_min, Budget(points=32768, scrambles=8))
    values = [estimate.value.item() for estimate in got]
    exact = [one_axis_integral(lambda a, s: 1 / (a * s), low) for low in t_min]
    assert values == pytest.approx(exact, abs=5e-3)
    assert np.diff(values)[1:] == pytest.approx(2 / math.pi * math.log(10), rel=1e-3)


def test_table_has_every_published_loss_beside_its_floor():
    frame = results.against_published(results.QUICK)
    assert len(frame) == 32
    assert frame.notna().all(axis=None)
    assert (frame["floor_error"] < 0.02 * frame["floor"]).all()
    np.testing.assert_allclose(frame["excess"], frame["published"] - frame["floor"])
    np.testing.assert_allclose(
        frame["excess_percent"], 100 * (frame["published"] / frame["floor"] - 1)
    )
    again = results.against_published(results.QUICK)
    assert frame.equals(again)
    # The finding: floors alone put "x, s" below "eps, v", by more than a factor of 2, on every data set.
    nelbo = frame[frame["objective"] == "nelbo"].pivot(
        index="dataset", columns="target", values="floor"
    )
    assert (nelbo[["x", "score"]].max(axis=1) * 2 < nelbo[["eps", "v"]].min(axis=1)).all()


def test_the_table_of_coefficients_is_that_of_the_published_code():
    """Rows copied by hand from lines 22, 55, 96 and 128 of ``code/loss.py``, with c = alpha, s = sigma."""
    lines = results.coefficient_table().splitlines()
    cells = {
        row[0]: row[1:]
        for row in ([c.strip() for c in line[1:-1].split("|")] for line in lines[2:])
    }
    assert cells == {
        "$x$": [r"$\alpha/(\sigma^3 + g)$", r"$\frac{\alpha}{\sigma^{3}}$", "$x$"],
        r"$\epsilon$": [r"$1/(\sigma\alpha + g)$", r"$\frac{1}{\alpha \sigma}$", r"$\epsilon$"],
        "$v$": [
            r"$\alpha/(\sigma(\alpha^2 + \sigma^2) + g)$",
            r"$\frac{\alpha}{\sigma}$",
            r"$-\sigma x + \alpha \epsilon$",
        ],
        "$s$": [
            r"$\sigma/(\alpha + g)$",
            r"$\frac{\sigma}{\alpha}$",
            r"$-\sigma/(\sigma^2 + g) \epsilon$",
        ],
    }


def test_the_sentence_about_monte_carlo_counts_standard_errors():
    rows = [
        (
            "rings",
            target,
            "nelbo",
            1.0 + (target in ("eps", "v")),
            2.0 + 4 * (target in ("eps", "v")),
        )
        for target in study.TARGETS
    ]
    frame = pd.DataFrame(rows, columns=["dataset", "target", "objective", "floor", "published"])
    frame = frame.assign(floor_error=0.01, monte_carlo=frame["floor"] + 0.3, monte_carlo_error=0.1)
    frame.loc[0, "monte_carlo"] -= 0.7  # four of its errors below: the largest
    words = sentences.share_of_the_gap(frame, Budget(monte_carlo=1234))
    assert "shows 25% to 25% of the published gap" in words
    assert "standard error of a floor is 1.00%" in words
    assert "1,234 points" in words
    assert "at most 4.0 of its standard errors in 4 comparisons" in words


@pytest.mark.parametrize(
    ("dataset", "objective", "target", "value"),
    [
        ("rings", "nelbo", "x", 0.8320),
        ("swiss_roll", "nelbo", "eps", 2.5041),
        ("waves", "weighted", "score", 3.3030),
    ],
)
def test_floors_of_curves_are_those_of_another_method(dataset, objective, target, value):
    # Worked out apart from this package: the Fisher information of the noised density on dense grids
    # (NumPy, fast Fourier transform for the rings), with a spline over log(sigma / alpha).
    loss = Published(objective, target)
    budget = Budget(points=4096, scrambles=4)
    estimate = published_floors(data2d.DATASETS[dataset](), [loss], budget)[0]
    assert estimate.value.item() == pytest.approx(value, rel=2e-3)
