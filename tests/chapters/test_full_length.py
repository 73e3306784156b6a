"""The chapter at full length: what it computes from its committed tables, and the recipe itself."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats
from torch import Generator

from companion import profiles, study
from companion.chapters.full_length import claims, figures, measured, results, sentences
from companion.errors import UserError
from companion.evidence.claims import Verdict
from diffcore.published import Published
from tests.benchmarks import recipe, tenfold, time_to_quality
from tests.benchmarks.recipe import CELLS

H, F, U = Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED
EVERY = [(c.dataset, c.target, c.objective) for c in CELLS]


def by_name(name: str) -> claims.Claim:
    return next(claim for claim in claims.CLAIMS if claim.name == name)


# Committed tables


@pytest.mark.parametrize("name", measured.FILES)
def test_committed_tables_are_whole(name):
    table = measured.table(name)
    if set(results.CELL) <= {*table}:
        # In the order that was fixed, as far as they were trained.
        found = set(table[results.CELL].itertuples(index=False, name=None))
        assert found <= set(EVERY)
        assert len(found) >= 5
    assert table.notna().all(axis=None)
    assert "python -m tests.benchmarks." in measured.source(name)


def test_a_table_that_was_changed_is_one_clear_line(monkeypatch):
    monkeypatch.setitem(measured.FILES, "recipe_epochs.csv", "0" * 64)
    with pytest.raises(
        UserError, match=r"recipe_epochs\.csv is missing or not the one .*git checkout"
    ):
        measured.table("recipe_epochs.csv")


def test_the_longer_networks_are_the_eight_objectives_of_both_data_sets():
    found = measured.table("tenfold.csv")[["dataset", "target", "weighting"]]
    expected = {key[:3] for key in tenfold.grid.eight_keys(profiles.get("standard"))}
    assert set(found.itertuples(index=False, name=None)) == expected
    assert len(found) == len(expected) == 16
    assert results.TENFOLD == tenfold.TIMES


def test_every_epoch_and_slice_of_every_cell_is_there_once():
    epochs = measured.table("recipe_epochs.csv").groupby(results.CELL)["epoch"]
    assert (epochs.agg(list).map(lambda e: e == [*range(1, recipe.EPOCHS + 1)])).all()
    levels = (
        measured.table("recipe_levels.csv")
        .groupby(results.CELL)["log_snr"]
        .agg(["size", "min", "max"])
    )
    assert (levels["size"] == time_to_quality.SLICES).all()
    assert (levels["min"] == -11.5).all()
    assert (levels["max"] == 11.5).all()


def test_budgets_are_doubled_until_one_is_good_enough():
    tried = measured.table("time_to_quality.csv")
    totals = results.excess(measured.table("recipe_levels.csv")).set_index(results.CELL)["excess"]
    for (*cell, kind), block in tried.groupby([*results.CELL, "kind"]):
        first = time_to_quality.FIRST[kind]
        assert block["steps"].tolist() == [first * 2**k for k in range(len(block))]
        good = block["excess_max"] <= block["recipe_excess"]
        assert not good.iloc[:-1].any()
        assert (block["excess_mean"] <= block["excess_max"]).all()
        assert block["recipe_excess"].to_numpy() == pytest.approx(totals[tuple(cell)], rel=1e-3)


# The recipe


def test_each_target_is_under_each_objective_once_and_each_data_set_twice():
    assert {(c.target, c.objective) for c in CELLS} == set(product(study.TARGETS, study.OBJECTIVES))
    assert sorted(c.dataset for c in CELLS) == sorted(2 * study.DATASETS)


def test_the_recipe_s_network_is_the_study_s():
    assert sum(p.numel() for p in recipe.network().parameters()) == 1_579_010


@pytest.mark.parametrize("cell", CELLS, ids=lambda c: c.name)
def test_the_recipe_s_loss_is_the_published_one_written_twice(cell):
    """Against `diffcore.published`, at the same times and noise: two texts of one loss."""
    torch.manual_seed(0)
    net, x = recipe.network().double(), torch.randn(50, 2, dtype=torch.float64)

    generator = Generator().manual_seed(3)
    torch.set_default_dtype(torch.float64)
    try:
        found = recipe.loss(net, cell, x, generator)
        generator.manual_seed(3)
        t = torch.rand(50, 1, generator=generator)[:, 0]
        eps = torch.randn(x.shape, generator=generator)
    finally:
        torch.set_default_dtype(torch.float32)
    published = Published(cell.objective, cell.target)
    schedule = time_to_quality.objectives.SCHEDULE
    a, b = schedule.alpha(t)[:, None], schedule.sigma(t)[:, None]
    z = a * x + b * eps
    of_x, of_eps = published.target.row(schedule, t)
    asked = torch.as_tensor(of_x).reshape(-1, 1) * x + torch.as_tensor(of_eps).reshape(-1, 1) * eps
    error = (net(torch.cat([z, t[:, None]], 1)) - asked).square().mean(1)
    assert float(found) == pytest.approx(
        float((published.coefficient_at(t) * error).mean()), rel=1e-12
    )


def test_a_killed_recipe_goes_on_to_the_same_numbers(tmp_path, monkeypatch):
    monkeypatch.setattr(recipe, "POINTS", 2_500)
    monkeypatch.setattr(recipe, "EPOCHS", 3)
    monkeypatch.setattr(recipe, "KEPT", (3,))
    cell = CELLS[3]
    recipe.train(cell, tmp_path / "whole")
    loss, calls = recipe.loss, []

    def killed(*arguments):
        calls.append(1)
        if len(calls) == 8:  # amid the third epoch of three batches each
            raise KeyboardInterrupt
        return loss(*arguments)

    monkeypatch.setattr(recipe, "loss", killed)
    with pytest.raises(KeyboardInterrupt):
        recipe.train(cell, tmp_path / "killed")
    monkeypatch.setattr(recipe, "loss", loss)
    recipe.train(cell, tmp_path / "killed")
    one, other = (tmp_path / name / "weights-3.safetensors" for name in ("whole", "killed"))
    assert one.read_bytes() == other.read_bytes()
    tables = [
        pd.read_csv(tmp_path / name / "epochs.csv")["loss"].tolist() for name in ("whole", "killed")
    ]
    assert tables[0] == tables[1]


# Against the study


def epochs_with(factors: dict[tuple[str, str, str], float]) -> pd.DataFrame:
    """Losses that are the geometric mean of the study's, times a factor a cell."""
    known = np.log(results.levels(results.published_epochs())).groupby(results.CELL).mean()
    rows = [
        (*cell, epoch, factors.get(cell, 1.0) * math.exp(known[cell]) if epoch > 80 else 77.0)
        for cell in EVERY
        for epoch in range(1, 101)
    ]
    return pd.DataFrame(rows, columns=[*results.CELL, "epoch", "loss"])


def test_a_level_is_the_mean_of_the_last_twenty_epochs():
    assert results.against_published(epochs_with({}))["ratio"].tolist() == pytest.approx([1.0] * 8)
    saved = study.epochs()
    one = saved[
        (saved["dataset"] == "rings") & (saved["target"] == "v") & (saved["objective"] == "nelbo")
    ]
    expected = one[one["epoch"] >= 80].groupby("execution")["train"].mean()
    found = results.levels(results.published_epochs()).loc["rings", "v", "nelbo"]
    assert found.tolist() == pytest.approx(expected.tolist())


def test_a_cell_is_apart_by_t_with_the_study_s_pooled_spread():
    """By hand for one cell: four data sets of three executions give eight degrees of freedom."""
    cell = EVERY[0]
    logs = np.log(results.levels(results.published_epochs()))
    same = [logs.loc[name, cell[1], cell[2]] for name in study.DATASETS]
    spread = np.mean([part.var(ddof=1) for part in same]) ** 0.5
    for alpha, verdict in ((0.0499, F), (0.0501, None)):
        gap = stats.t.ppf(1 - alpha / 8 / 2, 8) * spread * (4 / 3) ** 0.5
        table = results.against_published(epochs_with({cell: math.exp(gap)}))
        row = table.set_index(results.CELL).loc[cell]
        assert row["p"] == pytest.approx(alpha)
        decided = by_name("recipe-ends-where-the-study-does").decide({"full_length_losses": table})
        assert (decided.cases[0] is F) is (verdict is F)
        assert F not in decided.cases[1:]


def test_least_is_what_the_test_sees_four_times_in_five():
    row = results.against_published(epochs_with({})).iloc[0]
    logs = np.log(results.levels(results.published_epochs()))
    same = [logs.loc[name, row["target"], row["objective"]] for name in study.DATASETS]
    error = np.mean([part.var(ddof=1) for part in same]) ** 0.5 * (4 / 3) ** 0.5
    edge = stats.t.ppf(1 - 0.05 / 8 / 2, 8)
    seen = stats.nct.sf(edge, 8, math.log1p(row["least"] / 100) / error)
    assert seen == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize(
    ("least", "p", "verdict"), [(9.9, 0.06, H), (10.1, 0.06, U), (9.9, 0.04, F)]
)
def test_equality_wants_a_test_that_could_see(least, p, verdict):
    row = dict(zip(results.CELL, EVERY[0], strict=True)) | {"ratio": 1.0, "p": p, "least": least}
    table = pd.DataFrame([row])
    assert by_name("recipe-ends-where-the-study-does").decide(
        {"full_length_losses": table}
    ).cases == [verdict]


# Sooner


def tried(*budgets: tuple[int, float], recipe_excess: float = 1.0) -> pd.DataFrame:
    cell = dict(zip(results.CELL, EVERY[0], strict=True))
    return pd.DataFrame(
        [
            cell
            | {"kind": "own", "steps": steps, "seconds": steps / 100, "excess_max": excess}
            | {"recipe_excess": recipe_excess, "recipe_s": 2.0 * steps, "seeds": 1}
            for steps, excess in budgets
        ]
    )


@pytest.mark.parametrize(("steps", "ended"), [(8_000, False), (8_001, True)])
def test_a_cell_is_ended_when_all_budgets_were_tried(steps, ended):
    assert results.LAST_STEPS == time_to_quality.LAST
    row = results.sooner(tried((100, 9.0), (steps, 2.0))).iloc[0]
    assert row["ended"] == ended
    assert math.isnan(row["ratio"])
    assert (
        "1 more begun" in sentences.timed(results.sooner(tried((100, 9.0), (steps, 2.0))), 8)
    ) != ended


def test_the_first_budget_that_is_good_enough_counts():
    row = results.sooner(tried((100, 1.01), (200, 1.0), (400, 0.5))).iloc[0]
    assert (row["steps"], row["excess"], row["seconds"], row["ratio"]) == (200, 1.0, 2.0, 200.0)
    assert not row["least"]
    assert results.sooner(tried((100, 0.9), (200, 0.1))).iloc[0]["least"]
    row = results.sooner(tried((100, 1.01), (200, 1.001))).iloc[0]
    assert math.isnan(row["ratio"])
    assert math.isnan(row["steps"])


@pytest.mark.parametrize(
    ("name", "kind"), [("own-network-sooner", "own"), ("free-network-sooner", "free")]
)
def test_sooner_is_judged_by_the_interval_of_logarithms(name, kind):
    noise = np.array([-1.0, 1.0, -0.5, 0.5, 0.2, -0.2, 0.1, -0.1])
    reach = stats.t.ppf(0.975, 7) * noise.std(ddof=1) / 8**0.5
    asked = math.log(results.ASKED[kind])
    for gap, verdict in ((1.001 * reach, H), (0.999 * reach, U), (-1.001 * reach, F)):
        table = pd.DataFrame({"kind": kind, "ratio": np.exp(asked + gap + noise), "ended": True})
        other = pd.DataFrame({"kind": "other", "ratio": [1e9] * 8, "ended": True})
        both = pd.concat([table, other])
        assert by_name(name).decide({"full_length_sooner": both}).cases == [verdict]
    fewer = table.iloc[1:]
    assert by_name(name).decide({"full_length_sooner": fewer}).cases == [U]
    assert by_name(name).decide({"full_length_sooner": table.assign(ended=False)}).cases == [U]
    table.loc[0, "ratio"] = math.nan
    assert by_name(name).decide({"full_length_sooner": table}).cases == [F]


def test_words_and_figures_say_what_was_never_reached():
    cell = dict(zip(results.CELL, EVERY[0], strict=True))
    rows = [
        cell | {"kind": kind, "recipe_excess": 1.0, "recipe_s": 800.0, "steps": 5.0, "excess": 0.9}
        | {"seconds": seconds, "ratio": 800 / seconds, "least": seconds == 2, "seeds": 1.0, "ended": True}
        for kind, seconds in (("own", 100.0), ("own", 50.0), ("free", 2.0), ("free", math.nan))
    ]  # fmt: skip
    table = pd.DataFrame(rows)
    words = sentences.sooner(table)
    assert "never in 1 of 2 cells" in words
    assert words.count("never") == 1
    assert words.count("the least budget was enough in 1 of 2") == 1
    assert "Not reached by *free* in 1" in figures.times_shown(table)["caption"]


def test_a_pair_is_turned_if_its_order_changes():
    table = pd.DataFrame(
        {
            "dataset": "rings",
            "plain": [1.0, 2.0, 4.0, 8.0],
            "tenfold": [0.5, 0.4, 0.3, 0.9],
            "steps": 5,
        }
    )
    row = results.turned(table).iloc[0]
    assert (row["pairs"], row["turned"]) == (6, 3)
    assert row["left"] == pytest.approx((0.5 * 0.2 * 0.075 * 0.1125) ** 0.25)
    assert "3 of 6 pairs" in sentences.longer(results.turned(table))


def test_precision_is_judged_beside_seeds():
    rows = [
        ("rings", "v", seed, precision, excess * more, 0.2 if precision == "float32" else 0.1)
        for seed, excess, up in ((1, 1.0, 1.1), (2, 2.0, 1.2), (3, 4.0, 1.3))
        for precision, more in (("float32", 1.0), ("bfloat16", up))
    ]
    names = ["dataset", "target", "seed", "precision", "excess", "step_s"]
    networks = pd.DataFrame(rows, columns=names)
    row = results.by_precision(networks.sample(frac=1, random_state=0)).iloc[0]
    assert row["float32"] == pytest.approx(2.0)
    assert row["factor"] == pytest.approx((1.1 * 1.2 * 1.3) ** (1 / 3))
    assert row["seeds"] == pytest.approx(2.0)
    assert row["faster"] == pytest.approx(2.0)
    ratios = np.log([1.1, 1.2, 1.3])
    reach = stats.t.ppf(0.975, 2) * ratios.std(ddof=1) / 3**0.5
    assert row["least"] == pytest.approx(math.exp(ratios.mean() - reach))
    words = sentences.precision(pd.DataFrame([row]))
    assert "0 of 1 cases" in words
    assert words.count("leaves 1 out in 1") == (row["least"] > 1)


def test_scatter_is_the_largest_over_the_least_of_late_epochs():
    late = pd.DataFrame(
        [
            (*cell, epoch, e)
            for cell in EVERY[:2]
            for epoch, e in ((80, 2.0), (90, 1.0), (100, 3.0))
        ],
        columns=[*results.CELL, "epoch", "excess"],
    )
    late.loc[len(late) - 1, "excess"] = 1.5
    assert results.scatter(late).tolist() == [3.0, 2.0]
    assert "2.00 to 3.00" in sentences.late(results.scatter(late))
