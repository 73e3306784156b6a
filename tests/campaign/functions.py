"""Malformed calls of diffcore's public functions: a clear error, or a finite right answer, in time.

`run(n, seed)` draws n calls with hypothesis: a good call (`calls.py`) with one argument changed (`wrong.py`).
The outcome must be one of

- a ValueError or TypeError of one line that says what was expected and what was given;
- for a value that is only odd, the numbers that the same call gives in float64, or numbers that are not
  finite where what was given is not.

Anything else is a fault: another exception, numbers from a value that has no meaning, no answer in time.
"""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from torch import Tensor

from .calls import Call, calls
from .wrong import Given, wrong

SECONDS = 30
"""For one call, on a busy machine; a good one takes less than a tenth of a second."""
TOLERANCE = {torch.float16: 2e-2, torch.bfloat16: 0.15, torch.float32: 1e-4, torch.float64: 1e-9}
"""Relative to the largest number: the input alone is rounded by less than a tenth of this."""


class TooLong(Exception):
    """A call that did not end."""


def run(n: int, seed: int) -> bool:
    """Make n malformed calls; print counts and every fault; say whether there was none."""
    outcomes: Counter[str] = Counter()
    faults: dict[str, None] = {}

    @seeded(seed)
    @settings(
        max_examples=n,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(malformed())
    def attack(case: tuple[str, str, int]) -> None:
        outcome, words = outcome_of(*case)
        outcomes[outcome] += 1
        if outcome == "fault":
            faults[words] = None

    attack()
    print(f"{sum(outcomes.values())} malformed calls:", dict(outcomes))
    for words in faults:
        print(f"  {words}")
    return not faults


def malformed() -> st.SearchStrategy[tuple[str, str, int]]:
    """A call, one of its arguments, and which of the wrong values it is given."""
    return st.sampled_from(every())


def every() -> list[tuple[str, str, int]]:
    """All malformed calls."""
    return [
        (str(number), argument, which)
        for number, call in enumerate(calls())
        for argument, (value, kind) in call.arguments.items()
        if kind
        for which in range(len(wrong(kind, value)))
    ]


def outcome_of(number: str, argument: str, which: int) -> tuple[str, str]:
    """Make one malformed call: "error", "right", "not finite" or "fault", and words on it."""
    call = list(calls())[int(number)]
    value, kind = call.arguments[argument]
    given = wrong(kind, value)[which]
    words = f"{call.name}({argument}={given.words})"
    arguments = {name: good for name, (good, _) in call.arguments.items()}
    try:
        with limit(SECONDS):
            result = call.function(**arguments | {argument: given.value})
    except TooLong:
        return "fault", f"{words}: no answer in {SECONDS} s"
    except (ValueError, TypeError) as error:
        clear = "\n" not in str(error) and "expected" in str(error) and "got" in str(error)
        return ("error", words) if clear else ("fault", f"{words}: {type(error).__name__}: {error}")
    except Exception as error:  # whatever it is, it is the finding
        return "fault", f"{words}: {type(error).__name__}: {str(error)[:90]}"
    return judged(call, given, argument, result, words)


def judged(call: Call, given: Given, argument: str, result: Any, words: str) -> tuple[str, str]:
    """What there is to say of a result."""
    if given.wrong:
        return "fault", f"{words}: nonsense for an answer, {str(result)[:60]!r}"
    found = numbers_of(result)
    if not all(bool(part.isfinite().all()) for part in found):
        known = isinstance(given.value, Tensor) and not given.value.isfinite().all()
        low = isinstance(given.value, Tensor) and given.value.dtype == torch.float16
        return ("not finite", words) if known or low else ("fault", f"{words}: not finite")
    if call.least is not None and any(bool((part < call.least).any()) for part in found):
        return "fault", f"{words}: less than {call.least}"
    if not isinstance(given.value, Tensor) or call.random:
        return "right", words
    arguments = {name: good for name, (good, _) in call.arguments.items()}
    fresh = call.function(**arguments | {argument: given.value.double()})
    tolerance = TOLERANCE[given.value.dtype]
    for part, reference in zip(found, numbers_of(fresh), strict=True):
        scale = max(1.0, float(reference.abs().max()))
        if not (
            part.shape == reference.shape and (part - reference).abs().max() <= tolerance * scale
        ):
            return "fault", f"{words}: {part.tolist()} instead of {reference.tolist()}"[:200]
    return "right", words


def numbers_of(result: Any) -> list[Tensor]:
    """Every tensor in a result, in float64."""
    if isinstance(result, Tensor):
        return [result.detach().double()]
    if isinstance(result, float | int):
        return [torch.tensor(float(result), dtype=torch.float64)]
    if isinstance(result, tuple | list):
        return [part for item in result for part in numbers_of(item)]
    if hasattr(result, "total"):
        return numbers_of(result.total)
    return []


@contextmanager
def limit(seconds: float) -> Iterator[None]:
    """Raise TooLong when the time is up."""

    def stop(*_: object) -> None:
        raise TooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
