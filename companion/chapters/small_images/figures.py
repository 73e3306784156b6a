"""The figures and the summary of the chapter on real images."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from companion.evidence import style

CEILING = 1 / (2 * math.log(2))
"""Bits per pixel and nat of log-SNR that it costs to predict no noise at all, eps_hat = 0."""
SAME_GREY = 2 / 255
"""What the pixels of a sample, from -1 to 1, may differ by on two machines: one of 256 shades of grey."""
NAMES = {"nelbo": "trained on the NELBO", "weighted": "trained on its own squared error"}
#: The models that need no training, as they are drawn.
BASELINES: dict[str, tuple[str, dict[str, Any]]] = {
    "gaussian": ("Gaussian, exact", {"color": "#777777", "linestyle": (0, (4, 1.5))}),
    "marginals": ("independent pixels, exact", {"color": "#000000", "linestyle": "-"}),
}


def cost_curves_shown(curves: pd.DataFrame, seeds: int) -> dict[str, Any]:
    """What `cost_curves` shows.

    Args:
        curves: as :func:`companion.chapters.small_images.results.curves` returns it.
        seeds: how many there are of each objective and target.
    """
    clean = curves[curves["log_snr"] == curves["log_snr"].max()]
    cost = clean.groupby(["objective", "target"], sort=False)["bits_per_nat"].mean() / CEILING
    ends = "; ".join(
        f"{title}: "
        + ", ".join(f"{target} {cost[objective, target]:.2g}" for target in cost[objective].index)
        for objective, title in NAMES.items()
    )
    return {
        "caption": "What one nat of log-SNR costs held-out images, noise on the left, clean images "
        "on the right. Summed over slices, each times its width, a curve is the diffusion term of "
        f"the bound. Mean of {seeds} seeds, bands from the least to the greatest. An $x$ that is a "
        "little wrong is a noise that is very wrong once little noise is left.",
        "alt": "Two panels of bits per pixel and nat against log-SNR, on a logarithmic axis. In the "
        "last slice, that of the cleanest images, the curves stand at these multiples of the line of "
        f"no prediction. {ends}.",
    }


def cost_curves(curves: pd.DataFrame, baselines: Mapping[str, Tensor], edges: Tensor) -> Figure:
    """Bits per pixel and nat of log-SNR: one panel for each objective.

    Args:
        curves: columns objective, target, seed, log_snr, bits_per_nat.
        baselines: by name, (slices,).
        edges: (slices + 1,).
    """
    figure, axes = plt.subplots(1, 2, figsize=(style.WIDTH, 3.7), sharey=True)
    middle = ((edges[1:] + edges[:-1]) / 2).tolist()
    for axis, (objective, title) in zip(axes, NAMES.items(), strict=True):
        for name, values in baselines.items():
            label, look = BASELINES[name]
            axis.plot(middle, values.tolist(), label=label, linewidth=1.3, **look)
        axis.axhline(CEILING, color="#999999", linewidth=0.8)
        for target, rows in curves[curves["objective"] == objective].groupby("target", sort=False):
            by_level = rows.groupby("log_snr")["bits_per_nat"]
            look = style.TARGETS[str(target)]
            axis.plot(
                *(by_level.mean().index, by_level.mean()),
                **look | {"markersize": 3.5},
                markevery=4,
                label=style.SYMBOLS[str(target)],
            )
            axis.fill_between(
                by_level.min().index, by_level.min(), by_level.max(), color=look["color"], alpha=0.2
            )
        axis.set(title=title, xlabel="log-SNR $\\lambda$ (nats)", yscale="log", ylim=(1e-3, 60))
    axes[0].set_ylabel("bits per pixel and nat")
    axes[0].text(
        edges[0].item(), CEILING * 1.15, r"$\hat\epsilon = 0$", color="#666666", fontsize=9
    )
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=6)
    return figure


def against_steps_shown(table: pd.DataFrame, gaussian: float) -> dict[str, Any]:
    """What `against_steps` shows; arguments as there."""
    last = table[table["steps"] == table["steps"].max()]
    ends = "; ".join(
        f"{title}: "
        + ", ".join(
            f"{r.target} {r.bits_per_dim:.2f}"
            for r in last[last["objective"] == objective].itertuples()
        )
        for objective, title in NAMES.items()
    )
    return {
        "caption": "Held-out bits per pixel against training steps, each budget trained on its own: mean "
        "of the seeds, bars from the least to the greatest where they can be seen. Faint: the same of the "
        f"training images. Dashed: a Gaussian, which needs no training ({gaussian:.2f}).",
        "alt": "Two panels of bits per pixel against steps, both axes logarithmic, a line for each target "
        f"and a dashed line of the Gaussian. After the most steps: {ends}.",
    }


def against_steps(table: pd.DataFrame, models: pd.DataFrame, gaussian: float) -> Figure:
    """Bits per pixel by budget: one panel for each objective.

    Args:
        table: as :func:`companion.chapters.small_images.results.against_steps` returns it.
        models: every network, with its steps.
        gaussian: the bits per pixel of the Gaussian.
    """
    figure, axes = plt.subplots(1, 2, figsize=(style.WIDTH, 3.5))
    for axis, (objective, title) in zip(axes, NAMES.items(), strict=True):
        axis.axhline(gaussian, **BASELINES["gaussian"][1], linewidth=1.3)
        for target, rows in table[table["objective"] == objective].groupby("target", sort=False):
            own = models[(models["objective"] == objective) & (models["target"] == target)]
            by_steps = own.groupby("steps")["bits_per_dim"]
            mean, look = rows["bits_per_dim"].to_numpy(), style.TARGETS[str(target)]
            reach = [mean - by_steps.min().to_numpy(), by_steps.max().to_numpy() - mean]
            axis.errorbar(
                rows["steps"], mean, reach, capsize=2, label=style.SYMBOLS[str(target)], **look
            )
            axis.plot(
                *(rows["steps"], rows["trained_on"]),
                **look | {"marker": None},
                alpha=0.4,
                linewidth=1.0,
            )
        axis.set(title=title, xlabel="steps", xscale="log", yscale="log")
        axis.yaxis.set_major_formatter("{x:g}")
        axis.yaxis.set_minor_formatter("{x:g}")
        steps = sorted(table["steps"].unique())
        axis.set_xticks(steps, [f"{n:,}" for n in steps])
        axis.set_xticks([], minor=True)
    axes[0].set_ylabel("bits per pixel, held out")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def sample_grid(rows: Sequence[tuple[str, Tensor, str, Tensor]]) -> Figure:
    """Strips of images, two to a row: (left name, images, right name, images), images (n, 8, 8)."""
    figure, axes = plt.subplots(len(rows), 2, figsize=(style.WIDTH, 0.4 * len(rows)))
    for (left, right), (name, images, other, others) in zip(axes, rows, strict=True):
        _strip(left, name, images)
        _strip(right, other, others)
    figure.set_layout_engine("constrained", h_pad=0.01, w_pad=0.02, hspace=0, wspace=0)
    return figure


def _strip(axis: Axes, name: str, images: Tensor) -> None:
    framed = torch.nn.functional.pad(images.clamp(-1, 1), (1, 1, 1, 1), value=-0.6)
    strip = torch.cat(list(framed), dim=1).numpy()
    axis.imshow(strip, cmap="gray_r", vmin=-1, vmax=1, interpolation="nearest")
    axis.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
    axis.set(xticks=[], yticks=[])
    axis.grid(visible=False)
    axis.spines[:].set_visible(False)
