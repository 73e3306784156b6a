"""As published: the protocol's numbers, the table and its test against SciPy, curves against brute force."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats
from torch import Generator

from companion import paths, profiles, study
from companion.chapters.as_published import curves, grid, results, sentences, variances
from companion.evidence.intervals import holm
from companion.runs.run import module
from diffcore.exact.data2d import DATASETS
from diffcore.networks import StudyMLP
from diffcore.published import Published
from diffcore.schedules import Cosine

CELLS = list(product(study.DATASETS, study.TARGETS, study.OBJECTIVES))
SMALL = results.Budget(points=512, scrambles=4, bin_points=8, draws=20, test=4_000)


@pytest.fixture(scope="module")
def floor() -> pd.DataFrame:
    return results.floors(SMALL)


@pytest.fixture
def clusters_alone(monkeypatch):
    """The one data set whose denoiser is cheap."""
    monkeypatch.setattr(study, "DATASETS", ("clusters",))


def levels_of(value, spread=(0.99, 1.0, 1.01)):
    """Three executions a cell; ``value`` of a cell's name."""
    rows = [
        (*cell, k + 1, value(*cell) * factor) for cell in CELLS for k, factor in enumerate(spread)
    ]
    return pd.DataFrame(rows, columns=[*results.NETWORK, "level"])


# The protocol


def test_the_protocol_is_the_studys_in_every_number():
    p = grid.PROTOCOL
    assert sum(w.numel() for w in StudyMLP(width=p.width, depth=p.depth).parameters()) == 1_579_010
    assert sentences.parameters(p) == 1_579_010
    assert (p.batch, p.learning_rate, p.epochs, p.executions) == (1024, 1e-3, 100, 3)
    assert p.epoch == math.ceil(p.points / p.batch) == 79
    assert (p.plan.steps, p.plan.every, p.plan.bins) == (7_900, 79, 100)
    assert p.plan.shuffled
    assert (p.plan.ema, p.plan.final_learning_rate) == (0, None)
    assert grid.protocol(profiles.PAPER) == p


def test_draws_are_those_whose_mean_varies_as_much_as_a_mean_of_batch_means():
    sizes = [1024] * 78 + [128]
    variance = sum(1 / n for n in sizes) / len(sizes) ** 2
    assert grid.PROTOCOL.draws == round(1 / variance)
    assert grid.SCALED.draws == 20 * 256


@pytest.mark.parametrize("profile", [profiles.QUICK, profiles.STANDARD, profiles.PAPER])
def test_every_loss_has_its_executions_and_equal_seeds_share_first_weights(profile):
    runs = grid.grid(profile)
    used = grid.protocol(profile)
    assert len(runs) == 32 * used.executions
    run = runs["waves/score/nelbo/2"]
    assert run.loss == Published("nelbo", "score").loss()
    assert run.plan == used.plan
    assert run.seed == grid.FIRST_SEED + 2
    assert torch.equal(run.data, grid.data("waves"))
    assert run.data.shape == (80_000, 2)
    one, two, other = (
        module(runs[name]).state_dict()["layers.0.weight"]
        for name in ("clusters/x/nelbo/2", "waves/v/weighted/2", "clusters/x/nelbo/1")
    )
    assert torch.equal(one, two)
    assert not torch.equal(one, other)


def test_the_words_on_the_protocol_say_what_is_smaller():
    words = sentences.protocol(grid.SCALED)
    for number in ("25,346", "1,579,010", "5,120", "80,000", "2,000", "7,900", "6.4"):
        assert number in words
    assert "in every number" in sentences.protocol(grid.PROTOCOL)
    assert "smaller" not in sentences.protocol(grid.PROTOCOL)


# Records


def test_records_are_in_code_units_a_row_an_epoch():
    key = ("rings", "v", "weighted", 2)
    frame = results.ours_by_epoch({key: pd.DataFrame({"step": [20, 40], "loss": [3.0, 1.0]})})
    assert frame["train"].tolist() == [1.5, 0.5]
    assert frame["epoch"].tolist() == [0, 1]
    assert frame[results.NETWORK].iloc[0].tolist() == list(key)
    times = results.ours_by_time({key: torch.tensor([[2.0, 4.0, math.nan], [6.0, 8.0, 10.0]])})
    assert times["loss"].fillna(-1).tolist() == [1, 2, -1, 3, 4, 5]
    assert times["epoch"].tolist() == [0, 0, 0, 1, 1, 1]
    assert times["bin"].tolist() == [0, 1, 2, 0, 1, 2]


@pytest.mark.parametrize("target", study.TARGETS)
def test_half_of_the_loss_in_nats_is_the_codes_loss(target):
    """What the study's code computes, written from its formulas: coefficient times mean squared error."""
    x = DATASETS["clusters"]().sample(50, Generator().manual_seed(0), torch.float64)

    def zero(z, t):
        return 0 * z

    loss = Published("nelbo", target).loss()
    nats = loss.terms(zero, x, Generator().manual_seed(3))
    t = nats.times.t
    again = Generator().manual_seed(3)
    assert torch.equal(loss.times.sample(50, Cosine(), again).t, t)
    eps = torch.randn(50, 2, generator=again, dtype=torch.float64)
    a, s = (torch.cos(math.pi * t / 2)[:, None], torch.sin(math.pi * t / 2)[:, None])
    truth = {"x": x, "eps": eps, "v": a * eps - s * x, "score": -s * eps / (s**2 + 0.01)}[target]
    c = {
        "x": a / (s**3 + 0.01),
        "eps": 1 / (s * a + 0.01),
        "v": a / (s + 0.01),
        "score": s / (a + 0.01),
    }
    expected = (c[target] * truth**2).mean(1)
    assert torch.allclose(nats.value / results.DIMS, expected, rtol=1e-6)


def test_a_level_is_the_mean_of_the_last_twenty_epochs():
    train = np.arange(100.0) ** 2
    assert results.levels(curve(train))["level"].tolist() == [train[80:].mean()]


# The table


def test_floors_are_those_of_the_chapter_on_published_numbers(floor):
    known = pd.read_csv(paths.RESULTS / "floors.csv").rename(columns={"floor": "known"})
    both = floor.merge(known[[*results.CELL, "known"]], on=results.CELL)
    assert len(both) == 32
    assert (both["floor"] / both["known"] - 1).abs().max() < 0.01
    rescaled = pd.read_csv(paths.RESULTS / "rescaled_floors.csv")
    both = floor[floor["objective"] == "rescaled"].merge(rescaled, on=["dataset", "target"])
    assert len(both) == 16
    assert (both["floor_x"] / both["floor_y"] - 1).abs().max() < 0.01


def test_the_table_compares_levels_with_each_other_and_the_floor(floor):
    published = levels_of(lambda d, t, o: 2.0)
    ours = levels_of(lambda d, t, o: 3.0 if t == "x" else 1.5)
    table = results.side_by_side(published, ours, floor)
    assert len(table) == 32
    row = table[(table["target"] == "x") & (table["dataset"] == "rings")].iloc[0]
    assert row["apart"] == pytest.approx(50)
    assert row["published_above"] == pytest.approx(100 * (2 / row["floor"] - 1))
    assert row["ours_above"] == pytest.approx(100 * (3 / row["floor"] - 1))
    assert row["published_sd"] == pytest.approx(0.02)
    printed = study.losses().set_index(results.CELL)["printed"]
    assert (table.set_index(results.CELL)["printed"] == printed).all()
    assert "-25.0 % to +50.0 %" in sentences.tested(table)
    assert "higher in 8 and lower in 24" in sentences.tested(table)
    assert "only one side" in sentences.reading(table, grid.SCALED)
    assert "only one side" not in sentences.reading(table, grid.PROTOCOL)


def test_the_joint_test_is_welchs_with_spreads_pooled_over_data_sets():
    draw = np.random.default_rng(1)
    one = levels_of(lambda d, t, o: 1.0)
    two = levels_of(lambda d, t, o: 1.03)
    one["level"] *= np.exp(0.01 * draw.normal(size=len(one)))
    two["level"] *= np.exp(0.02 * draw.normal(size=len(two)))
    found = results.tested(one, two).set_index(results.CELL)
    raw, reach = {}, {}
    for target, objective in product(study.TARGETS, study.OBJECTIVES):
        logs = {}
        for side, frame in (("one", one), ("two", two)):
            rows = frame[(frame["target"] == target) & (frame["objective"] == objective)]
            logs[side] = {n: np.log(r["level"].to_numpy()) for n, r in rows.groupby("dataset")}
        pooled = {
            s: sum(((v - v.mean()) ** 2).sum() for v in of.values()) / 8 for s, of in logs.items()
        }
        a, b = pooled["one"] / 3, pooled["two"] / 3
        df = (a + b) ** 2 / (a**2 / 8 + b**2 / 8)
        for name in study.DATASETS:
            gap = logs["two"][name].mean() - logs["one"][name].mean()
            raw[name, target, objective] = 2 * stats.t.sf(abs(gap) / math.sqrt(a + b), df)
            reach[name, target, objective] = (math.sqrt(a + b), df)
    keys = list(raw)
    expected = pd.Series(holm([raw[k] for k in keys]), keys)
    assert np.allclose(found.loc[keys, "p"], expected)
    assert (found["differs"] == (found["p"] < 0.05)).all()
    error, df = reach[keys[0]]
    size = math.log1p(found.loc[keys[0], "least"] / 100) / error
    edge = stats.t.ppf(1 - 0.05 / 32 / 2, df)
    assert stats.nct.sf(edge, df, size) == pytest.approx(0.8, abs=0.05)  # the chance to see it


# Curves


def curve(values, execution=1, **cell):
    cell = {"dataset": "rings", "target": "x", "objective": "nelbo"} | cell
    return pd.DataFrame(cell | {"execution": execution, "epoch": range(100), "train": values})


@pytest.mark.parametrize(("factor", "epoch"), [(1.0499, 4), (1.0501, 5)])
def test_a_curve_arrives_in_the_first_epoch_near_its_level(factor, epoch):
    values = np.full(100, 2.0)
    values[:3], values[3] = 9.0, 2.0 * factor
    found = curves.steadiness(curve(values))
    assert found["arrives"].tolist() == [epoch]


def test_variation_is_that_of_the_epochs_after_the_first_twenty():
    values = np.random.default_rng(0).uniform(1, 2, 100)
    found = curves.steadiness(curve(values))["variation"].iloc[0]
    assert found == pytest.approx(np.std(values[20:], ddof=1) / values[20:].mean())


def test_spread_by_epoch_is_over_executions():
    frame = pd.concat([curve(np.full(100, v), k) for k, v in enumerate((1.0, 2.0, 6.0))])
    found = curves.by_epoch(frame)
    assert len(found) == 100
    assert found["mean"].tolist() == [3.0] * 100
    assert found["sd"].iloc[0] == pytest.approx(np.std([1, 2, 6], ddof=1))


@pytest.mark.usefixtures("clusters_alone")
def test_draws_alone_are_the_spread_of_the_perfect_denoisers_loss(floor):
    """Against the package's own loss of the exact denoiser, drawn anew."""
    found = curves.draws_alone(floor, {"ours": 100}, 20_000).set_index(results.CELL)
    mixture = DATASETS["clusters"]()
    for objective, target in (("nelbo", "x"), ("weighted", "v"), ("weighted", "score")):
        published = Published(objective, target)
        oracle = mixture.denoiser(Cosine())

        def net(z, t, of=published.target, oracle=oracle):
            return oracle.predict(z, t, of)

        x = mixture.sample(20_000, Generator().manual_seed(9), torch.float64)
        each = published.loss()(net, x, Generator().manual_seed(10)) / 2
        expected = float(each.std() / each.mean()) / 10
        assert found.loc[("clusters", target, objective), "draws_alone"] == pytest.approx(
            expected, rel=0.06
        )


def test_means_of_steadiness_are_over_data_sets_and_executions():
    every = pd.DataFrame(
        [(*cell, k, 0.01 * k, 2.0 * k) for cell in CELLS for k in (1, 2, 3)],
        columns=[*results.NETWORK, "variation", "arrives"],
    )
    alone = pd.DataFrame(
        [("ours", *cell, 0.01) for cell in CELLS], columns=["whose", *results.CELL, "draws_alone"]
    )
    means = curves.steady_table({"ours": every}, alone)
    assert len(means) == 8
    assert means["variation"].tolist() == pytest.approx([2.0] * 8)
    assert means["arrives"].tolist() == pytest.approx([4.0] * 8)
    assert "2.00 to 2.00" in sentences.steadiness(means)


def test_a_curve_as_steady_as_its_draws_is_one_of_them():
    """Each network is divided by the draws of its own cell, and of whose it is."""
    every = pd.DataFrame(
        [(*cell, k, 0.01 * n, 1.0) for n, cell in enumerate(CELLS, 1) for k in (1, 2)],
        columns=[*results.NETWORK, "variation", "arrives"],
    )
    alone = pd.DataFrame(
        [
            (whose, *cell, share * n)
            for whose, share in (("published", 0.005), ("ours", 0.01))
            for n, cell in enumerate(CELLS, 1)
        ],
        columns=["whose", *results.CELL, "draws_alone"],
    )
    found = curves.of_networks({"published": every, "ours": every}, alone)
    assert len(found) == 2 * len(every)
    beyond = found.groupby("whose")["beyond"].agg(["min", "max"])
    assert beyond.loc["ours"].tolist() == pytest.approx([1.0, 1.0])
    assert beyond.loc["published"].tolist() == pytest.approx([2.0, 2.0])


@pytest.mark.usefixtures("clusters_alone")
def test_floors_by_time_average_to_the_floor_and_unguarded_ones_lie_above(floor):
    budget = results.Budget(bin_points=32)
    bins = curves.floors_by_time(budget)
    mean = bins.groupby(results.CELL)[["floor", "unguarded"]].mean()
    known = floor.set_index(results.CELL)["floor"]
    assert (mean["floor"] / known[mean.index] - 1).abs().max() < 0.03
    nelbo = mean.xs("nelbo", level="objective")
    assert (nelbo["unguarded"] > nelbo["floor"]).all()
    weighted = mean.xs("weighted", level="objective")
    others = weighted.drop(index="score", level="target")
    assert (others["unguarded"] == others["floor"]).all()


def test_peaks_are_the_middles_of_the_highest_bins():
    rows = [
        ("rings", "x", o, k, b, float(b == peak))
        for o, k, peak in (("nelbo", 1, 17), ("nelbo", 2, 3), ("weighted", 1, 40))
        for b in range(100)
    ]
    late = pd.DataFrame(rows, columns=[*results.NETWORK, "bin", "loss"])
    exact = pd.DataFrame(
        [
            ("rings", "x", o, b, float(b == 18), float(b == 0))
            for o in study.OBJECTIVES
            for b in range(100)
        ],
        columns=[*results.CELL, "bin", "floor", "unguarded"],
    )
    found = curves.all_peaks({"ours": late}, exact)
    assert found["objective"].tolist() == ["nelbo", "nelbo"]
    assert found["peak"].tolist() == [0.175, 0.035]
    assert found["floor"].tolist() == [0.185, 0.185]
    assert found["unguarded"].tolist() == [0.005, 0.005]


def timed(losses):
    """Two executions of one weighted loss: (executions, epochs, bins)."""
    keys = [("rings", "v", "weighted", k + 1) for k in range(len(losses))]
    return results.ours_by_time(
        {key: torch.as_tensor(2 * each) for key, each in zip(keys, losses, strict=True)}
    )


def test_losses_by_time_are_picked_and_averaged():
    losses = np.random.default_rng(0).uniform(1, 2, (2, 100, 100))
    times = timed(losses)
    at = curves.at_epochs(times).set_index(["epoch", "bin"])["loss"]
    assert at[50, 7] == pytest.approx(losses[:, 50, 7].mean())
    assert set(at.index.get_level_values(0)) == {5, 50, 99}
    late = curves.late_by_time(times).set_index(["execution", "bin"])["loss"]
    assert late[2, 31] == pytest.approx(losses[1, 80:, 31].mean())
    over = variances.variances_over_epochs(times).set_index(["execution", "bin"])["variance"]
    assert over[1, 12] == pytest.approx(np.var(losses[0, :, 12]))
    share = variances.settled_share(times, 20).set_index(["execution", "bin"])["share"]
    assert share[2, 5] == pytest.approx(np.var(losses[1, 20:, 5]) / np.var(losses[1, :, 5]))


@pytest.mark.usefixtures("clusters_alone")
def test_the_variance_of_one_draw_is_known_at_both_ends():
    """At t near 1 the best guess of x is 0; near 0 the noise that v holds cannot be guessed."""
    found = variances.estimator_variances({}, results.Budget(draws=1_000))
    exact = found[found["dataset"] == "clusters"].set_index(["target", "bin"])["exact"]
    centre, width = 0.98058, 0.19612
    of_square = 2 * width**4 + 4 * centre**2 * width**2
    ends = exact["x"].loc[96:].mean()
    assert ends == pytest.approx(2 * of_square / 4, rel=0.1)
    assert exact["v"].loc[:2].mean() == pytest.approx(
        1.0, rel=0.15
    )  # chi squared with 2 degrees, over 2


def test_what_draws_make_of_a_variance_over_epochs_is_one_draws_over_their_number():
    keys = [(d, t, b) for d in study.DATASETS for t in study.TARGETS for b in range(100)]
    index = pd.DataFrame(keys, columns=["dataset", "target", "bin"])
    estimator = index.assign(exact=8.0, network=9.0)
    ours = pd.concat([index.assign(execution=k, variance=float(k)) for k in (1, 3)])
    table = variances.variances(ours, estimator, draws=400, published_draws=1_600)
    assert len(table) == 1_600
    assert table["ours"].unique().tolist() == [2.0]
    assert table["ours_noise"].unique().tolist() == [2.0]
    assert table["published_noise"].unique().tolist() == [0.5]
    assert (table["published"].to_numpy() == study.epoch_variances()["variance"].to_numpy()).all()


@pytest.mark.usefixtures("clusters_alone")
def test_perfect_networks_have_the_floor_as_their_rescaled_loss(floor):
    exact = {
        (name, target, "weighted", k): DATASETS[name]().denoiser(Cosine())
        for name in study.DATASETS
        for target in study.TARGETS
        for k in (1, 2)
    }
    table = curves.rescaled(exact, floor, results.Budget(test=3_000))
    assert len(table) == 4
    assert ((table["ours"] - table["floor"]).abs() < 4 * table["noise"]).all()
    assert (table["sd"] < 1e-6).all()
    assert (table["noise"] / table["floor"]).max() < 0.06
    assert "at most" not in sentences.rescaled(table)
