"""The chapter "What a reweighted loss bounds": its tables by other routes."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
import torch

from companion.chapters.reweighted import figures, levels, objectives, results
from diffcore.exact import GaussianMixture
from diffcore.published import Published
from diffcore.weightings import Elbo

LAM, WIDTH = levels.levels()


@pytest.fixture(scope="module")
def known() -> results.Spectrum:
    return results.spectrum(levels.Budget(128, 4))


def named(name: str) -> objectives.Objective:
    (found,) = [o for o in objectives.OBJECTIVES if o.name == name]
    return found


def test_the_levels_integrate_and_run() -> None:
    low, high = levels.WINDOW
    values = torch.exp(LAM / 4)
    running = levels.running(values)
    ends = torch.cat([LAM, LAM.new_tensor([high])])
    expected = 4 * (torch.exp(ends / 4) - math.exp(low / 4))
    torch.testing.assert_close(running, expected, rtol=1e-10, atol=1e-10)
    assert float((WIDTH * values).sum()) == pytest.approx(float(expected[-1]), rel=1e-10)
    assert (levels.EDGES[0], levels.EDGES[-1]) == levels.WINDOW


def test_of_the_eight_published_losses_those_of_x_and_v_never_rise() -> None:
    assert [(o.weighting.objective, o.target) for o in objectives.PUBLISHED if o.never_rises] == [
        ("nelbo", "x"), ("nelbo", "v"), ("weighted", "x"), ("weighted", "v"),
    ]  # fmt: skip
    others = [o.name for o in objectives.OBJECTIVES[8:] if o.never_rises]
    assert others == ["NELBO, no guard", "sigmoid, $b = 2$", "$u$, flow"]


def test_published_weights_are_those_of_the_guards_written_once_more() -> None:
    lam = torch.tensor([-3.0, 0.5, 6.0], dtype=torch.float64)
    a, s, g = torch.sigmoid(lam).sqrt(), torch.sigmoid(-lam).sqrt(), 1e-2
    bell = 1 / torch.cosh(lam / 2) / math.pi  # twice the density of the log-SNR
    expected = {
        ("nelbo", "x"): a / (s**3 + g) * (s / a) ** 2 * bell,
        ("nelbo", "eps"): bell / (a * s + g),
        ("nelbo", "v"): a / (s + g) / a**2 * bell,
        ("weighted", "x"): (s / a) ** 2 * bell,
        ("weighted", "eps"): bell,
        ("weighted", "v"): bell / a**2,
        ("weighted", "score"): (s / (s**2 + g)) ** 2 * bell,
    }
    for objective in objectives.PUBLISHED:
        pair = objective.weighting.objective, objective.target
        if pair in expected:
            torch.testing.assert_close(objective.weight(lam), expected[pair], rtol=1e-9, atol=0)


def test_a_rise_by_more_than_rounding_is_one(monkeypatch) -> None:
    flat = named("NELBO, no guard")
    assert flat.never_rises
    for rise, falls in ((0.5, True), (2.0, False)):
        tilted = dataclasses.replace(flat, weighting=_Tilted(rise * objectives.ROUNDING * 100))
        assert tilted.never_rises is falls


@dataclasses.dataclass(frozen=True)
class _Tilted(Elbo):
    slope: float = 0.0

    def __call__(self, log_snr: torch.Tensor, schedule: object) -> torch.Tensor:
        return 1 + self.slope * (log_snr - levels.WINDOW[0])


def test_shares_add_up_to_one_by_two_quadratures(known: results.Spectrum) -> None:
    frame = results.table(known)
    np.testing.assert_allclose(frame["sum"], 1, atol=2e-3)
    whole = frame.set_index("objective").loc["NELBO, no guard"]
    assert whole["atom"] == pytest.approx(1)
    assert whole["low"] == whole["high"] == levels.WINDOW[1]


def test_only_what_rises_has_negative_shares(known: results.Spectrum) -> None:
    frame = results.table(known)
    falls = frame["never_rises"]
    assert (frame.loc[falls, "negative"] > -1e-12).all()
    assert (frame.loc[~falls, "negative"] < -1e-4).all()
    assert frame.loc[falls, ["low", "median", "high"]].notna().all(axis=None)
    assert frame.loc[~falls, ["low", "median", "high"]].isna().all(axis=None)


def test_the_sentence_about_published_losses_is_worked_out(known: results.Spectrum) -> None:
    frame = results.table(known)
    said = results.of_published(frame)
    assert "Of the study's 8 losses, with their guards, 4 are mixtures" in said
    assert "NELBO, $x$; NELBO, $v$; weighted, $x$; weighted, $v$." in said
    frame.loc[frame["objective"] == "NELBO, $s$", "negative"] = -0.77
    assert "*NELBO, $s$* has the most of bounds with negative coefficients, 0.77" in (
        results.of_published(frame)
    )


def test_the_median_level_halves_the_loss(known: results.Spectrum) -> None:
    objective = named("weighted, $v$")
    row = results.table(known).set_index("objective").loc[objective.name]
    fine = torch.linspace(*levels.WINDOW, 4001, dtype=torch.float64)
    # w = 2/pi e^(-lambda/2), so -w' is w/2; L from the table of bounds, interpolated
    bound = torch.from_numpy(np.interp(fine, LAM, known.bound[:-1]))
    share = (torch.exp(-fine / 2) * bound).cumsum(0)
    total = share[-1] + 2 * math.exp(-levels.WINDOW[1] / 2) * known.bound[-1] / (fine[1] - fine[0])
    half = float(fine[(share / total < 0.5).sum()])
    assert row["median"] == pytest.approx(half, abs=0.4)


def test_a_gaussian_model_has_the_divergence_of_two_gaussians(monkeypatch) -> None:
    def one(std: float = 1.0) -> GaussianMixture:
        covariance = torch.eye(2, dtype=torch.float64) * std**2
        return GaussianMixture.gaussian(torch.zeros(2), covariance)

    monkeypatch.setattr(results, "clusters", one)
    found = results.spectrum(levels.Budget(256, 4))
    every = torch.cat([LAM, LAM.new_tensor(levels.WINDOW[1:])])
    snr, noisy = torch.exp(every), math.exp(levels.WINDOW[0])
    ratio = (1 + snr) / (1 + results.WIDER**2 * snr)
    start = (1 + noisy) / (1 + results.WIDER**2 * noisy)
    expected = (ratio - 1 - ratio.log()) - (start - 1 - math.log(start))
    gap = levels.running(found.excess.mean(0)) / 2
    torch.testing.assert_close(gap, expected, rtol=1e-2, atol=1e-6)
    np.testing.assert_allclose(found.divergence.mean(0), expected, atol=0.02)


@pytest.fixture(scope="module")
def sandwich(known: results.Spectrum) -> pd.DataFrame:
    return results.sandwich(known)


def test_every_mixture_is_between_its_bounds_by_both_routes(sandwich: pd.DataFrame) -> None:
    assert len(sandwich) == 7
    said = results.agreement(sandwich)
    assert said.startswith("All 7 mixtures are between their bounds.")
    assert (sandwich["least"] <= sandwich["errors"] + 1e-12).all()
    assert (sandwich["errors"] <= sandwich["most"] + 1e-12).all()
    se = np.hypot(sandwich["errors_se"], sandwich["densities_se"])
    assert ((sandwich["errors"] - sandwich["densities"]).abs() < 4 * se).all()


def test_a_gap_outside_of_its_bounds_is_said(sandwich: pd.DataFrame) -> None:
    off = sandwich.copy()
    off.loc[1, "densities"] = off.loc[1, "most"] + 5 * off.loc[1, "densities_se"]
    with pytest.raises(ValueError, match=r"NELBO, \$v\$: expected a gap between its bounds"):
        results.agreement(off)


def test_a_loss_that_is_no_mixture_is_not_in_the_sandwich(sandwich: pd.DataFrame) -> None:
    assert set(sandwich["objective"]) == {o.name for o in objectives.OBJECTIVES if o.never_rises}


def test_the_measure_of_the_flow_is_half_its_weight() -> None:
    found = results.measure(named("$u$, flow"))
    expected = torch.exp(-(LAM - levels.WINDOW[0]) / 2)
    torch.testing.assert_close(found.weight, expected)
    torch.testing.assert_close(found.density, expected / 2)
    assert float(found.atom) == pytest.approx(math.exp(-10))


def test_the_figures_draw_what_is_known(known: results.Spectrum) -> None:
    left, right = figures.shares_figure(known).axes
    names = [[line.get_label() for line in axes.lines[:-1]] for axes in (left, right)]
    falls = [o.name for o in objectives.PUBLISHED if o.never_rises]
    assert names == [falls, [o.name for o in objectives.PUBLISHED if o.name not in falls]]
    share = results.shares(objectives.PUBLISHED[0], known)[:-1] / WIDTH
    np.testing.assert_allclose(left.lines[0].get_ydata(), share)
    (axes,) = figures.cascade_figure(known).axes
    np.testing.assert_allclose(axes.lines[0].get_ydata(), levels.running(known.excess.mean(0)) / 2)
    assert Published("nelbo", "x") == objectives.PUBLISHED[0].weighting
