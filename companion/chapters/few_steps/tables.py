"""How the tables of the chapter "Few steps, by target" are shown."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from companion import study
from companion.chapters.few_steps.results import FEW, KARRAS, PLAIN
from companion.evidence import style
from companion.runs.plane import BOUND, TARGETS

NINE_COLUMNS = {
    "dataset": "data set",
    "solver": "solver",
    "grid": "steps equal in",
    "exact": "exact",
    **{t: style.SYMBOLS[t] for t in TARGETS},
    "exact_width": "width, exact",
    "v_width": "of $v$",
}


def at_few(cells: pd.DataFrame, exact: pd.DataFrame) -> pd.DataFrame:
    """A row a data set, solver and grid with `FEW` evaluations: distances by target, and two widths."""
    plain = cells[
        (cells["evaluations"] == FEW) & (cells["start"] == PLAIN) & (cells["objective"] == BOUND)
    ]
    by = ["dataset", "solver", "grid"]
    distances = np.log(plain.set_index([*by, "target"])["total"]).groupby(
        [*by, "target"], sort=False
    )
    table = np.exp(distances.mean()).unstack("target")[list(TARGETS)]
    known = exact[exact["evaluations"] == FEW].set_index(by)
    table.insert(0, "exact", known["steps"])
    table["exact_width"] = known["width"]
    of_v = plain[plain["target"] == "v"].groupby(by, sort=False)["width"].median()
    return table.assign(v_width=of_v).rename_axis(columns=None).reset_index()


def at_few_shown(seeds: int, floors: pd.DataFrame) -> dict[str, Any]:
    """How `at_few` is shown."""
    limits = "; ".join(
        f"{study.TITLES[r.dataset]} {r.total:.2g}, widths within {r.width:.2g} of 1"
        for r in floors.itertuples()
    )
    return {
        "caption": f"{FEW} evaluations: sliced $W_2$ distance of samples to the exact denoiser's in many "
        f"steps, of the exact denoiser and of networks under the bound (geometric means over {seeds} seeds). "
        "*Width*: the median distance from the middle of the mode, over that of exact samples; of $v$ the "
        f"median over seeds. {KARRAS}: steps equal in $(\\sigma/\\alpha)^{{1/7}}$. 95 % of independent exact "
        f"sets show no more than: {limits}.",
        "columns": NINE_COLUMNS,
        "digits": dict.fromkeys(("exact", *TARGETS, "exact_width", "v_width"), ".2g"),
    }
