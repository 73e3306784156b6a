"""What the tables of the chapter "How good is a step?" say, in words."""

from __future__ import annotations

import pandas as pd

from companion import study
from companion.chapters.sampling_steps import perfect
from companion.evidence.drawn_samples import STEPS
from diffcore.exact import clusters

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
        "sampler that draws no noise leaves a sample in the cluster that its first latent belongs to, by "
        "the symmetry of these data, so all such samplers have the same shares."
    )


def residuals(guard: float) -> str:
    """How wide the study's walk of a perfect network ends, from a single clean point and from a cluster."""
    shown, true = (perfect.residual(STEPS, g) for g in (guard, 0.0))
    c = float(clusters().components.variance[0, 0])
    wide, narrow = (perfect.residual(STEPS, g, c) for g in (guard, 0.0))
    return (
        f"From data that are one point, a perfect network's samples lie off by {shown:.3f} after {STEPS} "
        "steps (standard deviation). With the true score in place of the guarded target it would be "
        f"{true:.3f}. Of a Gaussian as wide as a cluster, {c**0.5:.3f}, the walk makes one of {wide:.3f}, "
        "and with the true score of "
        f"{narrow:.3f}: the wider the data, the weaker is the pull."
    )


def whose(table: pd.DataFrame) -> str:
    """What of the printed distances a perfect network has too, data set by data set."""
    walk = table[table["sampler"] == perfect.WALK.words]
    parts = [
        f"{study.TITLES[row['dataset']]} {row['cov']:.3f} ({row['nelbo']:.3f} and {row['weighted']:.3f})"
        for _, row in walk.iterrows()
    ]
    chosen = (table["dataset"] == "clusters") & (table["sampler"] == perfect.TRUE.words)
    (true,) = table[chosen]["cov"]
    exact = table.loc[chosen, "exact"].item()
    moments = study.moments().query("dataset == 'clusters' and target == 'score'")
    printed = moments.set_index("objective")["mean_distance"]
    mean = walk.set_index("dataset").loc["clusters", "mean"]
    return (
        "The covariance distance of a perfect network's samples of $s$, and in brackets the printed ones "
        f"(NELBO and Weighted): {'; '.join(parts)}. The walk alone is not to blame: with the true score "
        f"it would be {true:.3f} on the clusters, where exact samples show {exact:.3f}. Nor is all error "
        "of target and walk: the *mean* distances that the study prints for the clusters (NELBO and "
        "Weighted, not "
        f"in the table above), {printed['nelbo']:.3f} and {printed['weighted']:.3f}, are the networks', "
        f"for a perfect one has {mean:.3f}."
    )
