"""How far networks of the profile `standard` are from what ten times their steps make of them.

The eight objectives of chapter 19 on its data sets, one seed: the same networks, plan and points, and ten
times the steps. They go through the store of runs, so that a kill costs nothing.

    python -m tests.benchmarks.tenfold
"""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import torch

from companion import profiles, runs
from companion.chapters.equal_footing import grid, results
from companion.chapters.full_length.results import TENFOLD
from companion.evidence import excess
from tests.benchmarks import kept

TIMES = TENFOLD
SEED = 100
"""The first of the chapter's."""


def main() -> None:
    standard = profiles.get("standard")
    keys = [key for key in grid.eight_keys(standard) if key[4] == SEED]
    plain = [grid.run(standard, key) for key in keys]
    longer = [replace(run, plan=replace(run.plan, steps=TIMES * run.plan.steps)) for run in plain]
    found = {}
    for name, wanted in (("plain", plain), ("tenfold", longer)):
        denoisers = [one.denoiser for one in runs.get(wanted)]
        levels = results.by_level(dict(zip(keys, denoisers, strict=True)), results.STANDARD)
        networks = excess.per_network(levels, results.MODEL).set_index(
            ["dataset", "target", "weighting"]
        )
        found[name] = networks["excess"]
    kept.save(
        pd.DataFrame(found).reset_index().assign(steps=plain[0].plan.steps),
        "tenfold.csv",
        "tenfold",
        f"Networks of chapter 19, seed {SEED}: excess over the exact floor, nats, after the "
        f"steps of the profile standard, and after {TIMES} times as many.",
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
