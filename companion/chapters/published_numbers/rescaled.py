"""The study's rescaled losses, as its code computes them, of the best possible denoiser."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from companion import study
from companion.chapters.published_numbers.results import Budget, published_floors
from diffcore.exact.data2d import DATASETS
from diffcore.published import Published

RESCALED_SHOWN: dict[str, Any] = {
    "caption": "One perfect denoiser in the four rescaled losses of the published code, code "
    "units, with the standard error, and as a multiple of the value in $x$, which has no guard. "
    "On paper every multiple is 1.",
    "columns": {
        "dataset": "data set",
        "target": "target",
        "floor": "floor",
        "floor_error": "±",
        "over_x": "÷ x",
    },
    "digits": {"floor_error": 5, "over_x": 3},
}
"""How `rescaled_floors` is shown."""


def rescaled_floors(budget: Budget, seed: int = 0) -> pd.DataFrame:
    """What one perfect denoiser scores in each rescaled loss of the code, guards included: 16 rows.

    On paper the rescaled losses are one loss, so the four values of a data set are equal; each guard
    changes its own.

    Args:
        budget: a quarter of its points are used.
        seed: of the first scramble.

    Returns:
        Columns dataset, target, ``floor``, ``floor_error``, and ``over_x``, the floor divided by that of x.
    """
    losses = [Published("rescaled", target) for target in study.TARGETS]
    quarter = replace(budget, points=budget.points // 4)
    rows = []
    for number, name in enumerate(study.DATASETS):
        values = published_floors(DATASETS[name](), losses, quarter, seed + 1000 * number)
        rows += [
            {
                "dataset": name,
                "target": target,
                "floor": value.value.item(),
                "floor_error": value.error.item(),
                "over_x": (value.value / values[0].value).item(),
            }
            for target, value in zip(study.TARGETS, values, strict=True)
        ]
    return pd.DataFrame(rows)
