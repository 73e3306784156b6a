"""How figures look: one style, one colour and marker for each target and data set.

Colours are Okabe and Ito's (2008), told apart by the colour-blind; every series also has its own
marker or line style. Text in SVGs is drawn as paths, so it looks the
same on every machine, and the bytes are the same every time.
"""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
from cycler import cycler

#: One text column of the book, in inches; figures are at most this wide.
WIDTH = 6.6

OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")

#: Colour, marker and line style of each prediction target, the same in every figure.
TARGETS: dict[str, dict[str, Any]] = {
    "x": {"color": OKABE_ITO[0], "marker": "o", "linestyle": "-"},
    "eps": {"color": OKABE_ITO[1], "marker": "s", "linestyle": "--"},
    "v": {"color": OKABE_ITO[2], "marker": "^", "linestyle": "-."},
    "score": {"color": OKABE_ITO[3], "marker": "D", "linestyle": ":"},
    "velocity": {"color": OKABE_ITO[4], "marker": "v", "linestyle": (0, (5, 1, 1, 1, 1, 1))},
}

#: How each prediction target is written in figures and tables.
SYMBOLS = {"x": "$x$", "eps": r"$\epsilon$", "v": "$v$", "score": "$s$", "velocity": "$u$"}


#: How each weighting that networks are trained under is written.
WEIGHTINGS = {
    "bound": "bound",
    "x-mse": "$x$-MSE",
    "v-mse": "$v$-MSE, flow",
    "eps-mse": r"$\epsilon$-MSE",
    "s-mse": "$s$-MSE",
    "logit-normal": "flow, logit-normal $t$",
    "sigmoid+2": "sigmoid, $b = 2$",
    "sigmoid+0": "sigmoid, $b = 0$",
    "sigmoid-3": "sigmoid, $b = -3$",
    "min-snr": r"Min-SNR, $\gamma = 5$",
    "p2": "P2",
    "edm": "EDM",
}

CELLS: dict[str, dict[str, str]] = {"target": SYMBOLS, "weighting": WEIGHTINGS}
"""How the cells of columns that many tables have are written where they are shown."""


def use() -> None:
    """Set matplotlib's style for the book; call once, in a notebook's first cell."""
    mpl.use("agg")
    mpl.rcdefaults()
    mpl.rcParams.update(
        {
            "figure.figsize": (WIDTH, 3.6),
            "figure.dpi": 100,
            "figure.constrained_layout.use": True,
            "font.family": "DejaVu Sans",
            "font.size": 10,
            "axes.titlesize": 10,
            "axes.labelsize": 10,
            "legend.fontsize": 9,
            "legend.frameon": False,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "grid.color": "#dddddd",
            "grid.linewidth": 0.6,
            "axes.axisbelow": True,
            "lines.linewidth": 1.8,
            "lines.markersize": 5,
            "axes.prop_cycle": cycler(color=OKABE_ITO),
            "svg.hashsalt": "diffusion-loss-companion",
            "svg.fonttype": "path",
            "savefig.facecolor": "white",
        }
    )
