"""The chapter "Likelihood and samples": its columns by other routes."""

from __future__ import annotations

import math

import pytest
import torch

from companion.chapters.likelihood_and_samples import results
from diffcore import exact
from diffcore.likelihood import RungeKutta, log_likelihood


def test_points_near_the_ends_of_the_waves_are_set_apart() -> None:
    waves = exact.waves()
    scale = float(waves.standardisation[1][0])
    reach = 5 * math.exp(-7)
    raw = [-0.1, 0.99 * reach * scale, 1.01 * reach * scale, 0.5, 1 - 1.01 * reach * scale]
    raw += [1 - 0.99 * reach * scale]
    x = waves.standardise(torch.tensor([raw, [0.5] * len(raw)], dtype=torch.float64)).T
    found = results.near_an_end("waves", x)
    assert found.tolist() == [True, True, False, False, False, True]
    assert not results.near_an_end("rings", x).any()


def test_the_table_has_the_errors_of_the_flow() -> None:
    table = results.likelihoods(12).set_index("dataset")
    assert list(table.index) == list(exact.DATASETS)
    assert set(table.columns) == set(results.LIKELIHOODS_SHOWN["columns"]) - {"dataset"}
    mixture = exact.rings()
    x = mixture.sample(12, torch.Generator().manual_seed(0), torch.float64)
    flow = log_likelihood(
        mixture.denoiser(results.SCHEDULE),
        x,
        method=RungeKutta(results.STEPS),
        log_snr=results.WINDOW,
    )
    # in closed form, and in NumPy: radius and angle around either centre
    raw = mixture.unstandardise(x.T)
    each = []
    for centre in (0.0, 5.0):
        r = torch.hypot(raw[0] - centre, raw[1])
        normal = torch.exp(-(((r - 4) / 0.2) ** 2) / 2) / (0.2 * math.sqrt(2 * math.pi))
        each.append(normal / (2 * math.pi * r) / 2)
    known = torch.log(sum(each)) + mixture.standardisation[1].log().sum()
    error = flow - known
    assert table.loc["rings", "entropy"] == pytest.approx(-float(known.mean()))
    assert table.loc["rings", "error"] == pytest.approx(float(error.mean()), abs=5e-5)
    assert table.loc["rings", "size"] == pytest.approx(float(error.abs().mean()), abs=5e-5)
    assert table.loc["rings", "largest"] == pytest.approx(float(error.abs().max()), abs=1e-4)
    assert (table["points"] + table["apart"] == 12).all()


def test_points_apart_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results.exact, "DATASETS", {"waves": exact.waves})
    every = results.likelihoods(12)
    first = torch.arange(12) == 0
    monkeypatch.setattr(results, "near_an_end", lambda name, x: first)
    others = results.likelihoods(12)
    assert (others["points"].item(), others["apart"].item()) == (11, 1)
    assert others["error"].item() != every["error"].item()
