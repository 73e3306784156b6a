"""Metrics of samples: against brute force, defects of known strength, rules just inside and outside."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats
from torch import Generator, Tensor

from companion import study
from companion.chapters.metrics import claims, figures, results, sentences
from companion.chapters.metrics.defects import BOX, DEFECTS
from companion.chapters.metrics.measures import (
    BANDWIDTH,
    CELLS,
    LABELS,
    RARE,
    histogram,
    judge,
    law,
)
from companion.evidence import distances
from companion.evidence.claims import Verdict
from companion.evidence.middles import centres
from diffcore import exact


def drawn(name: str, n: int, seed: int) -> Tensor:
    return exact.DATASETS[name]().sample(n, Generator().manual_seed(seed), torch.float64)


def apart(a: Tensor, b: Tensor) -> float:
    return math.dist(a.tolist(), b.tolist())


def by_hand(samples: Tensor, data: Tensor) -> dict[str, float]:
    """The metrics of pairs of points, by the plainest of loops."""
    n = len(data)

    def reach(points: Tensor, one: Tensor) -> float:
        return sorted(apart(one, other) for other in points)[5]

    def mean(f, a, b) -> float:
        return sum(f(apart(x, y)) for x in a for y in b) / len(a) / len(b)

    def kernel(d: float) -> float:
        return math.exp(-(d**2) / (2 * BANDWIDTH**2))

    def twice(f) -> float:
        return 2 * mean(f, samples, data) - mean(f, samples, samples) - mean(f, data, data)

    radii = [reach(data, y) for y in data]
    own = [reach(samples, x) for x in samples]
    inside = [[apart(y, x) <= r for x in samples] for y, r in zip(data, radii, strict=True)]
    return {
        "energy": math.sqrt(twice(lambda d: d)),
        "mmd": math.sqrt(-twice(kernel)),
        "precision": sum(any(row[i] for row in inside) for i in range(n)) / n,
        "density": sum(sum(row) for row in inside) / n / 5,
        "coverage": sum(any(row) for row in inside) / n,
        "recall": sum(
            any(apart(y, x) <= r for x, r in zip(samples, own, strict=True)) for y in data
        )
        / n,
    }


@pytest.mark.parametrize("seed", range(3))
def test_metrics_of_pairs_are_those_of_plain_loops(seed: int) -> None:
    data, samples = drawn("rings", 40, seed), 1.4 * drawn("rings", 40, seed + 50)
    found = judge("rings", samples, data)
    for name, value in by_hand(samples, data).items():
        assert found[name] == pytest.approx(value, abs=1e-12), name
    assert len({found[name] for name in ("precision", "recall", "coverage")}) == 3
    assert list(found) == list(LABELS)


def test_exact_matching_is_the_cheapest_of_all() -> None:
    data, samples = drawn("rings", 7, 0), 1.4 * drawn("rings", 7, 50)
    cheapest = min(
        sum(apart(samples[i], data[j]) ** 2 for i, j in enumerate(order))
        for order in permutations(range(7))
    )
    assert judge("rings", samples, data)["exact"] == pytest.approx(math.sqrt(cheapest / 7))


def test_metrics_against_the_law_are_those_of_numpy() -> None:
    samples, data = drawn("clusters", 400, 1) + 0.3, drawn("clusters", 400, 2)
    found = judge("clusters", samples, data)
    x = samples.numpy()
    assert found["mean"] == pytest.approx(np.linalg.norm(x.mean(0)), abs=0.01)
    assert found["covariance"] == pytest.approx(np.linalg.norm(np.cov(x.T) - np.eye(2)), abs=0.02)
    centre, spread = 5 / math.sqrt(26), 1 / math.sqrt(26)
    parts = [
        stats.multivariate_normal((a * centre, b * centre), spread**2).pdf(x)
        for a in (-1, 1)
        for b in (-1, 1)
    ]
    log_density = np.log(np.mean(parts, axis=0))
    entropy = math.log(4) + math.log(2 * math.pi * math.e * spread**2)  # modes are far apart
    assert found["likelihood"] == pytest.approx(log_density.mean() + entropy, abs=0.02)
    # one in a hundred of a Gaussian's points in the plane is farther than sqrt(2 ln 100) deviations
    far = np.min([np.hypot(*(x - (a * centre, b * centre)).T) for a in (-1, 1) for b in (-1, 1)], 0)
    share = (far > spread * math.sqrt(2 * math.log(100))).mean()
    assert share > 0.1
    assert found["off"] == pytest.approx(share - RARE, abs=0.006)
    shares = [((x[:, 0] > 0) & (x[:, 1] > 0)).mean() - 0.25]
    assert found["modes"] >= abs(shares[0]) - 0.01


def test_a_histogram_counts_everything_once_and_divergence_of_equal_ones_is_zero() -> None:
    x = torch.tensor([[0.0, 0.1], [0.0, 0.1], [-2.4, 2.4], [9.0, 0.0]], dtype=torch.float64)
    found = histogram(x)
    assert found.sum() == 1
    assert found[-1] == 0.25
    assert sorted(found)[-3:] == [0.25, 0.25, 0.5]
    cell = math.floor((-2.4 + BOX) / (2 * BOX) * CELLS) * CELLS + CELLS - 1
    assert found[cell] == 0.25
    few = judge("clusters", drawn("clusters", 60, 0), drawn("clusters", 60, 1))["jensen"]
    many = judge("clusters", drawn("clusters", 1_000, 0), drawn("clusters", 1_000, 1))["jensen"]
    assert 0 < many < few / 5, "the noise of a histogram falls with the samples"


def test_centres_are_on_the_middle_of_the_nearest_mode() -> None:
    x = drawn("rings", 200, 0)
    mode, middle = centres("rings", x)
    raw = exact.rings().unstandardise(middle.T)
    radius = torch.hypot(raw[0] - 5.0 * mode, raw[1])
    torch.testing.assert_close(radius, torch.full_like(radius, 4.0))
    assert float((x - middle).norm(dim=1).max()) < 0.3
    x = drawn("clusters", 200, 0)
    mode, middle = centres("clusters", x)
    torch.testing.assert_close(middle, x.sign() * 5 / math.sqrt(26))
    assert mode.bincount().tolist() == [50, 50, 50, 50] or len(mode.unique()) == 4
    with pytest.raises(ValueError, match="clusters or rings"):
        centres("waves", x)


@pytest.mark.parametrize("name", results.DATASETS)
def test_each_defect_is_what_it_says_at_the_strength_it_says(name: str) -> None:
    n, plain = 4_000, exact.DATASETS[name]()

    def made(defect: str, strength: float) -> Tensor:
        x = DEFECTS[defect].samples(name, n, strength, Generator().manual_seed(5))
        assert x.shape == (n, 2)
        return x

    x = plain.sample(n, Generator().manual_seed(5), torch.float64)
    torch.testing.assert_close(made("shifted", 0.25) - x, torch.tensor([[0.25, 0.0]] * n).double())
    noise = made("blurred", 0.25) - x
    assert float(noise.std()) == pytest.approx(0.25, rel=0.05)
    assert abs(float((noise * x).mean())) < 0.01
    thin, middle = made("thinned", 0.25), centres(name, x)[1]
    torch.testing.assert_close(thin - middle, 0.75 * (x - middle))
    torch.testing.assert_close(made("thinned", 1.0), middle)
    assert len(made("copied", 0.25).unique(dim=0)) == 0.75 * n
    assert len(made("copied", 1.0).unique(dim=0)) == 1
    off = made("strays", 0.25)
    assert torch.equal(off[n // 4 :], x[n // 4 :])
    assert float(off[: n // 4].abs().max()) <= BOX
    assert float(off[: n // 4].var()) == pytest.approx((2 * BOX) ** 2 / 12, rel=0.1)
    share = float(law(name).weights[0])
    for strength in (0.5, 1.0):
        left = float((centres(name, made("reweighted", strength))[0] == 0).double().mean())
        kept = share * (1 - strength)
        assert left == pytest.approx(kept / (kept + 1 - share), abs=0.03)


def test_strengths_are_halved_step_by_step() -> None:
    for made in DEFECTS.values():
        assert [b / a for a, b in zip(made.strengths, made.strengths[1:], strict=False)] == [
            2.0
        ] * 5


def test_floors_leave_out_a_twentieth_half_on_each_side() -> None:
    values = pd.DataFrame({name: np.arange(1001.0) for name in LABELS})
    floor = results.floors({"rings": values})
    assert (floor[["low", "middle", "high"]] == [25.0, 500.0, 975.0]).all(axis=None)
    assert floor["label"].tolist() == list(LABELS.values())


def powers(of: list[float]) -> pd.DataFrame:
    strengths = DEFECTS["strays"].strengths
    return pd.DataFrame(
        {
            "dataset": "rings",
            "defect": "strays",
            "metric": "mmd",
            "strength": strengths,
            "power": of,
        }
    )


def test_a_defect_is_seen_from_where_the_power_stays_high() -> None:
    def least(of: list[float]) -> float:
        return float(results.weakest(powers(of))["strength"].iloc[0])

    assert least([0.1, 0.2, 0.79, 0.8, 0.9, 1.0]) == 0.25
    assert least([0.9, 0.2, 0.3, 0.79, 0.9, 1.0]) == 0.5, "once below is not seen"
    assert least([1.0] * 6) == 1 / 32
    assert math.isnan(least([1.0, 1.0, 1.0, 1.0, 1.0, 0.79]))


def test_power_is_the_share_outside_of_the_floor_on_either_side(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values = iter([1.0, 1.0 - 1e-9, 2.0, 2.0 + 1e-9] * 100)
    monkeypatch.setattr(
        "companion.chapters.metrics.results.judge", lambda *_: dict.fromkeys(LABELS, next(values))
    )
    floor = pd.DataFrame(
        {"dataset": "rings", "metric": list(LABELS), "low": 1.0, "middle": 1.5, "high": 2.0}
    )
    found = results.power(floor, results.Budget(samples=4, floors=1, sets=4))
    assert (found["power"] == 0.5).all()
    assert len(found) == len(DEFECTS) * len(LABELS), "none is asked for what is weaker"


def test_a_metric_is_asked_from_the_strongest_down_as_long_as_it_sees(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    outside = {"mmd": [1.0, 0.8, 0.6, 1.0], "energy": [1.0, 1.0, 1.0, 0.8, 0.8, 0.0], "off": [0.6]}
    asked: list[list[str]] = []

    def judged(name: str, x: Tensor, y: Tensor, metrics: list[str]) -> dict[str, float]:
        asked.append(list(metrics))
        strength, number = divmod((len(asked) - 1), 5)
        return {
            m: float(number < 5 * outside[m][strength]) if m in outside else 0.5 for m in metrics
        }

    monkeypatch.setattr(results, "judge", judged)
    monkeypatch.setattr(results, "DEFECTS", {"strays": DEFECTS["strays"]})
    floor = pd.DataFrame(
        {"dataset": "rings", "metric": list(LABELS), "low": 0.0, "middle": 0.5, "high": 0.9}
    )
    found = results.power(floor, results.Budget(samples=4, floors=1, sets=5))
    by_metric = {m: part["power"].tolist() for m, part in found.groupby("metric")}
    assert by_metric["energy"] == outside["energy"]
    assert by_metric["mmd"] == [1.0, 0.8, 0.6], "0.8 is enough, and 0.6 the end"
    assert by_metric["off"] == [0.6]
    assert by_metric["mean"] == [0.0]
    strengths = found[found["metric"] == "energy"]["strength"].tolist()
    assert strengths == [*reversed(DEFECTS["strays"].strengths)]
    assert [len(each) for each in asked[::5]] == [14, 2, 2, 1, 1, 1]
    weak = results.weakest(found).set_index("metric")["strength"]
    assert (weak["energy"], weak["mmd"]) == (1 / 16, 1 / 2)
    assert weak[["off", "mean"]].isna().all()


def test_power_is_of_samples_with_the_defect_against_data_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    def judged(name: str, samples: Tensor, data: Tensor, metrics: list[str]) -> dict[str, float]:
        asked.append((name, samples, data))
        return dict.fromkeys(metrics, 1.0)

    monkeypatch.setattr(results, "judge", judged)
    monkeypatch.setattr(results, "DEFECTS", {"shifted": DEFECTS["shifted"]})
    parts = [
        {"dataset": name, "metric": m, "low": 0.0, "middle": 0.5, "high": 0.9}
        for name in results.DATASETS
        for m in LABELS
    ]
    results.power(pd.DataFrame(parts), results.Budget(samples=2_000, floors=1, sets=1))
    assert [name for name, *_ in asked] == ["clusters"] * 6 + ["rings"] * 6
    lengths = [*reversed(DEFECTS["shifted"].strengths)] * 2
    for (name, samples, data), length in zip(asked, lengths, strict=True):
        assert float(samples[:, 0].mean()) == pytest.approx(length, abs=0.08)
        assert abs(float(data[:, 0].mean())) < 0.08
        found = float(distances.log_density(law(name).mixture, data).mean())
        assert found == pytest.approx(law(name).mean_log_density, abs=0.1), "of the same law"


def test_metrics_of_shares_are_those_of_counts() -> None:
    samples, data = drawn("clusters", 300, 4), drawn("clusters", 200, 5)
    samples = samples[samples[:, 0] + samples[:, 1] < 1][:200]  # one mode is dropped
    found = judge("clusters", samples, data)
    right, upper = samples[:, 0] > 0, samples[:, 1] > 0
    shares = [float(((right == a) & (upper == b)).double().mean()) for a in (0, 1) for b in (0, 1)]
    assert min(shares) == 0
    assert found["modes"] == pytest.approx(max(abs(share - 0.25) for share in shares), abs=0.005)
    p, q = histogram(samples), law("clusters").cells
    nats = [stats.entropy(a, (p + q) / 2) for a in (p, q)]
    assert found["jensen"] == pytest.approx(sum(nats) / 2)
    assert found["sliced"] == distances.sliced(samples, data)


def test_exact_matching_is_by_squares() -> None:
    """By distances the straight way and none, 2 + 0, is shorter than two sides of a triangle."""
    data = torch.tensor([[0.0, 0.0], [1.0, 0.3]] * 4, dtype=torch.float64)
    samples = torch.tensor([[2.0, 0.0], [1.0, 0.3]] * 4, dtype=torch.float64)
    side = math.hypot(1, 0.3)
    assert 2 * side > 2
    assert judge("rings", samples, data, ["exact"])["exact"] == pytest.approx(side)


def test_a_part_of_the_metrics_is_measured_as_all_are() -> None:
    samples, data = 1.1 * drawn("rings", 60, 0), drawn("rings", 60, 1)
    every = judge("rings", samples, data)
    for metric, value in every.items():
        assert judge("rings", samples, data, [metric]) == {metric: value}


@pytest.mark.parametrize(
    ("of_study", "of_whole", "verdict"),
    [
        (0.25, 0.25, Verdict.HOLDS),
        (0.125, 0.25, Verdict.HOLDS),
        (0.25, math.nan, Verdict.HOLDS),
        (0.5, 0.25, Verdict.UNDECIDED),
        (math.nan, math.nan, Verdict.UNDECIDED),
        (1.0, 0.25, Verdict.FAILS),
        (0.999, 0.25, Verdict.UNDECIDED),
        (math.nan, 0.25, Verdict.FAILS),
    ],
)
def test_the_rule_has_three_outcomes(of_study: float, of_whole: float, verdict: Verdict) -> None:
    assert claims.as_soon(of_study, of_whole) is verdict


def weakest_of(values: dict[str, float]) -> pd.DataFrame:
    """One defect on the rings; metrics that are not named see it at 1."""
    strengths = [values.get(metric, 1.0) for metric in LABELS]
    return pd.DataFrame(
        {"dataset": "rings", "defect": "thinned", "metric": list(LABELS), "strength": strengths}
    )


def test_the_claim_takes_the_better_of_two_and_the_best_of_the_others() -> None:
    def verdicts(**values: float) -> list[Verdict]:
        return list(claims.moments_are_enough({"metrics_weakest": weakest_of(values)}).cases)

    assert verdicts() == [Verdict.HOLDS]
    assert verdicts(energy=0.25) == [Verdict.FAILS]
    assert verdicts(energy=0.25, covariance=0.5) == [Verdict.UNDECIDED]
    assert verdicts(precision=0.25) == [Verdict.HOLDS], "not a distance of whole laws"


@pytest.mark.parametrize(
    ("values", "ties", "others"),
    [
        ({}, 1, (1, 0, 0)),
        ({"jensen": 0.25}, 1, (0, 1, 0)),
        ({"energy": 0.25}, 0, (0, 1, 0)),
        ({"mean": 0.5, "jensen": 0.25}, 0, (0, 0, 1)),
    ],
)
def test_ties_are_counted_and_what_histograms_would_change_is_said(values, ties, others) -> None:
    said = claims.moments_are_enough({"metrics_weakest": weakest_of(values)}).measured
    assert f"as soon, in {ties}. With" in said
    assert said.endswith("{} holds, {} does not hold, {} undecided".format(*others))


def test_the_words_follow_the_table() -> None:
    weak = weakest_of({"energy": 0.25, "mmd": 0.25, "mean": math.nan, "covariance": math.nan})
    assert "*thinned*, from 1/4: energy distance, MMD." in sentences.first_to_see(weak)
    assert "at any strength tried: *thinned*;" in sentences.blind(weak)
    later = weakest_of({"energy": 0.25, "covariance": 0.5})
    assert "*thinned* (1/2, others 1/4)" in sentences.blind(later)
    assert "tried: none; they see later than the best of the others: none" in sentences.blind(
        weakest_of({})
    )
    nothing = weakest_of(dict.fromkeys(LABELS, math.nan))
    assert "*thinned*: none" in sentences.first_to_see(nothing)


def test_the_error_of_a_power_is_that_of_a_share() -> None:
    assert (
        "a share of 20 sets: where it is 80% its standard error is 9 points"
        in sentences.how_sure(20)
    )
    assert "standard error is 4 points" in sentences.how_sure(100)


def test_printed_cells_are_the_study_s_and_their_floors_those_of_gaussian_means() -> None:
    cells = results.printed_cells(400)
    assert len(cells) == 16
    assert (cells["best"] == "v").sum() == 15  # counted by hand in the printed table
    odd = cells[cells["best"] != "v"].iloc[0]
    assert (odd["dataset"], odd["objective"], odd["distance"]) == ("waves", "nelbo", "mean")
    assert (odd["printed"], odd["v"]) == (0.0353, 0.0447)
    printed = study.moments().set_index(["dataset", "objective", "target"])
    for row in cells.itertuples():
        assert printed.loc[(row.dataset, row.objective, "v"), f"{row.distance}_distance"] == row.v
    # n times the squared distance of means is near chi-squared, for data of unit covariance
    of_clusters = cells[(cells["dataset"] == "clusters") & (cells["distance"] == "mean")]["floor"]
    wanted = math.sqrt(stats.chi2(2).ppf(0.95) / results.SAMPLES)
    assert of_clusters.iloc[0] == pytest.approx(wanted, rel=0.08)
    words = sentences.printed(cells)
    assert "best in 15 of the 16 printed cells (else: waves, nelbo, mean: $s$)" in words
    best = cells[cells["best"] == "v"]
    inside = (best["v"] < best["floor"] - 2 * best["floor_error"]).sum()
    assert f"In {inside} of the 15 its distance" in words
    assert 0 < inside < 15
    # of a percentile: sqrt(q (1 - q) / n) over the density there, here of a Rayleigh law
    sharp = math.sqrt(0.95 * 0.05 / 400) / (results.SAMPLES * wanted * 0.05)
    errors = cells[cells["distance"] == "mean"]["floor_error"]
    assert float(errors.mean()) == pytest.approx(sharp, rel=0.5)


def test_a_cell_is_above_or_below_the_floor_only_beyond_its_error() -> None:
    def said(v: float) -> str:
        cell = {"dataset": "d", "objective": "o", "distance": "cov", "best": "v", "v": v}
        return sentences.printed(pd.DataFrame([cell | {"floor": 0.05, "floor_error": 0.01}]))

    assert "In 1 of the 1" in said(0.0299)
    assert "to the floor: d, o, cov" in said(0.0301)
    assert "to the floor: d, o, cov" in said(0.0699)
    assert "of the floor: d, o, cov" in said(0.0701)


def test_the_figure_shows_every_strength_and_leaves_the_unseen_empty() -> None:
    weak = pd.concat(
        weakest_of({"mean": math.nan, "energy": 1 / 16}).assign(defect=defect) for defect in DEFECTS
    )
    figure = figures.seen(weak)
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts.count("1/16") == len(DEFECTS)
    assert len(texts) == len(DEFECTS) * (len(LABELS) - 1), (
        "nothing is written where nothing is seen"
    )
    assert "mean (study) (6)" in figures.seen_shown(weak)["alt"]
