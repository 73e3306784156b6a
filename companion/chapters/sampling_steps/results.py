"""What the chapter "How good is a step?" measures: orders of steps, and clusters after few of them."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Generator, Tensor

from diffcore.denoisers import Denoiser
from diffcore.exact import clusters
from diffcore.exact.gaussian import EmpiricalGaussian
from diffcore.exact.gaussian_mixture import GaussianMixture
from diffcore.samplers import (
    DDIM,
    DPMSolver2M,
    Euler,
    EulerMaruyama,
    ExponentialSDE,
    Grid,
    Heun,
    Karras,
    Solver,
    UniformLogSNR,
    UniformTime,
    sample,
)
from diffcore.schedules import Cosine

SCHEDULE = Cosine()
WINDOW = (-12.0, 9.0)
"""Log-SNRs where the chains begin and end, nats."""

VARIANCE = 0.05
"""Of the Gaussian data on which the flow is known."""

SOLVERS: dict[str, Solver] = {
    "Euler": Euler(),
    "DDIM": DDIM(),
    "Heun": Heun(),
    r"Heun in $\sigma/\alpha$": Heun(scaled=True),
    "DPM-Solver++(2M)": DPMSolver2M(),
}
"""Solvers of the probability flow."""

ASKS_TWICE = {"Heun", r"Heun in $\sigma/\alpha$"}
"""Those that evaluate the denoiser twice in a step; the others do it once."""

GRIDS: dict[str, Grid] = {
    "time": UniformTime(),
    "log-SNR": UniformLogSNR(),
    r"$(\sigma/\alpha)^{1/7}$": Karras(),
}
"""What the steps of a grid are equal in."""

EVALUATIONS = (8, 16, 32, 64, 128, 256, 512, 1024)


def exact_scale(variance: float) -> float:
    """By how much the flow multiplies its first latent to give the predicted x, for data N(0, variance)."""
    first, last = SCHEDULE.time_of(torch.tensor(WINDOW, dtype=torch.float64))
    (a, s), (b, r) = ((float(SCHEDULE.alpha(t)), float(SCHEDULE.sigma(t))) for t in (first, last))
    before, after = a**2 * variance + s**2, b**2 * variance + r**2
    return b * variance / after * math.sqrt(after / before)


def width_errors(variance: float = VARIANCE) -> pd.DataFrame:
    """How far a sampler's Gaussian is from the exact width, for each of `SOLVERS`, `GRIDS`, `EVALUATIONS`.

    Returns:
        A row for each: ``solver``, ``grid``, ``evaluations`` of the denoiser along the chain, and ``error``,
        the relative error of the width: negative if the samples are too narrow.
    """
    two = math.sqrt(variance) * torch.tensor([[-1.0], [1.0]], dtype=torch.float64)
    oracle = EmpiricalGaussian(two).denoiser(SCHEDULE)  # N(0, variance), as two points have it
    start = torch.randn(1, 1, generator=Generator().manual_seed(0), dtype=torch.float64)
    rows = []
    for name, unit, evaluations in product(SOLVERS, GRIDS, EVALUATIONS):
        steps = evaluations // 2 if name in ASKS_TWICE else evaluations
        end = _drawn(oracle, (1, 1), steps, SOLVERS[name], GRIDS[unit], 0)
        error = float(end / start) / exact_scale(variance) - 1
        rows.append({"solver": name, "grid": unit, "evaluations": evaluations, "error": error})
    return pd.DataFrame(rows)


ORDERS_SHOWN: dict[str, Any] = {
    "caption": r"Relative error of the width of $\N(0, c)$ by evaluations of the denoiser, "
    rf"exact denoiser, $c = {VARIANCE}$ and ${WINDOW[0]:.0f} \le \lambda \le {WINDOW[1]:.0f}$. "
    "*Order*: the binary logarithm of the ratio of the last two errors, at "
    f"{EVALUATIONS[-2]} and {EVALUATIONS[-1]:,} evaluations.",
    "digits": {"32": ".1e", "128": ".1e", "512": ".1e", "order": 2},
    "columns": {"solver": "solver", "grid": "steps equal in"}
    | {"32": "32", "128": "128", "512": "512", "order": "order"},
}
"""How `orders` is shown."""


def orders(errors: pd.DataFrame) -> pd.DataFrame:
    """The sizes of the errors of `width_errors`, a row for each grid and solver, and its order."""
    by = ["grid", "solver"]
    table = errors.pivot(index=by, columns="evaluations", values="error").abs()
    table = table.reindex(list(product(GRIDS, SOLVERS)))
    found = table.set_axis(table.columns.astype(str), axis=1)
    order = np.log2(table[EVALUATIONS[-2]] / table[EVALUATIONS[-1]])
    return found.assign(order=order).reset_index()


FEW_SOLVERS: dict[str, Solver] = {
    "DDIM": DDIM(),
    "DPM-Solver++(2M)": DPMSolver2M(),
    "ancestral": DDIM(eta=1),
    "reverse SDE, $\\hat\\epsilon$ held": ExponentialSDE(),
    "reverse SDE, Euler": EulerMaruyama(),
}
FEW = (16, 64)
"""Steps of the chains on the clusters."""


def few_shown(n: int, limit: float, error: float) -> dict[str, Any]:
    """How `few_steps` of ``n`` samples is shown."""
    return {
        "caption": "The four clusters after few steps, exact denoiser. *Width*: the root mean square "
        "distance from the nearest centre, relative to the exact one; the standard error is "
        f"{error:.3f} for {n:,} samples. *Shares*: half the sum of the differences between the "
        f"clusters' shares of the samples and a quarter; 95 % of exact samples are not above {limit:.3f}.",
        "digits": {"width": 3, "shares": 3},
        "columns": {
            "solver": "solver",
            "grid": "steps equal in",
            "steps": "steps",
            "width": "width",
            "shares": "shares",
        },
    }


def few_steps(n: int, seed: int = 0) -> pd.DataFrame:
    """Width and shares of the clusters in ``n`` samples, for `FEW_SOLVERS`, each grid and `FEW` steps."""
    mixture = clusters()
    oracle = mixture.denoiser(SCHEDULE)
    rows = []
    for name, unit, steps in product(FEW_SOLVERS, GRIDS, FEW):
        drawn = _drawn(oracle, (n, 2), steps, FEW_SOLVERS[name], GRIDS[unit], seed)
        width, shares = _measured(drawn, mixture)
        rows.append(
            {"solver": name, "grid": unit, "steps": steps, "width": width, "shares": shares}
        )
    return pd.DataFrame(rows)


def _drawn(
    oracle: Denoiser, shape: tuple[int, int], steps: int, solver: Solver, grid: Grid, seed: int
) -> Tensor:
    """Samples over `WINDOW`, in float64, from fresh randomness."""
    generator = Generator().manual_seed(seed)
    return sample(oracle, shape, steps, generator, solver, grid, WINDOW, torch.float64)


def _measured(drawn: Tensor, mixture: GaussianMixture) -> tuple[float, float]:
    """Relative width, and how far the shares are from the weights, of samples (n, 2)."""
    away = (drawn[:, :, None] - mixture.components.mean).square().sum(1)
    nearest, label = away.min(1)
    exact = mixture.components.variance.sum(0).mean()
    counts = torch.bincount(label, minlength=len(mixture.weights)).double() / len(drawn)
    shares = float((counts - mixture.weights).abs().sum()) / 2
    # a multiple of 1/2n, as the limit is: rounded, they can be compared
    return float((nearest.mean() / exact).sqrt()), round(shares, 9)


def shares_limit(n: int, draws: int = 20_000, seed: int = 0) -> float:
    """What the distance of shares is not above in 95 % of exact sets of ``n`` samples."""
    counts = np.random.default_rng(seed).multinomial(n, [0.25] * 4, draws)
    return round(float(np.quantile(np.abs(counts / n - 0.25).sum(1) / 2, 0.95)), 9)


def width_error(n: int) -> float:
    """Standard error of the relative width of ``n`` exact samples: the root of a chi-squared, 2 n degrees."""
    return 1 / math.sqrt(4 * n)
