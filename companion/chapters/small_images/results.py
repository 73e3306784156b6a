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
from companion.evidence.intervals import interval
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


def per_model(
    scores: Scores, steps: int, seen: Mapping[tuple[str, Target, int], float]
) -> pd.DataFrame:
    """Mean bits per pixel of each model, its terms, and the standard error over images.

    Args:
        scores: of the held-out images.
        steps: that each model was trained.
        seen: the mean bits per pixel of the images that it was trained on.
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
            "trained_on": seen[objective, target, seed],
            "steps": steps,
        }
        for (objective, target, seed), b in scores.items()
    )


def against_steps(models: pd.DataFrame, gaussian: float) -> pd.DataFrame:
    """How networks and the gaps between them change with training: a row for each objective, budget, target.

    Args:
        models: as :func:`per_model` returns them, of all budgets.
        gaussian: the held-out bits per pixel of the Gaussian.

    Returns:
        Columns: objective, steps, target; ``bits_per_dim``, ``sd`` and ``trained_on``, mean, spread and mean
        over seeds; ``above_v`` and ``reach``, the mean of the paired differences from v and the half-width of
        its interval (Student's t). Both are NaN where a seed of either target is no better than the Gaussian:
        there is nothing to learn from how two models differ that a linear one beats. One seed has no spread.
    """
    rows = []
    for (objective, steps), block in models.groupby(["objective", "steps"], sort=False):
        bits = block.pivot(index="seed", columns="target", values="bits_per_dim")
        seen = block.groupby("target")["trained_on"].mean()
        beaten = (bits < gaussian).all()
        for target in block["target"].unique():
            gap = interval(bits[target] - bits["v"])  # of one seed it reaches NaN far
            counts = beaten[target] and beaten["v"]
            rows.append(
                {
                    "objective": objective,
                    "steps": steps,
                    "target": target,
                    "bits_per_dim": bits[target].mean(),
                    "sd": bits[target].std(ddof=1),
                    "trained_on": seen[target],
                    "above_v": gap.mean if counts else math.nan,
                    "reach": gap.reach if counts else math.nan,
                }
            )
    return pd.DataFrame(rows)


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


def with_image_errors(
    table: pd.DataFrame, per_image: Mapping[tuple[str, str], Tensor]
) -> pd.DataFrame:
    """Add to rows of `against_steps` ``se_images``, the standard error over images of what is above v.

    Args:
        table: of one budget.
        per_image: by (objective, target), the bits of each image averaged over seeds, (images,).
    """
    gaps = [
        per_image[row.objective, row.target] - per_image[row.objective, "v"]
        for row in table.itertuples()
    ]
    return table.assign(se_images=[float(gap.std() / len(gap) ** 0.5) for gap in gaps])
