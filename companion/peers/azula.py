"""azula, called."""

from __future__ import annotations

import torch
from torch import Tensor

from companion.peers.common import batch, gap, times
from companion.peers.rosetta import Row
from diffcore.schedules import LinearBeta, VarianceExploding


def azula_time() -> float:
    """Its t runs as ours: VESchedule is our VarianceExploding at the same t."""
    from azula.noise import VESchedule

    ours, t = VarianceExploding(0.01, 50.0), times()
    alpha, sigma = VESchedule(0.01, 50.0)(t)
    return max(gap(alpha, ours.alpha(t)), gap(sigma, ours.sigma(t)))


def azula_vp() -> float:
    """VPSchedule is LinearBeta with beta_min = 0, but alpha^2 + sigma^2 = 1 + sigma_min^2."""
    from azula.noise import VPSchedule

    theirs, t = VPSchedule(alpha_min=1e-3, sigma_min=1e-3), times()
    ours = LinearBeta(0.0, float(-4 * torch.tensor(1e-3, dtype=torch.float64).log()))
    alpha, sigma = theirs(t)
    return max(gap(alpha, ours.alpha(t)), gap(sigma**2 - 1e-6, ours.sigma(t) ** 2))


def azula_network_time() -> float:
    """The time that a backbone sees is log(sigma / alpha): minus half our log-SNR."""
    from azula.denoise import SimpleDenoiser
    from azula.noise import VESchedule

    seen: list[Tensor] = []

    class Backbone(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.dtype_of = torch.nn.Parameter(torch.zeros((), dtype=torch.float64))

        def forward(self, z: Tensor, t: Tensor) -> Tensor:
            seen.append(t)
            return z

    schedule, t = VarianceExploding(0.01, 50.0), times()
    SimpleDenoiser(Backbone(), VESchedule(0.01, 50.0))(batch(schedule, t)[2], t)
    return gap(seen[0], -schedule.log_snr(t) / 2)


ROWS = (
    Row("azula", "`t`", "$t$; data at 0, as here", "noise.VESchedule", azula_time),
    Row(
        "azula",
        "`VPSchedule`",
        r"linear $\beta$ from 0, but $\alpha^2 + \sigma^2 = 1 + \sigma_{\min}^2$",
        "noise.VPSchedule",
        azula_vp,
    ),
    Row(
        "azula",
        "the time its networks see",
        r"$-\lambda/2$",
        "denoise.SimpleDenoiser",
        azula_network_time,
    ),
)
