"""The study's curves written out again in raw numpy: dense sums over the label, full 2 x 2 inverses."""

import math

import numpy as np
import torch


def scales(sigma):
    return torch.tensor(math.sqrt(1 - sigma**2), dtype=torch.float64), torch.tensor(
        sigma, dtype=torch.float64
    )


def noisy(mixture, n, sigma, seed=0):
    """n points of q(z), and the scales."""
    generator = torch.Generator().manual_seed(seed)
    alpha, sigma = scales(sigma)
    x = mixture.sample(n, generator, torch.float64)
    return (
        alpha * x + sigma * torch.randn(x.shape, generator=generator, dtype=torch.float64),
        alpha,
        sigma,
    )


def raw_component(name, branch, u):
    """Means (n, 2) and covariances (n, 2, 2) by numpy, from STUDY's constants."""
    if name == "rings":
        angle = 2 * np.pi * u
        radial = np.stack([np.cos(angle), np.sin(angle)], -1)
        mean = 4 * radial + np.array([5.0 * branch, 0.0])
        return mean, 0.04 * radial[:, :, None] * radial[:, None, :]
    if name == "swiss_roll":
        tau = 1.5 * np.pi * (1 + 2 * u)
        return np.stack([tau * np.cos(tau), tau * np.sin(tau)], -1), np.tile(
            0.25 * np.eye(2), (len(u), 1, 1)
        )
    mean = np.stack([u, (0.6, 0.3)[branch] + 0.3 * np.sin(6 * np.pi * u)], -1)
    return mean, np.tile(np.diag([0.0, 0.0009]), (len(u), 1, 1))


def raw_scale(name):
    """Population mean and standard deviation by closed forms."""
    if name == "rings":
        return np.array([2.5, 0.0]), np.sqrt([16.04 / 2 + 6.25, 16.04 / 2])
    if name == "waves":
        return np.array([0.5, 0.45]), np.sqrt([1 / 12, 0.15**2 + 0.3**2 / 2 + 0.03**2])
    a, b = 1.5 * np.pi, 4.5 * np.pi
    cos1 = (b * np.sin(b) + np.cos(b) - a * np.sin(a) - np.cos(a)) / (b - a)
    sin1 = (-b * np.cos(b) + np.sin(b) + a * np.cos(a) - np.sin(a)) / (b - a)

    def cos2(t):  # antiderivative of t^2 cos(t)^2
        return t**3 / 6 + (t**2 / 4 - 1 / 8) * np.sin(2 * t) + t * np.cos(2 * t) / 4

    square = (cos2(b) - cos2(a)) / (b - a)
    total = (b**3 - a**3) / 3 / (b - a)
    variance = np.array([square - cos1**2, total - square - sin1**2]) + 0.25
    return np.array([cos1, sin1]), np.sqrt(variance)


def dense_rule(low, high, panels=2500):
    """Composite Gauss-Legendre: equal panels, and smaller and smaller ones towards both ends."""
    halves = 0.5 ** np.arange(13, 50)
    edges = np.unique(np.concatenate([np.linspace(0, 1, panels + 1), halves, 1 - halves]))
    points, weights = np.polynomial.legendre.leggauss(16)
    width = (high - low) * np.diff(edges)[:, None]
    u = low + (high - low) * edges[:-1, None] + width * (1 + points) / 2
    return u.ravel(), (width * weights / 2).ravel()


def brute_force(name, z, alpha, sigma, low=0.0, high=1.0):
    """log q, E[x|z], E[eps|z], tr Cov[eps|z] by a dense sum over the label, with full 2 x 2 inverses."""
    centre, scale = raw_scale(name)
    u, weight = dense_rule(low, high)
    logs, xs, eps, within = [], [], [], []
    branches = 1 if name == "swiss_roll" else 2
    for branch in range(branches):
        mean, cov = raw_component(name, branch, u)
        mean, cov = (mean - centre) / scale, cov / np.outer(scale, scale)
        noised = alpha**2 * cov + sigma**2 * np.eye(2)
        inverse = np.linalg.inv(noised)
        y = z - alpha * mean
        p = np.einsum("nij,nj->ni", inverse, y)
        log_det = np.log(np.linalg.det(noised))
        logs.append(-0.5 * ((y * p).sum(-1) + log_det) + np.log(weight / (2 * math.pi * branches)))
        xs.append(mean + alpha * np.einsum("nij,nj->ni", cov, p))
        eps.append(sigma * p)
        within.append(alpha**2 * np.einsum("nij,nji->n", cov, inverse))
    logs, xs, eps, within = (np.concatenate(part) for part in (logs, xs, eps, within))
    peak = logs.max()
    mass = np.exp(logs - peak)
    total = mass.sum()
    mean_eps = mass @ eps / total
    spread = mass @ (within + ((eps - mean_eps) ** 2).sum(-1)) / total
    return peak + math.log(total), mass @ xs / total, mean_eps, spread
