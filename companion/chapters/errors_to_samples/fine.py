r"""What an error that varies over the width of the noise costs the flow's likelihood, and one that does not.

Both are bumps in the log-SNR that add `EXCESS` to the bound wherever they are. The flow is exact but for the
levels of the bump, so its likelihood need be followed there only: above and below the densities are known.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd
import torch
from torch import Generator, Tensor

from companion.evidence.perturbed import LEVELS, WIDTH, Perturbed, bump
from companion.runs.plane import SCHEDULE
from diffcore import exact
from diffcore.likelihood import RungeKutta, velocity
from diffcore.targets import EPS, like

WAVES = 1.0
"""Radians by which the phase of a fine error turns over one standard deviation of the noise."""

REACH = 4 * WIDTH
"""How far from its top a bump is followed, nats."""

STEPS = 12
"""Of the fourth-order method, over a bump."""

FINE, EVEN = "fine", "even"
"""Kinds of error: one that varies over the width of the noise along the first axis; one that is the same at
every z, along all axes."""

EXPECTED = WAVES**2 * math.sqrt(math.pi) * WIDTH / 2 * math.exp(WIDTH**2 / 4)
"""What a fine error costs the flow over what it costs the bound, where the density is even over the noise.
The exponential: the error keeps its place in y while the noise narrows."""


@dataclass(frozen=True, eq=False)
class Wavy(Perturbed):
    """The exact denoiser with a bump of error.

    Attributes:
        level: the top of the bump, nats.
        kind: `FINE` or `EVEN`.
        sign: of the error at each latent, (n, 1), or of all.
    """

    level: float
    kind: str
    sign: Tensor | float = 1.0

    def error(self, y: Tensor, log_snr: Tensor) -> tuple[Tensor, Tensor]:
        """The error of the noise (n, 2) at y = z / alpha (n, 2), and its divergence there, (n,)."""
        size = bump(log_snr, self.level)
        if self.kind == EVEN:
            return size / math.sqrt(2) * torch.ones_like(y), torch.zeros_like(y[:, 0])
        # by the noise at the top of the bump, so that the error keeps its place
        turns = WAVES * math.exp(self.level / 2)
        phase = turns * y[:, 0] + math.pi / 4  # a law that is even has a mean square of one half
        amplitude = math.sqrt(2) * size
        along = torch.stack([amplitude * torch.cos(phase), torch.zeros_like(phase)], 1)
        return along, -amplitude * turns * torch.sin(phase)

    def errors(self, z: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """See :meth:`Perturbed.errors`; ``t`` is one time, ()."""
        alpha, sigma = self.schedule.alpha(t), self.schedule.sigma(t)
        error = self.sign * self.error(z / like(alpha, z), self.schedule.log_snr(t))[0]
        return -like(sigma / alpha, z) * error, error


def followed(wrong: Wavy, u: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Latents followed from above the bump to below it, along the wrong flow.

    Args:
        wrong: the denoiser.
        u: latents of alpha^2 + sigma^2 = 1 above the bump, (n, 2).

    Returns:
        Where they are below, (n, 2); the divergence of the velocity, integrated upwards, (n,); and, for the
        error as it is met, the change of the logarithm of the density to first order, (n,).
    """

    def slope(at: float, now: Tensor) -> Tensor:
        log_snr = torch.tensor(at, dtype=torch.float64)
        with torch.enable_grad():
            here = now[:, :2].detach().requires_grad_()
            moved = velocity(wrong, here, log_snr)
            rows = [
                torch.autograd.grad(moved[:, i].sum(), here, retain_graph=True)[0][:, i]
                for i in range(2)
            ]
        y = now[:, :2] / torch.sigmoid(log_snr).sqrt()
        error, divergence = wrong.error(y, log_snr)
        t = SCHEDULE.time_of(log_snr)
        eps_hat = wrong.oracle.predict(SCHEDULE.alpha(t) * y, t, EPS)
        rho = torch.exp(-log_snr / 2)
        change = (rho * divergence - (eps_hat * error).sum(1)) / 2
        return torch.cat([moved.detach(), torch.stack(rows, 1).sum(1, True), change[:, None]], 1)

    state = torch.cat([u, torch.zeros(len(u), 2, dtype=u.dtype)], 1)
    top, bottom = wrong.level + REACH, wrong.level - REACH
    below = RungeKutta(STEPS).integrate(slope, state, top, bottom)
    return below[:, :2], -below[:, 2], -below[:, 3]


def costs(n: int, seed: int, levels: tuple[float, ...] = LEVELS) -> pd.DataFrame:
    """What bumps of either kind cost the likelihood of the flow, with the clusters as data.

    Args:
        n: points of data.
        seed: of these.
        levels: where bumps are tried, nats.

    Returns:
        A row for each kind and level: ``derived``, half the mean square of the change of the log-density to
        first order, and ``derived_error``, its standard error; ``measured``, the mean over ``n`` points and
        both signs of the error, and its standard ``error``; nats.
    """
    mixture = exact.clusters()
    oracle = mixture.denoiser(SCHEDULE)
    rows: list[dict[str, Any]] = []
    for kind in (EVEN, FINE):
        for level in levels:
            generator = Generator().manual_seed(seed)
            u = _noised(mixture.sample(n, generator, torch.float64), level + REACH, generator)
            sign = torch.ones(2 * n, 1, dtype=torch.float64)
            sign[n:] = -1.0
            wrong = Wavy(oracle, level, kind, sign)
            below, stretched, change = followed(wrong, u.repeat(2, 1))
            made = _log_density(mixture, below, level - REACH) - stretched
            lost = _log_density(mixture, u, level + REACH) - made.view(2, n).mean(0)
            expected = change.square().view(2, n).mean(0) / 2
            row: dict[str, Any] = {"kind": kind, "level": level}
            for column, each in (("derived", expected), ("measured", lost)):
                of = "error" if column == "measured" else "derived_error"
                row |= {column: float(each.mean()), of: float(each.std() / math.sqrt(n))}
            rows.append(row)
    return pd.DataFrame(rows)


def _noised(x: Tensor, log_snr: float, generator: Generator) -> Tensor:
    """Data with the noise of a level, alpha^2 + sigma^2 = 1."""
    alpha, sigma = _scales(log_snr)
    return alpha * x + sigma * torch.randn(x.shape, generator=generator, dtype=x.dtype)


def _log_density(mixture: exact.GaussianMixture, u: Tensor, log_snr: float) -> Tensor:
    return mixture.log_prob(u, *_scales(log_snr))


def _scales(log_snr: float) -> tuple[Tensor, Tensor]:
    at = torch.tensor(log_snr, dtype=torch.float64)
    return torch.sigmoid(at).sqrt(), torch.sigmoid(-at).sqrt()
