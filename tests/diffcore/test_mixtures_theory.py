"""Exact mixtures against theory: closed forms, information identities, invariances, the quadrature."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle2d import noisy, scales
from reference import SCHEDULES, tensor

from diffcore.exact import data2d
from diffcore.exact.gaussian_mixture import GaussianMixture
from diffcore.exact.quadrature import adapt, gauss_legendre, panel_grid, sobol
from diffcore.targets import TARGETS, convert

# A single Gaussian, where everything has a closed form.

COVARIANCE = torch.tensor([[2.0, 0.6], [0.6, 0.5]], dtype=torch.float64)
GAUSSIAN = GaussianMixture.gaussian(torch.tensor([1.0, -2.0]), COVARIANCE)


@pytest.mark.parametrize("sigma", [1.0, 0.5, 1e-3, 1e-6, 0.0])
def test_single_gaussian_in_closed_form(sigma):
    mean = torch.tensor([1.0, -2.0], dtype=torch.float64)
    alpha, s = scales(sigma)
    z = torch.randn(50, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    total = alpha**2 * COVARIANCE + s**2 * torch.eye(2)
    normal = torch.distributions.MultivariateNormal(alpha * mean, total)
    torch.testing.assert_close(GAUSSIAN.log_prob(z, alpha, s), normal.log_prob(z))
    residual = torch.linalg.solve(total, (z - alpha * mean).T).T
    x_hat, eps_hat = GAUSSIAN.posterior(z, alpha, s)
    torch.testing.assert_close(x_hat, mean + alpha * residual @ COVARIANCE)
    torch.testing.assert_close(eps_hat, s * residual)
    torch.testing.assert_close(GAUSSIAN.score(z, alpha, s), -residual)


def test_single_gaussian_mmse_and_entropy_in_closed_form():
    log_snr = torch.tensor([[-20.0, -3.0, 0.0], [2.0, 9.0, 30.0]], dtype=torch.float64)
    snr = log_snr.exp()
    eigenvalues = torch.linalg.eigvalsh(COVARIANCE)
    exact = (eigenvalues / (1 + snr[..., None] * eigenvalues)).sum(-1)
    got = GAUSSIAN.mmse(log_snr, points=64, scrambles=2)
    torch.testing.assert_close(got.value, exact)
    assert (got.error <= 1e-12 * exact).all()
    entropy = GAUSSIAN.entropy()
    exact = math.log(2 * math.pi * math.e) + 0.5 * torch.logdet(COVARIANCE)
    assert abs(entropy.value - exact) < 4 * entropy.error
    assert entropy.error < 1e-3


@pytest.mark.parametrize("name", data2d.DATASETS)
def test_entropy_is_the_integral_of_the_mmse(name):
    # h(x) = (D/2) log 2 pi e - 1/2 int_0^inf (D/(1+snr) - mmse) dsnr  (Guo, Shamai & Verdu, 2005;
    # Kong et al., 2023), written in the log-SNR so that both ends decay exponentially.
    mixture = data2d.DATASETS[name]()
    log_snr, weight = gauss_legendre(40, -14.0, 20.0)
    mmse = mixture.mmse(log_snr, points=128, scrambles=4)
    integrand = 2 * torch.sigmoid(log_snr) - log_snr.exp() * mmse.value
    integral = (weight * integrand).sum() / 2
    error = (weight * log_snr.exp() * mmse.error).square().sum().sqrt() / 2
    entropy = mixture.entropy(points=1024, scrambles=8)
    assert error + entropy.error < 0.03
    gap = math.log(2 * math.pi * math.e) - integral - entropy.value
    assert abs(gap) < 4 * (error + entropy.error)


def test_mmse_agrees_with_the_squared_error_of_the_denoiser():
    for name in data2d.DATASETS:
        mixture = data2d.DATASETS[name]()
        for log_snr in (-2.0, 3.0):
            alpha, s = (math.sqrt(1 / (1 + math.exp(sign * log_snr))) for sign in (-1, 1))
            alpha, s = torch.tensor(alpha).double(), torch.tensor(s).double()
            generator = torch.Generator().manual_seed(2)
            x = mixture.sample(2500, generator, torch.float64)
            z = alpha * x + s * torch.randn(x.shape, generator=generator, dtype=torch.float64)
            squared = ((x - mixture.denoise(z, alpha, s)) ** 2).sum(1)
            exact = mixture.mmse(torch.tensor(log_snr), points=256, scrambles=4)
            error = squared.std() / math.sqrt(len(squared)) + exact.error
            assert abs(squared.mean() - exact.value) < 4 * error


@pytest.mark.parametrize("name", data2d.DATASETS)
def test_quantiles_give_the_moments_of_the_noised_data(name):
    # Standardised data: each axis of z has mean 0 and variance alpha^2 + sigma^2, whatever the shape.
    mixture = data2d.DATASETS[name]()
    for alpha, sigma in ((1.0, 0.0), (0.6, 0.3), (0.3, 2.0)):
        scales_ = torch.tensor(alpha).double(), torch.tensor(sigma).double()
        z = mixture.noised(sobol(2**14, 3, seed=0), *scales_)
        assert z.mean(0).abs().max() < 2e-3
        torch.testing.assert_close(
            z.var(0), (z.new_zeros(2) + alpha**2 + sigma**2), rtol=3e-3, atol=0
        )


def test_two_points_without_width_have_a_posterior_mean_of_tanh():
    """x = +-1 with equal weight: E[x|z] = tanh(alpha z / sigma^2)."""
    points = GaussianMixture(tensor([0.5, 0.5]), tensor([[-1.0], [1.0]]), torch.zeros(2, 1, 1))
    alpha, s = scales(0.6)
    z = tensor([[-1.2], [0.1], [0.5]])
    torch.testing.assert_close(points.moments(z, alpha, s).x_hat, torch.tanh(alpha * z / s**2))


def test_a_gauss_legendre_rule_of_n_nodes_is_exact_to_degree_2n_less_1():
    points, weights = gauss_legendre(3, 1.0, 4.0)
    for degree in range(6):
        exact = (4.0 ** (degree + 1) - 1) / (degree + 1)
        assert float((weights * points**degree).sum()) == pytest.approx(exact, rel=1e-13)


def test_the_normal_quantile_of_every_sobol_point_is_finite(monkeypatch):
    """The engine draws multiples of 2^-30 in [0, 1); ours are as far from 0 as from 1."""
    ends = torch.tensor([[0.0], [1 - 2.0**-30]], dtype=torch.float64)
    monkeypatch.setattr(torch.quasirandom.SobolEngine, "draw", lambda *_, **__: ends)
    low, high = sobol(2, 1, seed=0).flatten()
    assert 0 < low < high < 1
    assert low == 1 - high


# Properties


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    k=st.integers(1, 4),
    dim=st.integers(1, 3),
    log_sigma=st.floats(-12, 0),
)
def test_translation_rotation_and_permutation(seed, k, dim, log_sigma):
    g = torch.Generator().manual_seed(seed)
    draw = lambda *shape: torch.randn(*shape, generator=g, dtype=torch.float64)  # noqa: E731
    weights = torch.softmax(draw(k), 0)
    means, root = draw(k, dim), draw(k, dim, dim)
    covariances = root @ root.mT + 0.1 * torch.eye(dim)
    covariances = (covariances + covariances.mT) / 2
    mixture = GaussianMixture(weights, means, covariances)
    alpha, s = scales(math.exp(log_sigma) * 0.999)
    z, shift = alpha * mixture.sample(5, g, torch.float64), draw(dim)
    base = mixture.moments(z, alpha, s)

    order = torch.randperm(k, generator=g)
    permuted = GaussianMixture(weights[order], means[order], covariances[order]).moments(
        z, alpha, s
    )
    moved = GaussianMixture(weights, means + shift, covariances).moments(
        z + alpha * shift, alpha, s
    )
    rotation = torch.linalg.qr(draw(dim, dim)).Q
    turned_cov = rotation @ covariances @ rotation.mT
    turned_cov = (turned_cov + turned_cov.mT) / 2
    turned = GaussianMixture(weights, means @ rotation.mT, turned_cov).moments(
        z @ rotation.mT, alpha, s
    )
    for got, x_hat, score in (
        (permuted, base.x_hat, base.score),
        (moved, base.x_hat + shift, base.score),
        (turned, base.x_hat @ rotation.mT, base.score @ rotation.mT),
    ):
        torch.testing.assert_close(got.log_prob, base.log_prob, atol=1e-8, rtol=1e-8)
        torch.testing.assert_close(got.x_hat, x_hat, atol=1e-8, rtol=1e-8)
        torch.testing.assert_close(got.score, score, atol=1e-7, rtol=1e-7)
        torch.testing.assert_close(got.eps_variance, base.eps_variance, atol=1e-8, rtol=1e-8)


@settings(max_examples=30, deadline=None)
@given(
    u=st.floats(0.001, 0.999),
    width=st.floats(-16, 0),
    branch=st.integers(0, 2),
    rows=st.integers(1, 3),
)
def test_adaptive_panels_find_a_peak_of_any_width_anywhere(u, width, branch, rows):
    scale = math.exp(width)

    def exponent(row, where, at):
        return ((at - u) / scale) ** 2 / 2 + torch.where(where == branch, 0.0, 50.0)

    grid = panel_grid(8).repeat(rows * 3)
    index = torch.arange(rows * 3).repeat_interleave(17)
    values = exponent(index // 3, index % 3, grid).reshape(rows, 3, 17)
    nodes = adapt(exponent, values, 12)
    value = torch.exp(nodes.log_weight - exponent(nodes.row, nodes.branch, nodes.u))
    total = torch.zeros(rows, dtype=torch.float64).index_add(0, nodes.row, value)
    cdf = [0.5 * (1 + math.erf((edge - u) / scale / math.sqrt(2))) for edge in (0, 1)]
    exact = scale * math.sqrt(2 * math.pi) * (cdf[1] - cdf[0])
    assert total.numpy() == pytest.approx(exact, rel=1e-9)


def test_result_does_not_depend_on_the_batch_it_is_in():
    mixture = data2d.rings()
    z, alpha, _ = noisy(mixture, 700, 0.05)
    sigma = torch.logspace(-4, -0.1, 700, dtype=torch.float64)
    together = mixture.moments(z, alpha.expand(700), sigma)
    for i in (0, 350, 699):
        alone = mixture.moments(z[i : i + 1], alpha, sigma[i])
        for a, b in zip(alone, together, strict=True):
            torch.testing.assert_close(a[0], b[i], atol=1e-12, rtol=1e-12)


@pytest.mark.parametrize(
    "schedule", ["cosine", "linear_beta", "variance_exploding", "rectified_flow"]
)
def test_exact_denoiser_predicts_every_target_consistently(schedule):
    schedule = SCHEDULES[schedule]
    mixture = data2d.rings()
    denoiser = mixture.denoiser(schedule)
    t = torch.tensor([0.01, 0.3, 0.7, 0.95], dtype=torch.float64)
    z = torch.randn(4, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for source in TARGETS.values():
        for to in TARGETS.values():
            converted = convert(denoiser.predict(z, t, source), z, t, schedule, source, to)
            torch.testing.assert_close(converted, denoiser.predict(z, t, to), rtol=1e-6, atol=1e-8)


def test_dtype_follows_the_input_and_float32_stays_exact():
    mixture = data2d.waves()
    z, alpha, s = noisy(mixture, 50, 1e-3)
    single = mixture.moments(z.float(), alpha.float(), s.float())
    double = mixture.moments(z.float().double(), alpha.float().double(), s.float().double())
    assert all(part.dtype == torch.float32 for part in single)
    torch.testing.assert_close(single.x_hat.double(), double.x_hat, rtol=1e-6, atol=1e-7)
    assert mixture.sample(3, torch.Generator().manual_seed(0)).dtype == torch.float32


def test_sampling_is_reproducible_and_empty_batches_are_refused():
    mixture = data2d.clusters()
    draws = [mixture.sample(5, torch.Generator().manual_seed(7)) for _ in range(2)]
    assert torch.equal(*draws)
    one = torch.ones(())
    for name in data2d.DATASETS:
        with pytest.raises(ValueError, match=r"z: expected shape \(batch, 2\), batch >= 1"):
            data2d.DATASETS[name]().moments(torch.zeros(0, 2), one, one)


def test_bad_input_is_named():
    mixture, one = data2d.clusters(), torch.ones(())
    with pytest.raises(ValueError, match=r"z: expected shape \(batch, 2\), .*, got \(3, 4\)"):
        mixture.log_prob(torch.zeros(3, 4), one, one)
    with pytest.raises(ValueError, match=r"sigma: expected shape \(\) or \(3,\), got \(2,\)"):
        mixture.log_prob(torch.zeros(3, 2), one, torch.ones(2))
    eye, mean = torch.eye(2).unsqueeze(0), torch.zeros(1, 2)
    with pytest.raises(ValueError, match="sum to 1"):
        GaussianMixture(torch.tensor([0.7]), mean, eye)
    with pytest.raises(ValueError, match=r"weights \(1,\)"):
        GaussianMixture(torch.ones(2) / 2, mean, eye)
    with pytest.raises(ValueError, match="negative eigenvalues"):
        GaussianMixture(torch.ones(1), mean, -eye)
    with pytest.raises(ValueError, match="symmetric"):
        GaussianMixture(torch.ones(1), mean, torch.tensor([[[1.0, 0.5], [0.0, 1.0]]]))
    with pytest.raises(ValueError, match="scrambles: expected an integer >= 2, got 1"):
        mixture.entropy(scrambles=1)
