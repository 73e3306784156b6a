"""Processes that prove, and end with the one that has started them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from companion.errors import UserError

Found = TypeVar("Found")


class ProverError(UserError):
    """A process that proves steps was killed."""

    exit_status = 1


def each(
    function: Callable[[str], Found],
    names: list[str],
    load: Callable[[Path], None],
    folder: Path,
    workers: int,
) -> list[Found]:
    """``function`` of each name, in ``workers`` processes that have first called ``load(folder)``.

    Raises:
        ProverError: if one of them is killed.
    """
    context = multiprocessing.get_context("spawn")
    with _signals_for_us_alone():  # starts what keeps the locks, which lets signals through again
        pool = ProcessPoolExecutor(workers, context, _begin, (load, folder))
    try:
        with _signals_for_us_alone():  # starts the workers
            proving = [pool.submit(function, name) for name in names]
        return [future.result() for future in proving]
    except BrokenProcessPool:
        raise ProverError(
            "a process that proves steps was killed: expected it to end by itself; is there enough memory? "
            "run it again"
        ) from None
    finally:
        # Not by cancelling: that would meet the pool's own complaint about workers that have ended.
        for worker in multiprocessing.active_children():
            worker.kill()
        pool.shutdown()


@contextmanager
def _signals_for_us_alone() -> Iterator[None]:
    """Keep what is started here from signals to its group: it is this process that ends it."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows has no groups
        yield
        return
    before = signal.pthread_sigmask(
        signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    )
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(load: Callable[[Path], None], folder: Path) -> None:
    """In a worker, first: have it end with its parent, whatever that dies of."""
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    load(folder)


def _end_with_the_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
