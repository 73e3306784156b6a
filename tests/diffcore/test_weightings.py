"""Weightings against the catalogue's closed forms, rule R1 by oracle, and theorem R2.

Each closed form is NumPy's, written from the literature's formula for w(log-SNR), constant included;
the native form it is compared with is a mean squared error at uniform times, measured.
"""

import numpy as np
import pytest
import torch
from reference import SCHEDULES, generator, tensor
from scipy.optimize import minimize_scalar

import diffcore as dc
from diffcore.catalogue import EDM, P2, MinSNR, Sigmoid
from diffcore.losses import noised, squared_norm
from diffcore.schedules import Cosine, LinearBeta, RectifiedFlow, SubVP
from diffcore.targets import TARGETS, convert
from diffcore.weightings import Elbo, InTurn, Native, Tabulated, Weighting

LAM = torch.linspace(-9, 9, 145, dtype=torch.float64)


def sech(x):
    return 1 / np.cosh(x)


def logistic(x):
    return 1 / (1 + np.exp(-x))


def p_linear(lam):
    return logistic(-lam) / np.sqrt(0.1**2 + 2 * 19.9 * np.logaddexp(0, -lam))


def normal(x, mean, std):
    return np.exp(-(((x - mean) / std) ** 2) / 2) / (std * np.sqrt(2 * np.pi))


def g4(lam):
    b = 2 * np.arcsinh(np.exp(-lam / 2) / 2)
    return 2 * np.tanh(b / 2) / np.sqrt(0.1**2 + 2 * 19.9 * b)


ONES = np.ones_like
CLOSED = {
    "G1 ELBO": (Elbo(), Cosine(), ONES),
    "G3 DDPM, linear beta": (Native(dc.EPS), LinearBeta(), lambda lam: 2 * p_linear(lam)),
    "G4 eps-MSE, sub-VP": (Native(dc.EPS), SubVP(), g4),
    "G6 eps-MSE, cosine": (Native(dc.EPS), Cosine(), lambda lam: sech(lam / 2) / np.pi),
    "G7 score with sigma^2, VE": (
        Native(dc.EPS),
        dc.schedules.VarianceExploding(0.01, 100),
        lambda lam: ONES(lam) / np.log(100 / 0.01),
    ),
    "G9 x-MSE, cosine": (Native(dc.X), Cosine(), lambda lam: sech(lam / 2) * np.exp(-lam) / np.pi),
    "G10 v-MSE, cosine": (Native(dc.V), Cosine(), lambda lam: 2 / np.pi * np.exp(-lam / 2)),
    "G11 v-MSE, linear beta": (
        Native(dc.V),
        LinearBeta(),
        lambda lam: 2 * np.exp(-lam) / np.sqrt(0.01 + 39.8 * np.logaddexp(0, -lam)),
    ),
    "G13 P2(1, 1), cosine": (P2(), Cosine(), lambda lam: sech(lam / 2) / (1 + np.exp(lam)) / np.pi),
    "G13 P2(0.5, 2), cosine": (
        P2(0.5, 2.0),
        Cosine(),
        lambda lam: sech(lam / 2) / np.sqrt(2 + np.exp(lam)) / np.pi,
    ),
    "G13b P2, linear beta": (P2(), LinearBeta(), lambda lam: 2 * p_linear(lam) / (1 + np.exp(lam))),
    "G14 min-SNR(5), cosine": (
        MinSNR(5),
        Cosine(),
        lambda lam: sech(lam / 2) * np.minimum(1, 5 * np.exp(-lam)) / np.pi,
    ),
    "G16 EDM": (
        EDM(),
        dc.schedules.VarianceExploding(),
        lambda lam: 2 * normal(lam, 2.4, 2.4) * (np.exp(-lam) + 0.25) / 0.25,
    ),
    "G19 sigmoid(2)": (Sigmoid(), Cosine(), lambda lam: logistic(2 - lam)),
    "G19 sigmoid(-3)": (Sigmoid(-3.0), LinearBeta(), lambda lam: logistic(-3 - lam)),
    "G21 flow matching": (Native(dc.VELOCITY), RectifiedFlow(), lambda lam: np.exp(-lam / 2)),
    "G22 flow on the circle": (
        Native(dc.VELOCITY),
        Cosine(),
        lambda lam: np.pi / 2 * np.exp(-lam / 2),
    ),
    "G23 flow, linear beta": (
        Native(dc.VELOCITY),
        LinearBeta(),
        lambda lam: np.sqrt(0.01 + 39.8 * np.logaddexp(0, -lam)) / 2,
    ),
    "G26 x-MSE on straight lines": (
        Native(dc.X),
        RectifiedFlow(),
        lambda lam: np.exp(-lam) * sech(lam / 4) ** 2 / 4,
    ),
    "G27 eps-MSE on straight lines": (
        Native(dc.EPS),
        RectifiedFlow(),
        lambda lam: sech(lam / 4) ** 2 / 4,
    ),
}


@pytest.mark.parametrize("row", CLOSED)
def test_weightings_are_the_published_closed_forms(row):
    weighting, schedule, closed = CLOSED[row]
    got = weighting(LAM, schedule)
    assert (got.shape, got.dtype) == (LAM.shape, LAM.dtype)
    # A weighting at uniform times goes through t, whose rounding limits 1 - t at low log-SNR.
    np.testing.assert_allclose(got.numpy(), closed(LAM.numpy()), rtol=2e-12)


MIN_SNR_NATIVE = {
    "eps": lambda snr: torch.clamp(5 / snr, max=1),
    "x": lambda snr: torch.clamp(snr, max=5),
    "v": lambda snr: torch.clamp(snr, max=5) / (snr + 1),
}
"""The three published weights: Hang et al. (2023), section 3.4, gamma = 5."""


@pytest.mark.parametrize("target", MIN_SNR_NATIVE)
@pytest.mark.parametrize("schedule", [Cosine(), LinearBeta()], ids=["cosine", "linear_beta"])
def test_min_snr_is_one_weighting_in_three_disguises(target, schedule):
    disguise = Native(TARGETS[target])(LAM, schedule) * MIN_SNR_NATIVE[target](torch.exp(LAM))
    torch.testing.assert_close(disguise, MinSNR(5)(LAM, schedule), rtol=1e-11, atol=0)


def test_min_snr_caps_from_above_and_leaves_low_snr_alone():
    """A public trap: max for min. w <= gamma, and the eps-weight goes to 1 as SNR -> 0."""
    ratio = MinSNR(5)(LAM, Cosine()) / Native(dc.EPS)(LAM, Cosine())
    assert ratio.max() == 1
    torch.testing.assert_close(ratio[0], tensor(1.0))
    torch.testing.assert_close(ratio[-1], 5 * torch.exp(-LAM[-1]), rtol=1e-12, atol=0)


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
@pytest.mark.parametrize("name", SCHEDULES)
def test_rule_r1_by_oracle(name, target):
    """w = 2 p(log-SNR) ||y - y_hat||^2 / ||eps - eps_hat||^2, both errors measured."""
    schedule, g = SCHEDULES[name], generator(1)
    t = torch.linspace(0.05, 0.95, 19, dtype=torch.float64)
    x, eps, delta = (torch.randn(19, 3, generator=g, dtype=torch.float64) for _ in range(3))
    z = noised(x, eps, t, schedule)
    wrong = convert(eps + delta, z, t, schedule, dc.EPS, target)
    ratio = squared_norm(target.of(x, eps, t, schedule) - wrong) / squared_norm(delta)
    step = 1e-6
    slope = (schedule.log_snr(t + step) - schedule.log_snr(t - step)) / (2 * step)
    measured = 2 / slope.abs() * ratio
    torch.testing.assert_close(
        Native(target)(schedule.log_snr(t), schedule), measured, rtol=1e-7, atol=0
    )


@pytest.mark.parametrize("name", SCHEDULES)
def test_theorem_r2(name):
    """The flow loss at uniform times weighs with half the squared diffusion rate, g^2 / 2."""
    schedule = SCHEDULES[name]
    t = torch.linspace(0.01, 0.99, 99, dtype=torch.float64)
    alpha, sigma = schedule.alpha(t), schedule.sigma(t)
    squared_rate = (
        2 * sigma * schedule.sigma_prime(t) - 2 * (schedule.alpha_prime(t) / alpha) * sigma**2
    )
    w = Native(dc.VELOCITY)(schedule.log_snr(t), schedule)
    torch.testing.assert_close(w, squared_rate / 2, rtol=1e-11, atol=0)
    wronskian = alpha * schedule.sigma_prime(t) - schedule.alpha_prime(t) * sigma
    torch.testing.assert_close(w, sigma / alpha * wronskian, rtol=1e-11, atol=0)


MONOTONE = {"G9", "G10", "G11", "G19", "G21", "G22", "G23", "G26"}


@pytest.mark.parametrize("row", [row for row in CLOSED if not row.startswith(("G1 ", "G7"))])
def test_which_are_bounds_of_noised_data(row):
    """w must not increase with the log-SNR for a loss to be an ELBO (Kingma & Gao, 2023)."""
    weighting, schedule, _ = CLOSED[row]
    steps = weighting(LAM, schedule).diff()
    assert bool((steps <= 0).all()) == (row.split()[0] in MONOTONE)


@pytest.mark.parametrize(
    ("weighting", "schedule", "peak"),
    [
        (Native(dc.EPS), LinearBeta(), -0.922),
        (Native(dc.EPS), Cosine(), 0.0),
        (P2(), Cosine(), -np.log(3)),
        (MinSNR(5), Cosine(), 0.0),
        (EDM(), Cosine(), -3.30778),
    ],
    ids=["DDPM", "cosine", "P2", "min-SNR", "EDM"],
)
def test_peaks_are_where_the_catalogue_has_them(weighting, schedule, peak):
    found = minimize_scalar(
        lambda lam: -float(weighting(tensor(lam), schedule)),
        bounds=(-6, 4),
        method="bounded",
        options={"xatol": 1e-9},
    )
    assert found.x == pytest.approx(peak, abs=6e-4)


def test_a_weighting_says_what_it_is():
    rows = [Elbo(), Sigmoid(), MinSNR(), P2(), EDM(), Native(dc.V)]
    assert len({row.name for row in rows}) == len(rows)
    assert all(isinstance(row, Weighting) and row.source for row in rows)
    assert MinSNR(5).name == "min-SNR(5)"
    assert Native(dc.V).name == "v-MSE"


TABLE = Tabulated("a table", (-10.0, -3.0, 0.5, 10.0), (2.0, 0.1, 7.0, 1e-3))


def test_a_table_is_met_at_its_knots_and_its_logarithm_is_linear_between_them():
    assert TABLE(tensor([*TABLE.log_snr]), Cosine()).tolist() == pytest.approx(TABLE.weights)
    got = TABLE(LAM, Cosine())
    assert (got.shape, got.dtype) == (LAM.shape, LAM.dtype)
    known = np.interp(LAM.numpy(), TABLE.log_snr, np.log(TABLE.weights))
    np.testing.assert_allclose(got.numpy(), np.exp(known), rtol=1e-13)
    assert TABLE(LAM.float().view(5, 29), Cosine()).shape == (5, 29)


@pytest.mark.parametrize("outside", [-10.0 - 1e-9, 10.0 + 1e-9, float("nan")])
def test_what_a_table_does_not_know_it_does_not_guess(outside):
    with pytest.raises(
        ValueError, match=r"log_snr: expected \[-10, 10\], where the weight is known"
    ):
        TABLE(tensor([0.0, outside]), Cosine())


@pytest.mark.parametrize(
    ("log_snr", "weights"),
    [
        ((0.0,), (1.0,)),
        ((0.0, 0.0), (1.0, 1.0)),
        ((1.0, 0.0), (1.0, 1.0)),
        ((0.0, 1.0), (1.0, 0.0)),
        ((0.0, 1.0), (1.0, 1.0, 1.0)),
        ((0.0, 1.0), ()),
    ],
)
def test_tables_that_cannot_be_are_refused(log_snr, weights):
    with pytest.raises(ValueError, match="Tabulated: expected"):
        Tabulated("wrong", log_snr, weights)


def test_weightings_take_turns_for_equal_shares_of_a_training():
    first, second, third = Elbo(), Native(dc.V), TABLE
    turns = InTurn((first, second, third))
    at = {0: first, 0.333: first, 0.334: second, 0.666: second, 0.667: third, 1: third, 1.5: third}
    assert {share: turns.at(share) for share in at} == at
    assert turns.name == "ELBO, then v-MSE, then a table"
    assert torch.equal(turns(LAM, Cosine()), third(LAM, Cosine()))
    with pytest.raises(ValueError, match="take no turns themselves"):
        InTurn((first, turns))


@pytest.mark.parametrize("weighting", [Elbo(), Native(dc.X), TABLE, MinSNR(5)])
def test_other_weightings_do_not_change_in_training(weighting):
    assert all(weighting.at(share) is weighting for share in (0.0, 0.5, 1.0))
