"""Bits per pixel: the slices add up to the bound, and exact denoisers give exact likelihoods."""

import math

import pytest
import torch

import diffcore as dc
from companion.chapters.small_images import results as digit_bits
from companion.datasets import digits
from diffcore.exact.gaussian import EmpiricalGaussian
from diffcore.exact.levels import PSEUDO_COUNTS, IndependentLevels

COSINE = dc.schedules.Cosine()
TRAIN, _, TEST, _ = digits.load()
EDGES = torch.linspace(-8, 8, 17)


def test_the_slices_add_up_to_the_bound():
    denoiser = EmpiricalGaussian(TRAIN).denoiser(COSINE)
    sliced = digit_bits.bits(denoiser, TEST, EDGES, draws=4, seed=0)
    whole = dc.nelbo(
        denoiser,
        TEST,
        torch.Generator().manual_seed(1),
        log_snr=(-8.0, 8.0),
        draws=64,
        levels=digits.LEVELS,
    )
    gap = sliced.total - whole.bits_per_dim()
    assert abs(float(gap.mean())) < 4 * float(gap.std()) / len(gap) ** 0.5 < 0.05
    assert torch.allclose(sliced.prior, whole.prior / (64 * math.log(2)))
    area = float((sliced.per_nat * EDGES.diff()).sum())
    assert area == pytest.approx(float(sliced.diffusion.sum(1).mean()))


def test_equal_seeds_give_equal_noise():
    denoiser = EmpiricalGaussian(TRAIN).denoiser(COSINE)
    first, again, other = (digit_bits.bits(denoiser, TEST[:20], EDGES, 1, s) for s in (0, 0, 1))
    assert torch.equal(first.total, again.total)
    assert not torch.equal(first.total, other.total)


def test_independent_pixels_cost_what_their_table_says():
    """For an exact denoiser the bound is tight, image by image."""
    pixels = IndependentLevels.fitted(TRAIN, digits.LEVELS)
    gap = digit_bits.bits(pixels.denoiser(COSINE), TEST, EDGES, draws=16, seed=0).total
    gap = gap - pixels.bits_per_dim(TEST)
    assert abs(float(gap.mean())) < 4 * float(gap.std()) / len(gap) ** 0.5 < 0.02


def test_marginals_are_smoothed_frequencies():
    probabilities = IndependentLevels.fitted(TRAIN, digits.LEVELS).probabilities
    assert probabilities.shape == (64, 17)
    assert torch.allclose(probabilities.sum(1), torch.ones(64, dtype=torch.float64))
    assert float(probabilities.min()) > 0
    often = (digits.counts(TRAIN).flatten(1) == 3).double().mean(0)
    assert float((probabilities[:, 3] - often).abs().max()) < 1e-3


def test_the_pseudo_count_is_the_best_by_leaving_one_out():
    """Brute force on few images: predict each from the others, for every pseudo-count."""
    few = TRAIN[:30]
    level = digits.counts(few).flatten(1)

    def cost(pseudo: float) -> float:
        total = 0.0
        for i in range(len(few)):
            others = torch.cat([level[:i], level[i + 1 :]])
            same = (others == level[i]).double().sum(0)
            total -= float(((same + pseudo) / (len(others) + 17 * pseudo)).log().sum())
        return total

    best = min(PSEUDO_COUNTS.tolist(), key=cost)
    one_hot = torch.nn.functional.one_hot(level, 17).double().sum(0)
    expected = (one_hot + best) / (len(few) + 17 * best)
    assert torch.allclose(IndependentLevels.fitted(few, digits.LEVELS).probabilities, expected)


def test_marginal_bits_by_hand():
    probabilities = torch.full((64, 17), 1 / 17, dtype=torch.float64)
    probabilities[0] = 0.5 / 16
    probabilities[0, 0] = 0.5
    blank = -torch.ones(1, 8, 8)
    by_hand = (1 + 63 * math.log2(17)) / 64
    assert float(
        IndependentLevels(probabilities, digits.LEVELS).bits_per_dim(blank)
    ) == pytest.approx(by_hand)


@pytest.mark.parametrize("log_snr", [-9.0, 0.0, 9.0])
def test_the_gaussian_denoiser_is_the_linear_regression_of_x_on_z(log_snr: float):
    """It gives E[x] at the mean, and its slope is Cov(x, z) Cov(z)^-1."""
    flat = TRAIN.flatten(1).double()
    mean, cov = flat.mean(0), torch.cov(flat.T, correction=0)
    t = COSINE.time_of(torch.tensor(log_snr, dtype=torch.float64))
    alpha, sigma = COSINE.alpha(t), COSINE.sigma(t)
    z = torch.randn(5, 64, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    slope = alpha * cov @ torch.linalg.inv(alpha**2 * cov + sigma**2 * torch.eye(64))
    x_hat = mean + (z - alpha * mean) @ slope.T
    found = EmpiricalGaussian(TRAIN).denoiser(COSINE).predict_pair(z.reshape(5, 8, 8), t)
    assert torch.allclose(found[0].flatten(1), x_hat, atol=1e-9)
    assert torch.allclose(alpha * found[0] + sigma * found[1], z.reshape(5, 8, 8), atol=1e-9)


@pytest.mark.parametrize("log_snr", [-9.0, 0.0, 9.0])
def test_the_pair_of_the_marginal_denoiser_gives_back_z(log_snr: float):
    t = COSINE.time_of(torch.tensor(log_snr, dtype=torch.float64))
    z = torch.randn(5, 8, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    denoiser = IndependentLevels.fitted(TRAIN, digits.LEVELS).denoiser(COSINE)
    x_hat, eps_hat = denoiser.predict_pair(z, t)
    assert torch.allclose(COSINE.alpha(t) * x_hat + COSINE.sigma(t) * eps_hat, z, atol=1e-9)
    assert float(x_hat.abs().max()) <= 1
