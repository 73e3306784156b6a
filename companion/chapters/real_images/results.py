"""How many bits a held-out digit costs, noise level by noise level."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import pandas as pd
import torch
from torch import Generator, Tensor

from companion.datasets.digits import LEVELS
from diffcore.bounds import nelbo, prior_kl, reconstruction_levels
from diffcore.denoisers import Denoiser
from diffcore.targets import Target

SAME_COST = 1e-4
"""What two machines' costs may differ by, relatively: networks are trained in float32, and processors add in
different orders. Of two processors: 4e-6."""
SAME_GAP = 1e-3
"""The same for differences between costs and for their spread, which cancel. Of two processors: 9e-5."""


@dataclass(frozen=True)
class Bits:
    """The negative evidence lower bound of each image, in bits per pixel.

    Attributes:
        prior: (images,).
        reconstruction: (images,).
        diffusion: (images, slices): what each slice of the log-SNR costs.
        edges: (slices + 1,): where the slices begin and end, in nats.
    """

    prior: Tensor
    reconstruction: Tensor
    diffusion: Tensor
    edges: Tensor

    @property
    def total(self) -> Tensor:
        """The bound, (images,)."""
        return self.prior + self.reconstruction + self.diffusion.sum(1)

    @property
    def per_nat(self) -> Tensor:
        """The mean cost of one nat of log-SNR at each slice, (slices,)."""
        return self.diffusion.mean(0) / self.edges.diff()


def bits(denoiser: Denoiser, images: Tensor, edges: Tensor, draws: int, seed: int) -> Bits:
    """The bound of each image, by stratified draws in every slice of the log-SNR.

    The bound is a sum over the log-SNR, so its slices add up. Equal seeds give all denoisers the same
    noise levels and the same noise.

    Args:
        denoiser: what is measured.
        images: (images, 8, 8), with values among the levels of the digits.
        edges: (slices + 1,), rising log-SNRs in nats: the first and last are the ends of the bound.
        draws: noise levels for each image and slice, and draws of the reconstruction.
        seed: of every random number.
    """
    generator = Generator().manual_seed(seed)
    ends = edges.tolist()
    slices = [
        nelbo(denoiser, images, generator, (low, high), draws=draws).diffusion
        for low, high in pairwise(ends)
    ]
    decoded = [
        reconstruction_levels(images, LEVELS.to(images), ends[-1], generator) for _ in range(draws)
    ]
    per_bit = images[0].numel() * math.log(2)
    return Bits(
        prior_kl(images, ends[0]) / per_bit,
        torch.stack(decoded).mean(0) / per_bit,
        torch.stack(slices, dim=1) / per_bit,
        edges,
    )


Scores = Mapping[tuple[str, Target, int], Bits]
"""By objective, target and seed."""


def per_model(scores: Scores, steps: int) -> pd.DataFrame:
    """Mean bits per pixel of each model, its terms, and the standard error over images.

    Args:
        scores: of the held-out images.
        steps: that each model was trained.
    """
    return pd.DataFrame(
        {
            "objective": objective,
            "target": target.name,
            "seed": seed,
            "bits_per_dim": float(b.total.mean()),
            "se_images": float(b.total.std() / len(b.total) ** 0.5),
            "prior": float(b.prior.mean()),
            "reconstruction": float(b.reconstruction.mean()),
            "diffusion": float(b.diffusion.sum(1).mean()),
            "steps": steps,
        }
        for (objective, target, seed), b in scores.items()
    )


def curves(scores: Scores) -> pd.DataFrame:
    """What each model pays for a nat of log-SNR, at the middle of each slice, in bits per pixel."""
    return pd.DataFrame(
        {
            "objective": objective,
            "target": target.name,
            "seed": seed,
            "log_snr": float(level),
            "bits_per_nat": float(cost),
        }
        for (objective, target, seed), b in scores.items()
        for level, cost in zip((b.edges[1:] + b.edges[:-1]) / 2, b.per_nat, strict=True)
    )


def summary(nelbo: pd.DataFrame, per_image: Mapping[tuple[str, str], Tensor]) -> pd.DataFrame:
    """Each objective and target: bits over seeds, and how far above v, paired.

    Args:
        nelbo: columns objective, target, seed, bits_per_dim.
        per_image: by (objective, target), the bits of each image averaged over seeds, (images,).
    """
    rows = []
    for objective, block in nelbo.groupby("objective", sort=False):
        by_seed = block.pivot(index="seed", columns="target", values="bits_per_dim")
        for target in block["target"].unique():
            above = by_seed[target] - by_seed["v"]
            paired = per_image[str(objective), target] - per_image[str(objective), "v"]
            rows.append(
                {
                    "objective": objective,
                    "target": target,
                    "bits_per_dim": by_seed[target].mean(),
                    "sd_seeds": by_seed[target].std(ddof=1),
                    "above_v": above.mean(),
                    "above_v_se_images": float(paired.std() / len(paired) ** 0.5),
                    "above_v_sd_seeds": above.std(ddof=1),
                }
            )
    return pd.DataFrame(rows)
