"""The study's networks on one scale: the reading, its control, and the rule, against known answers."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.integrate import quad
from scipy.optimize import minimize_scalar

from companion import study
from companion.chapters.one_scale import claims, figures, results, sentences
from companion.evidence.claims import Verdict

TINY = results.Budget(points=4, scrambles=2, draws=2_000)
GUARD = 1e-2


def scales(t):
    return math.cos(math.pi * t / 2), math.sin(math.pi * t / 2)


FACTORS = {  # typed anew: coefficient times squared error of the target per that of eps
    ("nelbo", "x"): lambda a, b: a / (b**3 + GUARD) * b**2 / a**2,
    ("nelbo", "eps"): lambda a, b: 1 / (a * b + GUARD),
    ("nelbo", "v"): lambda a, b: a / (b + GUARD) / a**2,
    ("nelbo", "score"): lambda a, b: b / (a + GUARD) * (b / (b**2 + GUARD)) ** 2,
    ("weighted", "x"): lambda a, b: b**2 / a**2,
    ("weighted", "eps"): lambda a, b: 1.0,
    ("weighted", "v"): lambda a, b: 1 / a**2,
    ("weighted", "score"): lambda a, b: (b / (b**2 + GUARD)) ** 2,
}


def to_nats(key, t):
    """Nats of the bound, both dimensions, in one code unit: pi/(alpha sigma) over the recorded factor."""
    a, b = scales(t)
    return math.pi / (a * b) / FACTORS[key](a, b)


@pytest.mark.parametrize("key", list(FACTORS))
def test_the_quotient_has_the_extremes_that_scipy_finds(key):
    low, mean, high = results.nats_per_code_unit(results.LOSSES[key])
    for bin_ in (1, 2, 7, 30, 55, 90, 98):
        ends = bin_ / 100, (bin_ + 1) / 100
        inner = [
            minimize_scalar(
                lambda t, sign=sign: sign * to_nats(key, t), bounds=ends, method="bounded"
            ).fun
            * sign
            for sign in (1, -1)
        ]
        values = [*inner, *(to_nats(key, t) for t in ends)]
        assert low[bin_].item() == pytest.approx(min(values) / 100, rel=1e-5)
        assert high[bin_].item() == pytest.approx(max(values) / 100, rel=1e-5)
        average = quad(lambda t: to_nats(key, t), *ends)[0]  # of a bin of width 1/100
        assert mean[bin_].item() == pytest.approx(average, rel=1e-3)
    assert all(part[end] == torch.inf for part in (low, mean, high) for end in (0, -1))


def test_without_a_guard_bins_hide_nothing():
    low, _, high = results.nats_per_code_unit(results.LOSSES["nelbo", "v"].unguarded())
    assert low[1:-1].numpy() == pytest.approx(math.pi / 100, rel=1e-12)
    assert high[1:-1].numpy() == pytest.approx(math.pi / 100, rel=1e-12)


@pytest.fixture(scope="module")
def floor():
    return results.floors_by_bin(TINY)


def error_in_eps(t):
    """An excess that varies inside a bin."""
    return 0.02 * math.exp(-3 * t)


@pytest.fixture
def networks(monkeypatch, floor):
    """Saved losses of networks that all have that excess."""
    rows = []
    for name in study.DATASETS:
        for key in FACTORS:
            for bin_ in range(100):
                low, high = bin_ / 100, (bin_ + 1) / 100
                recorded = lambda t, key=key: FACTORS[key](*scales(t)) * error_in_eps(t)  # noqa: E731
                of_excess = 100 * quad(recorded, low, high)[0] if 0 < bin_ < 99 else 0.0
                row = {"dataset": name, "objective": key[0], "target": key[1], "bin": bin_}
                rows.append(row | {"of_excess": of_excess})
    saved = floor.merge(pd.DataFrame(rows), on=results.BIN)
    saved["mean"], saved["sd"] = saved["floor"] + saved["of_excess"], 0.01
    saved = pd.concat(saved.assign(execution=n) for n in (1, 2, 3))
    monkeypatch.setattr(study, "bins", lambda: saved[[*results.KEY, "bin", "mean", "sd"]])
    return floor


def test_a_known_excess_is_found_on_one_scale_whatever_the_loss(networks):
    by_bin = results.excess_by_bin(networks)
    assert len(by_bin) == 9600
    found = results.per_loss(results.per_network(by_bin))
    for name, (first, last) in {"all": (0.01, 0.99), "middle": (0.1, 0.9)}.items():
        truth = quad(
            lambda t: math.pi / math.prod(scales(t)) * error_in_eps(t), first, last, limit=200
        )[0]
        rows = found[found["range"] == name]
        assert len(rows) == 32
        assert (rows["low"] < truth * (1 + 1e-4)).all()
        assert (rows["high"] > truth * (1 - 1e-4)).all()
        assert rows[["sd_low", "sd_middle", "sd_high"]].to_numpy() == pytest.approx(0, abs=1e-9)
        exact = rows[(rows["objective"] == "nelbo") & rows["target"].isin(["eps", "v"])]
        assert exact["middle"].to_numpy() == pytest.approx(truth, rel=0.02)


def test_noise_is_that_of_epochs_networks_and_a_floor_that_these_share(networks):
    by_bin = results.excess_by_bin(networks)
    one = by_bin.iloc[150]
    floor = networks.set_index(results.BIN).loc[tuple(one[results.BIN]), "floor_error"]
    assert one["error"] == pytest.approx(0.01 / math.sqrt(20))
    for end in results.ENDS:
        factor = one[end] / one["excess"]
        assert one[f"noise_{end}"] == pytest.approx(factor * one["error"])
        assert one[f"floor_{end}"] == pytest.approx(factor * floor)
    found = results.per_loss(results.per_network(by_bin))
    for end in results.ENDS:
        inside = by_bin[by_bin["bin"].between(1, 98)].query("execution == 1")
        rows = inside.groupby(results.KEY[:3])
        own, shared = (
            (rows[f"{k}_{end}"].apply(lambda e: (e**2).sum())) for k in ("noise", "floor")
        )
        expected = (own / 3 + shared) ** 0.5  # three networks have the same noise here
        shown = found[found["range"] == "all"].set_index(results.KEY[:3])[f"noise_{end}"]
        pd.testing.assert_series_equal(shown.sort_index(), expected.sort_index(), check_names=False)


def test_below_the_floor_least_and_most_change_places(floor):
    frame = floor[results.BIN].assign(excess=-1.0, error=0.1, floor_error=0.1)
    frame = results.in_nats(frame[frame["bin"].between(1, 98)])
    assert (frame["low"] <= frame["middle"]).all()
    assert (frame["middle"] <= frame["high"]).all()
    assert (frame["high"] < 0).all()
    assert (frame[["noise_low", "noise_high", "floor_low", "floor_high"]] > 0).all(axis=None)


def test_floors_by_bin_add_up_to_the_floors(floor):
    from diffcore.exact import floors
    from diffcore.exact.data2d import clusters

    factors = [loss.eps_factor for loss in results.LOSSES.values()]
    whole = floors.floors(clusters(), factors, results.SCHEDULE, 2048, 4)
    table = floor[floor["dataset"] == "clusters"].set_index(["objective", "target"])
    for key, estimate in zip(results.LOSSES, whole, strict=True):
        rows = table.loc[[key]]
        error = math.hypot(np.sqrt((rows["floor_error"] ** 2).sum()) / 100, estimate.error.item())
        assert abs(rows["floor"].mean() - estimate.value.item()) < 4 * error
        assert error < 0.05 * estimate.value.item()


def test_the_perfect_denoiser_has_no_excess(floor):
    found = results.perfect(TINY, floor)
    score = found["excess"] / (found["error"] ** 2 + found["floor_error"] ** 2) ** 0.5
    assert abs(score.mean()) < 0.2
    assert 0.7 < score.std() < 1.6  # few draws in a bin, and few scrambles
    inside = found[found["bin"].between(1, 98)]
    squares = inside["noise_middle"] ** 2 + inside["floor_middle"] ** 2
    sums = inside.assign(square=squares).groupby(results.KEY[:3])
    assert (sums["middle"].sum().abs() < 4 * sums["square"].sum() ** 0.5).all()


def test_the_recorded_spread_is_that_of_chance(floor):
    """Where a network does not change, epochs differ by their draws alone: 800 in a bin."""
    found = results.perfect(results.Budget(draws=40_000), floor)
    found = found[found["dataset"] == "clusters"]
    saved = study.bins().merge(found, on=results.BIN)
    steady = saved[(saved["target"] == "v") & (saved["objective"] == "weighted")]
    assert (steady["sd"] / steady["epoch_sd"]).median() == pytest.approx(1, abs=0.06)


def row(low, high, reach=0.0):
    return pd.Series({"low": low, "high": high, "reach_low": reach, "reach_high": reach})


@pytest.mark.parametrize(
    ("x", "other", "verdict"),
    [
        (row(1.0, 2.0), row(2.001, 3.0), Verdict.HOLDS),
        (row(1.0, 2.0), row(1.999, 3.0), Verdict.UNDECIDED),
        (row(1.0, 2.0, 0.1), row(2.201, 3.0, 0.1), Verdict.HOLDS),
        (row(1.0, 2.0, 0.1), row(2.199, 3.0, 0.1), Verdict.UNDECIDED),
        (row(3.001, 4.0), row(2.0, 3.0), Verdict.FAILS),
        (row(2.999, 4.0), row(2.0, 3.0), Verdict.UNDECIDED),
        (row(3.201, 4.0, 0.1), row(2.0, 3.0, 0.1), Verdict.FAILS),
        (row(3.199, 4.0, 0.1), row(2.0, 3.0, 0.1), Verdict.UNDECIDED),
    ],
)
def test_the_rule_just_inside_and_just_outside(x, other, verdict):
    assert claims.between(x, other) is verdict


def test_each_end_has_its_own_reach():
    x = pd.Series({"low": 3.0, "high": 4.0, "reach_low": 0.1, "reach_high": 9.0})
    other = pd.Series({"low": 2.0, "high": 2.7, "reach_low": 9.0, "reach_high": 0.1})
    assert claims.between(x, other) is Verdict.FAILS
    assert claims.between(other, x) is Verdict.HOLDS


def test_reach_is_the_wider_of_two():
    columns = {f"sd_{end}": [k, 0.0] for k, end in enumerate(results.ENDS, 1)}
    frame = pd.DataFrame(columns | {f"noise_{end}": [0.1, 0.5] for end in results.ENDS})
    found = claims.with_reach(frame)
    for k, end in enumerate(results.ENDS, 1):
        assert found[f"reach_{end}"].tolist() == pytest.approx([k * 4.302653 / math.sqrt(3), 1.0])


def saved_table(of_x, of_others):
    rows = [
        {"dataset": d, "objective": o, "target": t, "low": of_x if t == "x" else of_others}
        for d in study.DATASETS
        for o in study.OBJECTIVES
        for t in study.TARGETS
    ]
    frame = pd.DataFrame(rows)
    frame["middle"], frame["high"] = frame["low"] + 0.1, frame["low"] + 0.2
    noise = {f"noise_{end}": 0.01 for end in results.ENDS}
    frame = frame.assign(**noise, **{f"sd_{end}": 0.0 for end in results.ENDS}, range="all")
    return claims.with_reach(frame)


@pytest.mark.parametrize(
    ("of_x", "of_others", "label"),
    [
        (1.0, 1.3, "holds in all 12"),
        (1.3, 1.0, "does not hold in any of 12"),
        (1.0, 1.1, "undecided in all 12"),
    ],
)
def test_the_claim_is_judged_case_by_case(of_x, of_others, label):
    table = saved_table(of_x, of_others)
    table.loc[table["objective"] == "weighted", "low"] = 99.0  # is of no account here
    decision = claims.x_networks_best({"excess_per_loss": table})
    assert decision.label == label
    assert f"at least {of_x:.2f} to {of_x:.2f} nats" in decision.measured
    assert f"at most {of_others + 0.2:.2f}" in decision.measured


def test_pairs_are_counted_over_data_sets():
    table = saved_table(2.0, 1.0)
    middle = saved_table(1.0, 1.0).assign(range="middle")
    clusters = (table["dataset"] == "clusters") & (table["target"] == "v")
    table.loc[clusters & (table["objective"] == "nelbo"), ["low", "high"]] = 5.0, 6.0
    found = sentences.pairs(pd.concat([table, middle])).set_index(["first", "second"])
    assert len(found) == 16
    assert found.loc[("NELBO x", "NELBO eps")].tolist() == [0, 4, 0, 0, 0, 4]
    assert found.loc[("NELBO x", "NELBO v")].tolist() == [1, 3, 0, 0, 0, 4]
    assert found.loc[("NELBO v", "weighted v")].tolist() == [0, 1, 3, 0, 0, 4]


def test_words_follow_the_numbers():
    table = saved_table(2.0, 1.0)
    words = sentences.turned_round(table)
    assert "lowest value in 4 of 4 data sets" in words
    assert "in 12 of 12 comparisons, nearer in 0, and 0 are undecided" in words
    assert "in 0 of 12 comparisons, nearer in 12, and 0" in sentences.turned_round(
        saved_table(1, 2)
    )
    assert "nearer in 0, and 12 are" in sentences.turned_round(saved_table(1.0, 1.1))
    networks = pd.concat(saved_table(2.0, 1.0).assign(execution=n) for n in (1, 2, 3))
    odd = (networks["dataset"] == "waves") & (networks["target"] == "eps")
    odd &= (networks["objective"] == "weighted") & (networks["execution"] == 2)
    networks.loc[odd, "middle"] = 7.0
    assert "waves, weighted in $\\epsilon$: 1.10, 7.00, 1.10 nats" in (
        sentences.one_execution_apart(networks)
    )


def test_the_figure_shows_the_same_nats(networks):
    by_bin = results.excess_by_bin(networks)
    levels = figures.by_level(by_bin)
    assert len(levels) == 32 * (9 + 30)
    total = results.per_loss(results.per_network(by_bin)).query("range == 'all'")
    edges = [*range(1, 11), *range(13, 99, 3), 99]
    at = [2 * math.log(1 / math.tan(math.pi * e / 200)) for e in edges]
    widths = -np.diff(at)
    for _, block in levels.groupby(["dataset", "objective", "target"]):
        block = block.sort_values("group")
        assert block["log_snr"].to_numpy() == pytest.approx(np.add(at[:-1], at[1:]) / 2)
        key = block.iloc[0][["dataset", "objective", "target"]]
        expected = total[(total[key.index] == key).all(axis=1)].iloc[0]
        for column in ("low", "middle", "high"):
            assert (block[column] * widths).sum() == pytest.approx(expected[column])


def test_where_x_loses_and_high_noise_are_computed(networks):
    by_bin = results.excess_by_bin(networks)
    x = by_bin.query("target == 'x' and objective == 'nelbo' and dataset == 'rings'")
    early = x[x["bin"].between(1, 9)]["low"].sum() / 3
    late = x[x["bin"].between(10, 98)]["high"].sum() / 3
    words = sentences.where_x_loses(by_bin)
    assert f"at least {early:.2f} to {early:.2f} nats" in words
    assert f"at most {late:.3f} to {late:.3f} at all later" in words
    assert sentences.at_high_noise(figures.by_level(by_bin)).count("$x$ ") >= 2
