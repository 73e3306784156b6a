"""The files of training runs: read back only if they are what was written, one writer at a time."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from torch import Tensor

from companion import paths
from companion.errors import UserError, cannot
from companion.files import Unreadable, read_object, write_bytes
from companion.paths import FINISHED
from companion.runs.tensors import DamagedTensors, unpack


def finish(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write the results of a run, and last of all the marker that makes them count.

    Raises:
        UserError: if they cannot be written.
    """
    for name, content in files.items():
        write_bytes(folder / name, content)
    marker = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    write_bytes(folder / FINISHED, f"{json.dumps(marker, indent=1)}\n".encode())


def read_finished(folder: Path, name: str) -> bytes:
    """Return what `finish` wrote.

    Raises:
        UserError: if the file is missing or has been changed.
    """
    path = folder / name
    content = path.read_bytes() if path.is_file() else b""
    if hashlib.sha256(content).hexdigest() != read_json(folder / FINISHED).get(name):
        raise damaged(path, f"the file whose hash is in {FINISHED}")
    return content


def read_json(path: Path) -> dict[str, Any]:
    """Return the JSON object in ``path``; raises UserError if there is none."""
    try:
        return read_object(path)
    except Unreadable as error:
        raise damaged(path, "a JSON object", error) from error


def read_tensors(path: Path, owner: str) -> dict[str, Tensor]:
    """Return the tensors in ``path``; raises UserError if they are not those that ``owner`` saved."""
    try:
        return unpack(path, owner)
    except DamagedTensors as error:
        raise damaged(path, "the safetensors that were saved", error) from error


def damaged(path: Path, expected: str, why: object = "") -> UserError:
    """The one line that says which file of a run is wrong, and how to mend it."""
    detail = f" ({' '.join(str(why).split())})" if str(why) else ""
    return UserError(
        f"training run {path.parent.name}: {path.name} is missing or damaged{detail}: "
        f"expected {expected}; delete the folder {path.parent} and train it again"
    )


def lock_of(name: str) -> FileLock:
    """The lock of the run whose folder has this name; whoever trains or removes it holds it."""
    folder = paths.runs_dir() / ".locks"
    folder.mkdir(parents=True, exist_ok=True)
    return FileLock(folder / f"{name}.lock")


@contextmanager
def only_one(ids: Iterable[str]) -> Iterator[None]:
    """Hold the locks of all these runs, so that no other process trains them meanwhile.

    Raises:
        UserError: if the folder of locks cannot be written.
    """
    with ExitStack() as stack:
        try:
            for name in sorted(ids):  # one order for all: no deadlock
                lock = lock_of(name)
                try:
                    stack.enter_context(lock.acquire(timeout=0))
                except Timeout:
                    # Drawn like a progress bar, which a notebook does not keep.
                    sys.stderr.write(f"\rrun {name} is being trained elsewhere: waiting\n")
                    stack.enter_context(lock.acquire())
        except OSError as error:
            raise UserError(
                f"{cannot('lock the training runs in', error, paths.runs_dir())}, or name another folder in "
                "COMPANION_RUNS"
            ) from error
        yield
