"""Equal footing: what figures draw and say is what the tables hold."""

from __future__ import annotations

import math

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch

from companion.chapters.equal_footing import (
    answers_figure,
    experiments,
    figures,
    mechanism_figures,
)
from companion.chapters.equal_footing.grid import EQUALISED, PLAIN
from companion.chapters.equal_footing.objectives import SCHEDULE, TARGETS
from companion.evidence import paired, style
from companion.evidence.claims import Verdict
from companion.runs.plane import BOUND, OWN_OF
from diffcore.exact.data2d import DATASETS


@pytest.fixture(autouse=True)
def _style():
    style.use()
    yield
    plt.close("all")


def levels_of(cells: list[tuple[str, str]]) -> pd.DataFrame:
    """Excess 2 width (k + 1) 4^seed in cell k at every level: per unit, 4 (k + 1), the geometric mean."""
    rows = [
        ("rings", target, weighting, PLAIN, seed, level, 2.0 * 3 * (k + 1) * 4**seed)
        for k, (target, weighting) in enumerate(cells)
        for seed in range(2)
        for level in (-3.0, 0.0, 3.0)
    ]
    columns = ["dataset", "target", "weighting", "variant", "seed", "log_snr", "excess"]
    return pd.DataFrame(rows, columns=columns)


def test_curves_are_geometric_means_per_unit() -> None:
    cells = [(t, w) for t in TARGETS for w in (BOUND, OWN_OF[t])]
    levels = levels_of(cells)
    figure = figures.of_targets(levels)
    bound, own = figure.axes
    for i, target in enumerate(TARGETS):
        for axis, k in ((bound, 2 * i), (own, 2 * i + 1)):
            line = axis.get_lines()[i]
            assert line.get_color() == style.TARGETS[target]["color"]
            assert line.get_ydata() == pytest.approx([4.0 * (k + 1)] * 3)
    alt = figures.of_targets_shown(levels)["alt"]
    assert "rings bound x: 4.0e+00 at -3, 4.0e+00 at +0, 4.0e+00 at +3" in alt
    assert "rings own score: 3.2e+01 at -3" in alt


def test_the_map_is_the_factor_over_the_bound() -> None:
    levels = levels_of([("v", BOUND), ("v", "edm"), ("v", "v-mse")])
    levels.loc[(levels["weighting"] == "edm") & (levels["log_snr"] == 3), "excess"] /= 200
    table = figures.over_bound(levels)
    assert list(table.index) == [("rings", "edm"), ("rings", "v-mse")]
    assert table.loc[("rings", "edm")].to_numpy() == pytest.approx(np.log10([2, 2, 0.01]))
    assert table.loc[("rings", "v-mse")].to_numpy() == pytest.approx(np.log10([3] * 3))
    figure = figures.of_weightings(levels)
    drawn = figure.axes[0].collections[0].get_array()
    np.testing.assert_allclose(np.ravel(drawn), np.ravel(table))
    assert "rings edm: from 0.01 at 3 to 2 at -3" in figures.of_weightings_shown(levels)["alt"]


def means_of() -> pd.DataFrame:
    rows = []
    for k, (target, weighting) in enumerate(
        [("x", BOUND), ("x", "x-mse"), ("v", BOUND), ("v", "v-mse"), ("v", "edm"), ("v", "eps-mse")]
    ):
        row = {"dataset": "rings", "target": target, "weighting": weighting, "seeds": 5}
        for column, value in (("excess", k + 1.0), ("sliced", 0.1 * (k + 1))):
            row |= {column: value, f"{column}_least": value / 2, f"{column}_most": value * 3}
        rows.append(row)
    return pd.DataFrame(rows)


def test_two_axes_are_excess_and_samples_with_their_intervals() -> None:
    means, floors = means_of(), pd.DataFrame({"dataset": ["rings"], "sliced": [0.25]})
    axis = figures.against_samples(means, floors).axes[0]
    points = [(float(c[0].get_xdata()[0]), float(c[0].get_ydata()[0])) for c in axis.containers]
    np.testing.assert_allclose(points, [(k + 1.0, 0.1 * (k + 1)) for k in range(6)])
    for k, container in enumerate(axis.containers):
        across, up = (bars.get_segments()[0] for bars in container[2])
        assert across[:, 0] == pytest.approx([(k + 1) / 2, (k + 1) * 3])
        assert up[:, 1] == pytest.approx([0.05 * (k + 1), 0.3 * (k + 1)])
    faces = [c[0].get_markerfacecolor() for c in axis.containers]
    assert faces[1] == faces[3] == "white" != faces[0]
    assert [c[0].get_marker() for c in axis.containers[4:]] == ["$1$", "$2$"]
    assert figures.numbered(means) == {"edm": 1, "eps-mse": 2}
    shown = figures.against_samples_shown(means)
    assert r"1 EDM, 2 $\epsilon$-MSE" in shown["caption"]
    assert "rings v edm: 5 nats, 0.5" in shown["alt"]
    assert axis.get_lines()[-1].get_ydata()[0] == 0.25


def test_shares_of_gradients_add_up_and_negative_signals_are_left_out() -> None:
    rows = [
        ("rings", t, 0, moment, level, signal, noise)
        for t in TARGETS
        for moment in ("first", "last")
        for level, signal, noise in ((-1.0, 4.0, 1.0), (1.0, -0.5, 5.5))
    ]
    columns = ["dataset", "target", "seed", "moment", "log_snr", "signal", "noise"]
    table = mechanism_figures.shares(pd.DataFrame(rows, columns=columns))
    assert table["share"].to_numpy() == pytest.approx([0.5, 0.5] * 8)
    assert table["ratio"][0] == 2
    assert math.isnan(table["ratio"][1])
    figure = mechanism_figures.of_gradients(table)
    assert figure.axes[2].get_lines()[0].get_ydata() == pytest.approx([0.5, 0.5])
    assert "first x: 2.0e+00 at -1" in mechanism_figures.of_gradients_shown(table)["alt"]


def test_large_marks_are_geometric_means() -> None:
    rows = [
        ("rings", target, BOUND, variant, seed, (i + 1.0) * 4**seed)
        for i, target in enumerate(TARGETS)
        for variant in (PLAIN, EQUALISED)
        for seed in (0, 1)
    ]
    columns = ["dataset", "target", "weighting", "variant", "seed", "excess"]
    networks = pd.DataFrame(rows, columns=columns)
    figure = mechanism_figures.of_variants(networks)
    assert len(figure.axes) == 1
    words = mechanism_figures.of_variants_shown(networks)["alt"]
    assert "rings plain x 2; rings equalised x 2; rings plain eps 4" in words


def test_two_losses_of_one_perfect_denoiser_are_one_without_a_guard() -> None:
    """And with it they are the guarded coefficients, typed anew, at the same points."""
    name = "clusters"
    oracle = DATASETS[name]().denoiser(SCHEDULE)

    class Perfect:
        def predict(self, z, t, target):
            return oracle.predict(z.double(), t.double(), target)

    networks = {"x": Perfect(), "eps": Perfect()}
    free = experiments.two_losses(networks, name, 0.0, 2_000).set_index("target")
    assert free.loc["x", "perfect_nelbo"] == pytest.approx(free.loc["eps", "perfect_nelbo"])
    assert free.loc["x", "perfect_rescaled"] == pytest.approx(free.loc["eps", "perfect_rescaled"])
    guarded = experiments.two_losses(networks, name, 0.01, 2_000).set_index("target")
    assert guarded.loc["x", "perfect_nelbo"] < 0.6 * guarded.loc["eps", "perfect_nelbo"]
    ratio = guarded.loc["eps", "rescaled"] / guarded.loc["x", "rescaled"]
    assert 0.7 < ratio < 1
    torch.testing.assert_close(
        torch.tensor(guarded["nelbo"].to_numpy()),
        torch.tensor(guarded["perfect_nelbo"].to_numpy()),
        rtol=1e-3,
        atol=0,
    )


def test_answers_are_factors_with_intervals_filled_where_told() -> None:
    rows = [
        ("rings", *key, case, 2.0 * (k + 1), 1.0, 9.0, 0.01, verdict)
        for key in answers_figure.PANELS
        for k, (case, verdict) in enumerate((("x", Verdict.HOLDS), ("v", Verdict.UNDECIDED)))
    ]
    columns = ["dataset", "question", "column", "case", *paired.TESTED[4:]]
    tests = pd.DataFrame(rows, columns=columns)
    figure = answers_figure.of_tests(tests)
    assert len(figure.axes) == 6
    for axis in figure.axes:
        told, open_ = axis.containers
        assert told[0].get_xdata()[0] == 2
        assert told[0].get_ydata()[0] == 1  # the first case above
        assert open_[0].get_xdata()[0] == 4
        assert told[0].get_markerfacecolor() != open_[0].get_markerfacecolor() == "white"
        assert told[2][0].get_segments()[0][:, 0] == pytest.approx([1, 9])
    assert (
        "slower excess: rings x 2 (1 to 9), rings v 4 (1 to 9)"
        in (answers_figure.of_tests_shown(tests)["alt"])
    )
