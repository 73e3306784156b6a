"""Claims: a verdict follows from the tables alone; each rule just inside and just outside its thresholds."""

import math
from itertools import product

import pandas as pd
import pytest

from companion import study
from companion.discovery import discover
from companion.evidence.claims import (
    Claim,
    Decision,
    Verdict,
    below,
    decide_all,
    exceeds,
    guards_share,
    shares,
)

H, F, G, B, U = (
    Verdict.HOLDS,
    Verdict.FAILS,
    Verdict.GUARD,
    Verdict.BOTH,
    Verdict.UNDECIDED,
)


def larger(tables):
    value = float(tables["t"]["a"].max())
    return Decision(f"{value:g}", [exceeds(value - 1, 0.0)])


def claim(name="large", **more):
    given = {"tables": ("t",), "decide": larger} | more
    return Claim(name=name, statement="a", stated="b", measure="c", threshold="d", **given)


def no_table(name):
    raise AssertionError(name)


def test_the_verdict_follows_the_table():
    for value, verdict in ((2.0, "holds"), (0.5, "does not hold"), (1.0, "undecided")):
        frame = decide_all([claim()], lambda name, v=value: pd.DataFrame({"a": [v]}), no_table)
        assert frame.loc[0, "verdict"] == verdict
        assert frame.loc[0, "measured"] == f"{value:g}"


def test_each_table_is_loaded_once_and_published_ones_come_from_the_study():
    loads, reads = [], []
    frame = pd.DataFrame({"a": [0.0]})
    both = claim("again", published=("moments",))
    result = decide_all(
        [claim(), both], lambda n: loads.append(n) or frame, lambda n: reads.append(n) or frame
    )
    assert (loads, reads) == (["t"], ["moments"])
    assert list(result["published"]) == ["", "moments"]


def test_a_rule_sees_the_tables_that_its_claim_names_and_no_others():
    seen = []
    spy = claim(decide=lambda tables: seen.append(set(tables)) or Decision("", [H]))
    decide_all(
        [claim("first", tables=("t", "u")), spy], lambda n: pd.DataFrame({"a": [0]}), no_table
    )
    assert seen == [{"t"}]


def test_names_are_unique():
    with pytest.raises(ValueError, match="two claims are called 'large'"):
        decide_all([claim(), claim()], lambda name: pd.DataFrame({"a": [0.0]}), no_table)


@pytest.mark.parametrize(
    ("cases", "verdict", "label"),
    [
        ([H], H, "holds"),
        ([F], F, "does not hold"),
        ([U], U, "undecided"),
        ([H] * 16, H, "holds in all 16"),
        ([F] * 8, F, "does not hold in any of 8"),
        ([G] * 4, G, "holds, as an effect of the guard in all 4"),
        ([B] * 4, B, "holds, partly as an effect of the guard in all 4"),
        ([U] * 48, U, "undecided in all 48"),
        ([H] * 15 + [F], Verdict.MIXED, "holds in 15 of 16, does not hold in 1"),
        ([F] * 7 + [U], Verdict.MIXED, "does not hold in 7 of 8, undecided in 1"),
        (
            [U, G, H, F],
            Verdict.MIXED,
            "holds in 1 of 4, does not hold in 1, holds, as an effect of the guard in 1, undecided in 1",
        ),
    ],
)
def test_a_verdict_counts_its_cases(cases, verdict, label):
    decision = Decision("", cases)
    assert decision.verdict is verdict
    assert decision.label == label


def test_no_two_counts_share_a_label():
    labels = {Decision("", c).label for c in product((H, F, U), repeat=4)}
    counts = {tuple(sorted(c)) for c in product((H, F, U), repeat=4)}
    assert len(labels) == len(counts)


@pytest.mark.parametrize(
    ("gap", "noise", "verdict"),
    [
        (1.01, 1.0, H),
        (0.99, 1.0, U),
        (-0.99, 1.0, U),
        (-1.01, 1.0, F),
        (1e-12, 0.0, H),
        (0.0, 0.0, U),
        (math.nan, 0.0, U),
    ],
)
def test_a_difference_counts_beyond_its_noise(gap, noise, verdict):
    assert exceeds(gap, noise) is verdict


@pytest.mark.parametrize(("value", "verdict"), [(0.979, H), (0.981, U), (1.019, U), (1.021, F)])
def test_a_limit_is_met_two_standard_errors_away(value, verdict):
    assert below(value, 1.0, 0.01) is verdict
    assert below(value, 1.0) is (H if value < 1 else F)


@pytest.mark.parametrize(
    ("floor", "verdict"),
    [
        (1.36, G),  # learning narrowed the difference: still the guard's
        (0.801, G),
        (0.799, B),
        (0.201, B),
        (0.199, H),
        (-0.5, H),
    ],
)
def test_a_share_of_four_fifths_is_the_guards(floor, verdict):
    assert guards_share(1.0, floor, 0.0) is verdict
    assert guards_share(10.0, 10 * floor, 0.0) is verdict


@pytest.mark.parametrize(
    ("floor", "error", "floor_error", "verdict"),
    [
        # Two standard errors of the share: 2 * share * error, and 2 * floor_error.
        (0.90, 0.0555, 0.0, G),
        (0.90, 0.0556, 0.0, U),
        (0.90, 0.0, 0.0499, G),
        (0.90, 0.0, 0.0501, U),
        (0.15, 0.0, 0.0249, H),
        (0.15, 0.0, 0.0251, U),
        (0.50, 0.0, 0.1499, B),
        (0.50, 0.0, 0.1501, U),
        (0.70, 0.0, 0.0499, B),
        (0.70, 0.0, 0.0501, U),
        (0.30, 0.0, 0.0499, B),
        (0.30, 0.0, 0.0501, U),
        (0.50, 0.299, 0.0, B),
        (0.50, 0.301, 0.0, U),
    ],
)
def test_a_share_near_a_threshold_is_undecided(floor, error, floor_error, verdict):
    assert guards_share(1.0, floor, error, floor_error) is verdict


@pytest.mark.parametrize(
    ("published", "verdict"), [(-0.021, F), (-0.019, U), (0.019, U), (0.021, G)]
)
def test_a_published_order_that_chance_explains_is_undecided(published, verdict):
    assert guards_share(published, 1.0, 0.01) is verdict


def test_a_share_above_one_is_said_to_be_learning_with_the_opposite_sign():
    assert shares(pd.Series([0.91, 0.99])) == "91% to 99%"
    assert shares(pd.Series([1.09, 1.36])) == (
        "109% to 136% (above 100 %: the published difference is smaller than the perfect denoiser's, "
        "by up to 26%)"
    )


CLAIMS = [c for module in discover("companion.chapters.*.claims") for c in module.CLAIMS]


def test_every_chapters_claims_are_found():
    assert {"nelbo-equal", "two-groups", "weighted-fid"} <= {c.name for c in CLAIMS}


@pytest.mark.parametrize("one", CLAIMS, ids=lambda c: c.name)
def test_every_rule_reads_what_its_claim_names_and_says_what_it_does(one):
    with pytest.raises(KeyError) as error:
        one.decide({})
    assert error.value.args[0] in one.tables + one.published
    for name in one.published:
        assert len(study.table(name))
    assert one.tables + one.published
    assert one.stated.startswith(("the study", "nobody: "))
    assert "hold" in one.threshold
