"""What the recipe's networks give, as the tables that the book reads: losses by epoch, excess by level.

python -m tests.benchmarks.collected
"""

from __future__ import annotations

from dataclasses import asdict

import pandas as pd
import torch

from companion.chapters.full_length.results import CELL
from tests.benchmarks import kept
from tests.benchmarks.recipe import EPOCHS, FOLDER, finished
from tests.benchmarks.time_to_quality import HELD_OUT, SLICES, by_level, of_recipe, quality

LATE = (80, 90, 100)


def main() -> None:
    epochs, levels = [], []
    for cell in finished():
        epochs.append(pd.read_csv(FOLDER / cell.name / "epochs.csv").assign(**asdict(cell)))
        levels.append(by_level(cell, {"recipe": of_recipe(cell)}).assign(**asdict(cell)))
    late = [
        asdict(cell)
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
