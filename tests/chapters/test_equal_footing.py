"""Equal footing: networks, excess, samples and gradients against closed forms and other routes."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Generator, Tensor, nn

import diffcore as dc
from companion import profiles
from companion.chapters.equal_footing import (
    gradients,
    grid,
    mechanism,
    objectives,
    results,
    samples,
)
from companion.chapters.equal_footing.objectives import SCHEDULE, TARGETS
from companion.chapters.equal_footing.residuals import Residual
from companion.runs.plane import BOUND, OWN, OWN_OF
from diffcore.denoisers import Denoiser
from diffcore.exact import GaussianMixture
from diffcore.exact.data2d import DATASETS
from diffcore.targets import EPS, VELOCITY, Target, X
from diffcore.times import Times

LEVELS = torch.linspace(-11, 11, 12, dtype=torch.float64)
T = SCHEDULE.time_of(LEVELS)


def drawn(n: int = 12) -> tuple[Tensor, Tensor]:
    x, eps = torch.randn(2, n, 2, generator=Generator().manual_seed(0), dtype=torch.float64)
    return x, eps


# --- objectives


@pytest.mark.parametrize("target", TARGETS)
def test_the_own_error_is_the_plain_squared_error_at_uniform_times(target: str) -> None:
    """Times a constant for each target: the density of an even log-SNR is 1/24, and lambda' is the rest."""
    x, eps = drawn()
    times = Times(T, LEVELS, torch.full_like(T, 1 / 24))
    truth = TARGETS[target].of(x, eps, T, SCHEDULE)
    value = objectives.loss(target, OWN_OF[target]).of_prediction(truth + 0.1, x, eps, times)
    uniform = 24 / SCHEDULE.log_snr_prime(T).abs()  # p(t = uniform) over p(lambda even)
    torch.testing.assert_close(value, uniform * 2 * 0.1**2, rtol=1e-6, atol=0)


@pytest.mark.parametrize("weighting", objectives.WEIGHTINGS)
def test_a_weighting_weighs_the_error_of_eps_whatever_is_predicted(weighting: str) -> None:
    x, eps = drawn()
    times = Times(T, LEVELS, torch.full_like(T, 1 / 24))
    wrong = eps + 0.1
    wrong_x = x - (SCHEDULE.sigma(T) / SCHEDULE.alpha(T))[:, None] * 0.1
    wanted = 12 * objectives.WEIGHTINGS[weighting](LEVELS, SCHEDULE) * 2 * 0.1**2
    for target, row in TARGETS.items():
        for residual in (False, True):
            predicts: Target = Residual(row) if residual else row
            prediction = predicts.of(wrong_x, wrong, T, SCHEDULE)
            loss = objectives.loss(target, weighting, residual=residual)
            value = loss.of_prediction(prediction, x, eps, times)
            torch.testing.assert_close(value, wanted, rtol=1e-6, atol=1e-15)


def test_the_flow_with_logit_normal_times_is_rule_r1() -> None:
    flow = dc.schedules.RectifiedFlow()
    u = torch.linspace(0.02, 0.98, 25, dtype=torch.float64)
    times = dc.times.LogitNormal().quantile(u, flow)
    scale = dc.targets.error_scale(flow, times.t, VELOCITY)
    wanted = 2 * times.density * scale**2
    found = objectives.WEIGHTINGS["logit-normal"](times.log_snr, SCHEDULE)
    torch.testing.assert_close(found, wanted, rtol=1e-9, atol=0)


@pytest.mark.parametrize("target", TARGETS)
def test_a_network_that_returns_zero_for_a_residual_is_the_best_linear_denoiser(
    target: str,
) -> None:
    """The posterior mean of Gaussian data of variance 1, computed by the exact mixture."""
    x, eps = drawn()
    z = SCHEDULE.alpha(T)[:, None] * x + SCHEDULE.sigma(T)[:, None] * eps
    zero = dc.NetDenoiser(lambda z, t: torch.zeros_like(z), SCHEDULE, Residual(TARGETS[target]))
    unit = torch.eye(2, dtype=torch.float64)
    oracle = GaussianMixture.gaussian(torch.zeros(2, dtype=torch.float64), unit)
    best = oracle.denoiser(SCHEDULE).predict(z, T, X)
    torch.testing.assert_close(zero.predict(z, T, X), best, rtol=1e-7, atol=1e-9)


def test_the_residual_of_v_is_v() -> None:
    x, eps = drawn()
    found = Residual(dc.V).of(x, eps, T, SCHEDULE)
    torch.testing.assert_close(found, dc.V.of(x, eps, T, SCHEDULE), rtol=1e-9, atol=1e-12)


# --- the grid


def test_cells_differ_in_nothing_but_what_is_compared() -> None:
    for profile in profiles.PROFILES.values():
        runs = {key: grid.run(profile, key) for key in grid.keys(profile)}
        common = grid.plan(profile)
        for (name, target, weighting, variant, seed), run in runs.items():
            assert run.seed == seed
            assert run.data is grid.data(name)
            residual = variant == grid.SKIP
            assert run.loss.target == (Residual(TARGETS[target]) if residual else TARGETS[target])
            assert run.loss.weighting == objectives.WEIGHTINGS[weighting]
            even = variant != "even-in-time"
            assert run.loss.times == (objectives.EVEN if even else objectives.IN_TIME)
            changed = {
                grid.QUARTER, "fourfold", "last-weights", "constant-rate", grid.EQUALISED,
            }  # fmt: skip
            assert (run.plan == common) == (variant not in changed)
            assert (run.net.keywords == grid.net().keywords) == (
                variant not in ("wide", "raw-time")
            )
        assert grid.plan(profile, "fourfold").steps == 16 * grid.plan(profile, grid.QUARTER).steps
        assert grid.plan(profile, grid.EQUALISED).equalised


def test_every_cell_has_its_seeds() -> None:
    for profile in profiles.PROFILES.values():
        keys = set(grid.keys(profile))
        names, seeds = grid.datasets(profile), grid.seeds(profile)
        for name in names:
            for target in TARGETS:
                for weighting in (BOUND, OWN_OF[target]):
                    for variant in (grid.PLAIN, grid.QUARTER):
                        assert {(name, target, weighting, variant, s) for s in seeds} <= keys
                assert {(name, target, BOUND, grid.EQUALISED, s) for s in seeds} <= keys
            assert {
                (name, "v", w, grid.PLAIN, s) for w in grid.weightings(profile) for s in seeds
            } <= keys
    assert set(grid.weightings(profiles.PAPER)) == set(objectives.WEIGHTINGS)
    assert set(grid.ONLY_PAPER) == set(objectives.WEIGHTINGS) - set(
        grid.weightings(profiles.STANDARD)
    )


# --- excess


class Off(Denoiser):
    """The best denoiser, its noise off by a constant in both coordinates."""

    def __init__(self, name: str, error: float) -> None:
        self.oracle = DATASETS[name]().denoiser(SCHEDULE)
        self.schedule, self.error = SCHEDULE, error

    def predict(self, z: Tensor, t: Tensor, target: Target = X) -> Tensor:
        z, t = z.double(), t.double().expand(len(z))
        x_hat, eps_hat = self.oracle.predict_pair(z, t)
        scale = (SCHEDULE.sigma(t) / SCHEDULE.alpha(t))[:, None]
        return target.of(x_hat - scale * self.error, eps_hat + self.error, t, SCHEDULE)


FEW = results.Budget(slices=12, points=20, samples=200, steps=12, exact_sets=6, examples=8)


def test_the_excess_of_a_known_error_is_its_integral() -> None:
    key: grid.Key = ("clusters", "v", BOUND, grid.PLAIN, 0)
    networks = results.per_network(results.by_level({key: Off("clusters", 0.1)}, FEW))
    assert networks["excess"].item() == pytest.approx(24 * 0.1**2, rel=1e-6)
    assert networks["inside"].item() == pytest.approx(16 * 0.1**2, rel=1e-6)
    assert networks["error"].item() < 1e-7


def test_the_fluctuation_is_that_of_the_last_half() -> None:
    loss = [9.0, 100.0, 3.0, 1.0, 1.1, 1.0]
    found = results.fluctuation(pd.DataFrame({"step": range(6), "loss": loss}))
    assert found == pytest.approx(0.1 / 1.05)


def test_an_own_error_is_told_from_the_bound() -> None:
    frame = pd.DataFrame(
        {"target": ["x", "x", "score", "v"], "weighting": [BOUND, "x-mse", "s-mse", "x-mse"]}
    )
    assert list(results.objective_of(frame)) == [BOUND, OWN, OWN, BOUND]


# --- samples


def test_perfect_networks_have_no_distance_and_worse_ones_more() -> None:
    keys = [("clusters", "v", BOUND, grid.PLAIN, seed) for seed in range(3)]
    errors = (0.0, 0.02, 0.2)
    known = samples.references(["clusters"], FEW)
    networks = {key: Off("clusters", e) for key, e in zip(keys, errors, strict=True)}
    table = samples.of_networks(networks, known, FEW)
    assert (table.loc[0, list(samples.METRICS)].abs() < 1e-4).all()
    for column in ("sliced", "energy", "mean"):
        assert 0 < table[column][1] < table[column][2]
    assert table["density"][2] < 0
    floor = samples.floors(known, FEW).iloc[0]
    assert (floor[list(samples.METRICS)] > 0).all()


def test_off_samples_are_those_less_likely_than_a_hundredth_of_exact_ones() -> None:
    mixture = DATASETS["clusters"]()
    exact = mixture.sample(20_000, Generator().manual_seed(0), torch.float64)
    known = samples.Reference(mixture, exact[:4_000], exact)
    fresh = mixture.sample(4_000, Generator().manual_seed(1), torch.float64)
    share = known.compared(fresh)["off"] + float(known.off)
    assert share == pytest.approx(0.01, abs=0.005)
    assert known.compared(0 * fresh)["off"] + float(known.off) == 1.0  # between all clusters


def test_few_steps_are_compared_with_many_of_the_exact_denoiser() -> None:
    key: grid.Key = ("clusters", "v", BOUND, grid.PLAIN, 0)
    known = samples.references(["clusters"], replace(FEW, steps=64))
    table = samples.after_few_steps({key: Off("clusters", 0.0)}, known, steps=(2, 200))
    assert list(table["steps"]) == [2, 200]
    assert table["sliced"][1] < 0.05 < table["sliced"][0]


# --- gradients


class Linear(nn.Module):
    """An output w z: its gradient is known."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.tensor([0.4], dtype=torch.float64))

    def forward(self, z: Tensor, t: Tensor) -> Tensor:
        return self.w * z


def test_gradients_are_those_of_each_example_alone() -> None:
    loss = dc.Loss(SCHEDULE, EPS, dc.weightings.Elbo(), objectives.EVEN)
    data = torch.randn(40, 2, generator=Generator().manual_seed(5), dtype=torch.float64)
    task = gradients.task_at(loss, data, -2.0, 0.0, Generator().manual_seed(1), 30)
    net = Linear()
    found = gradients.per_example(net, dict(net.state_dict()), task)
    wanted = task.factor * (2 * (0.4 * task.z - task.truth) * task.z).sum(1)
    torch.testing.assert_close(found[:, 0], wanted, rtol=1e-9, atol=1e-12)
    levels = SCHEDULE.log_snr(task.t)
    assert ((levels > -2) & (levels < 0)).all()
    torch.testing.assert_close(task.factor, torch.full_like(task.factor, 12.0))


def test_the_mean_gradient_is_the_mean_of_all_and_noise_is_the_trace_of_the_covariance() -> None:
    loss = dc.Loss(SCHEDULE, EPS, dc.weightings.Elbo(), objectives.EVEN)
    data = torch.randn(40, 2, generator=Generator().manual_seed(5), dtype=torch.float64)
    task = gradients.task_at(loss, data, -2.0, 0.0, Generator().manual_seed(1), 30)
    net = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 2)).double()
    net.forward = lambda z, t, run=net.forward: run(z)  # type: ignore[method-assign]
    weights = dict(net.state_dict())
    each = gradients.per_example(net, weights, task)
    assert each.shape == (30, 17)
    torch.testing.assert_close(gradients.mean_gradient(net, weights, task), each.mean(0))
    trace = np.trace(np.cov(each.numpy().T))
    assert gradients.noise_of(each) == pytest.approx(trace)


def test_the_signal_is_unbiased() -> None:
    """Of a network at the best w of a slice: the mean gradient is zero, and so is the mean signal."""
    loss = dc.Loss(SCHEDULE, EPS, dc.weightings.Elbo(), objectives.EVEN)
    data = torch.randn(100_000, 2, generator=Generator().manual_seed(5), dtype=torch.float64)
    task = gradients.task_at(loss, data, -2.0, 0.0, Generator().manual_seed(1), 200_000)
    best = (task.z * task.truth).sum() / task.z.square().sum()
    found = []
    for seed in range(60):
        table, _ = gradients.statistics(Linear(), {"w": best[None]}, loss, data, 16, seed)
        found.append(table.set_index("log_snr").loc[-1.0])
    signal, noise = pd.DataFrame(found).mean()
    assert abs(signal) < 0.2 * noise / 16


def test_the_ratio_over_all_levels_is_that_of_a_stratified_draw() -> None:
    loss = dc.Loss(SCHEDULE, EPS, dc.weightings.Elbo(), objectives.EVEN)
    data = torch.randn(500, 2, generator=Generator().manual_seed(5), dtype=torch.float64)
    net = Linear()
    table, ratio = gradients.statistics(net, dict(net.state_dict()), loss, data, 400)
    assert len(table) == gradients.LEVELS
    generator, every = Generator().manual_seed(9), []
    for low in range(-12, 12, 2):
        task = gradients.task_at(loss, data, low, low + 2, generator, 20_000)
        every.append(gradients.per_example(net, dict(net.state_dict()), task)[:, 0])
    stacked = torch.stack(every)
    wanted = float(stacked.mean().abs() / stacked.var(1).mean().sqrt())
    assert ratio == pytest.approx(wanted, rel=0.15)


def test_slices_are_summed_into_wider_ones() -> None:
    levels = pd.DataFrame(
        {
            "dataset": "rings", "target": "x", "weighting": BOUND, "seed": 0,
            "log_snr": np.arange(-11.5, 12), "excess": np.arange(24.0),
        }
    )  # fmt: skip
    found = mechanism.in_slices(pd.concat([levels, levels.assign(weighting="x-mse")]), 12)
    assert list(found["log_snr"]) == list(np.arange(-11.0, 12, 2))
    assert list(found["excess"]) == [4.0 * k + 1 for k in range(12)]


def test_the_mean_square_slope_of_the_bound_is_what_the_chapter_derives() -> None:
    """At the best linear guess of Gaussian data: alpha^4 / (D^2 (alpha^2 + sigma^2)), by a large sample."""
    n = 200_000
    x, eps = torch.randn(2, n, generator=Generator().manual_seed(0), dtype=torch.float64)
    for target, row in TARGETS.items():
        for level in (-3.0, 2.0):
            t = SCHEDULE.time_of(torch.tensor([level], dtype=torch.float64))
            alpha, sigma = float(SCHEDULE.alpha(t)), float(SCHEDULE.sigma(t))
            a, b = (float(part) for part in row.row(SCHEDULE, t))
            y, z = a * x + b * eps, alpha * x + sigma * eps
            d2 = (alpha * b - sigma * a) ** 2
            slope = alpha**2 / d2 * (y - (y * z).mean() / (z * z).mean() * z)
            known = {
                "x": alpha**4 / sigma**2, "eps": alpha**2, "v": alpha**4, "score": (alpha * sigma) ** 2,
            }[target]  # fmt: skip
            assert float(slope.square().mean()) == pytest.approx(known, rel=0.02)
    assert math.isclose(alpha**2 + sigma**2, 1)
