"""How the tables of the chapter "What a likelihood costs" are shown."""

from __future__ import annotations

from typing import Any

from companion.chapters.estimates.results import NET, SCRAMBLES, Budget
from companion.runs.plane import ENDS
from diffcore.estimates.pilots import EACH, KNOTS
from diffcore.exact.data2d import DATASETS

WORDS = {name: name.replace("_", " ") for name in (*DATASETS, NET)}
"""How models are written."""


def naive_shown(budget: Budget) -> dict[str, Any]:
    """How `naive` is shown."""
    return {
        "caption": "The naive estimator of the diffusion term between log-SNRs of "
        f"{ENDS[0]:g} and {ENDS[1]:g}: "
        "uniform times, independent points, nothing subtracted. Its variance is by quadrature, "
        f"{budget.points} Sobol points in each of {budget.scrambles} scrambles at each level; error: one "
        "standard error of the deviation. Last: evaluations after which a sample variance has a standard "
        "error of 10 %.",
        "digits": {"mean": 3, "sd": 1, "error": 1, "needed": ".1e"},
        "words": {"model": WORDS},
        "columns": {
            "model": "denoiser",
            "mean": "mean (nats)",
            "sd": "deviation of one evaluation (nats)",
            "error": "its error",
            "needed": "evaluations",
        },
    }


def shown(budget: Budget, models: list[str]) -> dict[str, Any]:
    """How `side_by_side` is shown."""
    return {
        "caption": "How many times fewer evaluations than the naive estimator needs, for the same standard "
        "error. Exact denoisers of four data sets, and a network of the rings. Independent points and strata "
        f"of time: by quadrature. Latin hypercubes and Sobol points: measured, "
        f"{budget.pilots} independent pilots with {budget.replicates // 4} replicates of {budget.n:,} "
        f"evaluations each (of the pilot, Sobol points and the linear guess {budget.replicates}); the "
        f"{KNOTS * EACH} evaluations of a pilot count, one for {SCRAMBLES} replicates, and make up "
        f"{KNOTS * EACH / (KNOTS * EACH + SCRAMBLES * budget.n):.1%}. By quadrature a pilot is not counted. "
        "*Subtracted* has mean zero; *exact denoiser*: the excess alone is estimated, and an "
        "evaluation is one of each.",
        "digits": dict.fromkeys(models, ".3g"),
        "columns": {"times": "times", "points": "points", "subtracted": "subtracted"}
        | {name: WORDS[name] for name in models},
    }
