"""What the chapter "One law, many paths" measures: the marginals of two samplers."""

from __future__ import annotations

from typing import Any

import pandas as pd
import torch
from scipy import stats
from torch import Generator, Tensor

from diffcore.exact.gaussian_mixture import GaussianMixture
from diffcore.samplers import DDIM, Solver, trajectory
from diffcore.schedules import Cosine
from diffcore.schedules.pointwise import ANY_TIME, Pointwise

WEIGHTS, MEANS, VARIANCE = (0.3, 0.7), (-1.2, 0.8), 0.05
"""A mixture of two Gaussians on the line: the data of this chapter."""

SCHEDULE = Cosine()
WINDOW = (-12.0, 9.0)
"""Log-SNRs where the chains begin and end, nats."""

SAMPLERS = {"probability flow": DDIM(), "reverse SDE": DDIM(eta=1)}
"""The two dynamics, and a solver of each."""


def data() -> GaussianMixture:
    """The mixture of this chapter."""
    means = torch.tensor(MEANS, dtype=torch.float64)[:, None]
    spread = torch.full((2, 1, 1), VARIANCE, dtype=torch.float64)
    return GaussianMixture(torch.tensor(WEIGHTS, dtype=torch.float64), means, spread)


def noise_rate(
    alpha_t: Tensor, alpha_prime_t: Tensor, sigma_t: Tensor, sigma_prime_t: Tensor
) -> Tensor:
    """The squared noise rate at one point, by diffcore's slope of the log-SNR."""
    at = Pointwise(alpha_t, sigma_t, alpha_prime_t, sigma_prime_t)
    return -(sigma_t**2) * at.log_snr_prime(ANY_TIME)


def paths(chains: int, steps: int, seed: int, solver: Solver) -> tuple[Tensor, Tensor]:
    """Times (steps + 1,), falling, and the latents of ``chains`` chains at each, (steps + 1, chains)."""
    oracle, generator = data().denoiser(SCHEDULE), Generator().manual_seed(seed)
    times, z = trajectory(
        oracle, (chains, 1), steps, generator, solver, log_snr=WINDOW, dtype=torch.float64
    )
    return times, z.squeeze(2)


def cumulative(z: Tensor, t: Tensor) -> Tensor:
    """The exact distribution function of z at time ``t`` (), elementwise."""
    alpha, sigma = SCHEDULE.alpha(t), SCHEDULE.sigma(t)
    deviation = (alpha**2 * VARIANCE + sigma**2).sqrt()
    parts = [
        w * torch.special.ndtr((z - alpha * m) / deviation)
        for w, m in zip(WEIGHTS, MEANS, strict=True)
    ]
    return torch.stack(parts).sum(0)


MARGINALS_SHOWN: dict[str, Any] = {
    "caption": r"One law along two kinds of path: the largest distance between the distribution function "
    r"of the chains and the exact one, at the start and at five noise levels on the way. "
    r"*Limit*: what 95 % of exact samples of this size stay below (Kolmogorov). Exact denoiser "
    r"of two Gaussians on the line.",
    "digits": {"log_snr": 1},
    "columns": {
        "log_snr": "log-SNR",
        "probability flow": "probability flow",
        "reverse SDE": "reverse SDE",
        "limit": "limit",
    },
}
"""How `marginals` is shown."""


def marginals(chains: int, steps: int, seed: int = 0) -> pd.DataFrame:
    """Kolmogorov's distance of the chains to the exact law at six times, for each of `SAMPLERS`."""
    found = {name: paths(chains, steps, seed, solver) for name, solver in SAMPLERS.items()}
    rows = []
    for k in torch.linspace(0, steps, 6).round().int().tolist():
        row = {}
        for name, (times, z) in found.items():
            # the law of a sorted uniform sample, compared with the diagonal
            uniform = cumulative(z[k], times[k]).numpy()
            row[name] = float(stats.kstest(uniform, "uniform").statistic)
            row["log_snr"] = float(SCHEDULE.log_snr(times[k]))
        rows.append(row | {"limit": float(stats.kstwo.ppf(0.95, chains))})
    return pd.DataFrame(rows)
