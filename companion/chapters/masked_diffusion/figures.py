"""Figures of the chapter "Masked diffusion"."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from companion.chapters.masked_diffusion import results
from companion.evidence import style
from diffcore import masked

STEPS = 4
"""Of the staircase."""

SHOWN = {
    "caption": r"The law of the table above. Left: $c(\alpha)$, the cross-entropy of the masked tokens over "
    "the share that is masked. Its area is the bound: with the exact conditionals the entropy of the "
    f"law, with the model more. The area of the staircase is the bound of {STEPS} equal steps. Right: "
    "what $T$ steps, uniform in time, add to the entropy, and $(c(0) - c(1))/2T$, its first order for "
    "the linear schedule.",
    "alt": "Two panels. Left, two curves over the probability of being kept, from 0 to 1: the lower, of the "
    "exact conditionals, falls, with a staircase of four steps on or above it; the upper, of the model, "
    "lies clearly higher. Right, three lines on logarithmic axes that fall as one over the number of "
    "steps, and a dotted line that the lowest, of the linear schedule, approaches.",
}
"""What `bounds_figure` shows, for readers and for those who cannot see it."""

MARKS = (("-", "o"), ("--", "s"), ("-.", "^"))


def bounds_figure(gaps: pd.DataFrame, seed: int = 0) -> Figure:
    """c(alpha) with its staircase, beside what a number of steps adds."""
    drawing, (left, right) = plt.subplots(1, 2, figsize=(style.WIDTH, 3.4))
    _areas(left, seed)
    for (name, values), (line, mark) in zip(gaps[list(results.SCHEDULES)].items(), MARKS):
        right.plot(gaps["steps"], values, linestyle=line, marker=mark, label=name)
    right.plot(
        gaps["steps"], gaps["first_order"], color="black", linestyle=":", label="first order"
    )
    right.set(xscale="log", yscale="log", xlabel="steps $T$", ylabel="above the entropy (nats)")
    right.legend()
    return drawing


def _areas(axes: Axes, seed: int) -> None:
    law, model = results.law_and_model(seed)
    kept = torch.linspace(0, 1, 101, dtype=torch.float64)
    for name, table, line in (
        ("exact conditionals", masked.conditionals(law), "-"),
        ("model", model, "--"),
    ):
        by_count = masked.cross_entropies(law, table)
        axes.plot(kept, masked.kept_cross_entropy(by_count, kept), linestyle=line, label=name)
        if name == "model":
            continue
        ends = torch.linspace(0, 1, STEPS + 1, dtype=torch.float64)
        heights = masked.kept_cross_entropy(by_count, ends[:-1])
        axes.stairs(
            heights, ends, color=style.OKABE_ITO[0], alpha=0.25, fill=True, label=f"$T = {STEPS}$"
        )
    axes.set(
        xlim=(0, 1), xlabel=r"probability of being kept $\alpha$", ylabel=r"$c(\alpha)$ (nats)"
    )
    axes.set_ylim(bottom=0)
    axes.legend()
