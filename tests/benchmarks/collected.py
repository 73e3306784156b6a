"""What the recipe's networks give, as the tables that the book reads: losses by epoch, excess by level.

python -m tests.benchmarks.collected
"""

from __future__ import annotations

import pandas as pd
import torch

from companion.chapters.equal_footing import objectives
from companion.chapters.full_length.results import CELL
from companion.evidence import excess
from tests.benchmarks import kept
from tests.benchmarks.recipe import EPOCHS, FOLDER, finished
from tests.benchmarks.time_to_quality import HELD_OUT, SEED, SLICES, of_recipe, quality

LATE = (80, 90, 100)


def main() -> None:
    epochs, levels = [], []
    for cell in finished():
        named = {"dataset": cell.dataset, "target": cell.target, "objective": cell.objective}
        epochs.append(pd.read_csv(FOLDER / cell.name / "epochs.csv").assign(**named))
        found = excess.by_level(
            {(cell.dataset, cell.name): of_recipe(cell)},
            ("dataset", "name"),
            objectives.SCHEDULE,
            objectives.ENDS,
            SLICES,
            HELD_OUT,
            seed=SEED,
        )
        levels.append(found.assign(target=cell.target, objective=cell.objective))
    late = [
        {"dataset": cell.dataset, "target": cell.target, "objective": cell.objective}
        | {"epoch": epoch, "excess": quality(cell, {"recipe": of_recipe(cell, epoch)})["recipe"]}
        for cell in finished()
        for epoch in LATE
    ]
    kept.save(
        pd.DataFrame(late),
        "recipe_late.csv",
        "collected",
        "Its networks after late epochs: excess over the exact floor, nats, same points.",
    )
    kept.save(
        pd.concat(epochs)[[*CELL, "epoch", "loss"]],
        "recipe_epochs.csv",
        "recipe",
        "The study's recipe for 2-D data at its full length: mean training loss of each epoch, code units.",
    )
    kept.save(
        pd.concat(levels)[[*CELL, "log_snr", "excess", "error"]],
        "recipe_levels.csv",
        "collected",
        f"Its networks after {EPOCHS} epochs: excess over the exact floor in {SLICES} slices of the log-SNR, "
        f"nats, at {HELD_OUT} held-out points in each, and its standard error.",
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
