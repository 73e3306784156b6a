"""A hard limit on the CPU time of a proof, where the platform has one."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class TimeLimit(BaseException):
    """The time ran out. Not an Exception, so that no handler on the way can swallow it."""


def can_limit() -> bool:
    """Whether this platform can stop a proof: Windows and Pyodide have no ``signal.setitimer``."""
    return hasattr(signal, "setitimer")


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise :class:`TimeLimit` in this (main) thread after ``seconds`` of CPU time; the limit is hard.

    CPU time, so that a busy machine does not turn a proof into a failure. Where ``can_limit()`` is
    False there is no limit, and each ``Outcome`` says so.

    Raises:
        RuntimeError: outside the main thread, where a limit could not be enforced.
    """
    if not can_limit():
        yield
        return
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("steps are checked in the main thread, where a time limit is enforced")

    def stop(signum: int, frame: Any) -> None:
        raise TimeLimit

    def complain(what: Any) -> None:
        if not isinstance(what.exc_value, TimeLimit):
            complained(what)

    # in a finaliser or the callback of a weak reference Python drops what is raised, with many words, in the
    # midst of a page; 0.2 s later it is raised again
    complained, sys.unraisablehook = sys.unraisablehook, complain
    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds, 0.2)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
        sys.unraisablehook = complained
