"""The chapter "Sampling steps": sets of perfect samples, as many together as there is room for."""

from __future__ import annotations

import pytest
import torch

from companion.chapters.sampling_steps import perfect

Calls = list[tuple[int, int]]


def test_sets_are_drawn_together_and_none_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    law = perfect.mixture("clusters")
    monkeypatch.setattr(perfect, "AT_ONCE", 25)  # two sets of ten
    sets = perfect.draw_sets(law, perfect.WALK, 5, 10, 6, 3)
    assert sets.shape == (5, 10, 2)
    parts = [perfect.draw(law, perfect.WALK, n, 6, seed) for n, seed in ((20, 3), (20, 5), (10, 7))]
    assert torch.equal(sets.flatten(0, 1), torch.cat(parts))
    assert len(sets.flatten(0, 1).unique(dim=0)) == 50
    monkeypatch.setattr(perfect, "AT_ONCE", 9)
    alone = perfect.draw_sets(law, perfect.WALK, 2, 10, 6, 3)
    assert torch.equal(alone[1], perfect.draw(law, perfect.WALK, 10, 6, 4))


def sizes(monkeypatch: pytest.MonkeyPatch, at_once: int, sets: int, n: int) -> Calls:
    """How many samples walk together, and from which seed, in each part; every sample is checked."""
    calls: Calls = []

    def counted(law, sampled, number: int, steps: int, seed: int) -> torch.Tensor:
        calls.append((number, seed))
        first = sum(number for number, _ in calls[:-1])
        return torch.arange(first, first + number).unsqueeze(1).expand(-1, 2)

    monkeypatch.setattr(perfect, "draw", counted)
    monkeypatch.setattr(perfect, "AT_ONCE", at_once)
    found = perfect.draw_sets(perfect.mixture("clusters"), perfect.WALK, sets, n, 6, 3)
    assert found.shape == (sets, n, 2)
    assert found[..., 0].flatten().tolist() == list(range(sets * n))
    return calls


@pytest.mark.parametrize("sets", [1, 4, 5, 6])
@pytest.mark.parametrize("at_once", [1, 9, 10, 19, 20, 29, 30, 49, 50, 10_000])
def test_whole_sets_walk_together_as_many_as_fit(
    at_once: int, sets: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = sizes(monkeypatch, at_once, sets, n=10)
    fit = next((k for k in range(sets, 1, -1) if 10 * k <= at_once), 1)  # one, however large
    numbers = [number for number, _ in calls]
    assert numbers == [10 * fit] * (sets // fit) + [10 * (sets % fit)] * (sets % fit > 0)
    assert [seed - 3 for _, seed in calls] == list(range(0, sets, fit)), "that of its first set"


def test_a_set_has_one_law_however_many_walk_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    law, n = perfect.mixture("clusters"), 400
    spread = []
    for at_once in (1, 3 * n, 100 * n):
        monkeypatch.setattr(perfect, "AT_ONCE", at_once)
        sets = perfect.draw_sets(law, perfect.TRUE, 6, n, 32, 0)
        radii = sets.norm(dim=-1)
        assert float(radii.mean(1).std()) < 5 * float(radii.std()) / n**0.5
        spread.append(float(radii.mean()))
    assert max(spread) - min(spread) < 5 * float(radii.std()) / (6 * n) ** 0.5


def test_the_latents_of_those_that_walk_together_are_some_70_megabytes() -> None:
    latents = torch.empty(perfect.STEPS + 1, perfect.AT_ONCE, 2, dtype=torch.float64, device="meta")
    assert latents.nbytes == pytest.approx(70e6, rel=0.1)
    assert perfect.AT_ONCE % perfect.SAMPLES == 0
