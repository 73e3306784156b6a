"""Every process below a build ends with it, and what it left in the temporary directory goes with the next.

An orphan would write what was made from yesterday's sources over what was made from today's. Three means keep
it from that, for none holds alone:

- what is interrupted (Ctrl-C, SIGTERM, SIGHUP) ends everything below it before it ends itself;
- on Linux the system ends a process when its parent dies, SIGKILL included (`companion.build.launcher`);
- everything below carries a mark in its environment, and the next build, before it begins, ends whatever
  still carries it. A mark is inherited by whatever is started, and unlike a process id never another's.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from companion.errors import UserError

MARKS = "COMPANION_BUILDS"
"""The variable with the marks of all builds that a process is below, between spaces."""

PATIENCE = 30.0
"""Seconds for a killed process to be gone."""

SOCKET_PATH = 107 if sys.platform == "linux" else 103
"""Bytes in the path of a socket, at most (``sun_path`` in ``<sys/un.h>``, less its final 0)."""


def launched(command: list[str]) -> list[str]:
    """The command line of ``command`` as a child that ends with this process."""
    launcher = Path(__file__).with_name("launcher.py")
    return [sys.executable, "-IS", str(launcher), str(os.getpid()), *command]


def in_shell(command: list[str]) -> str:
    """The same for a shell that this process starts: the shell becomes the command."""
    return f"exec {shlex.join(launched(command))}"


@contextmanager
def head(folder: Path, what: str) -> Iterator[dict[str, str]]:
    """Be the one process that builds in ``folder``; give the environment of everything below it.

    What an earlier one has left behind is ended and removed first; what is left of this one, at the end.

    Args:
        folder: What is built there; it is made if there is none.
        what: The build in words, for whoever must wait for it.

    Raises:
        UserError: if a process of an earlier build cannot be ended, or there is no temporary folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    mark = mark_of(folder)
    with _alone(folder, what):
        end(mark)
        try:
            with temporary(folder) as scratch:
                marks = f"{os.environ.get(MARKS, '')} {mark}"
                yield os.environ | {MARKS: marks, "TMPDIR": str(scratch)}
        finally:
            end(mark)


def mark_of(folder: Path) -> str:
    """What everything below a build in ``folder`` carries in its environment."""
    return hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]


def end(mark: str) -> None:
    """Kill every process that carries ``mark``, and wait until all are gone.

    No gentler signal: what they were writing is not yet in place, and an interrupt can be lost on the way.

    Raises:
        UserError: if one of them is still there after `PATIENCE`.
    """
    deadline = time.monotonic() + PATIENCE
    while found := marked(mark):
        if time.monotonic() > deadline:
            ids = " ".join(str(process.pid) for process in found)
            raise UserError(
                "processes of an earlier build are still running: expected them to end; "
                f"end them by kill -9 {ids}"
            )
        for process in found:
            with suppress(psutil.Error):
                process.kill()
        time.sleep(0.02)


def marked(mark: str) -> list[psutil.Process]:
    """Every process of this user on this machine that carries ``mark``."""
    return [
        process
        for process in psutil.process_iter(["environ"])
        if mark in (process.info["environ"] or {}).get(MARKS, "").split()
    ]


@contextmanager
def temporary(folder: Path) -> Iterator[Path]:
    """Give a folder for temporary files: below a build the build's own, else one that is removed at the end.

    Those of processes that have died without removing them are removed first.

    Args:
        folder: What is built there; each has temporary folders of its own.

    Raises:
        UserError: if there is no folder to be had, or its path is too long to hold a kernel's sockets.
    """
    if MARKS in os.environ:
        yield Path(tempfile.gettempdir())
        return
    name = f"companion-{mark_of(folder)}"
    place = Path(tempfile.gettempdir()) / f"{name}-{os.getpid()}"
    try:
        for left in place.parent.glob(f"{name}-*"):
            owner = int(left.name.rpartition("-")[2])
            if owner == os.getpid() or not psutil.pid_exists(owner):
                shutil.rmtree(left)
        place.mkdir(mode=0o700)
    except OSError as error:
        raise UserError(
            f"no temporary folder {error.filename or place}: {error.strerror}: expected one of our own; "
            "remove what is in its place, or set TMPDIR to another folder"
        ) from error
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def socket_in(folder: Path, name: str) -> str:
    """The beginning of the paths of a kernel's sockets, ``-1`` to ``-5``.

    Raises:
        UserError: if they would be longer than the system can take.
    """
    beginning = folder / name
    length = len(os.fsencode(beginning)) + len("-1")
    if length > SOCKET_PATH:
        raise UserError(
            f"the temporary directory is too long for a kernel's sockets: {beginning}-1 has {length} bytes: "
            f"expected at most {SOCKET_PATH}; set TMPDIR to a shorter folder"
        )
    return str(beginning)


class Interrupted(SystemExit):
    """A signal to end; ``status`` is the exit status that a shell expects.

    Not a KeyboardInterrupt, after which Python may end with the status of SIGINT although it was caught.
    Event loops let a SystemExit pass as well.
    """

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)
        self.status = 128 + number


@contextmanager
def interruptible() -> Iterator[None]:
    """Let SIGTERM and SIGHUP, unless they are ignored, raise `Interrupted`: they end us as Ctrl-C does."""

    def interrupt(number: int, _: object) -> None:
        raise Interrupted(number)

    ours = []
    if threading.current_thread() is threading.main_thread():
        numbers = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
        ours = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]
    for number in ours:
        ctrl_c = number == signal.SIGINT  # Python's own: asyncio makes it end its loops
        signal.signal(number, signal.default_int_handler if ctrl_c else interrupt)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


@contextmanager
def _alone(folder: Path, what: str) -> Iterator[None]:
    """Keep two builds in one folder apart, by a lock that the system frees when its holder dies."""
    lock = FileLock(folder.with_name(f".{folder.name}.lock"))
    try:
        lock.acquire(blocking=False)
    except Timeout:
        print(f"another {what} is running; waiting for it", flush=True)  # noqa: T201
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
