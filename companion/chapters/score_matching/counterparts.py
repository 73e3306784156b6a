"""What `diffcore` computes where the chapter "Score matching" derives it: one mixture for each point."""

from __future__ import annotations

import torch
from torch import Tensor

from diffcore.exact import GaussianMixture
from diffcore.exact.posterior import Moments
from diffcore.schedules.pointwise import ANY_TIME, Pointwise
from diffcore.targets import SCORE, X, convert


def component_moment(
    alpha_t: Tensor, sigma_t: Tensor, z: Tensor, m_1: Tensor, c_1: Tensor
) -> Tensor:
    """diffcore's N(z) E[eps^2 | z] for one Gaussian, from its posterior mean and variance, (n,)."""
    certain = torch.ones_like(z)[:, None]
    moments = _moments(alpha_t, sigma_t, z, certain, m_1[:, None], c_1[:, None])
    return moments.log_prob.exp() * (moments.eps_variance + moments.eps_hat**2)


def mixture_variance(
    alpha_t: Tensor, sigma_t: Tensor, omega_1: Tensor, z: Tensor, m_1: Tensor, m_2: Tensor,
    c_1: Tensor, c_2: Tensor,
) -> Tensor:  # fmt: skip
    """diffcore's Var[eps | z] of two Gaussians; the first has posterior probability omega_1 at z."""
    mean, variance = torch.stack([m_1, m_2], 1), torch.stack([c_1, c_2], 1)
    total = alpha_t[:, None] ** 2 * variance + sigma_t[:, None] ** 2
    log_density = -(total.log() + (z[:, None] - alpha_t[:, None] * mean) ** 2 / total) / 2
    weights = (torch.stack([omega_1, 1 - omega_1], 1).log() - log_density).softmax(1)
    return _moments(alpha_t, sigma_t, z, weights, mean, variance).eps_variance


def variance_over_signs(A: Tensor) -> Tensor:
    """The variance of xi^T A xi over every choice of d signs, and what Gaussian directions pay more, (n,)."""
    each = torch.tensor([-1.0, 1.0], dtype=A.dtype)
    signs = torch.cartesian_prod(*[each] * A.shape[-1]).reshape(-1, A.shape[-1])
    along = torch.einsum("ki,nij,kj->nk", signs, A, signs)
    return along.var(1, correction=0) + 2 * A.diagonal(dim1=1, dim2=2).square().sum(1)


def half_excess(g: Tensor, g_hat: Tensor, gamma: Tensor) -> Tensor:
    """Half the squared distance of the clean data that diffcore makes of two scores, (n, d) -> (n,)."""
    at, anywhere = Pointwise(torch.ones_like(gamma), gamma.rsqrt()), torch.full_like(g, 0.37)
    exact, guessed = (convert(of, anywhere, ANY_TIME, at, SCORE, X) for of in (g, g_hat))
    return (exact - guessed).square().sum(1) / 2


def _moments(
    alpha: Tensor, sigma: Tensor, z: Tensor, weights: Tensor, mean: Tensor, variance: Tensor
) -> Moments:
    """diffcore's moments at n points z, each under a mixture of its own: K Gaussians, (n, K)."""
    each = [
        GaussianMixture(w, m[:, None], c[:, None, None]).moments(at.reshape(1, 1), a, s)
        for a, s, at, w, m, c in zip(alpha, sigma, z, weights, mean, variance, strict=True)
    ]
    return Moments(*(torch.cat(part).reshape(-1) for part in zip(*each, strict=True)))
