"""Numerical companions of the chapter "NELBO in x": Gaussian data, where everything has a closed form."""

from __future__ import annotations

import math

import pandas as pd
import torch
from torch import Generator, Tensor
from torch.distributions import Normal, kl_divergence

from diffcore.bounds import Bound, nelbo, step_weight
from diffcore.exact.gaussian_mixture import GaussianMixture
from diffcore.losses import squared_norm
from diffcore.schedules import Cosine

LOG_SNR = (-12.0, 12.0)
STEPS = (8, 16, 32, 64, 128, 256, 512)
VARIANCES = (0.04, 1.0, 4.0)


def half_error(log_snr: Tensor, variance: float = 1.0) -> Tensor:
    r"""f = 1/2 E(eps - eps_hat)^2 of the best denoiser of N(0, variance), by the chapter's formula."""
    return torch.sigmoid(log_snr + math.log(variance)) / 2


def continuous(variance: float = 1.0) -> float:
    """L_infinity between the two log-SNRs, nats."""
    low, high = (math.log1p(variance * math.exp(end)) for end in LOG_SNR)
    return (high - low) / 2


def discrete(steps: int, variance: float = 1.0) -> float:
    """L_T: the sum of ``steps`` equal steps in log-SNR, nats."""
    h = (LOG_SNR[1] - LOG_SNR[0]) / steps
    lower_ends = LOG_SNR[0] + h * torch.arange(steps, dtype=torch.float64)
    return math.expm1(h) * half_error(lower_ends, variance).sum().item()


def correction(steps: int, variance: float = 1.0) -> float:
    """h/2 [integral of f - (f at the high end - f at the low end)]: the derived gap, nats."""
    h = (LOG_SNR[1] - LOG_SNR[0]) / steps
    low, high = half_error(torch.tensor(LOG_SNR, dtype=torch.float64), variance).tolist()
    return h / 2 * (continuous(variance) - (high - low))


def measured(n: int, seed: int, steps: int | None, variance: float = 1.0) -> Bound:
    """diffcore's bound of ``n`` examples of N(0, variance) with the exact denoiser."""
    generator = Generator().manual_seed(seed)
    zero, covariance = torch.zeros(1), torch.full((1, 1), variance, dtype=torch.float64)
    data = GaussianMixture.gaussian(zero, covariance)
    x = data.sample(n, generator, torch.float64)
    return nelbo(data.denoiser(Cosine()), x, generator, LOG_SNR, steps)


def step_term(
    alpha_s: Tensor, sigma_s: Tensor, alpha_t: Tensor, sigma_t: Tensor, x: Tensor, x_hat: Tensor
) -> Tensor:
    """diffcore's term of one step from t to s, from its weight of the squared error of eps."""
    lambda_s, lambda_t = 2 * (alpha_s / sigma_s).log(), 2 * (alpha_t / sigma_t).log()
    weight = step_weight(lambda_s, lambda_t)
    return weight * (alpha_t / sigma_t) ** 2 * squared_norm(x - x_hat)


def gaussian_divergence(m_1: Tensor, m_2: Tensor, v_1: Tensor, v_2: Tensor) -> Tensor:
    """PyTorch's divergence of N(m_1, v_1 I) from N(m_2, v_2 I), (n, d) and (n,) -> (n,), nats."""
    p, q = (Normal(m, v.sqrt()[:, None].expand_as(m)) for m, v in ((m_1, v_1), (m_2, v_2)))
    return kl_divergence(p, q).sum(1)


def gaps(n: int, seed: int) -> pd.DataFrame:
    """L_T - L_infinity in nats: exact, by diffcore with its standard error, and as predicted."""
    rows = []
    for k, steps in enumerate(STEPS):
        diffusion = measured(n, seed + k, steps).diffusion
        rows.append(
            {
                "T": steps,
                "exact": discrete(steps) - continuous(),
                "diffcore": diffusion.mean().item() - continuous(),
                "se": (diffusion.std() / math.sqrt(n)).item(),
                "predicted": correction(steps),
            }
        )
    return pd.DataFrame(rows)


def gaps_caption(n: int) -> str:
    """What the table of `gaps` shows, for ``n`` examples."""
    return (
        r"$L_T - L_\infty$ in nats for $x \sim \N(0, 1)$ and $-12 \le \lambda \le 12$. *Exact*: "
        f"the sum of $T$ steps in closed form, minus the integral. *diffcore*: `nelbo` with {n:,} "
        "examples (a seed for each row, from 0), minus the same integral, with its standard error "
        "(se). *Predicted*: the correction derived above."
    )


def bound_against_entropy(n: int, seed: int) -> pd.DataFrame:
    """The continuous bound and its closed form, nats, for three variances."""
    rows = []
    for variance in VARIANCES:
        total = measured(n, seed, None, variance).total
        noisy = variance + math.exp(-LOG_SNR[1])
        closed = math.log(2 * math.pi * math.e * noisy) / 2
        rows.append(
            {
                "c": variance,
                "bound": total.mean().item(),
                "se": (total.std() / math.sqrt(n)).item(),
                "closed form": closed,
                "entropy of the data": math.log(2 * math.pi * math.e * variance) / 2,
            }
        )
    return pd.DataFrame(rows)


def prior_excess(variance: float) -> float:
    """KL( q(z at the lowest log-SNR) || N(0, 1) ) of Gaussian data, nats: what diffcore's prior adds."""
    excess = (variance - 1) / (1 + math.exp(-LOG_SNR[0]))  # of the variance of z above 1
    return (excess - math.log1p(excess)) / 2


def entropy_caption(n: int) -> str:
    """What the table of `bound_against_entropy` shows, for ``n`` examples."""
    added = max(prior_excess(variance) for variance in VARIANCES)
    mantissa, power = f"{added:.0e}".split("e")
    return (
        "The continuous bound of `diffcore.nelbo` and its closed form, in nats, for Gaussian data "
        rf"of variance $c$ and $-12 \le \lambda \le 12$, with its standard error (se), {n:,} "
        "examples (seed 1). `diffcore`'s prior is that of unit-variance data, which adds at most "
        rf"${mantissa} \cdot 10^{{{int(power)}}}$."
    )


def comparison(gaps: pd.DataFrame, entropy: pd.DataFrame) -> str:
    """How near the exact gaps come to the derived correction, and the bounds to their closed forms.

    Args:
        gaps: as `gaps` returns it.
        entropy: as `bound_against_entropy` returns it.
    """
    ratio, falls = gaps["exact"] / gaps["predicted"], gaps["exact"] / gaps["exact"].shift(-1)
    first, last = gaps["T"].iloc[[0, -1]]
    errors = ((entropy["bound"] - entropy["closed form"]) / entropy["se"]).abs()
    return (
        f"The exact gap is {ratio.iloc[0]:.2f} times the correction at $T = {first}$, and "
        f"{ratio.iloc[-1]:.3f} times at $T = {last}$; the last doubling of $T$ divides it by "
        f"{falls.iloc[-2]:.3f}. The continuous bound is at most {errors.max():.1f} of its standard "
        "errors away from its closed form."
    )
