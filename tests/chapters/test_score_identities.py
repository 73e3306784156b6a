"""The numbers of "Score matching and the likelihood" against SciPy, mpmath and closed forms."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats

from companion.chapters.score_matching import figures, results
from diffcore.exact import DATASETS, waves

BUDGET = results.Budget(points=256, scrambles=8)


@pytest.fixture(scope="module")
def levels() -> pd.DataFrame:
    return results.spectrum(BUDGET)


@pytest.fixture(scope="module")
def nats(levels) -> pd.DataFrame:
    return results.likelihood(levels, BUDGET)


@pytest.fixture(scope="module")
def fisher() -> pd.DataFrame:
    return results.fisher(BUDGET)


@pytest.fixture(scope="module")
def ends() -> pd.DataFrame:
    return results.ends(BUDGET).set_index("dataset")


# The clusters' axes are independent: each is 0.5 N(-m, w) + 0.5 N(m, w) with m^2 + w = 1.


def axis(std: float = 1.0) -> tuple[float, float]:
    return 5 / math.hypot(5, std), std**2 / (25 + std**2)


def density(x: float, m: float, w: float) -> float:
    return (stats.norm.pdf(x, -m, math.sqrt(w)) + stats.norm.pdf(x, m, math.sqrt(w))) / 2


def slope(x: float, m: float, w: float) -> float:
    parts = [
        (m - x) * stats.norm.pdf(x, m, math.sqrt(w)),
        (-m - x) * stats.norm.pdf(x, -m, math.sqrt(w)),
    ]
    return sum(parts) / (2 * w)


def line(f, m: float, w: float) -> float:
    """The integral of ``f`` over where the density of one axis is not negligible."""
    reach = m + 9 * math.sqrt(w)
    return integrate.quad(f, -reach, reach, points=[-m, 0, m], epsabs=1e-12, limit=400)[0]


def fisher_of_axis(log_snr: float) -> float:
    """sigma^2 J of one axis, noised: only densities and slopes, no denoiser."""
    a2, s2 = 1 / (1 + math.exp(-log_snr)), 1 / (1 + math.exp(log_snr))
    m, w = axis()
    m, w = math.sqrt(a2) * m, a2 * w + s2
    return s2 * line(lambda z: slope(z, m, w) ** 2 / max(density(z, m, w), 1e-300), m, w)


def close(value: float, error: float, wanted: float) -> bool:
    """Within five standard errors, and the events too rare for any scramble to have met."""
    return abs(value - wanted) <= 5 * error + 1e-5


def test_the_error_of_the_clusters_is_what_their_fisher_information_leaves(levels):
    rows = levels[(levels["dataset"] == "clusters") & (levels["log_snr"] % 2 == 0)]
    assert len(rows) == 15
    for row in rows.itertuples():
        wanted = 2 - 2 * fisher_of_axis(row.log_snr)
        assert close(row.mmse, row.mmse_error, wanted)
        gaussian = 2 / (1 + math.exp(-row.log_snr))
        assert close(row.share, row.share_error, (gaussian - wanted) / 2)
    assert levels["mmse_error"].between(0, 0.02, inclusive="neither").all()


def test_both_routes_to_the_fisher_information_give_that_of_the_clusters(fisher):
    assert list(fisher["log_snr"].unique()) == list(results.LEVELS)
    for row in fisher[fisher["dataset"] == "clusters"].itertuples():
        wanted = 2 * fisher_of_axis(row.log_snr)
        assert close(row.direct, row.direct_error, wanted)
        assert close(row.denoised, row.denoised_error, wanted)
        assert max(row.direct_error, row.denoised_error) < 0.01


def test_both_routes_agree_on_every_data_set(fisher, nats):
    for frame in (fisher, nats):
        gap = (frame["direct"] - frame["denoised"]).abs()
        assert (gap <= 5 * np.hypot(frame["direct_error"], frame["denoised_error"])).all()
    assert fisher["autograd"].between(1e-17, 1e-11).all()
    assert list(nats["quantity"]) == ["entropy", "divergence"] * 4


def exact_nats() -> dict[str, tuple[float, float]]:
    """Entropy and divergence of the clusters by SciPy's integrals, of the waves in closed form."""
    here, model = axis(), axis(1.5)
    entropy = -2 * line(lambda x: density(x, *here) * math.log(density(x, *here)), *here)
    ratio = 2 * line(
        lambda x: density(x, *here) * math.log(density(x, *here) / density(x, *model)), *here
    )
    # Of the waves: two levels 10 deviations apart, each normal in y around a curve, uniform in x.
    noise, wide = 0.03, 0.045
    scale, model_scale = (math.sqrt(0.15**2 + 0.3**2 / 2 + v**2) for v in (noise, wide))
    in_y = math.log(2) + stats.norm(scale=noise / scale).entropy()
    known = in_y - math.log(1 / math.sqrt(12))
    v, u = (noise / scale) ** 2, (wide / model_scale) ** 2
    heights = 0.15**2 + 0.3**2 / 2  # their mean square, around the mean
    moved = heights * (1 / scale - 1 / model_scale) ** 2
    return {
        "clusters": (entropy, ratio),
        "waves": (known, (v / u + moved / u - 1 + math.log(u / v)) / 2),
    }


def test_entropies_and_divergences_are_those_of_closed_forms_by_both_routes(nats):
    for name, wanted in exact_nats().items():
        for row, exact in zip(nats[nats["dataset"] == name].itertuples(), wanted, strict=True):
            assert close(row.direct, row.direct_error, exact)
            assert close(row.denoised, row.denoised_error, exact)
            assert row.direct_error < 2e-3
            assert row.denoised_error < 2e-2


def test_totals_are_scipys_running_integrals(levels):
    for _, rows in levels.groupby("dataset"):
        wanted = integrate.cumulative_trapezoid(rows["share"], rows["log_snr"], initial=0)
        np.testing.assert_allclose(rows["total"], wanted, atol=1e-12)
        first, last = rows.iloc[0], rows.iloc[-1]  # nothing is cut off
        assert abs(first["share"]) <= 2e-5
        assert abs(last["share"]) <= 3 * last["share_error"] + 2e-5
        assert (rows["total_error"].diff().iloc[1:] != 0).any()


def test_half_the_step_changes_nothing():
    lam = np.arange(-8, 20.25, 0.25)
    share = [1 / (1 + math.exp(-v)) - 1 + fisher_of_axis(v) for v in lam]
    fine, coarse = (integrate.trapezoid(share[::k], lam[::k]) for k in (1, 2))
    assert coarse == pytest.approx(fine, abs=1e-5)
    assert results.STEP == 0.5


def test_the_leading_terms_of_the_clusters_are_exact(ends):
    row = ends.loc["clusters"]
    assert row["noisy_derived"] == pytest.approx(2)  # C = I
    m, w = axis()
    information = 2 * line(lambda x: slope(x, m, w) ** 2 / density(x, m, w), m, w)
    assert close(row["clean_derived"], row["clean_derived_error"], information)
    # An isolated Gaussian has D / (w + 1/SNR); the valleys between clusters add less than 1e-4.
    assert row["clean"] == pytest.approx(information / (1 + math.exp(-14) / w), rel=1e-4)
    assert row["jumps"] == 0


def test_both_ends_come_down_to_their_leading_terms(ends):
    for row in ends.itertuples():
        assert abs(row.noisy - row.noisy_derived) <= 5 * row.noisy_error + 5e-4
        error = math.hypot(row.clean_error, row.clean_derived_error)
        assert abs(row.clean - row.clean_derived) <= 5 * error + 4e-3 * row.clean
    assert (ends["jumps"] > 0).tolist() == [False, False, False, True]


def test_what_jumps_add_is_that_of_a_uniform_variable(ends):
    def sigma_j(sigma):  # sigma J of U(0, 1) with noise, at both ends
        def integrand(z):
            q = stats.norm.cdf(z / sigma) - stats.norm.cdf((z - 1) / sigma)
            falls = (stats.norm.pdf(z / sigma) - stats.norm.pdf((z - 1) / sigma)) / sigma
            return sigma * falls**2 / max(q, 1e-300)

        return integrate.quad(integrand, -8 * sigma, 1 + 8 * sigma, points=[0, 1], limit=500)[0]

    assert sigma_j(1e-3) == pytest.approx(sigma_j(1e-2), rel=1e-6)
    with mp.workdps(20):
        one_end = mp.quad(lambda u: mp.npdf(u) ** 2 / mp.ncdf(u), [-9, 0, 9])
    assert sigma_j(1e-3) == pytest.approx(float(2 * one_end), rel=1e-6)
    # The waves' x is uniform with unit variance: its density is 1 / sqrt(12).
    assert results.edges(waves()) == pytest.approx(sigma_j(1e-3) / math.sqrt(12), rel=1e-6)
    assert ends.loc["waves", "jumps"] == pytest.approx(results.edges(waves()) * math.exp(7))


def test_covariances_are_unit_but_for_one_correlation():
    def mean(f):  # over tau of the swiss roll
        low, high = 1.5 * math.pi, 4.5 * math.pi
        return integrate.quad(f, low, high, limit=200)[0] / (high - low)

    def coordinate(k):
        return (lambda t: t * math.cos(t)) if k == 0 else (lambda t: t * math.sin(t))

    x, y = coordinate(0), coordinate(1)
    var_x, var_y = (mean(lambda t, f=f: f(t) ** 2) - mean(f) ** 2 + 0.25 for f in (x, y))
    roll = (mean(lambda t: x(t) * y(t)) - mean(x) * mean(y)) / math.sqrt(var_x * var_y)
    sine = integrate.quad(lambda u: (u - 0.5) * 0.3 * math.sin(6 * math.pi * u), 0, 1)[0]
    wave = sine / math.sqrt((0.15**2 + 0.3**2 / 2 + 0.03**2) / 12)
    wanted = {"clusters": 0.0, "rings": 0.0, "swiss_roll": roll, "waves": wave}
    for name, correlation in wanted.items():
        found = results.covariance(DATASETS[name]()).numpy()
        np.testing.assert_allclose(found, [[1, correlation], [correlation, 1]], atol=1e-7)


def test_the_figure_draws_the_columns(levels, nats):
    above, below = figures.likelihood_figure(levels, nats).axes
    names = [text.get_text() for text in above.get_legend().get_texts()]
    assert names == ["clusters", "rings", "swiss roll", "waves"]
    for name, share in zip(DATASETS, above.lines, strict=True):
        rows = levels[(levels["dataset"] == name) & (levels["log_snr"] <= 16)]
        np.testing.assert_array_equal(share.get_ydata(), rows["share"])
    totals = [line.get_ydata() for line in below.lines if len(line.get_xdata()) > 10]
    ends = [drawn.lines[0].get_ydata()[0] for drawn in below.containers]
    for name, total, end in zip(DATASETS, totals, ends, strict=True):
        rows = levels[(levels["dataset"] == name) & (levels["log_snr"] <= 16)]
        np.testing.assert_array_equal(total, rows["total"])
        entropy = nats[(nats["dataset"] == name) & (nats["quantity"] == "entropy")]["direct"].item()
        assert end == pytest.approx(2 * stats.norm.entropy() - entropy)
        assert end == pytest.approx(total[-1], abs=0.1)
