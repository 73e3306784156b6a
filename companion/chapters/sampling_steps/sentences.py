"""What the tables of the chapter "How good is a step?" say, in words."""

from __future__ import annotations

import pandas as pd

from companion.chapters.sampling_steps import perfect

FEW_EVALUATIONS = 64
"""At which the solvers are compared in words."""


def widths(errors: pd.DataFrame) -> str:
    """What `FEW_EVALUATIONS` give, by solver and grid."""
    at = errors[errors["evaluations"] == FEW_EVALUATIONS].set_index(["solver", "grid"])["error"]
    ddim, best = at["DDIM"], at.abs().idxmin()
    sign = "too narrow" if (ddim < 0).all() else "too wide" if (ddim > 0).all() else "off"
    return (
        f"With {FEW_EVALUATIONS} evaluations DDIM is {sign} on all three grids, by "
        f"{100 * ddim.abs().min():.1f} to {100 * ddim.abs().max():.1f} %. Of all that are shown, {best[0]} "
        f"with steps equal in {best[1]} is nearest, {100 * abs(at[best]):.2g} % off."
    )


def few(table: pd.DataFrame, limit: float, error: float) -> str:
    """Which of the two few steps get wrong."""
    off = (table["width"] - 1).abs()
    worst = table.loc[off.idxmax()]
    return (
        f"The width is off by more than two standard errors in {(off > 2 * error).sum()} of {len(table)} "
        f"rows, by up to {100 * off.max():.0f} % ({worst['solver']}, {worst['grid']}, {worst['steps']} "
        f"steps). The shares are above what exact samples show in {(table['shares'] > limit).sum()}. A "
        "sampler that draws no noise leaves a sample in the cluster that its first latent belongs to, so all "
        "such samplers have the same shares."
    )


def residuals(guard: float) -> str:
    """How far the study's walk of a perfect network ends from a single clean point."""
    counts = (49, 107, perfect.STEPS)
    shown = ", ".join(f"{perfect.residual(steps, guard):.3f} after {steps}" for steps in counts)
    true = ", ".join(f"{perfect.residual(steps, 0.0):.3f}" for steps in counts)
    return (
        f"From data that are one point, a perfect network's samples lie off by {shown} steps (standard "
        f"deviation). With the true score in place of the guarded target it would be {true}."
    )


def whose(table: pd.DataFrame) -> str:
    """What of the printed covariance distances a perfect network has too."""
    walk = table[table["sampler"] == perfect.WALK.words].set_index("dataset")
    clusters, others = walk.loc["clusters"], walk.drop(index="clusters")
    printed = others[["nelbo", "weighted"]]
    chosen = (table["dataset"] == "clusters") & (table["sampler"] == perfect.TRUE.words)
    (true,) = table[chosen]["cov"]
    return (
        f"On the clusters a perfect network has a covariance distance of {clusters['cov']:.3f}, where the "
        f"study prints {clusters['nelbo']:.3f} and {clusters['weighted']:.3f}; with the true score it would "
        f"be {true:.3f}, and exact samples show {clusters['exact']:.3f}. On the other data sets it has "
        f"{others['cov'].min():.3f} to {others['cov'].max():.3f}, where {printed.min().min():.3f} to "
        f"{printed.max().max():.3f} are printed."
    )
