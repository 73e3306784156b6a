"""From errors to samples: kernels against closed forms and the flow itself, scores against NumPy, rules."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import integrate, optimize
from torch import Generator

from companion import profiles
from companion.chapters.equal_footing import grid as of_equal_footing
from companion.chapters.errors_to_samples import claims, fine, grid, pushed, results, scores
from companion.evidence import exact_paths, perturbed
from companion.evidence.claims import Verdict
from companion.runs import Run, plane
from diffcore import exact
from diffcore.denoisers import Denoiser
from diffcore.exact import GaussianMixture
from diffcore.likelihood import velocity
from diffcore.targets import EPS

H, F, U = Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED
ENDS = plane.ENDS


def gaussian(covariance: list[list[float]]) -> Denoiser:
    zero = torch.zeros(2, dtype=torch.float64)
    mixture = GaussianMixture.gaussian(zero, torch.tensor(covariance, dtype=torch.float64))
    return mixture.denoiser(plane.SCHEDULE)


@pytest.mark.parametrize("profile", ["quick", "standard"])
def test_the_runs_are_those_of_equal_footing(profile: str) -> None:
    active = profiles.get(profile)
    theirs = {of_equal_footing.run(active, key).id for key in of_equal_footing.eight_keys(active)}
    shared = [key for key in grid.keys(active) if key[0] in of_equal_footing.datasets(active)]
    seeds = set(of_equal_footing.seeds(active)) & {key[3] for key in shared}
    assert seeds
    assert {grid.run(active, key).id for key in shared} <= theirs
    assert len(shared) == 8 * len(seeds) * len(of_equal_footing.datasets(active))


def test_the_population_is_what_was_fixed() -> None:
    active = profiles.get("standard")
    runs = grid.grid(active)
    assert len(runs) == 8 * (5 + 5 + 3 + 3)
    assert all(isinstance(run, Run) and run.seed >= 100 for run in runs.values())
    assert len({run.id for run in runs.values()}) == len(runs)


@pytest.mark.parametrize("name", ["clusters", "rings"])
def test_a_small_push_moves_samples_of_the_flow_as_first_order_says(name: str) -> None:
    """The exact flow, followed again: neither derivatives nor their products enter."""
    oracle = results._oracle(name)
    walked = exact_paths.paths(oracle, 40, 96, ENDS)
    lam = walked.log_snr[:, None]
    size = 2e-3 * torch.exp(-(((lam - 2) / 3) ** 2))
    errors = torch.stack([size * torch.ones(1, 40), -2 * size * torch.ones(1, 40)], -1).double()
    errors[:, ::2] *= torch.tensor([-1.0, 0.3])
    found = (
        exact_paths.drawn(pushed.Pushed(oracle, walked.t, errors), 40, 96, ENDS, 0) - walked.samples
    )
    first = walked.moved(errors)
    off = (found - first).norm(dim=1) / first.norm(dim=1)
    assert float(off.median()) < 0.01
    assert float(off.quantile(0.8)) < 0.05


def test_a_pushed_denoiser_predicts_one_latent_in_all_targets() -> None:
    oracle = gaussian([[1.0, 0], [0, 0.5]])
    walked = exact_paths.paths(oracle, 4, 6, ENDS)
    errors = torch.arange(56.0, dtype=torch.float64).view(7, 4, 2)
    wrong = pushed.Pushed(oracle, walked.t, errors)
    z, t = walked.z[3], walked.t[3]
    x_hat, eps_hat = wrong.predict_pair(z, t)
    torch.testing.assert_close(x_hat - walked.x_hat[3], errors[3])
    alpha, sigma = plane.SCHEDULE.alpha(t), plane.SCHEDULE.sigma(t)
    torch.testing.assert_close(alpha * x_hat + sigma * eps_hat, z)
    torch.testing.assert_close(wrong.predict(z, t, EPS), eps_hat)


def test_displacements_are_bounded_along_their_direction() -> None:
    moved = torch.tensor([[0.3, 0.4], [30.0, 40.0], [0.0, 0.0], [0.0, -2.0]], dtype=torch.float64)
    wanted = torch.tensor([[0.3, 0.4], [1.2, 1.6], [0.0, 0.0], [0.0, -2.0]], dtype=torch.float64)
    torch.testing.assert_close(pushed.bounded(moved), wanted)


def test_metrics_are_of_pairs_and_of_sets() -> None:
    exactly = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    moved = exactly + torch.tensor([[0.3, 0.4], [0.0, 0.1], [1.0, 0.0]], dtype=torch.float64)
    found = pushed.compared(moved, exactly)
    assert found["median"] == pytest.approx(0.5)
    assert found["rms"] == pytest.approx(math.sqrt((0.25 + 0.01 + 1) / 3))
    swapped = pushed.compared(exactly.flip(0), exactly)
    assert swapped["sliced"] == swapped["energy"] == 0
    assert swapped["rms"] > 0.5
    assert list(found) == list(pushed.METRICS) == list(results.KERNEL_OF)


def test_coherence_is_the_length_of_equal_pushes() -> None:
    log_snr = torch.linspace(-12, 12, 97, dtype=torch.float64)
    identity = torch.eye(2, dtype=torch.float64).expand(97, 3, 2, 2)
    z = torch.zeros(97, 3, 2, dtype=torch.float64)
    walked = exact_paths.Paths(log_snr, log_snr, z, z, identity)
    errors = torch.full((97, 3, 2), 0.1, dtype=torch.float64)
    assert pushed.coherence(walked, errors) == pytest.approx(24)
    assert pushed.coherence(walked, errors * (log_snr > 6)[:, None, None]) == pytest.approx(6, 0.03)
    turning = errors * torch.sign(log_snr)[:, None, None]
    assert pushed.coherence(walked, turning) == pytest.approx(0, abs=1e-9)


def table(**columns: object) -> pd.DataFrame:
    return pd.DataFrame(
        {"dataset": "rings", "target": "v", "objective": "own", "seed": 1} | columns
    )


def test_levels_are_weighed_by_the_kernel_and_added() -> None:
    levels = table(log_snr=[-1.0, 1.0], excess=[0.5, 2.0], error=[0.0, 0.0])
    kernel = pd.DataFrame(
        {"dataset": "rings", "log_snr": [-1.0, 1.0], "median": [1.0, 0.25], "rms": [4.0, 0.5]}
    )
    row = results.from_levels(levels, kernel).iloc[0]
    assert row["total"] == pytest.approx(math.sqrt(2.5))
    assert row["median"] == pytest.approx(math.sqrt(2 * (0.5 + 0.5)))
    assert row["rms"] == pytest.approx(math.sqrt(2 * (2.0 + 1.0)))
    found = table(metric=list(pushed.METRICS), value=1.0, first=1.0, whole=1.0, coherence=1.0)
    joined = results.joined(found, results.from_levels(levels, kernel)).set_index("metric")
    assert joined.loc["median", "levels"] == row["median"]
    assert (joined.loc[["rms", "sliced", "energy"], "levels"] == row["rms"]).all()


def lines(n: int = 24, noise: float = 0.3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    sets = np.repeat(["a", "b", "c"], n // 3)
    x = rng.normal(size=n)
    return x, 0.5 + 2 * x + noise * rng.normal(size=n), sets


def test_a_set_is_predicted_by_the_line_of_the_others() -> None:
    x, y, sets = lines()
    found = scores.left_out(x, y, sets)
    for one in "abc":
        line = np.polyfit(x[sets != one], y[sets != one], 1)
        np.testing.assert_allclose(found[sets == one], np.polyval(line, x[sets == one]))
    counts = np.random.default_rng(1).integers(1, 4, len(x)).astype(float)
    again = np.repeat(np.arange(len(x)), counts.astype(int))
    weighed = scores.left_out(x, y, sets, counts[None])[0]
    np.testing.assert_allclose(weighed[again], scores.left_out(x[again], y[again], sets[again]))
    r2 = scores.r_squared(y, weighed, counts)
    rest = ((y - weighed)[again] ** 2).sum() / ((y[again] - y[again].mean()) ** 2).sum()
    assert r2 == pytest.approx(1 - rest)


def population(seeds: int = 2) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    rows = []
    for name in ("clusters", "rings", "waves"):
        for target in ("x", "eps", "v", "score"):
            for objective in ("bound", "own"):
                level = rng.normal()
                for seed in range(seeds):
                    for metric in pushed.METRICS:
                        value = math.exp(level + 0.1 * rng.normal())
                        row = {"dataset": name, "target": target, "objective": objective}
                        row |= {"seed": seed, "metric": metric, "value": value}
                        row |= {"total": math.exp(rng.normal()), "levels": value**0.5}
                        row |= {"first": 3 * value, "whole": value * 1.1, "coherence": 2.0}
                        rows.append(row)
    return pd.DataFrame(rows)


def test_objectives_are_drawn_whole_and_the_same_on_all_sets() -> None:
    frame = population().query("metric == 'rms'").sample(frac=1, random_state=0)
    frame = frame.reset_index(drop=True)
    counts = scores.objective_counts(frame, 300, 0)
    firsts = []
    for _, block in frame.groupby(["target", "objective"]):
        assert block["dataset"].nunique() == 3
        assert (counts[:, block.index] == counts[:, block.index[:1]]).all()
        firsts.append(counts[:, block.index[0]])
    assert len(firsts) == 8
    assert (np.sum(firsts, 0) == 8).all()
    assert not any((a == b).all() for a, b in pairwise(firsts))
    for _, block in frame.groupby("dataset"):
        assert (counts[:, block.index].sum(1) == len(block)).all()
    assert counts.min() == 0
    assert np.allclose(counts.mean(0), 1, atol=0.25)


def test_residuals_shared_by_sets_count_once() -> None:
    """A residual of each objective, the same on all sets: more sets add nothing that an interval may use."""
    rng = np.random.default_rng(7)
    frame = population(1).query("metric == 'rms'").reset_index(drop=True)
    of_each = frame.groupby(["target", "objective"], sort=False).ngroup().to_numpy()
    x = rng.normal(size=8)[of_each]
    frame["first"] = np.exp(x)
    frame["value"] = np.exp(2 * x + 0.7 * rng.normal(size=8)[of_each])
    more = pd.concat([frame.assign(metric=metric) for metric in pushed.METRICS])
    row = scores.scores(more, 4_000).set_index(["metric", "predictor"]).loc[("rms", "first")]
    x, y = np.log(frame["first"].to_numpy())[:8], np.log(frame["value"].to_numpy())[:8]
    drawn = []
    for _ in range(4_000):  # one set stands for all: the line of the others is its own
        again = rng.integers(0, 8, 8)
        if len(set(again)) > 2:
            rest = y[again] - np.polyval(np.polyfit(x[again], y[again], 1), x[again])
            drawn.append(1 - rest.var() / y[again].var())
    low, high = np.percentile(drawn, [2.5, 97.5])
    assert row["low"] == pytest.approx(low, abs=0.03)
    assert row["high"] == pytest.approx(high, abs=0.01)


def test_scores_are_of_logarithms_and_gains_over_the_total() -> None:
    networks = population()
    found = scores.scores(networks, 200).set_index(["metric", "predictor"])
    for metric in pushed.METRICS:
        for predictor, slope in (("first", 1.0), ("levels", 2.0), ("whole", 1.0)):
            row = found.loc[(metric, predictor)]
            assert row["all"] == pytest.approx(1)
            assert row["slope"] == pytest.approx(slope)
            assert row["low"] == pytest.approx(1)
            assert row["gain"] == pytest.approx(1 - found.loc[(metric, "total"), "all"])
            assert row["gain_low"] > 0
        base = found.loc[(metric, "total")]
        assert base["all"] < 0.5
        assert base["low"] < base["high"]
        assert base["gain"] == base["gain_low"] == base["gain_high"] == 0
        block = networks[networks["metric"] == metric]
        y, x = np.log(block["value"].to_numpy()), np.log(block["total"].to_numpy())
        sets = block["dataset"].to_numpy()
        held, own = scores.left_out(x, y, sets), sets == "rings"
        rest = ((y - held)[own] ** 2).sum() / ((y[own] - y[own].mean()) ** 2).sum()
        assert base["rings"] == pytest.approx(1 - rest)
        assert base["all"] == pytest.approx(
            1 - ((y - held) ** 2).sum() / ((y - y.mean()) ** 2).sum()
        )


def test_parts_are_factors_of_near_and_far_networks() -> None:
    networks = population()
    moved = networks["metric"] == "median"
    limit = networks[moved]["value"].median()
    names = ["dataset", "target", "objective", "seed"]
    far = networks.merge(networks[moved][[*names, "value"]], on=names, suffixes=("", "_m"))
    networks["whole"] = networks["value"] * np.where(far["value_m"] >= limit, 2.0, 1.25)
    networks["first"] = networks["whole"] / 3
    found = scores.parts(networks).set_index(["metric", "part"])
    row = found.loc[("energy", "value/whole")]
    assert (row["less"], row["more"]) == (pytest.approx(1.25), pytest.approx(2.0))
    assert found.loc[("energy", "whole/first"), "less"] == pytest.approx(3)
    assert found.loc[("energy", "value/first"), "more"] == pytest.approx(1.5)
    assert set(found["cause"]) == set(scores.PARTS.values())


def test_a_bump_adds_the_stated_excess_and_has_the_stated_divergence() -> None:
    x = exact.clusters().sample(4_000, Generator().manual_seed(0), torch.float64)
    for kind in (fine.FINE, fine.EVEN):
        wrong = fine.Wavy(exact.clusters().denoiser(plane.SCHEDULE), 4.0, kind)
        total, levels = 0.0, torch.linspace(1, 7, 25, dtype=torch.float64)
        for lam in levels:
            noise = torch.randn(x.shape, generator=Generator().manual_seed(1), dtype=x.dtype)
            y = (x + torch.exp(-lam / 2) * noise).requires_grad_()
            error, divergence = wrong.error(y, lam)
            total += float(error.detach().square().sum(1).mean()) / 2 * 0.25
            by_hand = sum(
                torch.autograd.grad(error[:, i].sum(), y, retain_graph=True, allow_unused=True)[0][
                    :, i
                ]
                if error.requires_grad
                else 0 * divergence
                for i in range(2)
            )
            torch.testing.assert_close(divergence, by_hand)
        assert total == pytest.approx(perturbed.EXCESS, rel=0.03)
    z = torch.randn(3, 2, generator=Generator().manual_seed(2), dtype=torch.float64)
    t = plane.SCHEDULE.time_of(torch.tensor(4.0, dtype=torch.float64))
    off = wrong.predict(z, t, EPS) - wrong.oracle.predict(z, t, EPS)
    torch.testing.assert_close(off, torch.full_like(z, perturbed.SIZE / math.sqrt(2)))


def test_the_likelihood_of_a_flow_without_error_is_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perturbed, "SIZE", 0.0)
    found = fine.costs(20, 0, (2.0, 8.0))
    assert found["measured"].abs().max() < 2e-5
    assert (found["derived"] == 0).all()


def test_costs_near_the_data_are_those_of_closed_forms() -> None:
    found = fine.costs(400, 3, (12.0,)).set_index("kind")
    push, _ = integrate.quad(
        lambda lam: (
            perturbed.SIZE / 2 * math.exp(-lam / 2 - ((lam - 12) / perturbed.WIDTH) ** 2 / 2)
        ),
        8,
        16,
    )
    fisher = 26.0  # of the clusters, whose modes are far apart: one over their variance
    even = found.loc[fine.EVEN]
    assert even["measured"] == pytest.approx(push**2 * fisher / 2, rel=0.01)
    assert even["derived"] == pytest.approx(even["measured"], abs=4 * even["derived_error"])
    one = found.loc[fine.FINE]
    for column, error in (("measured", "error"), ("derived", "derived_error")):
        assert one[column] == pytest.approx(fine.EXPECTED * perturbed.EXCESS, abs=4 * one[error])
        assert one[error] < 0.1 * one[column]


@pytest.mark.parametrize("level", [12.0, 16.0])
def test_a_fine_error_costs_the_flow_what_is_derived_of_its_divergence(level: float) -> None:
    """Where paths stand still and densities are even: the mean over phases of what is summed at one place."""
    wrong = fine.Wavy(exact.clusters().denoiser(plane.SCHEDULE), level, fine.FINE)
    phases = torch.arange(64, dtype=torch.float64) * 2 * math.pi / 64
    y = torch.stack([phases * math.exp(-level / 2) / fine.WAVES, torch.zeros_like(phases)], 1)
    log_snr = torch.linspace(level - 5, level + 5, 2_001, dtype=torch.float64)
    rates = torch.stack([torch.exp(-lam / 2) * wrong.error(y, lam)[1] / 2 for lam in log_snr])
    lost = torch.trapezoid(rates, log_snr, dim=0).square().mean() / 2
    assert float(lost) == pytest.approx(fine.EXPECTED * perturbed.EXCESS, rel=1e-6)
    assert pytest.approx(0.4717, abs=5e-5) == fine.EXPECTED


@pytest.mark.parametrize("kind", [fine.FINE, fine.EVEN])
def test_the_density_changes_at_each_point_as_first_order_says(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against the density of the flow, point by point: of a mean the sign of a term may not be seen."""
    monkeypatch.setattr(perturbed, "SIZE", 1e-4)
    mixture = exact.clusters()
    u = torch.randn(6, 2, generator=Generator().manual_seed(0), dtype=torch.float64)
    wrong = fine.Wavy(mixture.denoiser(plane.SCHEDULE), 0.0, kind)
    below, stretched, change = fine.followed(wrong, u)
    made = fine._log_density(mixture, below, -fine.REACH) - stretched
    found = made - fine._log_density(mixture, u, fine.REACH)
    monkeypatch.setattr(perturbed, "SIZE", 0.0)  # what the integration alone leaves
    below, stretched, _ = fine.followed(wrong, u)
    made = fine._log_density(mixture, below, -fine.REACH) - stretched
    nothing = made - fine._log_density(mixture, u, fine.REACH)
    torch.testing.assert_close(found - nothing, change, rtol=0.02, atol=2e-7)
    assert float(change.abs().max()) > 1e-5


def test_divergence_is_added_up_along_the_wrong_flow() -> None:
    """Against the Jacobian of the whole map, by differences."""
    mixture = exact.clusters()
    wrong = fine.Wavy(mixture.denoiser(plane.SCHEDULE), 1.0, fine.FINE)
    u = torch.randn(4, 2, generator=Generator().manual_seed(0), dtype=torch.float64)
    below, stretched, _ = fine.followed(wrong, u)
    h, columns = 1e-6, []
    for axis in torch.eye(2, dtype=torch.float64):
        ends = [fine.followed(wrong, u + side * h * axis)[0] for side in (1, -1)]
        columns.append((ends[0] - ends[1]) / (2 * h))
    volume = torch.linalg.slogdet(torch.stack(columns, -1)).logabsdet
    torch.testing.assert_close(volume, -stretched, atol=1e-3, rtol=0)
    lam = torch.tensor(1.0, dtype=torch.float64)
    assert not torch.allclose(velocity(wrong, u, lam), velocity(wrong.oracle, u, lam))
    assert below.shape == u.shape


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.9, 1.0, H), (0.899, 0.95, U), (0.5, 0.9, U), (0.5, 0.899, F), (math.nan, math.nan, U)],
)
def test_an_interval_reaches_a_limit_or_not(low: float, high: float, verdict: Verdict) -> None:
    assert claims.reaches(low, high, 0.9) is verdict
    row = {"metric": "rms", "all": 0.9, "low": low, "high": high}
    other = row | {"predictor": "levels", "low": 0.0, "high": 0.1}
    found = pd.DataFrame([row | {"predictor": "first"}, other])
    assert claims.predicted({"samples_scores": found}, "first").cases == [verdict]
    assert claims.predicted({"samples_scores": found}, "levels").cases == [F]


@pytest.mark.parametrize(
    ("low", "high", "verdict"), [(0.01, 1.0, H), (0.0, 1.0, U), (-1.0, 0.0, U), (-1.0, -0.01, F)]
)
def test_kernels_are_better_if_the_whole_gain_is(low: float, high: float, verdict: Verdict) -> None:
    row = {"metric": "rms", "gain": 0.1, "gain_low": low, "gain_high": high}
    found = pd.DataFrame([row | {"predictor": "levels"}, row | {"predictor": "first"}])
    assert claims.better({"samples_scores": found}).cases == [verdict]


@pytest.mark.parametrize(
    ("measured", "verdict"), [(0.2701e-3, H), (0.2699e-3, U), (0.2301e-3, U), (0.2299e-3, F)]
)
def test_a_fine_error_is_felt_beyond_its_standard_errors(measured: float, verdict: Verdict) -> None:
    row = {"kind": fine.FINE, "level": 4.0, "measured": measured, "error": 0.01e-3}
    found = pd.DataFrame([row, row | {"kind": fine.EVEN, "measured": 0.0}])
    assert claims.felt({"samples_fine": found}).cases == [verdict]


def test_every_rule_says_what_was_seen_before_and_names_a_saved_table() -> None:
    for claim in claims.CLAIMS:
        assert "hold" in claim.threshold
        assert "seen" in claim.threshold
        assert "undecided" in claim.threshold
        if claim.tables == ("samples_scores",):
            assert "corrected after a review, when the results were known" in claim.threshold
        assert claim.stated.startswith("nobody: ")


def test_the_claim_on_fine_errors_says_on_which() -> None:
    claim = next(c for c in claims.CLAIMS if c.name == "fine-errors-cost-at-every-level")
    assert "turns by 1 radian over the width of the noise" in claim.statement
    assert "keeps its place over a bump of 0.5 nats" in claim.statement


def test_linear_fits_are_least_squares() -> None:
    x, y, _ = lines()
    weights = np.random.default_rng(2).uniform(0.5, 2, len(x))
    best = optimize.minimize(lambda p: (weights * (y - p[0] * x - p[1]) ** 2).sum(), [0.0, 0.0]).x
    np.testing.assert_allclose(np.array(scores.line(x, y, weights)), best, rtol=1e-4)
