"""Which jobs train the runs, and which of them are done: asked by the Snakefile, without torch.

What a grid holds is only known by importing it, and torch with it. So the answer is looked for while
Snakemake starts, and remembered in the build folder with the content of the code that gave it. A job trains
small shards one after the other, for a process takes seconds to start. A *stamp* stands for a
job whose runs are all finished. It is what Snakemake makes, not the runs themselves: Snakemake removes what
a failed job has made, and runs are kept.
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
PLANNING = ("companion.runs.grids.shards", "companion.build.shards._found")
WORTH = 8_000_000
"""Examples that the networks of one job see, at most, unless it is a single shard: some half a minute."""

SHORT = 1_000_000
"""A shard whose networks see no more is trained with others, whoever names them, up to as many in all.

That takes some four seconds, and a process of its own as long to start.
"""


@dataclass(frozen=True)
class Job:
    """What one process trains.

    Attributes:
        shards: by name.
        chapters: those that name its runs.
        ids: the folders of its runs.
    """

    shards: tuple[str, ...]
    chapters: tuple[str, ...]
    ids: tuple[str, ...]

    @property
    def name(self) -> str:
        """That of its first shard: a shard is in one job."""
        return self.shards[0]

    @property
    def finished(self) -> bool:
        """Whether every run has been trained to the end."""
        return all((paths.runs_dir() / run / paths.FINISHED).is_file() for run in self.ids)


def jobs(profile: str) -> list[Job]:
    """Every job of a profile.

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
                content = {"key": key, "jobs": [asdict(job) for job in known]}
                write_text(memory, json.dumps(content, indent=1) + "\n")
        return known


@contextmanager
def found_meanwhile(profile: str, environment: dict[str, str]) -> Iterator[None]:
    """Begin to find the `jobs` in a process of its own, for whoever asks for them in a while.

    What keeps it from finding them is said there.
    """
    if not graph.resolve(GRIDS):
        yield
        return
    program = "import sys; from companion.build import shards; shards.jobs(sys.argv[1])"
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


def _remembered(memory: Path, key: str) -> list[Job] | None:
    with suppress(ValueError, KeyError, TypeError):
        known = read_object(memory)
        if known["key"] == key:
            return [Job((*j["shards"],), (*j["chapters"],), (*j["ids"],)) for j in known["jobs"]]
    return None


def _found(profile: str) -> list[Job]:
    from companion.runs import grids

    namers: dict[str, set[str]] = {}
    for chapter, runs in grids.grids(profile).items():
        for run in runs.values():
            namers.setdefault(run.id, set()).add(chapter)
    found: list[Job] = []
    latest: dict[tuple[str, ...], tuple[int, int]] = {}  # where it is in the list, and its examples
    for shard in grids.shards(profile):
        trained = shard.runs.values()
        ids = tuple(run.id for run in trained)
        chapters = tuple(sorted(set[str]().union(*(namers[run] for run in ids))))
        examples = sum(run.plan.steps * run.plan.batch for run in trained)
        short = examples <= SHORT
        # A notebook waits for no shard that another chapter's names alone, unless it is short.
        kind, most = ((), SHORT) if short else (chapters, WORTH)
        at, seen = latest.get(kind, (0, most))
        if seen + examples <= most:
            job = found[at]
            together = tuple(sorted({*job.chapters, *chapters}))
            found[at] = Job((*job.shards, shard.name), together, (*job.ids, *ids))
            latest[kind] = at, seen + examples
        else:
            latest[kind] = len(found), examples
            found.append(Job((shard.name,), chapters, ids))
    return found


def read_by(name: str, known: list[Job]) -> list[Job]:
    """Those of the known jobs that notebook ``name`` waits for: it uses a grid that names their runs."""
    files = graph.needs(notebooks.source(name))
    chapters = {file.parent.name for file in files if file in graph.resolve(GRIDS)}
    return [job for job in known if chapters & set(job.chapters)]


def stamp(job: Job) -> str:
    """The path of a job's stamp, in the build folder."""
    return f"trained/{job.name}"


def settle(profile: str, known: list[Job]) -> None:
    """Give a stamp to every job whose runs are trained, by whomever, and take it from every other."""
    folder = paths.build_dir(profile)
    trained = {folder / stamp(job) for job in known if job.finished}
    for path in [p for p in (folder / "trained").glob("*") if p not in trained]:
        path.unlink()
    for path in trained:
        if not path.exists():
            write_text(path, "")


def _key() -> str:
    """What the answer depends on: the code of grids and of how they are shared out, torch, the packages."""
    build = metadata.version("torch")  # a run's identity has it, its build included
    return " ".join([graph.digest([GRIDS, *PLANNING]), build, records.installed()])
