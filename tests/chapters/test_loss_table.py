"""The regenerated table of losses, against the torch core, the study's constants and mpmath."""

import math

import pytest
import sympy as sp
import torch
from reference import SCHEDULES

from companion.chapters.four_targets import results
from companion.chapters.four_targets.results import STUDY_TABLE, SYMBOLS
from diffcore.published import Published
from diffcore.schedules.pointwise import ANY_TIME
from diffcore.targets import TARGETS, error_scale


def numbers(expr, schedule, t):
    values = {
        results.alpha: schedule.alpha(t),
        results.sigma: schedule.sigma(t),
        results.alpha_prime: schedule.alpha_prime(t),
        results.sigma_prime: schedule.sigma_prime(t),
    }
    function = sp.lambdify(list(values), expr, "math")
    rows = [function(*(float(v[i]) for v in values.values())) for i in range(len(t))]
    return torch.tensor(rows, dtype=torch.float64)


T = torch.linspace(0.05, 0.95, 7, dtype=torch.float64)


def test_rows_on_symbols_are_rows_on_tensors():
    for schedule in SCHEDULES.values():
        for target in TARGETS.values():
            on_tensors = target.row(schedule, T)
            for symbol, number in zip(target.row(SYMBOLS, ANY_TIME), on_tensors, strict=True):
                got = numbers(sp.sympify(symbol), schedule, T)
                torch.testing.assert_close(got, number * torch.ones_like(T), rtol=1e-12, atol=0)


def test_nelbo_coefficients_are_those_of_the_core():
    for schedule in SCHEDULES.values():
        for target in map(TARGETS.get, STUDY_TABLE):
            core = -schedule.log_snr_prime(T) / 2 / error_scale(schedule, T, target) ** 2
            derived = numbers(results.nelbo_coefficient(target), schedule, T)
            torch.testing.assert_close(derived, core, rtol=1e-11, atol=0)


def test_constants_left_out_are_a_half_and_half_pi():
    frame = results.loss_table()
    assert set(frame["from the table"]) == {r"$\frac{1}{2}$"}
    assert set(frame["from the code"]) == {r"$\frac{\pi}{2}$"}


def test_the_score_coefficient_of_the_later_code_is_not_a_nelbo():
    later = Published("nelbo_at_head", "score").coefficient(results.alpha, results.sigma)
    ratio = results.on_cosine(results.nelbo_coefficient(TARGETS["score"]) / later)
    assert not ratio.is_constant()


def test_one_network_has_one_nelbo_and_one_rescaled_loss_and_many_weighted_ones():
    frame = results.losses_of_one_network(n=256, seed=1).set_index("target")
    assert frame["nelbo_spread"].max() < 1e-11
    assert frame["rescaled_spread"].max() < 1e-11
    assert frame["weighted"].max() > 100 * frame["weighted"].min()


def test_only_one_public_min_snr_formula_is_right():
    frame = results.min_snr_in_v(5.0)
    added, wrong, right = (frame.iloc[k] for k in range(3))
    assert abs(right["smallest"] - 1) < 1e-9
    assert abs(right["largest"] - 1) < 1e-9
    assert wrong["largest"] > 1000
    # By hand: at the noisy end the right weight is SNR / (SNR + 1), and the others are 2 and 1.
    snr = math.exp(-10)
    assert added["largest"] == pytest.approx(2 * (1 + snr) / snr)
    assert wrong["largest"] == pytest.approx((1 + snr) / snr)
    assert added["smallest"] == pytest.approx(2 * 6 / 5, rel=1e-3)  # where the SNR is gamma
