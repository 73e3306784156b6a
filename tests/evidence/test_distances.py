"""Distances of sets of samples: closed forms and brute force."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Generator

from companion.evidence import distances


def test_the_energy_distance_is_the_sum_over_all_pairs() -> None:
    first, second = (
        torch.randn(n, 2, generator=Generator().manual_seed(n), dtype=torch.float64) for n in (7, 9)
    )

    def mean(one: torch.Tensor, other: torch.Tensor) -> float:
        return sum(float((a - b).norm()) for a in one for b in other) / len(one) / len(other)

    wanted = 2 * mean(first, second) - mean(first, first) - mean(second, second)
    assert distances.energy(first, second) == pytest.approx(math.sqrt(wanted))
    assert distances.energy(first, first.flip(0)) == pytest.approx(0, abs=1e-7)


def test_a_shift_moves_the_sliced_distance_by_its_length_over_the_root_of_two() -> None:
    points = torch.randn(50, 2, generator=Generator().manual_seed(0), dtype=torch.float64)
    moved = points + torch.tensor([0.6, 0.8], dtype=torch.float64)
    assert distances.sliced(points, moved) == pytest.approx(math.sqrt(0.5))


def test_equal_points_are_not_apart() -> None:
    points = 100 + torch.randn(
        60, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64
    )
    assert not distances.apart(points, points).diagonal().any()
