"""What the tables of the chapter "Likelihood and samples" say, in words."""

from __future__ import annotations

import pandas as pd

from companion.chapters.likelihood_and_samples import metrics
from companion.evidence import perturbed


def decoupled(moved: pd.DataFrame, nats: pd.DataFrame) -> str:
    """How far apart the ends are for samples, for the bound, and for the flow's likelihood."""
    of_samples, of_bound, of_flow = (
        float(column.iloc[0] / column.iloc[-1])
        for column in (moved["measured"], nats["bound"], nats["flow"])
    )
    return (
        f"At a log-SNR of {perturbed.LEVELS[0]:.0f} an error that is the same at every $z$ moves samples of "
        f"the clusters {of_samples:,.0f} times as far as at {perturbed.LEVELS[-1]:.0f} (median), and "
        f"costs the flow's likelihood {of_flow:,.0f} times as much. The bound pays, as the errors are "
        f"made, {of_bound:.2f} times as much."
    )


def agreement(moved: dict[str, pd.DataFrame]) -> str:
    """How well the first order predicts, and where it does not."""
    every = pd.concat(moved.values())
    middle = (every["measured"] / every["derived"] - 1).abs().max()
    high = every[every["level"] >= 4]
    least = (high["measured_rms"] / high["derived_rms"] - 1).abs().max()
    low = moved["clusters"].iloc[0]
    return (
        f"The median distance is within {100 * middle:.1f} % of the first order at every level, the root "
        f"mean square within {100 * least:.1f} % at log-SNRs from 4 on. Below, the root mean square of the "
        f"clusters (derived {low['derived_rms']:.2f}, measured {low['measured_rms']:.2f} at the noisiest "
        "level) hangs on the few samples that lie near the ridge between two of them: displacements grow "
        "there, one sample may carry most of the square, and other seeds give other numbers."
    )


def floors(seen: pd.DataFrame) -> str:
    """At how many levels a metric says more than it mostly does of two exact sets."""
    columns = [name for name in metrics.SHOWN["columns"] if name != "level"]
    shares = seen.iloc[:-1][columns].abs() / seen.iloc[-1][columns].astype(float)
    above = int((shares > 1).any(axis=1).sum())
    level, metric = shares.stack().astype(float).idxmax()
    return (
        f"At {above} of {len(seen) - 1} levels one of the five metrics is above the size that "
        f"{metrics.MOST:.0%} of pairs of exact sets of the study's size stay below. The largest is that of "
        f"{metrics.SHOWN['columns'][metric]} at a log-SNR of {seen.loc[level, 'level']}, "
        f"{shares.loc[level, metric]:.0%} of its floor. That is one size of error: of larger ones it "
        "says nothing."
    )
