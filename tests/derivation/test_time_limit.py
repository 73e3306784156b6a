"""A proof that takes too long is stopped, by a signal or amid its calls, and nothing is left behind."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager, suppress
from types import SimpleNamespace
from typing import Any

import pytest

from companion.derivation import timelimit
from companion.derivation.timelimit import TimeLimit


class Monitoring:
    """``sys.monitoring`` of Python 3.12, as far as it is used here, by ``sys.settrace``."""

    PROFILER_ID = 2
    events = SimpleNamespace(PY_START=1)

    def __init__(self) -> None:
        self.used: set[int] = set()
        self.look: Any = None

    def use_tool_id(self, tool: int, name: str) -> None:
        assert tool not in self.used
        self.used.add(tool)

    def free_tool_id(self, tool: int) -> None:
        self.used.remove(tool)

    def register_callback(self, tool: int, event: int, look: Any) -> None:
        self.look = look

    def set_events(self, tool: int, events: int) -> None:
        def trace(frame: Any, event: str, argument: Any) -> None:
            self.look(frame.f_code, 0)

        sys.settrace(trace if events else None)


def called() -> int:
    return 1


def endless() -> None:
    while True:
        called()


MONITORING = Monitoring()


@contextmanager
def amid_calls(seconds: float) -> Any:
    with timelimit._amid_calls(MONITORING, seconds):
        yield


@pytest.mark.parametrize("limit", [timelimit.time_limit, amid_calls])
def test_what_does_not_end_is_stopped_in_time(limit: Any) -> None:
    began = time.process_time()
    with pytest.raises(TimeLimit), limit(0.3):
        endless()
    assert 0.2 <= time.process_time() - began < 3
    for _ in range(10 * timelimit.LOOKS_EVERY):  # nothing looks any more
        called()
    assert sys.gettrace() is None
    assert not MONITORING.used


@pytest.mark.parametrize("limit", [timelimit.time_limit, amid_calls])
def test_what_ends_in_time_is_not(limit: Any) -> None:
    with limit(20):
        assert sum(called() for _ in range(10 * timelimit.LOOKS_EVERY)) > 0
    assert sys.gettrace() is None
    assert not MONITORING.used


def stubborn() -> None:
    with suppress(TimeLimit):
        endless()
    endless()


def test_a_limit_that_is_swallowed_is_raised_again() -> None:
    with pytest.raises(TimeLimit), timelimit.time_limit(0.2):
        stubborn()


def test_the_platform_is_asked_and_without_either_nothing_is_limited(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert timelimit.can_limit()
    monkeypatch.delattr("signal.setitimer")
    monkeypatch.setattr(sys, "monitoring", MONITORING, raising=False)
    assert timelimit.can_limit()
    with pytest.raises(TimeLimit), timelimit.time_limit(0.1):
        endless()
    monkeypatch.delattr("sys.monitoring")
    assert not timelimit.can_limit()
    with timelimit.time_limit(0.0):
        called()
