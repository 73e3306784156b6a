"""Posteriors where all columns have one noise level: by other arithmetic, the same numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from diffcore.exact import curves, data2d
from diffcore.exact.components import Components, log_density, whitening
from diffcore.exact.curves import CurveMixture
from diffcore.exact.one_level import Densities, Labels, with_one
from diffcore.exact.panels import Panels, parts_of
from diffcore.exact.posterior import shared
from diffcore.exact.quadrature import CUTOFF, SPAN, gauss_legendre, judged

DOUBLE = torch.float64
ALIKE = 1e-9
"""How far quadratures on different panels may be apart: what `diffcore.exact.curves` says of its nodes."""


def labels(n: int, dim: int, seed: int) -> tuple[Components, Tensor]:
    """Components without any symmetry, and their log weights."""
    generator = torch.Generator().manual_seed(seed)
    mean = torch.randn(dim, n, generator=generator, dtype=DOUBLE)
    turned = torch.linalg.qr(torch.randn(n, dim, dim, generator=generator, dtype=DOUBLE))[0]
    variance = torch.rand(dim, n, generator=generator, dtype=DOUBLE)
    weight = torch.rand(n, generator=generator, dtype=DOUBLE)
    return Components(mean, turned.permute(1, 2, 0), variance), (weight / weight.sum()).log()


def scale(log_snr: float) -> tuple[Tensor, Tensor]:
    """(alpha, sigma), each (1,)."""
    at = torch.tensor([log_snr], dtype=DOUBLE)
    return torch.sigmoid(at).sqrt(), torch.sigmoid(-at).sqrt()


@given(st.integers(1, 6), st.integers(1, 4), st.floats(-12, 12), st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_moments_are_those_that_are_computed_for_each_label_and_column(
    n: int, dim: int, log_snr: float, seed: int
) -> None:
    component, log_weight = labels(n, dim, seed)
    alpha, sigma = scale(log_snr)
    z = 2 * torch.randn(dim, 7, generator=torch.Generator().manual_seed(seed + 1), dtype=DOUBLE)
    wanted = shared(z, alpha, sigma, component, log_weight)
    found = Labels.of(alpha, sigma, component, log_weight)
    for value, other in zip(found.moments(z, sigma, spread=True), wanted, strict=True):
        torch.testing.assert_close(value, other, rtol=1e-10, atol=1e-10)
    less = found.moments(z, sigma, spread=False)
    for value, other in zip(less[:-1], wanted[:-1], strict=True):
        torch.testing.assert_close(value, other, rtol=1e-10, atol=1e-10)
    assert less.eps_variance.isnan().all()


def test_a_label_a_thousand_nats_below_the_best_does_not_count() -> None:
    component, log_weight = labels(2, 2, 3)
    far = component.mean.clone()
    far[:, 1] += 60.0
    component = component._replace(mean=far)
    alpha, sigma = scale(3.0)
    z = component.mean[:, :1] * alpha
    both = Labels.of(alpha, sigma, component, log_weight)
    first = both.some(torch.tensor([0]))
    apart = both.densities.at(with_one(z))
    assert apart[0, 0] - apart[1, 0] > 1_000
    for value, wanted in zip(
        both.moments(z, sigma, True), first.moments(z, sigma, True), strict=True
    ):
        assert torch.equal(value, wanted)


def test_densities_are_those_of_the_components() -> None:
    component, log_weight = labels(5, 3, 0)
    alpha, sigma = scale(1.0)
    z = torch.randn(3, 4, generator=torch.Generator().manual_seed(2), dtype=DOUBLE)
    each = [log_density(z[:, [i]], alpha, sigma, component)[0] + log_weight for i in range(4)]
    of_some = Densities.of(alpha, sigma, component, log_weight).some(torch.tensor([4, 1]))
    torch.testing.assert_close(of_some.at(with_one(z)), torch.stack(each, 1)[[4, 1]])


def test_the_whitened_residual_has_the_size_that_the_density_says() -> None:
    component, _ = labels(6, 3, 1)
    alpha, sigma = scale(-0.5)
    frame, along, _ = whitening(alpha, sigma, component)
    z = torch.randn(3, 1, generator=torch.Generator().manual_seed(4), dtype=DOUBLE)
    residual = (frame * z[:, None]).sum(0) - along
    covariance = torch.einsum(
        "ijn,jn,kjn->nik",
        component.basis,
        alpha**2 * component.variance + sigma**2,
        component.basis,
    )
    away = (z - alpha * component.mean).T
    wanted = torch.einsum("ni,nij,nj->n", away, torch.linalg.inv(covariance), away)
    torch.testing.assert_close(residual.square().sum(0), wanted)


@dataclass(frozen=True)
class Bent(CurveMixture):
    """Two branches without noise of their own, neither straight nor evenly walked."""

    branches = 2
    panels = 3

    def curve(self, branch: Tensor, u: Tensor) -> Components:
        height = u**2 + branch
        eye = torch.eye(2, dtype=u.dtype)[..., None].expand(2, 2, len(u))
        return Components(torch.stack([u, height]), eye, torch.zeros(2, len(u), dtype=u.dtype))


def test_ends_middles_and_nodes_of_panels_are_where_they_should_be() -> None:
    mixture = Bent()
    panels = Panels.of(mixture.curve, 2, 3, 4, torch.device("cpu"))
    assert (panels.branches, len(panels.log_weight)) == (2, 24)
    assert float(panels.log_weight.exp().sum()) == pytest.approx(1)
    chosen = torch.tensor(
        [1, 2, 3]
    )  # the second and third of the first branch, the first of the other
    u, height = panels.grid.mean[:, panels.ends_of(chosen)]
    left = torch.tensor([1 / 3, 2 / 3, 0.0], dtype=DOUBLE)
    torch.testing.assert_close(u, torch.stack([left, left + 1 / 6, left + 1 / 3]))
    torch.testing.assert_close(height - u**2, torch.tensor([0.0, 0, 1], dtype=DOUBLE).expand(3, 3))
    u, height = panels.nodes.mean[:, panels.nodes_of(chosen)]
    points = gauss_legendre(4)[0] / 3
    torch.testing.assert_close(u, (left[:, None] + points).flatten())
    assert ((height - u**2).round() == torch.tensor([0.0, 0, 1]).repeat_interleave(4)).all()
    assert torch.equal(panels.ends_of(), panels.ends_of(torch.arange(6)))


def test_panels_cut_into_parts_are_those_of_the_finer_grid() -> None:
    mixture, chosen = Bent(), torch.tensor([1, 4])
    coarse, fine = (
        Panels.of(mixture.curve, 2, each, 2, torch.device("cpu")) for each in (3, 3 << 2)
    )
    parts = parts_of(chosen, 4)
    u = fine.grid.mean[0, fine.ends_of(parts)].unflatten(1, (2, 4))
    outer = coarse.grid.mean[0, coarse.ends_of(chosen)]
    assert torch.equal(u[0, :, 0], outer[0])
    assert torch.equal(u[2, :, -1], outer[2])
    assert torch.equal(u[2, :, :-1], u[0, :, 1:])


@dataclass(frozen=True)
class Straight(CurveMixture):
    """A line of length 10 on which the components have no width."""

    branches = 1
    panels = 5

    def curve(self, branch: Tensor, u: Tensor) -> Components:
        eye = torch.eye(2, dtype=u.dtype)[..., None].expand(2, 2, len(u))
        mean = torch.stack([10 * u, torch.zeros_like(u)])
        return Components(mean, eye, torch.zeros(2, len(u), dtype=u.dtype))


@pytest.mark.parametrize("cutoff", [CUTOFF, 10.0])
@pytest.mark.parametrize("halvings", [0, 1, 4])
def test_panels_are_halved_until_a_gaussian_peak_rises_by_no_more_than_the_span(
    halvings: int, cutoff: float
) -> None:
    panels = Panels.of(Straight().curve, 1, 5, 2, torch.device("cpu"))
    width = 2.0  # of a panel of the line, which has 5
    # `cutoff` nats up, a peak of this deviation rises by sqrt(2 cutoff) nats in one of it
    sigma = math.sqrt(2 * cutoff) * width / (SPAN * 2**halvings)
    one = torch.ones(1, dtype=DOUBLE)
    assert panels.halvings(one, sigma * one * (1 + 1e-9), cutoff) == halvings
    assert panels.halvings(one, sigma * one * (1 - 1e-9), cutoff) == halvings + 1
    assert panels.halvings(3 * one, 3 * sigma * one * (1 + 1e-9), cutoff) == halvings


def test_panels_halved_so_often_are_narrow_enough_for_columns_near_the_curve() -> None:
    mixture = Straight()
    alpha, sigma = torch.ones(1, dtype=DOUBLE), torch.full((1,), 0.05, dtype=DOUBLE)
    often = Panels.of(mixture.curve, 1, 5, 2, torch.device("cpu")).halvings(alpha, sigma, CUTOFF)
    z = torch.stack([torch.linspace(0, 10, 101, dtype=DOUBLE), torch.full((101,), 0.1).double()])
    for more, ready in ((0, True), (-2, False)):
        panels = Panels.of(mixture.curve, 1, 5 << (often + more), 2, torch.device("cpu"))
        at = -Densities.of(alpha, sigma, panels.grid).at(with_one(z))
        assert judged(at[panels.ends_of()])[0].all() == ready


CURVES = ["rings", "swiss_roll", "waves"]


def drawn(mixture: CurveMixture, n: int, log_snr: float) -> tuple[Tensor, Tensor, Tensor]:
    """Noised data, a few places far from all data, and scales ()."""
    alpha, sigma = (part.squeeze(0) for part in scale(log_snr))
    generator = torch.Generator().manual_seed(n)
    x = mixture.sample(n, generator, DOUBLE)
    z = alpha * x + sigma * torch.randn(x.shape, generator=generator, dtype=DOUBLE)
    far = torch.tensor([[0.0, 0.0], [3.0, -2.0], [-4.0, 5.0], [-0.6, 0.1]], dtype=DOUBLE)
    return torch.cat([z, far]), alpha, sigma


@pytest.mark.parametrize("name", CURVES)
@settings(max_examples=12, deadline=None)
@given(log_snr=st.floats(-12, 14))
def test_one_level_for_all_columns_gives_what_a_level_for_each_gives(
    name: str, log_snr: float
) -> None:
    mixture = data2d.DATASETS[name]()
    z, alpha, sigma = drawn(mixture, 60, log_snr)
    together = mixture.moments(z, alpha, sigma)
    each = mixture.moments(z, alpha.expand(len(z)), sigma.expand(len(z)))
    finest = mixture.refined().moments(z, alpha.expand(len(z)), sigma.expand(len(z)))
    for value, other, fine in zip(together, each, finest, strict=True):
        torch.testing.assert_close(value, other, rtol=ALIKE, atol=ALIKE)
        torch.testing.assert_close(value, fine, rtol=ALIKE, atol=ALIKE)


@pytest.mark.parametrize("name", CURVES)
def test_which_columns_go_together_does_not_matter(name: str) -> None:
    mixture = data2d.DATASETS[name]()
    z, alpha, sigma = drawn(mixture, 600, 4.0)
    whole = mixture.moments(z, alpha, sigma)
    order = torch.randperm(len(z), generator=torch.Generator().manual_seed(0))
    turned = mixture.moments(z[order], alpha, sigma)
    alone = mixture.moments(z[:1], alpha, sigma)
    for value, mixed, one in zip(whole, turned, alone, strict=True):
        torch.testing.assert_close(value[order], mixed, rtol=ALIKE, atol=ALIKE)
        torch.testing.assert_close(value[:1], one, rtol=ALIKE, atol=ALIKE)


@pytest.mark.parametrize("name", CURVES)
def test_gradients_run_through_columns_that_share_a_level(name: str) -> None:
    mixture = data2d.DATASETS[name]()
    for log_snr in (-3.0, 2.0, 6.0):
        z, alpha, sigma = drawn(mixture, 20, log_snr)
        z.requires_grad_()
        found = mixture.moments(z, alpha, sigma)
        (slope,) = torch.autograd.grad(found.log_prob.sum(), z)
        torch.testing.assert_close(slope, found.score, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("name", data2d.DATASETS)
def test_clean_data_with_one_level_for_all(name: str) -> None:
    mixture = data2d.DATASETS[name]()
    x = mixture.sample(5, torch.Generator().manual_seed(0), DOUBLE)
    one, zero = torch.ones((), dtype=DOUBLE), torch.zeros((), dtype=DOUBLE)
    together, each = (
        mixture.moments(x, one, zero),
        mixture.moments(x, one.expand(5), zero.expand(5)),
    )
    for value, other in zip(together, each, strict=True):
        torch.testing.assert_close(value, other, rtol=ALIKE, atol=ALIKE)
    torch.testing.assert_close(together.x_hat, x)


@pytest.mark.parametrize("name", CURVES)
def test_few_columns_of_one_level_halve_panels_for_themselves(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This is where the time goes: data share their panels, but for few, until these are too many."""
    mixture, alone = data2d.DATASETS[name](), []
    halved = CurveMixture._halved

    def spied(self: CurveMixture, z: Tensor, *rest: Tensor) -> curves.Moments:
        alone.append(z.shape[1])
        return halved(self, z, *rest)

    monkeypatch.setattr(CurveMixture, "_halved", spied)
    for log_snr in range(-6, 15):
        z, alpha, sigma = drawn(mixture, 300, log_snr)
        alone.clear()
        mixture.moments(z[:300], alpha, sigma)
        panels = Panels.of(mixture.curve, mixture.branches, mixture.panels, 2, z.device)
        if panels.halvings(alpha[None], sigma[None], mixture.cutoff) > curves.MOST_HALVINGS:
            assert sum(alone) == 300
        else:
            assert sum(alone) <= (75 if log_snr > 4 else 0)


def test_each_noise_level_of_an_estimate_has_scrambles_of_its_own() -> None:
    mixture, same = data2d.clusters(), torch.full((3,), 0.7, dtype=DOUBLE)
    found = mixture.eps_mmse(same, same, points=16, scrambles=2)
    assert found.shape == (2, 3)
    assert len(found.unique()) == 6
    again = mixture.eps_mmse(same[:1], same[:1], points=16, scrambles=1, seed=4)
    assert torch.equal(again[0, 0], found[1, 1])
