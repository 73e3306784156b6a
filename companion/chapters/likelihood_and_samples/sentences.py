"""What the tables of the chapter "Likelihood and samples" say, in words."""

from __future__ import annotations

import pandas as pd

from companion.chapters.likelihood_and_samples import kernels


def decoupled(moved: pd.DataFrame, nats: pd.DataFrame) -> str:
    """How far apart the ends are for samples, for the bound, and for the flow's likelihood."""
    ends = [table.set_index("level").loc[[kernels.LEVELS[0], kernels.LEVELS[-1]]]
            for table in (moved, nats)]  # fmt: skip
    ratio = {
        name: float(table[name].iloc[0] / table[name].iloc[1])
        for table, names in zip(ends, (("measured",), ("bound", "flow")), strict=True)
        for name in names
    }
    return (
        f"At a log-SNR of {kernels.LEVELS[0]:.0f} the error moves samples of the clusters "
        f"{ratio['measured']:,.0f} times as far as at {kernels.LEVELS[-1]:.0f} (median), and costs the "
        f"flow's likelihood {ratio['flow']:,.0f} times as much. To the bound it is {ratio['bound']:.2f} "
        "times as much."
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
        f"mean square within {100 * least:.1f} % at log-SNRs from 4 on. Below, a few samples of the clusters "
        "lie on the ridge between two of them, from where a small push decides which one is reached: to "
        f"first order they would go far (root mean square {low['derived_rms']:.2f}), in fact they stop at "
        f"the next cluster ({low['measured_rms']:.2f}). There a push changes shares, not widths."
    )


def floors(seen: pd.DataFrame) -> str:
    """At how many levels each metric sees more than between two exact sets."""
    columns = ["sliced", "mean", "covariance", "width", "density"]
    floor = seen.iloc[-1]
    above = int((seen.iloc[:-1][columns].abs() > floor[columns].astype(float)).any(axis=1).sum())
    share = float(seen.iloc[0]["sliced"] / floor["sliced"])
    return (
        f"At {above} of {len(seen) - 1} levels one of the five metrics says more than it does, on average, "
        "of two exact sets of the study's size. At the noisiest level the error shifts all samples by "
        f"{seen.iloc[0]['mean']:.3f}, {100 * share:.0f} % of that noise floor in sliced $W_2$."
    )
