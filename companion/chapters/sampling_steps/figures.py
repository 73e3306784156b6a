"""Figures of the chapter "How good is a step?"."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from torch import Tensor

from companion.chapters.sampling_steps import perfect, results
from companion.evidence import style
from diffcore.exact import clusters

WIDTHS_SHOWN: dict[str, Any] = {
    "caption": rf"How far the width of the samples of $\N(0, {results.VARIANCE})$ is from the exact "
    rf"one, by "
    "evaluations of the denoiser, on grids of steps equal in time, in log-SNR and in Karras's unit. Exact "
    f"denoiser, cosine schedule, log-SNR from {results.WINDOW[0]:.0f} to {results.WINDOW[1]:.0f}. Every "
    "step is linear here, so nothing is random. Grey: slopes of order 1 and 2.",
    "alt": "Three panels with logarithmic axes, five lines in each, all falling from 32 evaluations on. "
    "DDIM falls with slope 1 everywhere and is the highest from 64 evaluations on. Both kinds of Heun "
    "and the multistep solver fall with slope 2. Euler in time falls with slope 1 on the first grid, "
    "nearly 2 on the second, and unevenly on the third.",
}
"""What `widths_figure` shows, for readers and for those who cannot see it."""

MARKERS, LINES = "os^vD", ("-", "--", "-.", ":", (0, (5, 1, 1, 1)))


def widths_figure(errors: pd.DataFrame) -> Figure:
    """The errors of `width_errors`, a panel for each grid."""
    drawing, panels = plt.subplots(1, 3, figsize=(style.WIDTH, 3.6), sharey=True)
    for axes, unit in zip(panels, results.GRIDS, strict=True):
        _slopes(axes.loglog)
        for k, name in enumerate(results.SOLVERS):
            rows = errors[(errors["grid"] == unit) & (errors["solver"] == name)]
            axes.loglog(
                rows["evaluations"], rows["error"].abs(), marker=MARKERS[k], markersize=3,
                linestyle=LINES[k], color=style.OKABE_ITO[k], label=name,
            )  # fmt: skip
        axes.set_title(f"equal in {unit}")
        axes.set_xlabel("evaluations")
    panels[0].set_ylabel("relative error of the width")
    handles, labels = panels[0].get_legend_handles_labels()
    drawing.legend(handles, labels, loc="outside lower center", ncols=3)
    return drawing


def _slopes(draw: Any) -> None:
    ends = results.EVALUATIONS[0], results.EVALUATIONS[-1]
    for order, at in ((1, 0.5), (2, 1.0)):
        heights = [at * (end / ends[0]) ** -order for end in ends]
        draw(ends, heights, color="0.8", linewidth=0.8, zorder=0)


def walks_shown(samples: dict[str, Tensor], steps: int) -> dict[str, Any]:
    """What `walks_figure` shows, for readers and for those who cannot see it."""
    n = len(next(iter(samples.values())))
    return {
        "caption": f"{n:,} samples of the clusters each. Left: of the data. Middle: of a perfect "
        f"network, as the study's published code draws samples of $s$, with the guarded target, {steps} "
        "steps. Right: the same walk with the true score. Circles: one and two standard deviations of "
        "the data. Seed 0.",
        "alt": "Three panels with four round clusters in the corners of a square, and two circles around "
        "each centre. Left and right the points fill the circles alike. In the middle they are spread "
        "wider, and many lie outside of the outer circle.",
        "seeds": [0],
        "n": n,
    }


def walks(steps: int, n: int = 500) -> dict[str, Tensor]:
    """Samples (n, 2) of the clusters: exact, and of a perfect network by the study's walk, either target."""
    mixture = clusters()
    exact = mixture.sample(n, torch.Generator().manual_seed(0), torch.float64)
    return {
        "data": exact,
        "guarded target": perfect.draw(mixture, perfect.WALK, n, steps, 0),
        "true score": perfect.draw(mixture, perfect.TRUE, n, steps, 0),
    }


def walks_figure(samples: dict[str, Tensor]) -> Figure:
    """The samples of `walks`, a panel each."""
    drawing, panels = plt.subplots(1, 3, figsize=(style.WIDTH, 2.6), sharex=True, sharey=True)
    parts = clusters().components
    deviation = float(parts.variance[0, 0]) ** 0.5
    for axes, (name, points) in zip(panels, samples.items(), strict=True):
        axes.scatter(*points.T, s=2, color=style.OKABE_ITO[0], alpha=0.5, linewidths=0)
        for centre in parts.mean.T.tolist():
            for radius in (deviation, 2 * deviation):
                axes.add_patch(
                    Circle(centre, radius, fill=False, color=style.OKABE_ITO[1], linewidth=0.7)
                )
        axes.set_aspect("equal")
        axes.set_title(name)
        axes.set_xlabel("$x_1$")
        axes.grid(visible=False)
    panels[0].set_ylabel("$x_2$")
    return drawing
