"""Advice: the rule on synthetic families just inside and outside, ties, NaN, order of rows; whole tables."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from companion import notebooks
from companion.chapters.equal_footing import objectives, samples
from companion.chapters.few_steps import comparisons
from companion.chapters.few_steps.results import FEW, SOLVERS
from companion.chapters.sampling_steps.results import FEW_SOLVERS, GRIDS
from companion.chapters.weightings import results as levels
from companion.chapters.weightings.rows import ROWS
from companion.chapters.what_to_use import families, few, figures, results, rules, sentences, trust
from companion.chapters.what_to_use.rules import Status
from companion.evidence import style
from companion.evidence.intervals import holm, interval
from companion.paths import RESULTS
from diffcore.exact.data2d import clusters
from diffcore.samplers import DDIM, UniformTime, sample
from diffcore.schedules import Cosine

USE, WORSE, UNKNOWN = Status.USE, Status.WORSE, Status.UNKNOWN


def family(
    means: list[float], error: float | list[float] = 1.0, freedom: float = 8.0
) -> pd.DataFrame:
    names = [chr(ord("a") + i) for i in range(len(means))]
    return pd.DataFrame({"candidate": names, "mean": means, "error": error, "freedom": freedom})


def statuses(of: pd.DataFrame) -> dict[str, str]:
    found = rules.judged(of)
    return dict(zip(found["candidate"], found["status"], strict=True))


# The rule


def test_p_values_are_those_of_scipy_for_raw_values_with_holm_over_all_pairs():
    rng = np.random.default_rng(0)
    groups = [rng.normal(m, s, n) for m, s, n in [(0, 1, 5), (1, 2, 4), (3, 0.5, 7), (3.2, 1, 3)]]
    raw = {
        pair: stats.ttest_ind(groups[pair[0]], groups[pair[1]], equal_var=False).pvalue
        for pair in combinations(range(4), 2)
    }
    expected = dict(zip(raw, holm(list(raw.values())), strict=True))
    values = pd.Series(np.concatenate(groups))
    of = rules.summarised(values, pd.Series(np.repeat(list("abcd"), [len(g) for g in groups])))
    found = rules.told_apart(*(of[c].to_numpy(float) for c in ("mean", "error", "freedom")))
    for (i, j), p in expected.items():
        assert found[i, j] == found[j, i] == pytest.approx(p, rel=1e-10)
    judged = rules.judged(of).set_index("candidate")
    ends = stats.ttest_ind(groups[2], groups[0], equal_var=False).confidence_interval(0.95)
    assert judged.index[0] == "a"
    assert judged.loc["c", "over_least"] == pytest.approx(ends.low, rel=1e-10)
    assert judged.loc["c", "over_most"] == pytest.approx(ends.high, rel=1e-10)


@pytest.mark.parametrize("candidates", [2, 3, 6])
@pytest.mark.parametrize(("side", "expected"), [(0.999, USE), (1.001, WORSE)])
def test_a_candidate_just_inside_and_just_outside(candidates, side, expected):
    pairs = candidates * (candidates - 1) // 2
    # all others are equal: the last's tests are the smallest p values, so Holm's strictest level decides
    edge = stats.t.ppf(1 - 0.025 / pairs, 16) * math.sqrt(2)
    found = statuses(family([0.0] * (candidates - 1) + [edge * side]))
    last = chr(ord("a") + candidates - 1)
    assert found.pop(last) == expected
    assert set(found.values()) == {USE}


def test_worse_than_any_better_one_not_only_than_the_least():
    # the least is too uncertain to tell anything; the second is not
    of = family([0.0, 0.5, 3.0], error=[50.0, 0.01, 0.01])
    assert statuses(of) == {"a": USE, "b": USE, "c": WORSE}


def test_equal_means_are_never_told_apart():
    assert set(statuses(family([1.0, 1.0, 1.0])).values()) == {USE}
    assert set(statuses(family([1.0, 1.0, 1.0], error=0.0)).values()) == {USE}


def test_without_an_error_every_difference_is_told():
    assert statuses(family([1.0, 1.0, 1.0 + 1e-9], error=0.0, freedom=np.inf)) == {
        "a": USE,
        "b": USE,
        "c": WORSE,
    }


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_unknown_and_changes_no_other(bad):
    found = rules.judged(family([0.0, 100.0, bad]))
    assert list(found["candidate"]) == ["a", "b", "c"]
    assert list(found["status"]) == [USE, WORSE, UNKNOWN]


def test_one_seed_tells_nothing():
    of = rules.summarised(pd.Series([1.0, 50.0]), pd.Series(["a", "b"]))
    assert of["error"].isna().all()
    assert statuses(of) == {"a": USE, "b": USE}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-5, 5), min_size=2, max_size=7),
    st.floats(0.01, 2),
    st.randoms(use_true_random=False),
)
def test_the_order_of_rows_is_of_no_meaning_and_the_least_is_always_in(means, error, random):
    of = family(means, error)
    rows = list(range(len(of)))
    random.shuffle(rows)
    one, two = rules.judged(of), rules.judged(of.iloc[rows])
    pd.testing.assert_frame_equal(one, two)
    assert one["status"].iloc[0] == USE
    assert one["mean"].is_monotonic_increasing
    assert one["over_least"].iloc[0] == one["over_most"].iloc[0] == 0
    assert (one["over"] == one["mean"] - one["mean"].min()).all()
    # in another unit the advice is the same
    two = rules.judged(of.assign(mean=2 * of["mean"], error=2 * of["error"]))
    assert list(two["candidate"]) == list(one["candidate"])
    assert list(two["status"]) == list(one["status"])


def test_equal_candidates_are_seldom_called_unequal_and_the_hasty_rule_does_it_often():
    found = rules.false_alarms(6, 5, 3_000)
    assert found["ours"] < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 3_000)
    assert found["ours"] > 0.005
    assert found["naive"] > 0.2
    # two candidates: both are one test, of which five in a hundred are wrong (Welch's is a bit less)
    two = rules.false_alarms(2, 5, 3_000)
    assert two["ours"] == two["naive"]
    assert 0.03 < two["ours"] < 0.065


def test_false_alarms_of_families_together_are_those_of_any():
    found = rules.false_alarms(2, 5, 1_500, families=3)
    one = found["ours"]
    assert found["together"][1] == one
    assert list(found["together"]) == [1, 2, 3]
    for count in (2, 3):
        # independent families of the same rule: any of them, by the rate of one
        expected = 1 - (1 - 0.046) ** count
        spread = math.sqrt(expected * (1 - expected) / 1_500)
        assert found["together"][count] == pytest.approx(expected, abs=4 * spread)
    assert one < found["together"][2] < found["together"][3]
    # the first family is the one that is tried alone
    alone = rules.false_alarms(2, 5, 1_500)
    assert alone["ours"] == one
    assert alone["naive"] == found["naive"] == one


def test_a_difference_that_can_be_seen_is_seen_as_often_as_is_said():
    of = family([0.0, 0.0, 0.0], error=1.0, freedom=4.0)
    effect, rng, seen = rules.resolution(of), np.random.default_rng(1), 0
    for _ in range(400):
        values = rng.normal(0, 5**0.5, (3, 5)) + np.array([0, 0, effect])[:, None]
        error = values.std(1, ddof=1) / 5**0.5
        seen += rules.told_apart(values.mean(1), error, np.full(3, 4.0))[0, 2] < 0.05
    assert seen / 400 > 0.8 - 0.06
    twice = rules.resolution(of.assign(error=2.0))
    assert twice == pytest.approx(2 * effect)


# Families


def totals(ratio: float, seeds: int = 5, names=("clusters", "rings")) -> pd.DataFrame:
    """Networks whose logarithms have the spread 0.1: x and s-mse worse by a factor in all columns."""
    rows = []
    rng = np.random.default_rng(3)
    cells = [(t, "bound") for t in ("x", "eps", "v", "score")]
    cells += [("v", w) for w in ("x-mse", "v-mse", "eps-mse", "s-mse", "sigmoid+2", "edm")]
    noise = rng.standard_normal(seeds)
    noise = 0.1 * (noise - noise.mean()) / noise.std(ddof=1)
    for name in names:
        for target, weighting in cells:
            bad = ratio if "x" in (target, weighting[:1]) or weighting == "s-mse" else 1.0
            row = {"dataset": name, "target": target, "weighting": weighting, "seeds": seeds}
            for column in ("excess", "sliced", "energy", "covariance"):
                ends = interval(pd.Series(noise + np.log(bad)))
                row |= {column: np.exp(ends.mean), f"{column}_most": np.exp(ends.mean + ends.reach)}
            rows.append(row)
    return pd.DataFrame(rows)


def tables(
    ratio: float = 10.0, seeds: int = 5, names=("clusters", "rings")
) -> dict[str, pd.DataFrame]:
    digits = [
        {"objective": o, "target": t, "seed": s, "bits_per_dim": (3.0 + (t == "x")) * (1 + 1e-3 * s)}
        for o in ("nelbo", "weighted") for t in ("x", "eps", "v", "score") for s in range(max(2, seeds - 2))
    ]  # fmt: skip
    tests = [
        [name, "few steps", str(n), "sliced", 4.0, 2.0, 8.0, 0.01, "holds"]
        for name in names
        for n in (10, 50)
    ]
    columns = ["dataset", "question", "case", "column", "value", "least", "most", "p", "verdict"]
    orders = [
        ["Euler", "time", 0.04, 0.012, 0.003, 1.0],
        ["Heun", "time", 0.02, 0.001, 0.0001, 1.95],
        ["lucky", "log-SNR", 0.001, 0.0001, 0.0001, 1.62],  # whose errors cancel
    ]
    few = [["DDIM", "time", 16, 0.9], ["DDIM", "time", 64, 0.995]]
    few += [["lucky", "time", 16, 1.0], ["lucky", "time", 64, 0.5]]
    sd = [[o, 6.0, 2.0, 1.0, 1.0, 0.01] for o in families.OBJECTIVES.values()]
    kinds = ["objective", "uniform_time", "uniform_log_snr", "matched", "best", "error"]
    return {
        "equal_totals": totals(ratio, seeds, names),
        "equal_tests": pd.DataFrame(tests, columns=columns),
        "digits_nelbo": pd.DataFrame(digits),
        "sampling_densities": pd.DataFrame(sd, columns=kinds),
        "solver_orders": pd.DataFrame(
            orders, columns=["solver", "grid", "32", "128", "512", "order"]
        ),
        "few_steps": pd.DataFrame(few, columns=["solver", "grid", "steps", "width"]),
        "few_tests": few_tests(names),
        "few_at_nine": chains(names),
        "nelbo_gaps": pd.DataFrame({"T": [8, 512], "exact": [27.0, 0.13]}),
    }


def few_tests(names=("clusters", "rings")) -> pd.DataFrame:
    """Of which the rule reads all but the chain that is broken, and the start."""
    rows = [
        [name, question, case, *ends, p, "holds"]
        for name in names
        for question, case, ends, p in (
            ("eps over v", "Heun, time", (3.0, 2.0, 5.0), 0.01),
            ("eps over v", "reverse SDE, time", (0.1, 0.05, 0.2), 0.01),
            ("eps over x", "Euler, log-SNR", (0.5, 0.1, 2.0), 0.3),
            ("x over v by Heun", "5 evaluations", (9.0, 8.0, 10.0), 0.001),
            ("the start", "DDIM", (0.1, 0.05, 0.2), 0.01),
        )
    ]
    columns = ["dataset", "question", "case", "value", "least", "most", "p", "verdict"]
    return pd.DataFrame(rows, columns=columns)


def chains(names=("clusters", "rings"), far: float = 1.001) -> pd.DataFrame:
    """Where the exact denoiser ends: by one chain too far, by the others just not."""
    solvers = {"Heun, time": 1.0, "reverse SDE, time": far, "Euler, log-SNR": 1.0}
    rows = [[name, *case.split(", "), exact] for name in names for case, exact in solvers.items()]
    return pd.DataFrame(rows, columns=["dataset", "solver", "grid", "exact"])


def found(**changed) -> pd.DataFrame:
    return results.evidence(tables() | changed, samples=10_000, seeds=8)


def test_the_errors_behind_intervals_are_found_again():
    of = families.networks(totals(10.0)[lambda f: f["dataset"] == "rings"], "excess", "target")
    assert np.allclose(of["error"], 0.1 / 5**0.5)
    assert np.allclose(of["mean"], np.log([10.0, 1, 1, 1]))
    assert (of["freedom"] == 4).all()


def test_whole_tables_give_the_advice_that_was_put_in():
    of = found()
    for goal in (families.LIKELIHOOD, families.SAMPLES, families.BOTH):
        assert set(results.advised(of, goal, "target")) == {"eps", "v", "score"}
        weights = {"bound", "v-mse", "eps-mse", "sigmoid+2", "edm"}
        assert set(results.advised(of, goal, "weighting")) == weights
    assert results.advised(of, families.FEW, "target") == ["v"]
    assert results.advised(of, families.SAMPLES, "sampler and grid") == ["Heun, time"]
    assert results.advised(of, families.FEW, "sampler and grid") == []
    table = results.advice(of).set_index(["goal", "choice"])
    assert len(set(table.index)) == 20
    table = table[table["use"] != results.AS_ABOVE]
    assert len(table) == 20
    assert table.loc[(families.FEW, "steps"), "use"].startswith("not known: ")
    assert table.loc[(families.FEW, "steps"), "next"] == "–"
    assert table.loc[(families.SAMPLES, "steps"), "use"] == "128 evaluations (Heun, time)"
    assert table.loc[(families.LIKELIHOOD, "steps"), "use"] == families.CONTINUOUS
    assert table.loc[(families.LIKELIHOOD, "steps"), "over"] == pytest.approx(0.13)
    assert table.loc[(families.SAMPLES, "target"), "next"] == "$x$ (Clusters)"
    assert table.loc[(families.SAMPLES, "target"), "over"] == pytest.approx(10)
    assert table.loc[(families.BOTH, "noise levels"), "use"].startswith("even in the log-SNR (")
    assert table.loc[(families.LIKELIHOOD, "noise levels"), "over"] == pytest.approx(9)


def test_the_order_of_the_rows_of_every_table_is_of_no_meaning():
    one = results.advice(found())
    shuffled = {name: of.sample(frac=1, random_state=5) for name, of in tables().items()}
    # data sets, samplers and goals are shown in the order of the tables: compare what is advised
    two = results.advice(results.evidence(shuffled, samples=10_000, seeds=8))
    for column in ("over", "over_least", "over_most"):
        assert np.allclose(one[column], two[column], equal_nan=True)
    sets = [[set(str(use).split("; ")) for use in of["use"][:2]] for of in (one, two)]
    assert sets[0] == sets[1]


@pytest.mark.parametrize(
    ("order", "advised"), [(1.901, "Heun, time"), (1.899, "Euler, time"), (2.101, "Euler, time")]
)
def test_a_solver_whose_errors_cancel_is_not_advised(order: float, advised: str):
    orders = tables()["solver_orders"]
    orders.loc[orders["solver"] == "Heun", "order"] = order
    of = found(solver_orders=orders)
    assert results.advised(of, families.SAMPLES, "sampler and grid") == [advised]
    rows = of[(of["goal"] == families.SAMPLES) & (of["choice"] == "sampler and grid")]
    assert rows.set_index("candidate").loc["lucky, log-SNR", "status"] == "unknown"


def test_what_leaving_chains_out_decides_is_said():
    of = tables()
    said = sentences.compared(of | {"equal_variants": None})
    # of the five kinds of tests in each data set, four are of two targets and one is by a far chain
    assert "6 tests of two" in said
    assert "leaves out 2 tests" in said
    assert ", 0 of them by solvers that draw noise" in said
    assert "the advice would be: no one of these" in said
    near = chains(far=0.5)
    said = sentences.compared(of | {"few_at_nine": near})
    assert "8 tests of two" in said
    assert ", 2 of them by solvers that draw noise" in said
    assert "leaves out 0 tests" in said


def test_a_changed_table_changes_the_advice():
    changed = totals(10.0)
    rings = (changed["dataset"] == "rings") & (changed["weighting"] == "bound")
    for column in ("sliced", "sliced_most"):
        changed.loc[rings & (changed["target"] == "eps"), column] *= 5
    of = found(equal_totals=changed)
    assert set(results.advised(of, families.SAMPLES, "target")) == {"v", "score"}
    assert set(results.advised(of, families.LIKELIHOOD, "target")) == {"eps", "v", "score"}
    assert set(results.advised(of, families.BOTH, "target")) == {"v", "score"}
    digits = tables()["digits_nelbo"]
    digits.loc[digits["target"] == "v", "bits_per_dim"] *= 2
    assert set(results.advised(found(digits_nelbo=digits), families.LIKELIHOOD, "target")) == {
        "eps",
        "score",
    }


@pytest.mark.parametrize(("second", "closest"), [(1.99, "b"), (2.01, "a")])
def test_the_closest_is_that_of_its_unit_whatever_other_units_have(second, closest):
    def one(unit: str, over: float, name: str, status: Status = WORSE) -> dict[str, object]:
        return {"goal": "likelihood", "choice": "target", "unit": unit} | {
            "candidate": name, "seen": "here", "over": over, "status": status
        }  # fmt: skip

    rows = [one("nats", 2.0, "a"), one("bits", 1.1, "c"), one("nats", second, "b")]
    of = results.told(pd.DataFrame([*rows, one("bits", 1.0, "d", USE)]), "likelihood", "target")
    assert dict(zip(of["unit"], of["candidate"], strict=True)) == {"nats": closest, "bits": "c"}


def test_as_many_families_are_read_together_as_each_goal_asks():
    asked = trust.together(found())
    # two data sets, and digits for likelihood alone
    assert {goal: asked[goal, "target"] for goal in ("likelihood", "samples", "both")} == {
        "likelihood": 3, "samples": 2, "both": 5
    }  # fmt: skip
    of = {"ours": 0.01, "naive": 0.5, "trials": 9, "together": {1: 0.01, 2: 0.02, 3: 0.03, 5: 0.05}}
    text = trust.alarms(of, 10, 5, asked)
    assert "2.0% for 2 (samples, target; samples, weighting); 3.0% for 3 (likelihood" in text
    assert "; 5.0% for 5 (both, target; both, weighting)" in text


def test_every_unit_has_a_row_of_its_own_with_its_name():
    table = results.advice(found())
    rows = table[(table["goal"] == families.LIKELIHOOD) & (table["choice"] == "target")]
    assert list(rows["unit"]) == ["times the excess in nats", "times the bits per pixel"]
    assert list(rows["over"]) == pytest.approx([10.0, 4 / 3])
    assert list(rows["use"] == results.AS_ABOVE) == [False, True]
    text = sentences.bullet(found(), families.LIKELIHOOD, "target")
    assert "The closest of each unit that is told to be worse: $x$ on Clusters, 10 (" in text
    assert ") times the bits per pixel." in text


def test_what_both_share_has_levels_and_the_best_mean_rank_comes_first():
    changed = totals(10.0)
    bad = (changed["target"] == "v") & (changed["weighting"] == "edm")
    for column in ("sliced", "sliced_most"):
        changed.loc[bad, column] *= 5
    good = (changed["target"] == "v") & (changed["weighting"] == "v-mse")
    for column in ("sliced", "sliced_most", "excess", "excess_most"):
        changed.loc[good, column] *= 0.99
    of = found(equal_totals=changed)
    rows = results.advice(of).drop_duplicates(["goal", "choice"])
    table = rows.set_index(["goal", "choice"])["use"]
    assert "EDM" in table[families.LIKELIHOOD, families.LEVELS]
    assert "EDM" not in table[families.BOTH, families.LEVELS]
    for goal in (families.SAMPLES, families.BOTH):
        assert results.advised(of, goal, "weighting")[0] == "v-mse"


def test_nothing_left_is_said_and_not_hidden():
    changed = totals(10.0)
    for name, target in (("clusters", "eps"), ("rings", "v"), ("rings", "score")):
        rows = (changed["dataset"] == name) & (changed["target"] == target)
        for column in ("sliced", "sliced_most"):
            changed.loc[rows, column] *= 5
    table = results.advice(found(equal_totals=changed)).set_index(["goal", "choice"])
    table = table[table["use"] != results.AS_ABOVE]
    assert table.loc[(families.SAMPLES, "target"), "use"] == results.NO_ONE


@pytest.mark.parametrize(
    ("value", "p", "first", "status"),
    [
        (4.0, 0.049, "v", WORSE),
        (4.0, 0.051, "v", USE),
        (4.0, np.nan, "v", USE),
        (0.25, 0.049, "eps", WORSE),
    ],
)
def test_few_steps_follow_the_paired_tests(value, p, first, status):
    tests = (
        tables()["equal_tests"].iloc[:1].assign(value=value, least=value / 2, most=value * 2, p=p)
    )
    (of,) = few.of_few(tests, few_tests(()), chains())
    assert of["candidate"].iloc[0] == first
    assert of["status"].iloc[1] == status
    assert tuple(of.loc[1, ["over", "over_least", "over_most"]]) == (4.0, 2.0, 8.0)


def test_few_steps_follow_the_paired_tests_by_chains_that_are_not_broken():
    blocks = few.of_few(tables()["equal_tests"].iloc[:0], few_tests(("rings",)), chains())
    of = pd.concat(blocks).set_index(["seen", "candidate"])
    assert list(of["over"]) == [1, 3, 1, 2, 1, 9]
    assert set(of["chapter"]) == {"26_few_steps"}
    eps, v = style.SYMBOLS["eps"], style.SYMBOLS["v"]
    assert of.loc[(f"Rings, {eps} and {v} by Heun, time", "eps"), "status"] == WORSE
    x_and_eps = of.loc[f"Rings, {eps} and {style.SYMBOLS['x']} by Euler, log-SNR"]
    assert list(x_and_eps.index) == ["eps", "x"]
    assert tuple(x_and_eps.loc["x", ["over", "over_least", "over_most"]]) == (2.0, 0.5, 10.0)
    assert set(x_and_eps["status"]) == {USE}
    assert (
        of.loc[(f"Rings, {v} and {style.SYMBOLS['x']} by Heun, 5 evaluations", "x"), "status"]
        == WORSE
    )


def test_a_test_by_another_solver_changes_the_advice_for_few_steps():
    assert results.advised(found(), families.FEW, "target") == ["v"]
    tests = few_tests()
    rows = tests["case"] == "Heun, time"
    turned = tests.assign(value=tests["value"].where(~rows, 0.3))
    assert results.advised(found(few_tests=turned), families.FEW, "target") == []
    assert f"with {'nine' if FEW == 9 else FEW} evaluations" in sentences.compared(tables())
    unbroken = chains(far=1.0)  # just inside
    assert results.advised(found(few_at_nine=unbroken), families.FEW, "target") == []
    assert few.broken(chains(("rings",))) == {("rings", "reverse SDE, time")}
    assert set(few.PAIRS) == {comparisons.AGAINST_V, comparisons.AGAINST_X, comparisons.BY_HEUN}


@pytest.mark.parametrize(
    ("off", "error", "expected"),
    [
        ({16: 0.011, 64: 0.0099}, 0.0, [WORSE, USE]),
        ({16: 0.0099, 64: 0.011}, 0.0, [WORSE, WORSE]),  # it comes back: luck
        ({16: 0.0199, 64: 0.0}, 0.01, [USE, USE]),
        ({16: 0.0201, 64: 0.0}, 0.01, [WORSE, USE]),
    ],
)
def test_enough_steps_just_inside_and_just_outside(off, error, expected):
    assert list(families.enough("samples", "a, b", off, error)["status"]) == expected


def test_steps_that_are_enough_stay_enough():
    assert families.first_within({32: 0.0, 128: 0.02, 512: 0.01}) == 512
    assert families.first_within({512: 0.01, 32: 0.01, 128: 0.01}) == 32
    assert math.isnan(families.first_within({32: 0.0, 128: 0.0, 512: 0.0101}))


def test_the_error_of_a_width_is_that_of_gaussian_samples_in_the_plane():
    of = families.widths(tables()["few_steps"], 16, 2_500).set_index("candidate")
    assert (of["error"] == 0.01).all()
    drawn = np.random.default_rng(0).standard_normal((2_000, 2_500, 2))
    assert np.sqrt((drawn**2).sum(2).mean(1) / 2).std() == pytest.approx(0.01, rel=0.06)


def test_what_is_not_judged_is_counted_apart():
    of = pd.DataFrame(
        [
            ("likelihood", "target", "rings", "use"),
            ("likelihood", "target", "rings", "worse"),
            ("likelihood", "target", "rings", "unknown"),
            ("few steps", "sampler and grid", "clusters", "unknown"),
        ],
        columns=["goal", "choice", "seen", "status"],
    )
    known = "2 candidates in 1 families were judged; 1 are told to be worse than another of their family."
    assert sentences.counted(of) == f"{known} Of 2 more the rule says nothing."
    assert sentences.counted(of[:2]) == known


def test_what_is_counted_is_said():
    off = {16: 0.011, 64: 0.011}
    assert families.enough("samples", "a, b", off)["candidate"].iloc[0] == "16 evaluations"
    assert families.enough("few steps", "a, b", off)["candidate"].iloc[1] == "64 steps"
    orders = tables()["solver_orders"].iloc[:1].assign(**{"512": 0.02})
    of = results.in_words(found(solver_orders=orders), "samples", "steps")
    # no number is enough, so no sampler is left, and none is counted
    assert "evaluations" not in of
    slow = tables()["solver_orders"].iloc[:1]
    of = results.in_words(found(solver_orders=slow), "samples", "steps")
    assert of == "512 evaluations (Euler, time)"


def test_levels_are_compared_by_examples_and_told_by_the_errors():
    sd = tables()["sampling_densities"]
    of = families.of_levels(sd, "likelihood", "bound", 8).set_index("candidate")
    assert of.loc[families.IN_TIME, "over"] == pytest.approx(9.0)
    assert of.loc[families.IN_TIME, "status"] == WORSE
    # the error of twice a logarithm: 2 * 0.01 of 6, and of 2
    freedom = rules.welch(*(np.array(v) for v in (0.02 / 6, 7.0, 0.01, 7.0)))
    reach = stats.t.ppf(0.975, freedom) * math.hypot(0.02 / 6, 0.01)
    assert of.loc[families.IN_TIME, "over_most"] == pytest.approx(9 * math.exp(reach))
    near = sd.assign(uniform_time=2.01)
    assert set(families.of_levels(near, "likelihood", "bound", 8)["status"]) == {USE}


@pytest.mark.parametrize(
    ("most", "seen"), [("15", []), ("16", [16]), ("63", [16]), ("64", [16, 64])]
)
def test_few_steps_are_no_more_than_targets_were_compared_at(most, seen):
    tests = tables()["equal_tests"].assign(case=["10", most] * 2)
    # of other questions the case is no number of steps
    other = tests.iloc[:1].assign(question="weightings", case="v-mse")
    tests = pd.concat([tests, other], ignore_index=True)
    of = found(equal_tests=tests)
    rows = of[(of["goal"] == families.FEW) & (of["choice"] == "steps")]
    assert [str(name) for name in rows["candidate"]] == [f"{n} steps" for n in seen]
    samplers = of[(of["goal"] == families.FEW) & (of["choice"] == "sampler and grid")]
    assert set(samplers["seen"]) == ({"Clusters, 16 steps"} if seen else set())
    # at worst over the counts that are seen: the lucky one comes back only where 64 steps are looked at
    if seen:
        lucky = samplers.set_index("candidate").loc["lucky, time", "value"]
        assert lucky == pytest.approx(0.5 if 64 in seen else 0.0)
    assert f"and {most} steps" in sentences.compared(tables() | {"equal_tests": tests})


@pytest.mark.parametrize(("width", "best"), [(0.9, "is not"), (0.9001, "is the best")])
def test_no_sampler_is_advised_by_the_width_of_exact_clusters_alone(width, best):
    few = pd.DataFrame(
        [["DDIM", "time", 16, width], ["ancestral", "log-SNR", 16, 1.1]],
        columns=["solver", "grid", "steps", "width"],
    )
    of = found(few_steps=few.assign(width=[width, 1.09995]))
    use = results.in_words(of, families.FEW, "sampler and grid")
    assert use.startswith("not known: ")
    assert best in use
    assert results.advised(of, families.FEW, "sampler and grid") == []
    assert results.told(of, families.FEW, "sampler and grid").empty
    assert results.in_words(of, families.FEW, "steps").startswith("not known: ")
    assert "advises by it neither" in sentences.measured(of)


@pytest.mark.parametrize(
    ("side", "words"), [(0.99, "not told to be worse"), (1.01, "told to be worse")]
)
def test_what_was_measured_by_width_is_told_just_inside_and_just_outside(side, words):
    edge = stats.norm.ppf(0.975) * math.sqrt(2 / 40_000)
    few = pd.DataFrame(
        [["DDIM", "time", 16, 1 - side * edge], ["ancestral", "log-SNR", 16, 1.0]],
        columns=["solver", "grid", "steps", "width"],
    )
    text = sentences.measured(found(few_steps=few))
    assert "least is ancestral, log-SNR, 0.0%" in text
    assert f", {words} by the rule" in text
    assert (
        "steps" not in sentences.measured(found(few_steps=few.assign(steps=51))).split("so few")[0]
    )


def test_targets_are_compared_by_the_sampler_that_is_said():
    solver, grid = families.COMPARED_WITH.split(", ")
    assert type(FEW_SOLVERS[solver]) is DDIM
    assert type(GRIDS[grid]) is UniformTime
    exact = clusters().denoiser(Cosine())
    generator = torch.Generator().manual_seed(0)
    ours = sample(
        exact, (8, 2), 10, generator, FEW_SOLVERS[solver], GRIDS[grid], log_snr=(-12.0, 12.0)
    )
    assert torch.allclose(samples.few(exact, 8, 10), ours.double())


# The page


def test_names_are_those_of_the_chapters_that_measured():
    assert style.WEIGHTINGS.keys() == objectives.WEIGHTINGS.keys()
    measured = {row.name for row in ROWS} & set(levels.MEASURED)
    assert set(families.OBJECTIVES.values()) == measured


def test_the_notebook_waits_for_what_it_reads_and_no_one_else():
    before = notebooks.after("24_what_to_use")
    assert {"19_equal_footing", "15_sampling_steps", "08_weightings", "06_small_images"} <= set(
        before
    )
    assert "99_verdicts" not in before


CHOSEN = ("eps", "bound", families.IN_LOG_SNR, "Heun, time", 128)
"""What `tables` advise, of each choice in the code of the page."""


def test_likelihoods_of_single_examples_are_told_with_the_worst():
    rows = [("clusters", 10, 0, 1e-4, 0.01), ("waves", 20, 2, 3e-4, 0.125)]
    columns = ["dataset", "points", "apart", "size", "largest"]
    said = sentences.single({"flow_likelihoods": pd.DataFrame(rows, columns=columns)})
    assert "0.0001 to 0.0003 nats in the mean size" in said
    assert "by 0.12 nats for the worst of 30 points; 2 near the ends" in said


def test_orders_of_means_say_how_many_seeds_they_have():
    variants = [("plain", "a < b", 2), ("fourfold", "b < a", 2), ("wide", "c", 5)]
    of = {
        "equal_variants": pd.DataFrame(variants, columns=["variant", "order", "seeds"]),
        "digits_by_budget": pd.DataFrame(columns=["objective", "steps", "target", "bits_per_dim"]),
    }
    assert "(2 seeds) the means are ordered a < b, and after four times the steps b < a" in (
        sentences.longer(of)
    )


def test_sentences_and_figure_follow_the_tables_of_every_profile():
    quick = results.evidence(tables(seeds=2, names=("clusters",)), samples=500, seeds=8)
    assert len(results.advice(quick)[["goal", "choice"]].drop_duplicates()) == 20
    for of, name in ((quick, "quick"), (found(), "standard")):
        figure = figures.candidates(of)
        assert len(figure.axes) == 4, name
        words = figures.candidates_shown(of, 5, 3)
        assert "(1 to 1, use)" in words["alt"]
    text = sentences.goal(found(), families.SAMPLES)
    assert text.count("- *") == 5
    assert "$x$ on Clusters, 10 (8" in text
    assert "not*" not in sentences.chosen(found(), *CHOSEN)
    for place, wrong in enumerate(("x", "x-mse", families.IN_TIME, "Euler, time", 32)):
        other = [*CHOSEN[:place], wrong, *CHOSEN[place + 1 :]]
        assert sentences.chosen(found(), *other).count("is *not*") >= 1, wrong
    assert "For samples alone" in sentences.both(found())


def test_every_chain_that_targets_are_compared_by_is_found_among_those_of_exact_denoisers():
    tested, at_nine = (
        pd.read_csv(RESULTS / f"{name}.csv") for name in ("few_tests", "few_at_nine")
    )
    pairs = tested[tested["question"].isin([comparisons.AGAINST_V, comparisons.AGAINST_X])]
    known = {(r.dataset, f"{r.solver}, {r.grid}") for r in at_nine.itertuples()}
    assert len(pairs) > 30
    assert set(zip(pairs["dataset"], pairs["case"], strict=True)) <= known
    assert set(at_nine["solver"]) <= set(SOLVERS)


def own_error(value: float = 2.0, p: float = 0.01, case: str = "eps") -> pd.DataFrame:
    rows = [
        ["rings", "own error", case, c, value, 1.5, 3.0, p, "holds"] for c in ("excess", "sliced")
    ]
    return pd.DataFrame(rows, columns=list(tables()["equal_tests"].columns))


@pytest.mark.parametrize(
    ("changed", "weightings", "warned"),
    [
        ({}, ["eps-mse"], True),
        ({"p": 0.049}, ["bound", "eps-mse"], True),
        ({"p": 0.051}, ["eps-mse"], False),
        ({"value": 0.5}, ["eps-mse"], False),
        ({"case": "score"}, ["eps-mse"], False),
        ({}, ["bound"], False),
    ],
)
def test_pairs_that_are_told_to_be_worse_are_named(changed, weightings, warned, monkeypatch):
    kept = {families.TARGET: ["eps"], families.WEIGHTING: weightings}
    monkeypatch.setattr(trust, "advised", lambda found, goal, choice: kept[choice])
    said = trust.pairs({"equal_tests": own_error(**changed)}, pd.DataFrame())
    assert ("do not combine" in said) == warned
    assert ("tells none to be worse" in said) == (not warned)
    if warned:
        pair = f"{style.SYMBOLS['eps']} with {style.WEIGHTINGS['eps-mse']}"
        assert (
            f"{pair}, advised for *likelihood*: Rings, 2 (1.5 to 3) times the excess in nats."
            in said
        )
        assert said.count("times the excess") == said.count(r"times the sliced") == 2


def test_no_pair_is_named_whose_target_is_not_advised(monkeypatch):
    monkeypatch.setattr(trust, "advised", lambda found, goal, choice: ["v", "eps-mse"])
    assert "tells none" in trust.pairs({"equal_tests": own_error()}, pd.DataFrame())
