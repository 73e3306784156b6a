"""Exchanged guards: what figures draw and say is excess per unit of log-SNR, mean over seeds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from companion.chapters.exchanged_guards import figures, results
from companion.chapters.exchanged_guards.grid import HEADS, NONE, TARGETS, WEIGHTS


def levels() -> pd.DataFrame:
    """Slices of width 3; the excess of a cell and slice is known, and the two seeds lie around it."""
    rows = []
    for i, target in enumerate((*TARGETS, *HEADS)):
        for j, weight in enumerate(WEIGHTS):
            for k, level in enumerate((-4.5, -1.5, 1.5, 4.5)):
                value = 3.0 * (100 * (i + 1) + 10 * (j + 1) + k + 1)
                for seed, factor in enumerate((0.5, 1.5)):
                    rows.append(("clusters", target, weight, seed, level, factor * value))
    return pd.DataFrame(rows, columns=[*results.MODEL, "log_snr", "excess"])


def test_curves_are_means_over_seeds_per_unit_of_log_snr() -> None:
    figure = figures.by_weight(levels())
    for i, axis in enumerate(figure.axes):
        for j, line in enumerate(axis.lines):
            wanted = [100 * (i + 1) + 10 * (j + 1) + k + 1 for k in range(4)]
            assert np.asarray(line.get_ydata()).tolist() == pytest.approx(wanted)
            assert np.asarray(line.get_xdata()).tolist() == [-4.5, -1.5, 1.5, 4.5]


def test_heads_stand_beside_x_and_v_in_both_panels() -> None:
    free, guarded = figures.heads(levels()).axes
    place = {name: i + 1 for i, name in enumerate((*TARGETS, *HEADS))}
    for axis, weight in ((free, 1), (guarded, 2)):
        firsts = [np.asarray(line.get_ydata())[0] for line in axis.lines]
        names = ("x", "x_skip", "x_scale", "x_edm", "v")
        assert firsts == pytest.approx([100 * place[n] + 10 * weight + 1 for n in names])
    assert guarded.get_title() == "under the guard of $x$"


def test_alternative_texts_read_both_ends_and_the_middle() -> None:
    shown = figures.by_weight_shown(levels())
    assert "noisiest -4.5, middle +1.5, cleanest +4.5" in shown["alt"]
    assert f"x under {NONE}: 1.1e+02, 1.1e+02, 1.1e+02" in shown["alt"]
    assert "score under score: 4.5e+02, 4.5e+02, 4.5e+02" in shown["alt"]
    assert "mean of 2 seeds" in shown["caption"]
    assert "noisiest too" in shown["caption"]
    assert "x_edm under x: 7.2e+02" in figures.heads_shown(levels())["alt"]


def test_a_mean_over_data_sets_is_called_one() -> None:
    rows = [
        (name, w, t, value)
        for name, value in (("clusters", 1.0), ("rings", 3.0))
        for w in WEIGHTS
        for t in TARGETS
    ]
    table = pd.DataFrame(rows, columns=["dataset", "weight", "target", "excess"]).assign(seeds=4)
    assert "small dots: 4 seeds" in figures.totals_shown(table)["caption"]
    alt = figures.totals_shown(table)["alt"]
    assert "in 2 panels of a data set each" in alt
    assert "Mean excess in nats, also over data sets" in alt
    assert "none: x 2, eps 2" in alt
    one = figures.totals_shown(table[table["dataset"] == "rings"])["alt"]
    assert "data set" not in one
    assert "none: x 3" in one


def test_factors_are_drawn_with_their_intervals_case_by_case() -> None:
    rules = {"wide": 12.0, "narrow": 8.0}
    rows = [
        (name, question, case, rule, value * k, value * k / 2, value * k * 3)
        for question, value in (("x best without guards", 1.0), ("own guard costs", 10.0))
        for rule, factor in (("nats", 99.0), ("wide", 1.0), ("narrow", 5.0))
        for name, shift in (("clusters", 1.0), ("rings", 2.0))
        for case, k in (("eps", factor * shift), ("v", 7 * factor * shift))
    ]
    columns = ["dataset", "question", "case", "rule", "value", "least", "most"]
    judged = pd.DataFrame(rows, columns=columns)
    best, own = figures.ratios(judged, rules).axes
    assert [tick.get_text() for tick in best.get_yticklabels()] == ["$v$", r"$\epsilon$"]
    for axis, value in ((best, 1.0), (own, 10.0)):
        heights = []
        for bars, k in zip(axis.containers, (1.0, 5.0, 2.0, 10.0), strict=True):
            points, _, (spans,) = bars
            assert np.asarray(points.get_xdata()).tolist() == [value * k, value * 7 * k]
            ends = [path.vertices[:, 0].tolist() for path in spans.get_paths()]
            assert ends == [[value * k / 2, value * k * 3], [value * 7 * k / 2, value * 7 * k * 3]]
            heights.append(np.asarray(points.get_ydata(), float).round().tolist())
        assert heights == [[1.0, 0.0]] * 4
    alt = figures.ratios_shown(judged, rules, 6)["alt"]
    assert "6 new seeds" in figures.ratios_shown(judged, rules, 6)["caption"]
    assert "clusters eps within 12 1 (0.5 to 3)" in alt
    assert "rings v within 8 7e+02 (3.5e+02 to 2.1e+03)" in alt
    assert "99" not in alt
