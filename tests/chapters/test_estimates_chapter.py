"""The cost of a likelihood: variances by quadrature against measured ones, a Gaussian by hand, rules."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import torch
from reference import Gaussian, generator
from scipy import stats
from scipy.integrate import quad

from companion import profiles
from companion.chapters.equal_footing import grid as chapter_19
from companion.chapters.estimates import (
    captions,
    claims,
    counterparts,
    figures,
    grid,
    results,
    sentences,
)
from companion.chapters.estimates.spectrum import (
    LINEAR,
    NOISE,
    NONE,
    Model,
    Spectrum,
    density,
    exact,
    fourth_moment,
    spectrum,
    variance,
)
from companion.evidence.claims import Verdict, reaches
from companion.runs import plane
from diffcore.estimates import (
    Data,
    Independent,
    Integral,
    PiecewiseLinear,
    StratifiedTimes,
    bound_integrand,
    integral,
)
from diffcore.times import Uniform, UniformLogSNR

EVEN = UniformLogSNR(*plane.ENDS)
UNIT = Gaussian(mean=0.0, variance=1.0, dims=2)


def gaussian() -> Model:
    law = Data(lambda u: torch.special.ndtri(u), 2, (2,))
    return Model(UNIT.denoiser(grid.SCHEDULE), law)


@pytest.fixture(scope="module")
def known() -> Spectrum:
    """Of N(0, I) in the plane, whose best guess is linear: half its error is c times half a chi-squared."""
    return spectrum(gaussian(), points=1024, scrambles=4)


def test_the_spectrum_of_a_gaussian_is_that_of_chi_squared(known: Spectrum) -> None:
    c = torch.sigmoid(known.log_snr)  # ||eps - eps*||^2 is c times a chi-squared of two degrees
    for found, power in ((known.mean, 1), (known.square[NONE], 2), (known.fourth, 4)):
        wanted = (c / 2) ** power * stats.chi2(2).moment(power)
        torch.testing.assert_close(found.mean(0), wanted, rtol=0.08 * power, atol=0)
    torch.testing.assert_close(known.mean.mean(0), c, rtol=0.01, atol=0)
    torch.testing.assert_close(known.deviation[NONE].mean(0), c**2, rtol=0.05, atol=0)
    total, _ = quad(lambda v: 1 / (1 + math.exp(-v)), *plane.ENDS)
    assert float(known.total.mean()) == pytest.approx(total, rel=0.003)


def test_what_is_subtracted_leaves_what_it_should(known: Spectrum) -> None:
    """The exact guess is linear: given x its error varies by nothing but x's own part."""
    c = torch.sigmoid(known.log_snr)
    of_x = (c * (1 - c)) ** 2 / 4 * 4  # Var ||x||^2 = 2 d
    torch.testing.assert_close(known.deviation[LINEAR].mean(0), of_x, rtol=0.05, atol=1e-12)
    of_noise = 2 * c**2 * (1 - c)  # two chi-squareds whose normals have the correlation sqrt(c)
    torch.testing.assert_close(known.deviation[NOISE].mean(0), of_noise, rtol=0.05, atol=1e-12)


@pytest.mark.parametrize(
    "times", [Uniform(), EVEN, PiecewiseLinear(*plane.ENDS, (1.0, 5.0, 2.0))], ids=str
)
def test_the_density_of_a_sampler_is_read_off_its_quantiles(times: Uniform) -> None:
    at = torch.linspace(-11.9, 11.9, 50, dtype=torch.float64)
    if times == Uniform():
        wanted = 1 / (2 * math.pi * torch.cosh(at / 2))
    elif times == EVEN:
        wanted = torch.full_like(at, 1 / 24)
    else:
        wanted = torch.from_numpy(np.interp(at, [-12, 0, 12], [1, 5, 2])) / (12 * 6.5)
    torch.testing.assert_close(density(times, at), wanted, rtol=1e-5, atol=0)


@pytest.mark.parametrize(
    ("stratified", "points"), [(False, Independent()), (True, StratifiedTimes())]
)
@pytest.mark.parametrize("subtracted", [NONE, LINEAR])
def test_variances_by_quadrature_are_those_of_estimates(
    stratified: bool, points: Independent, subtracted: str
) -> None:
    """On the clusters; even log-SNRs, whose sample variance does settle."""
    model = exact("clusters")
    wanted = variance(spectrum(model, 256, 4), EVEN, subtracted, stratified).mean()
    integrand = bound_integrand(model.denoiser, subtracted == LINEAR)
    found = integral(
        integrand, model.law, grid.SCHEDULE, EVEN, generator(1), plane.ENDS, points, 64, 600
    )
    value = float(found.error) ** 2 * found.evaluations
    assert value == pytest.approx(float(wanted), rel=0.25)


def test_the_naive_variance_of_a_gaussian(known: Spectrum) -> None:
    """By SciPy's quadrature of 2 pi cosh(v/2) times mean powers; the window cuts off all but 0.3 %."""

    def wanted(power: int) -> float:
        def at(v: float) -> float:
            half = 0.5 / (1 + math.exp(-v))
            return (2 * math.pi * math.cosh(v / 2)) ** (power - 1) * half**power

        return quad(at, *plane.ENDS)[0] * stats.chi2(2).moment(power)

    mean = float(known.total.mean())
    base = results.naive({"g": known}).iloc[0]
    square = wanted(2) - mean**2
    assert base["mean"] == pytest.approx(mean)
    assert base["sd"] == pytest.approx(math.sqrt(square), rel=0.03)
    fourth = float(fourth_moment(known, Uniform()).mean())
    assert fourth == pytest.approx(wanted(4), rel=0.25)
    assert base["needed"] == pytest.approx((fourth / base["sd"] ** 4 - 1) * 100, rel=1e-6)
    each = variance(known, Uniform(), NONE, False)
    spread = float(each.std() / 2) / (2 * math.sqrt(float(each.mean())))
    assert base["error"] == pytest.approx(spread)


def test_the_network_is_chapter_19_s() -> None:
    for name in ("quick", "standard", "paper"):
        profile = profiles.get(name)
        if name == "quick":
            continue  # whose networks of chapter 19 are of the first data set alone
        ours = grid.grid(profile)[grid.NAME]
        theirs = chapter_19.run(profile, ("rings", "v", "bound", "plain", grid.SEED))
        assert ours.id == theirs.id


def test_the_interval_over_pilots_covers_the_mean() -> None:
    """Student's t by SciPy's own interval; 95 times in 100 it has the mean over pilots inside."""
    g, inside = np.random.default_rng(0), []
    for _ in range(600):
        values = g.normal(9.0, 2.0, size=8)
        value, low, high = results.over_pilots(values)
        wanted = stats.ttest_1samp(values, 0).confidence_interval(0.95)
        assert (value, low, high) == pytest.approx((values.mean(), *wanted))
        inside.append(low < 9 < high)
    assert 0.93 < np.mean(inside) < 0.97


def test_an_interval_of_a_variance_ends_at_zero() -> None:
    assert results.over_pilots([1.0, 1.0, 1.0]) == (1.0, 1.0, 1.0)
    half = stats.t(1).ppf(0.975)  # of two values 1 -+ h the error is h
    for inside, low in ((0.999, 0.001), (1.001, 0.0)):
        h = inside / half
        assert results.over_pilots([1 - h, 1 + h])[1] == pytest.approx(low, abs=1e-9)


def test_each_pilot_has_replicates_of_its_own_and_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two seeds of a pilot and of the points are never the same, and the count is that of one estimate."""
    samplers, points = [], []

    def seen(*args: object) -> Integral:
        samplers.append(args[3])
        points.append(args[4].initial_seed())
        assert args[-2:] == (100, 4)
        return Integral(torch.tensor(0.0), torch.tensor(0.5), 400)

    monkeypatch.setattr(results, "integral", seen)
    budget = results.Budget(points=8, scrambles=2, n=100, pilots=3, replicates=4)
    model = exact("clusters")
    integrand = bound_integrand(model.denoiser, True)
    sobol = results.MEASURED[results.SOBOL]
    found = results.of_each_pilot(integrand, model, results.PILOT, sobol, budget, 0, 4, 2)
    assert found == pytest.approx([0.25 * 400 * (1 + 800 / 1600)] * 3)
    assert len(set(samplers)) == len(set(points)) == 3
    plain = results.of_each_pilot(integrand, model, results.EVEN, sobol, budget, 1, 4, 2)
    assert plain == pytest.approx([0.25 * 400] * 3)
    assert len(set(points)) == 6


def table(**factors: tuple[float, float, float]) -> pd.DataFrame:
    rows = [
        (results.PILOT, results.SOBOL, LINEAR, name.replace("_", ", "), *values)
        for name, values in factors.items()
    ]
    columns = ["times", "points", "subtracted", "model", "factor", "least", "most"]
    return pd.DataFrame(rows, columns=columns)


def test_factors_divide_the_naive_variance() -> None:
    base = pd.DataFrame({"model": ["a"], "sd": [10.0]})
    rows = pd.DataFrame({"model": ["a"], "variance": [2.0], "low": [1.0], "high": [4.0]})
    found = results.factors(rows, base).iloc[0]
    assert (found["factor"], found["least"], found["most"]) == (50.0, 25.0, 100.0)


@pytest.mark.parametrize(
    ("least", "most", "verdict"),
    [
        (300.0, 500.0, Verdict.HOLDS),
        (299.9, 500.0, Verdict.UNDECIDED),
        (299.9, 300.0, Verdict.UNDECIDED),
        (200.0, 299.9, Verdict.FAILS),
    ],
)
def test_the_rule_has_three_outcomes(least: float, most: float, verdict: Verdict) -> None:
    assert reaches(least, most, results.WANTED) is verdict


def test_the_claim_reads_the_method_of_all_choices_on_the_rings() -> None:
    found = table(rings=(400.0, 310.0, 600.0), rings_network=(350.0, 290.0, 500.0), waves=(1, 1, 1))
    other = found.assign(points=results.LATIN, least=1.0, most=2.0)
    decision = claims.fewer_evaluations({"estimates_factors": pd.concat([other, found])})
    assert list(decision.cases) == [Verdict.HOLDS, Verdict.UNDECIDED]
    assert "rings 400 (310 to 600); rings, network 350 (290 to 500)" in decision.measured


def test_the_counterpart_does_not_depend_on_its_noise() -> None:
    alpha = torch.tensor([0.6, 0.8], dtype=torch.float64)
    sigma, x = (1 - alpha**2).sqrt(), torch.tensor([1.5, -2.0], dtype=torch.float64)
    found = counterparts.mean_linear_error(alpha, sigma, x)
    torch.testing.assert_close(found, alpha**2 * (alpha**2 + sigma**2 * x**2))


@pytest.fixture(scope="module")
def quick() -> tuple[dict, dict, pd.DataFrame, pd.DataFrame]:
    """Of a network that is the exact denoiser of the rings, seen in single precision."""
    of = results.models(exact("rings").denoiser)
    small = results.Budget(points=8, scrambles=2, n=16, pilots=3, replicates=8)
    spectra = results.spectra(of, small)
    base = results.naive(spectra)
    rows = pd.concat([results.by_quadrature(of, spectra), results.measured(of, small)])
    return of, spectra, base, results.factors(rows, base)


def test_every_method_is_tried_on_every_model(quick) -> None:
    of, _, base, found = quick
    assert list(base["model"]) == list(of)
    wide = results.side_by_side(found)
    assert not found.duplicated(["times", "points", "subtracted", "model"]).any()
    assert len(wide) == 5 * 2 * 2 + 1 + 5 + 1
    assert wide[list(of)].isna().sum().tolist() == [1, 1, 1, 1, 0]
    first = wide.iloc[0]
    assert (first["times"], first["points"], first["subtracted"]) == (
        results.NAIVE, results.INDEPENDENT, NONE,
    )  # fmt: skip
    assert first[list(of)].tolist() == pytest.approx([1.0] * 5)
    assert (found["least"] <= found["factor"]).all()
    assert (found["variance"] >= 0).all()


def test_the_words_and_figures_follow_the_tables(quick) -> None:
    of, spectra, base, found = quick
    told = sentences.settles(base.assign(sd=[60.0, 70.0, 60.0, 60.0, 60.0], needed=1234.0))
    assert "36 to 49 million evaluations" in told
    assert "1,234 to 1,234" in told
    assert "rings, network" in sentences.gains(found)
    assert "times fewer evaluations than of its bound" in sentences.oracle(found)
    row = found[found["model"] == results.NET].assign(factor=123.4, least=99.6, most=150.2)
    assert "Of 5,000 rows of the rings and the network the factor is 123 (100 to 150)" in (
        sentences.of_rows(found, row, 5_000)
    )
    alone = (found["times"] == results.EVEN) & (found["points"] == results.SOBOL)
    strata = (found["points"] == results.STRATIFIED) & (found["times"] == results.EVEN)
    lost = found.assign(factor=found["factor"].mask(strata, 4.0).mask(alone, 5.0))
    lost = lost.assign(least=lost["least"].mask(alone, 3.0), most=lost["most"].mask(alone, 6.0))
    worse = lost.assign(factor=lost["factor"].mask(alone & (lost["model"] == "rings"), 3.5))
    assert "clusters 1.2 (0.75 to 1.5)" in sentences.sobol_alone(lost)
    assert "Below 1 they lose: none" in sentences.sobol_alone(lost)
    assert "lose: rings; for certain, by the 95 % interval: none." in sentences.sobol_alone(worse)
    edm = (found["times"] == "EDM") & (found["points"] == results.INDEPENDENT)
    fixed = found.assign(factor=found["factor"].where(~edm, 0.25))
    assert "cost 4.0 to 4.0 times" in sentences.trained_density(fixed)
    figure = figures.by_level(of, spectra)
    assert [len(axis.lines) for axis in figure.axes] == [4, 4]
    drawn = figure.axes[0].lines[1].get_ydata()  # even log-SNRs: 24 times the variance at a level
    np.testing.assert_allclose(drawn, 24 * spectra["rings"].deviation[NONE].mean(0), rtol=1e-6)
    marks = figures.steps(found).axes[0].lines
    assert len(marks) == 2 * 5 * len(figures.STEPS)
    assert "Five marks on each of 7 rows" in figures.steps_shown(found)["alt"]


def test_the_whole_bound_is_the_diffusion_term_and_two_more() -> None:
    base = pd.DataFrame({"model": [results.NET], "mean": [11.0]})
    rest = math.log(2 * math.pi * math.e) - 12  # of two dimensions, at the log-SNR 12
    said = sentences.whole_bound(base, 11.0 + rest)
    assert f"the decoder's, {rest:.2f} nats" in said
    assert "Without both 11.00 nats are left" in said


def test_rows_of_a_tensor_are_rings(quick) -> None:
    of, *_, base, _ = quick
    small = results.Budget(points=8, scrambles=2, n=16, pilots=2, replicates=2)
    found = results.factors(results.over_rows(of[results.NET], small), base)
    assert found["model"].tolist() == [results.NET]
    assert float(found["factor"].iloc[0]) > 0
    words = str(captions.shown(small, [])["caption"])
    assert "one for 16 replicates, and make up 75.8%" in words  # 800 of 800 + 16 * 16
