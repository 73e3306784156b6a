"""Delete what was built, unless something is being built."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from pathlib import Path

from filelock import FileLock, Timeout

from companion.build import processes
from companion.errors import UserError
from companion.paths import BUILD


def clean(folder: Path = BUILD) -> None:
    """Delete ``folder``; what a killed build has left running is ended first.

    Raises:
        UserError: if a build is running in it, or it is a link or a file; nothing is deleted then.
    """
    if not folder.is_dir() or folder.is_symlink():
        if folder.is_symlink() or folder.exists():
            raise UserError(f"{folder} is no folder of ours: expected one; remove it yourself")
        return
    with ExitStack() as held:
        locks = [*folder.glob(".*.lock"), *folder.glob("*/.*.lock")]  # of builds, and of `check`
        for lock in sorted(locks):
            built = lock.with_name(lock.name[1 : -len(".lock")])
            try:
                held.enter_context(FileLock(lock).acquire(blocking=False))
            except Timeout:
                raise UserError(
                    f"something is being built in {built}: expected nothing; wait for it, or end it"
                ) from None
            processes.end(processes.mark_of(built))
        shutil.rmtree(folder)
