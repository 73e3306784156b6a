"""Equal footing: rules just inside and outside, tests against SciPy, and the words that follow."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from companion.chapters.equal_footing import (
    answers,
    claims,
    comparisons,
    mechanism,
    sentences,
    two_axes,
    variants,
)
from companion.chapters.equal_footing.comparisons import EIGHT, Cell
from companion.chapters.equal_footing.grid import EQUALISED, OTHERS, PLAIN, QUARTER, SKIP
from companion.chapters.equal_footing.objectives import TARGETS
from companion.evidence import paired
from companion.evidence.claims import Decision, Verdict
from companion.runs.plane import BOUND, OWN_OF

H, F, U = Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED
NOISE = np.array([-1.0, 0.2, 0.9, -0.1, 0.3])
NOISE = NOISE - NOISE.mean()
QUIET = np.array([0.01, -0.01, 0.0, 0.02, -0.02])
BY_NAME = {claim.name: claim for claim in claims.CLAIMS}


def frame_of(cells: dict[Cell, np.ndarray], column: str = "excess") -> pd.DataFrame:
    rows = [
        ("clusters", *cell, seed, math.exp(log))
        for cell, logs in cells.items()
        for seed, log in enumerate(logs)
    ]
    columns = ["dataset", "target", "weighting", "variant", "seed", column]
    return pd.DataFrame(rows, columns=columns)


def edge(cases: int, values: np.ndarray = NOISE) -> float:
    n = len(values)
    return float(stats.t.ppf(1 - 0.05 / 2 / cases, n - 1) * values.std(ddof=1) / math.sqrt(n))


# --- paired tests


@pytest.mark.parametrize(("sign", "verdict"), [(1, H), (-1, F)])
def test_a_factor_is_told_by_a_paired_t_test_at_holms_level(sign: int, verdict: Verdict) -> None:
    """One case at its edge among six that are far from significant: its level is a seventh of 5 %."""
    for share, wanted in ((1.001, verdict), (0.999, U)):
        cells = dict.fromkeys(EIGHT[1:], NOISE[::-1]) | {EIGHT[0]: np.zeros(5)}
        cells[EIGHT[3]] = NOISE + sign * share * edge(7)
        table = comparisons.of_pairs(
            "q", frame_of(cells).sample(frac=1, random_state=1), comparisons.BEST, "excess"
        ).set_index("case")
        row = table.loc[f"{EIGHT[3].target}/{EIGHT[3].weighting}"]
        assert row["verdict"] is wanted
        assert row["value"] == pytest.approx(math.exp(sign * share * edge(7)))
        assert row["most"] / row["value"] == pytest.approx(math.exp(edge(1)))
        assert row["p"] == pytest.approx(min(1, 7 * stats.ttest_1samp(cells[EIGHT[3]], 0).pvalue))
        assert (table.drop(row.name)["verdict"] == U).all()


def test_a_weighting_that_was_not_trained_is_no_case() -> None:
    cells = {Cell("v", w): QUIET for w in (BOUND, "edm")}
    table = comparisons.of_pairs("q", frame_of(cells), comparisons.OTHER_WEIGHTS, "excess")
    assert list(table["case"]) == ["edm"]


def test_convergence_compares_what_is_left_after_a_quarter() -> None:
    cells = {}
    for target in TARGETS:
        for weighting, left in ((BOUND, 2.0), (OWN_OF[target], 0.5)):
            end = np.array([3.0, 1.0, 2.0, 5.0, 4.0])  # where they end does not matter
            cells[Cell(target, weighting)] = end * (1 if weighting == BOUND else 2)
            cells[Cell(target, weighting, QUARTER)] = cells[Cell(target, weighting)] + left + QUIET
    table = comparisons.convergence(frame_of(cells))
    assert table["value"].to_numpy() == pytest.approx([math.exp(-1.5)] * 4)
    table["verdict"] = [F, F, H, U]
    cases = BY_NAME["own-error-converges-faster"].decide({"equal_tests": table}).cases
    assert cases == [H, H, F, U]


def test_samples_are_compared_with_those_of_v_under_the_same_objective() -> None:
    cells = {}
    for i, target in enumerate(TARGETS):
        cells[Cell(target, BOUND)] = i + QUIET
        cells[Cell(target, OWN_OF[target])] = -2 * i + QUIET[::-1]
    table = comparisons.in_samples(frame_of(cells, "covariance")).set_index("case")
    for i, target in enumerate(TARGETS):
        if target != "v":
            assert table.loc[f"{target}/bound", "value"] == pytest.approx(math.exp(i - 2))
            assert table.loc[f"{target}/own", "value"] == pytest.approx(math.exp(-2 * i + 4))


def test_few_steps_put_eps_over_v() -> None:
    cells = {Cell("v", BOUND): QUIET, Cell("eps", BOUND): 1 + NOISE / 10}
    frames = [frame_of(cells, "sliced").assign(steps=n) for n in (10, 50)]
    after = pd.concat(frames)
    after["off"] = 0.25 * (after["target"] == "eps") + after["steps"] / 100
    table = comparisons.few_steps(after)
    assert list(table["case"]) == ["10", "50"]
    assert table["value"].to_numpy() == pytest.approx([math.e] * 2)
    words = answers.few_steps(table, after)
    assert "2.7 after 10, 2.7 after 50 steps" in words
    assert r"Clusters, $v$ 10% after 10, 50% after 50; Clusters, $\epsilon$ 35% after 10" in words


def test_the_power_is_that_of_the_pooled_spread() -> None:
    from companion.evidence.intervals import smallest_seen

    cells = {EIGHT[0]: np.zeros(5)} | dict.fromkeys(EIGHT[1:], NOISE)
    found = comparisons.power(frame_of(cells), comparisons.BEST)
    assert found == pytest.approx(math.exp(smallest_seen(NOISE.std(ddof=1), 5, 7)))


# --- two axes


def both_of(excess: dict[Cell, np.ndarray], sliced: dict[Cell, np.ndarray]) -> pd.DataFrame:
    frame = frame_of(excess)
    return frame.merge(frame_of(sliced, "sliced"))


def test_ranks_are_spearmans_seed_by_seed() -> None:
    drawn = np.random.default_rng(0)
    logs = {axis: {cell: drawn.normal(size=5) for cell in EIGHT} for axis in (0, 1)}
    table = two_axes.ranks(both_of(logs[0], logs[1])).set_index(["objectives", "seed"])
    for seed in range(5):
        ranked = [stats.rankdata([logs[axis][c][seed] for c in EIGHT]) for axis in (0, 1)]
        wanted = np.corrcoef(*ranked)[0, 1]
        assert table.loc[("eight", seed), "correlation"] == pytest.approx(wanted)


def test_pairs_are_ordered_alike_oppositely_or_not_told() -> None:
    x, v, eps = Cell("x", BOUND), Cell("v", BOUND), Cell("eps", BOUND)
    excess = {x: 0 + QUIET, v: 2 + QUIET[::-1], eps: 4 - QUIET}
    sliced = {x: 1 - QUIET, v: QUIET, eps: 1 + NOISE * 9}
    table = two_axes.orders(both_of(excess, sliced))
    found = table[table["objectives"] == "eight"].set_index(["first", "second"])
    assert found.loc[("x/bound", "v/bound"), "order"] == "opposite"
    assert found.loc[("x/bound", "v/bound"), "excess"] == pytest.approx(math.exp(2))
    assert found.loc[("x/bound", "v/bound"), "sliced"] == pytest.approx(math.exp(-1))
    assert found.loc[("x/bound", "eps/bound"), "order"] == "open"
    turned = two_axes.orders(both_of({x: excess[v], v: excess[x], eps: excess[eps]}, sliced))
    row = turned[turned["objectives"] == "eight"].set_index(["first", "second"])
    assert row.loc[("v/bound", "x/bound"), "order"] == "alike"
    assert row.loc[("v/bound", "x/bound"), "sliced"] == pytest.approx(math.e)
    sliced[v] = sliced[v] + 7
    table = two_axes.orders(both_of(excess, sliced))
    eight = table[table["objectives"] == "eight"].set_index(["first", "second"])
    assert eight.loc[("x/bound", "v/bound"), "order"] == "alike"
    assert "Clusters, $x$ bound against $v$ bound" in sentences.opposite(found.reset_index())


@pytest.mark.parametrize(("centre", "verdict"), [(-1.01, H), (-0.99, U), (0.99, U), (1.01, F)])
def test_decoupled_is_a_correlation_below_a_half(centre: float, verdict: Verdict) -> None:
    values = 0.5 + centre * edge(1) + NOISE
    table = pd.DataFrame({"dataset": "rings", "objectives": "v", "correlation": values})
    assert BY_NAME["likelihood-and-samples-decoupled"].decide({"equal_ranks": table}).cases == [
        verdict
    ]


@pytest.mark.parametrize(
    ("alike", "opposite", "verdict"), [(5, 1, H), (5, 0, F), (4, 0, U), (0, 1, H), (0, 0, U)]
)
def test_opposite_pairs_decide(alike: int, opposite: int, verdict: Verdict) -> None:
    order = ["alike"] * alike + ["opposite"] * opposite
    order += ["open"] * (10 - len(order))
    table = pd.DataFrame({"dataset": "rings", "objectives": "v", "order": order})
    assert BY_NAME["better-bound-worse-samples"].decide({"equal_orders": table}).cases == [verdict]


@pytest.mark.parametrize(
    ("excess", "sliced", "verdict"),
    [
        ([H, H], [F, H], H),
        ([F, H], [F, H], F),  # the better samples have the better bound as well
        ([U, H], [F, U], U),
        ([H, H], [H, H], F),
        ([U, U], [F, F], U),
    ],
)
def test_another_weighting_has_better_samples(
    excess: list[Verdict], sliced: list[Verdict], verdict: Verdict
) -> None:
    rows = [
        ("rings", "weightings", case, column, 1.0, 1.0, 1.0, 0.5, told)
        for column, all_told in (("excess", excess), ("sliced", sliced))
        for case, told in zip(("edm", "p2"), all_told, strict=True)
    ]
    table = pd.DataFrame(rows, columns=paired.TESTED)
    decision = BY_NAME["other-weighting-better-samples"].decide({"equal_tests": table})
    assert decision.cases == [verdict]


# --- mechanism


def test_spreads_are_standard_deviations_over_targets() -> None:
    logs = {"x": 3.0, "eps": 1.0, "v": 0.5, "score": 1.5}
    cells = {Cell(t, BOUND): value + NOISE for t, value in logs.items()}
    cells |= {Cell(t, BOUND, EQUALISED): value / 4 - NOISE for t, value in logs.items()}
    cells |= {
        Cell(t, BOUND, SKIP): (value / 2 - NOISE)[:3] for t, value in logs.items() if t != "v"
    }
    networks = mechanism.with_own_residual(frame_of(cells))
    size = np.std(list(logs.values()), ddof=1)
    table = mechanism.spreads(networks, EQUALISED)
    assert table["plain"].to_numpy() == pytest.approx([size] * 5)
    assert table["changed"].to_numpy() == pytest.approx([size / 4] * 5)
    skipped = mechanism.spreads(networks, SKIP)
    assert list(skipped["seed"]) == [0, 1, 2]
    wanted = [
        np.std(
            [logs["x"] / 2 - n, logs["eps"] / 2 - n, logs["score"] / 2 - n, logs["v"] + n], ddof=1
        )
        for n in NOISE[:3]
    ]
    assert skipped["changed"].to_numpy() == pytest.approx(wanted)
    assert "Clusters 0.25 (0.25 to 0.25)" in sentences.left(table, "so")


@pytest.mark.parametrize(
    ("name", "variant", "limit"),
    [
        ("equalised-levels-shrink-differences", EQUALISED, 1.0),
        ("equalised-levels-explain-most", EQUALISED, 0.5),
        ("best-linear-start-explains-most", SKIP, 0.5),
    ],
)
def test_what_is_left_of_a_spread_decides(name: str, variant: str, limit: float) -> None:
    for centre, verdict in ((-1.01, H), (-0.99, U), (0.99, U), (1.01, F)):
        changed = limit * np.exp(centre * edge(1) + NOISE)
        right = pd.DataFrame(
            {"dataset": "rings", "variant": variant, "plain": 1.0, "changed": changed}
        )
        wrong = right.assign(variant="another", changed=1 / changed)
        tables = {"equal_spreads": pd.concat([wrong, right])}
        assert BY_NAME[name].decide(tables).cases == [verdict]


def test_concordance_counts_pairs_of_targets() -> None:
    ratios = pd.DataFrame(
        {
            "dataset": "rings",
            "target": list(TARGETS),
            "seed": 0,
            "moment": "first",
            "ratio": [1.0, 2, 3, 4],
        }
    )
    networks = ratios.drop(columns=["ratio", "moment"]).assign(excess=[9.0, 7, 5, 1])
    assert mechanism.concordance(ratios, networks)["share"].item() == 1
    assert (
        mechanism.concordance(ratios, networks.assign(excess=[1.0, 5, 7, 9]))["share"].item() == 0
    )
    swapped = networks.assign(excess=[9.0, 7, 1, 5])
    assert mechanism.concordance(ratios, swapped)["share"].item() == pytest.approx(5 / 6)
    missing = ratios.assign(ratio=[1.0, 2, 3, math.nan])
    assert mechanism.concordance(missing, swapped)["share"].item() == 1
    both = pd.concat([ratios.assign(log_snr=1.0), ratios.assign(log_snr=3.0)])
    levels = pd.concat([networks.assign(log_snr=1.0), swapped.assign(log_snr=3.0)])
    assert mechanism.concordance(both, levels)["share"].item() == pytest.approx(11 / 12)


@pytest.mark.parametrize(("centre", "verdict"), [(1.01, H), (0.99, U), (-0.99, U), (-1.01, F)])
def test_gradients_explain_an_order_in_two_of_three_pairs(centre: float, verdict: Verdict) -> None:
    values = 2 / 3 + centre * edge(1) + NOISE
    table = pd.DataFrame({"dataset": "rings", "moment": "first", "share": values})
    assert BY_NAME["gradients-explain-order"].decide({"equal_concordance": table}).cases == [
        verdict
    ]


# --- words


def test_neighbours_are_about_equal_where_their_interval_contains_one() -> None:
    x, v, eps = Cell("x", BOUND), Cell("v", BOUND), Cell("eps", BOUND)
    for share, sign in ((1.01, "<"), (0.99, r"\approx")):
        cells = {x: 9 + QUIET, v: np.zeros(5), eps: NOISE + share * edge(2)}
        words = sentences.order(frame_of(cells), [x, v, eps])
        first, second = words.split(r"$\epsilon$")
        assert sign in first
        assert "< $x$ bound" in second


def test_answers_name_every_case_once() -> None:
    rows = [
        ("rings", *key, case, 2.0, 1.0, 3.0, 0.01, verdict)
        for key in answers.QUESTIONS
        for case, verdict in (("x", H), ("v", F), ("score", U))
    ]
    order = ["dataset", "question", "column", "case", *paired.TESTED[4:]]
    words = answers.answers(pd.DataFrame(rows, columns=order))
    assert words.count("Rings.") == len(answers.QUESTIONS)
    assert "More under the own error: $x$ 2; less: $v$ 2; not told: $s$ 2." in words


def test_variants_are_counted() -> None:
    rows = []
    for variant, order in (
        (PLAIN, (4, 1, 2, 3)),
        ("wide", (8, 1, 2, 3)),
        ("raw-time", (1, 4, 2, 3)),
    ):
        rows += [
            ("clusters", t, BOUND, variant, 0, float(e))
            for t, e in zip(TARGETS, order, strict=True)
        ]
    columns = ["dataset", "target", "weighting", "variant", "seed", "excess"]
    frame = pd.DataFrame(rows, columns=columns)
    keys = list(frame[columns[:5]].itertuples(index=False, name=None))
    table = variants.in_variants(frame, keys)
    assert list(table["x_over_best"]) == pytest.approx([4.0, 8.0, 1.0])
    words = variants.words(table)
    assert set(variants.TITLES) == {PLAIN, *OTHERS}
    assert "so they are when changed by: twice the width." in words
    assert r"first is $\epsilon$ in 2 of 3, $x$ in 1 of 3" in words
    assert "1 to 8 times" in words


def test_every_claim_reads_what_the_chapter_saves() -> None:
    assert len(BY_NAME) == len(claims.CLAIMS)
    turned = claims.turned(Decision("", [H, F, U]))
    assert turned.cases == [F, H, U]
    for claim in claims.CLAIMS:
        assert "fixed before networks of this chapter were measured" in claim.threshold
        assert "clusters, rings; in the profile paper:" in claim.statement


def test_verdicts_list_every_claim_with_its_label(monkeypatch: pytest.MonkeyPatch) -> None:
    some = claims.CLAIMS[4], claims.CLAIMS[5]
    monkeypatch.setattr(claims, "CLAIMS", some)
    ranks = pd.DataFrame({"dataset": "rings", "objectives": "v", "correlation": 0.9 + NOISE / 100})
    pairs = pd.DataFrame({"dataset": "rings", "objectives": "v", "order": ["opposite", "open"]})
    words = claims.verdicts({"equal_ranks": ranks, "equal_orders": pairs}).splitlines()
    assert words[0].endswith("less than a half. *does not hold*.")
    assert words[1].endswith("draws worse samples. *holds*.")


def test_floors_units_and_thin_samples_are_read_from_the_table() -> None:
    table = pd.DataFrame(
        {
            "dataset": "rings",
            "target": ["x", "v", "eps"],
            "weighting": [BOUND, "v-mse", BOUND],
            "excess": [1.0, 2.0, 3.0],
            "inside": [1.0, 3.0, 2.0],
            "sliced": [0.3, 0.2, 0.1],
            "density": [0.25, -1.0, -2.0],
        }
    )
    limits = pd.DataFrame({"dataset": ["rings"], "sliced": [0.15]})
    assert "Rings 2 of 3 (floor 0.15)" in sentences.floors(table, limits)
    words = sentences.units(table)
    assert "33% of all pairs of means change order from excess to excess inside" in words
    assert "100% from excess to samples" in words
    assert r"least by excess $x$ bound, inside $x$ bound, by samples $\epsilon$ bound" in words
    assert sentences.thin(table).endswith("Rings, $x$ bound by 0.25 nats.")
    assert "Of no objective" in sentences.thin(table.assign(density=-1.0))
