"""Malformed inputs for the command line: each is told in one line, or is in fact fine.

``python -m tests.campaign inputs -n N --seed S``. Command lines, notebooks' headers, manifests, records,
training runs and published tables are damaged by the rules of `tests.campaign.grammar` in a small checkout,
where `tests.campaign.trial` tries them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.miniature import Miniature, notebook

ROOT = Path(__file__).resolve().parents[2]

GRID = """\
from functools import partial
import torch
import diffcore as dc
from companion.runs.run import Run
from diffcore.networks import StudyMLP
from diffcore.training import Plan

def grid(profile):
    data = torch.randn(64, 2, generator=torch.Generator().manual_seed(0))
    loss = dc.Loss(dc.schedules.Cosine(), dc.EPS)
    net, plan = partial(StudyMLP, 2, 8, depth=1), Plan(steps=4, batch=8, ema=0.9)
    return {f"v/{seed}": Run(loss, seed, net, data, plan) for seed in range(2)}
"""
SAVE = (
    "import pandas as pd\nsaved = Artifacts('{0}', profile)\nsaved.table(frame, '{1}', caption='.')"
)


def checkout(root: Path) -> Path:
    """Lay out a small checkout: two notebooks, a grid of two runs, and no figures."""
    notebooks = {
        "01_first": notebook("First", SAVE.format("01_first", "numbers")),
        "02_second": notebook("Second", SAVE.format("02_second", "sums"), "saved.load('numbers')"),
    }
    Miniature.make(root, notebooks)
    for part in ("diffcore", "companion/study"):
        skip = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / part, root / part, ignore=skip)
    tiny = root / "companion" / "chapters" / "tiny"
    tiny.mkdir(parents=True)
    for folder in (tiny.parent, tiny):
        (folder / "__init__.py").write_text("", encoding="utf-8")
    (tiny / "grid.py").write_text(GRID, encoding="utf-8")
    return root


def run(n: int, seed: int) -> bool:
    """Try ``n`` malformed inputs, print the counts, and say whether every one was told in one line."""
    with tempfile.TemporaryDirectory() as folder:
        root = checkout(Path(folder) / "checkout")
        path = os.pathsep.join([str(root), str(ROOT)])
        command = [sys.executable, "-m", "tests.campaign.trial", str(n), str(seed)]
        environment = os.environ | {"PYTHONPATH": path, "PYTHONHASHSEED": "0"}
        environment.pop("COMPANION_RUNS", None)
        done = subprocess.run(command, cwd=root, env=environment, check=False)
    return done.returncode == 0
