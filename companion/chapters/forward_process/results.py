"""Numerical companions of the chapter "Forward process and posterior"."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd
import torch
from torch import Generator, Tensor

from diffcore.denoisers import Denoiser
from diffcore.losses import noise_like
from diffcore.samplers import DDIM, sample
from diffcore.schedules import Cosine, LinearBeta, RectifiedFlow, Schedule, VarianceExploding
from diffcore.targets import Target, X, convert

SCHEDULES: dict[str, Schedule] = {
    "cosine": Cosine(),
    "linear beta": LinearBeta(),
    "rectified flow": RectifiedFlow(),
    "variance exploding": VarianceExploding(),
}


LOG_SNR = (-6.0, 6.0)
"""Where the replayed chains start and end, in nats."""


class KnownData(Denoiser):
    """A denoiser that is given the clean data, and that records the latents it is asked about."""

    def __init__(self, x: Tensor, schedule: Schedule) -> None:
        self.x, self.schedule = x, schedule
        self.seen: list[tuple[Tensor, Tensor]] = []

    def predict(self, z: Tensor, t: Tensor, target: Target = X) -> Tensor:
        """The target that belongs to the known x and to ``z``."""
        if target is X:  # asked once at every step
            self.seen.append((z, t))
        return convert(self.x, z, t.expand(z.shape[0]), self.schedule, X, target)


def replayed_steps(chains: int, steps: int, seed: int) -> pd.DataFrame:
    """The sampler's own random numbers, recovered from its chain by the derived mean and deviation.

    Returns:
        A row for each schedule: how many numbers, and the largest difference to a replay of them.
    """
    rows = []
    for name, schedule in SCHEDULES.items():
        generator, replay = Generator().manual_seed(seed), Generator().manual_seed(seed)
        x = torch.randn(chains, generator=generator, dtype=torch.float64)
        denoiser = KnownData(x, schedule)
        ancestral = DDIM(eta=1)
        sample(
            denoiser, (chains,), steps, generator, ancestral, log_snr=LOG_SNR, dtype=torch.float64
        )
        noise_like(x, replay), noise_like(x, replay)  # the data and the start of the chain
        gaps = [
            (_standardise(earlier, later, x, schedule) - noise_like(x, replay)).abs().max()
            for later, earlier in pairwise(denoiser.seen)
        ]
        rows.append(
            {
                "schedule": name,
                "steps": len(gaps),
                "numbers": chains * len(gaps),
                "largest difference": f"{max(gaps).item():.0e}",
            }
        )
    return pd.DataFrame(rows)


def _standardise(
    earlier: tuple[Tensor, Tensor], later: tuple[Tensor, Tensor], x: Tensor, schedule: Schedule
) -> Tensor:
    """(z_s - mu_Q) / sigma_Q, by the formulas of the chapter."""
    (z_s, s), (z_t, t) = earlier, later
    alpha_s, sigma_s = schedule.alpha(s), schedule.sigma(s)
    alpha_t, sigma_t = schedule.alpha(t), schedule.sigma(t)
    step = alpha_t / alpha_s
    step_variance = sigma_t**2 - step**2 * sigma_s**2
    mean = step * sigma_s**2 / sigma_t**2 * z_t + alpha_s * step_variance / sigma_t**2 * x
    return (z_s - mean) / (step_variance.sqrt() * sigma_s / sigma_t)
