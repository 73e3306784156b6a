"""Our speed as ratios: beside azula, diffusers and plain torch, and beside the machine's own products.

Each pair is first looked at: both sides compute the same numbers, or no time is taken. Then they run in turn,
ours, theirs, ours, theirs, so that what the machine does beside is met by both. A ratio is of processor time
on one thread; what is shown is its median over rounds with an interval that the median lies in, 95 %.

    python -m tests.benchmarks.side_by_side [--seconds 6]
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median

import torch
from scipy import stats
from torch import Tensor

CONFIDENCE = 0.95

LEAST = 0.02
"""Seconds that one timing takes at least: what is shorter is repeated."""

ROUNDS = 9
"""The least number of rounds: of fewer than six no interval of the median is 95 %."""


class Mismatch(Exception):
    """Two sides that do not compute the same numbers."""


@dataclass(frozen=True)
class Pair:
    """Two programs that do the same.

    Attributes:
        name: what is done.
        against: who else does it.
        ours: does it once.
        theirs: does it once.
        computed: what both compute, in float64 where it can be chosen.
        goal: the most that ours is to take, in times of theirs; None where there is none.
        tolerance: largest relative difference of what is computed.
    """

    name: str
    against: str
    ours: Callable[[], object]
    theirs: Callable[[], object]
    computed: Callable[[], tuple[Tensor, Tensor]]
    goal: float | None = None
    tolerance: float = 1e-9


@dataclass(frozen=True)
class Ratio:
    """Ours over theirs: the median over rounds, its interval, and milliseconds of ours at best."""

    value: float
    least: float
    most: float
    milliseconds: float


def same(pair: Pair) -> None:
    """Look whether both sides compute the same numbers.

    Raises:
        Mismatch: if they do not.
    """
    ours, theirs = pair.computed()
    try:
        torch.testing.assert_close(ours, theirs, rtol=pair.tolerance, atol=pair.tolerance)
    except AssertionError as error:
        raise Mismatch(f"{pair.name}, {pair.against}: {' '.join(str(error).split())}") from error


def seconds(run: Callable[[], object], times: int, clock: Callable[[], float]) -> float:
    """What so many runs take, each."""
    start = clock()
    for _ in range(times):
        run()
    return (clock() - start) / times


def ratio(pair: Pair, budget: float, clock: Callable[[], float] = time.process_time) -> Ratio:
    """The ratio of a pair, from rounds in turn.

    Args:
        pair: which computes the same numbers.
        budget: seconds that the rounds take, about; more where `ROUNDS` need more.
        clock: in seconds.
    """
    sides = (pair.ours, pair.theirs)
    alone = [seconds(run, 1, clock) for run in sides]  # the first run also warms up
    alone = [min(first, seconds(run, 1, clock)) for first, run in zip(alone, sides, strict=True)]
    repeats = [max(1, math.ceil(LEAST / max(each, 1e-9))) for each in alone]
    a_round = sum(n * each for n, each in zip(repeats, alone, strict=True))
    rounds = max(ROUNDS, int(budget / a_round))
    pairs = [
        tuple(seconds(run, n, clock) for run, n in zip(sides, repeats, strict=True))
        for _ in range(rounds)
    ]
    ratios = sorted(ours / theirs for ours, theirs in pairs)
    least, most = ends(ratios)
    return Ratio(median(ratios), least, most, 1_000 * min(ours for ours, _ in pairs))


def ends(ordered: Sequence[float]) -> tuple[float, float]:
    """Order statistics that the median of the law lies between, with at least `CONFIDENCE`.

    Raises:
        ValueError: if so few values have no such.
    """
    n = len(ordered)
    # below the k-th least with a probability of the binomial's; the greatest k that leaves it small
    k = int(stats.binom.ppf((1 - CONFIDENCE) / 2, n, 0.5))
    if k < 1:
        raise ValueError(f"at least six values expected, got {n}")
    return ordered[k - 1], ordered[n - k]


def table(found: Iterable[tuple[Pair, Ratio]]) -> str:
    """What is printed."""
    head = f"{'what':<46}{'beside':<24}{'ms':>9}{'ratio':>8}{'95 %':>15}{'goal':>8}"
    lines = [head, "-" * len(head)]
    for pair, one in found:
        goal = "" if pair.goal is None else f"{pair.goal:.2f}"
        missed = "" if pair.goal is None or one.least <= pair.goal else "  missed"
        interval = f"{one.least:.2f} to {one.most:.2f}"
        lines.append(
            f"{pair.name:<46}{pair.against:<24}{one.milliseconds:>9.2f}{one.value:>8.2f}{interval:>15}{goal:>8}"
            f"{missed}"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Compare every pair, and print the table."""
    from tests.benchmarks import sides

    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=6.0, help="for each pair (default: 6)")
    budget = parser.parse_args(arguments).seconds
    torch.set_num_threads(1)
    found = []
    for pair in sides.pairs():
        same(pair)
        found.append((pair, ratio(pair, budget)))
    print(table(found))  # noqa: T201
    print("Ours over theirs, processor time of one thread; below 1 ours is faster.")  # noqa: T201


if __name__ == "__main__":
    main()
