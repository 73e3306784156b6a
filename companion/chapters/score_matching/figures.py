"""How the chapter "Score matching" shows its results: one figure, and what stands over each table."""

from __future__ import annotations

import math
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from companion.chapters.score_matching.results import CLEAN, NOISY, Budget
from companion.evidence import style

LOOKS: dict[str, dict[str, Any]] = {
    "clusters": {"color": style.OKABE_ITO[0], "marker": "o", "linestyle": "-"},
    "rings": {"color": style.OKABE_ITO[1], "marker": "s", "linestyle": "--"},
    "swiss_roll": {"color": style.OKABE_ITO[2], "marker": "^", "linestyle": "-."},
    "waves": {"color": style.OKABE_ITO[3], "marker": "D", "linestyle": ":"},
}
"""Colour, marker and line of each data set."""

FIRST, LAST = -4.0, 16.0
"""The log-SNRs that are drawn: beyond them the curves are flat."""

ROUNDING = 1e-9
"""Differences between machines below this are not counted: a column of rounding errors has no others."""


def likelihood_figure(levels: pd.DataFrame, nats: pd.DataFrame) -> Figure:
    """What each noise level adds to the likelihood, and the sum against the entropy by densities.

    Args:
        levels: as `results.spectrum` returns it.
        nats: as `results.likelihood` returns it.
    """
    figure, (above, below) = plt.subplots(2, 1, sharex=True, figsize=(4.8, 5.6))
    shown = levels[levels["log_snr"] <= LAST]
    for name, rows in shown.groupby("dataset"):
        look = {**LOOKS[str(name)], "markevery": 4}
        above.plot(rows["log_snr"], rows["share"], **look, label=str(name).replace("_", " "))
        below.plot(rows["log_snr"], rows["total"], **look)
    _draw_entropies(below, nats)
    above.set(ylabel="nats per unit of log-SNR", ylim=(0, None), xlim=(FIRST, LAST + 2.6))
    below.set(ylabel="total so far, nats", ylim=(0, None))
    below.set_xlabel(r"log-SNR $\lambda$; noise on the left, data on the right")
    above.legend(loc="upper right")
    return figure


def _draw_entropies(axes: Axes, nats: pd.DataFrame) -> None:
    """log 2 pi e less the entropy by densities, beside the end of each curve."""
    entropies = nats[nats["quantity"] == "entropy"]
    for row in entropies.itertuples():
        axes.errorbar(
            LAST + 1.2, math.log(2 * math.pi * math.e) - row.direct, 2 * row.direct_error,
            color=LOOKS[row.dataset]["color"], marker=LOOKS[row.dataset]["marker"],
            markerfacecolor="none", markersize=9, capsize=3,
        )  # fmt: skip
    axes.annotate("by the\ndensity", (LAST + 1.2, 0.5), ha="center", fontsize=9)


def shown(budget: Budget) -> dict[str, Any]:
    """What `likelihood_figure` shows, for readers and for those who cannot see it."""
    return {
        "caption": r"Above: $\frac12 (2 / (1 + e^{-\lambda}) - \mathrm{mmse}_\epsilon)$, by how much the "
        r"exact denoiser of each data set beats that of $\N(0, I)$ at each noise level. Below: its "
        r"integral from the left. It ends where $\log 2\pi e$ less the entropy must be (open markers, from "
        f"the density, two standard errors). {_drawn(budget)}",
        "alt": "Above, four curves over the log-SNR, zero at both ends, each with a hump: clusters, rings "
        "and swiss roll between 0 and 8, waves further right. Below, the running sums rise from zero and "
        "level off; each ends at the open marker of its own data set.",
        **budget.drawn,
    }


def likelihood_shown(budget: Budget) -> dict[str, Any]:
    """What the table of `results.likelihood` shows."""
    return {
        "caption": "Entropy of each data set, and divergence of the wider model from it, in nats, with "
        "standard errors (se). *Densities*: averages of log densities of clean data. *Denoisers*: "
        rf"integrals over the log-SNR of errors of exact denoisers. {_drawn(budget)}",
        "columns": {
            "dataset": "data",
            "quantity": "quantity",
            "direct": "densities",
            "direct_error": "se",
            "denoised": "denoisers",
            "denoised_error": "se ",
        },
        "negligible": ROUNDING,
        **budget.drawn,
    }


def fisher_shown(budget: Budget) -> dict[str, Any]:
    """What the table of `results.fisher` shows."""
    return {
        "caption": r"$\sigma_t^2 J$ by two routes, with standard errors (se): the score's mean square, and "
        r"$d - \mathrm{mmse}_\epsilon$. *Tweedie*: the largest gap at a point between the posterior "
        "variance and the slopes of denoiser and score by autograd: rounding. Standard errors count what "
        "the scrambles met; at low noise none met a point between two clusters. "
        f"{_drawn(budget)}",
        "columns": {
            "dataset": "data",
            "log_snr": r"$\lambda$",
            "direct": r"$\sigma_t^2\, \E\,\|\nabla \log q\|^2$",
            "direct_error": "se",
            "denoised": r"$d - \mathrm{mmse}_\epsilon$",
            "denoised_error": "se ",
            "autograd": "Tweedie",
        },
        "digits": {"log_snr": 0, "autograd": ".0e"},
        "negligible": ROUNDING,
        **budget.drawn,
    }


def ends_shown(budget: Budget) -> dict[str, Any]:
    """What the table of `results.ends` shows."""
    return {
        "caption": rf"Leading terms at both ends. *Noisy*, at $\lambda = {NOISY:.0f}$: "
        r"$(d - \mathrm{mmse})/\SNR$ of $x$, against $\mathrm{tr}\, C^2$ with the covariance $C$ of the "
        rf"data. *Clean*, at $\lambda = {CLEAN:.0f}$: $(d - \mathrm{{mmse}}_\epsilon)\, \SNR$, against the "
        "Fisher information of the clean data. The waves' density jumps at both ends of their range, "
        r"which adds a term that grows like $1/\sigma_t$ (*jumps*, included). "
        f"{_drawn(budget, 8)}",
        "columns": {
            "dataset": "data",
            "noisy": "noisy",
            "noisy_error": "se",
            "noisy_derived": r"$\mathrm{tr}\, C^2$",
            "clean": "clean",
            "clean_error": "se ",
            "clean_derived": "derived",
            "clean_derived_error": "se  ",
            "jumps": "jumps",
        },
        "digits": {
            "clean": 1,
            "clean_error": 1,
            "clean_derived": 1,
            "clean_derived_error": 1,
            "jumps": 0,
        },
        "negligible": 1e-6,
        **budget.drawn,
    }


def _drawn(budget: Budget, times: int = 1) -> str:
    return (
        f"{times * budget.points:,} Sobol points in each of {budget.scrambles} scrambles at each noise "
        "level; first seed 0."
    )
