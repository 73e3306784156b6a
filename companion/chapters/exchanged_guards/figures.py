"""Figures of the chapter "Exchanged guards"."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from companion import study
from companion.chapters.exchanged_guards.grid import NONE, WEIGHTS
from companion.evidence import style
from companion.runs.plane import TARGETS

LOOKS: dict[str, dict[str, Any]] = {
    NONE: {"color": "#000000", "marker": "x", "linestyle": "-"},
    **{name: style.TARGETS[name] for name in TARGETS},
}
"""How each weight is drawn: that of a target as the target."""

WEIGHT_LABELS = {NONE: "none", **{name: style.SYMBOLS[name] for name in TARGETS}}
"""How weights are written."""


def totals(networks: pd.DataFrame) -> Figure:
    """Every network's excess, by weight, the targets side by side; a panel for each data set.

    Args:
        networks: as :func:`companion.chapters.exchanged_guards.results.per_network` returns it.
    """
    names = list(dict.fromkeys(networks["dataset"]))
    figure, axes = plt.subplots(
        len(names), 1, sharex=True, squeeze=False, figsize=(style.WIDTH, 0.6 + 2.6 * len(names))
    )
    for axis, name in zip(axes[:, 0], names, strict=True):
        shared: dict[str, Any] = {
            "data": networks[networks["dataset"] == name],
            "x": "weight",
            "y": "excess",
            "hue": "target",
            "order": WEIGHTS,
            "hue_order": list(TARGETS),
            "palette": {target: style.TARGETS[target]["color"] for target in TARGETS},
            "ax": axis,
            "legend": False,
        }
        sns.pointplot(
            **shared,
            markers=[style.TARGETS[target]["marker"] for target in TARGETS],
            dodge=0.6,
            linestyle="none",
            estimator="mean",
            errorbar=None,
            markersize=4.5,
        )
        sns.stripplot(**shared, dodge=True, jitter=False, size=3.5, alpha=0.6)
        axis.set_yscale("log")
        axis.set_title(study.TITLES[name])
        axis.set_ylabel("excess, nats")
        axis.set_xlabel("")
    axes[-1, 0].set_xticks(range(len(WEIGHTS)), [WEIGHT_LABELS[w] for w in WEIGHTS])
    axes[-1, 0].set_xlabel("trained under the guard of")
    handles = [
        Line2D([], [], **style.TARGETS[t] | {"linestyle": "none"}, label=style.SYMBOLS[t])
        for t in TARGETS
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=4, title="predicts")
    return figure


def totals_shown(table: pd.DataFrame) -> dict[str, Any]:
    """Caption and alt text of `totals`.

    Args:
        table: as :func:`companion.chapters.exchanged_guards.results.side_by_side` returns it.
    """
    panels = table["dataset"].nunique()
    mean = table.groupby(["weight", "target"], sort=False)["excess"].mean()
    words = "; ".join(
        f"{weight}: " + ", ".join(f"{t} {mean[weight, t]:.3g}" for t in TARGETS)
        for weight in WEIGHTS
    )
    return {
        "caption": "Excess of every network over the exact floor, in nats (small dots: "
        f"{table['seeds'].max()} seeds; large marks: their mean), by the guard that it was trained "
        "under and the target that it predicts.",
        "alt": "Points on a logarithmic axis, five groups of four"
        f"{f', in {panels} panels of a data set each' if panels > 1 else ''}. Mean excess in nats"
        f"{', also over data sets' if panels > 1 else ''}, by weight. {words}.",
    }


def per_unit(levels: pd.DataFrame) -> pd.Series:
    """Excess per unit of log-SNR, mean over seeds, by target, weight and log-SNR."""
    width = levels["log_snr"].drop_duplicates().diff().median()
    return levels.groupby(["target", "weight", "log_snr"])["excess"].mean() / width


def by_weight(levels: pd.DataFrame) -> Figure:
    """Excess per nat of log-SNR: a panel for each predicted target, a curve for each weight.

    Args:
        levels: as :func:`companion.chapters.exchanged_guards.results.by_level` returns it, of one data set.
    """
    figure, axes = plt.subplots(2, 2, sharex=True, sharey=True, figsize=(style.WIDTH, 4.8))
    mean = per_unit(levels)
    for axis, target in zip(axes.flat, TARGETS, strict=True):
        for weight in WEIGHTS:
            curve = mean[target, weight]
            look = LOOKS[weight]
            axis.plot(curve.index, curve, **look, markersize=3, linewidth=1.2)
        axis.set_yscale("log")
        axis.set_title(f"predicts {style.SYMBOLS[target]}")
    figure.supxlabel(r"log-SNR $\lambda$", fontsize=10)
    figure.supylabel("excess, nats per unit", fontsize=10)
    handles = [Line2D([], [], **LOOKS[w], markersize=4, label=WEIGHT_LABELS[w]) for w in WEIGHTS]
    figure.legend(
        handles=handles, loc="outside upper center", ncols=5, title="trained under the guard of"
    )
    return figure


def by_weight_shown(levels: pd.DataFrame) -> dict[str, Any]:
    """Caption and alt text of `by_weight`."""
    name = study.TITLES[levels["dataset"].iloc[0]]
    return {
        "caption": f"Where the excess lies ({name}, mean of {levels['seed'].nunique()} seeds): noise on the "
        "left, clean data on the right. All guards take weight from the cleanest levels, those of "
        "$\\epsilon$ and $s$ from the noisiest too; what a network then does there is left to its target.",
        "alt": "Four panels of excess per unit of log-SNR on a logarithmic axis, one for each predicted "
        f"target, a curve for each weight. {_read(levels, [(t, w) for t in TARGETS for w in WEIGHTS])}",
    }


def _read(levels: pd.DataFrame, cells: list[tuple[str, str]]) -> str:
    """What curves of `per_unit` read at both ends and in the middle, in words."""
    mean = per_unit(levels)
    at = sorted(levels["log_snr"].unique())
    places = {"noisiest": at[0], "middle": at[len(at) // 2], "cleanest": at[-1]}
    words = "; ".join(
        f"{t} under {w}: " + ", ".join(f"{mean[t, w, level]:.1e}" for level in places.values())
        for t, w in cells
    )
    where = ", ".join(f"{place} {level:+.3g}" for place, level in places.items())
    return f"Read at the slices of log-SNR {where}: {words}."


HEADS: dict[str, dict[str, Any]] = {
    "x": style.TARGETS["x"] | {"label": "$x$"},
    "x_skip": {
        "color": style.OKABE_ITO[4],
        "marker": "P",
        "linestyle": (0, (5, 1, 1, 1)),
        "label": "$x$, skip",
    },
    "x_scale": {
        "color": style.OKABE_ITO[5],
        "marker": "d",
        "linestyle": (0, (3, 2)),
        "label": "$x$, scale",
    },
    "x_edm": {
        "color": style.OKABE_ITO[6],
        "marker": "x",
        "linestyle": "-",
        "label": "$x$, both",
    },
    "v": style.TARGETS["v"] | {"label": "$v$"},
}
"""How networks with heads are drawn, beside those of x and v."""


def heads(levels: pd.DataFrame) -> Figure:
    """Excess per unit of log-SNR with and without heads: a panel without a guard, one under that of x."""
    figure, axes = plt.subplots(2, 1, sharex=True, sharey=True, figsize=(style.WIDTH, 5.2))
    mean = per_unit(levels)
    for axis, weight in zip(axes, (NONE, "x"), strict=True):
        for target, look in HEADS.items():
            curve = mean[target, weight]
            axis.plot(curve.index, curve, **look, markersize=4, linewidth=1.3)
        axis.set_yscale("log")
        axis.set_title("no guard" if weight == NONE else "under the guard of $x$")
        axis.set_ylabel("excess, nats per unit")
    axes[-1].set_xlabel(r"log-SNR $\lambda$")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=5, title="network")
    return figure


def heads_shown(levels: pd.DataFrame) -> dict[str, Any]:
    """Caption and alt text of `heads`."""
    name = study.TITLES[levels["dataset"].iloc[0]]
    cells = [(target, weight) for weight in (NONE, "x") for target in HEADS]
    return {
        "caption": f"The same for networks with a head ({name}, mean of {levels['seed'].nunique()} seeds): "
        "$x$ bare, with EDM's skip alone, its scale alone, and both, which is $-v$; and networks of $v$.",
        "alt": "Two panels of excess per unit of log-SNR on a logarithmic axis, without a guard and under "
        f"that of x; five curves each. {_read(levels, cells)}",
    }


def ratios(judged: pd.DataFrame, ends: dict[str, float]) -> Figure:
    """Every case of the rule on ratios: the factor and its interval, a panel a question.

    Args:
        judged: columns dataset, question, case, rule, value, least, most.
        ends: the rules that are drawn, and the largest absolute log-SNR that each counts.
    """
    questions = list(dict.fromkeys(judged["question"]))
    figure, axes = plt.subplots(
        len(questions), 1, squeeze=False, figsize=(style.WIDTH, 2.7 * len(questions))
    )
    names = list(dict.fromkeys(judged["dataset"]))
    for axis, question in zip(axes[:, 0], questions, strict=True):
        block = judged[judged["question"] == question]
        cases = list(dict.fromkeys(block["case"]))
        for i, name in enumerate(names):
            for j, (rule, look) in enumerate(zip(ends, RULES, strict=True)):
                rows = block[(block["dataset"] == name) & (block["rule"] == rule)]
                offset = 0.35 / len(names) * (2 * i + j - len(names) + 0.5)
                at = [len(cases) - 1 - cases.index(case) - offset for case in rows["case"]]
                axis.errorbar(
                    rows["value"],
                    at,
                    xerr=[rows["value"] - rows["least"], rows["most"] - rows["value"]],
                    color=style.OKABE_ITO[i],
                    label=f"{study.TITLES[name]}, $|\\lambda| < {ends[rule]:g}$",
                    linestyle="none",
                    capsize=2.5,
                    **look,
                )
        axis.axvline(1, color="#000000", linewidth=1)
        axis.set_xscale("log")
        axis.set_yticks(range(len(cases)), [style.SYMBOLS[case] for case in reversed(cases)])
        axis.set_title(ASKED[question])
    axes[-1, 0].set_xlabel("factor")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2)
    return figure


RULES: tuple[dict[str, Any], ...] = (
    {"marker": "o", "markersize": 5},
    {"marker": "s", "markersize": 5, "markerfacecolor": "white"},
)
"""How the two ranges are drawn."""

ASKED = {
    "x best without guards": "no guard: excess of each target over that of $x$",
    "own guard costs": "excess under a target's own guard over that without",
}
"""The questions, as factors."""


def ratios_shown(judged: pd.DataFrame, ends: dict[str, float], seeds: int) -> dict[str, Any]:
    """Caption and alt text of `ratios`, of so many new seeds."""
    rows = judged[judged["rule"].isin(list(ends))]
    words = "; ".join(
        f"{question}: "
        + ", ".join(
            f"{row.dataset} {row.case} within {ends[str(row.rule)]:g} "
            f"{row.value:.2g} ({row.least:.2g} to {row.most:.2g})"
            for row in block.itertuples()
        )
        for question, block in rows.groupby("question", sort=False)
    )
    return {
        "caption": f"The rule on ratios, {seeds} new seeds: factors and their intervals (95 % for all of a "
        "data set and question together). Right of the line the answer is yes, left of it no, across "
        "it undecided.",
        "alt": "Two panels of factors with intervals on a logarithmic axis, with a line at one. By question, "
        f"data set, case and largest absolute log-SNR. {words}.",
    }
