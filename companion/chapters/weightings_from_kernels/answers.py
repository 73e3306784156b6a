"""What weights asked of training, and what errors and samples answered: computed sentences."""

from __future__ import annotations

import numpy as np
import pandas as pd

from companion import study
from companion.chapters.weightings_from_kernels import rules, words
from companion.chapters.weightings_from_kernels.measured import ERRORS
from companion.chapters.weightings_from_kernels.results import (
    CELL,
    MODEL,
    kernel_at,
    squared_errors,
    weight,
)
from companion.chapters.weightings_from_kernels.sentences import FINE
from companion.evidence import style
from companion.runs.plane import BOUND


def derived_over_bound(networks: pd.DataFrame, column: str) -> pd.DataFrame:
    """Derived networks: the logarithm of a column, and of that under the bound, same target and seed."""
    key = ["dataset", "target", "seed"]
    under = networks[networks["weighting"] == BOUND][[*key, column]]
    both = networks[networks["weighting"].isin(rules.NAMES)].merge(
        under, on=key, suffixes=("", "_bound"), validate="many_to_one"
    )
    return both[MODEL].assign(log=np.log(both[column] / both[f"{column}_bound"]))


def premise(networks: pd.DataFrame) -> str:
    """Whether training lowered the loss that it was trained on."""
    rows = networks[networks["weighting"].isin(rules.NAMES)]
    logs = rows[CELL].assign(log=np.log(rows["seen"]))
    mean = np.exp(logs.groupby(CELL, sort=False)["log"].mean())
    lower = mean[mean < 1]
    higher = ", ".join(
        f"{words.cell(t, w)} on {d} {value:.2f}" for (d, t, w), value in mean[mean >= 1].items()
    )
    return (
        f"The premise: of {len(mean)} cells {len(lower)} have less excess under their own weight than "
        f"networks under the bound have, {mean.min():.2f} to {mean.max():.2f} times as much. More: "
        f"{higher or 'none'}."
    )


def followed(networks: pd.DataFrame) -> str:
    """Whether samples followed what bounds them, over derived cells and over all."""
    logs = {
        column: derived_over_bound(networks, column).groupby(CELL, sort=False)["log"].mean()
        for column in ("moved", "apart", "excess", "sliced")
    }
    alike = (np.sign(logs["moved"]) == np.sign(logs["sliced"])).sum()
    squares = {c: np.corrcoef(logs[c], logs["sliced"])[0, 1] ** 2 for c in logs if c != "sliced"}
    rest = {
        c: log[log.index.get_level_values("weighting") != "uncertainty"] for c, log in logs.items()
    }
    without = {c: np.corrcoef(rest[c], rest["sliced"])[0, 1] ** 2 for c in squares}
    means = np.log(networks.set_index(CELL)[[*logs]]).groupby(level=CELL, sort=False).mean()
    parts = []
    for name, block in means.groupby(level="dataset", sort=False):
        every = {c: np.corrcoef(block[c], block["sliced"])[0, 1] ** 2 for c in squares}
        parts.append(
            f"{study.TITLES[str(name)]} {every['moved']:.2f}, {every['apart']:.2f} and "
            f"{every['excess']:.2f} of {len(block)} cells"
        )
    return (
        "And samples: $\\int k\\, e$ and the sliced distance are on the same side of the bound's in "
        f"{alike} of {len(logs['sliced'])} cells. Of the variance of the logarithm of the latter ratio, "
        f"$\\int k\\, e$ explains {squares['moved']:.2f}, the root of $\\int k^2 e^2$ "
        f"{squares['apart']:.2f}, and the excess {squares['excess']:.2f} ($R^2$ of a line); "
        f"without the cells of uncertainty, the farthest, {without['moved']:.2f}, {without['apart']:.2f} and "
        f"{without['excess']:.2f}. "
        f"Of all cells, catalogue and eight too, in the same order: {'; '.join(parts)}."
    )


MIDDLE = (0.0, 5.0)
"""Log-SNRs between which samples choose where they go: there most of the square of kernel times error is."""


def shifted(
    levels: pd.DataFrame, table: pd.DataFrame, target: str, name: str = "over-error"
) -> str:
    """Where a weighting lowers the product of kernel and error, and where it raises it."""
    parts = []
    for dataset in dict.fromkeys(levels["dataset"]):
        own = levels[(levels["dataset"] == dataset) & (levels["target"] == target)]
        found = {}
        for weighting in (BOUND, name):
            block = own[own["weighting"] == weighting]
            k = kernel_at(table, str(dataset), block["log_snr"].to_numpy())
            pushed = pd.Series(k * np.sqrt(block["excess"]), dtype=float)
            where = pd.cut(block["log_snr"], [-np.inf, *MIDDLE, np.inf], labels=False)
            found[weighting] = pushed.groupby(where).sum(), (pushed**2).groupby(where).sum()
        sums = found[name][0] / found[BOUND][0]
        squares = found[BOUND][1] / found[BOUND][1].sum()
        parts.append(
            f"{study.TITLES[str(dataset)]}, {sums[0]:.2f} times at noisier levels and {sums[1]:.2f} times "
            f"between, where {squares[1]:.0%} of the squares are under the bound"
        )
    return (
        f"Where? With {words.weighting(name)} and {style.SYMBOLS[target]}, $\\int k\\, e$ up to a log-SNR of "
        f"{MIDDLE[0]:g}, and between that and {MIDDLE[1]:g}, is, over the bound's: {'; '.join(parts)}. So "
        "the sum may fall where the largest parts do not. This was looked for when the results were known."
    )


def noisy_end(levels: pd.DataFrame, table: pd.DataFrame) -> str:
    """At the noisiest slice: errors under the bound over those of pilots, and how much weight is there."""
    log_snr = np.sort(levels["log_snr"].unique())
    low = float(log_snr[0])
    parts = []
    for dataset in dict.fromkeys(levels["dataset"]):
        kept = table[table["dataset"] == dataset]
        pilot = float(np.interp(low, kept["log_snr"], kept[ERRORS[-1]]))
        at = levels.assign(squared=squared_errors(levels))
        at = at[(at["dataset"] == dataset) & (at["log_snr"] == low) & (at["weighting"] == BOUND)]
        at = at.groupby("target", sort=False)["squared"].mean()
        over = ", ".join(
            f"{style.SYMBOLS[t]} {float(np.sqrt(at[t])) / pilot:.2g}"
            for t in ("eps", "v")
            if t in at
        )
        w = weight(str(dataset), "over-error", FINE)
        share = w[FINE[0] + 2 >= FINE].sum() / w.sum()
        parts.append(f"{study.TITLES[str(dataset)]}, {over}, and {share:.0%} of the weight")
    return (
        f"The weights were made from errors of pilots of $v$. At a log-SNR of {low:g} networks "
        f"under the bound "
        "are off by, over the pilots, and the first two nats have, of the whole weight of "
        f"{words.weighting('over-error')}: {'; '.join(parts)}. So for $\\epsilon$ that weight is not the one "
        "that was derived, and what is found for it is no test of the derivation. Other ends would "
        "give other "
        "weights there. This was looked for after a review."
    )


def elastic(answer: pd.DataFrame) -> str:
    """How much of an answer errors give to weights."""
    derived = answer[answer["weighting"].isin(rules.NAMES)]
    parts = []
    for rows, what in ((derived, "derived"), (answer.drop(derived.index), "all other")):
        parts.append(
            f"{what} weightings {rows['slope'].median():.2f} ({rows['slope'].min():.2f} to "
            f"{rows['slope'].max():.2f}; $R^2$ {rows['r2'].median():.2f})"
        )
    return (
        f"Slopes, medians and ranges: {'; '.join(parts)}. {answer['slope'].between(-1, 0).sum()} of "
        f"{len(answer)} are between $-1$, an error in inverse proportion to its weight, and 0, no answer. "
        "That a level's error falls where its weight is raised does not say that a sum over levels falls."
    )
