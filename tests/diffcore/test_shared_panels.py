"""Panels that all columns share: where they are taken, and that nothing but the time depends on it."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats
from torch import Tensor

from diffcore.exact import curves, data2d
from diffcore.exact.components import Components
from diffcore.exact.curves import CurveMixture
from diffcore.exact.posterior import listed, shared
from diffcore.exact.quadrature import BEND, CUTOFF, SPAN, judged, panel_grid, settled

CURVES = ["rings", "swiss_roll", "waves"]


def given_at(mixture: CurveMixture, n: int, log_snr: float) -> tuple[Tensor, Tensor, Tensor]:
    """Noised data, and scales (n,): each column is asked at a level of its own."""
    generator = torch.Generator().manual_seed(n)
    scales = [torch.tensor(s * log_snr, dtype=torch.float64).sigmoid().sqrt() for s in (1, -1)]
    x = mixture.sample(n, generator, torch.float64)
    eps = torch.randn(x.shape, generator=generator, dtype=torch.float64)
    return scales[0] * x + scales[1] * eps, scales[0].expand(n), scales[1].expand(n)


@pytest.mark.parametrize("name", CURVES)
@settings(max_examples=15, deadline=None)
@given(log_snr=st.floats(-12, 12))
def test_shared_panels_and_halved_ones_give_the_same(name: str, log_snr: float) -> None:
    mixture = data2d.DATASETS[name]()
    at = given_at(mixture, 40, log_snr)
    both = mixture.moments(*at)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(curves, "settled", lambda values, cutoff: torch.zeros(len(values)) > 0)
        halved = mixture.moments(*at)
    for value, wanted in zip(both, halved, strict=True):
        torch.testing.assert_close(value, wanted, atol=1e-12, rtol=1e-12)


@pytest.mark.parametrize("name", CURVES)
@pytest.mark.parametrize(("log_snr", "share"), [(-6.0, 1.0), (12.0, 0.0)])
def test_noise_decides_which_panels_are_taken(
    name: str, log_snr: float, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    mixture, seen = data2d.DATASETS[name](), []

    def spied(values: Tensor, cutoff: float) -> Tensor:
        seen.append(settled(values, cutoff))
        return seen[-1]

    monkeypatch.setattr(curves, "settled", spied)
    mixture.moments(*given_at(mixture, 50, log_snr))
    assert torch.cat(seen).double().mean() == share


@pytest.mark.parametrize("log_snr", [-4.0, 0.0, 2.0, 4.0])
def test_the_noised_density_is_scipy_s_integral_along_the_roll(log_snr: float) -> None:
    mixture = data2d.swiss_roll()
    z, alpha, sigma = given_at(mixture, 6, log_snr)
    signal = float(alpha[0])
    centre, scale = (part.squeeze(1).numpy() for part in mixture.standardisation)
    deviation = ((signal * 0.5 / scale) ** 2 + float(sigma[0]) ** 2) ** 0.5

    def density(tau: float, row: np.ndarray) -> float:
        mean = signal * (tau * np.array([math.cos(tau), math.sin(tau)]) - centre) / scale
        return stats.norm.pdf(row, mean, deviation).prod() / (3 * math.pi)

    edges = [math.pi * (1.5 + 0.25 * k) for k in range(13)]
    for row, value in zip(z.numpy(), mixture.log_prob(z, alpha, sigma).tolist(), strict=True):
        parts = [integrate.quad(density, *ends, (row,))[0] for ends in pairwise(edges)]
        assert value == pytest.approx(math.log(math.fsum(parts)), abs=1e-6)


def test_panels_are_settled_up_to_the_span_and_the_bend() -> None:
    grid = panel_grid(4)

    def of(rise: float, bend: float) -> bool:
        hat = ((grid * 4).round() != grid * 4).double()  # at the middles of the panels
        row = rise * grid * 4 - bend / 2 * hat
        return settled(row.reshape(1, 1, -1)).item()

    assert of(SPAN, 0)
    assert not of(SPAN * (1 + 1e-9), 0)
    assert of(0, BEND)
    assert not of(0, BEND * (1 + 1e-9))
    assert of(0, -BEND)
    assert not of(0, -BEND * (1 + 1e-9))


def test_a_panel_too_small_to_count_may_be_as_steep_as_it_likes() -> None:
    values = torch.zeros(1, 2, 5, dtype=torch.float64)
    ramp = torch.tensor([0.0, 50.0, 100.0], dtype=torch.float64)
    values[0, 1, 2:] = CUTOFF + ramp + 1e-6  # the second panel of the second branch
    values[0, 1, :2] = CUTOFF + 1.0
    assert settled(values).item()
    assert not settled(values, CUTOFF + 1.0).item()
    values[0, 1, 2:] -= 2e-6
    assert not settled(values).item()
    assert settled(values, CUTOFF - 1.0).item()


def test_a_panel_that_may_dip_below_the_cutoff_between_the_places_that_are_seen_counts() -> None:
    flat = torch.zeros(3, dtype=torch.float64)

    def counted(middle: float) -> bool:
        """Of a panel whose ends are 5 nats above the cutoff: it may be lower by the second difference."""
        steep = CUTOFF + torch.tensor([5.0, middle, 5.0], dtype=torch.float64)
        return bool(judged(torch.stack([flat, steep], 1)[..., None])[1][1])

    assert counted(10 / 3 - 1e-9)
    assert not counted(10 / 3 + 1e-9)


def test_what_lies_below_a_cutoff_is_left_out_of_halved_panels_too() -> None:
    mixture = data2d.rings()
    at = given_at(mixture, 20, 12.0)
    whole, part = (m.log_prob(*at) for m in (mixture, replace(mixture, cutoff=1e-3)))
    assert (part < whole - 0.01).any()
    assert (part <= whole + 1e-12).all()


def test_labels_that_all_share_are_labels_listed_for_each() -> None:
    """Uneven weights and little noise: exponents of a thousand nats, and every label at its own place."""
    generator = torch.Generator().manual_seed(0)
    mean, z = (torch.randn(2, n, generator=generator, dtype=torch.float64) for n in (5, 7))
    basis = torch.linalg.qr(torch.randn(5, 2, 2, generator=generator, dtype=torch.float64))[0]
    variance = 1e-4 * torch.rand(2, 5, generator=generator, dtype=torch.float64)
    weight = torch.rand(5, generator=generator, dtype=torch.float64).log()
    scales = (torch.linspace(0.5, 0.9, 7).double(), torch.linspace(0.3, 0.01, 7).double())
    component = Components(mean, basis.permute(1, 2, 0), variance)
    every = Components(*(part.repeat_interleave(7, -1) for part in component))
    column = torch.arange(7).repeat(5)
    both = shared(z, *scales, component, weight)
    alone = listed(z, *scales, column, every, weight.repeat_interleave(7))
    for value, wanted in zip(both, alone, strict=True):
        assert wanted.isfinite().all()
        torch.testing.assert_close(value, wanted, atol=1e-10, rtol=1e-10)
