"""Try malformed inputs in the checkout that is the working directory: for `tests.campaign.inputs`.

Commands run in this process, with stand-ins for Snakemake (and with it Sphinx) and for a kernel. A sample
runs as a process of its own, where nothing stands in.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import random
import shutil
import signal
import subprocess
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from companion import cli, graph, notebooks, paths
from companion.build import book, execute, records
from companion.errors import UserError
from companion.study import check as study
from companion.study import tables
from tests.campaign import grammar

ROOT = Path.cwd()
PROFILE = "quick"
STATE = ["_build", "figures", "runs", "notebooks"]
"""What commands may change; it is laid anew for every case."""
CHANGES = {"pair": "notebooks/", "figures": "figures/"}
"""Which of the checkout's files a command is there to change."""
SECONDS = 120
"""Far longer than any of these commands takes, on a busy machine too."""
IN_ITS_OWN = 50
"""One case in so many runs as a process of its own."""


@dataclass(frozen=True)
class Case:
    """One malformed input: what was done to the checkout, and the command line to try.

    Attributes:
        kind: what is malformed.
        words: how, for the report.
        arguments: the command line; or a published table to read.
        must_fail: whether success would be wrong.
    """

    kind: str
    words: str
    arguments: list[str]
    must_fail: bool = False


def build() -> None:
    """Leave in the checkout what a build leaves: pages, tables, manifests, records, runs, a record."""
    for name, table in (("01_first", "numbers"), ("02_second", "sums")):
        for profile in (PROFILE, "standard"):
            figures = paths.figures_dir(profile)
            figures.mkdir(parents=True, exist_ok=True)
            page = paths.pages_dir(profile) / f"{name}.ipynb"
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text("{}")
            (figures / f"{table}.csv").write_text("a\n1.0\n")
            digest = hashlib.sha256(b"a\n1.0\n").hexdigest()
            entry = {"kind": "table", "notebook": name, "tolerance": 1e-6}
            entries = {table: entry | {"files": {f"{table}.csv": digest}}}
            (figures / f"{name}.manifest.json").write_text(json.dumps(entries))
            records.write(name, profile, records.needs(name), 1.0)
    for profile in (PROFILE, "standard"):
        paths.html_dir(profile).mkdir()
        (paths.html_dir(profile) / "index.html").write_text("<html>")
        records.write(records.HTML, profile, records.needs(records.HTML), 1.0)
        records.forget(profile)
    for command in ("figures", f"runs train tiny/v/0 --profile {PROFILE}", "pair", "stale"):
        assert tried(command.split())[0] == 0, command
    # the record is an input of the pages that compare with it
    records.write(records.HTML, "standard", records.needs(records.HTML), 1.0)


def stand_in() -> None:
    """Leave out Snakemake and the kernel: what is malformed is met before or after them."""
    book._snakemake = lambda *_, **__: None  # type: ignore[assignment]
    execute._run = lambda name, notebook, *_, **__: notebook  # type: ignore[assignment]


def cases(draw: random.Random, n: int) -> Iterator[Case]:
    """Damage the checkout and say which command is to meet it, ``n`` times."""
    makers = [_arguments, _header, _manifest, _record, _run, _published]
    for k in range(n):
        yield makers[k % len(makers)](draw)


def _arguments(draw: random.Random) -> Case:
    words = grammar.arguments(draw)
    return Case("command line", "", words)


def _header(draw: random.Random) -> Case:
    path = draw.choice(sorted((ROOT / "notebooks").glob("*.py")))
    how = grammar.damage(draw, path, grammar.source_bytes)
    command = draw.choice(
        ["pair", "stale", "list", "verify", f"notebook 01 --profile {PROFILE}", "book"]
    )
    return Case("notebook", how, command.split())


def _manifest(draw: random.Random) -> Case:
    profile = draw.choice([PROFILE, "standard"])
    path = draw.choice([paths.RECORD, *sorted(paths.figures_dir(profile).glob("*.json"))])
    how = grammar.damage(draw, path, grammar.json_bytes)
    command = draw.choice([f"stale --profile {profile}", "figures", f"book --profile {profile}"])
    return Case("manifest", how, command.split())


def _record(draw: random.Random) -> Case:
    profile = draw.choice([PROFILE, "standard"])
    folder = paths.build_dir(profile)
    path = draw.choice(sorted([*folder.glob("records/*.json"), *folder.glob("*.json")]))
    how = grammar.damage(draw, path, grammar.json_bytes)
    command = draw.choice([f"stale --profile {profile}", "figures", f"book --profile {profile}"])
    return Case("record", how, command.split())


def _run(draw: random.Random) -> Case:
    (folder,) = [path for path in paths.runs_dir().iterdir() if path.name != ".locks"]
    command = draw.choice(["runs", "runs train tiny/v/0", "runs train tiny", "runs prune"])
    words = [*command.split(), *([] if "prune" in command else ["--profile", PROFILE])]
    if draw.random() < 0.2:
        grammar.remove(folder)
        grammar.no_file(draw)(folder)
        return Case("run", f"no folder {folder.name}", words)
    path = draw.choice(sorted(folder.iterdir()))
    if draw.random() < 0.3 and path.name != paths.FINISHED:  # an unfinished run
        (folder / paths.FINISHED).unlink()
        path = path.rename(folder / "checkpoint.safetensors")
    mutate = grammar.json_bytes if path.suffix == ".json" else grammar.any_bytes
    return Case("run", grammar.damage(draw, path, mutate), words)


def _published(draw: random.Random) -> Case:
    name = draw.choice(sorted(study.SCHEMAS))
    path = ROOT / "companion" / "study" / "data" / f"{name}.csv"
    before = path.read_bytes().splitlines()
    how = grammar.damage(draw, path, grammar.csv_bytes)
    same = path.is_file() and path.read_bytes().splitlines() == before
    return Case("published table", how, [name], must_fail=not same)


def tried(arguments: list[str]) -> tuple[int, str]:
    """Run a command line here; return its exit status and what it said on stderr."""
    return _captured(lambda: cli.main(arguments))


def read(name: str) -> tuple[int, str]:
    """Read a published table here, as notebooks do; say a mistake as the command line does."""

    def reading() -> int:
        try:
            tables.table(name)
        except UserError as error:
            sys.stderr.write(f"error: {error}\n")
            return 2
        return 0

    return _captured(reading)


def _captured(command: Callable[[], int]) -> tuple[int, str]:
    graph.forget()
    notebooks._saved_by.cache_clear()
    notebooks._read_by.cache_clear()
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace") for _ in range(2))
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                status = command()
            except BaseException:
                err.write(traceback.format_exc())
                status = -1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    err.flush()
    return status, err.buffer.getvalue().decode()  # type: ignore[attr-defined]


def in_its_own(arguments: list[str]) -> tuple[int, str]:
    """Run a command line in a process of its own; return its exit status and what it said on stderr."""
    command = [sys.executable, "-m", "companion", *arguments]
    done = subprocess.run(command, capture_output=True, timeout=300, check=False)
    return done.returncode, done.stderr.decode("utf-8", "backslashreplace")


def wrong(case: Case, status: int, said: str) -> str:
    """What is wrong with how a case was told; empty if nothing is."""
    if status not in (0, 1, 2):
        return f"exit status {status}"
    if status == 0:
        return "taken for good" if case.must_fail else ""
    lines = [line.rpartition("\r")[2] for line in said.split("\n")[:-1]]  # a bar is drawn over
    whole = len(lines) == 1 and lines[0].startswith("error: ") and said.endswith("\n")
    return "" if whole else "not one line"


def content() -> dict[str, str]:
    """Every file of the checkout that no build makes, by its hash, and what is none."""
    found = {}
    for path in sorted(ROOT.rglob("*")):
        name = path.relative_to(ROOT).as_posix()
        if "__pycache__" in name or name.startswith(("_build", "runs")):
            continue
        kind = path.lstat().st_mode
        found[name] = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else str(kind)
    return found


def main(n: int, seed: int) -> int:
    """Try ``n`` cases; print the counts and whatever is wrong; return how many are."""

    def late(*_: object) -> None:
        raise TimeoutError(f"nothing said in {SECONDS} s")

    signal.signal(signal.SIGALRM, late)
    stand_in()
    build()
    whole = Path(shutil.copytree(ROOT, ROOT.with_name("whole")))
    STATE.append("companion/study/data")
    counts: Counter[str] = Counter()
    faults = 0
    for k, case in enumerate(cases(random.Random(seed), n)):
        before = content()
        own = k % IN_ITS_OWN == 0
        if case.kind == "published table":
            status, said = read(*case.arguments)
        elif own and not {"book", "notebook", "render", "verify"} & set(case.arguments):
            status, said = in_its_own(case.arguments)
        else:
            status, said = tried(case.arguments)
        after = content()
        ours = CHANGES.get((case.arguments or [""])[0], "\0")
        changed = {name for name in before | after if before.get(name) != after.get(name)}
        changed = {name for name in changed if status or not f"{name}/".startswith(ours)}
        fault = wrong(case, status, said) or ("changed " + ", ".join(changed) if changed else "")
        counts[f"{case.kind}: " + ("told in one line" if status else "fine")] += 1
        if fault:
            faults += 1
            sys.stdout.write(f"FAULT {k}: {fault}: {case}\n  {status} {said[-2000:]}\n")
            sys.stdout.flush()
        for part in STATE:
            grammar.remove(ROOT / part)
            shutil.copytree(whole / part, ROOT / part)
    for kind, count in sorted(counts.items()):
        sys.stdout.write(f"{count:5d} {kind}\n")
    sys.stdout.write(f"{n} malformed inputs, seed {seed}: {faults} faults\n")
    return faults


if __name__ == "__main__":
    raise SystemExit(min(main(int(sys.argv[1]), int(sys.argv[2])), 1))
