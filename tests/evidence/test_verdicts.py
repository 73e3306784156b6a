"""Every verdict can come out otherwise: each rule is given tables for which another is right."""

import numpy as np
import pandas as pd
import pytest

from companion import study
from companion.evidence import verdicts
from companion.evidence.claims import Verdict


def floors(floor, published):
    rows = []
    for dataset in study.DATASETS:
        for k, target in enumerate(study.TARGETS):
            rows.append((dataset, target, "nelbo", floor[k], published[k]))
    return {
        "floors": pd.DataFrame(
            rows, columns=["dataset", "target", "objective", "floor", "published"]
        )
    }


LOW_HIGH = [0.65, 2.37, 2.37, 0.75]
HIGH_LOW = [2.37, 0.75, 0.65, 2.37]
SAME = [1.0, 1.0, 1.0, 1.0]
HALF = [0.65, 1.51, 1.51, 0.70]  # half of each difference of LOW_HIGH


def test_gap_is_the_guards_only_if_the_perfect_denoiser_shows_it():
    assert verdicts.two_groups(floors(LOW_HIGH, LOW_HIGH)).verdict is Verdict.GUARD
    assert verdicts.two_groups(floors(SAME, LOW_HIGH)).verdict is Verdict.HOLDS
    assert verdicts.two_groups(floors(HALF, LOW_HIGH)).verdict is Verdict.PARTLY
    assert verdicts.two_groups(floors(LOW_HIGH, SAME)).verdict is Verdict.FAILS
    assert verdicts.two_groups(floors(LOW_HIGH, HIGH_LOW)).verdict is Verdict.FAILS


def test_lead_of_x():
    assert verdicts.best_likelihood(floors(LOW_HIGH, LOW_HIGH)).verdict is Verdict.GUARD
    assert verdicts.best_likelihood(floors(SAME, LOW_HIGH)).verdict is Verdict.HOLDS
    assert verdicts.best_likelihood(floors(HALF, LOW_HIGH)).verdict is Verdict.PARTLY
    worse = [3.0, 2.37, 2.37, 0.75]
    assert verdicts.best_likelihood(floors(LOW_HIGH, worse)).verdict is Verdict.FAILS


def test_comparable_only_if_one_denoiser_has_one_value():
    assert verdicts.comparable_in_code(floors(SAME, SAME)).verdict is Verdict.HOLDS
    assert verdicts.comparable_in_code(floors(LOW_HIGH, SAME)).verdict is Verdict.FAILS


@pytest.mark.parametrize(("spread", "verdict"), [("1e-13", Verdict.HOLDS), ("1e-3", Verdict.FAILS)])
def test_equivalence(spread, verdict):
    table = pd.DataFrame(
        {
            "target": study.TARGETS,
            "nelbo_spread": [spread] * 4,
            "rescaled_spread": [spread] * 4,
            "weighted": [1.0, 2.0, 3.0, 4.0],
        }
    )
    assert verdicts.equal_in_theory({"loss_equivalence": table}).verdict is verdict
    assert verdicts.weighted_differ({"loss_equivalence": table}).verdict is verdict
    flat = table.assign(weighted=1.0)
    assert verdicts.weighted_differ({"loss_equivalence": flat}).verdict is Verdict.FAILS


def digits(offset):
    noise = np.random.default_rng(0).normal(0, 0.01, (4, 5))
    return {
        "digits_nelbo": pd.DataFrame(
            [
                (target, "nelbo", seed, 2.0 + noise[k, seed] + (offset if target != "x" else 0))
                for k, target in enumerate(study.TARGETS)
                for seed in range(5)
            ],
            columns=["target", "objective", "seed", "bits_per_dim"],
        )
    }


def test_digits():
    assert verdicts.best_likelihood_on_digits(digits(0.1)).verdict is Verdict.HOLDS
    assert verdicts.best_likelihood_on_digits(digits(-0.1)).verdict is Verdict.FAILS
    assert verdicts.best_likelihood_on_digits(digits(0.0)).verdict is Verdict.FAILS


def test_rankings_of_the_published_tables_are_those_counted_by_hand():
    published = {"study_moments": study.moments(), "study_images": study.images()}
    decision = verdicts.x_best_in_samples(published)
    assert "farthest in 6 of 8" in decision.measured  # STUDY: 14 of 16 over both objectives
    assert "13.54, x (nelbo)" in decision.measured
    assert decision.verdict is Verdict.PARTLY
    assert "15 of 16" in verdicts.v_best_in_samples(published).measured


def test_rankings_can_come_out_otherwise():
    moments, images = study.moments(), study.images()
    best = moments.assign(
        mean_distance=moments["target"] != "x", cov_distance=moments["target"] != "x"
    )
    worse = images.assign(fid=1.0 + (images["target"] == "x"))
    rule = verdicts.x_best_in_samples
    assert rule({"study_moments": best, "study_images": images}).verdict is Verdict.HOLDS
    assert rule({"study_moments": moments, "study_images": worse}).verdict is Verdict.FAILS
    swapped = moments.replace({"target": {"x": "v", "v": "x"}})
    assert verdicts.v_best_in_samples({"study_moments": swapped}).verdict is Verdict.FAILS


@pytest.mark.parametrize(
    ("eps", "v", "verdict"),
    [(1.0, 1.0, Verdict.HOLDS), (1.0, 9.0, Verdict.PARTLY), (9.0, 9.0, Verdict.FAILS)],
)
def test_fid(eps, v, verdict):
    rows = [
        ("eps", "nelbo", 5.0),
        ("eps", "weighted", eps),
        ("v", "nelbo", 5.0),
        ("v", "weighted", v),
    ]
    table = pd.DataFrame(rows, columns=["target", "objective", "fid"])
    assert verdicts.weighted_fid({"study_images": table}).verdict is verdict


def test_every_claim_names_tables_that_its_rule_reads():
    for claim in verdicts.CLAIMS:
        with pytest.raises(KeyError):
            claim.decide({})
        assert claim.tables
