"""The folders of training runs: in which state they are, how large, and whether anything names them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from companion import paths
from companion.errors import UserError
from companion.paths import FINISHED
from companion.profiles import PROFILES
from companion.runs import grids, outcome
from companion.runs.run import Run
from companion.runs.store import lock_of, read_finished, read_tensors
from companion.runs.training import CHECKPOINT, check_config

FOLDER = re.compile(r"[0-9a-f]{16}")
"""What the folder of a run is called; anything else in the folder of runs is not ours to touch."""


@dataclass(frozen=True)
class Status:
    """One run as it lies on the disk.

    Attributes:
        name: its full name.
        id: the name of its folder.
        state: ``finished``, ``at step k of n``, ``diverged: ...``, ``missing``, or ``damaged: ...``.
        size: of its folder, in bytes.
    """

    name: str
    id: str
    state: str
    size: int


@dataclass(frozen=True)
class Unnamed:
    """A folder that no grid names: ``size`` in bytes, ``busy`` while a process trains it."""

    id: str
    size: int
    busy: bool


def statuses(profile: str) -> list[Status]:
    """Every named run of a profile, in the order of the grids."""
    return [
        Status(name, run.id, state(run), size(run.folder))
        for name, run in grids.named(profile).items()
    ]


def state(run: Run) -> str:
    """In which state a run is; every file that is kept of it is read."""
    steps = run.plan.steps
    try:
        if (run.folder / FINISHED).exists():
            check_config(run)
            for name in outcome.kept(run.plan):
                read_finished(run.folder, name)
            return "finished"
        if (run.folder / CHECKPOINT).exists():
            check_config(run)
            kept = read_tensors(run.folder / CHECKPOINT, run.id)
            words = outcome.divergence(kept, run.plan.steps)
            return f"diverged: {words}" if words else f"at step {int(kept['step'])} of {steps}"
    except UserError as error:
        return f"damaged: {str(error).partition(': ')[2].partition(' is missing')[0]}"
    if not run.folder.exists():
        return "missing"
    return f"at step 0 of {steps}" if run.folder.is_dir() else "damaged: its folder is a file"


def size(folder: Path) -> int:
    """The bytes in a folder; 0 if there is none."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def prune(*, dry: bool = False) -> list[Unnamed]:
    """Remove the folders that no grid names under any profile, but those that are being trained.

    Args:
        dry: only say what would be removed.

    Raises:
        UserError: if a folder cannot be removed, or a grid does not give its runs: then none is.
    """
    kept = {run.id for profile in PROFILES for run in grids.named(profile).values()}
    folder = paths.runs_dir()
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    found = []
    for name in names:
        place = folder / name
        if not FOLDER.fullmatch(name) or name in kept or not place.is_dir():
            continue
        with _try_lock(name) as held:
            found.append(Unnamed(name, size(place), busy=not held))
            if held and not dry:
                try:
                    (place / FINISHED).unlink(missing_ok=True)  # first: half a run is no run
                    shutil.rmtree(place)
                except OSError as error:
                    raise UserError(
                        f"cannot remove {error.filename or place}: {error.strerror}: "
                        "expected a folder that can be written; remove it by hand"
                    ) from error
    return found


@contextmanager
def _try_lock(name: str) -> Iterator[bool]:
    """Hold a run's lock, or say that another process does."""
    lock: FileLock = lock_of(name)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()
