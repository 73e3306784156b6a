"""The regenerated table of losses, against the torch core, the study's constants and mpmath."""

import sympy as sp
import torch

from companion.chapters.four_targets import loss_table
from companion.chapters.four_targets import results as loss_table_check
from companion.chapters.four_targets.loss_table import ROWS
from diffcore import schedules, targets


def numbers(expr, schedule, t):
    values = {
        loss_table.alpha: schedule.alpha(t),
        loss_table.sigma: schedule.sigma(t),
        loss_table.alpha_prime: schedule.alpha_prime(t),
        loss_table.sigma_prime: schedule.sigma_prime(t),
    }
    function = sp.lambdify(list(values), expr, "math")
    return torch.tensor([function(*(float(v[i]) for v in values.values())) for i in range(len(t))])


def test_symbolic_rows_are_those_of_the_core():
    t = torch.linspace(0.05, 0.95, 7, dtype=torch.float64)
    for schedule in schedules.SCHEDULES.values():
        for name, row in ROWS.items():
            a, b = targets.by_name(name).row(schedule, t)
            torch.testing.assert_close(numbers(row.a, schedule, t).double(), a, rtol=1e-6, atol=0)
            torch.testing.assert_close(numbers(row.b, schedule, t).double(), b, rtol=1e-6, atol=0)


def test_nelbo_coefficients_are_those_of_the_core():
    t = torch.linspace(0.05, 0.95, 7, dtype=torch.float64)
    for schedule in schedules.SCHEDULES.values():
        for name, row in ROWS.items():
            scale = targets.error_scale(schedule, t, targets.by_name(name))
            core = -schedule.log_snr_prime(t) / 2 / scale**2
            derived = numbers(loss_table.nelbo_coefficient(row), schedule, t).double()
            torch.testing.assert_close(derived, core, rtol=1e-5, atol=0)


def test_constants_left_out_are_a_half_and_half_pi():
    frame = loss_table.table()
    assert set(frame["from the table"]) == {r"$\frac{1}{2}$"}
    assert set(frame["from the code"]) == {r"$\frac{\pi}{2}$"}


def test_the_score_coefficient_of_the_later_code_is_not_a_nelbo():
    score = ROWS["score"]
    ratio = loss_table.on_cosine(loss_table.nelbo_coefficient(score) / loss_table.sigma**2)
    assert not ratio.is_constant()


def test_one_network_has_one_nelbo_and_one_rescaled_loss_and_many_weighted_ones():
    frame = loss_table_check.losses_of_one_network(n=256, seed=1).set_index("target")
    assert frame["nelbo_spread"].astype(float).max() < 1e-11
    assert frame["rescaled_spread"].astype(float).max() < 1e-11
    assert frame["weighted"].max() > 100 * frame["weighted"].min()


def test_only_one_public_min_snr_formula_is_right():
    frame = loss_table_check.min_snr_in_v(5.0)
    wrong, right = frame.iloc[0], frame.iloc[1]
    assert abs(right["smallest"] - 1) < 1e-9
    assert abs(right["largest"] - 1) < 1e-9
    assert wrong["largest"] > 1000
