"""The first of the reader's three experiments: the losses of x and of eps, guarded and rescaled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from torch import Generator

from companion import study
from companion.chapters.equal_footing.objectives import IN_TIME
from companion.evidence import style
from companion.runs.plane import SCHEDULE
from diffcore.denoisers import Denoiser
from diffcore.exact.data2d import DATASETS
from diffcore.losses import noise_like, noised, squared_norm
from diffcore.published import Published
from diffcore.targets import EPS

PERFECT = "perfect"
"""The exact denoiser, beside networks."""


def two_losses(
    networks: Mapping[str, Denoiser], name: str, guard: float, points: int, seed: int = 3
) -> pd.DataFrame:
    """The published NELBO and rescaled loss of networks and of the exact denoiser, code units.

    Args:
        networks: by the target that they predict.
        name: of the data set.
        guard: in the denominators; 0.01 in the published code.
        points: at stratified uniform times, the same for all.
        seed: of the points.

    Returns:
        A row for each target: ``nelbo`` and ``rescaled`` of its network, ``perfect_nelbo`` and
        ``perfect_rescaled`` of the exact denoiser in the losses of that target.
    """
    generator, mixture = Generator().manual_seed(seed), DATASETS[name]()
    x = mixture.sample(points, generator).double()
    t = IN_TIME.sample(points, SCHEDULE, generator).t
    eps = noise_like(x, generator)
    z = noised(x, eps, t, SCHEDULE)
    best = squared_norm(eps - mixture.denoiser(SCHEDULE).predict(z, t, EPS)) / x.shape[1]
    rows = []
    for target, denoiser in networks.items():
        found = denoiser.predict(z.float(), t.float(), EPS).double()
        error = squared_norm(eps - found) / x.shape[1]
        row: dict[str, Any] = {"target": target}
        for loss in ("nelbo", "rescaled"):
            factor = Published(loss, target, guard).eps_factor(t, SCHEDULE)
            row[loss] = float((factor * error).mean())
            row[f"perfect_{loss}"] = float((factor * best).mean())
        rows.append(row)
    return pd.DataFrame(rows)


TWO_SHOWN: dict[str, Any] = {
    "caption": "The published NELBO and rescaled loss of a network of $x$ and one of $\\epsilon$, each in "
    "the losses of its own target, and of the exact denoiser in the same losses; code units.",
    "words": {"dataset": study.TITLES} | style.CELLS,
    "columns": {
        "target": "predicts",
        "nelbo": "NELBO",
        "perfect_nelbo": "of the exact denoiser",
        "rescaled": "rescaled",
        "perfect_rescaled": "of the exact denoiser ",
    },
    "digits": 3,
}
"""How `two_losses` is shown."""
