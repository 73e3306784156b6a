"""A hard limit on the CPU time of a proof, where the platform has one."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

AGAIN = 0.2
"""Seconds after which a limit that was swallowed is raised again."""

LOOKS_EVERY = 100
"""Calls of Python functions between two looks at the clock, where nothing interrupts a proof."""


class TimeLimit(BaseException):
    """The time ran out. Not an Exception, so that no handler on the way can swallow it."""


def can_limit() -> bool:
    """Whether this platform can stop a proof: by a signal, or (Python 3.12, as in Pyodide) amid its calls."""
    return hasattr(signal, "setitimer") or hasattr(sys, "monitoring")


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise :class:`TimeLimit` in this (main) thread after ``seconds`` of CPU time; the limit is hard.

    CPU time, so that a busy machine does not turn a proof into a failure. Where ``can_limit()`` is
    False there is no limit, and each ``Outcome`` says so.

    Raises:
        RuntimeError: outside the main thread, where a limit could not be enforced.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("steps are checked in the main thread, where a time limit is enforced")
    if hasattr(signal, "setitimer"):
        with _by_signal(seconds):
            yield
    elif hasattr(sys, "monitoring"):
        with _amid_calls(sys.monitoring, seconds):
            yield
    else:
        yield


@contextmanager
def _by_signal(seconds: float) -> Iterator[None]:
    """The limit by a timer of this process, which interrupts whatever Python is doing."""

    def stop(signum: int, frame: Any) -> None:
        raise TimeLimit

    def complain(what: Any) -> None:
        if not isinstance(what.exc_value, TimeLimit):
            complained(what)

    # in a finaliser or the callback of a weak reference Python drops what is raised, with many words, in the
    # midst of a page; a little later it is raised again
    complained, sys.unraisablehook = sys.unraisablehook, complain
    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds, AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
        sys.unraisablehook = complained


@contextmanager
def _amid_calls(monitoring: Any, seconds: float) -> Iterator[None]:
    """The limit by looking at the clock as functions of Python are called: a proof calls many."""
    end, calls = time.process_time() + seconds, 0

    def look(*called: Any) -> None:
        nonlocal end, calls
        calls += 1
        if calls % LOOKS_EVERY == 0 and time.process_time() > end:
            end = time.process_time() + AGAIN  # what handles the first one calls functions as well
            raise TimeLimit

    tool, started = monitoring.PROFILER_ID, monitoring.events.PY_START
    monitoring.use_tool_id(tool, "time limit")
    monitoring.register_callback(tool, started, look)
    monitoring.set_events(tool, started)
    try:
        yield
    finally:
        monitoring.set_events(tool, 0)
        monitoring.register_callback(tool, started, None)
        monitoring.free_tool_id(tool)
