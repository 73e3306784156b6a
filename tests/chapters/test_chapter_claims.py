"""Every claim of the chapters can come out each way: tables just inside and just outside each threshold."""

import math

import pandas as pd
import pytest
from scipy import stats

from companion import study
from companion.chapters.four_targets import claims as on_paper
from companion.chapters.published_numbers import claims as published
from companion.chapters.small_images import claims as on_images
from companion.evidence.claims import Verdict

H, F, G, U = Verdict.HOLDS, Verdict.FAILS, Verdict.GUARD, Verdict.UNDECIDED


def equivalence(nelbo=1e-13, rescaled=1e-13, largest=4.0):
    table = pd.DataFrame(
        {
            "target": [*study.TARGETS, "velocity"],
            "nelbo_spread": [0.0, nelbo, 0.0, 0.0, 0.0],
            "rescaled_spread": [0.0, 0.0, rescaled, 0.0, 0.0],
            "weighted": [1.0, 1.0, largest, 1.0, 99.0],  # the velocity is no target of the study
        }
    )
    return {"loss_equivalence": table}


@pytest.mark.parametrize(
    ("spread", "verdict"), [(0.9e-9, H), (1.1e-9, U), (0.9e-6, U), (1.1e-6, F), (float("nan"), U)]
)
def test_equal_on_paper_means_to_rounding(spread, verdict):
    tables = equivalence(nelbo=spread)
    if verdict is U:
        tables["loss_equivalence"]["nelbo_spread"] = spread
    assert on_paper.equal_in_theory(tables).verdict is verdict
    assert on_paper.comparable_on_paper(tables).cases[0] is verdict


def test_comparable_on_paper_has_three_cases():
    assert on_paper.comparable_on_paper(equivalence()).cases == (H, H, H)
    assert on_paper.comparable_on_paper(equivalence(rescaled=1.1e-6)).cases == (H, F, H)
    assert on_paper.comparable_on_paper(equivalence(rescaled=1.1e-9)).cases == (H, U, H)
    assert on_paper.comparable_on_paper(equivalence(rescaled=0.9e-9)).cases == (H, H, H)
    assert on_paper.comparable_on_paper(equivalence(largest=1.11)).cases == (H, H, H)
    assert on_paper.comparable_on_paper(equivalence(largest=1.09)).cases == (H, H, U)
    assert on_paper.comparable_on_paper(equivalence(largest=1 + 1.1e-9)).cases == (H, H, U)
    assert on_paper.comparable_on_paper(equivalence(largest=1 + 0.9e-9)).cases == (H, H, F)


def losses(floor, reported=None, se=0.0, floor_error=0.0):
    """Tables of floors with the same four values, x, eps, v, score, on every data set."""
    reported = reported or floor
    rows = [
        {
            "dataset": dataset,
            "target": target,
            "objective": "nelbo",
            "floor": floor[k],
            "floor_error": floor_error,
            "published": reported[k],
            "last20": reported[k],
            "published_sd": 0.0,
            "draw_sd": se * 3**0.5,
        }
        for dataset in study.DATASETS
        for k, target in enumerate(study.TARGETS)
    ]
    other = [row | {"objective": "weighted", "floor": 50.0, "published": -7.0} for row in rows]
    return {"floors": pd.DataFrame(rows + other), "rescaled_floors": pd.DataFrame(rows)}


@pytest.mark.parametrize(
    ("largest", "error", "verdict"),
    [(1.009, 0.0, H), (1.011, 0.0, F), (1.011, 0.0004, U), (1.009, 0.0004, U), (1.012, 0.0004, F)],
)
def test_comparable_in_code_means_within_a_hundredth(largest, error, verdict):
    tables = losses([1.0, largest, 1.0, 1.0], floor_error=error)
    decision = published.comparable_in_code(tables)
    assert decision.cases == [verdict] * 8
    mixed = tables | {"rescaled_floors": losses([1.0] * 4)["rescaled_floors"]}
    assert published.comparable_in_code(mixed).cases == [verdict] * 4 + [H] * 4


LOW_HIGH = [0.65, 2.37, 2.37, 0.75]
HIGH_LOW = [2.37, 0.75, 0.65, 2.37]
SAME = [1.0, 1.0, 1.0, 1.0]


def part_of(share):
    return [share * value for value in LOW_HIGH]


@pytest.mark.parametrize(
    ("floor", "reported", "verdict"),
    [
        (LOW_HIGH, LOW_HIGH, G),
        (part_of(0.81), LOW_HIGH, G),
        (part_of(0.79), LOW_HIGH, Verdict.BOTH),
        (part_of(0.21), LOW_HIGH, Verdict.BOTH),
        (part_of(0.19), LOW_HIGH, H),
        (SAME, LOW_HIGH, H),
        (LOW_HIGH, HIGH_LOW, F),
        (LOW_HIGH, SAME, F),
        ([1.0, 2.02, 2.02, 1.0], [1.0, 2.02, 2.02, 1.0], G),  # much lower: less than half
        ([1.0, 1.98, 1.98, 1.0], [1.0, 1.98, 1.98, 1.0], F),
        ([1.0, 2.0, 2.0, 1.0], [1.0, 2.0, 2.0, 1.0], U),
    ],
)
def test_the_gap_between_two_groups(floor, reported, verdict):
    assert published.two_groups(losses(floor, reported)).cases == [verdict] * 4


@pytest.mark.parametrize(("v", "verdict"), [(2.0, H), (1.81, H), (1.79, F), (2.19, H), (2.21, F)])
def test_eps_and_v_coincide_within_a_tenth_of_the_gap_to_x_and_s(v, verdict):
    x = v / 2  # so that the gap is 2 whatever v
    decision = published.eps_and_v_coincide(losses([9.0, 9.0, 8.0, 5.0], [x, 2.0, v, x - 2.0]))
    assert decision.cases == [verdict] * 4
    assert f"by {abs(v - 2) / 2:.1%} to" in decision.measured
    assert "for the perfect denoiser by 66.7% to 66.7%" in decision.measured


@pytest.mark.parametrize(("se", "verdict"), [(0.0702, H), (0.0709, U)])
def test_what_coincides_may_be_noise(se, verdict):
    # 2 se (2 + 0.01)^(1/2) = 0.2, a tenth of the gap of 2
    tables = losses([9.0, 9.0, 9.0, 5.0], [0.0, 2.0, 2.0, 0.0], se=se)
    assert published.eps_and_v_coincide(tables).cases == [verdict] * 4
    tables = losses([9.0, 9.0, 9.0, 5.0], [0.0, 1.8, 2.2, 0.0], se=se)
    assert published.eps_and_v_coincide(tables).cases == [F if verdict is H else U] * 4


def test_the_noise_of_x_and_s_counts_only_in_the_gap():
    tables = losses([9.0, 9.0, 9.0, 5.0], [0.0, 2.0, 2.0, 0.0], se=1.4)
    floors = tables["floors"]
    floors.loc[floors["target"].isin(["eps", "v"]), "draw_sd"] = 0.0
    # 2 (0.01 * 2 * 1.4^2 / 4)^(1/2) = 0.198
    assert published.eps_and_v_coincide(tables).cases == [H] * 4
    floors["draw_sd"] *= 1.02
    assert published.eps_and_v_coincide(tables).cases == [U] * 4


def test_the_gap_between_two_groups_has_half_the_root_sum_of_squares_for_error():
    # Four errors e in ((eps + v) - (x + s)) / 2 give e. The gap is 3: two errors must be below a fifth.
    reported = [1.0, 4.0, 4.0, 1.0]
    assert published.two_groups(losses(reported, reported, se=0.2999)).cases == [G] * 4
    assert published.two_groups(losses(reported, reported, se=0.3001)).cases == [U] * 4
    assert published.two_groups(losses(reported, reported, floor_error=0.2999)).cases == [G] * 4
    decision = published.two_groups(losses(reported, reported, floor_error=0.3001))
    assert decision.cases == [U] * 4
    assert "100% to 100%, each give or take 20% to 20%" in decision.measured
    assert "is 0.25 to 0.25 of that of eps and v" in decision.measured


def test_much_lower_is_half_by_two_standard_errors():
    # Of (eps + v) / 4 - (x + s) / 2 = 0.1, with an error e each: e sqrt(1 / 8 + 1 / 2).
    reported, limit = [1.0, 2.2, 2.2, 1.0], 0.05 / math.sqrt(5 / 8)
    decided = published.two_groups(losses(SAME, reported, se=0.99 * limit)).cases
    assert decided == [H] * 4
    assert published.two_groups(losses(SAME, reported, se=1.01 * limit)).cases == [U] * 4
    lower = [1.0, 1.8, 1.8, 1.0]
    assert published.two_groups(losses(SAME, lower, se=0.99 * limit)).cases == [F] * 4
    assert published.two_groups(losses(SAME, lower, se=1.01 * limit)).cases == [U] * 4


@pytest.mark.parametrize(
    ("floor", "reported", "cases"),
    [
        (LOW_HIGH, LOW_HIGH, [G] * 12),
        (part_of(0.19), LOW_HIGH, [H] * 12),
        (LOW_HIGH, [3.0, 2.37, 2.37, 0.75], [F] * 12),
        (LOW_HIGH, [0.65, 2.37, 2.37, 0.64], [G] * 8 + [F] * 4),  # lower in s than in x
        ([0.65, 2.37, 0.65, 0.65], LOW_HIGH, [G] * 4 + [H] * 8),
    ],
)
def test_the_lead_of_x_is_judged_against_each_target(floor, reported, cases):
    assert published.best_likelihood(losses(floor, reported)).cases == cases


def test_a_lead_within_two_standard_errors_is_undecided():
    # The lead is 1 and its error sqrt(2) se; all of it is in the floors.
    reported = [1.0, 2.0, 2.0, 2.0]
    assert published.best_likelihood(losses(reported, reported, se=0.0706)).cases == [G] * 12
    assert published.best_likelihood(losses(reported, reported, se=0.0708)).cases == [U] * 12


NOISE = pd.DataFrame({"dataset": study.DATASETS, "points": 2000, "mean_95": 0.05, "cov_95": 0.07})


def distances(**of):
    """Moments with one distance for each target, and the samplers of the study unless given."""
    samplers = of.pop("samplers", study.SAMPLERS)
    rows = [
        (d, t, o, of[t], of[t], samplers[t])
        for d in study.DATASETS
        for t in study.TARGETS
        for o in study.OBJECTIVES
    ]
    columns = ["dataset", "target", "objective", "mean_distance", "cov_distance", "sampler"]
    return {"moments": pd.DataFrame(rows, columns=columns), "moment_noise": NOISE}


ONE_SAMPLER = dict.fromkeys(study.TARGETS, "ancestral")


def counted(decision):
    return [decision.cases.count(v) for v in (H, F, U)]


@pytest.mark.parametrize(
    ("x", "others", "counts"),
    [
        (0.01, 0.16, [24, 0, 0]),
        (0.16, 0.01, [0, 24, 0]),
        (0.01, 0.12, [12, 0, 12]),  # .11: beyond twice .05, within twice .07
        (0.01, 0.109, [0, 0, 24]),
        (0.10, 0.10, [0, 0, 24]),
    ],
)
def test_samples_are_told_apart_beyond_the_noise_of_both(x, others, counts):
    tables = distances(x=x, eps=others, v=others, score=others, samplers=ONE_SAMPLER)
    assert counted(published.x_best_in_samples(tables)) == counts


def test_samples_of_different_samplers_decide_nothing():
    tables = distances(x=0.01, eps=0.9, v=0.9, score=0.9)
    decision = published.x_best_in_samples(tables)
    assert counted(decision) == [8, 0, 16]
    assert "16 of 24 comparisons are between different samplers" in decision.measured
    v = published.v_best_in_samples(distances(x=0.9, eps=0.9, v=0.01, score=0.9))
    assert v.label == "undecided in all 48"
    alike = distances(x=0.9, eps=0.9, v=0.01, score=0.9, samplers=ONE_SAMPLER)
    assert published.v_best_in_samples(alike).label == "holds in all 48"
    worst = distances(x=0.01, eps=0.01, v=0.9, score=0.01, samplers=ONE_SAMPLER)
    assert published.v_best_in_samples(worst).label == "does not hold in any of 48"


def test_the_published_moments_are_those_counted_by_hand():
    tables = {"moments": study.moments(), "moment_noise": NOISE}
    x, v = published.x_best_in_samples(tables), published.v_best_in_samples(tables)
    assert x.label == "does not hold in 7 of 24, undecided in 17"  # swiss roll's mean is the eighth
    assert "x is closest to the data in 0 of 8 columns" in x.measured
    assert "v is closest to the data in 15 of 16 columns" in v.measured
    assert v.label == "undecided in all 48"


def bits(lead, seeds=3, spread=0.01):
    steps = [(k - (seeds - 1) / 2) * spread for k in range(seeds)]
    rows = [
        (target, objective, seed, 2.0 + (lead + step if target != "x" else 0))
        for target in study.TARGETS
        for objective in study.OBJECTIVES
        for seed, step in enumerate(steps)
    ]
    frame = pd.DataFrame(rows, columns=["target", "objective", "seed", "bits_per_dim"])
    frame.loc[frame["objective"] == "weighted", "bits_per_dim"] = 77.0
    return {"digits_nelbo": frame}


@pytest.mark.parametrize("seeds", [2, 3, 10])
def test_digits_are_judged_by_a_t_test_over_seeds(seeds):
    values = bits(1.0, seeds)["digits_nelbo"].query("target == 'v' and objective == 'nelbo'")
    half = -stats.ttest_1samp(values["bits_per_dim"], 0).confidence_interval(0.95).low
    half += values["bits_per_dim"].mean()
    for sign, verdict in ((1, H), (-1, F)):
        outside, inside = bits(sign * 1.01 * half, seeds), bits(sign * 0.99 * half, seeds)
        assert on_images.best_likelihood_on_digits(outside).cases == [verdict] * 3
        assert on_images.best_likelihood_on_digits(inside).cases == [U] * 3


def fids(**given):
    frame = study.images()
    for name, value in given.items():
        target, objective = name.split("_")
        frame.loc[(frame["target"] == target) & (frame["objective"] == objective), "fid"] = value
    return frame


@pytest.mark.parametrize(("weighted", "verdict"), [(16.9, H), (17.1, U), (18.9, U), (19.1, F)])
def test_fids_are_told_apart_beyond_the_resolution(weighted, verdict):
    images = fids(eps_nelbo=18.0, eps_weighted=weighted, v_nelbo=18.0, v_weighted=weighted)
    decision = on_images.weighted_fid({"images": images})
    assert decision.cases == [verdict] * 2
    pair = f"18.00 (NELBO), {weighted:.2f} (weighted)"
    assert decision.measured.endswith(f"one run each: eps: {pair}; v: {pair}")


def test_the_published_fids_are_those_read_by_hand():
    tables = {"images": study.images()}
    assert on_images.weighted_fid(tables).cases == [H, U]
    decision = on_images.x_best_on_cifar(tables)
    assert decision.label == "holds in 1 of 5, undecided in 4"
    assert decision.measured.startswith(
        "FID 13.54, in the saved files lower than 5 of the 5 others; 1 of"
    )


def test_fids_of_different_samplers_decide_nothing():
    alike = study.images().assign(sampler="ancestral")
    assert on_images.x_best_on_cifar({"images": alike}).label == "holds in 4 of 5, undecided in 1"
    worst = fids(x_nelbo=40.0).assign(sampler="ancestral")
    assert on_images.x_best_on_cifar({"images": worst}).label == "does not hold in any of 5"


@pytest.mark.parametrize(
    ("sd", "draw_sd", "verdict"),
    [(0.41, 0.0, U), (0.39, 0.0, H), (0.0, 0.88, U), (0.0, 0.85, H)],
)
def test_the_spread_of_three_runs_is_taken_by_students_t(sd, draw_sd, verdict):
    """A difference of 1 between a sure and an unsure value: 4.303 sd / sqrt(3) of runs, 2 of draws."""
    tables = losses([1.0] * 4, [1.0, 2.0, 2.0, 2.0])
    floors = tables["floors"]
    floors.loc[floors["target"] == "eps", ["published_sd", "draw_sd"]] = sd, draw_sd
    cases = published.best_likelihood(tables).cases
    assert cases[:4] == [verdict] * 4
    assert cases[4:] == [H] * 8
