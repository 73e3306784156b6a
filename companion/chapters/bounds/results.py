"""What the chapter "How tight is a bound?" measures, on the clusters, whose likelihood is known.

Averages over noisy data are randomised quasi-Monte Carlo: independent scrambles of Sobol points give a mean
and its standard error.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Generator, Tensor
from torch.distributions import Normal, kl_divergence

from diffcore.bounds import reconstruction_levels, step_weight
from diffcore.exact import GaussianMixture, Mixture
from diffcore.exact.data2d import clusters
from diffcore.exact.mixtures import scales
from diffcore.exact.quadrature import gauss_legendre, mean_of

WINDOW = (-8.0, 12.0)
"""Log-SNRs of the noisy end and the clean end."""

NODE_SEED, STEP_SEED = 0, 30_000
"""First seeds of the scrambles at the nodes of an integral and at the ends of steps."""


class Budget(NamedTuple):
    """Sobol points at each noise level in each scramble, and how many scrambles."""

    points: int
    scrambles: int


# --- steps, and the variance of a step


def divergence_of_step(
    alpha_s: Tensor, alpha_t: Tensor, sigma_s: Tensor, sigma_t: Tensor, log_variance: Tensor,
    x: Tensor, x_hat: Tensor,
) -> Tensor:  # fmt: skip
    """PyTorch's divergence of q(z_s|z_t, x) from a step to x_hat of free variance, at z_t = 0, (n,), nats."""
    added = sigma_t**2 - (alpha_t / alpha_s * sigma_s) ** 2
    pull = (alpha_s * added / sigma_t**2)[:, None]
    spread = (added.sqrt() * sigma_s / sigma_t)[:, None].expand_as(x)
    known = Normal(pull * x, spread)
    return kl_divergence(known, Normal(pull * x_hat, (log_variance / 2).exp()[:, None])).sum(1)


def best_gaussian_step(gamma_1: Tensor, gamma_2: Tensor, c: Tensor) -> Tensor:
    """The cost of one step of N(0, c) from SNR gamma_2 to gamma_1, (n,), nats; errors by diffcore."""
    one, zero = torch.ones((), dtype=torch.float64), torch.zeros(1, 1, dtype=torch.float64)
    each = [
        GaussianMixture.gaussian(zero[0], variance.reshape(1, 1))
        .moments(zero, gamma.sqrt(), one)
        .eps_variance
        for gamma, variance in zip(gamma_1, c, strict=True)
    ]
    return best_step(step_weight(gamma_2.log(), gamma_1.log()), torch.cat(each), 1)


def best_step(weight: Tensor, error: Tensor, dims: int) -> Tensor:
    """The least cost of a step over its variance: d/2 log(1 + 2 weight error / d), nats."""
    return dims / 2 * torch.log1p(2 * weight * error / dims)


STEPS = (4, 16, 64, 256)
"""How many steps a bound has."""

STEPS_SHOWN: dict[str, Any] = {
    "caption": rf"Bounds of $T$ steps on the clusters above that of infinitely many, $L_\infty$, nats; "
    rf"exact denoiser, ${WINDOW[0]:g} \le \lambda \le {WINDOW[1]:g}$, equal steps in $\lambda$. "
    r"*Posterior*: the model's variance is $\sigma_Q^2$. *Best*: it is the one derived above, the same "
    "in both dimensions. Standard errors (se) of the differences.",
    "digits": {"posterior": 4, "posterior_se": ".0e", "best": 4, "best_se": ".0e"},
    "columns": {
        "T": "$T$",
        "posterior": "posterior",
        "posterior_se": "se",
        "best": "best",
        "best_se": "se ",
    },
    "negligible": 1e-9,
}
"""How `steps` is shown."""


def steps(budget: Budget) -> pd.DataFrame:
    """What `STEPS` equal steps cost more than infinitely many, with either variance of the step."""
    data, rows = clusters(), []
    edges = torch.linspace(*WINDOW, 11, dtype=torch.float64).tolist()
    panels = [gauss_legendre(8, *ends) for ends in pairwise(edges)]
    lam, g = (torch.cat(part) for part in zip(*panels, strict=True))
    whole = (g * data.eps_mmse(*scales(lam), *budget, seed=NODE_SEED)).sum(1) / 2
    for number, count in enumerate(STEPS):
        ends = torch.linspace(*WINDOW, count + 1, dtype=torch.float64)
        error = data.eps_mmse(*scales(ends[:-1]), *budget, seed=STEP_SEED * (1 + number))
        weight = step_weight(ends[1:], ends[:-1])
        plain = mean_of((weight * error).sum(1) - whole)
        # the logarithm of a mean: of the mean of all scrambles but one, then of all (jackknife)
        best = _jackknife(error, partial(_steps_at_best, weight))
        rows.append(
            {
                "T": count,
                "posterior": float(plain.value),
                "posterior_se": float(plain.error),
                "best": float(best[0] - whole.mean()),
                "best_se": float((best[1] ** 2 + mean_of(whole).error ** 2).sqrt()),
            }
        )
    return pd.DataFrame(rows)


def _steps_at_best(weight: Tensor, error: Tensor) -> Tensor:
    return best_step(weight, error, 2).sum(-1)


def _jackknife(samples: Tensor, function: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor]:
    """A function of the mean of independent rows (n, ...), less its bias to first order, and its error."""
    n = len(samples)
    without = function((samples.sum(0) - samples) / (n - 1))
    value = n * function(samples.mean(0)) - (n - 1) * without.mean(0)
    return value, ((n - 1) * without.var(0, unbiased=False)).sqrt()


# --- data on levels

LEVELS = 256
"""Of the data that are decoded."""

CLEAN_ENDS = (9.0, 10.0, 11.0, 12.0, 13.0)
"""Log-SNRs at which they are."""

DECODER_SHOWN: dict[str, Any] = {
    "caption": rf"What decoding {LEVELS} equally likely levels from $-1$ to $1$ costs at the clean end "
    r"$\lambda_0$, in bits for each dimension: by `diffcore.reconstruction_levels` with its standard "
    r"error (se), and the bound, the sum of $e^{-\delta^2/8}$ over all other levels.",
    "digits": {"log_snr": 0, "measured": ".2e", "se": ".0e", "bound": ".2e"},
    "columns": {
        "log_snr": r"$\lambda_0$",
        "measured": "measured",
        "se": "se",
        "bound": "bound",
    },
    "negligible": 1e-12,
}
"""How `decoder` is shown."""


def rival(delta: Tensor) -> Tensor:
    """What one other level at a distance of delta noise scales adds at most, nats."""
    return torch.exp(-(delta**2) / 8)


def decoder(n: int, seed: int = 0) -> pd.DataFrame:
    """The reconstruction term of ``n`` numbers on levels, bits, and the bound on it, at `CLEAN_ENDS`."""
    values = torch.linspace(-1, 1, LEVELS, dtype=torch.float64)
    rows = []
    for number, log_snr in enumerate(CLEAN_ENDS):
        generator = Generator().manual_seed(seed + number)
        index = torch.randint(LEVELS, (n,), generator=generator)
        cost = reconstruction_levels(values[index][:, None], values, log_snr, generator)
        gaps = (values[:, None] - values).abs() * math.exp(log_snr / 2)
        bound = (rival(gaps).sum() - LEVELS) / LEVELS  # a level is no rival of itself
        bits = cost / math.log(2)
        rows.append(
            {
                "log_snr": log_snr,
                "measured": float(bits.mean()),
                "se": float(bits.std() / math.sqrt(n)),
                "bound": float(bound) / math.log(2),
            }
        )
    return pd.DataFrame(rows)


# --- several samples

SAMPLES_AT = 2.0
"""The log-SNR of the one latent of the bound by several samples."""

SAMPLES_SHOWN: dict[str, Any] = {
    "caption": r"How far the bound of $K$ samples is below $\log p(x)$, averaged over the clusters, nats. "
    rf"The model draws $z$ as noisy data at $\lambda = {SAMPLES_AT:g}$ and decodes with as much noise "
    r"again, so $\log p(x)$ is known exactly. *First order*: $V/2K$, with the variance $V$ of $a/p(x)$ "
    "by quadrature. Standard error (se).",
    "digits": {"gap": 5, "se": ".0e", "predicted": 5},
    "columns": {"K": "$K$", "gap": "gap", "se": "se", "predicted": "first order"},
    "negligible": 1e-9,
}
"""How `samples` is shown."""

COUNTS = tuple(4**k for k in range(6))
"""How many samples a bound has."""

HERMITE = 40
"""Nodes of the quadrature in each dimension."""


def two_samples(a_1: Tensor, a_2: Tensor) -> Tensor:
    """`bound_of` two samples each, from their weights, (n,)."""
    return bound_of(torch.stack([a_1, a_2], 1).log())


def bound_of(log_weights: Tensor) -> Tensor:
    """The logarithm of the mean weight of K samples, log weights (..., K), nats."""
    return log_weights.logsumexp(-1) - math.log(log_weights.shape[-1])


def samples(n: int, seed: int = 0) -> pd.DataFrame:
    """log p(x) less the bound of K samples, nats, for `COUNTS`, and what the variance of weights predicts.

    The model draws noisy data z = x + sigma eps and decodes x = z + sigma eps'. So it has the density of
    data with noise of variance 2 sigma^2, and the weight of a sample of q(z|x) is the density of z.
    """
    data, generator = clusters(), Generator().manual_seed(seed)
    one = torch.ones((), dtype=torch.float64)
    noise = one * math.exp(-SAMPLES_AT / 2)
    x = data.sample(n, generator, torch.float64)
    exact = log_likelihood(data, x, noise)
    eps = torch.randn(n, COUNTS[-1], data.dim, generator=generator, dtype=torch.float64)
    z = (x[:, None] + noise * eps).reshape(-1, data.dim)
    log_ratios = data.log_prob(z, one, noise).reshape(n, -1) - exact[:, None]
    spread = weight_variance(data, x, noise, exact)
    rows = []
    for count in COUNTS:
        bound = bound_of(log_ratios.reshape(n, -1, count))
        # the mean of a mean ratio is 1: taken away less 1, it takes most of the noise with it
        gap = (torch.expm1(bound) - bound).mean(1)
        rows.append(
            {
                "K": count,
                "gap": float(gap.mean()),
                "se": float(gap.std() / math.sqrt(n)),
                "predicted": float(spread.mean()) / (2 * count),
            }
        )
    return pd.DataFrame(rows)


def log_likelihood(data: Mixture, x: Tensor, noise: Tensor) -> Tensor:
    """log p(x) of the model of `samples`, (n,): of data with noise of variance 2 noise^2."""
    return data.log_prob(x, torch.ones_like(noise), math.sqrt(2) * noise)


def weight_variance(data: Mixture, x: Tensor, noise: Tensor, exact: Tensor) -> Tensor:
    """The variance of a weight over p(x), for each x (n, 2): by Gauss-Hermite quadrature."""
    points, weights = (torch.from_numpy(v) for v in np.polynomial.hermite_e.hermegauss(HERMITE))
    grid = torch.cartesian_prod(points, points)
    share = torch.cartesian_prod(weights, weights).prod(1) / (2 * math.pi)
    z = (x[:, None] + noise * grid).reshape(-1, 2)
    one = torch.ones((), dtype=torch.float64)
    ratio = (data.log_prob(z, one, noise).reshape(len(x), -1) - exact[:, None]).exp()
    return (share * ratio**2).sum(1) - (share * ratio).sum(1) ** 2


def of_samples(frame: pd.DataFrame) -> str:
    """How near the gap of `samples` comes to the first order, in words."""
    ratio, error = frame["gap"] / frame["predicted"], frame["se"] / frame["predicted"]
    first, last = frame["K"].iloc[[0, -1]]
    fewest = "One sample" if first == 1 else f"{first} samples"
    return (
        f"{fewest} misses {ratio.iloc[0]:.2f} times what the first order says, {last:,} samples "
        f"{ratio.iloc[-1]:.2f} $\\pm$ {error.iloc[-1]:.2f} times."
    )
