"""The bound's prior and reconstruction terms, each against an answer worked out another way."""

import math

import numpy as np
import pytest
import torch
from reference import SCHEDULES, Gaussian, generator, tensor
from torch.distributions import Normal, kl_divergence

from diffcore.bounds import (
    level_index,
    nelbo,
    prior_kl,
    reconstruction_gaussian,
    reconstruction_levels,
)
from diffcore.schedules import Cosine, VarianceExploding

DATA = Gaussian()


@pytest.mark.parametrize("log_snr", [-20.0, -4.0, 0.0, 3.0])
@pytest.mark.parametrize("name", ["cosine", "rectified_flow", "variance_exploding"])
def test_prior_is_the_kl_of_torch(log_snr, name):
    schedule = SCHEDULES[name] if name != "variance_exploding" else VarianceExploding(0.01, 1e5)
    x = torch.randn(7, 2, 3, generator=generator(), dtype=torch.float64)
    t = schedule.time_of(tensor(log_snr))
    alpha, sigma = schedule.alpha(t), schedule.sigma(t)
    kl = kl_divergence(Normal(alpha * x, sigma), Normal(0.0, torch.hypot(alpha, sigma)))
    torch.testing.assert_close(prior_kl(x, log_snr), kl.sum((1, 2)), rtol=1e-9, atol=1e-13)


def test_gaussian_reconstruction_is_the_expected_log_density():
    """E over z_0 of -log N(x; z_0 / alpha_0, e^-lam), by Gauss-Hermite."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(20)
    log_snr, x = 4.0, 0.3
    scale = math.exp(-log_snr / 2)
    means = x + scale * nodes
    nll = 0.5 * ((x - means) / scale) ** 2 + math.log(scale * math.sqrt(2 * math.pi))
    expected = float(weights @ nll / weights.sum())
    got = reconstruction_gaussian(torch.full((2, 5), x).double(), log_snr)
    torch.testing.assert_close(got, tensor([5 * expected] * 2), rtol=1e-12, atol=0)


LEVELS = torch.linspace(-1, 1, 9, dtype=torch.float64)


def brute_force_decoder(x, z, log_snr):
    """-log p(x|z) by a Python loop over dimensions and levels."""
    scale = math.exp(-log_snr / 2)
    total = 0.0
    for value, noisy in zip(x.tolist(), z.tolist(), strict=True):
        weights = {v: math.exp(-(((noisy - v) / scale) ** 2) / 2) for v in LEVELS.tolist()}
        total -= math.log(
            weights[min(weights, key=lambda v: abs(v - value))] / sum(weights.values())
        )
    return total


@pytest.mark.parametrize("log_snr", [-1.0, 2.0, 5.0])
def test_the_decoder_of_levels_is_brute_force(log_snr):
    x = LEVELS[torch.randint(9, (6, 4), generator=generator(1))]
    got = reconstruction_levels(x, LEVELS, log_snr, generator(2))
    noise = torch.randn(6, 4, generator=generator(2), dtype=torch.float64)
    z = x + math.exp(-log_snr / 2) * noise
    expected = [brute_force_decoder(a, b, log_snr) for a, b in zip(x, z, strict=True)]
    torch.testing.assert_close(got, tensor(expected), rtol=1e-10, atol=1e-12)
    assert (got > 0).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_decoder_is_certain_at_high_snr(dtype):
    x = LEVELS[torch.randint(9, (50, 1, 2, 2), generator=generator(3))].to(dtype)
    values = [
        float(reconstruction_levels(x, LEVELS, lam, generator(4)).mean())
        for lam in (2, 4, 6, 8, 12)
    ]
    assert values == sorted(values, reverse=True)
    assert 0 <= values[-1] < 1e-6


def test_values_between_the_levels_are_refused():
    x = LEVELS[:4].reshape(2, 2) + 0.01
    with pytest.raises(ValueError, match="must be one of the levels: rescale x"):
        reconstruction_levels(x, LEVELS, 5.0, generator())
    with pytest.raises(ValueError, match="must be one of the levels"):
        nelbo(DATA.denoiser(Cosine()), x, generator(), levels=LEVELS)


def test_levels_replace_the_continuous_decoder():
    x = LEVELS[torch.randint(9, (40, 3), generator=generator(5))]
    oracle = DATA.denoiser(Cosine())
    plain, discrete = (
        nelbo(oracle, x, generator(6), (-8, 8), levels=levels) for levels in (None, LEVELS)
    )
    torch.testing.assert_close(plain.prior, discrete.prior)
    torch.testing.assert_close(plain.diffusion, discrete.diffusion)
    assert torch.equal(plain.reconstruction, reconstruction_gaussian(x, 8))
    assert (discrete.reconstruction >= 0).all()
    assert float(discrete.reconstruction.mean()) < 0.1


def test_one_level_only_is_a_level():
    assert level_index(torch.zeros(2, 3), torch.zeros(1)).tolist() == [[0, 0, 0]] * 2


def test_a_batch_may_be_one_example():
    """Its bound, over many draws, is the mean over a batch of copies of it."""
    x, oracle = LEVELS[2:5].reshape(1, 3), DATA.denoiser(Cosine())
    one = nelbo(oracle, x, generator(7), (-6, 6), draws=300)
    many = nelbo(oracle, x.expand(4000, 3), generator(8), (-6, 6))
    assert one.dims == many.dims == 3
    error = float(many.diffusion.std()) * (1 / 4000 + 1 / 300) ** 0.5
    mean = float(many.diffusion.mean())
    assert abs(float(one.diffusion) - mean) < 3 * error < mean / 4
    assert torch.equal(one.prior, many.prior[:1])
