"""Exchanged guards: both rules just inside and outside, factors against SciPy, and the words that follow."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from companion.chapters.exchanged_guards import claims, pairs, results, sentences
from companion.chapters.exchanged_guards.grid import NONE, TARGETS
from companion.evidence.claims import Verdict

NOISE = np.array([-1.0, 0.2, 0.9, -0.1])
QUIET = np.array([0.01, -0.01, 0.0, 0.02])
BY_NAME = {claim.name: claim for claim in claims.CLAIMS}


def networks_of(cells: dict[tuple[str, str], np.ndarray], inside: float = 0.5) -> pd.DataFrame:
    rows = [
        ("clusters", target, weight, seed, value, inside * value, value)
        for (target, weight), values in cells.items()
        for seed, value in enumerate(values)
    ]
    return pd.DataFrame(rows, columns=[*results.MODEL, "excess", "inside", "seen"])


def level(value: float, sign: int = 1) -> dict[tuple[str, str], np.ndarray]:
    return {(t, w): value + sign * QUIET for t in TARGETS for w in (NONE, t)}


def cases(name: str, networks: pd.DataFrame, fresh: pd.DataFrame) -> list[Verdict]:
    claim = BY_NAME[name]
    tables = {"exchanged_networks": networks, "exchanged_fresh": fresh}
    return list(claim.decide({table: tables[table] for table in claim.tables}).cases)


@pytest.mark.parametrize(
    ("question", "count"), [("x best without guards", 3), ("own guard costs", 4)]
)
def test_the_rule_in_nats_is_a_paired_t_test(question: str, count: int) -> None:
    edge = stats.t.ppf(1 - 0.05 / 2 / count, 3) * NOISE.std(ddof=1) / 2
    second = claims.QUESTIONS[question]["v"][1]
    first = claims.QUESTIONS[question]["v"][0]
    for centre, verdict in (
        (edge * 1.001, Verdict.HOLDS),
        (edge * 0.999, Verdict.UNDECIDED),
        (-edge * 1.001, Verdict.FAILS),
    ):
        cells = level(100.0) | {first: np.full(4, 100.0)}
        cells[second] = 100.0 + NOISE - NOISE.mean() + centre
        rows = claims.by_nats(networks_of(cells), question).set_index("case")
        assert rows.loc["v", "verdict"] is verdict
        assert rows.loc["v", "value"] == pytest.approx(centre)
        assert rows.loc["v", "most"] - rows.loc["v", "value"] == pytest.approx(edge)
        assert rows.loc["v", "value"] - rows.loc["v", "least"] == pytest.approx(edge)
        p = stats.ttest_rel(cells[second], cells[first]).pvalue * count
        assert (p < 0.05) == (verdict is not Verdict.UNDECIDED)


@pytest.mark.parametrize("column", ["excess", "inside"])
@pytest.mark.parametrize(
    ("question", "count"), [("x best without guards", 3), ("own guard costs", 4)]
)
def test_the_rule_on_ratios_is_a_paired_t_test_of_logs_for_both_ranges(
    question: str, count: int, column: str
) -> None:
    edge = stats.t.ppf(1 - 0.05 / 2 / (2 * count), 3) * NOISE.std(ddof=1) / 2
    first, second = claims.QUESTIONS[question]["eps"]
    for centre, verdict in (
        (edge * 1.001, Verdict.HOLDS),
        (edge * 0.999, Verdict.UNDECIDED),
        (-edge * 1.001, Verdict.FAILS),
    ):
        networks = networks_of(level(7.0) | {first: np.exp(NOISE / 3), second: np.ones(4)})
        at = (networks["target"] == second[0]) & (networks["weight"] == second[1])
        networks.loc[at, column] = networks.loc[
            (networks["target"] == first[0]) & (networks["weight"] == first[1]), column
        ].to_numpy() * np.exp(NOISE - NOISE.mean() + centre)
        rows = claims.by_ratio(networks.sample(frac=1, random_state=2), question, column)
        row = rows.set_index("case").loc["eps"]
        assert row["verdict"] is verdict
        assert row["value"] == pytest.approx(math.exp(centre))
        assert row["least"] == pytest.approx(math.exp(centre - edge))
        assert row["most"] == pytest.approx(math.exp(centre + edge))


def test_differences_have_the_sign_of_the_claims_and_each_rule_has_its_networks() -> None:
    nothing = networks_of(level(5.0))
    turned = {"x": QUIET, "eps": -QUIET, "v": -QUIET, "score": -QUIET}
    near, far = (
        networks_of({(t, w): (x if t == "x" else 2) + turned[t] for t, w in level(0)})
        for x in (1, 3)
    )
    best = "x-best-without-guards"
    for networks, verdict in ((near, Verdict.HOLDS), (far, Verdict.FAILS)):
        assert cases(best, networks, nothing) == [verdict] * 3
        assert cases(f"{best}-by-ratio", nothing, networks) == [verdict] * 3
        assert cases(f"{best}-inside", nothing, networks) == [verdict] * 3
    costly = level(1.0) | {(t, t): 2 - QUIET for t in TARGETS}
    for networks, verdict in (
        (networks_of(costly), Verdict.HOLDS),
        (networks_of({(t, w): 3 - costly[t, w] for t, w in costly}), Verdict.FAILS),
    ):
        assert cases("own-guard-costs", networks, nothing) == [verdict] * 4
        assert cases("own-guard-costs-by-ratio", nothing, networks) == [verdict] * 4
        assert cases("own-guard-costs-inside", nothing, networks) == [verdict] * 4


def test_the_ranges_are_told_apart() -> None:
    networks = networks_of(level(1.0))
    own = networks["target"] == networks["weight"]
    networks.loc[own, "excess"] *= 3
    networks.loc[own, "inside"] /= 3
    assert cases("own-guard-costs-by-ratio", networks, networks) == [Verdict.HOLDS] * 4
    assert cases("own-guard-costs-inside", networks, networks) == [Verdict.FAILS] * 4
    for name, claim in BY_NAME.items():
        assert ("-8 and 8" in claim.statement) == name.endswith("-inside")
        assert ("-12 and 12" in claim.statement) != name.endswith("-inside")
        new = name.endswith(("-inside", "-ratio"))
        assert ("(data: clusters, rings; in the profile paper:" in claim.statement) == new
        assert ("(data: clusters; in the profile paper:" in claim.statement) != new


def test_the_table_of_both_rules_has_every_case_once() -> None:
    table = claims.judged(networks_of(level(1.0)), networks_of(level(2.0)))
    assert len(table) == 3 * (3 + 4)
    assert not table.duplicated(["dataset", "question", "case", "rule"]).any()
    in_nats = table[table["rule"] == claims.NATS_RULE]
    assert in_nats["value"].abs().max() < 1e-12  # differences, not factors
    assert (table[table["rule"] != claims.NATS_RULE]["value"] - 1).abs().max() < 1e-12
    words = sentences.two_rules(table)
    assert words.count("undecided in all 3") == 3
    assert words.count("undecided in all 4") == 3


def test_pairs_are_of_equal_seeds_whatever_their_order() -> None:
    networks = networks_of(
        {("x", NONE): np.array([1.0, 2.0, 4.0]), ("eps", NONE): np.array([1.5, 2, 3])}
    )
    mixed = networks.sample(frac=1, random_state=1)
    pair = ("x", NONE), ("eps", NONE)
    assert pairs.gaps(mixed, *pair).to_list() == [0.5, 0.0, -1.0]
    assert pairs.log_ratios(mixed, *pair, "inside").to_list() == pytest.approx(
        [math.log(1.5), 0.0, math.log(0.75)]
    )


def test_neighbours_are_about_equal_where_their_interval_contains_one() -> None:
    edge = stats.t.ppf(1 - 0.05 / 2 / 3, 3) * NOISE.std(ddof=1) / 2
    for centre, sign in ((edge * 1.01, "<"), (edge * 0.99, r"$\approx$")):
        cells = {("x", NONE): np.full(4, 9e9), ("v", NONE): np.full(4, 1e9)}
        cells["eps", NONE] = np.exp(NOISE)
        cells["score", NONE] = np.exp(2 * NOISE - NOISE.mean() + centre)
        found = sentences.order(networks_of(cells), NONE)
        assert found == rf"$\epsilon$ {sign} $s$ < $v$ < $x$"
    assert "Clusters: under no guard" in sentences.orders(networks_of(cells))


def test_what_the_guard_of_x_sees_is_ranked_with_its_values() -> None:
    networks = networks_of({(t, w): 9 + QUIET for t in TARGETS for w in (NONE, "x")})
    for target, value in (("x", 4.0), ("eps", 1.0), ("v", 2.0), ("score", 3.0)):
        networks.loc[(networks["target"] == target) & (networks["weight"] == "x"), "seen"] = value
    words = sentences.seen_by_x(networks)
    assert r"Clusters $\epsilon$ 1 < $v$ 2 < $s$ 3 < $x$ 4, and $x$ has" in words
    assert r"$\epsilon$ 4 (4 to 4), $v$ 2 (2 to 2), $s$ 1.33 (1.33 to 1.33)." in words


def test_heads_are_compared_with_x_half_by_half() -> None:
    factor = {"x": 1.0, "x_skip": 0.5, "x_scale": 0.25, "x_edm": 0.1, "v": 0.1}
    cells = {(t, w): f * (1 + QUIET) for t, f in factor.items() for w in (NONE, "x")}
    cells["x_skip", "x"] = np.full(4, 2.0) * (1 + QUIET)
    networks = networks_of(cells)
    networks.loc[networks["target"] == "v", "inside"] *= 2
    free, guarded = sentences.heads(networks).split("Under the guard of $x$")
    for words, skip in ((free, "0.5"), (guarded, "2")):
        assert f"the skip alone by {skip} ({skip} to {skip}) at $|\\lambda| < 12$" in words
        assert "the scale alone by 0.25 (0.25 to 0.25) at" in words
        assert "both together by 0.1 (0.1 to 0.1) at" in words
        assert "over $v$: about equal, 1 (1 to 1) at" in words
        assert "and 0.5 (0.5 to 0.5) at $|\\lambda| < 8$." in words


def test_a_half_that_goes_most_of_the_way_is_named() -> None:
    def words(skip: float, scale: float) -> str:
        log = {"x": 0.0, "x_skip": skip, "x_scale": scale, "x_edm": -2.0}
        return sentences.halves(
            networks_of({(t, NONE): np.exp(value) * np.ones(3) for t, value in log.items()})
        )

    assert "$|\\lambda| < 8$: the skip 20%, the scale -50%. So neither" in words(-0.4, 1.0)
    assert words(-0.4, 1.0).endswith("makes $x$ worse.")
    assert words(-0.4, -0.1).endswith("repairs $x$ is both.")
    assert "the skip 50%, the scale 49%. So the skip alone can go most" in words(-1.0, -0.98)
    assert "the skip and the scale alone" not in words(-0.98, -1.2)
    assert "So the scale alone can" in words(-0.98, -1.2)
