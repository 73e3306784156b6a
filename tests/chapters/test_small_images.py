"""Small images: gaps are told where they mean something, and what is said follows the table."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats

from companion import profiles
from companion.chapters.small_images import figures, grid, results, sentences

BITS = {
    "x": [4.0, 4.3, 3.9],
    "eps": [3.1, 3.15, 3.2],
    "v": [3.2, 3.22, 3.33],
    "score": [3.4, 3.5, 3.6],
}
GAUSSIAN = 3.75


def models(bits=BITS, steps=(10, 100), objectives=("nelbo", "weighted")) -> pd.DataFrame:
    """Networks that cost ten per cent more after the fewer steps, one more bit under the other objective."""
    return pd.DataFrame(
        {
            "objective": objective,
            "target": target,
            "seed": seed,
            "bits_per_dim": value * (1.1 if n == steps[0] else 1) + (objective == "weighted"),
            "trained_on": value - 0.1,
            "steps": n,
        }
        for objective in objectives
        for n in steps
        for target, values in bits.items()
        for seed, value in enumerate(values)
    )


def row(table: pd.DataFrame, objective: str, steps: int, target: str) -> pd.Series:
    found = table.set_index(["objective", "steps", "target"]).loc[objective, steps, target]
    assert isinstance(found, pd.Series)
    return found


def test_gaps_and_their_intervals_are_those_of_a_paired_t_test():
    table = results.against_steps(models(), GAUSSIAN)
    assert len(table) == 2 * 2 * 4
    for target in ("eps", "score"):
        found = row(table, "nelbo", 100, target)
        paired = stats.ttest_rel(BITS[target], BITS["v"])
        low, high = paired.confidence_interval(0.95)
        assert found["above_v"] == pytest.approx((low + high) / 2)
        assert found["reach"] == pytest.approx((high - low) / 2)
        assert found["bits_per_dim"] == pytest.approx(np.mean(BITS[target]))
        assert found["sd"] == pytest.approx(np.std(BITS[target], ddof=1))
        assert found["trained_on"] == pytest.approx(np.mean(BITS[target]) - 0.1)
    assert row(table, "nelbo", 100, "v")["above_v"] == 0


def test_no_gap_is_told_of_a_network_that_a_gaussian_beats():
    worst = max(BITS["score"])
    for gaussian, told in ((worst * (1 + 1e-12), True), (worst, False)):
        table = results.against_steps(models(), gaussian)
        assert math.isnan(row(table, "nelbo", 100, "score")["above_v"]) is not told
        assert not math.isnan(row(table, "nelbo", 100, "eps")["above_v"])
        assert math.isnan(row(table, "nelbo", 100, "x")["reach"])
    table = results.against_steps(models(), max(BITS["v"]))
    assert table["above_v"].isna().all(), "v itself is no better: nothing to compare with"
    words = sentences.gaps(table[table["steps"] == 100], max(BITS["v"]))
    assert words.count("no gap is to be told") == 2


def test_errors_over_images_are_of_the_paired_differences():
    generator = torch.Generator().manual_seed(0)
    shared = torch.randn(50, generator=generator)
    bits = {
        ("nelbo", target): shared + 0.1 * torch.randn(50, generator=generator) for target in BITS
    }
    table = results.against_steps(models(steps=(0, 10), objectives=("nelbo",)), GAUSSIAN)
    found = results.with_image_errors(table[table["steps"] == 10], bits).set_index("target")
    for target in BITS:
        gap = (bits["nelbo", target] - bits["nelbo", "v"]).numpy()
        expected = stats.sem(gap) if target != "v" else 0.0
        assert found.loc[target, "se_images"] == pytest.approx(expected, rel=1e-6)


def test_the_words_follow_the_table():
    table = results.against_steps(models(), GAUSSIAN)
    words = sentences.gaps(table[table["steps"] == 100], GAUSSIAN)
    assert r"from $v$: $\epsilon$ -0.100" in words
    assert "so not compared: $x$. trained on its own" in words
    same = "the first is the same from 10 steps on, the last from 10, the whole order from 10"
    assert sentences.longer(table).count(same) == 2
    turned = table.copy()
    turned.loc[(table["steps"] == 100) & (table["target"] == "score"), "bits_per_dim"] = 3.15
    words = sentences.longer(turned[turned["objective"] == "nelbo"])
    assert r"$\epsilon$, $s$, $v$, $x$; the first is the same from 10 steps on" in words
    assert "the last from 10, the whole order from 100." in words
    turned.loc[(table["steps"] == 100) & (table["target"] == "eps"), "bits_per_dim"] = 9.0
    words = sentences.longer(turned[turned["objective"] == "nelbo"])
    assert "first is the same from 100 steps on, the last from 100, the whole" in words


def test_of_one_seed_a_gap_is_told_without_an_interval():
    alone = models(objectives=("nelbo",)).query("seed == 0")
    table = results.against_steps(alone, GAUSSIAN)
    found = row(table, "nelbo", 100, "eps")
    assert found["above_v"] == pytest.approx(BITS["eps"][0] - BITS["v"][0])
    assert math.isnan(found["reach"])
    figures.against_steps(table, alone, GAUSSIAN)


def test_images_that_were_seen_cost_less_by_what_is_said():
    table = results.against_steps(models(), GAUSSIAN)
    words = sentences.seen_too_often(table, 356.2)
    assert "100 steps are 356 passes" in words
    assert "0.10 to 1.10 bits per pixel more" in words
    assert "for 0 of the 8 kinds" in words


@pytest.mark.parametrize("profile", ["quick", "standard", "paper"])
def test_the_grid_has_every_budget_of_every_kind(profile: str):
    chosen = profiles.get(profile)
    budgets = grid.budgets(chosen)
    assert list(budgets) == sorted(set(budgets))
    runs = grid.grid(chosen)
    longest = [run for run in runs.values() if run.plan.steps == grid.longest(chosen)]
    assert [run.loss.target for run in longest] == list(grid.TARGETS)
    assert grid.longest(chosen) > budgets[-1]
    assert len(runs) == len(budgets) * len(grid.keys(chosen)) + len(longest)
    for steps in budgets:
        run = runs[grid.name("weighted", grid.TARGETS[2], 1, steps)]
        assert (run.plan.steps, run.seed, run.loss.target) == (steps, 1, grid.TARGETS[2])


def test_the_figure_has_a_line_for_each_target_and_the_gaussian():
    table = results.against_steps(models(), GAUSSIAN)
    figure = figures.against_steps(table, models(), GAUSSIAN)
    for axis, objective in zip(figure.axes, grid.OBJECTIVES, strict=True):
        drawn = [line.get_ydata() for line in axis.get_lines() if len(line.get_xdata()) == 2]
        heights = sorted(round(float(y[-1]), 6) for y in drawn)
        rows = table[(table["objective"] == objective) & (table["steps"] == 100)]
        for value in (*rows["bits_per_dim"], *rows["trained_on"], GAUSSIAN):
            assert round(float(value), 6) in heights
