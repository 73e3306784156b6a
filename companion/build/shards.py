"""Which shards of training runs there are, and which are trained: asked by the Snakefile, without torch.

What a grid holds is only known by importing it, and torch with it. So the answer is looked for while
Snakemake starts, and remembered in the build folder with the content of the code that gave it. A *stamp*
stands for a shard whose runs are all finished. It is what Snakemake makes, not the runs themselves:
Snakemake removes what a failed job has made, and runs are kept.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

from filelock import FileLock

from companion import graph, notebooks, paths
from companion.build import processes, records
from companion.files import read_object, write_text

GRIDS = "companion.chapters.*.grid"
PLANNING = "companion.runs.grids.shards"


@dataclass(frozen=True)
class Outline:
    """A shard: its name, the chapters that name its runs, and the folders of its runs."""

    name: str
    chapters: tuple[str, ...]
    ids: tuple[str, ...]

    @property
    def finished(self) -> bool:
        """Whether every run has been trained to the end."""
        return all((paths.runs_dir() / run / paths.FINISHED).is_file() for run in self.ids)


def outlines(profile: str) -> list[Outline]:
    """Every shard of a profile.

    Raises:
        UserError: if a grid does not give its runs.
    """
    if not graph.resolve(GRIDS):
        return []
    memory, key = paths.build_dir(profile) / "shards.json", _key()
    with FileLock(memory.with_name(".shards.lock")):  # where one process is at it, another waits
        known = _remembered(memory, key)
        if known is None:
            known = _found(profile)
            graph.forget()
            if _key() == key:  # or code was edited while it was imported
                content = {"key": key, "shards": [asdict(shard) for shard in known]}
                write_text(memory, json.dumps(content, indent=1) + "\n")
        return known


@contextmanager
def found_meanwhile(profile: str, environment: dict[str, str]) -> Iterator[None]:
    """Begin to find the `outlines` in a process of its own, for whoever asks for them in a while.

    What keeps it from finding them is said there.
    """
    if not graph.resolve(GRIDS):
        yield
        return
    program = "import sys; from companion.build import shards; shards.outlines(sys.argv[1])"
    with subprocess.Popen(
        processes.launched([sys.executable, "-c", program, profile]),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=paths.ROOT,
        env=environment,
    ) as process:
        try:
            yield
        finally:
            process.kill()


def _remembered(memory: Path, key: str) -> list[Outline] | None:
    with suppress(ValueError, KeyError, TypeError):
        known = read_object(memory)
        if known["key"] == key:
            return [Outline(s["name"], (*s["chapters"],), (*s["ids"],)) for s in known["shards"]]
    return None


def _found(profile: str) -> list[Outline]:
    from companion.runs import grids

    namers: dict[str, set[str]] = {}
    for chapter, runs in grids.grids(profile).items():
        for run in runs.values():
            namers.setdefault(run.id, set()).add(chapter)
    found = []
    for shard in grids.shards(profile):
        ids = tuple(run.id for run in shard.runs.values())
        chapters = sorted(set[str]().union(*(namers[run] for run in ids)))
        found.append(Outline(shard.name, tuple(chapters), ids))
    return found


def read_by(name: str, known: list[Outline]) -> list[Outline]:
    """Those of the known shards that notebook ``name`` loads: it uses a grid that names their runs."""
    files = graph.needs(notebooks.source(name))
    chapters = {file.parent.name for file in files if file in graph.resolve(GRIDS)}
    return [shard for shard in known if chapters & set(shard.chapters)]


def stamp(shard: Outline) -> str:
    """The path of a shard's stamp, in the build folder."""
    return f"trained/{shard.name}"


def settle(profile: str, known: list[Outline]) -> None:
    """Give a stamp to every shard that is trained, by whomever, and take it from every other."""
    folder = paths.build_dir(profile)
    trained = {folder / stamp(shard) for shard in known if shard.finished}
    for path in [p for p in (folder / "trained").glob("*") if p not in trained]:
        path.unlink()
    for path in trained:
        if not path.exists():
            write_text(path, "")


def _key() -> str:
    """What the answer depends on: the code of grids and of how they are shared out, torch, the packages."""
    build = metadata.version("torch")  # a run's identity has it, its build included
    return " ".join([graph.digest([GRIDS, PLANNING]), build, records.installed()])
