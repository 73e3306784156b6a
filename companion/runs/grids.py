"""Grids: the runs that chapters need, by name, and how they are shared out for training.

A chapter's ``grid.py`` defines ``grid(profile) -> dict[str, Run]``. A run is called by its chapter and its
name in the grid, as in ``small_images/nelbo/x/0``. A *shard* is a part of a grid that is trained as one
batched model, on one core or one GPU: its runs share network, data and plan. How a grid is cut
changes not one bit of its numbers, with one thread on one kind of processor.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from companion import profiles
from companion.discovery import discover
from companion.errors import UserError, closest
from companion.profiles import Profile
from companion.runs.run import Run
from companion.runs.training import batch_of

MOST = 24
"""Models in a shard, at most."""
NAME = re.compile(r"[\w.+-]+(/[\w.+-]+)*")


@dataclass(frozen=True, eq=False)
class Shard:
    """Runs to train together.

    Attributes:
        name: the grid's, a dot, and a hash of what is trained: the same as long as that is the same.
        runs: by their full names.
    """

    name: str
    runs: dict[str, Run]


def grids(profile: Profile | str) -> dict[str, dict[str, Run]]:
    """The runs of every chapter, by the chapter's name and by their own.

    Raises:
        UserError: if a ``grid.py`` does not give named runs.
    """
    profile = profiles.get(str(profile))
    found = {}
    for module in discover("companion.chapters.*.grid"):
        chapter = module.__name__.split(".")[-2]
        make = getattr(module, "grid", None)
        runs = make(profile) if callable(make) else None
        if not isinstance(runs, dict) or not all(
            isinstance(name, str) and NAME.fullmatch(name) and isinstance(run, Run)
            for name, run in runs.items()
        ):
            raise UserError(
                f"{module.__name__.replace('.', '/')}.py: expected a function grid(profile) that returns "
                "a dict of runs by names like objective/target/0; mend it"
            )
        found[chapter] = runs
    return found


def named(profile: Profile | str) -> dict[str, Run]:
    """Every run by its full name, chapter first."""
    return {f"{c}/{n}": run for c, runs in grids(profile).items() for n, run in runs.items()}


def shards(profile: Profile | str, most: int = MOST) -> list[Shard]:
    """Every run in one shard, though two grids name it; parts of nearly equal size, ``most`` at most."""
    found, seen = [], set()
    for chapter, runs in grids(profile).items():
        batches: dict[str, list[tuple[str, Run]]] = {}
        for name, run in runs.items():
            if run.id not in seen:
                seen.add(run.id)
                batches.setdefault(batch_of(run), []).append((f"{chapter}/{name}", run))
        for batch in batches.values():
            size = math.ceil(len(batch) / math.ceil(len(batch) / most))
            for first in range(0, len(batch), size):
                part = dict(batch[first : first + size])
                ids = " ".join(run.id for run in part.values())
                mark = hashlib.sha256(ids.encode()).hexdigest()[:8]
                found.append(Shard(f"{chapter}.{mark}", part))
    return found


def find(names: Iterable[str], profile: Profile | str) -> dict[str, Run]:
    """The runs that ``names`` mean: a grid, a run or the beginning of its name, a shard, or an id each.

    Raises:
        UserError: for a name that is none of these.
    """
    known = named(profile)
    parts = {shard.name: shard.runs for shard in shards(profile)}
    chosen: dict[str, Run] = {}
    for name in names:
        found = parts.get(name) or {
            full: run
            for full, run in known.items()
            if f"{full}/".startswith(f"{name.rstrip('/')}/") or run.id == name
        }
        if not found:
            close = closest(name, [*grids(profile), *known, *parts], n=3, cutoff=0.4)
            raise UserError(
                f"unknown run {name!r} under profile {profile}: expected a grid, a run or the beginning of "
                f"its name, a shard or an id{', like ' + ', '.join(close) if close else ''}; "
                f"`python -m companion runs --profile {profile}` lists them all"
            )
        chosen |= found
    return chosen
