"""The benchmark of ratios: both sides compute the same, a mismatch is refused, ratios and their intervals."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from scipy import stats
from torch import Tensor

from tests.benchmarks import side_by_side, sides
from tests.benchmarks.side_by_side import Mismatch, Pair, Ratio

pytestmark = pytest.mark.peer


class Clock:
    """A clock that moves by what each run says."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def takes(self, *durations: float):
        times = iter(durations * 1_000)

        def run() -> None:
            self.now += next(times)

        return run


def pair(ours, theirs, one: Tensor | None = None, two: Tensor | None = None, **kwargs) -> Pair:
    one = torch.ones(3) if one is None else one
    two = torch.ones(3) if two is None else two
    return Pair("a", "b", ours, theirs, lambda: (one, two), **kwargs)


@pytest.fixture(scope="module")
def every() -> list[Pair]:
    pytest.importorskip("azula")
    pytest.importorskip("diffusers")
    return list(sides.pairs())


def test_both_sides_of_every_pair_compute_the_same(every: list[Pair]) -> None:
    assert [p.against for p in every].count("plain torch") == 3
    assert {"azula", "diffusers", "its bare products"} <= {p.against for p in every}
    for one in every:
        side_by_side.same(one)


def test_every_side_runs(every: list[Pair]) -> None:
    for one in every[:6]:
        one.ours()
        one.theirs()


@pytest.mark.parametrize("changed", [1e-6, float("nan")])
def test_a_mismatch_is_refused(changed: float) -> None:
    other = torch.ones(3) + torch.tensor([0.0, changed, 0.0])
    nothing = lambda: None  # noqa: E731
    with pytest.raises(Mismatch, match="a, b: Tensor-likes are not close"):
        side_by_side.same(pair(nothing, nothing, two=other.double(), one=torch.ones(3).double()))
    with pytest.raises(Mismatch):
        side_by_side.same(pair(nothing, nothing, two=torch.ones(2)))
    side_by_side.same(pair(nothing, nothing))


def test_no_time_is_taken_of_a_mismatch(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    def never() -> None:
        raise AssertionError("timed")

    def one() -> Iterator[Pair]:
        yield pair(never, never, two=torch.zeros(3))

    monkeypatch.setattr(sides, "pairs", one)
    with pytest.raises(Mismatch):
        side_by_side.main([])
    assert not capsys.readouterr().out


def test_a_ratio_is_the_median_of_rounds_in_turn() -> None:
    clock = Clock()
    order = []
    ours, theirs = clock.takes(0.5), clock.takes(0.25)

    def first() -> None:
        order.append("ours")
        ours()

    def second() -> None:
        order.append("theirs")
        theirs()

    found = side_by_side.ratio(pair(first, second), budget=0.0, clock=clock)
    assert found == Ratio(2.0, 2.0, 2.0, 500.0)
    assert order == ["ours", "theirs"] * 2 + ["ours", "theirs"] * side_by_side.ROUNDS
    many = side_by_side.ratio(pair(first, second), budget=15.0, clock=clock)
    assert (many.value, len(order)) == (2.0, 2 * (4 + side_by_side.ROUNDS + 20))


def test_short_runs_are_repeated() -> None:
    clock, calls = Clock(), []
    short, long = clock.takes(0.001), clock.takes(0.05)

    def counted() -> None:
        calls.append(1)
        short()

    found = side_by_side.ratio(pair(counted, long), budget=0.0, clock=clock)
    assert found.value == pytest.approx(0.02)
    assert len(calls) == 2 + 20 * side_by_side.ROUNDS


def test_drift_of_the_machine_is_met_by_both() -> None:
    clock = Clock()
    load = iter([1.0, 1.0, 1.0, 1.0] + [f for f in range(1, 60) for _ in range(2)])

    def slow(seconds: float):
        def run() -> None:
            clock.now += seconds * next(load)

        return run

    found = side_by_side.ratio(pair(slow(0.3), slow(0.1)), budget=0.0, clock=clock)
    assert found.value == pytest.approx(3.0)
    assert found.least == pytest.approx(found.most)


@pytest.mark.parametrize("n", [6, 9, 20, 100])
def test_the_interval_has_the_median_with_its_confidence(n: int) -> None:
    low, high = side_by_side.ends(list(range(1, n + 1)))
    assert low + high == n + 1
    outside = 2 * stats.binom.cdf(low - 1, n, 0.5)
    assert outside <= 0.05, "of a symmetric pair of order statistics"
    assert 2 * stats.binom.cdf(low, n, 0.5) > 0.05, "a shorter one would not do"


def test_of_too_few_rounds_there_is_no_interval() -> None:
    with pytest.raises(ValueError, match="six"):
        side_by_side.ends([1.0] * 5)


def test_the_table_says_which_goal_is_missed() -> None:
    nothing = lambda: None  # noqa: E731
    lines = side_by_side.table(
        [
            (pair(nothing, nothing, goal=1.0), Ratio(1.1, 0.99, 1.2, 3.0)),
            (pair(nothing, nothing, goal=1.0), Ratio(1.1, 1.01, 1.2, 3.0)),
            (pair(nothing, nothing), Ratio(9.0, 8.0, 10.0, 3.0)),
        ]
    ).splitlines()[2:]
    assert [line.endswith("missed") for line in lines] == [False, True, False]
    assert "0.99 to 1.20" in lines[0]


def test_main_prints_a_table(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    clock = Clock()
    monkeypatch.setattr(sides, "pairs", lambda: [pair(clock.takes(0.2), clock.takes(0.1))])
    monkeypatch.setattr(
        side_by_side, "ratio", lambda one, budget: Ratio(2.0, 1.9, 2.1, 200.0 * budget)
    )
    side_by_side.main(["--seconds", "1"])
    printed = capsys.readouterr().out
    assert "2.00" in printed
    assert "1.90 to 2.10" in printed
