"""Controls of the chapter "What the published numbers measure": the guard is varied, nothing else."""

from __future__ import annotations

import math
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import pandas as pd
import torch
from scipy.optimize import brentq
from torch import Tensor

from companion import study
from companion.chapters.published_numbers.results import (
    LOWEST_LOG_SNR,
    SCHEDULE,
    Budget,
    points_behind,
    truncated,
)
from companion.chapters.published_numbers.tables import nelbo_by_target
from diffcore.exact.data2d import DATASETS, clusters
from diffcore.exact.mixtures import Mixture
from diffcore.exact.quadrature import gauss_legendre
from diffcore.losses import noise_like, noised
from diffcore.published import Published
from diffcore.targets import TARGETS, error_scale
from diffcore.times import UniformLogSNR


def _draws(mixture: Mixture, t: Tensor, seed: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """x, eps and the posterior means of both, at times ``t`` (n,), each (n, D)."""
    generator = torch.Generator().manual_seed(seed)
    x = mixture.sample(len(t), generator, torch.float64)
    eps = noise_like(x, generator)
    z = noised(x, eps, t, SCHEDULE)
    return x, eps, *mixture.posterior(z, SCHEDULE.alpha(t), SCHEDULE.sigma(t))


def exchanged_guards(mixture: Mixture, n: int, t_min: float, seed: int = 0) -> pd.DataFrame:
    """One denoiser's NELBO of each target under each target's guard, in code units, on n common draws.

    Rows: what is predicted, by its own squared error, brought to that of eps by the factor between them.
    Columns: whose guard is used, or none (then with the row's own coefficient), for t in (``t_min``, 1).
    That the rows agree is an identity; the check is that the package's coefficients and errors obey it.
    """
    generator = torch.Generator().manual_seed(seed)
    t = t_min + (1 - t_min) * torch.rand(n, generator=generator, dtype=torch.float64)
    x, eps, x_hat, eps_hat = _draws(mixture, t, seed + 1)
    rows = []
    for name in study.TARGETS:
        target = TARGETS[name]
        truth, best = (target.of(*p, t, SCHEDULE) for p in ((x, eps), (x_hat, eps_hat)))
        error = truth - best
        squared = error.square().mean(1) / error_scale(SCHEDULE, t, target) ** 2
        row: dict[str, str | float] = {"target": name}
        for guard in study.TARGETS:
            factor = Published("nelbo", guard).eps_factor(t)
            row[f"guard_{guard}"] = (1 - t_min) * float((factor * squared).mean())
        factor = Published("nelbo", name).unguarded().coefficient_at(t)
        row["unguarded"] = (1 - t_min) * float((factor * error.square().mean(1)).mean())
        rows.append(row)
    return pd.DataFrame(rows)


def _decades(t_min: float) -> tuple[float, float]:
    """Where the column without guard is cut off: its last decade is a piece of its own."""
    return 10 * t_min, t_min


def guards_shown(t_min: float, budget: Budget) -> dict[str, Any]:
    """How `one_value_per_guard` is shown."""
    guarded, unguarded = budget.points * budget.scrambles, points_behind(_decades(t_min), budget)
    return {
        "caption": "One perfect denoiser under the guard of each target, and with no guard over "
        f"$t > {t_min:g}$. Code units. Under a guard: its floor in {{numref}}`tab-floors`, from "
        f"{guarded:,} points, with the standard error given there. Without: from {unguarded:,} points, "
        "as in {numref}`tab-unguarded-truncation`, where the largest standard error is given.",
        "columns": {
            "dataset": "data set",
            "guard_x": "guard of x",
            "guard_eps": "guard of eps",
            "guard_v": "guard of v",
            "guard_score": "guard of s",
            "unguarded": "no guard",
        },
    }


def one_value_per_guard(table: pd.DataFrame, truncated: pd.DataFrame, t_min: float) -> pd.DataFrame:
    """What the perfect denoiser scores under each guard, whichever target it predicts, in code units.

    Args:
        table: as :func:`against_published` returns it.
        truncated: as :func:`truncation` returns it; `guards_shown` counts the points of its second row.
        t_min: where the column without guard is cut off, that second row.
    """
    table = nelbo_by_target(table)["floor"]
    table = table.loc[list(study.DATASETS), list(study.TARGETS)].add_prefix("guard_")
    table["unguarded"] = truncated.set_index("t_min").loc[t_min, list(study.DATASETS)]
    return table.rename_axis(columns=None).reset_index()


def truncation_shown(frame: pd.DataFrame) -> dict[str, Any]:
    """How `truncation` is shown."""
    largest = frame[[f"{name}_error" for name in study.DATASETS]].max(axis=None)
    return {
        "caption": r"The perfect denoiser's NELBO without guard over $t > t_{\min}$, code units "
        f"per dimension, and its growth per decade. Largest standard error: {largest:.4f}.",
        "columns": {"t_min": "t_min"}
        | {name: study.TITLES[name] for name in study.DATASETS}
        | {f"slope_{name}": f"per decade: {study.TITLES[name].lower()}" for name in study.DATASETS},
        "digits": {"t_min": 5} | dict.fromkeys(study.DATASETS, 3),
    }


def truncation(t_min: Sequence[float], budget: Budget) -> pd.DataFrame:
    """The perfect denoiser's unguarded NELBO over (t_min, 1), code units, and its slope per decade.

    Returns:
        A row for each ``t_min`` (falling), with one column for each data set and its error; a column
        ``slope_...`` holds the growth since the row above, per factor of ten.
    """
    frame = pd.DataFrame({"t_min": list(t_min)})
    for name in study.DATASETS:
        values = truncated(DATASETS[name](), t_min, budget)
        frame[name] = [value.value.item() for value in values]
        frame[f"{name}_error"] = [value.error.item() for value in values]
        decades = -pd.Series([math.log10(t) for t in t_min]).diff()
        frame[f"slope_{name}"] = frame[name].diff() / decades
    return frame


ESTIMATORS_SHOWN: dict[str, Any] = {
    "caption": "Two estimators of one number: the perfect denoiser's unguarded NELBO on the "
    "clusters, $t > 10^{-6}$, code units. For Gaussian data of variance 1 the relative error of "
    "one draw is, as shown above, unbounded for uniform times as their smallest tends to 0, and bounded "
    "for uniform log-SNR.",
    "columns": {
        "n": "draws",
        "uniform_mean": "uniform t: mean",
        "uniform_sd": "sd",
        "uniform_largest_share": "largest draw's share",
        "log_snr_mean": "uniform log-SNR: mean",
        "log_snr_sd": "sd ",
        "log_snr_largest_share": "largest draw's share ",
    },
    "digits": {
        "uniform_mean": 2,
        "uniform_sd": 1,
        "log_snr_mean": 2,
        "log_snr_sd": 1,
        "log_snr_largest_share": 5,
    },
}
"""How `estimator_variances` is shown, for t_min = 1e-6."""


def estimator_variances(sizes: Sequence[int], t_min: float, seed: int = 0) -> pd.DataFrame:
    """Sample means and standard deviations of two estimators of one number, as the sample grows.

    The number is the perfect denoiser's unguarded NELBO on the clusters over t in (``t_min``, 1), in code
    units. One estimator draws the time uniformly, the other the log-SNR; both see the first n
    draws of one long sample.
    """
    mixture, n = clusters(), max(sizes)
    generator = torch.Generator().manual_seed(seed)
    u = torch.rand(n, generator=generator, dtype=torch.float64)
    uniform = t_min + (1 - t_min) * u
    high = SCHEDULE.log_snr(torch.tensor(t_min, dtype=torch.float64)).item()
    times = UniformLogSNR(LOWEST_LOG_SNR, high).quantile(u, SCHEDULE)
    code = 2 / math.pi  # code units in one nat per dimension, less the half of the ELBO
    columns: dict[str, Tensor] = {}
    for name, t, factor in (
        ("uniform", uniform, (1 - t_min) / (SCHEDULE.alpha(uniform) * SCHEDULE.sigma(uniform))),
        ("log_snr", times.t, code / (2 * times.density)),
    ):
        _, eps, _, eps_hat = _draws(mixture, t, seed + 1)
        columns[name] = factor * (eps - eps_hat).square().mean(1)
    rows = []
    for size in sizes:
        row: dict[str, float] = {"n": size}
        for name, values in columns.items():
            row[f"{name}_mean"] = values[:size].mean().item()
            row[f"{name}_sd"] = values[:size].std().item()
            row[f"{name}_largest_share"] = (values[:size].max() / values[:size].sum()).item()
        rows.append(row)
    return pd.DataFrame(rows)


def half_weight(target: str) -> float:
    """The log-SNR on the clean side at which a guarded NELBO's effective weight has fallen to one half."""
    loss = Published("nelbo", target)

    def above_half(log_snr: float) -> float:
        return loss.effective_weight(torch.tensor(log_snr, dtype=torch.float64)).item() - 0.5

    root: float = brentq(above_half, 0.0, 40.0)
    return root


def never_rises(target: str) -> bool:
    """Whether a guarded NELBO's effective weight never rises with the log-SNR, on a fine grid."""
    log_snr = torch.linspace(-20, 20, 4001, dtype=torch.float64)
    return bool((Published("nelbo", target).effective_weight(log_snr).diff() < 1e-12).all())


def untrained_score() -> dict[str, float]:
    """What a network that returns zero scores in the score's NELBO: as published, and with HEAD's sigma^2."""
    losses = {
        "published": Published("nelbo", "score"),
        "head": Published("nelbo_at_head", "score"),
    }
    t, weight = gauss_legendre(400)  # the coefficient peaks at t = 1, over a width of the guard
    return {name: (weight * loss.eps_factor(t)).sum().item() for name, loss in losses.items()}


def azula_shown() -> dict[str, Any]:
    """How `azula_weights` is shown."""
    return {
        "caption": f"The weight in azula's loss (version {version('azula')}), read off by calling "
        "it with a network that returns zero, beside the weight of its docstring.",
        "columns": {
            "t": "t",
            "log_snr": "log-SNR",
            "documented": "documented",
            "used": "used",
            "ratio": "ratio",
        },
        "digits": {"t": 4, "log_snr": 2, "documented": 1, "used": 1},
    }


def azula_weights(t: Sequence[float]) -> pd.DataFrame:
    """azula's ``SimpleDenoiser.loss`` beside the formula of its docstring, at its schedule's early times.

    A backbone that returns zeros leaves ``weight * x^2``, so the weight can be read off.
    """
    from azula.denoise import SimpleDenoiser
    from azula.noise import VPSchedule

    class Zeros(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.dtype_of = torch.nn.Parameter(torch.zeros((), dtype=torch.float64))

        def forward(self, z: Tensor, t: Tensor) -> Tensor:
            return torch.zeros_like(z)

    schedule = VPSchedule()
    denoiser, x = SimpleDenoiser(Zeros(), schedule), torch.ones(1, 1, dtype=torch.float64)
    rows = []
    for time in t:
        at = torch.tensor([time], dtype=torch.float64)
        alpha, sigma = schedule(at)
        documented = ((alpha**2 + sigma**2) / sigma**2).item()
        used = denoiser.loss(x, at).item()
        log_snr = 2 * (alpha.log() - sigma.log()).item()
        rows.append({"t": time, "log_snr": log_snr, "documented": documented, "used": used})
    frame = pd.DataFrame(rows)
    frame["ratio"] = frame["used"] / frame["documented"]
    return frame
