"""What the recipe's networks give, as the tables that the book reads: losses by epoch, excess by level.

    python -m tests.benchmarks.collected RECIPES DATA

Prints the SHA-256 of each table, for `companion.chapters.full_length.measured.FILES`.
"""

from __future__ import annotations

import hashlib
import platform
import sys
from pathlib import Path

import pandas as pd
import torch

from companion.chapters.equal_footing import objectives
from companion.evidence import excess
from companion.files import write_text
from tests.benchmarks.recipe import CELLS, EPOCHS
from tests.benchmarks.time_to_quality import HELD_OUT, SLICES, of_recipe


def save(frame: pd.DataFrame, path: Path, command: str, what: str) -> None:
    """Write a table with its source at its head."""
    machine = (
        f"torch {torch.__version__.partition('+')[0]}, {platform.machine()}, one thread, float32"
    )
    head = f"# {what}\n# python -m tests.benchmarks.{command}; {machine}.\n"
    text = head + frame.to_csv(index=False, float_format="%.6g", lineterminator="\n")
    write_text(path, text)
    digest = hashlib.sha256("\n".join(text.splitlines()).encode()).hexdigest()
    print(f'    "{path.name}": "{digest}",')  # noqa: T201


def main(folder: Path, data: Path) -> None:
    done = [c for c in CELLS if (folder / c.name / f"weights-{EPOCHS}.safetensors").exists()]
    epochs, levels = [], []
    for cell in done:
        named = {"dataset": cell.dataset, "target": cell.target, "objective": cell.objective}
        epochs.append(
            pd.read_csv(folder / cell.name / "epochs.csv").drop(columns="cpu_s").assign(**named)
        )
        found = excess.by_level(
            {(cell.dataset, cell.name): of_recipe(cell, folder)},
            ("dataset", "name"),
            objectives.SCHEDULE,
            objectives.ENDS,
            SLICES,
            HELD_OUT,
            seed=7,
        )
        levels.append(
            found.drop(columns="name").assign(target=cell.target, objective=cell.objective)
        )
    names = ["dataset", "target", "objective"]
    save(
        pd.concat(epochs)[[*names, "epoch", "loss"]],
        data / "recipe_epochs.csv",
        "recipe",
        "The study's recipe for 2-D data at its full length: mean training loss of each epoch, code units.",
    )
    save(
        pd.concat(levels)[[*names, "log_snr", "excess", "error"]],
        data / "recipe_levels.csv",
        "collected",
        f"Its networks after {EPOCHS} epochs: excess over the exact floor in {SLICES} slices of the log-SNR, "
        f"nats, at {HELD_OUT} held-out points in each, and its standard error.",
    )
    tried = data / "time_to_quality.csv"
    if tried.exists():
        save(
            pd.read_csv(tried, comment="#"),
            tried,
            "time_to_quality",
            "Every budget of ours that was tried for the quality of those networks: excess, nats, "
            "of the mean "
            "and the worst seed; CPU seconds of training, of one network alone.",
        )


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
