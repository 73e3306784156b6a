"""Published losses as weightings: the closed forms of the chapter beside what diffcore computes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from diffcore.catalogue import EDM, P2, MinSNR, Sigmoid
from diffcore.schedules import Cosine, LinearBeta, RectifiedFlow, Schedule, VarianceExploding
from diffcore.targets import EPS, SCORE, VELOCITY, V, X
from diffcore.times import Uniform
from diffcore.weightings import Elbo, Native, Weighting


def cosine_density(t: Tensor) -> Tensor:
    """diffcore's density of the log-SNR at time ``t``, drawn uniformly, on the cosine schedule."""
    return Uniform().quantile(t, Cosine()).density


def flow_density(t: Tensor) -> Tensor:
    """The same on the rectified flow."""
    return Uniform().quantile(t, RectifiedFlow()).density


def debiased_weight(**log_snr: Tensor) -> Tensor:
    """2/pi times diffcore's sigmoid weighting with bias 0; its one argument is named ``lambda``."""
    return 2 / math.pi * Sigmoid(0.0)(log_snr["lambda"], Cosine())


@dataclass(frozen=True)
class Row:
    """A published objective.

    Attributes:
        name: what it is called.
        weighting: diffcore's.
        schedule: of its uniform times; None where the weighting depends on none.
        latex: its closed form, as the chapter derives it.
        closed: the same, of the log-SNR.
    """

    name: str
    weighting: Weighting
    schedule: Schedule | None
    latex: str
    closed: Callable[[Tensor], Tensor]


BETA = LinearBeta()


def bell(lam: Tensor) -> Tensor:
    """Twice the density of the log-SNR at uniform times on the cosine schedule, elementwise."""
    return 1 / torch.cosh(lam / 2) / math.pi


def _linear_beta(lam: Tensor) -> Tensor:
    """Twice the density of the log-SNR at uniform times on `LinearBeta`."""
    spent = torch.log1p(torch.exp(-lam))
    rate = (BETA.beta_min**2 + 2 * (BETA.beta_max - BETA.beta_min) * spent).sqrt()
    return 2 * torch.sigmoid(-lam) / rate


def _edm(lam: Tensor) -> Tensor:
    normal = torch.exp(-(((lam - 2.4) / 2.4) ** 2) / 2) / (2.4 * math.sqrt(2 * math.pi))
    return 2 * normal * (torch.exp(-lam) + 0.25) / 0.25


ROWS = (
    Row("NELBO", Elbo(), None, "1", torch.ones_like),
    Row(
        r"$\epsilon$, noise grows geometrically",
        Native(EPS),
        VarianceExploding(),
        r"1/\log(\sigma_1/\sigma_0)",
        lambda lam: torch.full_like(lam, 1 / math.log(50 / 0.01)),
    ),
    Row(
        "$u$, flow",
        Native(VELOCITY),
        RectifiedFlow(),
        r"e^{-\lambda/2}",
        lambda lam: (-lam / 2).exp(),
    ),
    Row(
        "$v$, cosine",
        Native(V),
        Cosine(),
        r"\tfrac{2}{\pi} e^{-\lambda/2}",
        lambda lam: 2 / math.pi * (-lam / 2).exp(),
    ),
    Row(
        "$x$, cosine",
        Native(X),
        Cosine(),
        r"\tfrac1\pi e^{-\lambda}\,\mathrm{sech}\tfrac\lambda2",
        lambda lam: bell(lam) * torch.exp(-lam),
    ),
    Row(
        "sigmoid, $b = 2$",
        Sigmoid(2.0),
        None,
        r"\mathrm{sig}(2 - \lambda)",
        lambda lam: torch.sigmoid(2 - lam),
    ),
    Row(
        r"$\epsilon$, cosine",
        Native(EPS),
        Cosine(),
        r"\tfrac1\pi \mathrm{sech}\tfrac\lambda2",
        bell,
    ),
    Row(
        r"$\epsilon$, linear $\beta$",
        Native(EPS),
        BETA,
        r"2\,\mathrm{sig}(-\lambda)/\beta_t",
        _linear_beta,
    ),
    Row(
        r"Min-SNR, $\gamma = 5$",
        MinSNR(5.0),
        Cosine(),
        r"\tfrac1\pi \mathrm{sech}\tfrac\lambda2 \min(1, 5 e^{-\lambda})",
        lambda lam: bell(lam) * (5 * torch.exp(-lam)).clamp(max=1.0),
    ),
    Row(
        "P2, $g = k = 1$",
        P2(),
        Cosine(),
        r"\tfrac1\pi \mathrm{sech}\tfrac\lambda2 / (1 + e^\lambda)",
        lambda lam: bell(lam) / (1 + torch.exp(lam)),
    ),
    Row("EDM", EDM(), None, r"2\,\N(\lambda; 2.4, 2.4^2)(1 + 4 e^{-\lambda})", _edm),
    Row(
        "$s$, cosine",
        Native(SCORE),
        Cosine(),
        r"\tfrac2\pi e^{\lambda/2}",
        lambda lam: 2 / math.pi * (lam / 2).exp(),
    ),
)
"""Published objectives: first `FALLING`, whose weightings never rise, then those that do."""
FALLING = ROWS[:6]

CATALOGUE_SHOWN: dict[str, Any] = {
    "caption": r"Published losses on one scale: the weight $w(\lambda)$ of the squared error of "
    r"$\epsilon$ in $\frac12 \int w\, \E\|\epsilon - \hat\epsilon\|^2\, d\lambda$. Where a "
    r"schedule is named, $t$ is uniform on it; $\mathrm{sig}(y) = 1/(1 + e^{-y})$. "
    r"*Difference*: the largest relative difference between the closed form and `diffcore`, "
    r"which computes the weight from the schedule, over 2,001 log-SNRs from $-7$ to $7$. "
    r"*Never rises*: tested between neighbours among these. *Peak*: the log-SNR of the largest "
    r"weight, if inside.",
    "digits": {"difference": ".0e", "peak": 3},
    "columns": {
        "objective": "loss",
        "weight": "$w(\\lambda)$",
        "difference": "difference",
        "never_rises": "never rises",
        "peak": "peak",
    },
}
"""How `catalogue` is shown."""


def catalogue() -> pd.DataFrame:
    """Each of `ROWS`: its closed form, and diffcore's weighting beside it."""
    lam = torch.linspace(-7, 7, 2001, dtype=torch.float64)
    rows = []
    for row in ROWS:
        ours, closed = row.weighting(lam, row.schedule or Cosine()), row.closed(lam)
        top = int(closed.argmax())
        rows.append(
            {
                "objective": row.name,
                "weight": f"${row.latex}$",
                "difference": float((ours / closed - 1).abs().max()),
                "never_rises": never_rises(closed),
                "peak": round(float(lam[top]), 9) + 0.0 if 0 < top < len(lam) - 1 else math.nan,
            }
        )
    return pd.DataFrame(rows)


ROUNDING = 1e-12
"""A weight that rises by less than this, relatively, is flat."""


def never_rises(weight: Tensor) -> bool:
    """Whether a weight on rising log-SNRs, (n,), rises nowhere by more than rounding."""
    return bool((weight[1:] <= weight[:-1] * (1 + ROUNDING)).all())
