"""Run everything again from nothing, and compare with the results of record."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from companion import paths
from companion.build import processes, results
from companion.errors import UserError
from companion.evidence import manifest
from companion.evidence.compare import Comparison, compare
from companion.files import write_text

#: What a cold run is made from. Nothing built, no training run, goes along.
SOURCES = ["book", "companion", "diffcore", "notebooks", "figures", "profiles"]
SOURCES += ["Snakefile", "_config.yml", "jupytext.toml", "pyproject.toml", *paths.LOCKS]


def run(jobs: int = 2) -> list[Comparison]:
    """Build the book in an empty folder and compare its figures and tables with the record.

    Raises:
        UserError: if there is no record, or the cold build fails.
    """
    recorded = results.record()["artifacts"]
    scratch = paths.build_dir(results.PROFILE) / "cold"
    with processes.head(scratch, "check") as environment:
        _build(scratch, jobs, environment)
    again = scratch / paths.figures_dir(results.PROFILE).relative_to(paths.ROOT)
    found = compare(paths.RESULTS, recorded, again, manifest.manifest_in(again))
    words = "".join(f"{c.words}\n" for c in found)
    write_text(paths.logs_dir(results.PROFILE) / "check.log", words)
    return found


def _build(scratch: Path, jobs: int, environment: dict[str, str]) -> None:
    """Copy the sources into the empty folder ``scratch``, and build the book there."""
    shutil.rmtree(scratch)
    scratch.mkdir()
    for name in SOURCES:
        source = paths.ROOT / name
        if source.is_dir():
            skip = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
            shutil.copytree(source, scratch / name, ignore=skip)
        elif source.is_file():
            shutil.copy(source, scratch / name)
    environment |= {"PYTHONPATH": str(scratch), "COMPANION_RUNS": str(scratch / "runs")}
    command = [sys.executable, "-m", "companion", "book", "--profile", results.PROFILE]
    command = processes.launched([*command, "--jobs", str(jobs)])
    # a session of its own: Ctrl-C is told once, by this process, and ends that one
    done = subprocess.run(
        command, cwd=scratch, env=environment, check=False, start_new_session=True
    )
    if done.returncode:
        raise UserError(f"the cold build failed in {scratch.relative_to(paths.ROOT)}: see above")
