"""Weightings from the kernels: formulas against SciPy, ellipses and fronts against brute force, rules."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import integrate, optimize, stats

from companion import profiles
from companion.chapters.equal_footing import grid as of_equal_footing
from companion.chapters.weightings_from_kernels import (
    asked,
    claims,
    compared,
    fronts,
    grid,
    measured,
    pilots,
    results,
    rules,
    sentences,
)
from companion.errors import UserError
from companion.evidence import exact_paths, pinned
from companion.evidence.claims import Verdict
from companion.evidence.intervals import holm
from companion.evidence.perturbed import Perturbed
from companion.runs.plane import ENDS, SCHEDULE
from diffcore.exact.data2d import DATASETS
from diffcore.exact.floors import lean
from diffcore.targets import like
from diffcore.weightings import Elbo, InTurn, Tabulated

H, F, U = Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED
RNG = np.random.default_rng(0)


# The runs


@pytest.mark.parametrize("profile", ["quick", "standard"])
def test_what_is_not_derived_is_trained_by_equal_footing(profile: str) -> None:
    active = profiles.get(profile)
    theirs = {of_equal_footing.run(active, key).id for key in of_equal_footing.keys(active)}
    ours = [*grid.eight_keys(active), *grid.catalogue_keys(active)]
    assert {grid.run(active, key).id for key in ours} <= theirs
    plain = [("v", w, s) for w in grid.CATALOGUE for s in grid.seeds(active)]
    for target, weighting, seed in plain:
        key = (grid.datasets(active)[0], target, weighting)
        assert (
            grid.run(active, (*key, seed)).id
            == of_equal_footing.run(active, (*key, of_equal_footing.PLAIN, seed)).id
        )


def test_pilots_are_no_networks_that_are_compared() -> None:
    active = profiles.get("standard")
    compared_ids = {grid.run(active, key).id for key in grid.keys(active)}
    first = [pilots.run(active, pilot) for pilot in grid.pilot_keys(active)]
    assert len(first) == 12
    assert not {run.id for run in first} & compared_ids
    assert not set(pilots.SEEDS) & set(grid.seeds(active))
    assert sorted({run.plan.steps for run in first}) == [375, 750, 1500]
    assert len(grid.grid(active)) == len(grid.keys(active)) + 12
    assert sum(key[2] in rules.NAMES for key in grid.keys(active)) == 8 * 2 * 2 * 5


# The committed table


def test_the_table_is_read_only_if_it_is_the_committed_one(monkeypatch: pytest.MonkeyPatch) -> None:
    table = measured.table()
    assert list(table.columns) == ["dataset", "log_snr", *measured.NUMBERS]
    for _, block in table.groupby("dataset"):
        np.testing.assert_array_equal(block["log_snr"], measured.KNOTS)
    assert (table[[*measured.NUMBERS]] > 0).all().all()
    monkeypatch.setattr(measured, "SHA256", "0" * 64)
    with pytest.raises(UserError, match=r"levels.csv is missing or not the one that was committed"):
        measured.table()
    with pytest.raises(
        UserError, match="git checkout companion/chapters/weightings_from_kernels/data/no"
    ):
        pinned.text("companion.chapters.weightings_from_kernels", "no.csv", "0" * 64)


class Off(Perturbed):
    """The exact denoiser, its noise off by (0.3, -0.4) at every level."""

    def errors(self, z: torch.Tensor, t: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        of_eps = torch.tensor([0.3, -0.4], dtype=z.dtype).expand_as(z)
        return -like(SCHEDULE.sigma(t) / SCHEDULE.alpha(t), z) * of_eps, of_eps


def test_the_table_is_made_of_kernel_floor_and_errors() -> None:
    oracle = lean(DATASETS["clusters"]()).denoiser(SCHEDULE)
    wrong = Off(oracle)
    every = pilots.keys(("clusters",))
    knots = np.array([-12.0, 0.0, 12.0])
    found = measured.made(
        {p: wrong if p.multiple == 0.5 else oracle for p in every}, 500, 48, 400, knots
    )
    np.testing.assert_allclose(found["after_0.5"], 0.5, rtol=1e-3)  # latents are rounded to float32
    assert (found["after_1"] < 1e-2).all()
    kept = measured.table().query("dataset == 'clusters'").set_index("log_snr").loc[knots]
    np.testing.assert_allclose(found["mmse"], kept["mmse"], rtol=2e-3)  # other scrambles
    np.testing.assert_allclose(
        found["kernel"], kept["kernel"], rtol=0.15
    )  # of fewer steps, and uncertain by 9 %
    each = exact_paths.squared(exact_paths.paths(oracle, 500, 48, ENDS))[0].clip(max=4.0)
    error = float(each.std() / 500**0.5 / each.mean() / 2)  # of a root half that of its square
    assert found["uncertain"].iloc[0] == pytest.approx(error)
    assert found["kernel"].iloc[-1] == pytest.approx(math.exp(-6) / 2, rel=0.01)  # towards the data


def test_errors_are_means_over_seeds_of_squares(monkeypatch: pytest.MonkeyPatch) -> None:
    squares = {0: np.array([1.0, 4.0]), 1: np.array([7.0, 12.0])}

    def given(name, chosen, knots, points):
        return {p: p.multiple * squares[p.seed] for p in chosen}

    monkeypatch.setattr(measured, "errors", given)
    every = dict.fromkeys(pilots.keys(("clusters",)))
    found = measured.made(every, 4, 12, 2, np.array([-12.0, 12.0]))
    np.testing.assert_allclose(found["after_1"], [2, math.sqrt(8)])
    np.testing.assert_allclose(found["after_0.25"], [1, math.sqrt(2)])


def test_a_number_that_is_off_is_found_and_said() -> None:
    kept = measured.table()
    again = kept[::7].copy()
    clean = measured.deviations(kept, again)
    assert clean["largest"].max() == 0
    assert len(clean) == 2 * len(measured.NUMBERS)
    assert "within the tolerance" in sentences.kept(clean, "standard")
    row = again.index[(again["dataset"] == "rings")][2]
    for factor, word in (
        (1 + 1.02 * measured.KEPT, "**beyond**"),
        (1 - 0.98 * measured.KEPT, "within"),
    ):
        changed = again.copy()
        changed.loc[row, "after_0.5"] *= factor
        off = measured.deviations(kept, changed).set_index(["dataset", "number"])["largest"]
        assert off["rings", "after_0.5"] == pytest.approx(abs(factor - 1))
        assert off.drop(("rings", "after_0.5")).max() == 0
        assert word in sentences.kept(off.reset_index().assign(log_snr=0.0), "standard")
    assert "judged there alone" in sentences.kept(clean, "quick")
    with pytest.raises(ValueError, match="log-SNRs and data sets of the committed table"):
        measured.deviations(kept, again.assign(log_snr=again["log_snr"] + 0.1))


# The weights


def levels(log_snr: np.ndarray, k: np.ndarray, e: np.ndarray, m: np.ndarray) -> pd.DataFrame:
    frame = pd.DataFrame({"dataset": "clusters", "log_snr": log_snr, "kernel": k, "mmse": m})
    return frame.assign(**{"after_0.25": 4 * e**2, "after_0.5": 2 * e, "after_1": e})


GIVEN = levels(np.linspace(-12, 12, 7), *(np.exp(RNG.normal(size=7)) for _ in range(3)))


def test_kernel_over_error_makes_the_bound_on_the_distance_least() -> None:
    """Of all weights, by SciPy: (int k e)^2 <= int k^2/w int w e^2, at the errors that were measured."""
    k, e = GIVEN["kernel"].to_numpy(), GIVEN["after_1"].to_numpy()
    at = GIVEN["log_snr"].to_numpy()

    def bound(log_w: np.ndarray) -> float:
        w = np.exp(log_w)
        return np.log(np.trapezoid(k**2 / w, at)) + np.log(np.trapezoid(w * e**2, at))

    found = optimize.minimize(bound, np.zeros(7), tol=1e-12)
    assert found.fun == pytest.approx(2 * np.log(np.trapezoid(k * e, at)), abs=1e-8)
    ratio = np.exp(found.x) / rules.constant(GIVEN)["over-error"]
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-3)


def test_both_is_the_slope_of_the_sum_of_the_logarithms() -> None:
    """By finite differences in the squared error of each level, over the trapezoid's own weights."""
    at, k = GIVEN["log_snr"].to_numpy(), GIVEN["kernel"].to_numpy()
    e2 = GIVEN["after_1"].to_numpy() ** 2

    def wish(squares: np.ndarray) -> float:
        excess = integrate.trapezoid(squares, at)
        return math.log(excess) + 2 * math.log(integrate.trapezoid(k * np.sqrt(squares), at))

    slope = optimize.approx_fprime(e2, wish, 1e-7 * e2)
    measure = np.full(7, 4.0)
    measure[[0, -1]] = 2.0
    np.testing.assert_allclose(rules.constant(GIVEN)["both"], slope / measure, rtol=1e-4)


def test_uncertainty_is_learned_by_its_own_loss() -> None:
    left = GIVEN["mmse"].to_numpy() + GIVEN["after_1"].to_numpy() ** 2
    found = [
        optimize.minimize_scalar(lambda s, ell=ell: ell * math.exp(-s) + s, tol=1e-12).x
        for ell in left
    ]
    weights = rules.constant(GIVEN)
    np.testing.assert_allclose(weights["uncertainty"], np.exp(-np.array(found)), rtol=1e-5)
    pull = 2 * weights["over-noise"] * np.sqrt(left)  # r.m.s. slope of w |eps - eps_hat|^2
    np.testing.assert_allclose(pull, 2 * GIVEN["kernel"], rtol=1e-12)


def test_kernel_squared_and_stages_are_what_their_names_say() -> None:
    weights = rules.constant(GIVEN)
    k, e = GIVEN["kernel"].to_numpy(), GIVEN["after_1"].to_numpy()
    np.testing.assert_allclose(weights["kernel"], k)
    np.testing.assert_allclose(weights["squared"], k**2)
    for found, error in zip(rules.stages(GIVEN), (4 * e**2, 2 * e, e), strict=True):
        np.testing.assert_allclose(found, k / error)


def test_weightings_have_mean_one_and_six_digits_and_their_order() -> None:
    found = rules.weightings(GIVEN)
    assert tuple(found) == rules.NAMES
    for name, weighting in found.items():
        parts = weighting.parts if isinstance(weighting, InTurn) else (weighting,)
        assert isinstance(weighting, InTurn) == (name in rules.TIMED)
        for part in parts:
            if isinstance(part, Elbo):
                continue
            assert isinstance(part, Tabulated)
            assert part.log_snr == tuple(GIVEN["log_snr"])
            assert np.trapezoid(part.weights, part.log_snr) == pytest.approx(24, rel=1e-5)
            assert all(float(f"{w:.6g}") == w for w in part.weights)
    staged, curriculum = found["staged"], found["curriculum"]
    assert isinstance(staged, InTurn)
    assert isinstance(curriculum, InTurn)
    assert curriculum.parts == (Elbo(), found["over-error"])
    assert staged.parts[-1].weights == found["over-error"].weights  # type: ignore[attr-defined]
    for part, wanted in zip(staged.parts, rules.stages(GIVEN), strict=True):
        ratio = np.array(part.weights) / wanted  # type: ignore[attr-defined]
        np.testing.assert_allclose(ratio, ratio[0], rtol=1e-5)


# Ellipses and fronts


def cloud(cells: Mapping[tuple[str, str], np.ndarray]) -> pd.DataFrame:
    """Networks of one data set from logarithms of excess and sliced distance, (seeds, 2) a cell."""
    rows = [
        ["clusters", *cell, 100 + i, *np.exp(pair), 1.0]
        for cell, block in cells.items()
        for i, pair in enumerate(block)
    ]
    return pd.DataFrame(rows, columns=[*results.MODEL, *results.AXES, "energy"])


def test_pooled_spread_is_the_mean_of_covariances_within_cells() -> None:
    groups = {
        ("v", "bound"): RNG.normal(size=(4, 2)),
        ("v", "edm"): 5 + 2 * RNG.normal(size=(4, 2)),
    }
    found = fronts.spread(cloud(groups))
    wanted = np.mean([np.cov(g.T) for g in groups.values()], axis=0)
    np.testing.assert_allclose(found.covariance, wanted)
    assert (found.freedom, found.runs) == (6, 4)
    for i, axis in enumerate(results.AXES):
        ratios = [g[:, i].std(ddof=1) / math.sqrt(wanted[i, i]) for g in groups.values()]
        assert found.least[axis] == pytest.approx(min(ratios))
        assert found.most[axis] == pytest.approx(max(ratios))
        assert found.p[axis] == pytest.approx(
            stats.bartlett(*(g[:, i] for g in groups.values())).pvalue
        )


def test_an_ellipse_is_hotellings_and_covers_as_often_as_it_says() -> None:
    covariance = np.array([[0.5, 0.3], [0.3, 0.4]])
    found = fronts.Spread(covariance, 12, 4, {}, {}, {})
    line = fronts.ellipse(np.array([1.0, -2.0]), found) - [1.0, -2.0]
    distance = np.einsum("ni,ij,nj->n", line, np.linalg.inv(covariance), line)
    limit = 2 * 12 / 11 * stats.f.ppf(0.95, 2, 11) / 4
    np.testing.assert_allclose(distance, limit)
    # four cells of four seeds, all means zero: 12 degrees of freedom
    rng = np.random.default_rng(3)
    draws = rng.multivariate_normal([0, 0], covariance, size=(20_000, 4, 4))
    means = draws.mean(2)
    deviations = draws - means[:, :, None]
    pooled = np.einsum("dcni,dcnj->dij", deviations, deviations) / 12
    inside = np.einsum("di,dij,dj->d", means[:, 0], np.linalg.inv(pooled), means[:, 0]) <= limit
    assert inside.mean() == pytest.approx(0.95, abs=0.005)


def test_the_front_is_brute_force_s() -> None:
    values = RNG.integers(0, 6, size=(50, 12, 2)).astype(float)  # with ties
    found = fronts.front(values)
    for points, on in zip(values, found, strict=True):
        for i, one in enumerate(points):
            beaten = any(
                all(a <= b for a, b in zip(o, one, strict=True)) and tuple(o) != tuple(one)
                for o in points
            )
            assert on[i] == (not beaten)


def test_shares_of_the_front_are_those_of_all_draws() -> None:
    """Three seeds: every one of the 27 draws, against the bootstrap."""
    cells = {("v", name): RNG.normal(size=(3, 2)) for name in ("bound", "edm", "kernel", "both")}
    counts = np.zeros(4)
    for draw in itertools.product(range(3), repeat=3):
        counts += fronts.front(np.stack([c[list(draw)].mean(0) for c in cells.values()]))
    shuffled = cloud(cells).sample(frac=1, random_state=2)
    found = fronts.shares(shuffled, 40_000).set_index(["target", "weighting"])
    for (cell, block), share in zip(cells.items(), counts / 27, strict=True):
        assert found.loc[cell, "share"] == pytest.approx(share, abs=0.01)
        assert block.shape == (3, 2)
    means = np.stack([c.mean(0) for c in cells.values()])
    assert [found.loc[c, "front"] for c in cells] == list(fronts.front(means))


def test_cells_are_geometric_means_with_their_intervals() -> None:
    block = RNG.normal(size=(5, 2))
    found = fronts.cells(cloud({("v", "bound"): block, ("eps", "both"): 9 + block}), 10)
    row = found[found["target"] == "v"].iloc[0]
    for i, axis in enumerate(results.AXES):
        low, high = stats.t.interval(0.95, 4, block[:, i].mean(), stats.sem(block[:, i]))
        assert row[axis] == pytest.approx(math.exp(block[:, i].mean()))
        assert row[f"{axis}_least"] == pytest.approx(math.exp(low))
        assert row[f"{axis}_most"] == pytest.approx(math.exp(high))
    assert list(found["front"]) == [True, False]


# Both axes at once


def plane(derived: Mapping[str, tuple[float, float]], rings: float = 1.0) -> pd.DataFrame:
    """Networks of v on two data sets: the eight at 1 or worse, each derived cell at its factors.

    The jitter of seeds is shared by none, and its ratio to another cell's has a known t statistic.
    """
    jitter = np.array([-0.02, 0.01, 0.0, 0.03, -0.02])
    rows = []
    for name in ("clusters", "rings"):
        for i, (target, weighting) in enumerate(compared.EIGHT):
            for seed in range(5):
                rows.append([name, target, weighting, seed, 1.0 + 0.1 * i, 1.0 + 0.1 * (7 - i)])
        for weighting, (excess, sliced) in derived.items():
            worse = rings if name == "rings" else 1.0
            for seed in range(5):
                off = math.exp(jitter[seed])
                rows.append([name, "v", weighting, seed, excess * off, worse * sliced * off])
    return pd.DataFrame(rows, columns=[*results.MODEL, *results.AXES])


def test_a_cell_is_below_only_if_it_is_below_each_on_each_axis_of_each_data_set() -> None:
    good = compared.against(plane({"kernel": (0.8, 0.8)}), ("v", "kernel"), compared.EIGHT)
    jitter = np.array([-0.02, 0.01, 0.0, 0.03, -0.02])
    wanted = stats.ttest_1samp(math.log(0.8) + jitter, 0).pvalue
    assert good["below"] == pytest.approx(wanted)
    assert good["above"] == 1.0
    assert good["excess"] == pytest.approx(0.8)
    for frame in (
        plane({"kernel": (1.05, 0.8)}),
        plane({"kernel": (0.8, 1.05)}),
        plane({"kernel": (0.8, 0.8)}, rings=1.4),
    ):
        bad = compared.against(frame, ("v", "kernel"), compared.EIGHT)
        assert bad["below"] == 1.0
    assert bad["sliced"] == pytest.approx(0.8 * 1.4)
    assert bad["above"] == pytest.approx(
        32 * stats.ttest_1samp(math.log(0.8 * 1.4) + jitter, 0).pvalue
    )


def test_the_limit_of_the_other_axis_is_met_by_every_objective() -> None:
    """The best in excess has the worst samples: to be below the best of one axis only is not enough."""
    found = compared.against(plane({"kernel": (0.8, 1.65)}), ("v", "kernel"), compared.EIGHT)
    assert found["below"] == 1.0
    only = compared.against(plane({"kernel": (0.8, 1.65)}), ("v", "kernel"), [("x", "bound")])
    assert only["below"] < 0.05


def test_dominance_is_read_together_by_holm_over_a_scope() -> None:
    frame = plane({"kernel": (0.97, 0.97), "both": (0.9, 0.9), "squared": (1.2, 0.7)})
    table = compared.dominance(frame)
    alone = [
        compared.against(frame, ("v", w), compared.EIGHT)["below"]
        for w in ("kernel", "both", "squared")
    ]
    rows = table[table["scope"] == "eight"].set_index("weighting")
    np.testing.assert_allclose(rows["below"], holm(alone))
    own = table[table["scope"] == "own"].set_index("weighting")
    pair = [("v", "bound"), ("v", "v-mse")]
    assert own.loc["squared", "excess"] == pytest.approx(
        compared.against(frame, ("v", "squared"), pair)["excess"]
    )
    # v under the bound is the fifth, under its own error the sixth of the eight
    assert own.loc["squared", "excess"] == pytest.approx(1.2 / 1.4 * math.exp(0.0), rel=1e-2)
    assert own.loc["squared", "below"] < 0.05 < rows.loc["squared", "below"]


@pytest.mark.parametrize(
    ("below", "above", "verdict"),
    [
        ([0.049, 1.0], [1.0, 1e-9], H),
        ([0.051, 1.0], [0.2, 1e-9], U),
        ([1.0, 1.0], [0.049, 0.049], F),
        ([1.0, 1.0], [0.049, 0.051], U),
        ([1.0, 1.0], [1.0, 1.0], U),
    ],
)
def test_one_for_both_has_three_outcomes(
    below: list[float], above: list[float], verdict: Verdict
) -> None:
    table = pd.DataFrame({"scope": "eight", "target": "v", "weighting": ["kernel", "both"]})
    table = table.assign(below=below, above=above, excess=[1.1, 0.9], sliced=[0.5, 1.3])
    rules_of = {claim.name: claim for claim in claims.CLAIMS}
    tables = {"kernel_weightings_dominance": pd.concat([table, table.assign(scope="own")])}
    for name in ("one-weighting-for-both-axes", "one-weighting-for-both-axes-of-a-target"):
        decision = rules_of[name].decide(tables)
        assert decision.cases == [verdict]
        assert "nearest v/kernel, excess 1.10 and sliced distance 0.50" in decision.measured


def test_of_a_target_each_is_a_case() -> None:
    table = pd.DataFrame({"scope": "own", "target": ["eps", "v"], "weighting": "both"})
    table = table.assign(below=[0.01, 1.0], above=[1.0, 0.01], excess=1.0, sliced=1.0)
    found = claims.of_scope({"kernel_weightings_dominance": table}, "own", by_target=True)
    assert found.cases == [H, F]


# Pairs of weightings


def paired_frame(factor: float, noise: float, column: str, first: str, second: str) -> pd.DataFrame:
    """Every weighting at 1 but the first of a pair, by a factor with a paired spread."""
    rows = []
    wobble = noise * np.array([-1.0, -0.5, 0.0, 0.5, 1.0])
    for name in ("clusters", "rings"):
        for target in ("eps", "v"):
            for weighting in ("bound", *rules.NAMES):
                for seed in range(5):
                    value = (1 + seed) * (
                        factor * math.exp(wobble[seed]) if weighting == first else 1
                    )
                    row = dict(zip(results.MODEL, (name, target, weighting, seed), strict=True))
                    columns = {"excess": 1.0, "sliced": 1.0, "product": 1.0, "moved": 1.0}
                    rows.append(row | columns | {column: value})
    assert second != first
    return pd.DataFrame(rows)


@pytest.mark.parametrize("question", list(compared.PAIRS))
def test_a_pair_is_told_just_below_and_just_above_the_edge_of_holm(question: str) -> None:
    first, second, column = compared.PAIRS[question]
    spread = np.std([-1.0, -0.5, 0.0, 0.5, 1.0], ddof=1) / math.sqrt(5)
    claim = next(c for c in claims.CLAIMS if question in str(c.decide))
    questions = claim.decide.keywords["questions"]  # type: ignore[attr-defined]
    position, together = questions.index(question), 4 * len(questions)
    edge = (
        stats.t.ppf(1 - 0.05 / (2 * together), 4) * spread
    )  # the least of all that the claim reads
    for size, verdict in ((1.02 * edge, F), (0.98 * edge, U), (-1.02 * edge, H), (-0.98 * edge, U)):
        frame = paired_frame(math.exp(0.1 * size), 0.1, column, first, second)
        table = compared.pairs(frame)
        cases = claim.decide({"kernel_weightings_pairs": table}).cases
        assert set(cases[4 * position : 4 * position + 4]) == {verdict}, (question, size)
    rows = table[table["question"] == question]
    assert list(rows["case"]) == ["clusters/eps", "clusters/v", "rings/eps", "rings/v"]
    np.testing.assert_allclose(rows["value"], math.exp(-0.098 * edge))


def test_each_case_has_its_own_p_value() -> None:
    """Holm's rule by hand over the eight cases of two questions, each with a spread of its own."""
    first, second, column = compared.PAIRS["over-error"]
    frame = paired_frame(1.0, 0.0, column, first, second)
    wobble = np.array([-1.0, -0.5, 0.0, 0.5, 1.0])
    for k, key in enumerate(frame.groupby(["dataset", "target"]).groups):
        rows = (frame[["dataset", "target"]] == key).all(axis=1)
        for weighting, size in (("over-error", 1.0 + k), ("over-noise", 1.5 + k)):
            at = rows & (frame["weighting"] == weighting)
            frame.loc[at, column] *= np.exp(0.1 * (size + wobble))
    table = compared.pairs(frame).set_index("question").loc[["over-error", "over-noise"]]
    sizes = [size for start in (1.0, 1.5) for size in (start, start + 1, start + 2, start + 3)]
    alone = np.array([stats.ttest_1samp(0.1 * (size + wobble), 0).pvalue for size in sizes])
    order = np.argsort(alone)
    adjusted = np.minimum(1, np.maximum.accumulate(alone[order] * np.arange(8, 0, -1)))
    by_case = dict(zip(order, adjusted, strict=True))
    np.testing.assert_allclose(table["p"], [by_case[k] for k in range(8)])
    assert len(set(adjusted.round(12))) == 8


def test_every_rule_says_that_it_was_fixed_and_names_its_tables() -> None:
    assert len({claim.name for claim in claims.CLAIMS}) == 7
    for claim in claims.CLAIMS:
        assert "fixed before a network was trained under a derived weighting" in claim.threshold
        assert "hold" in claim.threshold
        assert "undecided" in claim.threshold
        assert claim.stated.startswith("nobody: ")
    read = [question for c in claims.CLAIMS[2:] for question in c.decide.keywords["questions"]]  # type: ignore[attr-defined]
    assert sorted(read) == sorted(compared.PAIRS)
    asked = [c.decide.keywords["questions"] for c in claims.CLAIMS[2:]]  # type: ignore[attr-defined]
    assert sorted(asked) == sorted(compared.TOGETHER)


def test_power_is_what_the_noncentral_t_says() -> None:
    frame = plane({"kernel": (0.97, 0.97), "both": (0.9, 0.9)})
    jitter = np.array([-0.02, 0.01, 0.0, 0.03, -0.02])
    found = compared.power(frame)
    edge = stats.t.ppf(1 - 0.05 / 2 / 2, 4)
    for axis in results.AXES:
        effect = math.log(found[axis]) / jitter.std(ddof=1) * math.sqrt(5)
        assert stats.nct.sf(edge, 4, effect) == pytest.approx(0.8, abs=1e-6)


# What errors add up to


def by_level(cells: Mapping[tuple[str, str, str], np.ndarray], at: np.ndarray) -> pd.DataFrame:
    rows = [
        [*cell, 100, level, nats]
        for cell, excess in cells.items()
        for level, nats in zip(at, excess, strict=True)
    ]
    return pd.DataFrame(rows, columns=[*results.MODEL, "log_snr", "excess"])


def test_errors_add_up_as_integrals_say() -> None:
    """The exact error e = 0.3 exp(-lambda/8) at the middles of 240 slices, against SciPy's integrals."""
    at = np.linspace(-12, 12, 481)[1::2]
    e = 0.3 * np.exp(-at / 8)
    table = pd.DataFrame(
        {"dataset": "clusters", "log_snr": [-12.0, 12.0], "kernel": [math.exp(3.0), math.exp(-3.0)]}
    )
    cells = {
        ("clusters", "v", "bound"): 0.1 / 2 * np.ones_like(at),
        ("clusters", "v", "edm"): 0.1 / 2 * e**2,
    }
    found = results.mechanism(by_level(cells, at), table).set_index("weighting")

    def k(lam: float) -> float:
        return math.exp(-lam / 4)

    moved, _ = integrate.quad(lambda lam: k(lam) * 0.3 * math.exp(-lam / 8), -12, 12)
    apart, _ = integrate.quad(lambda lam: (k(lam) * 0.3 * math.exp(-lam / 8)) ** 2, -12, 12)
    assert found.loc["edm", "moved"] == pytest.approx(moved, rel=1e-3)
    assert found.loc["edm", "apart"] == pytest.approx(math.sqrt(apart), rel=1e-3)
    w = results.weight("clusters", "edm", at)
    assert found.loc["edm", "seen"] == pytest.approx((w * e**2).sum() / w.sum(), rel=1e-9)
    assert found.loc["bound", "seen"] == pytest.approx(1)


def test_the_answer_of_errors_to_weights_is_the_slope_of_a_line() -> None:
    at = np.linspace(-11, 11, 12)
    w = results.weight("clusters", "edm", at)
    base = np.exp(RNG.normal(size=12))
    cells = {
        ("clusters", "v", "bound"): base,
        ("clusters", "v", "edm"): 3 * base * w**-0.7,
        ("clusters", "v", "min-snr"): base * np.exp(RNG.normal(size=12)),
    }
    frame = by_level(cells, at)
    found = results.elasticity(frame, ["edm", "min-snr"]).set_index("weighting")
    assert found.loc["edm", "slope"] == pytest.approx(-0.7)
    assert found.loc["edm", "r2"] == pytest.approx(1)
    line = stats.linregress(
        np.log(results.weight("clusters", "min-snr", at)),
        np.log(cells["clusters", "v", "min-snr"] / base),
    )
    assert found.loc["min-snr", "slope"] == pytest.approx(line.slope)
    assert found.loc["min-snr", "r2"] == pytest.approx(line.rvalue**2)
    assert list(results.elasticity(frame, ["edm"])["weighting"]) == ["edm"]


def test_the_last_weight_counts_where_it_changes() -> None:
    at = np.array([-3.0, 2.25])
    last = results.weight("rings", "over-error", at)
    for timed in rules.TIMED:
        np.testing.assert_allclose(results.weight("rings", timed, at), last, rtol=1e-5)
    np.testing.assert_allclose(results.weight("rings", "bound", at), 1)
    table = measured.table()
    own = table[(table["dataset"] == "rings") & table["log_snr"].isin([2.0, 2.5])]["kernel"]
    between = results.kernel_at(table, "rings", at[1:])
    assert between[0] == pytest.approx(math.sqrt(own.prod()))


def test_samples_of_the_exact_denoiser_are_at_no_distance() -> None:
    oracle = lean(DATASETS["clusters"]()).denoiser(SCHEDULE)
    exact = {("clusters", "v", "bound", 100): oracle}
    found = results.of_samples(exact, results.QUICK)
    assert found[["sliced", "energy"]].max().max() == 0
    other = {("clusters", "v", "bound", 100): Off(oracle)}
    levels_of = results.by_level(other, results.QUICK)
    assert levels_of["excess"].sum() == pytest.approx(24 / 2 * 0.25, rel=1e-3)
    assert ENDS == (-12.0, 12.0)
    both = results.networks(levels_of, found)
    assert both["product"].iloc[0] == 0


# What is drawn and said


def test_factors_over_the_bound_are_paired_and_geometric() -> None:
    frame = paired_frame(0.5, 0.0, "sliced", "kernel", "bound").assign(seen=2.0)
    found = asked.over_bound(frame).set_index(results.CELL)
    assert found.loc[("rings", "v", "kernel"), "sliced"] == pytest.approx(0.5)
    others = found.drop(
        index=[(d, t, "kernel") for d in ("clusters", "rings") for t in ("eps", "v")]
    )
    np.testing.assert_allclose(others["sliced"], 1)
    np.testing.assert_allclose(found["seen"], 2)


def test_weightings_overlap_by_what_they_share() -> None:
    assert sentences.overlap(np.array([1.0, 1.0]), np.array([3.0, 3.0])) == pytest.approx(1)
    assert sentences.overlap(np.array([1.0, 0.0]), np.array([0.0, 2.0])) == 0
    assert sentences.overlap(np.array([1.0, 3.0]), np.array([3.0, 1.0])) == pytest.approx(0.5)
