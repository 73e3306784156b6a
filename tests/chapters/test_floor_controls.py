"""The controls and figures of the chapter on the published numbers."""

import math

import matplotlib.pyplot as plt
import numpy as np
import pytest

from companion import study
from companion.chapters.published_numbers import controls, figures, results
from diffcore.exact import data2d
from diffcore.published import GUARD


@pytest.fixture(scope="module")
def frame():
    return results.against_published(results.QUICK)


def test_exchanging_guards_exchanges_values():
    table = controls.exchanged_guards(data2d.rings(), 1000, 1e-2).drop(columns="target")
    values = table.to_numpy()
    np.testing.assert_allclose(values, np.tile(values[0], (4, 1)), rtol=1e-9)
    assert table["guard_eps"][0] > 2 * table["guard_x"][0]


def test_truncated_values_lie_between_the_proved_bounds():
    t_min = [1e-1, 1e-3, 1e-5]
    budget = results.Budget(points=2048, scrambles=4)
    values = controls.truncation(t_min, budget)["clusters"].to_numpy()
    snr = 1 / np.tan(np.pi * np.array(t_min) / 2) ** 2
    assert (np.log1p(snr / 26) / np.pi < values).all()
    assert (values < np.log1p(snr) / np.pi).all()


def test_uniform_times_do_not_settle_and_uniform_log_snr_does():
    table = controls.estimator_variances([1000, 100_000], t_min=1e-6)
    exact = results.truncated(data2d.clusters(), [1e-6], results.Budget(points=8192, scrambles=4))[
        0
    ]
    assert table["uniform_sd"][1] > 3 * table["uniform_sd"][0]
    assert table["log_snr_sd"][1] == pytest.approx(table["log_snr_sd"][0], rel=0.1)
    error = table["log_snr_sd"][1] / math.sqrt(100_000) + exact.error.item()
    assert abs(table["log_snr_mean"][1] - exact.value.item()) < 4 * error
    assert table["uniform_largest_share"][1] > 20 * table["log_snr_largest_share"][1]


def test_weights_fall_to_one_half_where_the_guard_equals_the_coefficient():
    g = GUARD

    def log_snr(sigma):
        return math.log((1 - sigma**2) / sigma**2)

    assert controls.half_weight("x") == pytest.approx(log_snr(g ** (1 / 3)))
    assert controls.half_weight("v") == pytest.approx(log_snr(g))
    assert controls.half_weight("eps") == pytest.approx(log_snr(g), abs=1e-3)


def test_untrained_score_is_that_of_the_saved_runs():
    zero = controls.untrained_score()
    frame = study.losses()
    first = frame[(frame.objective == "nelbo") & (frame.target == "score")]["initial"]
    assert zero["published"] == pytest.approx(first.mean(), rel=0.03)
    assert zero["head"] < 1


@pytest.mark.peer
def test_azula_clips_the_weight_that_it_documents():
    pytest.importorskip("azula")
    table = controls.azula_weights([1e-3, 1e-1])
    assert table["used"][0] == pytest.approx(1e4)
    assert table["ratio"][0] < 0.2
    assert table["ratio"][1] == pytest.approx(1)


def test_bars_are_the_floors_and_dots_the_published_values(frame):
    figure = figures.floors_vs_published(frame)
    nelbo = frame[frame["objective"] == "nelbo"].set_index(["dataset", "target"])
    for axis, name in zip(figure.axes, study.DATASETS, strict=True):
        rows = nelbo.loc[name].loc[list(figures.ORDER)]
        heights = [bar.get_height() for bar in axis.patches]
        np.testing.assert_allclose(heights, rows["floor"])
        dots = next(c for c in axis.containers if hasattr(c, "has_yerr")).lines[0].get_ydata()
        np.testing.assert_allclose(np.asarray(dots, float), rows["published"].to_numpy())
    plt.close(figure)


def test_other_figures_draw_every_target_and_stay_below_the_elbo():
    figure = figures.coefficients()
    assert [len(axis.lines) for axis in figure.axes] == [5, 5]
    peak = max(line.get_ydata().max() for line in figure.axes[0].lines[:4])
    assert peak == pytest.approx(1 / GUARD)
    plt.close(figure)
    figure = figures.effective_weights()
    assert all(line.get_ydata().max() <= 1 for line in figure.axes[0].lines[:4])
    plt.close(figure)
