"""Figures of the chapter "One law, many paths"."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from companion.chapters.dynamics import results
from companion.evidence import style

CHAINS = 9
"""Paths drawn in each panel."""

PATHS_SHOWN = {
    "caption": "Two dynamics with one law. Shading: the density of the noisy data at each time, for "
    rf"two Gaussians on the line. Lines: {CHAINS} chains of 256 steps from the same noise at the "
    "right to data at the left, with the exact denoiser. The probability flow draws no noise, and its "
    "paths do not cross. The reverse SDE draws noise at every step. Seed 0.",
    "alt": "Two panels with the same shading, which splits from one band at time 1 into two narrow "
    "bands at time 0. Left, nine smooth lines that keep their order. Right, nine rough lines that "
    "cross one another and end in the same two bands.",
}
"""What `paths_figure` shows, for readers and for those who cannot see it."""


def paths_figure() -> Figure:
    """Chains of both dynamics over the density that they share."""
    drawing, panels = plt.subplots(1, 2, figsize=(style.WIDTH, 3.4), sharey=True)
    for axes, (name, solver) in zip(panels, results.SAMPLERS.items(), strict=True):
        _shade(axes)
        times, z = results.paths(CHAINS, 256, 0, solver)
        axes.plot(times[::2], z[::2], color=style.OKABE_ITO[1], linewidth=1.0)
        axes.set_title(name)
        axes.set_xlabel("time $t$; data on the left")
        axes.grid(visible=False)
    panels[0].set_ylabel("$z_t$")
    return drawing


def _shade(axes: Axes) -> None:
    t = torch.linspace(0.02, 1, 50, dtype=torch.float64)
    z = torch.linspace(-2.6, 2.6, 105, dtype=torch.float64)
    upper = torch.stack([results.cumulative(z, now) for now in t])
    density = np.gradient(upper.numpy(), z.numpy(), axis=1).T
    axes.contourf(t, z, density, levels=np.linspace(0, 1.3, 9), cmap="Blues", extend="max")
