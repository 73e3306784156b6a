"""The parts that "Score matching and the likelihood" is measured with, one by one."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pandas as pd
import pytest
import torch

from companion.chapters.score_matching import counterparts, results
from diffcore.exact import DATASETS, clusters, mixtures
from diffcore.exact.quadrature import sobol


def test_averages_are_plain_means_over_their_own_points():
    data, (a, s) = clusters(), results.scales(torch.tensor([0.0, 3.0], dtype=torch.float64))
    small = results.Budget(points=16, scrambles=3)
    found = results.averages(data, lambda z, a, s: z[:, 0] ** 3 + s, a, s, small, seed=7)
    assert found.shape == (3, 2)
    for scramble in range(3):
        for level in range(2):
            z = data.noised(sobol(16, 3, 7 + 2 * scramble + level), a[level], s[level])
            wanted = (z[:, 0] ** 3).mean() + s[level]
            assert found[scramble, level].item() == pytest.approx(wanted.item())
    np.testing.assert_allclose(a**2 + s**2, 1)
    np.testing.assert_allclose((a / s).log() * 2, [0, 3], atol=1e-14)


def test_no_two_routes_share_a_scramble(monkeypatch):
    seen: dict[str, list[int]] = {"here": [], "mixtures": []}

    def recorded(where):
        def draw(points, dim, seed):
            seen[where].append(seed)
            return sobol(points, dim, seed)

        return draw

    monkeypatch.setattr(results, "sobol", recorded("here"))
    monkeypatch.setattr(mixtures, "sobol", recorded("mixtures"))
    monkeypatch.setattr(results, "DATASETS", {"clusters": clusters})
    small = results.Budget(points=8, scrambles=16)  # as many scrambles as any profile has
    results.likelihood(results.spectrum(small), small)
    results.fisher(small)
    results.ends(small)
    assert len(seen["here"]) > 500
    assert len(seen["mixtures"]) > 500
    assert not set(seen["here"]) & set(seen["mixtures"])


def test_divergence_is_the_trace_of_the_jacobian():
    matrix = torch.tensor([[1.0, 2.0], [5.0, -4.0]], dtype=torch.float64)
    z = torch.randn(6, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    z.requires_grad_()
    found = results.divergence(z @ matrix.T + z.square(), z)
    np.testing.assert_allclose(found.detach(), (2 * z.sum(1) - 3).detach())


def test_a_wrong_variance_score_or_denoiser_would_be_seen(monkeypatch):
    a, s = (scale[0] for scale in results.scales(torch.zeros(1, dtype=torch.float64)))
    data = clusters()
    assert results.second_order(data, a, s, 64) < 1e-13
    right = data.moments
    for part in ("eps_variance", "x_hat", "score"):
        monkeypatch.setattr(
            data,
            "moments",
            lambda *at, part=part: right(*at)._replace(**{part: 1.001 * getattr(right(*at), part)}),
        )
        assert results.second_order(data, a, s, 64) > 1e-4


def test_the_models_are_the_data_with_noise_half_as_wide_again():
    for name, model in results.WIDER.items():
        data, other = DATASETS[name](), model()
        label = torch.tensor([0.3], dtype=torch.float64)
        ratio = other.component_at(label).variance.max() / data.component_at(label).variance.max()
        assert math.sqrt(ratio) == pytest.approx(1.5, rel=0.05)  # standardised by their own scales


def test_agreement_counts_distances_in_joint_errors():
    def frame(*gaps):
        return pd.DataFrame([(1 + 5 * g, 3.0, 1.0, 4.0) for g in gaps], columns=results.ROUTES)

    said = results.agreement(frame(0.5, -1.9), frame(2.5, 0.0))
    assert said == (
        "Of the 4 pairs of routes, 3 are within two of their joint standard errors, and all are within 2.5."
    )


def test_the_counterparts_are_posterior_variances_by_differentiation():
    a, s, z, omega, m_1, m_2, c_1, c_2 = 0.8, 0.7, 0.3, 0.35, -1.1, 0.9, 0.4, 1.3
    parts = [(m_1, a**2 * c_1 + s**2), (m_2, a**2 * c_2 + s**2)]

    def normal(x, part):
        return mp.npdf(x, a * part[0], mp.sqrt(part[1]))

    odds = [omega / normal(z, parts[0]), (1 - omega) / normal(z, parts[1])]
    with mp.workdps(30):
        bend = mp.diff(lambda x: mp.log(sum(w * normal(x, p) for w, p in zip(odds, parts))), z, 2)
        alone = mp.diff(lambda x: normal(x, parts[0]), z, 2)
    values = {"alpha_t": a, "sigma_t": s, "z": z, "m_1": m_1, "c_1": c_1}
    more = {"omega_1": omega, "m_2": m_2, "c_2": c_2}
    given = {k: torch.tensor([v], dtype=torch.float64) for k, v in (values | more).items()}
    variance = counterparts.mixture_variance(**given).item()
    assert variance == pytest.approx(float(1 + s**2 * bend), rel=1e-12)
    moment = counterparts.component_moment(**{k: given[k] for k in values}).item()
    assert moment == pytest.approx(float(normal(z, parts[0]) + s**2 * alone), rel=1e-12)
