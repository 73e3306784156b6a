"""The study's recipe for 2-D data, written out in plain torch: what our engine is timed against.

Nothing of `diffcore` trains here, so the networks are a second opinion on its engine as well. Constants are
those of ``STUDY.md``, sections 3.3 and 3.4: seven ReLU layers of 512, [z, t] as input, Adam at 1e-3, batches
of 1,024 of 80,000 points in a new order each epoch, 100 epochs, guards of 1e-2. What the study's code keeps
of each example is left out. One thread; killed at any moment, it goes on from its last epoch to the same
numbers.

    python -m tests.benchmarks.recipe [CELL ...]
"""

from __future__ import annotations

import math
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch
from safetensors.torch import load_file, save_file
from torch import Generator, Tensor, nn

from companion import paths, study
from companion.files import write_text
from diffcore.exact.data2d import DATASETS

POINTS, BATCH, EPOCHS, RATE, GUARD = 80_000, 1_024, 100, 1e-3, 1e-2
FOLDER = paths.runs_dir() / "recipe"
"""Where the networks are; they are no runs of the store."""
KEPT = tuple(range(10, EPOCHS + 1, 10))
"""Epochs after which the weights are kept."""


@dataclass(frozen=True)
class Cell:
    """One network of the study's 96: a data set, a target, an objective."""

    dataset: str
    target: str
    objective: str

    @property
    def name(self) -> str:
        return f"{self.dataset}-{self.target}-{self.objective}"

    @property
    def seed(self) -> int:
        """Of its weights, batches, times and noise."""
        return 1_000 + CELLS.index(self)


CELLS = tuple(
    Cell(study.DATASETS[(t + 2 * o) % len(study.DATASETS)], target, objective)
    for o, objective in enumerate(study.OBJECTIVES)
    for t, target in enumerate(study.TARGETS)
)
"""Each target under each objective once, each data set twice: fixed before one of them was trained."""


def network() -> nn.Sequential:
    """The study's, on [z, t]."""
    layers: list[nn.Module] = []
    for fan_in in [3] + [512] * 6:
        layers += [nn.Linear(fan_in, 512), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(512, 2))


def loss(net: nn.Module, cell: Cell, x: Tensor, generator: Generator) -> Tensor:
    """The mean loss of a batch x (batch, 2), in the study's units."""
    t = torch.rand(len(x), 1, generator=generator)
    eps = torch.randn(x.shape, generator=generator)
    alpha, sigma = torch.cos(math.pi / 2 * t), torch.sin(math.pi / 2 * t)
    z = alpha * x + sigma * eps
    asked = {
        "x": x,
        "eps": eps,
        "v": alpha * eps - sigma * x,
        "score": -(z - alpha * x) / (sigma**2 + GUARD),
    }[cell.target]
    error = (net(torch.cat([z, t], 1)) - asked) ** 2
    if cell.objective == "weighted":
        return error.mean()
    coefficient = {
        "x": alpha / (sigma**3 + GUARD),
        "eps": 1 / (sigma * alpha + GUARD),
        "v": alpha / (sigma * (alpha**2 + sigma**2) + GUARD),
        "score": sigma / (alpha + GUARD),
    }[cell.target]
    return (coefficient * error.mean(1, keepdim=True)).mean()


def train(cell: Cell, folder: Path) -> None:
    """Train a cell, or what is left of it; weights and losses are written into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    data = DATASETS[cell.dataset]().sample(POINTS, Generator().manual_seed(0)).float()
    torch.manual_seed(cell.seed)
    net = network()
    adam = torch.optim.Adam(net.parameters(), lr=RATE)
    table, state = folder / "epochs.csv", folder / "state.safetensors"
    rows = pd.read_csv(table).to_dict("records") if state.exists() else []
    if rows:
        kept = load_file(state)
        rows = rows[: int(kept.pop("epochs"))]
        net.load_state_dict({name: kept[f"net.{name}"] for name in net.state_dict()})
        moments = ("step", "exp_avg", "exp_avg_sq")
        saved = {i: {m: kept[f"{m}.{i}"] for m in moments} for i in range(len([*net.parameters()]))}
        adam.load_state_dict(adam.state_dict() | {"state": saved})
    for epoch in range(len(rows), EPOCHS):
        generator = Generator().manual_seed(1_000 * cell.seed + epoch)
        started, losses = time.thread_time(), []
        for batch in data[torch.randperm(POINTS, generator=generator)].split(BATCH):
            adam.zero_grad()
            value = loss(net, cell, batch, generator)
            value.backward()
            adam.step()
            losses.append(value.detach())
        seconds = time.thread_time() - started
        rows.append(
            {"epoch": epoch + 1, "loss": float(torch.stack(losses).mean()), "cpu_s": seconds}
        )
        write_text(table, pd.DataFrame(rows).to_csv(index=False))
        weights = {f"net.{name}": value for name, value in net.state_dict().items()}
        remembered = {
            f"{m}.{i}": v for i, s in adam.state_dict()["state"].items() for m, v in s.items()
        }
        half = state.with_suffix(".half")
        save_file(weights | remembered | {"epochs": torch.tensor(epoch + 1)}, half)
        half.replace(state)
        if epoch + 1 in KEPT:
            save_file(weights, folder / f"weights-{epoch + 1}.safetensors")
        print(cell.name, epoch + 1, f"{rows[-1]['loss']:.4f}", f"{seconds:.1f} s", flush=True)  # noqa: T201


def finished() -> list[Cell]:
    """The cells that are trained to the end."""
    return [c for c in CELLS if (FOLDER / c.name / f"weights-{EPOCHS}.safetensors").exists()]


if __name__ == "__main__":
    torch.set_num_threads(1)
    wanted = sys.argv[1:] or [cell.name for cell in CELLS]
    for one in CELLS:
        if one.name in wanted:
            train(one, FOLDER / one.name)
