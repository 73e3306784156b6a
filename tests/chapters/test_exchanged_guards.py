"""Exchanged guards: excess of a known error, weights typed anew, and rules just inside and outside."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import integrate
from torch import Generator, Tensor

from companion import profiles, study
from companion.chapters.exchanged_guards import grid, results, sentences
from companion.chapters.exchanged_guards.grid import NONE, SCHEDULE, TARGETS, WEIGHTS
from companion.runs import plane
from diffcore.denoisers import Denoiser
from diffcore.exact.data2d import DATASETS
from diffcore.targets import EPS, Target, X
from diffcore.times import Times

GUARD = 1e-2
FEW = results.Budget(slices=24, points=40)


class Off(Denoiser):
    """The best denoiser, its noise off by a constant in both coordinates, above a log-SNR."""

    def __init__(self, name: str, error: float, above: float = -math.inf) -> None:
        self.oracle = DATASETS[name]().denoiser(SCHEDULE)
        self.schedule = SCHEDULE
        self.error, self.above = error, above

    def predict(self, z: Tensor, t: Tensor, target: Target = X) -> Tensor:
        assert target is EPS
        off = (SCHEDULE.log_snr(t) > self.above).double()[:, None] * self.error
        return self.oracle.predict(z.double(), t.double(), target) + off


def guarded(weight: str, log_snr: float) -> float:
    """The guarded over the unguarded coefficient of the published NELBOs, typed anew (cosine schedule)."""
    a, s = math.sqrt(1 / (1 + math.exp(-log_snr))), math.sqrt(1 / (1 + math.exp(log_snr)))
    return {
        NONE: 1.0,
        "x": s**3 / (s**3 + GUARD),
        "eps": a * s / (a * s + GUARD),
        "v": s / (s + GUARD),
        "score": a / (a + GUARD) * s**4 / (s**2 + GUARD) ** 2,
    }[weight]


@pytest.mark.parametrize("weight", WEIGHTS)
def test_weights_are_those_of_the_guards_and_of_the_training(weight: str) -> None:
    levels = torch.linspace(*plane.ENDS, 25, dtype=torch.float64)
    found = grid.effective_weight(weight, levels)
    wanted = torch.tensor([guarded(weight, float(level)) for level in levels], dtype=torch.float64)
    torch.testing.assert_close(found, wanted, rtol=2e-3, atol=1e-9)
    trained = grid.weighting(weight)(levels, SCHEDULE)
    ratio = trained / found
    torch.testing.assert_close(ratio, ratio[:1].expand(25), rtol=1e-9, atol=0)


@pytest.mark.parametrize("target", TARGETS)
def test_a_weight_costs_an_error_of_eps_alike_whatever_is_predicted(target: str) -> None:
    levels = torch.linspace(-8, 8, 9, dtype=torch.float64)
    t = SCHEDULE.time_of(levels)
    times = Times(t, levels, torch.full_like(t, 1 / 24))
    x, eps = torch.randn(2, 9, 2, generator=Generator().manual_seed(0), dtype=torch.float64)
    wrong = eps + 0.1
    for weight in WEIGHTS:
        loss = grid.loss(target, weight)
        wrong_x = (
            SCHEDULE.alpha(t)[:, None] * x + SCHEDULE.sigma(t)[:, None] * (eps - wrong)
        ) / SCHEDULE.alpha(t)[:, None]
        prediction = TARGETS[target].of(wrong_x, wrong, t, SCHEDULE)
        value = loss.of_prediction(prediction, x, eps, times)
        wanted = 24 / 2 * grid.weighting(weight)(levels, SCHEDULE) * 2 * 0.1**2
        torch.testing.assert_close(value, wanted, rtol=1e-7, atol=1e-12)


def test_the_excess_of_a_known_error_is_its_integral() -> None:
    name = study.DATASETS[0]
    denoisers = {(name, "eps", w, 0): Off(name, 0.1) for w in WEIGHTS}
    networks = results.per_network(results.by_level(denoisers, FEW)).set_index("weight")
    for weight in WEIGHTS:
        row = networks.loc[weight]
        assert row["excess"] == pytest.approx(24 * 0.1**2, rel=1e-6)
        assert row["inside"] == pytest.approx(16 * 0.1**2, rel=1e-6)
        area = integrate.quad(lambda level, w=weight: guarded(w, level), -12, 12)[0]
        assert row["seen"] == pytest.approx(area * 0.1**2, rel=3e-3)
    assert networks["error"].max() < 1e-7


def test_the_best_denoiser_has_no_excess_and_levels_are_told_apart() -> None:
    name = study.DATASETS[0]
    denoisers: dict[grid.Key, Denoiser] = {
        (name, "x", NONE, 0): Off(name, 0.0),
        (name, "x", NONE, 1): Off(name, 0.1, above=5.0),
    }
    levels = results.by_level(denoisers, FEW).set_index(["seed", "log_snr"])["excess"]
    assert (levels[0] < 1e-12).all()
    assert (levels[1][levels[1].index < 5] < 1e-12).all()
    assert levels[1][levels[1].index > 5].to_numpy() == pytest.approx(0.1**2)


def cube(target: dict[str, float], weight: dict[str, float], noise: float) -> pd.DataFrame:
    drawn = np.random.default_rng(0)
    rows = [
        ("clusters", a, b, seed, math.exp(target[a] + weight[b] + noise * drawn.standard_normal()))
        for a in target
        for b in weight
        for seed in range(400)
    ]
    return pd.DataFrame(rows, columns=[*results.MODEL, "excess"])


def test_shares_are_those_of_an_analysis_of_variance() -> None:
    found = results.shares(cube({"x": 3.0, "eps": 1.0}, {"none": 0.0, "v": 0.5}, 0.5))
    variances = pd.Series({"target": 1.0, "weight": 0.0625, "both": 0.0, "seeds": 0.25})
    assert found.sum() == pytest.approx(1)
    assert found.to_numpy() == pytest.approx((variances / variances.sum()).to_numpy(), abs=0.03)
    with pytest.raises(ValueError, match="equally many"):
        results.shares(cube({"x": 1.0}, {"none": 0.0}, 0.5).assign(target=["x"] * 399 + ["v"]))
    with pytest.raises(ValueError, match="positive"):
        results.shares(cube({"x": 1.0}, {"none": 0.0}, 0.5).assign(excess=-1.0))


def test_shares_of_one_seed_are_those_of_its_table_alone() -> None:
    """Two-way analysis of variance of a 3 x 4 table, by the sums of squares of its margins in NumPy."""
    logs = np.random.default_rng(1).standard_normal((2, 3, 4))
    rows = [
        ("rings", t, w, seed, math.exp(logs[seed, i, j]))
        for seed in range(2)
        for i, t in enumerate(("x", "eps", "v"))
        for j, w in enumerate((NONE, "x", "eps", "v"))
    ]
    found = results.shares_by_seed(pd.DataFrame(rows, columns=[*results.MODEL, "excess"]))
    for seed in range(2):
        centred = logs[seed] - logs[seed].mean()
        total = (centred**2).sum()
        target = 4 * (centred.mean(1) ** 2).sum() / total
        weight = 3 * (centred.mean(0) ** 2).sum() / total
        wanted = [target, weight, 1 - target - weight, 0.0]
        assert found.loc[seed, ["target", "weight", "both", "seeds"]].to_list() == pytest.approx(
            wanted, abs=1e-12
        )


def test_the_split_is_printed_with_and_without_x() -> None:
    networks = cube({"x": 5.0, "eps": 1.0, "v": 1.0}, {"none": 0.0, "v": 2.0}, 0.0)
    words = sentences.what_decides(networks[networks["seed"] < 3])
    # of x 4 above two others: variance 32 / 9 over targets; weights 1
    assert "target goes with 78% (78% to 78%), the weight with 22% (22% to 22%)" in words
    assert "Without the networks of $x$, the predicted target goes with 0% (0% to 0%)" in words
    assert "least and most in the 3 seeds" in words


def test_the_noise_of_the_points_is_told_with_two_digits() -> None:
    networks = pd.DataFrame({"error": [0.01, 0.0427], "excess": [1.0, 1.0]})
    assert "by at most 8.5 % (2 standard errors)" in sentences.noise(networks)


def networks_of(values: dict[tuple[str, str], list[float]]) -> pd.DataFrame:
    rows = [
        ("clusters", target, weight, seed, value, value)
        for (target, weight), row in values.items()
        for seed, value in enumerate(row)
    ]
    return pd.DataFrame(rows, columns=[*results.MODEL, "excess", "inside"])


def test_words_follow_the_numbers() -> None:
    cells = {(t, w): [1.0, 1.0] for t in TARGETS for w in WEIGHTS}
    networks = networks_of(cells)
    networks["excess"] = 2.0
    own = (networks["target"] == "x") & (networks["weight"] == "x")
    networks.loc[own, ["inside", "excess"]] = [[0.5, 5.0], [0.25, 9.0]]
    words = sentences.own_guard_of(networks, "x")
    assert (
        "nearer to the floor inside in all 2 pairs of equal seeds (by factors of 0.25 to 0.5)"
        in words
    )
    assert "farther from it outside in all 2 (4.5 to 8.75)" in words
    networks.loc[own, "inside"] = [0.5, 2.0]
    assert "nearer inside in 1 of 2" in sentences.own_guard_of(networks, "x")


def test_inside_and_outside_add_up_and_means_over_data_sets_are_called_so() -> None:
    rows = [("clusters", w, t, 5.0 if t == w else 2.0, 0.5) for t in TARGETS for w in (NONE, t)]
    table = pd.DataFrame(rows, columns=["dataset", "weight", "target", "excess", "inside"])
    words = sentences.own_guards(table)
    assert r"$x$ 0.5 and 4.5 (0.5 and 1.5); $\epsilon$ 0.5 and 4.5 (0.5 and 1.5)" in words
    assert "data sets" not in words
    both = pd.concat([table, table.assign(dataset="rings", excess=table["excess"] + 2)])
    words = sentences.own_guards(both)
    assert "(in brackets: without a guard), means over data sets: $x$ 0.5 and 5.5 (0.5" in words


def test_the_grid_is_balanced_and_pairs_share_all_but_target_and_weight() -> None:
    for profile in profiles.PROFILES.values():
        names, seeds = len(grid.datasets(profile)), len(grid.seeds(profile))
        assert len(grid.keys(profile)) == names * 4 * 5 * seeds
        assert len(grid.head_keys(profile)) == names * 3 * 2 * seeds
        new = len(grid.fresh_datasets(profile)) * len(grid.fresh(profile))
        assert len(grid.fresh_keys(profile)) == 4 * 2 * new
        cells = {(target, weight) for _, target, weight, _ in grid.fresh_keys(profile)}
        assert cells == {(t, w) for t in TARGETS for w in (NONE, t)}
        assert not {k[3] for k in grid.fresh_keys(profile)} & {k[3] for k in grid.keys(profile)}
    others = {(key[1:3]) for key in grid.other_keys(profiles.STANDARD)}
    assert others == {("x", "x"), *((target, NONE) for target in TARGETS)}
    assert {key[3] for key in grid.other_keys(profiles.STANDARD)} == {0, 1}
    assert {("v", "v"), ("score", "score")} < {key[1:3] for key in grid.other_keys(profiles.PAPER)}
    runs = grid.grid(profiles.QUICK)
    steps = grid.plan(profiles.QUICK).steps
    assert len({(run.data.data_ptr(), run.plan) for run in runs.values()}) == 3
    assert {run.plan.steps for run in runs.values()} == {steps, steps // 4, steps * 4}
    assert {run.loss.times for run in runs.values()} == {grid.loss("x", NONE).times}
    assert len({run.id for run in runs.values()}) == len(runs)


def test_new_seeds_are_as_many_as_was_written_before_they_were_trained() -> None:
    assert [*grid.fresh(profiles.STANDARD)] == [100, 101, 102, 103, 104, 105]
    assert grid.fresh_datasets(profiles.STANDARD) == ("clusters", "rings")


def test_errors_of_slices_add_in_squares_and_only_the_inside_counts_as_such() -> None:
    rows = [
        ("clusters", "x", NONE, 0, level, 2.0, error, 1.0)
        for level, error in ((-8.5, 0.3), (-7.5, 0.4), (7.5, 0.0), (8.5, 1.2))
    ]
    columns = [*results.MODEL, "log_snr", "excess", "error", "seen"]
    (found,) = results.per_network(pd.DataFrame(rows, columns=columns)).to_dict("records")
    assert (found["excess"], found["inside"], found["seen"]) == (8.0, 4.0, 4.0)
    assert found["error"] == pytest.approx(1.3)


def test_the_table_has_means_over_seeds() -> None:
    networks = networks_of({("x", NONE): [1.0, 3.0], ("eps", NONE): [1.5, 1.5]})
    table = results.side_by_side(networks.assign(seen=0.5, error=[0.1, 0.2, 0.3, 0.4]))
    x = table[table["target"] == "x"].iloc[0]
    assert (x["excess"], x["inside"], x["error"], x["seeds"]) == (2.0, 2.0, 0.2, 2)
    assert x["sd"] == pytest.approx(2**0.5)


def test_budgets_are_compared_on_the_networks_that_all_have() -> None:
    free = {("eps", NONE): [2.0, 4.0], ("v", NONE): [2.0, 4.0], ("score", NONE): [2.0, 4.0]}
    short = networks_of({("x", NONE): [9.0, 7.0], ("x", "x"): [18.0, 28.0], **free})
    usual = networks_of(
        {("x", NONE): [4.0, 2.0, 50.0], ("x", "x"): [16.0, 8.0, 1.0]}
        | {cell: [1.0, 1.0, 50.0] for cell in free}
    )
    steps = results.against_steps({100: usual, 25: short})
    assert set(steps["seed"]) == {0, 1}
    table = results.by_budget(steps).set_index(["target", "weight"])
    assert list(table.columns) == ["dataset", "25 steps", "100 steps"]
    assert table.loc[("x", NONE), ["25 steps", "100 steps"]].to_list() == [8.0, 3.0]
    assert table.loc[("eps", NONE), ["25 steps", "100 steps"]].to_list() == [3.0, 1.0]
    assert table.loc[("x", "x"), ["25 steps", "100 steps"]].to_list() == [23.0, 12.0]
    words = sentences.longer(steps)
    assert "2.67 after 25, 3 after 100 steps" in words
    assert "$x$ 0.38" in words
    # the geometric mean of 2 and 4, and of 4 and 4
    assert "by 2.8 after 25, 4 after 100 steps" in sentences.own_guard_by_budget(steps)
