"""As published: samplers against a second loop, metrics against SciPy, rules inside and outside."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats
from scipy.spatial.distance import cdist
from sklearn.neighbors import NearestNeighbors
from torch import Generator

from companion import study
from companion.chapters.as_published import (
    claims,
    figures,
    pictures,
    rules,
    sample_rules,
    samples,
    sentences,
)
from companion.chapters.as_published.results import CELL, NETWORK
from companion.evidence import drawn_samples, moments
from companion.evidence.claims import Verdict
from diffcore.denoisers import NetDenoiser
from diffcore.exact import clusters, rings
from diffcore.published import GuardedScore
from diffcore.schedules import Cosine

H, F, U, G = Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED, Verdict.GUARD
BY_NAME = {claim.name: claim for claim in claims.CLAIMS}
SPREAD = np.array([-1.0, 0.2, 0.8])


def cases(name, **tables):
    claim = BY_NAME[name]
    return list(
        claim.decide({t: tables[t.removeprefix("as_published_")] for t in claim.tables}).cases
    )


# Samplers


def by_hand(denoiser, target, n, steps, seed):
    """The loops of the study's code/sampling.py as its facts are noted, in float64."""
    generator = Generator().manual_seed(seed)
    z = torch.randn(n, 2, generator=generator, dtype=torch.float64)
    times = torch.linspace(1 - 1e-4, 1e-4, steps + 1, dtype=torch.float64)
    g = 0.01
    for k in range(steps - 1 if target == "score" else steps):
        t, s = times[k], times[k + 1]
        (at, st), (as_, ss) = (
            (torch.cos(math.pi * u / 2), torch.sin(math.pi * u / 2)) for u in (t, s)
        )
        x, eps = denoiser.predict_pair(z, t)
        if target == "v":
            turn = math.pi / 2 * (t - s)
            z = torch.cos(turn) * z - torch.sin(turn) * (at * eps - st * x)
            continue
        noise = torch.randn(n, 2, generator=generator, dtype=torch.float64)
        if target == "score":
            z = z + st**2 * (-st * eps / (st**2 + g)) + math.sqrt(2) * st * noise
        else:
            eta = ss / st * torch.sqrt(1 - (at / as_) ** 2)
            z = as_ * x + torch.sqrt(ss**2 - eta**2) * eps + eta * noise
    return z


@pytest.mark.parametrize("target", study.TARGETS)
@pytest.mark.parametrize("steps", [1, 7])
def test_samples_are_those_of_the_studys_loops(target, steps):
    denoiser = clusters().denoiser(Cosine())
    rule = drawn_samples.OWN[target]
    found = drawn_samples.draw(denoiser, rule, 40, steps, Generator().manual_seed(5), torch.float64)
    assert torch.allclose(found, by_hand(denoiser, target, 40, steps, 5), atol=1e-9)


def test_one_step_of_the_walk_is_the_noise_that_it_began_with():
    denoisers = {("clusters", "score", "nelbo", 3): clusters().denoiser(Cosine())}
    found = samples.drawn(denoisers, "own", 1, 10)
    began = torch.randn(10, 2, generator=Generator().manual_seed(3))
    assert torch.equal(found["clusters", "score", "nelbo", 3], began)


def test_rules_differ_in_what_they_are_called_by():
    denoiser = clusters().denoiser(Cosine())
    by = {
        (rule, target): samples.drawn({("clusters", target, "nelbo", 1): denoiser}, rule, 6, 20)
        for rule, target in product(samples.RULES, ("v", "eps"))
    }
    values = {key: next(iter(found.values())) for key, found in by.items()}
    assert torch.equal(values["own", "v"], values["one", "v"])
    assert torch.equal(values["one", "eps"], values["one", "v"])
    assert not torch.allclose(values["own", "eps"], values["one", "eps"], atol=1e-3)
    assert not torch.allclose(values["even", "v"], values["one", "v"], atol=1e-3)
    assert set(samples.CALLED) == set(samples.RULES)


def test_a_swing_is_what_a_step_of_the_walk_leaves_of_a_point_far_out():
    """A network with the guarded score of the middle point alone, and one that pulls k times as hard."""
    for k, expected in ((1.0, None), (3.0, -2.0)):

        def net(z, t, k=k):
            s = torch.sin(torch.pi / 2 * t)[:, None]
            return -k * z / (s**2 + (0.01 if k == 1 else 0))

        denoiser = NetDenoiser(net, Cosine(), GuardedScore(0.01))
        found = samples.swings(
            {("rings", "score", "nelbo", 1): denoiser, ("rings", "x", "nelbo", 1): denoiser}
        )
        s2 = math.sin(math.pi / 2 * 0.8) ** 2
        expected = 0.01 / (s2 + 0.01) if expected is None else expected
        assert found["swing"].tolist() == [pytest.approx(expected, abs=1e-5)]
        assert found["target"].tolist() == ["score"]


def test_step_counts_are_the_studys():
    assert samples.STEPS == (1, 2, 4, 10, 22, 49, 107, 234, 512)
    assert samples.STEPS[:6] == samples.FEW


# Metrics


def test_metrics_are_those_of_scipy_and_scikit_learn():
    points = 1.2 * rings().sample(2_000, Generator().manual_seed(2), torch.float64) + 0.1
    points[:3] = 7.0
    found = samples.judged(points, "rings")
    kept = samples.reference("rings").numpy()
    some = points[:1_000].numpy()
    squared = 2 * cdist(some, kept).mean() - cdist(some, some).mean() - cdist(kept, kept).mean()
    assert found["energy"] == pytest.approx(math.sqrt(squared), rel=1e-4)
    radius = NearestNeighbors(n_neighbors=6).fit(kept).kneighbors(kept)[0][:, 5]
    nearest = NearestNeighbors(n_neighbors=1).fit(points.numpy()).kneighbors(kept)[0][:, 0]
    assert found["coverage"] == pytest.approx((nearest < radius).mean(), abs=2e-3)
    assert found["mean"] == pytest.approx(np.linalg.norm(points.numpy().mean(0)), rel=1e-6)
    assert found["size"] == pytest.approx(math.sqrt((points.numpy() ** 2).sum(1).mean()))
    assert found["away"] == 3 / 2_000


def test_the_covariance_of_a_mixture_is_that_of_its_samples():
    exact = moments.covariance(rings())
    drawn = rings().sample(400_000, Generator().manual_seed(0), torch.float64)
    assert torch.allclose(exact, torch.cov(drawn.T), atol=0.01)
    centre, width = 0.98058, 0.19612
    assert torch.allclose(
        moments.covariance(clusters()),
        torch.eye(2, dtype=torch.float64) * (centre**2 + width**2),
        atol=1e-4,
    )


def test_the_energy_distance_of_a_shift_grows_with_it():
    x = clusters().sample(2_000, Generator().manual_seed(4), torch.float64)
    near, far = (samples.judged(x + shift, "clusters")["energy"] for shift in (0.1, 0.4))
    assert samples.judged(x, "clusters")["energy"] < near < far


# Comparisons of means


def test_without_spreads_the_interval_is_welchs():
    one, two = pd.Series([1.0, 1.3, 0.8]), pd.Series([2.0, 2.1, 2.6])
    gap, reach = rules.apart(one, two, 5)
    found = stats.ttest_ind(two, one, equal_var=False).confidence_interval(1 - 0.05 / 5)
    assert (gap - reach, gap + reach) == pytest.approx((found.low, found.high))


def test_pooled_spreads_are_about_each_cells_mean():
    values = pd.Series([1.0, 3.0, 10.0, 14.0])
    assert rules.pooled(values, [pd.Series(list("aabb"))]) == (pytest.approx((2 + 8) / 2), 2)


def losses(apart=0.0, differs=True, ours=None, floor=None):
    rows = [
        {
            "dataset": d, "target": t, "objective": o, "apart": apart, "differs": differs, "least": 3.0,
            "ours": (ours or {}).get(t, 1.0), "ours_sd": 1e-4, "floor": (floor or {}).get(t, 1.0),
            "floor_error": 1e-6,
        }
        for d, t, o in product(study.DATASETS, study.TARGETS, study.OBJECTIVES)
    ]  # fmt: skip
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("apart", "differs", "verdict"), [(0.1, True, H), (-0.1, True, F), (5.0, False, U)]
)
def test_a_level_is_higher_or_lower_where_the_test_sees_it(apart, differs, verdict):
    assert cases("levels-not-undershot", losses=losses(apart, differs)) == [verdict] * 32


@pytest.mark.parametrize(
    ("low", "floor_low", "verdict"),
    [(0.99, 0.99, G), (1.01, 0.99, F), (0.9, 1.99, H), (0.9, 1.5, Verdict.BOTH)],
)
def test_groups_are_judged_by_their_ratio_and_by_the_floor(low, floor_low, verdict):
    high = {"eps": 2.0, "v": 2.0}
    table = losses(
        ours=high | {"x": low, "score": low}, floor=high | {"x": floor_low, "score": floor_low}
    )
    assert cases("two-groups-again", losses=table) == [verdict] * 4


def peaked(at, exact, bare, more=()):
    rows = [
        (
            w,
            d,
            t,
            "nelbo",
            k,
            {1: at, 2: at}.get(k, at) if k != 3 or not more else more[0],
            exact,
            bare,
        )
        for w, d, t, k in product(rules.WHOSE, study.DATASETS, ("x",), (1, 2, 3))
    ]
    return pd.DataFrame(rows, columns=["whose", *NETWORK, "peak", "floor", "unguarded"])


@pytest.mark.parametrize(
    ("at", "more", "exact", "bare", "verdict"),
    [
        (0.105, (), 0.205, 0.005, G),
        (0.245, (), 0.205, 0.205, H),
        (0.245, (), 0.005, 0.005, H),
        (0.095, (), 0.205, 0.005, F),
        (0.255, (), 0.205, 0.005, F),
        (0.105, (0.095,), 0.205, 0.005, U),
    ],
)
def test_peaks_are_judged_by_all_executions_and_the_perfect_denoiser(
    at, more, exact, bare, verdict
):
    assert cases("where-the-nelbo-is-largest", peaks=peaked(at, exact, bare, more)) == [verdict] * 8


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("weighted-steadier", "variation"),
        ("weighted-steadier-beyond-draws", "beyond"),
        ("weighted-sooner", "arrives"),
    ],
)
def test_weighted_is_less_by_a_t_interval_over_data_sets(name, column):
    noise = np.array([-1.0, 0.4, 0.1, 0.5])
    edge = stats.t.ppf(1 - 0.05 / 4 / 2, 3) * noise.std(ddof=1) / 2
    for gap, verdict in ((1.001 * edge, H), (0.999 * edge, U), (-1.001 * edge, F)):
        rows = [
            (w, d, t, o, k, math.exp(gap + noise[i] - 1) if o == "nelbo" else math.exp(-1))
            for w, (i, d), t, o, k in product(
                rules.WHOSE, enumerate(study.DATASETS), study.TARGETS, study.OBJECTIVES, (1, 2)
            )
        ]
        table = pd.DataFrame(rows, columns=["whose", *NETWORK, column])
        assert cases(name, steadiness=table) == [verdict] * 8


@pytest.mark.parametrize(("name", "columns"), [
    ("variance-over-epochs", ("published", "ours")), ("variance-of-the-loss", ("exact", "network")),
])  # fmt: skip
@pytest.mark.parametrize(("ratio", "verdict"), [(2.01, H), (1.99, U), (0.51, U), (0.49, F)])
def test_a_variance_is_high_where_it_is_twice_the_other_end(name, columns, ratio, verdict):
    every = ("published", "ours", "exact", "network")
    rows = []
    for d, t, b in product(study.DATASETS, study.TARGETS, range(100)):
        first = 1 / ratio if t == "x" else ratio
        value = first if b < 20 else 1.0 if b >= 80 else 77.0
        rows.append((d, t, b, *(value if c in columns else 5.0 for c in every)))
    table = pd.DataFrame(rows, columns=["dataset", "target", "bin", *every])
    assert cases(name, variances=table.sample(frac=1, random_state=0)) == [verdict] * 32


def sets(value, rule="own", steps=107, names=study.DATASETS, spread=0.05, scale=1.0):
    """Three executions of every network; ``value`` of a network's data set, target and objective."""
    rows = []
    for d, t, o, k in product(names, study.TARGETS, study.OBJECTIVES, (1, 2, 3)):
        at = scale * value(d, t, o) * math.exp(spread * SPREAD[k - 1])
        rows.append((d, t, o, k, rule, steps, at, at, at, at, at, 0.0))
    return pd.DataFrame(rows, columns=[*samples.DRAWN_BY, *samples.METRICS, "size", "away"])


def limits(value):
    rows = [(d, m, value, value) for d, m in product(study.DATASETS, samples.METRICS)]
    return pd.DataFrame(rows, columns=["dataset", "metric", "typical", "limit"])


EDGE = stats.t.ppf(1 - 0.05 / 3 / 2, 16) * 0.05 * SPREAD.std(ddof=1) * math.sqrt(2 / 3)
"""Of three comparisons of two means of three, spreads pooled over four data sets: 8 degrees each."""


@pytest.mark.parametrize(
    ("gap", "limit", "verdict"),
    [(1.001, 0.0, H), (0.999, 0.0, U), (-1.001, 0.0, F), (1.001, 9.0, U), (-1.001, 1.02, U)],
)
def test_v_is_best_by_pooled_logarithms_and_outside_of_the_noise(gap, limit, verdict):
    noise = limits(limit)
    few = sets(lambda d, t, o: 50.0, steps=4, names=("rings",))
    for name, rule in (("v-best-samples-again", "own"), ("v-best-samples-one-sampler", "even")):
        table = sets(lambda d, t, o: 1.0 if t == "v" else math.exp(gap * EDGE), rule)
        both = pd.concat([table, few.assign(rule=rule)], ignore_index=True)
        assert cases(name, samples=both, noise=noise) == [verdict] * 48


def test_only_what_both_are_within_is_noise():
    table = sets(lambda d, t, o: 0.5 if t == "v" else 2.0)
    noise = limits(1.0)
    assert cases("v-best-samples-again", samples=table, noise=noise) == [H] * 48


@pytest.mark.parametrize(("gap", "verdict"), [(1.001, H), (0.999, U), (-1.001, F)])
def test_eps_is_poor_at_few_steps_by_welch_on_the_rings(gap, verdict):
    edge = stats.t.ppf(1 - 0.05 / 12 / 2, 4) * 0.05 * SPREAD.std(ddof=1) * math.sqrt(2 / 3)
    pairs = (
        ("eps-poor-at-few-steps", "own"),
        ("eps-poor-one-sampler", "one"),
        ("eps-poor-even-steps", "even"),
    )
    for name, rule in pairs:
        blocks = [
            sets(lambda d, t, o: math.exp(gap * edge) if t == "eps" else 1.0, rule, n, ("rings",))
            for n in samples.FEW
        ]
        other = [sets(lambda d, t, o: 3.0, "else", n, ("rings",)) for n in samples.FEW]
        table = pd.concat(
            [*blocks, *other, sets(lambda d, t, o: 3.0, rule, 512)], ignore_index=True
        )
        assert cases(name, samples=table, noise=limits(0.0)) == [verdict] * 24


@pytest.mark.parametrize(("gap", "verdict"), [(1.001, H), (0.999, U), (-1.001, F)])
def test_the_walks_part_is_a_paired_test_of_logarithms(gap, verdict):
    edge = stats.t.ppf(1 - 0.05 / 8 / 2, 8) * 0.05 * SPREAD.std(ddof=1) / math.sqrt(3)
    own = sets(lambda d, t, o: math.exp(gap * edge) if t == "score" else 9.0)
    even = sets(lambda d, t, o: 1.0, "even", 49, spread=0.0)
    table = pd.concat([own, even], ignore_index=True)
    assert cases("score-blurred-by-its-sampler", samples=table) == [verdict] * 8
    common = table.assign(
        energy=table["energy"] * (1 + table["execution"])
    )  # of a network, in both
    assert cases("score-blurred-by-its-sampler", samples=common) == [verdict] * 8


def covered(of):
    blocks = []
    for rule, steps in (("own", 107), ("even", 49)):
        table = sets(lambda d, t, o: 1.0, rule, steps)
        value = [of(row.target, row.objective) for row in table.itertuples()]
        blocks.append(
            table.assign(coverage=np.array(value) + 0.05 * SPREAD[table["execution"] - 1])
        )
    return pd.concat(blocks, ignore_index=True)


@pytest.mark.parametrize(("gap", "verdict"), [(1.001, H), (0.999, U), (-1.001, F)])
def test_x_covers_less_by_pooled_differences(gap, verdict):
    error = 0.05 * SPREAD.std(ddof=1) * math.sqrt(2 / 3)
    alone, four = (stats.t.ppf(1 - 0.05 / n / 2, 16) * error for n in (1, 4))
    table = covered(lambda t, o: 0.5 - gap * alone if t == "x" else 0.5)
    assert cases("x-covers-less", samples=table, noise=limits(0.9)) == [verdict] * 16
    assert cases("x-covers-less", samples=table, noise=limits(0.1)) == [U] * 16
    table = covered(lambda t, o: 0.5 - gap * four if (t, o) == ("x", "weighted") else 0.5)
    assert cases("x-covers-less-weighted", samples=table) == [verdict] * 8


def test_all_networks_are_those_with_the_step_count_of_most():
    table = pd.concat(
        [sets(lambda d, t, o: 1.0), sets(lambda d, t, o: 1.0, steps=512, names=("rings",))]
    )
    assert sample_rules.all_networks(table, "own")["steps"].unique().tolist() == [107]


# Words and figures


def of_target(dataset, target, objective):
    return {"x": 1, "eps": 4, "v": 2, "score": 3}[target]


@pytest.fixture
def table():
    blocks = [sets(lambda d, t, o: 1.0, rule, n) for rule, n in (("own", 107), ("even", 49))]
    blocks += [
        sets(of_target, rule, n, ("rings",), scale=1 / n)
        for rule in samples.RULES
        for n in samples.FEW
        if (rule, n) != ("even", 49)
    ]
    return pd.concat(blocks, ignore_index=True)


def test_words_on_few_steps_put_targets_in_order(table):
    words = sentences.few(table)
    assert words.count(r"1: $x$, $v$, $s$, $\epsilon$") == 3
    assert r"$x$ 1.01, $\epsilon$ 4.04, $v$ 2.02, $s$ 3.03" in words


def test_words_on_samples_that_left_count_networks(table):
    first = (table["target"] == "score") & (table["rule"] == "own") & (table["execution"] == 1)
    left = table.assign(away=np.where(first & (table["dataset"] == "waves"), 0.1, 0.0))
    left.loc[first & (table["dataset"] == "waves"), "size"] = 1e6
    swings = left[(left["target"] == "score") & (left["rule"] == "own") & (left["steps"] == 107)]
    swings = swings.assign(swing=np.where(swings["away"] > 0, -2.5, 0.25))[[*NETWORK, "swing"]]
    words = sentences.away(left, swings)
    assert "-2.5 to -2.5 for those that lost samples and 0.2 to 0.2 for the others" in words
    assert "the study's samplers: $s$ 2 of 24" in words
    assert "one sampler, even log-SNR: none" in words
    assert "is 1e+06." in words
    beside = pd.DataFrame({"dataset": ["rings"] * 2} | {
        f"{a}_{b}": [0.5, 1.5] for a in ("printed", "own", "even") for b in samples.METRICS
    })  # fmt: skip
    assert "2 of 4 printed" in sentences.within(beside, limits(1.0))


def test_medians_beside_what_is_printed_are_of_the_step_counts_asked_for(table):
    found = samples.beside_printed(
        table.assign(mean=table["mean"] * table["steps"]), {"own": 107, "even": 49}
    )
    assert len(found) == 32
    assert found["own_mean"].tolist() == pytest.approx([107 * math.exp(0.05 * 0.2)] * 32)
    assert found["even_mean"].tolist() == pytest.approx([49 * math.exp(0.05 * 0.2)] * 32)
    printed = study.moments().set_index(CELL)["mean_distance"]
    assert (found.set_index(CELL)["printed_mean"] == printed[found.set_index(CELL).index]).all()


def test_figures_draw_what_they_are_given(table):
    figure = pictures.against_steps(table, limits(0.1))
    assert [axis.get_title() for axis in figure.axes][::2] == [
        f"NELBO, {called}" for called in samples.CALLED.values()
    ]
    lines = figure.axes[0].get_lines()
    assert lines[1].get_ydata()[0] == pytest.approx(4 * np.exp(0.05 * SPREAD).mean(), rel=1e-6)
    drawn = {
        ("rings", t, "nelbo", 1): torch.full((400, 2), 4.0 if t == "eps" else 1.0)
        for t in study.TARGETS
    }
    shown = pictures.few_steps(dict.fromkeys(pictures.PICTURED, drawn))
    assert [text.get_text() for text in shown.axes[1].texts] == ["100% outside"]
    assert not shown.axes[0].texts
    assert pictures.outside(drawn["rings", "eps", "nelbo", 1]) == 1.0
    assert (
        "eps 5.66 and 100%"
        in pictures.few_steps_shown(dict.fromkeys(pictures.PICTURED, drawn))["alt"]
    )
    assert figures.LOWEST < 1e-3


def test_claims_say_when_their_rule_was_fixed_and_what_nobody_said():
    for claim in claims.CLAIMS:
        assert claim.stated.startswith(("the study", "nobody: "))
        named = claim.threshold.removeprefix("as for `").removesuffix("`")
        threshold = BY_NAME[named].threshold if named in BY_NAME else claim.threshold
        assert "before one network was trained" in threshold or "committed before" in threshold
