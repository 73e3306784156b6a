"""The chapter "How good is a step?": its columns by other routes."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import integrate, stats

from companion import study
from companion.chapters.sampling_steps import claims, figures, perfect, results, sentences
from companion.evidence.claims import Verdict
from diffcore.exact import DATASETS


def test_the_exact_scale_is_that_of_the_integrated_flow() -> None:
    variance = 0.3
    first, last = (2 / math.pi * math.atan(math.exp(-lam / 2)) for lam in results.WINDOW)

    def velocity(t, z):  # by the score, on the cosine schedule: f = -(pi/2) tan, g^2 = pi tan
        angle = math.pi * t / 2
        spread = math.cos(angle) ** 2 * variance + math.sin(angle) ** 2
        return -math.pi / 2 * math.tan(angle) * z + math.pi / 2 * math.tan(angle) * z / spread

    solved = integrate.solve_ivp(velocity, (first, last), [1.0], rtol=1e-11, atol=1e-13)
    alpha = math.cos(math.pi * last / 2)
    spread = alpha**2 * variance + math.sin(math.pi * last / 2) ** 2
    expected = solved.y[0, -1] * alpha * variance / spread
    assert results.exact_scale(variance) == pytest.approx(expected, rel=1e-8)


@pytest.fixture(scope="module")
def errors() -> pd.DataFrame:
    return results.width_errors()


def test_the_errors_of_ddim_are_products_of_cosines_of_its_steps(errors) -> None:
    """On x ~ N(0, c) with the cosine schedule, one step after the other, in NumPy."""
    first, last = (2 / math.pi * math.atan(math.exp(-lam / 2)) for lam in results.WINDOW)
    for evaluations in (8, 64):
        width = 1.0
        for t, s in pairwise(np.linspace(first, last, evaluations + 1) * math.pi / 2):
            spread = math.cos(t) ** 2 * results.VARIANCE + math.sin(t) ** 2
            x_hat, eps_hat = results.VARIANCE * math.cos(t) / spread, math.sin(t) / spread
            width *= math.cos(s) * x_hat + math.sin(s) * eps_hat
        end = last * math.pi / 2
        spread = math.cos(end) ** 2 * results.VARIANCE + math.sin(end) ** 2
        width *= math.cos(end) * results.VARIANCE / spread
        chosen = errors.query("solver == 'DDIM' and grid == 'time' and evaluations == @evaluations")
        expected = width / results.exact_scale(results.VARIANCE) - 1
        assert chosen["error"].item() == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("name", results.SOLVERS)
def test_a_solver_that_asks_twice_takes_half_as_many_steps(name: str, monkeypatch) -> None:
    asked = []
    honest = results.EmpiricalGaussian.posterior
    monkeypatch.setattr(
        results.EmpiricalGaussian, "posterior", lambda *given: (asked.append(1), honest(*given))[1]
    )
    monkeypatch.setattr(results, "EVALUATIONS", (8,))
    monkeypatch.setattr(results, "GRIDS", {"time": results.UniformTime()})
    monkeypatch.setattr(results, "SOLVERS", {name: results.SOLVERS[name]})
    results.width_errors()
    assert len(asked) == 8 + 1  # and the mean at the end


def test_the_orders_are_those_that_are_derived(errors) -> None:
    every = results.orders(errors)
    assert list(zip(every["grid"], every["solver"], strict=True)) == [
        (grid, solver) for grid in results.GRIDS for solver in results.SOLVERS
    ]
    for row in every.itertuples():
        of = errors[(errors["grid"] == row.grid) & (errors["solver"] == row.solver)]
        last = of.set_index("evaluations")["error"].abs()
        assert row.order == pytest.approx(math.log2(last[512] / last[1024]))
    frame = every[every["grid"] == "time"].set_index("solver")
    for name, order in zip(results.SOLVERS, (1, 1, 2, 2, 2), strict=True):
        assert frame.loc[name, "order"] == pytest.approx(order, abs=0.1)
        rows = errors.query("solver == @name and grid == 'time'").set_index("evaluations")["error"]
        for count in results.EVALUATIONS:  # all of them: chapter 24 reads the row
            assert frame.loc[name, str(count)] == abs(rows[count])
        assert frame.loc[name, "order"] == pytest.approx(math.log2(rows[512] / rows[1024]))


def test_widths_and_shares_are_measured() -> None:
    mixture = results.clusters()
    exact = mixture.sample(20_000, torch.Generator().manual_seed(1), torch.float64)
    width, shares = results._measured(exact, mixture)
    assert width == pytest.approx(1, abs=4 * results.width_error(20_000))
    assert shares < results.shares_limit(20_000)
    centre = mixture.components.mean.T
    label = (exact[:, None] - centre).square().sum(2).argmin(1)
    wider = centre[label] + 1.3 * (exact - centre[label])
    assert results._measured(wider, mixture)[0] == pytest.approx(1.3 * width, rel=1e-3)
    fewer = exact[label != 0]
    assert results._measured(fewer, mixture)[1] == pytest.approx(0.25, abs=0.01)


def test_the_error_of_a_width_is_that_of_a_chi_squared() -> None:
    drawn = stats.chi2(2 * 500).rvs(4_000, random_state=0) / (2 * 500)
    assert results.width_error(500) == pytest.approx(np.sqrt(drawn).std(), rel=0.05)


def test_shares_at_the_limit_are_not_above_it() -> None:
    """Both are multiples of 1/2n, and compared as such."""
    mixture, n = results.clusters(), 4_000
    limit = results.shares_limit(n)
    assert limit * 2 * n == pytest.approx(round(limit * 2 * n), abs=1e-4)
    more = round(limit * n)  # moved from one cluster to another
    counts = [n // 4 + more, n // 4 - more, n // 4, n // 4]
    drawn = mixture.components.mean.T.repeat_interleave(torch.tensor(counts), 0)
    assert results._measured(drawn, mixture)[1] == pytest.approx(more / n, abs=1e-12)
    assert not results._measured(drawn, mixture)[1] > round(more / n, 9)


def test_few_steps_get_widths_wrong_and_the_flow_keeps_its_shares() -> None:
    table = results.few_steps(500)
    assert len(table) == len(results.FEW_SOLVERS) * len(results.GRIDS) * len(results.FEW)
    flow = table[table["solver"].isin(["DDIM", "DPM-Solver++(2M)"])]
    assert flow["shares"].nunique() == 1
    at = table.set_index(["solver", "grid", "steps"])["width"]
    limit, error = results.shares_limit(500), results.width_error(500)
    assert at["DDIM", "time", 16] < at["DDIM", "time", 64] < 1 + 2 * error
    said = sentences.few(table, limit, error)
    assert f"in {((at - 1).abs() > 2 * error).sum()} of {len(table)} rows" in said
    assert f"{error:.3f}" in results.few_shown(500, limit, error)["caption"]


@pytest.mark.parametrize("name", DATASETS)
def test_the_covariance_is_that_of_many_points(name: str) -> None:
    drawn = DATASETS[name]().sample(400_000, torch.Generator().manual_seed(3), torch.float64)
    np.testing.assert_allclose(perfect.covariance(name), torch.cov(drawn.T), atol=0.012)
    np.testing.assert_allclose(perfect.covariance(name).diagonal(), 1, atol=1e-6)  # standardised


def test_distances_are_the_studys() -> None:
    drawn = DATASETS["waves"]().sample(2_000, torch.Generator().manual_seed(3), torch.float64)
    moved = drawn + torch.tensor([0.3, -0.4])
    mean, cov = perfect.distances(moved, "waves")
    assert mean == pytest.approx(np.hypot(*moved.numpy().mean(0)))
    gap = np.cov(moved.numpy().T) - perfect.covariance("waves").numpy()
    assert cov == pytest.approx(np.sqrt((gap**2).sum()))
    again = [
        perfect.distances(
            DATASETS["waves"]().sample(2_000, torch.Generator().manual_seed(k), torch.float64),
            "waves",
        )[1]
        for k in range(60)
    ]
    assert np.std(again) / 3 < perfect.covariance_error(drawn, "waves") < 3 * np.std(again)


def test_the_times_of_the_study() -> None:
    """linspace(1 - 1e-4, 1e-4, 513), of which its walk of s leaves out the last step."""
    seen = []

    class Spy(perfect.Mixture):
        dim = 2

        def denoiser(self, schedule):
            exact = results.clusters().denoiser(schedule)
            pair = exact.predict_pair
            exact.predict_pair = lambda z, t: (seen.append(float(t)), pair(z, t))[1]
            return exact

    Spy.__abstractmethods__ = frozenset()
    perfect.draw(Spy(), perfect.WALK, 2, 512, 0)
    np.testing.assert_allclose(seen, np.linspace(1 - 1e-4, 1e-4, 513)[:-1], rtol=1e-9)


def walk(n: int, steps: int, guard: float, seed: int) -> np.ndarray:
    """The published loop around one point at 0, in NumPy: z + sigma^2 s + sqrt(2) sigma n."""
    random = np.random.default_rng(seed)
    z = random.normal(size=n)
    for t in np.linspace(1 - 1e-4, 1e-4, steps + 1)[:-2]:
        sigma = np.sin(np.pi * t / 2)
        target = -sigma * (z / sigma) / (sigma**2 + guard)
        z = z + sigma**2 * target + np.sqrt(2 * sigma**2) * random.normal(size=n)
    return z


@pytest.mark.parametrize("guard", [0.0, 0.01])
@pytest.mark.parametrize("steps", [49, 107])
def test_the_residual_is_that_of_the_loop(steps: int, guard: float) -> None:
    n = 20_000
    drawn = walk(n, steps, guard, 0).std()
    assert perfect.residual(steps, guard) == pytest.approx(drawn, rel=5 / math.sqrt(2 * n))


def test_the_residuals_are_those_noted_beside_the_study() -> None:
    found = [perfect.residual(steps, 0.01) for steps in (512, 107, 49)]
    assert [round(r, 3) for r in found] == [0.109, 0.127, 0.152]
    assert round(perfect.residual(512, 0.0), 3) == 0.009
    said = sentences.residuals(0.01)
    assert "0.109 after 512" in said
    assert (
        "as a cluster, 0.196, the walk makes one of 0.374, and with the true score of 0.207" in said
    )


def test_the_walk_of_the_clusters_has_the_variance_of_its_linear_recursion() -> None:
    """One Gaussian of the clusters' width: the score is linear, and variances follow by hand."""
    c = 1 / 26  # the clusters' own, standardised: 1 / (1 + 25)
    assert float(results.clusters().components.variance[0, 0]) == pytest.approx(c)
    random, n = np.random.default_rng(1), 20_000
    z = random.normal(size=n)
    for t in np.linspace(1 - 1e-4, 1e-4, 513)[:-2]:
        alpha, sigma = np.cos(np.pi * t / 2), np.sin(np.pi * t / 2)
        eps_hat = sigma * z / (alpha**2 * c + sigma**2)
        target = -sigma * eps_hat / (sigma**2 + 0.01)
        z = z + sigma**2 * target + np.sqrt(2) * sigma * random.normal(size=n)
    variance = perfect.residual(512, 0.01, c) ** 2
    assert z.var() == pytest.approx(variance, rel=5 * math.sqrt(2 / n))
    mixture = results.clusters()
    drawn = perfect.draw(mixture, perfect.WALK, 4_000, 512, 0)
    width, _ = results._measured(drawn, mixture)
    # samples that reach a neighbour's half of the plane count as its own: up to 1 % narrower
    assert width == pytest.approx(math.sqrt(variance / c), rel=0.02)
    assert width > 1.8


@pytest.mark.parametrize("sets", [1, 16])
def test_the_rule_just_inside_and_just_outside(sets: int) -> None:
    reach = 2 * math.sqrt(0.01**2 / sets + 0.01**2 / 4)
    cases = {
        0.1 - 1.001 * reach: Verdict.HOLDS,
        0.1 - 0.999 * reach: Verdict.UNDECIDED,
        0.1 + 0.999 * reach: Verdict.UNDECIDED,
        0.1 + 1.001 * reach: Verdict.FAILS,
    }
    for cov, verdict in cases.items():
        row = pd.Series({"cov": cov, "error": 0.01, "sets": sets})
        assert claims.judged(row, 0.2) is verdict


def test_fewer_nodes_leave_the_predicted_noise_where_it_is() -> None:
    generator = torch.Generator().manual_seed(0)
    for name in ("rings", "swiss_roll", "waves"):
        exact, used = DATASETS[name](), perfect.mixture(name)
        assert (used.nodes, used.cutoff) == (perfect.NODES, perfect.CUTOFF)
        assert used.nodes < exact.nodes
        assert used.cutoff < exact.cutoff
        for time in (0.9, 0.5, 0.2, 0.08, 0.03, 0.01, 0.004):
            alpha, sigma = math.cos(math.pi * time / 2), math.sin(math.pi * time / 2)
            noise = torch.randn(60, 2, generator=generator, dtype=torch.float64)
            # as far from the data as the walk is
            z = alpha * exact.sample(60, generator, torch.float64) + (2 * sigma + 0.2) * noise
            at = torch.full((60,), alpha).double(), torch.full((60,), sigma).double()
            gap = (used.posterior(z, *at)[1] - exact.posterior(z, *at)[1]).abs().max()
            assert gap < 1e-3


def test_targets_with_one_rule_are_drawn_once(monkeypatch) -> None:
    drawn, honest = [], perfect.draw_sets

    def spied(law, sampled, *rest):
        drawn.append(sampled.rule)
        return honest(law, sampled, *rest)

    monkeypatch.setattr(perfect, "draw_sets", spied)
    perfect.moments(perfect.Budget(sets=2, others=1, samples=20, steps=4))
    rules = dict.fromkeys(sampled.rule for sampled in perfect.SAMPLERS)
    assert drawn == [*rules, *[perfect.WALK.rule] * 3]
    assert len(rules) == 4


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return perfect.moments(perfect.Budget(sets=2, others=1, samples=60, steps=12))


def test_the_table_has_the_printed_numbers_and_every_row(table) -> None:
    printed = study.moments().set_index(["dataset", "target", "objective"])["cov_distance"]
    assert len(table) == len(perfect.SAMPLERS) + 3
    for _, row in table.iterrows():
        for objective in ("nelbo", "weighted"):
            assert row[objective] == printed[row["dataset"], row["target"], objective]
    assert table["sets"].tolist() == [2] * len(perfect.SAMPLERS) + [1] * 3
    assert set(table.columns) == set(perfect.SHOWN["columns"])


def test_each_row_is_of_its_own_data_and_rule() -> None:
    table = perfect.moments(perfect.Budget(sets=3, others=2, samples=40, steps=9), seed=5)
    cases = [("clusters", sampled) for sampled in perfect.SAMPLERS]
    cases += [(name, perfect.WALK) for name in study.DATASETS if name != "clusters"]
    for (name, sampled), (_, row) in zip(cases, table.iterrows(), strict=True):
        n, sets = (perfect.SAMPLES, 3) if name == "clusters" else (40, 2)
        drawn = perfect.draw_sets(perfect.mixture(name), sampled, sets, n, 9, 5)
        assert drawn.shape == (sets, n, 2)
        assert (row["dataset"], row["sampler"]) == (name, sampled.words)
        expected = sum(float(part.mean(0).norm()) for part in drawn) / sets
        assert row["mean"] == pytest.approx(expected, rel=1e-9)
    assert table["cov"].nunique() == len(table) - 1, "two targets have one rule"


def test_the_decision_reads_the_walk_alone(table) -> None:
    decision = claims.by_networks({"perfect_samples": table})
    assert len(decision.cases) == 8
    worse = table.assign(cov=table["cov"].where(table["sampler"] == perfect.WALK.words, 99.0))
    assert claims.by_networks({"perfect_samples": worse}) == decision
    known = table.assign(cov=0.2, error=1e-9, nelbo=0.5, weighted=0.3)
    cases = claims.by_networks({"perfect_samples": known}).cases
    assert list(cases) == [Verdict.HOLDS, Verdict.FAILS] * 4
    assert "clusters 0.40 and 0.67" in claims.by_networks({"perfect_samples": known}).measured


def test_what_is_said_is_of_the_table(table) -> None:
    said = sentences.whose(table)
    first = table[table["sampler"] == perfect.WALK.words].iloc[0]
    assert f"{first['cov']:.3f} ({first['nelbo']:.3f} and {first['weighted']:.3f})" in said
    assert (
        "prints for the clusters (NELBO and Weighted, not in the table above), 0.228 and 0.269"
        in said
    )


def test_widths_in_words(errors) -> None:
    said = sentences.widths(errors)
    at = errors.query("evaluations == 64 and solver == 'DDIM'")["error"]
    assert (at < 0).all()
    assert "too narrow on all three grids" in said
    assert f"by {-100 * at.max():.1f} to {-100 * at.min():.1f} %" in said
    turned = sentences.widths(errors.assign(error=-errors["error"]))
    assert "too wide on all three grids" in turned


def test_the_figures_draw_the_tables(errors) -> None:
    drawing = figures.widths_figure(errors)
    for axes, unit in zip(drawing.axes, results.GRIDS, strict=True):
        lines = [line for line in axes.lines if line.get_label() in results.SOLVERS]
        assert [line.get_label() for line in lines] == list(results.SOLVERS)
        for line in lines:
            rows = errors[(errors["grid"] == unit) & (errors["solver"] == line.get_label())]
            np.testing.assert_allclose(line.get_ydata(), rows["error"].abs())
    walks = figures.walks(8, n=10)
    assert list(walks) == ["data", "guarded target", "true score"]
    panels = figures.walks_figure(walks).axes
    for axes, points in zip(panels, walks.values(), strict=True):
        np.testing.assert_allclose(axes.collections[0].get_offsets(), points)
        radii = sorted({round(patch.radius, 6) for patch in axes.patches})
        assert radii == pytest.approx([math.sqrt(1 / 26), 2 * math.sqrt(1 / 26)], abs=1e-6)
