"""The chapter "One law, many paths": its columns by other routes."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from companion.chapters.dynamics import figures, results
from diffcore.samplers import DDIM, sample


def law(time: float):
    """The exact density of z, from SciPy."""
    alpha, sigma = math.cos(math.pi * time / 2), math.sin(math.pi * time / 2)
    deviation = math.sqrt(alpha**2 * results.VARIANCE + sigma**2)
    parts = list(zip(results.WEIGHTS, results.MEANS, strict=True))
    return lambda z: sum(w * stats.norm.pdf(z, alpha * m, deviation) for w, m in parts)


@pytest.mark.parametrize("time", [0.05, 0.5, 0.95])
def test_the_distribution_function_is_the_integral_of_the_density(time: float) -> None:
    z = torch.tensor([-1.3, 0.1, 0.9], dtype=torch.float64)
    found = results.cumulative(z, torch.tensor(time, dtype=torch.float64))
    expected = [integrate.quad(law(time), -9, end, epsabs=1e-12)[0] for end in z.tolist()]
    np.testing.assert_allclose(found, expected, atol=1e-10)


@pytest.fixture(scope="module")
def marginals():
    return results.marginals(400, 64)


def test_the_distances_are_kolmogorovs_of_the_chains(marginals) -> None:
    assert len(marginals) == 6
    assert list(marginals["log_snr"])[:: len(marginals) - 1] == pytest.approx(list(results.WINDOW))
    for name, solver in results.SAMPLERS.items():
        times, z = results.paths(400, 64, 0, solver)
        for row, k in ((0, 0), (2, 26), (5, 64)):
            ordered = np.sort(z[k].numpy())
            exact = results.cumulative(torch.from_numpy(ordered), times[k]).numpy()
            steps = np.arange(401) / 400
            gap = max((steps[1:] - exact).max(), (exact - steps[:-1]).max())
            assert marginals.loc[row, name] == pytest.approx(gap, rel=1e-9)
    # Smirnov's asymptotic formula, two sides
    assert marginals["limit"].tolist() == pytest.approx([1.358 / 20] * 6, rel=0.02)


def test_both_dynamics_have_the_exact_law_and_another_is_told_from_it(monkeypatch) -> None:
    found = results.marginals(2000, 128)
    alarm = float(stats.kstwo.ppf(0.9999, 2000))
    assert (found[list(results.SAMPLERS)] < alarm).to_numpy().all()
    monkeypatch.setattr(results, "WEIGHTS", (0.4, 0.6))
    oracle = results.data()
    monkeypatch.undo()
    monkeypatch.setattr(results, "data", lambda: oracle)
    other = results.marginals(2000, 128)
    assert (other.loc[5, list(results.SAMPLERS)] > alarm).all()


def test_the_flow_keeps_its_order_and_the_reverse_sde_does_not() -> None:
    (_, flow), (_, noisy) = (results.paths(9, 64, 0, s) for s in results.SAMPLERS.values())
    assert (flow.argsort(1) == flow[0].argsort()).all()
    assert not (noisy.argsort(1) == noisy[0].argsort()).all()


@pytest.mark.parametrize(
    ("name", "solver"), [("probability flow", DDIM()), ("reverse SDE", DDIM(eta=1))]
)
def test_the_paths_are_those_of_the_sampler_of_that_name(name: str, solver) -> None:
    oracle = results.data().denoiser(results.SCHEDULE)
    times, z = results.paths(5, 16, 3, solver)
    generator = torch.Generator().manual_seed(3)
    end = sample(oracle, (5, 1), 16, generator, solver, log_snr=results.WINDOW, dtype=torch.float64)
    assert torch.equal(oracle.predict(z[-1][:, None], times[-1]), end)


def test_the_figure_draws_both_dynamics_over_the_density() -> None:
    drawing = figures.paths_figure()
    left, right = drawing.axes
    for axes, solver in zip((left, right), results.SAMPLERS.values(), strict=True):
        _, z = results.paths(figures.CHAINS, 256, 0, solver)
        drawn = np.stack([line.get_ydata() for line in axes.lines], 1)
        np.testing.assert_array_equal(drawn, z[::2])
        assert axes.collections
