"""The figures of the chapter "From errors to samples"."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FormatStrFormatter, LogLocator, NullLocator

from companion import study
from companion.chapters.errors_to_samples import fine
from companion.chapters.errors_to_samples.pushed import METRICS
from companion.chapters.errors_to_samples.results import MODEL, PREDICTORS
from companion.chapters.errors_to_samples.scores import RATIOS, left_out
from companion.evidence import perturbed, style
from companion.evidence.exact_paths import FARTHEST
from companion.runs.plane import BOUND

COLOURS = dict(zip(study.DATASETS, style.OKABE_ITO, strict=False))
"""Of data sets; markers tell targets."""

DASHES = dict(zip(study.DATASETS, ("-", "--", "-.", ":"), strict=True))

DRAWN = ("total", "levels", "first")
"""Of `PREDICTORS`, those that are drawn."""

SHORT = {"total": "total excess", "levels": "levels × kernel", "first": "on exact paths"}


def predicted(networks: pd.DataFrame, scores: pd.DataFrame, metrics: tuple[str, ...]) -> Figure:
    """What was measured against what lines fitted to the other data sets predict.

    Args:
        networks: as :func:`companion.chapters.errors_to_samples.results.joined` gives them.
        scores: of them.
        metrics: a row of panels each.
    """
    drawing, axes = plt.subplots(
        len(metrics), len(DRAWN), figsize=(style.WIDTH, 2.15 * len(metrics) + 1.0), sharey="row"
    )
    r2 = scores.set_index(["metric", "predictor"])["all"]
    for row, metric in zip(axes, metrics, strict=True):
        block = networks[networks["metric"] == metric].reset_index(drop=True)
        y, sets = np.log(block["value"].to_numpy()), block["dataset"].to_numpy()
        for axis, predictor in zip(row, DRAWN, strict=True):
            at = np.exp(left_out(np.log(block[predictor].to_numpy()), y, sets))
            for (name, target, objective), part in block.groupby(
                ["dataset", "target", "objective"], sort=False
            ):
                colour, mark = COLOURS[str(name)], style.TARGETS[str(target)]["marker"]
                face = colour if objective == BOUND else "none"
                axis.plot(
                    at[part.index], part["value"], mark, color=colour, markersize=4,
                    markerfacecolor=face, markeredgewidth=0.9, linestyle="none",
                )  # fmt: skip
            both = np.concatenate([at, block["value"]])
            ends = [float(both.min()) / 1.2, float(both.max()) * 1.2]
            axis.plot(ends, ends, color="0.4", linewidth=1, zorder=0)
            axis.set(xscale="log", yscale="log", xlim=ends)
            for one in (axis.xaxis, axis.yaxis):
                one.set_major_locator(LogLocator(subs=(1.0, 3.0)))
                one.set_major_formatter(FormatStrFormatter("%g"))
                one.set_minor_locator(NullLocator())
            axis.set_title(f"{SHORT[predictor]}\n$R^2$ = {r2[metric, predictor]:.2f}")
        row[0].set_ylabel(f"{METRICS[metric]}")
    for axis in axes[-1]:
        axis.set_xlabel("predicted")
    handles = [
        Line2D([], [], color=COLOURS[name], marker="s", linestyle="none", label=study.TITLES[name])
        for name in networks["dataset"].unique()
    ]
    handles += [
        Line2D([], [], color="0.3", marker=style.TARGETS[target]["marker"], linestyle="none",
               label=style.SYMBOLS[target])
        for target in networks["target"].unique()
    ]  # fmt: skip
    handles.append(
        Line2D([], [], color="0.3", marker="o", markerfacecolor="none", linestyle="none",
               label="own squared error")
    )  # fmt: skip
    drawing.legend(handles=handles, loc="outside lower center", ncols=5)
    return drawing


def predicted_shown(networks: pd.DataFrame, scores: pd.DataFrame) -> dict[str, Any]:
    """What `predicted` shows."""
    count = len(networks.drop_duplicates(MODEL))
    r2 = scores.set_index(["metric", "predictor"])["all"]
    words = "; ".join(
        f"{METRICS[metric]} {', '.join(f'{r2[metric, p]:.2f}' for p in DRAWN)}"
        for metric in ("median", "energy")
    )
    return {
        "caption": f"Samples of {count} networks, measured against predicted; each data set is "
        "predicted by a line fitted to the other three, in logarithms; on the grey line prediction is "
        "right. From left to right what is known of a network: the root of its total excess; its excess "
        "by level, weighed by the squared kernel; its errors along exact paths, carried on to first "
        "order. Filled: trained on the bound; empty: on the squared error of what it predicts. Distances "
        "in standard deviations of the data.",
        "alt": "Six panels of points around a diagonal, two rows by three columns; from left to "
        f"right the points gather at the diagonal. R squared: {words}.",
    }


def by_level(levels: pd.DataFrame, kernel: pd.DataFrame, name: str) -> Figure:
    """The excess of each objective by level, the kernels, and their product, the last two logarithmic.

    Args:
        levels: excess by network and level.
        kernel: squared kernels of all data sets.
        name: the data set whose excess is drawn.
    """
    drawing, (left, middle, right) = plt.subplots(1, 3, figsize=(style.WIDTH, 3.6))
    own = levels[levels["dataset"] == name]
    width = float(np.diff(np.unique(own["log_snr"]))[0])
    of_set = kernel[kernel["dataset"] == name].set_index("log_snr")["rms"]
    for (target, objective), part in own.groupby(["target", "objective"], sort=False):
        mean = part.groupby("log_snr")["excess"].mean() / width
        look = style.TARGETS[str(target)]
        line = {"color": look["color"], "linestyle": "-" if objective == BOUND else ":"}
        label = style.SYMBOLS[str(target)] if objective == BOUND else None
        left.plot(mean.index, mean, label=label, **line)
        right.plot(mean.index, 2 * mean * of_set[mean.index], **line)
    for dataset, part in kernel.groupby("dataset", sort=False):
        middle.plot(
            part["log_snr"], part["rms"], color=COLOURS[str(dataset)],
            linestyle=DASHES[str(dataset)], label=study.TITLES[str(dataset)],
        )  # fmt: skip
    for axis, title in (
        (left, "excess, nats per nat"),
        (middle, "squared kernel"),
        (right, "excess × kernel"),
    ):
        axis.set(yscale="log", xlabel="log-SNR", title=title)
    right.set_ylim(bottom=max(right.get_ylim()[0], right.get_ylim()[1] / 1e6))
    left.legend(fontsize="small", ncols=2)
    middle.legend(fontsize="small")
    return drawing


def by_level_shown(
    levels: pd.DataFrame, kernel: pd.DataFrame, name: str, networks: int
) -> dict[str, Any]:
    """What `by_level` shows; arguments as there, and how many seeds each line is of."""
    own = levels[levels["dataset"] == name].merge(kernel, on=["dataset", "log_snr"])
    own = own.assign(product=own["excess"] * own["rms"])
    words = []
    for (target, objective), part in own.groupby(["target", "objective"], sort=False):
        mean = part.groupby("log_snr")[["excess", "product"]].mean()
        peaks = " and ".join(f"{mean[column].idxmax():.1f}" for column in ("excess", "product"))
        words.append(f"{target}, {'bound' if objective == BOUND else 'own'}: {peaks}")
    return {
        "caption": f"Left: the excess of the objectives on the {name.replace('_', ' ')} by level (mean of "
        f"{networks} seed{'s' * (networks != 1)}); solid: trained on the bound, dotted: on the squared "
        "error of what is predicted. Middle: the squared kernel, by which an error of the noise reaches "
        f"samples, mean over exact paths, none counted for more than {FARTHEST:g}. Right: twice the "
        "product, whose integral is the square of what levels say.",
        "alt": "Three panels with logarithmic vertical axes over the log-SNR from -12 to 12: excess, kernels "
        "of four data sets, and the product. The kernels are level below 0 and fall steeply above. Log-SNR "
        f"at which the excess and the product are largest: {'; '.join(words)}.",
    }


def fine_errors(costs: pd.DataFrame) -> Figure:
    """What a bump of error costs the bound and the flow's likelihood, by its level; as `costs` gives it."""
    drawing, axis = plt.subplots(figsize=(style.WIDTH, 3.4))
    axis.axhline(perturbed.EXCESS, color="black", linewidth=1.5)
    axis.text(costs["level"].max(), perturbed.EXCESS * 1.15, "the bound, either error", ha="right")
    looks = {
        fine.FINE: (style.OKABE_ITO[1], "s", "--", "varies over the noise"),
        fine.EVEN: (style.OKABE_ITO[0], "o", "-", "the same at every $z$"),
    }
    for kind, (colour, mark, dash, words) in looks.items():
        part = costs[costs["kind"] == kind]
        axis.plot(part["level"], part["derived"], dash, color=colour)
        axis.errorbar(
            part["level"], part["measured"], 2 * part["error"], fmt=mark, color=colour,
            label=f"the flow, {words}", capsize=3,
        )  # fmt: skip
    axis.set(yscale="log", xlabel="log-SNR of the error", ylabel="nats")
    axis.legend(loc="lower left")
    return drawing


def fine_shown(costs: pd.DataFrame, points: int) -> dict[str, Any]:
    """What `fine_errors` shows."""
    part = costs[costs["kind"] == fine.FINE]["measured"]
    other = costs[costs["kind"] == fine.EVEN]["measured"]
    return {
        "caption": f"Two errors that cost the bound the same, {perturbed.EXCESS:g} nats in a bump of "
        f"{perturbed.WIDTH:g} nats, and what the exact likelihood of the flow loses: lines derived, points "
        f"measured (mean over both signs, two standard errors), clusters, {points:,} points. The kernel of "
        "a fine error is flat, beside that of an even one.",
        "alt": "A logarithmic vertical axis over the log-SNR. A level line for "
        f"the bound; below it, nearly level, the loss by a fine error, {part.min():.1e} to "
        f"{part.max():.1e} nats; that by an even error falls from {other.max():.1e} to {other.min():.1e}.",
    }


def scores_shown(networks: pd.DataFrame) -> dict[str, Any]:
    """How scores are shown."""
    count = len(networks.drop_duplicates(MODEL))
    titles = {name: study.TITLES[name].lower() for name in networks["dataset"].unique()}
    return {
        "caption": f"$R^2$ of the logarithm of a metric, {count} networks, each data set "
        "predicted by a line fitted to the other three. *All* of them together, with a 95 % interval "
        "(bootstrap of the eight objectives, the same on all data sets); then each data set about its own "
        "mean, which is stricter. *Slope*: of the line through all.",
        "columns": {"metric": "metric", "predictor": "known of a network", "all": "all (95 %)"}
        | titles | {"slope": "slope"},
        "ends": {"all": ("low", "high")},
        "digits": 2,
    }  # fmt: skip


def parts_shown() -> dict[str, Any]:
    """How parts are shown."""
    return {
        "caption": f"{len(METRICS)} metrics, each got in three ways: of the network's *samples*; of the "
        "*whole flow*, the exact one pushed by the network's errors on exact paths; and of these errors to "
        "*first order*. In each row two of the three are compared: the factor between them, root mean "
        "square of logarithms over networks, so that it is at least 1. The flow is followed by the "
        "sampler, first order is summed by "
        "the trapezoidal rule over its steps: so their ratio has quadrature in it, too. What differs in "
        "one row may make up for what differs in another, and *both* be the less. *Moved less*: networks "
        "whose median displacement is below that of the middle network; *moved more*: the others.",
        "words": {"metric": METRICS, "part": RATIOS},
        "columns": {
            "metric": "metric",
            "part": "compared",
            "cause": "what differs",
            "less": "moved less",
            "more": "moved more",
        },
        "digits": 2,
    }


def floors_shown(sets: int, n: int) -> dict[str, Any]:
    """How floors are shown."""
    return {
        "caption": f"Noise floors: what 95 % of {sets} sets of {n:,} independent exact samples "
        "stay below, against the exact denoiser's. *Above*: the share of networks that exceed it. From "
        "the same noise, as in all other tables here, a perfect network has distance zero.",
        "words": {"dataset": study.TITLES} | style.CELLS,
        "columns": {"dataset": "data set", "sliced": "sliced $W_2$", "sliced_above": "above",
                    "energy": "energy distance", "energy_above": "above "},
        "digits": 3,
    }  # fmt: skip


def titled(scores: pd.DataFrame) -> pd.DataFrame:
    """The scores in words."""
    columns = [c for c in scores if not str(c).startswith("gain")]
    return scores[columns].assign(
        metric=scores["metric"].map(METRICS), predictor=scores["predictor"].map(PREDICTORS)
    )
