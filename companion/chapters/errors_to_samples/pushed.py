"""What errors make of samples: of the network, of its errors alone, and of these to first order."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from companion.evidence.distances import energy, sliced
from companion.evidence.exact_paths import FARTHEST, Paths
from companion.evidence.perturbed import Perturbed
from diffcore.targets import like

METRICS = {
    "median": "median distance moved",
    "rms": "r.m.s. distance moved",
    "sliced": "sliced $W_2$",
    "energy": "energy distance",
}
"""What is predicted: of samples against the exact denoiser's from the same noise; zero for equal sets."""


@dataclass(frozen=True, eq=False)
class Pushed(Perturbed):
    """The exact denoiser, off by given errors at each level, wherever a sample is.

    Attributes:
        t: times of the levels, (levels,).
        given: errors of the prediction of x for each sample, (levels, n, 2).
    """

    t: Tensor
    given: Tensor

    def errors(self, z: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """See :meth:`Perturbed.errors`; ``t`` is one time of the levels, ()."""
        error = self.given[int((self.t - t).abs().argmin())].to(z.dtype)
        snr_root = self.schedule.alpha(t) / self.schedule.sigma(t)
        return error, -like(snr_root, z) * error


def bounded(moved: Tensor) -> Tensor:
    """Displacements (n, 2), none farther than `FARTHEST`."""
    length = moved.norm(dim=1, keepdim=True)
    return torch.where(length > FARTHEST, moved * (FARTHEST / length), moved)


def compared(samples: Tensor, exact: Tensor) -> dict[str, float]:
    """The `METRICS` of samples (n, 2) against exact ones from the same noise, row by row."""
    distance = (samples - exact).norm(dim=1)
    return {
        "median": float(distance.median()),
        "rms": float(distance.square().mean().sqrt()),
        "sliced": sliced(samples, exact),
        "energy": energy(samples, exact),
    }


def coherence(walked: Paths, errors: Tensor) -> float:
    r"""Over how many nats errors add up before they are squared: the median of the paths.

    It is :math:`|\int p\, d\lambda|^2 / \int |p|^2 d\lambda` of the pushes p of a path, as they arrive: the
    length of a stretch of equal pushes, and small where pushes cancel.
    """
    pushed = walked.pushes(errors)
    together = torch.trapezoid(pushed, walked.log_snr, dim=0).square().sum(1)
    apart = torch.trapezoid(pushed.square().sum(2), walked.log_snr, dim=0)
    return float((together / apart).median())
