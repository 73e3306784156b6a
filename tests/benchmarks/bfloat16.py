"""Whether networks trained with bfloat16 products end elsewhere than those in float32, and how soon.

The four targets under the bound of chapter 19, its plan and its first seeds: in float32 the runs of the
store, in bfloat16 the same under torch's autocast: weights and optimiser stay in float32. Times of
a step are medians of rounds in turns, of all networks of a data set stacked.

    python -m tests.benchmarks.bfloat16
"""

from __future__ import annotations

import time
from statistics import median

import pandas as pd
import torch

from companion import profiles, runs
from companion.chapters.equal_footing import grid, results
from diffcore.denoisers import NetDenoiser
from diffcore.training import Trainer
from tests.benchmarks import kept

SEEDS = 3
ROUNDS, STEPS = 7, 10


def trainer(wanted: list[runs.Run]) -> Trainer:
    """One for runs that share network, data and plan."""
    first = wanted[0]
    losses, seeds = [run.loss for run in wanted], [run.seed for run in wanted]
    return Trainer(first.net, losses, seeds, first.data, first.plan)


def step(one: Trainer, low: bool) -> None:
    with torch.autocast("cpu", torch.bfloat16, enabled=low):
        one.step()


def seconds(wanted: list[runs.Run]) -> dict[str, float]:
    """CPU seconds of a step of all of them, by precision."""
    pair = {"float32": trainer(wanted), "bfloat16": trainer(wanted)}
    spent: dict[str, list[float]] = {name: [] for name in pair}
    for _ in range(ROUNDS):
        for name, one in pair.items():
            started = time.thread_time()
            for _ in range(STEPS):
                step(one, low=name == "bfloat16")
            spent[name].append((time.thread_time() - started) / STEPS)
    return {name: median(times) for name, times in spent.items()}


def main() -> None:
    standard = profiles.get("standard")
    few = grid.seeds(standard)[:SEEDS]
    rows = []
    for dataset in grid.datasets(standard):
        keys = [k for k in grid.bound_keys(standard, grid.PLAIN) if k[0] == dataset and k[4] in few]
        wanted = [grid.run(standard, key) for key in keys]
        low = trainer(wanted)
        for _ in range(low.plan.steps):
            step(low, low=True)
        loss = [run.loss for run in wanted]
        nets = [NetDenoiser(low.net(i), of.schedule, of.target) for i, of in enumerate(loss)]
        both = {"float32": [one.denoiser for one in runs.get(wanted)], "bfloat16": nets}
        spent = seconds(wanted)
        for name, denoisers in both.items():
            levels = results.by_level(dict(zip(keys, denoisers, strict=True)), results.STANDARD)
            found = results.per_network(levels)[["dataset", "target", "seed", "excess"]]
            rows.append(found.assign(precision=name, step_s=spent[name]))
    kept.save(
        pd.concat(rows),
        "bfloat16.csv",
        "bfloat16",
        "Four targets under the bound, products in float32 and in bfloat16: excess over the exact "
        "floor, nats; "
        f"CPU seconds of a step of {len(wanted)} networks.",
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
