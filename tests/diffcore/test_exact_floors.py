"""Floors of losses on Gaussian data, where E||eps - eps*||^2 = D sigmoid(log-SNR), in closed form."""

import itertools
import math

import numpy as np
import pytest
import torch
from scipy.integrate import quad

import diffcore as dc
from diffcore.catalogue import Sigmoid
from diffcore.exact.data2d import clusters
from diffcore.exact.floors import by_time, factor_of, floors, truncated_nelbo
from diffcore.exact.gaussian import EmpiricalGaussian
from diffcore.exact.gaussian_mixture import GaussianMixture
from diffcore.exact.levels import IndependentLevels
from diffcore.schedules import Cosine, LinearBeta

NORMAL = GaussianMixture.gaussian(torch.zeros(2).double(), torch.eye(2).double())


@pytest.mark.parametrize("bias", [2.0, -1.0])
@pytest.mark.parametrize("target", [dc.X, dc.VELOCITY], ids=["x", "velocity"])
def test_the_floor_of_a_sigmoid_loss(target, bias):
    """1/2 D int sigmoid(b - lam) sigmoid(lam) dlam = D/2 b / (1 - e^-b), whatever the target and times."""
    loss = dc.Loss(Cosine(), target, Sigmoid(bias), dc.times.LogitNormal())
    (found,) = floors(NORMAL, [factor_of(loss, 2)], Cosine(), points=4096, scrambles=8)
    assert abs(found.value.item() - bias / (1 - math.exp(-bias))) < 5 * found.error.item()
    assert found.error < 0.01


def test_the_exact_denoiser_scores_its_floor():
    loss = dc.Loss(LinearBeta(), dc.V, Sigmoid(), dc.times.Stratified())
    (floor,) = floors(NORMAL, [factor_of(loss, 2)], LinearBeta(), points=4096, scrambles=8)
    oracle, g = NORMAL.denoiser(LinearBeta()), torch.Generator().manual_seed(0)
    x = NORMAL.sample(40_000, g, torch.float64)
    terms = loss(lambda z, t: oracle.predict(z, t, dc.V), x, g)
    error = math.hypot(float(terms.std()) / 200, floor.error.item())
    assert abs(float(terms.mean()) - floor.value.item()) < 4 * error
    assert error < 0.03


@pytest.mark.parametrize(("divisor", "unit"), [(2.0, 1.0), (math.pi, 2 / math.pi)])
def test_the_truncated_bound_of_a_gaussian(divisor, unit):
    """1/2 int sigmoid = (softplus(high) - softplus(low)) / 2 nats per dimension."""
    ends = [-10.0, 0.0, 3.0, 8.0]
    found = truncated_nelbo(NORMAL, ends, Cosine(), 8192, 8, divisor=divisor)
    softplus = np.logaddexp(0, ends)
    for estimate, exact in zip(found, unit * (softplus[1:] - softplus[0]) / 2, strict=True):
        assert abs(estimate.value.item() - exact) < 5 * estimate.error.item() + 1e-9
        assert estimate.error.item() < 5e-3


def test_the_floor_in_each_bin_of_time():
    """m(t) = sigmoid(log-SNR) = cos(pi t / 2)^2 on the cosine schedule; its mean under 1 and under t."""
    edges = [0.0, 0.1, 0.45, 0.5, 1.0]
    found = by_time(NORMAL, [torch.ones_like, lambda t: t], Cosine(), edges, 256, 8)
    assert found.value.shape == found.error.shape == (2, 4)
    for bin_, (low, high) in enumerate(itertools.pairwise(edges)):
        for row, power in enumerate((0, 1)):
            exact = quad(lambda t, k=power: t**k * math.cos(math.pi * t / 2) ** 2, low, high)[0]
            gap = found.value[row, bin_].item() - exact / (high - low)
            assert abs(gap) < 5 * found.error[row, bin_].item() + 1e-9
            assert found.error[row, bin_].item() < 2e-3


def test_bins_have_scrambles_of_their_own():
    edges = [0.35, 0.350001, 0.350002]
    first, second = by_time(clusters(), [torch.ones_like], Cosine(), edges, 16, 2).value[0]
    assert (
        first - second
    ).abs() > 1e-4  # common points would differ by the change in time alone, 1e-6


@pytest.mark.parametrize("edges", [[0.5], [0.0, 0.5, 0.5], [-0.1, 1.0], [0.0, 1.1], [0.6, 0.2]])
def test_bins_of_time_rise(edges):
    with pytest.raises(ValueError, match=r"edges: expected two or more, rising in \[0, 1\], got"):
        by_time(NORMAL, [torch.ones_like], Cosine(), edges, 4, 2)


def test_a_gaussian_needs_as_many_examples_as_dimensions():
    with pytest.raises(ValueError, match=r"as many examples as dimensions expected: got \(3, 4\)"):
        EmpiricalGaussian(torch.zeros(3, 2, 2))


def test_a_value_between_levels_is_refused():
    levels = torch.tensor([0.0, 1.0]).double()
    pixels = IndependentLevels(torch.full((2, 2), 0.5).double(), levels)
    assert pixels.bits_per_dim(torch.tensor([[0.0, 1.0]])).tolist() == [1.0]
    with pytest.raises(ValueError, match="every value of x must be one of the levels"):
        pixels.bits_per_dim(torch.tensor([[0.0, 0.5]]))
    with pytest.raises(ValueError, match="every value of x must be one of the levels"):
        IndependentLevels.fitted(torch.tensor([[0.0, 0.5]]), levels)
