"""Grids: named runs of the chapters, found by name, and shared out without changing a bit."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from run_examples import FIRST, PLAN, ROOT, contents

import diffcore as dc
from companion import profiles, runs
from companion.errors import UserError
from companion.profiles import Profile
from companion.runs import Run, grids
from diffcore.networks import TimeMLP

Make = Callable[[Profile], object]


def pretend(patch: pytest.MonkeyPatch, **chapters: Make | None) -> None:
    """Let these be all the chapters; None is a grid.py without a grid."""
    modules = [
        SimpleNamespace(
            __name__=f"companion.chapters.{name}.grid", **({"grid": make} if make else {})
        )
        for name, make in sorted(chapters.items())
    ]
    patch.setattr(grids, "discover", lambda pattern: modules)


def numbered(count: int, **changes: object) -> dict[str, Run]:
    return {f"v/{seed}": replace(FIRST, seed=seed, **changes) for seed in range(count)}


def test_the_digits_are_found_in_every_profile():
    for profile, (seeds, budgets) in {
        "quick": (2, 2),
        "standard": (3, 3),
        "paper": (10, 3),
    }.items():
        named = grids.named(profile)
        digits = [name for name in named if name.startswith("small_images/")]
        assert len(digits) == 2 * 4 * seeds * budgets + 4
        found = [run for name, run in named.items() if "small_images/weighted/score/1/" in name]
        assert len(found) == budgets
        assert {(run.loss.target, run.seed) for run in found} == {(dc.SCORE, 1)}


def test_every_run_is_in_exactly_one_shard_of_at_most_so_many():
    for profile in profiles.PROFILES:
        wanted = {run.id for run in grids.named(profile).values()}
        parts = grids.shards(profile)
        ids = [run.id for part in parts for run in part.runs.values()]
        assert sorted(ids) == sorted(wanted)
        assert max(len(part.runs) for part in parts) <= grids.MOST
        assert len({part.name for part in parts}) == len(parts)


def test_what_shares_a_shard_shares_network_data_and_plan(monkeypatch: pytest.MonkeyPatch):
    wide = partial(FIRST.net, width=17)
    long = replace(PLAN, steps=31)

    def grid(profile: Profile) -> dict[str, Run]:
        kinds = {
            "a": {},
            "wide": {"net": wide},
            "long": {"plan": long},
            "moved": {"data": FIRST.data + 1},
        }
        return {
            f"{kind}/{name}": run
            for name in ("v/0", "v/1", "v/2")
            for kind, changes in kinds.items()
            for run in [numbered(3, **changes)[name]]
        }

    pretend(monkeypatch, only=grid)
    parts = grids.shards("quick")
    kinds = [{name.split("/")[1] for name in part.runs} for part in parts]
    assert sorted(map(len, kinds)) == [1, 1, 1, 1]
    assert [len(part.runs) for part in parts] == [3, 3, 3, 3]
    assert sorted(len(part.runs) for part in grids.shards("quick", most=2)) == [1] * 4 + [2] * 4


def test_shards_are_of_nearly_equal_size(monkeypatch: pytest.MonkeyPatch):
    pretend(monkeypatch, only=lambda profile: numbered(13))
    assert [len(part.runs) for part in grids.shards("quick", most=12)] == [7, 6]


def test_a_run_that_two_chapters_name_is_trained_by_one(monkeypatch: pytest.MonkeyPatch):
    pretend(monkeypatch, a=lambda profile: numbered(3), b=lambda profile: numbered(4))
    parts = grids.shards("quick")
    assert [list(part.runs) for part in parts] == [["a/v/0", "a/v/1", "a/v/2"], ["b/v/3"]]
    assert set(grids.find(["b"], "quick")) == {"b/v/0", "b/v/1", "b/v/2", "b/v/3"}


def test_a_shard_s_name_is_that_of_what_it_trains(monkeypatch: pytest.MonkeyPatch):
    pretend(monkeypatch, a=lambda profile: numbered(3))
    before = [part.name for part in grids.shards("quick")]
    pretend(
        monkeypatch,
        a=lambda profile: numbered(3),
        b=lambda profile: numbered(2, data=FIRST.data + 1),
    )
    after = [part.name for part in grids.shards("quick")]
    assert after[:1] == before
    pretend(monkeypatch, a=lambda profile: numbered(3, plan=replace(PLAN, ema=0.5)))
    assert [part.name for part in grids.shards("quick")] != before


def test_shards_have_the_same_names_in_another_process():
    script = "from companion.runs import grids; print(*[s.name for s in grids.shards('quick')])"
    other = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "5"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert other.stdout.split() == [part.name for part in grids.shards("quick")]


def test_names_are_grids_runs_beginnings_shards_and_ids(monkeypatch: pytest.MonkeyPatch):
    pretend(monkeypatch, a=lambda profile: numbered(12), ab=lambda profile: {"x": FIRST})
    [part, *_] = grids.shards("quick")
    assert len(grids.find(["a"], "quick")) == 12
    assert list(grids.find(["a/v/1"], "quick")) == ["a/v/1"]  # and not a/v/10
    assert len(grids.find(["a/v/"], "quick")) == 12
    assert list(grids.find([part.name], "quick")) == list(part.runs)
    assert list(grids.find([numbered(5)["v/4"].id], "quick")) == ["a/v/4"]
    assert next(iter(grids.find(["a/v/2", "a/v"], "quick"))) == "a/v/2"
    with pytest.raises(UserError, match=r"unknown run 'a/v/x'.*like a/v/\d.*runs --profile quick"):
        grids.find(["a/v/x"], "quick")


@pytest.mark.parametrize(
    "make",
    [
        None,
        lambda profile: [FIRST],
        lambda profile: {"a": 1},
        lambda profile: {"": FIRST},
        lambda profile: {"/a": FIRST},
        lambda profile: {"a b": FIRST},
        lambda profile: {3: FIRST},
    ],
)
def test_a_grid_that_gives_no_named_runs_is_one_clear_line(
    make: Make | None, monkeypatch: pytest.MonkeyPatch
):
    pretend(monkeypatch, broken=make)
    with pytest.raises(
        UserError, match=r"^companion/chapters/broken/grid\.py: expected a function"
    ):
        grids.named("quick")


def test_shards_of_any_size_give_the_same_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """In float32 and at the size of the digits' network, where a matrix product could round otherwise."""
    generator = torch.Generator().manual_seed(0)
    data = torch.randn(256, 8, 8, generator=generator)
    net = partial(TimeMLP, dims=64, width=128, depth=2, schedule=dc.schedules.Cosine())
    plan = replace(PLAN, steps=5, batch=128)
    losses = [replace(FIRST.loss, target=target) for target in (dc.X, dc.EPS, dc.V, dc.SCORE)]
    wanted = [Run(loss, seed, net, data, plan) for loss in losses for seed in range(4)]
    pretend(monkeypatch, a=lambda profile: {str(k): run for k, run in enumerate(wanted)})
    seen = []
    for most in (16, 12, 8, 3):
        monkeypatch.setenv("COMPANION_RUNS", str(tmp_path / str(most)))
        parts = grids.shards("quick", most)
        assert len(parts) == -(-16 // most)
        for part in parts:
            runs.get(part.runs)
        seen.append([contents(run) for run in wanted])
    assert seen[1:] == seen[:1] * 3
