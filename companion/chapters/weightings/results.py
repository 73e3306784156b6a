"""What the chapter "What a loss weighs" measures: mixtures of bounds, and the variance of estimates."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import pandas as pd
import torch
from torch import Generator, Tensor

from companion.chapters.weightings.rows import FALLING, ROWS, bell
from diffcore.exact.data2d import clusters
from diffcore.exact.mixtures import Mixture
from diffcore.exact.quadrature import gauss_legendre, mean_of, sobol
from diffcore.losses import noise_like, noised, squared_norm
from diffcore.schedules import Cosine
from diffcore.targets import EPS

WINDOW = (-12.0, 12.0)
"""Log-SNRs between which losses are integrated, nats."""

MEASURED = ("NELBO", "$u$, flow", "sigmoid, $b = 2$", r"$\epsilon$, cosine", "EDM")
"""Of which `variances` are computed."""

PANELS, NODES = 12, 12
"""Of the Gauss-Legendre rule in the log-SNR."""


def levels(low: float, high: float) -> tuple[Tensor, Tensor]:
    """Log-SNRs and weights, each (n,), that integrate over [low, high] in nats."""
    ends = torch.linspace(low, high, PANELS + 1, dtype=torch.float64).tolist()
    parts = [gauss_legendre(NODES, *ends_of_panel) for ends_of_panel in pairwise(ends)]
    nodes, weights = (torch.cat(part) for part in zip(*parts, strict=True))
    return nodes, weights


def information(data: Mixture, log_snr: Tensor, points: int, scrambles: int, seed: int) -> Tensor:
    r"""Mutual information of standardised data and the noisy data in nats, (scrambles, n), each unbiased.

    By densities alone: the entropy of z less that of its noise. Where z has variance 1 in every dimension, so
    has the standard normal, whose cross entropy is known and whose density is nearly that of z where
    noise prevails; only the difference is sampled.
    """
    columns = []
    for number, lam in enumerate(log_snr):
        scales = torch.sigmoid(lam).sqrt(), torch.sigmoid(-lam).sqrt()
        z = [
            data.noised(sobol(points, 1 + data.dim, seed + scrambles * number + i), *scales)
            for i in range(scrambles)
        ]
        normal = [-(squared_norm(part) + data.dim * math.log(2 * math.pi)) / 2 for part in z]
        lost = [
            (n - data.log_prob(part, *scales)).mean() for n, part in zip(normal, z, strict=True)
        ]
        columns.append(torch.stack(lost) - data.dim * scales[1].log())
    return torch.stack(columns, 1)


MIXTURE_SHOWN: dict[str, Any] = {
    "caption": r"A weighting that never rises is a mixture of bounds. *Direct*: $\frac12 \int w\, "
    r"\E\|\epsilon - \hat\epsilon\|^2 d\lambda$ of the exact denoiser of the clusters, from "
    r"its least squared error. *Mixture*: the right side of the identity, each bound "
    r"$L(\lambda)$ computed from densities instead, as the information that $z_\lambda$ has "
    r"about $x$ beyond that of $z_{-12}$. Nats, $-12 \le \lambda \le 12$. *s.e.*: of the "
    r"difference.",
    "digits": {"direct": 5, "mixture": 5, "difference": ".0e", "error": ".0e"},
    "columns": {
        "objective": "loss",
        "direct": "direct",
        "mixture": "mixture",
        "difference": "difference",
        "error": "s.e.",
    },
}
"""How `mixtures` is shown."""


def mixtures(
    points: int, scrambles: int = 8, seed: int = 0, window: tuple[float, float] = WINDOW
) -> pd.DataFrame:
    """Each weighting that never rises: its loss on the clusters, and the mixture of bounds that it is.

    Raises:
        ValueError: if a weighting rises.
    """
    data, (lam, g) = clusters(), levels(*window)
    scales = torch.sigmoid(lam).sqrt(), torch.sigmoid(-lam).sqrt()
    error = data.eps_mmse(*scales, points, scrambles, seed)
    ends = torch.tensor(window, dtype=torch.float64)
    known = information(data, torch.cat([lam, ends]), points, scrambles, seed + 10**6)
    bound = known[:, :-2] - known[:, -2:-1]
    whole = known[:, -1] - known[:, -2]
    rows = []
    for row in FALLING:
        at = torch.cat([lam, ends]).requires_grad_()
        weight = row.closed(at) + 0 * at  # a constant has a slope too
        (slope,) = torch.autograd.grad(weight.sum(), at)
        w, slope = weight.detach(), slope[: len(lam)]
        if slope.max() > 0:
            raise ValueError(f"{row.name}: expected a weight that never rises")
        direct = (g * w[: len(lam)] * error).sum(1) / 2
        mixture = w[-1] * whole + (g * -slope * bound).sum(1)
        gap = mean_of(mixture - direct)
        rows.append(
            {
                "objective": row.name,
                "direct": float(direct.mean()),
                "mixture": float(mixture.mean()),
                "difference": float(gap.value),
                "error": float(gap.error),
            }
        )
    return pd.DataFrame(rows)


VARIANCE_SHOWN: dict[str, Any] = {
    "caption": r"Standard deviation of a one-example estimate of the loss, in units of the loss, for the "
    r"exact denoiser of the clusters and $-12 \le \lambda \le 12$, by the density of noise "
    r"levels: uniform times on the cosine schedule, uniform log-SNR, density proportional to "
    r"$w\, \E \ell$, and the best, proportional to $w \sqrt{\E \ell^2}$, with $\ell = "
    r"\|\epsilon - \hat\epsilon\|^2$. *s.e.*: the largest of the row.",
    "digits": 3,
    "columns": {
        "objective": "loss",
        "uniform_time": "uniform $t$",
        "uniform_log_snr": "uniform $\\lambda$",
        "matched": r"$w\, \E\ell$",
        "best": "best",
        "error": "s.e.",
    },
}
"""How `variances` is shown."""


def squared_errors(data: Mixture, lam: Tensor, n: int, seed: int) -> tuple[Tensor, Tensor]:
    r"""Means of :math:`\ell` and :math:`\ell^2` over ``n`` examples at each log-SNR, like ``lam``."""
    generator, schedule = Generator().manual_seed(seed), Cosine()
    denoiser = data.denoiser(schedule)
    found = []
    for t in schedule.time_of(lam):
        x = data.sample(n, generator, torch.float64)
        eps, times = noise_like(x, generator), t.expand(n)
        error = squared_norm(eps - denoiser.predict(noised(x, eps, times, schedule), times, EPS))
        found.append(torch.stack([error.mean(), error.square().mean()]))
    first, second = torch.stack(found, 1)
    return first, second


def deviation(weight: Tensor, density: Tensor, g: Tensor, first: Tensor, second: Tensor) -> Tensor:
    r"""Standard deviation of :math:`w \ell / 2 p` in units of its mean; each argument on the levels, (n,)."""
    density = density / (g * density).sum()
    mean = (g * weight * first).sum() / 2
    return ((g * weight**2 * second / density).sum() / 4 / mean**2 - 1).sqrt()


def variances(n: int, seeds: int = 8) -> pd.DataFrame:
    """Of `MEASURED`: the relative standard deviation of one example's loss, for four densities of log-SNR."""
    lam, g = levels(*WINDOW)
    found = [squared_errors(clusters(), lam, n, seed) for seed in range(seeds)]
    rows = []
    for row in ROWS:
        if row.name not in MEASURED:
            continue
        w = row.closed(lam)
        each = []
        for k, (first, second) in enumerate(found):
            # densities from the other seeds: those of this one would fit its noise
            others = [torch.stack(part) for part in zip(*found[:k], *found[k + 1 :], strict=True)]
            near, square = (part.mean(0) for part in others)
            densities = (bell(lam), torch.ones_like(lam), w * near, w * square.sqrt())
            each.append(torch.stack([deviation(w, p, g, first, second) for p in densities]))
        estimates = [mean_of(column) for column in torch.stack(each, 1)]
        names = ("uniform_time", "uniform_log_snr", "matched", "best")
        rows.append(
            {"objective": row.name}
            | {name: float(e.value) for name, e in zip(names, estimates, strict=True)}
            | {"error": max(float(e.error) for e in estimates)}
        )
    return pd.DataFrame(rows)


def of_uniform_times(deviations: pd.DataFrame) -> str:
    """What uniform times cost, of the losses in `variances`, at their best and at their worst."""
    cost = (deviations["uniform_time"] / deviations["best"]).pow(2)
    most, least = deviations.loc[cost.idxmax()], deviations.loc[cost.idxmin()]
    return (
        f"Between log-SNRs of {WINDOW[0]:g} and {WINDOW[1]:g}, for the same standard error, uniform times "
        f"need {cost.min():.2f} times as many examples as the best density for the loss "
        f"*{least['objective']}*, and {cost.max():.0f} times as many for *{most['objective']}*. A "
        "comparison of two losses at one density of times compares their variances as well."
    )
