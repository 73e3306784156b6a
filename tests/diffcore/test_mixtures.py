"""Exact mixtures against independent oracles: dense sums, autograd, importance sampling."""

import math

import numpy as np
import pytest
import torch
from oracle2d import brute_force, noisy, scales
from torch.autograd.functional import jacobian

from diffcore.exact import data2d
from diffcore.exact.curves import CurveMixture

SIGMAS = (0.999, 0.7, 0.3, 0.1, 0.03, 0.01, 1e-3, 1e-4, 1e-6)
CURVES = ("rings", "swiss_roll", "waves")


@pytest.mark.parametrize("name", CURVES)
@pytest.mark.parametrize("sigma", [0.999, 0.7, 0.3, 0.1, 0.03, 0.01, 1e-3])
def test_curves_against_a_dense_sum(name, sigma):
    mixture = data2d.DATASETS[name]()
    z, alpha, s = noisy(mixture, 3, sigma)
    # Points far from the data too: a network's samples may be anywhere.
    z = torch.cat([z, torch.tensor([[0.0, 0.0], [3.0, -2.0], [-0.6, 0.1]], dtype=torch.float64)])
    got = mixture.moments(z, alpha, s)
    for i in range(len(z)):
        log_prob, x_hat, eps_hat, spread = brute_force(name, z[i].numpy(), alpha.item(), sigma)
        assert got.log_prob[i].item() == pytest.approx(log_prob, rel=1e-9, abs=1e-9)
        np.testing.assert_allclose(got.x_hat[i], x_hat, atol=1e-8)
        np.testing.assert_allclose(got.eps_hat[i], eps_hat, atol=1e-8, rtol=1e-8)
        assert got.eps_variance[i].item() == pytest.approx(spread, rel=1e-6)


@pytest.mark.parametrize("name", ["rings", "waves"])
@pytest.mark.parametrize("sigma", [1e-4, 1e-5, 1e-6])
def test_curves_against_a_dense_sum_near_the_peak_as_noise_vanishes(name, sigma):
    mixture = data2d.DATASETS[name]()
    for position in (0.137, 0.4444, 0.81):
        u = torch.tensor([position], dtype=torch.float64)
        component = mixture.curve(torch.tensor([1]), u)
        alpha, s = scales(sigma)
        off = component.basis[:, 0] * component.variance[0].sqrt() * 0.7
        z = (alpha * (component.mean + off) + 1.3 * s * component.basis[:, 1]).T
        got = mixture.moments(z, alpha, s)
        window = position - 40 * sigma, position + 40 * sigma  # nothing outside counts
        oracle = brute_force(name, z[0].numpy(), alpha.item(), sigma, *window)
        log_prob, x_hat, eps_hat, spread = oracle
        assert got.log_prob.item() == pytest.approx(log_prob, abs=1e-8)
        np.testing.assert_allclose(got.x_hat[0], x_hat, atol=1e-12)
        np.testing.assert_allclose(got.eps_hat[0], eps_hat, atol=1e-8)
        assert got.eps_variance.item() == pytest.approx(spread, rel=1e-7)


@pytest.mark.parametrize("name", data2d.DATASETS)
@pytest.mark.parametrize("sigma", [0.7, 0.1, 1e-2, 1e-3])
def test_score_is_the_gradient_of_the_log_density_and_obeys_tweedie(name, sigma):
    mixture = data2d.DATASETS[name]()
    z, alpha, s = noisy(mixture, 40, sigma)
    z.requires_grad_()
    moments = mixture.moments(z, alpha, s)
    (gradient,) = torch.autograd.grad(moments.log_prob.sum(), z)
    size = gradient.norm(dim=1, keepdim=True)
    assert ((moments.score - gradient).abs() <= 1e-8 * (1 + size) / sigma**0.5).all()
    tweedie = (z + s**2 * gradient) / alpha
    torch.testing.assert_close(moments.x_hat, tweedie, atol=1e-9, rtol=1e-9)
    torch.testing.assert_close(moments.eps_hat, -s * moments.score)


@pytest.mark.parametrize("name", data2d.DATASETS)
def test_second_order_tweedie_gives_the_posterior_variance(name):
    # tr Cov[eps|z] = D + sigma^2 tr Hessian log q(z), by autograd through the score.
    mixture = data2d.DATASETS[name]()
    z, alpha, s = noisy(mixture, 12, 0.2)
    hessian = (
        jacobian(lambda v: mixture.score(v, alpha, s).sum(0), z).diagonal(dim1=0, dim2=2).sum(-1)
    )
    variance = mixture.moments(z, alpha, s).eps_variance
    torch.testing.assert_close(variance, 2 + s**2 * hessian, atol=1e-8, rtol=1e-8)


@pytest.mark.parametrize("name", data2d.DATASETS)
@pytest.mark.parametrize("sigma", SIGMAS)
def test_posterior_means_recombine_to_z_and_doubling_the_nodes_changes_nothing(name, sigma):
    mixture = data2d.DATASETS[name]()
    z, alpha, s = noisy(mixture, 300, sigma, seed=3)
    moments = mixture.moments(z, alpha, s)
    torch.testing.assert_close(alpha * moments.x_hat + s * moments.eps_hat, z, atol=1e-13, rtol=0)
    assert all(part.isfinite().all() for part in moments)
    if isinstance(mixture, CurveMixture):
        twice = mixture.refined().moments(z, alpha, s)
        tolerance = (
            1e-9 + 1e-15 / sigma
        )  # rounding of the curve's coordinates, in units of the noise
        assert (moments.log_prob - twice.log_prob).abs().max() < tolerance
        assert (moments.eps_hat - twice.eps_hat).abs().max() < tolerance
        assert (moments.x_hat - twice.x_hat).abs().max() < 1e-11
        assert (moments.eps_variance - twice.eps_variance).abs().max() < tolerance


@pytest.mark.parametrize("name", data2d.DATASETS)
@pytest.mark.parametrize("sigma", [0.0, 0.02, 0.3])
def test_density_integrates_to_one(name, sigma):
    mixture = data2d.DATASETS[name]()
    alpha, s = scales(sigma)
    # A midpoint grid is exact for densities as smooth as these; clean waves end sharply at +-sqrt(3).
    half_width, n_x, n = 3.2, 128, 128
    if name == "waves" and sigma < 0.1:
        half_width, n_x = (math.sqrt(3), 128) if sigma == 0 else (1.9, 304)
    x = half_width * ((2 * torch.arange(n_x, dtype=torch.float64) + 1) / n_x - 1)
    y = 3.2 * ((2 * torch.arange(n, dtype=torch.float64) + 1) / n - 1)
    density = mixture.log_prob(torch.cartesian_prod(x, y), alpha, s).exp()
    assert density.sum().item() * (2 * half_width / n_x) * (6.4 / n) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("name", data2d.DATASETS)
def test_posterior_mean_against_importance_sampling(name):
    mixture = data2d.DATASETS[name]()
    z, alpha, s = noisy(mixture, 4, 0.4, seed=5)
    x = mixture.sample(400_000, torch.Generator().manual_seed(6), torch.float64)
    x_hat, eps_hat = mixture.posterior(z, alpha, s)
    for i in range(len(z)):
        weight = torch.exp(-((z[i] - alpha * x) ** 2).sum(1) / (2 * s**2))
        share = weight / weight.sum()
        mean = share @ x
        error = (share**2 @ (x - mean) ** 2).sqrt()
        assert ((x_hat[i] - mean).abs() < 5 * error).all()
        assert ((eps_hat[i] - (z[i] - alpha * mean) / s).abs() < 5 * alpha / s * error).all()


def test_clean_density_is_the_limit_of_the_noisy_one():
    for name in data2d.DATASETS:
        mixture = data2d.DATASETS[name]()
        x = mixture.sample(200, torch.Generator().manual_seed(1), torch.float64)
        one, zero = torch.ones(()).double(), torch.zeros(()).double()
        clean, noisy_ = mixture.moments(x, one, zero), mixture.moments(x, one, zero + 1e-5)
        torch.testing.assert_close(clean.log_prob, noisy_.log_prob, atol=1e-5, rtol=0)
        torch.testing.assert_close(clean.x_hat, x, atol=1e-12, rtol=0)
        assert (clean.eps_hat == 0).all()
        assert torch.allclose(clean.eps_variance, torch.full((200,), 2.0).double())
        torch.testing.assert_close(clean.score, noisy_.score, atol=2e-2, rtol=1e-4)
        mixed = mixture.moments(x, one, torch.tensor([0.0, 1e-5]).double().repeat(100))
        torch.testing.assert_close(mixed.log_prob[0::2], clean.log_prob[0::2])
        torch.testing.assert_close(mixed.log_prob[1::2], noisy_.log_prob[1::2])


def test_clean_density_scales_with_alpha():
    for name in data2d.DATASETS:
        mixture = data2d.DATASETS[name]()
        x = mixture.sample(20, torch.Generator().manual_seed(1), torch.float64)
        alpha, zero = torch.tensor(0.25).double(), torch.zeros(()).double()
        scaled = mixture.moments(alpha * x, alpha, zero)
        plain = mixture.moments(x, torch.ones(()).double(), zero)
        torch.testing.assert_close(scaled.log_prob, plain.log_prob - 2 * math.log(0.25))
        torch.testing.assert_close(scaled.score, plain.score / 0.25)
        torch.testing.assert_close(scaled.x_hat, x)
        z = (alpha * x).requires_grad_()  # where a gradient is asked for, the same density
        followed = mixture.moments(z, alpha, zero).log_prob
        torch.testing.assert_close(followed.detach(), scaled.log_prob)
        (gradient,) = torch.autograd.grad(followed.sum(), z)
        torch.testing.assert_close(gradient, scaled.score)
