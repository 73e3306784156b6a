"""The rules of the data sets' claims at their thresholds, and words that follow the tables."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_ind

from companion import study
from companion.chapters.data_sets import captions, claims, figures, results, sentences
from companion.evidence.claims import Verdict

HOLDS, FAILS, UNDECIDED = Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED
RNG = np.random.default_rng(1)


@pytest.mark.parametrize(
    ("gap", "reach", "verdict"),
    [
        (0.13, 0.02, HOLDS),
        (-0.13, 0.02, HOLDS),
        (0.13, 0.04, UNDECIDED),
        (0.08, 0.03, UNDECIDED),
        (-0.08, 0.01, FAILS),
        (0.0, 0.09, FAILS),
    ],
)
def test_a_difference_counts_when_all_of_its_interval_does(gap, reach, verdict):
    assert claims.exceeds_least(gap, reach, 0.1) is verdict


@pytest.mark.parametrize(
    ("verdicts", "verdict"),
    [
        ([FAILS, HOLDS, UNDECIDED], HOLDS),
        ([FAILS, UNDECIDED], UNDECIDED),
        ([FAILS, FAILS], FAILS),
    ],
)
def test_data_sets_differ_if_they_do_in_a_range(verdicts, verdict):
    assert claims.any_of(verdicts) is verdict


def exact_bars(error=0.0, **first):
    """Bars of the joint density: of the named data sets in the first range, else 0.01."""
    return pd.DataFrame(
        {
            "dataset": name,
            "measure": measure,
            "range": k,
            "draw": -1,
            "bar": first.get(name, 0.01) if k == 0 else 0.01,
            "error": error,
        }
        for name in study.DATASETS
        for measure in ("joint", "hellinger")
        for k in range(3)
    )


@pytest.mark.parametrize(
    ("bar", "error", "verdict"),
    [
        (0.0111, 0.0, HOLDS),
        (0.0109, 0.0, FAILS),
        (0.0089, 0.0, HOLDS),
        (0.0115, 0.0001, HOLDS),
        (0.0115, 0.0004, UNDECIDED),
    ],
)
def test_exact_bars_are_judged_at_a_tenth_of_an_even_pace(bar, error, verdict):
    pairs = claims.exact_pairs(exact_bars(error, rings=bar)).set_index(["first", "second"])
    assert pairs.loc[("clusters", "rings"), "verdict"] is verdict
    assert pairs.loc[("rings", "waves"), "verdict"] is verdict
    if error == 0:
        assert pairs.loc[("clusters", "waves"), "verdict"] is FAILS
    assert pairs.loc[("rings", "waves"), "gap"] == pytest.approx(bar - 0.01)


def drawn_bars(measure, shift, spread=1e-5):
    rows = [
        (
            name,
            measure,
            k,
            draw,
            0.02 + shift * (name == "waves" and k == 1) + spread * RNG.normal(),
            0,
        )
        for name in study.DATASETS
        for k in range(3)
        for draw in range(6)
    ]
    return pd.DataFrame(rows, columns=["dataset", "measure", "range", "draw", "bar", "error"])


@pytest.mark.parametrize(
    ("measure", "shift", "verdict"),
    [
        ("hellinger", 0.0012, HOLDS),
        ("hellinger", 0.0008, FAILS),
        ("w1", -0.0012, HOLDS),
        ("sliced", 0.0012, FAILS),
        ("sliced", 0.012, HOLDS),
        ("sliced", 0.008, FAILS),
    ],
)
def test_the_studys_bars_are_judged_on_their_own_scale(measure, shift, verdict):
    pairs = claims.published_pairs(drawn_bars(measure, shift), measure)
    found = pairs.set_index(["first", "second"])["verdict"]
    assert found["rings", "waves"] is verdict
    assert found["clusters", "rings"] is FAILS


def test_the_interval_of_drawn_bars_is_welchs_for_all_of_them():
    bars = drawn_bars("w1", 0.003, spread=1e-3)
    row = claims.published_pairs(bars, "w1").set_index(["first", "second"]).loc[("rings", "waves")]
    assert row["range"] == 1
    one, other = (
        bars[(bars["dataset"] == name) & (bars["range"] == 1)]["bar"] for name in ("rings", "waves")
    )
    interval = ttest_ind(one, other, equal_var=False).confidence_interval(1 - 0.05 / (6 * 3))
    assert row["gap"] - row["reach"] == pytest.approx(interval.low)
    assert row["gap"] + row["reach"] == pytest.approx(interval.high)


def known(**entropies):
    values = dict.fromkeys(study.DATASETS, 1.0) | entropies
    return pd.DataFrame({"dataset": list(values), "entropy": list(values.values()), "error": 1e-3})


@pytest.mark.parametrize(
    ("waves", "verdict"),
    [(1.104, HOLDS), (1.101, UNDECIDED), (1.096, FAILS), (0.896, HOLDS)],
)
def test_entropies_differ_by_a_tenth_of_a_nat(waves, verdict):
    decision = claims.by_entropy({"data_sets": known(waves=waves)})
    assert decision.cases[2] is decision.cases[4] is decision.cases[5] is verdict
    assert decision.cases[0] is decision.cases[1] is decision.cases[3] is FAILS


@pytest.mark.parametrize(
    ("entropy", "estimates", "verdict"),
    [
        (1.2, (1.5, 1.4), HOLDS),
        (1.2, (0.9, 0.8), FAILS),
        (1.2, (1.5, 0.95), UNDECIDED),
        (1.05, (1.5, 1.4), UNDECIDED),
        (0.8, (0.5, 0.6), HOLDS),
        (0.8, (1.5, 1.6), FAILS),
    ],
)
def test_the_order_of_entropies_is_that_of_every_draw(entropy, estimates, verdict):
    rows = [(name, 5, 1.0) for name in study.DATASETS[:3]] * 2
    rows += [("waves", 5, value) for value in estimates]
    rows += [(name, 50, 100.0 if name == "rings" else 0.0) for name in study.DATASETS]
    table = pd.DataFrame(rows, columns=["dataset", "components", "estimate"])
    tables = {"data_sets": known(waves=entropy), "entropy_estimates": table}
    assert claims.order_of_entropies(tables).cases[4] is verdict  # rings and waves


def test_claims_are_nobodys_and_say_how_they_are_decided():
    assert {claim.stated for claim in claims.CLAIMS} == {claims.NOBODY}
    assert claims.NOBODY.startswith("nobody: ")
    rules = {claim.name: claim.threshold for claim in claims.CLAIMS}
    assert "by more than 0.01, a tenth" in rules["corruption-rates-sliced"]
    assert "compared at first" in rules["corruption-rates-sliced"]
    assert "by more than 0.001, a tenth" in rules["corruption-rates"]
    assert "compared at first" not in rules["corruption-rates-w1"]


@pytest.mark.parametrize(
    ("joint", "pooled", "words"),
    [
        (
            (1, 2, 3, 4),
            (4, 3, 2, 1),
            "the waves change from the fastest to the slowest, the clusters",
        ),
        ((1, 2, 3, 4), (1, 2, 3, 4), "the waves are the fastest in both"),
        ((1, 2, 3, 4), (2, 4, 3, 1), "the fastest are the waves, and the rings"),
    ],
)
def test_who_is_fastest_first_is_read_from_the_bars(joint, pooled, words):
    bars = exact_bars(**dict(zip(study.DATASETS, joint, strict=True)))
    own = exact_bars(**dict(zip(study.DATASETS, pooled, strict=True)))
    both = pd.concat([bars[bars["measure"] == "joint"], own[own["measure"] == "hellinger"]])
    assert words in sentences.first_range(both)
    if pooled == (2, 4, 3, 1):
        rising = "waves 1.0000, clusters 2.0000, swiss roll 3.0000, rings 4.0000"
        assert f"of the pooled coordinates {rising}: " in sentences.first_range(both)
    assert sentences.first_range(both).index("clusters 1.0") < sentences.first_range(both).index(
        "waves 4.0"
    )


def test_how_many_pairs_are_told_apart_and_what_it_takes():
    bars = pd.concat(
        [
            exact_bars(0.0001, rings=0.03).query("measure == 'joint'"),
            drawn_bars("hellinger", 0.02),
            drawn_bars("w1", 0.0),
            drawn_bars("sliced", 0.0, spread=0.05),
        ]
    )
    words = sentences.told_apart(bars)
    assert "Of 6 pairs, " in words
    # two standard errors of a difference of two bars, each of 0.0001, above 0.001
    joint = "exact: 3 told apart, 3 not apart (a difference of 0.0013 is typically needed)"
    assert joint in words
    assert "pooled Hellinger (the study's): 3 told apart, 3 not apart" in words
    assert "pooled Wasserstein-1 (the study's): 6 not apart" in words
    assert "sliced Wasserstein-2 (the study's): 6 undecided" in words


def test_what_histograms_do_is_read_from_both_tables():
    numbers = [0, 9, 10, 19]
    exactly = pd.DataFrame(
        {"dataset": name, "number": n, "t": n / 99, "hellinger": 0.5 - 0.02 * n}
        for name in study.DATASETS
        for n in numbers
    )
    samples = pd.DataFrame(
        {
            "dataset": name,
            "measure": "hellinger",
            "number": n,
            "distance": 0.4,
            "outside": 0.07,
            "floor": 0.31,
        }
        for name in study.DATASETS
        for n in numbers
    )
    words = sentences.histograms(exactly, samples)
    assert "clusters 0.400 for 0.500 (7.0% of the Gaussian" in words
    assert "two samples of noise are 0.310 apart, and from $t = 0.1$ on" in words


def test_shares_and_errors_are_worked_out():
    distances = pd.DataFrame(
        {"dataset": name, "number": 0, "divergence": 2.0, "between": 0.5 * k}
        for k, name in enumerate(study.DATASETS)
    )
    assert "clusters 0.0%, rings 25.0%, swiss roll 50.0%, waves 75.0%" in sentences.unseen(
        distances
    )
    table = known(waves=1.3, rings=1.2).assign(neighbours=lambda each: each["entropy"] - 0.02)
    words = sentences.entropies_agree(table)
    assert "differ by 0.020 to 0.020" in words
    assert words.index("rings 1.2") < words.index("waves 1.3")
    rows = [
        (name, components, 1.0 + gap, gap, gap / 2, gap / 4, gap / 4)
        for components, factor in ((5, 1), (50, 0.1))
        for name, gap in zip(study.DATASETS, factor * np.array([-0.1, 0.2, 0.4, -0.8]), strict=True)
    ]
    columns = ["dataset", "components", "estimate", "error", "fit", "box", "spacing"]
    words = sentences.entropy_errors(table, pd.DataFrame(rows, columns=columns))
    assert (
        "With 5 Gaussians the mean error is -0.800 to +0.400 nats, largest for the waves (fit -0.400"
        in words
    )
    assert "With 50 Gaussians the mean error is -0.080 to +0.040" in words


def test_where_the_structure_goes_is_read_from_the_rates():
    rates = pd.DataFrame(
        {
            "dataset": name,
            "log_snr": level,
            "t": t,
            "structure": 0.1 * k + peak,
            "in_time": peak / t**2,
        }
        for k, name in enumerate(study.DATASETS)
        for level, t, peak in (
            (-2.0, 0.8, 0.01),
            (0.0, 0.5, 0.03),
            (2.0, 0.2, 0.5),
            (4.0, 0.1, 0.2),
        )
    )
    words = sentences.where_structure_goes(rates)
    assert "rings 0.6 nats at a log-SNR of 2 ($t = 0.2$; from $t = 0.5$ on at most 0.13)" in words
    alt = captions.rates(rates, results.QUICK)["alt"]
    assert "Rings 0.60 at log-SNR 2, 20 at time 0.1" in alt


def test_the_marks_of_distributions_are_over_the_bars_of_their_data_set():
    own = pd.concat([drawn_bars(m, 0.0) for m in ("hellinger", "w1", "sliced")])
    exactly = [exact_bars(rings=0.03).assign(measure=m) for m in figures.BAR_TITLES]
    figure = figures.bars(
        pd.concat([own, *(e.drop_duplicates(["dataset", "range"]) for e in exactly)])
    )
    axis = figure.axes[0]
    rings = axis.collections[1].get_segments()[0]  # the first range
    left = min(patch.get_x() for patch in axis.containers[1].patches)
    assert rings[0][0] == pytest.approx(left)
    assert rings[0][1] == pytest.approx(0.03)
    assert figures.nats(0.0004) == "< 0.001"
    assert figures.nats(0.0344) == "0.0344"
