"""The first step of a chain, by where it starts: what it makes of a network's error, and how it is mended."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import product

import pandas as pd
import torch
from torch import Tensor

from companion.chapters.few_steps.grid import Key
from companion.chapters.few_steps.results import (
    BY_V,
    FEW,
    MEAN,
    MODEL,
    TIME,
    Budget,
    Known,
    drawn,
    levels,
    noise,
)
from companion.chapters.few_steps.walks import AT_THE_MEAN, begun_by
from companion.evidence.distances import projections
from companion.runs.plane import BOUND, ENDS, SCHEDULE, TARGETS
from diffcore.denoisers import Denoiser
from diffcore.samplers import DDIM, Level, Predicted

MENDED_FROM = (ENDS[0], -math.inf)
"""First levels from which chains are also mended."""


def starts(
    denoisers: Mapping[Key, Denoiser], of: Mapping[str, Known], budget: Budget
) -> pd.DataFrame:
    """What the first step of DDIM does, and where its chain ends, by the first level: `FEW` evaluations.

    Networks of the bound; steps equal in time.

    Returns:
        Columns `MODEL`; ``first``, the log-SNR; ``error``, of the predicted target there, and ``moved``, of z
        after the step, both root mean squares against the exact denoiser; ``factor``, what the step makes of
        an error; the sliced distances ``total`` of the chain as it comes and, from the levels `MENDED_FROM`,
        mended: ``mean`` and ``v``.
    """
    bound = {key: one for key, one in denoisers.items() if key[2] == BOUND}
    ddim, rows = ("DDIM", TIME, FEW - 1), []
    for name, first in product(of, budget.starts):
        oracle, reference = of[name]
        z = torch.randn(budget.samples, 2, generator=noise())
        at = levels(TIME, FEW - 1, first)[:2]
        exact = projections(drawn(oracle, budget.samples, ddim, first))
        right = first_step(oracle, z, at)
        for key, denoiser in bound.items():
            if key[0] != name:
                continue
            row = TARGETS[key[1]]
            wrong = denoiser.predict(z, at[0].t, row) - oracle.predict(z, at[0].t, row)
            by_v = bound[name, "v", *key[2:]]
            begun = [denoiser]
            if first in MENDED_FROM:
                begun += [begun_by(other, denoiser, first) for other in (AT_THE_MEAN, by_v)]
            found = [
                reference.measured(drawn(one, budget.samples, ddim, first), exact)["total"]
                for one in begun
            ]
            found += [math.nan] * (3 - len(found))
            moved = rms(first_step(denoiser, z, at) - right)
            rows.append([*key, first, rms(wrong), kept(key[1], *at), moved, *found])
    columns = ["first", "error", "factor", "moved", "total", MEAN, BY_V]
    return pd.DataFrame(rows, columns=[*MODEL, *columns])


def first_step(denoiser: Denoiser, z: Tensor, at: Sequence[Level]) -> Tensor:
    """Where a step of DDIM takes latents z (n, 2) from the first of two levels to the second."""
    here, there = at
    return DDIM().law(Predicted(here, z, *denoiser.predict_pair(z, here.t)), there)[0]


def kept(target: str, here: Level, there: Level) -> float:
    """What a step of DDIM makes of an error of one in a target: infinite where its determinant is zero."""
    a, b = TARGETS[target].row(SCHEDULE, here.t)
    determinant = here.alpha * b - here.sigma * a
    between = here.alpha * there.sigma - there.alpha * here.sigma
    return float((between / determinant).abs())


def rms(difference: Tensor) -> float:
    """The root mean square length of rows (n, 2), infinite where one is not finite."""
    found = float(difference.double().square().sum(1).mean().sqrt())
    return found if math.isfinite(found) else math.inf
