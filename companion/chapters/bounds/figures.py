"""The figure of the chapter "How tight is a bound?"."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from companion.chapters.bounds.results import WINDOW
from companion.evidence import style


def tightness_shown(points: int, drawn: int) -> dict[str, Any]:
    """What `tightness_figure` shows, for so many points a level and so many examples."""
    return {
        "caption": r"Two ways to a tighter bound, on the clusters, nats. Left: the bound of $T$ steps "
        "above that of infinitely many, with the variance of the posterior and with the best; exact "
        rf"denoiser, ${WINDOW[0]:g} \le \lambda \le {WINDOW[1]:g}$, {points:,} points for each level. "
        f"Right: the bound of $K$ samples below the log-likelihood, {drawn:,} examples, and the first "
        "order $V/2K$. Bars: two standard errors.",
        "alt": "Two panels with logarithmic axes. Left, two falling lines over the number of steps: the "
        "posterior's variance starts far above the best one and stays above it. Right, markers that fall "
        "with K on a straight line; at K equal to 1 the marker is above it.",
    }


def tightness_figure(steps: pd.DataFrame, samples: pd.DataFrame) -> Figure:
    """The gap of bounds of several steps, and of several samples.

    Args:
        steps: as `results.steps` returns it.
        samples: as `results.samples` returns it.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(style.WIDTH, 3.4))
    looks = (("posterior", "o", "-", r"$\sigma_Q^2$"), ("best", "s", "--", "best"))
    for k, (name, marker, line, label) in enumerate(looks):
        left.errorbar(
            steps["T"], steps[name], 2 * steps[f"{name}_se"],
            color=style.OKABE_ITO[k], marker=marker, linestyle=line, capsize=3, label=label,
        )  # fmt: skip
    left.set(xscale="log", yscale="log", xlabel="steps $T$", ylabel="gap (nats)")
    left.legend(title="variance")
    right.plot(samples["K"], samples["predicted"], color=style.OKABE_ITO[1], label="$V/2K$")
    right.errorbar(
        samples["K"], samples["gap"], 2 * samples["se"],
        color=style.OKABE_ITO[0], marker="o", linestyle="", capsize=3, label="measured",
    )  # fmt: skip
    right.set(xscale="log", yscale="log", xlabel="samples $K$", ylabel="gap (nats)")
    right.legend()
    return figure
