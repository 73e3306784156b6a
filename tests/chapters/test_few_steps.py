"""Few steps, by target: chains against diffcore's, metrics against plain loops, rules on both sides."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Generator, Tensor

import diffcore as dc
from companion import profiles
from companion.chapters.equal_footing import grid as of_equal_footing
from companion.chapters.few_steps import (
    counterparts,
    figures,
    grid,
    results,
    sentences,
    starts,
    tables,
)
from companion.chapters.few_steps.measures import METRICS, Reference
from companion.chapters.few_steps.walks import AT_THE_MEAN, FromPureNoise, begun_by
from companion.evidence.distances import projections, sliced
from companion.runs import plane
from companion.runs.plane import ENDS, SCHEDULE, TARGETS
from diffcore import exact
from diffcore.denoisers import Denoiser, NetDenoiser
from diffcore.exact import GaussianMixture
from diffcore.samplers import DDIM, Level, Predicted, sample
from diffcore.targets import EPS, Target, X

TINY = results.Budget(
    samples=30, steps=8, draws=300, sets=4, evaluations=(3, 9), starts=(ENDS[0], -math.inf)
)


class Counting(Denoiser):
    """A denoiser that counts how often it is asked."""

    def __init__(self, inner: Denoiser) -> None:
        self.inner, self.schedule, self.asked = inner, inner.schedule, 0

    def predict(self, z: Tensor, t: Tensor, target: Target = X) -> Tensor:
        self.asked += 1
        return self.inner.predict(z, t, target)

    def predict_pair(self, z: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        self.asked += 1
        return self.inner.predict_pair(z, t)


def oracle() -> Denoiser:
    return exact.clusters().denoiser(SCHEDULE)


@pytest.fixture(scope="module")
def known() -> results.Known:
    return results.known("clusters", TINY)


@pytest.mark.parametrize("profile", ["quick", "standard"])
def test_the_runs_are_those_of_equal_footing(profile: str) -> None:
    active = profiles.get(profile)
    theirs = {of_equal_footing.run(active, key).id for key in of_equal_footing.eight_keys(active)}
    runs = grid.grid(active)
    assert {run.id for run in runs.values()} <= theirs
    assert len({run.id for run in runs.values()}) == len(runs)
    wanted = 8 * len(grid.seeds(active)) * len(grid.datasets(active))
    assert len(runs) == wanted == (16 if profile == "quick" else 80)


@pytest.mark.parametrize(("solver", "unit"), results.CHAINS)
@pytest.mark.parametrize("evaluations", [3, 9])
def test_evaluations_are_counted(solver: str, unit: str, evaluations: int) -> None:
    counting = Counting(oracle())
    steps = results.steps_of(solver, evaluations)
    results.drawn(counting, 5, (solver, unit, steps))
    assert counting.asked == evaluations


def test_every_evaluation_count_is_odd() -> None:
    for budget in (results.QUICK, results.STANDARD, results.PAPER):
        assert all(n % 2 for n in budget.evaluations)
        assert results.FEW in budget.evaluations


def test_samples_are_those_of_diffcore_from_one_noise() -> None:
    found = results.drawn(oracle(), 7, ("Heun", "log-SNR", 4))
    solver, unit = results.SOLVERS["Heun"], results.GRIDS["log-SNR"]
    wanted = sample(oracle(), (7, 2), 4, Generator().manual_seed(0), solver, unit, (-12.0, 12.0))
    torch.testing.assert_close(found, wanted.double(), rtol=0, atol=0)


def test_a_chain_from_pure_noise_starts_at_one_and_ends_where_others_do() -> None:
    times = FromPureNoise().times(SCHEDULE, (-3.0, ENDS[1]), 4)
    assert float(times[0]) == 1.0
    assert float(SCHEDULE.log_snr(times[-1])) == pytest.approx(ENDS[1])
    torch.testing.assert_close(times.diff(), times.diff()[:1].expand(4))
    assert isinstance(results.grid_of("time", -math.inf), FromPureNoise)
    assert results.grid_of("log-SNR") is results.GRIDS["log-SNR"]


def of_target(target: Target, error: float = 0.0) -> NetDenoiser:
    """The exact denoiser of the clusters as a network of one target, off by a constant."""
    return NetDenoiser(lambda z, t: oracle().predict(z, t, target) + error, SCHEDULE, target)


@pytest.mark.parametrize("target", TARGETS)
def test_only_a_division_by_zero_breaks_a_chain_from_pure_noise(target: str) -> None:
    found = results.drawn(of_target(TARGETS[target]), 6, ("DDIM", "time", 4), -math.inf)
    assert bool(found.isfinite().all()) is (target in ("x", "v"))


def test_an_error_of_another_kind_is_not_taken_for_a_break() -> None:
    net = NetDenoiser(lambda z, t: z[:, :1], SCHEDULE, EPS)
    with pytest.raises(ValueError, match="shape"):
        results.drawn(net, 4, ("DDIM", "time", 2))


def test_the_first_prediction_alone_is_the_other_s() -> None:
    first, rest = Counting(AT_THE_MEAN), Counting(oracle())
    for begun, chain in ((ENDS[0], ("DDIM", "time", 8)), (-3.0, ("DDIM", "time", 8))):
        first.asked = rest.asked = 0
        results.drawn(begun_by(first, rest, begun), 5, chain, begun)
        assert (first.asked, rest.asked) == (1, 8)
    first.asked = rest.asked = 0
    results.drawn(begun_by(first, rest, -math.inf), 5, ("DDIM", "time", 8), -math.inf)
    assert (first.asked, rest.asked) == (1, 8)


def test_the_mean_is_what_the_exact_denoiser_predicts_of_pure_noise() -> None:
    z = torch.randn(50, 2, generator=Generator().manual_seed(0), dtype=torch.float64)
    t = torch.ones((), dtype=torch.float64)
    for found, wanted in zip(
        AT_THE_MEAN.predict_pair(z, t), oracle().predict_pair(z, t), strict=True
    ):
        torch.testing.assert_close(found, wanted, atol=1e-12, rtol=0)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("low", [-12.0, -3.0])
def test_a_first_step_multiplies_an_error_by_the_derived_factor(target: str, low: float) -> None:
    """Of an exact denoiser that is off by a constant, against the step itself."""
    row = TARGETS[target]
    at = [Level(SCHEDULE, t) for t in results.GRIDS["time"].times(SCHEDULE, (low, 12.0), 4)[:2]]
    z = torch.randn(20, 2, generator=Generator().manual_seed(1), dtype=torch.float64)
    moved = starts.first_step(of_target(row, 0.01), z, at) - starts.first_step(oracle(), z, at)
    factor = starts.kept(target, *at)
    assert starts.rms(moved) == pytest.approx(factor * 0.01 * 2**0.5, rel=1e-6)
    angle = math.pi / 2 * float(at[0].t - at[1].t)
    determinant = {
        "x": float(at[0].sigma),
        "eps": float(at[0].alpha),
        "v": 1.0,
        "score": float(at[0].alpha / at[0].sigma),
    }
    assert factor == pytest.approx(math.sin(angle) / determinant[target], rel=1e-9)


def test_the_factor_at_pure_noise() -> None:
    at = [Level(SCHEDULE, torch.tensor(t, dtype=torch.float64)) for t in (1.0, 0.75)]
    found = {target: starts.kept(target, *at) for target in TARGETS}
    assert found["eps"] == found["score"] == math.inf
    assert found["x"] == found["v"] == pytest.approx(math.cos(0.75 * math.pi / 2))


def test_rms_of_what_is_not_finite_is_infinite() -> None:
    assert starts.rms(torch.tensor([[3.0, 4.0], [0.0, 5.0]])) == 5.0
    assert starts.rms(torch.tensor([[3.0, math.nan]])) == math.inf


def test_metrics_are_those_of_plain_loops(known: results.Known) -> None:
    reference = known.reference
    x = exact.clusters().sample(40, Generator().manual_seed(3), torch.float64)[:30] * 1.1
    y = x + 0.2
    found = reference.measured(x, projections(y))
    assert tuple(found) == METRICS
    assert found["total"] == pytest.approx(sliced(x, reference.samples))
    assert found["steps"] == pytest.approx(sliced(y, reference.samples))
    assert found["network"] == pytest.approx(sliced(x, y))
    centre, spread = 5 / math.sqrt(26), 1 / math.sqrt(26)
    away = [
        min(math.dist(p, (a * centre, b * centre)) for a in (-1, 1) for b in (-1, 1))
        for p in x.tolist()
    ]
    # the median of a Rayleigh law, and what one in a hundred of its points is beyond
    assert found["width"] == pytest.approx(
        sorted(away)[14] / spread / math.sqrt(2 * math.log(2)), rel=0.15
    )
    far = np.mean([d > spread * math.sqrt(2 * math.log(100)) for d in away])
    assert found["off"] == pytest.approx(far, abs=0.1)


def test_the_limits_of_exact_samples_are_those_of_the_law() -> None:
    reference = Reference("clusters", torch.zeros(4, 2).double(), draws=40_000)
    spread = 1 / math.sqrt(26)
    assert float(reference.middle) == pytest.approx(spread * math.sqrt(2 * math.log(2)), rel=0.02)
    many = exact.clusters().sample(40_000, Generator().manual_seed(9), torch.float64)
    assert float(reference.off(many)) == pytest.approx(0.01, abs=0.002)
    assert float(reference.width(many)) == pytest.approx(1.0, abs=0.02)
    centres = torch.tensor([[1.0, 1.0], [-1.0, 1.0]], dtype=torch.float64) * 5 / math.sqrt(26)
    assert float(reference.width(centres)) == pytest.approx(0.0, abs=1e-9)


def test_what_is_not_finite_is_infinitely_far_and_all_off(known: results.Known) -> None:
    x = torch.full((30, 2), math.inf, dtype=torch.float64)
    found = known.reference.measured(x, projections(known.reference.samples))
    assert found["total"] == found["network"] == found["width"] == math.inf
    assert (found["off"], found["steps"]) == (1.0, 0.0)


@pytest.fixture(scope="module")
def drawn(known: results.Known) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Cells, the exact denoiser's, and starts, of exact denoisers that are off by a little."""
    of = {"clusters": known}
    denoisers = {
        ("clusters", target, objective, seed): of_target(row, 0.002 * (seed + 1))
        for target, row in TARGETS.items()
        for objective in grid.OBJECTIVES
        for seed in range(3)
    }
    perfect = results.perfect(of, TINY)
    return (
        results.cells(denoisers, of, perfect, TINY),
        results.of_exact(perfect, of),
        starts.starts(denoisers, of, TINY),
    )


def test_every_network_walks_its_chains(drawn: tuple[pd.DataFrame, ...]) -> None:
    cells, exact_cells, begun = drawn
    of_bound = results.chains(plane.BOUND, TINY)
    of_own = results.chains(plane.OWN, TINY)
    assert len(set(of_bound)) == len(of_bound) == 6 * 2 + 6 * 2 + 2 + 6
    assert of_own == [(solver, "time", 9, "plain") for solver in results.SOLVERS]
    assert len(cells) == 4 * 3 * (len(of_bound) + len(of_own))
    assert len(exact_cells) == len(of_bound) - 6
    assert len(begun) == 2 * 4 * 3
    wide = results.chains(plane.BOUND, results.STANDARD)
    assert ("DDIM", "log-SNR", 17, "plain") in wide
    assert ("Euler", "log-SNR", 17, "plain") not in wide
    assert ("Euler", "time", 17, "plain") in wide


def test_an_error_at_the_start_ruins_eps_and_its_mend_mends_it(
    drawn: tuple[pd.DataFrame, ...],
) -> None:
    cells, exact_cells, _ = drawn
    ddim = cells[(cells["solver"] == "DDIM") & (cells["grid"] == "time")]
    ddim = ddim[(ddim["evaluations"] == 9) & (ddim["objective"] == plane.BOUND)]
    by = ddim.groupby(["start", "target"])["network"].mean()
    assert by["plain", "eps"] > 20 * by["plain", "v"]
    assert by["mean", "eps"] < 3 * by["mean", "v"]
    heun = cells[(cells["solver"] == "Heun") & (cells["grid"] == "time")]
    heun = heun[(heun["evaluations"] == 3) & (heun["objective"] == plane.BOUND)]
    clean = heun.groupby("target")["network"].mean()
    assert clean["x"] > 20 * clean["v"], "the second question of Heun is at the clean end"
    one = exact_cells.set_index(["solver", "grid", "evaluations"])["steps"]
    assert one["DDIM", "time", 9] < one["DDIM", "time", 3]
    assert one["reverse SDE", "log-SNR", 9] > 1
    same = ddim[(ddim["start"] == "plain")]["steps"].unique()
    assert same == pytest.approx([one["DDIM", "time", 9]])


def test_starts_at_one(drawn: tuple[pd.DataFrame, ...]) -> None:
    begun = drawn[2]
    at_one = begun[np.isneginf(begun["first"])].groupby("target")
    for target, rows in at_one:
        lost = target in ("eps", "score")
        assert (rows["total"] == math.inf).all() == lost
        assert (rows["moved"] == math.inf).all() == lost
        assert np.isfinite(rows[["mean", "v", "error"]]).all(axis=None)
    finite = begun[begun["first"] == ENDS[0]]
    np.testing.assert_allclose(finite["moved"], finite["factor"] * finite["error"], rtol=1e-3)


def test_words_follow_the_tables(drawn: tuple[pd.DataFrame, ...]) -> None:
    cells, exact_cells, begun = drawn
    assert "x$ " in sentences.parts(cells)
    assert "Clusters reverse SDE in log-SNR" in sentences.broken(exact_cells)
    assert "not finite $\\epsilon$, $s$; $x$ " in sentences.at_one(begun)
    assert "DDIM " in sentences.own(cells)
    assert " with 3, " in sentences.of_x(cells)
    assert "times" in sentences.first_steps(begun)
    assert "24 networks" in sentences.networks(24, 3, 30, 8)
    first, second = results.levels("time", 8)[:2]
    deviation = float(second.sigma) * math.sqrt(math.expm1(float(second.log_snr - first.log_snr)))
    assert f"noise of deviation {deviation:.2g}, whatever" in sentences.thrown()


def test_the_table_has_geometric_means_and_the_exact_denoiser(
    drawn: tuple[pd.DataFrame, ...],
) -> None:
    cells, exact_cells, _ = drawn
    table = tables.at_few(cells, exact_cells)
    nearest = table.sort_values("v").iloc[0]
    assert (
        f"Clusters {nearest['solver']} in {nearest['grid']} {nearest['v']:.2g}"
        in sentences.best(table)
    )
    assert len(table) == 6 + 6 + 2
    row = table[(table["solver"] == "Heun") & (table["grid"] == "time")].iloc[0]
    rows = figures.chosen(cells, "clusters", "Heun", "time")
    wanted = rows[(rows["target"] == "eps") & (rows["evaluations"] == 9)]["total"]
    assert row["eps"] == pytest.approx(float(np.exp(np.log(wanted).mean())))
    assert row["exact"] == pytest.approx(rows[rows["evaluations"] == 9]["steps"].iloc[0])
    assert set(tables.NINE_COLUMNS) == set(table.columns)


def test_figures_draw_every_target(drawn: tuple[pd.DataFrame, ...], known: results.Known) -> None:
    cells, exact_cells, begun = drawn
    figure = figures.curves(cells, exact_cells, "clusters", "time")
    assert [axes.get_title() for axes in figure.axes] == list(results.SOLVERS)
    assert all(len(axes.containers) == len(TARGETS) for axes in figure.axes)
    alt = figures.curves_shown(cells, "clusters", "time", 3, 30)["alt"]
    rows = figures.chosen(cells, "clusters", "Euler", "time")
    of_x = rows[(rows["target"] == "x") & (rows["evaluations"] == 9)]["total"]
    assert f"Euler: x {np.exp(np.log(of_x).mean()):.2g}," in alt
    assert "Geometric mean" in alt
    figure = figures.starts_figure(begun, "clusters")
    lost = [line for line in figure.axes[0].lines if line.get_marker() == "X"]
    assert len(lost) == 2
    moved = begun[(begun["target"] == "eps") & (begun["first"] == ENDS[0])]["moved"]
    alt = figures.starts_shown(begun, "clusters", 3, 30)["alt"]
    assert "geometric means: x moved" in alt
    assert f"eps moved {np.exp(np.log(moved).mean()):.2g}," in alt
    samples = dict.fromkeys([*figures.BREAKS, *figures.MENDS], known.reference.samples)
    assert len(samples) == 8
    assert len(figures.clouds(samples, known.reference.samples).axes) == 8


def test_the_counterpart_is_a_step_of_ddim() -> None:
    generator = Generator().manual_seed(0)
    a, b, delta, alpha_s, alpha_t = torch.randn(5, 4, generator=generator, dtype=torch.float64)
    sigma_s, sigma_t = torch.rand(2, 4, generator=generator, dtype=torch.float64)
    found = counterparts.one_step(a, alpha_s, alpha_t, b, delta, sigma_s, sigma_t)
    wanted = (alpha_t * sigma_s - alpha_s * sigma_t) / (alpha_t * b - sigma_t * a) * delta
    torch.testing.assert_close(found, wanted, rtol=1e-8, atol=1e-10)


def test_one_network_by_one_chain(known: results.Known) -> None:
    of = {"clusters": known}
    denoisers = {("clusters", "v", plane.BOUND, 5): of_target(dc.V, 0.1)}
    chain = ("DDIM", "time", 9, "plain")
    found = results.one_of(denoisers, of, "clusters", "v", 5, chain, TINY)
    wanted = results.drawn(of_target(dc.V, 0.1), 30, ("DDIM", "time", 8))
    torch.testing.assert_close(found, wanted, rtol=0, atol=0)
    mended = results.one_of(denoisers, of, "clusters", "v", 5, (*chain[:3], "mean"), TINY)
    assert not torch.equal(mended, wanted)
    exact_one = results.one_of({}, of, "clusters", "exact", 5, chain, TINY)
    assert not torch.equal(exact_one, wanted)


def test_floors_are_of_exact_samples(known: results.Known) -> None:
    limits = results.floors({"clusters": known}, results.Budget(30, 8, 300, 40)).iloc[0]
    assert 0.1 < limits["total"] < 1.5
    assert 0.01 < limits["off"] < 0.2
    assert 0.05 < limits["width"] < 0.6


def test_a_step_of_ddim_is_what_first_step_makes() -> None:
    at = [Level(SCHEDULE, torch.tensor(t, dtype=torch.float64)) for t in (0.9, 0.5)]
    z = torch.randn(3, 2, generator=Generator().manual_seed(0), dtype=torch.float64)
    x_hat, eps_hat = oracle().predict_pair(z, at[0].t)
    wanted = DDIM().law(Predicted(at[0], z, x_hat, eps_hat), at[1])[0]
    torch.testing.assert_close(starts.first_step(oracle(), z, at), wanted)


def single(covariance: float) -> Denoiser:
    zero = torch.zeros(2, dtype=torch.float64)
    matrix = covariance * torch.eye(2, dtype=torch.float64)
    return GaussianMixture.gaussian(zero, matrix).denoiser(SCHEDULE)


def test_the_sampler_error_of_a_gaussian_is_the_sine_of_the_derived_step() -> None:
    """Data N(0, 1): after one step of DDIM to the end the width is the cosine of the angle between levels."""
    found = results.drawn(single(1.0), 4_000, ("DDIM", "time", 1), dtype=torch.float64)
    start = torch.randn((4_000, 2), generator=results.noise(), dtype=torch.float64)
    times = results.GRIDS["time"].times(SCHEDULE, ENDS, 1)
    angle = math.pi / 2 * float(times[0] - times[1])
    last = float(SCHEDULE.alpha(times[1]))
    torch.testing.assert_close(found, start * math.cos(angle) * last, rtol=1e-6, atol=1e-9)
