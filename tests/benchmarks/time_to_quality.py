"""How long our engine needs for the quality that the study's recipe ends with.

Quality is the excess over the exact floor on log-SNR [-12, 12], in nats, on the same held-out points for all.
The recipe's networks are those of `tests.benchmarks.recipe`, after their last epoch. Ours are trained for
steps on a grid of doublings; the first at which *every* seed is at most as far from the floor as the recipe
counts, so a time is rounded up by as much as two. Large networks have one seed, as the recipe has
(the first rows of the table have two: it was too dear to go on so). Fixed before one of ours was trained:

- *own*: the recipe's network and target without guards, the bound as the weight, levels drawn evenly in the
  log-SNR, batches of 256, a rate of 1e-3 that falls to 0, averaged weights;
- *free*: v by the network, plan and weight of chapter 19, whatever the recipe's target.

Times are those of one network alone, on one thread: the median time of a step, the two measured in turns, by
the steps. Killed at any moment, it goes on.

    python -m tests.benchmarks.time_to_quality [CELL ...]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from functools import partial
from itertools import count
from statistics import median
from typing import Any

import pandas as pd
import torch
from safetensors.torch import load_file
from torch import Generator, nn

from companion import profiles
from companion.chapters.equal_footing import grid, objectives
from companion.chapters.full_length.results import LAST_STEPS
from companion.evidence import excess
from companion.runs.plane import BOUND, ENDS, SCHEDULE, TARGETS
from diffcore.denoisers import Denoiser, NetDenoiser
from diffcore.networks import StudyMLP
from diffcore.published import GuardedScore
from diffcore.training import Plan, Trainer
from tests.benchmarks import kept, recipe
from tests.benchmarks.recipe import EPOCHS, POINTS, Cell

SEEDS = {"free": (200, 201, 202), "own": (200,)}
FIRST = {"free": 50, "own": 250}
"""Steps of the least budget."""
LAST = LAST_STEPS
NAME = "time_to_quality.csv"
RECIPE_STEPS = EPOCHS * -(-POINTS // recipe.BATCH)
SLICES, HELD_OUT, SEED = 24, 1_000, 7
"""Of the measured excess: slices of the log-SNR, points in each, and their seed."""


def plan(kind: str, steps: int) -> Plan:
    common = replace(grid.plan(profiles.get("standard")), steps=steps)
    return replace(common, learning_rate=1e-3) if kind == "own" else common


def net(kind: str) -> Callable[[], nn.Module]:
    return partial(StudyMLP, width=512, depth=7) if kind == "own" else grid.net()


def trainer(cell: Cell, kind: str, steps: int, seeds: tuple[int, ...]) -> Trainer:
    target = cell.target if kind == "own" else "v"
    loss = objectives.loss(target, BOUND)
    return Trainer(
        net(kind), [loss] * len(seeds), list(seeds), grid.data(cell.dataset), plan(kind, steps)
    )


def of_recipe(cell: Cell, epoch: int = EPOCHS) -> Denoiser:
    """What the recipe has trained, asked for any target."""
    trained = recipe.network()
    weights = load_file(recipe.FOLDER / cell.name / f"weights-{epoch}.safetensors")
    trained.load_state_dict({name.removeprefix("net."): value for name, value in weights.items()})
    target = GuardedScore(recipe.GUARD) if cell.target == "score" else TARGETS[cell.target]

    def net(z: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            return trained(torch.cat([z, t[:, None].to(z)], 1))

    return NetDenoiser(net, SCHEDULE, target)


NAMED = ("dataset", "name")


def by_level(cell: Cell, denoisers: Mapping[str, Denoiser]) -> pd.DataFrame:
    """The excess of denoisers, nats, in each slice of the log-SNR."""
    keyed = {(cell.dataset, name): denoiser for name, denoiser in denoisers.items()}
    return excess.by_level(keyed, NAMED, SCHEDULE, ENDS, SLICES, HELD_OUT, seed=SEED)


def quality(cell: Cell, denoisers: Mapping[str, Denoiser]) -> dict[str, float]:
    """The excess of denoisers, nats, by their names."""
    found = excess.per_network(by_level(cell, denoisers), NAMED)
    return dict(zip(found["name"], found["excess"], strict=True))


def seconds_of_steps(cell: Cell, kind: str, rounds: int = 7, steps: int = 5) -> tuple[float, float]:
    """CPU seconds of a step of the recipe and of ours, medians of rounds in turns."""
    data = grid.data(cell.dataset)
    plain, generator = recipe.network(), Generator().manual_seed(0)
    adam = torch.optim.Adam(plain.parameters(), lr=recipe.RATE)
    ours = trainer(cell, kind, LAST, SEEDS[kind][:1])

    def theirs() -> None:
        batch = data[torch.randint(len(data), (recipe.BATCH,), generator=generator)]
        adam.zero_grad()
        recipe.loss(plain, cell, batch, generator).backward()
        adam.step()

    spent: dict[str, list[float]] = {"recipe": [], "ours": []}
    for _ in range(rounds):
        for name, step in (("recipe", theirs), ("ours", ours.step)):
            started = time.thread_time()
            for _ in range(steps):
                step()
            spent[name].append((time.thread_time() - started) / steps)
    return median(spent["recipe"]), median(spent["ours"])


def tried(cell: Cell, kind: str, steps: int) -> list[float]:
    """The excess of ours after so many steps, by seed."""
    ours = trainer(cell, kind, steps, SEEDS[kind])
    for _ in range(steps):
        ours.step()
    loss = ours.losses[0]
    seeds = range(len(SEEDS[kind]))
    nets = {str(i): NetDenoiser(ours.net(i), loss.schedule, loss.target) for i in seeds}
    found = quality(cell, nets)
    return [found[str(i)] for i in seeds]


def main(names: list[str]) -> None:
    for kind in SEEDS:
        for cell in recipe.finished():
            named = asdict(cell)
            rows = kept.read(NAME).to_dict("records")
            known = [r for r in rows if r["kind"] == kind and named.items() <= r.items()]
            done = any(r["excess_max"] <= r["recipe_excess"] for r in known)
            if done or (names and cell.name not in names):
                continue
            wanted = quality(cell, {"recipe": of_recipe(cell)})["recipe"]
            for doubling in count(len(known)):
                steps = FIRST[kind] * 2**doubling
                if steps > LAST:
                    break
                found = tried(cell, kind, steps)
                theirs, ours = seconds_of_steps(cell, kind)
                row: dict[str, Any] = named | {"kind": kind, "recipe_excess": wanted}
                row |= {"recipe_s": theirs * RECIPE_STEPS, "steps": steps, "seeds": len(found)}
                row |= {"excess_mean": sum(found) / len(found), "excess_max": max(found)}
                kept.append(
                    row | {"seconds": ours * steps},
                    NAME,
                    "time_to_quality",
                    "Every budget of ours that was tried for the quality of the recipe's networks: excess, "
                    "nats, mean and worst of the seeds; CPU seconds of all steps, of one network alone.",
                )
                if max(found) <= wanted:
                    break


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(sys.argv[1:])
