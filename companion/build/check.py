"""Run everything again from nothing, and name what differs from the committed figures."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from companion import paths, profiles
from companion.errors import UserError
from companion.files import write_text

#: What a cold run is made from. Nothing built, no training run, goes along.
SOURCES = ["book", "companion", "diffcore", "notebooks"]
SOURCES += ["Snakefile", "_config.yml", "jupytext.toml", "pyproject.toml", "requirements.lock"]


def run(profile: str, jobs: int = 2) -> list[str]:
    """Build the book in an empty folder and compare its figures and tables with this one's.

    Returns:
        A line for each file that differs; for a table, by how much.

    Raises:
        UserError: if there is nothing to compare with, or the cold build fails.
    """
    profile = profiles.get(profile).name
    expected = paths.figures_dir(profile)
    if not (expected / "manifest.json").is_file():
        raise UserError(
            f"nothing to compare with: expected figures of profile {profile} in "
            f"{expected.relative_to(paths.ROOT)}; run make book PROFILE={profile} first"
        )
    scratch = paths.build_dir(profile) / "cold"
    shutil.rmtree(scratch, ignore_errors=True)
    for name in SOURCES:
        source = paths.ROOT / name
        scratch.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            skip = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
            shutil.copytree(source, scratch / name, ignore=skip)
        else:
            shutil.copy(source, scratch / name)
    environment = os.environ | {"PYTHONPATH": str(scratch), "COMPANION_RUNS": str(scratch / "runs")}
    command = [sys.executable, "-m", "companion", "book", "--profile", profile]
    done = subprocess.run(
        [*command, "--jobs", str(jobs)], cwd=scratch, env=environment, check=False
    )
    if done.returncode:
        raise UserError(f"the cold build failed in {scratch.relative_to(paths.ROOT)}: see above")
    again = scratch / expected.relative_to(paths.ROOT)
    found = compare(expected, again)
    write_text(paths.logs_dir(profile) / "check.log", "".join(f"{line}\n" for line in found))
    return found


def compare(expected: Path, again: Path) -> list[str]:
    """Return a line for each file of two figure folders that is not the same bytes in both."""
    names = {p.name for folder in (expected, again) for p in folder.iterdir() if p.is_file()}
    lines = []
    for name in sorted(names):
        old, new = expected / name, again / name
        if not old.exists() or not new.exists():
            lines.append(
                f"{name}: only in {'the new' if new.exists() else 'the committed'} figures"
            )
        elif old.read_bytes() != new.read_bytes():
            lines.append(f"{name}: {_how(old, new)}")
    return lines


def _how(old: Path, new: Path) -> str:
    """Say how two files differ: a table by its largest relative difference."""
    if old.suffix != ".csv":
        return "not the same bytes"
    one, two = pd.read_csv(old), pd.read_csv(new)
    if one.shape != two.shape or list(one.columns) != list(two.columns):
        return "not the same rows and columns"
    numbers = one.select_dtypes("number").columns
    words = [column for column in one.columns if column not in numbers]
    if not one[words].equals(two[words]):
        return "not the same words"
    a, b = one[numbers].to_numpy(float), two[numbers].to_numpy(float)
    scale = np.maximum(np.abs(a), np.abs(b))
    apart = np.divide(np.abs(a - b), scale, out=np.zeros_like(a), where=scale > 0)
    return f"numbers differ by {np.nanmax(apart, initial=0):.1e} relative"
